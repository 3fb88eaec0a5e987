"""Cliffs of the positions of a system, between the least and the most that they may sell.

Legs sell their size and absorbed accounts their collateral: both bounds are one. A loan sells at
least what its first round repays where it is reached, ``phi r / threshold``, and at most all its
collateral; nothing for certain where its reading comes late, liquidators stay away or gas may keep
them away. A pool that refills may forget a sale before the next, or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from looprisk.cascade import envelope
from looprisk.cascade.amounts import ALWAYS, WHEN_PAID, along, closing_share, gas_of, without_dust
from looprisk.cascade.arrays import Bools, Floats, Ints, ratio
from looprisk.cascade.envelope import Bound, Releases
from looprisk.cascade.plan import Plan
from looprisk.cascade.pools import Pool, gain
from looprisk.cascade.reach import loans_in_reach, longs_in_reach
from looprisk.cascade.readings import terms_of
from looprisk.cascade.rows import rows_of
from looprisk.cascade.run import Run
from looprisk.cascade.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracketed:
    """Avalanches ahead, (cliff,): each comes at a price outside between two, USD.

    Below ``external`` positions ``first`` to ``last - 1`` may go at once, below ``surely`` all of
    them do. ``before`` is the price that starts it, ``low`` and ``high`` bracket the price after
    the sales at ``external``. ``g`` is what a fall of 1 % at ``before`` adds to itself at most.
    """

    external: Floats
    surely: Floats
    first: Ints
    last: Ints
    before: Floats
    low: Floats
    high: Floats
    g: Floats


def bracketed(
    most: Releases, least: Releases, pool: Pool, *, share: float = 1.0, sigma: float | None = None
) -> Bracketed:
    """Return the avalanches of what positions sell at most, and where they are certain.

    Both books have the same thresholds, in the same order.

    >>> pool = Pool(kind="exponential", depth=100.0, start_price=1.0)
    >>> thresholds = np.array([0.9, 0.89, 0.5])
    >>> most = envelope.releases(thresholds, np.array([5.0, 7.0, 1.0]))
    >>> least = envelope.releases(thresholds, np.array([0.5, 7.0, 1.0]))
    >>> found = bracketed(most, least, pool)
    >>> found.external, found.surely.round(4), found.low.round(4), found.high.round(4)
    (array([0.9]), array([0.8945]), array([0.7982]), array([0.8955]))
    """
    bounds: tuple[Bound, Bound] | tuple[None, None] = (
        ("most", "least") if envelope.bends(pool) else (None, None)
    )
    found = envelope.cliffs(most, pool, share=share, sigma=sigma, bound=bounds[0])
    border = envelope.envelope(least, pool, share=share, sigma=sigma, bound=bounds[1])
    below = np.nextafter(found.external, 0)
    count = envelope.gone(border, below)
    high = envelope.price_at(least, pool, below, count, share=share, sigma=sigma, bound=bounds[1])
    return Bracketed(
        external=found.external,
        surely=np.take(border, found.last - 1),
        first=found.first,
        last=found.last,
        before=found.before,
        low=found.after,
        high=high,
        g=gain(
            pool,
            price=found.before,
            share=np.full(found.before.shape, share),
            sigma=np.full(found.before.shape, pool.calm if sigma is None else sigma),
            released=envelope.released_below(most, found.before),
            left=found.before / found.external,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cliff:
    """An avalanche ahead of the start: beyond ``external`` so many positions may go at once."""

    pool: str
    external: float
    """USD outside."""
    surely: float
    """USD outside, below which all of them go: ``external`` where nothing is uncertain."""
    fall: float
    """``external`` as a fall from the start."""
    positions: int
    before: float
    """What the price is before they go, USD."""
    low: float
    high: float
    """Between what the price is after, at ``external``, USD."""
    g: float


def cliffs(done: Run) -> Iterator[Cliff]:
    """Yield the avalanches that lie ahead of the start, pool by pool, the first fall first."""
    plan, state = done.plan, rows_of(done.start.state, np.zeros(1, dtype=np.intp))
    for at, pooled in enumerate(plan.pools):
        start = float(state.price[0, pooled.good])
        if plan.liquid[at].zeta or not start:
            continue
        found = cliffs_ahead(plan, state, at)
        for i in np.flatnonzero(found.external <= start).tolist():
            yield Cliff(
                pool=pooled.name,
                external=float(found.external[i]),
                surely=float(found.surely[i]),
                fall=1 - float(found.external[i]) / start,
                positions=int(found.last[i] - found.first[i]),
                before=float(found.before[i]),
                low=float(found.low[i]),
                high=float(found.high[i]),
                g=float(found.g[i]),
            )


def unforeseen(done: Run) -> list[str]:
    """Return the pools whose cliffs nothing brackets ahead: depth that follows volatility."""
    pools = zip(done.plan.pools, done.plan.liquid, strict=True)
    return [pooled.name for pooled, pool in pools if pool.zeta]


def cliffs_ahead(plan: Plan, state: State, pool: int, path: int = 0) -> Bracketed:
    """Return the avalanches that lie ahead of one path: the falls of the price that start them.

    ``external`` of the result is what the price would be without the sales.
    """
    most, least = released_ahead(plan, state, pool, path)
    share, sigma = float(state.share[path, pool]), float(state.sigma[path, pool])
    return bracketed(most, least, plan.liquid[pool], share=share, sigma=sigma)


def released_ahead(plan: Plan, state: State, pool: int, path: int = 0) -> tuple[Releases, Releases]:
    """Return what positions sell of the token of a pool as it falls: at most, and at least.

    A pool that refills counts as if it forgot every sale before the next: at least nothing of it
    is left.
    """
    good = plan.pools[pool].good
    loans = [loans_in_reach(plan, state, m, good) for m in range(len(plan.books))]
    parts = [*loans, *longs_in_reach(plan, state, good)]
    sold = [
        _first_sale(plan, state, m, one.thresholds) if plan.books[m].slots else one.units
        for m, one in enumerate(loans)
    ]
    none = np.zeros(0)
    thresholds = np.concatenate([none, *(one.thresholds[path] for one in parts)])
    units = np.concatenate([none, *(one.units[path] for one in parts)])
    least = np.concatenate(
        [none, *(one[path] for one in sold), *(one.units[path] for one in parts[len(loans) :])]
    )
    if plan.liquid[pool].refill is not None:
        least = np.zeros_like(least)
    live = units > 0
    most = envelope.releases(thresholds[live], units[live])
    return most, envelope.releases(thresholds[live], np.minimum(least, units)[live])


def _first_sale(plan: Plan, state: State, at: int, threshold: Floats) -> Floats:
    """Return what accounts of a market sell at least once reached, [path, account] units.

    ``phi r / threshold`` of what its first round repays, less where liquidators stop before: then
    the price has fallen by phi, and the account has sold what makes it healthy there. Nothing is
    certain over several collaterals, with a reading that comes late, or where gas may cost more
    than the incentive brings.
    """
    book, now = plan.books[at], state.markets[at]
    if book.absorbs:
        return np.where(threshold > 0, along(now.collateral), 0.0)
    loans = np.array(book.loans, dtype=np.intp)
    owed = along(now.debt * np.take(state.price, loans, axis=-1)[:, :, None])
    held = now.collateral > 0
    single = held.sum(axis=1) == 1
    for s, slot in enumerate(book.slots):
        single &= ~(held[:, s] & _late(plan, state, slot.oracle)[:, None])
    phi = along(np.where(held, now.incentive[:, :, None], 0.0))
    if book.part.protocol.incentive == "discount":
        phi = np.ones_like(phi)
    lltv = along(np.where(held, now.lltv[:, :, None], 0.0))
    whole = threshold * along(now.collateral)
    repay = np.minimum(closing_share(book, owed, owed, whole) * owed, ratio(whole, phi))
    if book.part.rules == "aave-v3.3":
        repay = without_dust(repay, owed, whole, phi)
    forced = (now.acting == ALWAYS)[:, None]
    stopped = ratio(phi - 1, phi * (1 - lltv), 1.0) * owed
    repay = np.where(forced, repay, np.minimum(repay, stopped))
    acts = forced | ((now.acting == WHEN_PAID)[:, None] & (repay * (phi - 1) >= gas_of(book)))
    return np.where(single & acts & (threshold > 0), ratio(phi * repay, threshold), 0.0)


def _late(plan: Plan, state: State, name: str) -> Bools:
    """Return where an oracle may report what was, [path]."""
    found = np.zeros(state.paths, dtype=np.bool_)
    for oracle, where in terms_of(plan, state, name):
        if any(x is not None for x in (oracle.lag, oracle.heartbeat, oracle.deviation)):
            found |= where
    return found
