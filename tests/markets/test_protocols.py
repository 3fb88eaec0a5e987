"""Euler's discount, protocols with an incentive of their own, reserves, and vault shares as collateral."""

import pytest

from looprisk import System
from looprisk.engine.book import book
from looprisk.errors import ModelError, NotExactError, UnknownValueError
from tests.markets.test_accounts import MARKET, USD, metric, pool
from tests.semantics.build import F, breaks, share, solved, values


def euler(max_discount="15%"):
    return System(
        assets={**USD, "A": {"price": "$1"}},
        markets={
            "e": {
                "rules": "euler-v2",
                "lends": {"U": {"cash": 20}},
                "collateral": {"A": {"lltv": "90%", "oracle": "market"}},
                "max_discount": max_discount,
            }
        },
        positions={"a": {"market": "e", "collateral": {"A": 100}, "debt": {"U": 80}}},
    )


@pytest.mark.parametrize("price", ["0.88", "0.86", "0.843", "0.80", "0.70", "0.5"])
def test_the_discount_follows_the_health(price):
    found = solved(euler(), {"price": {"A": f"${price}"}})
    worth = 100 * F(price)
    health = F("0.9") * worth / 80
    discount = max(health, F("0.85"))
    repaid = min(80, worth * discount)
    seized = min(worth, 80 / discount)
    assert found.end.claim("a/debt") == repaid
    assert found.end.claim("a/equity") == worth - seized
    if worth * discount < 80:
        assert metric(found, "bad_debt_usd", "a") == 80 - repaid


def test_euler_breaks_at_its_threshold_and_at_the_root_of_it():
    found = solved(euler(), {"price": {"A": "-50%"}})
    at_break = breaks(found)
    assert at_break[("a", "liquidated")] == 2 * (1 - F(80) / 90)
    # lenders lose once the LTV is over the root of the LLTV, 0.9487
    root = 2 * (1 - 0.8 / 0.9486832980505138)
    assert float(at_break[("a", "bad_debt")]) == pytest.approx(root, abs=1e-11)
    assert float(metric(found, "bad_debt_price", "a")) == pytest.approx(0.8 / 0.9486832980505138)
    assert metric(found, "liquidation_price", "a") == F(8, 9)


def test_euler_at_the_greatest_discount():
    found = solved(euler(max_discount="2%"), {"price": {"A": "$0.8"}})
    assert found.end.claim("a/debt") == 80 * F("0.98")


def test_euler_needs_its_greatest_discount_only_below_the_threshold():
    system = euler().set({"e/max_discount": "absent"})
    assert solved(system, {"price": {"A": "-5%"}}).end.claim("a/equity") == 15
    with pytest.raises(UnknownValueError, match="e/max_discount"):
        solved(system, {"price": {"A": "-50%"}})


def test_euler_does_not_follow_a_price_that_the_solution_decides():
    system = System(
        assets=USD,
        issuers={"I": {"outside": {"c": "$100"}, "issues": {"X": share(100)}}},
        markets={
            "e": {
                "rules": "euler-v2",
                "max_discount": "15%",
                "lends": {"U": {"cash": 20}},
                "collateral": {"X": {"lltv": "90%", "oracle": "market"}},
            }
        },
        positions={"a": {"market": "e", "collateral": {"X": 50}, "debt": {"U": 40}}},
    )
    with pytest.raises(NotExactError, match="their product is a square"):
        solved(system, {"loss": {"I": "50%"}})
    quoted = system.set({"X/market_price": "$1"})
    found = solved(quoted, {"depeg": {"X": "15%"}})
    health = F("0.9") * F("42.5") / 40
    assert found.end.claim("a/debt") == 40
    assert found.end.claim("a/equity") == 50 * (1 - 40 / health / F("42.5"))


# what other rules fix


@pytest.mark.parametrize(("rules", "realises"), [("silo-v2", False), ("abracadabra", False)])
def test_isolated_rules_with_an_incentive_of_their_own(rules, realises):
    system = System(
        assets={**USD, "A": {"price": "$1"}},
        issuers={"V": {"owns": {"s": "100%"}, "issues": {"V": share(100)}}},
        markets={"s": {"rules": rules, "lends": {"U": {"cash": 20}}, "collateral": {"A": MARKET}}},
        positions={"a": {"market": "s", "collateral": {"A": 100}, "debt": {"U": 80}}},
    )
    found = solved(system, {"price": {"A": "-37%"}})
    assert found.end.claim("a/debt") == 60
    assert metric(found, "reported_loss_usd", "s") == (20 if realises else 0)
    assert metric(found, "hidden_loss_usd", "V") == 20
    with pytest.raises(ModelError, match="`incentive` is missing"):
        system.set({"s/collateral/A/incentive": "absent"})


def test_one_insurance_for_several_tokens_does_not_say_whose():
    account = {"collateral": {"A": 100}, "debt": {"U": 60}}
    system = pool({"A": MARKET}, {"a": account}, market={"insurance": "$5"})
    with pytest.raises(ModelError, match="lends 2 tokens: whose bad debt does it cover"):
        solved(system)
    each = {"U": {"cash": 0, "insurance": "$5"}, "T": {"cash": 0}}
    insured = pool({"A": MARKET}, {"a": account}, market={"lends": each})
    found = solved(insured, {"price": {"A": "-47.5%"}})
    assert values(found.end, "m/U", "m/U/insurance", "m/T") == [55, 0, 0]


def test_a_market_that_absorbs_lends_one_token_and_says_its_prices():
    absorbing = {"rules": "compound-v3", "collateral": {"A": {"lltv": "80%", "oracle": "market"}}}
    with pytest.raises(ModelError) as error:
        pool({}, {}, market={**absorbing, "lends": {"U": {"cash": 1}, "T": {"cash": 1}}})
    text = str(error.value)
    assert "`liquidation_factor` is missing" in text
    assert "`storefront` is missing" in text
    assert "a market under compound-v3 lends one token, this one 2" in text


# shares of a vault as collateral elsewhere


def vault_shares(oracle):
    """Shares of an Euler vault are collateral in another one, which lends T."""
    return System(
        assets={**USD, "A": {"price": "$1"}},
        markets={
            "lower": {
                "rules": "euler-v2",
                "max_discount": "15%",
                "lends": {"U": {"cash": 20}},
                "collateral": {"A": {"lltv": "90%", "oracle": "market"}},
            },
            "upper": {
                "rules": "isolated",
                "lends": {"T": {"cash": 10}},
                "collateral": {"lower/U": {**MARKET, "oracle": oracle}},
            },
        },
        positions={
            "a": {"market": "lower", "collateral": {"A": 100}, "debt": {"U": 80}},
            "b": {"market": "upper", "collateral": {"lower/U": 50}, "debt": {"T": 36}},
        },
    )


@pytest.mark.parametrize("oracle", ["market", "nav"])
def test_bad_debt_that_is_realised_lowers_what_a_share_of_the_vault_reads(oracle):
    found = solved(vault_shares(oracle), {"price": {"A": "-30%"}})
    # 70 against 80: health 0.7875, the discount ends at 15 %, lenders get 59.5
    share_price = (20 + 70 * F("0.85")) / 100
    assert found.end.token("lower") == found.end.reading(oracle, "lower/U") == share_price
    assert "liquidated" in found.end.state_of("b")
    assert found.end.claim("b/debt") == 36
    assert found.end.claim("b/equity") == 50 * share_price - 36 * F("1.05")


def test_weights_where_an_oracle_reads_a_computed_book():
    terms = {
        "A": {**MARKET, "incentive": "4%"},
        "X": {**MARKET, "incentive": "10%", "oracle": "nav"},
    }
    account = {"collateral": {"A": 50, "X": 50}, "debt": {"U": 85}}
    issuers = {"I": {"outside": {"c": "$200"}, "issues": {"X": share(100)}}}
    found = solved(pool(terms, {"a": account}, issuers=issuers), {"price": {"A": "-100%"}})
    # X is read at 2 and worth that: 50 and 100 at the start
    phi = 1 + F("0.04") / 3 + F("0.10") * 2 / 3
    assert found.end.claim("a/debt") == 85
    assert found.end.claim("a/equity") == 100 - 85 * phi


@pytest.mark.parametrize(
    ("rules", "owed"), [("aave-v3.3", 0), ("aave-v3", 2400 - 2300 / F("1.05"))]
)
def test_a_clearing_liquidates_whole_and_says_what_is_still_lent(rules, owed):
    """2,300 at 5 % repay 2,190.48 of 2,400; in v3.3 the rest is a deficit, before it stays a debt."""
    terms = {"lltv": "93%", "incentive": "5%", "oracle": "market"}
    system = System(
        assets={**USD, "A": {"price": "$1.2"}},
        markets={"m": {"rules": rules, "lends": {"U": {"cash": 100}}, "collateral": {"A": terms}}},
        positions={"a": {"market": "m", "collateral": {"A": 2300}, "debt": {"U": 2400}}},
    )
    found = solved(system, {"price": {"A": "$1"}})
    repaid = 2300 / F("1.05")
    assert found.end.claim("a/debt") == repaid
    assert metric(found, "bad_debt_usd", "m") == 2400 - repaid
    assert metric(found, "lender_loss_usd", "m") == 2400 - repaid
    assert book(found.end).supplies["m"] == 2500
    assert metric(found, "utilisation", "m", found.start) == F(2400, 2500)
    assert metric(found, "utilisation", "m") == owed / (owed + 100 + repaid)


def test_a_realised_bad_debt_is_lent_no_more():
    """Morpho: 900 of 1,000 come back; of 1,100 supplied 1,000 are there, and nothing is lent."""
    terms = {"lltv": "86%", "oracle": "market"}
    system = System(
        assets={**USD, "A": {"price": "$1.2"}},
        markets={
            "m": {"rules": "morpho-blue", "lends": {"U": {"cash": 100}}, "collateral": {"A": terms}}
        },
        positions={"a": {"market": "m", "collateral": {"A": 1000}, "debt": {"U": 1000}}},
    )
    twice = [{"price": {"A": "$0.9"}}, {"price": {"A": "$0.8"}}]
    for stages in (twice[:1], twice):
        found = solved(system, *stages)
        assert metric(found, "utilisation", "m") == 0
    assert metric(found, "utilisation", "m", found.start) == F(1000, 1100)


def test_the_book_of_compound_iii_keeps_what_its_reserves_are_short_of():
    """Comet.absorb clears the debt against reserves; no supplier's balance changes."""
    terms = {"lltv": "85%", "liquidation_factor": "93%", "storefront": "50%", "oracle": "market"}
    system = System(
        assets={**USD, "A": {"price": "$1"}},
        markets={
            "m": {"rules": "compound-v3", "lends": {"U": {"cash": 35}}, "collateral": {"A": terms}}
        },
        positions={"a": {"market": "m", "collateral": {"A": 100}, "debt": {"U": 70}}},
    )
    found = solved(system, {"price": {"A": "$0.6"}})
    assert book(found.end).supplies["m"] == 105
    assert found.end.claim("m") == 35 + 60 * (1 - F("0.5") * F("0.07"))
    assert metric(found, "utilisation", "m") == 0


def test_own_tokens_that_an_issuer_pledged_are_no_equity_of_it():
    """352 for 160 outside, 325 pledged: others have 160 of 485 parts, and leverage counts these."""
    system = System(
        assets=USD,
        issuers={"S": {"outside": {"a": "$352"}, "issues": {"s": share(485, book_price="$1")}}},
        markets={
            "m": {
                "rules": "isolated",
                "realises": "true",
                "lends": {"U": {"cash": 0}},
                "liquidators": "absent",
                "collateral": {"s": {"lltv": "80%", "incentive": "5%", "oracle": "nav"}},
            }
        },
        positions={
            "p": {"market": "m", "owner": "S", "collateral": {"s": 250}, "debt": {"U": 217}},
            "q": {"market": "m", "owner": "S", "collateral": {"s": 75}, "debt": {"U": 68}},
        },
    )
    found = solved(system)
    assert metric(found, "equity_usd", "S") == F(11264, 97)
    assert metric(found, "assets_to_equity", "S") == 352 / F(11264, 97)
