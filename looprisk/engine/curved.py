"""Break points where the response is no straight line (class N): solve at points, then halve.

Used where two moving numbers are multiplied, for instance the share of collateral that a moving
oracle price sells. Each solve is exact; what lies between two points of the scan and ends before
the next is not seen. A break point is a bracket (SEMANTICS 8), or exact where the distance to its
border is a ratio of two lines in the shock, as after a mint: its zero is then guessed and proved.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Generic, TypeVar

from looprisk.engine.accounts import borders
from looprisk.engine.affine import NotAffineError
from looprisk.engine.basket_borders import first_of_many
from looprisk.engine.compile import maker
from looprisk.engine.crowds import first_borders
from looprisk.engine.form import Scalar
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

LONGEST = 10**60
"""A zero with a longer denominator is no ratio of lines: solving there would take long."""

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
        if name in make.catalogue.baskets:
            return tuple(first_of_many(make, name))
        return tuple((first_borders if name in make.catalogue.crowds else borders)(make, name))
    except NotAffineError:
        return ()


Away = Mapping[str, Scalar]
"""By how much an event is away from its border, measured in one way or another, by a name."""
Look = tuple[frozenset[Key], Mapping[Key, Away]]
"""What is broken at a point, and how far each event is from its border there."""


def scan(
    look: Callable[[Fraction], Look[Key]], exact: tuple[Fraction, ...] = ()
) -> Mapping[Key, tuple[Stretch, ...]]:
    """Return for everything that breaks anywhere the stretches on which it is broken.

    ``exact`` are points at which something is known to change. A stretch begins at the last point
    seen whole; the first seen broken is at most ``WIDTH`` further. Where the distance to a border
    is a ratio of two lines, its zero is guessed from three points and proved by looking there: then
    the beginning is exact, else a bracket.

    >>> third = Fraction(1, 3)
    >>> found = scan(
    ...     lambda s: (frozenset({"late"} if s > third else ()), {"late": {"": third - s}})
    ... )
    >>> found["late"][0].lo, found["late"][0].bracket
    (Fraction(1, 3), False)
    """
    search = _Search(look, {ZERO, *exact})
    beside = {s + WIDTH for s in exact if s + WIDTH < 1}
    points = sorted({Fraction(k, SCAN) for k in range(SCAN + 1)} | set(exact) | beside)
    edges = [points[0]]
    for lo, hi in pairwise(points):
        edges += search.changes(lo, hi, guess=True)
        edges.append(hi)
    stretches: dict[Key, list[Stretch]] = {}
    for key in search.at(ZERO)[0]:
        stretches.setdefault(key, []).append(Stretch(lo=edges[0], hi=edges[0], attained=True))
    for lo, hi in pairwise(edges):
        for key in search.at(hi)[0]:
            bracket = lo not in search.exact and (key, lo) not in search.proved
            here = Stretch(lo=lo, hi=hi, attained=False, bracket=bracket)
            stretches.setdefault(key, []).append(here)
    return {key: join(found) for key, found in stretches.items()}


class _Search(Generic[Key]):
    """The points that were looked at, and where something changes exactly."""

    def __init__(self, look: Callable[[Fraction], Look[Key]], exact: set[Fraction]) -> None:
        self._look = look
        self._seen: dict[Fraction, Look[Key]] = {}
        self.exact = exact
        self.proved: set[tuple[Key, Fraction]] = set()

    def at(self, s: Fraction) -> Look[Key]:
        """Return what is broken at a point, looked at once."""
        if s not in self._seen:
            self._seen[s] = self._look(s)
        return self._seen[s]

    def changes(self, lo: Fraction, hi: Fraction, *, guess: bool) -> list[Fraction]:
        """Return points just before and just after every change between two points.

        A guess by the straight line through an event's distances closes in from both sides; every
        second step halves, so that a bad guess costs little.
        """
        if self.at(lo)[0] == self.at(hi)[0]:
            return []
        if hi - lo <= WIDTH:
            return [lo]
        root = self._root(lo, hi) if guess else None
        if root is not None:
            inner = [s for s in (root, root + WIDTH) if lo < s < hi]
        else:
            inner = _around_guess(self.at(lo), self.at(hi), lo, hi) if guess else [(lo + hi) / 2]
        points = [lo, *inner, hi]
        found: list[Fraction] = []
        for a, b in pairwise(points):
            near = root is not None or (len(inner) == 2 and (a, b) == (inner[0], inner[-1]))
            found += self.changes(a, b, guess=not guess or near)
            found += [b] if b != hi else []
        return found

    def _root(self, lo: Fraction, hi: Fraction) -> Fraction | None:
        """Return where an event begins between two points, proved; None where that fails.

        It is whole there, a distance to its border is zero, and it is broken right after.
        """
        points = (lo, (lo + hi) / 2, hi)
        for key in sorted(self.at(lo)[0] ^ self.at(hi)[0], key=repr):
            for name, away in self.at(lo)[1].get(key, {}).items():
                if not isinstance(away, Fraction):
                    continue  # floats prove nothing
                values = [self.at(s)[1].get(key, {}).get(name) for s in points]
                root = _zero_of_ratio(points, values)
                if root is not None and lo <= root < hi and self._proves(lo, root, hi, key):
                    return root
        return None

    def _proves(self, lo: Fraction, root: Fraction, hi: Fraction, key: Key) -> bool:
        """Note what begins at a point; return whether ``key`` does."""
        before, away = self.at(root)
        begun = self.at(min(root + WIDTH, hi))[0] - before
        if before != self.at(lo)[0]:
            return False
        at_border = {k for k in begun if 0 in away.get(k, {}).values()}
        self.proved |= {(k, root) for k in at_border}
        return key in at_border


def _zero_of_ratio(points: Sequence[Fraction], values: Sequence[Scalar | None]) -> Fraction | None:
    """Return the zero of ``(p + q s) / (1 + r s)`` through three points; None for a long one.

    >>> _zero_of_ratio([Fraction(0), Fraction(1), Fraction(2)], [Fraction(n) for n in (3, 1, -1)])
    Fraction(3, 2)
    """
    exact = [v for v in values if isinstance(v, Fraction)]
    if len(exact) != len(values) or (exact[0] >= 0) == (exact[-1] >= 0):
        return None
    (s, *others), (v, *more) = points, exact
    (a, b), (c, d) = ((t - s, s * v - t * w) for t, w in zip(others, more, strict=True))
    rise = [w - v for w in more]
    determinant = a * d - c * b
    if not determinant:
        return None
    q = (rise[0] * d - rise[1] * b) / determinant
    r = (a * rise[1] - c * rise[0]) / determinant
    if not q:
        return None
    root = s - v * (1 + r * s) / q
    return root if root.denominator < LONGEST else None


def _around_guess(first: Look[Key], last: Look[Key], lo: Fraction, hi: Fraction) -> list[Fraction]:
    """Return two points around where an event is expected to change, or the middle."""
    for key in sorted(first[0] ^ last[0], key=repr):
        a = float(first[1].get(key, {}).get("", 0))
        b = float(last[1].get(key, {}).get("", 0))
        if a * b < 0:
            share = Fraction(a / (a - b)).limit_denominator(10**15)
            centre, room = lo + (hi - lo) * share, max((hi - lo) / 400, WIDTH / 3)
            points = sorted({max(lo, centre - room), min(hi, centre + room)} - {lo, hi})
            return [round(p * GRID) / Fraction(GRID) for p in points] or [(lo + hi) / 2]
    return [(lo + hi) / 2]
