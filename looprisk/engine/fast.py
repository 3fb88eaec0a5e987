"""Many scenarios of one form at once: the greatest solution of each, with its certificate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from looprisk.engine.clear import Solution, clear_by_loops, prove
from looprisk.engine.form import Flags, Index, NormalForm, Numbers, active_cells, active_entries
from looprisk.engine.inside import Inside
from looprisk.engine.sparse import Inputs, Settled, chosen, conditions, inputs_of, monotone, settle

CHUNK = 2**20
"""Numbers per array that are worked on at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """The greatest solution of S scenarios of one form, and what one evaluation says of each.

    ``y`` [S, N] and ``z`` [S, C] are in USD, ``alive`` [S, K] says which conditions hold, ``cells``
    [S, N] which cells are in force. ``settled`` [S] is False where iterating proved nothing and the
    solution was walked to. ``residual``, ``conservation_gap`` and ``same_cells`` [S] are those of
    :class:`looprisk.engine.clear.Proof`.
    """

    y: Numbers
    z: Numbers
    alive: Flags
    cells: Index
    settled: Flags
    residual: Numbers
    conservation_gap: Numbers
    same_cells: Flags

    def part(self, rows: slice) -> Batch:
        """Return some of the scenarios, in the same memory."""
        return Batch(
            y=self.y[rows],
            z=self.z[rows],
            alive=self.alive[rows],
            cells=self.cells[rows],
            settled=self.settled[rows],
            residual=self.residual[rows],
            conservation_gap=self.conservation_gap[rows],
            same_cells=self.same_cells[rows],
        )

    def solution(self, scenario: int) -> Solution:
        """Return one scenario by itself."""
        return Solution(
            y=self.y[scenario],
            z=self.z[scenario],
            alive=self.alive[scenario],
            cells=self.cells[scenario],
            selection="greatest",
        )


def clear_many(
    form: NormalForm,
    b: Numbers | None = None,
    pay_const: Numbers | None = None,
    cond_const: Numbers | None = None,
) -> Batch:
    """Return the greatest solution of every scenario, in floats.

    Scenarios replace the form's assets ``b`` [S, N], its payments ``pay_const`` [S, P] or its
    conditions ``cond_const`` [S, K]; what is left out is the form's own in all of them. Slopes are
    ignored.

    >>> from looprisk.engine.networks import debt_network
    >>> ring = debt_network(
    ...     [[0, 4, 0], [0, 0, 3], [2, 0, 0]], [20, 20, 10], outside_liabilities=[17, 18, 8]
    ... )
    >>> clear_many(ring, b=np.outer([1.0, 0.9], ring.b_const)).z[:, ::2].round(6).tolist()
    [[21.0, 21.0, 10.0], [20.0, 21.0, 10.0]]
    """
    form = form.floats()
    given = [array for array in (b, pay_const, cond_const) if array is not None]
    counts = {len(array) for array in given} or {1}
    if len(counts) > 1:
        raise ValueError(f"as many scenarios in every array: got {sorted(counts)}")
    own = inputs_of(form, counts.pop())
    inputs = Inputs(
        b=own.b if b is None else b,
        pay_const=own.pay_const if pay_const is None else pay_const,
        cond_const=own.cond_const if cond_const is None else cond_const,
    )
    if len(form.face_pay):
        return _walked(form, inputs)
    inside = _inside(form)
    widest = max(len(form.pay_const), len(form.held_claim), 1)
    batch = _room(form, len(inputs.b))
    for at in range(0, len(inputs.b), max(1, CHUNK // widest)):
        rows = slice(at, at + max(1, CHUNK // widest))
        some = Inputs(
            b=inputs.b[rows],
            pay_const=inputs.pay_const[rows],
            cond_const=inputs.cond_const[rows],
        )
        part = batch.part(rows)
        _solve(inside, some, part)
        _evaluate(inside, some, part)
    return batch


def _room(form: NormalForm, count: int) -> Batch:
    """Return room for so many scenarios, none of them settled."""
    return Batch(
        y=np.empty((count, form.nodes)),
        z=np.empty((count, form.claims)),
        alive=np.empty((count, form.conditions), dtype=np.bool_),
        cells=np.empty((count, form.nodes), dtype=np.intp),
        settled=np.zeros(count, dtype=np.bool_),
        residual=np.empty(count),
        conservation_gap=np.empty(count),
        same_cells=np.empty(count, dtype=np.bool_),
    )


@lru_cache(maxsize=4)
def _inside(form: NormalForm) -> Inside:
    """Return the sparse matrices of a form, kept for the next batch."""
    return Inside(form)


def _solve(inside: Inside, inputs: Inputs, part: Batch) -> None:
    """Solve every scenario: settled where that can be proven, else walked to."""
    form = inside.form
    if monotone(form):
        room = Settled(y=part.y, alive=part.alive, cells=part.cells, proven=part.settled)
        settle(inside, inputs, room)
    for scenario in np.flatnonzero(~part.settled):
        solution = clear_by_loops(_form_of(form, inputs, int(scenario)))
        part.y[scenario], part.alive[scenario] = solution.y, solution.alive
        part.cells[scenario] = solution.cells


def _form_of(form: NormalForm, inputs: Inputs, scenario: int) -> NormalForm:
    """Return the form of one scenario."""
    return replace(
        form,
        b_const=inputs.b[scenario],
        pay_const=inputs.pay_const[scenario],
        cond_const=inputs.cond_const[scenario],
    )


def _walked(form: NormalForm, inputs: Inputs) -> Batch:
    """Return scenarios of a form with faces in units of other claims, one by one."""
    forms = [_form_of(form, inputs, scenario) for scenario in range(len(inputs.b))]
    found = [clear_by_loops(one) for one in forms]
    proofs = [prove(one, solution) for one, solution in zip(forms, found, strict=True)]
    shape = (len(forms), -1) if forms else (0, 0)
    return Batch(
        y=np.array([solution.y for solution in found]).reshape(shape),
        z=np.array([solution.z for solution in found]).reshape(shape),
        alive=np.array([solution.alive for solution in found]).reshape(shape),
        cells=np.array([solution.cells for solution in found]).reshape(shape),
        settled=np.zeros(len(forms), dtype=np.bool_),
        residual=np.array([proof.residual for proof in proofs]),
        conservation_gap=np.array([proof.conservation_gap for proof in proofs]),
        same_cells=np.array([proof.same_cells for proof in proofs], dtype=np.bool_),
    )


def _evaluate(inside: Inside, inputs: Inputs, part: Batch) -> None:
    """Write the claims, and the proof of one evaluation with cells chosen anew."""
    form, y, z = inside.form, part.y, part.z
    entries = active_entries(form, part.cells)
    np.multiply(form.pay_rate.take(entries), y.take(form.issuer, axis=1), out=z)
    z += chosen(inputs.pay_const, entries)
    used = z[:, inside.used]
    value, floor = conditions(inside, inputs, y, used)
    cells = active_cells(form, value >= floor)
    received = inputs.b + inside.received(used)
    leaks = y.sum(axis=1) - z.sum(axis=1)
    part.residual[:] = np.abs(y - received).max(axis=1, initial=0.0)
    part.conservation_gap[:] = z @ (1 - inside.share) + leaks - inputs.b.sum(axis=1)
    part.same_cells[:] = (cells == part.cells).all(axis=1)
