"""Many accounts with several collaterals and debts each, as arrays in floats.

What becomes of such an account follows from several prices, so that no order of accounts holds for
all of them. They are looked at all together instead: a matrix of what each has and one of what each
owes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from looprisk.errors import ModelError, Problem
from looprisk.model.markets import Market
from looprisk.model.positions import LoanPosition
from looprisk.model.tables import COLLATERAL, DEBT, AccountTable

Floats = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Slot:
    """A collateral under an e-mode: whatever accounts have in it is treated alike."""

    collateral: str
    e_mode: str
    """Empty for the terms of the market itself."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Baskets:
    """M accounts of one table with units in K slots and debts in B loan tokens."""

    id: str
    """The table's id."""
    position: LoanPosition
    """All of them as one account: the market and the sums."""
    slots: tuple[Slot, ...]
    units: csr_array = field(repr=False)
    """[M, K] units of collateral, none of them zero."""
    debts: csr_array = field(repr=False)
    """[M, B] loan tokens owed, none of them zero."""
    accounts: AccountTable = field(repr=False)
    as_written: bool = True
    """Whether the amounts are those of the table: nobody was liquidated since."""

    @property
    def size(self) -> int:
        """The number of accounts."""
        return int(self.units.shape[0])

    @cached_property
    def loans(self) -> tuple[str, ...]:
        """The B loan tokens."""
        return tuple(str(token) for token in self.position.debt)

    @cached_property
    def pattern(self) -> csr_array:
        """[M, K] one where an account has something."""
        parts = (np.ones(len(self.units.data)), self.units.indices, self.units.indptr)
        return csr_array(parts, shape=self.units.shape)

    @cached_property
    def owed(self) -> Floats:
        """[B] loan tokens that all accounts owe."""
        return np.asarray(self.debts.sum(axis=0), dtype=np.float64)

    @property
    def market(self) -> str:
        """The market that they are in."""
        return str(self.position.market)

    @cached_property
    def legs(self) -> Index:
        """[M] how many collaterals each has."""
        return _widths(self.units)

    def claim_of(self, loan: str) -> str:
        """Return the claim of the lenders of a loan token, which names their node too."""
        return f"{self.id}/debt/{loan}" if len(self.loans) > 1 else f"{self.id}/debt"

    def name_of(self, row: int) -> str:
        """Return the name of the account in a row."""
        return self.accounts.accounts()[row]

    def collateral_of(self, row: int) -> Iterator[tuple[int, Fraction]]:
        """Yield (slot, units) of one account; as written they are exact."""
        columns = [COLLATERAL + slot.collateral for slot in self.slots]
        yield from self._exactly(self.units, columns, row)

    def debts_of(self, row: int) -> Iterator[tuple[int, Fraction]]:
        """Yield (loan token, units) of what one account owes; as written it is exact."""
        yield from self._exactly(self.debts, [DEBT + loan for loan in self.loans], row)

    def _exactly(
        self, amounts: csr_array, columns: list[str], row: int
    ) -> Iterator[tuple[int, Fraction]]:
        part = slice(*amounts.indptr[row : row + 2].tolist())
        pairs = zip(amounts.indices[part].tolist(), amounts.data[part].tolist(), strict=True)
        for place, amount in pairs:
            if self.as_written:
                yield place, _cell(self.accounts, columns[place], row)
            else:
                yield place, Fraction(amount)


def _widths(matrix: csr_array) -> Index:
    counts: Index = np.diff(matrix.indptr).astype(np.intp)
    return counts


def _cell(accounts: AccountTable, column: str, row: int) -> Fraction:
    return Fraction(accounts.amounts[column].split(b"\n", row + 1)[row].decode())


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """What accounts have and owe, token by token and without zeros, in floats."""

    collaterals: tuple[str, ...]
    units: csr_array
    loans: tuple[str, ...]
    debts: csr_array

    @property
    def counts(self) -> tuple[Index, Index]:
        """[rows] how many collaterals and how many debts each account has."""
        return _widths(self.units), _widths(self.debts)


def sides_of(accounts: AccountTable) -> Sides:
    """Return the amounts of a table."""
    collaterals, loans = (_tokens(accounts, side) for side in (COLLATERAL, DEBT))
    units = _side(accounts, COLLATERAL, collaterals)
    return Sides(collaterals, units, loans, _side(accounts, DEBT, loans))


def _tokens(accounts: AccountTable, side: str) -> tuple[str, ...]:
    columns = (column for column in accounts.amounts if column.startswith(side))
    return tuple(column.removeprefix(side) for column in columns)


def baskets(name: str, market: str, part: Market, accounts: AccountTable, read: Sides) -> Baskets:
    """Return all accounts of a table.

    Raises ModelError where one has what its market or e-mode does not take, or owes what it does
    not lend.
    """
    modes = np.array(accounts.modes() or [""] * accounts.rows, dtype=np.str_)
    known = tuple(np.unique(modes).tolist())
    names, units = read.collaterals, read.units
    of_mode = np.searchsorted(np.array(known, dtype=np.str_), modes).astype(np.intp)
    at = np.repeat(of_mode, np.diff(units.indptr))
    places, slot = np.unique(units.indices * len(known) + at, return_inverse=True)
    slots = tuple(Slot(names[p // len(known)], known[p % len(known)]) for p in places.tolist())
    shape = (accounts.rows, len(slots))
    found = Baskets(
        id=name,
        position=LoanPosition(
            market=market,
            collateral={token: accounts.totals[COLLATERAL + token] for token in names},
            debt={token: accounts.totals[DEBT + token] for token in read.loans},
        ),
        slots=slots,
        units=csr_array((units.data, slot.astype(np.intp), units.indptr), shape=shape),
        debts=read.debts,
        accounts=accounts,
    )
    _check(found, part, of_mode, known)
    return found


def _side(accounts: AccountTable, side: str, tokens: tuple[str, ...]) -> csr_array:
    """Return [rows, tokens] the amounts of one side of a table, without its zeros."""
    rows, columns, data = [], [], []
    for place, token in enumerate(tokens):
        text = accounts.amounts[side + token]
        numbers = np.array(list(map(float, text.split(b"\n"))) if text else [])
        some = np.flatnonzero(numbers)
        rows.append(some)
        columns.append(np.full(len(some), place))
        data.append(numbers[some])
    where = (np.concatenate(rows), np.concatenate(columns))
    return csr_array((np.concatenate(data), where), shape=(accounts.rows, len(tokens)))


def _check(found: Baskets, part: Market, of_mode: Index, known: tuple[str, ...]) -> None:
    """Refuse accounts that the terms of their market or e-mode do not allow."""
    for slot, named in enumerate(found.slots):
        mode = part.e_modes.get(named.e_mode)
        taken = {*part.collateral, *(mode.collateral if mode is not None else ())}
        if named.collateral not in taken:
            first = int(np.flatnonzero(np.diff((found.units[:, [slot]]).indptr))[0])
            has = f"{found.name_of(first)} has {named.collateral}"
            raise _odd(found, f"{has}, which is no collateral in {_where(found, named.e_mode)}")
    rows = np.repeat(np.arange(found.size), np.diff(found.debts.indptr))
    for place, name in enumerate(known):
        mode = part.e_modes.get(name)
        if mode is None or not mode.borrows:
            continue
        lent = np.array([token in mode.borrows for token in found.loans], dtype=np.bool_)
        odd = np.flatnonzero((of_mode[rows] == place) & ~lent[found.debts.indices])
        if len(odd):
            first, owes = int(rows[odd[0]]), found.loans[int(found.debts.indices[odd[0]])]
            where = _where(found, name)
            raise _odd(found, f"{found.name_of(first)} owes {owes}, which {where} does not lend")


def _where(found: Baskets, e_mode: str) -> str:
    return f"e-mode {e_mode} of {found.market}" if e_mode else found.market


def _odd(found: Baskets, message: str) -> ModelError:
    place = ("positions", found.id, "table")
    return ModelError([Problem(place, message, "check its e_mode in the table", on_key=False)])


def totals(found: Baskets) -> tuple[Mapping[str, Fraction], Mapping[str, Fraction]]:
    """Return the units of each collateral and of each debt of all accounts together."""
    units = dict.fromkeys((slot.collateral for slot in found.slots), Fraction(0))
    for slot, amount in zip(found.slots, found.units.sum(axis=0).tolist(), strict=True):
        units[slot.collateral] += Fraction(amount)
    owed = found.owed.tolist()
    return units, {loan: Fraction(n) for loan, n in zip(found.loans, owed, strict=True)}


def by_column(matrix: csr_array, factor: Floats) -> csr_array:
    """Return a matrix with each column times its factor."""
    data = matrix.data * factor[matrix.indices]
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def by_row(matrix: csr_array, factor: Floats) -> csr_array:
    """Return a matrix with each row times its factor."""
    data = matrix.data * np.repeat(factor, np.diff(matrix.indptr))
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
