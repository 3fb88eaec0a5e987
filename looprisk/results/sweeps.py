"""A sweep as it is shown: one row for each start and size of the shock, with its proof."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from looprisk.model.vocabulary import Unit
from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.names import clean
from looprisk.results.phrases import certified_rows
from looprisk.results.records import Shock
from looprisk.results.table import OneTable, Table

_KINDS: dict[Unit, Kind] = {
    "usd": Kind.MONEY,
    "fraction": Kind.POINT,
    "price": Kind.PRICE,
    "multiple": Kind.MULTIPLE,
}
SHOWN = 6
"""Measures that a terminal shows; a file has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Varied:
    """What is varied: a path, or ``shock`` for the share of the shock as written."""

    path: str
    unit: Unit | None
    """None where the values are words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is measured, in words, and its unit."""

    words: str
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRow:
    """One start and size of the shock with what it leads to."""

    values: tuple[float | str, ...]
    """What was varied, in the order of ``Sweep.varied``: numbers in their unit, else words."""
    numbers: tuple[float | None, ...]
    """What was measured, in the order of ``Sweep.measured``; None where it is not defined."""
    residual: float | None
    """The largest violation of a payout equation, relative to the claims."""
    conservation_gap: float | None
    refused: str = ""
    """Why there is no certified answer; empty where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sweep(OneTable):
    """Answers over a grid of starts and sizes; the first row is the system as given."""

    scenario: str
    varied: tuple[Varied, ...]
    measured: tuple[Measured, ...]
    rows: tuple[SweepRow, ...]
    shock: Shock | None = None
    """The shock of the system as given, where its size is varied."""

    @property
    def table(self) -> Table[SweepRow]:
        """One row for each point of the grid."""
        fields: list[Field[SweepRow]] = [
            Field(
                what.path,
                what.path,
                _KINDS.get(what.unit, Kind.NUMBER) if what.unit else Kind.TEXT,
                partial(_varied, at),
                apart=True,
            )
            for at, what in enumerate(self.varied)
        ]
        fields += [
            Field(
                what.words,
                _stacked(what.words) if at < SHOWN else HIDDEN,
                _KINDS.get(what.unit, Kind.NUMBER),
                partial(_measured, at),
                leaves=len(self.measured) - at if at else 0,
            )
            for at, what in enumerate(self.measured)
        ]
        fields += [
            Field("residual", HIDDEN, Kind.NUMBER, lambda row: row.residual),
            Field("conservation_gap", HIDDEN, Kind.NUMBER, lambda row: row.conservation_gap),
        ]
        refused = any(row.refused for row in self.rows)
        fields.append(
            Field("refused", "no answer" if refused else HIDDEN, Kind.TEXT, lambda row: row.refused)
        )
        return table_of(self.headline, self.rows, tuple(fields), note=self._note)

    @property
    def headline(self) -> str:
        """How many points were asked, of what."""
        what = " and ".join(clean(varied.path) for varied in self.varied)
        return f"{clean(self.scenario)}: {len(self.rows)} rows, the first as given, by {what}"

    @property
    def _note(self) -> str:
        hidden = len(self.measured) - SHOWN
        more = f"; {hidden} more columns in CSV and JSON" if hidden > 0 else ""
        return certified_rows(self.rows) + more

    def __len__(self) -> int:
        return len(self.rows)


def _varied(at: int, row: SweepRow) -> float | str:
    return row.values[at]


def _measured(at: int, row: SweepRow) -> float | None:
    return row.numbers[at]


def _stacked(words: str) -> str:
    """Return a heading whose words stand below each other."""
    return words.replace("_usd", "").replace("_", "/").replace(" ", "/")
