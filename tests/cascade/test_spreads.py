"""What lies beyond the mean of the paths, and the cliffs ahead of the start, in an answer."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

import looprisk as lr
from looprisk.cascade.run import run
from looprisk.model.case import Case
from looprisk.model.scenario import Scenario
from looprisk.results import cascade_json, cascade_text, result_schema
from looprisk.results.cells import Screen
from tests.cascade import examples

FILE = Path(__file__).with_name("slide.yaml")
COUNT = 40


CLOCK = {"step": "1h", "horizon": "24h"}
PATHS_OF = {
    "between": "linear",
    "generate": {"kind": "gbm", "seed": 3, "count": COUNT, "volatility": {"X": "900%/y"}},
}


@pytest.fixture(scope="module")
def answer():
    return lr.run(lr.load(FILE).system, time=CLOCK, paths=PATHS_OF)


def test_quantiles_are_losses_of_paths_counted_by_hand(answer):
    losses = sorted(row.economic_loss_usd for row in answer.path_rows if row.id == "v")
    (row,) = (row for row in answer.spread_rows if row.id == "v")
    assert row.median_usd == losses[COUNT // 2 - 1]
    assert row.q95_usd == losses[int(0.95 * COUNT) - 1]
    assert (row.q99_usd, row.worst_usd) == (losses[-1], losses[-1])
    assert row.mean_usd == pytest.approx(sum(losses) / COUNT, rel=1e-12)
    (worst,) = (r for r in answer.path_rows if (r.id, r.path) == ("v", row.worst_path))
    assert worst.economic_loss_usd == row.worst_usd > 0


def test_how_often_and_when_is_counted_in_the_paths_one_by_one(answer):
    case = Case(system=lr.load(FILE).system, scenario=Scenario(time=CLOCK, paths=PATHS_OF))
    done = run(case.system, case.scenario)
    first = {}
    for record in done.records:
        debt = record.state.markets[0].debt[:, 0, 0]
        for path in range(COUNT):
            before = done.start if not record.state.k else done.kept[record.state.k - 1]
            if debt[path] < before.state.markets[0].debt[path, 0, 0] * (1 - 1e-6):
                first.setdefault(path, record.state.k)
    (row,) = (row for row in answer.share_rows if row.event == "liquidated")
    assert row.share == len(first) / COUNT
    assert row.median_s == 3600 * sorted(first.values())[(len(first) - 1) // 2]
    assert 0 < row.share < 1


def test_a_single_path_has_neither():
    one = lr.run(lr.load(FILE)["falls"])
    assert (one.spread_rows, one.share_rows) == ((), ())


def test_cliffs_stand_in_the_answer_before_anything_runs():
    system, scenario = examples.ladder(0.99, eta=0)
    answer = lr.run(Case(system=system, scenario=scenario, name="ladder"))
    deepest = min(answer.cliff_rows, key=lambda row: row.after_usd - row.before_usd)
    # example 4: 12 are gone, from the 13th on the avalanche feeds itself
    assert deepest.external_usd == pytest.approx(0.937886193810, abs=5e-13)
    assert deepest.fall == pytest.approx(1 - 0.937886193810, abs=5e-13)
    assert deepest.after_usd == pytest.approx(0.683319094150, abs=1e-8)
    assert deepest.positions == 13
    document = cascade_json(answer)
    jsonschema.Draft7Validator(result_schema()).validate(document)
    assert len(document["cliffs"]) == len(answer.cliff_rows)
    text = cascade_text(answer, Screen(width=90))
    assert "positions" in text


def test_a_pool_that_refills_only_brackets_its_cliffs():
    """At most as if it forgot nothing, at least as if it forgot every sale at once."""
    system, scenario = examples.ladder(0.99, eta=0)
    exact = lr.run(Case(system=system, scenario=scenario))
    refilling = system.set({"pool/thins": {"with_price": "0x", "refills_in": "1h"}})
    answer = lr.run(Case(system=refilling, scenario=scenario))
    deepest = next(row for row in answer.cliff_rows if row.positions == 13)
    assert deepest.external_usd == pytest.approx(0.937886193810, abs=5e-13)
    assert deepest.surely_usd == pytest.approx(0.98 - 0.012 * 24, rel=1e-12)
    assert deepest.after_usd < deepest.after_most_usd
    assert {row.surely_usd == row.external_usd for row in exact.cliff_rows} == {True}
    assert "surely" in cascade_text(answer, Screen(width=100))
    assert "surely" not in cascade_text(exact, Screen(width=100))


def test_cliffs_of_depth_that_follows_volatility_are_refused_by_name():
    system, scenario = examples.ladder(0.99, eta=0)
    thins = {"with_volatility": "1x", "calm": "50%/y", "window": "1h"}
    answer = lr.run(Case(system=system.set({"pool/thins": thins}), scenario=scenario))
    assert answer.cliff_rows == ()
    assert any("cliffs of pool are not stated ahead" in note for note in answer.notes)
    assert cascade_json(answer)["unforeseen"] == ["pool"]


def test_the_spread_stands_in_the_json_and_on_the_screen(answer):
    document = cascade_json(answer)
    jsonschema.Draft7Validator(result_schema()).validate(document)
    assert {row["id"] for row in document["spread"]} >= {"v", "m"}
    assert document["event_shares"][0]["share"] == answer.share_rows[0].share
    assert "worst" in cascade_text(answer, Screen(width=100))
