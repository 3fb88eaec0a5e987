"""What changed between two systems or two results: parameters, edges, break points, losses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.github import COMMENT_LETTERS
from looprisk.results.names import clean, for_html, for_markdown
from looprisk.results.numbers import amount, on_axis, share
from looprisk.results.records import At
from looprisk.results.result_json import Json, Object, number
from looprisk.results.table import Table

DIFF_SCHEMA = "looprisk/diff/1"
NONE = "–"
NEVER = "never"
_ROOM = 160
"""Letters kept for the line that says what was cut from one part."""
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One value of the system or of a scenario; None where it was not there, or is no longer."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One claim in one hand, in USD at book; None where it was not there, or is no longer."""

    holder: str
    claim: str
    before_usd: float | None
    after_usd: float | None
    is_new: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakMove:
    """One break point before and after; None for never."""

    scenario: str
    of: str
    event: str
    before: float | None
    after: float | None
    """As shares of the shock."""
    before_at: At | None = None
    after_at: At | None = None

    @property
    def is_worse(self) -> bool:
        """Whether it breaks earlier than it did."""
        return self.order < 0

    @property
    def order(self) -> float:
        """How much later it breaks, in shares of the shock; negative is worse, -inf is new."""
        if self.before is None or self.after is None:
            return -math.inf if self.before is None else math.inf
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class LossMove:
    """What one layer loses under one scenario, before and after, in USD."""

    scenario: str
    layer: str
    before_usd: float
    after_usd: float

    @property
    def more_usd(self) -> float:
        """How much more it loses."""
        return self.after_usd - self.before_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A scenario that one side has no answer to, or has not at all."""

    scenario: str
    side: str
    """``before`` or ``after``."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Diff:
    """What changed, the worst first."""

    before: str
    after: str
    breaks: tuple[BreakMove, ...]
    losses: tuple[LossMove, ...]
    edges: tuple[Edge, ...]
    changes: tuple[Changed, ...]
    unanswered: tuple[Unanswered, ...] = ()

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        worse = sum(move.is_worse for move in self.breaks)
        new = sum(edge.is_new for edge in self.edges)
        told = [
            _count(len(self.changes), "value"),
            _count(new, "new edge"),
            f"{_count(len(self.breaks), 'break point')} moved, {worse} earlier",
        ]
        same = not (self.changes or self.edges or self.breaks or self.losses)
        return "Nothing changed." if same else f"{', '.join(told)}."

    @property
    def break_points(self) -> Table[BreakMove]:
        """Break points that moved, those that come earlier first."""
        fields: tuple[Field[BreakMove], ...] = (
            Field("of", "layer", Kind.NAME, lambda row: row.of),
            Field("event", "event", Kind.TEXT, lambda row: row.event.replace("_", " ")),
            Field("scenario", "scenario", Kind.TEXT, lambda row: row.scenario, leaves=1),
            Field("before", "before", Kind.FIGURE, lambda row: _at(row.before, row.before_at)),
            Field("after", "after", Kind.FIGURE, lambda row: _at(row.after, row.after_at)),
            Field("moved", "", Kind.TEXT, lambda row: "earlier" if row.is_worse else "later"),
        )
        return table_of("Break points", self.breaks, fields)

    @property
    def layers(self) -> Table[LossMove]:
        """What layers lose, those that lose more first."""
        fields: tuple[Field[LossMove], ...] = (
            Field("layer", "layer", Kind.NAME, lambda row: row.layer),
            Field("scenario", "scenario", Kind.TEXT, lambda row: row.scenario, leaves=1),
            Field("before_usd", "before", Kind.MONEY, lambda row: row.before_usd),
            Field("after_usd", "after", Kind.MONEY, lambda row: row.after_usd),
            Field("more_usd", "more", Kind.MONEY, lambda row: row.more_usd),
        )
        return table_of("Losses", self.losses, fields)

    @property
    def edge_table(self) -> Table[Edge]:
        """Holdings that are new, gone or of another size, new ones first."""
        fields: tuple[Field[Edge], ...] = (
            Field("holder", "holder", Kind.NAME, lambda row: row.holder),
            Field("claim", "holds", Kind.TEXT, lambda row: row.claim),
            Field("change", "", Kind.TEXT, _edge_word),
            Field("before_usd", "before", Kind.FIGURE, lambda row: _usd(row.before_usd)),
            Field("after_usd", "after", Kind.FIGURE, lambda row: _usd(row.after_usd)),
        )
        return table_of("Edges", self.edges, fields)

    @property
    def parameters(self) -> Table[Changed]:
        """Values that changed, in the order of the files."""
        fields: tuple[Field[Changed], ...] = (
            Field("path", "value", Kind.NAME, lambda row: row.path),
            Field("before", "before", Kind.FIGURE, lambda row: row.before or NONE),
            Field("after", "after", Kind.FIGURE, lambda row: row.after or NONE),
        )
        return table_of("Parameters", self.changes, fields)

    @property
    def notes(self) -> tuple[str, ...]:
        """The scenarios that only one side answers."""
        return tuple(f"{one.scenario}, {one.side}: {one.message}" for one in self.unanswered)

    def to_markdown(self, room: int = COMMENT_LETTERS) -> str:
        """Return a comment of at most ``room`` letters; each part says how much of it was cut.

        Names cannot mention anybody, link anywhere or close a cell. The room counts bytes of UTF-8,
        of which there are never fewer than letters.
        """
        head = f"**{for_markdown(clean(self.headline))}**\n"
        parts = [
            _part("Break points, the worst first", self.break_points),
            _part("Losses, the worst first", self.layers),
            _part("Edges", self.edge_table),
            _part("Parameters", self.parameters),
            ("Without an answer", [f"- {for_markdown(clean(note))}" for note in self.notes], 0),
        ]
        parts = [part for part in parts if part[1]]
        left = room - len(head.encode()) - sum(len(name) + _ROOM for name, _, _ in parts)
        texts = [head]
        for name, lines, heads in parts:
            kept = _fitting(lines, left)
            left -= sum(len(line.encode()) + 1 for line in lines[:kept])
            cut = len(lines) - max(kept, heads)
            shown = lines[:kept] if kept > heads else []
            said = [f"*{cut:,} of {len(lines) - heads:,} rows were cut: they do not fit here.*"]
            texts.append("\n".join([f"\n### {name}\n", *shown, *(["", *said] if cut else [])]))
        return "\n".join(texts) + "\n"

    def __repr__(self) -> str:
        tables = (self.break_points, self.layers, self.edge_table, self.parameters)
        shown = [repr(table) for table in tables if table.rows]
        return "\n\n".join([clean(self.headline), *shown, *map(clean, self.notes)])

    def _repr_html_(self) -> str:
        tables = (self.break_points, self.layers, self.edge_table, self.parameters)
        rows = "".join(table._repr_html_() for table in tables if table.rows)
        notes = "".join(f"<p>{for_html(clean(note))}</p>" for note in self.notes)
        head = f"<p><strong>{for_html(clean(self.headline))}</strong></p>"
        return f'<div class="looprisk tex2jax_ignore mathjax_ignore">{head}{rows}{notes}</div>'

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _at(fraction: float | None, at: At | None) -> str:
    if fraction is None:
        return NEVER
    return share(fraction) if at is None else on_axis(at.value, at.unit, cents=True)


def _usd(value: float | None) -> str:
    return NONE if value is None else amount(value)


def _edge_word(row: Edge) -> str:
    return "new" if row.is_new else "gone" if row.is_gone else ""


def _part(name: str, table: Table[RowT]) -> tuple[str, list[str], int]:
    """Return the lines of a table, and how many of them are its head."""
    return name, table.to_markdown().rstrip("\n").split("\n") if table.rows else [], 2


def _fitting(lines: Sequence[str], room: int) -> int:
    for kept, line in enumerate(lines):
        room -= len(line.encode()) + 1
        if room < 0:
            return kept
    return len(lines)


def diff_json(found: Diff) -> Object:
    """Return the document of a diff; nothing is cut from it."""
    return {
        "schema": DIFF_SCHEMA,
        "before": found.before,
        "after": found.after,
        "break_points": [
            {
                "scenario": row.scenario,
                "of": row.of,
                "event": row.event,
                "before": number(row.before),
                "after": number(row.after),
                "before_at": _at_json(row.before_at),
                "after_at": _at_json(row.after_at),
                "worse": row.is_worse,
            }
            for row in found.breaks
        ],
        "losses": _rows(found.losses, _loss_json),
        "edges": _rows(found.edges, _edge_json),
        "parameters": [
            {"path": row.path, "before": row.before, "after": row.after} for row in found.changes
        ],
        "unanswered": [
            {"scenario": row.scenario, "side": row.side, "message": row.message}
            for row in found.unanswered
        ],
    }


def _rows(rows: Sequence[RowT], told: Callable[[RowT], Object]) -> list[Json]:
    return [told(row) for row in rows]


def _loss_json(row: LossMove) -> Object:
    return {
        "scenario": row.scenario,
        "layer": row.layer,
        "before_usd": number(row.before_usd),
        "after_usd": number(row.after_usd),
    }


def _edge_json(row: Edge) -> Object:
    return {
        "holder": row.holder,
        "claim": row.claim,
        "before_usd": number(row.before_usd),
        "after_usd": number(row.after_usd),
        "new": row.is_new,
        "gone": row.is_gone,
    }


def _at_json(at: At | None) -> Object | None:
    if at is None:
        return None
    return {"path": at.path, "value": number(at.value), "unit": at.unit}
