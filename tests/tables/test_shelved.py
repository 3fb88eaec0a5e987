"""Many scenarios of funds and tables of accounts: as arrays, and each by itself, exactly."""

import numpy as np
import pytest

import looprisk as lr
from looprisk.analysis.api import case_of
from looprisk.analysis.solve import solve
from looprisk.engine import many
from looprisk.model import System
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


def test_a_pile_that_is_gone_is_solved_by_itself():
    found = lr.run_many(system(), loss={"A": [10.0, 150.0], "B": [1.0, 2.0]})
    assert found.alone.tolist() == [False, True]


def test_no_scenario_is_on_shelves_where_a_quote_moves():
    found = lr.run_many(system(), depeg={"a": [0.1, 0.3]})
    assert found.alone.all()


def test_the_arrays_are_asked_once(monkeypatch):
    asked = []

    def counted(worlds):
        asked.append(len(worlds))

    monkeypatch.setattr(many, "shelved", counted)
    found = lr.run_many(system(), **draws(1))
    assert found.alone.all()
    assert asked == [4]
