"""Expectations judged: the metric as solved against the bound as written."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from looprisk.analysis.asked import (
    booked,
    claim_meant,
    lends,
    level_of,
    must_be_known,
    stretches_of,
)
from looprisk.analysis.axis import axis_of
from looprisk.analysis.borders import in_other_unit, judged_border
from looprisk.analysis.breaking import why
from looprisk.analysis.cascading import Watch
from looprisk.analysis.looking import with_look_through
from looprisk.analysis.metrics import METRICS as MEASURED
from looprisk.analysis.metrics import Ask, measure
from looprisk.analysis.recognising import recognised
from looprisk.analysis.solve import Solved, solve
from looprisk.analysis.timing import judge_in_time
from looprisk.analysis.unknowns import naming
from looprisk.analysis.verdicts import Got, Judged, holds, verdict
from looprisk.analysis.ways import Ways
from looprisk.engine.curved import WIDTH
from looprisk.engine.monitors import depegged, holds_at, lenders_short, monitors
from looprisk.engine.point import Point
from looprisk.engine.state import ZERO
from looprisk.model.case import Case
from looprisk.model.expectation import Expectation
from looprisk.model.groups import meant, runs
from looprisk.model.vocabulary import unit_of
from looprisk.results.answers import CheckReport
from looprisk.results.records import Verdict

NEED_TIME = frozenset({"time_of", "hidden_for"})


def check(case: Case, watch: Watch | None = None) -> CheckReport:
    """Return the verdict on every expectation of a case, in the order of the file.

    A scenario with ``each`` is judged once for each member. ``watch`` is told (step, of how many)
    as a scenario with ``time`` goes.
    """
    if not case.scenario.expect:
        return CheckReport(rows=(), scenario_count=1)

    def judged(each: Case) -> list[Verdict]:
        if case.scenario.time is not None:
            return naming(each, lambda asked: judge_in_time(asked, watch))
        return naming(each, lambda asked: judge(solve(asked)))

    rows = [with_look_through(each, judged) for each in runs(case)]
    return CheckReport(rows=tuple(row for several in rows for row in several), scenario_count=1)


def judge(solved: Solved) -> list[Verdict]:
    """Return the verdicts on one solved case; a group of things gives one verdict."""
    asked = {expectation.after for expectation in solved.case.scenario.expect}
    ways = {after: Ways(solved, after) for after in asked}
    lines = solved.case.expect_lines or (0,) * len(solved.case.scenario.expect)
    return [
        _verdict(solved, ways[expectation.after], expectation, line)
        for expectation, line in zip(solved.case.scenario.expect, lines, strict=True)
    ]


def _verdict(solved: Solved, ways: Ways, expectation: Expectation, line: int) -> Verdict:
    of = meant(str(expectation.of), solved.case.system.parts)
    names = [claim_meant(solved, name) for name in of]
    return verdict(
        expectation,
        [(name, *judge_one(solved, expectation, name)) for name in names],
        scenario=solved.case.name,
        file=solved.case.file,
        line=line,
        member=solved.case.member,
        way=ways.to if expectation.after != "start" else None,
    )


def judge_one(solved: Solved, expectation: Expectation, of: str) -> Judged:
    """Return the verdict on one thing of a solved case, and what was found."""
    must_be_known(solved, of)
    if expectation.metric in NEED_TIME:
        return "n/a", Got(
            number=None, unit="seconds", text="–", because="needs a scenario with time"
        )
    if expectation.happens is not None:
        return _judge_event(solved, expectation, of)
    if expectation.metric in {"break_at", "break_fraction"}:
        return _judge_break(solved, expectation, of)
    return _judge_metric(solved, expectation, of)


def _not_of(solved: Solved, expectation: Expectation, of: str) -> str:
    """Return why an event cannot happen to a thing; nothing where it can."""
    event = str(expectation.event)
    system = solved.catalogue.system
    if event == "depegged":
        known = of in solved.catalogue.tokens
    elif event == "recognised":
        known = booked(solved, of) in {*solved.catalogue.tokens, *solved.catalogue.supplies}
    elif event in {"liquidated", "bad_debt"} and of in system.markets:
        known = True
    elif event in {"insolvent", "impaired"} and of in system.issuers:
        known = True  # one that owes nothing never is
    elif event == "impaired" and lends(solved, of):
        known = True
    else:
        watched = (monitors(p.compiled, solved.baseline) for p in (solved.start, *solved.ends))
        known = event == "gated" or any(
            (m.of, m.event) == (of, event) for several in watched for m in several
        )
    if known:
        return ""
    issuer = solved.catalogue.issuer_of.get(of)
    if event == "impaired" and issuer is not None:
        return f"{of} is what is left of {issuer}, which owes others: ask for insolvent of {issuer}"
    return f"{event} is not an event of {of}"


def _judge_event(solved: Solved, expectation: Expectation, of: str) -> Judged:
    """An event that had already happened at the start does not count as happening."""
    wrong = _not_of(solved, expectation, of)
    if wrong:
        return "n/a", Got(number=None, unit="event", text="–", because=wrong)
    points = [solved.after(str(expectation.after))] if expectation.after else list(solved.ends)
    key = (of, str(expectation.event))
    happened = any(key in _holding(solved, expectation, of, point) for point in points)
    at_start = key in _holding(solved, expectation, of, solved.start)
    if (
        not happened
        and not expectation.after
        and stretches_of(solved, of, str(expectation.event), expectation.below)
    ):
        happened = True
    happened = happened and not at_start
    good = happened == (expectation.happens == "always")
    text = "happens" if happened else "already at the start" if at_start else "never"
    return "ok" if good else "FAIL", Got(number=None, unit="event", text=text)


def _holding(
    solved: Solved, expectation: Expectation, of: str, point: Point
) -> set[tuple[str, str]]:
    found = {(m.of, m.event) for m in solved.holding(point)}
    if expectation.event == "depegged" and expectation.below is not None:
        level = level_of(solved, expectation.below)
        if holds_at(depegged(point.compiled, of, level), point):
            found.add((of, "depegged"))
    if expectation.event == "impaired" and lends(solved, of):
        short = lenders_short(point.compiled, of)
        found |= {(of, "impaired")} if any(holds_at(m, point) for m in short) else set()
    if expectation.event == "recognised":
        stages = zip(solved.ends, recognised(solved), strict=True)
        taken_in = next((losses for end, losses in stages if end is point), {})
        found |= {(of, "recognised")} if booked(solved, of) in taken_in else set()
    return found


def _judge_break(solved: Solved, expectation: Expectation, of: str) -> Judged:
    axis = axis_of(solved)
    event = str(expectation.event)
    wrong = _not_of(solved, expectation, of)
    if wrong:
        return "n/a", Got(number=None, unit=axis.unit, text="–", because=wrong)
    if (refused := in_other_unit(expectation, axis)) is not None:
        return refused
    expectation = in_usd(expectation, solved.start)
    stretches = stretches_of(solved, of, event, expectation.below)
    if not stretches:
        return judged_border(expectation, axis, None)
    lo = Fraction(stretches[0].lo)
    slack = WIDTH * abs(axis.full - axis.start) if not solved.segments else ZERO
    because = why(solved, of, event, stretches[0])
    return judged_border(expectation, axis, lo, because=because, slack=slack)


def in_usd(expectation: Expectation, point: Point) -> Expectation:
    """Return an expectation whose prices in tokens are in USD, at the prices of a solution."""
    changed = {
        field: replace(bound, low=number, high=number, unit="usd", of=None)
        for field in ("is_", "at_least", "at_most")
        if (bound := getattr(expectation, field)) is not None and bound.of is not None
        for number in [bound.number * _unit_price(point, bound.of)]
    }
    return expectation.model_copy(update=changed) if changed else expectation


def _unit_price(point: Point, unit: str) -> Fraction:
    world = point.compiled.world
    return point.token(unit) if unit in world.catalogue.tokens else world.price(unit).at(point.s)


def _judge_metric(solved: Solved, expectation: Expectation, of: str) -> Judged:
    metric = str(expectation.metric)
    point = solved.after(str(expectation.after) if expectation.after else None)
    unit = unit_of(metric)
    if metric not in MEASURED:
        return "n/a", Got(number=None, unit=unit, text="–", because=f"{metric} is not solved yet")
    expectation = in_usd(expectation, point) if unit == "price" else expectation
    number = measure(metric, Ask(solved=solved, point=point, of=of))
    if number is None:
        text = f"{metric} is not defined for {of} here"
        return "FAIL", Got(number=None, unit=unit, text="–", because=text)
    good = holds(expectation, number)
    return ("ok" if good else "FAIL"), Got(number=number, unit=unit)
