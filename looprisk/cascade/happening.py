"""When an event happens in a cascade, path by path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Floats
from looprisk.cascade.levels import Level
from looprisk.cascade.run import Run


@dataclass(frozen=True, kw_only=True)
class Happening:
    """When an event of one thing happens."""

    steps: Floats
    """[path]: the step of its first time, infinite for never."""
    last: Floats
    """[path]: the step of its last time, -inf for never."""
    step_s: float

    @property
    def first(self) -> float | None:
        """The time of its first time in any path, s; None for never."""
        least = float(self.steps.min())
        return None if np.isinf(least) else least * self.step_s

    def share(self, since: int) -> float:
        """Return the share of the paths in which it happens at a step or after it."""
        return float((self.last >= since).mean())


def fallen_below(done: Run, level: Level) -> Happening:
    """Return when a price fell below a level that was watched; nowhere where it began there."""
    under = done.under[level]
    return Happening(
        steps=np.where(under.at_start, np.inf, under.first),
        last=np.where(under.at_start, -np.inf, under.last),
        step_s=done.plan.steps.step,
    )


def happening(done: Run, of: str, event: str) -> Happening:
    """Return when an event happens to a thing."""
    first = np.full(done.paths, np.inf)
    last = np.full(done.paths, -np.inf)
    names = _meant(done, of, event)
    for k, several in done.log:
        for one in several:
            if one.event != event:
                continue
            mine = [i for i, name in one.names.items() if names & set(done.plan.names_of(name))]
            where = np.zeros(done.paths, dtype=np.bool_)
            where[one.among(mine).path] = True
            first = np.where(where & np.isinf(first), k, first)
            last = np.where(where, k, last)
    return Happening(steps=first, last=last, step_s=done.plan.steps.step)


def _meant(done: Run, of: str, event: str) -> set[str]:
    """Return the things whose event is meant: an issuer's impairment is that of its claims."""
    names = {of}
    firm = done.plan.firm_at.get(of)
    if event in {"impaired", "recognised"} and firm is not None:
        names |= {owed.id for owed in done.plan.firms[firm].owed}
        names |= {done.plan.goods[good] for good in done.plan.goods_of[firm]}
    if event == "insolvent" and of in done.plan.catalogue.issuer_of:
        names.add(done.plan.catalogue.issuer_of[of])
    return names
