"""A path has the bits that it has alone, whatever stands beside it; the same seed, the same bits."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from looprisk.cascade.paths import Drawn, path_prices
from looprisk.cascade.run import run
from looprisk.model.scenario import Paths, Scenario
from looprisk.model.system import System

HOURS = 36


def city():
    """Return a system with everything that a price can set off."""

    def terms(lltv, oracle):
        return {"lltv": lltv, "incentive": "6%", "oracle": oracle}

    rate = {"kind": "kinked", "base": "0%/y", "slope_1": "4%/y", "slope_2": "60%/y", "kink": "80%"}
    loans = {
        f"a{i}": {
            "market": "m",
            "collateral": {"ETH": str(3 + i % 5), "lrt": str(1 + i % 3)},
            "debt": {"USDC": str(round((3 + i % 5) * 3000 * (0.75 + 0.03 * (i % 9)), 2))},
        }
        for i in range(23)
    }
    shorts = {
        f"s{i}": {
            "venue": "v",
            "short": f"{4 + i} ETH",
            "entry": "$3_000",
            "margin": {"USDC": str(900 + 700 * i)},
            **({"owner": "N"} if i < 2 else {}),
        }
        for i in range(5)
    }
    longs = {
        f"l{i}": {
            "venue": "v",
            "long": f"{7 + i} ETH",
            "entry": "$3_000",
            "margin": {"USDC": str(1200 + 900 * i)},
        }
        for i in range(4)
    }
    return System.from_tree(
        {
            "assets": {"USDC": {"price": "$1"}, "ETH": {"price": "$3_000"}},
            "oracles": {
                "slow": {"kind": "market", "of": "ETH", "lag": "2h", "deviation": "0.5%"},
                "mean": {"kind": "twap", "window": "3h", "base": "nav"},
            },
            "issuers": {
                "L": {
                    "owns": {"ETH": "100"},
                    "issues": {"lrt": {"kind": "share", "supply": "100"}},
                },
                "N": {
                    "owns": {"ETH": "9", "USDC": "2_000", "m": "20%"},
                    "issues": {"n": {"kind": "share", "supply": "30_000"}},
                    "rebalance": {"band": "10%", "by": "sell"},
                    "feeds": {"m": {"up_to": "1_000", "at_utilisation": "50%"}},
                },
                "V": {"owns": {"m": "60%"}, "issues": {"w": {"kind": "share", "supply": "9_000"}}},
            },
            "markets": {
                "m": {
                    "rules": "aave-v3",
                    "gas": "$20",
                    "insurance": "$500",
                    "lends": {"USDC": {"cash": "60_000", "rate": rate}},
                    "collateral": {"ETH": terms("83%", "slow"), "lrt": terms("70%", "mean")},
                }
            },
            "venues": {
                "v": {
                    "convention": "binance",
                    "mode": "isolated",
                    "maintenance": "2%",
                    "initial": "10%",
                    "taker_fee": "5bps",
                    "insurance": "$300",
                    "adl": "water_filling",
                }
            },
            "positions": {**loans, **shorts, **longs},
            "liquidity": {
                "p": {
                    "of": "ETH",
                    "into": "USDC",
                    "curve": {"kind": "exponential", "depth": "$900k"},
                    "thins": {"with_price": "1x", "refills_in": "6h"},
                }
            },
        }
    )


def story(count):
    return Scenario(
        time={"step": "1h", "horizon": f"{HOURS}h"},
        paths={
            "between": "linear",
            "generate": {
                "kind": "gbm_jumps",
                "seed": 11,
                "count": count,
                "volatility": {"ETH": "250%/y"},
                "jumps": {"ETH": {"rate": "40", "mean": "8%", "size": "6%"}},
            },
        },
        stages=[
            {"at": "5h", "drain": {"p": "50%"}},
            {"at": "8h", "freeze": ["slow"]},
            {"at": "12h", "change": {"slow/lag": "2h"}},
            {"when": {"of": "m", "event": "liquidated"}, "run": {"w": {"wants_out": "30%"}}},
        ],
    )


def drawn(scenario):
    times = np.arange(HOURS + 1) * 3600.0
    paths = Paths(**{k: v for k, v in dict(scenario.paths).items() if v})
    made = path_prices(paths, times=times, start={"USDC": 1.0, "ETH": 3000.0})
    return replace(made, written_in=(None,) * len(made.ids))


def arrays(thing, path, name=""):
    """Yield (name, bits of one path) of every array in a frozen value."""
    if isinstance(thing, np.ndarray):
        yield name, thing[path].tobytes()
    elif isinstance(thing, dict):
        for key in sorted(thing, key=str):
            yield from arrays(thing[key], path, f"{name}/{key}")
    elif isinstance(thing, tuple):
        for at, one in enumerate(thing):
            yield from arrays(one, path, f"{name}/{at}")
    elif is_dataclass(thing) and not isinstance(thing, type):
        for field in fields(thing):
            yield from arrays(getattr(thing, field.name), path, f"{name}.{field.name}")


def record_bits(record, path):
    state = replace(record.state, leaks={}, seen={}, standing={})
    found = dict(arrays(state, path)) | dict(arrays(record.values, path, "values"))
    leaks = {n: v[path].tobytes() for n, v in record.state.leaks.items() if v[path]}
    return found | leaks


@pytest.fixture(scope="module")
def eight():
    scenario = story(8)
    made = drawn(scenario)
    return scenario, made, run(city(), scenario, drawn=made)


def test_things_happen_in_the_batch(eight):
    _, _, done = eight
    kinds = {h.event for _, several in done.log for h in several if h.path.size}
    assert {"liquidated", "hedge_closed", "stage"} <= kinds


@pytest.mark.parametrize("path", range(8))
def test_a_path_is_the_same_alone(eight, path):
    scenario, made, batch = eight
    one = Drawn(ids=made.ids, written_in=made.written_in, values=made.values[path : path + 1])
    alone = run(city(), scenario, drawn=one)
    for k, record in enumerate(alone.records):
        mine, theirs = record_bits(record, 0), record_bits(batch.records[k], path)
        differing = [n for n in mine if mine[n] != theirs.get(n)]
        assert not differing, (k, differing[:5])


def test_the_same_seed_gives_the_same_bytes(eight):
    scenario, made, batch = eight
    again = run(city(), scenario, drawn=drawn(scenario))
    assert again.economic.tobytes() == batch.economic.tobytes()
    assert made.values[:3].tobytes() == drawn(story(3)).values.tobytes()
