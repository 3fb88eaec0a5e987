"""What an expectation may ask of what: wrong kinds and wrong units are never judged as if right."""

import pytest

from looprisk import System
from looprisk.analysis import check as judge
from looprisk.analysis.check import check
from looprisk.model.case import Case
from looprisk.model.reading import parse_scenario

SYSTEM = System(
    assets={
        "USDC": {"price": "$1"},
        "ETH": {"price": "$3_000"},
        "stETH": {"price": "1.1 ETH"},
    },
    issuers={
        "A": {
            "outside": {"fund": "$10"},
            "owes": {"outside": "$2"},
            "issues": {"a": {"kind": "share", "supply": "5"}},
            "pays": ["debts", "a"],
        },
        "V": {
            "owns": {"lend": "100%"},
            "issues": {"v": {"kind": "share", "supply": "5", "market_price": "$1"}},
        },
    },
    markets={
        "lend": {
            "rules": "morpho-blue",
            "lends": {"USDC": {"cash": "10"}},
            "collateral": {"stETH": {"lltv": "86%", "oracle": "market"}},
        }
    },
    positions={"p": {"market": "lend", "collateral": {"stETH": "1"}, "debt": {"USDC": "1_000"}}},
)
LOSS = {"loss": {"A": "$10"}}
FALL = {"price": {"stETH": "-100%"}}
TO_A_LEVEL = {"price": {"stETH": "0.1 ETH"}}


def verdict(stage, **expectation):
    scenario, problems = parse_scenario({"stages": [stage], "expect": [expectation]}, SYSTEM)
    assert not problems
    (row,) = check(Case(SYSTEM, scenario)).rows
    return row


@pytest.mark.parametrize(
    ("of", "event", "because"),
    [
        ("ETH", "liquidated", "liquidated is not an event of ETH"),
        ("p", "depegged", "depegged is not an event of p"),
        ("lend", "depegged", "depegged is not an event of lend"),
        ("v", "hedge_closed", "hedge_closed is not an event of v"),
        ("a", "impaired", "a is what is left of A, which owes others: ask for insolvent of A"),
        ("p", "recognised", "recognised is not an event of p"),
    ],
)
def test_an_event_of_another_kind_of_thing_is_not_judged(of, event, because):
    below = {"below": "$0.9"} if event == "depegged" else {}
    row = verdict(LOSS, of=of, event=event, happens="never", **below)
    assert (row.outcome, row.because) == ("n/a", because)
    row = verdict(LOSS, of=of, metric="break_fraction", event=event, at_least="5%", **below)
    assert (row.outcome, row.because) == ("n/a", because)


@pytest.mark.parametrize(
    ("of", "event"),
    [("V", "insolvent"), ("lend", "bad_debt"), ("p", "liquidated"), ("v", "gated")],
)
def test_an_event_that_could_happen_is_judged(of, event):
    assert verdict(LOSS, of=of, event=event, happens="never").outcome == "ok"


@pytest.mark.parametrize(
    ("stage", "bound", "text"),
    [
        (LOSS, {"at_least": "50%"}, "the shock is in dollars"),
        (LOSS, {"is": "8 ETH"}, "the shock is in dollars"),
        (FALL, {"is": "$50"}, "the shock is in percent"),
        (FALL, {"at_most": "0.4 ETH"}, "the shock is in percent"),
        (TO_A_LEVEL, {"is": "64%"}, "the shock is in prices"),
    ],
)
def test_a_break_point_in_another_unit_fails_and_says_why(stage, bound, text):
    of, event = ("A", "insolvent") if stage is LOSS else ("p", "liquidated")
    row = verdict(stage, of=of, metric="break_at", event=event, **bound)
    assert (row.outcome, row.got_text) == ("FAIL", text)


@pytest.mark.parametrize(
    ("stage", "bound"),
    [
        (FALL, {"is": "64.76%", "within": "0.01pp"}),
        (TO_A_LEVEL, {"is": "$1_162.79", "within": "$0.01"}),
        (TO_A_LEVEL, {"at_least": "0.38 ETH", "at_most": "0.39 ETH"}),
    ],
)
def test_a_break_point_in_the_unit_of_the_shock_is_judged(stage, bound):
    row = verdict(stage, of="p", metric="break_at", event="liquidated", **bound)
    assert row.outcome == "ok", row


def test_a_price_may_be_expected_in_a_token():
    row = verdict(LOSS, of="stETH", metric="book_price", **{"is": "1.1 ETH"})
    assert (row.outcome, row.got) == ("ok", 3300)


@pytest.mark.parametrize("of", ["lend", "lend/USDC"])
def test_a_supply_goes_by_both_of_its_names(of):
    assert verdict(LOSS, of=of, metric="lender_loss_usd", **{"is": "$0"}).outcome == "ok"


def test_a_token_goes_by_its_path_too():
    row = verdict(LOSS, of="A/issues/a", metric="loss_usd", **{"is": "$8"})
    assert row.outcome == "ok"


FUNDS = System(
    issuers={
        "F": {
            "owns": {"t": 30, "u": 10},
            "outside": {"cash": "$60"},
            "issues": {"f": {"kind": "share", "supply": 100}},
        },
        "T": {
            "outside": {"pile": "$40..$80"},
            "issues": {"t": {"kind": "share", "supply": 40, "book_price": "$1"}},
        },
        "U": {
            "outside": {"pile": "$10"},
            "issues": {"u": {"kind": "share", "supply": 10}},
        },
    }
)


@pytest.mark.parametrize(
    ("asked", "outcome", "got", "because"),
    [
        ({"of_issuer": "any", "at_most": "30%"}, "ok", 0.3, "T"),
        ({"at_most": "29%"}, "FAIL", 0.3, "T"),
        ({"of_issuer": "U", "is": "10%"}, "ok", 0.1, "U"),
    ],
)
def test_how_much_passes_an_issuer(asked, outcome, got, because):
    """30 and 10 of a hundred dollars, whatever T has for the dollar it posts; no shock is needed."""
    system = FUNDS.set({"T/outside/pile": "$50"})
    expectation = {"of": "f", "metric": "look_through", **asked}
    scenario, problems = parse_scenario({"expect": [expectation]}, system)
    assert not problems
    (row,) = judge(Case(system, scenario)).rows
    assert (row.outcome, row.got, row.because) == (outcome, got, because)


@pytest.mark.parametrize(("at_most", "outcome"), [("40%", "ok"), ("35%", "open"), ("5%", "FAIL")])
def test_how_much_passes_an_issuer_where_something_is_unknown(at_most, outcome):
    """What T has may all be U's in disguise: 10 to 40 of a hundred dollars pass U."""
    expectation = {"of": "f", "metric": "look_through", "of_issuer": "U", "at_most": at_most}
    scenario, _ = parse_scenario({"expect": [expectation]}, FUNDS)
    (row,) = judge(Case(FUNDS, scenario)).rows
    assert (row.outcome, row.got_text) == (outcome, "10.0% to 40.0%")
    assert row.because == "U; T/outside/pile unknown"


def test_an_answer_that_an_interval_leaves_open_says_so():
    """T keeps nothing or 20 for 40 shares, of which F has 30; F has 70 beside."""
    expectation = {"of": "f", "metric": "economic_price", "at_least": "$0.8"}
    asked = {"stages": [{"loss": {"T": "$60"}}], "expect": [expectation]}
    scenario, _ = parse_scenario(asked, FUNDS)
    (row,) = judge(Case(FUNDS, scenario)).rows
    assert (row.outcome, row.because) == ("open", "T/outside/pile decides")
    assert row.got_text == "$0.7000 to $0.8500"
