"""A case, stage by stage: what the engine answers, before it is labelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from looprisk.engine.book import Book, book
from looprisk.engine.breaks import Break, Watch, broken, known_crossings
from looprisk.engine.carry import between, carry
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.clear import Selection
from looprisk.engine.copies import aliases, catalogued, renamed
from looprisk.engine.dual import exactly
from looprisk.engine.latches import latched
from looprisk.engine.monitors import Monitor, Stretch, holds_at, monitors
from looprisk.engine.point import Point, Segment
from looprisk.engine.runs import Structure, changes_units, with_units
from looprisk.engine.setoff import netted
from looprisk.engine.stage import Precision, StageRun
from looprisk.engine.state import ONE, ZERO, State, start_state
from looprisk.engine.strike import ready, strike
from looprisk.errors import NotCarriedError
from looprisk.model.case import Case
from looprisk.model.groups import only_run
from looprisk.model.ordering import ordered
from looprisk.model.scenario import Scenario, Stage

LARGEST = 10_000
"""So many issuers, supplies and accounts are answered at most, in seconds and some 500 MB."""
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
    scaled: StageRun
    """The stage that break points scale: the one that `ray` names, else the last."""
    points: tuple[Point, ...]
    """Every solution on the way: the start, then for each stage its end, and what it leaves to the
    next."""
    selection: Selection = "greatest"
    """Which of several solutions is answered with."""

    @property
    def scaled_stage(self) -> Stage | None:
        """What the scaled stage shocks; None where a scenario has no stage."""
        names = [run.name for run in self.runs]
        stages = self.case.scenario.stages
        return stages[names.index(self.scaled.name)] if stages else None

    @property
    def end(self) -> Point:
        """The solution after the last stage."""
        return self.ends[-1]

    @cached_property
    def start_book(self) -> Book:
        """What screens show before any shock."""
        return book(self.start)

    @cached_property
    def end_book(self) -> Book:
        """What screens show after the last stage."""
        return book(self.end)

    def book_at(self, point: Point) -> Book:
        """Return what screens show at a solution."""
        if point is self.start:
            return self.start_book
        return self.end_book if point is self.end else book(point)

    @cached_property
    def other(self) -> StageRun:
        """The scaled stage for the selection that is not answered with."""
        if self.case.scenario.mode == "equilibrium":
            return self.scaled
        return latched(self.scaled, "least" if self.selection == "greatest" else "greatest")

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
        high, low = exactly(self.greatest.claim(claim)), exactly(self.least.claim(claim))
        rounded = not self.end.compiled.form.exact
        return ZERO if rounded and high - low <= ROUNDING * max(ONE, high) else high - low

    @cached_property
    def baseline(self) -> dict[str, Fraction]:
        """Value of every claim before any shock, in USD."""
        new = dict.fromkeys(self.end.compiled.index.claim, ZERO)
        old = self.start.compiled.index.claim
        return new | {claim: exactly(self.start.claim(claim)) for claim in old}

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The response to the scaled stage, piece by piece; () where it is curved."""
        return self.scaled.segments(self.selection)

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
        """Where along the scaled stage each event holds."""
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
        """Return where along the scaled stage each event of ``watch`` holds."""
        selection = selection or self.selection
        if selection == self.selection:
            return broken(self.scaled, self.segments, watch, selection, self.crossings)
        segments = self.other.segments(selection)
        return broken(self.other, segments, watch, selection, self.crossings)

    @cached_property
    def event_nodes(self) -> tuple[Mapping[Break, str], ...]:
        """For each segment the node that decides each event."""
        found = [monitors(segment.compiled, self.baseline) for segment in self.segments]
        named = (sorted(watched, key=lambda m: m.node, reverse=True) for watched in found)
        return tuple({(m.of, m.event): m.node for m in watched} for watched in named)

    @cached_property
    def crossings(self) -> tuple[Fraction, ...]:
        """Shock fractions known exactly where the response is curved."""
        return () if self.segments else known_crossings(self.scaled)

    def holding(self, point: Point) -> list[Monitor]:
        """Return the events that hold at a solution."""
        return [m for m in monitors(point.compiled, self.baseline) if holds_at(m, point)]


def as_written(found: Mapping[Break, tuple[Stretch, ...]]) -> Mapping[Break, tuple[Stretch, ...]]:
    """Return stretches up to the shock as written, and no further."""
    inside = {
        key: tuple(
            replace(s, hi=min(s.hi, ONE))
            for s in stretches
            if s.lo < 1 or (s.lo == 0 and s.attained)
        )
        for key, stretches in found.items()
    }
    return {key: stretches for key, stretches in inside.items() if stretches}


Pointed = Callable[[StageRun, Fraction, Selection], Point]
"""What gives the solution of a stage at a share of its size."""


def solve(case: Case, pointed: Pointed = StageRun.at) -> Solved:
    """Solve a case stage by stage, each exactly.

    ``pointed`` gives the solutions: who has them already need not solve.

    Raises NotCarriedError and UnknownValueError naming what stands in the way, NotExactError where
    the audits refuse.
    """
    case = only_run(case)
    scenario = case.scenario
    if scenario.time is not None:
        raise NotCarriedError(
            f"{case.name or 'the scenario'}: `time` makes it a cascade, which has no break points "
            "along a shock: `run` and `check` step it through time; without `time` its stages are "
            "cleared in order"
        )
    selection: Selection = "least" if scenario.solution == "least" else "greatest"
    scenario = renamed(scenario, aliases(case.system))
    case = replace(case, scenario=scenario)
    catalogue = catalogued(netted(ordered(case.system)))
    _not_too_large(catalogue)
    start = start_state(catalogue)
    precision: Precision = "exact" if scenario.exact else "by size"
    still = StageRun(
        catalogue=catalogue, start=start, before=start, after=start, precision=precision
    )
    first = pointed(still, ZERO, selection)
    path = [_Here(catalogue=catalogue, start=start, state=start, point=first, precision=precision)]
    runs: list[StageRun] = []
    ends: list[Point] = []
    points = [first]
    for place in range(len(scenario.stages)):
        run = _struck(path[-1], scenario, place, selection)
        end = pointed(run, ONE, selection)
        runs.append(run)
        ends.append(end)
        points.append(end)
        if place + 1 < len(scenario.stages):
            path.append(_left(path[-1], run, end, ONE, pointed))
            points.append(path[-1].point)
    scaled = next((k for k, run in enumerate(runs) if run.name == scenario.ray), len(runs) - 1)
    return Solved(
        case=case,
        catalogue=_after(path[-1].catalogue, runs),
        start=first,
        runs=tuple(runs) or (still,),
        ends=tuple(ends) or (first,),
        points=tuple(points),
        selection=selection,
        scaled=_followed(path, runs, scaled, scenario, selection) if runs else still,
    )


def _after(catalogue: Catalogue, runs: list[StageRun]) -> Catalogue:
    """Return the system that the last stage leaves; ``catalogue`` is the one that it strikes."""
    moved_at = runs[-1].moved_at if runs else None
    return catalogue if moved_at is None else moved_at(ONE)[0]


def _not_too_large(catalogue: Catalogue) -> None:
    count = len(catalogue.system.issuers) + len(catalogue.supplies) + len(catalogue.loans)
    if count > LARGEST:
        raise NotCarriedError(
            f"{catalogue.system.name or 'the system'}: {count:,} issuers, markets and accounts are "
            f"more than the {LARGEST:,} whose break points can be traced: leave out what does not "
            "stand between the shock and the layers you ask for, put accounts of one market that "
            "differ in their amounts alone into one table, or clear it with `lr.run_many`, which "
            "carries more where all accounts stand in tables"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Here:
    """Where a scenario stands between two stages."""

    catalogue: Catalogue
    start: State
    """The state before the first stage."""
    state: State
    point: Point
    """The solution there."""
    precision: Precision


def _on_the_way(path: list[_Here], ends: list[Point]) -> tuple[Point, ...]:
    after = ((end, left.point) for end, left in zip(ends, path[1:], strict=True))
    return (path[0].point, *(point for two in after for point in two))


def _struck(here: _Here, scenario: Scenario, place: int, selection: Selection) -> StageRun:
    """Return a stage as it strikes where the scenario stands."""
    stage = scenario.stages[place]
    before = ready(here.catalogue, here.state, stage, here.point)
    moves = changes_units(stage)
    run = StageRun(
        catalogue=here.catalogue,
        start=here.start,
        before=before,
        after=strike(here.catalogue, before, stage),
        name=stage.name or f"stage {place + 1}",
        moved_at=Structure(before=before, stage=stage, point=here.point).at if moves else None,
        precision=here.precision,
    )
    return latched(run, selection) if scenario.mode == "latched" else run


def _left(
    here: _Here, run: StageRun, end: Point, size: Fraction, pointed: Pointed = StageRun.at
) -> _Here:
    """Return where a stage of some size leaves the scenario, with its solution there."""
    catalogue, after = here.catalogue, between(run.before, run.after, size)
    if run.moved_at is not None:
        catalogue, moved = run.moved_at(size)
        after = with_units(after, moved)
    state = carry(end, after)
    still = StageRun(
        catalogue=catalogue,
        start=here.start,
        before=state,
        after=state,
        precision=here.precision,
    )
    return _Here(
        catalogue=catalogue,
        start=here.start,
        state=state,
        point=pointed(still, ZERO, "greatest"),
        precision=here.precision,
    )


def _followed(
    path: list[_Here],
    runs: list[StageRun],
    place: int,
    scenario: Scenario,
    selection: Selection,
) -> StageRun:
    """Return the stage that break points scale; the later ones strike whole on what it leaves."""
    run = runs[place]
    if place == len(runs) - 1:
        return run
    if scenario.mode == "latched":
        raise NotCarriedError(
            f"ray: `{run.name}` is followed by other stages, and what is latched in them depends "
            "on its size: write `mode: equilibrium`, or make it the last"
        )

    def then(point: Point, size: Fraction) -> Point:
        here = _left(path[place], run, point, size)
        end = point
        for later in range(place + 1, len(runs)):
            struck = _struck(here, scenario, later, selection)
            end = struck.at(ONE, selection)
            here = _left(here, struck, end, ONE)
        return end

    return replace(run, then=then)
