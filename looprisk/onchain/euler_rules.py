"""The arithmetic of Euler v2, in the contract's own integers.

Source: Euler Vault Kit: LTVConfig.getLTV, LiquidityUtils, ConversionHelpers, and the Ethereum
Vault Connector for sub-accounts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

WHOLE = 10_000
SUB_ACCOUNTS = 256
VIRTUAL = 10**6
"""Of assets and of shares, in the rate of a vault."""


@dataclass(frozen=True, slots=True)
class Ltv:
    """A threshold in basis points; ``ramp`` seconds before ``target`` it was still ``initial``."""

    borrow: int
    liquidation: int
    initial: int
    target: int
    ramp: int

    def at(self, now: int) -> int:
        """Return the threshold of liquidation at a time; one that is raised is raised at once.

        >>> [Ltv(80_00, 85_00, 95_00, 1_000, 1_000).at(now) for now in (0, 500, 1_000)]
        [9500, 9000, 8500]
        """
        if now >= self.target or self.liquidation >= self.initial:
            return self.liquidation
        above = self.initial - self.liquidation
        return self.liquidation + above * (self.target - now) // self.ramp


def sub_account(owner: str, number: int) -> str:
    """Return an account of an owner: its address with the last byte changed.

    >>> sub_account("0x" + "00" * 19 + "03", 5)
    '0x0000000000000000000000000000000000000006'
    """
    raw = bytes.fromhex(owner.removeprefix("0x"))
    return to_checksum_address(raw[:-1] + bytes([raw[-1] ^ number]))


def worth(shares: int, assets: int, supply: int) -> int:
    """Return what shares of a vault are of its assets, cut.

    >>> worth(10**18, 2 * 10**24, 10**24)
    1999999999999999999
    """
    return shares * (assets + VIRTUAL) // (supply + VIRTUAL)


def counted(values: Iterable[tuple[int, int]]) -> int:
    """Return what values count for, each by its threshold in basis points."""
    return sum(value * ltv // WHOLE for value, ltv in values)
