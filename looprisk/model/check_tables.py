"""What a table of accounts must fulfil in the market it stands in."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from looprisk.errors import Problem
from looprisk.model.markets import Market
from looprisk.model.names import Path, choose, unresolved
from looprisk.model.positions import TablePosition
from looprisk.model.tables import COLLATERAL, DEBT, E_MODE, AccountTable
from looprisk.model.values import Value, decimal_text, split_source

_SCALES = {"k": 10**3, "M": 10**6, "B": 10**9}


def check_table(position: TablePosition, market: Market, path: Path) -> Iterator[Problem]:
    """Yield what a table names that its market neither takes nor lends.

    Problems of a column stand at ``table`` and the name of the column.
    """
    taken = {*market.collateral, *(c for mode in market.e_modes.values() for c in mode.collateral)}
    columns = {*(COLLATERAL + token for token in taken), *(DEBT + token for token in market.lends)}
    if position.accounts is not None:
        yield from _columns(position.market, position.accounts, columns, path)
        yield from _modes(position.market, position.accounts, market, path)
        return
    for column in position.totals:
        place = (*path, "totals", column)
        yield from unresolved(column, sorted(columns), place, "column of its table", on_key=True)


def _columns(
    market: str, accounts: AccountTable, columns: set[str], path: Path
) -> Iterator[Problem]:
    for column in accounts.amounts:
        if column not in columns:
            side, _, token = column.partition("/")
            what = (
                f"collateral of {market}" if side == "collateral" else f"token that {market} lends"
            )
            help_ = choose(column, columns)
            yield Problem((*path, "table", column), f"`{token}` is no {what}", help_)


def _modes(market: str, accounts: AccountTable, terms: Market, path: Path) -> Iterator[Problem]:
    modes = accounts.modes()
    for mode in sorted(set(modes) - {"", *terms.e_modes}):
        message = f"`{mode}`, the e-mode of row {modes.index(mode) + 1:_}, is no e-mode of {market}"
        yield Problem((*path, "table", E_MODE), message, choose(mode, terms.e_modes))


def check_content(written: TablePosition, path: Path) -> Iterator[Problem]:
    """Yield where what a file says of its table is not what the table holds."""
    read = written.accounts
    if read is None:
        return
    if written.rows != read.rows:
        message = f"rows: {written.rows:_} are stated, and the table has {read.rows:_}"
        yield Problem((*path, "rows"), message, f"write rows: {read.rows:_}", on_key=False)
    if split_source(written.sha256)[0] != read.digest:
        message = "sha256: this is not the digest of the table: it is another table, or was changed"
        yield Problem((*path, "sha256"), message, f"the table has {read.digest}", on_key=False)
    for column, total in written.totals.items():
        there = read.totals.get(column)
        if there is None:
            message = f"`{column}` is no column of its table"
            yield Problem((*path, "totals", column), message, choose(column, read.totals))
        elif total.known and 2 * abs(total.number - there) > _last_digit(total):
            message = f"{column}: `{total.text}` is stated, and the column adds up to another total"
            help_ = f"the table has {column}: {decimal_text(there)}"
            yield Problem((*path, "totals", column), message, help_, on_key=False)


def _last_digit(total: Value) -> Fraction:
    """Return what one more in the last digit written would add: a total is checked that far."""
    number = total.text.split(" ", 1)[0].replace("_", "")
    scale = _SCALES.get(number[-1:], 1)
    return Fraction(scale, 10 ** len(number.rstrip("kMB").partition(".")[2]))
