"""A crowd of accounts as one node of the normal form (SEMANTICS 4.2, columnar books).

All accounts of a crowd have the same collateral and the same debt, so one price decides what
happens to each. Its node shows a part of its ladder: the cells around where it stands are exact,
and those farther away are bounds, from above where the greatest solution is sought and from below
where the least is. A solution in exact cells is then the greatest, or the least, of the whole
ladders too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NoReturn

from looprisk.engine.affine import Affine, NotAffineError
from looprisk.engine.audit import ADVICE
from looprisk.engine.baskets import Baskets
from looprisk.engine.clear import Solution
from looprisk.engine.focus import Focus
from looprisk.engine.form import NormalForm
from looprisk.engine.ladder import Ladder, Line, Rung, rungs
from looprisk.engine.legs import Leg, legs_of
from looprisk.engine.maker import Maker
from looprisk.engine.skeleton import ZERO as NOTHING
from looprisk.engine.skeleton import Cell, Claim, Condition, Index, Node, Pay, Skeleton
from looprisk.engine.tables import Crowd
from looprisk.engine.triggers import ends_of, incentive_of, ladder_of, loan_token
from looprisk.errors import NoSolutionError, NotExactError

ZERO, ONE = Fraction(0), Fraction(1)
WHOLE = 240
"""Up to so many borders a ladder is shown whole."""
SPREAD, NEAR = 12, 6
"""Borders shown of a longer ladder: over all of it, and on each side of where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdNode(Node):
    """The node of a crowd, and the ladder that its cells show."""

    ladder: Ladder
    rungs: tuple[Rung, ...]
    """One for each cell."""
    units: Fraction
    price: Affine
    """Of the loan token, in USD."""
    incentive: Fraction
    """phi: what a liquidator gets per dollar repaid, above 1."""
    known: bool
    """Whether no claim decides its price: then it stands in exact cells, wherever others do."""

    def x(self, worth: Fraction, price: Fraction) -> Fraction:
        """Return the price of the collateral in loan tokens, all of it being ``worth`` so much."""
        return worth / (self.units * price)


def crowd_node(make: Maker, name: str) -> CrowdNode:
    """Return the node of a crowd; of a long ladder it shows what the world's focus is on.

    Raises NotAffineError where no single chain of cells holds on the whole stretch: the share sold
    moves with the shock, or more accounts break on it than are shown at once.
    """
    crowd = make.catalogue.crowds[name]
    (leg,) = legs_of(make, name)
    ladder = ladder_of(make, crowd, leg)
    price = make.world.price(loan_token(make, name))
    known = _known_prices(make, name, leg)
    shown = rungs(
        ladder, _in_sight(make, name, ladder, known), from_below=make.world.focus.from_below
    )
    conditions, cells = split_of(crowd, shown, price, ladder.steps.all_units)
    lender = Claim(
        id=f"{name}/debt",
        kind="debt",
        face=price * ladder.steps.all_debt,
        holders=make.held.shares(f"{name}/debt"),
    )
    return CrowdNode(
        id=name,
        b=leg.worth if leg.claim in make.catalogue.system.assets else NOTHING,
        claims=(lender, Claim(id=f"{name}/equity", kind="owner")),
        conditions=conditions,
        cells=cells,
        leak="liquidators",
        ladder=ladder,
        rungs=shown,
        units=ladder.steps.all_units,
        price=price,
        incentive=incentive_of(leg),
        known=known is not None,
    )


def split_of(
    crowd: Crowd, shown: tuple[Rung, ...], price: Affine, units: Fraction
) -> tuple[tuple[Condition, ...], tuple[Cell, ...]]:
    """Return rungs as conditions and cells of a node that has ``units`` of collateral.

    ``price`` is that of the loan token, in USD.
    """
    scale = price * units
    conditions = [_condition(crowd, rung, scale) for rung in shown if rung.low is not None]
    cells = [
        Cell(
            needs=(place,) if rung.low is not None else (),
            pays=tuple(_pay(line, price, units) for line in (rung.lender, rung.owner)),
            state=rung.state,
        )
        for place, rung in enumerate(shown)
    ]
    return tuple(conditions), tuple(cells)


def _condition(crowd: Crowd, rung: Rung, scale: Affine) -> Condition:
    assert rung.low is not None  # noqa: S101  (the last cell needs none)
    account = (
        f"account {crowd.name_of(rung.row)} of {crowd.table}" if rung.row is not None else crowd.id
    )
    fails = {
        "liquidated": f"the collateral of {account} is worth less than its debt over the LLTV",
        "unpaid": f"the collateral of {account} is worth less than its debt and the incentive",
        "under water": f"the collateral of {account} is worth less than its debt",
    }
    return Condition(
        holds=f"{account} is not {rung.word}"
        if rung.word
        else f"{account} sells at its oracle's price",
        fails=fails.get(
            rung.word, f"the collateral of {account} sells below what its oracle reads"
        ),
        const=scale * -rung.low,
        own=ONE,
    )


def _pay(line: Line, price: Affine, units: Fraction) -> Pay:
    """Return a line in the price as one in what all collateral is worth, in USD."""
    return Pay(const=price * line.const, rate=line.rate / units if line.rate else ZERO)


def _in_sight(
    make: Maker, name: str, ladder: Ladder, known: tuple[Fraction, ...] | None
) -> set[Fraction]:
    """Return the borders that the node of a crowd shows; ``known`` are prices at the ends."""
    if known is not None:
        low, high = min(known), max(known)
        if low < high and ladder.count_between(low, high) > WHOLE:
            raise NotAffineError
        shown = ladder.between(low, high) | ladder.near(low, 1) | ladder.near(high, 1)
        return shown | ladder.spread(1)
    if ladder.borders > WHOLE and make.world.still is None:
        raise NotAffineError
    return borders_in(make.world.focus, name, ladder)


def borders_in(focus: Focus, name: str, ladder: Ladder) -> set[Fraction]:
    """Return the borders of a ladder that are shown where no price is known: all of a short one."""
    if ladder.borders <= WHOLE:
        return ladder.spread(ladder.borders)
    return ladder.spread(SPREAD) | focus.borders.get(name, frozenset())


def _known_prices(make: Maker, name: str, leg: Leg) -> tuple[Fraction, ...] | None:
    """Return the prices, in loan tokens, at the ends; None where a claim decides them."""
    price = make.world.price(loan_token(make, name))
    if price.reads or leg.price.reads:
        return None
    ends = ends_of(make)
    if any(price.at(s) <= 0 for s in ends):
        return None
    return tuple(leg.price.at(s) / price.at(s) for s in ends)


def out_of_focus(
    focus: Focus,
    skeleton: Skeleton,
    form: NormalForm,
    index: Index,
    solution: Solution,
    s: Fraction = ZERO,
) -> Focus | None:
    """Return a focus closer to a solution; None where it stands in exact cells alone.

    Raises NoSolutionError where looking closer shows nothing more.
    """
    nearer: dict[str, frozenset[Fraction]] = {}
    for node in skeleton.nodes:
        if not isinstance(node, CrowdNode):
            continue
        rung = rung_at(node, form, index, solution)
        if rung.sharp:
            continue
        price = _value_at(node.price, index, solution, s)
        x = node.x(Fraction(solution.y[index.node[node.id]]), price)
        place = node.rungs.index(rung)
        high = node.rungs[place - 1].low if place else None
        seen = focus.borders.get(node.id, frozenset())
        more = node.ladder.near(x, NEAR) | node.ladder.inside(rung.low, high, SPREAD)
        if more <= {r.low for r in node.rungs}:
            raise NoSolutionError(f"{node.id}: its accounts cannot be told apart where they break")
        nearer[node.id] = seen | more
    return replace(focus, borders={**focus.borders, **nearer}) if nearer else None


def refuse_bounds(skeleton: Skeleton, cycle: str) -> None:
    """Raise NotExactError where a crowd may stand at a bound, no proof in a loop with a minus."""
    for node in skeleton.nodes:
        if not isinstance(node, CrowdNode) or node.known:
            continue
        if not all(rung.sharp for rung in node.rungs):
            raise NotExactError(
                f"{cycle}; and {node.id} is a table of {node.ladder.steps.accounts:_} accounts, of "
                f"which {WHOLE // 2} can be followed at once there; {ADVICE}"
            )


def refuse_tables(tables: Mapping[str, Baskets], cycle: str) -> NoReturn:
    """Raise NotExactError: accounts of several legs are bounded from one side at a time."""
    name, accounts = next(iter(tables.items()))
    raise NotExactError(
        f"{cycle}; and {name} is a table of {accounts.size:_} accounts, many of several "
        f"collaterals or debts, which cannot be bounded from both sides there; {ADVICE}"
    )


def rung_at(node: CrowdNode, form: NormalForm, index: Index, solution: Solution) -> Rung:
    """Return the rung on which a solution stands."""
    at = index.node[node.id]
    return node.rungs[int(solution.cells[at]) - int(form.cell_ptr[at])]


def _value_at(line: Affine, index: Index, solution: Solution, s: Fraction) -> Fraction:
    read = (coef * Fraction(solution.z[index.claim[claim]]) for claim, coef in line.reads)
    return line.at(s) + sum(read, ZERO)


def first_borders(make: Maker, name: str) -> Iterator[Fraction]:
    """Yield the shock fractions at which the first of a crowd breaks, where no claim decides it."""
    (leg,) = legs_of(make, name)
    crowd = make.catalogue.crowds[name]
    steps = make.world.before.crowds.get(crowd.id, crowd.steps)
    if steps.bare >= steps.owing:
        return
    debt = make.world.price(loan_token(make, name)) * steps.ratio_at(steps.bare)
    lines = [leg.reading * leg.lltv - debt]
    if leg.incentive is not None:
        lines += [leg.reading - debt * leg.incentive, leg.sale * leg.incentive - leg.reading]
    for line in lines:
        if not line.reads and line.slope:
            yield -line.const / line.slope
