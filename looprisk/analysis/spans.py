"""The range of an answer over all that a case leaves open.

Numbers are taken to the corners that the sign audit proves, orders of payment are all tried. An
answer made of parts that pull against each other is bounded part by part, on ever smaller boxes;
one of which no sign is proved gets no range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise, product

from looprisk.analysis.audit import Audit, Several, audit, bends_of, joined, turned
from looprisk.analysis.boxes import Boxes, not_ranged
from looprisk.analysis.enclosed_breaks import Happening
from looprisk.analysis.enclosing import Enclosing
from looprisk.analysis.solve import Solved, solve
from looprisk.analysis.uncertain import Datum, completed
from looprisk.engine.breaks import Break
from looprisk.engine.open import Sign
from looprisk.engine.signs import NONE
from looprisk.model.case import Case

Number = Fraction | None
Corner = tuple[Fraction, ...]
"""A value for each number that is not known."""
MOST_BENDS = 64
"""So many completions are solved along one number."""
PARTS = {1: 16, 2: 4}
"""Into how many parts the range of a datum is cut where one, or two, pull both ways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The range of one answer. ``exact`` where both ends are attained, else it is an outer one."""

    low: Fraction
    high: Fraction
    exact: bool

    @property
    def width(self) -> Fraction:
        """How far apart the ends lie."""
        return self.high - self.low

    def hull(self, other: Span) -> Span:
        """Return the range that covers both."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Span(low=low, high=high, exact=self.exact and other.exact)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One thing that an answer is made of, and how it moves with each number."""

    read: Callable[[Solved], Number]
    signs: Several | None
    """None where no sign is proved."""


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """An answer: parts, and how they combine; ``ways`` says how it moves with each part."""

    parts: tuple[Part, ...]
    ways: tuple[Sign, ...] = ("+",)
    combine: Callable[[Sequence[Fraction]], Number] = field(default=lambda values: values[0])
    instead: Quantity | None = None
    """The same number made of other parts, which may have signs where these pull both ways."""
    straight: bool = False
    """Whether it turns only where the solutions at the start and at the end do."""
    whole: Callable[[Solved], Number] | None = None
    """The number read in one piece; None where it is read along the shock."""
    breaks: tuple[Break, ...] = ()
    """The events of which it is the first along the shock."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """All completions of a case under one choice of every order: they differ in numbers alone."""

    case: Case
    numbers: tuple[Datum, ...]
    solved_at: dict[Corner, Solved] = field(default_factory=dict)
    bends_at: dict[Corner, tuple[Fraction, ...] | None] = field(default_factory=dict)
    """Where answers bend along one number, by the values of the others and its place."""

    @cached_property
    def audit(self) -> Audit | None:
        """The proved signs; None where there are none, as in a loop with a minus sign."""
        ends = (self.middle.start, *self.middle.ends)
        if any(end.compiled.minus_cycle for end in ends):
            return None
        found = audit(self.case, self.numbers)
        return found if found is not None and self._quiet(found) else None

    def _quiet(self, found: Audit) -> bool:
        """Return whether no stage before the last liquidates anybody, whatever the numbers are.

        Proved where each account is least healthy.
        """
        for stage, traced in enumerate(found.earlier):
            for name in self.middle.catalogue.loans:
                signs = traced.health(name)
                if "?" in signs:
                    return False
                least = self.at(_corner(self.whole, signs, up=False))
                if "liquidated" in least.ends[stage].state_of(name):
                    return False
        return True

    @property
    def whole(self) -> tuple[Corner, Corner]:
        """The low and the high end of every number."""
        return (
            tuple(d.at(Fraction(0)) for d in self.numbers),
            tuple(d.at(Fraction(1)) for d in self.numbers),
        )

    def at(self, corner: Corner) -> Solved:
        """Return the answer of one completion, solved once."""
        if corner not in self.solved_at:
            values: Mapping[Datum, object] = dict(zip(self.numbers, corner, strict=True))
            self.solved_at[corner] = solve(completed(self.case, values))
        return self.solved_at[corner]

    @property
    def middle(self) -> Solved:
        """The completion in the middle of every range."""
        return self.at(tuple(d.at(Fraction(1, 2)) for d in self.numbers))

    def span(self, quantity: Quantity, box: tuple[Corner, Corner] | None = None) -> Span | None:
        """Return the range of an answer, None where nothing is proved or it is not defined."""
        box = box or self.whole
        found = self._span(quantity, box)
        if quantity.instead is not None and (found is None or not found.exact):
            other = self._span(quantity.instead, box)
            found = other if other is not None and (found is None or other.exact) else found
        return self._enclosed(quantity, box) if found is None else found

    @cached_property
    def boxes(self) -> Boxes:
        """The same completions answered a box at a time, where no sign is proved."""
        return Boxes(case=self.case, numbers=self.numbers)

    @cached_property
    def _enclosing(self) -> Enclosing:
        return Enclosing(boxes=self.boxes, at=self.at)

    @cached_property
    def _happening(self) -> Happening:
        return Happening(boxes=self.boxes)

    def _enclosed(self, quantity: Quantity, box: tuple[Corner, Corner]) -> Span | None:
        if not self.numbers or not_ranged(self.middle):
            return None
        if quantity.breaks:
            ends = self._happening.first_break(quantity.breaks, box)
            return (
                None if ends is None else Span(low=ends[0], high=ends[1], exact=len({*ends}) == 1)
            )
        if quantity.whole is None:
            return None
        found = self._enclosing.enclosure(quantity.whole, box)
        return None if found is None else Span(low=found.low, high=found.high, exact=found.exact)

    def _span(self, quantity: Quantity, box: tuple[Corner, Corner]) -> Span | None:
        parts = [self._settled(part, box) for part in quantity.parts]
        if any(part is None for part in parts):
            return self._alone(quantity, box)
        proved = [part for part in parts if part is not None]
        moves: Several = (NONE,) * len(self.numbers)
        for part, way in zip(proved, quantity.ways, strict=True):
            assert part.signs is not None  # noqa: S101  (settled)
            moves = joined(moves, part.signs if way == "+" else turned(part.signs))
        if "?" not in moves:
            ends = [self._together(quantity, _corner(box, moves, up=up)) for up in (False, True)]
            found = _ordered(ends, exact=True)
        else:
            found = self._outer(quantity, proved, box, moves)
        return found if found is not None and self._covers(found, quantity, box) else None

    def _alone(self, quantity: Quantity, box: tuple[Corner, Corner]) -> Span | None:
        """Return the range over the only number there is, from its bends: its pull has no sign."""
        if not quantity.straight or len(self.numbers) != 1 or self._remembers:
            return None
        ends = [self._along(quantity, box, ("?",), up=up) for up in (False, True)]
        found = _ordered(ends, exact=True)
        return found if found is not None and self._covers(found, quantity, box) else None

    @property
    def _remembers(self) -> bool:
        """Whether the end may depend on who was liquidated on the way."""
        scenario = self.case.scenario
        is_long = len(scenario.stages) > 1 or scenario.mode != "equilibrium"
        return is_long and self.audit is None

    def corners(self, quantity: Quantity) -> tuple[Solved, Solved] | None:
        """Return the completions with the least and the greatest answer, where one sign holds."""
        found = self._corners(quantity)
        if found is None and quantity.instead is not None:
            return self._corners(quantity.instead)
        return found

    def _corners(self, quantity: Quantity) -> tuple[Solved, Solved] | None:
        moves: Several = (NONE,) * len(self.numbers)
        for part, way in zip(quantity.parts, quantity.ways, strict=True):
            settled = self._settled(part, self.whole)
            if settled is None or settled.signs is None:
                return None
            moves = joined(moves, settled.signs if way == "+" else turned(settled.signs))
        if "?" in moves:
            return None
        low, high = (self.at(_corner(self.whole, moves, up=up)) for up in (False, True))
        return low, high

    def _covers(self, span: Span, quantity: Quantity, box: tuple[Corner, Corner]) -> bool:
        """Return whether the middle of the box lies inside: a check, not the proof."""
        middle = tuple((a + b) / 2 for a, b in zip(*box, strict=True))
        got = self._together(quantity, middle)
        slack = _slack(self.at(middle), span)
        return got is not None and span.low - slack <= got <= span.high + slack

    def settled(self, part: Part) -> Several | None:
        """Return the signs of a part that matter: of one that never moves none does."""
        found = self._settled(part, self.whole)
        return None if found is None else found.signs

    def _settled(self, part: Part, box: tuple[Corner, Corner]) -> Part | None:
        """Return a part without signs that do not matter: one with the same ends does not move."""
        if part.signs is None or "?" in part.signs:
            return None
        low, high = (part.read(self.at(_corner(box, part.signs, up=up))) for up in (False, True))
        if low is None or high is None:
            return None
        return Part(read=part.read, signs=(NONE,) * len(self.numbers)) if low == high else part

    def _together(self, quantity: Quantity, corner: Corner) -> Number:
        solved = self.at(corner)
        values = [part.read(solved) for part in quantity.parts]
        numbers = [value for value in values if value is not None]
        return quantity.combine(numbers) if len(numbers) == len(values) else None

    def _outer(
        self, quantity: Quantity, parts: list[Part], box: tuple[Corner, Corner], moves: Several
    ) -> Span | None:
        """Bound every part by itself, on a grid over the numbers that pull both ways."""
        both_ways = [place for place, sign in enumerate(moves) if sign == "?"]
        if len(both_ways) == 1:
            ends = [self._along(quantity, box, moves, up=up) for up in (False, True)]
            exact = _ordered(ends, exact=True)
            if exact is not None:
                return exact
        found: Span | None = None
        for piece in _grid(box, both_ways, PARTS.get(len(both_ways), 1)):
            ends = [self._apart(quantity, parts, piece, up=up) for up in (False, True)]
            span = _ordered(ends, exact=False)
            if span is None:
                return None
            found = span if found is None else found.hull(span)
        return found

    def _along(
        self, quantity: Quantity, box: tuple[Corner, Corner], moves: Several, *, up: bool
    ) -> Number:
        """Return the least or greatest answer along the one number that pulls both ways."""
        place = moves.index("?")
        corner = _corner(box, moves, up=up)
        others = dict(zip(self.numbers, corner, strict=True))
        datum = self.numbers[place]
        del others[datum]
        key = (*corner[:place], *corner[place + 1 :], Fraction(place))
        if key not in self.bends_at:
            self.bends_at[key] = bends_of(completed(self.case, others), datum)
        marks = self.bends_at[key]
        if marks is None or len(marks) > MOST_BENDS:
            return None
        values = [
            self._together(quantity, (*corner[:place], mark, *corner[place + 1 :]))
            for mark in marks
        ]
        numbers = [value for value in values if value is not None]
        if len(numbers) < len(values):
            return None
        return max(numbers) if up else min(numbers)

    def _apart(
        self, quantity: Quantity, parts: list[Part], box: tuple[Corner, Corner], *, up: bool
    ) -> Number:
        values = []
        for part, way in zip(parts, quantity.ways, strict=True):
            assert part.signs is not None  # noqa: S101  (settled)
            value = part.read(self.at(_corner(box, part.signs, up=up == (way == "+"))))
            if value is None:
                return None
            values.append(value)
        return quantity.combine(values)


def _slack(solved: Solved, span: Span) -> Fraction:
    """Return what rounding may add in a system solved in floats."""
    exact = solved.end.compiled.form.exact and solved.start.compiled.form.exact
    return (
        Fraction(0)
        if exact
        else Fraction(1, 10**6) * max(abs(span.low), abs(span.high), Fraction(1))
    )


def _corner(box: tuple[Corner, Corner], signs: Several, *, up: bool) -> Corner:
    """Return the corner of a box where something is greatest, or least."""
    low, high = box
    return tuple(
        b if (sign == "+") == up and sign != "0" else a
        for a, b, sign in zip(low, high, signs, strict=True)
    )


def _ordered(ends: list[Number], *, exact: bool) -> Span | None:
    low, high = ends
    if low is None or high is None:
        return None
    return Span(low=min(low, high), high=max(low, high), exact=exact)


def _grid(
    box: tuple[Corner, Corner], places: list[int], parts: int
) -> Iterator[tuple[Corner, Corner]]:
    """Yield the parts of a box that is cut along some of its sides."""
    sides = []
    for place, (low, high) in enumerate(zip(*box, strict=True)):
        count = parts if place in places else 1
        marks = [low + (high - low) * Fraction(k, count) for k in range(count + 1)]
        sides.append(list(pairwise(marks)))
    for piece in product(*sides):
        yield tuple(a for a, _ in piece), tuple(b for _, b in piece)
