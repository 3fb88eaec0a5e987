"""Cliffs of a book known before any simulation: which fall of a price sets off which sales.

Position k is sold when the price is below its threshold, and its sale lowers the price for those
after it. Where what each sells is a fixed quantity (perps, absorbed collateral, loans beyond
rescue) the end is one look-up: more than k positions go iff the price outside is below ``min over
j <= k of c_j``, with ``c_k`` the price outside at which the sale of the first k leaves the next
threshold. The flat stretches of that running minimum are avalanches. The fixed point is that of
Cifuentes, Ferrucci and Shin 2005; that the first one from above is a running minimum is derived.

Where what is sold, or the depth it is sold into, depends on the way down, two books bracket it:
what each position sells at most, into the thinnest depth on the way, and what it sells at least,
into the thickest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from looprisk.cascade import curves
from looprisk.cascade.arrays import Bools, Floats, Ints
from looprisk.cascade.pools import FLOOR, WINDOW, Pool, gain, trade, units_of_depth
from looprisk.cascade.sums import power

Bound = Literal["most", "least"]
"""Whether the impact of sales is taken for no less or for no more than it is."""
ROUNDS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """What a book sells as a price falls, or buys as it rises.

    ``thresholds`` are the prices at which each position goes, in the order in which they are
    reached, USD per unit; ``sold`` (position + 1,) the units of the first 0, 1, ... of them,
    negative where they are bought (shorts, ``rising``).
    """

    thresholds: Floats
    sold: Floats
    rising: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cliffs:
    """The avalanches of a book, from the first on.

    Beyond ``external`` USD outside, positions ``first`` to ``last - 1`` go at once and the price
    moves from ``before`` to ``after``.
    """

    external: Floats
    first: Ints
    last: Ints
    before: Floats
    after: Floats
    dry: Bools


def releases(thresholds: Floats, units: Floats, *, rising: bool = False) -> Releases:
    """Return a book sorted by its thresholds; ``units`` are positive.

    ``rising`` is for positions that are bought back as a price rises.

    >>> book = releases(np.array([0.8, 0.9]), np.array([5.0, 7.0]))
    >>> book.thresholds, book.sold
    (array([0.9, 0.8]), array([ 0.,  7., 12.]))
    """
    order = np.argsort(thresholds if rising else -thresholds, kind="stable")
    signed = -units if rising else units
    upto = np.concatenate([np.zeros(1), np.cumsum(np.take(signed, order))])
    return Releases(thresholds=np.take(thresholds, order), sold=upto, rising=rising)


def bends(pool: Pool) -> bool:
    """Return whether depth follows the price in a way that only brackets know ahead."""
    return pool.kind != curves.EXPONENTIAL and bool(pool.eta)


def needed(
    book: Releases,
    pool: Pool,
    *,
    share: float = 1.0,
    sigma: float | None = None,
    bound: Bound | None = None,
) -> Floats:
    """Return ``c_k``: the price outside at which, the first k gone, the next is at its threshold.

    Exponential: ``thr exp(Q P0 / D)``, thinning ``P0 ((thr/P0)^eta + eta Q P0/D)^(1/eta)``, with
    what is left of the depth in place of D. The other curves: ``thr / f(Q P0 / D)``. Where their
    depth follows the price the end depends on the pieces of a sale: ``bound`` takes the depth at
    the start for the thickest and that at the threshold for the thinnest; without it that raises
    ValueError.

    >>> pool = Pool(kind="exponential", depth=100.0, start_price=1.0)
    >>> book = releases(np.array([0.8, 0.9]), np.array([5.0, 7.0]))
    >>> needed(book, pool).round(6)
    array([0.9     , 0.858007])
    """
    here = _depth(pool, share, sigma)
    used = book.sold[:-1] / here
    if pool.kind == curves.EXPONENTIAL and not pool.eta:
        return book.thresholds * np.exp(used)
    if pool.kind == curves.EXPONENTIAL:
        level = power(book.thresholds / pool.start_price, pool.eta) + pool.eta * used
        return pool.start_price * power(np.maximum(level, FLOOR), 1 / pool.eta)
    if pool.eta and bound is None:
        raise ValueError(f"{pool.kind} with depth that follows the price has no single envelope")
    if pool.eta:
        thinned = power(book.thresholds / pool.start_price, pool.eta)
        used = used / (np.minimum(thinned, 1) if bound == "most" else np.maximum(thinned, 1))
    left = np.maximum(curves.level(pool.kind, used, pool.knots), FLOOR)
    return book.thresholds / left


def envelope(
    book: Releases,
    pool: Pool,
    *,
    share: float = 1.0,
    sigma: float | None = None,
    bound: Bound | None = None,
) -> Floats:
    """Return the running extreme of :func:`needed`: the price outside beyond which k + 1 go."""
    at = needed(book, pool, share=share, sigma=sigma, bound=bound)
    return np.maximum.accumulate(at) if book.rising else np.minimum.accumulate(at)


def gone(border: Floats, external: Floats, *, rising: bool = False) -> Ints:
    """Return how many positions go at each price outside, by one look-up in an envelope.

    A position at its threshold stays.

    >>> pool = Pool(kind="exponential", depth=100.0, start_price=1.0)
    >>> book = releases(np.array([0.8, 0.9]), np.array([5.0, 7.0]))
    >>> gone(envelope(book, pool), np.array([0.9, 0.89, 0.85]))
    array([0, 1, 2])
    """
    if rising:
        return np.searchsorted(border, external, side="left")
    return np.searchsorted(-border, -external, side="left")


def price_at(
    book: Releases,
    pool: Pool,
    external: Floats,
    count: Ints,
    *,
    share: float = 1.0,
    sigma: float | None = None,
    bound: Bound | None = None,
) -> Floats:
    """Return the price once the first ``count`` positions are sold at ``external`` outside."""
    return _sold(book, pool, external, count, share, sigma, bound)[0]


def stepped(
    book: Releases,
    pool: Pool,
    external: Floats,
    *,
    share: float = 1.0,
    sigma: float | None = None,
) -> tuple[Ints, int]:
    """Return (how many go, rounds) by rounds: what the price releases is sold, and so on.

    Every round sells a part of what the next price releases, so it ends where the envelope says.
    """
    count = np.zeros(np.shape(external), dtype=np.intp)
    order = book.thresholds if book.rising else -book.thresholds
    rounds = 0
    while True:
        price = price_at(book, pool, external, count, share=share, sigma=sigma)
        reached = np.searchsorted(order, price if book.rising else -price, side="left")
        further = np.maximum(reached, count)
        if (further == count).all():
            return count, rounds
        count, rounds = further, rounds + 1


def cliffs(
    book: Releases,
    pool: Pool,
    *,
    share: float = 1.0,
    sigma: float | None = None,
    bound: Bound | None = None,
) -> Cliffs:
    """Return the flat stretches of the envelope: where more than one position goes at once.

    >>> pool = Pool(kind="exponential", depth=100.0, start_price=1.0)
    >>> book = releases(np.array([0.9, 0.89, 0.5]), np.array([5.0, 7.0, 1.0]))
    >>> found = cliffs(book, pool)
    >>> found.external, found.first, found.last, found.after.round(6)
    (array([0.9]), array([0]), array([2]), array([0.798228]))
    """
    border = envelope(book, pool, share=share, sigma=sigma, bound=bound)
    starts = np.flatnonzero(np.concatenate([np.ones(1, np.bool_), np.diff(border) != 0]))
    ends = np.concatenate([starts[1:], np.array([len(border)], dtype=np.intp)])
    wide = ends - starts > 1
    first, last = starts[wide], ends[wide]
    external = np.take(border, first)
    before, _ = _sold(book, pool, external, first, share, sigma, bound)
    after, dry = _sold(book, pool, external, last, share, sigma, bound)
    return Cliffs(external=external, first=first, last=last, before=before, after=after, dry=dry)


def released_below(book: Releases, price: Floats) -> Floats:
    """Return the units whose threshold lies within 1 % below each price (above, where rising)."""
    order = book.thresholds if book.rising else -book.thresholds
    here, edge = (price, price * (1 + WINDOW)) if book.rising else (-price, -price * (1 - WINDOW))
    first, last = np.searchsorted(order, here), np.searchsorted(order, edge, side="right")
    return np.abs(np.take(book.sold, last) - np.take(book.sold, first))


def black_hole(
    book: Releases,
    pool: Pool,
    price: Floats,
    *,
    share: float = 1.0,
    sigma: float | None = None,
) -> Bools:
    """Return where g is 1 or more at the price, and at the price 1 % further too."""
    further = price * (1 + WINDOW) if book.rising else price * (1 - WINDOW)
    shares = np.full(np.shape(price), share)
    sigmas = np.full(np.shape(price), pool.calm if sigma is None else sigma)
    both = [
        gain(pool, price=at, share=shares, sigma=sigmas, released=released_below(book, at))
        for at in (price, further)
    ]
    return (both[0] >= 1) & (both[1] >= 1)


def _depth(pool: Pool, share: float, sigma: float | None) -> float:
    now = np.array(pool.calm if sigma is None else sigma)
    return float(units_of_depth(pool, np.array(share), now))


def _sold(
    book: Releases,
    pool: Pool,
    external: Floats,
    count: Ints,
    share: float,
    sigma: float | None,
    bound: Bound | None = None,
) -> tuple[Floats, Bools]:
    units = np.take(book.sold, count)
    if bends(pool) and bound is not None:
        return _sold_between(pool, external, units / _depth(pool, share, sigma), bound)
    done = trade(
        pool,
        price=external,
        external=external,
        share=np.full(np.shape(external), share),
        sigma=np.full(np.shape(external), pool.calm if sigma is None else sigma),
        units=units,
    )
    return done.price, done.dry


def _sold_between(pool: Pool, external: Floats, used: Floats, bound: Bound) -> tuple[Floats, Bools]:
    """Return the price after a sale into the depth of the start, or into that of its end.

    The latter is the highest price that its own depth leaves: no way of selling ends below it.
    """
    floor = FLOOR * pool.start_price
    price = external
    for _ in range(ROUNDS):
        thinned = power(np.minimum(price / pool.start_price, 1), pool.eta)
        here = used / thinned if bound == "most" else used
        left = curves.level(pool.kind, here, pool.knots)
        lower = np.minimum(np.maximum(external * left, floor), price)
        if (lower == price).all():
            break
        price = lower
    return price, price <= floor
