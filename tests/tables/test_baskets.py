"""Tables of accounts with several collaterals and debts answer as the accounts listed one by one.

The table is looked at as a whole, in floats; the accounts listed are solved in exact fractions.
"""

from copy import deepcopy
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looprisk.analysis.clearing import proven
from looprisk.analysis.metrics import Ask, measure
from looprisk.analysis.solve import solve
from looprisk.engine import tables
from looprisk.engine.book import book
from looprisk.engine.market import market_values
from tests.tables.test_twins import (
    ASSET,
    LOOP,
    LOSSES,
    MARKETS,
    ORACLES,
    POOL,
    PRICES,
    TERMS,
    pooled_rows,
    simple_rows,
)
from tests.tables.twins import Row, twins

METRICS = ("bad_debt_usd", "liquidated_usd", "lender_loss_usd", "utilisation", "paid_usd")
NEAR = 1e-9


@pytest.fixture(autouse=True)
def all_together(monkeypatch):
    """Look at every table as a whole, however few of its accounts have several legs."""
    monkeypatch.setattr(tables, "MOST_APART", -1)
    tables._grouped.cache_clear()
    yield
    tables._grouped.cache_clear()


def near(one, other):
    return abs(float(one) - float(other)) <= NEAR * max(1.0, abs(float(other)))


def same(system, rows, stages):
    """Solve both and compare everything that does not name single accounts."""
    table, listed = (solve(case) for case in twins(system, rows, stages))
    assert table.catalogue.baskets
    for one, other in zip((table.start, *table.ends), (listed.start, *listed.ends), strict=True):
        points_agree(table, listed, one, other)
    points_agree(table, listed, table.least, listed.least)
    return table, listed


def points_agree(table, listed, one, other):
    proven(one)
    for claim in one.compiled.index.claim:
        if not claim.startswith("book"):
            assert near(one.claim(claim), other.claim(claim)), claim
    for kind in ("debt", "equity"):
        assert near(of_accounts(one, kind), of_accounts(other, kind)), kind
    for metric in METRICS:
        asks = [Ask(solved=s, point=p, of="m") for s, p in ((table, one), (listed, other))]
        mine, theirs = (measure(metric, ask) for ask in asks)
        assert (mine is None) == (theirs is None), metric
        assert mine is None or near(mine, theirs), metric
    mine, theirs = book(one), book(other)
    for kind in ("prices", "supplies", "assets"):
        pairs = (getattr(mine, kind), getattr(theirs, kind))
        assert all(near(pairs[0][name], pairs[1][name]) for name in pairs[1])
    quoted, wanted = market_values(one), market_values(other)
    assert all(near(quoted[c], wanted[c]) for c in wanted if not c.startswith("book")), wanted


def of_accounts(point, kind):
    claims = [c for c in point.compiled.index.claim if c.startswith("book") and f"/{kind}" in c]
    return sum(Fraction(point.claim(claim)) for claim in claims)


STAGES = [
    [{"loss": {"V": "$99"}}],
    [{"loss": {"V": "$40"}}],
    [{"loss": {"V": "$85"}}],
    [{"price": {"E": "-50%"}}],
    [{"loss": {"V": "$30"}}, {"price": {"E": "-60%"}}],
    [{"price": {"E": "-50%", "K": "20%"}}],
]


@given(pooled_rows(), st.sampled_from(STAGES))
@settings(max_examples=12, deadline=None)
def test_a_pool_whose_collateral_falls_with_what_its_lenders_lose(rows, stages):
    same(POOL, rows, stages)


ATOKENS = deepcopy(POOL)
ATOKENS["markets"]["m"] = {
    **POOL["markets"]["m"],
    "rules": "aave-v3",
    "collateral": {
        "m/L": {**TERMS, "oracle": "market"},
        "m/K": {**TERMS, "lltv": "70%", "incentive": "6%"},
        "C": TERMS,
        "E": {**TERMS, "lltv": "75%", "incentive": "7%"},
    },
}


@st.composite
def rows_of_claims(draw):
    """Accounts that pledge what they supplied to the pool that they borrow from."""
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        mode = draw(st.sampled_from(["", "", "x"]))
        things = draw(st.lists(st.sampled_from(["m/L", "m/K", "C", "E"]), min_size=1, unique=True))
        collateral = {thing: draw(st.sampled_from(["0.5", "1", "2", "3"])) for thing in things}
        tokens = ["L"] if mode else draw(st.lists(st.sampled_from("LK"), min_size=1, unique=True))
        debt = {token: draw(st.sampled_from(["0.5", "1", "2.5"])) for token in tokens}
        rows.append(Row(collateral, debt, mode))
    return rows


@given(rows_of_claims(), st.sampled_from(STAGES))
@settings(max_examples=12, deadline=None)
def test_accounts_that_pledge_what_they_lent(rows, stages):
    system = deepcopy(ATOKENS)
    owed = {t: sum(Fraction(r.debt.get(t, 0)) for r in rows) for t in "LK"}
    posted = {t: sum(Fraction(r.collateral.get(f"m/{t}", 0)) for r in rows) for t in "LK"}
    for token, share in (("L", 2), ("K", Fraction(5, 4))):
        # what the fund has and what is pledged is not more than what was supplied
        need = max(posted[token] * share - owed[token], Fraction(1))
        system["markets"]["m"]["lends"][token]["cash"] = need
    same(system, rows, stages)


@pytest.mark.parametrize("quoted", [False, True], ids=["own price", "quoted"])
@pytest.mark.parametrize("name", ORACLES)
def test_whatever_the_oracle_reads(name, quoted):
    """Fixed, capped, computed and wrong readings, liquidators that always or never act."""
    terms, oracles = ORACLES[name]
    system = deepcopy(LOOP)
    system["oracles"] = oracles
    if quoted:
        system["issuers"]["V"]["issues"]["C"]["market_price"] = "$0.9"
    depegs = [[{"depeg": {"C": "50%"}}], [{"depeg": {"C": "30%"}}, {"loss": {"V": "$50"}}]]

    @given(simple_rows(), st.sampled_from(LOSSES + depegs * quoted), st.sampled_from(MARKETS))
    @settings(max_examples=6, deadline=None)
    def check(rows, stages, market):
        system["markets"] = {
            "m": {**LOOP["markets"]["m"], **market, "collateral": {"C": {**TERMS, **terms}}}
        }
        same(system, rows, stages)

    check()


@given(simple_rows(), st.sampled_from(["5%", "15%"]), st.sampled_from(PRICES))
@settings(max_examples=8, deadline=None)
def test_a_discount_that_follows_health(rows, discount, stages):
    system = deepcopy(ASSET)
    system["markets"]["m"] = {
        **ASSET["markets"]["m"],
        "rules": "euler-v2",
        "max_discount": discount,
        "collateral": {"C": {"lltv": "80%", "oracle": "market"}},
    }
    same(system, rows, stages)


def test_both_ends_where_a_default_costs():
    """The fund fails if it is feared to, so the least solution is another than the greatest."""
    system = deepcopy(LOOP)
    system["issuers"]["V"] = {
        "outside": {"x": "$75"},
        "owns": {"m": "50%"},
        "issues": {"C": {"kind": "par", "par": "$1", "supply": 100}},
        "default_recovery": {"outside": "60%", "claims": "60%"},
    }
    rows = [
        Row({"C": "40"}, {"L": "30"}),
        Row({"C": "30"}, {"L": "20"}),
        Row({"C": "0"}, {"L": "0.5"}),
    ]
    table, listed = same(system, rows, [{"loss": {"V": "$0.1"}}])
    gap = table.end.claim("C") - table.least.claim("C")
    assert near(gap, listed.end.claim("C") - listed.least.claim("C"))
    assert gap > 1
