"""Carry of loops: closed forms in sympy, interest stepped in time, and refusals."""

from fractions import Fraction
from math import exp, log
from random import Random

import pytest

import looprisk as lr
from looprisk.model.case import Case
from looprisk.symbolic import forms

YEAR = 365


def looped(ltv="90%", rate=None, cash="1_000", **more):
    """A loop of 100 stETH, alone in a market with some cash left."""
    lends = {"ETH": {"cash": cash, **({"rate": rate} if rate else {})}}
    return lr.System(
        assets={"ETH": {"price": "$2_000"}, "stETH": {"price": "1 ETH"}},
        markets={
            "m": {
                "rules": "morpho-blue",
                "lends": lends,
                "collateral": {"stETH": {"lltv": "94.5%", "oracle": "market"}},
            }
        },
        positions={"me": {"market": "m", "loop": {"equity": 100, "ltv": ltv}, **more}},
    )


@pytest.mark.parametrize("seed", range(12))
def test_every_number_has_its_closed_form(seed):
    rng = Random(seed)
    ltv, earned, paid = (
        Fraction(rng.randint(*ends), 1000) for ends in ((500, 940), (1, 90), (1, 90))
    )
    base, low, high = (
        Fraction(rng.randint(*ends), 1000) for ends in ((0, 9), (10, 99), (100, 999))
    )
    kink = Fraction(rng.randint(300, 950), 1000)
    curve = {"kind": "kinked", "kink": f"{float(kink):.1%}"} | {
        name: f"{float(100 * r)}%/y"
        for name, r in (("base", base), ("slope_1", low), ("slope_2", high))
    }
    system = looped(f"{float(ltv):.1%}", curve)
    found = lr.carry(system, yields={"stETH": earned}, rates={"ETH": paid})
    at = forms.carry().at(l=ltv, y=earned, r=paid, b=base, k=kink, s1=low, s2=high)
    assert Fraction(found.break_even_exact) == Fraction(str(at["break_even_rate"]))
    rows = {row.at: row for row in found.rows}
    assert rows["as asked"].carry == pytest.approx(float(at["carry"]), abs=1e-12)
    places = [float(at[f"utilisation_{side}_kink"]) for side in ("below", "above")]
    if found.break_even < base:
        assert found.utilisation == 0
    elif found.break_even >= base + low + high:
        assert found.utilisation is None
    else:
        side = places[0] if places[0] <= kink else places[1]
        assert found.utilisation == pytest.approx(side, abs=1e-12)


def test_days_without_a_yield_have_a_closed_form():
    found = lr.carry(looped(), yields={}, rates={"ETH": "8%/y"}, loss="1%")
    at = forms.carry().at(l=0.9, r=0.08, x=0.01)
    (row,) = (row for row in found.rows if row.at == "as asked")
    assert row.days == pytest.approx(float(at["years_to_lose_without_yield"]) * YEAR, rel=1e-12)
    assert row.days == pytest.approx(log(1 + 0.01 * 0.1 / 0.9) / 0.08 * YEAR, rel=1e-12)


def test_equity_is_what_is_lost_on_that_day():
    found = lr.carry(looped(), yields={"stETH": "3%/y"}, rates={"ETH": "9%/y"}, loss="5%")
    (row,) = (row for row in found.rows if row.at == "as asked")
    years = row.days / YEAR
    assert 10 * exp(0.03 * years) - 9 * exp(0.09 * years) == pytest.approx(0.95, abs=1e-12)


def test_stepped_in_time_the_loop_is_where_the_days_say():
    """Interest accrues hour by hour in a cascade, at a rate that no utilisation moves."""
    flat = {"kind": "kinked", "base": "12%/y", "slope_1": "0%/y", "slope_2": "0%/y", "kink": "90%"}
    system = looped("90%", flat)
    found = lr.carry(system, yields={})
    (now,) = (row for row in found.rows if row.at == "now")
    assert (now.rate, now.utilisation) == (pytest.approx(0.12), pytest.approx(900 / 1900))
    hour = int(now.days * 24)
    asked = [
        {"of": "me", "metric": "equity_usd", "at": f"{h}h", "is": "$198k"} for h in (hour, hour + 1)
    ]
    scenario = lr.Scenario(time={"step": "1h", "horizon": "12d"}, expect=asked)
    before, after = (verdict.got for verdict in lr.check(Case(system, scenario, "waits")).rows)
    assert after <= 0.99 * 200_000 < before


def test_an_adaptive_curve_is_read_at_its_target():
    system = looped("90%", {"kind": "adaptive", "base": "4%/y"})
    found = lr.carry(system, yields={"stETH": "7.2%/y"})
    rows = {row.at: row for row in found.rows}
    # 8 % is half as much again as halfway from 4 % at 90 % to 16 % at 100 %
    assert found.break_even == pytest.approx(0.08)
    assert found.utilisation == pytest.approx(0.9 + 0.1 / 3)
    assert (rows["all lent out"].rate, rows["all lent out"].utilisation) == (0.16, 1)


def two_debts():
    book = {"market": "m", "collateral": {"stETH": 100}, "debt": {"ETH": 40, "USDC": 60_000}}
    return lr.System(
        assets={
            "ETH": {"price": "$2_000"},
            "stETH": {"price": "1 ETH"},
            "USDC": {"price": "$1"},
        },
        markets={
            "m": {
                "rules": "aave-v3.3",
                "lends": {"ETH": {"cash": 10}, "USDC": {"cash": 90_000}},
                "collateral": {
                    "stETH": {"ltv": "80%", "lltv": "85%", "incentive": "5%", "oracle": "market"}
                },
            }
        },
        positions={"me": book},
    )


def test_of_several_debts_one_rate_moves():
    ask = {"yields": {"stETH": "3%/y"}, "rates": {"USDC": "5%/y"}}
    found = lr.carry(two_debts(), "me", debt="ETH", **ask)
    assert found.break_even == pytest.approx((200_000 * 0.03 - 60_000 * 0.05) / 80_000)
    with pytest.raises(lr.ModelError, match="what does ETH cost"):
        lr.carry(two_debts(), "me", debt="USDC", **ask)
    with pytest.raises(lr.ModelError, match="name a debt of me"):
        lr.carry(two_debts(), "me", **ask)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"yields": {"wst": "3%/y"}}, "`wst` is no collateral"),
        ({"yields": {"stETH": "3%"}}, "a rate says per what: 3%/y"),
        ({"yields": {"stETH": "1%/y..3%/y"}}, "one rate, not an interval"),
        ({"yields": {}, "rates": {"USDC": "3%/y"}}, "`USDC` is no debt"),
        ({"yields": {}, "loss": "0%"}, "a share of the equity above nothing"),
        ({"of": "you", "yields": {}}, "`you` is no account here"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, message):
    with pytest.raises(lr.ModelError, match=message):
        lr.carry(looped(), **asked)


def test_who_owes_nothing_or_is_gone_has_no_carry():
    idle = looped()
    idle = lr.System(
        assets=idle.assets,
        markets=idle.markets,
        positions={"me": {"market": "m", "collateral": {"stETH": 1}, "debt": {"ETH": 0}}},
    )
    with pytest.raises(lr.ModelError, match="me owes nothing"):
        lr.carry(idle, yields={})
    with pytest.raises(lr.ModelError, match="liquidated at the start"):
        lr.carry(looped("95%"), yields={})


def test_nothing_earns_where_the_other_debts_cost_more():
    ask = {"yields": {"stETH": "1%/y"}, "rates": {"USDC": "9%/y"}}
    found = lr.carry(two_debts(), "me", debt="ETH", **ask)
    assert found.break_even < 0
    assert found.rows == ()
    assert "earns nothing at any borrow rate of ETH" in repr(found)
