"""The range of an answer that no sign audit bounds: enclosed on ever smaller boxes of what is open.

A case is answered for a whole box of completions at once, in ranges
(:mod:`looprisk.engine.ranged`), through all its stages; where a comparison parts the completions,
such as a liquidation that some of them meet, it is answered both ways. Where nothing jumps in a box
and every slope has one sign, the ends are attained at corners; any other box is cut, until what it
may add to the completions already solved is little (branch and bound).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from heapq import heappop, heappush
from itertools import count, product

from looprisk.analysis.boxes import MOST_WAYS, Box, Boxes, Corner
from looprisk.analysis.solve import Solved
from looprisk.engine.ends import Ends, UnboundedError
from looprisk.engine.ranged import Ranged, ends_of, slopes_of
from looprisk.engine.state import ZERO

Number = Fraction | None
Read = Callable[[Solved], Number]
MOST_CUTS = 16
"""So often a box is cut for one answer."""
CLOSE = Fraction(1, 500)
"""How much of the width that completions attain an enclosure may add and count as narrow."""
ROUNDING = Fraction(1, 10**9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """Between which ends an answer lies, and whether solved completions attain both."""

    low: Fraction
    high: Fraction
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A part of the box with the ends of one answer in it; None where it is not bounded."""

    box: Box
    ends: Ends | None
    slopes: tuple[Ends, ...]
    """How the answer moves with each datum; empty where completions part in the box."""


@dataclass(frozen=True, kw_only=True)
class Enclosing:
    """The answers to all completions of a case, between ends."""

    boxes: Boxes
    at: Callable[[Corner], Solved]
    """The answer of one completion."""

    def enclosure(self, read: Read, box: Box) -> Enclosure | None:
        """Return the ends of an answer over a box; None where none are proved."""
        attained = [read(self.at(corner)) for corner in _tried(box)]
        if None in attained:
            return None
        known = [number for number in attained if number is not None]
        low, high = min(known), max(known)
        order = count()
        heap: list[tuple[Fraction, int, _Piece]] = []
        done: list[Ends] = []

        def enter(piece: _Piece) -> None:
            """Keep a piece for later, or what it adds where that is known."""
            nonlocal low, high
            ends = self._at_corners(read, piece)
            if ends is not None:
                low, high = min(low, ends[0]), max(high, ends[1])
                done.append(ends)
            elif piece.ends is None:
                heappush(heap, (-Fraction(10**30), next(order), piece))
            else:
                excess = max(low - piece.ends[0], piece.ends[1] - high, ZERO)
                heappush(heap, (-excess, next(order), piece))

        enter(self._piece(read, box))
        for _ in range(MOST_CUTS):
            if not heap or -heap[0][0] <= _little(low, high):
                break
            _, _, worst = heappop(heap)
            parts = [self._piece(read, part) for part in self._halves(worst, box)]
            if self.boxes.stopped:
                return None
            if worst.ends is not None and any(part.ends is None for part in parts):
                done.append(worst.ends)  # no box can be answered any more
                continue
            for part in parts:
                enter(part)
        left = [piece.ends for _, _, piece in heap]
        if any(ends is None for ends in left):
            return None
        every = [*done, *(ends for ends in left if ends is not None)]
        ends = min(e[0] for e in every), max(e[1] for e in every)
        exact = ends[0] >= low and ends[1] <= high
        return Enclosure(low=min(low, ends[0]), high=max(high, ends[1]), exact=exact)

    def _at_corners(self, read: Read, piece: _Piece) -> Ends | None:
        """Return the ends of an answer with one sign for every slope: it has them at corners."""
        if piece.ends is None:
            return None
        if piece.ends[0] == piece.ends[1]:
            return piece.ends
        if not piece.slopes or any(low < 0 < high for low, high in piece.slopes):
            return None
        corners = [
            tuple(
                b if (slope[1] > 0) == up else a
                for a, b, slope in zip(*piece.box, piece.slopes, strict=True)
            )
            for up in (False, True)
        ]
        first, last = (read(self.at(corner)) for corner in corners)
        return None if first is None or last is None else (first, last)

    def _halves(self, piece: _Piece, whole: Box) -> tuple[Box, Box]:
        """Return a box cut in two across the datum that its answer depends on most."""
        low, high = piece.box
        weights = []
        for place, (a, b) in enumerate(zip(low, high, strict=True)):
            slope = piece.slopes[place] if piece.slopes else (ZERO, ZERO)
            steep = max(abs(slope[0]), abs(slope[1]))
            span = whole[1][place] - whole[0][place]
            part = (b - a) / span if span else ZERO
            weights.append((steep * (b - a), part))
        place = max(range(len(weights)), key=lambda k: weights[k])
        middle = (low[place] + high[place]) / 2
        upper = (*high[:place], middle, *high[place + 1 :])
        lower = (*low[:place], middle, *low[place + 1 :])
        return (low, upper), (lower, high)

    def _piece(self, read: Read, box: Box) -> _Piece:
        nothing = _Piece(box=box, ends=None, slopes=())
        ways = self.boxes.ways(box)
        if not ways:
            return nothing
        found: list[Ranged | Fraction] = []
        jumps = any(way.jumps for way in ways)
        try:
            for way in ways:
                values = way.realm.explored(partial(read, way.solved), MOST_WAYS, way.decided)
                if values is None or None in values:
                    return nothing
                jumps |= len(values) > 1
                found += [value for value in values if value is not None]
        except UnboundedError:
            return nothing
        every = [ends_of(value) for value in found]
        ends = min(e[0] for e in every), max(e[1] for e in every)
        return _Piece(box=box, ends=ends, slopes=() if jumps else self._slopes(found, box))

    def _slopes(self, values: Sequence[Ranged | Fraction], box: Box) -> tuple[Ends, ...]:
        """Return how a value moves with each datum, those that the box leaves no room included."""
        free = [a < b for a, b in zip(*box, strict=True)]
        every = [slopes_of(value, sum(free)) for value in values]
        if not all(every):
            return ()
        hulls = iter(
            [(min(s[0] for s in way), max(s[1] for s in way)) for way in zip(*every, strict=True)]
        )
        return tuple(next(hulls) if is_free else (ZERO, ZERO) for is_free in free)


def _tried(box: Box) -> Sequence[Corner]:
    """Return the completions that are solved first: the corners of a box, and its middle."""
    low, high = box
    middle = tuple((a + b) / 2 for a, b in zip(low, high, strict=True))
    if len(low) > 4:
        return low, high, middle
    return *dict.fromkeys(product(*zip(low, high, strict=True))), middle


def _little(low: Fraction, high: Fraction) -> Fraction:
    """Return by how much an enclosure may exceed what completions attain and be narrow."""
    return max(CLOSE * (high - low), ROUNDING * max(abs(low), abs(high)))
