"""Expectations of a scenario with time, judged: the metric at a record against its bound.

Numbers are means over the paths; an event that happens ``never`` happens in none of them,
``always`` in all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from looprisk.analysis.borders import in_other_unit, judged_border
from looprisk.analysis.breaking_in_time import Along, along_shock
from looprisk.analysis.cascading import Watch, simulated
from looprisk.analysis.verdicts import Got, Judged, holds, verdict
from looprisk.cascade import measures as timed
from looprisk.cascade.ahead import NARROW
from looprisk.cascade.happening import Happening, fallen_below, happening
from looprisk.cascade.levels import Level, claim_named
from looprisk.cascade.record import Record
from looprisk.cascade.run import Run
from looprisk.cascade.stages import stage_name
from looprisk.engine.catalogue import known
from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.expectation import Expectation
from looprisk.model.groups import meant
from looprisk.model.values import Value
from looprisk.model.vocabulary import unit_of
from looprisk.results.numbers import duration
from looprisk.results.records import Verdict

IN_TIME = frozenset({"time_of", "hidden_for"})
MOST_STEPS = 8
"""So many steps of a way are told."""
OF_A_SHOCK = frozenset({"break_at", "break_fraction"})


@dataclass(frozen=True, kw_only=True, eq=False)
class _Judge:
    """One cascade, and what is asked of it."""

    case: Case
    done: Run

    @cached_property
    def along(self) -> Along:
        """What happens along the shock of the scenario, run at many sizes."""
        return along_shock(self.case, levels=self.done.under)


def judge_in_time(case: Case, watch: Watch | None = None) -> list[Verdict]:
    """Return the verdicts on a scenario with time; a group of things gives one verdict."""
    steps = [_step(case, expectation) for expectation in case.scenario.expect]
    kept = {k for k in steps if k is not None}
    case, done = simulated(case, keep=kept, watch=watch, levels=_levels(case))
    judge = _Judge(case=case, done=done)
    lines = case.expect_lines or (0,) * len(case.scenario.expect)
    return [
        _verdict(judge, expectation, line)
        for expectation, line in zip(case.scenario.expect, lines, strict=True)
    ]


def _levels(case: Case) -> list[Level]:
    """Return the levels that expectations ask about."""
    return [
        _level(expectation.below, name)
        for expectation in case.scenario.expect
        if expectation.below is not None
        for name in meant(str(expectation.of), case.system.parts)
    ]


def _level(below: Value, of: str) -> Level:
    return Level(of, float(known(below, "below")), below.of)


def _step(case: Case, expectation: Expectation) -> int | None:
    """Return the step of the record that ``at`` names: the first at or after it."""
    if expectation.at is None or case.scenario.time is None:
        return None
    return math.ceil(expectation.at.number / case.scenario.time.step.number)


def _verdict(judge: _Judge, expectation: Expectation, line: int) -> Verdict:
    names = meant(str(expectation.of), judge.case.system.parts)
    plan = judge.done.plan
    found = [(name, *_judge_one(judge, expectation, claim_named(plan, name))) for name in names]
    return verdict(
        expectation,
        found,
        scenario=judge.case.name,
        file=judge.case.file,
        line=line,
        member=judge.case.member,
        way=lambda of: _way(judge.done, claim_named(plan, of)),
    )


def _way(done: Run, of: str) -> str:
    """Return what led to where a thing stands: the stages that struck and its first events."""
    told: dict[str, str] = {}
    for k, several in done.log:
        for one in several:
            for name in one.names.values():
                if one.event == "stage" or of in done.plan.names_of(name):
                    word = f"{name} {'strikes' if one.event == 'stage' else one.event}"
                    told.setdefault(word, f"{duration(k * done.plan.steps.step)}: {word}")
    return " → ".join(list(told.values())[:MOST_STEPS])


def _judge_one(judge: _Judge, expectation: Expectation, of: str) -> Judged:
    if expectation.happens is not None:
        return _event(judge, expectation, of)
    metric = str(expectation.metric)
    if metric in OF_A_SHOCK:
        return _border(judge, expectation, of)
    if metric in IN_TIME:
        return _time(judge, expectation, of)
    record = _record(judge, expectation)
    if record is None:
        because = f"stage {expectation.after} never struck"
        return "FAIL", Got(number=None, unit=unit_of(metric), text="–", because=because)
    measured = timed.METRICS.get(metric)
    if measured is None:
        because = f"{metric} is not measured in time"
        return "n/a", Got(number=None, unit=unit_of(metric), text="–", because=because)
    values = measured(timed.Ask(done=judge.done, record=record, of=of))
    if values is None:
        because = f"{metric} is not defined for {of} here"
        return "FAIL", Got(number=None, unit=unit_of(metric), text="–", because=because)
    mean = float(values.mean())
    if not math.isfinite(mean):
        # nothing is owed any more: above every bound from below
        passes = expectation.is_ is None and expectation.at_most is None and mean > 0
        return ("ok" if passes else "FAIL"), Got(number=None, unit=unit_of(metric), text="no debt")
    number = Fraction(repr(mean))
    good = holds(_in_usd(judge, expectation, record), number)
    return ("ok" if good else "FAIL"), Got(number=number, unit=unit_of(metric))


def _border(judge: _Judge, expectation: Expectation, of: str) -> Judged:
    """The share of the shock is a bracket: what is asked is met to its width."""
    _known_to(judge.done, of)
    along = judge.along
    if (refused := in_other_unit(expectation, along.axis)) is not None:
        return refused
    asked = _in_usd(judge, expectation, judge.done.start)
    if expectation.below is not None:
        level = _watched(judge.done, expectation.below, of)
        fraction, because = along.first(level.of, level.word)
    else:
        fraction, because = along.first(of, str(expectation.event))
    slack = Fraction(repr(NARROW)) * abs(along.axis.full - along.axis.start)
    return judged_border(asked, along.axis, fraction, because=because, slack=slack)


def _record(judge: _Judge, expectation: Expectation) -> Record | None:
    """Return the record that is asked about: after a stage, at a time, else the last."""
    done = judge.done
    if expectation.after == "start":
        return done.start
    if expectation.after is not None:
        struck = _struck(done, str(expectation.after))
        return None if struck is None else done.kept[struck]
    at = _step(judge.case, expectation)
    return done.end if at is None else done.kept[at]


def _struck(done: Run, name: str) -> int | None:
    """Return the step at which a stage first struck, in the first path in which it did."""
    for k, several in done.log:
        if any(h.event == "stage" and h.of == (name,) for h in several):
            return k
    return None


def _in_usd(judge: _Judge, expectation: Expectation, record: Record) -> Expectation:
    """Return an expectation whose prices in tokens are in USD, at the prices of a record."""
    changed = {}
    for field in ("is_", "at_least", "at_most"):
        bound = getattr(expectation, field)
        if bound is not None and bound.of is not None and bound.unit == "tokens":
            unit = record.state.price[:, judge.done.plan.good(bound.of)].mean()
            number = bound.number * Fraction(repr(float(unit)))
            changed[field] = replace(bound, low=number, high=number, unit="usd", of=None)
    return expectation.model_copy(update=changed) if changed else expectation


def _event(judge: _Judge, expectation: Expectation, of: str) -> Judged:
    """An event that had already happened at the start does not count as happening."""
    _known_to(judge.done, of)
    happens = _happens(judge, expectation, of)
    first = 0
    if expectation.after not in {None, "start"}:
        struck = _struck(judge.done, str(expectation.after))
        if struck is None:
            because = f"stage {expectation.after} never struck"
            return "FAIL", Got(number=None, unit="event", text="–", because=because)
        first = struck
    elif (at := _step(judge.case, expectation)) is not None:
        first = at
    share = happens.share(first)
    good = share == 0 if expectation.happens == "never" else share == 1
    text = "never" if not share else "happens"
    if 0 < share < 1:
        text = f"happens in {share:.1%} of the paths"
    elif share and happens.first is not None:
        text = f"happens at {duration(happens.first)}"
    return ("ok" if good else "FAIL"), Got(number=None, unit="event", text=text)


def _happens(judge: _Judge, expectation: Expectation, of: str) -> Happening:
    if expectation.below is not None:
        return fallen_below(judge.done, _watched(judge.done, expectation.below, of))
    return happening(judge.done, of, str(expectation.event))


def _watched(done: Run, below: Value, of: str) -> Level:
    """Return the level that is asked of a claim, among those that were watched."""
    for level in done.under:
        if claim_named(done.plan, level.of) == of and level == _level(below, level.of):
            return level
    message = f"`{of}` has no price that could fall below a level"
    raise ModelError([Problem((of,), message, "name an asset, a token or a supply")])


def _time(judge: _Judge, expectation: Expectation, of: str) -> Judged:
    done = judge.done
    _known_to(done, of)
    if expectation.metric == "hidden_for":
        return _hidden(done, expectation, of)
    first = _happens(judge, expectation, of).first
    if first is None:
        end = float(done.plan.steps.times[-1])
        return _beyond(expectation, end, f"never, to {duration(end)}")
    good = holds(expectation, Fraction(first))
    return ("ok" if good else "FAIL"), Got(number=Fraction(first), unit="seconds")


def _hidden(done: Run, expectation: Expectation, of: str) -> Judged:
    found = timed.hidden_for(done, of)
    if found is None:
        because = f"{of} has no book that could hide a loss"
        return "n/a", Got(number=None, unit="seconds", text="–", because=because)
    span, shown = found
    if not shown:
        return _beyond(expectation, span, f"over {duration(span)}, not shown by the horizon")
    because = "" if span else f"no loss of {of} is hidden"
    good = holds(expectation, Fraction(span))
    return ("ok" if good else "FAIL"), Got(number=Fraction(span), unit="seconds", because=because)


def _beyond(expectation: Expectation, at_least: float, text: str) -> Judged:
    """A time that is only known to be longer meets ``at_least`` if what is known goes as far."""
    bound = expectation.at_least
    passes = bound is not None and expectation.at_most is None and at_least >= bound.number
    return ("ok" if passes else "FAIL"), Got(number=None, unit="seconds", text=text)


def _known_to(done: Run, of: str) -> None:
    plan = done.plan
    system = plan.system
    parts = (system.issuers, system.markets, system.positions, system.assets, system.venues)
    opened = {str(name) for stage in plan.scenario.stages for name in stage.open}
    names = {stage_name(stage, at) for at, stage in enumerate(plan.scenario.stages)}
    if of in plan.place or of in plan.owed_at or of in opened | names:
        return
    if not any(of in section for section in parts):
        raise ModelError([Problem((of,), f"`{of}` is nothing in this system")])
