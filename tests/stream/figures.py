"""The figures of the Stream case: what the model says, what was published, and what that proves.

Every model figure comes from the hand models beside this file, so the table that the README prints
can be checked against a second implementation as well as against looprisk.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tests.stream import independent as hand
from tests.stream import vaults_31_october as network
from tests.stream import wound_down as down


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
ONE_TO_ONE = _public("1, paid to holders outside Stream", "1", "0.05")
MEV_FELL = _public("3.54 %, share price, 12 Nov", "0.0354", "0.002")
RELEND_FELL = _public("98.4 %, share price, 14 Nov", "0.984", "0.005")
ARBITRUM_LEFT = _public("12.6 %, in the bad market, 13 Nov", "0.12581", "0.01")


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


def set_off() -> tuple[Figure, ...]:
    """Elixir's loan written off, with and without setting Stream's deUSD against it."""
    now, october = (
        down.written_off(supply).deusd for supply in (hand.DEUSD_SUPPLY, down.OCTOBER_SUPPLY)
    )
    void = down.written_off(hand.DEUSD_SUPPLY, pledged="void")
    honoured = down.written_off(down.ATTESTED_SUPPLY, pledged="honoured").deusd
    back = _public("1.3 %, price of 7 Nov", "0.0125", "0.05")
    return (
        Figure("deUSD, loan written off, 121M", now, "$", "predictive", THREE_DAYS_LATER),
        Figure("deUSD, loan written off, 150.41M", october, "$", "predictive", THREE_DAYS_LATER),
        Figure("deUSD, set-off, pledges void", void.deusd, "$", "structural", ONE_TO_ONE),
        Figure("deUSD, set-off, pledges honoured", honoured, "$", "structural", ONE_TO_ONE),
        Figure("sdeUSD lenders keep, pledges void", void.sdeusd_lenders, "%", "structural", back),
    )


def runs() -> tuple[Figure, ...]:
    """The vaults after their runs, of which only the share of the shares that left is taken."""
    off, market, fund = down.nothing_left(), down.at_market(), down.after_93m()

    def relend(recovery: Mapping[str, Fraction]) -> Fraction:
        vault = down.RELEND_3_NOVEMBER
        return vault.loss(recovery[vault.market], vault.handed_in)

    def after(vault: str, recovery: Mapping[str, Fraction]) -> Fraction:
        return down.after_run(vault, recovery)

    def could_leave(vault: str, name: str, left: str) -> Figure:
        public = _public(f"{left} %, left", str(Fraction(left) / 100), "0.003")
        share = down.RUNS[vault].can_leave
        return Figure(f"{name} vault: shares that can leave", share, "%", "structural", public)

    mev, arb = "MEV-USDC", "MEV-USDC-arb"
    at, alone = "after the run, sdeUSD at market", "after $93M and the run"
    return (
        Figure(
            "MEV Capital vault: loss after the run", after(mev, off), "%", "conditional", MEV_FELL
        ),
        Figure("Relend vault: loss after the run", relend(off), "%", "conditional", RELEND_FELL),
        Figure(
            "Arbitrum vault: loss after the run", after(arb, off), "%", "conditional", ARBITRUM_LEFT
        ),
        Figure(f"MEV Capital vault: loss {at}", after(mev, market), "%", "conditional", MEV_FELL),
        Figure(f"Relend vault: loss {at}", relend(market), "%", "conditional", RELEND_FELL),
        Figure(f"MEV Capital vault: loss {alone}", after(mev, fund), "%", "predictive", MEV_FELL),
        Figure(f"Relend vault: loss {alone}", relend(fund), "%", "predictive", RELEND_FELL),
        Figure(f"Arbitrum vault: loss {alone}", after(arb, fund), "%", "predictive", ARBITRUM_LEFT),
        could_leave("Relend-USDC", "Relend", "87.03"),
        could_leave("Avantgarde-USDC", "Avantgarde", "97.43"),
        could_leave("V1337-USDC", "1337", "74.99"),
        could_leave("MEV-USDC", "MEV Capital", "75.07"),
        could_leave("MEV-USDC-arb", "Arbitrum", "87.85"),
        could_leave("Adpend-USDC", "Adpend", "43.93"),
    )


def neighbours() -> tuple[Figure, ...]:
    """Vaults without a dollar in deUSD that share markets with the hurt ones."""
    asked = {vault: down.RUNS[vault].handed_in for vault in network.HURT}
    left, out = network.after_runs(asked, first=["MEV-USDC"])
    gauntlet = "Gauntlet-Core-USDC"
    before, after = (network.can_pay(gauntlet, cash) for cash in (network.at_hand(), left))
    lost = max(
        network.most(vault, network.SDEUSD_4_NOVEMBER, Fraction(0)) for vault in network.NEIGHBOURS
    )
    none = _public("0, share prices rose", "0", "0")
    dry = _public("under 1 %, six hours", "0.005", "0.005")
    first = _public("38.1 %, left on 4 Nov", "0.381", "0.01")
    name = "Gauntlet Core vault can pay at once"
    return (
        Figure("7 vaults in the same markets: loss", lost, "%", "structural", none),
        Figure(f"{name}, before the runs", before, "%", "conditional"),
        Figure(f"{name}, after the runs", after, "%", "conditional", dry),
        Figure("MEV Capital vault: leave by idle cash", out["MEV-USDC"], "%", "conditional", first),
    )


def figures() -> tuple[Figure, ...]:
    """All rows, in the order in which they are printed."""
    return (
        *balance_sheet(),
        *two_ranks(),
        *markets(),
        *vaults(),
        *set_off(),
        *runs(),
        *neighbours(),
    )


def table() -> str:
    """Return the rows as a Markdown table."""
    head = ("metric", "model", "public figure", "evidence", "verdict")
    rows = [
        (f.metric, f.shown, f.public.text if f.public else "–", f.evidence, f.verdict)
        for f in figures()
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ("---",) * 5, *rows)) + "\n"
