"""The answer at every size of a shock, piece by straight piece."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from looprisk.analysis.breaking import curves
from looprisk.analysis.names import claimant
from looprisk.analysis.solve import Solved
from looprisk.engine.clear import leaks, outside
from looprisk.engine.form import Numbers, Scalar
from looprisk.engine.point import Segment
from looprisk.errors import NotCarriedError
from looprisk.results.records import LossCurve
from looprisk.results.slides import Bearer, Slide

Knots = dict[str, list[tuple[float, float]]]


def slide_of(solved: Solved) -> Slide:
    """Return the loss of every claim and of everybody outside along the shock of a case.

    Raises NotCarriedError where the shock has several stages or is not straight.
    """
    if len(solved.case.scenario.stages) != 1 or not solved.segments:
        why = "several stages" if len(solved.case.scenario.stages) > 1 else "a shock that bends"
        raise NotCarriedError(
            f"{solved.case.name or 'the scenario'}: a slider needs one straight shock, and this is "
            f"{why}: leave --interactive out"
        )
    held = [c.id for c in solved.end.compiled.index.claim_of if solved.baseline[c.id] > 0]
    return Slide(claims=curves(solved, tuple(held)), bearers=tuple(_bearers(solved)))


def _bearers(solved: Solved) -> Iterator[Bearer]:
    knots: Knots = {}
    leaking: dict[str, str] = {}
    excess: list[tuple[float, float]] = []
    started: dict[str, float] = {}
    for segment in solved.segments:
        index = segment.compiled.index
        leaking |= {node.id: node.leak for node in segment.compiled.skeleton.nodes}
        over = segment.compiled.world.excess()
        for piece in segment.pieces:
            for s in (piece.lo, piece.hi):
                out = outside(segment.compiled.form, piece.z(s))
                for of, place in index.claim.items():
                    started.setdefault(of, float(out[place]))
                    lost = started[of] - float(out[place])
                    knots.setdefault(of, []).append((float(s), lost))
                for node, gain in _leaks(segment, piece.y(s), piece.z(s)):
                    knots.setdefault(f"{node} leak", []).append((float(s), -gain))
                excess.append((float(s), float(over.at(Fraction(s)))))
    claims = {claim.id: claim for claim in solved.end.compiled.index.claim_of}
    for name, claim in claims.items():
        if started[name] or _moves(knots[name]):
            yield _bearer(claimant(solved, claim), "claim", name, knots[name], started[name])
    for node, leak in leaking.items():
        line = knots[f"{node} leak"]
        first = line[0][1]
        line = [(s, lost - first) for s, lost in line]
        if _moves(line):
            yield _bearer(leak or "others", "leak", node, line, 0.0)
    if _moves(excess):
        yield _bearer("beyond every claim", "excess", "excess", excess, 0.0)


def _leaks(segment: Segment, y: Numbers, z: Numbers) -> Iterator[tuple[str, float]]:
    found = leaks(segment.compiled.form, y, z)
    for node, place in segment.compiled.index.node.items():
        yield node, float(found[place])


def _moves(line: list[tuple[float, float]]) -> bool:
    return any(abs(lost) > 0 for _, lost in line)


def _bearer(
    name: str,
    kind: Literal["claim", "leak", "excess"],
    of: str,
    line: list[tuple[float, float]],
    start: float,
) -> Bearer:
    kept = [line[0], *(after for before, after in pairwise(line) if before != after)]
    return Bearer(
        claimant=name,
        kind=kind,
        curve=LossCurve(
            of=of,
            fractions=tuple(s for s, _ in kept),
            loss_usd=tuple(lost for _, lost in kept),
            start_usd=start,
        ),
    )


def at(curve: LossCurve, fraction: Scalar) -> float:
    """Return the loss at a share of the shock; at a jump the left side holds."""
    place = float(fraction)
    if place <= curve.fractions[0]:
        return curve.loss_usd[0]
    for (x, y), (u, v) in pairwise(zip(curve.fractions, curve.loss_usd, strict=True)):
        if place <= u:
            return v if u == x else y + (place - x) / (u - x) * (v - y)
    return curve.loss_usd[-1]
