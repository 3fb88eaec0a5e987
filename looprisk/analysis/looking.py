"""Expectations on ``look_through``: limits on what a holder stands on, judged without a solve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from looprisk.analysis.look_through import LookThrough, because, look_through, way_to
from looprisk.analysis.verdicts import Got, Judged, holds, verdict
from looprisk.model.case import Case
from looprisk.model.expectation import Expectation
from looprisk.model.groups import meant
from looprisk.results.numbers import share
from looprisk.results.records import Verdict

METRIC = "look_through"
NOT_HERE = "look_through is of the system before any shock: change the start with `set`"


def with_look_through(
    case: Case, judge: Callable[[Case], Sequence[Verdict]]
) -> tuple[Verdict, ...]:
    """Return the verdicts on a case in the order of the file; ``judge`` gives those of a solve.

    A limit on look-through needs no solve, so it is judged where no solve is possible too.
    """
    expect = case.scenario.expect
    lines = case.expect_lines or (0,) * len(expect)
    others = [at for at, one in enumerate(expect) if one.metric != METRIC]
    solved = dict(zip(others, judge(_only(case, others)) if others else (), strict=True))
    return tuple(
        solved[at] if at in solved else judge_look(case, one, line)
        for at, (one, line) in enumerate(zip(expect, lines, strict=True))
    )


def _only(case: Case, places: Sequence[int]) -> Case:
    expect = case.scenario.expect
    if len(places) == len(expect):
        return case
    lines = case.expect_lines or (0,) * len(expect)
    return replace(
        case,
        scenario=case.scenario.model_copy(update={"expect": tuple(expect[at] for at in places)}),
        expect_lines=tuple(lines[at] for at in places),
    )


def judge_look(case: Case, expectation: Expectation, line: int) -> Verdict:
    """Return the verdict on one limit; a group of holders gives one verdict, its worst.

    An unknown number makes the share an interval: it passes or fails where all of it does, and
    else is open.
    """
    names = meant(str(expectation.of), case.system.parts)
    found = [(name, *_judged(case, expectation, name)) for name in names]
    return verdict(
        expectation,
        found,
        scenario=case.name,
        file=case.file,
        line=line,
        member=case.member,
        way=lambda of: _way(case, expectation, of),
    )


def _judged(case: Case, expectation: Expectation, of: str) -> Judged:
    if expectation.after not in {None, "start"} or expectation.at is not None:
        return "n/a", Got(number=None, unit="fraction", text="–", because=NOT_HERE)
    found = look_through(case.system, of, expectation.of_issuer)
    got = Got(number=found.low, unit="fraction", because=because(found))
    if found.low == found.high:
        return ("ok" if holds(expectation, found.low) else "FAIL"), got
    got = replace(
        got,
        number=None,
        text=f"{share(float(found.low))} to {share(float(found.high))}",
    )
    if holds(expectation, found.low) and holds(expectation, found.high):
        return "ok", got
    return ("open" if holds(expectation, _nearest(expectation, found)) else "FAIL"), got


def _nearest(expectation: Expectation, found: LookThrough) -> Fraction:
    """Return the number of the interval that comes nearest to what is asked."""
    low = expectation.is_ or expectation.at_least
    high = expectation.is_ or expectation.at_most
    number = found.low if low is None else max(found.low, low.number)
    number = number if high is None else min(number, high.number)
    return min(max(number, found.low), found.high)


def _way(case: Case, expectation: Expectation, of: str) -> str:
    """Return the heaviest way down to the issuer that is passed."""
    issuer = look_through(case.system, of, expectation.of_issuer).issuer
    return " > ".join(way_to(case.system, of, issuer)) if issuer else ""
