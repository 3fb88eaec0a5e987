"""The one piece of linear algebra the solvers need, in floats and in Fractions.

An inverse keeps ``(I - J)^-1`` while the cells of nodes change: a node's cell is one column of
``J``, so a change is a rank-one update (Sherman and Morrison). Fractions are updated at once;
floats gather a block of updates and fold them into the matrix together, so that an update costs a
column and not a matrix.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.linalg.blas import dgemm, dtrsm, dtrsv
from scipy.sparse.csgraph import connected_components

from looprisk.engine.form import Flags, Index, Numbers
from looprisk.engine.lifting import Lifting, SingularError

BLOCK = 64
"""Rank-one updates in floats before they are folded into the matrix."""
LIFTED = 32
"""Unknowns from which on fractions are found digit by digit, not by elimination."""
NEARLY_SINGULAR = 1e-12
CLOSED = 1e-9
"""In floats a loop is closed if each of its nodes passes on all but this share of a dollar."""


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


def solve(matrix: Numbers, right: Numbers) -> Numbers:
    """Return ``matrix^-1 right`` for one vector; raises :class:`ClosedLoopError` if singular."""
    if matrix.dtype == object:
        lifted = lifting(matrix)
        if lifted is not None:
            return lifted.times(right)
        return solve_exactly(matrix, right[:, None])[:, 0]
    try:
        answer = np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        raise ClosedLoopError from None
    if not np.isfinite(answer).all():
        raise ClosedLoopError
    return answer


def lifting(matrix: Numbers) -> Lifting | None:
    """Return a large matrix of Fractions to be solved digit by digit; None where it is no such.

    Small ones, and those that are singular as far as primes tell, are for elimination.
    """
    if matrix.dtype != object or len(matrix) < LIFTED:
        return None
    try:
        return Lifting(matrix)
    except SingularError:
        return None


class ExactInverse:
    """``(I - J)^-1`` in Fractions, of a square ``J`` whose columns change one at a time."""

    def __init__(self, jacobian: Numbers) -> None:
        self._matrix = invert(identity(len(jacobian), exact=True) - jacobian)

    def change(self, column: int, rows: Index, step: Numbers) -> Numbers:
        """Add ``step`` to some rows of one column of ``J``; rows may come twice.

        Returns the gain: the image ``x`` of any vector becomes ``x + gain * x[column]``.
        """
        moved = self._matrix[:, rows] @ step
        # a Fraction even where no rows change: two plain integers would divide to a float
        left = Fraction(1) - moved[column]
        if left == 0:
            raise ClosedLoopError
        gain: Numbers = moved / left
        row = self._matrix[column]
        some, others = np.flatnonzero(gain), np.flatnonzero(row)
        self._matrix[np.ix_(some, others)] += np.outer(gain[some], row[others])
        return gain

    def times(self, vector: Numbers) -> Numbers:
        """Return ``(I - J)^-1 vector``."""
        filled = np.flatnonzero(vector)
        if not len(filled):
            return vector
        product: Numbers = self._matrix[:, filled] @ vector[filled]
        return product


class FloatInverse:
    """``(I - J)^-1`` in floats: a matrix and the gains of up to ``BLOCK`` updates since.

    The update i turns an image x into ``x + gain_i * x[at_i]``, one after the other; what each
    finds at its place solves a triangular system.
    """

    def __init__(self, jacobian: Numbers) -> None:
        n = len(jacobian)
        self._matrix = np.asfortranarray(invert(np.eye(n) - jacobian))
        self._gains = np.zeros((n, BLOCK), order="F")
        self._finds = np.eye(BLOCK, order="F")
        self._at: list[int] = []

    def change(self, column: int, rows: Index, step: Numbers) -> Numbers:
        """Add ``step`` to some rows of one column of ``J``; rows may come twice.

        Returns the gain: the image ``x`` of any vector becomes ``x + gain * x[column]``.
        """
        if len(self._at) == BLOCK:
            self._fold()
        moved = self._updated(self._matrix[:, rows] @ step)
        left = 1 - moved[column]
        if abs(left) < NEARLY_SINGULAR:
            raise ClosedLoopError
        gain: Numbers = moved / left
        new = len(self._at)
        self._finds[new, :new] = -self._gains[column, :new]
        self._gains[:, new] = gain
        self._at.append(column)
        return gain

    def times(self, vector: Numbers) -> Numbers:
        """Return ``(I - J)^-1 vector``."""
        filled = np.flatnonzero(vector)
        if not len(filled):
            return vector
        if 4 * len(filled) < len(vector):
            return self._updated(self._matrix[:, filled] @ vector[filled])
        return self._updated(self._matrix @ vector)

    def _updated(self, image: Numbers) -> Numbers:
        m = len(self._at)
        if not m:
            return image
        found = dtrsv(self._finds[:m, :m], image[self._at], lower=1, diag=1)
        image += self._gains[:, :m] @ found
        return image

    def _fold(self) -> None:
        m = len(self._at)
        found = dtrsm(1.0, self._finds[:m, :m], self._matrix[self._at], lower=1, diag=1)
        self._matrix = dgemm(
            1.0, self._gains[:, :m], found, beta=1.0, c=self._matrix, overwrite_c=1
        )
        self._at.clear()


class LiftedInverse:
    """``(I - J)^-1`` in many Fractions: no matrix is kept, every image is found digit by digit."""

    def __init__(self, lifted: Lifting) -> None:
        self._lifted = lifted

    def change(self, column: int, rows: Index, step: Numbers) -> None:
        """Add ``step`` to some rows of one column of ``J``; rows may come twice."""
        try:
            self._lifted.change(column, rows, -step)
        except SingularError:
            raise ClosedLoopError from None

    def times(self, vector: Numbers) -> Numbers:
        """Return ``(I - J)^-1 vector``."""
        return self._lifted.times(vector)


Inverse = ExactInverse | FloatInverse | LiftedInverse


def inverse(jacobian: Numbers) -> Inverse:
    """Return ``(I - J)^-1``, ready to change; raises :class:`ClosedLoopError` if singular."""
    if jacobian.dtype != object:
        return FloatInverse(jacobian)
    lifted = lifting(identity(len(jacobian), exact=True) - jacobian)
    return ExactInverse(jacobian) if lifted is None else LiftedInverse(lifted)


def perron(jacobian: Numbers) -> Numbers:
    """Return a nonnegative ``v`` with ``J v = v`` where ``I - J`` is singular, scaled to sum 1."""
    n = len(jacobian)
    if jacobian.dtype != object:
        values, vectors = np.linalg.eig(jacobian)
        circle: Numbers = np.abs(np.real(vectors[:, int(np.argmin(np.abs(values - 1)))]))
        circle /= circle.sum()
        return circle
    rows = [list(row) for row in identity(n, exact=True) - jacobian]
    pivots: list[int] = []
    for column in range(n):
        at = len(pivots)
        found = next((i for i in range(at, n) if rows[i][column]), None)
        if found is None:
            exact: Numbers = np.full(n, Fraction(0), dtype=object)
            exact[column] = Fraction(1)
            for i, pivot in enumerate(pivots):
                exact[pivot] = -rows[i][column]
            return exact / sum(exact)
        rows[at], rows[found] = rows[found], rows[at]
        head = rows[at][column]
        rows[at] = [x / head for x in rows[at]]
        for i in range(n):
            if i != at and rows[i][column]:
                factor = rows[i][column]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[at], strict=True)]
        pivots.append(column)
    raise ClosedLoopError


def closed_loops(jacobian: Numbers) -> list[Index]:
    """Return the loops that keep every dollar, each as its nodes."""
    passes = np.array(jacobian != 0, dtype=np.bool_)
    count, label = connected_components(passes.astype(np.float64), connection="strong")
    loops = [np.flatnonzero(label == k) for k in range(count)]
    exact = jacobian.dtype == object
    kept = [jacobian[np.ix_(loop, loop)].sum(axis=0) for loop in loops]
    whole = 1 if exact else 1 - CLOSED
    return [loop for loop, sums in zip(loops, kept, strict=True) if (sums >= whole).all()]


def reaching(jacobian: Numbers, nodes: Index) -> Flags:
    """Return the nodes whose dollars reach some of the given ones, and these themselves."""
    passes = np.array(jacobian != 0, dtype=np.bool_)
    reaches = np.zeros(len(jacobian), dtype=np.bool_)
    reaches[nodes] = True
    while True:
        before = passes[reaches].any(axis=0) | reaches
        if (before == reaches).all():
            return reaches
        reaches = before
