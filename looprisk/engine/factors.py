"""The inverse of a large sparse system in floats: rounds where they die out, else sparse factors.

The same as the dense inverse of :mod:`looprisk.engine.linear`, without its matrix: what claims pass
on along a chain of ten thousand vaults is ten thousand numbers, its inverse fifty million.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.linalg.blas import dtrsv
from scipy.sparse import csr_array, eye_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import SuperLU, splu

from looprisk.engine.form import Flags, Index, Numbers
from looprisk.engine.levels import levels
from looprisk.engine.linear import BLOCK, CLOSED, NEARLY_SINGULAR, ClosedLoopError
from looprisk.errors import NoSolutionError

ROUNDS = 48
"""So often dollars are followed from holder to holder before the system is factored."""
LARGEST_LOOP = 5_000
"""So many nodes that all feed each other are factored at most."""


class SparseInverse:
    """``(I - J)^-1`` in floats, of a sparse square ``J`` whose columns change one at a time.

    The update i turns an image x into ``x + gain_i * x[at_i]``, one after the other; after
    ``BLOCK`` of them the factors are computed anew.
    """

    def __init__(self, jacobian: csr_array) -> None:
        """Raise ClosedLoopError where a loop keeps every dollar."""
        self._gains = np.zeros((jacobian.shape[0], BLOCK), order="F")
        self._finds = np.eye(BLOCK, order="F")
        self._at: list[int] = []
        self._changes: list[tuple[int, Index, Numbers]] = []
        self._enter(jacobian)

    def _enter(self, jacobian: csr_array) -> None:
        self._jacobian = jacobian
        self._factors: SuperLU | None = None
        self._order: Index | None = None
        n = jacobian.shape[0]
        most = np.abs(self._image(np.ones(n))).max(initial=0.0)
        if not np.isfinite(most) or most > 1 / NEARLY_SINGULAR:
            raise ClosedLoopError

    def change(self, column: int, rows: Index, step: Numbers) -> Numbers:
        """Add ``step`` to some rows of one column of ``J``; rows may come twice.

        Returns the gain: the image ``x`` of any vector becomes ``x + gain * x[column]``.
        """
        if len(self._at) == BLOCK:
            self._fold()
        added = np.zeros(self._jacobian.shape[0])
        np.add.at(added, rows, step)
        moved = self.times(added)
        left = 1 - moved[column]
        if abs(left) < NEARLY_SINGULAR:
            raise ClosedLoopError
        gain: Numbers = moved / left
        new = len(self._at)
        self._finds[new, :new] = -self._gains[column, :new]
        self._gains[:, new] = gain
        self._at.append(column)
        self._changes.append((column, rows, step))
        return gain

    def times(self, vector: Numbers) -> Numbers:
        """Return ``(I - J)^-1 vector``."""
        if not vector.any():
            return vector
        image = self._image(vector)
        m = len(self._at)
        if m:
            found = dtrsv(self._finds[:m, :m], image[self._at], lower=1, diag=1)
            image += self._gains[:, :m] @ found
        return image

    def _image(self, vector: Numbers) -> Numbers:
        """Return ``(I - J)^-1 vector`` without the updates."""
        if self._factors is None:
            summed = _rounds(self._jacobian, vector)
            if summed is not None:
                return summed
            self._order, self._factors = _factored(self._jacobian)
        image = np.empty_like(vector)
        image[self._order] = self._factors.solve(vector[self._order])
        return image

    def _fold(self) -> None:
        columns = np.concatenate([np.full(len(rows), column) for column, rows, _ in self._changes])
        rows = np.concatenate([rows for _, rows, _ in self._changes])
        steps = np.concatenate([step for _, _, step in self._changes])
        more = csr_array((steps, (rows, columns)), shape=self._jacobian.shape)
        self._at.clear()
        self._changes.clear()
        self._enter(csr_array(self._jacobian + more))


def _rounds(jacobian: csr_array, vector: Numbers) -> Numbers | None:
    """Return the sum of what passes in each round; None where rounds die out slowly."""
    x, moving = vector.copy(), vector
    for _ in range(ROUNDS):
        moving = jacobian @ moving
        x += moving
        if np.abs(moving).max(initial=0.0) <= 1e-17 * np.abs(x).max(initial=0.0):
            return x
    return None


def _factored(jacobian: csr_array) -> tuple[Index, SuperLU]:
    """Return the factors of ``I - J`` in an order of its nodes, and that order.

    What stands on something comes after it, so that only loops fill up.
    """
    order = _order(jacobian)
    system = (eye_array(len(order)) - jacobian).tocsr()[order][:, order]
    return order, _lu(csr_array(system), "NATURAL")


def _order(jacobian: csr_array) -> Index:
    edges = jacobian.tocoo()
    count, label = connected_components(jacobian, directed=True, connection="strong")
    source, target = edges.col.astype(np.intp), edges.row.astype(np.intp)
    level = levels(source, target, label.astype(np.intp), count)
    order: Index = np.lexsort((label, level[label]))
    size = np.bincount(label, minlength=count)
    if size.max(initial=0) > LARGEST_LOOP:
        raise NoSolutionError(
            f"{int(size.max())} nodes feed each other so nearly every dollar that what comes round "
            f"can neither be summed nor, above {LARGEST_LOOP:,} nodes, be solved for"
        )
    for loop in np.flatnonzero(size > 2):
        places = np.flatnonzero(label[order] == loop)
        members = order[places]
        system = eye_array(len(members)) - jacobian[members][:, members]
        inner = _lu(csr_array(system), "MMD_AT_PLUS_A").perm_c
        order[places] = members[np.argsort(inner)]
    return order


def _lu(system: csr_array, ordering: Literal["NATURAL", "MMD_AT_PLUS_A"]) -> SuperLU:
    try:
        found: SuperLU = splu(
            system.tocsc(),
            permc_spec=ordering,
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
    except RuntimeError:
        raise ClosedLoopError from None
    return found


def closed_parts(jacobian: csr_array) -> list[Index]:
    """Return the loops of a sparse ``J`` that keep every dollar, each as its nodes."""
    n = jacobian.shape[0]
    count, label = connected_components(jacobian, directed=True, connection="strong")
    edges = jacobian.tocoo()
    inner = label[edges.row] == label[edges.col]
    kept = np.bincount(edges.col[inner], edges.data[inner], minlength=n)
    whole = np.bincount(label, kept < 1 - CLOSED, minlength=count) == 0
    return [np.flatnonzero(label == loop) for loop in np.flatnonzero(whole)]


def leading_to(jacobian: csr_array, nodes: Index) -> Flags:
    """Return the nodes whose dollars reach some of the given ones, and these themselves."""
    reaches = np.zeros(jacobian.shape[0], dtype=np.bool_)
    reaches[nodes] = True
    todo = nodes
    while len(todo):
        before = np.unique(jacobian[todo].indices).astype(np.intp)
        todo = before[~reaches[before]]
        reaches[todo] = True
    return reaches
