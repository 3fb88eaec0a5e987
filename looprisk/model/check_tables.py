"""What a table of accounts must fulfil in the market or on the venue it stands in."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from looprisk.errors import Problem
from looprisk.model.markets import Market, Venue
from looprisk.model.names import Path, choose, unresolved
from looprisk.model.positions import Tabled, TablePosition, VenueTable
from looprisk.model.tables import (
    COLLATERAL,
    DEBT,
    E_MODE,
    ENTRY,
    LEVERAGE,
    LONG,
    MARGIN,
    SHORT,
    AccountTable,
)
from looprisk.model.values import Value, decimal_text, split_source

_SCALES = {"k": 10**3, "M": 10**6, "B": 10**9}


def check_table(position: TablePosition, market: Market, path: Path) -> Iterator[Problem]:
    """Yield what a table names that its market neither takes nor lends.

    Problems of a column stand at ``table`` and the name of the column.
    """
    taken = {*market.collateral, *(c for mode in market.e_modes.values() for c in mode.collateral)}
    columns = {*(COLLATERAL + token for token in taken), *(DEBT + token for token in market.lends)}
    if position.accounts is not None and position.accounts.has_traders:
        message = f"its table has traders of a venue, and `{position.market}` is a market"
        yield Problem((*path, "table"), message, "write `venue` in place of `market`")
        return
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


def check_content(written: Tabled, path: Path) -> Iterator[Problem]:
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


def check_traders(
    position: VenueTable, venue: Venue, priced: frozenset[str] | set[str], path: Path
) -> Iterator[Problem]:
    """Yield what a table of traders names that its venue or system does not have.

    ``priced`` are the ids that have a price. Problems of a column stand at ``table`` and its name.
    """
    read = position.accounts
    if read is None:
        return
    if not read.has_traders:
        message = f"its table has accounts of a market, and `{position.venue}` is a venue"
        yield Problem((*path, "table"), message, "write long/ETH, entry/ETH and leverage")
        return
    sized = {name.partition("/")[2] for name in read.amounts if name.startswith((LONG, SHORT))}
    for column in read.amounts:
        side, slash, token = column.partition("/")
        place = (*path, "table", column)
        if side + slash not in {LONG, SHORT, ENTRY, MARGIN} and column != LEVERAGE:
            yield Problem(
                place, f"`{column}` is a column of a market, and this table is of traders"
            )
        elif token and token not in priced:
            yield Problem(place, f"`{token}` has no price in this system", choose(token, priced))
        elif side + slash == ENTRY and token not in sized:
            message = f"`{column}`: the table has no size in {token}"
            yield Problem(place, message, f"add {LONG}{token} or {SHORT}{token}")
    yield from _margins(read, path)
    yield from _rows(read, venue, path)


def _margins(read: AccountTable, path: Path) -> Iterator[Problem]:
    margins = [column for column in read.amounts if column.startswith(MARGIN)]
    if margins and LEVERAGE in read.amounts:
        message = "`leverage` stands beside a margin, and each follows from the other"
        yield Problem((*path, "table", LEVERAGE), message, "leave one of the two columns out")
    elif not margins and LEVERAGE not in read.amounts:
        message = "a table of traders says their margin, and this one does not"
        yield Problem((*path, "table"), message, "add leverage, or margin/TOKEN")


def _rows(read: AccountTable, venue: Venue, path: Path) -> Iterator[Problem]:
    """Every trader has a leg, at most one a token; with isolated margin one leg in all."""
    sizes = {name: _filled(text) for name, text in read.amounts.items() if _is_size(name)}
    names = read.accounts()
    for token in dict.fromkeys(name.partition("/")[2] for name in sizes):
        both = [sizes.get(side + token, [False] * read.rows) for side in (LONG, SHORT)]
        twice = [name for name, a, b in zip(names, *both, strict=True) if a and b]
        if twice:
            message = f"{twice[0]}{_and_more(twice)}: long and short of {token} in one row"
            yield Problem((*path, "table"), message, "write the two as two rows, or their net")
    legs = [sum(row) for row in zip(*sizes.values(), strict=True)]
    idle = [name for name, count in zip(names, legs, strict=True) if count == 0]
    if idle:
        message = f"{idle[0]}{_and_more(idle)}: a row without a size"
        yield Problem((*path, "table"), message, "take it out")
    several = [name for name, count in zip(names, legs, strict=True) if count > 1]
    if several and venue.mode == "isolated":
        message = f"{several[0]}{_and_more(several)}: several legs, and margin here is isolated"
        yield Problem((*path, "table"), message, "write a row for each leg")
    if LEVERAGE in read.amounts:
        filled = _filled(read.amounts[LEVERAGE])
        bare = [name for name, there in zip(names, filled, strict=True) if not there]
        if bare:
            message = f"{bare[0]}{_and_more(bare)}: no leverage"
            yield Problem((*path, "table", LEVERAGE), message, "write notional over margin: 10")


def _is_size(column: str) -> bool:
    return column.startswith((LONG, SHORT))


def _filled(column: bytes) -> list[bool]:
    """Return where a column of plain decimals is not zero."""
    return [bool(cell.strip(b"0.")) for cell in column.split(b"\n")] if column else []


def _and_more(names: list[str]) -> str:
    return f" and {len(names) - 1:_} more" if len(names) > 1 else ""
