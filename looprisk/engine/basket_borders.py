"""Where the first of many accounts of several legs break that no claim decides, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from looprisk.engine.affine import Affine
from looprisk.engine.basket_nodes import ends, incentives, standing_accounts, unit_legs
from looprisk.engine.baskets import Baskets, Floats, by_column
from looprisk.engine.legs import Leg, total
from looprisk.engine.maker import Maker

ONE = Fraction(1)


def first_of_many(make: Maker, name: str) -> Iterator[Fraction]:
    """Yield the shock fractions at which the first account of a table is liquidated.

    And for each loan token that at which the first that owes it cannot repay it. Which account that
    is floats tell; where it breaks follows from its own amounts, in fractions.
    """
    accounts, legs = standing_accounts(make, name), unit_legs(make, standing_accounts(make, name))
    loans = tuple(make.world.price(loan) for loan in accounts.loans)
    health = [leg.reading * leg.lltv for leg in legs]
    unhealthy = _falls_short(accounts, legs, health, loans, np.ones(accounts.size))
    yield from _exactly(accounts, unhealthy, health, loans)
    if any(leg.incentive is None for leg in legs):
        return
    worth = [leg.reading for leg in legs]
    unpaid = _falls_short(accounts, legs, worth, loans, incentives(make, accounts, legs))
    last = np.maximum(unhealthy, unpaid)
    owes = by_column(accounts.debts, np.ones(len(loans))).astype(np.bool_).tocsc()
    for loan in range(len(loans)):
        rows = owes.indices[owes.indptr[loan] : owes.indptr[loan + 1]]
        some = np.full(accounts.size, np.inf)
        some[rows] = last[rows]
        yield from _exactly(accounts, some, health, loans)
        row = int(np.argmin(some)) if len(some) else 0
        yield from _exactly(accounts, some, worth, loans, _phi(make, accounts, legs, row))


def _falls_short(
    accounts: Baskets,
    legs: Sequence[Leg],
    lines: Sequence[Affine],
    loans: Sequence[Affine],
    factor: Floats,
) -> Floats:
    """Return [M] the shock fraction from which on units at ``lines`` are less than debts.

    Debts count ``factor`` times. Nothing where they are less at once, infinity where they never
    are, and where a claim decides a price.
    """
    has, owes = accounts.units @ ends(lines), accounts.debts @ ends(loans)
    const, slope = (has - owes * factor[:, None]).T
    found = np.divide(-const, slope, out=np.full(len(const), np.inf), where=slope < 0)
    found = np.where(const < 0, 0.0, found)
    follow = np.array([bool(leg.reading.reads) or leg.cap is not None for leg in legs])
    follows = accounts.pattern @ follow.astype(np.float64) > 0
    if any(loan.reads for loan in loans):
        moving = np.array([bool(loan.reads) for loan in loans], dtype=np.float64)
        follows |= accounts.debts @ moving > 0
    return np.where(follows, np.inf, found)


def _exactly(
    accounts: Baskets,
    places: Floats,
    lines: Sequence[Affine],
    loans: Sequence[Affine],
    phi: Fraction = ONE,
) -> Iterator[Fraction]:
    """Yield where the first of some accounts falls short, from its amounts; none if none does."""
    row = int(np.argmin(places)) if len(places) else 0
    if not (len(places) and 0 < places[row] < 1):
        return
    has = total([lines[slot] * units for slot, units in accounts.collateral_of(row)])
    owes = total([loans[loan] * units for loan, units in accounts.debts_of(row)])
    room = has - owes * phi
    if room.slope:
        yield -room.const / room.slope


def _phi(make: Maker, accounts: Baskets, legs: Sequence[Leg], row: int) -> Fraction:
    """Return the incentive of one account, weighted by what its collaterals were worth."""
    phis = {leg.incentive for leg in legs if leg.incentive is not None}
    read = make.world.weights.get(accounts.id)
    held = tuple(accounts.collateral_of(row))
    if len(phis) == 1 or read is None or not held:
        return max(phis, default=ONE)
    worth = sum((units * read[slot] for slot, units in held), Fraction(0))
    parts = (n * read[slot] * (legs[slot].incentive or ONE) for slot, n in held)
    return sum(parts, Fraction(0)) / worth if worth else ONE
