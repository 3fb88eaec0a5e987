"""Positions: an account in a market, a leg on a venue, or a table of either."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Self

from pydantic import Discriminator, Tag, model_validator

from looprisk.errors import ModelError, Problem
from looprisk.model.base import Model, Part
from looprisk.model.fields import (
    Count,
    Flag,
    Multiple,
    NamedTokens,
    Price,
    Rate,
    Ratio,
    Ref,
    Text,
    Tokens,
    mapping,
)
from looprisk.model.frozen import EMPTY, Map
from looprisk.model.tables import AccountTable, TableRef
from looprisk.model.values import Value, decimal_text


class Loop(Model):
    """A looped position: ``equity`` tokens of own money, borrowed against until ``ltv``.

    The collateral is ``equity / (1 - ltv)``, the debt ``ltv`` of it, both at the start
    prices; a sweep of ``ltv`` moves both.

    >>> Loop(equity=100, ltv="90%").units
    Fraction(1000, 1)
    """

    equity: Tokens
    ltv: Ratio | None = None
    leverage: Multiple | None = None

    @model_validator(mode="after")
    def _says_how_far(self) -> Self:
        if (self.ltv is None) == (self.leverage is None):
            message = "a loop gives its `ltv` or its `leverage`; one of the two"
            raise ValueError(message)
        if self.ltv is not None and self.ltv.high is not None and self.ltv.high >= 1:
            message = f"ltv: `{self.ltv.text}`: a loop is below 100%"
            raise ModelError([Problem(("ltv",), message, on_key=False)])
        if self.leverage is not None and self.leverage.low is not None and self.leverage.low < 1:
            message = f"leverage: `{self.leverage.text}` is below 1x"
            raise ModelError([Problem(("leverage",), message, on_key=False)])
        return self

    @property
    def loan_to_value(self) -> Fraction:
        """Debt over collateral at the start, from ``ltv`` or from ``leverage``."""
        if self.leverage is not None:
            return 1 - 1 / self.leverage.number
        return self.ltv.number if self.ltv is not None else Fraction(0)

    @property
    def units(self) -> Fraction:
        """Units of collateral: ``equity / (1 - ltv)``, which is ``equity x leverage``."""
        if self.leverage is not None:
            return self.equity.number * self.leverage.number
        return self.equity.number / (1 - self.loan_to_value)

    @property
    def borrowed(self) -> Fraction:
        """Units of collateral that the debt bought: ``equity x (leverage - 1)``.

        Straight in the leverage, so that an open one leaves a straight answer.
        """
        if self.leverage is not None:
            return self.equity.number * (self.leverage.number - 1)
        return self.units * self.loan_to_value


class LoanPosition(Part):
    """An account in a market. ``owner`` left out: somebody outside."""

    market: Ref
    owner: Ref | None = None
    e_mode: Ref | None = None
    collateral: Map[Tokens] = EMPTY
    debt: Map[Tokens] = EMPTY
    loop: Loop | None = None

    @model_validator(mode="after")
    def _is_written_one_way(self) -> Self:
        given = self.model_fields_set & {"collateral", "debt"}
        if (self.loop is not None and given) or (self.loop is None and len(given) < 2):
            message = "a loan gives `collateral` and `debt`, or `loop`; one of the two"
            raise ValueError(message)
        return self


class PerpPosition(Part):
    """One leg on a venue, long or short. ``funding`` is what longs pay and a short receives.

    In time a leg whose margin is below maintenance at the start is refused, unless it says
    ``below_maintenance: true``: then the first step closes it.
    """

    venue: Ref
    owner: Ref | None = None
    short: NamedTokens | None = None
    long: NamedTokens | None = None
    entry: Price
    margin: Map[Tokens]
    funding: Rate | None = None
    below_maintenance: Flag | None = None

    @model_validator(mode="after")
    def _has_one_side(self) -> Self:
        if (self.short is None) == (self.long is None):
            message = "a leg is `short` or `long`; one of the two"
            raise ValueError(message)
        return self


class InMarket(Part):
    """What stands in one market. ``owner`` left out: somebody outside."""

    market: Ref
    owner: Ref | None = None


class Tabled(Part):
    """Many accounts in a table beside the file.

    ``rows``, ``sha256`` (of the uncompressed file) and ``totals`` say what a reviewer read;
    they are checked against the table wherever it was read.
    """

    table: TableRef
    rows: Count
    sha256: Text
    totals: Map[Tokens] = EMPTY

    @property
    def accounts(self) -> AccountTable | None:
        """The accounts, None where nobody has read the table."""
        return self.table.accounts

    @property
    def sums(self) -> Mapping[str, Value]:
        """The sum of every column: of the table itself, of ``totals`` where nobody has read it."""
        if self.accounts is None:
            return self.totals
        return {
            column: Value(total, total, "tokens", text=decimal_text(total))
            for column, total in self.accounts.totals.items()
        }


class TablePosition(Tabled, InMarket):
    """Many accounts of one market."""


class VenueTable(Tabled):
    """Many traders of one venue, all outside: the book that the positions named stand in.

    A row is an account with a leg in each of its ``long/TOKEN`` and ``short/TOKEN``, in tokens. An
    ``entry/TOKEN`` is in dollars; empty or left out it is the start price, of a table that a stage
    opens the last mark. The margin is ``margin/TOKEN`` in tokens, or follows from ``leverage``:
    notional at entry over margin, which is then dollars. ``funding`` is what longs pay and shorts
    receive. ``below_maintenance: true`` lets rows begin below their maintenance margin: the first
    step closes them.
    """

    venue: Ref
    funding: Rate | None = None
    below_maintenance: Flag | None = None

    @property
    def owner(self) -> None:
        """Traders of a table are outside."""


OnVenue = PerpPosition | VenueTable
"""What stands on a venue."""
AnyPosition = LoanPosition | PerpPosition | TablePosition | VenueTable


def position_type(raw: object) -> type[AnyPosition]:
    """Return which position is written: a ``venue`` makes legs, a ``table`` many accounts."""
    if isinstance(raw, AnyPosition):
        return type(raw)
    fields = mapping(raw) or {}
    if "venue" in fields and "table" in fields:
        return VenueTable
    if "venue" in fields or (fields.keys() & {"short", "long"} and "debt" not in fields):
        return PerpPosition
    return TablePosition if "table" in fields else LoanPosition


def _tag(raw: object) -> str:
    return position_type(raw).__name__


Position = Annotated[
    Annotated[LoanPosition, Tag("LoanPosition")]
    | Annotated[PerpPosition, Tag("PerpPosition")]
    | Annotated[TablePosition, Tag("TablePosition")]
    | Annotated[VenueTable, Tag("VenueTable")],
    Discriminator(_tag),
]
