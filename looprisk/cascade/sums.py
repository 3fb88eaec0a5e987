"""Sums over the last axis that do not know how many paths stand beside each other.

A path of a batch has the bits that it has alone only where every sum runs over one path at a time,
in one order. numpy chooses that order by the layout in memory, so the layout is fixed here.
"""

from __future__ import annotations

import numpy as np

from looprisk.cascade.arrays import Floats, Ints


def total(values: Floats) -> Floats:
    """Return the sum over the last axis.

    >>> total(np.array([[1.0, 2.0, 4.0], [0.5, 0.0, 0.0]]))
    array([7. , 0.5])
    """
    return np.asarray(np.ascontiguousarray(values).sum(axis=-1))


def in_order(values: Floats) -> Floats:
    """Return the sum over the last axis, one by one: places that add nothing do not change a bit.

    >>> in_order(np.array([[0.1, 0.2, 0.3]])) == in_order(np.array([[0.1, 0.0, 0.2, 0.3]]))
    array([ True])
    """
    if not values.shape[-1]:
        return np.zeros(values.shape[:-1])
    return np.cumsum(values, axis=-1)[..., -1]


def running(values: Floats) -> Floats:
    """Return the sums of the first, the first two, ... along the last axis."""
    return np.cumsum(values, axis=-1)


def remaining(values: Floats) -> Floats:
    """Return the sums from each place to the end of the last axis."""
    return np.flip(np.cumsum(np.flip(values, -1), axis=-1), -1)


def sum_by_group(values: Floats, order: Ints, starts: Ints) -> Floats:
    """Return the sums over groups of the last axis.

    ``order`` lists the places group by group, ``starts`` where in it each group begins; no group is
    empty.

    >>> sum_by_group(np.array([[1.0, 2.0, 4.0]]), np.array([0, 2, 1]), np.array([0, 2]))
    array([[5., 2.]])
    """
    return np.add.reduceat(np.take(values, order, axis=-1), starts, axis=-1)


def power(base: Floats, exponent: float) -> Floats:
    """Return ``base ** exponent`` of positive bases, by the ``exp`` and ``log`` of all prices."""
    return np.exp(exponent * np.log(base))
