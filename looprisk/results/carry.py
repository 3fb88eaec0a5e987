"""What a leveraged account earns over what it pays, and the rate at which nothing is left."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.names import clean
from looprisk.results.numbers import amount, share
from looprisk.results.table import OneTable, Table

YEARS = 10
"""How far ahead a loss is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryRow:
    """The account at one borrow rate; rates per year, compounded continuously."""

    at: str
    """Which rate this is: now, break-even, all lent out, as asked."""
    utilisation: float | None
    """Of the loan token; None where its curve does not reach the rate, or none is written."""
    rate: float
    carry: float
    """What the account gains a year, as a share of its equity; negative: it loses."""
    days: float | None
    """Until the share of the equity is lost; None if that takes longer than ten years."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Carry(OneTable):
    """The carry of an account at several borrow rates of one loan token, others as they are."""

    system: str
    of: str
    label: str
    debt: str
    """The loan token whose rate moves."""
    collateral_usd: float
    debt_usd: float
    """All that it owes."""
    equity_usd: float
    earned: float
    """What its collateral yields a year, as a share of the collateral."""
    loss: float
    """The share of the equity whose loss is waited for."""
    break_even: float
    """The borrow rate at which the carry is nothing; below nothing where none is low enough."""
    break_even_exact: str
    """The same as a fraction."""
    utilisation: float | None
    """The utilisation from which on the rate is above it; None where it never is."""
    rows: tuple[CarryRow, ...]
    """From the lowest rate to the highest."""

    @property
    def headline(self) -> str:
        """From which borrow rate on the account loses, and when that is."""
        name, token = clean(self.label), clean(self.debt)
        if self.break_even < 0:
            return f"{name} earns nothing at any borrow rate of {token}"
        said = f"{name} earns up to a borrow rate of {_rate(self.break_even)} on {token}"
        if self.utilisation is None:
            return said
        return f"{said}, which is paid with {share(self.utilisation, digits=2)} of it lent out"

    @property
    def table(self) -> Table[CarryRow]:
        """One row for each borrow rate."""
        lost = share(self.loss, digits=0 if self.loss * 100 % 1 == 0 else 2)
        fields: tuple[Field[CarryRow], ...] = (
            Field("at", "", Kind.TEXT, lambda row: row.at),
            Field("utilisation", "lent/out", Kind.POINT, lambda row: row.utilisation),
            Field("rate_shown", "borrow/rate", Kind.FIGURE, lambda row: _rate(row.rate)),
            Field("carry_shown", "carry of/equity", Kind.FIGURE, lambda row: _rate(row.carry)),
            Field("days_shown", f"days until/{lost} is lost", Kind.FIGURE, _days),
            Field("rate", HIDDEN, Kind.NUMBER, lambda row: row.rate),
            Field("carry", HIDDEN, Kind.NUMBER, lambda row: row.carry),
            Field("days", HIDDEN, Kind.NUMBER, lambda row: row.days),
        )
        return table_of(self.headline, self.rows, fields, note=self.note)

    @property
    def note(self) -> str:
        """The account, and what is held still."""
        return (
            f"collateral {amount(self.collateral_usd)} yields {_rate(self.earned)}, debt "
            f"{amount(self.debt_usd)}, equity {amount(self.equity_usd)}; prices and rates stay, "
            f"interest compounds; days up to {YEARS} years"
        )

    def to_json(self) -> str:
        """Return one JSON document."""
        body = {"schema": "looprisk/carry/1", **asdict(self)}
        return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rate(value: float) -> str:
    return share(value, digits=2) + "/y"


def _days(row: CarryRow) -> str | None:
    return None if row.days is None else f"{row.days:,.1f}"
