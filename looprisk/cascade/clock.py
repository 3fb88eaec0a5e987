"""The steps of a cascade: ``t_k = k step`` for ``k = 0..K`` (DYNAMICS 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Floats
from looprisk.model.scenario import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """When things are looked at, in seconds from the start."""

    step: float
    count: int
    """K: the last step; there are K + 1 records."""
    start: float | None = None
    """Seconds since 1970, None where no date is given."""

    @property
    def times(self) -> Floats:
        """The time of every record, in seconds."""
        return np.arange(self.count + 1, dtype=np.float64) * self.step

    def dt(self, k: int) -> float:
        """Return what has passed since the record before, nothing at the start."""
        return self.step if k else 0.0


def steps_of(clock: Clock) -> Steps:
    """Return the steps of a scenario's ``time``.

    >>> steps_of(Clock(step="1m", horizon="24h")).count
    1440
    """
    step, horizon = clock.step.number, clock.horizon.number
    start = clock.start
    return Steps(
        step=float(step),
        count=int(horizon / step),
        start=float(start.number) if start is not None else None,
    )
