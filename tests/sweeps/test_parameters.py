"""Each parameter that a limit is asked of: safe at the value, broken at the next digit.

Judged by ``check`` of a system with that value written into it, and against a closed form.
"""

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import looprisk as lr
from looprisk.model.case import Case
from looprisk.model.reading import parse_scenario

SLIDE = Path(__file__).parents[1] / "cascade" / "slide.yaml"
FALL = [lr.Stage(price={"wstETH": "-100%"})]
LIQUIDATED = {"of": "loop", "metric": "break_at", "event": "liquidated", "at_least": "5%"}


def loop(**how):
    return Case(lr.loop("wstETH", "ETH", equity=100, lltv=0.945, **how), lr.Scenario(stages=FALL))


def levered():
    tree = lr.loop("wstETH", "ETH", equity=100, ltv=0.9, lltv=0.945).tree()
    tree["positions"]["loop"]["loop"] = {"equity": "100", "leverage": "10x"}
    return Case(lr.System.from_tree(tree), lr.Scenario(stages=FALL))


def vault():
    """A market that loses a fifth of what it lent, a vault in it, and insurance before both."""
    system = lr.System(
        assets={"USDC": lr.Asset(price=1), "ETH": lr.Asset(price=1000)},
        markets={
            "m": lr.Market(
                rules="aave-v3",
                lends={"USDC": {"cash": 100, "insurance": 30}},
                collateral={"ETH": {"lltv": "90%", "incentive": "5%", "oracle": "market"}},
            )
        },
        positions={"p": {"market": "m", "collateral": {"ETH": 1}, "debt": {"USDC": 900}}},
        issuers={
            "V": lr.Issuer(
                owns={"m": "10%"}, outside={"t-bills": 100}, issues={"v": lr.Share(supply=200)}
            )
        },
    )
    return Case(system, lr.Scenario(stages=[lr.Stage(price={"ETH": "-30%"})]))


def hedged():
    system = lr.System(
        assets={"USDC": lr.Asset(price=1), "ETH": lr.Asset(price=4000)},
        venues={"hl": {"convention": "hyperliquid", "mode": "isolated", "maintenance": "2%"}},
        issuers={"N": lr.Issuer(owns={"ETH": 10}, issues={"n": lr.Share(supply=100)})},
        positions={
            "short": {
                "venue": "hl",
                "owner": "N",
                "short": "10 ETH",
                "entry": "$4_000",
                "margin": {"USDC": 8_000},
            }
        },
    )
    return Case(system, lr.Scenario(stages=[lr.Stage(price={"ETH": "+15%"})]))


SHORTFALL = 900 - 700 / 1.05
"""What the market does not get back of its 900: the collateral is worth 700, the bonus is 5 %."""
CASES = {
    "lltv": (loop(ltv=0.85), "wstETH-ETH/collateral/wstETH/lltv", LIQUIDATED, 0.85 / 0.95),
    "ltv": (loop(ltv=0.9), "loop/loop/ltv", LIQUIDATED, 0.945 * 0.95),
    "leverage": (levered(), "loop/loop/leverage", LIQUIDATED, 1 / (1 - 0.945 * 0.95)),
    "allocation": (
        vault(),
        "V/owns/m",
        {"of": "v", "metric": "loss_usd", "at_most": "$10"},
        10 / (SHORTFALL - 30),
    ),
    "first-loss buffer": (
        vault(),
        "m/lends/USDC/insurance",
        {"of": "m", "metric": "lender_loss_usd", "is": "$0"},
        SHORTFALL,
    ),
    "hedge margin": (
        hedged(),
        "short/margin/USDC",
        {"of": "short", "event": "hedge_closed", "happens": "never"},
        # margin = units x (mark x 1.02 - entry)
        10 * (4600 * 1.02 - 4000),
    ),
}


def judged(case, path, value, keep):
    """The verdict of ``check`` on a system into which the value is written."""
    tree = {"stages": case.scenario.stages, "expect": [keep]}
    if case.scenario.time is not None:
        tree |= {"time": case.scenario.time, "paths": case.scenario.paths}
    scenario, problems = parse_scenario(tree, case.system)
    assert not problems
    system = case.system.set({path: value})
    (row,) = lr.check(replace(case, system=system, scenario=scenario, expect_lines=())).rows
    return row.outcome == "ok"


@pytest.mark.parametrize("name", CASES)
def test_it_holds_at_the_limit_and_not_at_the_next_digit(name):
    case, path, keep, closed_form = CASES[name]
    found = lr.limit(case, path, keep)
    (end,) = [e for safe in found.ranges for e in (safe.low, safe.high) if e.fails is not None]
    assert end.holds == pytest.approx(closed_form, rel=2e-5)
    assert judged(case, path, end.text, keep)
    assert not judged(case, path, beyond(end, case, path), keep)


def beyond(end, case, path):
    """The next digit, typed as the value is."""
    number = Fraction(repr(end.fails))
    text = format(float(number * 100), ".10g") if end.text.endswith("%") else repr(end.fails)
    if end.text.endswith("%"):
        return f"{text}%"
    return f"${text}" if end.text.startswith("$") else text + ("x" if end.text[-1] == "x" else "")


def test_depth_so_that_no_debt_goes_bad_is_found_in_time():
    """7,614.8 dollars are repaid from 9,212.5 units at 93 cents and less: (1 - exp(-u))/u of it."""
    case = lr.load(SLIDE)["falls"]
    keep = {"of": "a", "metric": "liquidated_usd", "at_least": "$7_600"}
    found = lr.limit(case, "p/curve/depth", keep, between=("$10_000", "$90_000"))
    assert found.simulated
    assert "simulated" in found.parameter.proof
    ends = [e for safe in found.ranges for e in (safe.low, safe.high) if e.fails is not None]
    assert ends
    for end in ends:
        assert judged(case, "p/curve/depth", end.text, keep)
        assert not judged(case, "p/curve/depth", beyond(end, case, "p/curve/depth"), keep)
        assert math.isclose(end.holds, end.fails, rel_tol=1e-4)
