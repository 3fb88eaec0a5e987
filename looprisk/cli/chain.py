"""The verbs that ask a node: what it can do, and what stands at an address."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from looprisk.cli.busy import watching
from looprisk.cli.emit import Format, Out, note, write
from looprisk.cli.failure import Exit, RefusedError
from looprisk.files.emit import dump
from looprisk.files.source import MAX_BYTES
from looprisk.onchain.access import Access
from looprisk.onchain.address import chain
from looprisk.onchain.books import put_books
from looprisk.onchain.doctor import Finding, diagnose
from looprisk.onchain.draft import Book
from looprisk.onchain.importing import access_to, import_at
from looprisk.results.names import for_log
from looprisk.results.table import Table

MOST_TOLD = 8
"""Unknown values that are named on the terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What to import, and how to reach it."""

    address: str
    chain: str | None
    block: str
    rpc: str | None
    look_in: tuple[str, ...]
    since: int | None
    offline: bool
    record: Path | None
    replay: Path | None
    borrowers: bool


def doctor(chain_text: str | None, rpc: str | None, to: Out) -> int:
    """Show what the node can do."""
    chain_id = None if chain_text is None else chain(chain_text)
    diagnosis = diagnose(Access(chain_id=chain_id, rpc=rpc), os.environ)
    write(to, _written(diagnosis.table, to))
    return Exit.OK


def import_(ask: Ask, to: Out) -> int:
    """Write the system behind an address."""
    access = access_to(
        ask.address,
        chain=ask.chain,
        block=_block(ask.block),
        rpc=ask.rpc,
        offline=ask.offline,
        record=ask.record,
        replay=ask.replay,
    )
    if ask.borrowers and to.path is None:
        raise RefusedError(
            "--borrowers: a table of them stands beside the file", help_="name the file: -o FILE"
        )
    with watching(quiet=to.quiet) as watch:
        watched = watch if ask.borrowers else None
        made = import_at(ask.address, access, ask.look_in, watched, since=ask.since)
    if to.path is not None:
        _loadable(made.books)
        put_books(made.books, to.path.parent)
    write(to, dump(made.system))
    if made.resumed:
        note(f"went on at block {made.pin.number}, where it was stopped", quiet=to.quiet)
    for check in made.checks:
        note(f"checked: {check}", quiet=to.quiet)
    for flag in made.flags:
        note(f"flag: {flag}", quiet=to.quiet)
    if made.unknowns:
        more = len(made.unknowns) - MOST_TOLD
        rest = f" and {more} more, listed in `about`" if more > 0 else ""
        note(f"unknown: {', '.join(made.unknowns[:MOST_TOLD])}{rest}", quiet=to.quiet)
        note("fill them in a file that includes this one, or ask for --bounds", quiet=to.quiet)
    return Exit.OK


def _loadable(books: Mapping[str, Book]) -> None:
    """Refuse tables that no load would read, before anything is written."""
    size = sum(book.size for book in books.values())
    if size > MAX_BYTES:
        rows, megabytes = sum(book.rows for book in books.values()), 1 << 20
        raise RefusedError(
            f"{rows:_} accounts are {size // megabytes} MB of tables, and a load reads at most "
            f"{MAX_BYTES // megabytes} MB",
            help_="import one reserve of the pool by itself: POOL/TOKEN; what was read is kept",
        )


def _block(text: str) -> int | str:
    """Return a block as it is asked for: a number, or a word of the nodes."""
    digits = text.replace("_", "").replace(",", "")
    if digits.isascii() and digits.isdigit():
        return int(digits)
    if text not in {"latest", "safe", "finalized"}:
        raise RefusedError(
            f"--block {text}: this is no block",
            help_="write a number, or latest, safe or finalized",
        )
    return text


def _written(table: Table[Finding], to: Out) -> str:
    match to.format:
        case Format.table:
            return table.text(to.width, color=to.color, unicode=to.unicode)
        case Format.json:
            return table.to_json()
        case Format.csv:
            return table.to_csv()
        case Format.md:
            return "\n".join(for_log(line) for line in table.to_markdown().split("\n"))
    assert_never(to.format)
