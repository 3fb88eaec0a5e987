"""The homotopy that walks to the greatest solution from above, or to the least from below.

Within one choice of cells everything is linear, ``y = c + J y``. Each step moves along ``(I - J)^-1 r`` until
the residual ``r`` is gone or a condition changes; every step uses a condition up for good, so the walk ends
after at most K + 1 linear solves, and in Fractions it is exact (MODEL 3; the idea of the sequential injection
of Besting, Hoefer and Huth 2026, seen from above).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from looprisk.engine.block import Block, State, top
from looprisk.engine.flow import Flow
from looprisk.engine.form import Flags, Index, Numbers, active_cells
from looprisk.errors import NoSolutionError, NotExactError

RESIDUAL = 1e-13
"""In floats a residual is gone under this share of the largest value."""
TIE = 1e-12
"""Conditions that change within this share of a step change together."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Walk:
    """Where a walk ended and the conditions that changed on the way, in order."""

    state: State
    changed: tuple[int, ...]


def greatest(block: Block, s: Any = 0) -> Walk:
    """Return the greatest solution of ``y = b + Theta f(y)`` at shock fraction ``s``."""
    alive = np.ones(block.form.conditions, dtype=np.bool_)
    start = State(y=top(block, s), alive=alive, cells=active_cells(block.form, alive))
    return walk(block, start, s, down=True)


def least(block: Block, s: Any = 0) -> Walk:
    """Return the least solution: nothing is believed before the bottom supports it."""
    form = block.form
    at_zero = form.cond_const + form.cond_slope * s
    alive = np.array([c >= 0 for c in at_zero], dtype=np.bool_)
    start = State(y=form.b_const * 0, alive=alive, cells=active_cells(form, alive))
    return walk(block, start, s, down=False)


def walk(
    block: Block, start: State, s: Any, *, down: bool, flow: Flow | None = None
) -> Walk:
    """Walk from a bound to the extreme solution on that side; ``flow`` may be one already in force."""
    y, alive = start.y, start.alive.copy()
    sign = 1 if down else -1
    changed: list[int] = []
    flow = flow or Flow(block, active_cells(block.form, alive))
    for _ in range(2 * block.form.conditions + 2):
        watch = _watched(block, alive, flow.cells, down=down)
        value, scale = block.condition_values(watch, y, flow.cells, s)
        holds = value >= -block.slack * scale
        switch = watch[~holds] if down else watch[holds]
        if not len(switch):
            residual = flow.residual(y, s) * sign
            if gone(block, residual, y):
                state = State(y=y, alive=alive, cells=flow.cells)
                return Walk(state=state, changed=tuple(changed))
            direction = flow.direction(residual)
            rate = block.condition_rates(watch, direction, flow.cells, with_s=False)
            step = first_reached(value * sign, rate)
            t = step.min(initial=np.inf)
            if t >= 1 and flow.regular:
                y = flow.arrive(y - sign * direction, s)
                continue
            if t == np.inf:
                raise NotExactError("a closed loop of claims has no bottom")
            y = y - sign * t * direction
            if flow.regular and gone(block, residual * (1 - t), y):
                continue
            switch = watch[step <= t * (1 + (TIE if block.slack else 0))]
        switch = own_first(block, switch)
        alive[switch] = not down
        changed.extend(int(i) for i in switch)
        flow.move(active_cells(block.form, alive))
    raise NoSolutionError("the walk to the solution did not end: the system is not monotone")


def _watched(block: Block, alive: Flags, cells: Index, *, down: bool) -> Index:
    """Return the conditions that can change the cells: those in force, or the dead ones above."""
    if down:
        return block.conditions_of(cells)
    before = block.conditions_before(cells)
    return before[~alive[before]]


def own_first(block: Block, switch: Index) -> Index:
    """Return those of the conditions that change which read no claims, or all if all do.

    A claim is a straight line only within its cell: what others read of it means something only once
    its own node has changed cells.
    """
    own = switch[~block.reading[switch]]
    return own if len(own) else switch


def first_reached(value: Numbers, rate: Numbers) -> Numbers:
    """Return the step at which each condition is reached; infinite where it is not approached."""
    step = np.full(len(value), np.inf, dtype=value.dtype)
    moving = np.array(rate > 0, dtype=np.bool_)
    step[moving] = np.maximum(value[moving] / rate[moving], value[moving] * 0)
    return step


def gone(block: Block, residual: Numbers, y: Numbers) -> bool:
    """Return whether a residual is zero: exactly in Fractions, to rounding in floats."""
    if not block.slack:
        return not residual.any()
    largest = np.abs(y).max(initial=0.0)
    return bool(np.abs(residual).max(initial=0.0) <= RESIDUAL * max(1.0, largest))
