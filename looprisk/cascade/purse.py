"""What an issuer can pay with at once: idle dollars, then assets that it owns, at their price."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from looprisk.cascade.arrays import Floats, less, ratio
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import State


def at_hand(plan: Plan, state: State, firm: int, without: Collection[int] = ()) -> Floats:
    """Return idle dollars and the worth of owned assets but some, USD [path]."""
    found = np.maximum(state.cash[:, firm], 0.0)
    for asset in range(plan.assets):
        if asset not in without:
            found = found + state.owned[:, firm, asset] * state.price[:, asset]
    return found


def spend(
    plan: Plan, state: State, firm: int, need: Floats, without: Collection[int] = ()
) -> tuple[State, Floats]:
    """Return the state after an issuer paid what it can of ``need``, and what it paid, USD [path].

    Idle dollars first, then assets in the order of the file.
    """
    cash, owned = state.cash.copy(), state.owned.copy()
    used = np.minimum(need, np.maximum(cash[:, firm], 0.0))
    cash[:, firm] = less(cash[:, firm], used)
    paid = used
    for asset in range(plan.assets):
        if asset in without:
            continue
        units = owned[:, firm, asset]
        worth = units * state.price[:, asset]
        used = np.minimum(np.maximum(need - paid, 0.0), worth)
        gone = np.where(used == worth, units, ratio(used, state.price[:, asset]))
        owned[:, firm, asset] = less(units, gone)
        paid = paid + used
    return replace(state, cash=cash, owned=owned), paid
