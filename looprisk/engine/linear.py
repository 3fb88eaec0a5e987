"""The one piece of linear algebra the solvers need, in floats and in Fractions.

``Inverse`` keeps ``(I - J)^-1`` while the cells of nodes change: a node's cell is one column of ``J``, so a
change is a rank-one update (Sherman and Morrison), exact in Fractions and refreshed now and then in floats.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from looprisk.engine.form import Numbers

REFRESH = 64
"""Rank-one updates in floats before the inverse is computed anew."""
NEARLY_SINGULAR = 1e-12


class ClosedLoopError(ArithmeticError):
    """``I - J`` is singular: a loop in which every marginal dollar comes back whole."""


def solve_exactly(matrix: Numbers, right: Numbers) -> Numbers:
    """Return ``matrix^-1 right`` in Fractions by Gauss-Jordan elimination; right is [n, m]."""
    n = len(matrix)
    work = [list(matrix[i]) + list(right[i]) for i in range(n)]
    for column in range(n):
        pivot = next((i for i in range(column, n) if work[i][column] != 0), None)
        if pivot is None:
            raise ClosedLoopError
        work[column], work[pivot] = work[pivot], work[column]
        head = work[column][column]
        base = [x / head if x else x for x in work[column]]
        work[column] = base
        filled = [j for j, x in enumerate(base) if x and j >= column]
        for i in range(n):
            factor = work[i][column]
            if i != column and factor:
                row = work[i]
                for j in filled:
                    row[j] -= factor * base[j]
    answer = np.empty((n, right.shape[1]), dtype=object)
    for i in range(n):
        answer[i, :] = work[i][n:]
    return answer


def identity(n: int, *, exact: bool) -> Numbers:
    """Return the unit matrix, of Fractions or of floats."""
    if not exact:
        return np.eye(n)
    unit = np.full((n, n), Fraction(0), dtype=object)
    for i in range(n):
        unit[i, i] = Fraction(1)
    return unit


def invert(matrix: Numbers) -> Numbers:
    """Return the inverse; raises :class:`ClosedLoopError` where there is none."""
    n = len(matrix)
    if matrix.dtype == object:
        return solve_exactly(matrix, identity(n, exact=True))
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        raise ClosedLoopError from None
    if not np.isfinite(inverse).all() or np.abs(inverse).max(initial=0.0) > 1 / NEARLY_SINGULAR:
        raise ClosedLoopError
    return inverse


class Inverse:
    """``(I - J)^-1`` of a square ``J`` whose columns change one at a time."""

    def __init__(self, jacobian: Numbers) -> None:
        self._jacobian = jacobian
        self._exact = jacobian.dtype == object
        self._unit = identity(len(jacobian), exact=self._exact)
        self._updates = 0
        self.matrix = invert(self._unit - jacobian)

    def change(self, column: int, new: Numbers) -> None:
        """Replace one column of ``J``."""
        step = new - self._jacobian[:, column]
        if not step.any():
            return
        self._jacobian = self._jacobian.copy()
        self._jacobian[:, column] = new
        self._updates += 1
        if not self._exact and self._updates % REFRESH == 0:
            self.matrix = invert(self._unit - self._jacobian)
            return
        moved = self.matrix @ step
        left = 1 - moved[column]
        if left == 0 or (not self._exact and abs(left) < NEARLY_SINGULAR):
            raise ClosedLoopError
        self.matrix = self.matrix + np.outer(moved, self.matrix[column] / left)

    def times(self, vector: Numbers) -> Numbers:
        """Return ``(I - J)^-1 vector``."""
        product: Numbers = self.matrix @ vector
        return product


def perron(jacobian: Numbers) -> Any:
    """Return a nonnegative ``v`` with ``J v = v`` where ``I - J`` is singular, scaled to sum 1."""
    n = len(jacobian)
    if jacobian.dtype != object:
        values, vectors = np.linalg.eig(jacobian)
        vector = np.abs(np.real(vectors[:, int(np.argmin(np.abs(values - 1)))]))
        return vector / vector.sum()
    rows = [list(row) for row in identity(n, exact=True) - jacobian]
    pivots: list[int] = []
    for column in range(n):
        at = len(pivots)
        found = next((i for i in range(at, n) if rows[i][column]), None)
        if found is None:
            vector = np.full(n, Fraction(0), dtype=object)
            vector[column] = Fraction(1)
            for i, pivot in enumerate(pivots):
                vector[pivot] = -rows[i][column]
            return vector / sum(vector)
        rows[at], rows[found] = rows[found], rows[at]
        head = rows[at][column]
        rows[at] = [x / head for x in rows[at]]
        for i in range(n):
            if i != at and rows[i][column]:
                factor = rows[i][column]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[at], strict=True)]
        pivots.append(column)
    raise ClosedLoopError
