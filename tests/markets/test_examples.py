"""Insured, pooled and absorbing markets with numbers by hand, and two calculators of the field."""

import pytest

from looprisk import System
from looprisk.engine.book import book as books
from tests.semantics.build import F, account, at, breaks, share, solved, values

USD = {"U": {"price": "$1"}}


def insured() -> System:
    """Two markets and a vault over both; the second reads a fixed oracle."""
    terms = {"lltv": "86%", "oracle": "market"}
    fixed = {"lltv": "90%", "incentive": "5%", "oracle": "one"}
    return System(
        assets={**USD, "C": {"price": "$1"}, "D": {"price": "$1"}},
        oracles={"one": {"kind": "fixed", "price": "$1"}},
        markets={
            "M1": {
                "rules": "morpho-blue",
                "lends": {"U": {"cash": 20, "supplied": 100}},
                "collateral": {"C": terms},
                "insurance": "$10",
            },
            "M3": {"rules": "morpho-blue", "lends": {"U": {"cash": 0}}, "collateral": {"D": fixed}},
        },
        positions={
            "a": {"market": "M1", "collateral": {"C": 100}, "debt": {"U": 80}},
            "b": {"market": "M3", "collateral": {"D": 60}, "debt": {"U": 50}},
        },
        issuers={
            "V": {
                "outside": {"safe": "$30"},
                "owns": {"M1": "60%", "M3": "100%", "U": 10},
                "issues": {"V": share(150)},
            }
        },
    )


WHOLE = {"price": {"C": "-100%", "D": "-100%"}}


@pytest.mark.parametrize(
    ("s", "supplies", "vault", "book"),
    [
        ("1/4", [100, F(37, 20), 45], F(145), 150),
        ("2/5", [F(2187, 25), 0, 36], F(16061, 125), F(17811, 125)),
    ],
)
def test_insurance_and_a_fixed_oracle_under_a_vault(s, supplies, vault, book):
    found = solved(insured(), WHOLE)
    point = at(found, s)
    assert values(point, "M1", "M1/insurance", "M3") == supplies
    assert point.claim("V") == vault
    assert books(point).prices["V"] * 150 == book


def test_insurance_and_a_fixed_oracle_break_points():
    found = breaks(solved(insured(), WHOLE))
    assert found[("a", "liquidated")] == F(3, 43)
    assert found[("a", "bad_debt")] == F(79, 479)
    assert found[("M3", "impaired")] == F(1, 6)
    assert found[("M1", "impaired")] == F(129, 479)


def mixed() -> System:
    """An account with an asset and a token that is backed by what the account owes."""
    return System(
        assets={**USD, "T": {"price": "$1"}, "A": {"price": "$1"}},
        issuers={
            "X": {
                "outside": {"cash": "$2000"},
                "owns": {"pool/U": "25%"},
                "issues": {"X": share(5000)},
            }
        },
        markets={
            "pool": {
                "rules": "aave-v3",
                "lends": {
                    "U": {"cash": 4000, "supplied": 12000},
                    "T": {"cash": 2000, "supplied": 6000},
                },
                "collateral": {
                    "A": {"lltv": "80%", "incentive": "5%", "oracle": "market"},
                    "X": {"lltv": "70%", "incentive": "5%", "oracle": "market"},
                },
            }
        },
        positions={
            "acc": {
                "market": "pool",
                "collateral": {"A": 20000, "X": 5000},
                "debt": {"U": 8000, "T": 4000},
            }
        },
    )


def test_a_mixed_account_with_a_token_of_its_own_pool():
    found = solved(mixed(), {"price": {"A": "-100%"}})
    at_break = breaks(found)
    assert at_break[("acc", "liquidated")] == F(15, 32)
    assert at_break[("acc", "bad_debt")] == F(31, 50)
    before, after = at(found, "15/32"), at(found, F(15, 32) + F(1, 10**12))
    assert before.claim("acc/equity") == 3625
    assert abs(after.claim("acc/equity") - 3025) < F(1, 10**6)
    point = at(found, "3/4")
    assert point.token("X") == F(239, 265)
    assert point.token("pool/U") == point.token("pool/T") == F(133, 159)


def absorbing() -> System:
    return System(
        assets={**USD, "C": {"price": "$1"}},
        markets={
            "comet": {
                "rules": "compound-v3",
                "lends": {"U": {"cash": 35, "supplied": 100}},
                "collateral": {
                    "C": {
                        "lltv": "85%",
                        "liquidation_factor": "93%",
                        "storefront": "50%",
                        "oracle": "market",
                    }
                },
            }
        },
        positions={"a": account("comet", "C", 100, 70, lent="U")},
    )


@pytest.mark.parametrize(
    ("s", "claims"),
    [
        ("1/5", [F(22, 5), F(14, 5), 70, 100, 5]),
        ("3/10", [0, 0, F(1351, 20), 100, F(51, 20)]),
        ("2/5", [0, 0, F(579, 10), F(929, 10), 0]),
    ],
)
def test_an_absorbing_market(s, claims):
    point = at(solved(absorbing(), {"price": {"C": "-100%"}}), s)
    assert values(point, "a/equity", "a/income", "a/debt", "comet", "comet/reserves") == claims


def test_an_absorbing_market_breaks():
    found = solved(absorbing(), {"price": {"C": "-100%"}})
    at_break = breaks(found)
    assert at_break[("a", "liquidated")] == F(3, 17)
    assert at_break[("a", "bad_debt")] == F(53, 193)
    assert at_break[("comet", "impaired")] == F(63, 193)
    edge = F(23, 93)
    assert at(found, edge).claim("a/equity") == 0
    assert at(found, edge - F(1, 10**9)).claim("a/equity") > 0
