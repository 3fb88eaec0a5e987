"""How one number of an answer moves with every input: the table behind a tornado."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.model.vocabulary import Unit
from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.names import clean
from looprisk.results.numbers import quantity, signed
from looprisk.results.table import OneTable, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """How the answer moves with one input while all others stay."""

    input: str
    """Its path; ``shock`` is the size of the shock as a whole."""
    value: str
    """As it is written."""
    number: float
    class_: str
    """observed, attested, declared, derived, assumed; empty for the shock."""
    source: str
    derivative: float | None
    """Per unit of the input as it rises, exact in the regime in force; None where it jumps."""
    derivative_down: float | None
    """The same as it falls; it differs where the answer stands on a border."""
    down: float | None
    """What the answer moves by when the input is 1 % less, in the unit of the answer."""
    up: float | None
    """And when it is 1 % more."""
    elasticity: float | None
    """Percent of the answer for a percent of the input; None where the answer is nothing."""

    @property
    def swing(self) -> float:
        """The larger of the two moves; a jump counts as more than any."""
        moves = [self.down, self.up]
        return max((float("inf") if move is None else abs(move) for move in moves), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sensitivities(OneTable):
    """The inputs that an answer depends on, the strongest first."""

    scenario: str
    of: str
    what: str
    """``loss_usd``, or the event whose break point it is."""
    value: float
    unit: Unit
    rows: tuple[Sensitivity, ...]
    inputs: int
    """How many inputs were asked, those without any effect included."""
    border: tuple[str, ...]
    """Conditions that the answer stands exactly on the border of, in words."""

    @property
    def headline(self) -> str:
        """The answer and how many inputs move it."""
        found = quantity(self.value, self.unit)
        named = "loss" if self.what == "loss_usd" else f"{self.what} at"
        return f"{clean(self.of)} {named} {found}: {len(self.rows)} of {self.inputs} inputs move it"

    @property
    def table(self) -> Table[Sensitivity]:
        """One row for each input that matters, for a move of 1 % either way."""

        def written(move: float | None) -> str | None:
            return None if move is None else signed(move, self.unit)

        down, up = "1% less", "1% more"
        shown: tuple[Field[Sensitivity], ...] = (
            Field("down_shown", down, Kind.FIGURE, lambda row: written(row.down), none="jumps"),
            Field("up_shown", up, Kind.FIGURE, lambda row: written(row.up), none="jumps"),
            Field("down", HIDDEN, Kind.NUMBER, lambda row: row.down),
            Field("up", HIDDEN, Kind.NUMBER, lambda row: row.up),
        )
        if self.unit == "usd":
            shown = (
                Field("down", down, Kind.MONEY, lambda row: row.down, none="jumps"),
                Field("up", up, Kind.MONEY, lambda row: row.up, none="jumps"),
            )
        fields: tuple[Field[Sensitivity], ...] = (
            Field("input", "input", Kind.NAME, lambda row: row.input),
            Field("value", "value", Kind.FIGURE, lambda row: row.value, leaves=2),
            *shown,
            Field("derivative", HIDDEN, Kind.NUMBER, lambda row: row.derivative),
            Field("derivative_down", HIDDEN, Kind.NUMBER, lambda row: row.derivative_down),
            Field("elasticity", "elasticity", Kind.MULTIPLE, lambda row: row.elasticity),
            Field("class", "class", Kind.TEXT, lambda row: row.class_, leaves=1),
            Field("source", HIDDEN, Kind.TEXT, lambda row: row.source),
        )
        return table_of(self.headline, self.rows, fields, note=self.note)

    @property
    def note(self) -> str:
        """What the moves are, and where they hold."""
        said = "exact while no layer changes its state"
        if self.unit != "usd":
            said = f"moves in shares of the shock as written; {said}"
        if self.border:
            return f"{said}; on the border of: {'; '.join(self.border)}: the two sides differ"
        return said
