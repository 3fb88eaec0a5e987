"""Limits: bracketed on both sides, and equal to the closed form where there is one."""

from fractions import Fraction
from pathlib import Path

import pytest

import looprisk as lr
from looprisk.model.case import Case
from looprisk.sweeps import limit

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.fixture(scope="module")
def slips():
    return lr.load(SCENARIOS / "wsteth-loop.yaml")["ratio-slips"]


def breaks(event="liquidated", **bound):
    return {"of": "me", "metric": "break_at", "event": event, **bound}


def test_the_largest_ltv_of_a_loop_is_the_lltv_less_the_fall(slips):
    found = limit(slips, "me/loop/ltv", breaks(at_least="8%"))
    (safe,) = found.ranges
    assert safe.high.holds == pytest.approx(0.945 * 0.92, rel=1e-6)
    assert safe.low.fails is None
    assert not found.holds_now
    assert found.monotone
    assert found.recommended == "86.94%"


def test_the_least_threshold_is_the_ltv_over_what_is_left(slips):
    found = limit(slips, "wsteth-eth/collateral/wstETH/lltv", breaks(at_least="3%"))
    (safe,) = found.ranges
    assert safe.low.holds == pytest.approx(0.9 / 0.97, abs=1e-6)
    assert safe.high.fails is None
    assert found.recommended == "94.5%"


@pytest.mark.parametrize("path", ["me/loop/ltv", "wsteth-eth/collateral/wstETH/lltv"])
def test_it_holds_at_the_limit_and_fails_just_beyond(slips, path):
    found = limit(slips, path, breaks(at_least="5%"))
    ends = [e for safe in found.ranges for e in (safe.low, safe.high) if e.fails is not None]
    assert ends
    for end in ends:
        assert abs(end.fails - end.holds) <= 1.000_001e-6
        for value, holds in ((end.holds, True), (end.fails, False)):
            system = slips.system.set({path: value})
            rows = lr.break_points(system, stages=slips.scenario.stages)
            at = next(r.at.value for r in rows if (r.of, r.event) == ("me", "liquidated"))
            assert (at >= 0.05 * (1 - 1e-9)) is holds


def bank(cash):
    """100 of loans sound, 50 at risk, and cash; holders have 120."""
    return lr.System(
        issuers={
            "Bank": lr.Issuer(
                outside={"cash": cash, "risky": 50},
                owes={"outside": 60},
                issues={"b": lr.Share(supply=120)},
                pays=["debts", "b"],
            )
        }
    )


def test_the_least_cash_that_keeps_a_creditor_whole():
    case = Case(bank(100), lr.Scenario(stages=[lr.Stage(loss={"Bank/outside/risky": "100%"})]))
    keep = {"of": "Bank", "event": "insolvent", "happens": "never"}
    found = limit(case, "Bank/outside/cash", keep)
    (safe,) = found.ranges
    assert safe.low.holds == pytest.approx(60, rel=1e-6)
    assert (safe.low.text, found.recommended) == ("$60", "$100")


def test_what_is_broken_before_the_shock_is_not_safe():
    """With less than 10 of cash the bank is insolvent from the start, and never becomes so."""
    case = Case(bank(100), lr.Scenario(stages=[lr.Stage(loss={"Bank/outside/risky": "100%"})]))
    keep = {"of": "Bank", "event": "insolvent", "happens": "never"}
    found = limit(case, "Bank/outside/cash", keep, between=("$0", "$9"))
    assert found.ranges == ()


def test_every_stretch_is_listed_where_it_is_not_monotone():
    case = Case(bank(100), lr.Scenario(stages=[lr.Stage(loss={"Bank/outside/risky": "100%"})]))
    keep = {"of": "b", "metric": "economic_price", "at_least": "$0.25", "at_most": "$0.5"}
    found = limit(case, "Bank/outside/cash", keep, between=("$0", "$200"))
    (safe,) = found.ranges
    # what is left is cash less 60, for 120 shares
    assert [safe.low.holds, safe.high.holds] == pytest.approx([90, 120], rel=1e-5)
    assert not found.monotone
    assert "not monotone" in found.note


def test_what_nothing_can_keep_is_said(slips):
    found = limit(slips, "me/loop/ltv", breaks(event="insolvent", at_least="101%"))
    assert found.ranges == ()
    assert found.recommended == ""
    assert "no value from 0% to 100% keeps" in found.headline


@pytest.mark.parametrize(
    ("path", "keep", "between", "message"),
    [
        ("me/loop/lt", breaks(at_least="8%"), None, "did you mean ltv?"),
        ("me/market", breaks(at_least="8%"), None, "here stands none"),
        ("me/loop/ltv", {"of": "me"}, None, "keep: "),
        ("me/loop/ltv", {**breaks(at_least="8%"), "of": "you"}, None, "`you` is nothing"),
        ("me/loop/ltv", breaks(at_least="8%"), ("90%", "80%"), "is not below"),
        ("me/loop/ltv", breaks(at_least="8%"), ("$1", "$2"), "write it as me/loop/ltv is written"),
    ],
)
def test_what_cannot_be_limited_is_refused(slips, path, keep, between, message):
    with pytest.raises(lr.ModelError) as refused:
        limit(slips, path, keep, between=between)
    assert message in str(refused.value)


def test_the_range_searched_has_exact_ends():
    case = Case(bank(100), lr.Scenario(stages=[lr.Stage(loss={"Bank/outside/risky": "100%"})]))
    keep = {"of": "Bank", "event": "insolvent", "happens": "never"}
    found = limit(case, "Bank/outside/cash", keep, between=("$60", "$61"))
    (safe,) = found.ranges
    assert Fraction(safe.low.holds) == 60
    assert found.searched == ("$60", "$61")
    assert found.monotone
