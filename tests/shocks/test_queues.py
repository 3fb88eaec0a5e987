"""Several who ask at once: one cash, one share for all, and no result of the order of a file."""

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import looprisk as lr
from looprisk.analysis.solve import solve
from looprisk.engine.queues import drawn
from looprisk.model import Case, Scenario
from tests.semantics.build import F


def solved(system, *stages):
    return solve(Case(system=system, scenario=Scenario(stages=list(stages))))


def paid(found):
    return dict(found.end.compiled.world.before.paid)


def lent(cash, loan, collateral="$1"):
    return {
        "assets": {"USDC": {"price": 1}, "A": {"price": collateral}},
        "oracles": {"still": {"kind": "fixed", "price": "$2"}},
        "markets": {
            "m": {
                "rules": "isolated",
                "lends": {"USDC": {"cash": cash}},
                "collateral": {"A": {"lltv": "90%", "incentive": "5%", "oracle": "still"}},
            }
        },
        "positions": {"p": {"market": "m", "collateral": {"A": 400}, "debt": {"USDC": loan}}},
    }


# 100 of cash and 900 in a market that has 300 of cash and a loan of 600 on what is worth 400
VAULT = lr.System(
    **lent(300, 600),
    issuers={
        "V": {"owns": {"USDC": 100, "m": 900}, "issues": {"v": {"kind": "share", "supply": 1000}}}
    },
)


def test_those_who_ask_at_one_moment_leave_with_what_is_liquid():
    """DYNAMICS, example 5: 300 and 400 are asked, 400 are there; the rest is worth 2/3."""
    found = solved(VAULT, {"run": {"v": {"wants_out": 700}}})
    assert paid(found) == {"v": 400}
    assert found.end.token("v") == F(2, 3)
    assert found.end.compiled.world.before.gated == {"v", "V"}


def test_who_comes_a_stage_earlier_is_paid_first():
    found = solved(VAULT, {"run": {"v": {"wants_out": 300}}}, {"run": {"v": {"wants_out": 400}}})
    assert [end.compiled.world.before.paid["v"] for end in found.ends] == [300, 400]
    assert found.end.token("v") == F(2, 3)
    # what those who left gained is what those who stay lose more: 400 (1 - 4/5) = 600 (4/5 - 2/3)
    assert 400 * (1 - found.start.token("v")) == 600 * (
        found.start.token("v") - found.end.token("v")
    )


TWO = lr.System(
    **lent(90, 510, "$2"),
    issuers={
        "V": {"owns": {"m": 200}, "issues": {"v": {"kind": "share", "supply": 200}}},
        "W": {"owns": {"m": 300}, "issues": {"w": {"kind": "share", "supply": 300}}},
    },
)
ASKED = {"v": {"wants_out": 60}, "w": {"wants_out": 60}, "m": {"wants_out": 60}}
ORDERS = list(permutations(ASKED))


@pytest.mark.parametrize("order", ORDERS)
def test_vaults_and_suppliers_share_the_cash_of_a_market(order):
    found = solved(TWO, {"run": {target: ASKED[target] for target in order}})
    assert paid(found) == {"v": 30, "w": 30, "m": 30}
    assert found.end.compiled.world.before.cash["m"] == 0
    assert [found.end.token(t) for t in ("v", "w")] == [1, 1]


@pytest.mark.parametrize("order", ORDERS)
def test_who_has_a_name_and_comes_first_is_served_first(order):
    asked = {t: {**terms, "order": "first_come"} for t, terms in ASKED.items()}
    named = {t: {**terms, "by": f"holder of {t}"} for t, terms in asked.items()}
    found = solved(TWO, {"run": {target: named[target] for target in order}})
    assert paid(found) == {order[0]: 60, order[1]: 30, order[2]: 0}
    # without names, and with the same name, they came together
    for terms in (asked, {t: {**terms, "by": "one holder"} for t, terms in asked.items()}):
        found = solved(TWO, {"run": {target: terms[target] for target in order}})
        assert paid(found) == {"v": 30, "w": 30, "m": 30}


@pytest.mark.parametrize("order", ORDERS)
def test_the_named_come_before_the_crowd(order):
    asked = {**ASKED, "w": {"wants_out": 60, "order": "first_come", "by": "fund"}}
    found = solved(TWO, {"run": {target: asked[target] for target in order}})
    assert paid(found) == {"w": 60, "v": 15, "m": 15}


def test_two_tokens_of_one_issuer_share_its_money():
    halted = {"kind": "par", "par": "$1", "supply": 100, "redeems": {"from": "nothing"}}
    issues = {
        "one": {"kind": "par", "par": "$1", "supply": 100},
        "two": {"kind": "par", "par": "$1", "supply": 100},
        "shut": halted,
    }
    system = lr.System(
        assets={"USDC": {"price": 1}},
        issuers={
            "I": {
                "outside": {"bonds": 240},
                "owns": {"USDC": 60},
                "issues": issues,
                "pays": [["one", "two", "shut"], "equity"],
            }
        },
    )
    runs = {"shut": {"wants_out": 50}, "one": {"wants_out": 80}, "two": {"wants_out": 40}}
    found = solved(system, {"run": runs})
    assert paid(found) == {"one": 40, "two": 20, "shut": 0}
    assert found.end.compiled.world.before.gated == {"one", "two", "shut", "I"}


def test_what_is_paid_comes_from_all_assets_alike():
    """Which of them stands first in the file is of no effect at a later stage."""
    owns = {"USDC": 50, "A": 100}
    ends = []
    for names in permutations(owns):
        system = lr.System(
            assets={"USDC": {"price": 1}, "A": {"price": "$1"}},
            issuers={
                "V": {
                    "owns": {name: owns[name] for name in names},
                    "issues": {"v": {"kind": "share", "supply": 150}},
                }
            },
        )
        found = solved(system, {"run": {"v": {"wants_out": 60}}}, {"price": {"A": "-50%"}})
        ends.append(found.end.token("v"))
    # 90 are left, 60 of them in A
    assert ends == [F(60, 90)] * 2


AMOUNTS = st.integers(0, 20).map(Fraction)


@given(
    needs=st.lists(AMOUNTS, min_size=3, max_size=3),
    own=st.lists(AMOUNTS, min_size=6, max_size=6),
    cash=st.lists(AMOUNTS, min_size=2, max_size=2),
)
def test_nobody_waits_while_there_is_money_of_his_and_none_is_paid_twice(needs, own, cash):
    who, markets = ("a", "b", "c"), ("m", "n")
    needs_, cash_ = dict(zip(who, needs, strict=True)), dict(zip(markets, cash, strict=True))
    own_ = dict(zip([(w, m) for w in who for m in markets], own, strict=True))
    found = drawn(needs_, own_, cash_)
    taken = {m: sum(found[w, m] for w in who) for m in markets}
    for w in who:
        got = found[w, "m"] + found[w, "n"]
        assert got <= needs_[w]
        assert all(0 <= found[w, m] <= own_[w, m] for m in markets)
        if got < needs_[w]:
            assert all(found[w, m] == own_[w, m] or taken[m] == cash_[m] for m in markets)
    assert all(taken[m] <= cash_[m] for m in markets)
    backwards = drawn(
        dict(reversed(needs_.items())), dict(reversed(own_.items())), dict(reversed(cash_.items()))
    )
    assert backwards == found
    one = drawn(needs_, {p: n for p, n in own_.items() if p[1] == "m"}, cash_)
    asked = {w: min(needs_[w], own_[w, "m"]) for w in who}
    share = min(F(1), cash_["m"] / sum(asked.values())) if any(asked.values()) else F(0)
    assert {w: one[w, "m"] for w in who} == {w: share * amount for w, amount in asked.items()}
