"""What a price does to many accounts at once: their split as a ladder of cells.

Prices here are in loan tokens: ``x = p / P``, the price of the collateral over that of the loan
token. An account breaks where ``x`` falls below a multiple of its debt for a unit of collateral,
and what lenders and owners get changes there by amounts that are the same per unit and per token
for all accounts, so a sum over accounts is a few sums over the first so many of them. What lenders
get is concave in ``x``: a line that holds in one cell bounds it from above everywhere.

Source: MODEL 9.1, SEMANTICS 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from looprisk.engine.steps import Steps

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class Line:
    """``const + rate * x``, in loan tokens."""

    const: Fraction = ZERO
    rate: Fraction = ZERO

    def at(self, x: Fraction) -> Fraction:
        """Return the value at a price."""
        return self.const + self.rate * x

    def __add__(self, other: Line) -> Line:
        return Line(self.const + other.const, self.rate + other.rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to an account once ``x`` is below ``multiple`` times its debt for a unit.

    Lender and owner get so much more per loan token owed, and so much more times ``x`` per unit.
    """

    multiple: Fraction
    word: str
    """What the account is from there on: ``liquidated``, ``unpaid``, ``under water``."""
    lender: tuple[Fraction, Fraction]
    owner: tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The accounts that are liquidated in a cell: the first so many steps, at one price."""

    liquidated: int = 0
    unpaid: int = 0
    at: Fraction | None = None
    """What a unit of collateral counts for, in loan tokens; None where that is its own price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One cell: what lenders and owners get while ``x`` is at least ``low``."""

    low: Fraction | None
    """None for the last cell, which holds for every price."""
    lender: Line
    owner: Line
    taken: Taken = Taken()
    state: frozenset[str] = frozenset()
    sharp: bool = True
    """Whether the lines are those of the accounts, and not a bound."""
    row: int | None = None
    """A row of the table that stands at ``low``."""
    word: str = ""
    """What this row is below ``low``; empty where no account breaks there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The split of accounts at one moment, as a function of the price alone.

    The accounts from step ``first`` on change as ``changes`` say, starting from ``lender`` and
    ``owner``; those before it are in these lines already. From the price ``ceiling`` on, ``above``
    holds instead: there a liquidation is settled at a price that an oracle states.
    """

    steps: Steps
    lender: Line
    owner: Line
    changes: tuple[Change, ...]
    first: int = 0
    fixed: Taken = Taken()
    """What has happened to the accounts before ``first``."""
    state: frozenset[str] = frozenset()
    ceiling: Fraction | None = None
    above: Rung | None = None

    def reached(self, change: Change, x: Fraction, *, or_equal: bool = False) -> int:
        """Return up to which step a change has happened at ``x``, or just below (``or_equal``)."""
        place = self.steps.above(x / change.multiple, or_equal=or_equal)
        return max(self.first, min(place, self.steps.owing))

    def lines(self, reached: tuple[int, ...]) -> tuple[Line, Line]:
        """Return what lenders and owners get once the changes have reached these steps."""
        lender, owner = self.lender, self.owner
        start, steps = self.first, self.steps
        for change, place in zip(self.changes, reached, strict=True):
            tokens = steps.debt_before(place) - steps.debt_before(start)
            units = steps.units_before(place) - steps.units_before(start)
            lender += Line(change.lender[0] * tokens, change.lender[1] * units)
            owner += Line(change.owner[0] * tokens, change.owner[1] * units)
        return lender, owner

    def lender_at(self, x: Fraction) -> Fraction:
        """Return what lenders get at a price, in loan tokens."""
        if self.ceiling is not None and self.above is not None and x >= self.ceiling:
            return self.above.lender.at(x)
        reached = tuple(self.reached(change, x) for change in self.changes)
        return self.lines(reached)[0].at(x)

    @property
    def borders(self) -> int:
        """How many borders the ladder has, counted once for each change."""
        lowest = self.steps.owing - max(self.first, self.steps.bare)
        return len(self.changes) * max(0, lowest)

    def near(self, x: Fraction, many: int) -> set[Fraction]:
        """Return the borders around a price: of each change the ``many`` next above and below."""
        found: set[Fraction] = set()
        for change in self.changes:
            place = self.reached(change, x)
            found |= self._borders(change, range(place - many, place + many))
        return found

    def spread(self, many: int) -> set[Fraction]:
        """Return so many borders of each change, spread over the ladder from the highest on."""
        start, stop = max(self.first, self.steps.bare), self.steps.owing
        stride = max(1, (stop - start) // max(1, many))
        found: set[Fraction] = set()
        for change in self.changes:
            found |= self._borders(change, range(start, stop, stride))
        return found

    def inside(self, low: Fraction | None, high: Fraction | None, many: int) -> set[Fraction]:
        """Return so many borders of each change spread between two others."""
        found: set[Fraction] = set()
        for change in self.changes:
            start, stop = self._places(change, low, high)
            found |= self._borders(change, range(start, stop, max(1, (stop - start) // many)))
        return found

    def count_between(self, low: Fraction, high: Fraction) -> int:
        """Return how many borders lie from ``low`` to ``high``, counted once for each change."""
        places = (self._places(change, low, high) for change in self.changes)
        return sum(max(0, stop - start) for start, stop in places)

    def _places(
        self, change: Change, low: Fraction | None, high: Fraction | None
    ) -> tuple[int, int]:
        start = self.first if high is None else self.reached(change, high)
        stop = self.steps.owing if low is None else self.reached(change, low, or_equal=True)
        return max(start, self.steps.bare), stop

    def between(self, low: Fraction, high: Fraction) -> set[Fraction]:
        """Return all borders from ``low`` to ``high``."""
        found: set[Fraction] = set()
        for change in self.changes:
            found |= self._borders(change, range(*self._places(change, low, high)))
        return found

    def _borders(self, change: Change, places: range) -> set[Fraction]:
        start, stop = max(self.first, self.steps.bare), self.steps.owing
        top = self.ceiling
        borders = (
            change.multiple * self.steps.ratio_at(place)
            for place in places
            if start <= place < stop
        )
        return {x for x in borders if top is None or x < top}


def rungs(ladder: Ladder, borders: set[Fraction], *, from_below: bool) -> tuple[Rung, ...]:
    """Return the cells of a ladder between some of its borders, highest first.

    Between two borders with others in between, lenders get the line of the upper cell there, which
    bounds what they get from above; ``from_below`` the chord, which bounds it from below.
    """
    ordered = sorted(borders, reverse=True)
    found = [] if ladder.above is None else [ladder.above]
    edges: list[Fraction | None] = [ladder.ceiling, *ordered, None]
    for high, low in pairwise(edges):
        found.append(_rung(ladder, high, low, from_below=from_below))
    return tuple(found)


def _rung(ladder: Ladder, high: Fraction | None, low: Fraction | None, *, from_below: bool) -> Rung:
    upper = tuple(
        ladder.first if high is None else ladder.reached(change, high, or_equal=True)
        for change in ladder.changes
    )
    upper = tuple(max(place, ladder.steps.bare) for place in upper)
    lower = tuple(
        ladder.steps.owing if low is None else ladder.reached(change, low)
        for change in ladder.changes
    )
    sharp = upper == lower
    lender, owner = ladder.lines(upper)
    if not sharp and from_below:
        lender = _chord(ladder, high, low)
        owner = Line()
    row, word = (None, "") if low is None else _who(ladder, low)
    return Rung(
        low=low,
        lender=lender,
        owner=owner,
        taken=_taken(ladder, upper),
        state=ladder.state | _state(ladder, upper),
        sharp=sharp,
        row=row,
        word=word,
    )


def _chord(ladder: Ladder, high: Fraction | None, low: Fraction | None) -> Line:
    """Return the line between what lenders get at two prices; flat above the highest border."""
    bottom = ZERO if low is None else low
    paid = ladder.lender_at(bottom)
    if high is None or high <= bottom:
        return Line(paid)
    rate = (ladder.lender_at(high) - paid) / (high - bottom)
    return Line(paid - rate * bottom, rate)


def _taken(ladder: Ladder, reached: tuple[int, ...]) -> Taken:
    places = {c.word: place for c, place in zip(ladder.changes, reached, strict=True)}
    return Taken(
        liquidated=places.get("liquidated", ladder.fixed.liquidated),
        unpaid=places.get("unpaid", ladder.fixed.unpaid),
        at=ladder.fixed.at,
    )


def _state(ladder: Ladder, reached: tuple[int, ...]) -> frozenset[str]:
    return frozenset(
        change.word
        for change, place in zip(ladder.changes, reached, strict=True)
        if place > ladder.first and change.word != "under water"
    )


def _who(ladder: Ladder, x: Fraction) -> tuple[int | None, str]:
    """Return the row that breaks just below a price, and what it is then."""
    for change in ladder.changes:
        place = ladder.reached(change, x)
        if place < ladder.reached(change, x, or_equal=True):
            return int(ladder.steps.row[place]), change.word
    return None, ""
