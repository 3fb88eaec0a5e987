"""What `run` and `break_points` say of a system: numbers, fractions, order, who bears it."""

from itertools import pairwise

import pytest

import looprisk as lr
from looprisk import System
from tests.semantics.build import DOLLAR, F, account, market, par, share


def tower() -> System:
    """A fund, a stablecoin on it and a vault that lends against the stablecoin."""
    return System(
        assets=DOLLAR,
        issuers={
            "Fund": {
                "outside": {"book": "$700", "cash": "$300"},
                "owes": {"Bank": {"to": "outside", "amount": "$500"}},
                "issues": {"f": share(500, book_price="$1", market_price="$0.9")},
                "pays": ["debts", "f"],
            },
            "Stable": {
                "owns": {"f": 300},
                "issues": {"usdS": par(250)},
                "pays": ["usdS", "equity"],
            },
            "Vault": {"owns": {"M": 80}, "issues": {"v": share(80)}},
        },
        markets={"M": market("usdS", oracle="nav")},
        positions={"p": account("M", "usdS", 100, 80)},
    )


def test_a_layer_has_three_values():
    clearing = lr.run(tower(), loss={"Fund": "$200"})
    fund = clearing.layer("f")
    assert fund.price.book == 1
    assert fund.price.economic == 0.6
    assert fund.price.market == 0.9
    assert fund.economic_loss_usd == 200
    assert fund.reported_loss_usd == 0
    assert fund.loss_fraction == 0.4
    stable = clearing.layer("usdS")
    assert (stable.claims_usd, stable.economic_usd) == (250, 180)
    assert clearing.layer("v").economic_usd == 72


def test_the_rows_of_the_waterfall_add_up():
    clearing = lr.run(tower(), loss={"Fund": "$1_200"})
    rows = clearing.waterfall_rows
    assert clearing.shock.loss_usd == 1200
    assert sum(row.loss_usd for row in rows) == pytest.approx(1200, abs=1e-9)
    by_kind = {row.kind: row for row in rows}
    assert by_kind["excess"].loss_usd == 200
    assert by_kind["claim"].of_claim is not None
    assert [row.loss_usd for row in rows if row.kind == "claim"] == sorted(
        (row.loss_usd for row in rows if row.kind == "claim"), reverse=True
    )


@pytest.mark.parametrize("layer", ["f", "usdS", "v", "M", "Fund/owes/Bank", "Stable/equity"])
def test_causes_add_up(layer):
    clearing = lr.run(tower(), loss={"Fund": "$650"})
    row = clearing.layer(layer)
    causes = clearing.causes[layer]
    assert len(causes) <= 7
    assert sum(c.amount_usd for c in causes) == pytest.approx(row.economic_loss_usd, abs=1e-9)


def test_break_points_in_dollars_and_fractions():
    rows = {(r.of, r.event): r for r in lr.break_points(tower(), loss={"Fund": "$500"}).rows}
    # 300 shares at p cover 250 until p = 5/6, which a loss of 500/6 brings
    stable = rows[("usdS", "impaired")]
    assert (stable.exact, stable.kind, stable.attained) == ("1/6", "exact", False)
    assert stable.at.value == pytest.approx(500 / 6)
    assert (stable.at.unit, stable.at.path) == ("usd", "Fund")
    # 100 of 250 at par stand for 80: the vault loses once the stablecoin is under 0.8
    vault = rows[("v", "impaired")]
    assert vault.exact == "1/3"
    assert "M" in vault.together_with
    assert rows[("Fund", "insolvent")].exact == "1"
    assert rows[("p", "liquidated")].fraction is None
    fractions = [r.fraction for r in rows.values() if r.fraction is not None]
    assert fractions == sorted(fractions)


def test_what_breaks_is_told_in_rounds():
    clearing = lr.run(tower(), loss={"Fund": "$600"})
    rounds = {(e.of, e.event): e.round for e in clearing.event_rows}
    assert rounds[("Fund", "insolvent")] == 1
    assert rounds[("usdS", "impaired")] >= 1
    assert rounds[("v", "impaired")] >= rounds[("Fund", "insolvent")]
    because = {(e.of, e.event): e.because for e in clearing.event_rows}
    assert "$400 < $500" in because[("Fund", "insolvent")]


def test_what_is_broken_before_the_shock_stands_apart():
    broken = tower().set({"Fund/outside/cash": "$100"})
    clearing = lr.run(broken, loss={"Fund": "$10"})
    before = {(e.of, e.event) for e in clearing.at_start}
    assert ("usdS", "impaired") in before
    assert ("usdS", "impaired") not in {(e.of, e.event) for e in clearing.event_rows}


def test_the_certificate_is_exact():
    certificate = lr.run(tower(), loss={"Fund": "$200"}).certificate
    assert (certificate.residual, certificate.conservation_gap) == (0, 0)
    assert (certificate.exact, certificate.unique, certificate.least_gap_usd) == (True, True, 0)


def test_no_shock_is_no_loss():
    clearing = lr.run(tower())
    assert clearing.shock.loss_usd == 0
    assert {row.loss_usd for row in clearing.waterfall_rows} == {0}
    assert {row.economic_loss_usd for row in clearing.layer_rows} == {0}


def test_the_loss_curve_goes_through_the_answers():
    curves = {c.of: c for c in lr.break_points(tower(), loss={"Fund": "$500"}).curves}
    for size in (50, 150, 400):
        lost = lr.run(tower(), loss={"Fund": size})
        for layer in ("f", "usdS", "v", "Stable/equity"):
            assert on_curve(curves[layer], size / 500) == pytest.approx(
                lost.layer(layer).economic_loss_usd, abs=1e-9
            )


def on_curve(curve, fraction: float) -> float:
    points = list(zip(curve.fractions, curve.loss_usd, strict=True))
    for (a, x), (b, y) in pairwise(points):
        if a <= fraction <= b and a < b:
            return x + (y - x) * (fraction - a) / (b - a)
    raise AssertionError(fraction)


def accounts(**debts: int) -> System:
    return System(
        assets={**DOLLAR, "A": {"price": "$1"}},
        markets={"M": market("A")},
        positions={name: account("M", "A", 100, debt) for name, debt in debts.items()},
    )


def test_events_of_every_stage_are_told():
    stages = [lr.Stage(price={"A": "-10%"}), lr.Stage(price={"A": "0%"})]
    events = {(e.of, e.event): e.round for e in lr.run(accounts(p=80), stages=stages).event_rows}
    assert events == {("p", "liquidated"): 1, ("M", "liquidated"): 1}
    stages = [lr.Stage(price={"A": "-10%"}), lr.Stage(price={"A": "-100%"})]
    two = lr.run(accounts(p=80, far=40), stages=stages).event_rows
    rounds = {(e.of, e.event): e.round for e in two}
    assert rounds[("p", "liquidated")] < rounds[("far", "liquidated")]


def test_a_loan_in_an_asset_is_booked_at_the_price_of_the_day():
    system = System(
        assets={"ETH": {"price": "$100"}},
        issuers={
            "A": {
                "outside": {"cash": "$900"},
                "owes": {"B": "5 ETH"},
                "pays": ["debts", "equity"],
            },
            "B": {"issues": {"b": share(5)}},
        },
    )
    clearing = lr.run(system, price={"ETH": "-50%"})
    loan = clearing.layer("A/owes/B")
    assert (loan.economic_loss_usd, loan.reported_loss_usd) == (250, 250)
    equity = clearing.layer("A/equity")
    assert (equity.economic_loss_usd, equity.reported_loss_usd) == (-250, -250)
    assert clearing.layer("b").reported_loss_usd == 250


def test_those_who_ran_are_paid_and_the_rest_bear_it():
    """Half is cash; 40 of 100 leave at book while a loss of 30 is not yet shown."""
    system = System(
        assets=DOLLAR,
        issuers={
            "V": {
                "outside": {"bad": "$50"},
                "owns": {"USDC": 50},
                "issues": {"v": share(100, book_price="$1")},
            }
        },
    )
    stages = [
        lr.Stage(loss={"V": "$30"}, name="loss"),
        lr.Stage(run={"v": {"wants_out": "40%"}}, name="run"),
    ]
    clearing = lr.run(system, stages=stages)
    row = clearing.layer("v")
    assert row.price.economic == pytest.approx(0.5)  # (70 - 40) / 60
    assert row.economic_loss_usd == pytest.approx(30)
    assert row.reported_loss_usd == pytest.approx(0)
    assert sum(r.loss_usd for r in clearing.waterfall_rows) == pytest.approx(30)


@pytest.mark.parametrize(
    ("shock", "path", "unit", "start", "full"),
    [
        ({"loss": {"Fund": "$93"}}, "Fund", "usd", 0, 93),
        ({"loss": {"Fund": "10%"}}, "Fund", "usd", 0, 100),
        ({"loss": {"Fund/outside/cash": "10%"}}, "Fund/outside/cash", "usd", 0, 30),
        ({"price": {"USDC": "-10%"}}, "USDC", "fraction", 0, 0.1),
        ({"price": {"USDC": "$0.8"}}, "USDC", "price", 1, 0.8),
        ({"depeg": {"f": "$0.5"}}, "f", "price", 0.9, 0.5),
        ({"depeg": {"usdS": "$0.5"}}, "usdS", "price", 1, 0.5),
        ({"default": {"Fund": "40%"}}, "Fund", "fraction", 1, 0.4),
    ],
)
def test_the_axis_of_a_shock(shock, path, unit, start, full):
    found = lr.run(tower(), **shock).shock
    assert (found.path, found.unit) == (path, unit)
    assert (found.start, found.as_written) == pytest.approx((start, full))


def test_two_losses_in_percent_have_axes_of_their_own():
    system = System(
        issuers={
            name: {"outside": {"pile": amount}, "issues": {token: share(10)}}
            for name, token, amount in (("A", "a", "$100"), ("B", "b", "$300"))
        }
    )
    both = lr.run(system, loss={"A": "10%", "B": "10%"}).shock
    assert (both.unit, both.as_written) == ("fraction", 1)
    alone = lr.run(system, loss={"A": "30%", "B": "10%"}).shock
    assert (alone.unit, alone.as_written) == ("usd", 30)


def test_a_price_of_a_half_has_the_same_answer_in_float_and_text():
    first = lr.run(tower(), loss={"Fund": 200.0})
    second = lr.run(tower(), loss={"Fund": "$200"})
    assert first.layer("f").economic_usd == second.layer("f").economic_usd
    assert F(first.layer("f").economic_usd) == 300


def test_a_market_in_which_nothing_is_supplied_loses_nothing():
    system = System(
        assets={"USDC": {"price": "$1"}, "ETH": {"price": "$3_000"}},
        markets={
            "empty": {
                "rules": "morpho-blue",
                "lends": {"USDC": {"cash": 0}},
                "collateral": {"ETH": {"lltv": "86%", "oracle": "market"}},
            }
        },
        issuers={"N": {"owns": {"ETH": 1}, "issues": {"n": {"kind": "share", "supply": 1}}}},
    )
    (layer,) = [row for row in lr.run(system, price={"ETH": "-10%"}).layers if row.id == "empty"]
    assert (layer.claims_usd, layer.loss_fraction) == (0, None)
