"""Pools: what a sale brings and what it does to a price, and how depth comes and goes.

A pool belongs to one token. Its state is the multiplier ``m`` of the price outside, ``P = E m``,
and the ``share`` of its depth that is there. Arrays are (path,), those of sellers (path, seller),
in units of the token and USD.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from looprisk.cascade import curves
from looprisk.cascade.arrays import YEAR, Bools, Floats, ratio
from looprisk.cascade.sums import in_order, power, remaining, running
from looprisk.errors import ModelError, Problem
from looprisk.model.series import PRICE, SOLD, SeriesName
from looprisk.model.tokens import Liquidity
from looprisk.model.values import Value

FLOOR, CEILING = 1e-9, 1e9
"""No sale lowers a price below this share of its start, no purchase raises it above that."""
WINDOW = 0.01
"""The fall of a price over which :func:`gain` counts what it releases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The terms of one pool.

    ``depth`` in USD at ``start_price``: what, sold at once, lowers the price by 1/e (exponential)
    or to 0 (linear, square root), or the quote reserve (constant product); for a table, the unit of
    its first column. ``eta`` thins it with the price, ``zeta`` with volatility against ``calm``
    (1/sqrt(year)) measured over ``window``; ``refill`` is the time constant of its recovery; both
    in seconds, None for none. ``knots`` is (place, (sold, price)) of a measured curve.
    """

    kind: str
    depth: float
    start_price: float
    eta: float = 0.0
    zeta: float = 0.0
    calm: float = 1.0
    window: float | None = None
    refill: float | None = None
    knots: Floats = field(default_factory=lambda: np.zeros((0, 2)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What several sellers got: units ``sold``, ``proceeds`` in USD, both (path, seller).

    ``price`` is that after the sale and ``average`` the one that all got, USD per unit; ``dry``
    says where the floor was reached: what was sold beyond it brought nothing.
    """

    sold: Floats
    proceeds: Floats
    price: Floats
    average: Floats
    dry: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What a net quantity did: ``price`` after and ``average`` price, USD per unit."""

    price: Floats
    average: Floats
    dry: Bools


def pool_of(part: Liquidity, start_price: float) -> Pool:
    """Return the terms of a liquidity part as numbers; ``start_price`` in USD.

    Raises ModelError where the table of a measured curve has not been read.

    >>> part = Liquidity(of="X", into="Y", curve={"kind": "exponential", "depth": "$50k"})
    >>> pool_of(part, 2.0).depth
    50000.0
    """
    thins = part.thins
    return Pool(
        kind=part.curve.kind,
        depth=_number(part.curve.depth, 1.0),
        start_price=start_price,
        eta=_number(thins.with_price if thins else None, 0.0),
        zeta=_number(thins.with_volatility if thins else None, 0.0),
        calm=_number(thins.calm if thins else None, 1.0),
        window=_number(thins.window, 0.0) if thins and thins.window else None,
        refill=_number(thins.refills_in, 0.0) if thins and thins.refills_in else None,
        knots=_knots(part.curve.table),
    )


def units_of_depth(pool: Pool, share: Floats, sigma: Floats) -> Floats:
    """Return the units that make ``u = 1`` at the start price: ``D a c / P0``.

    ``c = (calm / sigma)^zeta``.

    >>> pool = Pool(kind="exponential", depth=6000.0, start_price=2.0, zeta=1.0, calm=0.5)
    >>> units_of_depth(pool, np.array([0.5]), np.array([1.0]))
    array([750.])
    """
    thinned = share * (pool.depth / pool.start_price)
    return thinned * power(pool.calm / sigma, pool.zeta) if pool.zeta else thinned


def trade(
    pool: Pool,
    *,
    price: Floats,
    external: Floats,
    share: Floats,
    sigma: Floats,
    units: Floats,
) -> Trade:
    """Return the price after a net sale of ``units``, and the average of the whole sale.

    Positive sells, negative buys. Exponential: ``P' = P exp(-U)``, thinning ``P'/P0 = ((P/P0)^eta -
    eta U)^(1/eta)``, ``U`` = units over :func:`units_of_depth`. The others move along their curve
    with a depth of ``(P/P0)^eta`` that is fixed within the sale. Nothing sold: the price as it is.

    >>> pool = Pool(kind="constant_product", depth=1000.0, start_price=1.0)
    >>> one = np.ones(1)
    >>> done = trade(pool, price=one, external=one, share=one, sigma=one, units=100 * one)
    >>> done.price.round(7), done.average.round(7)
    (array([0.8264463]), array([0.9090909]))
    """
    here = units_of_depth(pool, share, sigma) * power(price / pool.start_price, pool.eta)
    if pool.kind == curves.EXPONENTIAL:
        moved = _exponential(pool, price, here, units)
    else:
        moved = _along(pool, price, external, here, units)
    idle = units == 0
    return Trade(
        price=np.where(idle, price, moved.price),
        average=np.where(idle, price, moved.average),
        dry=moved.dry & ~idle,
    )


def _ratio_of_depth(units: Floats, here: Floats) -> Floats:
    """Return units over depth; without depth any quantity is without end."""
    return ratio(units, here) + np.where((here == 0) & (units != 0), np.copysign(np.inf, units), 0)


def _exponential(pool: Pool, price: Floats, here: Floats, units: Floats) -> Trade:
    used = _ratio_of_depth(units, here)
    if pool.eta:
        used = pool.eta * used
        whole = used >= 1
        used = np.where(whole, np.inf, -np.log1p(-np.where(whole, 0.0, used)) / pool.eta)
    room = np.log(price / (FLOOR * pool.start_price))
    above = np.log(price / (CEILING * pool.start_price))
    fall = np.clip(used, np.minimum(above, 0.0), np.maximum(room, 0.0))
    steep = 1 + pool.eta
    proceeds = here * price * (-np.expm1(-steep * fall) / steep)
    return Trade(price=price * np.exp(-fall), average=ratio(proceeds, units), dry=fall != used)


def _along(pool: Pool, price: Floats, external: Floats, here: Floats, units: Floats) -> Trade:
    start = curves.sold_at(pool.kind, price / external, pool.knots)
    used = _ratio_of_depth(units, here)
    least = np.minimum(FLOOR * pool.start_price / external, price / external)
    most = np.maximum(CEILING * pool.start_price / external, price / external)
    lowest = curves.sold_at(pool.kind, least, pool.knots) - start
    highest = curves.sold_at(pool.kind, most, pool.knots) - start
    along = np.clip(used, highest, lowest)
    end = start + along
    mean = curves.mean_level(pool.kind, start, end, pool.knots)
    dry = along != used
    left = np.clip(curves.level(pool.kind, end, pool.knots), least, most)
    return Trade(
        price=external * left,
        average=external * mean * np.where(dry, ratio(along * here, units), 1.0),
        dry=dry,
    )


def capacity(
    pool: Pool,
    *,
    price: Floats,
    external: Floats,
    share: Floats,
    sigma: Floats,
    down_to: Floats,
) -> Floats:
    """Return the units that can be sold before the price is ``down_to``, (path, seller), USD.

    0 where the price is not above it. The exponential curve inverted is ``S ln(P / R)``:

    >>> pool = Pool(kind="exponential", depth=100.0, start_price=1.0)
    >>> one = np.ones(1)
    >>> state = dict(price=one, external=one, share=one, sigma=one)
    >>> capacity(pool, **state, down_to=np.array([[np.exp(-0.5), 2.0]]))
    array([[50.,  0.]])
    """
    here = units_of_depth(pool, share, sigma) * power(price / pool.start_price, pool.eta)
    column = price[:, None]
    there = np.clip(down_to, np.minimum(FLOOR * pool.start_price, column), column)
    if pool.kind == curves.EXPONENTIAL:
        fall = np.log(column / there)
        used = -np.expm1(-pool.eta * fall) / pool.eta if pool.eta else fall
    else:
        outside = external[:, None]
        start = curves.sold_at(pool.kind, column / outside, pool.knots)
        used = curves.sold_at(pool.kind, there / outside, pool.knots) - start
    return np.maximum(here[:, None] * used, 0.0)


def sell(
    pool: Pool,
    *,
    price: Floats,
    external: Floats,
    share: Floats,
    sigma: Floats,
    wanted: Floats,
    reserve: Floats,
) -> Sale:
    """Return what sellers at one pace sell, each until the price is down to its reservation.

    ``wanted`` in units and ``reserve`` in USD per unit, 0 for a seller who must, are (path,
    seller).
    At progress ``f`` seller i has sold ``wanted_i min(f, f_i)``; those of the highest reservation
    stop first. Every seller gets the average price of the whole sale.

    >>> pool = Pool(kind="exponential", depth=100.0, start_price=1.0)
    >>> one = np.ones(1)
    >>> state = dict(price=one, external=one, share=one, sigma=one)
    >>> done = sell(
    ...     pool, **state, wanted=np.array([[60.0, 20.0]]), reserve=np.array([[np.exp(-0.4), 0]])
    ... )
    >>> done.sold, done.price.round(9) == np.exp(-0.5).round(9)
    (array([[30., 20.]]), array([ True]))
    """
    forced = reserve <= 0
    limit = np.where(forced, price[:, None], reserve)
    cap = capacity(pool, price=price, external=external, share=share, sigma=sigma, down_to=limit)
    sold = wanted * _progress(wanted, reserve, np.where(forced, np.inf, cap))
    moved = trade(
        pool, price=price, external=external, share=share, sigma=sigma, units=in_order(sold)
    )
    return Sale(
        sold=sold,
        proceeds=sold * moved.average[:, None],
        price=moved.price,
        average=moved.average,
        dry=moved.dry,
    )


def _progress(wanted: Floats, reserve: Floats, cap: Floats) -> Floats:
    """Return the progress at which each seller stops: 1 where he sells all.

    Sorted by falling reservation, the sale of all together grows by what the rest still wants:
    ``f_i = f_(i-1) + (cap_i - cap_(i-1)) / (wanted by i and those after)``. Who wants nothing
    stands first and has no part in it.
    """
    idle = wanted <= 0
    cap = np.where(idle, 0.0, cap)
    order = np.argsort(-np.where(idle, np.inf, reserve), axis=-1, kind="stable")
    limits = np.take_along_axis(cap, order, axis=-1)
    finite = np.where(np.isfinite(limits), limits, 0.0)
    step = np.diff(finite, axis=-1, prepend=0.0)
    rest = remaining(np.take_along_axis(wanted, order, axis=-1))
    pace = np.where(np.isfinite(limits), ratio(np.clip(step, 0.0, rest), rest, none=1.0), 1.0)
    progress = np.empty_like(cap)
    np.put_along_axis(progress, order, np.minimum(running(pace), 1.0), axis=-1)
    return progress


def refilled(
    pool: Pool, multiplier: Floats, share: Floats, elapsed: float
) -> tuple[Floats, Floats]:
    """Return multiplier and share of the depth after ``elapsed`` seconds of recovery.

    ``ln m`` and ``1 - a`` fall by ``exp(-dt / T)``; without ``refill`` impact is permanent.

    >>> pool = Pool(kind="linear", depth=1.0, start_price=1.0, refill=3600.0)
    >>> m, a = refilled(pool, np.array([0.81]), np.array([0.5]), 3600 * np.log(2))
    >>> m.round(12), a.round(12)
    (array([0.9]), array([0.75]))
    """
    if pool.refill is None or elapsed == 0:
        return multiplier, share
    left = np.exp(-np.float64(elapsed) / pool.refill)
    return np.exp(np.log(multiplier) * left), 1 - (1 - share) * left


def drained(share: Floats, leaves: Floats | float) -> Floats:
    """Return the share of the depth that is there after the part ``leaves`` of it has left.

    >>> drained(np.array([0.5]), 0.5)
    array([0.25])
    """
    return share * (1 - leaves)


def volatility(pool: Pool, sigma: Floats, before: Floats, now: Floats, elapsed: float) -> Floats:
    """Return the measured volatility after the price outside moved from ``before`` to ``now``.

    ``sigma^2 <- sigma^2 l + (1 - l) (ln now/before)^2 / y``, ``l = exp(-dt / window)``; per square
    root of a year, ``elapsed`` in seconds.
    """
    if pool.window is None or elapsed == 0:
        return sigma
    kept = np.exp(-np.float64(elapsed) / pool.window)
    moved: Floats = np.square(np.log(now / before)) / (elapsed / YEAR)
    squared: Floats = np.square(sigma) * kept + (1 - kept) * moved
    return np.sqrt(squared)


def gain(
    pool: Pool,
    *,
    price: Floats,
    share: Floats,
    sigma: Floats,
    released: Floats,
    left: Floats | None = None,
) -> Floats:
    """Return g, how much of a fall the sales that it releases add to it.

    ``released`` are the units whose threshold lies within the next 1 % below the price. From 1 on
    each fall releases one at least as large: a black hole, if it goes on. A measured depth has no
    single D: there it is what the next 1 % takes from where ``left`` of the price outside is left.

    >>> pool = Pool(kind="exponential", depth=6000.0, start_price=1.0)
    >>> one = np.ones(1)
    >>> gain(pool, price=one, share=one, sigma=one, released=60 * one)
    array([1.])
    """
    here = units_of_depth(pool, share, sigma) * power(price / pool.start_price, pool.eta)
    if pool.kind == curves.TABLE:
        now = np.ones_like(price) if left is None else left
        used = [curves.sold_at(pool.kind, at, pool.knots) for at in (now, now * (1 - WINDOW))]
        here = here * ((used[1] - used[0]) / WINDOW)
    return np.where(released > 0, ratio(released / WINDOW, here, none=np.inf), 0.0)


def _knots(table: SeriesName | None) -> Floats:
    """Return (place, (USD sold at the start price, share of it left)) of a measured curve."""
    if table is None:
        return np.zeros((0, 2))
    if table.series is None:
        message = f"table: `{table}` has not been read"
        raise ModelError([Problem(("curve", "table"), message, "load the file that names it")])
    columns = [table.series.columns[name] for name in (SOLD, PRICE)]
    return np.array([[float(x) for x in column] for column in columns]).T


def _number(value: Value | None, default: float) -> float:
    return default if value is None else float(value.number)
