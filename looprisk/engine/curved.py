"""Break points where the response is no straight line (class N): solve at points, then halve.

Used where two moving numbers are multiplied, for instance the share of collateral that a moving oracle price
sells. Each solve is exact; what lies between two points of the scan and ends before the next is not seen,
and a break point is a bracket (SEMANTICS 8).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from looprisk.engine.monitors import Stretch, join

SCAN = 64
"""Points of the scan over the whole shock."""
WIDTH = Fraction(1, 10**12)
"""Width of the bracket of a break point, as a share of the shock."""

Key = TypeVar("Key", bound=Hashable)


def scan(
    broken: Callable[[Fraction], frozenset[Key]], known: tuple[Fraction, ...] = ()
) -> Mapping[Key, tuple[Stretch, ...]]:
    """Return for everything that breaks anywhere the stretches on which it is broken.

    ``broken(s)`` says what is broken at ``s``; ``known`` are points worth looking at beside the scan.
    The ends of a stretch are the last point seen whole and the first seen broken, ``WIDTH`` apart.

    >>> found = scan(lambda s: frozenset({"late"} if s > Fraction(1, 3) else ()))
    >>> round(float(found["late"][0].lo), 9)
    0.333333333
    """
    seen: dict[Fraction, frozenset[Key]] = {}

    def at(s: Fraction) -> frozenset[Key]:
        if s not in seen:
            seen[s] = broken(s)
        return seen[s]

    points = sorted({Fraction(k, SCAN) for k in range(SCAN + 1)} | set(known))
    edges = [points[0]]
    for lo, hi in pairwise(points):
        edges += _changes(at, lo, hi)
        edges.append(hi)
    stretches: dict[Key, list[Stretch]] = {}
    for key in at(Fraction(0)):
        stretches.setdefault(key, []).append(Stretch(lo=edges[0], hi=edges[0], attained=True))
    for lo, hi in pairwise(edges):
        for key in at(hi):
            stretches.setdefault(key, []).append(Stretch(lo=lo, hi=hi, attained=False))
    return {key: join(found) for key, found in stretches.items()}


def _changes(
    at: Callable[[Fraction], frozenset[Key]], lo: Fraction, hi: Fraction
) -> list[Fraction]:
    """Return points just before and just after every change between two points."""
    if at(lo) == at(hi):
        return []
    if hi - lo <= WIDTH:
        return [lo]
    middle = (lo + hi) / 2
    return [*_changes(at, lo, middle), middle, *_changes(at, middle, hi)]
