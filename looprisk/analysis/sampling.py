"""The loss of every layer at chosen sizes of a shock that bends, each solved on its own."""

from __future__ import annotations

from fractions import Fraction

from looprisk.analysis.solve import Solved
from looprisk.engine.point import Point
from looprisk.engine.state import ONE, ZERO
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
