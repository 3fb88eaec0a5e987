"""The smallest shock among many factors: along the corner, along an axis, or by design points.

What is proven to be the smallest says so; what was searched for is a shock that breaks, and the
smallest of all that were tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations

from looprisk.engine.state import ONE, ZERO
from looprisk.sweeps.factors import Sizes
from looprisk.sweeps.proof import Bound
from looprisk.sweeps.rays import Hit, Target, corner, hit, is_adverse, normals

Length = Callable[[Sequence[Fraction]], float]
"""The norm of a shock."""
GRID = 10**6
"""Directions are rounded to so many parts, so that the way along them stays short in fractions."""
TURNS = 12
"""Design points that follow each other from one start."""
FINEST = 1e-5
"""The last step of the search around the best direction, as a share of it."""
NEAR_BOUND = 1e-6
"""A shock so near the bound of the program, which is in floats, is the smallest."""
MOST_TOGETHER = 6
"""Up to so many factors every set of them that strike alike is a start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The smallest shock that was found, and whether no smaller one exists."""

    hit: Hit
    proven: bool
    how: str
    rays: int


@dataclass(slots=True)
class _Search:
    """The best so far, and how many ways were followed."""

    target: Target
    length: Length
    best: Hit | None = None
    towards: Sequence[Fraction] = ()
    """The direction of the best."""
    least: float = math.inf
    rays: int = 0

    def look(self, direction: Sequence[Fraction]) -> Hit | None:
        """Follow one direction, and keep what is smaller than all before."""
        if not any(direction):
            return None
        self.rays += 1
        found = hit(self.target, direction)
        if found is not None:
            size = self.length(found.sizes)
            if size < self.least * (1 - 1e-12):
                self.best, self.least, self.towards = found, size, direction
        return found


def along_corner(target: Target, length: Length) -> Nearest | None:
    """Return the smallest shock in the max norm: all factors alike where all are adverse."""
    if is_adverse(target):
        found = corner(target)
        how = "one way, all factors alike: nothing that grows undoes the event"
        if found is None:
            return None
        return Nearest(hit=found, proven=not found.bracket, how=how, rays=1)
    return searched(target, length, None)


def searched(
    target: Target,
    length: Length,
    metric: Sequence[Sequence[Fraction]] | None,
    starts: Sequence[Sizes] = (),
    least: Bound | None = None,
) -> Nearest | None:
    """Return the smallest shock of a search: sets of factors, design points, then ever closer.

    ``metric`` is the covariance of the Mahalanobis norm, None for other norms. ``least`` is what a
    program proves that no clearing breaks below.
    """
    search = _Search(replace(target, rounded=True), length)
    seeds = [*map(_rounded, starts), *_sets(target.factors.reach)]
    for start in seeds:
        found = search.look(start)
        if metric is not None:
            _follow(search, found, metric)
    if search.best is not None:
        _around(search)
    if search.best is None:
        return None
    found = hit(target, search.towards)
    if found is None:
        return None
    how = f"the smallest along {search.rays} ways"
    proven = least is not None and length(found.sizes) <= least.radius * (1 + NEAR_BOUND)
    if proven:
        how += "; a mixed integer program finds no clearing 0.001% short with less"
    return Nearest(hit=found, proven=proven, how=how, rays=search.rays)


def _sets(reach: Sizes) -> Iterator[Sizes]:
    """Yield directions in which some factors strike alike: each alone, sets of them, all."""
    count = len(reach)
    widths = range(1, count + 1) if count <= MOST_TOGETHER else (1, count)
    for width in widths:
        for chosen in combinations(range(count), width):
            yield tuple(ONE if k in chosen else ZERO for k in range(count))


def _follow(search: _Search, found: Hit | None, metric: Sequence[Sequence[Fraction]]) -> None:
    """Go from design point to design point: where what gives way there comes nearest (HL-RF)."""
    seen: set[Sizes] = set()
    for _ in range(TURNS):
        if found is None or not found.segments:
            return
        ahead: Hit | None = None
        least = search.least
        for normal in normals(search.target, found):
            fall = [-normal.get(k, ZERO) for k in range(len(found.sizes))]
            direction = _design(metric, fall)
            if direction in seen:
                continue
            seen.add(direction)
            there = search.look(direction)
            for share in (Fraction(1, 2), Fraction(1, 8)):
                if there is None or search.length(there.sizes) > least:
                    there = search.look(_mixed(found.sizes, direction, share)) or there
            if there is not None and (
                ahead is None or search.length(there.sizes) < search.length(ahead.sizes)
            ):
                ahead = there
        found = ahead if ahead is not None and search.least < least else None


def _design(metric: Sequence[Sequence[Fraction]], fall: Sequence[Fraction]) -> Sizes:
    """Return the direction of the nearest point of a half-space that only grows factors.

    Without a bound it is ``C fall``. A factor that would shrink is left out, and what it would
    have said of the others with it.
    """
    kept = list(range(len(fall)))
    while kept:
        part = [[metric[i][j] for j in kept] for i in kept]
        if len(kept) < len(fall):
            part = _given(metric, kept)
        moved = [sum((a * fall[k] for a, k in zip(row, kept, strict=True)), ZERO) for row in part]
        if all(x >= 0 for x in moved):
            found = dict(zip(kept, moved, strict=True))
            return _rounded([found.get(k, ZERO) for k in range(len(fall))])
        kept = [k for k, x in zip(kept, moved, strict=True) if x > 0]
    return (ZERO,) * len(fall)


def _given(metric: Sequence[Sequence[Fraction]], kept: Sequence[int]) -> list[list[Fraction]]:
    """Return the covariance of some factors given that the others do not move."""
    whole = inverse(metric)
    return inverse([[whole[i][j] for j in kept] for i in kept])


def inverse(matrix: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """Return the inverse of a small matrix, exactly; raises ZeroDivisionError if it has none."""
    count = len(matrix)
    rows = [
        [*row, *(ONE if i == j else ZERO for j in range(count))] for i, row in enumerate(matrix)
    ]
    for k in range(count):
        place = next((i for i in range(k, count) if rows[i][k]), None)
        if place is None:
            raise ZeroDivisionError
        rows[k], rows[place] = rows[place], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for i in range(count):
            if i != k and rows[i][k]:
                factor = rows[i][k]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [row[count:] for row in rows]


def _mixed(sizes: Sizes, direction: Sizes, share: Fraction) -> Sizes:
    """Return a direction between two, each taken at the same sum."""
    one, other = sum(sizes), sum(direction)
    if not one or not other:
        return direction
    mixed = [
        (1 - share) * a / one + share * b / other for a, b in zip(sizes, direction, strict=True)
    ]
    return _rounded(mixed)


def _rounded(direction: Sequence[Fraction]) -> Sizes:
    largest = max(direction, default=ZERO)
    if not largest:
        return (ZERO,) * len(direction)
    return tuple(Fraction(round(x / largest * GRID), GRID) for x in direction)


def _around(search: _Search) -> None:
    """Turn the best direction a little towards and away from each factor, ever less."""
    step = 0.25
    while step > FINEST:
        before = search.least
        assert search.best is not None  # noqa: S101  (the caller has one)
        sizes = search.best.sizes
        largest = max(sizes)
        for place in range(len(sizes)):
            for sign in (1, -1):
                moved = list(sizes)
                moved[place] = max(ZERO, moved[place] + sign * Fraction(step) * largest)
                search.look(_rounded(moved))
        if search.least >= before * (1 - 1e-9):
            step /= 4
