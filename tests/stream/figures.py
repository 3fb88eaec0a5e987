"""The figures of the Stream case: what the model says, what was published, and what that proves.

Every model figure comes from `independent`, so the table that the README prints can be checked
against a second implementation as well as against looprisk.
"""

from dataclasses import dataclass
from fractions import Fraction

from tests.stream import independent as hand


@dataclass(frozen=True)
class Public:
    """A published figure: as it is printed, as a number, and how near counts as a pass."""

    text: str
    value: Fraction
    within: Fraction


@dataclass(frozen=True)
class Figure:
    """One row: the model's figure, how it is printed, the kind of evidence, the public figure."""

    metric: str
    model: Fraction
    form: str
    evidence: str
    public: Public | None = None

    @property
    def verdict(self) -> str:
        """`pass` or `miss` where a public figure exists, else a dash."""
        if self.public is None:
            return "–"
        near = abs(self.model - self.public.value) <= self.public.within
        return "pass" if near else "**miss**"

    @property
    def shown(self) -> str:
        """The model's figure as the table prints it."""
        number = float(self.model)
        match self.form:
            case "x":
                return f"{number:.2f}x"
            case "%":
                return f"{100 * number:.3f} %" if number else "0"
            case "$M":
                return f"${number / 1e6:.2f}M"
            case _:
                return f"${number:.4f}"


def _public(text: str, value: str, within: str) -> Public:
    return Public(text, Fraction(value), Fraction(within))


A_DAY_LATER = _public("0.242, market, 5 Nov", "0.242", "0.12")
THREE_DAYS_LATER = _public("0.0116, market, 7 Nov", "0.0116", "0.02")


def balance_sheet() -> tuple[Figure, ...]:
    """Stream as one balance sheet."""
    tokens = hand.equity_per_token(hand.LOSS, hand.XUSD_TOKENS)
    dollars = hand.equity_per_token(hand.LOSS, hand.XUSD_TOKENS_IF_DOLLARS)
    reported = _public("4.1x, reported", "4.1", "0.05")
    gone = hand.EQUITY / hand.GROSS
    return (
        Figure("leverage before the loss (70/17)", hand.leverage(0), "x", "identity", reported),
        Figure("leverage after $93M (607/77)", hand.leverage(hand.LOSS), "x", "identity"),
        Figure("loss that leaves no equity, of gross (17/70)", gone, "%", "identity"),
        Figure("equity per xUSD, 204M tokens", tokens, "$", "predictive", A_DAY_LATER),
        Figure("equity per xUSD, 161M tokens", dollars, "$", "predictive", A_DAY_LATER),
    )


def two_ranks() -> tuple[Figure, ...]:
    """Both answers to who is paid first."""
    recourse, own = hand.recourse(hand.LOSS), hand.own_token(hand.LOSS)
    together = hand.EQUITY / hand.GROSS
    first = hand.own_token_first_break() / hand.GROSS
    attested = hand.PLUME_DEBT / hand.ATTESTED_SHARE
    written_off = 1 - hand.PLUME_DEBT / attested
    fund_gone = hand.recourse(hand.FUND, attested).deusd
    wind_down = THREE_DAYS_LATER
    return (
        Figure("*recourse*: xUSD holders lose", recourse.xusd_holders, "$M", "structural"),
        Figure("*recourse*: lenders lose", recourse.other_lenders, "$M", "structural"),
        Figure("*recourse*: equity, $530M, deUSD break, of gross", together, "%", "structural"),
        Figure("*own token*: xUSD holders lose", own.xusd_holders, "$M", "structural"),
        Figure("*own token*: lenders but Elixir lose", own.other_lenders, "$M", "structural"),
        Figure("*own token*: deUSD outside loses", own.deusd_outside, "$M", "structural"),
        Figure("*own token*: first lender breaks, of gross", first, "%", "structural"),
        Figure("deUSD, loan written off at 65 %", written_off, "$", "predictive", wind_down),
        Figure("deUSD, all of Stream's fund gone", fund_gone, "$", "predictive", wind_down),
    )


def markets() -> tuple[Figure, ...]:
    """Each market by its own state."""
    plume = (hand.PLUME_DEBT, hand.PLUME_COLLATERAL)
    at_lltv = hand.liquidation_price(*plume, Fraction("0.86"))
    lltv = Fraction("0.915")
    slip = 1 - hand.liquidation_price(hand.ETH_DEBT, hand.ETH_COLLATERAL, lltv) / hand.SDEUSD_RATE
    back = hand.ETH_COLLATERAL * Fraction("0.01237") / hand.incentive(lltv) / hand.ETH_DEBT
    none = _public("0 (3 dust)", "0", "0")
    lost = _public("98.7 % of debt", "0.987", "0.005")
    xusd = hand.market_by_market(hand.LOSS).xusd
    return (
        Figure("Plume: price at the LLTV", at_lltv, "$", "identity"),
        Figure("Plume: debt over collateral", hand.insolvency_price(*plume), "$", "identity"),
        Figure("sdeUSD: slip to liquidation", slip, "%", "identity"),
        Figure("liquidations under the posted NAV", Fraction(0), "%", "structural", none),
        Figure("sdeUSD lenders' loss, price of 7 Nov", 1 - back, "%", "conditional", lost),
        Figure("xUSD, market by market", xusd, "$", "predictive", A_DAY_LATER),
    )


def vaults() -> tuple[Figure, ...]:
    """The Morpho vaults, before anybody leaves."""
    state = hand.market_by_market(hand.FUND, elixir_loss=hand.OTHER_BACKING)
    arb, mev, relend = (
        hand.vault_loss(vault, state) for vault in ("MEV-USDC-arb", "MEV-USDC", "Relend-USDC")
    )
    _, toxic, assets, _ = hand.VAULTS["MEV-USDC-arb"]
    hidden = 1 - hand.ARB_COLLATERAL * Fraction("0.24174") / hand.ARB_DEBT
    now = hidden * toxic / assets
    never = _public("0, share price never fell", "0", "0.001")
    arb_run = _public("12.6 %, after withdrawals", "0.126", "0.01")
    mev_run = _public("3.54 %, after withdrawals", "0.0354", "0.002")
    relend_run = _public("98.4 %, after withdrawals", "0.984", "0.005")
    return (
        Figure("Arbitrum vault: reported loss", Fraction(0), "%", "structural", never),
        Figure("Arbitrum vault: economic loss, price of 5 Nov", now, "%", "conditional"),
        Figure("Arbitrum vault: economic loss, at most", arb, "%", "predictive", arb_run),
        Figure("MEV Capital vault: loss, at most", mev, "%", "predictive", mev_run),
        Figure("Relend vault: loss, at most", relend, "%", "predictive", relend_run),
    )


def figures() -> tuple[Figure, ...]:
    """All rows, in the order in which they are printed."""
    return (*balance_sheet(), *two_ranks(), *markets(), *vaults())


def table() -> str:
    """Return the rows as a Markdown table."""
    head = ("metric", "model", "public figure", "evidence", "verdict")
    rows = [
        (f.metric, f.shown, f.public.text if f.public else "–", f.evidence, f.verdict)
        for f in figures()
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ("---",) * 5, *rows)) + "\n"
