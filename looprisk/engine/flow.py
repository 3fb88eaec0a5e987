"""The linear system in force, ``y = c + J y``, with its inverse kept while nodes change cells."""

from __future__ import annotations

from typing import Any

import numpy as np

from looprisk.engine.block import Block
from looprisk.engine.form import Index, Numbers
from looprisk.engine.linear import ClosedLoopError, Inverse, invert, perron


class Flow:
    """``y = const + slope * s + J y`` in the cells in force.

    ``regular`` is False after :meth:`direction` had to go round a closed loop.
    """

    def __init__(self, block: Block, cells: Index) -> None:
        self._block = block
        self.cells = cells
        self.jacobian, self.const, self.slope = block.lines(cells)
        self._inverse: Inverse | None = None
        self.regular = True

    def move(self, new: Index) -> None:
        """Follow a change of cells, node by node."""
        changed = np.flatnonzero(self.cells != new)
        if self._block.has_faces:
            self.cells = new
            self.jacobian, self.const, self.slope = self._block.lines(new)
            self._inverse = None
            return
        if len(changed):
            self.jacobian = self.jacobian.copy()
        for node in changed:
            _, const_before, slope_before = self._block.node_lines(node, self.cells[node])
            column, const, slope = self._block.node_lines(node, new[node])
            self.const = self.const + (const - const_before)
            self.slope = self.slope + (slope - slope_before)
            self.jacobian[:, node] = column
            self._replace(int(node), column)
        self.cells = new

    def _replace(self, node: int, column: Numbers) -> None:
        if self._inverse is None:
            return
        try:
            self._inverse.change(node, column)
        except ClosedLoopError:
            self._inverse = None

    def residual(self, y: Numbers, s: Any) -> Numbers:
        """Return ``y - c - J y``."""
        left: Numbers = y - (self.const + self.slope * s) - self.jacobian @ y
        return left

    def tangent(self) -> Numbers:
        """Return ``dy/ds`` in these cells; raises ClosedLoopError round a closed loop."""
        if self._inverse is None:
            self._inverse = Inverse(self.jacobian)
        return self._inverse.times(self.slope)

    def direction(self, residual: Numbers) -> Numbers:
        """Return ``(I - J)^-1 residual``; along the circle itself where a closed loop is flooded."""
        self.regular = True
        try:
            if self._inverse is None:
                self._inverse = Inverse(self.jacobian)
        except ClosedLoopError:
            return self._around(residual)
        return self._inverse.times(residual)

    def _around(self, residual: Numbers) -> Numbers:
        """A closed loop keeps every dollar: slide along it while a residual feeds it (MODEL 3.4)."""
        feeds = perron(self.jacobian.T)
        closed = np.array([x > 0 for x in feeds], dtype=np.bool_)
        if (residual[closed] != 0).any():
            self.regular = False
            return perron(self.jacobian)
        rest = np.flatnonzero(~closed)
        unit = np.eye(len(rest), dtype=self.jacobian.dtype)
        direction = residual * 0
        direction[rest] = invert(unit - self.jacobian[np.ix_(rest, rest)]) @ residual[rest]
        return direction

    def arrive(self, reached: Numbers, s: Any) -> Numbers:
        """Return the solution in force, free of the rounding of the way that was walked to it."""
        if self._inverse is None:
            return reached
        return self._inverse.times(self.const + self.slope * s)
