"""Maps by name, so that nothing follows the order in which rows were written."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

from pydantic import BaseModel

from looprisk.model.frozen import FrozenMap

ModelT = TypeVar("ModelT", bound=BaseModel)


def ordered(part: ModelT) -> ModelT:
    """Return a part with every map in it, and in what it holds, in the order of its names.

    What is in order already is itself, not a copy. Lists keep their order: it is what they say.

    >>> from looprisk.model.system import System
    >>> list(ordered(System(assets={"ETH": {"price": 3000}, "BTC": {"price": 90000}})).assets)
    ['BTC', 'ETH']
    """
    moved = {name: new for name, value in part if (new := _in_order(value)) is not value}
    return part.model_copy(update=moved) if moved else part


def _in_order(value: object) -> object:
    if isinstance(value, BaseModel):
        return ordered(value)
    if not isinstance(value, FrozenMap):
        return value
    new = {name: _in_order(item) for name, item in value.items()}
    if any(one > other for one, other in pairwise(new)):
        return FrozenMap(sorted(new.items()))
    return value if all(new[name] is item for name, item in value.items()) else FrozenMap(new)
