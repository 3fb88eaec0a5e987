"""A case, stage by stage: what the engine answers, before it is labelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from looprisk.engine.breaks import Break, Watch, broken, known_crossings
from looprisk.engine.carry import carry
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.clear import Selection
from looprisk.engine.copies import aliases, renamed, unfolded
from looprisk.engine.latches import latched
from looprisk.engine.monitors import Monitor, Stretch, holds_at, monitors
from looprisk.engine.runs import Structure, changes_units, with_units
from looprisk.engine.setoff import netted
from looprisk.engine.stage import Point, Segment, StageRun
from looprisk.engine.state import ONE, ZERO, ready, start_state, strike
from looprisk.errors import NotCarriedError
from looprisk.model.case import Case
from looprisk.model.groups import only_run

ROUNDING = Fraction(1, 10**9)
"""Two solutions in floats that differ by no more than this share of a value are one."""


@dataclass(frozen=True, kw_only=True)
class Solved:
    """The stages of a case, each with its solution at full size."""

    case: Case
    catalogue: Catalogue
    start: Point
    """The solution before any shock."""
    runs: tuple[StageRun, ...]
    ends: tuple[Point, ...]
    selection: Selection = "greatest"
    """Which of several solutions is answered with."""

    @property
    def last(self) -> StageRun:
        """The stage that break points scale."""
        return self.runs[-1]

    @property
    def end(self) -> Point:
        """The solution after the last stage."""
        return self.ends[-1]

    @cached_property
    def other(self) -> StageRun:
        """The last stage for the selection that is not answered with."""
        if self.case.scenario.mode == "equilibrium":
            return self.last
        return latched(self.last, "least" if self.selection == "greatest" else "greatest")

    @cached_property
    def least(self) -> Point:
        """The least solution after the last stage."""
        return self.end if self.selection == "least" else self.other.at(ONE, "least")

    @cached_property
    def greatest(self) -> Point:
        """The greatest solution after the last stage."""
        return self.end if self.selection == "greatest" else self.other.at(ONE, "greatest")

    def gap(self, claim: str) -> Fraction:
        """Return the value of a claim in the greatest solution less that in the least, in USD.

        It is what the holders lose if everybody fears it and nothing else happens. In floats a
        difference of rounding counts as none.
        """
        high, low = Fraction(self.greatest.claim(claim)), Fraction(self.least.claim(claim))
        rounded = not self.end.compiled.form.exact
        return ZERO if rounded and high - low <= ROUNDING * max(ONE, high) else high - low

    @cached_property
    def baseline(self) -> dict[str, Fraction]:
        """Value of every claim before any shock, in USD."""
        new = dict.fromkeys(self.end.compiled.index.claim, ZERO)
        old = self.start.compiled.index.claim
        return new | {claim: Fraction(self.start.claim(claim)) for claim in old}

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The response to the last stage, piece by piece; () where it is curved."""
        return self.last.segments(self.selection)

    def after(self, stage: str | None) -> Point:
        """Return the solution after a named stage; ``start`` is before any, None after all."""
        if stage is None:
            return self.end
        if stage == "start":
            return self.start
        names = [run.name for run in self.runs]
        return self.ends[names.index(stage)]

    @cached_property
    def broken(self) -> Mapping[Break, tuple[Stretch, ...]]:
        """Where along the last stage each event holds."""
        return self._broken(self.selection)

    @cached_property
    def broken_as_written(self) -> Mapping[Break, tuple[Stretch, ...]]:
        """Where each event holds up to the shock as written, and no further."""
        return as_written(self.broken)

    @cached_property
    def broken_least(self) -> Mapping[Break, tuple[Stretch, ...]] | None:
        """The same on the least solution; None where that is not solved along the shock."""
        straight = bool(self.segments) and self.end.compiled.form.exact
        return self._broken("least") if straight else None

    def _broken(self, selection: Selection) -> Mapping[Break, tuple[Stretch, ...]]:
        return self.where(lambda compiled: monitors(compiled, self.baseline), selection)

    def where(
        self, watch: Watch, selection: Selection | None = None
    ) -> Mapping[Break, tuple[Stretch, ...]]:
        """Return where along the last stage each event of ``watch`` holds."""
        selection = selection or self.selection
        if selection == self.selection:
            return broken(self.last, self.segments, watch, selection, self.crossings)
        segments = self.other.segments(selection)
        return broken(self.other, segments, watch, selection, self.crossings)

    @cached_property
    def crossings(self) -> tuple[Fraction, ...]:
        """Shock fractions known exactly where the response is curved."""
        return () if self.segments else known_crossings(self.last)

    def holding(self, point: Point) -> list[Monitor]:
        """Return the events that hold at a solution."""
        return [m for m in monitors(point.compiled, self.baseline) if holds_at(m, point)]


def as_written(found: Mapping[Break, tuple[Stretch, ...]]) -> Mapping[Break, tuple[Stretch, ...]]:
    """Return stretches up to the shock as written, and no further."""
    inside = {
        key: tuple(
            Stretch(lo=s.lo, hi=min(s.hi, ONE), attained=s.attained)
            for s in stretches
            if s.lo < 1 or (s.lo == 0 and s.attained)
        )
        for key, stretches in found.items()
    }
    return {key: stretches for key, stretches in inside.items() if stretches}


def solve(case: Case) -> Solved:
    """Solve a case stage by stage, each exactly.

    Raises NotCarriedError and UnknownValueError naming what stands in the way, NotExactError where
    the audits refuse.
    """
    case = only_run(case)
    scenario = case.scenario
    if scenario.time is not None:
        raise NotCarriedError(
            f"{case.name or 'the scenario'}: `time` makes it a cascade, which this engine "
            "does not run "
            "yet: without `time` its stages are cleared in order"
        )
    if scenario.ray is not None and scenario.ray != scenario.stages[-1].name:
        raise NotCarriedError(
            f"{case.name}/ray: break points scale the last stage here; `{scenario.ray}` is "
            "not the last"
        )
    selection: Selection = "least" if scenario.solution == "least" else "greatest"
    scenario = renamed(scenario, aliases(case.system))
    case = replace(case, scenario=scenario)
    catalogue = Catalogue(unfolded(netted(case.system)))
    start = start_state(catalogue)
    still = StageRun(catalogue=catalogue, start=start, before=start, after=start)
    first = still.at(ZERO, selection)
    runs: list[StageRun] = []
    ends: list[Point] = []
    before, point = start, first
    for place, stage in enumerate(scenario.stages):
        before = ready(catalogue, before, stage, point)
        after = strike(catalogue, before, stage)
        run = StageRun(
            catalogue=catalogue,
            start=start,
            before=before,
            after=after,
            name=stage.name or f"stage {place + 1}",
            moved_at=Structure(before=before, stage=stage, point=point).at
            if changes_units(stage)
            else None,
        )
        if scenario.mode == "latched":
            run = latched(run, selection)
        end = run.at(ONE, selection)
        runs.append(run)
        ends.append(end)
        if run.moved_at is not None:
            catalogue, moved = run.moved_at(ONE)
            after = with_units(after, moved)
            still = replace(still, catalogue=catalogue)
        before = carry(end, after)
        point = (
            replace(still, before=before, after=before).at(ZERO)
            if place + 1 < len(scenario.stages)
            else end
        )
    return Solved(
        case=case,
        catalogue=catalogue,
        start=first,
        runs=tuple(runs) or (still,),
        ends=tuple(ends) or (first,),
        selection=selection,
    )
