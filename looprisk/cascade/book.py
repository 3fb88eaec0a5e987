"""Book: what screens show, which a loss reaches only when it is recognised (SEMANTICS 5).

Loans count at face, supplies at what their market shows, promises at par, posted prices as posted;
only shares without a posted price are computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from looprisk.cascade.arrays import Floats, ratio, spread
from looprisk.cascade.balance import Balance, Paid, balance_of
from looprisk.cascade.loops import Rule, solve
from looprisk.cascade.network import Network
from looprisk.cascade.parts import Owed
from looprisk.cascade.payouts import parts, put
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import State
from looprisk.cascade.valuation import value

Posted = Mapping[int, Floats]
"""The stated price of shares, by good, USD [path]."""

ROUNDS = 200
"""Rounds in which books that follow from each other settle; they contract or stay as they are."""
SAME = 1e-15


def book(plan: Plan, network: Network, state: State) -> Floats:
    """Return the book price of every good, USD a unit [path, good]; of assets their price."""
    shown = spread(plan.pile_worth, state.paths)
    known = state.recognised[:, plan.pile_firm]
    piles = np.where(known, np.maximum(shown - state.lost, 0.0), shown)
    posted = _posted(plan, network, state)
    price = _shown(plan, network, state, state.book, piles, posted)
    if network.circular_units:
        price = _settled(plan, network, state, price, piles, posted)
    return price


def _posted(plan: Plan, network: Network, state: State) -> Posted:
    """Return posted prices, [path]; of an issuer that has recognised its losses, what is left."""
    found = {good: np.full(state.paths, price) for good, price in plan.posted.items()}
    caught_up = [g for g in found if state.recognised[:, plan.node_of[g]].any()]
    if caught_up:
        worth = value(plan, network, state, state.economic).price
        for good in caught_up:
            known = state.recognised[:, plan.node_of[good]]
            found[good] = np.where(known, worth[:, good], found[good])
    return found


def _shown(
    plan: Plan, network: Network, state: State, lag: Floats, piles: Floats, posted: Posted
) -> Floats:
    balance = balance_of(plan, network, state, lag, piles)
    return solve(balance, Rule(partial(_pay, posted), partial(_in_full, posted))).price


def _settled(
    plan: Plan, network: Network, state: State, price: Floats, piles: Floats, posted: Posted
) -> Floats:
    """Return books in which a debt in a unit counts at the book that follows from it."""
    done = np.zeros(state.paths, dtype=np.bool_)
    for _ in range(ROUNDS):
        after = _shown(plan, network, state, price, piles, posted)
        still = np.abs(after - price).max(axis=-1) <= SAME * np.abs(price).max(axis=-1)
        price = np.where(done[:, None], price, after)
        done = done | still
        if done.all():
            break
    return price


def _pay(posted: Posted, balance: Balance, paid: Paid, node: int, y: Floats) -> Paid:
    plan = balance.plan
    price, slope = paid.price.copy(), paid.price_slope.copy()
    if node >= len(plan.firms):
        supply = node - len(plan.firms)
        good = plan.assets + plan.tokens + supply
        price[:, good] = _supply(balance, paid, supply)
        return replace(paid, price=price, node=put(paid.node, node, y))
    firm = plan.firms[node]
    claims = paid.claims.copy()
    owed = np.zeros_like(y)
    for claim in firm.owed:
        face = balance.face(claim, paid)
        claims[:, plan.owed_at[claim.id]] = face
        owed = owed + face
        if claim.good >= 0:
            price[:, claim.good] = _par(balance, claim, paid)
    left = np.maximum(y - owed, 0.0)
    for good, part in parts(balance, firm):
        stated = posted.get(good)
        price[:, good] = left * part if stated is None else stated
        slope[:, good] = np.where(y >= owed, part, 0.0) if stated is None else 0.0
    return replace(
        paid,
        price=price,
        price_slope=slope,
        claims=claims,
        node=put(paid.node, node, y),
    )


def _in_full(posted: Posted, balance: Balance, paid: Paid, node: int) -> Paid:
    """Return the bound of what a node shows: as if it owed nothing."""
    plan = balance.plan
    shown = _pay(posted, balance, paid, node, np.zeros(balance.state.paths))
    if node >= len(plan.firms):
        return shown
    slope = shown.price_slope.copy()
    for good, part in parts(balance, plan.firms[node]):
        if good not in posted:
            slope[:, good] = part
    return replace(shown, price_slope=slope)


def _par(balance: Balance, claim: Owed, paid: Paid) -> Floats:
    if claim.unit < 0:
        return np.full(balance.state.paths, claim.amount)
    lagged = claim.id in balance.network.lagged_faces
    return claim.amount * balance.unit_price(claim.unit, paid, lagged=lagged)


def _supply(balance: Balance, paid: Paid, supply: int) -> Floats:
    """Return the book price of a supply: what is lent, less what an absorbing market is short of.

    Bad debt that a market realises has left the units outstanding already.
    """
    plan, state = balance.plan, balance.state
    market, loan = plan.supplies[supply]
    book_, now = plan.books[market], state.markets[market]
    price = balance.loan_price(market, loan, paid)
    due = balance.supply_unit(supply, paid)
    if not (book_.absorbs and plan.realises[supply]):
        return due
    units = state.units[:, plan.assets + plan.tokens + supply]
    there = now.cash[:, loan] + now.unlisted[:, loan] + now.owed[:, loan]
    have = there * price + now.insurance[:, loan]
    for s, slot in enumerate(book_.slots):
        have = have + now.stock[:, s] * paid.price[:, slot.good]
    return np.where(units == 0, due, ratio(np.minimum(units * due, have), units))
