"""A scenario with time as its user meets it: a file, an answer, verdicts, JSON, a terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import looprisk as lr
from looprisk.cli import run_line
from looprisk.errors import ModelError
from looprisk.model import Case, Scenario, System
from looprisk.results import cascade_json, result_schema

FILE = Path(__file__).with_name("slide.yaml")


@pytest.fixture(scope="module")
def answer():
    return lr.run(lr.load(FILE)["falls"])


def test_a_file_with_time_runs_as_a_cascade(answer):
    assert isinstance(answer, lr.Cascade)
    assert (answer.status, answer.engine, answer.path_count) == ("simulated", "cascade", 1)
    assert answer.certificate.identity_gap < 1e-12
    assert answer.layer("v").economic_loss_usd == 0
    sold = [row.amount_usd for row in answer.event_rows if row.event == "liquidated"]
    assert sum(sold) == pytest.approx(7614.81546479, rel=1e-11)
    assert [row.step for row in answer.event_rows if row.event == "liquidated"] == [1, 2, 3, 4, 5]


def test_who_bears_it_adds_up(answer):
    end = answer.moments[-4:]
    assert {row.id for row in end} == {"USDC", "X", "v", "m"}
    borne = sum(row.loss_usd for row in answer.waterfall_rows)
    # nothing comes from outside but the collateral: what it lost in price is what is borne
    assert borne == pytest.approx(sum(_falls(answer)), rel=1e-9)


def _falls(answer):
    """Return the fall of the collateral held, sale by sale, by its own account."""
    held, price, fall = 10_000.0, 1.0, 0.0
    after = [0.93, *[0.93 / 1.05, 0.93 / 1.05**2, 0.803750798299487, 0.7836292002883735]]
    left = [7560.49179153, 5120.98358306, 2705.23413113, 1437.56817535, 787.459984149]
    yield held * (price - 0.93)
    price = 0.93
    for now, units in zip([*after[1:], 0.7735062776100475], left, strict=True):
        yield units * (price - now)
        price = now
    assert fall == 0


def test_a_stage_that_never_strikes_is_reported(answer):
    rows = {row.name: row for row in answer.stage_rows}
    assert (rows["leave"].struck_s, rows["leave"].moved) == (180, 1)
    assert (rows["quiet"].struck_s, rows["quiet"].paths) == (None, 0)
    assert any("quiet" in note and "never struck" in note for note in answer.notes)


def test_timelines_stand_at_every_record(answer):
    line = answer.timeline("v")
    assert line["step"] == tuple(range(9))
    assert line["time_s"][-1] == 480
    np.testing.assert_allclose(line["economic"], 1, rtol=1e-12)
    with pytest.raises(ModelError, match="did you mean v"):
        answer.timeline("vv")


def test_the_json_fits_its_schema_and_has_the_log(answer):
    document = json.loads(json.dumps(cascade_json(answer)))
    jsonschema.validate(document, result_schema(), cls=jsonschema.Draft7Validator)
    assert (document["engine"], document["status"]) == ("cascade", "simulated")
    assert document["time"] == {"step_s": 60, "horizon_s": 480, "steps": 8, "paths": 1}
    first = next(e for e in document["events"] if e["event"] == "liquidated")
    assert (first["of"], first["step"], first["phase"]) == ("a", 1, "lending")
    assert first["amount_usd"] == pytest.approx(2160.70727036, rel=1e-9)
    assert set(document["timelines"]["of"]) == {"USDC", "X", "v", "m"}


def test_every_expectation_is_judged():
    report = lr.check(lr.load(FILE)["falls"])
    assert [(row.name, row.outcome) for row in report if row.outcome != "ok"] == []
    assert len(report) == 9


def test_a_wrong_expectation_fails_with_what_was_found():
    case = lr.load(FILE)["falls"]
    expect = [{"of": "a", "event": "bad_debt", "happens": "always"}]
    scenario = lr.Scenario(**{**dict(case.scenario), "expect": expect})
    (row,) = lr.check(replace(case, scenario=scenario, expect_lines=()))
    assert (row.outcome, row.got_text) == ("FAIL", "never")


def test_a_notebook_adds_time_to_a_shock():
    system = lr.load(FILE).system
    answer = lr.run(system, price={"X": -0.07}, time={"step": "1m", "horizon": "8m"})
    assert isinstance(answer, lr.Cascade)
    assert answer.event_rows[0].event == "stage"
    # the move comes with the first stage, so that the rounds begin at once
    sold = [row.amount_usd for row in answer.event_rows if row.event == "liquidated"]
    assert sum(sold) == pytest.approx(7614.81546479, rel=1e-11)


def test_drawn_paths_are_answered_together():
    system = lr.load(FILE).system
    paths = {
        "between": "linear",
        "generate": {"kind": "gbm", "seed": 3, "count": 6, "volatility": {"X": "900%/y"}},
    }
    answer = lr.run(system, time={"step": "1h", "horizon": "24h"}, paths=paths)
    assert answer.path_count == 6
    rows = [row for row in answer.path_rows if row.id == "v"]
    losses = [row.economic_loss_usd for row in rows]
    assert answer.layer("v").economic_loss_usd == pytest.approx(np.mean(losses), rel=1e-12)
    assert len(rows) == 6


def test_the_command_line_shows_it(capsys):
    assert run_line(["run", str(FILE)]) == 0
    shown = capsys.readouterr().out
    assert "simulated · 8 steps of 1.0 min" in shown
    assert "stage quiet (drain) never struck" in shown
    assert run_line(["check", str(FILE)]) == 0
    assert "9 passed" in capsys.readouterr().out


def test_what_leavers_took_is_no_loss_of_a_vault_nor_of_the_market_below_it():
    case = lr.load(FILE.parents[2] / "scenarios" / "hedge-in-time.yaml")["rally-first"]
    answer = lr.run(case)
    for name in ("vault", "lend"):
        row = answer.layer(name)
        # half of the vault left, most of it out of the market's cash; the rest has earned interest
        assert -1 < row.economic_loss_usd < 0
        assert row.loss_fraction == pytest.approx(-0.0004, abs=1e-4)
    assert answer.layer("nUSD").economic_loss_usd == pytest.approx(1200 * 0.4722222222, rel=1e-9)


def test_what_the_first_to_leave_gain_those_who_stay_lose():
    system = lr.System.from_tree(
        {
            "assets": {"USDC": {"price": "$1"}, "C": {"price": "$1"}},
            "oracles": {"two": {"kind": "fixed", "price": "$2"}},
            "issuers": {
                "V": {
                    "owns": {"USDC": "100", "m": "900"},
                    "issues": {"v": {"kind": "share", "supply": "1_000"}},
                }
            },
            "markets": {
                "m": {
                    "rules": "isolated",
                    "lends": {"USDC": {"cash": "300"}},
                    "collateral": {"C": {"lltv": "90%", "incentive": "5%", "oracle": "two"}},
                }
            },
            "positions": {
                "b": {"market": "m", "collateral": {"C": "400"}, "debt": {"USDC": "600"}}
            },
        }
    )
    runs = {"v": {"wants_out": "700", "by": "early"}}
    answer = lr.run(
        system, stages=[lr.Stage(at="1s", run=runs)], time={"step": "1s", "horizon": "2s"}
    )
    (row,) = answer.run_rows
    assert (row.who, row.of, row.paid_usd) == ("early", "v", pytest.approx(400, rel=1e-12))
    assert row.gain_usd == pytest.approx(80, rel=1e-12)
    assert row.waiting_usd == pytest.approx(300, rel=1e-12)
    stayed = 600 * (4 / 5 - answer.layer("v").price.economic)
    assert stayed == pytest.approx(row.gain_usd, rel=1e-12)
    jsonschema.validate(cascade_json(answer), result_schema(), cls=jsonschema.Draft7Validator)


def test_what_a_stage_changes_of_an_oracle_is_no_nothing():
    """The posted price moves; writing the price it has already moves nothing, and is told."""
    posted = System(
        assets={"USD": {"price": "$1"}, "X": {"price": "$1"}},
        oracles={"posted": {"kind": "fixed", "price": "$1"}},
        markets={
            "m": {
                "rules": "morpho-blue",
                "lends": {"USD": {"cash": 10}},
                "collateral": {"X": {"lltv": "86%", "oracle": "posted"}},
            }
        },
        positions={"b": {"market": "m", "collateral": {"X": 10}, "debt": {"USD": 8}}},
    )
    stages = [
        {"at": "1m", "change": {"posted/price": "$1"}},
        {"at": "2m", "change": {"posted/price": "$0.9"}},
    ]
    scenario = Scenario(time={"step": "1m", "horizon": "3m"}, stages=stages)
    answer = lr.run(Case(system=posted, scenario=scenario))
    assert [row.moved for row in answer.stage_rows] == [0, 1]
    assert answer.notes[0] == "stage 1 (change) struck and moved nothing"
    assert "liquidated" in {row.event for row in answer.event_rows}
