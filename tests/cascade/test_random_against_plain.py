"""Random systems by both programs: every number of every record, and batches bit for bit."""

import dataclasses
from collections import Counter
from typing import get_args

import numpy as np
import pytest

from looprisk.cascade.paths import Drawn, path_prices
from looprisk.cascade.reach import gains_of
from looprisk.cascade.run import run
from looprisk.model.protocols import PROTOCOLS
from looprisk.model.tokens import Curve
from looprisk.model.vocabulary import SHOCKS
from tests.cascade.compare import compared, other_events, same, shown
from tests.cascade.plain.run import run as simulate
from tests.cascade.systems import random_case
from tests.cascade.test_plain import MET

SYSTEMS, PATHS = 40, 3


def drawn(system, scenarios):
    """Return the paths of several scenarios as one batch."""
    clock = scenarios[0].time
    count = int(clock.horizon.number / clock.step.number)
    times = np.arange(count + 1) * float(clock.step.number)
    start = {name: float(asset.price.number) for name, asset in system.assets.items()}
    lines = [path_prices(s.paths, times=times, start=start) for s in scenarios]
    first = lines[0]
    values = np.concatenate([line.values for line in lines])
    return Drawn(ids=first.ids, written_in=first.written_in, values=values)


def batch(seed, paths=PATHS):
    system, scenarios = random_case(seed, paths)
    return system, scenarios, drawn(system, scenarios)


@pytest.mark.parametrize("block", range(8))
def test_both_programs_agree_on_random_systems(block):
    for seed in range(block, SYSTEMS, 8):
        system, scenarios, prices = batch(seed)
        done = run(system, scenarios[0], drawn=prices)
        for path, scenario in enumerate(scenarios):
            world = simulate(system, scenario)
            found = compared(done, world, path)
            assert not found, f"seed {seed}, path {path}\n{shown(found)}"
            # in a pool that has run dry rounding decides who still finds a price
            assert world.counts.get("dry") or not other_events(done, world, path), (seed, path)


@pytest.mark.parametrize(("seed", "paths"), [(215, 3), (220, 5)])
def test_accounts_whose_whole_equity_was_taken_are_classed_alike(seed, paths):
    """A hole takes all equity there is: what is left is rounding, and may not decide who goes."""
    system, scenarios, prices = batch(seed, paths)
    done = run(system, scenarios[0], drawn=prices)
    for path, scenario in enumerate(scenarios):
        found = compared(done, simulate(system, scenario), path)
        assert not found, f"path {path}\n{shown(found)}"


def test_the_local_gain_is_the_same_at_every_record():
    steep = 0
    for seed in (*range(6), 9, 13):
        system, scenarios, prices = batch(seed)
        done = run(system, scenarios[0], drawn=prices)
        for path, scenario in enumerate(scenarios):
            world = simulate(system, scenario)
            for record, other in zip(done.records, world.records[1:], strict=True):
                gains = gains_of(done.plan, record.state)[0][path]
                wanted = [other.local_gain[pool.name][0] for pool in done.plan.pools]
                assert list(gains) == pytest.approx(wanted, rel=1e-9, abs=1e-9)
                steep += sum(g > 0 for g in wanted)
    assert steep > 10


def test_these_systems_meet_every_mechanism():
    met = Counter()
    for seed in range(SYSTEMS):
        system, scenarios = random_case(seed, 1)
        world = simulate(system, scenarios[0])
        met.update(world.counts)
        met["lagged"] += world.last.lagged
    assert {what for what in MET if not met[what]} == set()


def drawn_features(system, stages):
    """Yield what a random system has, by name."""
    for venue in system.venues.values():
        yield f"{venue.convention}, {venue.mode}"
        yield from (name for name in ("tiers", "partial", "adl_at") if getattr(venue, name))
        yield f"adl: {venue.adl}"
    hedged = [p.venue for p in system.positions.values() if getattr(p, "owner", None) == "D"]
    yield from ("cross account of several legs" for v in {*hedged}
                if system.venues[v].mode == "cross" and hedged.count(v) > 1)  # fmt: skip
    for market in system.markets.values():
        yield market.rules
        yield from (f"{lent.rate.kind} rate" for lent in market.lends.values() if lent.rate)
    for part in system.positions.values():
        yield from (f"{len(getattr(part, kind, ()))} {kind}s" for kind in ("collateral", "debt"))
        yield from ("e-mode",) if getattr(part, "e_mode", None) else ()
        yield from ("funding",) if getattr(part, "funding", None) else ()
    for issuer in system.issuers.values():
        yield from ("feeds",) if issuer.feeds else ()
        yield f"rebalance: {getattr(issuer.rebalance, 'by', 'none')}"
        for receipt in issuer.issues.values():
            if receipt.redeems is not None:
                yield from (f for f in ("delay", "limit") if getattr(receipt.redeems, f))
    for oracle in system.oracles.values():
        yield f"oracle: {oracle.kind}"
        yield from (f for f in ("lag", "heartbeat", "deviation") if getattr(oracle, f))
    for pool in system.liquidity.values():
        yield f"curve: {pool.curve.kind}"
        thins = ("with_volatility", "refills_in")
        yield from (f for f in thins if getattr(pool.thins, f) is not None)
        yield from ("with_price",) if pool.thins.with_price.number else ()
    for stage in stages:
        yield from (f"shock: {verb}" for verb in stage.shocks)
        yield from ("trigger",) if stage.when is not None else ()
        yield from ("loss at a venue in dollars",) if stage.loss.get("two") else ()


def test_the_generator_draws_every_feature():
    met = Counter()
    for seed in range(SYSTEMS):
        system, scenarios = random_case(seed, 1)
        met.update({*drawn_features(system, scenarios[0].stages)})
    wanted = {
        *(f"{c}, {m}" for c in ("hyperliquid", "binance", "bybit") for m in ("isolated", "cross")),
        *(f"curve: {kind}" for kind in get_args(Curve.model_fields["kind"].annotation)),
        *(f"adl: {policy}" for policy in ("queue", "pro_rata", "water_filling")),
        *(f"oracle: {kind}" for kind in ("market", "fixed", "capped", "twap", "pt_discount")),
        *(f"rebalance: {by}" for by in ("none", "short", "sell")),
        *(f"shock: {verb}" for verb in SHOCKS),
        *PROTOCOLS,
        *[
            "tiers",
            "partial",
            "adl_at",
            "feeds",
            "delay",
            "limit",
            "lag",
            "heartbeat",
            "deviation",
            "funding",
            "trigger",
        ],
        *["with_price", "with_volatility", "refills_in", "e-mode"],
        *("2 collaterals", "2 debts", "kinked rate", "adaptive rate"),
        *("cross account of several legs", "loss at a venue in dollars"),
    }
    assert {feature for feature in wanted if met[feature] < 2} == set()


def arrays(thing, at=""):
    """Yield (place, array) of everything a record holds, the path axis first."""
    if isinstance(thing, np.ndarray):
        yield at, thing
    elif dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            yield from arrays(getattr(thing, field.name), f"{at}.{field.name}")
    elif isinstance(thing, tuple):
        for place, part in enumerate(thing):
            yield from arrays(part, f"{at}[{place}]")
    elif isinstance(thing, dict):
        for key, part in thing.items():
            yield from arrays(part, f"{at}[{key}]")


@pytest.mark.parametrize("seed", range(6))
def test_a_path_has_the_bits_it_has_alone(seed):
    system, scenarios, prices = batch(seed)
    together = run(system, scenarios[0], drawn=prices)
    for path in range(PATHS):
        alone = dataclasses.replace(prices, values=prices.values[path : path + 1])
        single = run(system, scenarios[0], drawn=alone)
        for one, many in zip(single.records, together.records, strict=True):
            found = dict(arrays(one.state)) | dict(arrays(one.values))
            wanted = dict(arrays(many.state)) | dict(arrays(many.values))
            for place, array in found.items():
                if place.startswith(".queue.waiting"):
                    continue  # one column for each step at which any path joined
                assert same(array[0], wanted[place][path]), (one.state.k, place)
