"""The ten phases of a step, in order, for one path (DYNAMICS 2)."""

from tests.cascade.plain import issuers, lending, oracles, perps, prices, queues, stages
from tests.cascade.plain.books import book
from tests.cascade.plain.gain import local_gain
from tests.cascade.plain.interest import accrue, remember_marks
from tests.cascade.plain.record import record, release
from tests.cascade.plain.start import build
from tests.cascade.plain.value import economic


def run(system, scenario, tables=None, path=0):
    """Return the world after the last step, with a record of each; ``records[0]`` is the start."""
    system = system.set(dict(scenario.set)) if scenario.set else system
    world = build(system, scenario, tables, path)
    _start(world)
    for k in range(world.steps + 1):
        step(world, k)
    return world


def _start(world):
    values = _opening(world)
    record(world, values, {})
    oracles.update(world)
    world.last.readings = dict(world.readings)
    remember_marks(world)


def _opening(world):
    """Return the values at the start: a refused loop is closed in by two bounds."""
    low = dict.fromkeys([*world.tokens, *world.reserves], 0.0)
    for _ in range(10_000):
        high = economic(world, low)
        if not high.lagged:
            return high
        next_low = economic(world, high.price)
        if all(
            abs(high.price[t] - next_low.price[t]) <= 1e-15 * abs(p) for t, p in high.price.items()
        ):
            return next_low
        low = next_low.price
    raise ArithmeticError("the start has no single value: state a price")


def step(world, k):
    """Run the ten phases."""
    world.k, world.t = k, k * world.step
    world.dt = world.step if k else 0.0
    world.gated, world.first_mover = {}, {}
    accrue(world)
    stages.strike(world)
    prices.update(world)
    oracles.update(world)
    perps.act(world)
    lending.act(world)
    issuers.act(world)
    books = book(world)
    if any(q.queue for q in [*world.tokens.values(), *world.supply_queues.values()]):
        queues.act(world, books, economic(world, world.last.economic))
    release(world)
    values = economic(world, world.last.economic)
    record(world, values, local_gain(world))
    remember_marks(world)
