"""The arrays of a cascade: float64, the path axis first, accounts or parts last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

YEAR = 365 * 86_400.0
"""Seconds of the year that rates are stated for."""
RESIDUE = 1e-15
"""What is left of an amount after moving this much less of it is nothing."""


def spread(values: object, paths: int) -> Floats:
    """Return the same numbers for every path: [...] to [path, ...].

    >>> spread([1, 2], 3).shape
    (3, 2)
    """
    row = np.asarray(values, dtype=np.float64)
    return np.broadcast_to(row, (paths, *row.shape)).copy()


def less(amount: Floats, moved: Floats) -> Floats:
    """Return ``amount - moved``, and nothing where the rest is no more than rounding.

    >>> less(np.array([1.0, 0.3]), np.array([0.25, 0.3 * (1 - 1e-16)]))
    array([0.75, 0.  ])
    """
    rest = amount - moved
    return np.where(np.abs(rest) <= RESIDUE * np.abs(moved), 0.0, rest)


def ratio(part: Floats, whole: Floats, none: float = 0.0) -> Floats:
    """Return ``part / whole``, and ``none`` where the whole is nothing.

    >>> ratio(np.array([1.0, 1.0]), np.array([4.0, 0.0]))
    array([0.25, 0.  ])
    """
    there = whole != 0
    return np.where(there, part / np.where(there, whole, 1.0), none)
