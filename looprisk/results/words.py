"""Words of the language as they are shown: where they stand, what they mean, how to write them."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word of the language."""

    page: str
    """Where the reference tells it: ``markets``, ``metrics``."""
    word: str
    means: str
    part: str = ""
    """The part of a file it stands in, where a page has several."""
    written: str = ""
    """Choices or examples of its values."""


def words_table(title: str, rows: tuple[Word, ...]) -> Table[Word]:
    """Return words with their meanings, a row each; a column that says nothing new is left out."""
    pages = len({row.page for row in rows}) > 1
    parts, written = any(row.part for row in rows), any(row.written for row in rows)
    fields: tuple[Field[Word], ...] = (
        Field("page", "page" if pages else HIDDEN, Kind.TEXT, lambda row: row.page),
        Field("part", "part" if parts else HIDDEN, Kind.TEXT, lambda row: row.part),
        Field("word", "word", Kind.TEXT, lambda row: row.word),
        Field("written", "written" if written else HIDDEN, Kind.TEXT, lambda row: row.written),
        Field("means", "means", Kind.TEXT, lambda row: row.means),
    )
    return table_of(title, rows, fields)
