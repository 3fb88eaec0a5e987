"""The linear system in force, ``y = c + J y``, with its inverse kept while nodes change cells."""

from __future__ import annotations

import numpy as np

from looprisk.engine.block import Block
from looprisk.engine.factors import SparseInverse, closed_parts, leading_to
from looprisk.engine.form import Flags, Index, Numbers, Scalar
from looprisk.engine.linear import (
    BLOCK,
    LIFTED,
    ClosedLoopError,
    Inverse,
    LiftedInverse,
    closed_loops,
    identity,
    inverse,
    perron,
    reaching,
    solve,
)

DRIFT = 1e-12
"""Relative error of an updated tangent at which the inverse is computed anew."""


class Flow:
    """``y = const + slope * s + J y`` in the cells in force.

    ``regular`` is False after :meth:`direction` or :meth:`tangent` had to go round a closed loop.
    """

    def __init__(self, block: Block, cells: Index) -> None:
        self.block = block
        self.regular = True
        self._moves = 0
        self._enter(cells)

    def _enter(self, cells: Index) -> None:
        """Take up a choice of cells as a whole."""
        self.cells = cells
        self.const, self.slope = self.block.constants(cells)
        _, _, self._rate = self.block.claim_lines(cells)
        self._inverse: Inverse | SparseInverse | None = None
        self._tangent: Numbers | None = None
        self._still: Numbers | None = None

    def move(self, new: Index) -> None:
        """Follow a change of cells, node by node."""
        changed = np.flatnonzero(self.cells != new)
        if self.block.has_faces and len(changed):
            self._enter(new)
            return
        for node in changed:
            self._exchange(int(node), int(self.cells[node]), int(new[node]))
        self.cells = new

    def _exchange(self, node: int, before: int, after: int) -> None:
        form = self.block.form
        holders, const, slope, rate = self.block.exchange(node, before, after)
        np.add.at(self.const, holders, const)
        claims = slice(form.claim_ptr[node], form.claim_ptr[node + 1])
        self._rate[claims] = form.pay_rate[form.pay_ptr[after] : form.pay_ptr[after + 1]]
        more = self.slope * 0
        np.add.at(more, holders, slope)
        self.slope = self.slope + more
        self._still = None
        if self._inverse is None:
            self._tangent = None
            return
        try:
            self._update(self._inverse, node, holders, rate, more)
        except ClosedLoopError:
            self._inverse = None
            self._tangent = None

    def _update(
        self, kept: Inverse | SparseInverse, node: int, holders: Index, rate: Numbers, more: Numbers
    ) -> None:
        """Carry the inverse and the tangent over to a changed column and ``more`` slope."""
        if isinstance(kept, LiftedInverse):
            self._tangent = None
            if rate.any():
                kept.change(node, holders, rate)
            return
        if rate.any():
            gain = kept.change(node, holders, rate)
            if self._tangent is not None:
                self._tangent = self._tangent + gain * self._tangent[node]
        if self._tangent is not None:
            self._tangent = self._tangent + kept.times(more)
        self._moves += 1
        if self.block.slack and self._moves % BLOCK == 0:
            self._check(kept)

    def _check(self, kept: Inverse | SparseInverse) -> None:
        """Compute the tangent anew, and the inverse too where rounding has spoilt it."""
        tangent = kept.times(self.slope)
        error = tangent - self.slope - self.passed_on(tangent)
        spoilt = np.abs(error).max(initial=0.0) > DRIFT * np.abs(tangent).max(initial=0.0)
        self._inverse = None if spoilt else kept
        self._tangent = None if spoilt else tangent

    def passed_on(self, y: Numbers) -> Numbers:
        """Return ``J y``."""
        z = self._rate * y[self.block.form.issuer]
        return self.block.received(self.block.with_faces(z, self.cells))

    def residual(self, y: Numbers, s: Scalar) -> Numbers:
        """Return ``y - c - J y``."""
        left: Numbers = y - (self.const + self.slope * s) - self.passed_on(y)
        return left

    def _kept(self) -> Inverse | SparseInverse:
        if self._inverse is None:
            block = self.block
            self._inverse = (
                SparseInverse(block.passes(self.cells))
                if block.sparse
                else inverse(block.jacobian(self.cells))
            )
        return self._inverse

    def tangent(self) -> Numbers:
        """Return ``dy/ds`` in these cells, or a direction as :meth:`direction` does."""
        if self._tangent is not None:
            self.regular = True
            return self._tangent
        tangent = self.direction(self.slope)
        if self._inverse is not None:
            self._tangent = tangent
        return tangent

    def direction(self, residual: Numbers) -> Numbers:
        """Return ``(I - J)^-1 residual``; along the circle where a closed loop is flooded."""
        self.regular = True
        try:
            return self._kept().times(residual)
        except ClosedLoopError:
            return self._around(residual)

    def settled(self, s: Scalar) -> Numbers | None:
        """Return the solution in force where images are found one by one; None where none is kept.

        What is constant and what moves with ``s`` are short numbers, a residual on the way is not.
        """
        if self.block.slack or len(self.const) < LIFTED:
            return None
        try:
            kept = self._kept()
        except ClosedLoopError:
            return None
        if not isinstance(kept, LiftedInverse):
            return None
        self.regular = True
        if self._still is None:
            self._still = kept.times(self.const)
        return self._still + self.tangent() * s

    def _around(self, residual: Numbers) -> Numbers:
        """Slide along a closed loop, which keeps every dollar, while a residual feeds it."""
        if self.block.sparse:
            return self._around_sparse(residual)
        jacobian = self.block.jacobian(self.cells)
        open_ = np.ones(len(residual), dtype=np.bool_)
        direction = residual * 0
        for loop in closed_loops(jacobian):
            feeding = reaching(jacobian, loop)
            if residual[feeding].any():
                self.regular = False
                direction[loop] = perron(jacobian[np.ix_(loop, loop)])
                return direction
            open_ &= ~feeding
        rest = np.flatnonzero(open_)
        unit = identity(len(rest), exact=self.block.form.exact)
        direction[rest] = solve(unit - jacobian[np.ix_(rest, rest)], residual[rest])
        return direction

    def _around_sparse(self, residual: Numbers) -> Numbers:
        passes = self.block.passes(self.cells)
        open_ = np.ones(len(residual), dtype=np.bool_)
        direction = residual * 0
        for loop in closed_parts(passes):
            feeding = leading_to(passes, loop)
            if residual[feeding].any():
                self.regular = False
                direction[loop] = perron(passes[loop][:, loop].toarray())
                return direction
            open_ &= ~feeding
        rest = np.flatnonzero(open_)
        direction[rest] = SparseInverse(passes[rest][:, rest]).times(residual[rest])
        return direction

    def arrive(self, reached: Numbers, s: Scalar) -> Numbers:
        """Return the solution in force, free of the rounding of the way that was walked to it."""
        if self._inverse is None or not self.block.slack:
            return reached
        return self._inverse.times(self.const + self.slope * s)

    def falling(self, loses: Flags | None, after: Index) -> Flags:
        """Return the nodes that surely fall: those that lose, and who holds claims on them.

        A claim surely passes a loss on if it moves with its issuer on both sides of a border on
        which nodes may stand: in the cells in force and in the cells ``after``. Without ``loses``
        those lose whose assets or payments fall with ``s``.
        """
        block, form = self.block, self.block.form
        _, slope, rate = block.claim_lines(after)
        if loses is None:
            _, slope_now, _ = block.claim_lines(self.cells)
            loses = np.array(form.b_slope < 0, dtype=np.bool_)
            loses[self._holders((slope < 0) & (slope_now < 0))[1]] = True
        source, target = self._holders((self._rate > 0) & (rate > 0))
        falls = loses.copy()
        while True:
            reached = target[falls[source]]
            if falls[reached].all():
                return falls
            falls[reached] = True

    def _holders(self, claims: Flags) -> tuple[Index, Index]:
        """Return (issuer, holder) of every holding of the flagged claims."""
        block = self.block
        held = np.flatnonzero(claims[block.held_claim] & (block.held_share > 0))
        return block.form.issuer[block.held_claim[held]], block.held_by[held]
