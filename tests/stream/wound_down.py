"""Stream by hand, continued: the loan to Stream set off, and the runs on the vaults.

As in `independent`: fractions, straight from the balance sheets, without looprisk.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tests.stream import independent as hand

# The loan set off ------------------------------------------------------------------------------

ATTESTED_SUPPLY = hand.PLUME_DEBT / hand.ATTESTED_SHARE
OCTOBER_SUPPLY = Fraction(150_410_000)
PLEDGED_DEUSD = hand.ETH_COLLATERAL * hand.SDEUSD_RATE
SDEUSD_LLTV = Fraction("0.915")
ELSEWHERE = 46 * hand.M
REDEEMED = Fraction("0.8") * ELSEWHERE


@dataclass(frozen=True)
class WrittenOff:
    """What is left once Elixir's loan is worth nothing."""

    deusd: Fraction
    sdeusd_lenders: Fraction
    """Share of their claim that lenders against Stream's pledged sdeUSD recover."""


def written_off(supply: Fraction, *, pledged: str | None = None) -> WrittenOff:
    """Write off the loan; `pledged` is `void` or `honoured` where it is set off first."""
    counted = {"void": hand.STREAM_DEUSD, "honoured": hand.FREE_DEUSD, None: Fraction(0)}[pledged]
    netted = min(hand.PLUME_DEBT, counted)
    void = min(netted, PLEDGED_DEUSD) if pledged == "void" else Fraction(0)
    deusd = min(Fraction(1), (supply - hand.PLUME_DEBT) / (supply - netted))
    return WrittenOff(deusd, _sdeusd_lenders(PLEDGED_DEUSD - void, deusd))


def _sdeusd_lenders(behind: Fraction, deusd: Fraction) -> Fraction:
    """The oracle still reads 1.0685 for each sdeUSD, so none is sold, and none has more behind it."""
    paid = behind * deusd
    return (hand.ETH_CASH + min(hand.ETH_DEBT, paid)) / (hand.ETH_CASH + hand.ETH_DEBT)


def redeemed_first() -> Fraction:
    """What one deUSD is worth after 80 % of the others left at par, the loan written off."""
    return (hand.OTHER_BACKING - REDEEMED) / (hand.DEUSD_SUPPLY - REDEEMED)


def stream_gone_with_recourse() -> Fraction:
    """The clearing beside it: Elixir shares the deUSD that Stream still holds with all lenders."""
    share = hand.ATTESTED_SHARE
    return (1 - share) / (1 - share * hand.STREAM_DEUSD / hand.DEBT)


# The runs --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Vault:
    """A Morpho vault: in the bad market, everything, one share's price, and how the run went.

    All of one day, in USD; `end` is the day on which the run was over (assets, price), and
    `realised` the part of what was then left that was, or later turned out to be, lost.
    """

    market: str
    toxic: int
    assets: int
    price: str
    end: tuple[int, str]
    realised: str

    @property
    def handed_in(self) -> Fraction:
        """Share of the shares that left, the only thing taken from the run."""
        assets, price = self.end
        return 1 - Fraction(assets) / Fraction(price) / (self.assets / Fraction(self.price))

    @property
    def can_leave(self) -> Fraction:
        """Share of the shares that can leave before nothing but the bad market is left."""
        return 1 - Fraction(self.toxic, self.assets)

    def loss(self, recovered: Fraction, left: Fraction = Fraction(0)) -> Fraction:
        """Loss of those who stay when `left` of the shares leave at the posted price."""
        return self.toxic * (1 - recovered) / (self.assets * (1 - left))


RELEND_END = (4_592_145, "1.114218")
RUNS = {
    "MEV-USDC": Vault(
        "eth", 2_592_674, 297_002_931, "1.119548", (74_334_417, "1.124006"), "0.0354"
    ),
    "Relend-USDC": Vault("eth", 4_424_443, 34_737_454, "1.093143", RELEND_END, "0.984"),
    "MEV-USDC-arb": Vault(
        "arb", 627_946, 42_270_247, "1.018135", (5_162_985, "1.023731"), "0.12581"
    ),
    "Avantgarde-USDC": Vault(
        "eth", 332_917, 13_622_408, "1.026891", (350_448, "1.028703"), "0.95665"
    ),
    "V1337-USDC": Vault("eth", 239_743, 958_633, "1.004327", (239_979, "1.005269"), "1"),
    "Adpend-USDC": Vault("eth", 449_538, 1_932_991, "1.019829", (1_091_149, "1.026767"), "0.42142"),
}
RELEND_3_NOVEMBER = Vault("eth", 4_420_714, 43_251_393, "1.09278", RELEND_END, "0.984")
SDEUSD_ON_7_NOVEMBER = Fraction("0.01237")


def nothing_left() -> Mapping[str, Fraction]:
    """Recovery of the two markets when Stream and Elixir are worth nothing: their cash."""
    return {"eth": hand.ETH_CASH / (hand.ETH_CASH + hand.ETH_DEBT), "arb": Fraction(0)}


def at_market() -> Mapping[str, Fraction]:
    """Recovery with the collateral sold at the price of 7 November."""
    sold = hand.ETH_COLLATERAL * SDEUSD_ON_7_NOVEMBER / hand.incentive(SDEUSD_LLTV)
    return {"eth": (hand.ETH_CASH + sold) / (hand.ETH_CASH + hand.ETH_DEBT)}


def after_93m() -> Mapping[str, Fraction]:
    """Recovery after the loss in the fund alone."""
    state = hand.market_by_market(hand.LOSS)
    whole = hand.ETH_CASH + hand.ETH_DEBT
    return {"eth": state.eth / whole, "arb": state.arb / hand.ARB_DEBT}


def after_run(
    vault: str, recovery: Mapping[str, Fraction], left: Fraction | None = None
) -> Fraction:
    """Loss of those who stay, after `left` of the shares were handed in (else: what was)."""
    one = RUNS[vault]
    return one.loss(recovery[one.market], one.handed_in if left is None else left)
