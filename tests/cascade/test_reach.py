"""What lies ahead of a record: thresholds against running into them, g, and cliffs in advance."""

import numpy as np
import pytest

from looprisk.cascade.brackets import cliffs_ahead
from looprisk.cascade.pools import Pool, gain
from looprisk.cascade.reach import gains_of, reach_of
from looprisk.cascade.run import run
from looprisk.model import Scenario, System
from tests.cascade import examples


@pytest.mark.parametrize(
    ("eta", "border", "last"), [(0, 0.937886193810, 25), (2, 0.963792508790, 40)]
)
def test_the_engine_falls_where_its_own_record_says(eta, border, last):
    """Example 4 read off the record of the start, and run just above and just below it."""
    system, scenario = examples.ladder(0.99, eta=eta)
    done = run(system, scenario)
    ahead = cliffs_ahead(done.plan, done.start.state, 0)
    at = ahead.first.tolist().index(12)
    assert ahead.external[at] == pytest.approx(border, abs=5e-13)
    assert ahead.last[at] == last
    for move, gone in ((1e-9, 12), (-1e-9, last)):
        there = run(*examples.ladder(ahead.external[at] + move, eta=eta)).end.state
        assert (there.venues[0].size == 0).sum() == gone


def test_g_passes_one_on_the_way_into_a_black_hole():
    system, scenario = examples.ladder(0.9378, eta=0)
    done = run(system, scenario)
    reach = reach_of(done.plan, done.start.state, 0)
    for record in done.records:
        state = record.state
        g, holes = gains_of(done.plan, state)
        price = state.price[0, done.plan.pools[0].good]
        live = state.venues[0].size[0] > 0
        near = (reach.thresholds[0] <= price) & (reach.thresholds[0] > 0.99 * price) & live
        assert g[0, 0] == pytest.approx(reach.units[0][near].sum() / 0.01 / 6000, rel=1e-12)
        assert not holes[0, 0] or g[0, 0] >= 1
    assert max(gains_of(done.plan, r.state)[0][0, 0] for r in done.records) >= 1


def lenders(price):
    """Loans on one token: alone, beside another collateral, and where the oracle is fixed."""
    system = System(
        assets={"USDC": {"price": "$1"}, "ETH": {"price": "$100"}, "BTC": {"price": "$1_000"}},
        oracles={"posted": {"kind": "fixed", "price": "$100"}},
        markets={
            "pooled": {
                "rules": "aave-v3",
                "lends": {"USDC": {"cash": 1000}},
                "collateral": {
                    "ETH": {"lltv": "80%", "incentive": "5%", "oracle": "market"},
                    "BTC": {"lltv": "75%", "incentive": "5%", "oracle": "market"},
                },
            },
            "quiet": {
                "rules": "morpho-blue",
                "lends": {"USDC": {"cash": 1000}},
                "collateral": {"ETH": {"lltv": "86%", "oracle": "posted"}},
            },
        },
        venues={"v": {"convention": "bybit", "mode": "isolated", "maintenance": "1%"}},
        positions={
            "alone": {"market": "pooled", "collateral": {"ETH": 10}, "debt": {"USDC": 720}},
            "beside": {
                "market": "pooled",
                "collateral": {"ETH": 10, "BTC": 1},
                "debt": {"USDC": 1_400},
            },
            "safe": {
                "market": "pooled",
                "collateral": {"ETH": 1, "BTC": 5},
                "debt": {"USDC": 700},
            },
            "fixed": {"market": "quiet", "collateral": {"ETH": 10}, "debt": {"USDC": 800}},
            "long": {"venue": "v", "long": "5 ETH", "entry": "$100", "margin": {"USDC": 60}},
            "short": {"venue": "v", "short": "5 ETH", "entry": "$100", "margin": {"USDC": 60}},
        },
        liquidity={
            "p": {"of": "ETH", "into": "USDC", "curve": {"kind": "exponential", "depth": "$9M"}}
        },
    )
    return run(
        system,
        Scenario(
            time={"step": "1s", "horizon": "1s"},
            paths={"between": "hold", "points": {"ETH": {"0s": "$100", "1s": f"${price}"}}},
        ),
    )


def test_thresholds_are_where_the_engine_acts():
    done = lenders(100)
    reach = reach_of(done.plan, done.start.state, 0)
    found = {t: u for t, u in zip(reach.thresholds[0], reach.units[0], strict=True) if u}
    assert sorted(found) == pytest.approx([650 / 8, 89, 90])
    assert [found[t] for t in sorted(found)] == [10, 5, 10]
    for threshold in found:
        hit = [
            {of for h in lenders(f"{threshold + move:.12f}").end.happened for of in _who(h)}
            for move in (1e-7, -1e-7)
        ]
        assert len(hit[1] - hit[0]) == 1
        assert hit[0] < hit[1]


def _who(happened):
    if happened.event not in {"liquidated", "hedge_closed"}:
        return set()
    return {happened.of[i] for i in np.flatnonzero(happened.where[0])}


def test_g_of_a_measured_depth_is_what_the_next_percent_takes():
    """Its first column is dollars: a fall of 1 % takes 200 of them at first, 1,000 further down."""
    knots = np.array([[0.0, 1.0], [2_000.0, 0.9], [82_000.0, 0.1]])
    pool = Pool(kind="table", depth=1.0, start_price=2.0, knots=knots)
    one, released = np.ones(1), np.array([50.0])
    terms = {"share": one, "sigma": one, "released": released}
    assert gain(pool, price=2 * one, **terms) == pytest.approx(50 / (200 / 2))
    further = gain(pool, price=1.6 * one, left=0.8 * one, **terms)
    assert further == pytest.approx(50 / (0.8 * 1_000 / 2))
