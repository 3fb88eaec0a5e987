"""The answer at every size of a shock, piece by straight piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from looprisk.analysis.bearing import waterfall
from looprisk.analysis.breaking import curves
from looprisk.analysis.flows import Flows, flows
from looprisk.analysis.names import claimant
from looprisk.analysis.solve import Solved
from looprisk.engine.clear import leaks, outside
from looprisk.engine.form import Numbers, Scalar
from looprisk.engine.point import Segment
from looprisk.engine.state import ZERO
from looprisk.errors import NotCarriedError
from looprisk.results.records import LossCurve
from looprisk.results.slides import Bearer, Slide

Knots = dict[str, list[tuple[float, float]]]
Kind = Literal["claim", "leak", "excess"]
_Key = tuple[str, str, Kind]


def slide_of(solved: Solved) -> Slide:
    """Return the loss of every claim and of everybody outside along the last stage of a case.

    Earlier stages stand as they are written. Raises NotCarriedError where the last stage is not
    straight, or is not the one that break points scale.
    """
    name = solved.case.name or "the scenario"
    if solved.scaled is not solved.runs[-1]:
        raise NotCarriedError(
            f"{name}: a slider moves the last stage, and `ray` names an earlier one: "
            "leave --interactive out"
        )
    if not solved.segments:
        raise NotCarriedError(
            f"{name}: a slider needs one straight shock, and this is a shock that bends: "
            "leave --interactive out"
        )
    held = [c.id for c in solved.end.compiled.index.claim_of if solved.baseline[c.id] > 0]
    bearers = _bearers(solved) if len(solved.runs) == 1 else _bearers_after(solved)
    return Slide(claims=curves(solved, tuple(held)), bearers=tuple(bearers))


def _bearers_after(solved: Solved) -> Iterator[Bearer]:
    """Yield what everybody bears after earlier stages: each straight piece from two points in it.

    At both ends of a piece its line is read, not the point: a jump has a value on either side.
    """
    before = flows(solved.start)
    lines: dict[_Key, dict[int, float]] = {}
    places: list[float] = []
    for segment in solved.segments:
        for piece in segment.pieces:
            wide = Fraction(piece.hi - piece.lo)
            if not wide:
                continue
            inside = [
                _waterfall_at(solved, before, Fraction(piece.lo) + wide * k / 3) for k in (1, 2)
            ]
            for key in {**inside[0], **inside[1]}:
                one, other = (found.get(key, 0.0) for found in inside)
                line = lines.setdefault(key, {})
                line[len(places)] = 2 * one - other
                line[len(places) + 1] = 2 * other - one
            places += [float(piece.lo), float(piece.hi)]
    outside = before.outside
    for (name, via, kind), line in lines.items():
        points = [(place, line.get(at, 0.0)) for at, place in enumerate(places)]
        if _moves(points):
            start = float(outside.get(via, ZERO)) if kind == "claim" else 0.0
            shown = "beyond every claim" if kind == "excess" else name
            yield _bearer(shown, kind, via, points, start)


def _waterfall_at(solved: Solved, before: Flows, size: Fraction) -> dict[_Key, float]:
    """Return what is borne at one size of the last stage, by claimant, claim and kind."""
    point = solved.scaled.at(size, solved.selection)
    moved = replace(solved, ends=(*solved.ends[:-1], point))
    rows = waterfall(moved, before, flows(point))
    return {(row.claimant, row.via, row.kind): row.loss_usd for row in rows}


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
    kind: Kind,
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
