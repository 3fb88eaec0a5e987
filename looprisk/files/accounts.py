"""The text of a table of accounts: its header and its columns, with the place of every mistake.

A table is CSV without quotes, ``account,collateral/sUSDe,debt/USDC,e_mode`` of a market or
``account,long/ETH,short/ETH,entry/ETH,leverage`` of a venue; numbers are plain decimals and an
empty cell is zero. Sound rows are checked column by column; cells are looked at one by one only
where something is wrong.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, localcontext
from difflib import get_close_matches
from fractions import Fraction

from looprisk.files.errors import Fault
from looprisk.files.traps import shorten
from looprisk.model.tables import (
    ACCOUNT,
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

MAX_ROWS = 1_000_000
"""Rows of one table."""
MAX_COLUMNS = 200
SHOWN_FAULTS = 200
"""Cells of one table that are reported one by one."""

_CHUNK = 1 << 16
_NUMBER = r"[0-9]{1,40}+(?:\.[0-9]{1,40}+)?+"
_ONE_NUMBER = re.compile(_NUMBER)
_COLUMN = re.compile(rf"(?:{_NUMBER})?+(?:\n(?:{_NUMBER})?+)*+")
_ADDING = Context(prec=200, traps=[Inexact])
_PREFIXES = f"{COLLATERAL}|{DEBT}|{LONG}|{SHORT}|{ENTRY}|{MARGIN}"
_PREFIXED = re.compile(rf"(?:{_PREFIXES})[A-Za-z0-9._+-]+(?:/[A-Za-z0-9._+-]+)?")
_ID = re.compile(r"[A-Za-z0-9._+-]*")
_LONGEST = 81
_Verdict = tuple[str, str] | None
_WRITE_PLAIN = "a table holds plain decimals in token units, such as 1250.75; empty is zero"


@dataclass(slots=True)
class _Table:
    """A table as it is read: its columns so far, and what is wrong."""

    file: str
    header: list[str]
    pieces: list[list[str]] = field(default_factory=list)
    sums: list[Decimal] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unshown: int = 0

    def refuse(self, line: int, column: int, width: int, message: str, advice: str = "") -> None:
        """Report a place, line and column counted from 0."""
        if len(self.faults) >= SHOWN_FAULTS:
            self.unshown += 1
            return
        self.faults.append(
            Fault(
                file=self.file,
                line=line,
                column=column,
                width=max(1, width),
                message=message,
                help=advice,
            )
        )


def parse_accounts(text: str, file: str, digest: str) -> tuple[AccountTable | None, list[Fault]]:
    """Return the accounts of a table, or everything that is wrong with it, placed in ``file``."""
    if text.count("\n") > MAX_ROWS + 1:
        message = f"a table has at most {MAX_ROWS:_} rows"
        return None, [Fault(file=file, message=message, help="split it into several tables")]
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    if not lines:
        advice = "write account,collateral/TOKEN,debt/TOKEN and a row for each account"
        return None, [Fault(file=file, message="the table is empty", help=advice)]
    table = _Table(file, lines[0].split(","))
    _check_header(table, lines[0])
    if not table.faults:
        _read_rows(table, lines)
    if table.unshown:
        table.faults.append(
            Fault(file=file, message=f"{table.unshown:_} more cells and rows cannot be read")
        )
    return (None if table.faults else _assembled(table, len(lines) - 1, digest)), table.faults


def _check_header(table: _Table, line: str) -> None:
    if '"' in line:
        advice = "write it without quotation marks"
        table.refuse(
            0, line.index('"'), 1, "cells of a table stand without quotation marks", advice
        )
        return
    if len(table.header) == 1 and (";" in line or "\t" in line):
        advice = "write account,collateral/TOKEN,debt/TOKEN"
        table.refuse(0, 0, len(line), "the columns of a table are separated by commas", advice)
        return
    if len(table.header) > MAX_COLUMNS:
        message = f"a table has at most {MAX_COLUMNS} columns, this one {len(table.header):_}"
        table.refuse(0, 0, len(line), message)
        return
    seen: dict[str, int] = {}
    for number, (at, name) in enumerate(_cells(line)):
        if name in seen:
            message = f"the column `{shorten(name)}` stands twice (first as column {seen[name]})"
            table.refuse(0, at, len(name), message)
            continue
        seen[name] = number + 1
        if number == 0 and name != ACCOUNT:
            message = f"the first column of a table is `{ACCOUNT}`, not `{shorten(name)}`"
            table.refuse(0, at, len(name), message, "it names each account")
        elif name not in {ACCOUNT, E_MODE, LEVERAGE} and not _PREFIXED.fullmatch(name):
            table.refuse(
                0, at, len(name), f"`{shorten(name)}` is no column of a table", _meant(name)
            )
    traders = any(name.startswith((LONG, SHORT)) for name in seen)
    for prefix in () if traders else (COLLATERAL, DEBT):
        if not table.faults and not any(name.startswith(prefix) for name in seen):
            message = f"a table has a column of {prefix.removesuffix('/')}, and this one has none"
            table.refuse(0, 0, len(line), message, f"add {prefix}TOKEN")


def _meant(name: str) -> str:
    plain = {ACCOUNT, E_MODE, LEVERAGE}
    close = get_close_matches(name, [*plain, "collateral", "debt"], n=1, cutoff=0.8)
    if close and close[0] in plain:
        return f"did you mean {close[0]}?"
    if _ID.fullmatch(name) and name and not close:
        return f"write {COLLATERAL}{shorten(name)} or {DEBT}{shorten(name)}"
    return f"columns are {ACCOUNT}, {COLLATERAL}TOKEN, {DEBT}TOKEN and {E_MODE}"


def _read_rows(table: _Table, lines: list[str]) -> None:
    width = len(table.header)
    table.pieces = [[] for _ in table.header]
    table.sums = [Decimal(0)] * width
    with localcontext(_ADDING):
        for start in range(1, len(lines), _CHUNK):
            chunk = lines[start : start + _CHUNK]
            rows = [line.split(",") for line in chunk]
            if set(map(len, rows)) != {width}:
                _refuse_widths(table, chunk, start)
                rows = [row for row in rows if len(row) == width]
                if not rows:
                    continue
            for number, cells in enumerate(zip(*rows, strict=True)):
                _read_column(table, number, cells, chunk, start)
    _refuse_twice(table)


def _read_column(
    table: _Table, number: int, cells: Sequence[str], chunk: list[str], start: int
) -> None:
    name = table.header[number]
    joined = "\n".join(cells)
    if name == ACCOUNT:
        if "" in cells or '"' in joined:
            _refuse_cells(table, number, chunk, start, _wrong_account)
    elif name == E_MODE:
        if not all(map(_ID.fullmatch, set(cells))):
            _refuse_cells(table, number, chunk, start, _wrong_mode)
    elif not _COLUMN.fullmatch(joined):
        _refuse_cells(table, number, chunk, start, _wrong_number)
    else:
        table.sums[number] += sum(map(Decimal, filter(None, cells)))
        if "" in cells:
            joined = "\n".join([cell or "0" for cell in cells])
    table.pieces[number].append(joined)


def _assembled(table: _Table, rows: int, digest: str) -> AccountTable:
    columns = {
        name: "\n".join(pieces).encode()
        for name, pieces in zip(table.header, table.pieces, strict=True)
    }
    totals = dict(zip(table.header, map(Fraction, table.sums), strict=True))
    names, modes = columns.pop(ACCOUNT), columns.pop(E_MODE, b"")
    return AccountTable(
        digest=digest,
        rows=rows,
        names=names,
        amounts=columns,
        totals={name: totals[name] for name in columns},
        e_modes=modes,
    )


def _cells(line: str) -> Iterator[tuple[int, str]]:
    """Yield the cells of a line with the column at which each starts."""
    at = 0
    for cell in line.split(","):
        yield at, cell
        at += len(cell) + 1


def _refuse_widths(table: _Table, chunk: list[str], start: int) -> None:
    wanted = len(table.header)
    for number, line in enumerate(chunk, start):
        found = line.count(",") + 1
        if found == wanted:
            continue
        if not line.strip():
            table.refuse(number, 0, 1, "an empty line stands in the table", "take it out")
            continue
        cells = f"{found} {'cell' if found == 1 else 'cells'}"
        message = f"a row of {cells} under a header of {wanted}"
        advice = (
            "digits are not grouped by commas, and a name holds none"
            if found > wanted
            else "an empty cell keeps its comma"
        )
        table.refuse(number, 0, len(line), message, advice)


def _refuse_cells(
    table: _Table, number: int, chunk: list[str], start: int, wrong: Callable[[str], _Verdict]
) -> None:
    """Report every cell of one column that is wrong."""
    width = len(table.header)
    for at, line in enumerate(chunk, start):
        if line.count(",") + 1 != width:
            continue
        cells = line.split(",")
        verdict = wrong(cells[number])
        if verdict is not None:
            column = sum(map(len, cells[:number])) + number
            table.refuse(at, column, len(cells[number]), *verdict)


def _refuse_twice(table: _Table) -> None:
    """Report every account that has two rows."""
    names = [name for piece in table.pieces[0] for name in piece.split("\n")]
    if table.faults or len(set(names)) == len(names):
        return
    several = {name for name, rows in Counter(names).items() if rows > 1}
    first: dict[str, int] = {}
    for line, name in enumerate(names, 1):
        if name not in several:
            continue
        if name in first:
            message = f"`{shorten(name)}` stands twice (first on line {first[name] + 1})"
            table.refuse(line, 0, len(name), message, "an account has one row: add the two up")
        else:
            first[name] = line


def _wrong_account(cell: str) -> _Verdict:
    if '"' in cell:
        return f"`{shorten(cell)}`: cells stand without quotation marks", "take them out"
    return None if cell else ("an account without a name", "write its address, or any id")


def _wrong_mode(cell: str) -> _Verdict:
    if _ID.fullmatch(cell):
        return None
    return f"`{shorten(cell)}` is no id of an e-mode", "leave the cell empty where there is none"


def _wrong_number(cell: str) -> _Verdict:
    if not cell or _ONE_NUMBER.fullmatch(cell):
        return None
    shown = shorten(cell)
    bare = cell.strip().replace("_", "").replace(" ", "").replace('"', "")
    if bare != cell and _ONE_NUMBER.fullmatch(bare):
        return f"`{shown}`: only digits and one point stand in a cell", f"write {bare}"
    if cell.startswith("-"):
        return (
            f"`{shown}`: an amount in a table is not below zero",
            "an account that owes nothing has an empty cell",
        )
    if cell.lower().lstrip("+") in {"nan", "inf", "infinity", "unknown", "null", "none", "n/a"}:
        return f"`{shown}` is no number", _WRITE_PLAIN
    if re.fullmatch(r"[0-9.]+[eE][+-]?[0-9]+", cell):
        return f"`{shown}`: no exponents in a table", _WRITE_PLAIN
    if len(cell) > _LONGEST:
        return f"`{shown}`: a number of {len(cell)} characters", "at most 40 digits on either side"
    return f"`{shown}` is no plain decimal", _WRITE_PLAIN
