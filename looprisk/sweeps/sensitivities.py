"""The derivative of a loss or a break point to every input: one adjoint solve for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Unpack

from looprisk.analysis.api import Question, case_of
from looprisk.analysis.asked import claim_named
from looprisk.analysis.breaking import claim_of
from looprisk.analysis.clearing import title
from looprisk.analysis.solve import Solved, solve
from looprisk.engine.adjoint import Reading, derivatives, on_border, one_sided
from looprisk.engine.carry import carry
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.copies import aliases, renamed, unfolded
from looprisk.engine.dual import Dual
from looprisk.engine.point import Point
from looprisk.engine.runs import changes_units
from looprisk.engine.setoff import netted
from looprisk.engine.stage import StageRun
from looprisk.engine.state import ONE, ZERO, start_state
from looprisk.engine.strike import ready, strike
from looprisk.errors import ModelError, NotCarriedError, Problem
from looprisk.model.case import Case
from looprisk.model.groups import only_run
from looprisk.model.ordering import ordered
from looprisk.model.paths import text_of
from looprisk.model.system import System
from looprisk.model.tree import dump, leaves, provenance
from looprisk.model.values import Value
from looprisk.model.vocabulary import SECTIONS
from looprisk.results.sensitivities import Sensitivities, Sensitivity
from looprisk.sweeps.rays import first_piece, gives_way, open_compiled, reading_of_event
from looprisk.sweeps.reverse import refuse_unknown

SHOCK = -1
"""The input that is the size of the shock."""
PERCENT = Fraction(1, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    path: str
    value: Value
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moves:
    """A number, and how it moves with every input as that rises and as it falls."""

    value: Fraction
    up: Mapping[int, Fraction | None]
    down: Mapping[int, Fraction | None]
    border: tuple[str, ...] = ()


def sensitivities(
    what: System | Case, of: str, event: str | None = None, **asked: Unpack[Question]
) -> Sensitivities:
    """Return how the loss of a layer, or with ``event`` its break point, moves with every input.

    ``what`` and the shock as keywords are those of :func:`looprisk.run`. The system is compiled
    once on numbers that carry their derivatives, and one linear solve, transposed, gives all of
    them: exact where no layer changes its state, one-sided where the answer stands on the border
    of such a change. With several stages each number that an earlier one leaves, such as the
    collateral that a liquidation spared, takes one more solve there. Losses are in USD, break
    points in shares of the last stage as written. Inputs that are nothing have no row; ``shock`` is
    the size of the last stage.

    >>> import looprisk as lr
    >>> fund = lr.System(issuers={"S": lr.Issuer(outside={"book": 700}, owes={"outside": 530})})
    >>> found = sensitivities(fund, "S", "insolvent", loss={"S": 200})
    >>> [(row.input, row.derivative) for row in found.rows]
    [('S/outside/book', 0.005), ('S/owes/outside', -0.005), ('shock', -0.85)]

    Raises NotCarriedError for shocks that change what is outstanding, tables, books that oracles
    compute, and an earlier stage that ends on a border; ModelError for names that do not exist.
    """
    case = only_run(case_of(what, asked))
    solved = solve(case)
    name = claim_named(solved, of)
    _carried(solved)
    inputs = _inputs(case.system)
    tracked = _tracked(solved, inputs)
    moves = (
        _loss(solved, tracked, name) if event is None else _place(solved, tracked, (name, event))
    )
    rows = [
        _row(case.system, moves, place, item)
        for place, item in enumerate(inputs)
        if place in moves.up or place in moves.down
    ]
    if SHOCK in moves.up:
        rows.append(_row(case.system, moves, SHOCK, None))
    kept = [row for row in rows if row.swing]
    kept.sort(key=lambda row: (-row.swing, row.input))
    return Sensitivities(
        scenario=title(case),
        of=of,
        what=event or "loss_usd",
        value=float(moves.value),
        unit="usd" if event is None else "fraction",
        rows=tuple(kept),
        inputs=len(inputs) + 1,
        border=moves.border,
    )


def _carried(solved: Solved) -> None:
    run, stages = solved.scaled, solved.case.scenario.stages
    odd = ""
    if not stages:
        odd = "a scenario without a shock"
    elif solved.case.scenario.mode == "latched":
        odd = "`mode: latched`"
    elif run.then is not None:
        odd = "a `ray` that other stages follow: make it the last"
    elif any(changes_units(stage) for stage in stages):
        odd = "a stage that changes what is outstanding, or the system itself"
    elif run.catalogue.summed or run.navs or run.weights:
        odd = "tables of accounts, books that oracles compute, and averaged incentives"
    elif any(stage.misprice or stage.freeze for stage in stages):
        odd = "an oracle that reads wrongly: a reading starts from a price found"
    elif late := _late_quotes(solved):
        odd = f"a quote of {late} that starts from a price found: give it a `market_price`"
    if odd:
        raise NotCarriedError(f"sensitivities of {odd}")


def _late_quotes(solved: Solved) -> str:
    """Return a token that is first quoted after another stage has moved what backs it."""
    stages, tokens = solved.case.scenario.stages, solved.catalogue.tokens
    quoted = {token for token, receipt in tokens.items() if receipt.market_price is not None}
    first = set(stages[0].depeg) | quoted
    return next((token for stage in stages[1:] for token in set(stage.depeg) - first), "")


def _inputs(system: System) -> tuple[_Input, ...]:
    """Return every number of a system but those that are nothing, with its source."""
    tree = {key: part for key, part in dump(system).items() if key in SECTIONS}
    sources = provenance(dump(system))
    return tuple(
        _Input(path=text_of(path), value=leaf, source=sources.get(path))
        for path, leaf in leaves(tree)
        if isinstance(leaf, Value) and leaf.known and leaf.number and leaf.unit != "time"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tracked:
    """The last stage, and the system before any, in which every number carries its derivative."""

    last: StageRun
    calm: StageRun


def _tracked(solved: Solved, inputs: Sequence[_Input]) -> _Tracked:
    changes = {
        item.path: replace(item.value, low=number, high=number)
        for place, item in enumerate(inputs)
        for number in [Dual(item.value.number, {place: ONE})]
    }
    system = solved.case.system.set(changes)
    catalogue = Catalogue(unfolded(netted(ordered(system))))
    start = start_state(catalogue)
    calm = StageRun(catalogue=catalogue, start=start, before=start, after=start)
    state, here = start, _moving(calm, solved.start)
    stages = renamed(solved.case.scenario, aliases(system)).stages
    for place, stage in enumerate(stages):
        before = ready(catalogue, state, stage, here)
        after = strike(catalogue, before, stage)
        run = StageRun(catalogue=catalogue, start=start, before=before, after=after)
        if place == len(stages) - 1:
            return _Tracked(last=run, calm=calm)
        here = _moving(run, solved.ends[place])
        _refuse_threshold(here)
        state = carry(here, after)
    raise AssertionError  # a scenario without stages was refused


def _refuse_threshold(left: Point) -> None:
    """Raise NotCarriedError where an account stands at its threshold: a hair more, and it acts."""
    index, loans = left.compiled.index, left.compiled.world.catalogue.loans
    for place in on_border(left.compiled.form, left.solution):
        account, condition = index.condition_of[place]
        if account in loans:
            raise NotCarriedError(
                "sensitivities where an earlier stage ends exactly on the border of: "
                f"{condition.holds}; move its size a little"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Moving(Point):
    """A solution whose values carry their derivatives, one linear solve for each that is asked."""

    def claim(self, claim: str) -> Fraction:
        """Return the value of a claim, in USD."""
        return self._moved(Reading(nodes={}, claims={self.compiled.index.claim[claim]: ONE}))

    def node(self, node: str) -> Fraction:
        """Return the assets of a node, in USD."""
        return self._moved(Reading(nodes={self.compiled.index.node[node]: ONE}, claims={}))

    def _moved(self, reading: Reading) -> Fraction:
        form, solution = self.compiled.form, self.solution
        exact = all(isinstance(number, Fraction) for number in solution.y)
        sides = one_sided(form, solution, reading, exact=exact)
        if any(sides.up.get(k) != sides.down.get(k) for k in {**sides.up, **sides.down}):
            words = self.compiled.index.condition_of[sides.border[0]][1].holds
            raise NotCarriedError(
                f"sensitivities where an earlier stage ends exactly on the border of: {words}; "
                "move its size a little"
            )
        slopes = {k: slope for k, slope in sides.up.items() if slope is not None}
        return Dual(reading.at(solution.y, solution.z, 0), slopes)


def _moving(run: StageRun, point: Point) -> _Moving:
    compiled = open_compiled(run.world(ONE, ONE, still=ONE))
    return _Moving(s=ZERO, compiled=compiled, solution=point.solution)


def _loss(solved: Solved, tracked: _Tracked, name: str) -> _Moves:
    claim = claim_of(solved, name)
    if claim is None:
        claims = ", ".join(solved.end.compiled.index.claim)
        message = f"`{name}` has no loss of its own"
        raise ModelError([Problem((), message, f"the claims: {claims}")])
    old_up, old_down, early = _value(tracked.calm, solved.start, claim.id, ZERO)
    new_up, new_down, late = _value(tracked.last, solved.end, claim.id, ONE)
    border = tuple(dict.fromkeys((*early, *late)))
    value = solved.baseline[claim.id] - solved.end.claim(claim.id)
    return _Moves(
        value=value, up=_less(old_up, new_up), down=_less(old_down, new_down), border=border
    )


def _baseline(solved: Solved, calm: StageRun, of: str) -> dict[str, Fraction]:
    """Return the values before any shock; a share is impaired under its own, which moves too."""
    claim = claim_of(solved, of)
    if claim is None or claim.kind != "share":
        return solved.baseline
    up, _, _ = _value(calm, solved.start, claim.id, ZERO)
    slopes = {place: slope for place, slope in up.items() if slope is not None}
    return {**solved.baseline, claim.id: Dual(solved.baseline[claim.id], slopes)}


_Side = Mapping[int, Fraction | None]


def _less(old: _Side, new: _Side) -> dict[int, Fraction | None]:
    found: dict[int, Fraction | None] = {}
    for place in {**old, **new}:
        a, b = old.get(place, ZERO), new.get(place, ZERO)
        found[place] = None if a is None or b is None else a - b
    return found


def _value(
    run: StageRun, point: Point, claim: str, s: Fraction
) -> tuple[_Side, _Side, tuple[str, ...]]:
    """Return how a claim moves with every input, up and down, and the borders it stands on."""
    size = Dual(s, {SHOCK: ONE})
    compiled = open_compiled(run.world(size, size, still=size))
    form, index = compiled.form, compiled.index
    reading = Reading(nodes={}, claims={index.claim[claim]: ONE})
    exact = point.compiled.form.exact
    found = one_sided(form, point.solution, reading, exact=exact)
    border = tuple(index.condition_of[k][1].holds for k in found.border)
    return found.up, found.down, border


def _place(solved: Solved, tracked: _Tracked, key: tuple[str, str]) -> _Moves:
    """Return how a break point moves: what gives way there, over how fast it falls."""
    found = solved.broken_as_written.get(key, ())
    if not found:
        refuse_unknown(solved, key)
    if not found or not found[0].lo or not solved.segments:
        where = "never within the shock as written" if not found else "before any shock"
        if found and found[0].lo:
            where = "known only to the width of a scan"
        raise ModelError([Problem((), f"{key[0]} {key[1]}: {where}")])
    share = Fraction(found[0].lo)
    segment, piece = first_piece(solved.segments, share)
    world = segment.compiled.world
    compiled = open_compiled(tracked.last.world(world.lo, world.hi))
    form = compiled.form
    baseline = _baseline(solved, tracked.calm, key[0])
    for reading in reading_of_event(compiled, baseline, key):
        if not gives_way(reading, piece, share):
            continue
        moved = derivatives(form, piece.cells, piece.y(share), share, reading)
        early = (Fraction(piece.lo) + share) / 2
        falls = (
            reading.at(piece.y(share), piece.z(share), share)
            - reading.at(piece.y(early), piece.z(early), early)
        ) / (share - early)
        if not falls:
            continue
        slopes = {place: -slope / Fraction(falls) for place, slope in moved.items()}
        slopes[SHOCK] = -share
        return _Moves(value=share, up=slopes, down=slopes)
    raise NotCarriedError(f"{key[0]} {key[1]}: decided by no number of the solution")


def _row(system: System, moves: _Moves, place: int, item: _Input | None) -> Sensitivity:
    number = ONE if item is None else item.value.number
    up, down = moves.up.get(place, ZERO), moves.down.get(place, ZERO)
    size = abs(number) * PERCENT
    more, less = (None if up is None else up * size), (None if down is None else -down * size)
    middle = up if up is not None else down
    relative = middle * number / moves.value if middle is not None and moves.value else None
    source = item.source if item is not None else None
    return Sensitivity(
        input="shock" if item is None else item.path,
        value="as written" if item is None else item.value.text,
        number=float(number),
        class_="" if item is None else system.class_of(source),
        source=source or "",
        derivative=None if up is None else float(up),
        derivative_down=None if down is None else float(down),
        down=None if less is None else float(less),
        up=None if more is None else float(more),
        elasticity=None if relative is None else float(relative),
    )
