"""Liquidations that one stage leaves to the next: what accounts, markets and buyers have then."""

import pytest

from looprisk import System
from looprisk.engine.book import book
from tests.markets.test_examples import absorbing, mixed
from tests.semantics.build import F, share, solved, values


def test_a_pooled_account_keeps_its_share_of_every_collateral():
    found = solved(mixed(), {"name": "slip", "price": {"A": "-50%"}}, {"price": {"A": "-60%"}})
    kept = found.scaled.before.accounts["acc"]
    # at half the price the basket is worth 15,000, of which 12,600 are sold
    assert kept.collateral == {"A": 20000 * F(4, 25), "X": 5000 * F(4, 25)}
    assert kept.debts == {"U": 0, "T": 0}
    assert found.scaled.before.cash == {"pool/U": 12000, "pool/T": 6000}
    assert values(found.end, "pool/U", "pool/T") == [12000, 6000]
    assert found.end.claim("acc/equity") == 3200 * F(2, 5) + 800


def test_bad_debt_stays_on_every_debt_in_proportion():
    found = solved(mixed(), {"price": {"A": "-75%"}}, {"price": {"A": "-80%"}})
    left = found.scaled.before.accounts["acc"].debts
    assert set(found.scaled.before.accounts["acc"].collateral.values()) == {0}
    assert left["U"] == 2 * left["T"] > 0
    assert left["U"] == 12000 - found.ends[0].claim("pool/U")
    assert found.end.claim("pool/U") == found.ends[0].claim("pool/U")


@pytest.mark.parametrize(
    ("price", "credit", "income"), [("0.8", F(22, 5), F(14, 5)), ("0.7", 0, 0)]
)
def test_an_absorbed_account_has_balances_in_the_loan_token(price, credit, income):
    found = solved(absorbing(), {"price": {"C": f"${price}"}}, {"price": {"C": "$0.1"}})
    kept = found.scaled.before.accounts["a"]
    assert (kept.collateral, kept.credit, kept.income) == ({"C": 0}, credit, income)
    # the buyers bear the second fall alone: nobody else has the collateral any more
    first, last = found.ends
    for claim in ("comet", "comet/reserves", "a/equity", "a/income"):
        assert last.claim(claim) == first.claim(claim)
    assert book(last).supplies["comet"] == book(first).supplies["comet"]


def test_a_price_that_comes_back_does_not_bring_back_what_was_sold():
    found = solved(absorbing(), {"price": {"C": "$0.7"}}, {"price": {"C": "0%"}})
    assert found.end.claim("a/equity") == 0
    assert found.end.claim("comet/reserves") == F(51, 20)


def owned() -> System:
    """An issuer with an account of its own in a pool of two reserves."""
    return System(
        assets={"U": {"price": "$1"}, "T": {"price": "$1"}, "A": {"price": "$1"}},
        issuers={"O": {"owns": {"A": 100}, "issues": {"O": share(200)}}},
        markets={
            "pool": {
                "rules": "aave-v3",
                "lends": {"U": {"cash": 10}, "T": {"cash": 10}},
                "collateral": {"A": {"lltv": "80%", "incentive": "5%", "oracle": "market"}},
            }
        },
        positions={
            "o": {
                "market": "pool",
                "owner": "O",
                "collateral": {"A": 200},
                "debt": {"U": 60, "T": 40},
            }
        },
    )


def test_a_book_counts_an_account_with_several_debts():
    found = solved(owned(), {"price": {"A": "-25%"}})
    assert book(found.start).prices["O"] == 1
    assert book(found.end).prices["O"] == F(75 + 50, 200)
    assert found.end.claim("O") == 75 + 50


def test_a_default_of_an_account_withholds_a_share_of_every_debt():
    found = solved(owned(), {"default": {"o": "50%"}})
    assert values(found.end, "o/debt/U", "o/debt/T") == [30, 20]
    assert found.end.claim("o/equity") == 100
