"""Corners that no other test reached, as mutations of the engine showed: each by hand."""

from fractions import Fraction

import pytest

from looprisk import System
from looprisk.engine.book import book
from looprisk.engine.steps import sorted_steps
from tests.semantics.build import DOLLAR, F, account, at, breaks, market, par, share, solved, values

E = {**DOLLAR, "E": {"price": "$10"}}
LOSS = {"loss": {"A": "40%"}}


@pytest.mark.parametrize("posted", [{}, {"book_price": "$1"}])
def test_a_loss_is_shown_once_the_stage_that_recognises_it_has_begun(posted):
    fund = {"outside": {"pile": "$100"}, "issues": {"t": share(100, **posted)}}
    found = solved(System(assets=DOLLAR, issuers={"A": fund}), LOSS, {"recognise": ["A"]})
    assert book(found.ends[0]).prices["t"] == 1
    assert book(at(found, 0)).prices["t"] == 1
    assert book(at(found, F(1, 10**6))).prices["t"] == F(6, 10)
    assert book(found.end).prices["t"] == F(6, 10)


def test_cash_in_a_token_is_worth_what_the_token_is():
    """A market that lends T of 0.9 dollars each: 10 of cash and 10 lent soundly."""
    system = System(
        assets=DOLLAR,
        issuers={"A": {"outside": {"pile": "$90"}, "issues": {"T": share(100)}}},
        markets={"M": market("USDC", token="T", cash=10)},
        positions={"a": account("M", "USDC", 50, 10, lent="T")},
    )
    start = solved(system).start
    assert values(start, "T", "M", "a/debt", "a/equity") == [90, 18, 9, 41]


def test_what_leaks_has_a_name():
    costs = {"outside": "90%", "claims": "90%"}
    system = System(
        assets=DOLLAR,
        issuers={
            "A": {
                "outside": {"pile": "$10"},
                "issues": {"p": par(20)},
                "default_recovery": costs,
            },
            "B": {"outside": {"pile": "$10"}, "issues": {"q": par(5)}},
            "C": {"outside": {"pile": "$10"}, "issues": {"r": par(5)}},
        },
    )
    found = solved(system, {"default": {"q": "50%"}})
    assert {n.id: n.leak for n in found.end.compiled.skeleton.nodes} == {
        "A": "default cost",
        "B": "withheld",
        "C": "",
    }


def test_a_cap_on_a_quote_binds_as_long_as_the_quote_is_above_it():
    """Quoted at 1.2 and read at 1: 80 of limit for 90 of debt, though the quote would do."""
    system = System(
        assets=DOLLAR,
        oracles={"hat": {"kind": "capped", "cap": "$1"}},
        issuers={
            "A": {
                "outside": {"pile": "$200"},
                "issues": {"t": share(100, market_price="$1.2")},
            }
        },
        markets={"M": market("t", lltv="80%", oracle="hat")},
        positions={"a": account("M", "t", 90, 80)},
    )
    found = solved(system, {"depeg": {"t": "50%"}})
    assert breaks(found)["a", "liquidated"] == 0
    early = at(found, F(1, 6))
    # read 90 at the cap, sold 84/90 of it: 99 dollars of quote, 180 behind them
    assert early.claim("a/equity") == 180 * (1 - 80 * F(105, 100) / 90)


def absorbed() -> System:
    """A fund owes 8 E against 1 G; the market credits it 93 % of what it takes, less the debt."""
    terms = {"lltv": "70%", "oracle": "market", "liquidation_factor": "93%", "storefront": "50%"}
    return System(
        assets={**E, "G": {"price": "$120"}},
        issuers={"I": {"outside": {"pile": "$5"}, "issues": {"i": share(10)}}},
        markets={
            "M": {
                "rules": "compound-v3",
                "lends": {"E": {"cash": 0}},
                "collateral": {"G": terms},
            }
        },
        positions={"a": account("M", "G", 1, 8, lent="E", owner="I")},
    )


def test_what_an_absorbed_account_is_credited_is_in_units_of_the_loan():
    found = solved(absorbed(), {"price": {"G": "-10%"}}, {"price": {"E": "+100%"}})
    left = found.runs[1].before
    assert left.accounts["a"].credit == (F(93, 100) * 108 - 80) / 10
    proceeds = 108 * (1 - F(1, 2) * F(7, 100))
    assert left.accounts["a"].income == (proceeds - F(93, 100) * 108) / 10
    assert left.accounts["a"].debts == {"E": 0}
    assert left.cash == {"M": 8}
    credit = left.accounts["a"].credit * 20
    assert found.end.claim("i") == 5 + credit
    assert book(found.end).prices["i"] == (5 + credit) / 10


def test_a_supply_can_be_held_in_dollars():
    """20 dollars of a market that lends E at 10 are 2 of its 8 units; E then halves."""
    system = System(
        assets={**E, "G": {"price": "$100"}},
        issuers={"A": {"owns": {"M": "$20"}}},
        markets={"M": market("G", token="E", cash=3)},
        positions={"a": account("M", "G", 1, 5, lent="E")},
    )
    found = solved(system, {"price": {"E": "-50%"}})
    assert [found.start.claim("A/equity"), found.end.claim("A/equity")] == [20, 10]


def test_a_promise_in_units_of_another_is_booked_at_its_price():
    """10 units of half a q each, q of 2 dollars: 10 dollars to whoever holds them."""
    system = System(
        assets=DOLLAR,
        issuers={
            "B": {"outside": {"pile": "$50"}, "issues": {"p": par(10, "0.5 q")}},
            "C": {"outside": {"pile": "$50"}, "issues": {"q": par(10, "$2")}},
            "D": {"owns": {"p": 5}, "issues": {"d": share(1)}},
        },
    )
    shown = book(solved(system).start)
    assert shown.prices == {"p": 1, "q": 2, "d": 5}


def test_a_debt_in_a_token_that_falls_is_no_longer_too_large():
    """10 T are owed out of 8 dollars: short until T is worth 0.8."""
    system = System(
        assets=DOLLAR,
        issuers={
            "A": {"outside": {"pile": "$8"}, "owes": {"x": {"to": "outside", "amount": "10 T"}}},
            "B": {"outside": {"pile": "$100"}, "issues": {"T": share(100)}},
        },
    )
    found = solved(system, {"loss": {"B": "50%"}})
    (short,) = found.broken["A", "insolvent"]
    assert (short.lo, short.hi) == (0, F(2, 5))
    assert found.segments


def test_nobody_is_paid_for_what_is_worth_nothing_at_book():
    fund = {"outside": {"pile": "$10"}, "issues": {"t": share(10)}, "pays": ["debts", "t"]}
    system = System(
        assets=DOLLAR, issuers={"A": {**fund, "owes": {"x": {"to": "outside", "amount": "$10"}}}}
    )
    found = solved(system, {"run": {"t": {"wants_out": "50%"}}})
    assert values(found.end, "t", "A/owes/x") == [0, 10]


def test_accounts_that_floats_cannot_tell_apart_are_sorted_exactly():
    whole = 10**18
    debts = [5 * 10**17, 5 * 10**17 + 2, 5 * 10**17 + 1, whole]
    steps = sorted_steps([whole] * 4, debts)
    assert [int(d) for d in steps.debts] == [whole, debts[1], debts[2], debts[0]]
    between = Fraction(2 * debts[2] + 1, 2 * whole)
    assert steps.above(between) == 2


def test_shocks_name_copies_that_are_one_token():
    """5 units are minted on the other chain and the quote there falls: of the one token there is."""
    copies = {"home": {"supply": 5}, "far": {"supply": 5}}
    system = System(
        assets=DOLLAR,
        issuers={
            "A": {
                "outside": {"pile": "$30"},
                "issues": {"t": share(10, copies=copies, shortfall_borne_by="all")},
            }
        },
        markets={"M": market("t", lltv="80%")},
        positions={"a": account("M", "t", 4, 6)},
    )
    minted = solved(system, {"mint": {"t/far": 5}})
    assert [minted.start.token("t"), minted.end.token("t")] == [3, 2]
    fallen = solved(system, {"depeg": {"t/far": "50%"}})
    # 4 units at 3 dollars cover 6 at 80 % until the quote is 1.875
    assert breaks(fallen)["a", "liquidated"] == F(3, 4)


def test_a_depeg_is_followed_until_the_token_is_worth_nothing():
    """A fall by a tenth of the first quote, of which there are ten."""
    issues = {"t": share(10, market_price="$3")}
    system = System(assets=DOLLAR, issuers={"A": {"outside": {"pile": "$30"}, "issues": issues}})
    found = solved(system, {"depeg": {"t": "10%"}})
    assert found.scaled.reach == 10
    assert found.segments[-1].pieces[-1].hi == 10


def test_two_classes_share_what_a_debt_leaves():
    issuer = {
        "outside": {"pile": "$90"},
        "owes": {"x": {"to": "outside", "amount": "$30"}},
        "issues": {"t": share(10), "u": share(20)},
        "pays": ["debts", ["t", "u"]],
    }
    start = solved(System(assets=DOLLAR, issuers={"A": issuer})).start
    assert values(start, "A/owes/x", "t", "u") == [30, 20, 40]


def test_an_account_that_is_owned_is_booked_at_its_collateral_less_its_debt():
    """4 units posted at 3 dollars against a debt of 6, beside 1 dollar of its owner."""
    issues = {"t": share(10, book_price="$3")}
    system = System(
        assets=DOLLAR,
        issuers={
            "A": {"outside": {"pile": "$30"}, "issues": issues},
            "B": {"outside": {"pile": "$1"}, "issues": {"b": share(1)}},
        },
        markets={"M": market("t", lltv="80%")},
        positions={"a": account("M", "t", 4, 6, owner="B")},
    )
    shown = book(solved(system).start)
    assert (shown.prices["b"], shown.assets["B"]) == (7, 7)
