"""The engine's pools and venues against the plain program's, one at a time."""

import random

import numpy as np
import pytest

from looprisk.cascade import orders, paths, pools, settling, venues
from looprisk.model import Scenario, System
from looprisk.model.scenario import Generator
from tests.cascade.plain import curves, draws
from tests.cascade.plain import state as plain
from tests.cascade.plain.run import run

TABLE = [(-2.0, 1.9), (0.0, 1.0), (0.4, 0.7), (1.1, 0.4), (3.0, 0.1)]


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-9)


def random_pool(draw, kind):
    numbers = {
        "depth": draw.uniform(1e3, 1e5) if kind != "table" else 2_000.0,
        "start_price": draw.choice((1.0, 80.0)),
        "eta": draw.choice((0.0, 0.5, 1.0, 2.0)),
        "zeta": draw.choice((0.0, 0.5)),
        "calm": 0.6,
    }
    ours = plain.Pool(name="p", of="X", kind=kind, window=0.0, refill=0.0, table=TABLE, **numbers)
    ours.left, ours.sigma = draw.uniform(0.2, 1.0), draw.uniform(0.3, 2.0)
    return ours, pools.Pool(kind=kind, knots=np.array(TABLE), **numbers)


@pytest.mark.parametrize(
    "kind", ["exponential", "linear", "square_root", "constant_product", "table"]
)
def test_pools_agree(kind):
    draw = random.Random(kind)
    for _ in range(200):
        ours, theirs = random_pool(draw, kind)
        external = ours.start_price * draw.uniform(0.5, 1.5)
        price = external * draw.uniform(0.4, 1.0)
        depth = curves.scale(ours) / ours.start_price
        offers = [
            (draw.uniform(0, 0.3) * depth, price * draw.choice((0.0, 0.6, 0.9, 0.97, 1.1)))
            for _ in range(4)
        ]
        paces = curves.progress(ours, external, price, offers)
        sold = [quantity * pace for (quantity, _), pace in zip(offers, paces, strict=True)]
        after, proceeds, dry = curves.sell(ours, external, price, sum(sold))
        state = {
            "price": np.array([price]),
            "external": np.array([external]),
            "share": np.array([ours.left]),
            "sigma": np.array([ours.sigma]),
        }
        sale = pools.sell(
            theirs,
            **state,
            wanted=np.array([[q for q, _ in offers]]),
            reserve=np.array([[r for _, r in offers]]),
        )
        assert list(sale.sold[0]) == close(sold)
        assert sale.price[0] == close(after)
        assert sale.proceeds[0].sum() == close(proceeds)
        assert bool(sale.dry[0]) == dry
        units = draw.uniform(-0.2, 0.6) * depth
        after, proceeds, dry = curves.sell(ours, external, price, units)
        trade = pools.trade(theirs, **state, units=np.array([units]))
        assert (trade.price[0], trade.average[0] * units) == (close(after), close(proceeds))
        assert bool(trade.dry[0]) == dry


def test_generated_paths_agree():
    rule = Generator(
        kind="gbm_jumps",
        seed=7,
        count=3,
        volatility={"X": "80%/y", "Y": "50%/y"},
        drift={"Y": "5%/y"},
        jumps={"X": {"rate": 300, "mean": "-5%", "size": "3%"}},
        correlation={"X": {"Y": "60%"}},
    )
    start = {"X": 100.0, "Y": 2.0}
    drawn = paths.generated(rule, times=np.arange(40) * 86_400.0, start=start)
    for path in range(3):
        ours = draws.generated(rule, path, 86_400.0, 39, start)
        for place, name in enumerate(drawn.ids):
            assert list(drawn.values[path, :, place]) == close([level for _, level in ours[name]])


def random_venue(draw):
    convention = draw.choice(("hyperliquid", "binance", "bybit"))
    venue = {
        "convention": convention,
        "mode": draw.choice(("isolated", "cross")),
        "taker_fee": draw.choice(("0%", "10bps")),
        "insurance": f"${draw.choice((0, 100, 3_000, 100_000))}",
        "adl": draw.choice(("queue", "pro_rata", "water_filling")),
        "maintenance": "3%",
    }
    if draw.random() < 0.5:
        venue["adl_at"] = draw.choice(("previous_mark", "bankruptcy"))
    if draw.random() < 0.4:
        venue["tiers"] = [
            {"up_to": "$3_000", "maintenance": "1%"},
            {"up_to": "$8_000", "maintenance": "3%", "constant": "$60"},
            {"maintenance": "5%", "constant": "$220"},
        ]
    if convention == "hyperliquid":
        venue["backstop"] = draw.choice(("66.7%", "30%"))
        venue["partial"] = {"above": "$4_000", "share": "20%", "cooldown": "30s"}
    return venue


def random_leg(draw, i):
    token, price = draw.choice((("X", 100.0), ("X", 100.0), ("Y", 10.0)))
    units = draw.uniform(500, 9_000) / price
    entry = price * draw.uniform(0.95, 1.05)
    margin = units * price * draw.uniform(0.1, 0.5)
    owner = {"owner": f"I{i % 3}"} if i < 6 else {}
    return {
        "venue": "v",
        draw.choice(("long", "short")): f"{units:.8f} {token}",
        "entry": f"${entry:.8f}",
        "margin": {"USD": round(margin, 6)},
        **owner,
    }


def venue_case(draw):
    token = {"kind": "share", "supply": 1}
    system = System(
        assets={"USD": {"price": "$1"}, "X": {"price": "$100"}, "Y": {"price": "$10"}},
        issuers={f"I{i}": {"outside": {"a": "$1"}, "issues": {f"T{i}": token}} for i in range(3)},
        venues={"v": random_venue(draw)},
        positions={f"l{i:02}": random_leg(draw, i) for i in range(14)},
    )
    move = draw.choice((-0.3, -0.12, 0.12, 0.3))
    points = {
        "X": {"0s": "$100", "60s": f"${100 * (1 + move):.6f}"},
        "Y": {"0s": "$10", "60s": f"${10 * (1 + move * draw.uniform(0, 1)):.6f}"},
    }
    scenario = Scenario(
        time={"step": "60s", "horizon": "60s"}, paths={"between": "hold", "points": points}
    )
    return system, scenario


def engine_step(before, after, system):
    """Return what the engine's venue does between two records of the plain program."""
    legs = list(before.legs)
    places, wallets = {}, list(before.wallets)
    owners = {name: system.positions[name].owner for name in legs}
    crossed = system.venues["v"].mode == "cross"
    for name in legs:
        account = f"v:{owners[name]}" if crossed and owners[name] else name
        places[name] = wallets.index(account)
    tokens = [(system.positions[name].short or system.positions[name].long).of for name in legs]
    terms = venues.terms_of(
        system.venues["v"],
        wallet_of=[places[name] for name in legs],
        instrument_of=[["X", "Y"].index(str(t)) for t in tokens],
    )
    state = orders.VenueState(
        size=np.array([[before.legs[name][0] for name in legs]]),
        entry=np.array([[before.legs[name][1] for name in legs]]),
        margin=np.array([[before.wallets[w][0] for w in wallets]]),
        posted=np.zeros((1, len(wallets))),
        fund=np.array([before.funds["v"]]),
        ordered=np.full((1, len(legs)), -np.inf),
    )
    mark = np.array([[after.prices[t] for t in tokens]])
    earlier = np.array([[before.prices[t] for t in tokens]])
    placed = orders.place(terms, state, mark=mark, before=earlier, now=60.0)
    return legs, wallets, settling.settle(terms, state, placed, mark=mark, fill=mark)


def test_venues_agree():
    draw = random.Random(5)
    for _ in range(250):
        system, scenario = venue_case(draw)
        world = run(system, scenario)
        before, after = world.records[1:]
        legs, wallets, settled = engine_step(before, after, system)
        context = dict(system.venues["v"])
        assert list(settled.size[0]) == close([after.legs[n][0] for n in legs]), context
        assert list(settled.margin[0]) == close([after.wallets[w][0] for w in wallets]), context
        assert settled.fund[0] == close(after.funds["v"]), context
        home = after.leaks.get("traders:v", 0.0) + sum(
            idle for idle, _, _ in after.issuers.values()
        )
        assert settled.home[0].sum() == close(home), context
        assert settled.fees[0] == close(after.leaks.get("fees:v", 0.0)), context
        assert settled.others[0] == close(after.leaks.get("others:v", 0.0)), context
