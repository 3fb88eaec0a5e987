"""Accounts of a market as a file holds them: positions, or a table where they are many."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from looprisk.disk import replace_file
from looprisk.errors import DataError
from looprisk.model.tables import ACCOUNT, COLLATERAL, DEBT, E_MODE, AccountTable, TableName
from looprisk.model.values import decimal_text
from looprisk.onchain.borrowers import Borrower, Borrowers
from looprisk.onchain.draft import Book, Draft, Tree, short

MOST_LISTED = 200
"""Accounts of one market that are written as positions; more stand in a table."""
MOST_ROWS = 250_000
"""In one table: what is held of it at once while it is written; more stand in several."""
MOST_BYTES = 24 * 1024 * 1024
"""Of one table, before it is packed."""
FOLDER = "tables"
"""Where tables stand, beside the file."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a market: what it is of, and how many digits stand after the point."""

    side: str
    """``collateral/`` or ``debt/``."""
    of: str
    decimals: int

    @property
    def name(self) -> str:
        """As it stands in the header of a table."""
        return self.side + self.of

    def text(self, amount: int) -> str:
        """Return an amount in units of its token.

        >>> Column("debt/", "USDC", 6).text(1_500_000), Column("debt/", "USDC", 6).text(0)
        ('1.5', '0')
        """
        return decimal_text(Fraction(amount, 10**self.decimals))


def write_borrowers(
    market: str,
    columns: Sequence[Column],
    found: Borrowers,
    modes: Mapping[int, str],
    draft: Draft,
) -> None:
    """Write the accounts of a market: a few by themselves, many as a table.

    Those that are issuers of this import own their position, and stand by themselves in any case.
    """
    many = found.count > MOST_LISTED
    apart = [one for one in found if not many or one.account in draft.issuers]
    for one in apart:
        name = f"{short('p', one.account)}-{market[2:]}"
        draft.put("positions", name, _position(market, columns, one, modes, draft))
    if not many:
        return
    tables = list(_tables(market, columns, found, apart, modes))
    for at, (name, table) in enumerate(tables, 1):
        draft.books[name] = table
        tabled: Tree = {
            "market": market,
            "table": TableName(name, None, _accounts(table)),
            "rows": str(table.rows),
            "sha256": table.digest,
            "totals": dict(table.totals),
        }
        number = f"-{at}" if len(tables) > 1 else ""
        draft.put("positions", f"b-{market[2:]}{number}", tabled)


def _position(
    market: str,
    columns: Sequence[Column],
    one: Borrower,
    modes: Mapping[int, str],
    draft: Draft,
) -> Tree:
    part: Tree = {"market": market, **draft.owner(one.account)}
    if one.mode:
        part["e_mode"] = modes[one.mode]
    for side in (COLLATERAL, DEBT):
        part[side.removesuffix("/")] = {
            column.of: column.text(amount)
            for column, amount in zip(columns, one.amounts, strict=True)
            if column.side == side and amount
        }
    return {**part, "address": one.account}


def _tables(
    market: str,
    columns: Sequence[Column],
    found: Borrowers,
    apart: Sequence[Borrower],
    modes: Mapping[int, str],
) -> Iterator[tuple[str, Book]]:
    """Yield tables of all accounts but some, with their names.

    Columns that nobody has anything in are left out.
    """
    totals = [
        total - sum(one.amounts[at] for one in apart) for at, total in enumerate(found.totals)
    ]
    kept = {at: columns[at] for at in _kept(columns, totals)}
    without = {one.account for one in apart}
    sheet = _Sheet(kept, modes)
    for one in found:
        if one.account in without:
            continue
        if sheet.rows == MOST_ROWS or sheet.size > MOST_BYTES:
            yield sheet.closed(market)
            sheet = _Sheet(kept, modes)
        sheet.add(one)
    if sheet.rows:
        yield sheet.closed(market)


class _Sheet:
    """A table that is being written, packed as it grows."""

    def __init__(self, columns: Mapping[int, Column], modes: Mapping[int, str]) -> None:
        self._columns, self._modes = columns, modes
        self._raw, self._digest = io.BytesIO(), hashlib.sha256()
        # without a time in it, the same accounts are the same bytes
        self._stream = gzip.GzipFile(fileobj=self._raw, mode="wb", mtime=0)
        self._totals = dict.fromkeys(columns, 0)
        self.rows = self.size = 0
        names = (column.name for column in columns.values())
        self._write([ACCOUNT, *names, *([E_MODE] if modes else [])])

    def add(self, one: Borrower) -> None:
        """Write an account."""
        cells = []
        for at, column in self._columns.items():
            amount = one.amounts[at]
            self._totals[at] += amount
            cells.append(column.text(amount) if amount else "")
        mode = [self._modes.get(one.mode, "")] if self._modes else []
        self._write([one.account, *cells, *mode])
        self.rows += 1

    def _write(self, cells: Sequence[str]) -> None:
        line = f"{','.join(cells)}\n".encode()
        self._stream.write(line)
        self._digest.update(line)
        self.size += len(line)

    def closed(self, market: str) -> tuple[str, Book]:
        """Return the table with its name."""
        self._stream.close()
        sha = self._digest.hexdigest()
        stated = {
            column.name: column.text(self._totals[at]) for at, column in self._columns.items()
        }
        table = Book(self._raw.getvalue(), f"sha256:{sha}", self.rows, stated, self.size)
        return f"{FOLDER}/{market}-{sha[:8]}.csv.gz", table


def _kept(columns: Sequence[Column], totals: Sequence[int]) -> list[int]:
    """Return the places of the columns to write: at least one of what is pledged, and of debt."""
    sides: dict[str, list[int]] = {COLLATERAL: [], DEBT: []}
    for at, column in enumerate(columns):
        sides[column.side].append(at)
    return [
        at for places in sides.values() for at in [at for at in places if totals[at]] or places[:1]
    ]


def put_books(books: Mapping[str, Book], folder: Path) -> None:
    """Write tables below a folder; each appears whole or not at all.

    Raises DataError where the disk refuses.
    """
    for name, book in books.items():
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            replace_file(target, book.packed)
        except OSError as error:
            raise DataError(
                f"cannot write the table {target}: {error.strerror or error}",
                "is the disk full? run it again: what was read is kept",
            ) from None


def _accounts(book: Book) -> AccountTable:
    """Return a table as a system holds it."""
    header, *lines = gzip.decompress(book.packed).decode().splitlines()
    cells = zip(*(line.split(",") for line in lines), strict=True)
    columns = dict(zip(header.split(","), cells, strict=True))
    return AccountTable(
        digest=book.digest,
        rows=book.rows,
        names="\n".join(columns[ACCOUNT]).encode(),
        amounts={
            name: "\n".join(cell or "0" for cell in columns[name]).encode() for name in book.totals
        },
        totals={name: Fraction(total) for name, total in book.totals.items()},
        e_modes="\n".join(columns.get(E_MODE, ())).encode(),
    )
