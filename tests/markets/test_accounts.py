"""Accounts with several collaterals and debts: e-modes, incentives, aTokens, oracles of every kind."""

import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis.metrics import Ask, measure
from looprisk.errors import ModelError, NotExactError, UnknownValueError
from tests.semantics.build import F, at, breaks, par, share, solved, values

USD = {"U": {"price": "$1"}, "T": {"price": "$1"}}
MARKET = {"lltv": "80%", "incentive": "5%", "oracle": "market"}


def pool(collateral, positions, *, rules="aave-v3", cash=None, **more):
    """A pooled market that lends U and T, beside assets A and B at a dollar."""
    cash = cash or {"U": 1000, "T": 1000}
    market = {
        "rules": rules,
        "lends": {token: {"cash": n} for token, n in cash.items()},
        "collateral": collateral,
        **more.pop("market", {}),
    }
    assets = {**USD, "A": {"price": "$1"}, "B": {"price": "$1"}, **more.pop("assets", {})}
    accounts = {name: {"market": "m", **account} for name, account in positions.items()}
    return System(assets=assets, markets={"m": market}, positions=accounts, **more)


def metric(found, name, of, point=None):
    return measure(name, Ask(solved=found, point=point or found.end, of=of))


# metrics


def test_the_health_factor_of_the_aave_documentation():
    system = pool({"A": MARKET}, {"a": {"collateral": {"A": 10_000}, "debt": {"U": 6000}}})
    assert metric(solved(system), "health_factor", "a") == F(4, 3)


def test_metrics_of_an_account_with_several_legs():
    terms = {"A": MARKET, "B": {**MARKET, "lltv": "60%"}}
    a = {"collateral": {"A": 100, "B": 50}, "debt": {"U": 60, "T": 20}}
    found = solved(pool(terms, {"a": a}), {"price": {"A": "-20%"}})
    assert metric(found, "health_factor", "a") == F(80 * 4 + 50 * 3, 5 * 80)
    assert metric(found, "ltv", "a") == F(80, 130)
    assert metric(found, "assets_to_equity", "a") == F(130, 50)
    assert metric(found, "equity_usd", "a") == 50
    assert metric(found, "liquidated_usd", "m") == 0
    for name in ("collateral_seized", "debt_repaid", "liquidation_price", "bad_debt_price"):
        assert metric(found, name, "a") is None
    assert metric(found, "utilisation", "m/U") == F(60, 1060)
    assert metric(found, "utilisation", "m/T") == F(20, 1020)
    assert metric(found, "utilisation", "m") is None


def test_bad_debt_by_reserve():
    a = {"collateral": {"A": 100}, "debt": {"U": 60, "T": 15}}
    found = solved(pool({"A": MARKET}, {"a": a}), {"price": {"A": "-37%"}})
    # 63 repay 60 of 75
    assert metric(found, "bad_debt_usd", "a") == metric(found, "bad_debt_usd", "m") == 15
    assert metric(found, "bad_debt_usd", "m/U") == 12
    assert metric(found, "liquidated_usd", "m/U") == 48
    assert metric(found, "lender_loss_usd", "m") == metric(found, "lender_loss_usd", "a") == 15
    assert metric(found, "collateral_seized", "a") == 100
    assert {("m/T", "bad_debt"), ("m/U", "impaired"), ("m", "liquidated")} <= found.broken.keys()


# full liquidation


@pytest.mark.parametrize("rules", ["aave-v2", "aave-v3", "aave-v3.3", "compound-v2", "pooled"])
def test_a_static_liquidation_is_total_whatever_the_close_factor(rules):
    """Just under a health of 1 every rule stops at half the debt; a clearing ends the account."""
    account = {"collateral": {"A": 10_000}, "debt": {"U": 8000}}
    found = solved(pool({"A": MARKET}, {"a": account}, rules=rules), {"price": {"A": "-0.01%"}})
    assert metric(found, "debt_repaid", "a") == 8000
    assert metric(found, "collateral_seized", "a") == 8000 * F("1.05") / F("0.9999")
    assert metric(found, "bad_debt_usd", "a") == 0


@pytest.mark.parametrize(
    ("ltv", "bad"),
    [("0.90", 0), ("0.9534", F("0.9534") - 1 / F("1.05")), ("0.97", F("0.97") - 1 / F("1.05"))],
)
def test_the_frontier_of_toxic_liquidations(ltv, bad):
    account = {"collateral": {"A": 1}, "debt": {"U": ltv}}
    found = solved(pool({"A": MARKET}, {"a": account}))
    assert metric(found, "bad_debt_usd", "a") == bad


# e-modes and loops

PT_MODES = {
    "stable-feb": ("88.5%", "90.5%", "4.1%", "8.70", "2.21"),
    "usde-feb": ("89.3%", "91.3%", "3.1%", "9.35", "2.19"),
    "stable-sep": ("90.3%", "92.3%", "3.5%", "10.31", "2.17"),
}


def pt_market(modes):
    return {
        "rules": "aave-v3.3",
        "lends": {"U": {"cash": 1000}, "T": {"cash": 1000}},
        "collateral": {
            "PT": {"ltv": "0.05%", "lltv": "0.1%", "incentive": "7.5%", "oracle": "market"}
        },
        "e_modes": {
            name: {
                "borrows": ["T"],
                "collateral": {
                    "PT": {"ltv": ltv, "lltv": lltv, "incentive": bonus, "oracle": "market"}
                },
            }
            for name, (ltv, lltv, bonus, *_) in modes.items()
        },
    }


def pt_loops(modes=PT_MODES):
    issues = {"PT": par(10_000, market_price="$0.982")}
    return System(
        assets=USD,
        issuers={"P": {"outside": {"book": "$10_000"}, "issues": issues}},
        markets={"m": pt_market(modes)},
        positions={
            name: {"market": "m", "e_mode": name, "loop": {"equity": 100, "ltv": ltv}}
            for name, (ltv, *_) in modes.items()
        },
    )


def test_loops_on_principal_tokens_break_where_their_e_mode_says():
    """governance.aave.com 22620 and 23358: leverage at the highest LTV, and the fall to liquidation."""
    found = solved(pt_loops(), {"depeg": {"PT": "20%"}})
    at_break = breaks(found)
    for name, (ltv, lltv, _, leverage, drop) in PT_MODES.items():
        start, end = F(ltv.rstrip("%")), F(lltv.rstrip("%"))
        exact = metric(found, "assets_to_equity", name, found.start)
        assert exact == 100 / (100 - start)
        assert f"{float(exact):.2f}" == leverage
        fall = at_break[(name, "liquidated")] / 5
        assert fall == 1 - start / end
        assert f"{float(fall):.2%}" == f"{drop}%"


def test_a_loop_owes_what_its_e_mode_lends():
    found = solved(pt_loops())
    assert list(found.start.compiled.world.before.accounts["usde-feb"].debts) == ["T"]
    assert (
        found.start.face("usde-feb/debt")
        == found.start.compiled.world.before.accounts["usde-feb"].debts["T"]
    )


def test_an_e_mode_replaces_threshold_and_incentive():
    tight = {"tight": {"collateral": {"A": {**MARKET, "lltv": "93%", "incentive": "1%"}}}}
    account = {"collateral": {"A": 100}, "debt": {"U": 70}}
    accounts = {"in": {**account, "e_mode": "tight"}, "out": account}
    system = pool({"A": MARKET}, accounts, market={"e_modes": tight})
    found = solved(system, {"price": {"A": "-50%"}})
    at_break = breaks(found)
    assert at_break[("out", "liquidated")] == 2 * (1 - F(70) / F(80))
    assert at_break[("in", "liquidated")] == 2 * (1 - F(70) / F(93))
    assert values(at(found, 1), "in/debt", "out/debt") == [50 / F("1.01"), 50 / F("1.05")]


def test_an_e_mode_lends_what_it_says():
    modes = {"only-u": {"borrows": ["U"], "collateral": {"A": MARKET}}}
    account = {"e_mode": "only-u", "collateral": {"A": 100}, "debt": {"T": 70}}
    with pytest.raises(ModelError, match=r"T: e-mode only-u of m does not lend it\n.*it lends U"):
        pool({"A": MARKET}, {"a": account}, market={"e_modes": modes})


# one incentive per account


def test_the_incentive_is_weighted_by_what_the_collateral_was_worth_at_the_start():
    terms = {"A": {**MARKET, "incentive": "4%"}, "B": {**MARKET, "incentive": "10%"}}
    account = {"collateral": {"A": 150, "B": 50}, "debt": {"U": 150}}
    found = solved(pool(terms, {"a": account}), {"price": {"A": "-40%"}})
    phi = 1 + F("0.75") * F("0.04") + F("0.25") * F("0.10")
    assert found.end.claim("a/debt") == 140 / phi
    assert breaks(found)[("a", "liquidated")] == F(10, 120) * F(10, 4)
    assert breaks(found)[("a", "bad_debt")] == (200 - 150 * phi) / 60


def test_the_start_that_weighs_an_incentive_is_that_of_the_stage():
    terms = {"A": {**MARKET, "incentive": "4%"}, "B": {**MARKET, "incentive": "10%"}}
    account = {"collateral": {"A": 100, "B": 100}, "debt": {"U": 110}}
    first, last = {"price": {"A": "-50%"}}, {"price": {"A": "-80%"}}
    found = solved(pool(terms, {"a": account}), first, last)
    assert found.ends[0].state_of("a") == frozenset()
    assert found.end.claim("a/equity") == 120 - 110 * (1 + (50 * F("0.04") + 100 * F("0.10")) / 150)
    at_once = solved(pool(terms, {"a": account}), last)
    assert at_once.end.claim("a/equity") == 120 - 110 * F("1.07")


# debts that change their mix


def test_debts_whose_shares_move_are_solved_at_each_point():
    account = {"collateral": {"A": 100}, "debt": {"U": 30, "E": 1}}
    system = pool(
        {"A": MARKET},
        {"a": account},
        cash={"U": 10, "E": 10},
        assets={"E": {"price": "$40"}},
    )
    found = solved(system, {"price": {"E": "+100%"}})
    assert found.last.stretches is None or not found.segments
    point = at(found, 1)
    owed, repaid = 110, 100 / F("1.05")
    assert values(point, "a/debt/U", "a/debt/E") == [repaid * F(30, owed), repaid * F(80, owed)]
    assert abs(breaks(found)[("a", "liquidated")] - F(1, 4)) <= F(1, 10**12)
    rows = {(r.of, r.event): r for r in lr.break_points(system, price={"E": "+100%"}).rows}
    assert rows["a", "liquidated"].exact == "1/4"
    assert rows["a", "bad_debt"].exact == str((100 / F("1.05") - 70) / 40)
    assert rows["a", "insolvent"].kind == "bracket"
    assert rows["a", "insolvent"].fraction == pytest.approx(0.75, abs=2e-12)


# aTokens


def atokens(oracle="market"):
    """Somebody borrows T against U supplied to the same pool; U was lent against A."""
    terms = {"A": MARKET, "m/U": {**MARKET, "oracle": oracle}}
    accounts = {
        "a": {"collateral": {"A": 100}, "debt": {"U": 60}},
        "b": {"collateral": {"m/U": 40}, "debt": {"T": 31}},
    }
    return pool(terms, accounts, cash={"U": 20, "T": 9})


@pytest.mark.parametrize("oracle", ["market", "nav"])
def test_the_oracle_of_an_atoken_ignores_the_deficit(oracle):
    found = solved(atokens(oracle), {"price": {"A": "-90%"}})
    assert not any(of == "b" and event == "liquidated" for of, event in found.broken)
    point = at(found, 1)
    deficit = 60 - 10 / F("1.05")
    worth = 40 * (1 - deficit / 80)
    assert point.node("b") == point.claim("b/debt") == worth < 31
    assert point.claim("m/T") == 9 + worth
    assert point.reading("market", "m/U") == 1


def test_a_liquidator_leaves_atokens_that_are_worth_less_than_they_read():
    """What was liquidated before the deficit is not after it: 5 % do not make up for half."""
    accounts = {
        "a": {"collateral": {"A": 100}, "debt": {"U": 60}},
        "b": {"collateral": {"m/U": 40}, "debt": {"T": 33}},
    }
    terms = {"A": MARKET, "m/U": MARKET}
    found = solved(pool(terms, accounts, cash={"U": 20, "T": 9}), {"price": {"A": "-90%"}})
    assert found.start.state_of("b") == {"liquidated"}
    assert found.start.claim("b/equity") == 40 - 33 * F("1.05")
    assert found.end.state_of("b") == {"stuck"}
    assert found.end.claim("b/debt") == found.end.node("b") < 33


# oracles that read what the solution decides, beside others


def two_tokens(*, owner=None, quote=None, oracle="nav"):
    """X is read at its posted book price, Y at what backs it."""
    issues = {"kind": "share", "supply": 100, "book_price": "$1"}
    extra = {"market_price": quote} if quote else {}
    account = {"collateral": {"X": 50, "Y": 50}, "debt": {"U": 75}}
    return System(
        assets=USD,
        issuers={
            "IX": {"outside": {"x": "$100"}, "issues": {"X": {**issues, **extra}}},
            "IY": {"outside": {"y": "$100"}, "issues": {"Y": share(100)}},
            "O": {"outside": {"o": "$1"}, "issues": {"O": share(1)}},
        },
        markets={
            "m": {
                "rules": "aave-v3",
                "lends": {"U": {"cash": 25}},
                "collateral": {"X": {**MARKET, "oracle": oracle}, "Y": MARKET},
            }
        },
        positions={"a": {"market": "m", **account, **({"owner": owner} if owner else {})}},
    )


def test_an_owner_outside_keeps_a_ratio():
    found = solved(two_tokens(), {"loss": {"IX": "2%", "IY": "50%"}})
    point = found.end
    # read: 50 + 25, worth: 49 + 25
    sold = 75 * F("1.05") / 75
    assert sold > 1
    assert point.claim("a/debt") == 75 / F("1.05")
    early = at(found, "3/10")
    reading, worth = 50 + 50 * F("0.85"), 50 * F("0.994") + 50 * F("0.85")
    assert "liquidated" in early.state_of("a")
    assert early.claim("a/debt") == 75
    assert early.claim("a/equity") == worth * (1 - 75 * F("1.05") / reading)
    assert breaks(found)[("a", "liquidated")] == F(1, 4)


def test_an_owner_inside_does_not():
    with pytest.raises(NotExactError, match="what the owner keeps is a ratio"):
        solved(two_tokens(owner="O"), {"loss": {"IX": "2%", "IY": "50%"}})


def test_a_quote_beside_what_backs_another_token_is_refused():
    with pytest.raises(NotExactError, match="sells at a quote and another at what backs it"):
        solved(two_tokens(quote="$1"), {"loss": {"IX": "2%", "IY": "50%"}})


def test_a_cap_binds_as_long_as_the_price_is_above_it():
    """Y is worth 1 and read at 0.95 at most, beside A: liquidated where both together fall short."""
    system = System(
        assets={**USD, "A": {"price": "$1"}},
        oracles={"capped": {"kind": "capped", "base": "market", "cap": "$0.95"}},
        issuers={"IY": {"outside": {"y": "$100"}, "issues": {"Y": share(100)}}},
        markets={
            "m": {
                "rules": "aave-v3",
                "lends": {"U": {"cash": 25}},
                "collateral": {"A": MARKET, "Y": {**MARKET, "oracle": "capped"}},
            }
        },
        positions={"a": {"market": "m", "collateral": {"A": 50, "Y": 50}, "debt": {"U": 70}}},
    )
    found = solved(system, {"loss": {"IY": "100%"}})
    # 0.8 (50 + 50 p) = 70 at p = 3/4, where the cap no longer binds
    assert breaks(found)[("a", "liquidated")] == F(1, 4)
    assert metric(found, "health_factor", "a", found.start) == F("0.8") * F("97.5") / 70
    fallen = solved(system, {"price": {"A": "-50%"}})
    # 0.8 (50 p + 47.5) = 70 at p = 4/5: liquidated at the cap, though Y is worth more
    assert breaks(fallen)[("a", "liquidated")] == F(2, 5)
    point = at(fallen, "1/2")
    reading, worth = F("37.5") + F("47.5"), F("37.5") + 50
    assert point.claim("a/equity") == worth * (1 - 70 * F("1.05") / reading)


# Euler v2


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
