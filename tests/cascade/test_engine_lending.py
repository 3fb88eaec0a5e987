"""The examples of lending in time, to twelve digits; fractions are exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests.cascade.play import USD, book, close, debt, events, leak, market, play, price, units

F = Fraction


def loan(rules, lltv, incentive, n, d, *, cash="0", oracle="market", **market_fields):
    return {
        "assets": {**USD, "X": {"price": "$1"}},
        "markets": {
            "m": {
                "rules": rules,
                "lends": {"USDC": {"cash": cash}},
                "collateral": {"X": {"lltv": lltv, "incentive": incentive, "oracle": oracle}},
                **market_fields,
            }
        },
        "positions": {"a": {"market": "m", "collateral": {"X": n}, "debt": {"USDC": d}}},
    }


def spiral(**fields):
    tree = loan("aave-v3", "0.86", "5%", "10000", "8100", **fields)
    pool = {"of": "X", "into": "USDC", "curve": {"kind": "exponential", "depth": "$50k"}}
    return {**tree, "liquidity": {"p": pool}}


DEBTS = (5939.29272964, 3881.47628168, 1940.73814084, 970.369070419, 485.18453521)
LEFT = (7560.49179153, 5120.98358306, 2705.23413113, 1437.56817535, 787.459984149)


def test_3_sales_in_rounds_until_the_account_is_healthy():
    done = play(spiral(), {"X": (1, *[0.93] * 7)})
    np.testing.assert_allclose(debt(done, "a")[1:6], DEBTS, rtol=1e-11)
    np.testing.assert_allclose(units(done, "a")[1:6], LEFT, rtol=1e-11)
    assert debt(done, "a")[-1] == debt(done, "a")[5]
    at = (0.93 / 1.05, 0.93 / 1.05**2, 0.803750798299, 0.783629200288, 0.77350627761)
    np.testing.assert_allclose(market(done, "X")[1:6], at, rtol=1e-11)
    assert leak(done, "liquidators") == pytest.approx(209.870654707, rel=1e-11)
    assert leak(done, "slippage:p") == pytest.approx(170.870118532, rel=1e-11)


def test_3_gas_keeps_liquidators_away():
    done = play(spiral(gas="$110"), {"X": (1, *[0.93] * 7)})
    assert events(done, "not_paid")["a"][0][0] == 3
    np.testing.assert_allclose(debt(done, "a")[3:], DEBTS[1], rtol=1e-11)


def test_3_infinite_depth_repays_half():
    done = play(loan("aave-v3", "0.86", "5%", "10000", "8100"), {"X": (1, 0.93, 0.93, 0.93)})
    close(debt(done, "a"), [8100, 4050, 4050, 4050])


def test_3_a_lag_doubles_the_steps():
    tree = spiral(oracle="late")
    tree["oracles"] = {"late": {"kind": "market", "lag": "1s"}}
    done = play(tree, {"X": (1, *[0.93] * 8)})
    np.testing.assert_allclose(debt(done, "a")[2::2], DEBTS[:4], rtol=1e-11)


@pytest.mark.parametrize(
    ("lag", "acting", "at", "debt_left", "lender", "gain"),
    [
        (0, "when_paid", 1, 0, 800, 40),
        (1, "when_paid", 5, F(1600, 7), F(4000, 7), F(200, 7)),
        (2, "when_paid", 6, F(1600, 7), F(4000, 7), F(200, 7)),
        (2, "always", 3, 0, 800, F(-440, 3)),
    ],
)
def test_6_a_late_oracle_lets_bad_debt_grow(lag, acting, at, debt_left, lender, gain):
    tree = loan(
        "isolated", "0.86", "5%", "1000", "800", oracle="o", realises="true", liquidators=acting
    )
    tree["oracles"] = {"o": {"kind": "market", **({"lag": f"{lag}s"} if lag else {})}}
    done = play(tree, {"X": (1, 0.9, 0.8, 0.7, 0.6, 0.6, 0.6)})
    assert [k for k, _ in events(done, "liquidated")["a"]] == [at]
    close([done.end.values.price[0, done.plan.place["m"]] * 800], [lender])
    close([leak(done, "liquidators")], [gain])
    bad = events(done, "bad_debt")
    close([amount for _, amount in bad.get("a", [])], [debt_left] if debt_left else [])
    if lag == 2 and acting == "when_paid":
        assert [k for k, _ in events(done, "not_paid")["a"]] == [3, 4, 5]


def absent_until_day_10(rules, rate, **fields):
    tree = {
        "assets": {**USD, "X": {"price": "$1"}},
        "issuers": {
            "V": {"owns": {"m": "450"}, "issues": {"v": {"kind": "share", "supply": "450"}}}
        },
        "markets": {
            "m": {
                "rules": rules,
                "lends": {"USDC": {"cash": "100", "rate": rate}},
                "collateral": {"X": {"lltv": "0.86", "incentive": "5%", "oracle": "market"}},
                "liquidators": "absent",
                **fields,
            }
        },
        "positions": {"a": {"market": "m", "collateral": {"X": "1000"}, "debt": {"USDC": "800"}}},
    }
    stages = [{"at": "10d", "change": {"m/liquidators": "when_paid"}}]
    return play(tree, {"X": [1, *[0.7] * 20]}, step="1d", stages=stages)


KINKED = {"kind": "kinked", "base": "0%/y", "slope_1": "4%/y", "slope_2": "60%/y", "kink": "80%"}


@pytest.mark.parametrize(
    ("rules", "fields", "shown", "worth", "vault"),
    [
        ("morpho-blue", {}, 766.666666667, 766.666666667, 0.851851851852),
        ("aave-v3.3", {}, 906.77453969, 766.666666667, 1.00752726632),
        ("aave-v3", {}, 906.804200558, 766.666666667, 1.00756022284),
        ("morpho-blue", {"insurance": "$50"}, 816.666666667, 816.666666667, None),
    ],
)
def test_7_interest_runs_while_liquidators_are_absent(rules, fields, shown, worth, vault):
    done = absent_until_day_10(rules, KINKED, **fields)
    assert debt(done, "a")[9] == pytest.approx(806.092036887, rel=1e-11)
    ((_, amount),) = events(done, "bad_debt")["a"]
    assert amount == pytest.approx(140.107873024, rel=1e-11)
    supply = done.plan.place["m"]
    units_ = done.end.state.units[0, supply]
    close([done.end.state.book[0, supply] * units_], [shown])
    close([done.end.values.price[0, supply] * units_], [worth])
    if vault is not None:
        close(book(done, "v")[-1:], [vault])


def test_7_an_adaptive_rate():
    done = absent_until_day_10("morpho-blue", {"kind": "adaptive", "base": "4%/y"})
    assert debt(done, "a")[9] == pytest.approx(800.776234354, rel=1e-11)
    ((_, amount),) = events(done, "bad_debt")["a"]
    assert amount == pytest.approx(134.19514283, rel=1e-11)


def test_9_an_oracle_that_reads_a_quote_or_a_book():
    def system(oracle):
        return {
            "assets": USD,
            "issuers": {
                "X": {
                    "outside": {"fund": "$1_000"},
                    "issues": {
                        "x": {
                            "kind": "share",
                            "supply": "1000",
                            "book_price": "$1",
                            "market_price": "$1",
                        }
                    },
                },
                "V": {
                    "owns": {"m": "1000"},
                    "issues": {"v": {"kind": "share", "supply": "1000"}},
                },
            },
            "markets": {
                "m": {
                    "rules": "isolated",
                    "realises": "true",
                    "lends": {"USDC": {"cash": "140"}},
                    "collateral": {"x": {"lltv": "0.915", "incentive": "5%", "oracle": oracle}},
                }
            },
            "positions": {
                "a": {"market": "m", "collateral": {"x": "1000"}, "debt": {"USDC": "860"}}
            },
        }

    stages = [{"at": "1s", "loss": {"X/outside/fund": "$300"}}]
    quotes = {"x": (1, 1, 0.98, 0.95, 0.6, 0.6)}
    done = play(system("market"), quotes, stages=stages)
    close(price(done, "x")[1:], [0.7] * 5)
    assert [k for k, _ in events(done, "liquidated")["a"]] == [4]
    close(book(done, "v"), [1, 1, 1, 1, F(249, 350), F(249, 350)])
    close(price(done, "v")[-1:], [F(249, 350)])
    done = play(system("nav"), quotes, stages=stages)
    assert not events(done, "liquidated")
    close(book(done, "v"), [1] * 6)
    close(price(done, "v"), [1, *[F(21, 25)] * 5])


def test_11_three_markets_sell_into_one_pool():
    def market_(rules, lltv, incentive, **fields):
        terms = {"lltv": lltv, "oracle": "market"}
        if incentive:
            terms["incentive"] = incentive
        return {
            "rules": rules,
            "lends": {"USDC": {"cash": "0"}},
            "collateral": {"X": terms},
            **fields,
        }

    def account(m, n, d):
        return {"market": m, "collateral": {"X": n}, "debt": {"USDC": d}}

    tree = {
        "assets": {**USD, "X": {"price": "$1"}},
        "markets": {
            "M1": market_("isolated", "0.8", "10%"),
            "M2": market_("isolated", "0.9", "2%"),
            "M3": market_("euler-v2", "0.85", None, max_discount="15%"),
        },
        "positions": {
            "a": account("M1", "1000", "780"),
            "b": account("M1", "500", "390"),
            "c": account("M2", "1000", "840"),
            "d": account("M3", "800", "640"),
        },
        "liquidity": {
            "p": {
                "of": "X",
                "into": "USDC",
                "curve": {"kind": "exponential", "depth": "$20k"},
                "thins": {"with_price": "1x", "refills_in": "2s"},
            }
        },
    }
    done = play(tree, {"X": (1, 0.9, 0.9, 0.9)})
    np.testing.assert_allclose(
        market(done, "X")[1:], (0.818181818182, 0.811393114364, 0.828593782112), rtol=1e-11
    )
    found = [debt(done, name)[1] for name in "abcd"]
    np.testing.assert_allclose(
        found, (72.96865974, 36.48432987, 745.1490074, 439.7827189), rtol=1e-9
    )
    assert leak(done, "slippage:p") == pytest.approx(84.1698330848, rel=1e-11)


PATH_12 = (1, 0.998, 0.99, 0.985, 0.97, 0.96, 0.96, 0.96, 0.96, 0.955)


def readings(oracle, stages=()):
    tree = loan("isolated", "0.86", "5%", "1000", "1", oracle="o")
    tree["oracles"] = {"o": oracle}
    done = play(tree, {"X": PATH_12}, stages=stages)
    return [float(r.state.reading[0, 0]) for r in done.records]


def test_12_what_oracles_report_of_one_path():
    pushed = readings({"kind": "market", "heartbeat": "6s", "deviation": "1%"})
    close(pushed, (1, 1, 0.99, 0.99, 0.97, 0.96, 0.96, 0.96, 0.96, 0.96))
    late = readings({"kind": "market", "lag": "2s"})
    close(late, (1, 1, 1, 0.998, 0.99, 0.985, 0.97, 0.96, 0.96, 0.96))
    mean = readings({"kind": "twap", "window": "3s"})
    assert mean[5] == pytest.approx(0.981666666667, rel=1e-11)
    frozen = readings({"kind": "market"}, [{"at": "3s", "freeze": ["o"]}])
    close(frozen[3:], [0.99] * 7)


# Aave v3.3, by hand: LiquidationLogic with MIN_BASE_MAX_CLOSE_FACTOR_THRESHOLD 2000e8 and
# MIN_LEFTOVER_BASE 1000e8; the health factor stays above 0.95 where half may be repaid


@pytest.mark.parametrize(
    ("rules", "n", "d", "left", "kept", "why"),
    [
        (
            "aave-v3.3",
            "2500",
            "2400",
            1200,
            1240,
            "half of the whole debt; 1,000 and more are left",
        ),
        ("aave-v3.3", "2110", "1999", 0, F("11.05"), "under 2,000 of debt: all of it"),
        ("aave-v3.3", "1999", "1900", 0, 4, "under 2,000 of collateral: all of it"),
        ("aave-v3", "2110", "1999", F("999.5"), F("1060.525"), "v3 knows no small accounts"),
        (
            "aave-v3.3",
            "2045",
            "2000",
            2000 - F(1045) / F("1.05"),
            1000,
            "half would leave 995 of collateral: less is repaid, so that 1,000 stay",
        ),
    ],
)
def test_aave_v3_3_closes_small_accounts_whole_and_leaves_no_dust(rules, n, d, left, kept, why):
    tree = loan(rules, "0.93", "5%", n, d, oracle="o")
    tree["oracles"] = {"o": {"kind": "fixed", "price": "$1"}}
    done = play(tree, {"X": (1, 1)})
    assert debt(done, "a")[0] == pytest.approx(float(left), rel=1e-12), why
    assert units(done, "a")[0] == pytest.approx(float(kept), abs=1e-9), why


def test_a_round_of_aave_v3_3_repays_what_its_largest_single_call_may():
    """The worked example, doubled: of A 1,800 in full, of B 2,000, which is half of the whole."""
    terms = {"lltv": "0.62", "incentive": "5%", "oracle": "o"}
    tree = {
        "assets": {**USD, "T": {"price": "$1"}, "X": {"price": "$1"}, "Y": {"price": "$1"}},
        "oracles": {"o": {"kind": "fixed", "price": "$1"}},
        "markets": {
            "m": {
                "rules": "aave-v3.3",
                "lends": {"USDC": {"cash": "0"}, "T": {"cash": "0"}},
                "collateral": {"X": terms, "Y": terms},
            }
        },
        "positions": {
            "a": {
                "market": "m",
                "collateral": {"X": "4600", "Y": "1600"},
                "debt": {"USDC": "1800", "T": "2200"},
            }
        },
    }
    done = play(tree, {"X": (1, 1)})
    assert debt(done, "a")[0] + debt(done, "a", loan=1)[0] == pytest.approx(4000 - 2000)
    assert units(done, "a")[0] + units(done, "a", slot=1)[0] == pytest.approx(6200 - 2100)


def test_what_aave_v3_3_leaves_without_collateral_is_a_deficit():
    """2,300 at 5 % bring 2,190.48 of 2,400: the rest leaves the debts, not what suppliers own."""
    rest = 2400 - 2300 / 1.05
    for rules, still in (("aave-v3.3", 0.0), ("aave-v3", rest)):
        tree = loan(rules, "0.93", "5%", "2300", "2400", cash="100", oracle="o")
        tree["oracles"] = {"o": {"kind": "fixed", "price": "$1"}}
        done = play(tree, {"X": (1, 1, 1)})
        assert events(done, "bad_debt")["a"][0][1] == pytest.approx(rest)
        assert debt(done, "a")[-1] == pytest.approx(still)
        assert book(done, "m")[-1] == 1
        assert price(done, "m")[-1] == pytest.approx(1 - rest / 2500)


def test_the_book_of_compound_iii_keeps_what_its_reserves_are_short_of():
    """Comet.absorb clears the debt; reserves go below nothing, and no supplier's balance changes."""
    terms = {"lltv": "85%", "liquidation_factor": "93%", "storefront": "50%", "oracle": "o"}
    tree = {
        "assets": {**USD, "X": {"price": "$1"}},
        "oracles": {"o": {"kind": "fixed", "price": "$0.5"}},
        "markets": {
            "m": {
                "rules": "compound-v3",
                "lends": {"USDC": {"cash": "35"}},
                "collateral": {"X": terms},
            }
        },
        "positions": {"a": {"market": "m", "collateral": {"X": "100"}, "debt": {"USDC": "70"}}},
    }
    done = play(tree, {"X": (0.5, 0.5, 0.5)})
    assert book(done, "m")[-1] == 1
    assert price(done, "m")[-1] < 0.85
    assert debt(done, "a")[-1] == 0
