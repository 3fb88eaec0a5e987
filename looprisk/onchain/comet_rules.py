"""The arithmetic of Compound III, in the contract's own integers.

Source: Comet and CometCore: accruedInterestIndices, presentValue, isLiquidatable, mulPrice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FACTOR = 10**18
INDEX = 10**15
PRICE_UNIT = 10**8


@dataclass(frozen=True, slots=True)
class Priced:
    """An amount of a token, its price and the amount that the price is of."""

    amount: int
    price: int
    scale: int

    @property
    def worth(self) -> int:
        """In units of the prices, cut.

        >>> Priced(15 * 10**17, 3000 * PRICE_UNIT, 10**18).worth == 4500 * PRICE_UNIT
        True
        """
        return self.amount * self.price // self.scale


def accrued(index: int, rate: int, seconds: int) -> int:
    """Return an index with the interest since it was stored; ``rate`` is per second, in 1e18.

    >>> accrued(INDEX, rate=10**9, seconds=10**8)
    1100000000000000
    """
    return index + index * (rate * seconds) // FACTOR


def present(principal: int, index: int) -> int:
    """Return what a principal stands for, cut."""
    return principal * index // INDEX


def left_over(debt: Priced, collateral: Iterable[tuple[Priced, int]]) -> int:
    """Return what collateral, each by its factor, leaves over the debt; below 0 it is absorbed."""
    return sum(held.worth * factor // FACTOR for held, factor in collateral) - debt.worth
