"""A reverse stress test: the smallest shock among many factors that breaks something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.names import clean
from looprisk.results.numbers import share
from looprisk.results.table import OneTable, Table

Norm = Literal["max", "sum", "mahalanobis"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorSize:
    """How much of one factor a shock takes."""

    factor: str
    """``price/ETH``: the verb and what it strikes."""
    written: str
    """Its full size, as it was written."""
    size: float
    """The share of its full size; 0 where it is not struck."""
    text: str
    """That size as it is typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Radius:
    """The smallest shock that breaks something in one of the clearings."""

    radius: float
    """Its norm: 1 is the norm of a single factor as written."""
    exact: str | None
    """The radius as a fraction, where it was found in fractions."""
    factors: tuple[FactorSize, ...]
    shock: Mapping[str, Mapping[str, str]]
    """The shock as it is typed, a hair beyond the border: :func:`looprisk.run` breaks with it."""
    proven: bool
    """Whether no smaller shock exists; else it is the smallest that was found."""
    how: str
    rays: int
    """Straight ways that were followed."""
    residual: float
    """The largest residual of the solutions just before and just beyond, relative to claims."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reverse(OneTable):
    """How small a shock of any mixture breaks something."""

    scenario: str
    of: str
    event: str
    norm: Norm
    robust: Radius | None
    """Breaks although nothing fails that need not; None where nothing in reach does."""
    fragile: Radius | None
    """Breaks if everything fails that can; never beyond ``robust``. None where it was not
    solved: a response that bends, or a system too large for fractions."""

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        what = f"{clean(self.of)} {self.event}"
        if self.robust is None:
            return f"{what}: no mixture of these shocks leads to it"
        struck = ", ".join(
            f"{clean(f.factor)} {clean(f.text)}" for f in self.robust.factors if f.size
        )
        words = "the smallest shock" if self.robust.proven else "the smallest shock found"
        return f"{what}: {words} is {struck}"

    @property
    def table(self) -> Table[FactorSize]:
        """One row for each factor."""
        rows = self.robust.factors if self.robust is not None else ()
        panic = self.fragile.factors if self.fragile is not None else ()
        least = {one.factor: one for one in panic}

        def fragile(row: FactorSize) -> str | None:
            return least[row.factor].text if row.factor in least else None

        fields: tuple[Field[FactorSize], ...] = (
            Field("factor", "factor", Kind.NAME, lambda row: row.factor),
            Field("written", "as written", Kind.FIGURE, lambda row: row.written, leaves=1),
            Field("share", "share of it", Kind.POINT, lambda row: row.size),
            Field("size", "size", Kind.FIGURE, lambda row: row.text),
            Field("fragile", "in a panic", Kind.FIGURE, fragile),
            Field(
                "fragile_share",
                HIDDEN,
                Kind.NUMBER,
                lambda r: r.factor in least and least[r.factor].size,
            ),
        )
        return table_of(self.headline, rows, fields, note=self.note)

    @property
    def note(self) -> str:
        """The norm, how it was found, and the proof."""
        robust = self.robust
        if robust is None:
            return f"{self.norm} norm, each shock up to all of it"
        said = f"{self.norm} norm {_number(robust)}: {robust.how}"
        if self.fragile is not None:
            gap = self.fragile.radius < robust.radius * (1 - 1e-9)
            said += (
                f"; if everything fails that can, {_number(self.fragile)}"
                if gap
                else "; a panic needs no less"
            )
        return (
            f"{said}. certified: solved again, it breaks 0.0001% beyond and not 0.0001% before, "
            f"residual at most {robust.residual:.2g}"
        )


def _number(found: Radius) -> str:
    if found.exact is not None and len(found.exact) <= 15:
        return f"{share(found.radius, digits=2)} ({found.exact})"
    return share(found.radius, digits=2)
