"""What is held outside the system: creditors, holders, suppliers, owners, traders, funds."""

from __future__ import annotations

import numpy as np

from looprisk.cascade.arrays import Floats
from looprisk.cascade.balance import Balance, Paid
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import State
from looprisk.cascade.sums import total
from looprisk.cascade.wallets import equities


def held_inside(plan: Plan, state: State) -> Floats:
    """Return the units of every good that somebody inside holds, [path, good]."""
    units = np.zeros((state.paths, len(plan.goods)))
    for firm in range(len(plan.firms)):
        units = units + state.owned[:, firm]
    for market, loan in plan.supplies:
        good = plan.books[market].loans[loan]
        units[:, good] += (
            state.markets[market].cash[:, loan] + state.markets[market].unlisted[:, loan]
        )
    for book, now in zip(plan.books, state.markets, strict=True):
        for s, slot in enumerate(book.slots):
            units[:, slot.good] += total(now.collateral[:, s]) + now.stock[:, s]
    for legs, venue in zip(plan.legs, state.venues, strict=True):
        for kind, good in enumerate(legs.kinds):
            units[:, good] += total(venue.posted[:, kind])
    return units


def outside(balance: Balance, paid: Paid) -> Floats:
    """Return what all that is held outside is worth, USD [path]."""
    plan, state = balance.plan, balance.state
    free = state.units - held_inside(plan, state)
    claims = slice(plan.assets, None)
    found = total(free[:, claims] * paid.price[:, claims])
    for at, owed in enumerate(plan.owed):
        if owed.creditor < 0 and owed.good < 0:
            found = found + paid.claims[:, at]
    for node, firm in enumerate(plan.firms):
        units = np.zeros(state.paths)
        for good in firm.residual:
            units = units + state.units[:, good]
        found = found + np.where(units == 0, paid.residual[:, node], 0.0)
    found = found + total(paid.residual[:, len(plan.firms) :])
    for market, book in enumerate(plan.books):
        split = balance.split(market, paid)
        left = np.maximum(split.worth - split.owed, 0.0)
        found = found + total(np.where(book.owner < 0, left, 0.0))
    return found + _traders(balance, paid)


def _traders(balance: Balance, paid: Paid) -> Floats:
    """Traders that nobody inside owns, and the funds, which bear what is below nothing."""
    found = np.zeros(balance.state.paths)
    for legs, venue in zip(balance.plan.legs, balance.state.venues, strict=True):
        worth = equities(legs, venue, balance.state.price, paid.price)
        mine = total(np.where(legs.owner < 0, np.maximum(worth, 0.0), 0.0))
        hole = total(np.minimum(worth, 0.0))
        home = total(np.where(legs.owner < 0, venue.home, 0.0))
        found = found + mine + hole + venue.fund + home
    return found
