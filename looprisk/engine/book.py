"""What screens show: book values, which a loss reaches only when it is recognised (SEMANTICS 5).

A posted price is not moved by any shock. A computed one follows the issuer's own books: outside
assets, less recognised losses; tokens at their book price; loans at face; supplies less the bad
debt that their market has realised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from looprisk.engine.affine import affine
from looprisk.engine.catalogue import known
from looprisk.engine.dual import exactly
from looprisk.engine.enclosed import cleared
from looprisk.engine.holdings import Holdings, supply_claim
from looprisk.engine.point import Point
from looprisk.engine.reserves import insurance
from looprisk.engine.skeleton import Claim, Node, Skeleton, assemble
from looprisk.engine.standing import standing
from looprisk.engine.state import ONE, ZERO
from looprisk.engine.waterfall import Ranked, waterfall
from looprisk.engine.world import World
from looprisk.errors import NotCarriedError
from looprisk.model.tokens import Par


@dataclass(frozen=True, kw_only=True)
class Book:
    """Book values at one point of a stage, in USD."""

    prices: Mapping[str, Fraction]
    """Of every receipt token."""
    supplies: Mapping[str, Fraction]
    """Of every market's supply claim."""
    assets: Mapping[str, Fraction]
    """Of every issuer."""


def book(point: Point) -> Book:
    """Return the book values at a solution of the economic system."""
    world = point.compiled.world
    catalogue = world.catalogue
    held = world.held
    supplies = {supply: _supply(point, supply) for supply in catalogue.supplies}
    fixed = {
        token: price for token in catalogue.tokens if (price := _posted(point, token)) is not None
    }
    exact = point.compiled.form.exact
    computed = _computed(world, held, supplies, fixed, point.s, exact=exact)
    prices = fixed | computed
    assets = {
        name: _books(world, held, name, supplies, prices, point.s)
        for name in catalogue.system.issuers
    }
    return Book(prices=prices, supplies=supplies, assets=assets)


def _supply(point: Point, supply: str) -> Fraction:
    """Return the book value of a supply: its face, less bad debt where the market realises it.

    Reserves and insurance bear the bad debt first.
    """
    catalogue = point.compiled.world.catalogue
    market, token = catalogue.supplies[supply]
    owed = point.face(supply)
    if not catalogue.system.markets[market].realises_bad_debt:
        return owed
    left = _cash(point, supply) + insurance(catalogue, supply)
    for name, _ in catalogue.positions_in(market):
        claim = catalogue.debt_claims(name).get(token)
        if claim is not None and name in catalogue.crowds:
            crowd = standing(point, name)
            left += point.face(claim) - crowd.outcome.bad_debt * crowd.price
        elif claim is not None and name in catalogue.baskets:
            left += point.face(claim) - point.table(name).outcome(token).bad_debt
        elif claim is not None:
            acted = "liquidated" in point.state_of(name)
            left += exactly(point.claim(claim)) if acted else point.face(claim)
    return min(owed, left)


def _cash(point: Point, supply: str) -> Fraction:
    """Return a market's cash in a loan token, with the debt that is not listed, in USD."""
    world = point.compiled.world
    _, token = world.catalogue.supplies[supply]
    units = world.before.cash[supply] + world.opening.unlisted(supply)
    return units * point.value(world.price(token))


def _posted(point: Point, token: str) -> Fraction | None:
    """Return a book price that is not computed: par, posted, or the value after recognition."""
    world = point.compiled.world
    catalogue = world.catalogue
    receipt = catalogue.tokens[token]
    if isinstance(receipt, Par):
        return known(receipt.par, token, "par") * _unit(world, receipt.par.of, point.s)
    if receipt.book_price is None:
        return None
    if world.recognised(catalogue.issuer_of[token]):
        return point.token(token)
    # `1.2 ETH` is posted in ETH: no shock moves the 1.2
    return known(receipt.book_price, token, "book_price") * _unit(
        world, receipt.book_price.of, point.s
    )


def _outside(world: World, issuer: str, s: Fraction) -> Fraction:
    """Return an issuer's outside money at book: whole until its loss is recognised."""
    piles = world.catalogue.system.issuers[issuer].outside
    if world.recognised(issuer):
        return sum((world.pile(issuer, pile).at(s) for pile in piles), ZERO)
    return sum((known(value, issuer, "outside", pile) for pile, value in piles.items()), ZERO)


def _own(
    world: World, held: Holdings, issuer: str, supplies: Mapping[str, Fraction], s: Fraction
) -> Fraction:
    """Return the part of an issuer's books that no token price decides."""
    total = _outside(world, issuer, s)
    for asset, units in held.assets[issuer].items():
        total += world.price(asset).at(s) * units
    for leg in world.catalogue.legs_of.get(issuer, ()):
        total += world.leg_value(leg).at(s)
    for claim, units in _holds(held, issuer).items():
        if units and claim in supplies:
            total += supplies[claim] * units / held.units.get(claim, ONE)
    for other, loan, unit in world.catalogue.lent_by.get(issuer, ()):
        total += _loan_face(world, f"{other}/owes/{loan}", unit, s)
    return total


def _holds(held: Holdings, issuer: str) -> Mapping[str, Fraction]:
    """Return the units of every claim that an issuer holds."""
    return held.of_node.get(issuer, {})


def _loan_face(world: World, path: str, unit: str | None, s: Fraction) -> Fraction:
    issuer, _, loan = path.partition("/owes/")
    amount = known(world.catalogue.system.issuers[issuer].owes[loan].amount, path)
    return amount * _unit(world, unit, s)


def _owed(world: World, held: Holdings, issuer: str, s: Fraction) -> Fraction:
    """Return the faces an issuer owes: its loans and its promises."""
    part = world.catalogue.system.issuers[issuer]
    total = sum(
        (
            _loan_face(world, f"{issuer}/owes/{n}", loan.amount.of, s)
            for n, loan in part.owes.items()
        ),
        ZERO,
    )
    for token, receipt in part.issues.items():
        if isinstance(receipt, Par):
            price = known(receipt.par, token, "par") * _unit(world, receipt.par.of, s)
            total += price * held.units[token]
    return total


def _unit(world: World, unit: str | None, s: Fraction, above: tuple[str, ...] = ()) -> Fraction:
    """Return the book price, in USD, of what something is counted in.

    Dollars, an asset, a token.
    """
    if unit is None:
        return ONE
    if unit in above:
        raise NotCarriedError(
            f"a unit of {unit} is a promise of {above[-1]} that leads back to {unit}, never to "
            "dollars: "
            "write the `par` of one of them in dollars or in an asset"
        )
    receipt = world.catalogue.tokens.get(unit)
    if receipt is None:
        return world.price(unit).at(s)
    if isinstance(receipt, Par):
        return known(receipt.par, unit, "par") * _unit(world, receipt.par.of, s, (*above, unit))
    if receipt.book_price is not None:
        price = receipt.book_price
        return known(price, unit, "book_price") * _unit(world, price.of, s, (*above, unit))
    raise NotCarriedError(
        f"what is owed in units of {unit}, whose book price is computed: give {unit} a `book_price`"
    )


def _owned_accounts(world: World, issuer: str) -> tuple[str, ...]:
    return world.catalogue.accounts_of.get(issuer, ())


def _account_owes(world: World, name: str, s: Fraction) -> Fraction:
    """Return what an account owes at face, in USD."""
    debts = world.before.accounts[name].debts
    return sum((n * _unit(world, token, s) for token, n in debts.items()), ZERO)


def _account_has(world: World, name: str, prices: Mapping[str, Fraction], s: Fraction) -> Fraction:
    """Return the collateral and balances of an account at these prices, else at the assets' own."""
    account = world.before.accounts[name]
    total = ZERO
    for collateral, units in account.collateral.items():
        if collateral in world.catalogue.system.assets:
            total += units * world.price(collateral).at(s)
        else:
            total += units * prices.get(supply_claim(world.catalogue, collateral), ZERO)
    for token in account.debts:
        total += account.credit * _unit(world, token, s)
    return total


def per_unit(point: Point, supplies: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Return the book price of a unit of every supply at a solution, in USD."""
    index = point.compiled.index
    units = {supply: index.claim_of[index.claim[supply]].units for supply in supplies}
    return {supply: value / units[supply] for supply, value in supplies.items() if units[supply]}


def _unit_books(held: Holdings, supplies: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Return the book price of a unit of every supply, in USD."""
    return {c: value / held.units[c] for c, value in supplies.items() if held.units[c]}


def _books(
    world: World,
    held: Holdings,
    issuer: str,
    supplies: Mapping[str, Fraction],
    prices: Mapping[str, Fraction],
    s: Fraction,
) -> Fraction:
    """Return an issuer's assets at book."""
    total = _own(world, held, issuer, supplies, s)
    for token, units in _holds(held, issuer).items():
        if token in prices:
            total += units * prices[token]
    accounts = _owned_accounts(world, issuer)
    every = {**prices, **_unit_books(held, supplies)} if accounts else prices
    for name in accounts:
        has = _account_has(world, name, every, s)
        total += max(ZERO, has - _account_owes(world, name, s))
    return total


def _computed(
    world: World,
    held: Holdings,
    supplies: Mapping[str, Fraction],
    fixed: Mapping[str, Fraction],
    s: Fraction,
    *,
    exact: bool,
) -> dict[str, Fraction]:
    """Return the computed book prices, in floats where the economic values are.

    A clearing of their own, in which nothing breaks but equity.
    """
    catalogue = world.catalogue
    wanted = {token for token in catalogue.tokens if token not in fixed}
    if not wanted:
        return {}
    issuers = sorted({catalogue.issuer_of[token] for token in wanted})
    nodes = [_book_node(world, held, issuer, supplies, fixed, s) for issuer in issuers]
    nodes += [
        _account_node(world, name, issuer, {**fixed, **_unit_books(held, supplies)}, s)
        for issuer in issuers
        for name in _owned_accounts(world, issuer)
        if not wanted.isdisjoint(world.before.accounts[name].collateral)
    ]
    inside = {node.id for node in nodes}
    nodes = [_only_held_by(node, inside) for node in nodes]
    form, index = assemble(Skeleton(nodes=tuple(nodes)))
    z = cleared(form if exact else form.floats()).z
    return {token: exactly(z[index.claim[token]]) / held.units[token] for token in wanted}


def _book_node(
    world: World,
    held: Holdings,
    issuer: str,
    supplies: Mapping[str, Fraction],
    fixed: Mapping[str, Fraction],
    s: Fraction,
) -> Node:
    own = _own(world, held, issuer, supplies, s)
    for token, units in _holds(held, issuer).items():
        if token in fixed:
            own += units * fixed[token]
    accounts = _owned_accounts(world, issuer)
    prices = {**fixed, **_unit_books(held, supplies)} if accounts else fixed
    for name in accounts:
        collateral = world.before.accounts[name].collateral
        if all(token not in world.catalogue.tokens or token in fixed for token in collateral):
            has = _account_has(world, name, prices, s)
            own += max(ZERO, has - _account_owes(world, name, s))
    owed = affine(_owed(world, held, issuer, s))
    debts = Claim(id=f"{issuer}/debts", kind="loan", face=owed)
    residual = tuple(
        (_share(held, token, fixed), weight)
        for token, weight in held.residual(world.catalogue, issuer)
    )
    split = waterfall(issuer, (Ranked(claim=debts, rank=0, face=owed),), residual)
    return Node(
        id=issuer,
        b=affine(own),
        claims=split.claims,
        conditions=split.conditions,
        cells=split.cells,
    )


def _share(held: Holdings, token: str, fixed: Mapping[str, Fraction]) -> Claim:
    """Return a share of what is left; who holds one with a posted price counts it at that price."""
    holders = () if token in fixed else held.shares(token)
    return Claim(id=token, kind="share", units=held.units[token], holders=holders)


def _account_node(
    world: World, name: str, issuer: str, prices: Mapping[str, Fraction], s: Fraction
) -> Node:
    owed = affine(_account_owes(world, name, s))
    lender = Claim(id=f"{name}/debt", kind="debt", face=owed)
    owner = Claim(id=f"{name}/equity", kind="owner", holders=((issuer, ONE),))
    split = waterfall(name, (Ranked(claim=lender, rank=0, face=owed),), ((owner, ONE),))
    return Node(
        id=name,
        b=affine(_account_has(world, name, prices, s)),
        claims=split.claims,
        conditions=split.conditions,
        cells=split.cells,
    )


def _only_held_by(node: Node, inside: set[str]) -> Node:
    claims = tuple(
        Claim(
            id=c.id,
            kind=c.kind,
            face=c.face,
            units=c.units,
            holders=tuple((by, share) for by, share in c.holders if by in inside),
        )
        for c in node.claims
    )
    return Node(id=node.id, b=node.b, claims=claims, conditions=node.conditions, cells=node.cells)
