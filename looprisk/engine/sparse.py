"""The greatest solution of large forms in floats: iterate from above, then prove the cells.

Many scenarios at once, the scenario axis first. Iterating ``y <- b + Theta f(y)`` from an upper
bound comes down to the greatest solution, but slowly and without a proof. So it only has to find
the cells: once they rest, the linear system of these cells is solved, and if its solution chooses
the same cells, no solution in between can choose others. Payments are monotone, hence that one is
the greatest. Where it breaks a condition, the bound moves
towards it up to the first condition broken, and the iteration goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looprisk.engine.block import SLACK
from looprisk.engine.dense import Nearby, ceiling
from looprisk.engine.form import Flags, Index, NormalForm, Numbers, active_cells, payment_bounds
from looprisk.engine.inside import Inside
from looprisk.engine.regime import Regime

ROUNDS = 200
"""Iterations before a scenario that is not proven is given up."""
PATIENCE = 4
"""Iterations that a scenario at rest waits at most for others to rest."""
ROUGH = 0.01
"""Accuracy of the bound to start from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Inputs:
    """What differs between scenarios: [S, N], [S, P] and [S, K]."""

    b: Numbers
    pay_const: Numbers
    cond_const: Numbers

    def rows(self, some: Index) -> Inputs:
        """Return some of the scenarios."""
        return Inputs(
            b=_rows(self.b, some),
            pay_const=_rows(self.pay_const, some),
            cond_const=_rows(self.cond_const, some),
        )


def _rows(array: Numbers, some: Index) -> Numbers:
    """Return some rows; of an array that repeats one row, as many repeats."""
    if array.strides[0] == 0:
        return np.broadcast_to(array[:1], (len(some), array.shape[1]))
    return array.take(some, axis=0)


def _once(array: Numbers) -> Numbers:
    """Return the one row of an array that repeats it; any other array as it is."""
    return array[:1] if array.strides[0] == 0 else array


def chosen(array: Numbers, entries: Index) -> Numbers:
    """Return of every row the entries that are chosen in it."""
    if len(array) and array.strides[0] == 0:
        same: Numbers = array[0].take(entries)
        return same
    return np.take_along_axis(array, entries, axis=1)


def inputs_of(form: NormalForm, count: int = 1) -> Inputs:
    """Return the form's own numbers as ``count`` equal scenarios."""
    return Inputs(
        b=np.broadcast_to(form.b_const, (count, form.nodes)),
        pay_const=np.broadcast_to(form.pay_const, (count, len(form.pay_const))),
        cond_const=np.broadcast_to(form.cond_const, (count, form.conditions)),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Settled:
    """Values [S, N], conditions [S, K] and cells [S, N]: the greatest solution where ``proven``."""

    y: Numbers
    alive: Flags
    cells: Index
    proven: Flags

    @classmethod
    def nothing(cls, form: NormalForm, count: int) -> Settled:
        """Return room for so many scenarios, none of them proven."""
        return cls(
            y=np.zeros((count, form.nodes)),
            alive=np.zeros((count, form.conditions), dtype=np.bool_),
            cells=np.zeros((count, form.nodes), dtype=np.intp),
            proven=np.zeros(count, dtype=np.bool_),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Bound:
    """Scenarios on their way: an upper bound, the cells it chooses, and the payments there."""

    inputs: Inputs
    y: Numbers
    alive: Flags
    cells: Index
    const: Numbers
    rate: Numbers

    def rows(self, some: Index) -> _Bound:
        """Return some of the scenarios."""
        return _Bound(
            inputs=self.inputs.rows(some),
            y=self.y.take(some, axis=0),
            alive=self.alive.take(some, axis=0),
            cells=self.cells.take(some, axis=0),
            const=self.const.take(some, axis=0),
            rate=self.rate.take(some, axis=0),
        )

    def pays(self, inside: Inside, y: Numbers) -> Numbers:
        """Return what the claims inside pay at ``y`` in these cells."""
        z: Numbers = self.const + self.rate * y[:, inside.of]
        return z


def monotone(form: NormalForm) -> bool:
    """Return whether more value anywhere never means less elsewhere, so that iterating is sound."""
    signed = (form.pay_rate, form.cond_own, form.read_coef, form.held_share)
    return not len(form.face_pay) and all((numbers >= 0).all() for numbers in signed)


def settle(inside: Inside, inputs: Inputs, room: Settled | None = None) -> Settled:
    """Return the greatest solution of every scenario for which it can be proven.

    It is written into ``room`` where that is given, which holds nothing yet.
    """
    count = len(inputs.b)
    found = room or Settled.nothing(inside.form, count)
    left = np.arange(count)
    y, z = _top(inside, inputs)
    before = np.ones_like(found.alive)
    for turn in range(ROUNDS if count else 0):
        bound = _at(inside, inputs, y, z)
        rests = np.flatnonzero((bound.alive == before).all(axis=1))
        before = bound.alive
        # many at once are proven faster than few
        if 2 * len(rests) >= len(left) or (len(rests) and turn % PATIENCE == 0):
            attempt, open_, lower = _attempt(inside, bound.rows(rests))
            _note(found, left[rests], attempt)
            going = np.ones(len(left), dtype=np.bool_)
            going[rests] = False
            going[rests[open_]] = True
            y[rests[open_]] = lower
            kept = np.flatnonzero(going)
            left, bound, before, y = left[kept], bound.rows(kept), before[kept], y[kept]
            inputs = bound.inputs
        if not len(left):
            break
        z = bound.pays(inside, y)
        y = inputs.b + inside.received(z)
    return found


def _note(found: Settled, where: Index, attempt: Settled) -> None:
    found.y[where] = attempt.y
    found.alive[where] = attempt.alive
    found.cells[where] = attempt.cells
    found.proven[where] = attempt.proven


def _top(inside: Inside, inputs: Inputs) -> tuple[Numbers, Numbers]:
    """Return upper bounds of values [S, N] and of the claims inside; NaN where there are none."""
    const, rate = payment_bounds(inside.form, inputs.pay_const, inside.claims)
    g = inputs.b + inside.received(const)
    if not rate.any():
        return g, const
    if inside.theta_t is not None and inside.weights is not None:
        x = ceiling(inside, inside.weights, rate, g)
        shrinks = np.ones(len(g), dtype=np.bool_)
    else:
        regime = Regime(inside, np.broadcast_to(rate, const.shape))
        x = regime.solve(g, g, ROUGH)
        x += regime.error(g, x, ROUGH)
        shrinks = regime.shrinks
    z = const + rate * x[:, inside.of]
    y = inputs.b + inside.received(z)
    y[~shrinks] = np.nan
    return y, z


def _regime(inside: Inside, rate: Numbers) -> Regime | Nearby:
    """Return the linear systems of the cells in which claims move at ``rate``."""
    if inside.theta_t is None or inside.weights is None:
        return Regime(inside, rate)
    return Nearby(inside, inside.weights, rate)


def _at(inside: Inside, inputs: Inputs, y: Numbers, z: Numbers) -> _Bound:
    """Return the cells that the conditions choose at a bound, with what the claims pay there."""
    value, floor = conditions(inside, inputs, y, z)
    alive = value >= floor
    cells = active_cells(inside.form, alive)
    entries = inside.entries(cells)
    return _Bound(
        inputs=inputs,
        y=y,
        alive=alive,
        cells=cells,
        const=chosen(inputs.pay_const, entries),
        rate=inside.form.pay_rate.take(entries),
    )


def conditions(inside: Inside, inputs: Inputs, y: Numbers, z: Numbers) -> tuple[Numbers, Numbers]:
    """Return (value, floor) of all conditions, [S, K]: each holds from its floor on."""
    value = inside.form.cond_own * y[:, inside.form.cond_places]
    const = _once(inputs.cond_const)
    floor = value + np.abs(const)
    value += const
    if inside.reads is not None:
        value += inside.read(z)
        floor += inside.read(np.abs(z))
    floor *= -SLACK
    return value, floor


def _attempt(inside: Inside, bound: _Bound) -> tuple[Settled, Index, Numbers]:
    """Solve the linear system of the cells at a bound and try to prove it.

    Returns the solutions, which scenarios go on, and the lower bounds that those go on from.
    """
    form, inputs = inside.form, bound.inputs
    regime = _regime(inside, bound.rate)
    g = inputs.b + inside.received(bound.const)
    x = regime.solve(g) if isinstance(regime, Nearby) else regime.solve(g, bound.y)
    z = bound.pays(inside, x)
    y = inputs.b + inside.received(z)
    doubt = bound.rate * regime.error(g, x)[:, inside.of]
    value, floor = conditions(inside, inputs, y, z)
    wrong = form.cond_own * inside.received(doubt)[:, form.cond_node] + inside.read(doubt)
    holds = value >= floor
    proven = regime.shrinks.copy()
    for alive in (holds, value - wrong >= floor):
        differs = np.flatnonzero(proven & (alive != bound.alive).any(axis=1))
        same = active_cells(form, alive[differs]) == bound.cells[differs]
        proven[differs] = same.all(axis=1)
    found = Settled(y=y, alive=holds, cells=bound.cells, proven=proven)
    open_ = np.flatnonzero(regime.shrinks & ~proven)
    if not len(open_):
        return found, open_, y[open_]
    lower = _lowered(inside, bound.rows(open_), y[open_], value[open_], holds[open_])
    goes_on = ~np.isnan(lower[:, 0])
    return found, open_[goes_on], lower[goes_on]


def _lowered(inside: Inside, bound: _Bound, y: Numbers, value: Numbers, holds: Flags) -> Numbers:
    """Return the bound moved towards ``y`` up to the first condition that breaks on the way.

    NaN where none does.
    """
    breaks = _needed(inside.form, bound.cells) & bound.alive & ~holds
    now, _ = conditions(inside, bound.inputs, bound.y, bound.pays(inside, bound.y))
    now = np.maximum(now, 0.0)
    fall = np.where(breaks, now - value, 1.0)
    step = np.where(breaks, now / fall, np.inf).min(axis=1, initial=np.inf)
    step = np.where(np.isinf(step), np.nan, step)
    lowered: Numbers = bound.y - step[:, None] * (bound.y - y)
    return lowered


def _needed(form: NormalForm, cells: Index) -> Flags:
    """Return [S, K] whether a condition is one of those that the cells need."""
    chosen = np.zeros((len(cells), len(form.cell_node)), dtype=np.bool_)
    np.put_along_axis(chosen, cells, values=True, axis=1)
    needed = np.zeros((len(cells), form.conditions), dtype=np.bool_)
    scenario, entry = np.nonzero(chosen[:, form.need_cell])
    needed[scenario, form.cell_cond[entry]] = True
    return needed
