"""The homotopy that walks to the greatest solution from above, or to the least from below.

Within one choice of cells everything is linear, ``y = c + J y``. Each step moves along ``(I - J)^-1
r`` until the residual ``r`` is gone or a condition changes; every step uses a condition up for
good, so the walk ends after at most K + 1 linear solves, and in Fractions it is exact (the
idea of the sequential injection of Besting, Hoefer and Huth 2026, seen from above).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looprisk.engine.block import Block, State, top
from looprisk.engine.flow import Flow
from looprisk.engine.form import Flags, Index, Numbers, Scalar, active_cells
from looprisk.errors import NoSolutionError, NotExactError

RESIDUAL = 1e-13
"""In floats a residual is gone under this share of the largest value."""
TIE = 1e-12
"""Conditions that change within this share of a step change together."""
STILL = 1e-11
"""In floats a condition at its border moves if by more than this share of the fastest."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Walk:
    """Where a walk ended and the conditions that changed on the way, in order."""

    state: State
    changed: tuple[int, ...]


def greatest(block: Block, s: Scalar = 0) -> Walk:
    """Return the greatest solution of ``y = b + Theta f(y)`` at shock fraction ``s``."""
    alive = np.ones(block.form.conditions, dtype=np.bool_)
    start = State(y=top(block, s), alive=alive, cells=active_cells(block.form, alive))
    return _whole_walk(block, start, s, down=True)


def least(block: Block, s: Scalar = 0) -> Walk:
    """Return the least solution: nothing is believed before the bottom supports it."""
    form = block.form
    at_zero = form.cond_const + form.cond_slope * s
    alive = np.array(at_zero >= 0, dtype=np.bool_)
    start = State(y=form.b_const * 0, alive=alive, cells=active_cells(form, alive))
    return _whole_walk(block, start, s, down=False)


def _whole_walk(block: Block, start: State, s: Scalar, *, down: bool) -> Walk:
    flow = Flow(block, start.cells)
    end = walk(block, start, s, down=down, flow=flow)
    y = flow.arrive(end.state.y, s)
    if block.slack:
        noise = RESIDUAL * largest(y, largest(start.y))
        y = np.where((y < 0) & (y > -noise), 0.0, y)
    state = State(y=y, alive=end.state.alive, cells=end.state.cells)
    return Walk(state=state, changed=end.changed)


def walk(block: Block, start: State, s: Scalar, *, down: bool, flow: Flow) -> Walk:
    """Walk from a bound to the extreme solution on that side; ``flow`` is in the start's cells."""
    y, alive = start.y, start.alive.copy()
    sign = 1 if down else -1
    changed: list[int] = []
    size = 0.0
    for _ in range(2 * block.form.conditions + 2):
        watch = watched(block, alive, flow.cells, down=down)
        value, scale = block.condition_values(watch, y, flow.cells, s)
        holds = value >= -block.slack * scale
        switch = watch[~holds] if down else watch[holds]
        if not len(switch):
            size = largest(y, size) if block.slack else size
            residual = without_noise(flow.residual(y, s) * sign, RESIDUAL * size)
            if not residual.any():
                state = State(y=y, alive=alive, cells=flow.cells)
                return Walk(state=state, changed=tuple(changed))
            settled = flow.settled(s)
            direction = flow.direction(residual) if settled is None else sign * (y - settled)
            rate = block.condition_rates(watch, direction, flow.cells, with_s=False)
            step = steps(block, value * sign, scale, rate, along=direction)
            t = step.min(initial=np.inf)
            if t >= 1 and flow.regular:
                y = y - sign * direction
                continue
            if t == np.inf:
                raise NotExactError("a closed loop of claims has no bottom")
            y = y - sign * t * direction
            if flow.regular:
                residual = without_noise(residual * (1 - t), RESIDUAL * size)
                if not residual.any():
                    continue
            switch = watch[step <= t * (1 + (TIE if block.slack else 0))]
            if down:
                loses = np.array(residual > 0, dtype=np.bool_)
                switch = surely_failing(block, flow, alive, switch, loses)
        switch = own_first(block, switch)
        alive[switch] = not down
        changed.extend(int(i) for i in switch)
        flow.move(active_cells(block.form, alive))
    raise NoSolutionError("the walk to the solution did not end: the system is not monotone")


def watched(block: Block, alive: Flags, cells: Index, *, down: bool) -> Index:
    """Return the conditions that can change the cells: those in force, or the dead ones above."""
    if down:
        return block.conditions_of(cells)
    before = block.conditions_before(cells)
    return before[~alive[before]]


def own_first(block: Block, switch: Index) -> Index:
    """Return those of the conditions that change which read no claims, or all if all do.

    A claim is a straight line only within its cell: what others read of it means something only
    once its own node has changed cells.
    """
    own = switch[~block.reading[switch]]
    return own if len(own) else switch


def surely_failing(
    block: Block, flow: Flow, alive: Flags, reached: Index, loses: Flags | None
) -> Index:
    """Return those of the conditions reached at once that are sure to fail just beyond.

    A node may stand at its border only because of a claim that, beyond a border of its own, pays on
    as before; then it stays where it is. ``loses`` are the nodes that fall whatever the others do;
    None leaves that to the slopes in ``s``.
    """
    own = own_first(block, reached)
    nodes = block.form.cond_node[own]
    if block.reading[own].any() or (nodes == nodes[0]).all():
        return own
    beyond = alive.copy()
    beyond[own] = False
    falls = flow.falling(loses, active_cells(block.form, beyond))[nodes]
    if loses is None:
        falls |= np.array(block.form.cond_slope[own] < 0, dtype=np.bool_)
    return own[falls] if falls.any() else own


def first_reached(value: Numbers, rate: Numbers) -> Numbers:
    """Return the step at which each condition is reached; infinite where it is not approached."""
    step = np.full(len(value), np.inf, dtype=value.dtype)
    moving = np.array(rate > 0, dtype=np.bool_)
    step[moving] = np.maximum(value[moving] / rate[moving], value[moving] * 0)
    return step


def steps(
    block: Block, distance: Numbers, scale: Numbers, fall: Numbers, *, along: Numbers
) -> Numbers:
    """Return the steps ``along`` a direction at which conditions fall to their borders."""
    step = first_reached(distance, fall)
    if block.slack:
        # what stands at its border is not moved by the rounding of its rate
        at_border = distance <= block.slack * scale
        step[at_border & (fall <= STILL * largest(along))] = np.inf
    return step


def largest(values: Numbers, at_least: float = 0.0) -> float:
    """Return the largest size among floats."""
    return float(np.abs(values).max(initial=at_least))


def without_noise(residual: Numbers, noise: float) -> Numbers:
    """Return a residual without what is no larger than the rounding; an exact one as it is."""
    if residual.dtype == object:
        return residual
    return np.where(np.abs(residual) <= noise, 0.0, residual)
