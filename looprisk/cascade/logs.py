"""The log of a cascade: what happened, without what did not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Floats, Ints
from looprisk.cascade.state import Happened


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Noted:
    """One kind of event of one step: the paths and things in which it happened."""

    phase: str
    event: str
    of: tuple[str, ...]
    """What it can happen to."""
    because: str
    path: Ints
    """[n], in rising order."""
    place: Ints
    """[n]: places in ``of``."""
    amount: Floats
    """[n]: USD, or nothing."""

    @property
    def names(self) -> dict[int, str]:
        """The things in which it happened, by their place."""
        return {place: self.of[place] for place in np.unique(self.place).tolist()}

    def among(self, places: list[int]) -> Noted:
        """Return what happened to some of the things."""
        mine = np.isin(self.place, places)
        return Noted(
            phase=self.phase,
            event=self.event,
            of=self.of,
            because=self.because,
            path=self.path[mine],
            place=self.place[mine],
            amount=self.amount[mine],
        )


def noted(happened: tuple[Happened, ...]) -> tuple[Noted, ...]:
    """Return events of a step without the paths and things in which they did not happen."""
    found = []
    for one in happened:
        path, place = np.nonzero(one.where)
        found.append(
            Noted(
                phase=one.phase,
                event=one.event,
                of=one.of,
                because=one.because,
                path=path,
                place=place,
                amount=one.amount[path, place],
            )
        )
    return tuple(found)
