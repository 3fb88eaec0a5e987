"""What stands on record after a step: values, events, and the proof that nothing was lost."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.arrays import Floats
from looprisk.cascade.events import read_off, remembered
from looprisk.cascade.network import Network
from looprisk.cascade.plan import Plan
from looprisk.cascade.prices import prices_of
from looprisk.cascade.state import Happened, State
from looprisk.cascade.valuation import Values, value
from looprisk.errors import NoSolutionError

GAP = 1e-9
"""The share of all value by which an identity may miss."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """One record."""

    state: State
    values: Values
    happened: tuple[Happened, ...]
    gap: Floats
    """[path]: how far prices of circular units are from those of the record before, USD."""
    outside: Floats
    """[path]: V_0, what all claims outside were worth at the start, USD."""
    miss: Floats
    """[path]: by how much the identity misses, USD."""


def first_record(plan: Plan, network: Network, state: State) -> Record:
    """Return the record of the system as loaded."""
    values = value(plan, network, state, state.economic)
    return Record(
        state=read_off(plan, state, values)[0],
        values=values,
        happened=(),
        gap=np.zeros(state.paths),
        outside=values.outside + values.withheld,
        miss=np.zeros(state.paths),
    )


def record(
    plan: Plan, network: Network, state: State, happened: tuple[Happened, ...], before: Record
) -> Record:
    """Return the record of a state after a step; raises NoSolutionError where value is lost."""
    values = value(plan, network, state, before.values.price)
    miss = identity(state, values, before.outside)
    state, read = read_off(plan, state, values)
    happened = (*happened, *read)
    state = remembered(plan, state, happened)
    units = list(network.circular_units)
    moved = np.abs(values.price - before.values.price)[:, units]
    state = replace(state, economic=values.price)
    # from here on an unquoted token sells at what this record says it is worth
    external, price = prices_of(plan, state)
    return Record(
        state=replace(state, external=external, price=price),
        values=values,
        happened=happened,
        gap=moved.max(axis=-1, initial=0.0),
        outside=before.outside,
        miss=miss,
    )


def identity(state: State, values: Values, start: Floats) -> Floats:
    """Return ``V + L - V_0 - G`` [path] in USD; raises NoSolutionError where it is not nothing."""
    left = values.withheld
    for name in sorted(state.leaks):
        left = left + state.leaks[name]
    miss = values.outside + left - start - state.gains
    size = np.abs(start) + np.abs(state.gains)
    # asked so that what is not a number is wrong, too
    wrong = ~(np.abs(miss) <= GAP * np.maximum(size, 1e-300))
    if wrong.any():
        path = int(np.flatnonzero(wrong)[0])
        leaks = ", ".join(f"{n} {v[path]:.6g}" for n, v in sorted(state.leaks.items()))
        raise NoSolutionError(
            f"step {state.k}, path {path}: what is held outside ({values.outside[path]:.12g}) and "
            f"what left ({left[path]:.12g}: {leaks}) is not what there was ({start[path]:.12g}) "
            f"and was gained ({state.gains[path]:.12g}): {miss[path]:.3g} is missing"
        )
    return miss
