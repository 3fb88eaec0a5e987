"""Maps that nobody writes into: what a system holds stays as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NoReturn, TypeVar

from pydantic import AfterValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

K = TypeVar("K")
V = TypeVar("V")


class FrozenMap(dict[K, V]):
    """A dictionary that cannot be changed; it can be copied, compared and pickled."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("the maps of a system are frozen; `system.set` returns a new one")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse

    @classmethod
    def __get_pydantic_core_schema__(cls, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        """Let a schema show an empty one as the default of a field."""
        return core_schema.dict_schema()

    def __deepcopy__(self, _: object) -> FrozenMap[K, V]:
        """Return itself: what it holds is frozen too, and fields start from one empty map."""
        return self

    def __reduce__(self) -> tuple[type[FrozenMap[K, V]], tuple[dict[K, V]]]:
        """Rebuild from a plain copy: the default way writes entry by entry."""
        return type(self), (dict(self),)


def _frozen(entries: Mapping[str, V]) -> Mapping[str, V]:
    return FrozenMap(entries)


Map = Annotated[Mapping[str, V], AfterValidator(_frozen)]
EMPTY: FrozenMap[str, NoReturn] = FrozenMap()
