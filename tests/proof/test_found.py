"""What the comparison with plain means has found: each by hand."""

import pytest

from looprisk import System
from looprisk.analysis.solve import solve
from looprisk.engine.book import book
from looprisk.engine.market import market_values
from looprisk.errors import ModelError, NotCarriedError
from tests.semantics.build import DOLLAR, F, account, at, case, market, par, share, solved, values
from tests.tables.twins import Row, table_of

E = {**DOLLAR, "E": {"price": "$10"}}


def test_copies_that_are_one_token_count_together():
    """B holds 2 and 3 of the 10 units of A, on two chains; 4 of them are pledged, 1 and 3."""
    copies = {"home": {"supply": 5}, "far": {"supply": 5}}
    terms = {"lltv": "80%", "oracle": "market", "incentive": "5%"}
    near = {"lltv": "90%", "oracle": "market", "incentive": "2%"}
    system = System(
        assets=DOLLAR,
        issuers={
            "A": {
                "outside": {"pile": "$100"},
                "issues": {"t": share(10, copies=copies, shortfall_borne_by="all")},
            },
            "B": {"owns": {"t": 2, "t/far": 3}},
        },
        markets={
            "M": {
                "rules": "pooled",
                "realises": "true",
                "lends": {"USDC": {"cash": 0}},
                "collateral": {"t": terms, "t/far": terms},
                "e_modes": {"near": {"collateral": {"t/far": near}}},
            }
        },
        positions={
            "a": {
                "market": "M",
                "e_mode": "near",
                "collateral": {"t": 1, "t/far": 3},
                "debt": {"USDC": 30},
            }
        },
    )
    start = solved(system).start
    assert values(start, "B/equity", "a/debt", "a/equity") == [50, 30, 10]


def test_copies_that_are_one_token_have_one_set_of_terms():
    copies = {"home": {"supply": 5}, "far": {"supply": 5}}
    terms = {"lltv": "80%", "oracle": "market", "incentive": "5%"}
    system = System(
        assets=DOLLAR,
        issuers={
            "A": {
                "outside": {"pile": "$100"},
                "issues": {"t": share(10, copies=copies, shortfall_borne_by="all")},
            }
        },
        markets={
            "M": {
                "rules": "pooled",
                "realises": "true",
                "lends": {"USDC": {"cash": 0}},
                "collateral": {"t": terms, "t/far": {**terms, "lltv": "70%"}},
            }
        },
    )
    with pytest.raises(NotCarriedError, match="M/collateral: t/far is one with another copy of t"):
        solved(system)


def test_a_debt_in_a_token_worth_nothing_is_repaid_with_the_others():
    """60 dollars and 2 E against 1 G: E falls to nothing, G to 70, and 60 are repaid in full."""
    system = System(
        assets={**E, "G": {"price": "$100"}},
        markets={
            "M": {
                "rules": "pooled",
                "realises": "true",
                "lends": {"USDC": {"cash": 0}, "E": {"cash": 1}},
                "collateral": {"G": {"lltv": "80%", "oracle": "market", "incentive": "5%"}},
            }
        },
        positions={"a": {"market": "M", "collateral": {"G": 1}, "debt": {"USDC": 60, "E": 2}}},
    )
    found = solved(system, {"price": {"E": "-100%", "G": "-30%"}}, {"price": {"E": "0%"}})
    left = found.runs[1].before
    assert left.accounts["a"].debts == {"USDC": 0, "E": 0}
    assert left.accounts["a"].collateral == {"G": F(1, 10)}
    assert left.cash == {"M/USDC": 60, "M/E": 3}


def test_what_is_left_is_split_by_the_units_that_are_out():
    """10 units of one class and 20 of another; 15 more of the first make it 25 of 45."""
    issues = {"t": share(10), "u": share(20)}
    system = System(
        assets=DOLLAR,
        issuers={"A": {"outside": {"pile": "$90"}, "issues": issues, "pays": [["t", "u"]]}},
    )
    found = solved(system, {"mint": {"t": 15}})
    assert values(found.start, "t", "u") == [30, 60]
    assert values(found.end, "t", "u") == [50, 40]


def test_a_price_posted_in_an_asset_moves_with_it():
    """A fund of 1 E posts 0.1 E a unit: when E halves, nothing is hidden."""
    fund = {"owns": {"E": 1}, "issues": {"t": share(10, book_price="0.1 E")}}
    found = solved(System(assets=E, issuers={"A": fund}), {"price": {"E": "-50%"}})
    assert found.end.token("t") == F(1, 2)
    assert book(found.end).prices == {"t": F(1, 2)}


def test_a_posted_class_beside_a_computed_one_counts_once():
    """B holds 5 units of the class posted at 2 dollars, and nothing else."""
    issues = {"t": share(10, book_price="$2"), "u": share(10)}
    system = System(
        assets=DOLLAR,
        issuers={
            "A": {"outside": {"pile": "$30"}, "issues": issues, "pays": [["t", "u"]]},
            "B": {"owns": {"t": 5}, "issues": {"b": share(4)}},
        },
    )
    shown = book(solved(system).start)
    assert shown.prices == {"t": 2, "u": F(3, 2), "b": F(10, 4)}
    assert shown.assets["B"] == 10


def test_an_absorbing_market_reads_the_cap_of_its_oracle():
    """10 units worth 2 count 1 each: 7 of limit for a debt of 8, so all is absorbed."""
    terms = {"lltv": "70%", "oracle": "hat", "liquidation_factor": "93%", "storefront": "50%"}
    system = System(
        assets=DOLLAR,
        oracles={"hat": {"kind": "capped", "cap": "$1"}},
        issuers={"A": {"outside": {"pile": "$200"}, "issues": {"t": share(100)}}},
        markets={
            "M": {
                "rules": "compound-v3",
                "lends": {"USDC": {"cash": 2}},
                "collateral": {"t": terms},
            }
        },
        positions={"a": account("M", "t", 10, 8)},
    )
    start = solved(system).start
    assert values(start, "a/debt", "a/equity", "a/income") == [8, F(53, 5), F(7, 10)]


def lent_and_held(**other: object) -> System:
    """Example 8 of the rules, the loan under a name of its own."""
    return System(
        assets=DOLLAR,
        issuers={
            "E": {
                "outside": {"cash": "$40"},
                "issues": {"eUSD": par(100)},
                "set_off": {"S": {"pledged": "void"}},
            },
            "S": {
                "outside": {"cash": "$10"},
                "owns": {"eUSD": 70},
                "owes": {
                    "note": {"to": "E", "amount": "$60"},
                    "others": {"to": "outside", "amount": "$40"},
                },
                "pays": ["debts"],
            },
            **other,
        },
    )


def test_a_loan_under_its_own_name_is_set_off():
    copies = {"home": {"supply": 5}, "far": {"supply": 5}}
    other = {
        "outside": {"pile": "$5"},
        "issues": {"t": share(10, copies=copies, shortfall_borne_by="all")},
    }
    for system in (lent_and_held(), lent_and_held(A=other, B={"owns": {"t/far": 2}})):
        start = solved(system).start
        assert start.token("eUSD") == 1
        assert start.claim("S/owes/others") == 20
        assert start.claim("S/owes/note") == 0


def test_a_promise_with_copies_is_not_set_off():
    copies = {"home": {"supply": 100}}
    system = lent_and_held().set(
        {"eUSD": {**par(100), "copies": copies, "shortfall_borne_by": "all"}}
    )
    with pytest.raises(NotCarriedError, match="eUSD/copies"):
        solved(system)


def test_a_promise_can_default_and_a_leg_cannot():
    """50 promised out of 100, and 40 % paid: 20; what is left of the issuer is 50, 30 withheld."""
    system = System(
        assets=E,
        issuers={"A": {"outside": {"pile": "$100"}, "issues": {"p": par(50)}}},
        venues={"v": {"convention": "binance", "mode": "isolated", "maintenance": "3%"}},
        positions={
            "leg": {
                "venue": "v",
                "owner": "A",
                "short": "1 E",
                "entry": "$10",
                "margin": {"USDC": 5},
            }
        },
    )
    found = solved(system, {"default": {"p": "40%"}})
    assert values(found.end, "p", "A/equity") == [20, 55]
    with pytest.raises((AssertionError, ModelError), match="no issuer, claim or loan"):
        case(system, {"default": {"leg": "40%"}})


def own_book(pile: int) -> System:
    """A fund supplies 126 of 140 to a market that lends 100 against half of its own 100 shares.

    The oracle reads its book, which falls by what that market realises of bad debt.
    """
    return System(
        assets=DOLLAR,
        issuers={
            "X": {"outside": {"pile": f"${pile}"}, "owns": {"M": 126}, "issues": {"x": share(100)}}
        },
        markets={"M": market("x", oracle="nav", cash=40, realises="true")},
        positions={"p": account("M", "x", 50, 100)},
    )


def test_a_book_that_an_oracle_reads_has_two_ends():
    """At book 176/100 nobody liquidates: 21/20 of 86/55 is less. At 301/200 it pays, and stays so."""
    found = solved(own_book(50))
    for selection, price, lent in (
        ("greatest", F(86, 55), F(860, 11)),
        ("least", F(301, 200), F(215, 3)),
    ):
        point = at(found, 0, selection)
        assert (point.token("x"), point.claim("p/debt")) == (price, lent)


def test_a_book_that_falls_in_ever_smaller_steps_is_found():
    """100 o = 70 + 9/10 (40 + 50 o / (21/20)): o = 371/200, both ends."""
    found = solved(own_book(70))
    for selection in ("greatest", "least"):
        point = at(found, 0, selection)
        assert point.token("x") == F(371, 200)
        assert "liquidated" in point.state_of("p")


def test_what_a_default_withholds_is_withheld_at_market_too():
    """Quoting a token that is nowhere pledged changes nothing of a loan that pays 3 of its 6."""
    system = System(
        assets={**DOLLAR, "C": {"price": "$1"}},
        issuers={"Q": {"outside": {"q": "$1"}, "issues": {"q": share(1, market_price="$1")}}},
        markets={"M": market("C")},
        positions={"a": account("M", "C", 10, 6)},
    )
    end = solved(system, {"default": {"a": "50%"}}).end
    assert market_values(end)["a/debt"] == end.claim("a/debt") == 3
    assert market_values(end)["a/equity"] == end.claim("a/equity") == 4


def test_a_parameter_moves_beside_a_copy_behind_a_bridge():
    """A threshold moves, a position on the copy is taken, and the threshold moves again."""
    copies = {"home": {"supply": 60, "locked": 60}, "far": {"supply": 40}}
    issuers = {
        "A": {
            "outside": {"pile": "$200"},
            "issues": {"t": share(100, book_price="$2", copies=copies, shortfall_borne_by=["far"])},
        }
    }
    system = System(
        assets=DOLLAR, issuers=issuers, markets={"M": market("t/far", lltv="80%", cash=20)}
    )
    taken = {"a": account("M", "t/far", 10, 15)}
    found = solve(
        case(
            system,
            {"change": {"M/liquidators": "always"}},
            {"open": taken},
            {"change": {"A/default_recovery": {"outside": "90%", "claims": "90%"}}},
        )
    )
    assert [end.token("t/far") for end in found.ends] == [2, 2, 2]
    assert values(found.end, "a/debt", "a/equity", "M") == [15, 5, 20]


def test_a_promise_counts_at_par_also_after_its_issuer_recognised():
    """50 promised out of 20: the oracle still reads a dollar, 32 of limit for a debt of 30."""
    system = System(
        assets=DOLLAR,
        issuers={"A": {"outside": {"pile": "$100"}, "issues": {"p": par(50)}}},
        markets={"M": market("p", lltv="80%", oracle="nav")},
        positions={"a": account("M", "p", 40, 30)},
    )
    end = solved(system, {"loss": {"A": "$80"}, "recognise": ["A"]}).end
    assert end.state_of("a") == set()
    assert values(end, "p", "a/debt") == [20, 16]


def test_a_computed_book_recognises_its_own_losses_alone():
    """40 left and 50 units that are posted at a dollar, backed by half: 0.9 shown, 0.65 there."""
    system = System(
        assets=DOLLAR,
        issuers={
            "A": {"outside": {"pile": "$50"}, "owns": {"t": 50}, "issues": {"a": share(100)}},
            "B": {"outside": {"pile": "$25"}, "issues": {"t": share(50, book_price="$1")}},
        },
        markets={"M": market("a", lltv="80%", oracle="nav")},
        positions={"p": account("M", "a", 50, 35)},
    )
    end = solved(system, {"loss": {"A": "$10"}, "recognise": ["A"]}).end
    assert book(end).prices == {"a": F(9, 10), "t": 1}
    assert end.state_of("p") == set()
    assert values(end, "a", "p/debt") == [65, F(65, 2)]


def test_a_table_takes_copies_that_are_their_token():
    """Two accounts of 40 and 10 units of a copy that is the token itself, at a price of 1/2."""
    copies = {"home": {"supply": 60}, "far": {"supply": 40}}
    issuer = {
        "outside": {"pile": "$100"},
        "issues": {"t": share(100, copies=copies, shortfall_borne_by="all")},
    }
    rows = [Row({"t/far": "40"}, {"USDC": "30"}), Row({"t/far": "10"}, {"USDC": "2"})]
    system = System(
        assets=DOLLAR,
        issuers={"A": issuer},
        markets={"M": market("t/far", lltv="80%")},
        positions={"book": table_of(rows, "M")},
    )
    end = solved(system, {"loss": {"A": "50%"}}).end
    assert sum(end.claim(c) for c in end.compiled.index.claim if c.endswith("/debt")) == (
        20 / F(105, 100) + 2
    )


def test_dollars_of_something_worth_nothing_are_no_units():
    fund = {"owns": {"E": "$50"}, "issues": {"t": share(10)}}
    system = System(assets={"E": {"price": "$0"}}, issuers={"A": fund})
    with pytest.raises(ModelError, match="a unit of which is worth nothing"):
        solved(system)
