"""A bound below which no mixture of factors breaks anything, where a program can prove one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import numpy as np

from looprisk.engine.affine import NotAffineError
from looprisk.engine.form import NormalForm
from looprisk.engine.mixed import Program, Short, smallest
from looprisk.engine.monitors import Monitor
from looprisk.engine.oracles import bends
from looprisk.engine.point import Compiled
from looprisk.engine.state import ONE, ZERO
from looprisk.engine.world import knots
from looprisk.sweeps.factors import Sizes
from looprisk.sweeps.rays import Target, is_adverse, open_compiled

MOST_NODES = 30
"""Larger systems are searched without a bound."""
SAME = (
    "cell_ptr",
    "cell_cond_ptr",
    "cell_cond",
    "cond_node",
    "cond_own",
    "pay_const",
    "pay_rate",
    "held_claim",
    "held_by",
    "held_share",
    "read_cond",
    "read_claim",
    "read_coef",
)
"""What is the same on every way, or a program over all of them says nothing."""
_SLOPES = ("b_slope", "cond_slope")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """No clearing is broken by less; at ``sizes`` the one in which all fails that can is."""

    radius: float
    sizes: Sizes


def bound(target: Target, norm: Literal["max", "sum"]) -> Bound | None:
    """Return the least norm at which any clearing is broken; None where that is not proven.

    It needs factors that are all adverse, lines that do not bend up to their reach, and payments
    that do not move with the factors themselves.
    """
    factors = target.factors
    count = len(factors.every)
    if factors.solved.start.compiled.form.nodes > MOST_NODES or not is_adverse(target):
        return None
    corner = tuple(factors.reach)
    ways = [factors.alone(k, reach) for k, reach in enumerate(corner)]
    try:
        runs = [factors.toward(full) for full in (*ways, corner)]
        worlds = [run.world(ZERO, ONE) for run in runs]
        if any(knots(world) or bends(world) for world in worlds):
            return None
        compiled = [open_compiled(world) for world in worlds]
    except NotAffineError:
        return None
    forms = [one.form for one in compiled]
    if not _alike(forms):
        return None
    first = forms[0].floats()
    program = Program(
        form=first,
        assets=np.array([form.floats().b_slope for form in forms[:-1]]).T,
        conditions=np.array([form.floats().cond_slope for form in forms[:-1]]).T,
        top=np.array([float(y) for y in factors.solved.scaled.at(ZERO).solution.y]),
        weight=np.array([float(reach) for reach in corner]),
        norm=norm,
    )
    found = [smallest(program, short) for short in _shorts(target, compiled, count)]
    best = min((one for one in found if one is not None), key=lambda one: one[0], default=None)
    if best is None:
        return None
    sizes = tuple(
        Fraction(float(share)).limit_denominator(10**9) * reach
        for share, reach in zip(best[1], corner, strict=True)
    )
    return Bound(radius=best[0], sizes=sizes)


def _alike(forms: list[NormalForm]) -> bool:
    """Whether the ways differ in slopes alone, and those of the corner are the sum of the rest."""
    for one, other in pairwise(forms):
        for name in (*SAME, "b_const", "cond_const"):
            a, b = getattr(one, name), getattr(other, name)
            if a.shape != b.shape or (a != b).any():
                return False
    still = all(not form.pay_slope.any() and not len(form.face_pay) for form in forms)
    sums = all(
        (sum(getattr(form, name) for form in forms[:-1]) == getattr(forms[-1], name)).all()
        for name in _SLOPES
    )
    return still and sums


def _shorts(target: Target, compiled: list[Compiled], count: int) -> Iterator[Short]:
    """Yield what each monitor of the event asks for; any of them is enough."""
    watched = [target.watch(one) for one in compiled]
    for place, monitor in enumerate(watched[0]):
        if monitor.always is not None:
            continue
        alike = [watch[place] for watch in watched]
        yield _short(compiled[0], monitor, alike[:count])


def _short(compiled: Compiled, monitor: Monitor, alike: list[Monitor]) -> Short:
    index = compiled.index
    cells: list[int] = []
    if monitor.state:
        node = index.node[monitor.node]
        every = range(int(compiled.form.cell_ptr[node]), int(compiled.form.cell_ptr[node + 1]))
        cells = [cell for cell in every if monitor.state in index.cell_state[cell]]
    limit = monitor.short_of
    slopes = [float(one.short_of.slope) if one.short_of is not None else 0.0 for one in alike]
    return Short(
        cells=cells,
        value={index.claim[monitor.claim]: 1.0} if monitor.claim else {},
        nodes={index.node[monitor.node]: 1.0} if monitor.node and not monitor.claim else {},
        limit=None if limit is None else float(limit.const),
        limit_slopes=slopes,
    )
