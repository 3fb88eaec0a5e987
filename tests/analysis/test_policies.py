"""Policies: every form of expectation, and the way a loss took to what is judged."""

from fractions import Fraction

import pytest

from looprisk import System
from looprisk.analysis.check import check
from looprisk.analysis.judging import check_bounds
from looprisk.model.case import Case
from looprisk.model.reading import parse_scenario

# F has 100 of ETH-like book; V lends to F's loan and to a market against f; W holds V.
TREE = {
    "assets": {
        "USDC": {"price": "$1"},
        "A": {"price": "$10", "tags": ["lrt"]},
        "B": {"price": "$10", "tags": ["lrt"]},
    },
    "issuers": {
        "F": {
            "outside": {"fund": "$100"},
            "owes": {"V": "$60"},
            "issues": {"f": {"kind": "share", "supply": 40}},
            "pays": ["debts", "f"],
        },
        "V": {"owns": {"USDC": 20}, "issues": {"v": {"kind": "share", "supply": 80}}},
        "W": {
            "owns": {"v": 40},
            "outside": {"rest": "$60"},
            "issues": {"w": {"kind": "share", "supply": 100}},
        },
    },
    "markets": {
        "ma": {
            "rules": "morpho-blue",
            "lends": {"USDC": {"cash": 0}},
            "collateral": {"A": {"lltv": "86%", "oracle": "market"}},
        },
        "mb": {
            "rules": "morpho-blue",
            "lends": {"USDC": {"cash": 0}},
            "collateral": {"B": {"lltv": "86%", "oracle": "market"}},
        },
    },
    "positions": {
        "a": {"market": "ma", "collateral": {"A": 1}, "debt": {"USDC": 5}},
        "b": {"market": "mb", "collateral": {"B": 1}, "debt": {"USDC": 8}},
    },
}


def system(**changes):
    return System(**{**TREE, **changes})


def judged(stages, *expect, of=None, bounds=False):
    of = of or system()
    scenario, problems = parse_scenario({"stages": stages, "expect": list(expect)}, of)
    assert not problems, problems
    return (check_bounds if bounds else check)(Case(of, scenario, "s")).rows


def test_a_break_point_at_least_passes_by_its_value_and_names_the_way():
    # F owes 60 of 100: it fails when it has lost 40
    ok, fails = judged(
        [{"loss": {"F": "$90"}}],
        {"of": "F", "metric": "break_at", "event": "insolvent", "at_least": "$40"},
        {"of": "F", "metric": "break_at", "event": "insolvent", "at_least": "$41"},
    )
    assert (ok.outcome, ok.got) == ("ok", 40.0)
    assert (fails.outcome, fails.got, fails.flow) == ("FAIL", 40.0, "F/outside/fund −$90.00 → F")


@pytest.mark.parametrize(
    ("loss", "at_least", "outcome"),
    [("$30", "$30", "ok"), ("$30", "$29", "ok"), ("$30", "$31", "FAIL")],
)
def test_a_break_that_never_comes_passes_only_if_the_shock_goes_past_it(loss, at_least, outcome):
    (row,) = judged(
        [{"loss": {"F": loss}}],
        {"of": "F", "metric": "break_at", "event": "insolvent", "at_least": at_least},
    )
    assert row.outcome == outcome
    assert row.because == "the shock ends at $30.00"


@pytest.mark.parametrize("bound", [{"is": "$40"}, {"at_most": "$40"}])
def test_a_break_that_never_comes_fails_what_asks_for_one(bound):
    (row,) = judged(
        [{"loss": {"F": "$30"}}],
        {"of": "F", "metric": "break_at", "event": "insolvent", **bound},
    )
    assert (row.outcome, row.got) == ("FAIL", None)


def test_the_way_of_a_loss_leads_from_the_cause_through_every_claim():
    # 90 of 100 are gone: F pays 10 of 60, V has 30 of 80, W's half of it is 15 of 40
    (row,) = judged([{"loss": {"F": "$90"}}], {"of": "w", "metric": "loss_usd", "is": "$0"})
    assert row.got == 25.0
    assert row.flow == "F/outside/fund −$90.00 → V (loan to F) −$50.00 → v −$25.00 → w"


def test_the_way_is_empty_where_nothing_happened_yet():
    (row,) = judged(
        [{"loss": {"F": "$90"}}],
        {"of": "w", "metric": "claims_usd", "after": "start", "is": "$0"},
    )
    assert (row.outcome, row.flow) == ("FAIL", "")


def test_any_of_a_tag_is_a_run_for_each_and_names_the_member_that_fails():
    # at -20 %: A is worth 8 for a debt of 5; B 8 for 8 is under 86 % and repays 8 less incentive
    rows = judged(
        [{"price": {"each(lrt)": "-20%"}}],
        {"name": "no lender loses", "of": "each(markets)", "metric": "lender_loss_usd", "is": "$0"},
    )
    assert [(row.name, row.outcome) for row in rows] == [
        ("no lender loses [A]", "ok"),
        ("no lender loses [B]", "FAIL"),
    ]
    incentive = min(
        Fraction(15, 100), 1 / (Fraction(3, 10) * Fraction(86, 100) + Fraction(7, 10)) - 1
    )
    assert rows[1].got == pytest.approx(float(8 - 8 / (1 + incentive)), rel=1e-12)
    assert rows[1].because == "mb"
    assert rows[1].flow.endswith("→ mb")


def test_a_run_is_survivable_while_idle_cash_pays_it():
    # V has 20 in cash; a quarter of the 80 asks for just that
    outcomes = [
        judged(
            [{"run": {"v": {"wants_out": part}}}],
            {"of": "v", "event": "gated", "happens": "never"},
        )[0].outcome
        for part in ("25%", "26%")
    ]
    assert outcomes == ["ok", "FAIL"]


def test_look_through_is_the_share_that_passes_an_issuer():
    # w: 40 of 100 in v, of which 60 of 80 is the loan to F
    ok, fails, worst = judged(
        [],
        {"of": "w", "metric": "look_through", "of_issuer": "F", "at_most": "30%"},
        {"of": "w", "metric": "look_through", "of_issuer": "V", "at_most": "30%"},
        {"of": "each(vaults)", "metric": "look_through", "of_issuer": "any", "at_most": "74%"},
    )
    assert (ok.outcome, ok.got, ok.flow) == ("ok", 0.3, "w > v > V > F/owes/V > F")
    assert (fails.outcome, fails.got, fails.because) == ("FAIL", 0.4, "V")
    assert (worst.outcome, worst.got, worst.because) == ("FAIL", 0.75, "V: F")


def test_look_through_needs_no_solve():
    # who is paid first is not known: nothing can be cleared, and the limit is judged all the same
    tree = {**TREE["issuers"], "F": {**TREE["issuers"]["F"], "pays": "unknown"}}
    (row,) = judged(
        [],
        {"of": "w", "metric": "look_through", "of_issuer": "F", "at_most": "30%"},
        of=system(issuers=tree),
    )
    assert row.outcome == "ok"


@pytest.mark.parametrize(("at_most", "outcome"), [("40%", "open"), ("100%", "ok")])
@pytest.mark.parametrize("bounds", [False, True])
def test_look_through_of_what_nobody_knows_is_open_unless_all_of_it_passes(
    at_most, outcome, bounds
):
    tree = {**TREE["issuers"], "W": {**TREE["issuers"]["W"], "outside": {"rest": "unknown"}}}
    (row,) = judged(
        [],
        {"of": "w", "metric": "look_through", "of_issuer": "any", "at_most": at_most},
        of=system(issuers=tree),
        bounds=bounds,
    )
    assert row.outcome == outcome
    assert "W/outside/rest" in row.because


def test_look_through_after_a_stage_is_not_judged():
    (row,) = judged(
        [{"name": "hit", "loss": {"F": "$9"}}],
        {"of": "w", "metric": "look_through", "of_issuer": "F", "at_most": "30%", "after": "hit"},
    )
    assert row.outcome == "n/a"
    assert "before any shock" in row.because
