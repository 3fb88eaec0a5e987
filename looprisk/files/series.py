"""The text of a table of numbers: prices in time, or the measured depth of a pool.

CSV without quotes. ``time,ETH,sETH``: durations since the start that rise, ``0h`` or ``90m``, then
plain decimals in dollars. ``sold,price``: worth sold at the start price, in dollars, from 0 up, and
the share of the start price that is left, from 1 down.
"""

import re
from fractions import Fraction
from itertools import pairwise

from looprisk.files.errors import Fault
from looprisk.files.traps import shorten
from looprisk.model import units
from looprisk.model.series import PRICE, SOLD, TIME, Series

MAX_ROWS = 1_000_000
SHOWN_FAULTS = 20
"""Cells of one table that are reported one by one."""
_NUMBER = re.compile(r"[0-9]{1,40}(?:\.[0-9]{1,40})?")
_ID = re.compile(r"[A-Za-z0-9._+-]+(?:/[A-Za-z0-9._+-]+)?")
_WRITE = "write time and a column for each id, or sold,price"


def parse_series(text: str, file: str, digest: str) -> tuple[Series | None, list[Fault]]:
    """Return the series of a table, or everything that is wrong with it, placed in ``file``."""
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if len(lines) < 3 or len(lines) > MAX_ROWS + 1:
        message = f"a table of numbers has from 2 to {MAX_ROWS:_} rows below its header"
        return None, [Fault(file=file, message=message, help=_WRITE)]
    header = lines[0].split(",")
    faults = _header_faults(file, header)
    if faults:
        return None, faults
    columns: list[list[Fraction]] = [[] for _ in header]
    for number, line in enumerate(lines[1:], 1):
        cells = line.split(",")
        if len(cells) != len(header):
            message = f"a row of {len(cells)} cells under a header of {len(header)}"
            faults.append(_at(file, number, 0, line, message, "every cell holds a number"))
            continue
        at = 0
        for place, cell in enumerate(cells):
            found = _seconds(cell) if header[place] == TIME else _decimal(cell)
            if isinstance(found, str):
                faults.append(_at(file, number, at, cell, f"`{shorten(cell)}`: {found}"))
            else:
                columns[place].append(found)
            at += len(cell) + 1
        if len(faults) >= SHOWN_FAULTS:
            break
    if not faults:
        faults = _order_faults(file, header, columns, lines)
    if faults:
        return None, faults
    filled = {name: tuple(column) for name, column in zip(header, columns, strict=True)}
    return Series(digest=digest, columns=filled), []


def _at(file: str, line: int, column: int, cell: str, message: str, advice: str = "") -> Fault:
    width = max(1, len(cell))
    return Fault(file=file, line=line, column=column, width=width, message=message, help=advice)


def _header_faults(file: str, header: list[str]) -> list[Fault]:
    first = header[0]
    if first not in {TIME, SOLD}:
        message = f"the first column of a table of numbers is time or sold, not `{shorten(first)}`"
        return [_at(file, 0, 0, first, message, _WRITE)]
    if first == SOLD and header != [SOLD, PRICE]:
        message = "a measured depth has two columns, sold and price"
        return [_at(file, 0, 0, ",".join(header), message, "write sold,price")]
    faults, at = [], 0
    for number, name in enumerate(header):
        if not _ID.fullmatch(name) or name in header[:number]:
            wrong = "stands twice" if name in header[:number] else "is no id"
            faults.append(_at(file, 0, at, name, f"the column `{shorten(name)}` {wrong}"))
        at += len(name) + 1
    if len(header) == 1:
        faults.append(_at(file, 0, 0, first, "a table of prices has a column for each id"))
    return faults


def _decimal(cell: str) -> Fraction | str:
    if _NUMBER.fullmatch(cell):
        return Fraction(cell)
    return "a plain decimal in dollars stands here, such as 3120.5"


def _seconds(cell: str) -> Fraction | str:
    try:
        value = units.duration(cell)
    except ValueError as error:
        return str(error).removeprefix(f"`{cell}`: ")
    if not value.known:
        return "a time is known: 0h, 90m, 2d"
    return value.number


def _order_faults(
    file: str, header: list[str], columns: list[list[Fraction]], lines: list[str]
) -> list[Fault]:
    """Return where a table does not rise in its first column, or a depth is none."""
    first, second = columns[0], columns[1]
    for row, (before, now) in enumerate(pairwise(first), 2):
        if now <= before:
            message = f"{header[0]} does not rise here"
            return [_at(file, row, 0, lines[row].split(",")[0], message, "sort the rows by it")]
    if header[0] == TIME:
        return _zero_faults(file, columns, lines)
    if first[0] != 0 or second[0] != 1:
        message = "a measured depth starts with nothing sold and all of the price"
        return [_at(file, 1, 0, lines[1], message, "write 0,1 as its first row")]
    for row, (before, now) in enumerate(pairwise(second), 2):
        if now >= before:
            message = "the price does not fall here, though more is sold"
            return [_at(file, row, 0, lines[row], message)]
    return []


def _zero_faults(file: str, columns: list[list[Fraction]], lines: list[str]) -> list[Fault]:
    for row, levels in enumerate(zip(*columns[1:], strict=True), 1):
        if 0 in levels:
            return [_at(file, row, 0, lines[row], "a price of 0", "a path stays above 0")]
    return []
