"""The whole response to a shock: the solution as straight pieces in ``s``, kink by kink.

On one segment the normal form is straight in ``s`` and so is the solution between two changes of cells:
``dy/ds = (I - J)^-1 (b' + Theta a')``. :func:`sweep` follows an adverse shock from one condition to the next
(MODEL 4.1); where a payment jumps it walks down at the same ``s`` and records who fell together.
:func:`cover` makes no assumption on directions: it clears at points and joins the pieces they lie on, for
shocks that help some and hurt others and for the least solution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from looprisk.engine.block import Block, State
from looprisk.engine.clear import Selection, Solution, clear
from looprisk.engine.flow import Flow
from looprisk.engine.form import Flags, Index, NormalForm, Numbers, active_cells
from looprisk.engine.walk import TIE, first_reached, gone, own_first, walk
from looprisk.errors import NoSolutionError

DEPTH = 60
"""Halvings of a gap between two pieces before they count as touching."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """A straight piece of the solution on ``(lo, hi]``; the first piece of a trace includes ``lo``.

    ``y = y_const + y_slope * s`` [N] and ``z = z_const + z_slope * s`` [C], in USD. ``changed`` are the
    conditions that changed at ``lo``, in the order in which they did.
    """

    lo: Any
    hi: Any
    y_const: Numbers
    y_slope: Numbers
    z_const: Numbers
    z_slope: Numbers
    cells: Index
    alive: Flags
    changed: tuple[int, ...]

    def y(self, s: Any) -> Numbers:
        """Return node values at ``s``."""
        return self.y_const + self.y_slope * s

    def z(self, s: Any) -> Numbers:
        """Return claim values at ``s``."""
        return self.z_const + self.z_slope * s


def adverse(form: NormalForm) -> bool:
    """Return whether growing ``s`` can only lower values: then one sweep finds everything.

    True if at fixed values no asset, payment or condition rises with ``s`` and no claim is owed in the
    unit of another.
    """
    return not len(form.face_pay) and all(
        (slope <= 0).all() for slope in (form.b_slope, form.pay_slope, form.cond_slope)
    )


def trace(form: NormalForm, lo: Any, hi: Any, selection: Selection = "greatest") -> tuple[Piece, ...]:
    """Return the straight pieces of the solution on [lo, hi], one segment of a shock."""
    if selection == "greatest" and adverse(form):
        return sweep(form, lo, hi)
    return cover(form, lo, hi, selection)


def sweep(form: NormalForm, lo: Any, hi: Any) -> tuple[Piece, ...]:
    """Follow the greatest solution of an adverse shock from ``lo`` to ``hi`` in one pass."""
    block = Block(form)
    start = clear(form.at(lo))
    alive, s, y = start.alive.copy(), lo, start.y
    flow = Flow(block, active_cells(form, alive))
    changed: list[int] = []
    pieces: list[Piece] = []
    while True:
        slope = flow.tangent()
        y = flow.arrive(y, s)
        watch = block.conditions_of(flow.cells)
        value, _ = block.condition_values(watch, y, flow.cells, s)
        rate = block.condition_rates(watch, slope, flow.cells, with_s=True)
        step = first_reached(value, -rate)
        ds = step.min(initial=np.inf)
        end = min(hi, s + ds)
        if end > s or not pieces:
            pieces.append(_piece(block, flow, slope, y, s, end, alive, changed))
            changed = []
        if s + ds >= hi:
            return tuple(pieces)
        y = y + slope * ds
        s = end
        hits = own_first(block, watch[step <= ds * (1 + TIE) if block.slack else step <= ds])
        alive[hits] = False
        changed.extend(int(i) for i in hits)
        flow.move(active_cells(form, alive))
        if not gone(block, flow.residual(y, s), y):
            state = State(y=y, alive=alive, cells=flow.cells)
            fallen = walk(block, state, s, down=True, flow=flow)
            alive, y = fallen.state.alive.copy(), fallen.state.y
            changed.extend(fallen.changed)


def _piece(
    block: Block,
    flow: Flow,
    slope: Numbers,
    y: Numbers,
    lo: Any,
    hi: Any,
    alive: Flags,
    changed: list[int],
) -> Piece:
    const = y - slope * lo
    z_const, z_slope = claim_lines(block, flow.cells, const, slope)
    return Piece(
        lo=lo,
        hi=hi,
        y_const=const,
        y_slope=slope,
        z_const=z_const,
        z_slope=z_slope,
        cells=flow.cells,
        alive=alive.copy(),
        changed=tuple(changed),
    )


def claim_lines(
    block: Block, cells: Index, y_const: Numbers, y_slope: Numbers
) -> tuple[Numbers, Numbers]:
    """Return (const, slope) of every claim when the node values are the given lines."""
    z_const = block.claim_values(y_const, cells, 0)
    return z_const, block.claim_values(y_const + y_slope, cells, 1) - z_const


def cover(form: NormalForm, lo: Any, hi: Any, selection: Selection) -> tuple[Piece, ...]:
    """Join the pieces on which solutions at single points lie, until they cover [lo, hi]."""
    block = Block(form)

    def at(s: Any) -> Piece:
        return _piece_around(block, clear(form.at(s), selection), s, lo, hi)

    first, last = at(lo), at(hi)
    found = [first, *_between(at, first, last, DEPTH), last]
    joined = _join(found, selection)
    return _with_changes(joined)


def _piece_around(block: Block, solution: Solution, s: Any, lo: Any, hi: Any) -> Piece:
    """Return the piece that holds at ``s``, as far to both sides as its conditions do not change."""
    cells = solution.cells
    flow = Flow(block, cells)
    slope = flow.tangent()
    y = flow.arrive(solution.y, s)
    const = y - slope * s
    holding = block.conditions_of(cells)
    before = block.conditions_before(cells)
    failing = before[~solution.alive[before]]
    left, right = lo, hi
    for watch, sign in ((holding, 1), (failing, -1)):
        value, _ = block.condition_values(watch, y, cells, s)
        rate = block.condition_rates(watch, slope, cells, with_s=True)
        right = min(right, s + first_reached(value * sign, -rate * sign).min(initial=np.inf))
        left = max(left, s - first_reached(value * sign, rate * sign).min(initial=np.inf))
    z_const, z_slope = claim_lines(block, cells, const, slope)
    return Piece(
        lo=left,
        hi=right,
        y_const=const,
        y_slope=slope,
        z_const=z_const,
        z_slope=z_slope,
        cells=cells,
        alive=solution.alive,
        changed=(),
    )


def _same(a: Piece, b: Piece) -> bool:
    return bool((a.cells == b.cells).all())


def _between(at: Callable[[Any], Piece], a: Piece, b: Piece, depth: int) -> list[Piece]:
    """Return the pieces between two pieces, by halving what neither of them covers."""
    if a.hi >= b.lo or _same(a, b):
        return []
    if not depth:
        raise NoSolutionError("the pieces of the response do not join: the system is not monotone")
    middle = at((a.hi + b.lo) / 2)
    return [
        *_between(at, a, middle, depth - 1),
        middle,
        *_between(at, middle, b, depth - 1),
    ]


def _join(found: list[Piece], selection: Selection) -> list[Piece]:
    """Cut overlapping pieces where one gives way: the higher one lasts if the greatest is asked for."""
    distinct = [found[0]]
    for piece in found[1:]:
        if not _same(piece, distinct[-1]):
            distinct.append(piece)
        else:
            hi = max(piece.hi, distinct[-1].hi)
            distinct[-1] = _cut(distinct[-1], distinct[-1].lo, hi)
    edges = [distinct[0].lo]
    for a, b in pairwise(distinct):
        last_of_a, first_of_b = a.hi, max(b.lo, a.lo)
        higher = sum(a.y(last_of_a)) >= sum(b.y(last_of_a))
        a_lasts = higher if selection == "greatest" else not higher
        edges.append(last_of_a if a_lasts or first_of_b >= last_of_a else first_of_b)
    edges.append(distinct[-1].hi)
    return [
        _cut(piece, lo, hi)
        for piece, (lo, hi) in zip(distinct, pairwise(edges), strict=True)
        if hi > lo or len(distinct) == 1
    ]


def _cut(piece: Piece, lo: Any, hi: Any, changed: tuple[int, ...] = ()) -> Piece:
    return Piece(
        lo=lo,
        hi=hi,
        y_const=piece.y_const,
        y_slope=piece.y_slope,
        z_const=piece.z_const,
        z_slope=piece.z_slope,
        cells=piece.cells,
        alive=piece.alive,
        changed=changed,
    )


def _with_changes(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Note at each piece which conditions differ from the piece before."""
    noted = pieces[:1]
    for before, piece in pairwise(pieces):
        differs = tuple(int(i) for i in np.flatnonzero(before.alive != piece.alive))
        noted.append(_cut(piece, piece.lo, piece.hi, differs))
    return tuple(noted)


def fraction(value: float) -> Fraction:
    """Return a float as the decimal it prints as, exactly: 0.86 is 43/50."""
    return Fraction(repr(value))
