"""A cascade from its first step to its last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.arrays import Bools, Floats
from looprisk.cascade.begin import begin
from looprisk.cascade.compiling import plan_of
from looprisk.cascade.levels import Level, Watched, stepped, watched_from
from looprisk.cascade.logs import Noted, noted
from looprisk.cascade.network import Network, network_of
from looprisk.cascade.paths import Drawn, path_prices
from looprisk.cascade.plan import Plan
from looprisk.cascade.reach import gains_of
from looprisk.cascade.record import Record, first_record
from looprisk.cascade.sales import pools_at
from looprisk.cascade.shelves import SHELVED
from looprisk.cascade.state import Happened
from looprisk.cascade.step import advance
from looprisk.model.scenario import Scenario
from looprisk.model.system import System

ROOM = 2**24
"""Numbers that the timelines of a run may hold; beyond it, those of the first paths alone."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A cascade that has run: what stood on record, and what happened."""

    plan: Plan
    network: Network
    start: Record
    """The system as loaded, before the first step."""
    end: Record
    """The last record."""
    kept: Mapping[int, Record]
    """The records by step: all of them, or those that were asked for and those of stages."""
    log: tuple[tuple[int, tuple[Noted, ...]], ...]
    """What happened, by step."""
    book: Floats
    """[path, k, good]: USD a unit; of all paths where there is room, else of the first."""
    economic: Floats
    """[path, k, good]."""
    market: Floats
    """[path, k, good]."""
    gain: Floats
    """[path, k, pool]: g, how much of a fall the sales it releases add to it."""
    gap: Floats
    """[path]: the largest move of a price that debts in its unit did not follow, USD."""
    miss: Floats
    """[path]: the largest miss of the identity, USD."""
    under: Watched
    """When prices were below the levels that were watched."""

    @property
    def records(self) -> tuple[Record, ...]:
        """All records, ``k = 0..K``; only where all were kept."""
        return tuple(self.kept[k] for k in range(self.plan.steps.count + 1))

    @property
    def paths(self) -> int:
        """How many paths ran."""
        return self.end.state.paths


def run(
    system: System,
    scenario: Scenario,
    *,
    drawn: Drawn | None = None,
    paths: int = 1,
    keep: Collection[int] | None = None,
    watch: Callable[[int, int], None] | None = None,
    leaving: bool = True,
    shelve_from: int = SHELVED,
    scaled: tuple[int, Floats] | None = None,
    levels: Collection[Level] = (),
) -> Run:
    """Return a scenario with ``time``, step by step.

    ``drawn`` are prices that stand for the scenario's paths, which else come from its points, its
    generator or its table; ``paths`` is how many to run of a scenario without any. ``keep`` are
    the steps whose records are wanted, None for all. ``watch`` is told (step, of how many) as it
    goes. Where nobody is ``leaving``, stages strike without the runs they would start. Markets with
    fewer accounts than ``shelve_from`` are looked at whole in every step, which changes no number.
    ``scaled`` is a stage and the share of its sizes at which it strikes in each path; it sets how
    many paths there are where nothing else does. ``levels`` are watched.

    Raises NoSolutionError where money appears or is lost, NotCarriedError for what time does not
    carry.
    """
    plan = plan_of(system, scenario, shelve_from=shelve_from)
    plan = replace(plan, runs=plan.runs if leaving else (), scaled=scaled)
    network = network_of(plan)
    given = drawn if drawn is not None else drawn_of(plan)
    state = begin(plan, network, _count(given, scaled, paths))
    plan = replace(plan, liquid=pools_at(plan, state))
    last = first = first_record(plan, network, state)
    under = watched_from(plan, state, levels)
    steps = plan.steps.count
    room = max(1, ROOM // ((steps + 1) * max(1, len(plan.goods))))
    shown = slice(0, min(state.paths, room))
    kept: dict[int, Record] = {}
    log: list[tuple[int, tuple[Noted, ...]]] = []
    book, economic, market, gain = [], [], [], []
    hole = np.zeros((state.paths, len(plan.pools)), dtype=np.bool_)
    gap = miss = np.zeros(state.paths)
    for k in range(steps + 1):
        last = advance(plan, network, last, k, given)
        book.append(last.state.book[shown])
        economic.append(last.values.price[shown])
        market.append(last.state.price[shown])
        g, now = gains_of(plan, last.state)
        gain.append(g[shown])
        last = _with_holes(plan, last, now & ~hole)
        hole = now
        under = stepped(under, last.state)
        gap, miss = np.maximum(gap, last.gap), np.maximum(miss, np.abs(last.miss))
        if last.happened:
            log.append((k, noted(last.happened)))
        struck = any(h.event == "stage" for h in last.happened)
        if keep is None or struck or k in keep or k == steps:
            kept[k] = last
        if watch is not None:
            watch(k, steps)
    return Run(
        plan=plan,
        network=network,
        start=first,
        end=last,
        kept=kept,
        log=tuple(log),
        book=np.stack(book, axis=1),
        economic=np.stack(economic, axis=1),
        market=np.stack(market, axis=1),
        gain=np.stack(gain, axis=1),
        gap=gap,
        miss=miss,
        under=under,
    )


def _count(given: Drawn | None, scaled: tuple[int, Floats] | None, paths: int) -> int:
    if given is not None:
        return len(given.values)
    return paths if scaled is None else len(scaled[1])


def _with_holes(plan: Plan, record: Record, new: Bools) -> Record:
    """Return a record that names the pools whose next falls feed themselves."""
    if not new.any():
        return record
    event = Happened(
        phase="record",
        event="black_hole",
        of=tuple(pooled.name for pooled in plan.pools),
        where=new,
        amount=np.zeros(new.shape),
        because="the next falls of 1 % release sales that bring falls as large",
    )
    return replace(record, happened=(*record.happened, event))


def drawn_of(plan: Plan) -> Drawn | None:
    """Return the prices that the scenario's own paths give."""
    paths = plan.scenario.paths
    if paths is None:
        return None
    start = {name: float(level) for name, level in plan.start.prices.items()}
    drawn = path_prices(paths, times=plan.steps.times, start=start)
    if paths.generate is None:
        return drawn
    # what is generated begins at the start price, in the unit that has
    units = tuple(plan.system.assets[name].price.of for name in drawn.ids)
    return replace(drawn, written_in=units)
