"""Many scenarios of funds and tables of accounts: as arrays, and each by itself, exactly."""

import numpy as np
import pytest

import looprisk as lr
import looprisk.analysis.solve as solving
from looprisk.analysis.api import case_of
from looprisk.analysis.solve import solve
from looprisk.model import System
from tests.files.corpus import SCENARIOS
from tests.tables.twins import Row, table_of


def accounts(seed, token, count=12):
    random = np.random.default_rng(seed)
    return [
        Row({token: f"{units:.3f}"}, {"USDC": f"{units * ratio:.3f}"})
        for units, ratio in zip(
            random.uniform(0.3, 9, count), random.uniform(0.2, 0.84, count), strict=True
        )
    ]


def market(token, oracle="market", **more):
    lends = {"USDC": {"cash": 20}}
    return {
        "rules": "isolated",
        "lends": lends,
        "collateral": {token: {"lltv": "86%", "incentive": "5%", "oracle": oracle}},
        **more,
    }


def system(**changes):
    """Two funds that own each other and lend against each other's shares, and against ETH."""
    share = {"kind": "share", "supply": 200}
    parts = {
        "assets": {"USDC": {"price": "$1"}, "ETH": {"price": "$1"}},
        "issuers": {
            "A": {
                "outside": {"cash": "$150"},
                "owns": {"b": 40, "mb": "60%", "ETH": 7},
                "issues": {"a": share},
            },
            "B": {
                "outside": {"loans": "$90"},
                "owns": {"a": 30, "ma": "100%", "me": "50%"},
                "issues": {"b": share},
            },
            "C": {"owns": {"a": 25, "me": "30%"}},
        },
        "markets": {"ma": market("a"), "mb": market("b"), "me": market("ETH")},
        "positions": {
            "on_a": table_of(accounts(1, "a"), "ma"),
            "on_b": table_of(accounts(2, "b"), "mb"),
            "on_eth": table_of(accounts(3, "ETH"), "me"),
        },
    }
    return System(**{**parts, **changes})


def draws(count=6):
    random = np.random.default_rng(7)
    return {
        "price": {"ETH": -random.uniform(0, 0.7, count)},
        "loss": {"A": random.uniform(0, 140, count), "B": random.uniform(0, 85, count)},
    }


def one(asked, i):
    return {verb: {name: float(x[i]) for name, x in by.items()} for verb, by in asked.items()}


def test_scenarios_on_shelves_are_those_solved_one_by_one():
    funds, asked = system(), draws()
    found = lr.run_many(funds, **asked)
    assert not found.alone.any()
    assert found.residual.max() < 1e-12
    assert np.abs(found.conservation_gap).max() < 1e-12
    short = set()
    for i in range(6):
        point = solve(case_of(funds, one(asked, i))).end
        exact = [float(point.claim(claim)) for claim in found.ids]
        assert found.economic_usd[i] == pytest.approx(exact, rel=1e-9)
        short |= {m for m in ("ma", "mb", "me") if point.claim(m) < point.face(m)}
    assert short == {"ma", "mb", "me"}


@pytest.mark.parametrize(
    "changes",
    [
        {"markets": {"ma": market("a"), "mb": market("b"), "me": market("ETH", oracle="fixed")}},
        {"markets": {"ma": market("a"), "mb": market("b"), "me": market("ETH", insurance="$5")}},
    ],
)
def test_what_does_not_fit_is_solved_by_itself(changes):
    fixed = {"fixed": {"kind": "fixed", "of": "ETH", "price": "$1"}}
    used = "fixed" in str(changes)
    found = lr.run_many(system(**changes, **({"oracles": fixed} if used else {})), **draws(2))
    assert found.alone.all()


def test_a_pile_loses_no_more_than_all_of_it():
    asked = {"loss": {"A": [10.0, 170.0], "B": [1.0, 2.0]}}
    found = lr.run_many(system(), **asked)
    assert not found.alone.any()
    point = solve(case_of(system(), one(asked, 1))).end
    exact = [float(point.claim(claim)) for claim in found.ids]
    assert found.economic_usd[1] == pytest.approx(exact, rel=1e-9)


def test_no_scenario_is_on_shelves_where_a_quote_moves():
    found = lr.run_many(system(), depeg={"a": [0.1, 0.3]})
    assert found.alone.all()


UNFIT = {
    "owes": (
        {"issuers": {"D": {"outside": {"x": "$9"}, "owes": {"outside": 5}}}},
        "D owes: D/owes",
    ),
    "leg": (
        {
            "venues": {"v": {"convention": "hyperliquid", "mode": "isolated", "maintenance": "5%"}},
            "positions": {
                "hedge": {
                    "venue": "v",
                    "owner": "A",
                    "short": "2 ETH",
                    "entry": "$1",
                    "margin": {"USDC": 5},
                }
            },
        },
        "hedge is a leg on a venue",
    ),
    "alone": (
        {"positions": {"whale": {"market": "me", "collateral": {"ETH": 3}, "debt": {"USDC": 1}}}},
        "whale is an account that stands by itself",
    ),
    "insured": ({"markets": {"me": market("ETH", insurance="$5")}}, "me has an insurance"),
    "lends a token": (
        {"markets": {"mt": {**market("ETH"), "lends": {"b": {"cash": 2}}}}},
        "mt lends b, a token of this system",
    ),
    "fixed": (
        {
            "oracles": {"fixed": {"kind": "fixed", "of": "ETH", "price": "$1"}},
            "markets": {"me": market("ETH", oracle="fixed")},
        },
        "me reads, or sells at, another price of ETH",
    ),
    "untouched": (
        {"markets": {"me": market("ETH", liquidators="absent")}},
        "me liquidates by another rule",
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_books_do_not_carry_is_named_and_solved_by_itself(name):
    changes, reason = UNFIT[name]
    base = system()
    parts = {section: {**dict(getattr(base, section)), **more} for section, more in changes.items()}
    other = base.model_copy(update={section: {} for section in parts})
    tree = {s: getattr(other, s) for s in ("assets", "issuers", "markets", "positions")}
    unfit = System(**{**tree, **parts})
    ready = lr.compiled(unfit)
    assert ready.refused.startswith(reason)
    assert reason in repr(ready)
    found = lr.run_many(ready, price={"ETH": [-0.2]})
    assert found.alone.all()
    point = solve(case_of(unfit, {"price": {"ETH": -0.2}})).end
    exact = [float(point.claim(claim)) for claim in found.ids]
    assert found.economic_usd[0] == pytest.approx(exact, rel=1e-9)


def test_a_compiled_system_is_asked_again_and_again():
    funds = system(
        assets={
            "USDC": {"price": "$1"},
            "BTC": {"price": "$50"},
            "ETH": {"price": "0.02 BTC"},
        },
        positions={
            "on_a": table_of(accounts(1, "a"), "ma"),
            "more_on_a": table_of(accounts(5, "a", 4), "ma"),
            "on_eth": table_of(accounts(3, "ETH"), "me"),
        },
    )
    ready = lr.compiled(lr.load(SCENARIOS / "accounts-table.yaml")["minus-20"])
    assert repr(ready).startswith("200 accounts in sorted books, ")
    ready = lr.compiled(funds)
    assert ready.refused == ""
    assert repr(ready).startswith("28 accounts in sorted books, ")
    for asked in (
        {"price": {"BTC": [-0.3], "ETH": [-0.1]}, "loss": {"A/outside/cash": [20.0]}},
        {"price": {"ETH": [0.2]}},
        {"price": {"USDC": [0.25], "ETH": [-0.1]}},
        {"price": {"USDC": [-0.15]}, "loss": {"B": [70.0]}},
        {"loss": {"B": [70.0]}},
    ):
        found = lr.run_many(ready, **asked)
        assert not found.alone.any()
        point = solve(case_of(funds, one(asked, 0))).end
        exact = [float(point.claim(claim)) for claim in found.ids]
        assert found.economic_usd[0] == pytest.approx(exact, rel=1e-9)
        assert found.labels == lr.run_many(funds, **asked, depeg={"a": [0.1]}).labels


def test_moves_that_books_do_not_carry_are_solved_by_themselves():
    ready = lr.compiled(system())
    for asked in ({"price": {"USDC": [-1.0]}}, {"depeg": {"b": [0.1]}}):
        assert lr.run_many(ready, **asked).alone.all()
    for asked, said in (
        ({"price": {"ETH": [-1.1]}}, "a size or a level"),
        ({"loss": {"C": [5.0]}}, "nothing outside"),
        ({"loss": {"Z": [5.0]}}, "Z"),
        ({"price": {"Z": [-0.5]}}, "Z"),
        ({"price": {"ETH": ["a"]}}, "not a row of finite numbers"),
        ({"price": {"ETH": [-0.1], "USDC": [0.0, 0.0]}}, "as many numbers"),
    ):
        with pytest.raises(lr.ModelError, match=said):
            lr.run_many(ready, **asked)


def test_a_large_system_that_does_not_fit_says_why(monkeypatch):
    monkeypatch.setattr(solving, "LARGEST", 5)
    with pytest.raises(lr.NotCarriedError, match="sorted books do not carry it: `depeg` moves"):
        lr.run_many(system(), depeg={"b": [0.1]})
    with pytest.raises(lr.NotCarriedError, match=r"lr\.run_many"):
        lr.run(system(), price={"ETH": -0.1})
    assert lr.run_many(system(), price={"ETH": [-0.1]}).residual.max() < 1e-12
