"""What a run itself costs: with it, without it, and what fear alone could cost."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis.cascading import cascade_of
from looprisk.cascade.fears import clearings, feared, run_steps
from looprisk.cascade.paths import Drawn
from looprisk.cascade.run import run
from looprisk.model.case import Case
from looprisk.model.scenario import Scenario
from looprisk.results import cascade_json, cascade_text, result_schema
from looprisk.results.cells import Screen
from tests.analysis.test_gap import ring
from tests.cascade import examples
from tests.semantics.build import solved


def own_token(*, units=50, debt=40, idle=0, lltv="86%"):
    """Return example 7 of the semantics: an issuer that posts its own token."""
    return System(
        assets={"U": {"price": "$1"}},
        issuers={
            "S": {
                "outside": {"fund": f"${140 - idle}"},
                "owns": {"U": idle},
                "issues": {"T": {"kind": "share", "supply": 100 + units}},
            }
        },
        markets={
            "m": {
                "rules": "isolated",
                "lends": {"U": {"cash": 0}},
                "collateral": {"T": {"lltv": lltv, "incentive": "5%", "oracle": "market"}},
            }
        },
        positions={
            "p": {"market": "m", "owner": "S", "collateral": {"T": units}, "debt": {"U": debt}}
        },
    )


def in_time(steps, *stages):
    return Scenario(time={"step": "1s", "horizon": f"{steps}s"}, stages=list(stages))


def ends(parts, shock):
    """Return every claim in the greatest and the least clearing of the record after a shock."""
    absent = {f"{m}/liquidators": "absent" for m in parts.markets}
    # nobody liquidates until the record: what may still go is then up to the clearing
    done = run(parts.set(absent), in_time(1, {"at": "0s", **shock}))
    back = run(parts, in_time(1))
    plan = back.plan
    record = done.kept[0]
    markets = tuple(
        replace(now, acting=there.acting)
        for now, there in zip(record.state.markets, back.end.state.markets, strict=True)
    )
    record = replace(record, state=replace(record.state, markets=markets))
    found = []
    for end in clearings(plan, back.network, record):
        goods = range(plan.assets, len(plan.goods))
        values = {plan.goods[g]: float((end.values.price * end.state.units)[0, g]) for g in goods}
        values |= {o.id: float(end.values.claims[0, i]) for i, o in enumerate(plan.owed)}
        values |= {
            f"{firm.name}/equity": float(end.values.residual[0, n])
            for n, firm in enumerate(plan.firms)
            if not firm.residual
        }
        found.append(values)
    return found


def test_the_own_token_of_the_semantics_has_two_clearings():
    high, low = ends(own_token(), {"loss": {"S/outside/fund": "$6"}})
    assert (high["T"], low["T"]) == (pytest.approx(141, rel=1e-12), pytest.approx(138, rel=1e-12))
    assert high["m"] == pytest.approx(40, rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_both_ends_are_those_of_the_clearing_where_default_costs(seed):
    parts, shock = ring(seed), {"loss": {"I0": "20%"}}
    _same_ends(parts, shock)


def test_both_ends_are_those_of_the_clearing_where_own_tokens_are_pledged():
    gaps = 0
    for seed in range(40):
        draw = random.Random(seed)
        units = draw.randint(20, 60)
        debt = round(units * draw.uniform(0.65, 0.8))
        # a little less than what takes the token to the threshold of the loan
        loss = 140 - debt - 100 * debt / (0.86 * units) - draw.uniform(-1, 3)
        if loss > 0:
            parts = own_token(units=units, debt=debt)
            gaps += _same_ends(parts, {"loss": {"S": f"${loss:.3f}"}})
    assert gaps >= 10


def _same_ends(parts, shock):
    high, low = ends(parts, shock)
    still = solved(parts, shock)
    several = 0
    for claim in high:
        if claim in still.end.compiled.index.claim:
            most, least = float(still.greatest.claim(claim)), float(still.least.claim(claim))
            assert high[claim] == pytest.approx(most, rel=1e-9, abs=1e-9), claim
            assert low[claim] == pytest.approx(least, rel=1e-9, abs=1e-9), claim
            several += most > least + 1e-9
    return several > 0


@pytest.fixture(scope="module")
def panic():
    """Return a loss that breaks nothing, and a run that makes it break the issuer's own loan."""
    stages = (
        {"at": "1s", "loss": {"S/outside/fund": "$6"}},
        {"at": "2s", "run": {"T": {"wants_out": 20, "order": "first_come"}}},
    )
    case = Case(system=own_token(idle=60), scenario=in_time(6, *stages), name="panic")
    return cascade_of(case)


def test_the_run_costs_what_its_absence_saves(panic):
    (row,) = (row for row in panic.cost_rows if row.id == "T")
    assert row.calm_loss_usd == pytest.approx(9, rel=1e-12)
    assert (row.greatest_usd, row.least_usd) == (pytest.approx(141), pytest.approx(138))
    # 20 leave at the book of 1: at .925 the loan goes, and the incentive with it
    assert row.leavers_loss_usd == pytest.approx(0, abs=1e-12)
    assert row.stayers_loss_usd == pytest.approx(row.loss_usd, rel=1e-12)
    end = panic.layer("T").economic_usd
    assert row.loss_usd == pytest.approx(150 - 20 - end, rel=1e-12)
    assert row.run_loss_usd > 1
    assert row.self_fulfilling_usd == pytest.approx(3, rel=1e-9)


def test_leavers_and_those_who_stay_bear_the_loss_together():
    parts, scenario = examples.run(together=False)
    answer = cascade_of(Case(system=parts, scenario=scenario, name="run"))
    (row,) = (row for row in answer.cost_rows if row.id == "V")
    # a unit is worth 4/5 from the start: 400 leave at 1, 600 stay with 2/3, nothing more is lost
    assert row.leavers_loss_usd == pytest.approx(-80, rel=1e-12)
    assert row.stayers_loss_usd == pytest.approx(600 * (4 / 5 - 2 / 3), rel=1e-12)
    assert row.loss_usd == pytest.approx(0, abs=1e-9)
    assert row.calm_loss_usd == pytest.approx(0, abs=1e-9)
    assert row.self_fulfilling_usd == 0


def test_it_stands_in_the_json_and_on_the_screen(panic):
    document = cascade_json(panic)
    jsonschema.Draft7Validator(result_schema()).validate(document)
    (row,) = (row for row in document["run_costs"] if row["id"] == "T")
    assert row["self_fulfilling_usd"] == pytest.approx(3)
    assert json.loads(json.dumps(document))["run_costs"] == document["run_costs"]
    text = cascade_text(panic, Screen(width=100))
    assert "greatest" in text
    assert "without" in text


def test_a_scenario_whose_runs_never_strike_asks_nothing():
    stages = ({"when": {"of": "m", "event": "bad_debt"}, "run": {"T": {"wants_out": "10%"}}},)
    answer = lr.run(Case(system=own_token(idle=60), scenario=in_time(2, *stages), name="quiet"))
    assert answer.cost_rows == ()


def test_runs_that_strike_in_some_paths_alone_are_means_of_all():
    tree = own_token(idle=60).tree()
    tree["assets"]["X"] = {"price": "$1"}
    tree["issuers"]["S"] = {**tree["issuers"]["S"], "outside": {}, "owns": {"U": "60", "X": "80"}}
    parts = System.from_tree(tree)
    stage = {"when": {"price": "T", "below": "$0.95"}, "run": {"T": {"wants_out": 20}}}
    scenario = in_time(6, stage)
    prices = np.array([np.ones(7), [1.0, *[0.925] * 6]])[:, :, None]

    def costs(rows):
        drawn = Drawn(ids=("X",), written_in=(None,), values=prices[rows])
        done = run(parts, scenario, drawn=drawn, keep=())
        steps = {k for k in run_steps(done).tolist() if k >= 0}
        calm = run(parts, scenario, drawn=drawn, keep=steps, leaving=False)
        return next(row for row in feared(done, calm) if row.claim.id == "T")

    quiet, struck, both = costs([0]), costs([1]), costs([0, 1])
    assert quiet.loss == 0
    assert struck.greatest - struck.least == pytest.approx(3, rel=1e-9)
    for name in ("loss", "leavers", "calm", "greatest", "least"):
        mean = (getattr(quiet, name) + getattr(struck, name)) / 2
        assert getattr(both, name) == pytest.approx(mean, rel=1e-12), name
