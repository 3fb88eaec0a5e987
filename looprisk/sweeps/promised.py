"""What a scenario promises, judged: its expectations, its smallest shocks and its limits.

The command line, the pytest plugin and the notebook all judge here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from looprisk.analysis import judging
from looprisk.analysis.cascading import Watch
from looprisk.analysis.verdicts import Bounded, bounds_in_words, holds, words
from looprisk.errors import UnknownValueError
from looprisk.model.case import Case
from looprisk.model.groups import only_run, runs
from looprisk.model.promises import SafeLimit, SmallestShock
from looprisk.model.values import Value
from looprisk.model.vocabulary import Unit
from looprisk.results.answers import CheckReport
from looprisk.results.limits import Limit
from looprisk.results.numbers import NONE
from looprisk.results.records import Outcome, Verdict
from looprisk.results.reverse import Radius, Reverse
from looprisk.sweeps.limit import limit
from looprisk.sweeps.reverse import reverse

_UNITS: Mapping[str, Unit] = {"fraction": "fraction", "share": "fraction", "usd": "usd"}
_EQUAL = Fraction(1, 10**9)
"""A radius that was searched for is known to this share of it."""


def check(case: Case, watch: Watch | None = None) -> CheckReport:
    """Return the verdict on everything that a case promises, in the order of the file.

    Expectations come first, then the smallest shocks under ``reverse``, then ``limits``. Where all
    that a verdict on an expectation depends on is written as intervals it holds for every value in
    them. A scenario with ``each`` is judged once for each member. ``watch`` is told (step, of how
    many) as a scenario with ``time`` goes.

    Raises UnknownValueError naming what is ``unknown`` and decides.
    """
    rows = (*judging.check(case, watch).rows, *_promises(case))
    return CheckReport(rows=rows, scenario_count=1)


def check_bounds(case: Case) -> CheckReport:
    """Return the verdict on everything that a case promises for all values that nobody knows.

    A smallest shock or a limit that depends on one of them stays ``open``.
    """
    rows = (*judging.check_bounds(case).rows, *_promises(case, bounds=True))
    return CheckReport(rows=rows, scenario_count=1)


def named(case: Case) -> Iterator[tuple[str, int]]:
    """Yield the name and the line of everything that a case promises, in the order of verdicts."""
    scenario = case.scenario
    lines = case.expect_lines or (1,) * len(scenario.expect)
    for expectation, line in zip(scenario.expect, lines, strict=True):
        yield expectation.name or f"{expectation.of} {words(expectation)[0]}", line
    for promise, line in _lined(case):
        yield promise.name or _asked(promise), line


def limits_of(case: Case) -> list[Limit]:
    """Return every limit of a scenario, each with all other parameters as they stand."""
    return [_limit(run, wanted) for run in runs(case) for wanted in case.scenario.limits]


def shocks_of(case: Case) -> list[Reverse]:
    """Return every smallest shock of a scenario."""
    return [_reverse(run, wanted) for run in runs(case) for wanted in case.scenario.reverse]


def _lined(case: Case) -> Iterator[tuple[SmallestShock | SafeLimit, int]]:
    promises = (*case.scenario.reverse, *case.scenario.limits)
    yield from zip(promises, case.promise_lines or (1,) * len(promises), strict=True)


def _promises(case: Case, *, bounds: bool = False) -> Iterator[Verdict]:
    for run in runs(case):
        for promise, line in _lined(run):
            try:
                judged = _judged(run, promise)
            except UnknownValueError as error:
                if not bounds:
                    raise
                judged = ("open", None, "fraction", NONE, f"{' and '.join(error.paths)} decides")
            yield _verdict(run, promise, line, judged)


_Judged = tuple[Outcome, Fraction | None, Unit, str, str]
"""The outcome, the number found, its unit, words in its place, and why."""


def _verdict(run: Case, promise: SmallestShock | SafeLimit, line: int, judged: _Judged) -> Verdict:
    outcome, number, unit, text, because = judged
    bound = next((b for b in (promise.is_, promise.at_least, promise.at_most) if b), None)
    name = promise.name or _asked(promise)
    return Verdict(
        outcome=outcome,
        name=f"{name} [{run.member}]" if run.member else name,
        asked=_asked(promise),
        expected=bounds_in_words(promise),
        got=None if number is None else float(number),
        unit=unit,
        limit=None if bound is None else float(bound.number),
        got_text=text,
        because=because,
        evidence=promise.evidence or "",
        scenario=run.name,
        file=run.file,
        line=line,
    )


def _asked(promise: SmallestShock | SafeLimit) -> str:
    verb = "is " if promise.is_ is not None else ""
    bounds = f"{verb}{bounds_in_words(promise)}"
    if isinstance(promise, SafeLimit):
        kept = promise.preset or (
            f"{promise.keep.of} {words(promise.keep)[0]}" if promise.keep else ""
        )
        return f"limit of {promise.path} for {kept} {bounds}"
    panic = ", in a panic," if promise.solution == "least" else ""
    return (
        f"smallest shock to {promise.of} {promise.event}{panic} in the {promise.norm} norm {bounds}"
    )


def _judged(run: Case, promise: SmallestShock | SafeLimit) -> _Judged:
    if isinstance(promise, SafeLimit):
        return _judged_limit(_limit(run, promise), promise)
    return _judged_radius(_reverse(run, promise), promise)


def _reverse(run: Case, wanted: SmallestShock) -> Reverse:
    covariance = wanted.covariance or None
    return reverse(only_run(run), wanted.of, wanted.event, norm=wanted.norm, covariance=covariance)


def _judged_radius(found: Reverse, wanted: SmallestShock) -> _Judged:
    radius = found.robust if wanted.solution == "greatest" else found.fragile
    if radius is None and found.robust is not None:
        because = "the least solution is not followed where a response bends"
        return "n/a", None, "fraction", NONE, because
    if radius is None:
        good = wanted.at_least is not None and wanted.at_most is None
        return "ok" if good else "FAIL", None, "fraction", "never, up to all of each", ""
    number = Fraction(radius.exact) if radius.exact is not None else Fraction(radius.radius)
    slack = Fraction(0) if radius.exact is not None else _EQUAL * number
    good = holds(wanted, number, slack=slack)
    return "ok" if good else "FAIL", number, "fraction", "", _struck(radius)


def _struck(radius: Radius) -> str:
    said = ", ".join(f"{f.factor} {f.text}" for f in radius.factors if f.size)
    return said if radius.proven else f"{said}; the smallest found"


def _limit(run: Case, wanted: SafeLimit) -> Limit:
    ends = wanted.ends
    return limit(run, wanted.path, wanted.keep, preset=wanted.preset, of=wanted.of, between=ends)


def _judged_limit(found: Limit, wanted: SafeLimit) -> _Judged:
    unit = _UNITS.get(found.unit, "tokens" if found.unit == "tokens" else "multiple")
    if not found.ranges:
        return "FAIL", None, unit, "no value is safe", found.headline
    if _other_unit(found, wanted):
        return "FAIL", None, unit, f"now {found.current_text}", "write the bound as the value is"
    if found.end is None:
        low, high = found.searched
        ends = (found.ranges[0].low.number, found.ranges[-1].high.number)
        good = (
            wanted.is_ is None
            and (wanted.at_least is None or wanted.at_least.number <= ends[1])
            and (wanted.at_most is None or wanted.at_most.number >= ends[0])
        )
        return "ok" if good else "FAIL", None, unit, f"all from {low} to {high}", ""
    good = holds(wanted, found.end.number)
    return (
        "ok" if good else "FAIL",
        found.end.number,
        unit,
        found.end.text,
        f"beyond: {found.end.why}",
    )


def _other_unit(found: Limit, wanted: Bounded) -> bool:
    """Return whether a bound wears another unit than the parameter."""
    bounds: list[Value] = [b for b in (wanted.is_, wanted.at_least, wanted.at_most) if b]
    kinds = {"fraction": "fraction", "share": "fraction", "usd": "usd", "multiple": "multiple"}
    return any(bound.unit not in {kinds.get(found.unit, "tokens"), "tokens"} for bound in bounds)
