"""Accounts in a table answer as the same accounts listed one by one, in exact fractions."""

from copy import deepcopy
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from looprisk.analysis.metrics import Ask, measure
from looprisk.analysis.solve import solve
from looprisk.engine import crowds
from looprisk.engine.book import book
from looprisk.engine.market import market_values
from looprisk.model import Case, Scenario, System
from tests.tables.twins import Row, table_of, twins

TERMS = {"lltv": "80%", "incentive": "5%", "oracle": "market"}
ASSET = {
    "assets": {"C": {"price": "$1"}, "L": {"price": "$1"}},
    "issuers": {"V": {"owns": {"m": "50%"}, "issues": {"v": {"kind": "share", "supply": 10}}}},
    "markets": {
        "m": {"rules": "isolated", "lends": {"L": {"cash": 1}}, "collateral": {"C": TERMS}}
    },
}
# the collateral is a share of a fund that has lent to the market: what lenders lose comes back
LOOP = {
    "assets": {"L": {"price": "$1"}},
    "issuers": {
        "V": {
            "outside": {"x": "$100"},
            "owns": {"m": "50%"},
            "issues": {"C": {"kind": "share", "supply": 100, "book_price": "$1"}},
        }
    },
    "markets": ASSET["markets"],
}
POOL = {
    "assets": {"L": {"price": "$1"}, "K": {"price": "$2"}, "E": {"price": "$3"}},
    "issuers": {
        "V": {
            "outside": {"x": "$100"},
            "owns": {"m/L": "50%", "m/K": "20%"},
            "issues": {"C": {"kind": "share", "supply": 100, "book_price": "$1"}},
        }
    },
    "markets": {
        "m": {
            "rules": "aave-v3.3",
            "lends": {"L": {"cash": 1, "insurance": "$1"}, "K": {"cash": 2}},
            "collateral": {"C": TERMS, "E": {**TERMS, "lltv": "75%", "incentive": "7%"}},
            "e_modes": {
                "x": {"borrows": ["L"], "collateral": {"C": {**TERMS, "lltv": "90%"}}},
            },
        }
    },
}
UNITS = st.sampled_from(["0", "1", "2", "3", "5", "7.5"])
OWED = st.sampled_from(["0", "1", "2", "2.5", "4", "6"])
METRICS = ("bad_debt_usd", "liquidated_usd", "lender_loss_usd", "utilisation", "paid_usd")


@st.composite
def simple_rows(draw):
    pairs = draw(st.lists(st.tuples(UNITS, OWED), min_size=1, max_size=7))
    return [
        Row({"C": units if units + owed != "00" else "1"}, {"L": owed}) for units, owed in pairs
    ]


@st.composite
def pooled_rows(draw):
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        mode = draw(st.sampled_from(["", "", "x"]))
        collateral = {draw(st.sampled_from("CE")): draw(st.sampled_from(["1", "2", "5"]))}
        debt = {"L" if mode else draw(st.sampled_from("LK")): draw(st.sampled_from(["1", "2.5"]))}
        if draw(st.integers(0, 3)) == 0:
            collateral |= {token: "1" for token in "CE" if token not in collateral}
        if draw(st.integers(0, 3)) == 0 and not mode:
            debt |= {token: "0.5" for token in "LK" if token not in debt}
        rows.append(Row(collateral, debt, mode))
    return rows


def same(system, rows, stages):
    """Solve both twins and compare everything that does not name single accounts."""
    table, listed = (solve(case) for case in twins(system, rows, stages))
    for one, other in zip((table.start, *table.ends), (listed.start, *listed.ends), strict=True):
        points_agree(table, listed, one, other)
    points_agree(table, listed, table.least, listed.least)
    assert breaks(table) == breaks(listed, like=table)
    return table


def points_agree(table, listed, one, other):
    others = [claim for claim in one.compiled.index.claim if not claim.startswith("book")]
    assert {c: one.claim(c) for c in others} == {c: other.claim(c) for c in others}
    for kind in ("debt", "equity"):
        assert of_accounts(one, kind) == of_accounts(other, kind)
    for metric in METRICS:
        asks = (Ask(solved=s, point=p, of="m") for s, p in ((table, one), (listed, other)))
        assert len({measure(metric, ask) for ask in asks}) == 1, metric
    assert book(one) == book(other)
    quoted, wanted = market_values(one), market_values(other)
    assert {c: quoted[c] for c in others} == {c: wanted[c] for c in others}


def of_accounts(point, kind):
    claims = [c for c in point.compiled.index.claim if c.startswith("book") and f"/{kind}" in c]
    return sum(Fraction(point.claim(claim)) for claim in claims)


def breaks(solved, like=None):
    """Return where everything breaks; to nine digits where one of the two is found by halving."""
    straight = bool((like or solved).segments)
    found = solved.broken if straight else solved.broken_as_written
    return {
        key: [
            (s.lo, s.hi) if straight else (round(float(s.lo), 9), round(float(s.hi), 9))
            for s in where
        ]
        for key, where in found.items()
        if not key[0].startswith("book")
    }


PRICES = [
    [{"price": {"C": "-40%"}}],
    [{"price": {"C": "-70%"}}],
    [{"price": {"C": "-30%"}}, {"price": {"C": "-60%"}}],
    [{"price": {"L": "40%"}}],
    [{"price": {"C": "-100%"}}],
]
LOSSES = [
    [{"loss": {"V": "$40"}}],
    [{"loss": {"V": "$85"}}],
    [{"loss": {"V": "$30"}}, {"loss": {"V": "$30"}}],
]


@given(simple_rows(), st.sampled_from(PRICES))
@example([Row({"C": "0"}, {"L": "2"}), Row({"C": "3"}, {"L": "2.5"})], PRICES[2])
@settings(max_examples=40)
def test_an_asset_as_collateral(rows, stages):
    same(ASSET, rows, stages)


@given(simple_rows(), st.sampled_from(LOSSES))
@settings(max_examples=40)
def test_a_token_as_collateral_that_the_loss_comes_back_to(rows, stages):
    same(LOOP, rows, stages)


@pytest.fixture
def from_afar(monkeypatch):
    """Show hardly any of a ladder at first, as if there were very many accounts."""
    for name, number in (("WHOLE", 0), ("SPREAD", 2), ("NEAR", 1)):
        monkeypatch.setattr(crowds, name, number)


@pytest.mark.usefixtures("from_afar")
@pytest.mark.parametrize("system", [ASSET, LOOP], ids=["asset", "loop"])
def test_a_ladder_too_long_to_be_shown_whole(system):
    @given(simple_rows(), st.integers(0, 2))
    @settings(max_examples=10)
    def check(rows, number):
        same(system, rows, (LOSSES if system is LOOP else PRICES)[number])

    check()


ORACLES = {
    "fixed": ({"oracle": "f"}, {"f": {"kind": "fixed", "price": "$0.7"}}),
    "fixed at nothing": ({"oracle": "f"}, {"f": {"kind": "fixed", "price": "$0"}}),
    "nav": ({"oracle": "nav"}, {}),
    "capped high": ({"oracle": "c"}, {"c": {"kind": "capped", "base": "market", "cap": "$1"}}),
    "capped low": ({"oracle": "c"}, {"c": {"kind": "capped", "base": "market", "cap": "$0.6"}}),
    "of another": ({"oracle": "o"}, {"o": {"kind": "market", "of": "L"}}),
    "no threshold": ({"lltv": "0%"}, {}),
}
MARKETS = [{}, {"liquidators": "always"}, {"liquidators": "absent"}]


@pytest.mark.parametrize("quoted", [False, True], ids=["own price", "quoted"])
@pytest.mark.parametrize("name", ORACLES)
def test_whatever_the_oracle_reads(name, quoted):
    terms, oracles = ORACLES[name]
    system = deepcopy(LOOP)
    system["oracles"] = oracles
    if quoted:
        system["issuers"]["V"]["issues"]["C"]["market_price"] = "$0.9"
    depegs = [[{"depeg": {"C": "50%"}}], [{"depeg": {"C": "30%"}}, {"loss": {"V": "$50"}}]]

    @given(simple_rows(), st.sampled_from(LOSSES + depegs * quoted), st.sampled_from(MARKETS))
    @settings(max_examples=8)
    def check(rows, stages, market):
        system["markets"] = {
            "m": {**LOOP["markets"]["m"], **market, "collateral": {"C": {**TERMS, **terms}}}
        }
        same(system, rows, stages)

    check()


@given(simple_rows(), st.sampled_from(["-30%", "-60%"]))
@settings(max_examples=10)
def test_an_oracle_that_reads_wrongly(rows, move):
    system = deepcopy(LOOP)
    system["oracles"] = {"f": {"kind": "fixed", "price": "$1"}}
    system["markets"] = {
        "m": {**LOOP["markets"]["m"], "collateral": {"C": {**TERMS, "oracle": "f"}}}
    }
    same(system, rows, [{"misprice": {"f": move}}, {"loss": {"V": "$60"}}])


@given(
    pooled_rows(),
    st.sampled_from(
        [
            *LOSSES,
            [{"price": {"E": "-50%"}}],
            [{"loss": {"V": "$30"}}, {"price": {"E": "-60%"}}],
            [{"price": {"E": "-50%", "K": "20%"}}],
        ]
    ),
)
@settings(max_examples=30)
def test_a_pool_with_e_modes_and_accounts_of_several_legs(rows, stages):
    same(POOL, rows, stages)


def test_what_insurance_covers():
    system = deepcopy(ASSET)
    system["markets"]["m"] = {**ASSET["markets"]["m"], "insurance": "$2", "rules": "isolated"}
    rows = [
        Row({"C": "5"}, {"L": "3.9"}),
        Row({"C": "7"}, {"L": "4"}),
        Row({"C": "1"}, {"L": "0.1"}),
    ]
    table = same(system, rows, [{"price": {"C": "-60%"}}])
    assert measure("bad_debt_usd", Ask(solved=table, point=table.end, of="book")) > 2


def test_two_tables_and_a_listed_account_of_one_market():
    rows = [Row({"C": "5"}, {"L": "3.9"}), Row({"C": "7"}, {"L": "4"})]
    more = [Row({"C": "3"}, {"L": "2"})]
    own = {"market": "m", "collateral": {"C": "2"}, "debt": {"L": "1.5"}}
    whole = {**ASSET, "positions": {"a": table_of(rows), "b": table_of(more), "c": own}}
    case = Case(System(**whole), Scenario(stages=PRICES[1]), "x")
    listed = solve(twins(ASSET, [*rows, *more, Row({"C": "2"}, {"L": "1.5"})], PRICES[1])[1])
    solved = solve(case)
    assert solved.end.claim("v") == listed.end.claim("v")
    for metric in METRICS:
        asks = (Ask(solved=s, point=s.end, of="m") for s in (solved, listed))
        assert len({measure(metric, ask) for ask in asks}) == 1
    parts = (Ask(solved=solved, point=solved.end, of=name) for name in "abc")
    whole_market = measure("bad_debt_usd", Ask(solved=solved, point=solved.end, of="m"))
    assert sum(measure("bad_debt_usd", ask) for ask in parts) == whole_market
