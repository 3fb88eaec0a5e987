"""Stream Finance by hand, in fractions.

Three balance sheets of the same collapse are cleared here straight from their lines, without
looprisk: no engine, no model types, no file is read. `test_stream.py` holds these answers against
the published figures and against what looprisk says about the files in `scenarios/`.

All money is USD, all prices are USD per token, all losses are positive.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

M = Fraction(10**6)

# What was said about Stream as a whole (28 October 2025) and the loss it disclosed.
EQUITY = 170 * M
DEBT = 530 * M
GROSS = EQUITY + DEBT
LOSS = 93 * M
XUSD_TOKENS = 204 * M
XUSD_TOKENS_IF_DOLLARS = 161 * M
POSTED_NAV = Fraction("1.2667")

# Stream and Elixir.
STREAM_DEUSD = 75 * M
FUND = GROSS - STREAM_DEUSD
DEUSD_SUPPLY = 121 * M
ATTESTED_SHARE = Fraction("0.65")

# Plume xUSD/USDC. The published break prices take the debt of 4 November 00:00 and the collateral
# that the largest borrower alone had posted (3 November 17:00); the row of 4 November has 5,151
# more tokens.
PLUME_DEBT = Fraction(68_026_935)
PLUME_COLLATERAL = Fraction(65_840_112)
PLUME_COLLATERAL_SAME_ROW = Fraction(65_845_263)
PLUME_DEBT_17H = Fraction(67_967_857)

# Arbitrum xUSD/USDC, Ethereum sdeUSD/USDC, Plume sdeUSD/pUSD, 4 November 00:00.
ARB_DEBT, ARB_COLLATERAL = Fraction(707_735), Fraction(644_315)
ETH_CASH, ETH_DEBT, ETH_COLLATERAL = Fraction(281), Fraction(8_661_707), Fraction(8_944_676)
PUSD_CASH, PUSD_DEBT, PUSD_COLLATERAL = (
    Fraction(489_058),
    Fraction(3_935_795),
    Fraction(4_260_184),
)
SDEUSD_RATE = Fraction("1.0685")

# Loans of curators whose terms were never published (they can reach all of Stream).
NAMED_CURATORS = (
    Fraction(123_640_000)  # TelosC
    + (25_420_000 - 2_592_674 - 627_946)  # MEV Capital, less what stands in the Morpho markets
    + 19_170_000  # Varlamore
    + 14_650_000  # Re7
    + 14_000_000  # Trevee
    + 5_300_000  # Enclabs, Mithras, TiD
)
UNIDENTIFIED = DEBT - NAMED_CURATORS - PLUME_DEBT - ARB_DEBT - ETH_DEBT

# Morpho vaults, 4 November: in the bad market, everything else, price of one share.
VAULTS = {
    "MEV-USDC": ("eth", Fraction(2_592_674), Fraction(297_002_931), Fraction("1.119548")),
    "Relend-USDC": ("eth", Fraction(4_424_443), Fraction(34_737_454), Fraction("1.093143")),
    "MEV-USDC-arb": ("arb", Fraction(627_946), Fraction(42_270_247), Fraction("1.018135")),
}


# One loan ------------------------------------------------------------------------------------


def incentive(lltv: Fraction) -> Fraction:
    """Morpho Blue's factor on what a liquidator repays."""
    return min(Fraction(115, 100), 1 / (Fraction(3, 10) * lltv + Fraction(7, 10)))


def liquidation_price(debt: Fraction, collateral: Fraction, lltv: Fraction) -> Fraction:
    """The collateral's price under which the loan may be liquidated."""
    return debt / (lltv * collateral)


def bad_debt_price(debt: Fraction, collateral: Fraction, lltv: Fraction) -> Fraction:
    """The price under which a liquidation leaves debt behind, the oracle following the market."""
    return incentive(lltv) * debt / collateral


def insolvency_price(debt: Fraction, collateral: Fraction) -> Fraction:
    """The price at which collateral and debt are worth the same."""
    return debt / collateral


# Small solvers ---------------------------------------------------------------------------------


def fixed_point(answer: Callable[[Fraction], Fraction], start: Fraction) -> Fraction:
    """Solve x = answer(x) for an increasing piecewise linear map of slope below one."""
    step = Fraction(1, 10**15)
    x = start
    for _ in range(100):
        value = answer(x)
        if value == x:
            return x
        slope = (value - answer(x - step)) / step
        x = (value - slope * x) / (1 - slope)
    raise AssertionError("a piecewise linear map of slope below one settles in a few steps")


def own_token_price(
    assets: Fraction, outside: Fraction, loans: Iterable[tuple[Fraction, Fraction]]
) -> Fraction:
    """Price p with outside p + sum min(debt, tokens p) = assets: lenders hold only the tokens.

    From the top: all loans whole. Each loan that the price does not cover becomes a holder of its
    tokens, beginning with the one that needs the highest price.
    """
    whole = sorted(loans, key=lambda loan: loan[0] / loan[1])
    tokens, left = outside, assets - sum(debt for debt, _ in whole)
    while True:
        price = left / tokens
        if not whole or price >= whole[-1][0] / whole[-1][1]:
            return max(Fraction(0), price)
        debt, posted = whole.pop()
        tokens += posted
        left += debt


# System 1: one balance sheet -------------------------------------------------------------------


def leverage(loss: Fraction) -> Fraction:
    """Gross assets over equity after a loss."""
    return (GROSS - loss) / (EQUITY - loss)


def equity_per_token(loss: Fraction, tokens: Fraction) -> Fraction:
    """What is left for one xUSD when all lenders are paid first."""
    return max(Fraction(0), EQUITY - loss) / tokens


# System 2: the same 700M under two answers to "who is paid first?" -------------------------------


@dataclass(frozen=True)
class Answer:
    """Losses and prices after a loss in Stream's fund."""

    xusd_holders: Fraction
    elixir_loan: Fraction
    other_lenders: Fraction
    deusd_outside: Fraction
    deusd: Fraction
    xusd: Fraction

    @property
    def total(self) -> Fraction:
        """Everything that outsiders lose."""
        return self.xusd_holders + self.other_lenders + self.deusd_outside


XUSD_OUTSIDE = EQUITY / POSTED_NAV


def recourse(
    loss: Fraction, deusd_supply: Fraction = DEUSD_SUPPLY, loan: Fraction = PLUME_DEBT
) -> Answer:
    """Every lender can reach all of Stream and is paid before xUSD."""
    other_backing = deusd_supply - loan

    def stream(deusd: Fraction) -> Fraction:
        return max(Fraction(0), FUND - loss) + STREAM_DEUSD * deusd

    def elixir(deusd: Fraction) -> Fraction:
        paid = min(Fraction(1), stream(deusd) / DEBT)
        return min(Fraction(1), (other_backing + loan * paid) / deusd_supply)

    deusd = fixed_point(elixir, Fraction(1))
    assets = stream(deusd)
    lost = 1 - min(Fraction(1), assets / DEBT)
    equity = max(Fraction(0), assets - DEBT)
    return Answer(
        xusd_holders=EQUITY - equity,
        elixir_loan=loan * lost,
        other_lenders=(DEBT - loan) * lost,
        deusd_outside=(deusd_supply - STREAM_DEUSD) * (1 - deusd),
        deusd=deusd,
        xusd=equity / XUSD_OUTSIDE,
    )


PLUME_RATIO = PLUME_DEBT / PLUME_COLLATERAL


def own_token(
    loss: Fraction, deusd_supply: Fraction = DEUSD_SUPPLY, ratio: Fraction = PLUME_RATIO
) -> Answer:
    """All 530M is secured by posted xUSD, at Plume's debt per token, and by nothing else."""
    loans = [(PLUME_DEBT, PLUME_DEBT / ratio), (DEBT - PLUME_DEBT, (DEBT - PLUME_DEBT) / ratio)]
    other_backing = deusd_supply - PLUME_DEBT

    def price(deusd: Fraction) -> Fraction:
        return own_token_price(FUND - loss + STREAM_DEUSD * deusd, XUSD_OUTSIDE, loans)

    def elixir(deusd: Fraction) -> Fraction:
        debt, tokens = loans[0]
        return min(Fraction(1), (other_backing + min(debt, tokens * price(deusd))) / deusd_supply)

    deusd = fixed_point(elixir, Fraction(1))
    xusd = price(deusd)
    lost = [debt - min(debt, tokens * xusd) for debt, tokens in loans]
    return Answer(
        xusd_holders=EQUITY - XUSD_OUTSIDE * xusd,
        elixir_loan=lost[0],
        other_lenders=lost[1],
        deusd_outside=(deusd_supply - STREAM_DEUSD) * (1 - deusd),
        deusd=deusd,
        xusd=xusd,
    )


def own_token_first_break(ratio: Fraction = PLUME_RATIO) -> Fraction:
    """Loss at which xUSD falls to a lender's debt per token."""
    return EQUITY - XUSD_OUTSIDE * ratio


# System 3: market by market, 4 November 2025 -----------------------------------------------------


@dataclass(frozen=True)
class Markets:
    """State of the market-by-market system after a loss."""

    xusd: Fraction
    deusd: Fraction
    curators: Fraction
    plume: Fraction
    arb: Fraction
    eth: Fraction
    pusd: Fraction
    xusd_outside: Fraction
    deusd_outside: Fraction

    @property
    def claims(self) -> dict[str, Fraction]:
        """Value of every claim that somebody outside the system ends up with."""
        return {
            "xUSD": self.xusd_outside * self.xusd,
            "curators": (NAMED_CURATORS + UNIDENTIFIED) * self.curators,
            "deUSD": self.deusd_outside * self.deusd,
            "arb": self.arb,
            "eth": self.eth,
            "pusd": self.pusd,
            "pusd borrowers": PUSD_COLLATERAL * SDEUSD_RATE * self.deusd - (self.pusd - PUSD_CASH),
        }


POSTED = ((PLUME_DEBT, PLUME_COLLATERAL), (ARB_DEBT, ARB_COLLATERAL))
SYSTEM_OUTSIDE = XUSD_TOKENS - PLUME_COLLATERAL - ARB_COLLATERAL
FREE_DEUSD = STREAM_DEUSD - ETH_COLLATERAL * SDEUSD_RATE
STAKED_DEUSD = (ETH_COLLATERAL + PUSD_COLLATERAL) * SDEUSD_RATE
OTHER_BACKING = DEUSD_SUPPLY - PLUME_DEBT


def _deusd_after(xusd: Fraction) -> Fraction:
    loan = min(PLUME_DEBT, PLUME_COLLATERAL * xusd)
    return min(Fraction(1), (OTHER_BACKING + loan) / DEUSD_SUPPLY)


def _reach(deusd: Fraction) -> Fraction:
    """What Stream has besides its fund, the sdeUSD loan paid from its own collateral only."""
    return FREE_DEUSD * deusd + max(Fraction(0), ETH_COLLATERAL * SDEUSD_RATE * deusd - ETH_DEBT)


def market_by_market(loss: Fraction, elixir_loss: Fraction = Fraction(0)) -> Markets:
    """Curators reach all of Stream and come first; Morpho lenders hold what was posted to them."""
    debts = NAMED_CURATORS + UNIDENTIFIED

    def price(deusd: Fraction) -> Fraction:
        left = FUND - loss + _reach(deusd) - debts
        return own_token_price(left, SYSTEM_OUTSIDE, POSTED) if left > 0 else Fraction(0)

    def elixir(deusd: Fraction) -> Fraction:
        loan = min(PLUME_DEBT, PLUME_COLLATERAL * price(deusd))
        return min(Fraction(1), (OTHER_BACKING - elixir_loss + loan) / DEUSD_SUPPLY)

    deusd = fixed_point(elixir, Fraction(1))
    xusd = price(deusd)
    return Markets(
        xusd=xusd,
        deusd=deusd,
        curators=min(Fraction(1), (FUND - loss + _reach(deusd)) / debts),
        plume=min(PLUME_DEBT, PLUME_COLLATERAL * xusd),
        arb=min(ARB_DEBT, ARB_COLLATERAL * xusd),
        eth=ETH_CASH + min(ETH_DEBT, ETH_COLLATERAL * SDEUSD_RATE * deusd),
        pusd=PUSD_CASH + min(PUSD_DEBT, PUSD_COLLATERAL * SDEUSD_RATE * deusd),
        xusd_outside=SYSTEM_OUTSIDE,
        deusd_outside=DEUSD_SUPPLY - FREE_DEUSD - STAKED_DEUSD,
    )


def loss_at_price(xusd: Fraction) -> Fraction:
    """Loss at which xUSD has this economic price (at 0: at which the curators begin to lose)."""
    deusd = _deusd_after(xusd)
    paid = sum(min(debt, tokens * xusd) for debt, tokens in POSTED)
    return FUND + _reach(deusd) - NAMED_CURATORS - UNIDENTIFIED - SYSTEM_OUTSIDE * xusd - paid


def loss_at_deusd(deusd: Fraction) -> Fraction:
    """Loss at which deUSD is worth this much, for a value that the Plume loan alone decides."""
    return loss_at_price((deusd * DEUSD_SUPPLY - OTHER_BACKING) / PLUME_COLLATERAL)


def vault_loss(vault: str, state: Markets) -> Fraction:
    """Share of a Morpho vault's assets that is gone, before anybody leaves."""
    market, toxic, assets, _ = VAULTS[vault]
    whole = ARB_DEBT if market == "arb" else ETH_CASH + ETH_DEBT
    return toxic * (1 - getattr(state, market) / whole) / assets
