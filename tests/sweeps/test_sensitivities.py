"""Derivatives: equal to differences in fractions on both sides, at kinks and away from them."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

import looprisk as lr
from looprisk.analysis.solve import solve
from looprisk.model.case import Case
from looprisk.model.paths import value_at
from looprisk.model.tree import dump
from looprisk.sweeps import sensitivities
from tests.symbolic.test_formula import random_case

SCENARIOS = Path(__file__).parents[2] / "scenarios"
STEP = Fraction(1, 10**9)
FUND = lr.System(issuers={"S": lr.Issuer(outside={"book": 700}, owes={"outside": 530})})


def moved(case, path, factor):
    """Return the case with one number a little larger or smaller."""
    if path == "shock":
        *earlier, stage = case.scenario.stages
        loss = {
            name: replace(value, low=value.number * factor, high=value.number * factor)
            for name, value in stage.loss.items()
        }
        stages = (*earlier, stage.model_copy(update={"loss": loss}))
        return Case(case.system, case.scenario.model_copy(update={"stages": stages}))
    value = value_at(dump(case.system), path)
    other = replace(value, low=value.number * factor, high=value.number * factor)
    return Case(case.system.set({path: other}), case.scenario)


def loss_of(case, claim):
    solved = solve(case)
    return solved.baseline[claim] - solved.end.claim(claim)


def place_of(case, key):
    return solve(case).broken_as_written[key][0].lo


def differences(case, row, answer):
    """Return the difference quotients up and down, in fractions."""
    number = 1 if row.input == "shock" else value_at(dump(case.system), row.input).number
    here = answer(case)
    up = (answer(moved(case, row.input, 1 + STEP)) - here) / (STEP * number)
    down = (here - answer(moved(case, row.input, 1 - STEP))) / (STEP * number)
    return float(up), float(down)


def close(value):
    return pytest.approx(value, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("seed", [1, 4, 5])
def test_losses_of_random_systems_move_as_differences_say(seed):
    rng = Random(seed)
    case = random_case(rng)
    claim = rng.choice(sorted(solve(case).end.compiled.index.claim))
    found = sensitivities(case, claim)
    rows = found.rows
    for row in rng.sample(rows, k=min(8, len(rows))):
        up, down = differences(case, row, lambda other: loss_of(other, claim))
        assert (row.derivative, row.derivative_down) == (close(up), close(down)), row.input


@pytest.mark.parametrize("seed", [1, 4])
def test_break_points_of_random_systems_move_as_differences_say(seed):
    rng = Random(seed)
    case = random_case(rng)
    broken = solve(case).broken_as_written
    key = rng.choice(sorted(k for k, stretches in broken.items() if stretches[0].lo > 0))
    found = sensitivities(case, *key)
    assert found.rows
    rows = found.rows
    for row in rng.sample(rows, k=min(8, len(rows))):
        up, down = differences(case, row, lambda other: place_of(other, key))
        assert (row.derivative, row.derivative_down) == (close(up), close(down)), row.input


def test_the_shock_is_an_input():
    found = sensitivities(FUND, "S", loss={"S": 100})
    assert {r.input: (r.derivative, r.down, r.up) for r in found.rows} == {"shock": (100, -1, 1)}


def test_both_sides_of_a_border():
    """After 170 of loss the equity is nothing: more loss costs it nothing, less saves it."""
    case = Case(FUND, lr.Scenario(stages=[lr.Stage(loss={"S": 170})]))
    found = sensitivities(case, "S")
    assert {r.input: (r.derivative, r.derivative_down) for r in found.rows} == {
        "S/outside/book": (0, 1),
        "S/owes/outside": (-1, 0),
        "shock": (0, 170),
    }
    for row in found.rows:
        sides = differences(case, row, lambda other: loss_of(other, "S/equity"))
        assert sides == (close(row.derivative), close(row.derivative_down))
    assert "on the border of: S covers all it owes" in found.note


def test_a_loop_of_a_file_has_the_derivatives_of_its_closed_form():
    """It is liquidated at 1 - l / lam."""
    case = lr.load(SCENARIOS / "wsteth-loop.yaml")["ratio-slips"]
    rows = {row.input: row for row in sensitivities(case, "me", "liquidated").rows}
    ltv, lltv = rows["me/loop/ltv"], rows["wsteth-eth/collateral/wstETH/lltv"]
    assert ltv.derivative == pytest.approx(-1 / 0.945)
    assert lltv.derivative == pytest.approx(0.9 / 0.945**2)
    assert ltv.elasticity == pytest.approx(-0.9 / 0.045)
    assert ltv.class_ in {"observed", "attested", "declared", "derived", "assumed"}


def test_a_layer_inside_a_loop_of_a_file():
    case = lr.load(SCENARIOS / "stream-own-token.yaml")["loss-93"]
    found = sensitivities(case, "xUSD")
    row = next(r for r in found.rows if r.input == "Stream/outside/fund")
    up, down = differences(case, row, lambda other: loss_of(other, "xUSD"))
    assert (row.derivative, row.derivative_down) == (close(up), close(down))


def in_two(case):
    """The same shock in two stages: what is lost first, and all of it."""
    (stage,) = case.scenario.stages
    part = {
        name: replace(value, low=value.number / 3, high=value.number / 3)
        for name, value in stage.loss.items()
    }
    stages = (stage.model_copy(update={"loss": part}), stage)
    return Case(case.system, case.scenario.model_copy(update={"stages": stages}))


@pytest.mark.parametrize("seed", [1, 4])
def test_losses_after_two_stages_move_as_differences_say(seed):
    rng = Random(seed)
    case = in_two(random_case(rng))
    claim = rng.choice(sorted(solve(case).end.compiled.index.claim))
    rows = sensitivities(case, claim).rows
    for row in rng.sample(rows, k=min(6, len(rows))):
        up, down = differences(case, row, lambda other: loss_of(other, claim))
        assert (row.derivative, row.derivative_down) == (close(up), close(down)), row.input


def liquidated_first(lltv="86%"):
    """An account liquidated at the first stage, what it keeps bad at the second; a vault lends."""
    system = lr.System(
        assets={"USDC": lr.Asset(price=1), "ETH": lr.Asset(price=1000)},
        markets={
            "m": lr.Market(
                rules="aave-v3",
                lends={"USDC": {"cash": 50}},
                collateral={"ETH": {"lltv": lltv, "incentive": "5%", "oracle": "market"}},
            )
        },
        positions={
            "a": {"market": "m", "collateral": {"ETH": 1}, "debt": {"USDC": 800}},
            "b": {"market": "m", "collateral": {"ETH": 2}, "debt": {"USDC": 900}},
        },
        issuers={"V": lr.Issuer(owns={"m": "40%"}, issues={"v": lr.Share(supply=700)})},
    )
    stages = [lr.Stage(price={"ETH": "-12%"}), lr.Stage(price={"ETH": "-70%"})]
    return Case(system, lr.Scenario(stages=stages))


@pytest.mark.parametrize("claim", ["v", "a/equity", "b/equity"])
def test_what_a_liquidation_left_moves_with_its_inputs(claim):
    case = liquidated_first()
    found = sensitivities(case, claim)
    assert found.rows
    for row in found.rows:
        if row.input == "shock":
            continue
        up, down = differences(case, row, lambda other: loss_of(other, claim))
        assert (row.derivative, row.derivative_down) == (close(up), close(down)), row.input


def test_a_break_point_after_another_stage_moves_as_differences_say():
    case = liquidated_first()
    found = sensitivities(case, "b", "bad_debt")
    assert {"b/debt/USDC", "ETH/price"} <= {row.input for row in found.rows}
    for row in found.rows:
        if row.input != "shock":
            up, down = differences(case, row, lambda other: place_of(other, ("b", "bad_debt")))
            assert (row.derivative, row.derivative_down) == (close(up), close(down)), row.input


def test_a_quote_that_starts_from_what_backs_a_token_moves_with_it():
    """Sellers get 90 % of 700 - 530 over 100."""
    fund = lr.System(
        issuers={
            "S": lr.Issuer(
                outside={"book": 700},
                owes={"outside": 530},
                issues={"s": lr.Share(supply=100)},
                pays=["debts", "s"],
            )
        },
        assets={"USDC": lr.Asset(price=1)},
        markets={
            "m": lr.Market(
                rules="aave-v3",
                lends={"USDC": {"cash": 0}},
                collateral={"s": {"lltv": "90%", "incentive": "5%", "oracle": "market"}},
            )
        },
        positions={"p": {"market": "m", "collateral": {"s": 10}, "debt": {"USDC": 12}}},
    )
    case = Case(fund, lr.Scenario(stages=[lr.Stage(depeg={"s": "50%"})]))
    rows = sensitivities(case, "p/equity").rows
    assert rows
    for row in rows:
        if row.input != "shock":
            up, down = differences(case, row, lambda other: loss_of(other, "p/equity"))
            assert (row.derivative, row.derivative_down) == (close(up), close(down)), row.input


def test_what_has_no_derivative_is_refused():
    issues = {"S/issues": {"S": {"kind": "share", "supply": "1"}}, "S/pays": ["debts", "S"]}
    run = [lr.Stage(loss={"S": 1}), lr.Stage(run={"S": {"wants_out": "10%"}})]
    with pytest.raises(lr.NotCarriedError, match="changes what is outstanding"):
        sensitivities(FUND.set(issues), "S", stages=run)
    with pytest.raises(lr.ModelError, match="never within the shock as written"):
        sensitivities(FUND, "S", "insolvent", loss={"S": 100})
    with pytest.raises(lr.ModelError, match="`insolvnt` is nothing that can happen to it"):
        sensitivities(FUND, "S", "insolvnt", loss={"S": 700})


def test_a_stage_that_ends_at_a_threshold_is_no_start():
    """860 of collateral value at half the price are 430: a dollar more of debt is liquidated."""
    first = lr.Stage(price={"ETH": "-50%"})
    edge = liquidated_first().system.set({"a/debt/USDC": "430", "b/debt/USDC": "10"})
    case = Case(edge, lr.Scenario(stages=[first, lr.Stage(price={"ETH": "-60%"})]))
    with pytest.raises(lr.NotCarriedError, match="an earlier stage ends exactly on the border"):
        sensitivities(case, "v")
