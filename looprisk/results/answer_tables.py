"""The tables of the answers: which columns, in which order, under which words."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from looprisk.results.columns import Cell, Column, Kind
from looprisk.results.numbers import NONE
from looprisk.results.phrases import found
from looprisk.results.records import (
    Assumption,
    BreakPoint,
    Cause,
    Event,
    LayerLoss,
    Shock,
    Unit,
    Verdict,
    WaterfallRow,
)
from looprisk.results.table import Table

RowT = TypeVar("RowT")
_AXIS_KINDS: dict[Unit, Kind] = {"usd": Kind.MONEY, "fraction": Kind.POINT, "price": Kind.PRICE}
_MOST_CAUSES = 7


@dataclass(frozen=True, slots=True)
class _Field(Generic[RowT]):
    """Where a column takes its values from; words of the header are stacked at ``/``."""

    name: str
    header: str
    kind: Kind
    of: Callable[[RowT], Cell]
    leaves: int = 0
    none: str = NONE
    apart: bool = False

    def column(self, rows: tuple[RowT, ...]) -> Column:
        return Column(
            name=self.name,
            header=tuple(self.header.split("/")),
            kind=self.kind,
            values=tuple(self.of(row) for row in rows),
            none=self.none,
            leaves=self.leaves,
            hidden=self.header == _HIDDEN,
            apart=self.apart,
        )


_HIDDEN = "(stored)"


def event_words(event: str) -> str:
    """Return an event as it is read: ``bad debt`` for ``bad_debt``."""
    return event.replace("_", " ")


def layer_table(rows: tuple[LayerLoss, ...], shock: Shock) -> Table[LayerLoss]:
    """Return what every claim loses; layers overlap, so nothing is summed."""
    never = NONE if shock.searched_to is None else "never"
    axis = _AXIS_KINDS.get(shock.unit, Kind.NUMBER)
    fields: tuple[_Field[LayerLoss], ...] = (
        _Field("layer", "layer", Kind.COUNT, lambda row: row.layer),
        _Field("claim", "claim", Kind.NAME, lambda row: row.label or row.id),
        _Field("id", _HIDDEN, Kind.TEXT, lambda row: row.id),
        _Field("kind", "kind", Kind.TEXT, lambda row: row.kind, leaves=1),
        _Field("claims_usd", "face", Kind.MONEY, lambda row: row.claims_usd),
        _Field("book_usd", _HIDDEN, Kind.MONEY, lambda row: row.book_usd),
        _Field("economic_usd", _HIDDEN, Kind.MONEY, lambda row: row.economic_usd),
        _Field("market_usd", _HIDDEN, Kind.MONEY, lambda row: row.market_usd),
        _Field("economic_loss_usd", "economic/loss", Kind.MONEY, lambda row: row.economic_loss_usd),
        _Field("loss_fraction", "% of/claim", Kind.SHARE, lambda row: row.loss_fraction),
        _Field("reported_loss_usd", "reported/loss", Kind.MONEY, lambda row: row.reported_loss_usd),
        _Field(
            "book_price", _HIDDEN, Kind.PRICE, lambda row: row.price.book if row.price else None
        ),
        _Field(
            "economic_price",
            _HIDDEN,
            Kind.PRICE,
            lambda row: row.price.economic if row.price else None,
        ),
        _Field(
            "market_price", _HIDDEN, Kind.PRICE, lambda row: row.price.market if row.price else None
        ),
        _Field(
            "first_break", "breaks/at", axis, lambda row: row.first_break, none=never, apart=True
        ),
        _Field("broken", "", Kind.MARK, lambda row: row.broken),
    )
    return _table("What every layer loses", rows, fields)


def _table(
    title: str,
    rows: tuple[RowT, ...],
    fields: tuple[_Field[RowT], ...],
    sums: tuple[str, ...] = (),
    note: str = "",
) -> Table[RowT]:
    columns = tuple(field.column(rows) for field in fields)
    return Table(title=title, columns=columns, rows=rows, sums=sums, note=note)


def waterfall_table(rows: tuple[WaterfallRow, ...]) -> Table[WaterfallRow]:
    """Return who bears the loss; the sum is the loss that was put in."""
    fields: tuple[_Field[WaterfallRow], ...] = (
        _Field("claimant", "claimant", Kind.NAME, lambda row: row.claimant),
        _Field("via", "through", Kind.TEXT, lambda row: row.via, leaves=2),
        _Field("kind", "kind", Kind.TEXT, lambda row: row.kind, leaves=1),
        _Field("loss_usd", "loss", Kind.MONEY, lambda row: row.loss_usd),
        _Field("of_claim", "% of/claim", Kind.SHARE, lambda row: row.of_claim),
    )
    note = "The sum equals the loss that was put in."
    return _table("Who bears it", rows, fields, ("loss_usd",), note)


def event_table(rows: tuple[Event, ...], labels: Mapping[str, str]) -> Table[Event]:
    """Return what broke, round by round."""
    fields: tuple[_Field[Event], ...] = (
        _Field("round", "round", Kind.COUNT, lambda row: row.round),
        _Field("event", "event", Kind.TEXT, lambda row: event_words(row.event)),
        _Field("of", "of", Kind.NAME, lambda row: labels.get(row.of, row.of)),
        _Field("id", _HIDDEN, Kind.TEXT, lambda row: row.of),
        _Field("because", "because", Kind.TEXT, lambda row: row.because),
    )
    return _table("What breaks, in order", rows, fields)


def break_point_table(
    rows: tuple[BreakPoint, ...], shock: Shock, labels: Mapping[str, str]
) -> Table[BreakPoint]:
    """Return how far the shock goes before each event; never where it does not come."""
    axis = _AXIS_KINDS.get(shock.unit, Kind.NUMBER)
    fields: tuple[_Field[BreakPoint], ...] = (
        _Field("event", "event", Kind.TEXT, lambda row: event_words(row.event)),
        _Field("of", "of", Kind.NAME, lambda row: labels.get(row.of, row.of)),
        _Field("id", _HIDDEN, Kind.TEXT, lambda row: row.of),
        _Field("at", "at", axis, lambda row: row.at.value if row.at else None, none="never"),
        _Field("fraction", "of the shock", Kind.POINT, lambda row: row.fraction, none="never"),
        _Field("fraction_least", _HIDDEN, Kind.POINT, lambda row: row.fraction_least),
        _Field("exact", _HIDDEN, Kind.TEXT, lambda row: row.exact),
        _Field("kind", _HIDDEN, Kind.TEXT, lambda row: row.kind),
        _Field("attained", _HIDDEN, Kind.MARK, lambda row: row.attained),
        _Field("loss_before_usd", _HIDDEN, Kind.MONEY, lambda row: row.loss_before_usd),
        _Field("loss_after_usd", _HIDDEN, Kind.MONEY, lambda row: row.loss_after_usd),
        _Field("with_it", "with it", Kind.COUNT, lambda row: len(row.together_with)),
        _Field("together_with", _HIDDEN, Kind.TEXT, lambda row: ", ".join(row.together_with)),
        _Field("because", "because", Kind.TEXT, lambda row: row.because, leaves=1),
    )
    return _table("How far the shock goes before each layer breaks", rows, fields)


def assumption_table(rows: tuple[Assumption, ...]) -> Table[Assumption]:
    """Return the inputs that no source backs."""
    fields: tuple[_Field[Assumption], ...] = (
        _Field("input", "input", Kind.NAME, lambda row: row.input),
        _Field("value", "value", Kind.TEXT, lambda row: row.value, leaves=3),
        _Field("class", "class", Kind.TEXT, lambda row: row.class_),
        _Field("source", "source", Kind.TEXT, lambda row: row.source, leaves=2),
        _Field("effect", "effect", Kind.TEXT, lambda row: row.effect, leaves=1),
    )
    return _table("What this rests on", rows, fields)


def cause_table(label: str, causes: tuple[Cause, ...]) -> Table[Cause]:
    """Return at most seven causes that add up; the smallest beyond six become one."""
    shown = causes
    if len(causes) > _MOST_CAUSES:
        ordered = sorted(causes, key=lambda cause: -abs(cause.amount_usd))
        first, rest = ordered[: _MOST_CAUSES - 1], ordered[_MOST_CAUSES - 1 :]
        left = math.fsum(cause.amount_usd for cause in rest)
        shown = (*first, Cause(text=f"{len(rest)} smaller causes", amount_usd=left))
    fields: tuple[_Field[Cause], ...] = (
        _Field("amount_usd", "loss", Kind.MONEY, lambda row: row.amount_usd),
        _Field("cause", "because", Kind.TEXT, lambda row: row.text),
    )
    return _table(f"Why {label} loses", shown, fields, ("amount_usd",))


def verdict_table(rows: tuple[Verdict, ...]) -> Table[Verdict]:
    """Return the verdicts with the numbers as they were found, each in its own unit."""
    fields: tuple[_Field[Verdict], ...] = (
        _Field("outcome", "", Kind.TEXT, lambda row: row.outcome),
        _Field("expectation", "expectation", Kind.NAME, lambda row: row.name or row.asked),
        _Field("scenario", _HIDDEN, Kind.TEXT, lambda row: row.scenario),
        _Field("asked", "asked", Kind.TEXT, lambda row: row.asked, leaves=1),
        _Field("got", _HIDDEN, Kind.NUMBER, lambda row: row.got),
        _Field("unit", _HIDDEN, Kind.TEXT, lambda row: row.unit),
        _Field("found", "got", Kind.FIGURE, found),
        _Field("evidence", "evidence", Kind.TEXT, lambda row: row.evidence, leaves=2),
        _Field("file", _HIDDEN, Kind.TEXT, lambda row: row.file),
        _Field("line", _HIDDEN, Kind.COUNT, lambda row: row.line),
        _Field("because", "because", Kind.TEXT, lambda row: row.because),
    )
    return _table("Expectations", rows, fields)
