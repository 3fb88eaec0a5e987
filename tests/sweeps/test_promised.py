"""Smallest shocks and limits that a scenario promises: judged by every runner alike."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import looprisk as lr
from looprisk.model.case import Case
from looprisk.model.reading import parse_scenario
from looprisk.model.vocabulary import RULES
from looprisk.sweeps import named
from looprisk.sweeps.presets import PRESETS
from tests.sweeps.test_reverse import ring

FUND = """\
looprisk: 1
name: fund
issuers:
  V:
    outside: {a: $60, b: $40}
    owes: {outside: $70}
    issues: {v: {kind: share, supply: 30}}
    pays: [debts, v]
scenarios:
  falls:
    stages: [{loss: {V/outside/a: 100%, V/outside/b: 100%}}]
    expect:
      - {of: V, metric: equity_usd, is: $0}
    reverse:
      - {of: V, event: insolvent, is: 30%}
      - {name: one of them, of: V, event: insolvent, norm: sum, at_most: 50%}
    limits:
      - path: V/outside/a
        keep: {of: V, metric: break_fraction, event: insolvent, at_least: 40%}
        is: $76.666_7
        within: $0.001
      - path: V/owes/outside
        preset: break-8
        between: $60..$100
        at_least: $95
"""


@pytest.fixture
def fund(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fund.yaml").write_text(FUND, encoding="utf-8")
    return tmp_path / "fund.yaml"


def rows_of(fund, **words):
    case = lr.load(fund)["falls"]
    found, problems = parse_scenario({"stages": case.scenario.stages, **words}, case.system, ())
    assert not problems, problems
    return lr.check(replace(case, scenario=found, expect_lines=(), promise_lines=())).rows


def test_promises_come_after_expectations_with_their_lines(fund):
    report = lr.check(lr.load(fund)["falls"])
    assert [row.line for row in report.rows] == [13, 15, 16, 18, 22]
    assert [row.outcome for row in report.rows] == ["ok", "ok", "ok", "ok", "FAIL"]
    # 30 of 100; either alone; 70 of a + 40 twice over... each the closed form
    assert [row.got for row in report.rows[1:4]] == pytest.approx([0.3, 0.5, 230 / 3], rel=1e-5)
    assert "write the bound" not in report.rows[3].because


def test_a_loss_in_dollars_has_no_fall_in_percent(fund):
    """The shares of two piles are shares of the shock: break_at has their unit, and 8 % holds."""
    (row,) = rows_of(
        fund,
        limits=[{"path": "V/owes/outside", "preset": "break-8", "at_least": "$70"}],
    )
    assert row.outcome == "ok"
    assert row.got == pytest.approx(92, rel=1e-5)


def test_what_a_panic_alone_breaks_is_asked_with_solution():
    """Alone A fails at 100 (1 - x) + 150 < 190; feared, at 3,800/11 (1 - x) < 190."""
    system = ring("90%")
    fall = {"A/outside/pile": "100%", "B/outside/pile": "100%"}
    broken = {"of": "A", "event": "insolvent"}
    tree = {
        "stages": [{"loss": fall}],
        "reverse": [{**broken, "is": "60%"}, {**broken, "solution": "least", "is": "45%"}],
    }
    found, _ = parse_scenario(tree, system)
    rows = lr.check(Case(system, found)).rows
    assert [row.outcome for row in rows] == ["ok", "ok"]
    assert "in a panic" in rows[1].asked


@pytest.mark.parametrize(
    ("bound", "outcome"),
    [
        ({"at_least": "29%"}, "ok"),
        ({"at_least": "31%"}, "FAIL"),
        ({"at_most": "31%"}, "ok"),
        ({"is": "31%", "within": "5%"}, "ok"),
        ({"is": "31%", "within": "0.5pp"}, "FAIL"),
    ],
)
def test_a_radius_is_judged_as_numbers_are(fund, bound, outcome):
    (row,) = rows_of(fund, reverse=[{"of": "V", "event": "insolvent", **bound}])
    assert (row.outcome, row.got) == (outcome, pytest.approx(0.3))
    assert row.because.startswith("loss/V/outside/a 30%, loss/V/outside/b 30%")


def test_what_nothing_breaks_is_at_least_anything():
    path = {"of": "V", "event": "insolvent"}
    small = lr.System(issuers={"V": lr.Issuer(outside={"a": 60, "b": 40}, owes={"outside": 30})})
    found, _ = parse_scenario(
        {
            "stages": [{"loss": {"V/outside/a": "100%"}}],
            "reverse": [{**path, "at_least": "100%"}, {**path, "at_most": "100%"}],
        },
        small,
    )
    rows = lr.check(Case(small, found)).rows
    assert [row.outcome for row in rows] == ["ok", "FAIL"]
    assert rows[0].got_text == "never, up to all of each"


def test_each_member_is_judged_by_itself():
    system = lr.System(
        issuers={
            name: lr.Issuer(outside={"p": pile}, owes={"outside": 60}, tags=["fund"])
            for name, pile in (("A", 100), ("B", 120))
        }
    )
    tree = {
        "stages": [{"loss": {"each(fund)": "100%"}}],
        "limits": [
            {
                "path": "A/owes/outside",
                "keep": {"of": "A", "event": "insolvent", "happens": "never"},
                "at_least": "$60",
            }
        ],
    }
    found, problems = parse_scenario(tree, system)
    assert not problems
    rows = lr.check(Case(system, found, name="falls")).rows
    assert [(row.scenario, row.outcome) for row in rows] == [
        ("falls[A]", "FAIL"),
        ("falls[B]", "ok"),
    ]


def test_the_plugin_names_them_too(fund):
    names = [name for name, _ in named(lr.load(fund)["falls"])]
    assert names == [row.name for row in lr.check(lr.load(fund)["falls"]).rows]


def test_the_words_of_rules_are_those_that_exist():
    assert tuple(PRESETS) == RULES


def test_shipped_cases_promise_both():
    scenarios = Path(__file__).parents[2] / "scenarios"
    for name in ("wsteth-loop", "stream-recourse", "stream-own-token"):
        file = lr.load(scenarios / f"{name}.yaml")
        assert any(file[one].scenario.reverse for one in file)
        assert any(file[one].scenario.limits for one in file)
    two = lr.load(scenarios / "stream-recourse.yaml")["smallest"]
    rows = lr.check(two).rows
    weight = 625 + Fraction("52.973065") * 75 / 121
    assert rows[0].got == pytest.approx(float(170 / weight), rel=1e-12)
    assert {row.outcome for row in rows} == {"ok"}
