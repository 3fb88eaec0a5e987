"""The values of a parameter with which an expectation holds: scanned, then bracketed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Unpack

from looprisk.analysis.api import Question, case_of
from looprisk.analysis.asked import claim_named
from looprisk.analysis.check import judge
from looprisk.analysis.clearing import proven, title
from looprisk.analysis.solve import Solved, solve
from looprisk.analysis.verdicts import words
from looprisk.errors import LoopriskError, ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.expectation import Expectation
from looprisk.model.groups import meant, runs
from looprisk.model.paths import value_at
from looprisk.model.reading import parse_scenario
from looprisk.model.system import System
from looprisk.model.tree import dump
from looprisk.model.values import Value, decimal_text, read
from looprisk.results.limits import Boundary, Limit, SafeRange
from looprisk.results.numbers import NONE

SCAN = 32
"""Steps of the scan over the range; a stretch narrower than one may be missed, and the note says
what was searched."""
DIGITS = 6
"""Significant digits to which a limit is bracketed and typed."""
_SCALES = {"fraction": (Fraction(100), "%"), "share": (Fraction(100), "%")}
_ENDS = {"fraction": 1, "share": 1}
_TIMES = 10
"""Without ``between``, an amount is searched up to so many times what it is now."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one value leads to: None where the expectation holds, else why it does not."""

    why: str | None
    residual: float = 0.0
    possible: bool = True
    """Whether the system can have the value at all."""


@dataclass(slots=True)
class _Search:
    """The values tried so far; each is solved once."""

    case: Case
    path: str
    written: Value
    seen: dict[Fraction, _Seen] = field(default_factory=dict)

    def holds(self, number: Fraction) -> bool:
        if number not in self.seen:
            self.seen[number] = self._look(number)
        return self.seen[number].why is None

    def why(self, number: Fraction) -> str:
        return self.seen[number].why or ""

    def text(self, number: Fraction) -> str:
        return text_of(number, self.written)

    def _look(self, number: Fraction) -> _Seen:
        value = replace(self.written, low=number, high=number, text=self.text(number))
        try:
            case = replace(self.case, system=self.case.system.set({self.path: value}))
        except ModelError as error:
            return _Seen(f"not possible: {error.problems[0].message}", possible=False)
        residual = 0.0
        for run in runs(case):
            try:
                solved = solve(run)
                residual = max(residual, proven(solved.end)[0])
                failed = next((row for row in judge(solved) if row.outcome != "ok"), None)
            except LoopriskError as error:
                return _Seen(f"no certified answer: {str(error).splitlines()[0]}")
            if failed is None and _broken_at_start(solved, run.scenario.expect[0]):
                return _Seen(f"{judge(solved)[0].asked}: already at the start", residual)
            if failed is not None:
                found = failed.got_text or (NONE if failed.got is None else f"{failed.got:.6g}")
                return _Seen(f"{failed.asked}: {found}", residual)
        return _Seen(None, residual)


def limit(
    what: System | Case,
    path: str,
    keep: Mapping[str, object],
    *,
    between: tuple[object, object] | None = None,
    watch: Callable[[list[Fraction]], Iterator[Fraction]] = iter,
    **asked: Unpack[Question],
) -> Limit:
    """Return the values at ``path`` with which the expectation ``keep`` holds under a shock.

    ``what`` and the shock as keywords are those of :func:`looprisk.run`.

    ``keep`` has the words of an expectation: ``{"of": "plume-xusd", "metric": "break_at", "event":
    "bad_debt", "at_least": "8%"}``. ``between`` is the range searched; without it a share from 0 to
    1, an amount from 0 to ten times what it is. The range is scanned in equal steps, each change is
    bracketed to six digits: the value given holds, the next digit does not.

    >>> import looprisk as lr
    >>> loop = lr.loop("wstETH", "ETH", equity=100, ltv=0.90, lltv=0.945)
    >>> keep = {"of": "loop", "metric": "break_at", "event": "liquidated", "at_least": "8%"}
    >>> limit(loop, "loop/loop/ltv", keep, price={"wstETH": -1}).recommended
    '86.94%'

    Raises ModelError where the path leads to no number or ``keep`` cannot be judged.
    """
    case = _keeping(case_of(what, asked), keep)
    written = value_at(dump(case.system), path)
    if not isinstance(written, Value) or not written.known:
        raise ModelError([Problem((), f"{path}: a limit is of a number; here stands none")])
    low, high = _range(written, path, between)
    search = _Search(case, path, written)
    now = search.holds(written.number)
    step = (high - low) / SCAN
    inside = {written.number} if low < written.number < high else set()
    scan = sorted({low + k * step for k in range(SCAN + 1)} | inside)
    for number in watch(scan):
        search.holds(number)
    return Limit(
        scenario=title(case),
        path=path,
        unit=written.unit,
        keep=_in_words(case.scenario.expect[0]),
        current=float(written.number),
        current_text=written.text or search.text(written.number),
        holds_now=now,
        ranges=tuple(_ranges(search, scan)),
        searched=(search.text(low), search.text(high)),
        solves=len(search.seen),
        residual=max(seen.residual for seen in search.seen.values()),
    )


def text_of(number: Fraction, written: Value) -> str:
    """Return a number in the unit that a value was written in, as it is typed.

    >>> from looprisk.model.units import fraction
    >>> text_of(Fraction(863, 1000), fraction("77%"))
    '86.3%'
    """
    scale, sign = _SCALES.get(written.unit, (Fraction(1), ""))
    digits = decimal_text(Fraction(round(number * scale * 10**12), 10**12))
    if written.unit in {"usd", "tokens"}:
        digits = _scaled(number)
    if written.unit == "usd":
        return f"-${digits[1:]}" if digits.startswith("-") else f"${digits}"
    if written.unit == "multiple":
        return f"{digits}x"
    return f"{digits} {written.of}" if written.of else f"{digits}{sign}"


def _scaled(number: Fraction) -> str:
    """Return a number with the scale that keeps it short: ``593.664M``."""
    for scale, letter in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if abs(number) >= scale:
            return f"{decimal_text(Fraction(round(number * 10**12 / scale), 10**12))}{letter}"
    return decimal_text(Fraction(round(number * 10**12), 10**12))


def _broken_at_start(solved: Solved, expectation: Expectation) -> bool:
    """Whether the event that must never happen holds before any shock: no value that is safe."""
    if expectation.happens != "never":
        return False
    names = {claim_named(solved, of) for of in meant(expectation.of, solved.case.system.parts)}
    held = {(m.of, m.event) for m in solved.holding(solved.start)}
    return any((name, expectation.event) in held for name in names)


def _keeping(case: Case, keep: Mapping[str, object]) -> Case:
    """Return the case with the one expectation that is kept."""
    scenario, problems = parse_scenario({"expect": [dict(keep)]}, case.system, ("keep",))
    if scenario is None or problems:
        raise ModelError(Problem((), f"keep: {p.message}", p.help) for p in problems)
    expect = scenario.expect
    return replace(
        case, scenario=case.scenario.model_copy(update={"expect": expect}), expect_lines=()
    )


def _in_words(expectation: Expectation) -> str:
    return f"{expectation.of} {words(expectation)[0]}"


def _range(
    written: Value, path: str, between: tuple[object, object] | None
) -> tuple[Fraction, Fraction]:
    if between is not None:
        ends = [_read(end, written, path) for end in between]
        if ends[0] >= ends[1]:
            raise ModelError([Problem((), f"between: {ends[0]} is not below {ends[1]}")])
        return ends[0], ends[1]
    top = _ENDS.get(written.unit)
    high = Fraction(top) if top is not None else abs(written.number) * _TIMES
    if not high:
        message = f"{path} is 0: how far should be searched?"
        raise ModelError([Problem((), message, "give the range: --between '$0..$10M'")])
    return Fraction(0), max(high, written.number)


def _read(raw: object, written: Value, path: str) -> Fraction:
    reading = read(raw)
    if reading.low is None or reading.low != reading.high:
        raise ModelError([Problem((), f"between: `{reading.text}` is not one number")])
    scale = {"%": Fraction(1, 100), "bps": Fraction(1, 10_000)}.get(reading.unit, Fraction(1))
    if reading.dollar != (written.unit == "usd") and not reading.python:
        message = f"between: `{reading.text}`: write it as {path} is written: {written.text}"
        raise ModelError([Problem((), message)])
    return reading.low * scale


def _ranges(search: _Search, scan: list[Fraction]) -> Iterator[SafeRange]:
    """Yield the stretches that hold; each change between two points of the scan is halved."""
    low = Boundary(holds=float(scan[0]), text=search.text(scan[0]))
    inside = search.holds(scan[0])
    for left, right in pairwise(scan):
        if search.holds(left) == search.holds(right):
            continue
        good, bad = _bracket(search, left, right)
        end = Boundary(
            holds=float(good),
            text=search.text(good),
            fails=float(bad) if search.seen[bad].possible else None,
            why=search.why(bad),
        )
        if inside:
            yield SafeRange(low=low, high=end)
        low, inside = end, not inside
    if inside:
        yield SafeRange(low=low, high=Boundary(holds=float(scan[-1]), text=search.text(scan[-1])))


def _bracket(search: _Search, left: Fraction, right: Fraction) -> tuple[Fraction, Fraction]:
    """Return the last value that holds and the next one, on a grid of short numbers."""
    unit = _grid(max(abs(left), abs(right)))
    good, bad = (left, right) if search.holds(left) else (right, left)
    while abs(bad - good) > unit:
        middle = round((good + bad) / 2 / unit) * unit
        if middle in (good, bad):
            break
        good, bad = (middle, bad) if search.holds(middle) else (good, middle)
    return good, bad


def _grid(size: Fraction) -> Fraction:
    """Return one unit in the last of the significant digits of a size."""
    place = len(str(int(size))) if size >= 1 else 0
    return Fraction(10) ** (place - DIGITS)
