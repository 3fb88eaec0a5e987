"""Which way every answer to a case moves as what it leaves open grows, proved and not sampled.

The system is compiled once with numbers that stand for every completion at a time
(:mod:`looprisk.engine.open`), before the shock, after it, and at any share of it; the sign audit
(:mod:`looprisk.engine.signs`) does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import reduce
from typing import Literal, NoReturn, cast

from looprisk.analysis.uncertain import Datum
from looprisk.analysis.unknowns import filled
from looprisk.engine.affine import Affine, NotAffineError
from looprisk.engine.bends import bends
from looprisk.engine.compile import skeleton
from looprisk.engine.copies import aliases, catalogued, renamed
from looprisk.engine.form import NormalForm
from looprisk.engine.open import Box, Open, Sign, UndecidedError, both, slope, through
from looprisk.engine.ranged import Ranged
from looprisk.engine.runs import changes_units
from looprisk.engine.setoff import netted
from looprisk.engine.signs import NONE, Signs, meet, shortfall, signs
from looprisk.engine.skeleton import Claim, Index, assemble
from looprisk.engine.stage import StageRun
from looprisk.engine.state import ONE, ZERO, start_state
from looprisk.engine.strike import ready, strike
from looprisk.engine.world import World
from looprisk.errors import LoopriskError
from looprisk.model.case import Case
from looprisk.model.positions import PerpPosition
from looprisk.model.values import Value

Several = tuple[Sign, ...]
"""One sign for each datum."""


@dataclass(frozen=True, slots=True)
class OpenValue(Value):
    """A value in the place of one that is not known: its number stands for all it may be."""

    stands_for: Open | Ranged | None = field(default=None, compare=False)

    @property
    def number(self) -> Fraction:
        """The number; it has the arithmetic of a fraction, and no value of its own."""
        return cast("Fraction", self.stands_for)


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of the box in which the system has one shape, compiled for every completion in it."""

    box: Box
    form: NormalForm
    index: Index
    by_datum: tuple[Signs, ...]

    @property
    def none(self) -> Several:
        """The signs of what does not move."""
        return (NONE,) * len(self.by_datum)

    def claim(self, claim: str) -> Several:
        """Return how the value of a claim moves."""
        place = self.index.claim[claim]
        return tuple(found.claims[place] for found in self.by_datum)

    def node(self, node: str) -> Several:
        """Return how the assets of a node move."""
        place = self.index.node[node]
        return tuple(found.nodes[place] for found in self.by_datum)

    def issued(self, claim: str) -> Claim:
        """Return a claim by its id."""
        return self.index.claim_of[self.index.claim[claim]]

    def face(self, claim: str) -> Several:
        """Return how what was promised to a claim moves; of a residual, nothing was."""
        line = self.issued(claim).face
        if line is None:
            return self.none
        return tuple(self._line(line, place) for place in range(len(self.by_datum)))

    def _line(self, line: Affine, place: int) -> Sign:
        found = slope(line.const, place)
        for claim, coef in line.reads:
            up: Sign = "+" if coef > 0 else "-"
            found = both(found, slope(coef, place))
            found = both(found, through(up, self.claim(claim)[place]))
        return found

    def shortfall(self, claim: str) -> Several:
        """Return how what a claim lacks of its face moves."""
        line, place = self.issued(claim).face, self.index.claim[claim]
        if line is None or line.reads:
            return (OPEN,) * len(self.by_datum)
        return tuple(
            shortfall(self.form, place, line.const, datum, found)
            for datum, found in enumerate(self.by_datum)
        )

    def owed(self, node: str) -> Several:
        """Return how all that a node has promised moves."""
        place = self.index.node[node]
        first, last = self.form.claim_ptr[place], self.form.claim_ptr[place + 1]
        faces = (self.face(claim.id) for claim in self.index.claim_of[first:last])
        return reduce(joined, faces, self.none)

    def units(self, claim: str) -> Several:
        """Return how the units of a claim move."""
        units = self.issued(claim).units
        return tuple(slope(units, place) for place in range(len(self.by_datum)))

    def outside(self, claim: str) -> Several:
        """Return how the share of a claim that is held outside moves."""
        share = self.issued(claim).outside_share
        return tuple(slope(share, place) for place in range(len(self.by_datum)))

    def worsens(self, node: str, state: str) -> bool:
        """Return whether a node in worse health never leaves a state that its cells name."""
        place = self.index.node[node]
        first, last = self.form.cell_ptr[place], self.form.cell_ptr[place + 1]
        flags = [state in words for words in self.index.cell_state[first:last]]
        return flags == sorted(flags)

    def health(self, node: str) -> Several:
        """Return how the health of a node moves: what all its conditions have in common."""
        found = self.none
        for k, (name, _) in enumerate(self.index.condition_of):
            if name == node:
                found = joined(found, tuple(one.conditions[k] for one in self.by_datum))
        return found


@dataclass(frozen=True, kw_only=True)
class Traced:
    """A system compiled for every completion at one moment of the shock, with its signs."""

    regions: tuple[Region, ...]

    def all(self, signs_of: Callable[[Region], Several]) -> Several:
        """Return the signs that hold in every region."""
        return reduce(joined, (signs_of(region) for region in self.regions))

    def claim(self, claim: str) -> Several:
        """Return how the value of a claim moves with each datum."""
        return self.all(lambda region: region.claim(claim))

    def health(self, account: str) -> Several:
        """Return how the health of an account moves with each datum."""
        return self.all(lambda region: region.health(account))

    def node(self, node: str) -> Several:
        """Return how the assets of a node move with each datum."""
        return self.all(lambda region: region.node(node))

    def face(self, claim: str) -> Several:
        """Return how what was promised to a claim moves with each datum."""
        return self.all(lambda region: region.face(claim))

    def shortfall(self, claim: str) -> Several:
        """Return how what a claim lacks of its face moves with each datum."""
        return self.all(lambda region: region.shortfall(claim))

    def is_residual(self, claim: str) -> bool:
        """Return whether nothing was promised to a claim."""
        return self.regions[0].issued(claim).face is None

    def worsens(self, node: str, state: str) -> bool:
        """Return whether a node in worse health never leaves a state that its cells name."""
        return all(region.worsens(node, state) for region in self.regions)


def joined(one: Several, other: Several) -> Several:
    """Return how a sum moves."""
    return tuple(both(a, b) for a, b in zip(one, other, strict=True))


def turned(signs_: Several) -> Several:
    """Return how something moves of which this is taken away."""
    return tuple(through("-", sign) for sign in signs_)


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The signs of a case before its shock, after it, and anywhere along it."""

    start: Traced
    end: Traced
    along: Traced | None
    """None where no sign is proved along the whole shock."""
    earlier: tuple[Traced, ...] = ()
    """The ends of the stages before the last: these signs hold if nobody is liquidated there."""

    def same_face(self, claim: str) -> bool:
        """Return whether the shock leaves the face of a claim as it is, for every completion."""
        faces = {r.issued(claim).face for t in (self.start, self.end) for r in t.regions}
        return len(self.start.regions) == 1 and len(faces) == 1 and None not in faces


def audit(case: Case, data: Sequence[Datum]) -> Audit | None:
    """Return the signs of a case by its data; None where nothing can be proved.

    That is a case of latched triggers, of units that a stage changes, of oracles that read computed
    books, of tables, and one in which completions differ in more than numbers; with several stages
    also one with legs, or whose ray is not the last. Stages before the last are taken to liquidate
    nobody, which is for the caller to see.
    """
    stages = case.scenario.stages
    if case.scenario.mode != "equilibrium" or (len(stages) > 1 and not _one_after_another(case)):
        return None
    box = Box((*(_end(d.low) for d in data), ZERO), (*(_end(d.high) for d in data), ONE))
    try:
        start, end, along = (_whole(case, data, box, when) for when in ("start", "end", "along"))
        before = [_whole(_up_to(case, count), data, box, "end") for count in range(1, len(stages))]
    except _NOT_PROVED:
        return None
    if start is None or end is None:
        return None
    earlier = tuple(traced for traced in before if traced is not None)
    return Audit(start=start, end=end, along=along, earlier=earlier)


def _one_after_another(case: Case) -> bool:
    legs = any(isinstance(p, PerpPosition) for p in case.system.positions.values())
    return not legs and case.scenario.ray in {None, case.scenario.stages[-1].name}


def _up_to(case: Case, count: int) -> Case:
    """Return the case with its first stages alone."""
    stages = case.scenario.stages[:count]
    return replace(case, scenario=case.scenario.model_copy(update={"stages": stages}))


_NOT_PROVED = (UndecidedError, NotAffineError, LoopriskError, TypeError)
"""TypeError: an operation that only one number has, not all that it may be."""
OPEN: Sign = "?"
Moment = Literal["start", "end", "along"]
_ENDS: tuple[Moment, ...] = ("start", "end")
MOST_REGIONS = 32
"""So many parts of a box, each with a shape of its own, are looked at."""


def _end(number: Fraction | None) -> Fraction:
    assert number is not None  # noqa: S101  (asked only of what has ends)
    return number


def bends_of(case: Case, datum: Datum) -> tuple[Fraction, ...] | None:
    """Return where the answers to a case bend along its only open number, its ends included.

    None where they do not move in straight lines.
    """
    box = Box((_end(datum.low), ZERO), (_end(datum.high), ONE))
    found: set[Fraction] = set()
    try:
        for when in _ENDS:
            for region in _regions(case, (datum,), box, when, MOST_REGIONS):
                found |= bends(region.form, region.box.low[0], region.box.high[0])
    except _NOT_PROVED:
        return None
    return tuple(sorted(found))


def _whole(case: Case, data: Sequence[Datum], box: Box, when: Moment) -> Traced | None:
    """Return the signs over a whole box; along a shock None where they are not proved."""
    try:
        found = _regions(case, data, box, when, MOST_REGIONS)
    except _NOT_PROVED:
        if when == "along":
            return None
        raise
    return Traced(regions=tuple(found))


def _regions(case: Case, data: Sequence[Datum], box: Box, when: Moment, most: int) -> list[Region]:
    """Return the parts of a box in which the system has one shape, cut where a line turns.

    Raises UndecidedError where the parts do not meet: there a value may jump.
    """
    try:
        return [_region(_world(case, data, box, when), box, len(data))]
    except UndecidedError as error:
        if error.border is None or most < 2:
            raise
        border = error.border
    below, above = (_regions(case, data, part, when, most // 2) for part in box.cut(*border))
    for one in (r for r in below if r.box.high[border[0]] == border[1]):
        for other in (r for r in above if r.box.low[border[0]] == border[1]):
            if not meet(one.form, other.form, *border):
                raise UndecidedError
    return below + above


def _world(case: Case, data: Sequence[Datum], box: Box, when: Moment) -> World:
    """Return the exogenous side for every completion in a box."""
    fills = {
        d.place: OpenValue(
            ONE, ONE, d.value.unit, d.value.of, text=d.text, stands_for=box.datum(place)
        )
        for place, d in enumerate(data)
        if d.value is not None and not _later(case, d)
    }
    case = filled(case, fills)
    scenario = renamed(case.scenario, aliases(case.system))
    catalogue = catalogued(netted(case.system))
    if catalogue.summed or any(changes_units(stage) for stage in scenario.stages):
        raise UndecidedError
    start = start_state(catalogue)
    before = after = start
    for stage in scenario.stages if when != "start" else ():
        before = ready(catalogue, after, stage, _Unsolved())
        after = strike(catalogue, before, stage)
    run = StageRun(catalogue=catalogue, start=start, before=before, after=after)
    if run.navs or run.weights:
        raise UndecidedError
    share = cast("Fraction", box.datum(len(data))) if when == "along" else ONE
    return run.world(share, share, still=share)


def _later(case: Case, datum: Datum) -> bool:
    """Return whether a datum is the size of a shock that the case has not got to yet."""
    return datum.in_shock and int(datum.place[1]) >= len(case.scenario.stages)


class _Unsolved:
    """A clearing before the stage that nobody has solved: a stage that asks it is not proved."""

    # both are named by the protocol
    def token(self, token: str) -> NoReturn:  # noqa: ARG002
        raise UndecidedError

    def reading(self, oracle: str, collateral: str) -> NoReturn:  # noqa: ARG002
        raise UndecidedError


def _region(world: World, box: Box, count: int) -> Region:
    parts = skeleton(world)
    if any(node.apart is not None for node in parts.nodes):
        raise UndecidedError
    form, index = assemble(parts)
    by_datum = tuple(signs(form, place) for place in range(count))
    return Region(box=box, form=form, index=index, by_datum=by_datum)
