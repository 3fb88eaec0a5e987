"""What is asked of accounts, of markets of several reserves and of legs, by hand."""

import pytest

from looprisk import System
from looprisk.analysis import check
from looprisk.analysis.bearing import waterfall
from looprisk.analysis.flows import flows
from tests.semantics.build import DOLLAR, F, account, case, market, share, solved

FIXED = System(
    assets={**DOLLAR, "EURC": {"price": "$1"}, "C": {"price": "$1"}},
    oracles={"par": {"kind": "fixed", "price": "$1"}},
    issuers={"X": {"outside": {"pile": "$100"}, "issues": {"x": share(100)}}},
    markets={
        "pool": {
            "rules": "aave-v3",
            "lends": {"USDC": {"cash": 0}, "EURC": {"cash": 0}},
            "collateral": {"x": {"lltv": "90%", "incentive": "5%", "oracle": "par"}},
        },
        "spot": market("C", lltv="78%", incentive="25%"),
    },
    positions={
        "p": {"market": "pool", "collateral": {"x": 80}, "debt": {"USDC": 40, "EURC": 20}},
        "q": account("spot", "C", 100, 60),
    },
)
HALF = {"name": "half", "loss": {"X": "50%"}}


def verdict(system, *stages, **expectation):
    (row,) = check(case(system, *stages, expect=[expectation])).rows
    return row


def got(system, *stages, **expectation):
    return verdict(system, *stages, **{"is": "$0", **expectation}).got


@pytest.mark.parametrize("of", ["p", "pool", "pool/USDC"])
def test_lenders_are_impaired_where_no_oracle_sees_it(of):
    """80 units at a price of 1 - s against 60: under water below 3/4; nobody is liquidated."""
    row = verdict(FIXED, HALF, of=of, metric="break_fraction", event="impaired", **{"is": "50%"})
    assert (row.outcome, row.got) == ("ok", 0.5)
    assert verdict(FIXED, HALF, of=of, event="liquidated", happens="never").outcome in {"ok", "n/a"}
    assert verdict(FIXED, HALF, of=of, event="impaired", happens="always").outcome == "ok"
    small = {"loss": {"X": "25%"}}
    assert verdict(FIXED, small, of=of, event="impaired", happens="never").outcome == "ok"


@pytest.mark.parametrize(("of", "recovery"), [("p", 40 / 60), ("pool", 40 / 60), ("q", 1)])
def test_what_the_lenders_of_several_debts_recover(of, recovery):
    ask = {"of": of, "metric": "recovery", "is": "0%"}
    assert got(FIXED, HALF, **ask) == pytest.approx(recovery, abs=1e-15)
    assert got(FIXED, HALF, of=of, metric="claims_usd") == 60


def test_what_liquidators_did_adds_up_over_stages():
    """At 0.7 the 100 units repay 70 / 1.25 = 56 of the 60, and the second stage finds none."""
    crash, more = (
        {"name": "crash", "price": {"C": "-30%"}},
        {"name": "more", "price": {"C": "-35%"}},
    )
    for after in ("crash", "more"):
        asked = {"of": "q", "after": after}
        assert got(FIXED, crash, more, metric="liquidated_usd", **asked) == 56
        assert got(FIXED, crash, more, metric="debt_repaid", **asked, **{"is": "1"}) == 56
        assert got(FIXED, crash, more, metric="collateral_seized", **asked, **{"is": "1"}) == 100
    one = {"of": "spot", "metric": "liquidated_usd"}
    assert got(FIXED, crash, more, **one) == 56


def test_the_price_at_which_a_venue_closes_a_leg():
    """Margin 20 on one unit at 100 and 3 %: 120/1.03 for a short, 80/0.97 for a long."""
    leg = {"venue": "v", "entry": "$100", "margin": {"USDC": 20}}
    system = System(
        assets={**DOLLAR, "E": {"price": "$100"}},
        venues={"v": {"convention": "hyperliquid", "mode": "isolated", "maintenance": "3%"}},
        positions={"s": {**leg, "short": "1 E"}, "l": {**leg, "long": "1 E"}},
    )
    for of, price in (("s", F(12000, 103)), ("l", F(8000, 97))):
        found = got(system, {"price": {"E": "0%"}}, of=of, metric="liquidation_price")
        assert found == pytest.approx(float(price), abs=1e-12)


@pytest.mark.parametrize(
    ("recovery", "leak"),
    [({}, "withheld"), ({"default_recovery": {"outside": "90%", "claims": "90%"}}, "both")],
)
def test_what_a_default_keeps_back_has_its_name(recovery, leak):
    """An issuer of 100 owes 80 and pays 40 % of it, though it could."""
    issuer = {"outside": {"pile": "$100"}, "owes": {"outside": "$80"}, **recovery}
    found = solved(System(issuers={"A": issuer}), {"default": {"A": "40%"}})
    rows = waterfall(found, flows(found.start), flows(found.end))
    (row,) = (row for row in rows if row.kind == "leak")
    assert row.claimant == ("withheld" if leak == "withheld" else "default cost and withheld")
    assert row.loss_usd == -48
