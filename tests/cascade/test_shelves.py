"""Accounts that no price has reached cost nothing, and leaving them out changes not one bit."""

from __future__ import annotations

import random

import numpy as np
import pytest

from looprisk import System
from looprisk.cascade.compiling import plan_of
from looprisk.cascade.paths import Drawn, generated
from looprisk.cascade.run import run
from looprisk.cascade.shelves import looked_at, reached, shelves_of
from looprisk.cascade.state import MarketState
from looprisk.model.generator import Generator
from looprisk.model.scenario import Scenario
from tests.cascade.compare import same
from tests.cascade.test_random_against_plain import arrays, batch

WHOLE = 10**9


def identical(system, scenario, drawn):
    """Run both ways, hold every number of every record together, and return the sparse one."""
    sparse = run(system, scenario, drawn=drawn, shelve_from=0)
    whole = run(system, scenario, drawn=drawn, shelve_from=WHOLE)
    for one, other in zip(sparse.records, whole.records, strict=True):
        found = dict(arrays(one.state)) | dict(arrays(one.values))
        wanted = dict(arrays(other.state)) | dict(arrays(other.values))
        assert found.keys() == wanted.keys()
        for place, array in found.items():
            if place.endswith((".opened", ".live")):
                continue  # what is looked at, not what is so
            assert same(array, wanted[place]), (one.state.k, place)
    assert same(sparse.gain, whole.gain)
    told = [
        [
            (k, n.event, n.phase, n.path.tolist(), [n.of[i] for i in n.place], n.amount.tolist())
            for k, several in done.log
            for n in several
        ]
        for done in (sparse, whole)
    ]
    assert told[0] == told[1]
    return sparse


@pytest.mark.parametrize("block", range(2))
def test_random_systems_have_the_same_bits(block):
    for seed in range(block, 8, 2):
        system, scenarios, prices = batch(seed)
        identical(system, scenarios[0], prices)


RULES = ("morpho-blue", "aave-v3", "aave-v3.3", "aave-v2", "compound-v3", "euler-v2", "isolated")


def crowd(seed, accounts=90):
    """Return many small accounts over two collaterals, two of them receipts, in two markets."""
    draw = random.Random(seed)
    rules = draw.choice(RULES)
    liquidators = draw.choice(["when_paid", "when_paid", "always", "absent"])

    def terms(lltv, oracle):
        found = {"lltv": lltv, "oracle": oracle}
        if rules == "compound-v3":
            return {**found, "liquidation_factor": "93%", "storefront": "60%"}
        return found if rules in {"morpho-blue", "euler-v2"} else {**found, "incentive": "6%"}

    rate = draw.choice(
        [
            {
                "kind": "kinked",
                "base": "1%/y",
                "slope_1": "40%/y",
                "slope_2": "90%/y",
                "kink": "80%",
            },
            {"kind": "adaptive"},
        ]
    )
    two = {"USD": {"cash": 4_000, "rate": rate}}
    if rules in {"aave-v3", "aave-v2", "aave-v3.3"}:
        two["E"] = {"cash": 20}
    markets = {
        "m": {
            "rules": rules,
            "lends": two,
            "liquidators": liquidators,
            "collateral": {
                "X": terms("80%", draw.choice(["market", "late", "stuck"])),
                "T": terms("75%", draw.choice(["market", "nav"])),
            },
            **({"max_discount": "12%"} if rules == "euler-v2" else {}),
            **({"insurance": "$150"} if draw.random() < 0.5 and len(two) == 1 else {}),
            **({"gas": "$2"} if draw.random() < 0.5 else {}),
        }
    }
    positions = {}
    for at in range(accounts):
        token = draw.choice("XXXT")
        units = round(draw.lognormvariate(2, 1), 6)
        worth = units * (10 if token == "X" else 1) * draw.uniform(0.2, 0.79)
        loan = draw.choice(list(two))
        positions[f"a{at}"] = {
            "market": "m",
            "collateral": {token: units},
            "debt": {loan: round(worth / (1 if loan == "USD" else 20), 6)},
            **({"owner": "S"} if draw.random() < 0.05 else {}),
        }
    positions["both"] = {"market": "m", "collateral": {"X": 9, "T": 9}, "debt": {"USD": 50}}
    system = System(
        assets={"USD": {"price": "$1"}, "E": {"price": "$20"}, "X": {"price": "$10"}},
        oracles={
            "late": {"kind": "market", "lag": "2h"},
            "stuck": {"kind": "fixed", "price": "$10"},
        },
        markets=markets,
        issuers={
            "S": {
                "owns": {"X": 300, "E": 60},
                "owes": {"outside": "$500"},
                "issues": {"T": {"kind": "share", "supply": 4_000}},
                "pays": ["debts", "T"],
            },
            "V": {
                "owns": {"m/USD" if len(two) > 1 else "m": "40%"},
                "issues": {"v": {"kind": "share", "supply": 900}},
            },
        },
        positions=positions,
        liquidity={
            "p": {
                "of": "X",
                "into": "USD",
                "curve": {"kind": draw.choice(["exponential", "linear"]), "depth": "$30_000"},
                "thins": {"refills_in": "9h"},
            }
        },
    )
    stages = [
        {"at": "5h", "change": {"m/collateral/X/lltv": "76%"}},
        {
            "at": "9h",
            "open": {"new": {"market": "m", "collateral": {"X": 30}, "debt": {"USD": 210}}},
        },
    ]
    return system, Scenario(time={"step": "1h", "horizon": "24h"}, stages=stages)


def falls(seed, paths=3):
    rule = Generator(kind="gbm", seed=seed, count=paths, volatility={"X": "700%/y", "E": "300%/y"})
    times = np.arange(25) * 3_600.0
    return generated(rule, times=times, start={"X": 10.0, "E": 20.0})


def test_crowds_of_accounts_have_the_same_bits():
    reached_ = owing = 0
    for seed in range(4, 12):
        system, scenario = crowd(seed)
        drawn = falls(seed)
        drawn = Drawn(ids=drawn.ids, written_in=(None,) * len(drawn.ids), values=drawn.values)
        done = identical(system, scenario, drawn)
        now = done.end.state.markets[0]
        reached_ += int(now.opened.sum())
        owing += int((now.live < len(system.positions)).sum())
    # some are gone, some were reached and still owe, most were never looked at
    assert 200 < reached_ < 0.7 * 8 * 3 * 90
    assert owing > 10


def test_small_books_are_looked_at_whole_and_large_ones_are_not():
    system, scenario = crowd(1)
    assert not plan_of(system, scenario).books[0].shelves.whole
    assert plan_of(system, scenario, shelve_from=WHOLE).books[0].shelves.whole


def test_a_shelf_holds_who_a_price_reaches_first_in_front():
    collateral = np.array([[10.0, 10.0, 0.0, 5.0, 1.0], [0.0, 3.0, 4.0, 0.0, 0.0]])
    debt = np.array([[5.0, 5.0, 6.0, 4.0, 0.0]])
    found = shelves_of(collateral, debt, later=np.zeros(5, dtype=bool), shelve_from=0)
    first, second = found.shelves
    assert (first.accounts.tolist(), first.keys.tolist()) == ([3, 0], [0.8, 0.5])
    assert (second.accounts.tolist(), second.keys.tolist()) == ([2], [1.5])
    # over two collaterals: always; without a debt: never
    assert found.always.tolist() == [1]
    now = MarketState.__new__(MarketState)
    object.__setattr__(now, "opened", np.array([[0, 0], [1, 0]]))
    object.__setattr__(now, "live", np.array([[5], [3]]))
    upto = reached(found, np.array([[0.6, 2.0], [0.4, 1.0]]))
    assert upto.tolist() == [[1, 0], [2, 1]]
    assert looked_at(found, now, upto).tolist() == [[1, 3, 5, 5], [0, 1, 2, 3]]
