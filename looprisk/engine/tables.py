"""Tables of accounts: all with the same collateral, debt and e-mode are one crowd.

What cannot be summed up with others, such as an account with several collaterals or debts, is an
account of its own, up to :data:`MOST_APART` of them; of more, all accounts of the table are looked
at together (:mod:`looprisk.engine.baskets`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np

from looprisk.engine.baskets import Baskets, baskets, sides_of
from looprisk.engine.steps import Index, Integers, Steps, sorted_steps
from looprisk.errors import ModelError, NotCarriedError, Problem
from looprisk.model.markets import Market
from looprisk.model.positions import LoanPosition, TablePosition
from looprisk.model.tables import COLLATERAL, DEBT, AccountTable

MOST_APART = 20
"""Accounts of one table with several collaterals or debts that are solved one by one."""
MOST_ABSORBED = 1_000
"""Accounts of one table in a market that absorbs them, each solved by itself."""
EXACT_IN_FLOATS = 2.0**51
_DECIMALS = re.compile(rb"\.([0-9]+)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Crowd:
    """Accounts of one table that differ in their amounts alone."""

    id: str
    """The table's id, with collateral, debt and e-mode where the table has several groups."""
    table: str
    position: LoanPosition
    """All of them as one account: the market, the e-mode, the sums."""
    steps: Steps
    accounts: AccountTable = field(repr=False)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return self.accounts.accounts()

    def name_of(self, row: int) -> str:
        """Return the name of the account in a row of the table."""
        return self._names[row]


@dataclass(frozen=True, kw_only=True, eq=False)
class Grouped:
    """A table, taken apart."""

    crowds: Mapping[str, Crowd]
    apart: Mapping[str, LoanPosition]
    """Accounts that stand alone, by ``table/account``."""
    baskets: Baskets | None = None
    """All accounts of a table in which too many would stand alone."""

    @property
    def loans(self) -> tuple[str, ...]:
        """The ids under which the accounts are solved."""
        together = () if self.baskets is None else (self.baskets.id,)
        return (*self.crowds, *self.apart, *together)


@dataclass(frozen=True, slots=True)
class _Group:
    collateral: str
    debt: str
    e_mode: str


@dataclass(frozen=True, eq=False)
class _Columns:
    """The numbers of a table: integers, and what one of each column is worth in tokens."""

    collateral: Mapping[str, Integers]
    debt: Mapping[str, Integers]
    unit: Mapping[str, Fraction]
    """By column, ``collateral/TOKEN`` or ``debt/TOKEN``."""
    modes: np.ndarray[tuple[int], np.dtype[np.object_]]


def grouped(name: str, position: TablePosition, market: Market) -> Grouped:
    """Return the crowds of a table, and the accounts that stand alone.

    Raises NotCarriedError for accounts of an owner inside the system and for too many that stand
    alone, ModelError where nobody has read the table or an account has what its market does not
    take.
    """
    if position.accounts is None:
        message = f"table: `{position.table}` was not read"
        help_ = "load the file that names it; a system alone does not hold its tables"
        raise ModelError([Problem(("positions", name, "table"), message, help_, on_key=False)])
    if position.owner is not None:
        raise NotCarriedError(
            f"{name}/owner: the accounts of a table belong to somebody outside the system: "
            f"leave `owner` out, or list the accounts of {position.owner} as positions"
        )
    return _grouped(name, _Market(position.market, market), position.accounts)


@dataclass(frozen=True, eq=False)
class _Market:
    """A market as a key: equal where it is the same part."""

    name: str
    part: Market

    def __hash__(self) -> int:
        return hash((self.name, id(self.part)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Market) and (self.name, id(self.part)) == (
            other.name,
            id(other.part),
        )


@lru_cache(maxsize=16)
def _grouped(name: str, market: _Market, accounts: AccountTable) -> Grouped:
    sides = sides_of(accounts)
    collaterals, debts = sides.counts
    alone = (debts > 1) | ((debts == 1) & (collaterals > 1)) | _settles_alone(market.part)
    _check_absorbed(name, market.part, int(alone.sum()))
    if int(alone.sum()) > MOST_APART and market.part.protocol.shape != "absorbing":
        whole = baskets(name, market.name, market.part, accounts, sides)
        return Grouped(crowds={}, apart={}, baskets=whole)
    columns = _columns(accounts)
    members = dict(_members(market.part, columns, alone, debts == 0, collaterals == 0))
    crowds = {}
    for group, rows in members.items():
        _check_group(name, group, market, rows, accounts)
        crowd = _crowd(name, group, market.name, columns, rows, accounts, single=len(members) == 1)
        crowds[crowd.id] = crowd
    apart = {
        f"{name}/{accounts.accounts()[row]}": _account(market.name, columns, int(row))
        for row in np.flatnonzero(alone)
    }
    return Grouped(crowds=crowds, apart=apart)


def _columns(accounts: AccountTable) -> _Columns:
    read = {column: _numbers(text) for column, text in accounts.amounts.items()}
    sides: dict[str, dict[str, Integers]] = {COLLATERAL: {}, DEBT: {}}
    for column, (numbers, _) in read.items():
        side = COLLATERAL if column.startswith(COLLATERAL) else DEBT
        sides[side][column.removeprefix(side)] = numbers
    modes = np.full(accounts.rows, "", dtype=object)
    if accounts.modes():
        modes[:] = accounts.modes()
    return _Columns(
        collateral=sides[COLLATERAL],
        debt=sides[DEBT],
        unit={column: unit for column, (_, unit) in read.items()},
        modes=modes,
    )


def _numbers(column: bytes) -> tuple[Integers, Fraction]:
    """Return plain decimals as integers, and the last decimal that they are in."""
    if not column:
        return np.array([], dtype=object), Fraction(1)
    places = max(map(len, _DECIMALS.findall(column)), default=0)
    floats = np.array(column.split(b"\n")).astype(np.float64) * 10.0**places
    if floats.max(initial=0.0) < EXACT_IN_FLOATS:
        # the nearest float of a decimal is less than half a last digit away
        return np.rint(floats).astype(np.int64).astype(object), Fraction(1, 10**places)
    numbers = np.empty(len(floats), dtype=object)
    parts = (text.partition(".") for text in column.decode().split("\n"))
    numbers[:] = [int(whole + part) * 10 ** (places - len(part)) for whole, _, part in parts]
    return numbers, Fraction(1, 10**places)


def _settles_alone(market: Market) -> bool:
    """Return whether what becomes of an account follows from its own health alone.

    Compound III absorbs accounts whole, and Euler v2 has a discount of its own for each.
    """
    if market.protocol.shape == "absorbing":
        return True
    terms = market.collateral.values()
    return market.protocol.incentive == "discount" and any(t.incentive is None for t in terms)


def _check_absorbed(name: str, market: Market, several: int) -> None:
    if market.protocol.shape != "absorbing" or several <= MOST_ABSORBED:
        return
    raise NotCarriedError(
        f"{name}: {several:_} accounts, and {market.rules} absorbs each by its own health; not "
        f"more than {MOST_ABSORBED:_} are solved one by one: take a table of the largest accounts"
    )


def _members(
    market: Market,
    columns: _Columns,
    alone: np.ndarray[tuple[int], np.dtype[np.bool_]],
    owes_nothing: np.ndarray[tuple[int], np.dtype[np.bool_]],
    has_nothing: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> Iterator[tuple[_Group, Index]]:
    """Yield every group with its rows.

    An account without a debt stands with those that have its collateral, once for each; one without
    collateral with those that have its debt.
    """
    for mode in sorted(set(columns.modes.tolist())):
        here = np.array(columns.modes == mode, dtype=np.bool_) & ~alone
        first_collateral, borrowed = (
            next(iter(columns.collateral)),
            _borrowed(market, columns, mode),
        )
        for collateral, units in columns.collateral.items():
            some = here & np.array(units != 0, dtype=np.bool_)
            bare = here & has_nothing & (collateral == first_collateral)
            for debt, owed in columns.debt.items():
                owing = np.array(owed != 0, dtype=np.bool_)
                free = owes_nothing & (debt == borrowed)
                rows = np.flatnonzero((some & (owing | free)) | (bare & owing))
                if len(rows):
                    yield _Group(collateral, debt, mode), rows


def _borrowed(market: Market, columns: _Columns, e_mode: str) -> str:
    """Return the loan token under which accounts without a debt are counted."""
    mode = market.e_modes.get(e_mode)
    lent = mode.borrows if mode is not None and mode.borrows else tuple(columns.debt)
    return next((token for token in columns.debt if token in lent), next(iter(columns.debt)))


def _check_group(
    name: str, group: _Group, market: _Market, rows: Index, accounts: AccountTable
) -> None:
    """Refuse accounts that the terms of their market or e-mode do not allow."""
    mode = market.part.e_modes.get(group.e_mode)
    taken = {*market.part.collateral, *(mode.collateral if mode is not None else ())}
    first = accounts.accounts()[int(rows[0])]
    where = f"e-mode {group.e_mode} of {market.name}" if group.e_mode else market.name
    place = ("positions", name, "table")
    if group.collateral not in taken:
        message = f"{first} has {group.collateral}, which is no collateral in {where}"
        raise ModelError([Problem(place, message, "check its e_mode in the table", on_key=False)])
    if mode is not None and mode.borrows and group.debt not in mode.borrows:
        message = f"{first} owes {group.debt}, which {where} does not lend"
        raise ModelError([Problem(place, message, "check its e_mode in the table", on_key=False)])


def _crowd(
    name: str,
    group: _Group,
    market: str,
    columns: _Columns,
    rows: Index,
    accounts: AccountTable,
    *,
    single: bool,
) -> Crowd:
    parts = (name, group.collateral, group.debt, group.e_mode)
    steps = sorted_steps(
        columns.collateral[group.collateral][rows],
        columns.debt[group.debt][rows],
        columns.unit[COLLATERAL + group.collateral],
        columns.unit[DEBT + group.debt],
        rows,
    )
    return Crowd(
        id=name if single else "/".join(filter(None, parts)),
        table=name,
        position=LoanPosition(
            market=market,
            e_mode=group.e_mode or None,
            collateral={group.collateral: steps.all_units},
            debt={group.debt: steps.all_debt},
        ),
        steps=steps,
        accounts=accounts,
    )


def _account(market: str, columns: _Columns, row: int) -> LoanPosition:
    """Return one account as a position; what it has none of, it has none of the first."""
    collateral = _amounts(columns, columns.collateral, COLLATERAL, row)
    debt = _amounts(columns, columns.debt, DEBT, row)
    return LoanPosition(
        market=market,
        e_mode=columns.modes[row] or None,
        collateral=collateral or {next(iter(columns.collateral)): Fraction(0)},
        debt=debt or {next(iter(columns.debt)): Fraction(0)},
    )


def _amounts(
    columns: _Columns, side: Mapping[str, Integers], prefix: str, row: int
) -> dict[str, Fraction]:
    return {
        token: int(numbers[row]) * columns.unit[prefix + token]
        for token, numbers in side.items()
        if numbers[row]
    }
