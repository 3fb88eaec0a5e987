"""The arithmetic of MetaMorpho, in the contract's own integers.

Source: MetaMorpho and MetaMorphoV1_1, _accruedFeeAndAssets, _convertToAssetsWithTotals,
_simulateWithdrawMorpho and _maxDeposit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from looprisk.onchain.morpho_rules import VIRTUAL_ASSETS, VIRTUAL_SHARES, WAD, Totals


@dataclass(frozen=True, slots=True)
class Book:
    """A vault's book, in the smallest units of asset and share.

    ``real`` is what its markets owe it now, ``last`` what the book was when it was stored.
    """

    real: int
    last: int
    lost: int | None
    """Stored losses that the book still counts; None where a loss lowers the book (v1.0)."""
    fee: int
    """Of the interest, in 1e18."""
    stored_supply: int
    virtual_shares: int

    @property
    def hidden(self) -> int:
        """Losses that the book counts as if they were there."""
        if self.lost is None:
            return 0
        return self.last - self.real if self.real < self.last - self.lost else self.lost

    @property
    def total(self) -> int:
        """What the book says.

        >>> Book(90, 100, 0, 0, 100, 1).total, Book(90, 100, None, 0, 100, 1).total
        (100, 90)
        """
        return self.real + self.hidden

    @property
    def supply(self) -> int:
        """All shares, with those that the next transaction gives to the receiver of the fee."""
        fee = max(0, self.total - self.last) * self.fee // WAD
        parts = self.stored_supply + self.virtual_shares
        return self.stored_supply + fee * parts // (self.total - fee + VIRTUAL_ASSETS)

    def worth(self, shares: int) -> int:
        """Return what shares are worth by the book, rounded down."""
        return shares * (self.total + VIRTUAL_ASSETS) // (self.supply + self.virtual_shares)


def withdrawable(totals: Totals, amount: int, cash: int) -> int:
    """Return what a market can pay out of an amount; ``cash`` is all that Morpho has."""
    return min(amount, totals.supplied - totals.borrowed, cash)


def room(totals: Totals, shares: int, cap: int) -> int:
    """Return what a vault would still supply to a market, its own claim rounded up.

    >>> room(Totals(100, 100 * 10**6, 0, 0, 0, 0), shares=10**6, cap=5)
    4
    """
    whole, parts = totals.supplied + VIRTUAL_ASSETS, totals.supply_shares + VIRTUAL_SHARES
    return max(0, cap - -(-shares * whole // parts))


def paid(claim: int, parts: Iterable[int]) -> int:
    """Return what a holder is paid of a claim, out of what each market can pay."""
    return min(claim, sum(parts))
