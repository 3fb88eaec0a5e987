"""What is held or read inside a float form, as matrices: sparse, and dense where it is small."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from looprisk.engine.form import Index, NormalForm, Numbers, places

DENSE_NODES = 128
"""Up to so many nodes dense matrices are faster than sparse ones."""
EPS = float(np.finfo(np.float64).eps)
HEAVY = 1e6
"""Of a dollar that comes back so often nearly everything is kept."""
ROUNDING = 1e-6
"""What weights, each at least 1, may be short of it."""


class Inside:
    """What is held or read inside a float form, as sparse matrices over the claims concerned."""

    def __init__(self, form: NormalForm) -> None:
        self.form = form
        used = np.zeros(form.claims, dtype=np.bool_)
        used[form.held_claim] = True
        used[form.read_claim] = True
        self.claims = np.flatnonzero(used)
        self.used = places(self.claims)
        self.issuer = form.issuer[self.claims]
        self.of = places(self.issuer)
        """The issuer of each claim, as a slice where each node issues one of them."""
        self.offset = form.entry_offset[self.claims]
        place = np.cumsum(used) - 1
        shape = (form.nodes, len(self.claims))
        held = (form.held_share, (form.held_by, place[form.held_claim]))
        self.theta = csr_array(held, shape=shape)
        self.by_claim = self.theta.tocsc()
        self.share = np.bincount(form.held_claim, form.held_share, minlength=form.claims)
        shape = (form.conditions, len(self.claims))
        read = (form.read_coef, (form.read_cond, place[form.read_claim]))
        self.reads = csr_array(read, shape=shape) if len(form.read_cond) else None
        small = form.nodes <= DENSE_NODES
        self.theta_t = np.ascontiguousarray(self.theta.toarray().T) if small else None

    @cached_property
    def weights(self) -> Numbers | None:
        """[N] weights with ``sum |(I - J)^-1 r| <= weights @ |r|`` in every choice of cells.

        None where some choice keeps nearly every dollar, and where the form is not small. They are
        twice ``w = 1 + max over cells of J' w``, found cell by cell: of the cells that pass most on
        under the weights so far the weights are solved anew.
        """
        form = self.form
        if self.theta_t is None:
            return None
        cell = np.repeat(np.arange(len(form.cell_node)), np.diff(form.pay_ptr))
        claim = form.claim_ptr[form.cell_node[cell]] + np.arange(len(cell)) - form.pay_ptr[cell]
        held = np.zeros((form.nodes, form.claims))
        held[:, self.claims] = self.theta_t.T
        passes = np.zeros((len(form.cell_node), form.nodes))
        np.add.at(passes, cell, form.pay_rate[:, None] * held.T[claim])
        weights: Numbers = np.ones(form.nodes)
        for _ in range(len(form.cell_node)):
            passed = passes @ weights
            most = np.maximum.reduceat(passed, form.cell_ptr[:-1])
            if (1 + most <= weights + 0.5).all():
                return 2 * weights
            worst = np.lexsort((-passed, form.cell_node))[form.cell_ptr[:-1]]
            try:
                weights = np.linalg.solve(np.eye(form.nodes) - passes[worst], np.ones(form.nodes))
            except np.linalg.LinAlgError:
                return None
            if weights.min() < 1 - ROUNDING or weights.max() > HEAVY:
                return None
        return None

    def entries(self, cells: Index) -> Index:
        """Return [S, claims] the payment entry of every claim used inside."""
        entries: Index = self.form.pay_ptr.take(cells[:, self.of])
        entries += self.offset
        return entries

    def received(self, z: Numbers) -> Numbers:
        """Return [S, N] what each node gets when the claims pay ``z`` [S, claims]."""
        return times(self.theta, z) if self.theta_t is None else z @ self.theta_t

    def read(self, z: Numbers) -> Numbers | float:
        """Return [S, K] what the conditions read."""
        return times(self.reads, z) if self.reads is not None else 0.0


def times(matrix: csr_array, rows: Numbers) -> Numbers:
    """Return ``matrix @ row`` for every row."""
    product: Numbers
    if len(rows) == 1:
        product = (matrix @ rows[0])[None]
    else:
        product = np.ascontiguousarray((matrix @ np.ascontiguousarray(rows.T)).T)
    return product
