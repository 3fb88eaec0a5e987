"""The hand model of Stream against the published figures, against Picard, and against itself."""

from fractions import Fraction

import pytest

from tests.stream import independent as hand
from tests.stream.figures import figures, table

MILLION = 10**6
LOSSES = [0, 10, 25, 32, 60, 93, 150, 200, 250, 400, 600]


def test_leverage_is_the_published_identity():
    assert hand.leverage(0) == Fraction(70, 17)
    assert hand.leverage(hand.LOSS) == Fraction(607, 77)
    share = hand.EQUITY / hand.GROSS
    assert share == Fraction(17, 70)


def test_equity_per_token_misses_the_price_a_day_later():
    assert round(hand.equity_per_token(hand.LOSS, hand.XUSD_TOKENS), 3) == Fraction("0.377")
    dollars = hand.equity_per_token(hand.LOSS, hand.XUSD_TOKENS_IF_DOLLARS)
    assert round(dollars, 3) == Fraction("0.478")


@pytest.mark.parametrize(
    ("debt", "collateral", "at_lltv", "bad_debt", "insolvent"),
    [
        (hand.PLUME_DEBT, hand.PLUME_COLLATERAL, "1.2014", "1.0785", "1.0332"),
        (hand.PLUME_DEBT, hand.PLUME_COLLATERAL_SAME_ROW, "1.2013", "1.0784", "1.0331"),
        (hand.PLUME_DEBT_17H, hand.PLUME_COLLATERAL, "1.2004", "1.0776", "1.0323"),
    ],
)
def test_plume_prices_depend_on_the_row(debt, collateral, at_lltv, bad_debt, insolvent):
    lltv = Fraction("0.86")
    assert round(hand.liquidation_price(debt, collateral, lltv), 4) == Fraction(at_lltv)
    assert round(hand.bad_debt_price(debt, collateral, lltv), 4) == Fraction(bad_debt)
    assert round(hand.insolvency_price(debt, collateral), 4) == Fraction(insolvent)


def test_the_sdeusd_loan_has_less_than_one_per_cent_to_spare():
    price = hand.liquidation_price(hand.ETH_DEBT, hand.ETH_COLLATERAL, Fraction("0.915"))
    assert round(price, 4) == Fraction("1.0583")
    assert round(1 - price / hand.SDEUSD_RATE, 5) == Fraction("0.00953")


@pytest.mark.parametrize("supply", [hand.DEUSD_SUPPLY, Fraction(150_410_000)])
def test_recourse_breaks_everything_at_17_70(supply):
    at = Fraction(17, 70) * hand.GROSS
    whole = hand.recourse(at, supply)
    assert (whole.other_lenders, whole.elixir_loan, whole.deusd) == (0, 0, 1)
    assert whole.xusd == 0
    after = hand.recourse(at + 1, supply)
    assert after.other_lenders > 0
    assert after.elixir_loan > 0
    assert after.deusd < 1


def test_recourse_leaves_93m_with_xusd_holders_alone():
    answer = hand.recourse(hand.LOSS)
    assert answer.xusd_holders == hand.LOSS
    assert answer.total == hand.LOSS


def test_own_token_split():
    answer = hand.own_token(hand.LOSS)
    millions = [
        round(loss / MILLION, 2)
        for loss in (answer.xusd_holders, answer.other_lenders, answer.deusd_outside)
    ]
    assert millions == [Fraction("44.98"), Fraction("45.47"), Fraction("2.55")]
    assert answer.total == hand.LOSS


def test_own_token_first_break_is_exact():
    at = hand.own_token_first_break()
    assert round(at / hand.GROSS, 5) == Fraction("0.04476")
    assert hand.own_token(at).other_lenders == 0
    assert hand.own_token(at + 1).other_lenders > 0
    assert hand.own_token(at + 1).elixir_loan > 0


def test_deusd_after_its_loan_is_written_off():
    attested = hand.PLUME_DEBT / hand.ATTESTED_SHARE
    values = [1 - hand.PLUME_DEBT / s for s in (attested, 121 * hand.M, Fraction(150_410_000))]
    assert [round(value, 3) for value in values] == [
        Fraction(v) for v in ("0.35", "0.438", "0.548")
    ]
    assert round(hand.recourse(hand.FUND, attested).deusd, 4) == Fraction("0.3855")


def test_the_loop_of_reference_case_stream_like():
    """Fund 370, 75 of 130 deUSD, debts 217 and 68 against 250 and 75 own tokens, 160 outside."""
    loans = [(Fraction(217), Fraction(250)), (Fraction(68), Fraction(75))]

    def deusd_after(deusd: Fraction) -> Fraction:
        price = hand.own_token_price(370 - 93 + 75 * deusd, Fraction(160), loans)
        return min(Fraction(1), (62 + min(Fraction(68), 75 * price)) / 130)

    deusd = hand.fixed_point(deusd_after, Fraction(1))
    price = hand.own_token_price(277 + 75 * deusd, Fraction(160), loans)
    assert [float(x) for x in (price, deusd, 250 * price / 217, 75 * price / 68)] == pytest.approx(
        [0.7081, 0.8854, 0.8157, 0.7809], abs=1e-4
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_of_outsiders_add_up(loss):
    loss *= hand.M
    assert hand.recourse(loss).total == loss
    assert hand.own_token(loss).total == loss
    start = sum(hand.market_by_market(Fraction(0)).claims.values())
    assert start - sum(hand.market_by_market(loss).claims.values()) == loss


@pytest.mark.parametrize("loss", LOSSES)
def test_market_by_market_is_what_picard_finds(loss):
    """The node equations, one by one, iterated in floats from a state without loss."""
    state = hand.market_by_market(loss * hand.M)
    debts = float(hand.NAMED_CURATORS + hand.UNIDENTIFIED)
    plume, arb = (65_840_112.0, 68_026_935.0), (644_315.0, 707_735.0)
    xusd = deusd = 2.0
    for _ in range(20_000):
        plume_lender = min(plume[1], plume[0] * xusd)
        arb_lender = min(arb[1], arb[0] * xusd)
        staked = 8_944_676 * 1.0685 * deusd
        assets = 625e6 - loss * 1e6 + 65_442_613.694 * deusd + max(0.0, staked - 8_661_707)
        assets += plume[0] * xusd - plume_lender + arb[0] * xusd - arb_lender
        before = (xusd, deusd)
        xusd = max(0.0, assets - debts) / 204e6
        deusd = min(121e6, 52_973_065 + plume_lender) / 121e6
        if before == (xusd, deusd):
            break
    assert (xusd, deusd) == pytest.approx((float(state.xusd), float(state.deusd)), abs=1e-9)


def test_break_points_of_the_markets_are_where_their_lenders_begin_to_lose():
    for at, of, face in [
        (hand.loss_at_price(hand.ARB_DEBT / hand.ARB_COLLATERAL), "arb", hand.ARB_DEBT),
        (hand.loss_at_price(hand.PLUME_RATIO), "plume", hand.PLUME_DEBT),
        (
            hand.loss_at_deusd(hand.ETH_DEBT / hand.ETH_COLLATERAL / hand.SDEUSD_RATE),
            "eth",
            hand.ETH_CASH + hand.ETH_DEBT,
        ),
        (
            hand.loss_at_deusd(hand.PUSD_DEBT / hand.PUSD_COLLATERAL / hand.SDEUSD_RATE),
            "pusd",
            hand.PUSD_CASH + hand.PUSD_DEBT,
        ),
    ]:
        assert getattr(hand.market_by_market(at), of) == face
        assert getattr(hand.market_by_market(at + 1), of) < face
    nothing = hand.loss_at_price(Fraction(0))
    assert hand.market_by_market(nothing).xusd == 0
    assert hand.market_by_market(nothing).curators == 1
    assert hand.market_by_market(nothing + 1).curators < 1


def test_the_arbitrum_vault_from_inputs_alone():
    _, toxic, assets, _ = hand.VAULTS["MEV-USDC-arb"]
    assert round(toxic / assets, 5) == Fraction("0.01486")
    hidden = 1 - hand.ARB_COLLATERAL * Fraction("0.24174") / hand.ARB_DEBT
    assert round(hidden * toxic / assets, 4) == Fraction("0.0116")


def test_misses_stay_in_the_table():
    verdicts = [figure.verdict for figure in figures()]
    assert verdicts.count("**miss**") == 20
    assert verdicts.count("pass") == 14
    assert len(table().splitlines()) == len(verdicts) + 2
