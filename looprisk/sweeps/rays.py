"""Where an event begins along a straight way through the factors, and how that place moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from looprisk.engine.adjoint import Reading, condition_of, derivatives
from looprisk.engine.audit import audit
from looprisk.engine.breaks import Break, broken, known_crossings
from looprisk.engine.clear import Selection
from looprisk.engine.compile import skeleton
from looprisk.engine.dual import Dual, Slopes
from looprisk.engine.monitors import Monitor, monitors
from looprisk.engine.piece import Piece
from looprisk.engine.point import Compiled, Segment
from looprisk.engine.skeleton import assemble
from looprisk.engine.sparse import monotone
from looprisk.engine.stage import StageRun
from looprisk.engine.state import ONE, ZERO
from looprisk.engine.trace import adverse
from looprisk.engine.world import World
from looprisk.errors import NotExactError
from looprisk.sweeps.factors import Factors, Sizes

NEAR = Fraction(1, 10**9)
"""In floats, a number so small beside its terms is on its border."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """Where an event begins on the way from ``start``, mostly nothing, to ``full``."""

    sizes: Sizes
    share: Fraction
    """Of the way to ``full``."""
    start: Sizes
    full: Sizes
    attained: bool
    bracket: bool
    """Whether the place is only known to the width of a scan."""
    segments: tuple[Segment, ...]


@dataclass(frozen=True, kw_only=True)
class Target:
    """The event looked for, in one of the two clearings."""

    factors: Factors
    key: Break
    selection: Selection
    rounded: bool = False
    """Whether ways are followed in floats, for a search."""

    def watch(self, compiled: Compiled) -> tuple[Monitor, ...]:
        """Return what tells the event in a system."""
        every = monitors(compiled, self.factors.solved.baseline)
        return tuple(m for m in every if (m.of, m.event) == self.key)


def hit(target: Target, direction: Sequence[Fraction]) -> Hit | None:
    """Return where the event begins from nothing along a direction, None if never in reach."""
    factors = target.factors
    room = min(reach / d for reach, d in zip(factors.reach, direction, strict=True) if d)
    full = tuple(d * room for d in direction)
    return _first(target, factors.toward(full), (ZERO,) * len(full), full)


def corner(target: Target) -> Hit | None:
    """Return where the event begins if every factor grows alike, each up to its reach."""
    factors = target.factors
    here: Sizes = (ZERO,) * len(factors.every)
    for size in sorted(set(factors.reach)):
        there = tuple(min(size, reach) for reach in factors.reach)
        found = _first(target, factors.toward(there, here), here, there)
        if found is not None or (size != max(factors.reach) and factors.run.weights):
            return found
        here = there
    return None


def end_of(target: Target, place: int) -> Hit | None:
    """Return where the event begins along one factor, and from its reach on along all others."""
    factors = target.factors
    alone, whole = factors.alone(place, factors.reach[place]), factors.reach
    found = hit(target, alone)
    if found is not None or factors.run.weights:
        return found
    return _first(target, factors.toward(whole, alone), alone, whole)


def _first(target: Target, run: StageRun, start: Sizes, full: Sizes) -> Hit | None:
    if target.rounded:
        run = replace(run, precision="floats")
    segments = run.segments(target.selection)
    exact = () if segments else known_crossings(run)
    stretches = broken(run, segments, target.watch, target.selection, exact).get(target.key, ())
    if not stretches:
        return None
    first = stretches[0]
    share = Fraction(first.lo)
    if share > 1 or (share == 1 and not first.attained):
        return None
    return Hit(
        sizes=tuple(a + share * (b - a) for a, b in zip(start, full, strict=True)),
        share=share,
        start=start,
        full=full,
        attained=first.attained,
        bracket=first.bracket,
        segments=segments,
    )


def is_adverse(target: Target) -> bool:
    """Return whether more of any factor provably never undoes the event.

    On the way of each factor alone no asset, payment or condition rises, no condition that fails
    lets anybody inside have more, and the limit of the event does not fall. Legs can gain, and
    tables are not looked into: neither counts as proven.
    """
    factors = target.factors
    if factors.run.catalogue.legs or factors.run.catalogue.summed:
        return False
    ways = [factors.alone(k, reach) for k, reach in enumerate(factors.reach)]
    return all(_lowers(target, factors.toward(full)) for full in ways)


def _lowers(target: Target, run: StageRun) -> bool:
    stretches = run.stretches
    if stretches is None:
        return False
    for compiled in stretches:
        limits = [m.short_of for m in target.watch(compiled) if m.short_of is not None]
        if any(limit.slope < 0 or limit.reads for limit in limits):
            return False
        open_form = open_compiled(compiled.world).form
        if not (adverse(open_form) and monotone(open_form)):
            return False
        try:
            audit(open_form, compiled.world.lo, compiled.world.hi)
        except NotExactError:
            return False
    return True


def normals(target: Target, found: Hit) -> tuple[Slopes, ...]:
    """Return how what gave way at a hit moves with every factor: one adjoint solve for each.

    Each is the derivative, to the size of every factor, of a number that is zero at the hit and
    falls there: along the piece before it, and where everything fails that can along the piece
    after it too, on which what failed could first stay so. () where no number decides.
    """
    if not found.segments:
        return ()
    pieces = [(*first_piece(found.segments, found.share), False)]
    if target.selection == "least":
        pieces += [(*late, True) for late in (_next_piece(found.segments, found.share),) if late]
    baseline = target.factors.solved.baseline
    slopes = []
    for segment, piece, after in pieces:
        world = segment.compiled.world
        sizes = tuple(Dual(size, {k: ONE}) for k, size in enumerate(found.full))
        run = target.factors.toward(sizes, found.start)
        compiled = open_compiled(run.world(world.lo, world.hi))
        y, s = piece.y(found.share), found.share
        for reading in reading_of_event(compiled, baseline, target.key):
            if not gives_way(reading, piece, s, after=after):
                continue
            moved = derivatives(compiled.form, piece.cells, y, s, reading)
            if any(slope < 0 for slope in moved.values()):
                slopes.append(moved)
    return tuple(slopes)


def open_compiled(world: World) -> Compiled:
    """Return a system as it is compiled, with no condition decided; not for solving."""
    parts = skeleton(world)
    form, index = assemble(parts)
    return Compiled(world=world, skeleton=parts, form=form, index=index, minus_cycle="")


def first_piece(segments: tuple[Segment, ...], share: Fraction) -> tuple[Segment, Piece]:
    """Return the straight piece that ends at a place, or holds it."""
    return next(
        (segment, piece)
        for segment in segments
        for piece in segment.pieces
        if piece.lo < share <= piece.hi
    )


def _next_piece(segments: tuple[Segment, ...], share: Fraction) -> tuple[Segment, Piece] | None:
    """Return the straight piece that begins at a place."""
    return next(
        (
            (segment, piece)
            for segment in segments
            for piece in segment.pieces
            if piece.lo <= share < piece.hi
        ),
        None,
    )


def reading_of_event(
    compiled: Compiled, baseline: dict[str, Fraction], key: Break
) -> tuple[Reading, ...]:
    """Return every number that may decide an event: its own, then the conditions of all nodes."""
    own = [_reading(m, compiled) for m in monitors(compiled, baseline) if (m.of, m.event) == key]
    form = compiled.form
    conditions = (condition_of(form, k) for k in range(form.conditions))
    return (*(reading for reading in own if reading is not None), *conditions)


def gives_way(reading: Reading, piece: Piece, share: Fraction, *, after: bool = False) -> bool:
    """Return whether a number is zero at the end of a piece and falls to it, or from its start."""
    beside = (Fraction(piece.hi if after else piece.lo) + share) / 2
    there = reading.at(piece.y(share), piece.z(share), share)
    moved = reading.at(piece.y(beside), piece.z(beside), beside) * (-1 if after else 1)
    return moved > 0 and abs(there) <= NEAR * moved


def _reading(monitor: Monitor, compiled: Compiled) -> Reading | None:
    limit = monitor.short_of
    if limit is None or not (monitor.claim or monitor.node):
        return None
    index = compiled.index
    claims = {index.claim[claim]: -coef for claim, coef in limit.reads}
    nodes = {}
    if monitor.claim:
        claim = index.claim[monitor.claim]
        claims[claim] = claims.get(claim, ZERO) + 1
    else:
        nodes = {index.node[monitor.node]: ONE}
    return Reading(const=-limit.const, slope=-limit.slope, nodes=nodes, claims=claims)
