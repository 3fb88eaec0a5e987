"""How a node splits its value: ranked claims, default costs, and one overcollateralised loan.

Formulas of SEMANTICS 3 and 4.2, each as ordered cells with their conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looprisk.engine.affine import Affine, NotAffineError
from looprisk.engine.skeleton import ZERO, Cell, Claim, Condition, Pay, line

ONE = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A claim with its place: claims of one rank share in proportion to their faces."""

    claim: Claim
    rank: int
    face: Affine
    cap: Affine = Affine(ONE)
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
) -> Split:
    """Return the split of a node among ranked claims and its residual (SEMANTICS 3).

    ``z_c = (F_c / F_r) min(F_r, max(0, y - U_r))``, the residual split by weight. With
    ``recovery = (alpha, beta)`` a node that cannot pay all faces distributes
    ``beta y + (alpha - beta) b`` instead of ``y`` (Rogers and Veraart 2013, eq. 2).

    Raises NotAffineError where faces of one rank move at different speeds.
    """
    owing = tuple(r for r in ranked if not r.face.is_zero)
    steps = _steps(owing)
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
        pays = [_in_step(r, owing, step, rate, shift) for r in ranked]
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


def _steps(owing: tuple[Ranked, ...]) -> list[_Step]:
    """Return the stretches from the bottom up: one per rank and distinct cap in it."""
    steps: list[_Step] = []
    start = ZERO
    for rank in sorted({r.rank for r in owing}):
        members = [r for r in owing if r.rank == rank]
        face = sum((r.face for r in members), start=ZERO)
        floor = Affine(Fraction(0))
        for cap in _ordered([r.cap for r in members]):
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


def _ordered(caps: list[Affine]) -> list[Affine]:
    """Return the distinct caps, lowest first, by their place in the middle of the shock."""
    return sorted(set(caps), key=lambda cap: (cap.at(Fraction(1, 2)), cap.const))


def _in_step(
    r: Ranked, owing: tuple[Ranked, ...], step: _Step, rate: Fraction, shift: Affine
) -> Pay:
    """Return what a claim gets while ``step`` fills."""
    if r not in owing or r.rank > step.rank:
        return Pay()
    if r.rank < step.rank or _below(r.cap, step.cap):
        return line(r.face * r.cap)
    share = (r.face / step.rank_face).const
    return Pay(const=(shift - step.rank_start) * share, rate=rate * share)


def _below(cap: Affine, other: Affine) -> bool:
    half = Fraction(1, 2)
    return (cap.at(half), cap.const) < (other.at(half), other.const)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanTerms:
    """One loan against one collateral, at the start of a segment."""

    id: str
    units: Fraction
    """Collateral units N."""
    debt: Affine
    """Debt d, in USD."""
    lltv: Fraction
    incentive: Fraction
    """phi: what a liquidator gets per dollar repaid, above 1."""
    cap: Affine = Affine(ONE)
    """The share of the debt that is paid at most (a default with a stated recovery)."""


def loan_at_own_price(terms: LoanTerms, lender: Claim, owner: Claim) -> Split:
    """Return the split of a loan whose oracle and sale price are the collateral's own (SEMANTICS 4.2a).

    Liquidated below ``y = d / lltv``, bad debt below ``y = phi d``. The one jump is the liquidator's
    incentive ``(phi - 1) d`` at the first of them, on the owner's side.
    """
    d, phi = terms.debt, terms.incentive
    healthy = Condition(
        holds=f"{terms.id} is healthy",
        fails=f"the collateral of {terms.id} is worth less than its debt over the LLTV",
        const=-d,
        own=terms.lltv,
    )
    whole = Condition(
        holds=f"{terms.id} covers its debt and the incentive",
        fails=f"the collateral of {terms.id} is worth less than its debt and the incentive",
        const=-d * phi,
        own=ONE,
    )
    acted = frozenset({"liquidated"})
    cells = (
        Cell(needs=(0,), pays=(line(d), Pay(const=-d, rate=ONE))),
        Cell(needs=(1,), pays=(line(d), Pay(const=-d * phi, rate=ONE)), state=acted),
        Cell(needs=(), pays=(Pay(rate=1 / phi), Pay()), state=acted | {"unpaid"}),
    )
    return Split(claims=(lender, owner), conditions=(healthy, whole), cells=cells)


def loan_at_reading(
    terms: LoanTerms, lender: Claim, owner: Claim, reading: Affine, sale: Affine | None
) -> Split:
    """Return the split of a loan whose oracle reads a number (SEMANTICS 4.2b, c).

    ``reading`` is what the oracle reports for one unit; ``sale`` is what a unit sells for, None where
    that is the collateral's own price ``y / N``. A liquidator acts only if it pays:
    ``phi * sale >= reading``.

    Raises NotAffineError where the share sold moves with the shock.
    """
    n, d, phi = terms.units, terms.debt, terms.incentive
    value = reading * n
    conditions = (
        Condition(
            holds=f"{terms.id} is healthy at its oracle",
            fails=f"the debt of {terms.id} is over the LLTV at its oracle",
            const=value * terms.lltv - d,
        ),
        _covered(terms),
        _worth_it(terms, reading, sale),
        Condition(
            holds=f"the collateral of {terms.id} covers debt and incentive at its oracle",
            fails=f"the collateral of {terms.id} is worth less than debt and incentive at its oracle",
            const=value / phi - d,
        ),
    )
    healthy, covered, worth_it, enough = range(4)
    paid_in_full, under_water = _unsold(terms)
    acted = frozenset({"liquidated"})
    sells = _share_sold(terms, value)
    cells = (
        Cell(needs=(healthy, covered), pays=paid_in_full),
        Cell(needs=(healthy,), pays=under_water),
        Cell(needs=(worth_it, enough), pays=(line(d), Pay(rate=1 - sells)), state=acted),
        Cell(needs=(worth_it,), pays=(line(value / phi), Pay()), state=acted | {"unpaid"}),
        Cell(needs=(covered,), pays=paid_in_full, state=frozenset({"stuck"})),
        Cell(needs=(), pays=under_water, state=frozenset({"stuck"})),
    )
    return Split(claims=(lender, owner), conditions=conditions, cells=cells)


def _share_sold(terms: LoanTerms, value: Affine) -> Fraction:
    """Return zeta, the share of the collateral that repays the whole debt, at most 1."""
    if not terms.debt.const and not terms.debt.moves:
        return Fraction(0)
    if not value.const and not value.moves:
        return ONE
    share = terms.debt * terms.incentive / value
    if share.moves:
        raise NotAffineError
    return min(ONE, share.const)


def _worth_it(terms: LoanTerms, reading: Affine, sale: Affine | None) -> Condition:
    holds = f"liquidating {terms.id} pays"
    fails = f"no liquidator takes {terms.id}: its collateral sells below the oracle price"
    if sale is None:
        own = terms.incentive / terms.units if terms.units else Fraction(0)
        return Condition(holds=holds, fails=fails, const=-reading, own=own)
    return Condition(holds=holds, fails=fails, const=sale * terms.incentive - reading)


def _covered(terms: LoanTerms) -> Condition:
    return Condition(
        holds=f"the collateral of {terms.id} is worth its debt",
        fails=f"the collateral of {terms.id} is worth less than its debt",
        const=-terms.debt,
        own=ONE,
    )


def _unsold(terms: LoanTerms) -> tuple[tuple[Pay, Pay], tuple[Pay, Pay]]:
    """Return the payments of an untouched loan, over and under water."""
    return (line(terms.debt), Pay(const=-terms.debt, rate=ONE)), (Pay(rate=ONE), Pay())


def loan_under_cap(terms: LoanTerms, lender: Claim, owner: Claim, cap: Affine) -> Split:
    """Return the split of a loan whose oracle reads the lesser of a cap and the collateral's own price.

    While the cap alone keeps the loan healthy it changes nothing: under the cap the reading is the price.
    Else the loan is liquidated at the cap, or at the price where that is lower (SEMANTICS 4.1, 4.2).
    """
    n, d, phi = terms.units, terms.debt, terms.incentive
    value = cap * n
    conditions = (
        Condition(
            holds=f"{terms.id} is healthy at the cap of its oracle",
            fails=f"the debt of {terms.id} is over the LLTV at the cap of its oracle",
            const=value * terms.lltv - d,
        ),
        Condition(
            holds=f"{terms.id} is healthy",
            fails=f"the collateral of {terms.id} is worth less than its debt over the LLTV",
            const=-d / terms.lltv,
            own=ONE,
        ),
        Condition(
            holds=f"the collateral of {terms.id} is worth its cap",
            fails=f"the collateral of {terms.id} is worth less than its cap",
            const=-value,
            own=ONE,
        ),
        Condition(
            holds=f"the cap covers debt and incentive of {terms.id}",
            fails=f"the cap is worth less than debt and incentive of {terms.id}",
            const=value / phi - d,
        ),
        Condition(
            holds=f"{terms.id} covers its debt and the incentive",
            fails=f"the collateral of {terms.id} is worth less than its debt and the incentive",
            const=-d * phi,
            own=ONE,
        ),
    )
    at_cap, healthy, capped, enough, whole = range(5)
    acted = frozenset({"liquidated"})
    over_cap = _over_cap(terms, value)
    cells = (
        Cell(needs=(at_cap, healthy), pays=(line(d), Pay(const=-d, rate=ONE))),
        Cell(needs=(capped, enough), pays=(line(d), over_cap), state=acted),
        Cell(needs=(capped,), pays=(line(value / phi), Pay()), state=acted | {"unpaid"}),
        Cell(needs=(whole,), pays=(line(d), Pay(const=-d * phi, rate=ONE)), state=acted),
        Cell(needs=(), pays=(Pay(rate=1 / phi), Pay()), state=acted | {"unpaid"}),
    )
    return Split(claims=(lender, owner), conditions=conditions, cells=cells)


def _over_cap(terms: LoanTerms, value: Affine) -> Pay:
    return Pay(rate=1 - _share_sold(terms, value))


def untouched_loan(terms: LoanTerms, lender: Claim, owner: Claim) -> Split:
    """Return the split of a loan that nobody liquidates (SEMANTICS 4.2b)."""
    paid_in_full, under_water = _unsold(terms)
    cells = (Cell(needs=(0,), pays=paid_in_full), Cell(needs=(), pays=under_water))
    return Split(claims=(lender, owner), conditions=(_covered(terms),), cells=cells)


def unsecured(split: Split, terms: LoanTerms) -> Split:
    """Return a loan's split with the lender's payment capped at a share of the debt (verb ``default``).

    What is withheld leaks. Only where the cap binds does anything change, so each cell is split in
    two: above and under the value at which the lender reaches its cap.
    """
    if terms.cap == Affine(ONE):
        return split
    most = terms.debt * terms.cap
    conditions = list(split.conditions)
    cells: list[Cell] = []
    for cell in split.cells:
        lender, owner = cell.pays
        if not lender.rate:
            cells.append(
                Cell(
                    needs=cell.needs,
                    pays=(line(_least(lender.const, most)), owner),
                    state=cell.state,
                )
            )
            continue
        reached = Condition(
            holds=f"{terms.id} pays what its default leaves",
            fails=f"{terms.id} has less than its default leaves",
            const=lender.const - most,
            own=lender.rate,
        )
        conditions.append(reached)
        at_cap = (line(most), owner)
        cells.append(Cell(needs=(*cell.needs, len(conditions) - 1), pays=at_cap, state=cell.state))
        cells.append(cell)
    return Split(claims=split.claims, conditions=tuple(conditions), cells=tuple(cells))


def _least(a: Affine, b: Affine) -> Affine:
    half = Fraction(1, 2)
    return a if a.at(half) <= b.at(half) else b
