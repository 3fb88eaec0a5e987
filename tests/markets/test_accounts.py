"""Accounts with several collaterals and debts: e-modes, incentives, aTokens, oracles of every kind."""

import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis.metrics import Ask, measure
from looprisk.errors import ModelError, NotExactError
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
    assert found.scaled.stretches is None or not found.segments
    point = at(found, 1)
    owed, repaid = 110, 100 / F("1.05")
    assert values(point, "a/debt/U", "a/debt/E") == [repaid * F(30, owed), repaid * F(80, owed)]
    assert abs(breaks(found)[("a", "liquidated")] - F(1, 4)) <= F(1, 10**12)
    rows = {(r.of, r.event): r for r in lr.break_points(system, price={"E": "+100%"}).rows}
    assert rows["a", "liquidated"].exact == "1/4"
    assert rows["a", "bad_debt"].exact == str((100 / F("1.05") - 70) / 40)
    # 70 + 40 s = 100: found by its ratio
    assert (rows["a", "insolvent"].kind, rows["a", "insolvent"].exact) == ("exact", "3/4")
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
