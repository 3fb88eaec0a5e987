"""A cascade in plain numbers: means over the paths, the log and the timelines of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Floats, ratio
from looprisk.cascade.claims import Claim, hidden, lost, reported, share_lost
from looprisk.cascade.run import Run

HIDDEN = 1e-9
"""The share of a book value above which more is shown than there is."""
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one claim, in the mean of the paths, USD."""

    start: float
    book: float
    economic: float
    market: float | None
    loss: float
    reported: float
    hidden: float
    share: float | None
    worst: float | None
    """The largest share lost in any of several paths."""
    prices: tuple[float, float, float | None]
    """Book, economic, market, USD a unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One event of one path."""

    step: int
    time: float
    phase: str
    of: str
    event: str
    amount: float | None
    because: str


def mean(values: Floats) -> float:
    """Return the mean over the paths."""
    return float(np.mean(values))


def beyond_rounding(change: Floats, whole: Floats) -> Floats:
    """Return a change of a value without what is no more than its rounding."""
    return np.where(np.abs(change) <= ROUNDING * np.abs(whole), 0.0, change)


def outcome(done: Run, claim: Claim) -> Outcome:
    """Return what became of a claim."""
    end, start = done.end, claim.of(done.start)
    loss = beyond_rounding(lost(done, claim, end), start)
    share = beyond_rounding(share_lost(done, claim, end), np.ones(1))
    units = claim.units(end) if claim.units is not None else np.ones(done.paths)
    market = claim.market(end) if claim.market is not None else None
    there = bool(start.any())
    return Outcome(
        start=mean(start),
        book=mean(claim.book(end) * units),
        economic=mean(claim.of(end)),
        market=mean(market * units) if market is not None else None,
        loss=mean(loss),
        reported=mean(beyond_rounding(reported(done, claim, end), start)),
        hidden=mean(beyond_rounding(hidden(claim, end), start)),
        share=mean(share) if there else None,
        worst=float(share.max()) if there and done.paths > 1 else None,
        prices=(
            mean(claim.book(end)),
            mean(claim.unit(end)),
            mean(market) if market is not None else None,
        ),
    )


def borne(done: Run) -> Iterator[tuple[str, float, float | None]]:
    """Yield (claim, loss in USD, share of it) of all that is held outside, means over paths."""
    start, end = done.start.values.parts, done.end.values.parts
    nothing = np.zeros(done.paths)
    for name in dict.fromkeys((*start, *end)):
        before, after = start.get(name, nothing), end.get(name, nothing)
        if before.any() or after.any():
            fall = beyond_rounding(before - after, before)
            yield name, mean(fall), mean(ratio(fall, before)) if before.any() else None


def left(done: Run) -> Iterator[tuple[str, float]]:
    """Yield (name, USD) of what left the system, means over paths; losses are not among it."""
    for name, amount in sorted(done.end.state.leaks.items()):
        if name != "written_off" and amount.any():
            yield name, mean(amount)
    if done.end.values.withheld.any():
        yield "withheld", mean(done.end.values.withheld)


def log(done: Run, path: int = 0) -> tuple[Logged, ...]:
    """Return what happened in one path, in order."""
    rows = []
    for k, several in done.log:
        now = float(done.plan.steps.times[k])
        for one in several:
            mine = one.path == path
            for i, usd in zip(one.place[mine].tolist(), one.amount[mine].tolist(), strict=True):
                rows.append(
                    Logged(
                        step=k,
                        time=now,
                        phase=one.phase,
                        of=one.of[i],
                        event=one.event,
                        amount=usd or None,
                        because=one.because,
                    )
                )
    return tuple(rows)


def timelines(done: Run) -> Iterator[tuple[int, float, str, float, float, float]]:
    """Yield (step, time, good, book, economic, market) of path 0, USD a unit."""
    book, economic, market = (a[0].tolist() for a in (done.book, done.economic, done.market))
    for k, now in enumerate(done.plan.steps.times.tolist()):
        for good, name in enumerate(done.plan.goods):
            yield k, now, name, book[k][good], economic[k][good], market[k][good]


def out_of_book(done: Run) -> Iterator[tuple[str, float, float | None, float]]:
    """Yield (good, lost at, shown at, most in USD) of what books of path 0 did not show."""
    plan, times = done.plan, done.plan.steps.times
    for good in range(plan.assets, len(plan.goods)):
        more, where = hidden_steps(done, good)
        if where.size:
            last = int(where[-1])
            shown = float(times[last + 1]) if last < plan.steps.count else None
            most = float(more.max()) * float(done.start.state.units[0, good])
            yield plan.goods[good], float(times[int(where[0])]), shown, most


def hidden_steps(done: Run, good: int) -> tuple[Floats, np.ndarray]:
    """Return book less economic price of a good in path 0, and the steps where it hides a loss."""
    book = done.book[0, :, good]
    more = book - done.economic[0, :, good]
    return more, np.flatnonzero(more > HIDDEN * book)


def pools(done: Run) -> Iterator[tuple[str, float, float, float | None]]:
    """Yield (pool, largest g, when, first black hole) of path 0, times in seconds."""
    times = done.plan.steps.times
    holes = {row.of: row.time for row in reversed(log(done)) if row.event == "black_hole"}
    for at, pooled in enumerate(done.plan.pools):
        line = done.gain[0, :, at]
        most = int(line.argmax())
        yield pooled.name, float(line[most]), float(times[most]), holes.get(pooled.name)


def runs(done: Run) -> Iterator[tuple[str, str, float, float, float]]:
    """Yield (who leaves, what, paid, gain, still waiting) of every run, means over paths in USD.

    The gain is what they were paid above what their units were worth just before: what those who
    stay lose by it.
    """
    state = done.end.state
    for at, wanted in enumerate(done.plan.runs):
        waiting = state.queue.asked[:, at]
        for cohort in state.queue.waiting:
            waiting = waiting + cohort[:, at]
        worth = waiting * state.book[:, wanted.good]
        paid, gain = mean(state.queue.paid[:, at]), mean(state.queue.gain[:, at])
        yield wanted.name, done.plan.goods[wanted.good], paid, gain, mean(worth)


def stage_counts(done: Run) -> list[tuple[int, int]]:
    """Return (paths in which it struck, paths in which it moved anything) of every stage."""
    state = done.end.state
    return [
        (int(state.fired[:, at].sum()), int(state.moved[:, at].sum()))
        for at in range(len(done.plan.scenario.stages))
    ]


def by_path(done: Run, claim: Claim) -> list[tuple[float, float, float | None]]:
    """Return (value at the end, loss, share lost) of a claim in every path, USD."""
    start, end = claim.of(done.start), claim.of(done.end)
    loss = beyond_rounding(lost(done, claim, done.end), start)
    share = beyond_rounding(share_lost(done, claim, done.end), np.ones(1))
    return [
        (float(e), float(x), float(s) if b else None)
        for e, x, s, b in zip(end, loss, share, start, strict=True)
    ]


def proof(done: Run) -> tuple[float, float]:
    """Return (largest miss of the identity, relative; largest gap of a lagged price, USD)."""
    size = np.abs(done.start.outside) + np.abs(done.end.state.gains)
    return float(ratio(done.miss, size).max()), float(done.gap.max())
