"""How far a stage, or the paths of prices, must go before something happens: many sizes at once.

Every share of the shock is a path of one batch, so that a whole row of sizes is one run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from looprisk.cascade.arrays import Bools
from looprisk.cascade.claims import claims_of, lost
from looprisk.cascade.compiling import plan_of
from looprisk.cascade.levels import Level
from looprisk.cascade.paths import Drawn
from looprisk.cascade.run import Run, drawn_of, run
from looprisk.model.scenario import Scenario
from looprisk.model.system import System

PATHS = -1
"""In place of a stage: what is scaled is how far prices go from where their paths begin."""
FIRST, AT_ONCE = 33, 64
"""Shares in the first row, and at most in each of the rows that narrow the borders down."""
NARROW = 1e-9
"""Two shares of a shock this near are one border."""
LARGE = 200
"""The accounts of a market that has more are not watched one by one."""
UNWATCHED = frozenset({"stage", "not_paid", "dry", "black_hole"})

Key = tuple[str, str]
"""(of, event)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What happens at some shares of a shock."""

    happens: dict[Key, dict[float, bool]] = field(default_factory=dict)
    """Of each thing that happens anywhere: share, whether it happens in any path."""
    because: dict[Key, str] = field(default_factory=dict)
    losses: dict[float, Mapping[str, float]] = field(default_factory=dict)
    """Share: what each claim loses, mean over the paths, USD."""
    gaps: dict[float, float] = field(default_factory=dict)
    """Share: the largest miss of the identity, relative."""
    fallen: dict[float, float] = field(default_factory=dict)
    """Share: the fall of what comes from outside, USD."""

    @property
    def shares(self) -> list[float]:
        """All shares that were run."""
        return sorted(self.losses)

    def stretches(self, key: Key) -> list[tuple[float, float, float]]:
        """Return (last share without, first with, last with) of every stretch in which it happens.

        Without is below 0 where it happens from nothing on.
        """
        found: list[tuple[float, float, float]] = []
        before, within = -1.0, False
        for share in self.shares:
            if not self.happens[key].get(share, False):
                before, within = share, False
            elif within:
                found[-1] = (*found[-1][:2], share)
            else:
                found.append((before, share, share))
                within = True
        return found


def found_ahead(
    system: System,
    scenario: Scenario,
    stage: int,
    watch: Callable[[int, int], None] | None = None,
    levels: Collection[Level] = (),
) -> tuple[Found, Run]:
    """Return what happens along a shock, every border narrowed down, and the run at its full size.

    ``stage`` is the place of the stage that is scaled, or ``PATHS``. An event happens at a share if
    it does in any path of the scenario. A fall below one of ``levels`` is an event of its own.
    """
    plan = plan_of(system, scenario)
    given = drawn_of(plan)
    count = len(given.values) if given is not None else 1
    at_once = max(4, AT_ONCE // count)
    found = Found()
    row = [0.0, *np.linspace(0, 1, min(FIRST, at_once + 1))[1:].tolist()]
    done = None
    rounds = 0
    while row:
        last = _run(system, scenario, stage, row, given, count, levels)
        done = last if done is None else done
        _read(found, last, row, count)
        row = _borders(found, at_once)
        rounds += 1
        if watch is not None:
            watch(rounds, rounds + bool(row))
    assert done is not None  # noqa: S101  (the first row is never empty)
    return found, done


def _run(
    system: System,
    scenario: Scenario,
    stage: int,
    shares: list[float],
    given: Drawn | None,
    count: int,
    levels: Collection[Level],
) -> Run:
    """Run every path at every share: share by share."""
    each = np.repeat(np.array(shares), count)
    if given is not None:
        values = np.tile(given.values, (len(shares), 1, 1))
        if stage == PATHS:
            first = values[:, :1]
            values = first + each[:, None, None] * (values - first)
            # at its full size a path is as written, to the last bit
            values[each == 1] = given.values
        given = replace(given, values=values)
    scaled = None if stage == PATHS else (stage, each)
    return run(system, scenario, drawn=given, keep=(), scaled=scaled, levels=levels)


def _read(found: Found, done: Run, shares: list[float], count: int) -> None:
    """Enter what happened at the shares of one run."""
    size = np.abs(done.start.outside) + np.abs(done.end.state.gains)
    gaps = (done.miss / np.where(size > 0, size, 1.0)).reshape(len(shares), count).max(axis=1)
    lines = {
        claim.id: lost(done, claim, done.end).reshape(len(shares), count).mean(axis=1)
        for claim in claims_of(done)
    }
    left = done.end.state.leaks.get("written_off", np.zeros(len(shares) * count))
    fallen = (left - done.end.state.gains).reshape(len(shares), count).mean(axis=1)
    for at, share in enumerate(shares):
        found.losses[share] = {claim: float(line[at]) for claim, line in lines.items()}
        found.gaps[share], found.fallen[share] = float(gaps[at]), float(fallen[at])
    for key, (where, because) in _happened(done).items():
        there = np.atleast_1d(where.reshape(len(shares), count).any(axis=1))
        found.because.setdefault(key, because)
        found.happens.setdefault(key, {}).update(
            {share: bool(there[at]) for at, share in enumerate(shares)}
        )


def _happened(done: Run) -> dict[Key, tuple[Bools, str]]:
    """Return the paths in which each event happens to each thing, and to what that is part of."""
    large = {book.name for book in done.plan.books if len(book.accounts) > LARGE}
    found: dict[Key, tuple[Bools, str]] = {}
    for _, several in done.log:
        for one in several:
            if one.event in UNWATCHED:
                continue
            for place, name in one.names.items():
                hit = one.path[one.place == place]
                names = done.plan.names_of(name)
                for of in dict.fromkeys(names[1:] if large & set(names) else names):
                    where, _ = found.setdefault(
                        (of, one.event), (np.zeros(done.paths, dtype=np.bool_), one.because)
                    )
                    where[hit] = True
    for level, under in done.under.items():
        told = f"its price is below {under.level:,.6g} dollars"
        found[level.of, level.word] = (np.isfinite(under.first), told)
    return found


def _borders(found: Found, at_once: int) -> list[float]:
    """Return the shares to look at next: between neighbours that differ, while far apart."""
    shares = found.shares
    open_: set[tuple[float, float]] = set()
    for known in found.happens.values():
        for low, high in pairwise(shares):
            if known.get(low, False) != known.get(high, False) and high - low > NARROW:
                open_.add((low, high))
    if not open_:
        return []
    parts = max(2, at_once // len(open_) + 1)
    return sorted({point for low, high in open_ for point in _between(low, high, parts)})


def _between(low: float, high: float, parts: int) -> Iterable[float]:
    return (low + (high - low) * i / parts for i in range(1, parts))
