"""Systems of funds and tables of accounts as arrays, for many scenarios at once.

Where issuers owe nothing and every account stands in a table of a market that reads the price of
its collateral as it is, shocks to prices and piles move outside assets alone. Then
:mod:`looprisk.engine.large` finds prices and bad debt of all scenarios together, without a node for
any account. What does not fit is named, and left to the engine that carries everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from looprisk.engine.affine import NotAffineError
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.compile import maker
from looprisk.engine.form import Numbers
from looprisk.engine.ladder import Taken
from looprisk.engine.large import Large, cleared, large
from looprisk.engine.legs import Leg, legs_of, terms_of
from looprisk.engine.maker import Maker
from looprisk.engine.many import Joined
from looprisk.engine.oracles import reading_of, sells_at_quote
from looprisk.engine.outside import STILL, Moves, Outside, matrix, outside
from looprisk.engine.reserves import insurance
from looprisk.engine.shelves import Index, Shelves, shelves
from looprisk.engine.skeleton import Claim
from looprisk.engine.state import ONE, ZERO, start_state
from looprisk.engine.steps import Steps
from looprisk.engine.triggers import ladder_of
from looprisk.engine.world import World
from looprisk.errors import NoSolutionError

OWN_PRICE = ("liquidated", "unpaid")
"""What becomes of an account whose oracle reads the price that its collateral sells at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shelved:
    """A system as arrays, ready for any number of scenarios."""

    claims: tuple[Claim, ...]
    """What is left of each issuer, then the supplies of markets."""
    funds: int
    """How many of the claims are on issuers."""
    supply: csr_array
    """[supplies, C] one where a book is lent from a supply."""
    loan: Index
    """[C] the asset that each book is owed in."""
    lent: frozenset[str]
    """Assets that decide what a loan token is worth."""
    outside: Outside
    system: Large

    @property
    def accounts(self) -> int:
        """How many accounts stand in the books."""
        return len(self.system.books.ratio) - len(self.loan)

    @cached_property
    def layers(self) -> Index:
        """Which claims are layers: not the equity of who never had anything."""
        start = self.solved(STILL, STILL).value[0]
        worth = [
            claim.kind != "equity" or bool(v) for claim, v in zip(self.claims, start, strict=True)
        ]
        return np.flatnonzero(worth)

    def refuses(self, moves: Mapping[str, Moves]) -> str:
        """Return what of the moves of each verb is not carried; empty where all is."""
        other = next((v for v, m in moves.items() if v not in {"price", "loss"} and m), None)
        if other is not None:
            return f"`{other}` moves a price apart from what it is worth"
        price, loss = moves["price"], moves["loss"]
        unknown = next((name for name in price.targets if name not in self.outside.assets), None)
        if unknown is not None:
            return f"{unknown} is no asset"
        gone = {price.targets[k] for k in np.flatnonzero((price.sizes == -1).any(axis=1)).tolist()}
        if gone & self.lent:
            return f"{min(gone & self.lent)}, which is lent, is worth nothing"
        missing = next((name for name in loss.targets if name not in self.outside.losers), None)
        if missing is not None:
            return f"{missing} has nothing outside that could be lost"
        if (price.sizes < -1).any() or (loss.sizes < 0).any():
            return "a price falls below zero, or a loss is negative"
        return ""

    def solved(self, price: Moves, loss: Moves) -> Joined:
        """Return the values [S, L] of all claims in the greatest solution of every scenario."""
        prices = self.outside.priced(price)
        found = cleared(self.system, self.outside.under(prices, loss), self._loan(price, prices))
        count = len(found.prices)
        held = (found.prices * self.system.supply)[:, : self.funds]
        return Joined(
            value=np.hstack([held, (self.supply @ found.supplies.T).T]),
            residual=found.residual,
            gap=found.gap,
            same_cells=np.ones(count, dtype=np.bool_),
            alone=np.zeros(count, dtype=np.bool_),
        )

    def _loan(self, price: Moves, prices: Numbers) -> Numbers | None:
        """Return what is owed to each book now for a dollar at the start; None where it stands."""
        if self.lent.isdisjoint(price.targets):
            return None
        first = self.outside.priced(STILL)
        now: Numbers = prices[:, self.loan] / first[:, self.loan]
        return now


def shelved(catalogue: Catalogue) -> Shelved | str:
    """Return a system as arrays; where it does not fit, the first thing that does not, in words."""
    start = start_state(catalogue)
    world = World(catalogue=catalogue, start=start, before=start, after=start, lo=ZERO, hi=ONE)
    make = maker(world)
    reason = next(_unfit(make), "")
    if reason:
        return reason
    tokens, books, posted = _tokens(make), _books(catalogue), _posted(make)
    try:
        system = _large(make, tokens, books, posted)
    except NoSolutionError as error:
        return str(error)
    supplies = tuple(catalogue.supplies)
    place = {supply: i for i, supply in enumerate(supplies)}
    count = len(catalogue.system.issuers)
    assets = {asset: i for i, asset in enumerate(catalogue.system.assets)}
    return Shelved(
        claims=(
            *(_residual(make, claim) for claim in tokens[:count]),
            *(Claim(id=s, kind="supply", units=make.held.units[s]) for s in supplies),
        ),
        funds=count,
        supply=matrix(
            [(place[supply], book, 1.0) for book, (supply, _) in enumerate(books)],
            (len(supplies), len(books)),
        ),
        loan=np.array([assets[catalogue.supplies[s][1]] for s, _ in books], dtype=np.intp),
        lent=_priced_in(catalogue, {token for _, token in catalogue.supplies.values()}),
        outside=outside(make, [(asset, posted[asset]) for asset in tokens[count:]]),
        system=system,
    )


def _residual(make: Maker, claim: str) -> Claim:
    """Return what is left of an issuer: shares, or equity where it has issued none."""
    if claim in make.catalogue.tokens:
        return Claim(id=claim, kind="share", units=make.held.units[claim])
    return Claim(id=claim, kind="equity")


def _priced_in(catalogue: Catalogue, assets: set[str]) -> frozenset[str]:
    """Return assets with those that their prices are written in."""
    found = set(assets)
    for asset in assets:
        unit = catalogue.system.assets[asset].price.of
        while unit and unit not in found:
            found.add(unit)
            unit = catalogue.system.assets[unit].price.of
    return frozenset(found)


def _unfit(make: Maker) -> Iterator[str]:
    """Yield what these arrays do not carry: more than shares of what an issuer has, and tables."""
    catalogue = make.catalogue
    system = catalogue.system
    if not catalogue.summed:
        yield "it has no table of accounts"
    yield from (f"{name} has accounts of several legs" for name in catalogue.baskets)
    for leg in catalogue.legs:
        yield f"{leg} is a leg on a venue"
    for name in catalogue.loans:
        if name not in catalogue.summed:
            yield f"{name} is an account that stands by itself, not in a table with others"
    for name, issuer in system.issuers.items():
        if catalogue.ranked_claims(name, issuer):
            yield f"{name} owes: {catalogue.ranked_claims(name, issuer)[0]}"
        if issuer.set_off:
            yield f"{name} sets off what it is owed"
        if len(make.held.residual(catalogue, name)) != 1:
            yield f"{name} has several kinds of shares"
        elif not make.held.units.get(catalogue.residual_claims(name, issuer)[0][0], ONE):
            yield f"{name} has issued no unit of its share"
    for supply in catalogue.supplies:
        yield from _unfit_supply(make, supply)
    for name in catalogue.crowds:
        yield from _unfit_crowd(make, name)


def _unfit_supply(make: Maker, supply: str) -> Iterator[str]:
    """Yield why lenders have more or less than cash and debts, in an asset."""
    catalogue = make.catalogue
    market, token = catalogue.supplies[supply]
    if token not in catalogue.system.assets:
        yield f"{market} lends {token}, a token of this system"
        return
    if not _price(make, supply):
        yield f"{token}, which {market} lends, is worth nothing"
    if insurance(catalogue, supply) or catalogue.system.markets[market].insurance is not None:
        yield f"{market} has an insurance"
    holder = next(
        (by for by in make.held.claims.get(supply, {}) if by not in catalogue.system.issuers), None
    )
    if holder is not None:
        yield f"{holder} has what {supply} owes its suppliers as collateral"
    crowds = catalogue.crowds_of.get(supply, ())
    lent = sum((_steps(make, crowd).all_debt for crowd in crowds), ZERO)
    if make.held.units[supply] != _cash(make, supply) + lent:
        yield f"the suppliers of {supply} are owed another sum than cash and debts"


def _unfit_crowd(make: Maker, name: str) -> Iterator[str]:
    """Yield why accounts are not liquidated at the price that their collateral is worth."""
    catalogue, world = make.catalogue, make.world
    crowd = catalogue.crowds[name]
    market = crowd.position.market
    (collateral,) = crowd.position.collateral
    if collateral not in catalogue.tokens and collateral not in catalogue.system.assets:
        yield f"{name} has {collateral} as collateral, which is no token and no asset"
        return
    (leg,) = legs_of(make, name)
    oracle = str(terms_of(catalogue, name, collateral)[0].oracle)
    try:
        reads_its_own = reading_of(world, oracle, collateral) is None and leg.cap is None
    except NotAffineError:
        reads_its_own = False
    if not reads_its_own or sells_at_quote(world, leg.claim) is not None:
        yield f"{market} reads, or sells at, another price of {collateral} than its worth"
        return
    ladder = ladder_of(make, crowd, leg) if leg.incentive is not None else None
    words = () if ladder is None else tuple(change.word for change in ladder.changes)
    if ladder is None or words != OWN_PRICE or ladder.above is not None or ladder.fixed != Taken():
        yield f"{market} liquidates by another rule than at an lltv and an incentive"


def _posted(make: Maker) -> dict[str, Fraction]:
    """Return the units of every collateral that accounts have posted."""
    posted: dict[str, Fraction] = {}
    for name in make.catalogue.crowds:
        (leg,) = legs_of(make, name)
        posted[leg.claim] = posted.get(leg.claim, ZERO) + leg.units
    return posted


def _tokens(make: Maker) -> tuple[str, ...]:
    catalogue = make.catalogue
    own = (make.held.residual(catalogue, name)[0][0] for name in catalogue.system.issuers)
    crowds = catalogue.crowds.values()
    pledged = (c for crowd in crowds for c in crowd.position.collateral)
    return (*own, *dict.fromkeys(c for c in pledged if c in catalogue.system.assets))


def _books(catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    """Return (supply, crowd): the books of each supply; no crowd where nobody borrows."""
    return tuple(
        (supply, crowd)
        for supply in catalogue.supplies
        for crowd in catalogue.crowds_of.get(supply, ("",))
    )


def _steps(make: Maker, name: str) -> Steps:
    return make.world.before.crowds.get(name, make.catalogue.crowds[name].steps)


def _cash(make: Maker, supply: str) -> Fraction:
    world = make.world
    return world.before.cash[supply] + world.opening.unlisted(supply)


def _large(
    make: Maker,
    tokens: tuple[str, ...],
    books: tuple[tuple[str, str], ...],
    posted: Mapping[str, Fraction],
) -> Large:
    catalogue, held = make.catalogue, make.held
    place = {token: i for i, token in enumerate(tokens)}
    issuer = {name: i for i, name in enumerate(catalogue.system.issuers)}
    legs = {name: legs_of(make, name)[0] for name in catalogue.crowds}
    owned = [
        (issuer[by], place[token], float(units))
        for token in tokens[: len(issuer)]
        for by, units in held.claims.get(token, {}).items()
        if by in issuer
    ]
    lent = [
        (issuer[by], book, float(share))
        for book, (supply, _) in enumerate(books)
        for by, share in held.shares(supply)
    ]
    first = {supply: book for book, (supply, _) in reversed(list(enumerate(books)))}
    cash = np.zeros(len(books))
    for supply, book in first.items():
        cash[book] = float(_cash(make, supply) * _price(make, supply))
    count = len(issuer)
    issued = [float(held.units.get(token, Fraction(1))) for token in tokens[:count]]
    issued += [float(posted[token]) or 1.0 for token in tokens[count:]]
    return large(
        supply=np.array(issued),
        owned=matrix(owned, (len(tokens), len(tokens))),
        lent=matrix(lent, (len(tokens), len(books))),
        cash=cash,
        collateral=np.array(
            [place[legs[crowd].claim] if crowd else 0 for _, crowd in books], dtype=np.intp
        ),
        books=_shelves(make, books, legs),
    )


def _price(make: Maker, supply: str) -> Fraction:
    """Return the price at the start of what a supply lends, in USD."""
    return make.world.price(make.catalogue.supplies[supply][1]).const


def _shelves(make: Maker, books: tuple[tuple[str, str], ...], legs: Mapping[str, Leg]) -> Shelves:
    """Return the accounts of all crowds in books, their debts in USD at the start."""
    book, units, debts = [], [], []
    for at, (supply, crowd) in enumerate(books):
        if not crowd:
            continue
        steps = _steps(make, crowd)
        book.append(np.full(steps.size, at))
        units.append(steps.units.astype(np.float64) * float(steps.unit))
        debt_unit = float(steps.debt_unit * _price(make, supply))
        debts.append(steps.debts.astype(np.float64) * debt_unit)
    crowds = [crowd for _, crowd in books]
    return shelves(
        np.concatenate(book or [np.zeros(0)]),
        np.concatenate(units or [np.zeros(0)]),
        np.concatenate(debts or [np.zeros(0)]),
        [float(legs[crowd].lltv) if crowd else 0.0 for crowd in crowds],
        [float(legs[crowd].incentive or 1) if crowd else 1.0 for crowd in crowds],
    )
