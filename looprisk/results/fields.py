"""One column of a table of records: where its values come from, and the words above them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from looprisk.results.columns import Cell, Column, Kind
from looprisk.results.numbers import NONE
from looprisk.results.table import Table

RowT = TypeVar("RowT")
HIDDEN = "(stored)"
"""The header of a column for programs only."""


@dataclass(frozen=True, slots=True)
class Field(Generic[RowT]):
    """Where a column takes its values from; words of the header are stacked at ``/``."""

    name: str
    header: str
    kind: Kind
    of: Callable[[RowT], Cell]
    leaves: int = 0
    none: str = NONE
    apart: bool = False

    def column(self, rows: tuple[RowT, ...]) -> Column:
        """Return the column over these rows."""
        return Column(
            name=self.name,
            header=tuple(self.header.split("/")),
            kind=self.kind,
            values=tuple(self.of(row) for row in rows),
            none=self.none,
            leaves=self.leaves,
            hidden=self.header == HIDDEN,
            apart=self.apart,
        )


def table_of(
    title: str,
    rows: tuple[RowT, ...],
    fields: tuple[Field[RowT], ...],
    sums: tuple[str, ...] = (),
    note: str = "",
) -> Table[RowT]:
    """Return the table of some rows."""
    columns = tuple(field.column(rows) for field in fields)
    return Table(title=title, columns=columns, rows=rows, sums=sums, note=note)
