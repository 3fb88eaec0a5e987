"""Sales of one phase: everybody who sells one token shares its pool (DYNAMICS 3)."""

from tests.cascade.plain.curves import progress, sell
from tests.cascade.plain.prices import external, in_order, reprice, written


def pool_for(world, token):
    """Return the pool of a token, None where any quantity sells at its price."""
    return next((pool for pool in world.pools.values() if pool.of == token), None)


def paces(world, token, price, offers):
    """Return how far each offer (quantity, reservation) gets at ``price`` before the sale."""
    pool = pool_for(world, token)
    if pool is None:
        return [1.0 if price >= r * (1 - 1e-12) else 0.0 for _, r in offers]
    return progress(pool, world.E[token], price, offers)


def execute(world, phase, token, price, quantity):
    """Sell (buy: negative); return the average price, the price after, and the slippage.

    Nothing is marked yet: what was sold must be gone before what is left is repriced.
    """
    pool = pool_for(world, token)
    if pool is None or quantity == 0.0:
        return price, price, 0.0
    after, proceeds, dry = sell(pool, world.E[token], price, quantity)
    slippage = quantity * price - proceeds
    world.leak(f"slippage:{pool.name}", slippage)
    if dry:
        world.log(phase, pool.name, "dry", quantity)
    return proceeds / quantity, after, slippage


def settle(world, after):
    """Move market prices to where the sales of a phase left them, once the sold units are gone.

    What is priced in something that was sold moves with it.
    """
    for token, price in after.items():
        if token in world.P and price != world.P[token]:
            world.m[token] = price / world.E[token]
    for name in in_order(world):
        world.E[name] = external(world, name) if written(world, name)[1] else world.E[name]
        if name in after or written(world, name)[1] in after:
            reprice(world, name, world.E[name] * world.m[name])
