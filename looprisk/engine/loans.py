"""How the collateral of one account is split: lender, owner, liquidators (SEMANTICS 4.2 and 4.3).

An account with several collaterals is one basket with one incentive. What the oracles read, what a
sale brings and what the basket is worth are lines in the shock and in the claims that back it;
which of them are the same decides the formula.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from looprisk.engine.affine import Affine, NotAffineError
from looprisk.engine.skeleton import Cell, Claim, Condition, Pay, line
from looprisk.engine.waterfall import Split
from looprisk.errors import NotExactError

ONE = Fraction(1)
ACTED = frozenset({"liquidated"})
STUCK = frozenset({"stuck"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """All collateral of an account against all its debt, each line in USD for the whole."""

    id: str
    debt: Affine
    worth: Affine
    """The units at their own prices: what the node is worth."""
    reading: Affine
    """The units as the oracles read them."""
    weighted: Affine
    """The same, each times its LLTV."""
    sale: Affine
    """What a sale of all units brings."""
    incentive: Fraction
    """phi: what a liquidator gets per dollar repaid, above 1."""
    owner_inside: bool = False
    forced: bool = False
    """Whether liquidators act even where it does not pay."""

    def needs(self, value: Affine, holds: str, fails: str) -> Condition:
        """Return the condition ``value >= 0``.

        As far as possible in the worth of the account itself.

        What a claim is worth is only known once its own node is solved; the account's own worth is
        nearer at hand.
        """
        own = _share(value, self.worth)
        return Condition(holds=holds, fails=fails, const=value - self.worth * own, own=own)

    def pays(self, value: Affine) -> Pay:
        """Return a payment of ``value``, as far as possible in the worth of the account itself."""
        own = _share(value, self.worth)
        return Pay(const=value - self.worth * own, rate=own)


def _share(value: Affine, worth: Affine) -> Fraction:
    """Return the largest part of ``worth`` whose absence turns no claim and no slope of ``value``.

    What is left falls where ``value`` falls, so that a response can be followed in one sweep.
    """
    coefs = dict(value.reads)
    shares = [coefs.get(claim, Fraction(0)) / coef for claim, coef in worth.reads]
    if worth.slope:
        shares.append(value.slope / worth.slope)
    return max(Fraction(0), min(shares, default=Fraction(0)))


def untouched(basket: Basket, lender: Claim, owner: Claim) -> Split:
    """Return the split of an account that nobody liquidates (SEMANTICS 4.2b)."""
    paid_in_full, under_water = _unsold(basket)
    cells = (Cell(needs=(0,), pays=paid_in_full), Cell(needs=(), pays=under_water))
    return Split(claims=(lender, owner), conditions=(_covered(basket),), cells=cells)


def liquidated(basket: Basket, lender: Claim, owner: Claim) -> Split:
    """Return the split of an account that liquidators watch.

    Raises NotAffineError where the share sold moves with the shock, NotExactError where it is a
    ratio of values that the solution decides and somebody inside the system holds what is left.
    """
    if basket.reading == basket.worth == basket.sale:
        return _at_own_price(basket, lender, owner)
    if basket.sale != basket.worth and (basket.sale.reads or basket.reading.reads):
        raise NotExactError(overpaid(basket.id, forced=basket.forced))
    if not basket.reading.reads:
        return _at_reading(basket, lender, owner)
    return _at_mixed_reading(basket, lender, owner)


def overpaid(name: str, *, forced: bool) -> str:
    """Say why the lenders of an account might get more as a value inside the system falls."""
    if forced:
        return (
            f"{name}: liquidators that act `always` pay what the oracles read, of which the "
            "solution decides a part, whatever the collateral is worth; write `liquidators: "
            "when_paid`, or add `time`"
        )
    return (
        f"{name}: one collateral sells at a quote and another at what backs it, so its "
        "lenders may get more as a value falls; quote every token of the account with "
        "`market_price`, or none, or add `time`"
    )


def _at_own_price(basket: Basket, lender: Claim, owner: Claim) -> Split:
    """Oracle and sale price are the collateral's own (4.2a).

    Bad debt below ``y = phi d``. The one jump is the liquidator's incentive ``(phi - 1) d`` at the
    trigger, on the owner's side.
    """
    d, phi = basket.debt, basket.incentive
    healthy = basket.needs(
        basket.weighted - d,
        f"{basket.id} is healthy",
        f"the collateral of {basket.id} is worth less than its debt over the LLTV",
    )
    whole = Condition(
        holds=f"{basket.id} covers its debt and the incentive",
        fails=f"the collateral of {basket.id} is worth less than its debt and the incentive",
        const=-d * phi,
        own=ONE,
    )
    cells = (
        Cell(needs=(0,), pays=(line(d), Pay(const=-d, rate=ONE))),
        Cell(needs=(1,), pays=(line(d), Pay(const=-d * phi, rate=ONE)), state=ACTED),
        Cell(needs=(), pays=(Pay(rate=1 / phi), Pay()), state=ACTED | {"unpaid"}),
    )
    return Split(claims=(lender, owner), conditions=(healthy, whole), cells=cells)


def _at_reading(basket: Basket, lender: Claim, owner: Claim) -> Split:
    """The oracles read numbers (4.2b, c). A liquidator acts only if it pays: ``phi x >= o``."""
    repaid = (line(basket.debt), Pay(rate=1 - _share_sold(basket)))
    return _as_read(basket, lender, owner, repaid, ACTED)


def _at_mixed_reading(basket: Basket, lender: Claim, owner: Claim) -> Split:
    """Some oracle reads what the solution decides.

    And not all is worth what its oracle reads (4.2d).

    What the lender gets is a line; what the owner keeps is a ratio, read off a solution afterwards.
    """
    if basket.owner_inside:
        raise NotExactError(
            f"{basket.id}: one oracle reads a price that the solution decides and another does not "
            "read what its collateral is worth, so what the owner keeps is a ratio, and the owner "
            "is in the system; leave out its `owner`, quote the token with `market_price`, or add "
            "`time`"
        )
    return _as_read(basket, lender, owner, (line(basket.debt), Pay()), ACTED | {"apart"})


def _as_read(
    basket: Basket,
    lender: Claim,
    owner: Claim,
    repaid: tuple[Pay, Pay],
    state: frozenset[str],
) -> Split:
    """Return the cells of an account that is liquidated at what its oracles read."""
    name, phi = basket.id, basket.incentive
    conditions = (
        basket.needs(
            basket.weighted - basket.debt,
            f"{name} is healthy at its oracle",
            f"the debt of {name} is over the LLTV at its oracle",
        ),
        _covered(basket),
        basket.needs(
            basket.sale * phi - basket.reading,
            f"liquidating {name} pays",
            f"no liquidator takes {name}: its collateral sells below the oracle price",
        ),
        basket.needs(
            basket.reading / phi - basket.debt,
            f"the collateral of {name} covers debt and incentive at its oracle",
            f"the collateral of {name} is worth less than debt and incentive at its oracle",
        ),
    )
    healthy, covered, worth_it, enough = range(4)
    paid_in_full, under_water = _unsold(basket)
    seized = (basket.pays(basket.reading / phi), Pay())
    cells = (
        Cell(needs=(healthy, covered), pays=paid_in_full),
        Cell(needs=(healthy,), pays=under_water),
        Cell(needs=(worth_it, enough), pays=repaid, state=state),
        Cell(needs=(worth_it,), pays=seized, state=ACTED | {"unpaid"}),
        Cell(needs=(covered,), pays=paid_in_full, state=STUCK),
        Cell(needs=(), pays=under_water, state=STUCK),
    )
    return Split(claims=(lender, owner), conditions=conditions, cells=cells)


def only_liquidated(split: Split) -> Split:
    """Return a split without the cells in which nobody has acted: the liquidation stays.

    What all cells left need was needed to act, and somebody did.
    """
    kept = [cell for cell in split.cells if "liquidated" in cell.state]
    acted = set(kept[0].needs).intersection(*(cell.needs for cell in kept))
    cells = (
        replace(cell, needs=tuple(need for need in cell.needs if need not in acted))
        for cell in kept
    )
    return replace(split, cells=tuple(cells))


def _share_sold(basket: Basket) -> Fraction:
    """Return zeta, the share of the collateral that repays the whole debt, at most 1."""
    if basket.debt.is_zero:
        return Fraction(0)
    if basket.reading.is_zero:
        return ONE
    seized = basket.debt * basket.incentive
    if not (seized.moves or basket.reading.moves) and seized.const >= basket.reading.const:
        return ONE
    share = seized / basket.reading
    if share.moves:
        raise NotAffineError
    return min(ONE, share.const)


def _covered(basket: Basket) -> Condition:
    return Condition(
        holds=f"the collateral of {basket.id} is worth its debt",
        fails=f"the collateral of {basket.id} is worth less than its debt",
        const=-basket.debt,
        own=ONE,
    )


def _unsold(basket: Basket) -> tuple[tuple[Pay, Pay], tuple[Pay, Pay]]:
    """Return the payments of an untouched account, over and under water."""
    over = (line(basket.debt), Pay(const=-basket.debt, rate=ONE))
    return over, (Pay(rate=ONE), Pay())


def first_of(cases: tuple[tuple[Condition | None, Split], ...]) -> Split:
    """Return one split out of several: the first whose condition holds, the last without one.

    Used where an oracle reads the lesser of two prices: at the border both splits are the same.
    """
    conditions: list[Condition] = []
    cells: list[Cell] = []
    for condition, split in cases:
        begin = len(conditions) + (condition is not None)
        chosen = (begin - 1,) if condition is not None else ()
        conditions += [condition] if condition is not None else []
        conditions += split.conditions
        cells += [
            Cell(
                needs=(*chosen, *(begin + need for need in cell.needs)),
                pays=cell.pays,
                state=cell.state,
            )
            for cell in split.cells
        ]
    return Split(claims=cases[0][1].claims, conditions=tuple(conditions), cells=tuple(cells))


def unsecured(split: Split, debt: Affine, cap: Affine, name: str) -> Split:
    """Return a split with the lender's payment capped at a share of the debt (verb ``default``).

    What is withheld leaks. Only where the cap binds does anything change, so each cell is split in
    two: above and under the value at which the lender reaches its cap.
    """
    if cap == Affine(ONE):
        return split
    most = debt * cap
    conditions = list(split.conditions)
    cells: list[Cell] = []
    for cell in split.cells:
        lender, *others = cell.pays
        reached = Condition(
            holds=f"{name} pays what its default leaves",
            fails=f"{name} has less than its default leaves",
            const=lender.const - most,
            own=lender.rate,
        )
        conditions.append(reached)
        needs = (*cell.needs, len(conditions) - 1)
        cells.append(Cell(needs=needs, pays=(line(most), *others), state=cell.state))
        cells.append(cell)
    return Split(claims=split.claims, conditions=tuple(conditions), cells=tuple(cells))


def among(split: Split, lenders: tuple[tuple[Claim, Fraction], ...]) -> Split:
    """Return a split in which the lender's payment goes to several debts.

    By their shares of the whole.
    """
    if len(lenders) == 1:
        return split
    cells = []
    for cell in split.cells:
        paid, *others = cell.pays
        parts = (Pay(const=paid.const * share, rate=paid.rate * share) for _, share in lenders)
        cells.append(Cell(needs=cell.needs, pays=(*parts, *others), state=cell.state))
    claims = (*(claim for claim, _ in lenders), *split.claims[1:])
    return Split(claims=claims, conditions=split.conditions, cells=tuple(cells))
