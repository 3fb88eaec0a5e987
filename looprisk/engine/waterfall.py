"""How a node splits its value among ranked claims, with default costs (SEMANTICS 3).

Ordered cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looprisk.engine.affine import Affine
from looprisk.engine.skeleton import ZERO, Cell, Claim, Condition, Pay, line

ONE = Fraction(1)
WHOLE = Affine(ONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A claim with its place: claims of one rank share in proportion to their faces."""

    claim: Claim
    rank: int
    face: Affine
    cap: Affine = WHOLE
    """The share of its face that the claim gets at most (a default with a stated recovery)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Conditions and cells of one node, in the order of its claims."""

    claims: tuple[Claim, ...]
    conditions: tuple[Condition, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A stretch of the waterfall in which some claims of one rank still grow."""

    floor: Affine
    """The value of the node at which the stretch starts to fill."""
    rank_start: Affine
    rank_face: Affine
    rank: int
    cap: Affine


def waterfall(
    owner: str,
    ranked: tuple[Ranked, ...],
    residual: tuple[tuple[Claim, Fraction], ...],
    *,
    b: Affine = ZERO,
    recovery: tuple[Fraction, Fraction] = (ONE, ONE),
    middle: Fraction = Fraction(0),
) -> Split:
    """Return the split of a node among ranked claims and its residual (SEMANTICS 3).

    ``z_c = (F_c / F_r) min(F_r, max(0, y - U_r))``, the residual split by weight. With
    ``recovery = (alpha, beta)`` a node that cannot pay all faces distributes
    ``beta y + (alpha - beta) b`` instead of ``y`` (Rogers and Veraart 2013, eq. 2). ``middle`` is a
    point of the stretch, on which no two caps cross.

    Raises NotAffineError where faces of one rank move at different speeds.
    """
    owing = tuple(r for r in ranked if not r.face.is_zero)
    steps = _steps(owing, middle)
    total = steps[-1].rank_start + steps[-1].rank_face if steps else ZERO
    alpha, beta = recovery
    rate, shift = beta, (alpha - beta) * b
    claims = (*(r.claim for r in ranked), *(claim for claim, _ in residual))
    weights = sum((weight for _, weight in residual), Fraction(0))

    conditions = []
    cells = []
    if owing:
        conditions.append(_covers(owner, total, owing, None))
    # solvent: every claim has its face (or its cap), the rest is the residual
    full = [line(r.face * r.cap) if r in owing else Pay() for r in ranked]
    rest = [Pay(const=-total * (w / weights), rate=w / weights) for _, w in residual]
    cells.append(Cell(needs=(0,) if owing else (), pays=(*full, *rest)))
    nothing = [Pay() for _ in residual]
    for place, step in reversed(list(enumerate(steps))):
        pays = [_in_step(r, owing, step, rate, shift, middle) for r in ranked]
        needs: tuple[int, ...] = ()
        if place:
            needs = (len(conditions),)
            conditions.append(
                Condition(
                    holds=f"{owner} covers what it pays before {_names(owing, step.rank)}",
                    fails=f"{owner} has less than it pays before {_names(owing, step.rank)}",
                    const=shift - step.floor,
                    own=rate,
                )
            )
        cells.append(Cell(needs=needs, pays=(*pays, *nothing), state=frozenset({"short"})))
    return Split(claims=claims, conditions=tuple(conditions), cells=tuple(cells))


def _steps(owing: tuple[Ranked, ...], middle: Fraction) -> list[_Step]:
    """Return the stretches from the bottom up: one per rank and distinct cap in it."""
    steps: list[_Step] = []
    start = ZERO
    for rank in sorted({r.rank for r in owing}):
        members = [r for r in owing if r.rank == rank]
        face = sum((r.face for r in members), start=ZERO)
        floor = Affine(Fraction(0))
        for cap in sorted({r.cap for r in members}, key=lambda cap: cap.at(middle)):
            steps.append(
                _Step(
                    floor=start + face * floor, rank_start=start, rank_face=face, rank=rank, cap=cap
                )
            )
            floor = cap
        if floor != Affine(ONE):
            full = Affine(ONE)
            steps.append(
                _Step(
                    floor=start + face * floor,
                    rank_start=start,
                    rank_face=face,
                    rank=rank,
                    cap=full,
                )
            )
        start = start + face
    return steps


def _in_step(
    r: Ranked,
    owing: tuple[Ranked, ...],
    step: _Step,
    rate: Fraction,
    shift: Affine,
    middle: Fraction,
) -> Pay:
    """Return what a claim gets while ``step`` fills."""
    if r not in owing or r.rank > step.rank:
        return Pay()
    if r.rank < step.rank or r.cap.at(middle) < step.cap.at(middle):
        return line(r.face * r.cap)
    share = (r.face / step.rank_face).const
    return Pay(const=(shift - step.rank_start) * share, rate=rate * share)


def _names(owing: tuple[Ranked, ...], rank: int) -> str:
    names = [r.claim.id for r in owing if r.rank == rank]
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _covers(owner: str, total: Affine, owing: tuple[Ranked, ...], rank: int | None) -> Condition:
    what = "all it owes" if rank is None else _names(owing, rank)
    return Condition(
        holds=f"{owner} covers {what}",
        fails=f"{owner} has less than {what}",
        const=-total,
        own=ONE,
    )
