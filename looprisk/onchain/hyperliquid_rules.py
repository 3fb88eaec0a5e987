"""The margin arithmetic of Hyperliquid, exact in fractions. Money is in dollars.

Maintenance is half of the initial margin at the largest leverage of the bracket that a position's
worth is in, less what keeps it from jumping between brackets. Source: Hyperliquid docs, Margin
tiers and Liquidations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Bracket:
    """Positions worth more than ``above`` keep ``rate`` of their worth less ``constant``."""

    above: Fraction
    rate: Fraction
    constant: Fraction


def brackets(tiers: Sequence[tuple[Fraction, int]]) -> tuple[Bracket, ...]:
    """Return the brackets of a margin table of (lower bound, largest leverage), lowest first.

    >>> low, high = brackets([(Fraction(0), 50), (Fraction(1_000_000), 25)])
    >>> low.rate, high.rate, high.constant
    (Fraction(1, 100), Fraction(1, 50), Fraction(10000, 1))
    """
    found = [Bracket(tiers[0][0], Fraction(1, 2 * tiers[0][1]), Fraction(0))]
    for _, (above, leverage) in pairwise(tiers):
        rate = Fraction(1, 2 * leverage)
        before = found[-1]
        found.append(Bracket(above, rate, before.constant + above * (rate - before.rate)))
    return tuple(found)


def maintenance(worth: Fraction, table: Sequence[Bracket]) -> Fraction:
    """Return the margin that a position worth so much must keep.

    >>> table = brackets([(Fraction(0), 50), (Fraction(1_000_000), 25)])
    >>> maintenance(Fraction(1_000_000), table), maintenance(Fraction(2_000_000), table)
    (Fraction(10000, 1), Fraction(30000, 1))
    """
    at = max((one for one in table if one.above <= worth), key=lambda one: one.above)
    return at.rate * worth - at.constant


def liquidation_price(cash: Fraction, size: Fraction, table: Sequence[Bracket]) -> Fraction | None:
    """Return the price at which ``cash + size * price`` is down to maintenance; None: at none.

    ``cash`` is what stands behind the position besides its worth, ``size`` is below 0 for a short.

    >>> table = brackets([(Fraction(0), 25)])
    >>> liquidation_price(Fraction(12000), Fraction(-2), table)
    Fraction(100000, 17)
    >>> liquidation_price(Fraction(10), Fraction(2), table) is None
    True
    """
    for at, one in enumerate(table):
        price = (one.constant + cash) / (one.rate * abs(size) - size)
        worth = abs(size) * price
        last = at + 1 == len(table)
        if price > 0 and worth >= one.above and (last or worth <= table[at + 1].above):
            return price
    return None
