"""Sales of one phase: everybody who sells one token shares its pool (DYNAMICS 3)."""

from tests.cascade.plain.curves import progress, sell
from tests.cascade.plain.prices import reprice


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


def settle(world, token, after):
    """Move the market price of a token to where a sale left it, once the sold units are gone."""
    if token in world.P and after != world.P[token]:
        reprice(world, token, after)
        world.m[token] = after / world.E[token]
