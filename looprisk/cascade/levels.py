"""Levels that a price may fall below, watched step by step in every path."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.arrays import Bools, Floats
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import State


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the market price of an asset, a token or a supply.

    ``unit`` is what the number counts, at start prices; None for USD.
    """

    of: str
    number: float
    unit: str | None = None

    @property
    def word(self) -> str:
        """What falling below it is called among events."""
        return f"depegged below {self.number!r} {self.unit or 'USD'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Under:
    """When a price is below a level."""

    good: int
    level: float
    """USD."""
    at_start: Bools
    """[path]: whether it was before the first step."""
    first: Floats
    """[path]: the first step below, infinite for never."""
    last: Floats
    """[path]: the last step below, -inf for never."""


Watched = Mapping[Level, Under]


def watched_from(plan: Plan, start: State, levels: Collection[Level]) -> Watched:
    """Return levels before the first step; those of what has no price are left out."""
    found: dict[Level, Under] = {}
    for level in levels:
        claim = claim_named(plan, level.of)
        if claim not in plan.place:
            continue
        good = plan.place[claim]
        unit = float(start.price[0, plan.good(level.unit)]) if level.unit is not None else 1.0
        found[level] = Under(
            good=good,
            level=level.number * unit,
            at_start=start.price[:, good] < level.number * unit,
            first=np.full(start.paths, np.inf),
            last=np.full(start.paths, -np.inf),
        )
    return found


def stepped(watched: Watched, state: State) -> Watched:
    """Return levels after one more step."""
    return {level: _stepped(under, state) for level, under in watched.items()}


def _stepped(under: Under, state: State) -> Under:
    below = state.price[:, under.good] < under.level
    if not below.any():
        return under
    return replace(
        under,
        first=np.where(below & np.isinf(under.first), state.k, under.first),
        last=np.where(below, state.k, under.last),
    )


def claim_named(plan: Plan, of: str) -> str:
    """Return the id of a claim written as a path: ``market/token``, ``issuer/issues/token``."""
    claim = plan.catalogue.supply_ids.get(of, of)
    head, _, token = claim.partition("/issues/")
    return token if head in plan.system.issuers and token else claim
