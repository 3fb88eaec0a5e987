"""Loans against collateral: at their own price, at an oracle, against the issuer's own tokens."""

import pytest

import looprisk as lr
from looprisk import System
from tests.semantics.build import (
    DOLLAR,
    F,
    account,
    at,
    breaks,
    least_breaks,
    market,
    share,
    solved,
    values,
)

PHI = F(2000, 1949)  # Morpho's incentive at an LLTV of 0.915


def one_loan() -> System:
    """8.784 units of an asset against 7.784 on Morpho Blue at 91.5 %."""
    return System(
        assets={**DOLLAR, "COLL": {"price": "$1"}},
        markets={"m": market("COLL", lltv="91.5%", incentive=None)},
        positions={"p": account("m", "COLL", "8.784", "7.784")},
    )


def test_a_loan_is_liquidated_and_then_has_bad_debt():
    found = solved(one_loan(), {"price": {"COLL": "-100%"}})
    broken = breaks(found)
    assert broken[("p", "liquidated")] == 1 - F(97300, 100467)
    assert broken[("p", "bad_debt")] == 1 - F(973000, 1070001)
    assert broken[("p", "insolvent")] == 1 - F(7784, 8784)
    assert broken[("m", "liquidated")] == broken[("p", "liquidated")]
    assert broken[("m", "impaired")] == broken[("p", "bad_debt")]


def test_the_only_jump_is_the_liquidators_gain_on_the_owners_side():
    found = solved(one_loan(), {"price": {"COLL": "-100%"}})
    s = 1 - F(97300, 100467)
    pieces = [p for segment in found.segments for p in segment.pieces]
    index = found.end.compiled.index.claim
    before = next(p for p in pieces if p.lo < s == p.hi)
    after = next(p for p in pieces if p.lo == s < p.hi)
    jump = before.z(s) - after.z(s)
    assert jump[index["p/equity"]] == F(49623, 243625) == (PHI - 1) * F(7784, 1000)
    assert jump[index["p/debt"]] == jump[index["m"]] == 0


# price, what the lender gets, what the owner keeps
CASE_C = [
    ("1", F(7784, 1000), F(1)),
    ("0.95", F(7784, 1000), F(8784, 1000) * F(95, 100) - PHI * F(7784, 1000)),
    ("0.9", F(9630009, 1250000), F(0)),
    ("0.85", F(8784, 1000) * F(85, 100) / PHI, F(0)),
    ("0.2302", F(8784, 1000) * F(2302, 10000) / PHI, F(0)),
]
PRINTED = {"0.9": "0.079993", "0.85": "0.507993", "0.2302": "5.813486"}


@pytest.mark.parametrize(("price", "lender", "owner"), CASE_C)
def test_the_loan_at_a_price(price, lender, owner):
    found = solved(one_loan(), {"price": {"COLL": f"${price}"}})
    assert values(found.end, "p/debt", "p/equity") == [lender, owner]
    if price in PRINTED:
        bad_debt = F(7784, 1000) - lender
        assert round(bad_debt, 6) == F(PRINTED[price])
        assert ("p", "bad_debt") in breaks(found)


def test_the_loan_in_words_and_floats():
    rows = lr.break_points(one_loan(), price={"COLL": -1.0}).rows
    exact = {(row.of, row.event): row.exact for row in rows}
    assert exact[("p", "liquidated")] == "3167/100467"
    assert exact[("p", "bad_debt")] == "97001/1070001"
    clearing = lr.run(one_loan(), price={"COLL": "$0.9"})
    assert clearing.layer("m").economic_usd == pytest.approx(7.7040072, abs=1e-12)
    assert {row.kind for row in clearing.waterfall_rows} == {"claim", "leak"}


# leverage of a loop of n rounds, and what follows from it
LOOPS = [
    ("0.8", 5, "3.68928"),
    ("0.9", 10, "6.8618940391"),
    ("0.915", 10, "7.33664983736614"),
    ("0.945", None, "18.18181818181817"),
    ("0.7", None, "3.3333333333333335"),
]


@pytest.mark.parametrize(("ltv", "rounds", "multiple"), LOOPS)
def test_a_loop_breaks_where_its_leverage_says(ltv, rounds, multiple):
    ltv = F(ltv)
    collateral = 1 / (1 - ltv) if rounds is None else (1 - ltv ** (rounds + 1)) / (1 - ltv)
    assert float(collateral) == pytest.approx(float(multiple), rel=1e-9)
    system = System(
        assets={**DOLLAR, "COLL": {"price": "$1"}},
        markets={"m": market("COLL", lltv="96%", incentive="1%")},
        positions={"p": account("m", "COLL", collateral, collateral - 1)},
    )
    broken = breaks(solved(system, {"price": {"COLL": "-100%"}}))
    now = 1 - 1 / collateral
    assert broken[("p", "liquidated")] == 1 - now / F(96, 100)
    assert broken[("p", "insolvent")] == 1 / collateral
    assert broken[("p", "bad_debt")] == max(F(0), 1 - F(101, 100) * now)


@pytest.mark.parametrize("ltv", ["90%", "94%"])
def test_a_loop_is_built_from_its_equity(ltv):
    loop = lr.loop(
        "wstETH", "ETH", equity=100, ltv=ltv, lltv="94.5%", price=1.2, debt_price="$3000"
    )
    found = solved(loop, {"price": {"wstETH": "-100%"}})
    ratio = F(ltv.rstrip("%")) / 100
    assert found.start.claim("loop/equity") == 100 * 3600
    assert breaks(found)[("loop", "liquidated")] == 1 - ratio / F(945, 1000)


def own_tokens(oracle: str = "quiet") -> System:
    """352 of assets, 160 tokens outside, 250 and 75 own tokens posted for 217 and 68."""
    return System(
        assets=DOLLAR,
        oracles={"quiet": {"kind": "fixed", "price": "$1.2"}},
        issuers={"I": {"outside": {"book": "$352"}, "issues": {"X": share(485)}}},
        markets={
            "m1": market("X", lltv="91.5%", oracle=oracle),
            "m2": market("X", lltv="91.5%", oracle=oracle),
        },
        positions={
            "p1": account("m1", "X", 250, 217, owner="I"),
            "p2": account("m2", "X", 75, 68, owner="I"),
        },
    )


def test_own_tokens_as_collateral():
    start = solved(own_tokens()).start
    assert start.token("X") == F(352, 485)
    assert float(start.token("X")) == pytest.approx(0.7257731958762886, rel=1e-15)
    assert values(start, "m1", "m2") == [F(17600, 97), F(5280, 97)]
    assert start.claim("X") * F(160, 485) == F(11264, 97)


def fund_with_a_ring() -> System:
    """The fund owns deUSD, whose issuer lends to it against the fund's own tokens."""
    return System(
        assets=DOLLAR,
        oracles={"quiet": {"kind": "fixed", "price": "$1.2"}},
        issuers={
            "Fund": {
                "outside": {"book": "$370"},
                "owns": {"deUSD": 75},
                "issues": {"xUSD": share(485)},
            },
            "Elixir": {
                "outside": {"other": "$62"},
                "owns": {"m2": 68},
                "issues": {"deUSD": {"kind": "par", "par": "$1", "supply": 130}},
                "pays": ["deUSD", "equity"],
            },
        },
        markets={
            "m1": market("xUSD", lltv="91.5%", oracle="quiet"),
            "m2": market("xUSD", lltv="91.5%", oracle="quiet"),
        },
        positions={
            "usdc": account("m1", "xUSD", 250, 217, owner="Fund"),
            "elixir": account("m2", "xUSD", 75, 68, owner="Fund"),
        },
    )


def test_a_fund_that_borrows_from_whom_it_owns():
    found = solved(fund_with_a_ring(), {"loss": {"Fund": "100%"}})
    broken = {key: float(s * 370) for key, s in breaks(found).items()}
    assert broken[("m2", "impaired")] == pytest.approx(14.933333333333, abs=1e-9)
    assert broken[("deUSD", "impaired")] == broken[("m2", "impaired")]
    assert broken[("m1", "impaired")] == pytest.approx(22.346923, abs=1e-6)
    point = at(found, F(93, 370))
    assert float(point.token("xUSD")) == pytest.approx(0.7081, abs=1e-4)
    assert float(point.token("deUSD")) == pytest.approx(0.8854, abs=1e-4)
    assert float(point.claim("m1") / 217) == pytest.approx(0.8157, abs=1e-4)
    assert float(point.claim("m2") / 68) == pytest.approx(0.7809, abs=1e-4)


def two_vaults(oracle: str) -> System:
    """X holds a third of V, V all of the market M, and M lends 40 against 50 of X."""
    return System(
        assets=DOLLAR,
        issuers={
            "X": {
                "outside": {"book": "$80"},
                "owns": {"V": 20},
                "issues": {"x": share(100, book_price="$1")},
            },
            "V": {"outside": {"cash": "$20"}, "owns": {"M": 40}, "issues": {"V": share(60)}},
        },
        markets={"M": market("x", oracle=oracle)},
        positions={"p": account("M", "x", 50, 40)},
    )


def test_a_posted_nav_hides_the_loss():
    found = solved(two_vaults("nav"), {"loss": {"X": "100%"}})
    assert breaks(found)[("M", "impaired")] == F(1, 4)
    assert ("p", "liquidated") not in breaks(found)
    point = at(found, "1/2")
    assert [point.token("x"), point.claim("M"), point.token("V")] == [F(14, 25), 28, F(4, 5)]
    clearing = lr.run(two_vaults("nav"), loss={"X": "50%"})
    vault = clearing.layer("V")
    assert (vault.price.book, vault.price.economic) == (1, 0.8)
    assert vault.book_usd - vault.economic_usd == 12
    assert vault.reported_loss_usd == 0
    assert [e.of for e in clearing.event_rows if e.event == "liquidated"] == []


def test_a_market_oracle_shows_it():
    found = solved(two_vaults("market"), {"loss": {"X": "100%"}})
    assert breaks(found)[("p", "liquidated")] == F(15, 172)
    assert breaks(found)[("p", "bad_debt")] == F(1, 5)
    point = at(found, "1/2")
    assert [point.token("x"), point.claim("M"), point.token("V")] == [
        F(147, 265),
        F(1400, 53),
        F(41, 53),
    ]


def reflexive() -> System:
    """140 of assets, 100 tokens outside, 50 own tokens posted for 40 at the token's own price."""
    return System(
        assets=DOLLAR,
        issuers={"I": {"outside": {"book": "$140"}, "issues": {"X": share(150)}}},
        markets={"m": market("X")},
        positions={"p": account("m", "X", 50, 40, owner="I")},
    )


def test_a_jump_inside_a_loop_has_two_solutions():
    found = solved(reflexive(), {"loss": {"I": "100%"}})
    assert at(found, "3/70").token("X") == F(47, 50)
    assert at(found, "3/70", "least").token("X") == F(23, 25)
    assert breaks(found)[("p", "liquidated")] == F(15, 301)
    assert least_breaks(found)[("p", "liquidated")] == F(107, 3010)
    assert breaks(found)[("p", "bad_debt")] == F(1, 10)


def test_both_solutions_are_reported():
    rows = {(r.of, r.event): r for r in lr.break_points(reflexive(), loss={"I": "100%"}).rows}
    row = rows[("p", "liquidated")]
    assert row.exact == "15/301"
    assert row.fraction == pytest.approx(15 / 301, abs=1e-15)
    assert row.fraction_least == pytest.approx(107 / 3010, abs=1e-15)
    assert row.loss_after_usd is not None
    between = lr.run(reflexive(), loss={"I": 6})
    assert between.certificate.unique is False
    assert between.certificate.least_gap_usd == pytest.approx(2.0, abs=1e-12)
    assert lr.run(reflexive(), loss={"I": 1}).certificate.unique is True
