"""Where along a shock events come first in a box of completions, where no sign is proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import cast

from looprisk.analysis.boxes import MOST_WAYS, Box, Boxes
from looprisk.analysis.solve import Solved
from looprisk.engine.breaks import Break
from looprisk.engine.ends import NOTHING, UnboundedError
from looprisk.engine.monitors import holds_at, monitors
from looprisk.engine.rings import EmptyError
from looprisk.engine.state import ONE, ZERO
from looprisk.errors import LoopriskError

NEVER = Fraction(2)
"""Stands for a break beyond the shock as written, which ends at 1."""
FINEST, GRID = Fraction(1, 64), 8
"""To what share of the shock a break point is enclosed, and how many of these are one stride."""


@dataclass(frozen=True, kw_only=True)
class Happening:
    """What happens along the shock in boxes of completions."""

    boxes: Boxes
    seen: dict[tuple[Box, Fraction, Fraction], tuple[frozenset[Break] | None, frozenset[Break]]] = (
        field(default_factory=dict)
    )

    def first_break(self, keys: Sequence[Break], box: Box) -> tuple[Fraction, Fraction] | None:
        """Return where along the shock the first of some events comes; NEVER where none does.

        It is no earlier than the first stretch on which some completion may meet one, and no later
        than the first point at which all have.
        """
        if self.boxes.case.scenario.mode != "equilibrium":
            return None
        found = []
        for piece in _quarters(box):
            ways = self.boxes.ways(piece)
            if not ways:
                return None
            first = self._earliest(piece, keys, ZERO, ONE)
            if first is None:
                found.append((NEVER, NEVER))
                continue
            last = self._latest(piece, keys, first)
            found.append((first, NEVER if last is None else last))
        low, high = min(f for f, _ in found), max(last for _, last in found)
        if (low, high) == (ZERO, NEVER):
            return None
        return low, high

    def _earliest(
        self, box: Box, keys: Sequence[Break], lo: Fraction, hi: Fraction
    ) -> Fraction | None:
        possible, _ = self._happening(box, lo, hi)
        if possible is not None and possible.isdisjoint(keys):
            return None
        if hi - lo <= FINEST:
            return lo
        middle = (lo + hi) / 2
        first = self._earliest(box, keys, lo, middle)
        return self._earliest(box, keys, middle, hi) if first is None else first

    def _latest(self, box: Box, keys: Sequence[Break], first: Fraction) -> Fraction | None:
        """Return the first point on a grid from which on no completion is whole."""
        steps = [first + k * FINEST for k in range(int((ONE - first) / FINEST) + 1)]
        jumps = [*steps[::GRID], ONE]
        there = next((s for s in jumps if self._is_certain(box, keys, s)), None)
        if there is None:
            return None
        between = [s for s in steps if there - GRID * FINEST < s < there]
        return next((s for s in between if self._is_certain(box, keys, s)), there)

    def _is_certain(self, box: Box, keys: Sequence[Break], s: Fraction) -> bool:
        return not self._happening(box, s, s)[1].isdisjoint(keys)

    def _happening(
        self, box: Box, lo: Fraction, hi: Fraction
    ) -> tuple[frozenset[Break] | None, frozenset[Break]]:
        """Return the events that may hold between two shares of the shock, and those that must.

        The first is None where nobody can say.
        """
        key = (box, lo, hi)
        if key not in self.seen:
            self.seen[key] = self._held(box, lo, hi)
        return self.seen[key]

    def _held(
        self, box: Box, lo: Fraction, hi: Fraction
    ) -> tuple[frozenset[Break] | None, frozenset[Break]]:
        several: list[frozenset[Break]] = []
        for way in self.boxes.ways(box) or ():
            nothing = (NOTHING,) * way.realm.data
            # the engine asks of a number no more than what it is made of answers too
            s = lo if lo == hi else cast("Fraction", way.realm.new((lo, hi), nothing))
            try:
                events_there = partial(_events, way.solved, s)
                found = way.realm.explored(events_there, MOST_WAYS, way.decided)
            except UnboundedError:
                found = None
            if found is None:
                return None, frozenset()
            several += [events for events in found if events is not None]
        return frozenset().union(*several), several[0].intersection(*several)


def _events(solved: Solved, s: Fraction) -> frozenset[Break] | None:
    try:
        point = solved.scaled.at(s, solved.selection)
    except (LoopriskError, EmptyError):
        return None  # no completion comes this way
    watched = monitors(point.compiled, solved.baseline)
    return frozenset((m.of, m.event) for m in watched if holds_at(m, point))


def _quarters(box: Box) -> list[Box]:
    """Return a box cut in four along the one datum with room in it, or in halves along two."""
    free = [place for place, (a, b) in enumerate(zip(*box, strict=True)) if a < b]
    parts = {1: 4, 2: 2}.get(len(free), 1)
    pieces = [box]
    for place in free:
        cut = []
        for low, high in pieces:
            marks = [
                low[place] + (high[place] - low[place]) * Fraction(k, parts)
                for k in range(parts + 1)
            ]
            cut += [
                ((*low[:place], a, *low[place + 1 :]), (*high[:place], b, *high[place + 1 :]))
                for a, b in pairwise(marks)
            ]
        pieces = cut
    return pieces
