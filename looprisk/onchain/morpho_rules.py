"""The arithmetic of Morpho Blue, in the contract's own integers.

Source: MathLib, SharesMathLib and Morpho._accrueInterest, _isHealthy of Morpho Blue.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

WAD = 10**18
PRICE_UNIT = 10**36
"""Of an oracle's price: loan units per collateral unit, each in its smallest."""
VIRTUAL_SHARES = 10**6
VIRTUAL_ASSETS = 1
NO_DEBT = 2**256 - 1


@dataclass(frozen=True, slots=True)
class Totals:
    """What a market holds, in the smallest units of its loan token, and the shares of it."""

    supplied: int
    supply_shares: int
    borrowed: int
    borrow_shares: int
    updated: int
    """Seconds since 1970."""
    fee: int
    """Of the interest, in 1e18."""

    def accrued(self, rate: int, now: int) -> Totals:
        """Return the totals with the interest since they were stored.

        ``rate`` is per second, in 1e18.

        >>> stored = Totals(10**24, 10**30, 10**24, 10**30, 0, 0)
        >>> round(stored.accrued(rate=WAD // 10**7, now=10**7).borrowed / 10**24, 6)
        2.666667
        """
        interest = self.borrowed * compounded(rate, now - self.updated) // WAD
        supplied = self.supplied + interest
        fee = interest * self.fee // WAD
        shares = _shares_down(fee, supplied - fee, self.supply_shares)
        return replace(
            self,
            supplied=supplied,
            supply_shares=self.supply_shares + shares,
            borrowed=self.borrowed + interest,
            updated=now,
        )

    def owed(self, shares: int) -> int:
        """Return what borrow shares owe, rounded up."""
        whole, parts = self.borrowed + VIRTUAL_ASSETS, self.borrow_shares + VIRTUAL_SHARES
        return -(-shares * whole // parts)

    def worth(self, shares: int) -> int:
        """Return what supply shares can claim, rounded down."""
        whole, parts = self.supplied + VIRTUAL_ASSETS, self.supply_shares + VIRTUAL_SHARES
        return shares * whole // parts


def compounded(rate: int, seconds: int) -> int:
    """Return e^(rate seconds) - 1 by its first three terms, in 1e18, cut as the contract cuts.

    >>> compounded(10**9, 10**9)
    1666666666666666666
    """
    first = rate * seconds
    second = first * first // (2 * WAD)
    third = second * first // (3 * WAD)
    return first + second + third


def most_debt(collateral: int, price: int, lltv: int) -> int:
    """Return the debt up to which an account is healthy; the threshold itself is."""
    return collateral * price // PRICE_UNIT * lltv // WAD


def _shares_down(assets: int, whole: int, parts: int) -> int:
    return assets * (parts + VIRTUAL_SHARES) // (whole + VIRTUAL_ASSETS)
