"""A small table of an answer: it renders everywhere and goes to every table library."""

import csv
import io
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from looprisk.results.cells import Screen
from looprisk.results.columns import Cell, Column, Kind
from looprisk.results.layout import TextColumn, lay_out, prose
from looprisk.results.names import clean, for_csv, for_html, for_markdown
from looprisk.results.numbers import Scale, scale_for

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

RowT = TypeVar("RowT")


class Rows(Protocol):
    """A table, whatever its rows are."""

    def __len__(self) -> int: ...

    def head(self, count: int) -> "Rows":
        """Return the first rows, and a note of how many more there are."""

    def text(self, width: int = 80, *, color: bool = False, unicode: bool = True) -> str:
        """Return the table for a terminal."""

    def to_markdown(self) -> str:
        """Return the table in Markdown."""

    def to_csv(self) -> str:
        """Return the table as CSV, figures in full."""

    def to_json(self) -> str:
        """Return the table as JSON, figures in full."""

    def _repr_html_(self) -> str: ...

    def _repr_markdown_(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Table(Generic[RowT]):
    """Named columns over the records they were taken from.

    Iterating gives the records, ``table["loss_usd"]`` the values of one column in the unit that
    ``table.units`` names: money in US dollars, shares as fractions of 1.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[RowT, ...]
    sums: tuple[str, ...] = ()
    """Columns whose sum means something, shown in a last row."""
    note: str = ""

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.title}: a column name stands twice: {', '.join(names)}")
        for column in self.columns:
            if len(column.values) != len(self.rows):
                raise ValueError(
                    f"{self.title}: column {column.name} has {len(column.values)} values"
                    f" for {len(self.rows)} rows"
                )

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[RowT]:
        return iter(self.rows)

    def __getitem__(self, name: str) -> tuple[Cell, ...]:
        for column in self.columns:
            if column.name == name:
                return column.plain
        known = ", ".join(column.name for column in self.columns)
        raise KeyError(f"no column {name!r}; the columns are {known}")

    def head(self, count: int) -> "Table[RowT]":
        """Return the first rows, and a note of how many more there are; the whole if it is short.

        A part has no sums: they would be taken for those of the whole.
        """
        if len(self.rows) <= count:
            return self
        columns = tuple(replace(column, values=column.values[:count]) for column in self.columns)
        left = f"{len(self.rows) - count} more rows are not shown here"
        note = f"{self.note}; {left}" if self.note else left
        return replace(self, columns=columns, rows=self.rows[:count], sums=(), note=note)

    @property
    def units(self) -> dict[str, str]:
        """The unit of each column that has one."""
        return {column.name: column.unit for column in self.columns if column.unit}

    def text(self, width: int = 80, *, color: bool = False, unicode: bool = True) -> str:
        """Return the table for a terminal; no line is wider than ``width`` cells."""
        screen = Screen(width=width, color=color, unicode=unicode)
        lines = [screen.paint(line, "bold") for line in prose(self.title, screen)]
        if not self.rows:
            return "\n".join([*lines, "(no rows)"])
        lines += lay_out(self.text_columns(), screen)
        if self.note:
            lines += ["", *prose(self.note, screen)]
        return "\n".join(lines)

    @property
    def scale(self) -> Scale:
        """The one unit of money of the columns that are compared with each other."""
        columns = [
            column for column in self.columns if column.kind is Kind.MONEY and not column.apart
        ]
        sums = [_sum(column) for column in columns if column.name in self.sums]
        return scale_for([*(value for column in columns for value in _figures(column)), *sums])

    def text_columns(self, *, units: bool = True) -> list[TextColumn]:
        """Return the shown columns as texts; money names its unit if ``units``.

        Without ``units`` only a column whose unit differs from ``table.scale`` names it.
        """
        body = self._displayed(units=units)
        stacked = any(len(header) > 1 for _, header, _ in body)
        return [
            TextColumn(
                header=_stack(header) if stacked else header,
                texts=texts,
                right=column.is_right,
                flexible=column.kind is Kind.NAME,
                wraps=column.kind is Kind.TEXT and index == len(body) - 1,
                leaves=column.leaves,
                styles=("red",) * len(texts) if column.kind is Kind.MARK else (),
            )
            for index, (column, header, texts) in enumerate(body)
        ]

    def _displayed(
        self, *, units: bool = True
    ) -> list[tuple[Column, tuple[str, ...], tuple[str, ...]]]:
        """Return each shown column with its heading and its texts, the sums included."""
        body = []
        shared = self.scale
        for column in self.columns:
            if column.hidden:
                continue
            scale = column.scale if column.apart else shared
            texts = column.texts(scale)
            if self.sums:
                texts = (*texts, self._foot(column, scale))
            named = units or scale != shared
            body.append((column, column.heading(scale if named else None), texts))
        return body

    def _foot(self, column: Column, scale: Scale) -> str:
        if column.name in self.sums:
            return replace(column, values=(_sum(column),)).texts(scale)[0]
        first_words = next((item for item in self.columns if item.is_text), None)
        return "sum" if column is first_words else ""

    def __repr__(self) -> str:
        return self.text()

    def _repr_markdown_(self) -> str:
        return f"**{for_markdown(clean(self.title))}**\n\n{self.to_markdown()}"

    def _repr_html_(self) -> str:
        # notebooks read $…$ as a formula unless the table says otherwise
        lines = ['<table class="looprisk tex2jax_ignore mathjax_ignore">']
        lines.append(f"<caption>{for_html(clean(self.title))}</caption>")
        body = self._displayed()
        heads = "".join(
            f'<th scope="col" align="{_side(column)}">{for_html(" ".join(header).strip())}</th>'
            for column, header, _ in body
        )
        lines.append(f"<thead><tr>{heads}</tr></thead>")
        lines.append("<tbody>")
        for row in range(len(self.rows) + bool(self.sums)):
            cells = "".join(
                f'<th scope="row" align="left">{for_html(texts[row])}</th>'
                if column.kind is Kind.NAME
                else f'<td align="{_side(column)}">{for_html(texts[row])}</td>'
                for column, _, texts in body
            )
            lines.append(f"<tr>{cells}</tr>")
        lines.append("</tbody></table>")
        if self.note:
            lines.append(f"<p>{for_html(clean(self.note))}</p>")
        return "\n".join(lines)

    def to_markdown(self) -> str:
        """Return a table in GitHub's Markdown; names cannot mention, link or close a cell."""
        body = self._displayed()
        heads = [for_markdown(" ".join(header).strip()) for _, header, _ in body]
        rules = ["---:" if column.is_right else ":---" for column, _, _ in body]
        lines = [f"| {' | '.join(heads)} |", f"| {' | '.join(rules)} |"]
        for row in range(len(self.rows) + bool(self.sums)):
            cells = [for_markdown(texts[row]) for _, _, texts in body]
            lines.append(f"| {' | '.join(cells)} |")
        if self.note:
            lines += ["", for_markdown(clean(self.note))]
        return "\n".join(lines) + "\n"

    def to_csv(self) -> str:
        """Return CSV with the names of the columns, figures in full, no sums.

        Words that a spreadsheet would take for a formula get an apostrophe before them.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(column.name for column in self.columns)
        columns = [column.plain for column in self.columns]
        writer.writerows([_csv_cell(value) for value in row] for row in zip(*columns, strict=True))
        return out.getvalue()

    def to_json(self) -> str:
        """Return a JSON list with one object a row, figures in full."""
        return json.dumps(self._records(), indent=2, allow_nan=False) + "\n"

    def _records(self) -> list[dict[str, Cell]]:
        names = [column.name for column in self.columns]
        columns = [column.plain for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def to_pandas(self) -> "pd.DataFrame":
        """Return a data frame; ``frame.attrs["units"]`` holds the units.

        Raises ImportError, with the line to type, where pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - heavy, and optional
        except ImportError as error:
            raise _not_installed("pandas") from error
        types = {Kind.COUNT: "Int64", Kind.MARK: "bool"}
        frame = pd.DataFrame(
            {
                column.name: pd.Series(
                    list(column.plain),
                    dtype="str" if column.is_text else types.get(column.kind, "float64"),
                )
                for column in self.columns
            }
        )
        frame.attrs["units"] = self.units
        return frame

    def to_polars(self) -> "pl.DataFrame":
        """Return a polars data frame; ``table.units`` holds the units.

        Raises ImportError, with the line to type, where polars is not installed.
        """
        try:
            import polars as pl  # noqa: PLC0415 - heavy, and optional
        except ImportError as error:
            raise _not_installed("polars") from error
        types = {Kind.COUNT: pl.Int64, Kind.MARK: pl.Boolean}
        return pl.DataFrame(
            {
                column.name: pl.Series(
                    column.name,
                    column.plain,
                    dtype=pl.String if column.is_text else types.get(column.kind, pl.Float64),
                )
                for column in self.columns
            }
        )

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the table as an Arrow stream, units in the metadata of the fields."""
        try:
            import pyarrow as pa  # noqa: PLC0415 - heavy, and optional
        except ImportError as error:
            raise _not_installed("pyarrow") from error
        types = {Kind.COUNT: pa.int64(), Kind.MARK: pa.bool_()}
        fields = [
            pa.field(
                column.name,
                pa.string() if column.is_text else types.get(column.kind, pa.float64()),
                metadata={"unit": column.unit} if column.unit else None,
            )
            for column in self.columns
        ]
        arrays = [
            pa.array(column.plain, type=field.type)
            for column, field in zip(self.columns, fields, strict=True)
        ]
        stream: object = pa.table(arrays, schema=pa.schema(fields)).__arrow_c_stream__(
            requested_schema
        )
        return stream


def _stack(header: tuple[str, ...]) -> tuple[str, ...]:
    """Return the header with its unit under its word, where other headers are that high anyway."""
    if len(header) > 1 or ", " not in header[0]:
        return header
    word, unit = header[0].rsplit(", ", 1)
    return (f"{word},", unit)


def _figures(column: Column) -> list[float]:
    return [float(value) for value in column.values if value is not None]


def _sum(column: Column) -> float:
    return math.fsum(_figures(column))


def _side(column: Column) -> str:
    return "right" if column.is_right else "left"


def _csv_cell(value: Cell) -> str | int | float:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return for_csv(value)
        case _:
            return value


def _not_installed(library: str) -> ImportError:
    extra = "looprisk[tables]" if library in {"pandas", "polars"} else library
    return ImportError(f"this needs {library}, which is not installed: pip install '{extra}'")


class OneTable(ABC):
    """An answer that is one table, and shows itself as that."""

    __slots__ = ()

    @property
    @abstractmethod
    def table(self) -> Rows:
        """The rows of the answer."""

    def __repr__(self) -> str:
        return self.table.text()

    def _repr_html_(self) -> str:
        return self.table._repr_html_()

    def _repr_markdown_(self) -> str:
        return self.table._repr_markdown_()
