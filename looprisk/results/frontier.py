"""The border of what breaks under two shocks, from the one alone to the other alone."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.names import clean
from looprisk.results.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertex:
    """A corner of the border: how much of each shock."""

    shares: tuple[float, float]
    """Of each as written."""
    exact: tuple[str, str]
    """The same as fractions."""
    texts: tuple[str, str]
    """The sizes as they are typed."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Frontier:
    """Mixtures of two shocks from which on something breaks: straight between its vertices."""

    scenario: str
    of: str
    event: str
    factors: tuple[str, str]
    vertices: tuple[Vertex, ...]

    @property
    def table(self) -> Table[Vertex]:
        """One row for each vertex."""
        one, other = self.factors
        fields: tuple[Field[Vertex], ...] = (
            Field("first", clean(one).replace("/", " "), Kind.FIGURE, lambda row: row.texts[0]),
            Field("second", clean(other).replace("/", " "), Kind.FIGURE, lambda row: row.texts[1]),
            Field("first_share", "share of it", Kind.POINT, lambda row: row.shares[0]),
            Field("second_share", "and of it", Kind.POINT, lambda row: row.shares[1]),
            Field("first_exact", HIDDEN, Kind.TEXT, lambda row: row.exact[0]),
            Field("second_exact", HIDDEN, Kind.TEXT, lambda row: row.exact[1]),
        )
        title = f"{clean(self.of)} {self.event}: breaks beyond the line through these mixtures"
        note = "straight between two rows; each row solved in fractions"
        return table_of(title, self.vertices, fields, note=note)

    def __repr__(self) -> str:
        return self.table.text()

    def _repr_html_(self) -> str:
        return self.table._repr_html_()

    def _repr_markdown_(self) -> str:
        return self.table._repr_markdown_()
