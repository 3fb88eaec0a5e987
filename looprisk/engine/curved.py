"""Break points where the response is no straight line (class N): solve at points, then halve.

Used where two moving numbers are multiplied, for instance the share of collateral that a moving
oracle price sells. Each solve is exact; what lies between two points of the scan and ends before
the next is not seen, and a break point is a bracket (SEMANTICS 8).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from looprisk.engine.accounts import borders
from looprisk.engine.affine import NotAffineError
from looprisk.engine.compile import maker
from looprisk.engine.crowds import first_borders
from looprisk.engine.maker import Maker
from looprisk.engine.monitors import Stretch, join
from looprisk.engine.stage import StageRun
from looprisk.engine.state import ONE, ZERO
from looprisk.engine.world import knots

SCAN = 64
"""Points of the scan over the whole shock."""
WIDTH = Fraction(1, 10**12)
"""Width of the bracket of a break point, as a share of the shock."""

GRID = 10**18
"""Guesses are rounded to this, so that exact numbers stay short."""

Key = TypeVar("Key", bound=Hashable)


def crossings(run: StageRun) -> tuple[Fraction, ...]:
    """Return the shock fractions at which a trigger that no claim decides is crossed, exactly.

    The debt of an account against its collateral at a quoted or stated price: over the LLTV, over
    debt and incentive, and the point under which liquidating pays no longer.
    """
    world = run.world(ZERO, ONE)
    make = maker(world)
    found = set(knots(world))
    for name in run.catalogue.loans:
        found |= {s for s in _borders(make, name) if 0 < s < 1}
    return tuple(sorted(found))


def _borders(make: Maker, name: str) -> tuple[Fraction, ...]:
    """Return the borders of an account; none where its prices are no lines: scanning finds them.

    So it is where a price moves together with the unit it is written in.
    """
    try:
        return tuple((first_borders if name in make.catalogue.crowds else borders)(make, name))
    except NotAffineError:
        return ()


Look = tuple[frozenset[Key], Mapping[Key, float]]
"""What is broken at a point, and by how much each event is away from its border (negative:
broken).
"""


def scan(
    look: Callable[[Fraction], Look[Key]], exact: tuple[Fraction, ...] = ()
) -> Mapping[Key, tuple[Stretch, ...]]:
    """Return for everything that breaks anywhere the stretches on which it is broken.

    ``exact`` are points at which something is known to change. A stretch begins at the last point
    seen whole; the first seen broken is at most ``WIDTH`` further.

    >>> third = Fraction(1, 3)
    >>> found = scan(
    ...     lambda s: (frozenset({"late"} if s > third else ()), {"late": float(third - s)})
    ... )
    >>> round(float(found["late"][0].lo), 9)
    0.333333333
    """
    seen: dict[Fraction, Look[Key]] = {}

    def at(s: Fraction) -> Look[Key]:
        if s not in seen:
            seen[s] = look(s)
        return seen[s]

    beside = {s + WIDTH for s in exact if s + WIDTH < 1}
    points = sorted({Fraction(k, SCAN) for k in range(SCAN + 1)} | set(exact) | beside)
    edges = [points[0]]
    for lo, hi in pairwise(points):
        edges += _changes(at, lo, hi, guess=True)
        edges.append(hi)
    stretches: dict[Key, list[Stretch]] = {}
    for key in at(ZERO)[0]:
        stretches.setdefault(key, []).append(Stretch(lo=edges[0], hi=edges[0], attained=True))
    for lo, hi in pairwise(edges):
        for key in at(hi)[0]:
            stretches.setdefault(key, []).append(Stretch(lo=lo, hi=hi, attained=False))
    return {key: join(found) for key, found in stretches.items()}


def _changes(
    at: Callable[[Fraction], Look[Key]], lo: Fraction, hi: Fraction, *, guess: bool
) -> list[Fraction]:
    """Return points just before and just after every change between two points.

    A guess by the straight line through an event's distances closes in from both sides; every
    second step halves, so that a bad guess costs little.
    """
    if at(lo)[0] == at(hi)[0]:
        return []
    if hi - lo <= WIDTH:
        return [lo]
    inner = _around_guess(at(lo), at(hi), lo, hi) if guess else [(lo + hi) / 2]
    points = [lo, *inner, hi]
    found: list[Fraction] = []
    for a, b in pairwise(points):
        found += _changes(
            at, a, b, guess=not guess or (len(inner) == 2 and (a, b) == (inner[0], inner[-1]))
        )
        found += [b] if b != hi else []
    return found


def _around_guess(first: Look[Key], last: Look[Key], lo: Fraction, hi: Fraction) -> list[Fraction]:
    """Return two points around where an event is expected to change, or the middle."""
    for key in sorted(first[0] ^ last[0], key=repr):
        a, b = first[1].get(key, 0.0), last[1].get(key, 0.0)
        if a * b < 0:
            share = Fraction(a / (a - b)).limit_denominator(10**15)
            centre, room = lo + (hi - lo) * share, max((hi - lo) / 400, WIDTH / 3)
            points = sorted({max(lo, centre - room), min(hi, centre + room)} - {lo, hi})
            return [round(p * GRID) / Fraction(GRID) for p in points] or [(lo + hi) / 2]
    return [(lo + hi) / 2]
