"""The values of one parameter with which an expectation holds, and where it stops holding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.governance import Governance, Parameter
from looprisk.results.names import clean
from looprisk.results.table import OneTable, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """One end of a stretch of safe values.

    ``holds`` is the last value seen to hold, ``fails`` the first beyond it that was seen not to;
    None where what was searched, or what is possible, ends first.
    """

    holds: float
    number: Fraction
    """The same, exactly."""
    text: str
    """The safe value as it is typed."""
    fails: float | None = None
    why: str = ""
    """What stops it: a failed expectation, no certified answer, or a value that is not possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeRange:
    """Values from ``low`` to ``high`` with which the expectation holds at every value tried."""

    low: Boundary
    high: Boundary


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Limit(OneTable):
    """How far a parameter may go before an expectation fails."""

    scenario: str
    path: str
    unit: str
    keep: str
    """The expectation, in words."""
    current: float
    current_text: str
    holds_now: bool
    ranges: tuple[SafeRange, ...]
    """Every stretch of values that holds, from low to high; () where none does."""
    searched: tuple[str, str]
    """The first and the last value tried."""
    solves: int
    """How many times the system was solved, each solution with its own certificate."""
    residual: float
    """The largest residual of those solutions, relative to the claims."""
    parameter: Parameter
    """The row of a table of parameters, as governance publishes it."""
    why: str = ""
    """Why what it is now does not hold."""
    sets: bool = False
    """Whether the rule sets the value, where others leave a safe one as it is."""
    simulated: bool = False
    """Whether every value was stepped through time."""
    sources: tuple[str, ...] = ()
    """Who published the rule, and where the numbers that it rests on come from."""

    @property
    def monotone(self) -> bool:
        """Whether there is one stretch at most, with one end inside the range at most."""
        if len(self.ranges) > 1:
            return False
        ends = [end for safe in self.ranges for end in (safe.low, safe.high)]
        return sum(end.fails is not None for end in ends) <= 1

    @property
    def recommended(self) -> str:
        """What it is now where that holds, else the nearest value that does; else nothing.

        A rule that sets the value recommends its end instead.
        """
        if self.holds_now and not self.sets:
            return self.current_text
        end = end_of(self.ranges, self.current, sets=self.sets)
        return end.text if end is not None else ""

    @property
    def end(self) -> Boundary | None:
        """Where the safe stretch nearest to the value ends: above, else below, else nowhere.

        An end beyond which the rule was seen to fail comes before one beyond which the system
        cannot be.
        """
        safe = nearest(self.ranges, self.current)
        ends = [end for end in (safe.high, safe.low) if end.why] if safe is not None else []
        return next((end for end in ends if end.fails is not None), ends[0] if ends else None)

    @property
    def end_text(self) -> str:
        """That end as it is typed; nothing where there is none."""
        return self.end.text if self.end is not None else ""

    @property
    def governance(self) -> Governance:
        """The table of parameters, current and recommended, as governance publishes it."""
        return governance([self])

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        path = clean(self.path)
        if not self.ranges:
            searched = f"{path}: no value from {self.searched[0]} to {self.searched[1]} keeps"
            return f"{searched} {self.keep}; now {clean(self.why)}"
        said = ", or ".join(_words(safe) for safe in self.ranges)
        return f"{path} may be {said}, and {clean(self.keep)}"

    @property
    def table(self) -> Table[SafeRange]:
        """One row for each stretch of safe values, as a table of parameters is published."""
        fields: tuple[Field[SafeRange], ...] = (
            Field("parameter", "parameter", Kind.NAME, lambda _: self.path),
            Field("current", "current", Kind.FIGURE, lambda _: self.current_text),
            Field("at_least", "at least", Kind.FIGURE, lambda row: row.low.text),
            Field("at_most", "at most", Kind.FIGURE, lambda row: row.high.text),
            Field("recommended", "recommended", Kind.FIGURE, lambda _: self.recommended),
            Field("low", HIDDEN, Kind.NUMBER, lambda row: row.low.holds),
            Field("high", HIDDEN, Kind.NUMBER, lambda row: row.high.holds),
            Field("fails_below", HIDDEN, Kind.NUMBER, lambda row: row.low.fails),
            Field("fails_above", HIDDEN, Kind.NUMBER, lambda row: row.high.fails),
            Field("beyond", "beyond", Kind.TEXT, lambda row: row.high.why or row.low.why, leaves=1),
        )
        return table_of(self.headline, self.ranges, fields, note=self.note)

    @property
    def note(self) -> str:
        """What was searched, and the proof."""
        now = "holds" if self.holds_now else "does not hold"
        one = "one limit in this range" if self.monotone else "not monotone: every range is listed"
        said = (
            f"now {self.current_text}, with which it {now}; searched {self.searched[0]} to "
            f"{self.searched[1]}: {one}. {self.parameter.proof}"
        )
        return "; ".join((said, *self.sources))


def _words(safe: SafeRange) -> str:
    low, high = safe.low, safe.high
    if low.fails is None and high.fails is None:
        return f"anything from {low.text} to {high.text}"
    if low.fails is None:
        return f"at most {high.text}"
    return f"at least {low.text}" if high.fails is None else f"from {low.text} to {high.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """The limit from one start."""

    words: tuple[str, ...]
    """What was varied, as it is written."""
    limit: Limit


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Graded(OneTable):
    """How far a parameter may go, from each of several starts."""

    scenario: str
    path: str
    varied: tuple[str, ...]
    """The paths that make the starts differ."""
    rows: tuple[Grade, ...]

    @property
    def table(self) -> Table[Grade]:
        """One row for each start."""

        def word(place: int) -> Field[Grade]:
            name = clean(self.varied[place])
            return Field(f"at_{place}", name, Kind.FIGURE, lambda row: row.words[place])

        fields: tuple[Field[Grade], ...] = (
            *(word(place) for place in range(len(self.varied))),
            Field("holds", "holds now", Kind.MARK, lambda row: row.limit.holds_now),
            Field("end", "limit", Kind.FIGURE, lambda row: row.limit.end_text),
            Field("recommended", "recommended", Kind.FIGURE, lambda row: row.limit.recommended),
            Field("limit", HIDDEN, Kind.NUMBER, lambda row: _holds(row.limit.end)),
            Field("fails", HIDDEN, Kind.NUMBER, lambda row: _fails(row.limit.end)),
        )
        first = self.rows[0].limit
        heading = f"{clean(self.path)}: how far it may go, so that {clean(first.keep)}"
        solves = sum(row.limit.solves for row in self.rows)
        note = "; ".join(
            (f"each limit holds, its next digit does not: {solves} solves", *first.sources)
        )
        return table_of(heading, self.rows, fields, note=note)


def _holds(end: Boundary | None) -> float | None:
    return end.holds if end is not None else None


def _fails(end: Boundary | None) -> float | None:
    return end.fails if end is not None else None


def nearest(ranges: Sequence[SafeRange], value: float) -> SafeRange | None:
    """Return the safe stretch that holds a value, else the one nearest to it."""

    def away(safe: SafeRange) -> float:
        return max(safe.low.holds - value, value - safe.high.holds, 0.0)

    return min(ranges, key=away, default=None)


def end_of(ranges: Sequence[SafeRange], current: float, *, sets: bool) -> Boundary | None:
    """Return the end of a safe stretch that is nearest to a value; where it is set, the upper."""
    safe = nearest(ranges, current)
    if safe is None:
        return None
    return safe.high if sets else min((safe.low, safe.high), key=lambda e: abs(e.holds - current))


def governance(limits: Iterable[Limit]) -> Governance:
    """Return limits as one table of parameters: a row an asset, current and recommended values.

    >>> import looprisk as lr
    >>> loop = lr.loop("wstETH", "ETH", equity=100, ltv=0.90, lltv=0.945)
    >>> keep = {"of": "loop", "metric": "break_at", "event": "liquidated", "at_least": "8%"}
    >>> table = governance([lr.limit(loop, "loop/loop/ltv", keep, price={"wstETH": -1})])
    >>> table.rows[0].name, table.rows[0].current, table.rows[0].recommended
    ('LTV', '90.00%', '86.94%')
    """
    return Governance(rows=tuple(limit.parameter for limit in limits))
