"""A cascade from its first step to its last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.arrays import Floats
from looprisk.cascade.begin import begin
from looprisk.cascade.compiling import plan_of
from looprisk.cascade.network import Network, network_of
from looprisk.cascade.paths import Drawn, path_prices
from looprisk.cascade.plan import Plan
from looprisk.cascade.record import Record, first_record
from looprisk.cascade.sales import pools_at
from looprisk.cascade.step import advance
from looprisk.model.scenario import Scenario
from looprisk.model.system import System


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A cascade that has run: what stood on record, and what happened."""

    plan: Plan
    network: Network
    start: Record
    """The system as loaded, before the first step."""
    records: tuple[Record, ...]
    """After every step, ``k = 0..K``."""

    @property
    def end(self) -> Record:
        """The last record."""
        return self.records[-1]

    def series(self, what: Callable[[Record], Floats]) -> Floats:
        """Return a number of every record, [path, k, ...]."""
        return np.stack([what(r) for r in self.records], axis=1)


def run(
    system: System,
    scenario: Scenario,
    *,
    drawn: Drawn | None = None,
    paths: int = 1,
    watch: Callable[[int, int], None] | None = None,
) -> Run:
    """Return a scenario with ``time``, step by step.

    ``drawn`` are prices that stand for the scenario's paths, which else come from its points, its
    generator or its table; ``paths`` is how many to run of a scenario without
    any. ``watch`` is told (step, of how many) as it goes. Raises
    NoSolutionError where money appears or is lost, NotCarriedError for what time does not carry.
    """
    plan = plan_of(system, scenario)
    network = network_of(plan)
    given = drawn if drawn is not None else _drawn(plan)
    state = begin(plan, network, len(given.values) if given is not None else paths)
    plan = replace(plan, liquid=pools_at(plan, state))
    first = first_record(plan, network, state)
    records: list[Record] = []
    last = first
    for k in range(plan.steps.count + 1):
        last = advance(plan, network, last, k, given)
        records.append(last)
        if watch is not None:
            watch(k, plan.steps.count)
    return Run(plan=plan, network=network, start=first, records=tuple(records))


def _drawn(plan: Plan) -> Drawn | None:
    """Return the prices that the scenario's own paths give."""
    paths = plan.scenario.paths
    if paths is None:
        return None
    start = {name: float(level) for name, level in plan.start.prices.items()}
    return path_prices(paths, times=plan.steps.times, start=start)
