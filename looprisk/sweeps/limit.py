"""The values of a parameter with which a rule holds: scanned, then bracketed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Unpack

from looprisk.analysis.api import Question, case_of
from looprisk.analysis.clearing import title
from looprisk.errors import ModelError, Problem, UnknownValueError
from looprisk.model.case import Case
from looprisk.model.expectation import Expectation
from looprisk.model.paths import value_at
from looprisk.model.system import System
from looprisk.model.tree import dump
from looprisk.model.values import Value, decimal_text, read
from looprisk.results.limits import Boundary, Limit, SafeRange, end_of
from looprisk.sweeps.parameters import parameter
from looprisk.sweeps.presets import preset as published
from looprisk.sweeps.rules import Rule, Seen, expected, kept

SCAN = 32
"""Steps of the scan over the range; a stretch narrower than one may be missed, and the note says
what was searched."""
DIGITS = 6
"""Significant digits to which a limit is bracketed and typed."""
_SCALES = {"fraction": (Fraction(100), "%"), "share": (Fraction(100), "%")}
_ENDS = {"fraction": 1, "share": 1}
_TIMES = 10
"""Without ``between``, an amount is searched up to so many times what it is now."""


@dataclass(slots=True)
class _Search:
    """The values tried so far; each is asked once."""

    rule: Rule
    path: str
    written: Value
    seen: dict[Fraction, Seen] = field(default_factory=dict)

    def holds(self, number: Fraction) -> bool:
        if number not in self.seen:
            self.seen[number] = self._look(number)
        return self.seen[number].why is None

    def why(self, number: Fraction) -> str:
        return self.seen[number].why or ""

    def text(self, number: Fraction) -> str:
        return text_of(number, self.written)

    @property
    def residual(self) -> float:
        return max(seen.residual for seen in self.seen.values())

    def _look(self, number: Fraction) -> Seen:
        try:
            changed = replace(self.rule.case, system=self.system(number))
        except ModelError as error:
            return Seen(f"not possible: {error.problems[0].message}", possible=False)
        return self.rule.look(changed)

    def system(self, number: Fraction) -> System:
        """Return the system with this value; raises ModelError where it cannot have it."""
        value = replace(self.written, low=number, high=number, text=self.text(number))
        return self.rule.case.system.set({self.path: value})

    def possible(self, number: Fraction) -> bool:
        """Whether the system can have this value, without asking the rule."""
        if number in self.seen:
            return self.seen[number].possible
        try:
            self.system(number)
        except ModelError:
            return False
        return True


def limit(
    what: System | Case,
    path: str,
    keep: Mapping[str, object] | Expectation | None = None,
    *,
    preset: str | None = None,
    of: str | None = None,
    between: tuple[object, object] | None = None,
    watch: Callable[[list[Fraction]], Iterator[Fraction]] = iter,
    **asked: Unpack[Question],
) -> Limit:
    """Return the values at ``path`` with which the expectation ``keep`` holds under a shock.

    ``what`` and the shock as keywords are those of :func:`looprisk.run`; with ``time`` every value
    is stepped through.

    ``keep`` has the words of an expectation: ``{"of": "plume-xusd", "metric": "break_at", "event":
    "bad_debt", "at_least": "8%"}``. In its place ``preset`` names a published rule of
    :mod:`looprisk.sweeps.presets`: ``twice-liquidity``, ``break-8`` or ``run-30``; it is about what
    the path belongs to, or about ``of``. ``between`` is the range searched; without it a share from
    0 to 1, an amount from 0 to ten times what it is. The range is scanned in equal steps, each
    change is bracketed to six digits: the value given holds, the next digit does not.

    >>> import looprisk as lr
    >>> loop = lr.loop("wstETH", "ETH", equity=100, ltv=0.90, lltv=0.945)
    >>> keep = {"of": "loop", "metric": "break_at", "event": "liquidated", "at_least": "8%"}
    >>> limit(loop, "loop/loop/ltv", keep, price={"wstETH": -1}).recommended
    '86.94%'
    >>> limit(loop, "loop/loop/ltv", preset="break-8").holds_now
    True

    Raises ModelError where the path leads to no number, where neither or both of ``keep`` and
    ``preset`` are given, or where what is kept cannot be judged.
    """
    return _searched(_rule(case_of(what, asked), path, keep, preset, of), path, between, watch)


def _rule(
    case: Case,
    path: str,
    keep: Mapping[str, object] | Expectation | None,
    preset: str | None,
    of: str | None,
) -> Rule:
    """Return what is kept; the path is read before, so that its own errors come first."""
    written_at(case.system, path)
    if (keep is None) == (preset is None):
        message = "a limit keeps an expectation (`keep`) or a published rule (`preset`): one of two"
        raise ModelError([Problem((), message)])
    if isinstance(keep, Expectation):
        return expected(case, keep)
    if keep is not None:
        return kept(case, keep)
    return published(case, path, str(preset), of)


def written_at(system: System, path: str) -> Value:
    """Return the number that a path leads to.

    Raises ModelError where there is none, UnknownValueError where nobody knows it.
    """
    written = value_at(dump(system), path)
    if not isinstance(written, Value):
        raise ModelError([Problem((), f"{path}: a limit is of a number; here stands none")])
    if not written.known:
        message = f"{path} is `{written.text}`: give it a value, --set {path}=…, to ask its limit"
        raise UnknownValueError(message, paths=[path])
    return written


def _searched(
    rule: Rule,
    path: str,
    between: tuple[object, object] | None,
    watch: Callable[[list[Fraction]], Iterator[Fraction]],
) -> Limit:
    case = rule.case
    written = written_at(case.system, path)
    low, high = _range(written, path, between, rule.reach)
    search = _Search(rule, path, written)
    now = search.holds(written.number)
    step = (high - low) / SCAN
    inside = {written.number} if low < written.number < high else set()
    scan = sorted({low + k * step for k in range(SCAN + 1)} | inside)
    for number in watch(scan):
        search.holds(number)
    scan = sorted({*scan, *_edges(search, scan)})
    ranges = tuple(_ranges(search, scan))
    stays = now and not rule.sets
    row = parameter(
        case.system,
        path,
        written,
        None if stays else end_of(ranges, float(written.number), sets=rule.sets),
        holds=search.holds,
        keep=rule.words,
        proof=_proof(search),
        sources=rule.sources,
    )
    return Limit(
        scenario=title(case),
        path=path,
        unit=written.unit,
        keep=rule.words,
        current=float(written.number),
        current_text=written.text or search.text(written.number),
        holds_now=now,
        ranges=ranges,
        searched=(search.text(low), search.text(high)),
        solves=len(search.seen),
        residual=search.residual,
        parameter=row,
        why=search.why(written.number),
        sets=rule.sets,
        simulated=rule.simulated,
        sources=rule.sources,
    )


def _proof(search: _Search) -> str:
    if search.rule.simulated:
        return f"simulated: {len(search.seen)} runs through time"
    return f"certified: {len(search.seen)} solves, residual at most {search.residual:.2g}"


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


def _range(
    written: Value, path: str, between: tuple[object, object] | None, reach: Fraction | None
) -> tuple[Fraction, Fraction]:
    if between is not None:
        ends = [_read(end, written, path) for end in between]
        if ends[0] >= ends[1]:
            raise ModelError([Problem((), f"between: {ends[0]} is not below {ends[1]}")])
        return ends[0], ends[1]
    top = _ENDS.get(written.unit)
    high = Fraction(top) if top is not None else abs(written.number) * _TIMES
    high = max(high, Fraction(reach.__ceil__())) if reach is not None else high
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
    low = _open_end(search, scan[0])
    inside = search.holds(scan[0])
    for left, right in pairwise(scan):
        if search.holds(left) == search.holds(right):
            continue
        good, bad = _bracket(search.holds, left, right)
        end = Boundary(
            holds=float(good),
            number=good,
            text=search.text(good),
            fails=float(bad) if search.seen[bad].possible else None,
            why=search.why(bad),
        )
        if inside:
            yield SafeRange(low=low, high=end)
        low, inside = end, not inside
    if inside:
        yield SafeRange(low=low, high=_open_end(search, scan[-1]))


def _open_end(search: _Search, number: Fraction) -> Boundary:
    """Return an end of what was searched, beyond which nothing was seen to fail."""
    return Boundary(holds=float(number), number=number, text=search.text(number))


def _edges(search: _Search, scan: list[Fraction]) -> Iterator[Fraction]:
    """Yield the last values that are possible: a stretch that holds may be no longer than there."""
    for left, right in pairwise(scan):
        if search.possible(left) != search.possible(right):
            yield _bracket(search.possible, left, right)[0]


def _bracket(
    holds: Callable[[Fraction], bool], left: Fraction, right: Fraction
) -> tuple[Fraction, Fraction]:
    """Return the last value that holds and the next one, on a grid of short numbers."""
    unit = _grid(max(abs(left), abs(right)))
    good, bad = (left, right) if holds(left) else (right, left)
    while abs(bad - good) > unit:
        middle = round((good + bad) / 2 / unit) * unit
        if middle in (good, bad):
            break
        good, bad = (middle, bad) if holds(middle) else (good, middle)
    return good, bad


def _grid(size: Fraction) -> Fraction:
    """Return one unit in the last of the significant digits of a size."""
    place = len(str(int(size))) if size >= 1 else 0
    return Fraction(10) ** (place - DIGITS)
