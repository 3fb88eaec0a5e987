"""The accounts of a market as arrays: a slot for every collateral on its terms, a row for all.

A slot is one collateral on one set of terms: what an e-mode takes on other terms is a slot of its
own, so that threshold, incentive and oracle belong to slots and accounts are only amounts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from looprisk.cascade.arrays import Bools, Floats, Ints
from looprisk.cascade.shelves import Shelves, shelves_of
from looprisk.engine.catalogue import Catalogue, known, unknown
from looprisk.engine.holdings import supply_claim
from looprisk.engine.state import State as Start
from looprisk.errors import NotCarriedError
from looprisk.model.check_markets import accepted
from looprisk.model.markets import CollateralTerms, Market
from looprisk.model.positions import LoanPosition, TablePosition
from looprisk.model.tables import COLLATERAL, DEBT
from looprisk.model.values import Value


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One collateral on one set of terms."""

    good: int
    collateral: str
    oracle: str
    lltv: float
    incentive: float
    """phi: what a liquidator gets per dollar repaid, above 1; 1 where the market has another
    rule.
    """
    kept: float
    """The share of its worth that counts for the owner when the market absorbs it."""
    discount: float
    """The discount at which the market sells what it absorbed."""
    mode: str = ""
    """The e-mode whose terms these are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Book:
    """A market with its accounts at the start."""

    name: str
    part: Market
    loans: tuple[int, ...]
    """The goods it lends, one for each loan slot."""
    slots: tuple[Slot, ...]
    accounts: tuple[str, ...]
    owner: Ints
    """[account]: the issuer it belongs to, -1 for somebody outside."""
    collateral: Floats
    """[slot, account]: units."""
    debt: Floats
    """[loan, account]: loan tokens."""
    used: Bools
    """[slot, account]: whether an account may have this collateral."""
    shelves: Shelves
    """How the accounts are looked at."""

    @cached_property
    def owned_by(self) -> Mapping[int, Ints]:
        """Issuer: the accounts that belong to it."""
        return {
            int(firm): np.flatnonzero(self.owner == firm)
            for firm in np.unique(self.owner[self.owner >= 0])
        }

    @property
    def absorbs(self) -> bool:
        """Whether the market buys the collateral of an account it liquidates."""
        return self.part.protocol.shape == "absorbing"

    def slots_of(self, good: str) -> tuple[int, ...]:
        """Return the slots of a collateral."""
        return tuple(at for at, slot in enumerate(self.slots) if slot.collateral == good)


@dataclass(frozen=True)
class Row:
    """One account as it is written."""

    name: str
    mode: str | None
    owner: str | None
    collateral: Mapping[str, float]
    debt: Mapping[str, float]


def book_of(
    catalogue: Catalogue,
    start: Start,
    name: str,
    place: Mapping[str, int],
    later: Mapping[str, LoanPosition],
    shelve_from: int,
    named: Collection[str] = (),
) -> Book:
    """Return a market and its accounts as arrays; those of ``later`` have nothing yet.

    Those that are ``named`` are looked at in every step; all are with fewer accounts than
    ``shelve_from``.
    Raises NotCarriedError for an amount in a token that the market does not take.
    """
    market = catalogue.system.markets[name]
    rows = [*_rows(catalogue, start, name), *_later(name, later)]
    wanted: dict[tuple[str, str], Slot] = {}
    for row in rows:
        for collateral in row.collateral:
            key = _key(market, row.mode, collateral)
            if key not in wanted:
                wanted[key] = _slot(catalogue, name, place, *key)
    loans = tuple(market.lends)
    firms = {firm: at for at, firm in enumerate(catalogue.system.issuers)}
    slots = {key: at for at, key in enumerate(wanted)}
    units_of = np.zeros((len(slots), len(rows)))
    debt = np.zeros((len(loans), len(rows)))
    used = np.zeros(units_of.shape, dtype=np.bool_)
    for at, row in enumerate(rows):
        for thing, units in row.collateral.items():
            slot = slots[_key(market, row.mode, thing)]
            units_of[slot, at] += units
            used[slot, at] = True
        for token, units in row.debt.items():
            debt[loans.index(token), at] += units
    return Book(
        name=name,
        part=market,
        loans=tuple(place[token] for token in loans),
        slots=tuple(wanted.values()),
        accounts=tuple(row.name for row in rows),
        owner=np.array([firms.get(str(row.owner), -1) for row in rows], dtype=np.intp),
        collateral=units_of,
        debt=debt,
        used=used,
        shelves=shelves_of(
            units_of,
            debt,
            later=np.array(
                [row.name in later or row.name in named for row in rows], dtype=np.bool_
            ),
            shelve_from=shelve_from,
        ),
    )


def _later(market: str, later: Mapping[str, LoanPosition]) -> Iterator[Row]:
    """Yield the accounts that stages open, with nothing in them."""
    for name, position in later.items():
        if position.market == market:
            yield Row(
                name,
                str(position.e_mode) if position.e_mode is not None else None,
                str(position.owner) if position.owner is not None else None,
                dict.fromkeys(map(str, position.collateral), 0.0),
                dict.fromkeys(map(str, position.debt), 0.0),
            )


def _rows(catalogue: Catalogue, start: Start, market: str) -> Iterator[Row]:
    for name, position in catalogue.system.positions.items():
        if isinstance(position, LoanPosition) and position.market == market:
            account = start.accounts[name]
            mode = str(position.e_mode) if position.e_mode is not None else None
            yield Row(
                name,
                mode,
                str(position.owner) if position.owner is not None else None,
                {c: float(n) for c, n in account.collateral.items()},
                {t: float(n) for t, n in account.debts.items()},
            )
        elif isinstance(position, TablePosition) and position.market == market:
            yield from accounts_in(name, position)


def accounts_in(name: str, position: TablePosition) -> Iterator[Row]:
    """Yield the accounts of a table, each named after its row.

    Raises NotCarriedError where nobody has read the table.
    """
    table = position.accounts
    if table is None:
        raise NotCarriedError(f"{name}: its table has not been read")
    columns = {
        column: [float(n or 0) for n in amounts.decode().split("\n")]
        for column, amounts in table.amounts.items()
    }
    modes = table.modes() or ("",) * table.rows
    owner = str(position.owner) if position.owner is not None else None
    for at, account in enumerate(table.accounts()):
        taken = {column: amounts[at] for column, amounts in columns.items() if amounts[at]}
        yield Row(
            f"{name}/{account}",
            modes[at] or None,
            owner,
            {c.removeprefix(COLLATERAL): n for c, n in taken.items() if c.startswith(COLLATERAL)},
            {c.removeprefix(DEBT): n for c, n in taken.items() if c.startswith(DEBT)},
        )


def _key(market: Market, mode: str | None, collateral: str) -> tuple[str, str]:
    """Return (collateral, the e-mode whose terms it is taken on)."""
    terms = market.e_modes.get(str(mode))
    return collateral, str(mode) if terms is not None and collateral in terms.collateral else ""


def _slot(
    catalogue: Catalogue, market: str, place: Mapping[str, int], collateral: str, mode: str
) -> Slot:
    part = catalogue.system.markets[market]
    terms: CollateralTerms = accepted(part, mode or None)[collateral]
    path = (
        (market, "e_modes", mode, "collateral", collateral)
        if mode
        else (
            market,
            "collateral",
            collateral,
        )
    )
    if str(terms.oracle) == "unknown":
        raise unknown("/".join((*path, "oracle")))
    incentive = part.incentive(terms)
    kept = _or(terms.liquidation_factor, (*path, "liquidation_factor"), Fraction(1))
    storefront = _or(terms.storefront, (*path, "storefront"), Fraction(1))
    good = collateral if collateral in place else supply_claim(catalogue, collateral)
    return Slot(
        good=place[good],
        collateral=collateral,
        oracle=str(terms.oracle),
        lltv=float(known(terms.lltv, *path, "lltv")),
        incentive=float(1 + incentive) if incentive is not None else 1.0,
        kept=float(kept),
        discount=float(storefront * (1 - kept)),
        mode=mode,
    )


def _or(value: Value | None, path: tuple[str, ...], none: Fraction) -> Fraction:
    return none if value is None else known(value, *path)
