"""The local gain g of a pool: what the next one per cent of price would release (DYNAMICS 3)."""

from tests.cascade.plain.curves import scale, used_at
from tests.cascade.plain.lending import debt_usd, terms_of
from tests.cascade.plain.prices import number
from tests.cascade.plain.stages import liquidation_price


def local_gain(world):
    """Return g of every pool at the record: (first one per cent, second one per cent)."""
    return {name: _of(world, pool) for name, pool in world.pools.items()}


def _of(world, pool):
    price = world.P[pool.of]
    unit = pool.start_price / (scale(pool) * (price / pool.start_price) ** pool.eta)
    units = [unit, unit]
    if pool.kind == "table":
        used = [
            used_at(pool, world.m.get(pool.of, 1.0) * left) for left in (1.0, 0.99, 0.99 * 0.99)
        ]
        units = [unit * 0.01 / (used[i + 1] - used[i]) for i in (0, 1)]
    thresholds = [*_loans(world, pool.of, price), *_longs(world, pool.of)]
    bands = ((0.99 * price, price), (0.98 * price, 0.99 * price))
    return tuple(
        sum(n for at, n in thresholds if lo <= at < hi) / 0.01 * per
        for (lo, hi), per in zip(bands, units, strict=True)
    )


def _follows(world, oracle, token):
    part = world.system.oracles.get(oracle)
    if part is None:
        return oracle == "market"
    return part.kind == "market" and (part.of is None or part.of == token)


def _loans(world, token, price):
    del price
    for account in world.accounts.values():
        terms = terms_of(world, account)
        units = account.units.get(token, 0.0)
        if not units or not _follows(world, str(terms[token].oracle), token):
            continue
        other = sum(
            number(terms[c].lltv) * n * world.readings[str(terms[c].oracle), c]
            for c, n in account.units.items()
            if n and c != token
        )
        debt = debt_usd(world, account)
        if debt > 0:
            yield (debt - other) / (number(terms[token].lltv) * units), units


def _longs(world, token):
    for trader, leg in world.legs():
        if leg.token == token and leg.n > 0:
            yield liquidation_price(world, trader, leg), leg.n
