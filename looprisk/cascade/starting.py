"""What is already broken before the first step."""

from __future__ import annotations

import numpy as np

from looprisk.cascade.amounts import unhealthy
from looprisk.cascade.orders import HEALTHY, place
from looprisk.cascade.perps import accounts_of
from looprisk.cascade.plan import Plan
from looprisk.cascade.record import Record


def broken_at_start(plan: Plan, start: Record) -> tuple[str, ...]:
    """Return in words what is broken in the system as loaded: claims, accounts, legs."""
    state = start.state
    found = [
        f"{name} {event}"
        for event in ("impaired", "insolvent")
        for name, where in zip(plan.standing_of[event], state.standing[event][0], strict=True)
        if where
    ]
    for at, book in enumerate(plan.books):
        sick = unhealthy(plan, state, at)[0]
        found += [f"{book.accounts[i]} below its threshold" for i in np.flatnonzero(sick)]
    return (*found, *short_of_margin(plan, start))


def short_of_margin(plan: Plan, start: Record) -> tuple[str, ...]:
    """Return in words the wallets that have less than their maintenance margin at the start."""
    state = start.state
    found: list[str] = []
    for legs, venue in zip(plan.legs, state.venues, strict=True):
        mark = np.take(state.price, legs.good, axis=-1)
        accounts = accounts_of(legs, venue, state.price)
        orders = place(legs.terms, accounts, mark=mark, before=mark, now=0.0)
        found += [
            f"{legs.wallets[i]} below its maintenance margin"
            for i in np.flatnonzero(orders.state[0] != HEALTHY)
        ]
    return tuple(found)
