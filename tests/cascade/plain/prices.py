"""External prices: paths, stages that move them, and what a written value is in dollars."""

import math

from looprisk.model import units


def number(value, default=0.0):
    return default if value is None else float(value.number)


def start_price(system, name):
    """Return what an asset costs as loaded, in dollars."""
    price = system.assets[name].price
    return number(price) * (start_price(system, price.of) if price.of else 1.0)


def start_usd(system, value):
    """Return a written price at the start, in dollars."""
    return number(value) * (start_price(system, value.of) if value.of else 1.0)


def points(paths):
    """Return the written points of every path: name to [(seconds, number, unit)]."""
    return {
        name: sorted(
            (number(units.duration(at)), number(price), price.of) for at, price in path.items()
        )
        for name, path in paths.points.items()
    }


def along(path, t, between):
    """Return (number, unit) of a path at time ``t``."""
    before = [point for point in path if point[0] <= t]
    after = [point for point in path if point[0] > t]
    if not before:
        return after[0][1], after[0][2]
    if not after or between == "hold":
        return before[-1][1], before[-1][2]
    (t0, x0, unit), (t1, x1, _) = before[-1], after[0]
    return x0 + (x1 - x0) * (t - t0) / (t1 - t0), unit


def external(world, name):
    """Return the external price of an asset or quoted token at the time of the step, in dollars."""
    level, unit = written(world, name)
    return level * (price_of(world, unit) if unit else 1.0)


def written(world, name):
    """Return (number, unit) of the external price at the time of the step."""
    if name in world.moved:
        return world.moved[name]
    if name in world.path:
        return along(world.path[name], world.t, world.scenario.paths.between)
    if name in world.system.assets:
        price = world.system.assets[name].price
        return number(price), price.of
    return world.quotes[name], None


def update(world):
    """Phase 3: external prices of the step; what is held inside gains."""
    for name in in_order(world):
        world.before[name] = world.E[name]
        world.E[name] = external(world, name)
        reprice(world, name, world.E[name] * world.m[name])
    for pool in world.pools.values():
        _agitate(world, pool)


def in_order(world):
    """Return what has an external price, each after the assets that its price is written in."""
    return sorted(world.P, key=lambda name: _depth(world, name))


def _depth(world, name):
    unit = written(world, name)[1]
    return 1 + _depth(world, unit) if unit in world.P else 0


def _agitate(world, pool):
    old, new = world.before[pool.of], world.E[pool.of]
    if not pool.zeta or not world.dt or old <= 0 or new <= 0:
        return
    fade = math.exp(-world.dt / pool.window)
    square = pool.sigma**2 * fade + (1 - fade) * math.log(new / old) ** 2 / world.years
    pool.sigma = math.sqrt(square)


def accrue_pools(world):
    """Phase 1: pools come back."""
    for pool in world.pools.values():
        if pool.refill and world.dt:
            fade = math.exp(-world.dt / pool.refill)
            world.m[pool.of] = math.exp(math.log(world.m[pool.of]) * fade)
            pool.left = 1 - (1 - pool.left) * fade


def exposure(world, name):
    """Return the units of an exogenous asset that are inside, legs included."""
    legs = sum(leg.n for _, leg in world.legs() if leg.token == name)
    if name not in world.system.assets:
        return legs
    return legs + units_inside(world, name)


def units_inside(world, name):
    """Return the units of a token that anybody inside holds: issuers, accounts, markets, margins."""
    total = sum(holder.holds.get(name, 0.0) for holder in world.holders.values())
    total += sum(account.units.get(name, 0.0) for account in world.accounts.values())
    total += sum(r.cash + r.unlisted for r in world.reserves.values() if r.token == name)
    total += sum(stock.get(name, 0.0) for stock in world.stock.values())
    total += sum(trader.tokens.get(name, 0.0) for trader in world.traders)
    return total + sum(tokens.get(name, 0.0) for *_, tokens in world.released)


def reprice(world, name, price):
    """Set a market price; what is inside gains or loses by it."""
    old = world.P[name]
    if price != old:
        world.gains += exposure(world, name) * (price - old)
        world.P[name] = price


def price_of(world, thing):
    """Return what a unit sells for: P, or the economic price of the last record (supplies too)."""
    if thing in world.P:
        return world.P[thing]
    return world.last.economic[thing]


def mark(world, leg):
    """Return the mark of a leg; one on a token without quote follows the records."""
    return world.P[leg.token] if leg.token in world.P else world.marks[leg.token]


def remark(world):
    """Move the marks of legs on tokens without quote to the last record."""
    for token in world.marks:
        price = world.last.economic[token]
        held = sum(leg.n for _, leg in world.legs() if leg.token == token)
        world.gains += held * (price - world.marks[token])
        world.marks[token] = price


def usd(world, value):
    """Return a written price now, in dollars."""
    return number(value) * (price_of(world, value.of) if value.of else 1.0)
