"""Auto-deleveraging: who on the other side is closed, and how much of each.

All functions take the units of the candidates as positive numbers, (path, candidate), 0 for one
that is no candidate, and what is needed, (path,), in the same units. They return what is taken from
each and never more than it has; what the candidates cannot give is the rest of the need.

Sources: Hyperliquid docs, "Auto-deleveraging" (index of longs; shorts read entry / mark); Binance
FAQ, "What Is Auto-Deleveraging (ADL)"; Bybit help, "Auto-Deleveraging (ADL) mechanism";
water-filling is the optimum of Campbell, Hey, Moallemi and Nutz 2026, arXiv:2603.15963.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from looprisk.cascade.arrays import Bools, Floats, ratio
from looprisk.cascade.sums import running, total

SAME = 1e-12
"""Indices that differ by less of themselves are equal.

Accounts of one leverage have one index whatever their size, but for rounding."""
_LEAST = 1e-12
"""Share of its notional that an account counts for at least, where the index divides by equity."""


def queue_index(
    convention: Literal["hyperliquid", "binance", "bybit"],
    *,
    size: Floats,
    entry: Floats,
    mark: Floats,
    margin: Floats,
    equity: Floats,
    maintenance: Floats,
) -> Floats:
    """Return the place of each leg in the queue: the highest index is closed first.

    ``size`` is signed. ``margin`` in USD (Binance: the wallet), ``equity`` and ``maintenance`` are
    those of the leg's account. Hyperliquid: ``P/e`` of a long, ``e/P`` of a short, times leverage
    ``|n| P / E``. Binance: ``max(0, profit) / max(1, margin) * maintenance / E``. Bybit: profit
    over entry notional, times leverage; a loss is divided by it.

    >>> shorts = dict(size=np.full(4, -10.0), entry=np.array([120.0, 110, 130, 105]), mark=90.0)
    >>> money = dict(margin=np.array([100.0, 50, 600, 400]), maintenance=np.full(4, 18.0))
    >>> equity = np.array([400.0, 250, 1000, 550])
    >>> queue_index("hyperliquid", **shorts, **money, equity=equity)
    array([3.        , 4.4       , 1.3       , 1.90909091])
    >>> queue_index("bybit", **shorts, **money, equity=equity).round(4)
    array([0.5625, 0.6545, 0.2769, 0.2338])
    """
    notional = np.abs(size) * mark
    own = np.maximum(equity, _LEAST * (1 + notional))
    gain = size * (mark - entry)
    if convention == "hyperliquid":
        return np.where(size > 0, mark / entry, entry / mark) * (notional / own)
    if convention == "binance":
        return np.maximum(gain, 0.0) / np.maximum(margin, 1.0) * (maintenance / own)
    share = ratio(gain, np.abs(size) * entry)
    leverage = notional / own
    return np.where(share > 0, share * leverage, ratio(share, leverage))


def by_queue(need: Floats, units: Floats, index: Floats) -> Floats:
    """Return what falling ``index`` takes: all of each until the need is met.

    Candidates of equal index are one block, which shares pro rata to units. Here the first of
    the queue gives all of its 10 and the second half of its own:

    >>> index = np.array([[3.0, 4.4, 1.3, 1.9]])
    >>> by_queue(np.array([15.0]), np.full((1, 4), 10.0), index)
    array([[ 5., 10.,  0.,  0.]])
    """
    rank = np.where(units > 0, index, -np.inf)
    order = np.argsort(-rank, axis=-1, kind="stable")
    sorted_units = np.take_along_axis(units, order, axis=-1)
    first = _block_starts(np.take_along_axis(rank, order, axis=-1))
    upto = running(sorted_units)
    places = np.arange(units.shape[-1])
    start = np.maximum.accumulate(np.where(first, places, 0), axis=-1)
    before = np.take_along_axis(upto - sorted_units, start, axis=-1)
    last = np.ones_like(first)
    last[..., :-1] = first[..., 1:]
    ends = np.where(last, places, units.shape[-1])
    end = np.flip(np.minimum.accumulate(np.flip(ends, -1), axis=-1), -1)
    block = np.take_along_axis(upto, end, axis=-1) - before
    share = np.clip(ratio(need[..., None] - before, block), 0.0, 1.0)
    taken = np.empty_like(sorted_units)
    np.put_along_axis(taken, order, sorted_units * share, axis=-1)
    return taken


def _block_starts(falling: Floats) -> Bools:
    """Return where along falling numbers a block of equal ones begins."""
    starts = np.ones(falling.shape, dtype=np.bool_)
    before, now = falling[..., :-1], falling[..., 1:]
    finite = np.isfinite(before) & np.isfinite(now)
    gap = np.where(finite, before, 0.0) - np.where(finite, now, 0.0)
    near = gap <= SAME * np.where(finite, np.abs(before), 0.0)
    starts[..., 1:] = np.where(finite, ~near, before != now)
    return starts


def pro_rata(need: Floats, units: Floats) -> Floats:
    """Return what each gives in proportion to its units: ``need |n_j| / sum |n|``.

    >>> pro_rata(np.array([15.0]), np.full((1, 4), 10.0))
    array([[3.75, 3.75, 3.75, 3.75]])
    """
    share = np.minimum(ratio(need, total(units)), 1.0)
    return units * share[..., None]


def water_filling(need: Floats, units: Floats, equity: Floats, mark: Floats) -> Floats:
    """Return what brings the highest leverages down to one level: ``max(0, |n_j| - L E_j / P)``.

    ``L`` is the leverage at which that adds up to the need; it stands where the sorted leverages
    and prefix sums of units and equity say. ``equity`` in USD of each candidate's account,
    ``mark`` in USD per unit, both (path, candidate).

    >>> equity = np.array([[400.0, 250, 1000, 550]])
    >>> taken = water_filling(
    ...     np.array([15.0]), np.full((1, 4), 10.0), equity, np.full((1, 4), 90.0)
    ... )
    >>> taken.round(12)
    array([[5.   , 6.875, 0.   , 3.125]])
    """
    worth = np.where(units > 0, np.maximum(equity / mark, _LEAST * units), 0.0)
    leverage = np.where(units > 0, units / np.where(units > 0, worth, 1.0), 0.0)
    order = np.argsort(-leverage, axis=-1, kind="stable")
    level = np.take_along_axis(leverage, order, axis=-1)
    all_units = running(np.take_along_axis(units, order, axis=-1))
    all_worth = running(np.take_along_axis(worth, order, axis=-1))
    at_level = all_units - level * all_worth
    beyond = np.asarray((at_level < need[..., None]).sum(axis=-1))
    last = np.maximum(beyond - 1, 0)[..., None]
    floor = np.take_along_axis(all_units, last, -1) - need[..., None]
    limit = np.maximum(ratio(floor, np.take_along_axis(all_worth, last, -1)), 0.0)
    taken = np.clip(units - limit * worth, 0.0, units)
    return np.where((need > 0)[..., None], taken, 0.0)
