"""Two shocks against each other: the border of what breaks, exact at its vertices."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Unpack

from looprisk.analysis.api import Question, case_of
from looprisk.analysis.asked import claim_named
from looprisk.analysis.clearing import title
from looprisk.analysis.solve import solve
from looprisk.engine.state import ZERO
from looprisk.errors import ModelError, NotCarriedError, Problem
from looprisk.model.case import Case
from looprisk.model.groups import only_run
from looprisk.model.system import System
from looprisk.results.frontier import Frontier, Vertex
from looprisk.sweeps.factors import Factors, Sizes, factors_of
from looprisk.sweeps.rays import Hit, Target, end_of, hit, normals
from looprisk.sweeps.reverse import refuse_unknown

DEEPEST = 8
"""How often a stretch between two ways is divided before the border counts as bent."""


def frontier(what: System | Case, of: str, event: str, **asked: Unpack[Question]) -> Frontier:
    """Return the mixtures of two shocks from which on ``of`` breaks, as corners of a polygon.

    ``what`` and the shock as keywords are those of :func:`looprisk.run`; its last stage strikes two
    targets, and a point is a size of each, as a share of it as written. Where what gives way is the
    same at two ways the border between them is straight; a vertex is where two such lines meet, and
    the way through it confirms it, in fractions. ``fragile`` is the border from which on a panic
    alone is enough; it lies nowhere beyond that of ``vertices``.

    >>> import looprisk as lr
    >>> fund = lr.System(issuers={"S": lr.Issuer(outside={"a": 60, "b": 40}, owes={"outside": 70})})
    >>> border = frontier(fund, "S", "insolvent", loss={"S/outside/a": 60, "S/outside/b": 40})
    >>> [vertex.exact for vertex in border.vertices]
    [('1/2', '0'), ('0', '3/4')]

    Raises ModelError where there are not two shocks, or none of their mixtures breaks ``of``,
    NotCarriedError where the response bends, and what :func:`looprisk.reverse` raises.
    """
    case = only_run(case_of(what, asked))
    solved = solve(case)
    key = (claim_named(solved, of), event)
    refuse_unknown(solved, key)
    factors = factors_of(solved)
    if len(factors.every) != 2:
        message = f"a frontier is of two shocks; here are {len(factors.every)}"
        raise ModelError([Problem((), message, "--shock 'price: {ETH: -50%, BTC: -50%}'")])
    if not solved.segments or not solved.end.compiled.form.exact:
        raise NotCarriedError(f"{of} {event}: the response bends, or is too large for fractions")
    first, second = (f"{factor.verb}/{factor.target}" for factor in factors.every)
    robust = _border(Target(factors=factors, key=key, selection="greatest"))
    if not robust:
        message = f"{of} {event}: no mixture of {first} and {second} leads to it in reach"
        raise ModelError([Problem((), message)])
    return Frontier(
        scenario=title(case),
        of=of,
        event=event,
        factors=(first, second),
        vertices=robust,
        fragile=_border(Target(factors=factors, key=key, selection="least")),
    )


def _border(target: Target) -> tuple[Vertex, ...]:
    """Return the corners of the border in one of the two clearings; () where it is out of reach."""
    ends = [end_of(target, place) for place in (0, 1)]
    first, last = ends
    if first is None or last is None:
        return ()
    if not any(first.sizes) or not any(last.sizes):
        return (_vertex(target.factors, (ZERO, ZERO)),)
    points = [first.sizes, *_between(target, first, last, DEEPEST), last.sizes]
    return tuple(_vertex(target.factors, sizes) for sizes in _corners(points))


def _vertex(factors: Factors, sizes: Sizes) -> Vertex:
    (one, other), (x, y) = factors.every, sizes
    return Vertex(
        shares=(float(x), float(y)),
        exact=(str(x), str(y)),
        texts=(one.sized(x).text, other.sized(y).text),
    )


def _between(target: Target, one: Hit, other: Hit, depth: int) -> Iterator[Sizes]:
    """Yield the points of the border between two ways, in order, straight from each to the next."""
    weights = ((1, 1), (2, 1))
    ways = (
        [i * a + j * b for a, b in zip(one.sizes, other.sizes, strict=True)] for i, j in weights
    )
    hits = (found for way in ways if (found := hit(target, way)) is not None)
    middle = next((h for h in hits if _turn(one.sizes, h.sizes, other.sizes)), None)
    if middle is None:
        return
    if not depth:
        raise NotCarriedError(
            "the border bends where no two lines meet: ask `reverse` for the smallest mixture"
        )
    found = _meeting(target, one, other) or middle
    yield from _between(target, one, found, depth - 1)
    yield found.sizes
    yield from _between(target, found, other, depth - 1)


def _meeting(target: Target, one: Hit, other: Hit) -> Hit | None:
    """Return where the line of one way meets that of another, if the border does too."""
    for first in normals(target, one):
        for second in normals(target, other):
            a, b = (first.get(k, ZERO) for k in (0, 1))
            c, d = (second.get(k, ZERO) for k in (0, 1))
            area = a * d - b * c
            if not area:
                continue
            e = a * one.sizes[0] + b * one.sizes[1]
            f = c * other.sizes[0] + d * other.sizes[1]
            x, y = (e * d - b * f) / area, (a * f - e * c) / area
            if x <= 0 or y <= 0 or (x, y) in {one.sizes, other.sizes}:
                continue
            found = hit(target, (x, y))
            if found is not None and found.sizes == (x, y):
                return found
    return None


def _turn(a: Sizes, b: Sizes, c: Sizes) -> Fraction:
    """Return zero where three points lie on one line."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _corners(points: list[Sizes]) -> list[Sizes]:
    """Return points without those that lie between their neighbours on one line."""
    kept: list[Sizes] = []
    for point in points:
        while len(kept) > 1 and _turn(kept[-2], kept[-1], point) == 0:
            kept.pop()
        kept.append(point)
    return kept
