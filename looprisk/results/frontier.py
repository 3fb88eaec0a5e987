"""The border of what breaks under two shocks, from the one alone to the other alone."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.names import clean
from looprisk.results.table import OneTable, Table


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
class Frontier(OneTable):
    """Mixtures of two shocks from which on something breaks: straight between its vertices."""

    scenario: str
    of: str
    event: str
    factors: tuple[str, str]
    vertices: tuple[Vertex, ...]
    """Where it breaks although nothing fails that need not."""
    fragile: tuple[Vertex, ...]
    """Where it breaks if everything fails that can; one corner at nothing where a panic needs no
    shock."""

    @property
    def is_fragile(self) -> bool:
        """Whether a panic alone breaks it before the shocks do."""
        return self.fragile != self.vertices

    @property
    def table(self) -> Table[Vertex]:
        """One row for each vertex, those of a panic last where they differ."""
        one, other = self.factors
        fields: tuple[Field[Vertex], ...] = (
            Field("first", clean(one).replace("/", " "), Kind.FIGURE, lambda row: row.texts[0]),
            Field("second", clean(other).replace("/", " "), Kind.FIGURE, lambda row: row.texts[1]),
            Field("first_share", "share of it", Kind.POINT, lambda row: row.shares[0], leaves=1),
            Field("second_share", "and of it", Kind.POINT, lambda row: row.shares[1], leaves=2),
            Field("first_exact", HIDDEN, Kind.TEXT, lambda row: row.exact[0]),
            Field("second_exact", HIDDEN, Kind.TEXT, lambda row: row.exact[1]),
        )
        if self.is_fragile:
            seen = {id(row) for row in self.fragile}
            fields += (Field("fragile", "in a panic", Kind.MARK, lambda row: id(row) in seen),)
        rows = (*self.vertices, *(self.fragile if self.is_fragile else ()))
        title = f"{clean(self.of)} {self.event}: breaks beyond the line through these mixtures"
        note = "straight between two rows; each row solved in fractions"
        panic = "a panic alone needs no less" if not self.is_fragile else "x: if all fails that can"
        return table_of(title, rows, fields, note=f"{note}; {panic}")
