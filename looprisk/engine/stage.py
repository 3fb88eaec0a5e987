"""One stage of a scenario, compiled: at a point, and as straight segments where they exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Literal

from looprisk.engine.affine import NotAffineError
from looprisk.engine.approach import undrawn
from looprisk.engine.audit import ADVICE, audit, audit_at_rest, watched_claims
from looprisk.engine.book import book, per_unit
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.clear import Selection
from looprisk.engine.compile import skeleton
from looprisk.engine.crowds import out_of_focus
from looprisk.engine.facts import crossings, decided
from looprisk.engine.focus import Focus
from looprisk.engine.form import NormalForm
from looprisk.engine.holdings import Opening
from looprisk.engine.kept import Kept
from looprisk.engine.oracles import bends, computed_navs
from looprisk.engine.piece import Piece
from looprisk.engine.point import Compiled, Point, Segment, read_off
from looprisk.engine.skeleton import Skeleton, assemble
from looprisk.engine.state import ONE, ZERO, State
from looprisk.engine.trace import trace
from looprisk.engine.twin import twinned
from looprisk.engine.weights import readings, weighed, weighed_tables, weights
from looprisk.engine.world import World, knots, reach
from looprisk.errors import NotCarriedError, NotExactError

EXACT_NODES = 60
"""Up to so many nodes every number is a Fraction; above, float64 unless fractions are asked for."""
MOST_EXACT_NODES = 400
"""Fractions are asked for in vain above: their digits grow with the system."""
Precision = Literal["by size", "exact", "floats"]


@dataclass(frozen=True, kw_only=True)
class StageRun:
    """A stage between two states of one system."""

    catalogue: Catalogue
    start: State
    before: State
    after: State
    name: str = ""
    moved_at: Callable[[Fraction], tuple[Catalogue, State]] | None = None
    """The system and the state before, with mints, runs.

    Openings and changes at a share of their size.
    """

    latches: Mapping[str, Fraction] = field(default_factory=dict)
    """Account: the shock fraction after which it stays liquidated, whatever its health."""
    then: Callable[[Point, Fraction], Point] | None = None
    """What later stages, at their full size, make of a solution at a share of this one."""
    weighs: bool = True
    """Whether incentives are averaged; not yet where the weights are read off the start."""
    precision: Precision = "by size"
    """``floats`` also for a small system, for a search that is then made exact; ``exact`` also for
    a large one."""
    kept: Kept | None = None
    """Where nodes are kept from one point to the next; None where each is made anew."""

    @cached_property
    def weights(self) -> Mapping[str, tuple[Fraction, ...]]:
        """The share of each collateral before the stage, of accounts whose incentives differ.

        Of a table, what its oracles read for a unit in each slot.
        """
        if not self.weighs:
            return {}
        catalogue, state = self.catalogue, self.before
        if self.moved_at is not None:
            catalogue, state = self.moved_at(ONE)
        names, tables = weighed(catalogue, state), weighed_tables(catalogue)
        if not names and not tables:
            return {}
        first = replace(self, weighs=False).at(ZERO)
        found = {name: weights(catalogue, state, name, first.reading) for name in names}
        return found | {name: readings(catalogue, name, first.reading) for name in tables}

    def world(self, lo: Fraction, hi: Fraction, still: Fraction | None = None) -> World:
        """Return the exogenous side on a stretch of the stage, or at one point of it."""
        catalogue, before = self.catalogue, self.before
        if self.moved_at is not None and still is not None:
            catalogue, before = self.moved_at(still)
        here = still if still is not None else (lo + hi) / 2
        return World(
            catalogue=catalogue,
            start=self.start,
            before=before,
            after=self.after,
            lo=lo,
            hi=hi,
            still=still,
            weights=self.weights,
            latched=frozenset(name for name, since in self.latches.items() if since < here),
            first=self._opening if catalogue is self.catalogue else None,
        )

    @cached_property
    def _opening(self) -> Opening:
        return Opening(self.catalogue, self.start)

    def compiled_at(
        self, s: Fraction, navs: Mapping[str, Fraction], focus: Focus | None = None
    ) -> Compiled:
        """Return the system at one shock fraction, where nothing moves.

        Raises NotExactError where even there two things that are not known are multiplied.
        """
        world = replace(self.world(s, s, still=s), navs=navs, focus=focus or Focus())
        # what no table and no book changes is compiled once at each end, for all who ask there
        plain = not navs and not self.catalogue.crowds and s in {ZERO, ONE}
        if plain and s in self._ends:
            return self._ends[s]
        if not navs and (stretch := self._drawn_on(s)) is not None:
            return replace(stretch, world=world, undrawn=stretch.undrawn and stretch.undrawn.at(s))
        try:
            compiled = self._compiled(world)
        except NotAffineError:
            raise NotExactError(
                "a liquidation repays a debt owed in a token at a price that is stated: "
                "what is sold is "
                f"then a ratio of two unknowns; {ADVICE}"
            ) from None
        if plain:
            self._ends[s] = compiled
        return compiled

    def _compiled(self, world: World) -> Compiled:
        kept = self.kept
        parts = skeleton(world, kept)
        if kept is None:
            return _compiled(world, parts, precision=self.precision)
        last = kept.compiled(parts)
        if last is None:
            found = _compiled(world, parts, precision=self.precision, kept=kept)
            kept.last = replace(found, solutions={})
            return kept.last
        return replace(last, world=world)

    def _drawn_on(self, s: Fraction) -> Compiled | None:
        """Return the stretch that a point is inside, compiled for all points of it; None if none.

        So it is where tables of accounts of several legs alone bend the response.
        """
        inside = (c for c in self._stretches_of_tables if c.world.lo < s < c.world.hi)
        return next(inside, None)

    @cached_property
    def _stretches_of_tables(self) -> tuple[Compiled, ...]:
        catalogue = self.catalogue
        if self.moved_at is not None or not catalogue.baskets or catalogue.crowds:
            return ()
        try:
            whole = self.world(ZERO, ONE)
            edges = sorted({ZERO, *knots(whole), *bends(whole), ONE})
            return tuple(
                _compiled(world, parts, precision=self.precision)
                for lo, hi in pairwise(edges)
                for world, parts in self._straight(lo, hi, undrawn=True)
            )
        except NotAffineError:
            return ()

    @cached_property
    def _ends(self) -> dict[Fraction, Compiled]:
        return {}

    def at(self, s: Fraction, selection: Selection = "greatest") -> Point:
        """Return the solution at one shock fraction, after the later stages if there are any."""
        here = self._twinned(s, selection) if self.navs else self._point(s, selection, {})
        return here if self.then is None else self.then(here, s)

    def _point(self, s: Fraction, selection: Selection, navs: Mapping[str, Fraction]) -> Point:
        nearer: Focus | None = Focus(from_below=selection == "least")
        while nearer is not None:
            focus = nearer
            compiled, solution = self.compiled_at(s, navs, focus).solved(selection)
            nearer = out_of_focus(
                focus, compiled.skeleton, compiled.form, compiled.index, solution, s
            )
        return read_off(Point(s=s, compiled=compiled, solution=solution))

    @cached_property
    def navs(self) -> tuple[str, ...]:
        """The tokens and supplies whose computed book an oracle reads."""
        return computed_navs(self.catalogue)

    def _twinned(self, s: Fraction, selection: Selection) -> Point:
        """Return the solution together with the book that its oracles read (SEMANTICS 5)."""

        def read(navs: Mapping[str, Fraction]) -> tuple[Point, dict[str, Fraction]]:
            point = self._point(s, selection, navs)
            booked = book(point)
            prices = {**booked.prices, **per_unit(point, booked.supplies)}
            exact = point.compiled.form.exact
            return point, {c: prices[c] if exact else _shown(prices[c]) for c in self.navs}

        return twinned(read, self.navs, from_above=selection == "greatest")

    @cached_property
    def reach(self) -> Fraction:
        """How far the shock is followed, in units of its size as written; at least 1."""
        return reach(self.world(ZERO, ONE)) if self._is_straight else ONE

    @property
    def _is_straight(self) -> bool:
        """Whether nothing that a stage does by itself bends the response."""
        bent = self.moved_at is not None or self.then is not None or self.navs
        return not bent and not self.catalogue.baskets

    @cached_property
    def stretches(self) -> tuple[Compiled, ...] | None:
        """The straight stretches of the stage; None where two moving numbers are multiplied."""
        if not self._is_straight:
            return None
        try:
            whole = self.world(ZERO, self.reach)
            latches = {s for s in self.latches.values() if s < self.reach}
            edges = sorted({ZERO, *knots(whole), *bends(whole), *latches, self.reach})
            found = tuple(
                _compiled(world, parts, precision=self.precision)
                for lo, hi in pairwise(edges)
                for world, parts in self._straight(lo, hi)
            )
            return None if any(compiled.minus_cycle for compiled in found) else found
        except NotAffineError:
            return None

    def _straight(
        self, lo: Fraction, hi: Fraction, *, undrawn: bool = False
    ) -> Iterator[tuple[World, Skeleton]]:
        """Yield the stretches between two knots on which no trigger on a stated price changes."""
        whole = replace(self.world(lo, hi), undrawn=undrawn)
        parts = skeleton(whole)
        cuts = crossings(parts, lo, hi)
        if not cuts:
            yield whole, parts
            return
        for one, other in pairwise(sorted({lo, *cuts, hi})):
            world = replace(self.world(one, other), undrawn=undrawn)
            yield world, skeleton(world)

    def segments(self, selection: Selection = "greatest") -> tuple[Segment, ...]:
        """Return the whole response, piece by piece, from a point at 0 on.

        () where it is curved.
        """
        if self.stretches is None:
            return ()
        origin = self.compiled_at(ZERO, {})
        at_start = trace(origin.form, *_ends(origin.form, ZERO, ZERO), selection)[:1]
        found = [Segment(compiled=origin, pieces=at_start)]
        for compiled in self.stretches:
            lo, hi = compiled.world.lo, compiled.world.hi
            pieces = trace(compiled.form, *_ends(compiled.form, lo, hi), selection)
            straight = tuple(p for p in pieces if p.hi > p.lo)
            found.append(Segment(compiled=compiled, pieces=_after(found[-1], compiled, straight)))
        return tuple(found)


def _shown(price: Fraction) -> Fraction:
    """Return a price found in floats without its last digits, which never come to rest."""
    return Fraction(f"{float(price):.12e}")


def _ends(
    form: NormalForm, lo: Fraction, hi: Fraction
) -> tuple[Fraction | float, Fraction | float]:
    return (lo, hi) if form.exact else (float(lo), float(hi))


def _after(before: Segment, compiled: Compiled, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Return pieces, the first of which notes what changed since the segment before."""
    if not pieces or not before.pieces:
        return pieces
    conditions = zip(before.compiled.index.condition_of, before.pieces[-1].alive, strict=True)
    held = {(node, condition.holds): bool(alive) for (node, condition), alive in conditions}
    changed = tuple(
        k
        for k, (node, condition) in enumerate(compiled.index.condition_of)
        if held.get((node, condition.holds), True) != pieces[0].alive[k]
    )
    return (replace(pieces[0], changed=(*changed, *pieces[0].changed)), *pieces[1:])


def _compiled(
    world: World, parts: Skeleton, *, precision: Precision, kept: Kept | None = None
) -> Compiled:
    if world.still is None:
        parts = decided(parts, world.middle)
    form, index = assemble(parts)
    tables = None
    if world.catalogue.baskets:
        _refuse_exact(world, precision)
        tables = undrawn(parts, form.floats(), index)
        form = tables.form
    minus_cycle = audit(form, world.lo, world.hi) if kept is None else _audited(form, parts, kept)
    if precision == "exact" and form.nodes > MOST_EXACT_NODES:
        raise NotCarriedError(
            f"exact: {form.nodes} issuers, markets and accounts are more than the "
            f"{MOST_EXACT_NODES} that are solved in fractions: ask without it"
        )
    if precision == "floats" or (precision == "by size" and form.nodes > EXACT_NODES):
        form = form.floats()
    return Compiled(
        world=world,
        skeleton=parts,
        form=form,
        index=index,
        minus_cycle=minus_cycle,
        undrawn=tables,
    )


def _refuse_exact(world: World, precision: Precision) -> None:
    if precision == "exact":
        name, accounts = next(iter(world.catalogue.baskets.items()))
        raise NotCarriedError(
            f"exact: {name} has {accounts.size:,} accounts, many of several collaterals or debts, "
            "and these are solved in floats: ask without it"
        )


def _audited(form: NormalForm, parts: Skeleton, kept: Kept) -> str:
    """Return what the audit of a point says; nodes that it has passed are not looked at again."""
    flags = watched_claims(form).tolist()
    ends = pairwise(form.claim_ptr.tolist())
    watched = tuple(tuple(flags[first:last]) for first, last in ends)
    pairs = enumerate(zip(parts.nodes, watched, strict=True))
    sound = frozenset(place for place, pair in pairs if kept.is_sound(*pair))
    minus_cycle = audit_at_rest(form, sound)
    kept.found_sound(parts, watched)
    return minus_cycle
