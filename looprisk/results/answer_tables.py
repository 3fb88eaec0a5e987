"""The tables of the answers: which columns, in which order, under which words."""

import math
from collections.abc import Mapping

from looprisk.model.vocabulary import Unit
from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.numbers import NONE
from looprisk.results.phrases import found
from looprisk.results.records import (
    Assumption,
    BreakPoint,
    Cause,
    Event,
    LayerLoss,
    Shock,
    Verdict,
    WaterfallRow,
)
from looprisk.results.table import Table

_AXIS_KINDS: dict[Unit, Kind] = {"usd": Kind.MONEY, "fraction": Kind.POINT, "price": Kind.PRICE}
_MOST_CAUSES = 7


def event_words(event: str) -> str:
    """Return an event as it is read: ``bad debt`` for ``bad_debt``."""
    return event.replace("_", " ")


def layer_table(rows: tuple[LayerLoss, ...], shock: Shock) -> Table[LayerLoss]:
    """Return what every claim loses; layers overlap, so nothing is summed."""
    never = NONE if shock.searched_to is None else "never"
    axis = _AXIS_KINDS.get(shock.unit, Kind.NUMBER)
    several = any(row.self_fulfilling_usd for row in rows)
    fields: tuple[Field[LayerLoss], ...] = (
        Field("layer", "layer", Kind.COUNT, lambda row: row.layer),
        Field("claim", "claim", Kind.NAME, lambda row: row.label or row.id),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.id),
        Field("kind", "kind", Kind.TEXT, lambda row: row.kind, leaves=1),
        Field("claims_usd", "face", Kind.MONEY, lambda row: row.claims_usd),
        Field("book_usd", HIDDEN, Kind.MONEY, lambda row: row.book_usd),
        Field("economic_usd", HIDDEN, Kind.MONEY, lambda row: row.economic_usd),
        Field("market_usd", HIDDEN, Kind.MONEY, lambda row: row.market_usd),
        Field("economic_loss_usd", "economic/loss", Kind.MONEY, lambda row: row.economic_loss_usd),
        Field("loss_fraction", "% of/claim", Kind.SHARE, lambda row: row.loss_fraction),
        Field("reported_loss_usd", "reported/loss", Kind.MONEY, lambda row: row.reported_loss_usd),
        Field("book_price", HIDDEN, Kind.PRICE, lambda row: row.price.book if row.price else None),
        Field(
            "economic_price",
            HIDDEN,
            Kind.PRICE,
            lambda row: row.price.economic if row.price else None,
        ),
        Field(
            "market_price", HIDDEN, Kind.PRICE, lambda row: row.price.market if row.price else None
        ),
        Field(
            "first_break", "breaks/at", axis, lambda row: row.first_break, none=never, apart=True
        ),
        Field("broken", "", Kind.MARK, lambda row: row.broken),
        Field(
            "self_fulfilling_usd",
            "self-/fulfilling" if several else HIDDEN,
            Kind.MONEY,
            lambda row: row.self_fulfilling_usd,
        ),
    )
    return table_of("What every layer loses", rows, fields)


def waterfall_table(rows: tuple[WaterfallRow, ...]) -> Table[WaterfallRow]:
    """Return who bears the loss; the sum is the loss that was put in."""
    fields: tuple[Field[WaterfallRow], ...] = (
        Field("claimant", "claimant", Kind.NAME, lambda row: row.claimant),
        Field("via", "through", Kind.TEXT, lambda row: row.via, leaves=2),
        Field("kind", "kind", Kind.TEXT, lambda row: row.kind, leaves=1),
        Field("loss_usd", "loss", Kind.MONEY, lambda row: row.loss_usd),
        Field("of_claim", "% of/claim", Kind.SHARE, lambda row: row.of_claim),
    )
    note = "The sum equals the loss that was put in."
    return table_of("Who bears it", rows, fields, ("loss_usd",), note)


def event_table(rows: tuple[Event, ...], labels: Mapping[str, str]) -> Table[Event]:
    """Return what broke, round by round."""
    fields: tuple[Field[Event], ...] = (
        Field("round", "round", Kind.COUNT, lambda row: row.round),
        Field("event", "event", Kind.TEXT, lambda row: event_words(row.event)),
        Field("of", "of", Kind.NAME, lambda row: labels.get(row.of, row.of)),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.of),
        Field("because", "because", Kind.TEXT, lambda row: row.because),
    )
    return table_of("What breaks, in order", rows, fields)


def break_point_table(
    rows: tuple[BreakPoint, ...], shock: Shock, labels: Mapping[str, str]
) -> Table[BreakPoint]:
    """Return how far the shock goes before each event; never where it does not come."""
    axis = _AXIS_KINDS.get(shock.unit, Kind.NUMBER)
    fields: tuple[Field[BreakPoint], ...] = (
        Field("event", "event", Kind.TEXT, lambda row: event_words(row.event)),
        Field("of", "of", Kind.NAME, lambda row: labels.get(row.of, row.of)),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.of),
        Field("at", "at", axis, lambda row: row.at.value if row.at else None, none="never"),
        Field("fraction", "of the shock", Kind.POINT, lambda row: row.fraction, none="never"),
        Field("fraction_least", HIDDEN, Kind.POINT, lambda row: row.fraction_least),
        Field("exact", HIDDEN, Kind.TEXT, lambda row: row.exact),
        Field("kind", HIDDEN, Kind.TEXT, lambda row: row.kind),
        Field("attained", HIDDEN, Kind.MARK, lambda row: row.attained),
        Field("loss_before_usd", HIDDEN, Kind.MONEY, lambda row: row.loss_before_usd),
        Field("loss_after_usd", HIDDEN, Kind.MONEY, lambda row: row.loss_after_usd),
        Field("with_it", "with it", Kind.COUNT, lambda row: len(row.together_with)),
        Field("together_with", HIDDEN, Kind.TEXT, lambda row: ", ".join(row.together_with)),
        Field("because", "because", Kind.TEXT, lambda row: row.because, leaves=1),
    )
    return table_of("How far the shock goes before each layer breaks", rows, fields)


def assumption_table(rows: tuple[Assumption, ...]) -> Table[Assumption]:
    """Return the inputs that no source backs."""
    fields: tuple[Field[Assumption], ...] = (
        Field("input", "input", Kind.NAME, lambda row: row.input),
        Field("value", "value", Kind.TEXT, lambda row: row.value, leaves=3),
        Field("class", "class", Kind.TEXT, lambda row: row.class_),
        Field("source", "source", Kind.TEXT, lambda row: row.source, leaves=2),
        Field("effect", "effect", Kind.TEXT, lambda row: row.effect, leaves=1),
    )
    return table_of("What this rests on", rows, fields)


def cause_table(label: str, causes: tuple[Cause, ...]) -> Table[Cause]:
    """Return at most seven causes that add up; the smallest beyond six become one."""
    shown = causes
    if len(causes) > _MOST_CAUSES:
        ordered = sorted(causes, key=lambda cause: -abs(cause.amount_usd))
        first, rest = ordered[: _MOST_CAUSES - 1], ordered[_MOST_CAUSES - 1 :]
        left = math.fsum(cause.amount_usd for cause in rest)
        shown = (*first, Cause(text=f"{len(rest)} smaller causes", amount_usd=left))
    fields: tuple[Field[Cause], ...] = (
        Field("amount_usd", "loss", Kind.MONEY, lambda row: row.amount_usd),
        Field("cause", "because", Kind.TEXT, lambda row: row.text),
    )
    return table_of(f"Why {label} loses", shown, fields, ("amount_usd",))


def verdict_table(rows: tuple[Verdict, ...]) -> Table[Verdict]:
    """Return the verdicts with the numbers as they were found, each in its own unit."""
    fields: tuple[Field[Verdict], ...] = (
        Field("outcome", "", Kind.TEXT, lambda row: row.outcome),
        Field("expectation", "expectation", Kind.NAME, lambda row: row.name or row.asked),
        Field("scenario", HIDDEN, Kind.TEXT, lambda row: row.scenario),
        Field("asked", "asked", Kind.TEXT, lambda row: row.asked, leaves=1),
        Field("got", HIDDEN, Kind.NUMBER, lambda row: row.got),
        Field("unit", HIDDEN, Kind.TEXT, lambda row: row.unit),
        Field("found", "got", Kind.FIGURE, found),
        Field("evidence", "evidence", Kind.TEXT, lambda row: row.evidence, leaves=2),
        Field("file", HIDDEN, Kind.TEXT, lambda row: row.file),
        Field("line", HIDDEN, Kind.COUNT, lambda row: row.line),
        Field("flow", HIDDEN, Kind.TEXT, lambda row: row.flow),
        Field("because", "because", Kind.TEXT, lambda row: row.because),
    )
    return table_of("Expectations", rows, fields)
