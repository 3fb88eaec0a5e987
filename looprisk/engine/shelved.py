"""Systems of funds and tables of accounts as arrays, for many scenarios at once.

Where issuers owe nothing and every account stands in a table of a market that reads the price of
its collateral as it is, shocks to prices and piles move outside assets alone. Then
:mod:`looprisk.engine.large` finds prices and bad debt of all scenarios together, without a node for
any account. What does not fit is left to be solved by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from looprisk.engine.affine import Affine
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.compile import exogenous, maker
from looprisk.engine.form import Numbers
from looprisk.engine.holdings import unlisted_debt
from looprisk.engine.ladder import Taken
from looprisk.engine.large import Large, cleared, large
from looprisk.engine.legs import Leg, legs_of
from looprisk.engine.maker import Maker
from looprisk.engine.reserves import insurance
from looprisk.engine.shelves import Shelves, shelves
from looprisk.engine.state import ZERO
from looprisk.engine.steps import Steps
from looprisk.engine.triggers import ladder_of
from looprisk.engine.world import World

OWN_PRICE = ("liquidated", "unpaid")
"""What becomes of an account whose oracle reads the price that its collateral sells at."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Claim values of S scenarios in USD; residual and gap are relative, [S]."""

    claim: Mapping[str, int]
    value: Numbers
    residual: Numbers
    gap: Numbers


@dataclass(frozen=True, kw_only=True, eq=False)
class Shelved:
    """A system as arrays: tokens are the claims on issuers and the assets that are collateral."""

    make: Maker
    tokens: tuple[str, ...]
    """The claim of each issuer, then assets."""
    books: tuple[tuple[str, str], ...]
    """(supply, crowd): the books of each supply; no crowd where nobody borrows."""
    system: Large

    @cached_property
    def issuers(self) -> tuple[str, ...]:
        """The issuers, in the order of their claims."""
        return tuple(self.make.catalogue.system.issuers)

    def outside(self, make: Maker) -> list[Affine]:
        """Return what each token stands on that nothing here decides, in USD."""
        system = make.catalogue.system
        funds = [exogenous(make, name, issuer) for name, issuer in system.issuers.items()]
        assets = self.tokens[len(funds) :]
        posted = self.system.supply[len(funds) :].tolist()
        return funds + [
            make.world.price(asset) * Fraction(units)
            for asset, units in zip(assets, posted, strict=True)
        ]

    def solved(self, outside: Numbers) -> Found:
        """Return the greatest solution for outside assets [S, T]."""
        found = cleared(self.system, outside)
        count = len(self.issuers)
        supplies = tuple(self.make.catalogue.supplies)
        place = {supply: i for i, supply in enumerate(supplies)}
        lent = np.zeros((len(outside), len(supplies)))
        at = [place[supply] for supply, _ in self.books]
        np.add.at(lent.T, at, found.supplies.T)
        return Found(
            claim={claim: i for i, claim in enumerate((*self.tokens[:count], *supplies))},
            value=np.hstack([(found.prices * self.system.supply)[:, :count], lent]),
            residual=found.residual,
            gap=found.gap,
        )


def shelved(worlds: Sequence[World]) -> Shelved | None:
    """Return the system of some shocks, each a world of straight lines; None where it does not fit.

    Raises NotAffineError where two moving numbers would be multiplied.
    """
    makes = [maker(world) for world in worlds]
    make = makes[0]
    if not _fits(make) or not all(_reads_prices(one) for one in makes):
        return None
    tokens = _tokens(make)
    books = _books(make.catalogue)
    system = _large(make, tokens, books)
    return Shelved(make=make, tokens=tokens, books=books, system=system)


def _fits(make: Maker) -> bool:
    """Return whether issuers only pass on what they have, and accounts stand in tables."""
    catalogue, held = make.catalogue, make.held
    system = catalogue.system
    if catalogue.legs or catalogue.loans.keys() - catalogue.crowds.keys():
        return False
    for name, issuer in system.issuers.items():
        if catalogue.ranked_claims(name, issuer) or issuer.set_off:
            return False
        if len(held.residual(catalogue, name)) != 1:
            return False
    pledged = {c for crowd in catalogue.crowds.values() for c in crowd.position.collateral}
    if not pledged <= catalogue.tokens.keys() | system.assets.keys():
        return False
    return all(_whole(make, supply) for supply in catalogue.supplies)


def _whole(make: Maker, supply: str) -> bool:
    """Return whether lenders have just cash and debts, in an asset and with no cover."""
    catalogue = make.catalogue
    market, token = catalogue.supplies[supply]
    if token not in catalogue.system.assets or insurance(catalogue, supply):
        return False
    if catalogue.system.markets[market].insurance is not None:
        return False
    lent = sum((_steps(make, crowd).all_debt for crowd in _crowds(catalogue, supply)), ZERO)
    holders = set(make.held.claims.get(supply, {}))
    inside = holders <= catalogue.system.issuers.keys()
    return inside and make.held.units[supply] == _cash(make, supply) + lent


def _reads_prices(make: Maker) -> bool:
    """Return whether oracles read, and sellers get, what the collateral is worth all along.

    And loan tokens do not move.
    """
    catalogue = make.catalogue
    for token in {token for _, token in catalogue.supplies.values()}:
        if make.world.price(token).moves:
            return False
    return all(_at_own_price(make, name) for name in catalogue.crowds)


def _at_own_price(make: Maker, name: str) -> bool:
    (leg,) = legs_of(make, name)
    if leg.incentive is None or leg.cap is not None:
        return False
    if not (leg.reading == leg.price == leg.sale):
        return False
    ladder = ladder_of(make, make.catalogue.crowds[name], leg)
    words = tuple(change.word for change in ladder.changes)
    return words == OWN_PRICE and ladder.above is None and ladder.fixed == Taken()


def _tokens(make: Maker) -> tuple[str, ...]:
    catalogue = make.catalogue
    own = (make.held.residual(catalogue, name)[0][0] for name in catalogue.system.issuers)
    crowds = catalogue.crowds.values()
    pledged = (c for crowd in crowds for c in crowd.position.collateral)
    return (*own, *dict.fromkeys(c for c in pledged if c in catalogue.system.assets))


def _books(catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    return tuple(
        (supply, crowd)
        for supply in catalogue.supplies
        for crowd in (_crowds(catalogue, supply) or ("",))
    )


def _crowds(catalogue: Catalogue, supply: str) -> tuple[str, ...]:
    market, token = catalogue.supplies[supply]
    return tuple(
        name
        for name, crowd in catalogue.crowds.items()
        if crowd.position.market == market and token in catalogue.debt_claims(name)
    )


def _steps(make: Maker, name: str) -> Steps:
    return make.world.before.crowds.get(name, make.catalogue.crowds[name].steps)


def _cash(make: Maker, supply: str) -> Fraction:
    world = make.world
    return world.before.cash[supply] + unlisted_debt(make.catalogue, world.start, supply)


def _large(make: Maker, tokens: tuple[str, ...], books: tuple[tuple[str, str], ...]) -> Large:
    catalogue, held = make.catalogue, make.held
    place = {token: i for i, token in enumerate(tokens)}
    issuer = {name: i for i, name in enumerate(catalogue.system.issuers)}
    legs = {name: legs_of(make, name)[0] for name in catalogue.crowds}
    posted: dict[str, Fraction] = {}
    for leg in legs.values():
        posted[leg.claim] = posted.get(leg.claim, ZERO) + leg.units
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
        owned=_matrix(owned, (len(tokens), len(tokens))),
        lent=_matrix(lent, (len(tokens), len(books))),
        cash=cash,
        collateral=np.array(
            [place[legs[crowd].claim] if crowd else 0 for _, crowd in books], dtype=np.intp
        ),
        books=_shelves(make, books, legs),
    )


def _price(make: Maker, supply: str) -> Fraction:
    """Return the price of what a supply lends, which does not move, in USD."""
    return make.world.price(make.catalogue.supplies[supply][1]).const


def _shelves(make: Maker, books: tuple[tuple[str, str], ...], legs: Mapping[str, Leg]) -> Shelves:
    """Return the accounts of all crowds in books, their debts in USD."""
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


def _matrix(entries: Sequence[tuple[int, int, float]], shape: tuple[int, int]) -> csr_array:
    row = [entry[0] for entry in entries]
    column = [entry[1] for entry in entries]
    return csr_array(([entry[2] for entry in entries], (row, column)), shape=shape, dtype=float)
