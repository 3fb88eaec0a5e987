"""Intervals in the place of numbers: what is sure whatever the unknown values are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from looprisk.model.vocabulary import EventName, Unit
from looprisk.results.answer_tables import event_words
from looprisk.results.cells import Screen
from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.layout import lay_out, prose
from looprisk.results.names import clean, for_html, for_markdown, shown
from looprisk.results.numbers import money, share
from looprisk.results.records import ClaimKind
from looprisk.results.result_json import Object, number
from looprisk.results.table import Table

CENTS = 1e4
"""USD: under so much, cents are shown."""
BOUNDS_SCHEMA = "looprisk/bounds/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """What one answer lies between, whatever the unknown values are.

    ``low`` and ``high`` are None where no bound is proved; of a break point ``high`` alone is None
    where for some completions it never comes.
    """

    low: float | None
    high: float | None
    exact: bool = False
    """Both ends are attained by completions; else the interval is an outer one."""
    decided_by: str = ""
    """The path of the datum that narrows it most; empty where it is one number."""

    @property
    def proved(self) -> bool:
        """Whether there is a bound."""
        return self.low is not None or self.exact

    @property
    def word(self) -> str:
        """How good the interval is, in one word."""
        return ("exact" if self.exact else "outer") if self.proved else "not proved"

    @property
    def is_one(self) -> bool:
        """Whether the answer is the same for every completion."""
        return self.proved and self.low == self.high


UNPROVED = Interval(low=None, high=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDatum:
    """A value that is not known, and what it was taken to lie between."""

    path: str
    text: str
    low: str = ""
    high: str = ""
    choices: int = 0
    """How many orders were tried; 0 for a number."""
    why: str = ""
    """Where the range comes from; empty for one that the file states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerBounds:
    """What one claim may lose. Money in USD, losses positive."""

    layer: int
    id: str
    kind: ClaimKind
    label: str = ""
    claims: Interval
    economic: Interval
    loss: Interval
    fraction: Interval
    price: Interval | None = None
    self_fulfilling: Interval
    first_break: Interval
    """As a share of the shock as written; never beyond it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BorneBounds:
    """What one claimant outside may bear, in USD; the rows need not add up at their ends."""

    claimant: str
    via: str
    loss: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakBounds:
    """How far the shock goes before one event happens, as a share of it as written."""

    of: str
    event: EventName
    label: str = ""
    fraction: Interval
    at: Interval | None = None
    """The same in the unit of the shock; None where that moves with an unknown."""
    unit: Unit = "fraction"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Bounds:
    """Every answer to a case as an interval that holds whatever the unknown values are."""

    scenario: str
    inputs_digest: str
    shock: str
    """The shock in words."""
    data: tuple[OpenDatum, ...]
    layer_rows: tuple[LayerBounds, ...]
    borne_rows: tuple[BorneBounds, ...]
    break_rows: tuple[BreakBounds, ...]
    completions: int
    """How many completions were solved, each with its certificate."""
    unproved: str = ""
    """Why there are answers without a bound; empty where every answer has one."""
    labels: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def layers(self) -> Table[LayerBounds]:
        """What every layer may lose."""
        return _layer_table(self.layer_rows)

    @property
    def waterfall(self) -> Table[BorneBounds]:
        """Who may bear how much."""
        return _borne_table(self.borne_rows)

    @property
    def break_points(self) -> Table[BreakBounds]:
        """How far the shock goes before each event, for every completion."""
        return _break_table(self.break_rows)

    @property
    def unknowns(self) -> Table[OpenDatum]:
        """What is not known, and the range taken."""
        return _data_table(self.data)

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        losing = [row for row in self.layer_rows if row.loss.proved and not row.loss.is_one]
        if not losing:
            unproved = [row for row in self.layer_rows if not row.loss.proved]
            if unproved:
                return f"{self.shock}: no bound is proved for {len(unproved)} layers."
            return f"{self.shock}: no loss depends on what is not known."
        widest = max(losing, key=lambda row: _width(row.loss))
        ends = " to ".join(
            money(end, cents=abs(end) < CENTS)
            for end in (widest.loss.low, widest.loss.high)
            if end is not None
        )
        by = f", most by {widest.loss.decided_by}" if widest.loss.decided_by else ""
        return f"{self.shock}: {shown(widest.label or widest.id)} loses {ends}{by}."

    @property
    def certified(self) -> str:
        """How good the intervals are, in one line."""
        found = [row.loss for row in self.layer_rows]
        found += [row.fraction for row in self.break_rows]
        exact, proved = sum(i.exact for i in found), sum(i.proved for i in found)
        parts = [f"{exact} of {len(found)} intervals with both ends attained"]
        if proved > exact:
            parts.append(f"{proved - exact} outer")
        if proved < len(found):
            why = f" ({self.unproved})" if self.unproved else ""
            parts.append(f"{len(found) - proved} without a proved bound{why}")
        parts.append(f"{_count(self.completions, 'completion')} solved")
        return f"bounds by sign audit and enclosure: {', '.join(parts)}"

    def layer(self, id: str) -> LayerBounds:
        """Return the row of one layer by its id or label; KeyError names what there is not."""
        for row in self.layer_rows:
            if id in {row.id, row.label}:
                return row
        raise KeyError(id)

    def __repr__(self) -> str:
        return f"{clean(self.headline)}\n\n{self.layers!r}\n{clean(self.certified)}"

    def _repr_html_(self) -> str:
        return (
            f"<p><strong>{for_html(clean(self.headline))}</strong></p>"
            f"{self.layers._repr_html_()}<p>{for_html(clean(self.certified))}</p>"
        )

    def _repr_markdown_(self) -> str:
        return "\n\n".join(
            [
                f"**{for_markdown(clean(self.headline))}**",
                self.layers.to_markdown(),
                self.break_points.to_markdown(),
                self.unknowns.to_markdown(),
                for_markdown(clean(self.certified)),
            ]
        )


def _count(number_: int, word: str) -> str:
    return f"{number_} {word}{'' if number_ == 1 else 's'}"


def _width(interval: Interval) -> float:
    if interval.low is None or interval.high is None:
        return 0.0
    return interval.high - interval.low


def _layer_table(rows: tuple[LayerBounds, ...]) -> Table[LayerBounds]:
    # an outer bound alone says nothing of whether there is a gap
    several = any(row.self_fulfilling.low for row in rows)
    fields: tuple[Field[LayerBounds], ...] = (
        Field("layer", "layer", Kind.COUNT, lambda row: row.layer, leaves=1),
        Field("claim", "claim", Kind.NAME, lambda row: row.label or row.id),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.id),
        Field("kind", HIDDEN, Kind.TEXT, lambda row: row.kind),
        Field("claims_low_usd", HIDDEN, Kind.MONEY, lambda row: row.claims.low),
        Field("claims_high_usd", HIDDEN, Kind.MONEY, lambda row: row.claims.high),
        Field("economic_low_usd", HIDDEN, Kind.MONEY, lambda row: row.economic.low),
        Field("economic_high_usd", HIDDEN, Kind.MONEY, lambda row: row.economic.high),
        Field("loss_low_usd", "least/loss", Kind.MONEY, lambda row: row.loss.low),
        Field("loss_high_usd", "most/loss", Kind.MONEY, lambda row: row.loss.high),
        Field("fraction_low", "least %", Kind.SHARE, lambda row: row.fraction.low, leaves=2),
        Field("fraction_high", "most %", Kind.SHARE, lambda row: row.fraction.high, leaves=2),
        Field("price_low", HIDDEN, Kind.PRICE, lambda row: row.price.low if row.price else None),
        Field("price_high", HIDDEN, Kind.PRICE, lambda row: row.price.high if row.price else None),
        Field(
            "self_fulfilling_high_usd",
            "self-/fulfilling" if several else HIDDEN,
            Kind.MONEY,
            lambda row: row.self_fulfilling.high,
        ),
        Field("bound", "bound", Kind.TEXT, lambda row: row.loss.word, leaves=3),
        Field("decided_by", "decided by", Kind.TEXT, lambda row: row.loss.decided_by),
    )
    return table_of("What every layer loses, whatever the unknown values are", rows, fields)


def _borne_table(rows: tuple[BorneBounds, ...]) -> Table[BorneBounds]:
    fields: tuple[Field[BorneBounds], ...] = (
        Field("claimant", "claimant", Kind.NAME, lambda row: row.claimant),
        Field("via", "through", Kind.TEXT, lambda row: row.via, leaves=2),
        Field("loss_low_usd", "least/loss", Kind.MONEY, lambda row: row.loss.low),
        Field("loss_high_usd", "most/loss", Kind.MONEY, lambda row: row.loss.high),
        Field("bound", "bound", Kind.TEXT, lambda row: row.loss.word, leaves=1),
        Field("decided_by", "decided by", Kind.TEXT, lambda row: row.loss.decided_by),
    )
    return table_of("Who bears it, whatever the unknown values are", rows, fields)


def _break_table(rows: tuple[BreakBounds, ...]) -> Table[BreakBounds]:
    fields: tuple[Field[BreakBounds], ...] = (
        Field("event", "event", Kind.TEXT, lambda row: event_words(row.event)),
        Field("of", "of", Kind.NAME, lambda row: row.label or row.of),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.of),
        Field("fraction_low", HIDDEN, Kind.POINT, lambda row: row.fraction.low),
        Field("fraction_high", HIDDEN, Kind.POINT, lambda row: row.fraction.high),
        Field("at_low", HIDDEN, Kind.NUMBER, lambda row: row.at.low if row.at else None),
        Field("at_high", HIDDEN, Kind.NUMBER, lambda row: row.at.high if row.at else None),
        Field("at_unit", HIDDEN, Kind.TEXT, lambda row: row.unit),
        Field(
            "earliest", "earliest", Kind.FIGURE, lambda row: _end(row.fraction, row.fraction.low)
        ),
        Field("latest", "latest", Kind.FIGURE, lambda row: _end(row.fraction, row.fraction.high)),
        Field("bound", "bound", Kind.TEXT, lambda row: row.fraction.word, leaves=1),
        Field("decided_by", "decided by", Kind.TEXT, lambda row: row.fraction.decided_by),
    )
    title = "How far the shock goes before each layer breaks, whatever the unknown values are"
    return table_of(title, rows, fields, note="Shares of the shock as written.")


def _end(interval: Interval, value: float | None) -> str:
    if not interval.proved:
        return "–"
    return "never" if value is None else share(value, digits=2)


def _data_table(rows: tuple[OpenDatum, ...]) -> Table[OpenDatum]:
    fields: tuple[Field[OpenDatum], ...] = (
        Field("path", "not known", Kind.NAME, lambda row: row.path),
        Field("text", "written", Kind.TEXT, lambda row: row.text, leaves=1),
        Field("low", "from", Kind.FIGURE, lambda row: row.low),
        Field("high", "to", Kind.FIGURE, lambda row: row.high),
        Field("choices", "orders", Kind.COUNT, lambda row: row.choices or None),
        Field("why", "because", Kind.TEXT, lambda row: row.why),
    )
    return table_of("What is not known", rows, fields)


def bounds_text(bounds: Bounds, screen: Screen, *, breaks: bool = False) -> str:
    """Return what ``run --bounds`` prints, or ``break --bounds``."""
    lines = [screen.paint(line, "bold") for line in prose(bounds.headline, screen)]
    subtitle = f"{bounds.scenario} · intervals over {_count(len(bounds.data), 'unknown value')}"
    lines += [screen.paint(line, "dim") for line in prose(subtitle, screen)]
    main = bounds.break_points if breaks else bounds.layers
    tables: Iterable[Table[BreakBounds] | Table[LayerBounds] | Table[OpenDatum]] = (
        main,
        bounds.unknowns,
    )
    for table in tables:
        if table.rows:
            lines += ["", *lay_out(table.text_columns(units=False), screen)]
    lines += ["", *prose(bounds.certified, screen)]
    return "\n".join(lines) + "\n"


def bounds_json(bounds: Bounds) -> Object:
    """Return the document of bounds: every answer as low, high, how good, and what decides."""
    return {
        "schema": BOUNDS_SCHEMA,
        "scenario": bounds.scenario,
        "inputs_digest": bounds.inputs_digest,
        "completions": bounds.completions,
        "unknowns": [
            {
                "path": row.path,
                "written": row.text,
                "low": row.low,
                "high": row.high,
                "orders": row.choices or None,
                "why": row.why,
            }
            for row in bounds.data
        ],
        "layers": [
            {
                "layer": row.layer,
                "id": row.id,
                "label": row.label or row.id,
                "kind": row.kind,
                "claims_usd": _interval(row.claims),
                "economic_usd": _interval(row.economic),
                "economic_loss_usd": _interval(row.loss),
                "loss_fraction": _interval(row.fraction),
                "economic_price": None if row.price is None else _interval(row.price),
                "self_fulfilling_usd": _interval(row.self_fulfilling),
                "first_break_fraction": _interval(row.first_break),
            }
            for row in bounds.layer_rows
        ],
        "waterfall": [
            {"claimant": row.claimant, "via": row.via, "loss_usd": _interval(row.loss)}
            for row in bounds.borne_rows
        ],
        "break_points": [
            {
                "of": row.of,
                "event": row.event,
                "fraction": _interval(row.fraction),
                "at": None if row.at is None else {**_interval(row.at), "unit": row.unit},
            }
            for row in bounds.break_rows
        ],
    }


def _interval(interval: Interval) -> Object:
    return {
        "low": number(interval.low),
        "high": number(interval.high),
        "bound": interval.word,
        "decided_by": interval.decided_by or None,
    }
