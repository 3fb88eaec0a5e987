"""Perpetual futures: orders, the fund, deleveraging, what is socialised (DYNAMICS 6).

All venues read the marks at the start of the phase; their orders net in the pools they share.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.cascade.arrays import Bools, Floats, ratio
from looprisk.cascade.legs import Legs
from looprisk.cascade.orders import Orders, place
from looprisk.cascade.orders import VenueState as Accounts
from looprisk.cascade.plan import Plan
from looprisk.cascade.prices import repriced
from looprisk.cascade.sales import trade_all
from looprisk.cascade.settling import Settled, settle
from looprisk.cascade.state import Happened, State, VenueState, leaked
from looprisk.cascade.sums import total
from looprisk.cascade.wallets import margin_worth


def accounts_of(legs: Legs, venue: VenueState, price: Floats) -> Accounts:
    """Return a venue's accounts as its own rules see them: tokens after haircut, in USD."""
    return Accounts(
        size=venue.size,
        entry=venue.entry,
        margin=venue.margin,
        posted=margin_worth(legs, venue, price, cut=True),
        fund=venue.fund,
        ordered=venue.ordered,
    )


def close_out(
    plan: Plan, state: State, marks_before: Floats, now: float
) -> tuple[State, tuple[Happened, ...]]:
    """Return the state after every venue has dealt with its accounts, and what happened.

    ``marks_before`` [path, good] are the marks of the step before.
    """
    if not plan.legs:
        return state, ()
    orders = []
    net = np.zeros((state.paths, len(plan.goods)))
    for legs, venue in zip(plan.legs, state.venues, strict=True):
        mark = np.take(state.price, legs.good, axis=-1)
        found = place(
            legs.terms,
            accounts_of(legs, venue, state.price),
            mark=mark,
            before=np.take(marks_before, legs.good, axis=-1),
            now=now,
        )
        orders.append(found)
        sold = found.market + found.by_fund
        for good in np.unique(legs.good).tolist():
            net[:, good] += total(np.where(legs.good == good, sold, 0.0))
    if not any(o.state.any() for o in orders):
        return state, ()
    marks = state.price
    average, state, events = trade_all(plan, state, net, "perps")
    happened: list[Happened] = list(events)
    for at, found in enumerate(orders):
        state, more = _settled(plan, state, at, found, marks, average)
        happened += more
    return repriced(plan, state), tuple(happened)


def _settled(
    plan: Plan, state: State, at: int, orders: Orders, marks: Floats, average: Floats
) -> tuple[State, list[Happened]]:
    legs, venue = plan.legs[at], state.venues[at]
    mark = np.take(marks, legs.good, axis=-1)
    fill = np.take(average, legs.good, axis=-1)
    accounts = accounts_of(legs, venue, marks)
    done = settle(legs.terms, accounts, orders, mark=mark, fill=fill)
    state = _slipped(plan, state, legs, orders, mark, fill)
    state = leaked(state, f"fees:{legs.name}", done.fees)
    state = leaked(state, f"others:{legs.name}", done.others)
    state = _released(plan, state, at, orders, done, accounts, marks)
    return state, _events(legs, orders, mark)


def _slipped(
    plan: Plan, state: State, legs: Legs, orders: Orders, mark: Floats, fill: Floats
) -> State:
    """What a sale brings less than the mark stays in the pool."""
    sold = orders.market + orders.by_fund
    for good in np.unique(legs.good).tolist():
        if good in plan.pool_of:
            lost = total(np.where(legs.good == good, sold * (mark - fill), 0.0))
            state = leaked(state, f"slippage:{plan.pools[plan.pool_of[good]].name}", lost)
    return state


def _released(
    plan: Plan,
    state: State,
    at: int,
    orders: Orders,
    done: Settled,
    accounts: Accounts,
    marks: Floats,
) -> State:
    """Margins of closed wallets are on their way home; the venue sells the tokens it seized.

    It credits them after haircut; who buys them keeps that.
    """
    legs, venue = plan.legs[at], state.venues[at]
    kept = np.where(done.ended[:, None], 0.0, venue.posted)
    seized = venue.posted * done.seized[:, None]
    freed = np.where(done.ended[:, None], venue.posted - seized, 0.0)
    paid = total(accounts.posted * done.seized)
    state = _tokens_home(plan, state, legs, freed, seized, paid, marks)
    changed = replace(
        venue,
        size=done.size,
        margin=done.margin,
        posted=kept,
        fund=done.fund,
        ordered=done.ordered,
        cut=venue.cut + np.abs(orders.taken) * np.take(marks, legs.good, axis=-1),
        home=venue.home + done.home,
    )
    return state.venue(at, changed)


def _tokens_home(
    plan: Plan,
    state: State,
    legs: Legs,
    freed: Floats,
    seized: Floats,
    paid: Floats,
    marks: Floats,
) -> State:
    """Return the state after tokens left a venue: to their owners, or sold by it for ``paid``."""
    if not legs.kinds:
        return state
    owned = state.owned.copy()
    bought = np.zeros(state.paths)
    for kind, good in enumerate(legs.kinds):
        price = marks[:, good]
        for firm in range(len(plan.firms)):
            mine = np.where(legs.owner == firm, freed[:, kind], 0.0)
            owned[:, firm, good] = owned[:, firm, good] + total(mine)
        if good < plan.assets:
            # what traders outside get back leaves the system, what a venue sells is bought
            away = np.where(legs.owner < 0, freed[:, kind], 0.0)
            state = leaked(state, f"traders:{legs.name}", total(away) * price)
            bought = bought + total(seized[:, kind]) * price
    state = leaked(state, f"others:{legs.name}", bought - paid)
    return replace(state, owned=owned)


def end_wallets(
    plan: Plan, state: State, at: int, ended: Bools, cash: Floats, *, kept: bool
) -> State:
    """Return the state after wallets without legs were closed, with ``cash``, [path, wallet].

    Tokens pay what is missing, others what then still is; the rest goes home, or is ``kept`` by
    the fund of the venue.
    """
    legs, venue = plan.legs[at], state.venues[at]
    worth = np.where(ended, margin_worth(legs, venue, state.price, cut=True), 0.0)
    short = np.minimum(1.0, ratio(np.maximum(-cash, 0.0), worth))
    share = np.where(ended, 1.0 if kept else short, 0.0)
    rest = np.where(ended, cash + share * worth, 0.0)
    seized = venue.posted * share[:, None]
    freed = np.where(ended[:, None], venue.posted - seized, 0.0)
    left = np.maximum(rest, 0.0)
    changed = replace(
        venue,
        posted=np.where(ended[:, None], 0.0, venue.posted),
        fund=venue.fund + (total(left) if kept else 0.0),
        home=venue.home + (0.0 if kept else left),
    )
    state = _tokens_home(
        plan, state.venue(at, changed), legs, freed, seized, total(share * worth), state.price
    )
    return leaked(state, f"others:{legs.name}", total(np.minimum(rest, 0.0)))


def _events(legs: Legs, orders: Orders, mark: Floats) -> list[Happened]:
    closed = np.abs(orders.market + orders.by_fund + orders.adl)
    taken = np.abs(orders.taken)
    events = []
    for event, units, because in (
        ("hedge_closed", closed, "its margin is below the maintenance margin"),
        ("deleveraged", taken, "closed against an account under water"),
    ):
        if (units > 0).any():
            events.append(
                Happened(
                    phase="perps",
                    event=event,
                    of=legs.legs,
                    where=units > 0,
                    amount=units * mark,
                    because=because,
                )
            )
    return events


def bring_home(plan: Plan, state: State) -> State:
    """Return the state after released margins reached their owners (phase 10)."""
    cash = state.cash
    for at, (legs, venue) in enumerate(zip(plan.legs, state.venues, strict=True)):
        if not venue.home.any():
            continue
        cash = cash.copy()
        for firm in range(len(plan.firms)):
            cash[:, firm] = cash[:, firm] + total(np.where(legs.owner == firm, venue.home, 0.0))
        away = total(np.where(legs.owner < 0, venue.home, 0.0))
        state = leaked(state, f"traders:{legs.name}", away)
        state = state.venue(at, replace(venue, home=np.zeros_like(venue.home)))
    return replace(state, cash=cash)
