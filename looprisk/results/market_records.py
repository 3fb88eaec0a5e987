"""What pictures of markets show: debts by health, who lends and borrows, depth, cash in time.

Money is US dollars, shares are fractions of 1, times are seconds from the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtAt:
    """Some debt and the health of whoever owes it; None where nothing is owed."""

    account: str
    debt_usd: float
    before: float | None
    """Health factor before the shock."""
    after: float | None
    """Health factor after it, before any liquidation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debts:
    """Every debt to a market, or to all, with its health before a shock and after it."""

    scenario: str
    shock: str
    of: str
    """The market by the name to show; empty for all."""
    rows: tuple[DebtAt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What one lends to a market or borrows of it."""

    side: str
    """``supplies`` or ``borrows``."""
    name: str
    usd: float
    health: float | None = None
    mix: str = ""
    """Its collateral: ``xUSD 60%, ETH 40%``."""
    accounts: int | None = 1
    """How many accounts this is; None for all holders outside, whom the file does not name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lots:
    """Who lends and who borrows in one market, largest first."""

    system: str
    of: str
    rows: tuple[Lot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadDebt:
    """The bad debt of one market under one rule for who bears a loss."""

    market: str
    rule: str
    supplied_usd: float
    bad_usd: float

    @property
    def share(self) -> float | None:
        """Of what is supplied; None where nothing is."""
        return self.bad_usd / self.supplied_usd if self.supplied_usd else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadDebts:
    """Bad debt by market, under each of several rules."""

    system: str
    rules: tuple[str, ...]
    rows: tuple[BadDebt, ...]
    """Market by market, in each all rules in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What selling an amount at once does to the price."""

    sold_usd: float
    """Worth at the start price."""
    average: float
    """What the seller gets less than that, as a fraction of it."""
    last: float
    """The same of the last unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incentive:
    """A market that pays liquidators a discount for selling the token."""

    market: str
    discount: float
    """Of the collateral: ``1 - 1 / (1 + incentive)``."""
    sellable_usd: float | None
    """What can be sold at once before the average costs more than that; None for any amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """What selling a token does to its price."""

    id: str
    of: str
    into: str
    kind: str
    points: tuple[Impact, ...]
    incentives: tuple[Incentive, ...]
    """Smallest discount first."""
    usual: Incentive
    """What sells before the average is 2 % under the start price: how depth is usually quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LentAt:
    """How a supply stands at one moment."""

    time_s: float
    utilisation: float
    cash_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LentInTime:
    """Utilisation and cash of one supply, record by record, in path 0."""

    scenario: str
    id: str
    label: str
    start: datetime | None
    rows: tuple[LentAt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathPoint:
    """One day on the way to maturity."""

    days: float
    """Left to maturity."""
    oracle: float
    """What the oracle reads, of par."""
    market: float
    """What a seller gets at the yield, of par."""
    lltv: float
    """The largest LLTV at which a liquidator at that price repays the debt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaturityPath:
    """A discount oracle on its way to maturity, and the LLTV that one yield allows on each day."""

    oracle: str
    token: str
    market: str
    written: float
    """The LLTV as it is written."""
    incentive: float
    discount: float
    """What the oracle takes off, per year to maturity."""
    yield_: float
    """The market yield that the LLTV as written just bears today, per year."""
    rows: tuple[PathPoint, ...]
    """Today first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """How a token stands when a share of it has left at its book price."""

    share: float
    """Of its value before any shock, what those who left were paid."""
    lost: float
    """What those who stay have lost of theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stayed:
    """What leaving costs those who stay, at growing sizes of one run."""

    of: str
    label: str
    steps: tuple[Left, ...]
    """The last is the run as written."""
