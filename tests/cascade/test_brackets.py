"""Cliffs read off a start against the engine: exact where quantities are fixed, else bracketed."""

import numpy as np
import pytest

from looprisk.cascade import envelope as env
from looprisk.cascade.brackets import cliffs_ahead, released_ahead
from looprisk.cascade.paths import Drawn
from looprisk.cascade.run import run
from looprisk.model import Scenario, System

STEPS = 60
PRICES = np.array([0.985, 0.97, 0.955, 0.94, 0.92, 0.9, 0.87])


def falling(seed, curve, *, loans=30, legs=12, liquidators="always", rules="isolated", **thins):
    """Loans and longs on X above one pool, whose price outside falls once and stays."""
    dice = np.random.default_rng(seed)
    positions = {}
    for i in range(loans):
        units, at = float(np.exp(dice.normal(2, 0.8))), float(dice.uniform(0.6, 0.98))
        debt = repr(round(units * at * 0.8, 9))
        positions[f"l{i}"] = {
            "market": "m",
            "collateral": {"X": repr(round(units, 9))},
            "debt": {"USD": debt},
        }
    for i in range(legs):
        units, at = float(np.exp(dice.normal(2, 0.8))), float(dice.uniform(0.6, 0.98))
        positions[f"p{i}"] = {
            "venue": "v",
            "long": f"{units:.9f} X",
            "entry": "$1",
            "margin": {"USD": repr(round(units * (1 - at), 9))},
        }
    return System(
        assets={"X": {"price": "$1"}, "USD": {"price": "$1"}},
        markets={
            "m": {
                "rules": rules,
                "lends": {"USD": {"cash": 0}},
                "collateral": {"X": {"lltv": "80%", "incentive": "5%", "oracle": "market"}},
                "liquidators": liquidators,
            }
        },
        venues={
            "v": {
                "convention": "bybit",
                "mode": "isolated",
                "maintenance": "0%",
                "insurance": "$1M",
            }
        },
        positions=positions,
        liquidity={
            "pool": {
                "of": "X",
                "into": "USD",
                "curve": {"kind": curve, "depth": "$2_000"},
                "thins": {"with_price": "0x", **thins},
            }
        },
    )


def ended(system, prices=PRICES, steps=STEPS):
    """Return a run whose price outside falls to each of ``prices`` in its own path."""
    values = np.repeat(np.asarray(prices)[:, None, None], steps + 1, axis=1)
    values[:, 0] = 1.0
    scenario = Scenario(
        time={"step": "1s", "horizon": f"{steps}s"},
        paths={"between": "hold", "points": {"X": {"0s": "$1", f"{steps}s": "$1"}}},
    )
    return run(system, scenario, drawn=Drawn(ids=("X",), written_in=(None,), values=values))


def reached(done):
    """Return how many positions were acted on, [path]."""
    who = [set() for _ in range(done.paths)]
    for _, several in done.log:
        for one in several:
            if one.event in {"liquidated", "hedge_closed"}:
                for path, place in zip(one.path, one.place, strict=True):
                    who[path].add(one.names[place])
    return np.array([len(names) for names in who])


CURVES = ["exponential", "linear", "square_root", "constant_product"]


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize(
    ("seed", "terms"),
    [
        (0, {}),
        (1, {"with_price": "1.5x"}),
        (2, {"liquidators": "when_paid"}),
        (3, {"liquidators": "when_paid", "rules": "aave-v3", "with_price": "0.5x"}),
        (4, {"rules": "compound-v2"}),
        (5, {"refills_in": "5s"}),
        (6, {"refills_in": "20s", "with_price": "1x", "liquidators": "when_paid"}),
    ],
)
def test_the_engine_ends_between_two_envelopes(curve, seed, terms):
    """What each sells at least into the thickest depth, and at most into the thinnest."""
    done = ended(falling(seed, curve, **terms))
    most, least = released_ahead(done.plan, done.start.state, 0)
    pool = done.plan.liquid[0]
    bounds = ("most", "least") if env.bends(pool) else (None, None)
    borders = [
        env.envelope(book, pool, bound=bound)
        for book, bound in zip((most, least), bounds, strict=True)
    ]
    low, high = (env.gone(border, PRICES) for border in reversed(borders))
    count = reached(done)
    assert (low <= count).all()
    assert (count <= high).all()
    # both happen: some are sold, and somewhere the brackets leave something open
    assert count.max() > 5
    lowest = env.price_at(most, pool, PRICES, high, bound=bounds[0])
    assert (done.market[:, 1:, done.plan.place["X"]].min(axis=1) >= lowest * (1 - 1e-9)).all()
    if pool.refill is None:
        highest = env.price_at(least, pool, PRICES, low, bound=bounds[1])
        assert (done.end.state.price[:, done.plan.place["X"]] <= highest * (1 + 1e-9)).all()


@pytest.mark.parametrize("curve", CURVES)
def test_where_quantities_are_fixed_both_are_the_same_and_the_engine_meets_them(curve):
    """Longs alone: within 1e-9 of the border outside the avalanche comes, or does not."""
    system = falling(11, curve, loans=0, legs=40)
    start = ended(system, [1.0], 1)
    ahead = cliffs_ahead(start.plan, start.start.state, 0)
    assert (ahead.surely == ahead.external).all()
    assert (ahead.low == pytest.approx(ahead.high, rel=1e-9)) or (ahead.low < 1e-8).any()
    wide = np.argsort(ahead.first - ahead.last)[:3]
    around = (ahead.external[wide, None] + np.array([1e-9, -1e-9])).ravel()
    count = reached(ended(system, around)).reshape(-1, 2)
    assert count[:, 0].tolist() == ahead.first[wide].tolist()
    assert count[:, 1].tolist() == ahead.last[wide].tolist()
    assert (ahead.last - ahead.first)[wide].max() > 3


def test_g_stands_beside_every_cliff():
    system = falling(11, "exponential", loans=0, legs=40)
    start = ended(system, [1.0], 1)
    ahead = cliffs_ahead(start.plan, start.start.state, 0)
    most, _ = released_ahead(start.plan, start.start.state, 0)
    for before, g in zip(ahead.before, ahead.g, strict=True):
        near = (most.thresholds <= before) & (most.thresholds > 0.99 * before)
        units = np.diff(most.sold)[near].sum()
        assert g == pytest.approx(units / 0.01 / 2_000, rel=1e-12)


def test_sales_at_their_own_prices_end_above_the_fixed_point_of_one_last_price():
    """v = phi d / o moves: what was sold early was sold dearer than the last price has it."""
    system = falling(4, "exponential", loans=60, legs=0)
    done = ended(system)
    most, _ = released_ahead(done.plan, done.start.state, 0)
    units = np.array([float(p.collateral["X"].number) for p in system.positions.values()])
    debt = np.array([float(p.debt["USD"].number) for p in system.positions.values()])
    threshold = debt / (0.8 * units)
    above = 0
    for external, end in zip(PRICES, done.end.state.price[:, 0], strict=True):
        price = external
        for _ in range(10_000):
            sold = np.minimum(units, 1.05 * debt / price)[threshold > price].sum()
            lower = external * np.exp(-sold / 2_000)
            if lower == price:
                break
            price = lower
        assert price <= end * (1 + 1e-12)
        above += price < end * (1 - 1e-6)
    assert above >= 3
    assert most.thresholds == pytest.approx(np.sort(threshold)[::-1])


def test_late_readings_and_absent_liquidators_make_nothing_certain():
    system = falling(0, "exponential", legs=0)
    for change in (
        {"m/liquidators": "absent"},
        {"m/gas": "$1_000", "m/liquidators": "when_paid"},
    ):
        start = ended(system.set(change), [1.0], 1)
        most, least = released_ahead(start.plan, start.start.state, 0)
        assert (np.diff(most.sold) > 0).all()
        assert not least.sold.any()
