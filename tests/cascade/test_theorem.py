"""Frozen prices, infinite depth, constant readings: time ends where the clearing stands.

DYNAMICS 11: with close factor 1 every claim, owner and leak is that of the clearing after one more
step. With smaller ones lenders and holders are, and owners and liquidators together.
"""

from __future__ import annotations

import random

import pytest

import looprisk as lr
from looprisk.cascade.run import run
from looprisk.model.scenario import Scenario

WHOLE = ("morpho-blue", "isolated", "pooled", "silo-v2", "abracadabra")
HALF = ("aave-v2", "compound-v2", "aave-v3")


def system(seed, rules, *, quoted=True):
    """Return a random system: a strategy, its vault, two markets, a fund above, and a shock."""
    draw = random.Random(seed)
    quote = round(draw.uniform(0.7, 1.05), 3)
    accounts = {}
    for at in range(draw.randint(2, 7)):
        token = draw.choice(["X", "T"])
        worth = 1 if token == "X" else quote
        units = draw.randint(50, 400)
        owner = {"owner": "O"} if draw.random() < 0.3 else {}
        accounts[f"a{at}"] = {
            "market": draw.choice(["m", "n"]),
            "collateral": {token: str(units)},
            "debt": {"USDC": str(round(units * worth * draw.uniform(0.3, 0.84), 2))},
            **owner,
        }

    def market(name):
        terms = {"lltv": "0.86"}
        rule = draw.choice(rules)
        if rule != "morpho-blue":
            terms["incentive"] = "5%"
        oracle = draw.choice(["market", "nav", "stuck"]) if quoted else "market"
        return {
            "rules": rule,
            "lends": {"USDC": {"cash": str(draw.randint(0, 200))}},
            "collateral": {"X": {**terms, "oracle": "market"}, "T": {**terms, "oracle": oracle}},
            **({"insurance": f"${draw.randint(5, 80)}"} if draw.random() < 0.4 else {}),
        }

    tree = {
        "assets": {"USDC": {"price": "$1"}, "X": {"price": "$1"}},
        "oracles": {"stuck": {"kind": "fixed", "price": "$0.95"}},
        "issuers": {
            "S": {
                "outside": {"book": "$3_000"},
                "owns": {"X": str(draw.randint(0, 500))},
                "owes": {"outside": f"${draw.randint(0, 800)}", "O": f"${draw.randint(0, 300)}"},
                "issues": {
                    "T": {
                        "kind": "share",
                        "supply": "3000",
                        "book_price": "$1",
                        **({"market_price": f"${quote}"} if quoted else {}),
                    }
                },
                "pays": ["debts", "T"],
            },
            "O": {
                "outside": {"cash": "$200"},
                "owns": {"T": str(draw.randint(0, 90)), "m": f"{draw.randint(10, 60)}%"},
                "owes": {"outside": "$100"},
                "issues": {"P": {"kind": "par", "par": "$1", "supply": "150"}},
                "pays": [["debts", "P"], "equity"],
            },
            "V": {
                "owns": {"m": "20%", "n": "50%", "P": "60"},
                "issues": {"v": {"kind": "share", "supply": "500"}},
            },
        },
        "markets": {"m": market("m"), "n": market("n")},
        "positions": accounts,
    }
    shock = {
        "price": {"X": f"-{draw.randint(2, 45)}%"},
        "loss": {"S": f"${draw.randint(0, 3000)}"},
    }
    return lr.System.from_tree(tree), shock


def in_time(parts, shock, steps):
    scenario = Scenario(time={"step": "1s", "horizon": f"{steps}s"}, stages=[{"at": "1s", **shock}])
    return run(parts, scenario)


def values(done):
    """Return what every token, supply and loan is worth at the end, USD."""
    plan, end = done.plan, done.end
    found = {
        plan.goods[g]: float(end.values.price[0, g] * end.state.units[0, g])
        for g in range(plan.assets, len(plan.goods))
    }
    return found | {o.id: float(end.values.claims[0, i]) for i, o in enumerate(plan.owed)}


@pytest.mark.parametrize("seed", range(40))
def test_with_close_factor_1_time_ends_at_the_clearing(seed):
    parts, shock = system(seed, WHOLE)
    still = lr.run(parts, **shock)
    done = in_time(parts, shock, 2)
    found = values(done)
    for row in still.layer_rows:
        if row.id in found:
            assert found[row.id] == pytest.approx(row.economic_usd, rel=1e-9, abs=1e-7), row.id
    later = in_time(parts, shock, 4)
    assert values(later) == pytest.approx(found, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_with_smaller_ones_lenders_and_holders_end_there(seed):
    parts, shock = system(1000 + seed, HALF)
    inside = any(p.owner for p in parts.positions.values())
    still = lr.run(parts, **shock)
    done = in_time(parts, shock, 40)
    found = values(done)
    for row in still.layer_rows:
        # what an owner inside the system keeps differs by what liquidators did not take
        if row.id in {"m", "n", "T"} or (row.id in found and not inside):
            assert found[row.id] == pytest.approx(row.economic_usd, rel=1e-9, abs=1e-6), row.id


def liquidated(done):
    """Return the accounts that were acted on."""
    return {
        name
        for _, several in done.log
        for one in several
        if one.event == "liquidated"
        for name in one.names.values()
    }


@pytest.mark.parametrize("seed", range(30))
def test_where_oracles_read_the_systems_own_token_fewer_are_liquidated(seed):
    """A trigger reads the last record, so that prices fall from above: a subset goes, no lower."""
    parts, shock = system(2000 + seed, ("isolated",), quoted=False)
    still = lr.run(parts, **shock)
    done = in_time(parts, shock, 12)
    broken = (*still.at_start, *still.event_rows)
    static = {event.of for event in broken if event.event == "liquidated"}
    assert liquidated(done) <= static
    price = done.end.values.price[0, done.plan.place["T"]]
    assert price >= still.layer("T").price.economic * (1 - 1e-9)


def test_the_random_systems_do_liquidate():
    acted = [liquidated(in_time(*system(seed, WHOLE), 2)) for seed in range(12)]
    assert sum(map(bool, acted)) >= 6
