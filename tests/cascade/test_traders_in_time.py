"""A venue's book as columns runs as the same legs do that are named one by one."""

import numpy as np
import pytest

from looprisk.cascade.run import run
from looprisk.model import System
from looprisk.model.scenario import Scenario
from looprisk.model.tables import AccountTable, TableName
from tests.cascade.play import price

ROWS = [
    # long, short, entry, leverage
    (40.0, 0, 100.0, 3.0),
    (55.5, 0, 0, 12.5),
    (30.0, 0, 104.0, 20.0),
    (0, 60.0, 0, 10.0),
    (0, 35.5, 95.0, 25.0),
    (0, 20.0, 110.0, 4.0),
]
PATH = [100, 104, 97, 93, 96, 90, 84, 101, 112]


def table(rows):
    columns = {
        name: "\n".join(str(row[at]) for row in rows).encode()
        for at, name in enumerate(["long/ETH", "short/ETH", "entry/ETH", "leverage"])
    }
    names = "\n".join(f"t{i}" for i in range(len(rows))).encode()
    read = AccountTable(digest="", rows=len(rows), names=names, amounts=columns, totals={})
    return {
        "book": {
            "venue": "v",
            "table": TableName("t.csv", None, read),
            "rows": len(rows),
            "sha256": "",
        }
    }


def named(rows):
    found = {}
    for i, (long, short, entry, leverage) in enumerate(rows):
        entered = entry or 100
        found[f"t{i}"] = {
            "venue": "v",
            "long" if long else "short": f"{long or short} ETH",
            "entry": f"${entered}",
            "margin": {"USDC": repr(round((long + short) * entered / leverage, 10))},
        }
    return found


def played(traders, adl="queue", convention="binance", steps=PATH, **pool):
    system = System(
        assets={"USDC": {"price": "$1"}, "ETH": {"price": "$100"}},
        issuers={
            "N": {"owns": {"ETH": 50}, "issues": {"n": {"kind": "share", "supply": 50}}},
        },
        venues={
            "v": {
                "convention": convention,
                "mode": "isolated",
                "maintenance": "2%",
                "adl": adl,
                "insurance": "$20",
                "taker_fee": "5bps",
            }
        },
        positions={
            "hedge": {
                "venue": "v",
                "owner": "N",
                "short": "50 ETH",
                "entry": "$100",
                "margin": {"USDC": 600},
            },
            **traders,
        },
        liquidity=pool,
    )
    points = {"ETH": {f"{k}h": f"${level}" for k, level in enumerate(steps)}}
    scenario = Scenario(
        time={"start": "2025-01-01T00:00Z", "step": "1h", "horizon": f"{len(steps) - 1}h"},
        paths={"between": "linear", "points": points},
    )
    return run(system, scenario)


POOL = {"p": {"of": "ETH", "into": "USDC", "curve": {"kind": "exponential", "depth": "$60k"}}}
DEEP = {"p": {**POOL["p"], "curve": {"kind": "exponential", "depth": "$20M"}}}


@pytest.mark.parametrize("adl", ["queue", "pro_rata", "water_filling"])
@pytest.mark.parametrize("convention", ["binance", "hyperliquid"])
@pytest.mark.parametrize("pool", [{}, POOL])
def test_columns_and_names_run_alike(adl, convention, pool):
    twins = [played(form(ROWS), adl, convention, **pool) for form in (table, named)]
    books = [t.plan.legs[0] for t in twins]
    assert books[0].legs == ("hedge", *(f"book/t{i}" for i in range(6)))
    for what in ("size", "margin", "fund"):
        states = [
            np.stack([getattr(r.state.venues[0], what) for r in t.records], axis=1) for t in twins
        ]
        assert states[0] == pytest.approx(states[1], rel=1e-12, abs=1e-9), what
    prices = [price(t, "n") for t in twins]
    assert prices[0] == pytest.approx(prices[1], rel=1e-12)
    # some were closed and some deleveraged on the way, or the twins would say little
    sizes = np.stack([r.state.venues[0].size for r in twins[0].records], axis=1)[0]
    assert (sizes[-1] == 0).sum() >= 3
    assert (sizes[-1] != 0).any()


def test_of_five_thousand_traders_leverage_says_who_is_left():
    """Half long, half short, leverage from a distribution: who is left."""
    dice = np.random.default_rng(5)
    leverage = np.round(np.exp(dice.normal(1.8, 0.7, 2500)).clip(1.5, 45), 2)
    rows = [(2.0, 0, 0, x) for x in leverage] + [(0, 2.0, 0, x) for x in leverage]
    done = played(table(rows), adl="queue", steps=[100, 97, 92, 85, 95], **DEEP)
    venue = done.records[-1].state.venues[0]
    assert abs(venue.size).sum() < 10_050
    start = np.array([row[3] for row in rows[:2500]])
    alive = venue.size[0, 1:2501] > 0
    # the price went below 85: nobody above 1 / (1 - .85 (1 - mu)) survives as a long
    assert not alive[start > 1 / (1 - 0.85 * 0.98)].any()
    # sales of all longs together move a pool of $20M by less than 3 %
    assert alive[start < 1 / (1 - 0.85 * 0.97 * 0.98)].all()
