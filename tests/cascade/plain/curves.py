"""What selling does to a price: every curve of DYNAMICS 3, and several sellers in one pool."""

import itertools
import math

FLOOR = 1e-9


def scale(pool):
    """Return the depth in dollars as it is: drained, and thinner in a storm."""
    calm = (pool.calm / pool.sigma) ** pool.zeta if pool.zeta else 1.0
    return pool.depth * pool.left * calm


def _forward(pool, u):
    if pool.kind == "linear":
        return 1.0 - u
    if pool.kind == "square_root":
        return 1.0 - math.copysign(math.sqrt(abs(u)), u)
    if pool.kind == "constant_product":
        return (1.0 + u) ** -2
    return _interpolated(pool.table, u)


def used_at(pool, m):
    """Return what was sold, in units of the depth, where ``m`` is left of the price."""
    if pool.kind == "linear":
        return 1.0 - m
    if pool.kind == "square_root":
        return math.copysign((1.0 - m) ** 2, 1.0 - m)
    if pool.kind == "constant_product":
        return m**-0.5 - 1.0
    return _interpolated(sorted((f, u) for u, f in pool.table), m)


def _area(pool, a, b):
    """Return the integral of the marginal price from ``a`` to ``b``."""
    if pool.kind == "linear":
        return (b - a) - (b * b - a * a) / 2
    if pool.kind == "square_root":
        return (b - a) - 2 / 3 * (abs(b) ** 1.5 - abs(a) ** 1.5)
    if pool.kind == "constant_product":
        return (b - a) / ((1 + a) * (1 + b))
    lo, hi = min(a, b), max(a, b)
    knots = [lo, *(u for u, _ in pool.table if lo < u < hi), hi]
    total = sum(
        (y - x) * (_forward(pool, x) + _forward(pool, y)) / 2 for x, y in itertools.pairwise(knots)
    )
    return math.copysign(total, b - a)


def _interpolated(points, x):
    """Return the value at ``x`` on straight lines through points, the last ones prolonged."""
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if x <= x1 or (x1, y1) == points[-1]:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    raise ValueError("a depth table has at least two rows")


def sell(pool, external, price, quantity):
    """Return (price after, proceeds, dry) of selling ``quantity`` units (buying: negative)."""
    p0, depth = pool.start_price, scale(pool)
    if pool.kind == "exponential":
        return _sell_exponential(pool, price, quantity * p0 / depth)
    thin = (price / p0) ** pool.eta
    u0 = used_at(pool, price / external)
    u1 = u0 + quantity * p0 / depth / thin
    lowest = min(FLOOR * p0, price) / external
    dry = _forward(pool, u1) < lowest if quantity > 0 else False
    if dry:
        u1 = used_at(pool, lowest)
    proceeds = external * _area(pool, u0, u1) * depth * thin / p0
    return external * (lowest if dry else _forward(pool, u1)), proceeds, dry


def _sell_exponential(pool, price, u):
    p0, depth, eta = pool.start_price, scale(pool), pool.eta
    x = price / p0
    if eta == 0.0:
        after = x * math.exp(-u)
    else:
        inner = x**eta - eta * u
        after = inner ** (1 / eta) if inner > 0 else 0.0
    lowest = min(FLOOR, x)
    dry = after < lowest
    after = lowest if dry else after
    proceeds = depth * (x ** (1 + eta) - after ** (1 + eta)) / (1 + eta)
    return after * p0, proceeds, dry


def capacity(pool, external, price, reservation):
    """Return how many units can be sold until the marginal price is ``reservation``."""
    p0, depth, eta = pool.start_price, scale(pool), pool.eta
    if pool.kind == "exponential":
        if eta == 0.0:
            return depth / p0 * math.log(price / reservation)
        return depth / p0 * ((price / p0) ** eta - (reservation / p0) ** eta) / eta
    along = used_at(pool, reservation / external) - used_at(pool, price / external)
    return along * depth / p0 * (price / p0) ** eta


def progress(pool, external, price, offers):
    """Return how far each of ``offers`` (quantity, reservation) gets, all at the same pace."""
    order = sorted(range(len(offers)), key=lambda i: -offers[i][1])
    wanted = sum(quantity for quantity, _ in offers)
    stopped, before = 0.0, 0.0
    found = [1.0] * len(offers)
    for i in order:
        quantity, reservation = offers[i]
        if reservation > 0.0 and wanted > 0.0:
            room = capacity(pool, external, price, reservation)
            before = min(1.0, max(before, (room - stopped) / wanted))
            found[i] = before
        stopped += quantity * found[i]
        wanted -= quantity
    return found
