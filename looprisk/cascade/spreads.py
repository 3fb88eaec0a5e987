"""What lies beyond the mean of the paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Bools, Floats, Ints
from looprisk.cascade.claims import Claim, claims_of, lost
from looprisk.cascade.run import Run
from looprisk.cascade.summary import beyond_rounding

SHARES = (0.5, 0.95, 0.99)
"""Of the paths: those whose loss is stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How the loss of one claim is spread over the paths, USD."""

    claim: Claim
    mean: float
    quantiles: tuple[float, ...]
    """For each of ``SHARES``: the loss of an actual path that so many do not exceed."""
    worst: float
    path: int
    """The first path in which it is the worst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """In which part of the paths something happens to a thing, and when."""

    of: str
    event: str
    share: float
    median: float
    """Of the paths in which it happens: the median of its first time, seconds from the start."""


def spreads(done: Run) -> Iterator[Spread]:
    """Yield how the loss of every claim is spread over the paths; nothing for a single path."""
    if done.paths < 2:
        return
    for claim in claims_of(done):
        loss = beyond_rounding(lost(done, claim, done.end), claim.of(done.start))
        found = np.quantile(loss, SHARES, method="inverted_cdf").tolist()
        yield Spread(
            claim=claim,
            mean=float(loss.mean()),
            quantiles=tuple(found),
            worst=float(loss.max()),
            path=int(loss.argmax()),
        )


def frequencies(done: Run) -> list[Frequency]:
    """Return how often each event happens to each thing over the paths, most often first."""
    if done.paths < 2:
        return []
    first: dict[tuple[str, str], Floats] = {}
    for k, several in done.log:
        for one in several:
            for place, name in one.names.items():
                steps = first.setdefault((name, one.event), np.full(done.paths, np.inf))
                hit: Ints = one.path[one.place == place]
                steps[hit] = np.minimum(steps[hit], k)
    step, found = done.plan.steps.step, []
    for (name, event), steps in first.items():
        there: Bools = np.isfinite(steps)
        median = float(np.quantile(steps[there], 0.5, method="inverted_cdf")) * step
        found.append(Frequency(of=name, event=event, share=float(there.mean()), median=median))
    return sorted(found, key=lambda row: (-row.share, row.median, row.of, row.event))
