"""Break points in time: brackets against the exact ones of the clearing, and against thresholds."""

from __future__ import annotations

from pathlib import Path

import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis.timing import judge_in_time
from looprisk.cli import run_line
from looprisk.errors import ModelError
from looprisk.model.case import Case
from looprisk.model.scenario import Scenario
from tests.cascade import examples
from tests.cascade.test_theorem import WHOLE, system

SHARED = {"liquidated", "bad_debt", "impaired", "insolvent"}


def case_in_time(parts, shock, **more):
    stages = [{"at": "1s", **shock}]
    scenario = Scenario(time={"step": "1s", "horizon": "3s"}, stages=stages, **more)
    return Case(system=parts, scenario=scenario, name="in-time")


def test_where_the_theorem_holds_they_are_those_of_the_clearing():
    """Constant readings, no depth: the first break of each thing, to the width of the bracket."""
    met = 0
    for seed in range(8):
        parts, shock = system(seed, WHOLE)
        still = {(r.of, r.event): r.fraction for r in lr.break_points(parts, **shock)}
        timed = {(r.of, r.event): r for r in lr.break_points(case_in_time(parts, shock))}
        for key in still.keys() & timed.keys():
            exact, row = still[key], timed[key]
            if key[1] not in SHARED or (exact is not None and exact > 1):
                continue
            if exact == 0 or exact is None:
                continue  # what is broken at the start is no event in time
            assert row.kind == "bracket"
            # a claim in time counts as whole to a billionth of it
            assert row.fraction == pytest.approx(exact, abs=1e-7), (seed, key)
            met += exact is not None
    assert met > 25


def loan(path):
    parts = System(
        assets={"USD": {"price": "$1"}, "X": {"price": "$1"}},
        markets={
            "m": {
                "rules": "isolated",
                "lends": {"USD": {"cash": 0}},
                "collateral": {"X": {"lltv": "86%", "incentive": "5%", "oracle": "market"}},
            }
        },
        positions={"b": {"market": "m", "collateral": {"X": 1_000}, "debt": {"USD": 800}}},
    )
    paths = {"between": "linear", "points": {"X": path}}
    return Case(system=parts, scenario=Scenario(time={"step": "1s", "horizon": "4s"}, paths=paths))


def test_without_a_stage_the_paths_of_prices_are_scaled():
    points = lr.break_points(loan({"0s": "$1", "2s": "$0.6", "4s": "$1"}))
    rows = {(row.of, row.event): row for row in points}
    # 860 P < 800 below P = 40/43: a fall of 3/43 of the 40 % that the path falls
    gone = rows["b", "liquidated"]
    assert gone.fraction == pytest.approx(3 / 43 / 0.4, abs=1.1e-9)
    # and 1,000 P / 1.05 < 800 below P = .84: it goes after one second, half way down
    assert rows["b", "bad_debt"].fraction == pytest.approx(0.16 / 0.2, abs=1.1e-9)
    assert rows["m", "liquidated"].fraction == gone.fraction
    assert gone.together_with == ("m",)
    assert gone.intervals[0][1] == 1.0
    (curve,) = (curve for curve in points.curves if curve.of == "m")
    at = dict(zip(curve.fractions, curve.loss_usd, strict=True))
    assert at[1.0] == pytest.approx(800 - 800 / 1.05, rel=1e-9)
    assert at[0.0] == 0


def test_what_holds_in_the_middle_alone_is_a_stretch_of_its_own():
    """A cap between two levels: the account is reached by a middling price, and by no other."""
    parts, scenario = examples.ladder(0.99, eta=0)
    stages = [{"at": "0s", "price": {"X": "-10%"}}]
    scenario = Scenario(time={"step": "1s", "horizon": "40s"}, stages=stages)
    points = lr.break_points(Case(system=parts, scenario=scenario))
    # example 4: the twelfth is reached by a fall, the thirteenth goes with those after it
    at = sorted({row.fraction for row in points if row.event == "hedge_closed" and row.fraction})
    assert any(f == pytest.approx((1 - 0.937886193810) / 0.1, abs=1.1e-8) for f in at)


def test_expectations_ask_for_them():
    base = loan({"0s": "$1", "2s": "$0.6", "4s": "$1"})
    wanted = [
        {
            "of": "b",
            "metric": "break_fraction",
            "event": "liquidated",
            "is": "17.4419%",
            "within": "0.0001pp",
        },
        {"of": "b", "metric": "break_at", "event": "liquidated", "at_least": "20%"},
        {"of": "m", "metric": "break_fraction", "event": "insolvent", "at_least": "100%"},
    ]
    scenario = Scenario(
        time={"step": "1s", "horizon": "4s"}, paths=base.scenario.paths, expect=wanted
    )
    verdicts = judge_in_time(Case(system=base.system, scenario=scenario, name="x"))
    assert [v.outcome for v in verdicts] == ["ok", "FAIL", "ok"]
    assert verdicts[0].got == pytest.approx(3 / 43 / 0.4, abs=1.1e-9)


def test_every_kind_of_size_is_scaled():
    """Half of each shock, written, is what half of the whole does."""
    whole = {
        "price": {"X": "-20%"},
        "loss": {"S/outside/book": "$400"},
        "run": {"v": {"wants_out": "40%"}},
        "drain": {},
    }
    del whole["drain"]
    half = {
        "price": {"X": "-10%"},
        "loss": {"S/outside/book": "$200"},
        "run": {"v": {"wants_out": "20%"}},
    }
    parts, _ = system(3, WHOLE)
    found = lr.break_points(case_in_time(parts, whole))
    done = lr.run(case_in_time(parts, half))
    curves = {c.of: dict(zip(c.fractions, c.loss_usd, strict=True)) for c in found.curves}
    for row in done.layer_rows:
        assert curves[row.id][0.5] == pytest.approx(row.economic_loss_usd, rel=1e-12, abs=1e-9)


def test_no_shock_is_told_and_the_command_line_shows_brackets(capsys):
    parts, _ = system(3, WHOLE)
    bare = Case(system=parts, scenario=Scenario(time={"step": "1s", "horizon": "3s"}))
    with pytest.raises(ModelError, match="nothing to scale"):
        lr.break_points(bare)
    file = Path(__file__).with_name("slide.yaml")
    assert run_line(["break", str(file)]) == 0
    assert "bracketed" in capsys.readouterr().out


HEDGELESS = System(
    assets={"USDC": {"price": "$1"}, "ETH": {"price": "$100"}},
    issuers={"I": {"owns": {"ETH": 10}, "issues": {"T": {"kind": "share", "supply": 1_000}}}},
)


def below(level, **asked):
    return {"of": "I/issues/T", "event": "depegged", "below": level, **asked}


@pytest.mark.parametrize("by_paths", [True, False])
def test_how_far_a_shock_goes_before_a_price_is_below_a_level(by_paths):
    """T is worth a hundredth of ETH, which falls by half: below $0.80 beyond 40 % of that."""
    points = {"0m": "$100", "3m": "$50", "6m": "$90"}
    shock = (
        {"paths": {"between": "linear", "points": {"ETH": points}}}
        if by_paths
        else {"stages": [{"at": "3m", "price": {"ETH": "-50%"}}]}
    )
    fraction = {"metric": "break_fraction", "within": "0.0000001pp"}
    wanted = [
        below("$0.80", **fraction, **{"is": "40%"}),
        below("0.7 USDC", **fraction, **{"is": "60%"}),
        below("$0.50", metric="break_fraction", at_least="100%"),
        below("$0.80", happens="always"),
        below("$0.50", happens="never"),
        below("$0.80", metric="time_of", **{"is": "2m" if by_paths else "3m"}),
    ]
    scenario = Scenario(time={"step": "1m", "horizon": "6m"}, expect=wanted, **shock)
    verdicts = judge_in_time(Case(system=HEDGELESS, scenario=scenario, name="x"))
    assert [v.outcome for v in verdicts] == ["ok"] * 6
    assert verdicts[0].got == pytest.approx(0.4, abs=1.1e-9)
    assert verdicts[2].got is None


def test_a_level_is_asked_of_what_has_a_price():
    asked = {**below("$0.80", happens="never"), "of": "I"}
    scenario = Scenario(time={"step": "1m", "horizon": "1m"}, expect=[asked])
    with pytest.raises(ModelError, match="`I` has no price"):
        judge_in_time(Case(system=HEDGELESS, scenario=scenario, name="x"))
