"""The shapes of price impact: what is left of a price after selling.

A shape falls from 1 as sales add up. ``u`` is what was sold, in units of the depth: worth at the
start price over depth in USD. Buying moves to ``u < 0``. Sources: Cifuentes, Ferrucci and Shin 2005
(exponential, in :mod:`looprisk.cascade.pools`, where it thins while it is used); linear and
square-root impact as in the execution literature; constant product is Uniswap v2's x y = k.
"""

from __future__ import annotations

import numpy as np

from looprisk.cascade.arrays import Floats, Ints, ratio

EXPONENTIAL, LINEAR, SQUARE_ROOT = "exponential", "linear", "square_root"
CONSTANT_PRODUCT, TABLE = "constant_product", "table"


def level(kind: str, u: Floats, knots: Floats) -> Floats:
    """Return what is left of the price after selling ``u``: ``f(u)``.

    ``1 - u``, ``1 - sqrt u``, ``(1 + u)^-2``, or the straight lines between ``knots``, (place,
    (u, f)), continued at both ends. Bought, the square root mirrors itself.

    >>> none = np.zeros((0, 2))
    >>> level("constant_product", np.array([0.1]), none).round(7)
    array([0.8264463])
    >>> level("table", np.array([1.5]), np.array([[0, 1.0], [1, 0.98], [2, 0.9]]))
    array([0.94])
    """
    if kind == LINEAR:
        return 1 - u
    if kind == SQUARE_ROOT:
        return 1 - np.sign(u) * np.sqrt(np.abs(u))
    if kind == CONSTANT_PRODUCT:
        return 1 / np.square(1 + u)
    at = _segment(knots[:, 0], u)
    return np.take(knots[:, 1], at) + (u - np.take(knots[:, 0], at)) * np.take(_slopes(knots), at)


def sold_at(kind: str, remaining: Floats, knots: Floats) -> Floats:
    """Return the ``u`` at which ``remaining`` is left of the price: the inverse of :func:`level`.

    >>> sold_at("square_root", np.array([0.5]), np.zeros((0, 2)))
    array([0.25])
    """
    if kind == LINEAR:
        return 1 - remaining
    if kind == SQUARE_ROOT:
        return np.sign(1 - remaining) * np.square(1 - remaining)
    if kind == CONSTANT_PRODUCT:
        return 1 / np.sqrt(remaining) - 1
    at = _segment(-knots[:, 1], -remaining)
    fallen = remaining - np.take(knots[:, 1], at)
    return np.take(knots[:, 0], at) + fallen / np.take(_slopes(knots), at)


def mean_level(kind: str, start: Floats, end: Floats, knots: Floats) -> Floats:
    """Return the average of :func:`level` between two ``u``, the level itself where they are one.

    Written without differences of nearly equal numbers, so that a small sale has an exact price.

    >>> none = np.zeros((0, 2))
    >>> mean_level("constant_product", np.array([0.0]), np.array([0.1]), none).round(7)
    array([0.9090909])
    """
    first, last = level(kind, start, knots), level(kind, end, knots)
    if kind == LINEAR:
        return (first + last) / 2
    if kind == CONSTANT_PRODUCT:
        return 1 / ((1 + start) * (1 + end))
    if kind == SQUARE_ROOT:
        return _mean_of_root(start, end)
    here, there = _segment(knots[:, 0], start), _segment(knots[:, 0], end)
    across = ratio(_area(knots, end, there, last) - _area(knots, start, here, first), end - start)
    return np.where(here == there, (first + last) / 2, across)


def _mean_of_root(start: Floats, end: Floats) -> Floats:
    a, b = np.sqrt(np.abs(start)), np.sqrt(np.abs(end))
    one_side = 2 / 3 * ratio(a * a + a * b + b * b, a + b)
    both = 2 / 3 * ratio(b * b * b - a * a * a, end - start)
    side = np.where(start + end < 0, -1.0, 1.0)
    return 1 - np.where(start * end >= 0, side * one_side, both)


def _segment(falls: Floats, u: Floats) -> Ints:
    """Return the place of the knot that begins the segment of each ``u``, ends continued."""
    at = np.searchsorted(falls, u, side="right") - 1
    return np.clip(at, 0, len(falls) - 2)


def _slopes(knots: Floats) -> Floats:
    return np.diff(knots[:, 1]) / np.diff(knots[:, 0])


def _area(knots: Floats, u: Floats, at: Ints, left: Floats) -> Floats:
    """Return the area under the straight lines from the first knot to ``u``."""
    widths, middles = np.diff(knots[:, 0]), (knots[1:, 1] + knots[:-1, 1]) / 2
    upto = np.concatenate([np.zeros(1), np.cumsum(widths * middles)])
    rest = u - np.take(knots[:, 0], at)
    return np.take(upto, at) + rest * (np.take(knots[:, 1], at) + left) / 2
