"""What is held outside the system: creditors, holders, suppliers, owners, traders, funds."""

from __future__ import annotations

from collections.abc import Mapping

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
            units[:, slot.good] += now.units[:, s] + now.stock[:, s]
    for legs, venue in zip(plan.legs, state.venues, strict=True):
        for kind, good in enumerate(legs.kinds):
            units[:, good] += total(venue.posted[:, kind])
    return units


def outside(balance: Balance, paid: Paid) -> dict[str, Floats]:
    """Return what every claim held outside is worth, USD [path], by what it is a claim on."""
    plan, state = balance.plan, balance.state
    free = state.units - held_inside(plan, state)
    found: dict[str, Floats] = {
        plan.goods[good]: free[:, good] * paid.price[:, good]
        for good in range(plan.assets, len(plan.goods))
    }
    for at, owed in enumerate(plan.owed):
        if owed.creditor < 0 and owed.good < 0:
            found[owed.id] = paid.claims[:, at]
    for node, firm in enumerate(plan.firms):
        units = np.zeros(state.paths)
        for good in firm.residual:
            units = units + state.units[:, good]
        left = np.where(units == 0, paid.residual[:, node], 0.0)
        if not firm.residual or left.any():
            found[f"{firm.name}/equity"] = left
    for at, supply in enumerate(plan.catalogue.supplies):
        found[f"{supply}/reserves"] = paid.residual[:, len(plan.firms) + at]
    for market, book in enumerate(plan.books):
        found[f"{book.name}/borrowers"] = balance.borrowers(market, paid)
    return found | _traders(balance, paid)


def _traders(balance: Balance, paid: Paid) -> dict[str, Floats]:
    """Traders that nobody inside owns, and the funds, which bear what is below nothing."""
    found: dict[str, Floats] = {}
    for legs, venue in zip(balance.plan.legs, balance.state.venues, strict=True):
        worth = equities(legs, venue, balance.state.price, paid.price)
        mine = total(np.where(legs.owner < 0, np.maximum(worth, 0.0), 0.0))
        home = total(np.where(legs.owner < 0, venue.home, 0.0))
        found[f"{legs.name}/traders"] = mine + home
        found[f"{legs.name}/fund"] = venue.fund + total(np.minimum(worth, 0.0))
    return found


def summed(parts: Mapping[str, Floats], paths: int) -> Floats:
    """Return the sum of all parts, [path], in their order."""
    found = np.zeros(paths)
    for part in parts.values():
        found = found + part
    return found
