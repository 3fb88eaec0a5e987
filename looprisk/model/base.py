"""What all parts have in common: frozen, strict, and the same words in Python as in a file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from looprisk.errors import ModelError
from looprisk.model.fields import Ref, Refs, Text
from looprisk.model.frozen import EMPTY, Map
from looprisk.model.problems import problems_of


class Model(BaseModel):
    """A map of the language. ``source`` covers every value below it that names no other."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    source: Ref | None = None

    def __init__(self, **fields: object) -> None:
        """Read the fields; raise :class:`ModelError` with everything that is wrong."""
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise ModelError(problems_of(error, fields, type(self))) from None


class Part(Model):
    """A named part of a system."""

    label: Text | None = None
    note: Text | None = None
    tags: Refs = ()
    address: Ref | None = None
    depends_on: Map[Ref] = EMPTY
