"""The loss of every layer at chosen sizes of a shock that bends, each solved on its own."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from looprisk.analysis.names import part_label
from looprisk.analysis.solve import Solved
from looprisk.engine.point import Point
from looprisk.engine.state import ONE, ZERO
from looprisk.errors import ModelError, Problem
from looprisk.results.market_records import Left, Stayed
from looprisk.results.records import LossCurve

SIZES = 16
"""So many steps from no shock to the shock as written."""


def solved_curves(solved: Solved, layers: tuple[str, ...]) -> tuple[LossCurve, ...]:
    """Return the loss of each layer at equal steps of the scaled stage, in USD.

    Between two steps nothing is said: the response bends there.
    """
    sizes = [Fraction(step, SIZES) for step in range(SIZES + 1)]
    points = [
        solved.end if size == ONE and solved.scaled is solved.runs[-1] else _at(solved, size)
        for size in sizes
    ]
    return tuple(
        LossCurve(
            of=claim,
            fractions=tuple(float(size) for size in sizes),
            loss_usd=tuple(float(_lost(solved, point, claim)) for point in points),
            start_usd=float(solved.baseline[claim]),
        )
        for claim in layers
    )


def _at(solved: Solved, size: Fraction) -> Point:
    return solved.scaled.at(size, solved.selection)


def _lost(solved: Solved, point: Point, claim: str) -> Fraction:
    """Return what a claim lost; what those who left were paid is not lost."""
    paid = point.compiled.world.before.paid.get(claim, ZERO)
    return solved.baseline[claim] - paid - Fraction(point.claim(claim))


def stayed_of(solved: Solved) -> tuple[Stayed, ...]:
    """Return, for each token that the last stage runs on, what leaving costs those who stay.

    Raises ModelError where nobody runs at that stage.
    """
    stage = solved.scaled_stage
    names = [name for name in (stage.run if stage is not None else ()) if solved.baseline.get(name)]
    if not names:
        advice = "ask a scenario whose last stage has `run`"
        raise ModelError([Problem((), "nobody runs at the last stage here", advice)])
    points = [_at(solved, Fraction(step, SIZES)) for step in range(SIZES + 1)]
    return tuple(_stayed(solved, name, points) for name in names)


def _stayed(solved: Solved, name: str, points: Sequence[Point]) -> Stayed:
    whole = solved.baseline[name]
    steps = []
    for point in points:
        paid = point.compiled.world.before.paid.get(name, ZERO)
        rest = whole - paid
        lost = (rest - Fraction(point.claim(name))) / rest if rest > 0 else ZERO
        steps.append(Left(share=float(paid / whole), lost=float(lost)))
    return Stayed(of=name, label=part_label(solved.catalogue.system, name), steps=tuple(steps))
