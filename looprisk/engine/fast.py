"""Many scenarios of one form at once: the greatest solution of each, with its certificate."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np

from looprisk.engine.block import SLACK
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
    starts = range(0, max(1, len(inputs.b)), max(1, CHUNK // widest))
    parts = [inputs.rows(np.arange(at, min(at + starts.step, len(inputs.b)))) for at in starts]
    return _joined([_evaluated(inside, part, _solved(inside, part)) for part in parts])


@lru_cache(maxsize=4)
def _inside(form: NormalForm) -> Inside:
    """Return the sparse matrices of a form, kept for the next batch."""
    return Inside(form)


def _solved(inside: Inside, inputs: Inputs) -> Settled:
    """Return every scenario solved: settled where that can be proven, else walked to."""
    form = inside.form
    sound = monotone(form)
    found = settle(inside, inputs) if sound else Settled.nothing(form, len(inputs.b))
    for scenario in np.flatnonzero(~found.proven):
        solution = clear_by_loops(_form_of(form, inputs, int(scenario)))
        found.y[scenario], found.alive[scenario] = solution.y, solution.alive
        found.cells[scenario] = solution.cells
    return found


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


def _evaluated(inside: Inside, inputs: Inputs, found: Settled) -> Batch:
    """Return the claims, and the proof of one evaluation with cells chosen anew."""
    form = inside.form
    entries = active_entries(form, found.cells)
    paid = chosen(inputs.pay_const, entries)
    z = paid + form.pay_rate.take(entries) * found.y[:, form.issuer]
    used = z[:, inside.used]
    value, scale = conditions(inside, inputs, found.y, used)
    cells = active_cells(form, value >= -SLACK * scale)
    received = inputs.b + inside.received(used)
    leaks = found.y.sum(axis=1) - z.sum(axis=1)
    return Batch(
        y=found.y,
        z=z,
        alive=found.alive,
        cells=found.cells,
        settled=found.proven,
        residual=np.abs(found.y - received).max(axis=1, initial=0.0),
        conservation_gap=z @ (1 - inside.share) + leaks - inputs.b.sum(axis=1),
        same_cells=(cells == found.cells).all(axis=1),
    )


def _joined(parts: list[Batch]) -> Batch:
    if len(parts) == 1:
        return parts[0]
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Batch)
    }
    return Batch(**columns)
