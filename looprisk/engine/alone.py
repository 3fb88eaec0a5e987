"""Nodes that stand in no loop: once what they hold is known, their value is read off."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from looprisk.engine.block import SLACK
from looprisk.engine.components import dependencies
from looprisk.engine.form import Flags, Index, NormalForm, Numbers, Scalar


class Alone:
    """The rows of a form node by node, for nodes that do not depend on themselves.

    Whole arrays are read once, so that a node costs what it holds, reads and pays. The form must
    stand at one shock fraction (no slopes).
    """

    def __init__(self, form: NormalForm) -> None:
        self._slack: float = 0 if form.exact else SLACK
        self._loops = set(np.unique(_on_themselves(form)).tolist())
        self._b = form.b_const.tolist()
        self._held = _Rows(form.held_by, form.nodes)
        self._reads = _Rows(form.read_cond, form.conditions)
        self._faces = _Rows(form.face_pay, len(form.pay_const))
        self._holding = list(zip(form.held_claim.tolist(), form.held_share.tolist(), strict=True))
        self._reading = list(zip(form.read_claim.tolist(), form.read_coef.tolist(), strict=True))
        self._facing = list(zip(form.face_claim.tolist(), form.face_coef.tolist(), strict=True))
        conditions = np.searchsorted(form.cond_node, np.arange(form.nodes + 1))
        self._conditions: list[int] = conditions.tolist()
        self._const = form.cond_const.tolist()
        self._own = form.cond_own.tolist()
        self._cells: list[int] = form.cell_ptr.tolist()
        needs = form.cell_cond.tolist()
        ends = form.cell_cond_ptr.tolist()
        self._needs = [needs[a:b] for a, b in pairwise(ends)]
        self._claims: list[int] = form.claim_ptr.tolist()
        self._entries: list[int] = form.pay_ptr.tolist()
        self._pay_const = form.pay_const.tolist()
        self._pay_rate = form.pay_rate.tolist()

    def solve(self, node: int, z: Numbers, alive: Flags, *, down: bool) -> Scalar | None:
        """Return the value of a node, and enter what it pays and which conditions hold.

        ``z`` [C] has the claims before it. None where it has to be walked: it depends on itself, or
        less value would mend a condition. ``down`` asks for the greatest solution: of conditions
        that no cell in force asks for, a walk from above believes all and one from below only what
        stands at zero.
        """
        own = range(self._conditions[node], self._conditions[node + 1])
        y = self._plus(self._b[node], self._held(node), self._holding, z)
        if node in self._loops or y < 0 or any(self._own[k] < 0 for k in own):
            return None
        const = {k: self._plus(self._const[k], self._reads(k), self._reading, z) for k in own}
        holds = {k: down or const[k] >= 0 for k in own}
        true = {k: self._is_true(const[k], self._own[k] * y) for k in own}
        cell = self._settled(node, holds, true, down=down)
        for k in own:
            alive[k] = holds[k]
        first = self._entries[cell]
        for offset, claim in enumerate(range(self._claims[node], self._claims[node + 1])):
            entry = first + offset
            face = self._plus(self._pay_const[entry], self._faces(entry), self._facing, z)
            z[claim] = face + self._pay_rate[entry] * y
        return y

    def _is_true(self, const: Scalar, rest: Scalar) -> bool:
        scale: Scalar = max(const, -const) + max(rest, -rest)
        return bool(const + rest >= -self._slack * scale)

    def _settled(
        self, node: int, holds: dict[int, bool], true: dict[int, bool], *, down: bool
    ) -> int:
        """Return the cell in force, and enter in ``holds`` what was asked on the way to it."""
        cells = range(self._cells[node], self._cells[node + 1])
        while True:
            cell = next(c for c in cells if all(holds[k] for k in self._needs[c]))
            asked = self._needs[cell] if down else self._needs_before(cells[0], cell)
            changes = [k for k in asked if holds[k] == down and true[k] != down]
            if not changes:
                return cell
            holds.update(dict.fromkeys(changes, not down))

    def _needs_before(self, first: int, cell: int) -> list[int]:
        return [k for before in range(first, cell) for k in self._needs[before]]

    @staticmethod
    def _plus(
        start: Scalar, rows: list[int], terms: list[tuple[int, Scalar]], z: Numbers
    ) -> Scalar:
        for row in rows:
            claim, factor = terms[row]
            start += factor * z[claim]
        return start


class _Rows:
    """The entries of every row of a list of pairs, in the order in which they are written."""

    def __init__(self, row: Index, count: int) -> None:
        order = np.argsort(row, kind="stable")
        self._order: list[int] = order.tolist()
        self._ends: list[int] = np.searchsorted(row[order], np.arange(count + 1)).tolist()

    def __call__(self, row: int) -> list[int]:
        return self._order[self._ends[row] : self._ends[row + 1]]


def _on_themselves(form: NormalForm) -> Index:
    source, target = dependencies(form)
    found: Index = source[source == target]
    return found
