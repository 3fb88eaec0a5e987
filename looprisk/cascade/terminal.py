"""A position that is liquidated as a whole, as a clearing has it (SEMANTICS 4.2, 4.3)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.cascade.accounts import Book
from looprisk.cascade.amounts import (
    ABSENT,
    ALWAYS,
    SLACK,
    along,
    incentive_of,
    slot_shares,
    summed_over,
    unhealthy,
)
from looprisk.cascade.arrays import Bools, Floats, ratio
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import MarketState, State
from looprisk.cascade.sums import in_order


def taken_whole(plan: Plan, state: State, seen: State, at: int) -> State:
    """Return the state after every position of one market that is below its threshold is gone.

    ``seen`` is the same state at the prices and readings that decide. Lenders get what the
    collateral brings at the incentive, at most the debt; what is left is the owner's.
    """
    book, now = plan.books[at], state.markets[at]
    sick = unhealthy(plan, seen, at) & (now.acting != ABSENT)[:, None]
    if not sick.any():
        return state
    reading = np.take(seen.reading, plan.readings_of[at], axis=-1)
    price = np.take(seen.price, np.array([s.good for s in book.slots], dtype=np.intp), axis=-1)
    loan_price = np.take(seen.price, np.array(book.loans, dtype=np.intp), axis=-1)
    worth = now.collateral * reading[:, :, None]
    owed = summed_over(now.debt, loan_price)
    if book.absorbs:
        return _absorbed(plan, state, at, sick, owed, price, loan_price)
    whole = along(worth)
    shares = slot_shares(worth, whole)
    phi = incentive_of(book, now, shares, summed_over(worth, now.lltv), owed)
    most = ratio(whole, phi)
    repay = np.minimum(owed, most)
    gone = np.where(repay == most, 1.0, ratio(phi * repay, whole))
    brings = summed_over(now.collateral * gone[:, None], price)
    pays = (now.acting == ALWAYS)[:, None] | (brings >= repay * (1 - SLACK))
    acted = sick & pays
    return _closed(state, at, acted, np.where(acted, gone, 0.0), np.where(acted, repay, 0.0), owed)


def _closed(
    state: State, at: int, acted: Bools, gone: Floats, repay: Floats, owed: Floats
) -> State:
    now = state.markets[at]
    paid = now.debt * ratio(repay, owed)[:, None]
    return state.market(
        at,
        _left(
            replace(now, cash=now.cash + in_order(paid)),
            now.collateral * (1 - gone)[:, None],
            np.where(acted[:, None], 0.0, now.principal),
        ),
    )


def _left(now: MarketState, collateral: Floats, principal: Floats) -> MarketState:
    return replace(
        now,
        collateral=collateral,
        principal=principal,
        units=in_order(collateral),
        lent=in_order(principal),
    )


def _absorbed(
    plan: Plan,
    state: State,
    at: int,
    sick: Bools,
    owed: Floats,
    price: Floats,
    loan_price: Floats,
) -> State:
    """The market pays the owner out and sells all it took at its discount; a gain is nobody's."""
    book, now = plan.books[at], state.markets[at]
    kept = np.array([slot.kept for slot in book.slots])
    sold = 1 - np.array([slot.discount for slot in book.slots])
    credit = np.maximum(_worth(now, price * kept) - owed, 0.0)
    brings = _worth(now, price * sold)
    credit, brings = np.where(sick, credit, 0.0), np.where(sick, brings, 0.0)
    gets = np.minimum(np.where(sick, owed, 0.0), brings - credit)
    cash = now.cash.copy()
    cash[:, 0] = cash[:, 0] + ratio(in_order(gets), loan_price[:, 0])
    market = _left(
        replace(now, cash=cash),
        np.where(sick[:, None], 0.0, now.collateral),
        np.where(sick[:, None], 0.0, now.principal),
    )
    return _owners_paid(book, state.market(at, market), credit)


def _worth(now: MarketState, price: Floats) -> Floats:
    return summed_over(now.collateral, price)


def _owners_paid(book: Book, state: State, credit: Floats) -> State:
    cash = state.cash.copy()
    for firm, mine in book.owned_by.items():
        cash[:, firm] = cash[:, firm] + in_order(np.take(credit, mine, axis=-1))
    return replace(state, cash=cash)
