"""Runs, mints, copies, openings and changes: what a stage does to units and parameters."""

from fractions import Fraction

import pytest

import looprisk as lr
from looprisk.analysis.solve import Solved, solve
from looprisk.errors import ModelError, NotCarriedError, UnknownValueError
from looprisk.model import Case, Scenario

VAULT = lr.System(
    assets={"USDC": {"price": 1}},
    issuers={
        "Vault": {
            "outside": {"bad": 10},
            "owns": {"USDC": 90},
            "issues": {"v": {"kind": "share", "supply": 100, "book_price": "$1"}},
        }
    },
)


def solved(system: lr.System, *stages: dict, **scenario: object) -> Solved:
    return solve(Case(system=system, scenario=Scenario(stages=list(stages), **scenario)))


def test_those_who_stay_bear_the_loss_of_those_who_left():
    """nu = 0.9, half leaves at par: the rest is worth (0.9 - 0.5) / 0.5 (MODEL 6)."""
    answer = solved(
        VAULT, {"loss": {"Vault": "100%"}}, {"name": "run", "run": {"v": {"wants_out": "50%"}}}
    )
    assert answer.end.token("v") == Fraction(4, 5)
    assert answer.ends[0].token("v") == Fraction(9, 10)


def test_the_loss_of_leavers_and_of_those_who_stay_is_the_loss():
    clearing = lr.run(
        VAULT, stages=[lr.Stage(loss={"Vault": "100%"}), lr.Stage(run={"v": {"wants_out": "50%"}})]
    )
    assert clearing.shock.loss_usd == 10
    assert sum(row.loss_usd for row in clearing.waterfall_rows) == 10
    assert clearing.layer("v").loss_fraction == pytest.approx(0.2)


def test_a_limit_caps_what_a_stage_lets_out():
    """5 % of 100 units leave at each stage though 30 ask and 90 could be paid."""
    system = VAULT.set({"v/redeems": {"from": "cash", "limit": "5%"}})
    run = {"run": {"v": {"wants_out": "30%"}}}
    answer = solved(system, {"name": "one", **run}, {"name": "two", **run})
    assert [end.compiled.world.before.redeemed["v"] for end in answer.ends] == [
        5,
        Fraction(975, 100),
    ]
    assert {(m.of, m.event) for m in answer.holding(answer.end)} >= {("v", "gated")}
    free = solved(system, {"run": {"v": {"wants_out": "4%"}}})
    assert free.end.compiled.world.before.redeemed["v"] == 4
    assert ("v", "gated") not in {(m.of, m.event) for m in free.holding(free.end)}


def test_a_limit_is_a_share_of_units_whatever_they_are_paid():
    system = VAULT.set({"v/redeems": {"from": "cash", "limit": "5%"}, "v/book_price": "$2"})
    answer = solved(system, {"run": {"v": {"wants_out": "30%"}}})
    assert answer.end.compiled.world.before.redeemed["v"] == 5
    assert answer.end.token("v") == Fraction(100 - 5 * 2, 95)


def test_a_limit_is_shared_by_those_who_come_one_after_the_other():
    system = VAULT.set({"v/redeems": {"from": "cash", "limit": "5%"}})
    first = Fraction(3, 100)
    answer = solved(
        system, {"run": {"v": {"wants_out": "3%"}}}, {"run": {"v": {"wants_out": "9%"}}}
    )
    assert answer.ends[0].compiled.world.before.redeemed["v"] == 100 * first
    assert answer.end.compiled.world.before.redeemed["v"] == 3 + Fraction(97 * 5, 100)


def test_a_limit_by_the_day_needs_time():
    system = VAULT.set({"v/redeems": {"from": "cash", "limit": "5%/d"}})
    with pytest.raises(NotCarriedError, match=r"v/redeems/limit: `5%/d`.*--set v/redeems/limit=5%"):
        solved(system, {"run": {"v": {"wants_out": "30%"}}})
    assert solved(system, {"loss": {"Vault": "50%"}}).end.token("v") == Fraction(95, 100)


def test_a_run_is_paid_from_cash_alone_and_gated_beyond_it():
    answer = solved(VAULT, {"name": "run", "run": {"v": {"wants_out": "95%"}}})
    # 90 is there, 95 is asked: 90 tokens leave at one dollar, ten stay on what is not liquid
    assert answer.end.token("v") == 1
    assert {(m.of, m.event) for m in answer.holding(answer.end)} >= {
        ("v", "gated"),
        ("Vault", "gated"),
    }
    assert float(answer.broken["v", "gated"][0].lo) == pytest.approx(90 / 95, abs=1e-9)


def test_a_market_pays_those_who_withdraw_from_it_up_to_its_cash():
    system = lr.System(
        assets={"USDC": {"price": 1}, "ETH": {"price": 2000}},
        markets={
            "m": {
                "rules": "morpho-blue",
                "lends": {"USDC": {"cash": 20}},
                "collateral": {"ETH": {"lltv": "86%", "oracle": "market"}},
            }
        },
        positions={"p": {"market": "m", "collateral": {"ETH": 1}, "debt": {"USDC": 80}}},
        issuers={
            "V": {
                "owns": {"m": "60%"},
                "issues": {"V": {"kind": "share", "supply": 60, "book_price": "$1"}},
            }
        },
    )
    answer = solved(system, {"name": "run", "run": {"V": {"wants_out": "50%"}}})
    assert answer.end.token("V") == 1
    assert answer.end.claim("m") == 80
    assert ("V", "gated") in {(m.of, m.event) for m in answer.holding(answer.end)}


def test_nothing_is_paid_where_redemption_is_halted():
    halted = VAULT.set({"v/redeems": {"at": "book", "from": "nothing"}})
    answer = solved(halted, {"run": {"v": {"wants_out": "1%"}}})
    assert ("v", "gated") in {(m.of, m.event) for m in answer.holding(answer.end)}


def test_nobody_inside_runs():
    system = lr.System(
        assets={"USDC": {"price": 1}},
        issuers={
            "A": {"owns": {"USDC": 100}, "issues": {"a": {"kind": "share", "supply": 100}}},
            "B": {"owns": {"a": 60}, "issues": {"b": {"kind": "share", "supply": 60}}},
        },
    )
    with pytest.raises(ModelError, match="held outside at book"):
        solved(system, {"run": {"a": {"wants_out": "50%"}}})


def copies(borne_by: object) -> lr.System:
    """SEMANTICS example 12: backing 1000, 400 locked, 500 copies, 100 of them without backing."""
    return lr.System(
        assets={"USDC": {"price": 1}},
        issuers={
            "X": {
                "outside": {"backing": 1000},
                "issues": {
                    "x": {
                        "kind": "share",
                        "supply": 1000,
                        "copies": {"side": {"supply": 500, "locked": 400, "bridge": "b"}},
                        "shortfall_borne_by": borne_by,
                    }
                },
            }
        },
        oracles={"one": {"kind": "fixed", "price": "$1"}},
        markets={
            "m": {
                "rules": "isolated",
                "lends": {"USDC": {"cash": 0}},
                "collateral": {"x/side": {"lltv": "95%", "incentive": "1%", "oracle": "one"}},
            }
        },
        positions={"p": {"market": "m", "collateral": {"x/side": 100}, "debt": {"USDC": 90}}},
    )


def test_who_bears_a_shortfall_decides_what_lenders_get():
    together = solved(copies("all"))
    assert (together.end.token("x"), together.end.claim("p/debt")) == (Fraction(10, 11), 90)
    alone = solved(copies(["side"]))
    assert alone.end.token("x") == 1
    assert alone.end.token("x/side") == Fraction(4, 5)
    assert alone.end.claim("p/debt") == 80


def test_nobody_knows_who_bears_it():
    with pytest.raises(UnknownValueError, match="x/shortfall_borne_by"):
        solved(copies("unknown"))


def test_a_mint_waters_every_token_down():
    answer = solved(VAULT, {"mint": {"v": 100}})
    assert answer.end.token("v") == Fraction(1, 2)
    assert lr.run(VAULT, stages=[lr.Stage(mint={"v": 100})]).shock.loss_usd == 0


LENDING = lr.System(
    assets={"USDC": {"price": 1}, "ETH": {"price": 1000}},
    markets={
        "m": {
            "rules": "isolated",
            "lends": {"USDC": {"cash": 1000}},
            "collateral": {"ETH": {"lltv": "90%", "incentive": "5%", "oracle": "market"}},
        }
    },
    positions={"p": {"market": "m", "collateral": {"ETH": 1}, "debt": {"USDC": 800}}},
)


def test_a_threshold_that_is_lowered_liquidates_on_its_way():
    answer = solved(LENDING, {"change": {"m/collateral/ETH/lltv": "70%"}})
    # the debt is 80 % of the collateral: half of the way from 90 % to 70 %
    assert float(answer.broken["p", "liquidated"][0].lo) == pytest.approx(0.5, abs=1e-11)
    assert answer.end.claim("p/equity") == 1000 - 840


def test_an_amount_is_no_parameter():
    with pytest.raises(NotCarriedError, match="is an amount"):
        solved(LENDING, {"change": {"p/debt/USDC": 900}})


def test_a_position_is_opened_with_the_cash_of_the_market():
    late = {"market": "m", "collateral": {"ETH": 1}, "debt": {"USDC": 500}}
    answer = solved(LENDING, {"open": {"late": late}}, {"price": {"ETH": "-60%"}})
    assert answer.end.claim("m") == 1800 - (800 - Fraction(400) / Fraction(21, 20)) - (
        500 - Fraction(400) / Fraction(21, 20)
    )
    with pytest.raises(ModelError, match="draws more than"):
        solved(LENDING, {"open": {"late": {**late, "debt": {"USDC": 1001}}}})


def test_the_least_solution_is_answered_when_asked_for():
    """SEMANTICS example 7: at s = 3/70 the greatest price is 47/50, the least 23/25."""
    system = lr.System(
        assets={"USDC": {"price": 1}},
        issuers={
            "I": {
                "outside": {"a": 140},
                "issues": {"t": {"kind": "share", "supply": 150}},
            }
        },
        markets={
            "m": {
                "rules": "isolated",
                "lends": {"USDC": {"cash": 0}},
                "collateral": {"t": {"lltv": "86%", "incentive": "5%", "oracle": "market"}},
            }
        },
        positions={
            "p": {"market": "m", "owner": "I", "collateral": {"t": 50}, "debt": {"USDC": 40}}
        },
    )
    shock = {"loss": {"I": 6}}
    assert solved(system, shock).end.token("t") == Fraction(47, 50)
    assert solved(system, shock, solution="least").end.token("t") == Fraction(23, 25)


def test_a_nav_that_is_computed_shows_a_realised_bad_debt_to_its_oracle():
    """A market that realises bad debt lowers the book of its vault, and the vault's token is collateral."""
    system = lr.System(
        assets={"USDC": {"price": 1}, "ETH": {"price": 1000}},
        issuers={"V": {"owns": {"m": "100%"}, "issues": {"v": {"kind": "share", "supply": 900}}}},
        markets={
            "m": {
                "rules": "isolated",
                "realises": "true",
                "lends": {"USDC": {"cash": 100}},
                "collateral": {"ETH": {"lltv": "90%", "incentive": "5%", "oracle": "market"}},
            },
            "n": {
                "rules": "isolated",
                "lends": {"USDC": {"cash": 0}},
                "collateral": {"v": {"lltv": "90%", "incentive": "5%", "oracle": "nav"}},
            },
        },
        positions={
            "p": {"market": "m", "collateral": {"ETH": 1}, "debt": {"USDC": 800}},
            "q": {"market": "n", "collateral": {"v": 100}, "debt": {"USDC": 85}},
        },
    )
    before = solved(system, {"price": {"ETH": "-10%"}})
    assert "liquidated" not in before.end.state_of("q")
    # ETH at 630: the loan repays 600, the supply is worth 700 of 900, v is at 7/9 on the books too
    after = solved(system, {"price": {"ETH": "-37%"}})
    assert after.end.token("v") == Fraction(7, 9)
    assert "liquidated" in after.end.state_of("q")
