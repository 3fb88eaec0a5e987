"""One step: ten phases in order, everything inside a phase at once (DYNAMICS 2)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.cascade.accrue import accrue
from looprisk.cascade.book import book
from looprisk.cascade.issuers import manage
from looprisk.cascade.lending import lend
from looprisk.cascade.network import Network
from looprisk.cascade.paths import Drawn
from looprisk.cascade.perps import bring_home, close_out
from looprisk.cascade.plan import Plan
from looprisk.cascade.prices import led, repriced
from looprisk.cascade.queues import pay_out
from looprisk.cascade.readings import read
from looprisk.cascade.record import Record, record
from looprisk.cascade.sales import refill, with_volatility
from looprisk.cascade.stages import strike


def advance(plan: Plan, network: Network, before: Record, k: int, drawn: Drawn | None) -> Record:
    """Return the record of step ``k``; ``drawn`` are the prices its paths give."""
    now = float(plan.steps.times[k])
    state = replace(before.state, k=k)
    dt = plan.steps.dt(k)
    state = refill(plan, accrue(plan, state, dt), dt)
    state, struck = strike(plan, state, now)
    state = repriced(plan, led(plan, state, drawn))
    state = with_volatility(plan, state, before.state, dt)
    shown = book(plan, network, state) if plan.reads_books else state.book
    state = read(plan, state, shown, now)
    state, closed = close_out(plan, state, before.state.price, now)
    state, liquidations = lend(plan, state)
    state, kept = manage(plan, state)
    state = replace(state, book=book(plan, network, state))
    unpaid = state.queue.paid
    state, gated = pay_out(plan, network, state)
    left = (state.queue.paid != unpaid).any(axis=-1, keepdims=True)
    if left.any():
        state = replace(state, book=np.where(left, book(plan, network, state), state.book))
    state = bring_home(plan, state)
    return record(plan, network, state, (*struck, *closed, *liquidations, *kept, *gated), before)
