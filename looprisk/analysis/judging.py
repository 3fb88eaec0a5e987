"""Expectations judged for all that a case leaves open: they pass only if none can break them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from looprisk.analysis import quantities
from looprisk.analysis.asked import claim_meant
from looprisk.analysis.axis import axis_of
from looprisk.analysis.bounds import Cases, Make
from looprisk.analysis.breaking import claim_of
from looprisk.analysis.cascading import Watch
from looprisk.analysis.check import check as check_numbers
from looprisk.analysis.check import judge_one
from looprisk.analysis.enclosed_breaks import NEVER
from looprisk.analysis.looking import with_look_through
from looprisk.analysis.metrics import METRICS
from looprisk.analysis.solve import Solved
from looprisk.analysis.spans import Family, Span
from looprisk.analysis.uncertain import only_intervals, uncertain
from looprisk.analysis.verdicts import Got, Judged, holds, words
from looprisk.engine.monitors import monitors
from looprisk.errors import UnknownValueError
from looprisk.model.case import Case
from looprisk.model.expectation import Expectation
from looprisk.model.groups import meant, runs
from looprisk.model.vocabulary import Unit, unit_of
from looprisk.results.answers import CheckReport
from looprisk.results.numbers import quantity as figure
from looprisk.results.records import Outcome, Verdict

NOT_PROVED = "no bound is proved"


def check(case: Case, watch: Watch | None = None) -> CheckReport:
    """Return the verdict on every expectation of a case, in the order of the file.

    Where all that the verdicts depend on is written as intervals they hold for every value in
    them. A scenario with ``each`` is judged once for each member. ``watch`` is told (step, of how
    many) as a scenario with ``time`` goes.

    Raises UnknownValueError naming what is ``unknown`` and decides.
    """
    try:
        return check_numbers(case, watch)
    except UnknownValueError as error:
        if case.scenario.time is not None or not only_intervals(case, error.paths):
            raise
        return check_bounds(case)


def check_bounds(case: Case) -> CheckReport:
    """Return the verdict on every expectation of a case for all values that nobody knows.

    ``ok`` holds for every completion and ``FAIL`` for none; ``open`` says which unknown decides, or
    that no bound is proved.

    Raises UnknownValueError naming what has no range by nature.
    """
    rows = [row for one in runs(case) for row in with_look_through(one, _judged_run)]
    return CheckReport(rows=tuple(rows), scenario_count=1)


def _judged_run(case: Case) -> Sequence[Verdict]:
    if not uncertain(case) or not case.scenario.expect:
        return check_numbers(case).rows
    cases = Cases(case)
    if not cases.data:
        return check_numbers(case).rows
    lines = case.expect_lines or (0,) * len(case.scenario.expect)
    return [
        _verdict(cases, case, expectation, line)
        for expectation, line in zip(case.scenario.expect, lines, strict=True)
    ]


def _verdict(cases: Cases, case: Case, expectation: Expectation, line: int) -> Verdict:
    asked, expected = words(expectation)
    of = meant(str(expectation.of), case.system.parts)
    names = [claim_meant(cases.first, name) for name in of]
    found = [_judged(cases, expectation, name) for name in names]
    order: tuple[Outcome, ...] = ("FAIL", "open", "n/a", "ok")
    outcome, got = min(found, key=lambda judged: order.index(judged[0]))
    name = expectation.name or f"{expectation.of} {asked}"
    return Verdict(
        outcome=outcome,
        name=f"{name} [{case.member}]" if case.member else name,
        asked=asked,
        expected=expected,
        got=None if got.number is None else float(got.number),
        unit=got.unit,
        got_text=got.text,
        because=got.because,
        evidence=expectation.evidence or "",
        scenario=case.name,
        file=case.file,
        line=line,
    )


def _judged(cases: Cases, expectation: Expectation, of: str) -> Judged:
    """Return one verdict over all completions."""
    make = _asked(cases.first, expectation, of)
    span = cases.span(make) if make is not None else None
    if not cases.numbers:
        several = [judge_one(f.middle, expectation, of) for f in cases.families.values()]
    elif make is None or span is None:
        return "open", Got(
            number=None,
            unit=_unit(cases, expectation),
            text="–",
            because=f"{NOT_PROVED}: {cases.unproved}",
        )
    else:
        several = [_in_family(f, make, expectation, of) for f in cases.families.values()]
    outcomes = {outcome for outcome, _ in several}
    if make is None or span is None:
        text = " or ".join(dict.fromkeys(got.text for _, got in several if got.text)) or "–"
    else:
        text = _ends(cases, expectation, span)
    unit = several[0][1].unit
    if len(outcomes) == 1:
        (outcome,) = outcomes
        if outcome != "open":
            return outcome, Got(number=None, unit=unit, text=text, because=several[0][1].because)
    decides = cases.decides(make, span) if make is not None and span is not None else ""
    decides = decides or " and ".join(d.path for d in cases.data)
    return "open", Got(number=None, unit=unit, text=text, because=f"{decides} decides")


def _in_family(family: Family, make: Make, expectation: Expectation, of: str) -> Judged:
    """Return a verdict over all numbers, orders being chosen: from the ends of the range."""
    quantity = make(family)
    corners = family.corners(quantity)
    if corners is not None:
        low, high = (judge_one(solved, expectation, of) for solved in corners)
        if low[0] == high[0] and (low[0] != "FAIL" or _one_side(expectation, low[1], high[1])):
            return low
        return "open", low[1]
    span = family.span(quantity)
    unit = unit_of(str(expectation.metric))
    got = Got(number=None, unit=unit)
    bounds = (expectation.is_, expectation.at_least, expectation.at_most)
    if span is None or expectation.metric is None or any(b is not None and b.of for b in bounds):
        return "open", got
    ends = [holds(expectation, end) for end in (span.low, span.high)]
    if all(ends):
        return "ok", got
    sides = (Got(number=span.low, unit=unit), Got(number=span.high, unit=unit))
    return ("FAIL" if not any(ends) and _one_side(expectation, *sides) else "open"), got


def _one_side(expectation: Expectation, low: Got, high: Got) -> bool:
    """Return whether two failures lie on one side of what is asked: then all between fail."""
    bounds = [b.number for b in (expectation.is_, expectation.at_least, expectation.at_most) if b]
    if not bounds:
        return True
    if low.number is None or high.number is None:
        return low.number == high.number
    if len(bounds) == 1 and expectation.is_ is None:
        return True
    return high.number < min(bounds) or low.number > max(bounds)


def _asked(solved: Solved, expectation: Expectation, of: str) -> Make | None:
    """Return the answer that an expectation is about, at the end or after a stage."""
    after = str(expectation.after) if expectation.after else None
    make = None if after else asked_for(solved, expectation, of)
    metric = str(expectation.metric)
    if make is not None or metric not in METRICS:
        return make
    return lambda family: quantities.measured(family, metric, of, after)


def asked_for(solved: Solved, expectation: Expectation, of: str) -> Make | None:
    """Return the answer that an expectation is about, None where its signs are not known."""
    metric = str(expectation.metric)
    if expectation.happens is not None or metric in {"break_at", "break_fraction"}:
        key = (of, str(expectation.event))
        if key not in {(m.of, m.event) for m in monitors(solved.end.compiled, solved.baseline)}:
            return None
        return lambda family: quantities.first_break(family, [key])
    if metric == "lender_loss_usd" and of in solved.catalogue.system.markets:
        supplies = [s for s, (market, _) in solved.catalogue.supplies.items() if market == of]
        return lambda family: quantities.losses(family, supplies)
    claim = claim_of(solved, of)
    owed = _owed(solved, of) or ([claim.id] if claim is not None and claim.face else [])
    if metric == "recovery":
        return (lambda family: quantities.recovery(family, owed)) if owed else None
    if metric == "paid_usd" and owed:
        return lambda family: quantities.paid(family, owed)
    if metric == "claims_usd" and owed:
        return lambda family: quantities.owed(family, owed)
    if claim is None or (metric == "economic_price" and of not in solved.catalogue.tokens):
        return None
    found = {
        "loss_usd": quantities.loss,
        "economic_loss_usd": quantities.loss,
        "loss_fraction": quantities.fraction,
        "economic_price": quantities.price,
        "self_fulfilling_usd": quantities.gap,
        "paid_usd": quantities.value,
    }.get(metric)
    id_ = claim.id
    return (lambda family: found(family, id_)) if found is not None else None


def _owed(solved: Solved, of: str) -> list[str]:
    """Return the claims with a face that an issuer owes."""
    if of not in solved.catalogue.system.issuers:
        return []
    node = next(n for n in solved.end.compiled.skeleton.nodes if n.id == of)
    return [claim.id for claim in node.claims if claim.face is not None]


def _unit(cases: Cases, expectation: Expectation) -> Unit:
    if expectation.happens is not None:
        return "event"
    if expectation.metric == "break_at":
        return axis_of(cases.first).unit
    return unit_of(str(expectation.metric))


def _ends(cases: Cases, expectation: Expectation, span: Span) -> str:
    """Return a range as it is read: ``$0 to $23.0M``; of break points in shares of the shock."""
    breaks = expectation.happens is not None or expectation.metric in {"break_at", "break_fraction"}
    unit: Unit = "fraction" if breaks else _unit(cases, expectation)
    ends = [_end(value, unit, breaks=breaks) for value in (span.low, span.high)]
    text = ends[0] if ends[0] == ends[1] else " to ".join(ends)
    return f"{text} of the shock" if breaks and text != "never" else text


def _end(value: Fraction, unit: Unit, *, breaks: bool) -> str:
    return "never" if breaks and value == NEVER else figure(float(value), unit)
