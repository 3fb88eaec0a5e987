"""Accounts with several collaterals and debts, markets that absorb, copies behind a bridge."""

from looprisk import System
from tests.semantics.build import DOLLAR, F, at, breaks, share, solved, values


def pool() -> System:
    """One account of an asset and a token that itself holds a quarter of what it borrows from."""
    terms = {"incentive": "5%", "oracle": "market"}
    return System(
        assets={"A": {"price": "$1"}, "U": {"price": "$1"}, "T": {"price": "$1"}},
        issuers={
            "I": {
                "outside": {"book": "$2000"},
                "owns": {"P/U": 3000},
                "issues": {"X": share(5000)},
            }
        },
        markets={
            "P": {
                "rules": "pooled",
                "lends": {"U": {"cash": 4000}, "T": {"cash": 2000}},
                "collateral": {"A": {"lltv": "80%", **terms}, "X": {"lltv": "70%", **terms}},
            }
        },
        positions={
            "p": {
                "market": "P",
                "collateral": {"A": 20_000, "X": 5000},
                "debt": {"U": 8000, "T": 4000},
            }
        },
    )


def test_an_account_of_several_collaterals_and_debts():
    found = solved(pool(), {"price": {"A": "-100%"}})
    broken = breaks(found)
    assert broken[("p", "liquidated")] == F(15, 32)
    assert broken[("p", "bad_debt")] == F(31, 50)
    pieces = [p for segment in found.segments for p in segment.pieces]
    owner = found.end.compiled.index.claim["p/equity"]
    before = next(p for p in pieces if p.lo < F(15, 32) == p.hi)
    after = next(p for p in pieces if p.lo == F(15, 32) < p.hi)
    assert [p.z(F(15, 32))[owner] for p in (before, after)] == [3625, 3025]
    point = at(found, "3/4")
    assert point.token("X") == F(239, 265)
    assert point.claim("P/U") / 12_000 == point.claim("P/T") / 6000 == F(133, 159)


def absorbing() -> System:
    return System(
        assets={**DOLLAR, "A": {"price": "$1"}},
        markets={
            "C": {
                "rules": "absorbing",
                "lends": {"USDC": {"cash": 35, "supplied": 100}},
                "collateral": {
                    "A": {
                        "lltv": "85%",
                        "liquidation_factor": "93%",
                        "storefront": "50%",
                        "oracle": "market",
                    }
                },
            }
        },
        positions={"p": {"market": "C", "collateral": {"A": 100}, "debt": {"USDC": 70}}},
    )


def test_a_market_that_absorbs():
    found = solved(absorbing(), {"price": {"A": "-100%"}})
    assert values(at(found, "1/5"), "p/equity", "p/income", "C/reserves", "C") == [
        F(22, 5),
        F(14, 5),
        5,
        100,
    ]
    point = at(found, "3/10")
    assert values(point, "p/debt", "C/reserves", "C") == [F(1351, 20), F(51, 20), 100]
    assert at(found, "2/5").claim("C") == F(929, 10)
    broken = breaks(found)
    assert broken[("p", "liquidated")] == F(3, 17)
    assert broken[("p", "bad_debt")] == F(53, 193)
    assert broken[("C", "impaired")] == F(63, 193)
    knots = {p.lo for segment in found.segments for p in segment.pieces}
    assert F(23, 93) in knots  # the owner has nothing left


def bridged(borne_by: object) -> System:
    """400 of 1000 tokens are locked behind 500 copies, 100 of which are posted for 90."""
    return System(
        assets=DOLLAR,
        oracles={"still": {"kind": "fixed", "price": "$1"}},
        issuers={
            "I": {
                "outside": {"book": "$1000"},
                "issues": {
                    "T": share(
                        1000,
                        copies={"far": {"supply": 500, "locked": 400}},
                        shortfall_borne_by=borne_by,
                    )
                },
            }
        },
        markets={
            "m": {
                "rules": "isolated",
                "lends": {"USDC": {"cash": 0}},
                "collateral": {"T/far": {"lltv": "91%", "incentive": "5%", "oracle": "still"}},
            }
        },
        positions={"p": {"market": "m", "collateral": {"T/far": 100}, "debt": {"USDC": 90}}},
    )


def test_copies_without_backing_are_borne_by_all():
    start = solved(bridged("all")).start
    assert start.token("T") == F(10, 11)
    assert start.claim("p/debt") == 90


def test_copies_without_backing_are_borne_by_the_copies():
    start = solved(bridged(["far"])).start
    assert start.token("T") == 1
    assert start.token("T/far") == F(4, 5)
    assert start.claim("p/debt") == 80
