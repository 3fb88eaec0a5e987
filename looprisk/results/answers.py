"""The answers themselves: a clearing, its break points, the judgement of expectations."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal, TypeVar

from looprisk.errors import ModelError, Problem
from looprisk.results import phrases
from looprisk.results.answer_tables import (
    assumption_table,
    break_point_table,
    cause_table,
    event_table,
    layer_table,
    verdict_table,
    waterfall_table,
)
from looprisk.results.break_phrases import break_headline, break_subtitle
from looprisk.results.names import clean, for_html, for_markdown, shown
from looprisk.results.pinned import Pinned
from looprisk.results.records import (
    Assumption,
    AxisMark,
    BreakPoint,
    Cause,
    Certificate,
    EquityRow,
    Event,
    LayerLoss,
    LossCurve,
    NoAnswer,
    Shock,
    Verdict,
    WaterfallRow,
)
from looprisk.results.table import Table

RowT = TypeVar("RowT")
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Clearing:
    """What every layer loses under one shock, who bears it, and the proof."""

    scenario: str
    """Name to show: ``stream-2025::loss-250``."""
    status: Literal["cleared"] = "cleared"
    engine: Literal["clearing", "simulated"] = "clearing"
    basis: Literal["economic", "book", "market"] = "economic"
    inputs_digest: str
    """``sha256:`` and 64 hex digits of the canonical inputs."""
    pinned: Pinned | None = field(default=None, hash=False)
    """The inputs themselves, and the proof; None in an answer made by hand."""
    shock: Shock
    certificate: Certificate
    at_start: tuple[Event, ...] = ()
    """What was already broken before the shock."""
    layer_rows: tuple[LayerLoss, ...]
    waterfall_rows: tuple[WaterfallRow, ...]
    event_rows: tuple[Event, ...] = ()
    break_point_rows: tuple[BreakPoint, ...] = ()
    """Empty unless break points were asked for."""
    assumption_rows: tuple[Assumption, ...] = ()
    causes: Mapping[str, tuple[Cause, ...]] = field(default_factory=dict, hash=False)
    """For each layer id the terms of its economic loss, largest first; they add up to it."""
    equity_rows: tuple[EquityRow, ...] = ()
    """What bears a loss first, largest first."""
    holders_of: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)
    """The layer that is meant by an issuer, or by the long name of one: what its holders have."""

    def __post_init__(self) -> None:
        """Refuse an answer whose parts do not add up: it would be shown as if they did."""
        size = max((abs(row.claims_usd) for row in self.layer_rows), default=0.0)
        size = max(size, abs(self.shock.loss_usd))
        borne = [row.loss_usd for row in self.waterfall_rows]
        _must_add_up("the waterfall", borne, self.shock.loss_usd, size)
        for row in self.layer_rows:
            if row.id in self.causes:
                terms = [cause.amount_usd for cause in self.causes[row.id]]
                _must_add_up(f"the causes of {row.id}", terms, row.economic_loss_usd, size)

    @property
    def labels(self) -> dict[str, str]:
        """The name to show for each layer id that has one."""
        return {row.id: row.label for row in self.layer_rows if row.label}

    @property
    def layers(self) -> Table[LayerLoss]:
        """What every layer loses."""
        return layer_table(self.layer_rows, self.shock)

    @property
    def waterfall(self) -> Table[WaterfallRow]:
        """Who bears the loss; the rows add up to it."""
        return waterfall_table(self.waterfall_rows)

    @property
    def events(self) -> Table[Event]:
        """What breaks under this shock, round by round."""
        return event_table(self.event_rows, self.labels)

    @property
    def break_points(self) -> Table[BreakPoint]:
        """How far the shock goes before each layer breaks; no rows unless asked for."""
        return break_point_table(self.break_point_rows, self.shock, self.labels)

    @property
    def assumptions(self) -> Table[Assumption]:
        """The inputs that no source backs."""
        return assumption_table(self.assumption_rows)

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        return phrases.clearing_headline(self.shock, self.waterfall_rows, self.layers.scale)

    @property
    def subtitle(self) -> str:
        """Scenario, basis, unit of money, which solution."""
        return phrases.subtitle(self.scenario, self.basis, self.layers.scale, self.certificate)

    def explain(self, id: str) -> Table[Cause]:
        """Return at most seven causes of the economic loss of one layer; they add up to it.

        ``id`` is the id of a layer or the name it is shown under. Raises ModelError, with the
        nearest id, where there is no such layer.
        """
        row = self.layer(id)
        return cause_table(shown(row.label or row.id), self.causes.get(row.id, ()))

    def layer(self, id: str) -> LayerLoss:
        """Return the row of one layer, by its id or the name it is shown under.

        An issuer stands for what its holders have. Raises ModelError, with the nearest id, where
        there is no such layer.
        """
        for row in self.layer_rows:
            if row.id == id:
                return row
        for row in self.layer_rows:
            if id in {row.label, shown(row.label)}:
                return row
        for row in self.layer_rows:
            if row.id == self.holders_of.get(id):
                return row
        near = get_close_matches(id, [row.id for row in self.layer_rows], n=1)
        advice = f"did you mean {near[0]}?" if near else "`layers` lists every id"
        raise ModelError([Problem((id,), f"no layer `{clean(id)}` in this result", advice)])

    def __repr__(self) -> str:
        return f"{clean(self.headline)}\n{clean(self.subtitle)}\n\n{self.layers!r}"

    def _repr_html_(self) -> str:
        return _page(self.headline, self.subtitle, self.layers, _rests_on(self))

    def _repr_markdown_(self) -> str:
        return _markdown(self.headline, self.subtitle, self.layers, _rests_on(self))


def _must_add_up(what: str, terms: list[float], whole: float, size: float) -> None:
    total = math.fsum(terms)
    if not abs(total - whole) <= _ROUNDING * size:
        raise ValueError(f"{what}: the terms add up to {total!r}, not to {whole!r}")


def _rests_on(clearing: Clearing) -> list[str]:
    return [*phrases.assumed(clearing.assumption_rows), phrases.certified(clearing.certificate)]


def _page(headline: str, subtitle: str, table: Table[RowT], notes: list[str]) -> str:
    below = "".join(f"<p>{for_html(clean(note))}</p>" for note in notes)
    return (
        f'<div class="looprisk tex2jax_ignore mathjax_ignore">'
        f"<p><strong>{for_html(clean(headline))}</strong><br>{for_html(clean(subtitle))}</p>"
        f"{table._repr_html_()}{below}</div>"
    )


def _markdown(headline: str, subtitle: str, table: Table[RowT], notes: list[str]) -> str:
    below = "\n".join(f"\n{for_markdown(clean(note))}" for note in notes)
    above = f"**{for_markdown(clean(headline))}**\n\n{for_markdown(clean(subtitle))}"
    return f"{above}\n\n{table.to_markdown()}{below}\n"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BreakPoints:
    """Every break point along one shock, and the whole loss curve."""

    scenario: str
    inputs_digest: str
    pinned: Pinned | None = field(default=None, hash=False)
    shock: Shock
    certificate: Certificate
    layer_count: int
    """How many layers were watched: the denominator of "11 of 15 layers"."""
    rows: tuple[BreakPoint, ...]
    """In order of ``fraction``; events that never happen last."""
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Names to show for ids; an id without one shows itself."""
    marks: tuple[AxisMark, ...] = ()
    """Reference places on the axis, drawn under the ladder; not the shock as written."""
    curves: tuple[LossCurve, ...] = ()
    least_curves: tuple[LossCurve, ...] = ()
    """Of the least solution, where they differ: what everybody may lose if all fear the worst."""
    assumption_rows: tuple[Assumption, ...] = ()

    @property
    def table(self) -> Table[BreakPoint]:
        """One row for each layer and event, in the order of the shock."""
        return break_point_table(self.rows, self.shock, self.labels)

    @property
    def assumptions(self) -> Table[Assumption]:
        """The inputs that no source backs."""
        return assumption_table(self.assumption_rows)

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        return break_headline(self.shock, self.rows, self.layer_count)

    @property
    def subtitle(self) -> str:
        """What was swept, from where to where."""
        return break_subtitle(self.shock, self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[BreakPoint]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f"{clean(self.headline)}\n{clean(self.subtitle)}\n\n{self.table!r}"

    def _repr_html_(self) -> str:
        return _page(
            self.headline, self.subtitle, self.table, [phrases.certified(self.certificate)]
        )

    def _repr_markdown_(self) -> str:
        notes = [phrases.certified(self.certificate)]
        return _markdown(self.headline, self.subtitle, self.table, notes)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CheckReport:
    """The verdict of every expectation of the files that were checked."""

    rows: tuple[Verdict, ...]
    scenario_count: int
    unanswered: int = 0
    """How many of the scenarios have no certified answer; their expectations have no verdict."""
    errors: tuple[NoAnswer, ...] = ()
    """Why each of them has none."""

    @property
    def table(self) -> Table[Verdict]:
        """One row for each expectation."""
        return verdict_table(self.rows)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The expectations that do not hold."""
        return tuple(row for row in self.rows if row.outcome == "FAIL")

    @property
    def undecided(self) -> tuple[Verdict, ...]:
        """The expectations that what is not known decides."""
        return tuple(row for row in self.rows if row.outcome == "open")

    @property
    def exit_code(self) -> int:
        """1 if an expectation failed, else 4 if one is open or a scenario has no answer, else 0."""
        if self.failed:
            return 1
        return 4 if self.unanswered or self.undecided else 0

    @property
    def headline(self) -> str:
        """How many failed, passed and were not judged, and the exit code that follows."""
        return phrases.counts(self.rows, self.scenario_count, self.unanswered, self.exit_code)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f"{self.headline}\n\n{self.table!r}"

    def _repr_html_(self) -> str:
        return _page(self.headline, "", self.table, [])

    def _repr_markdown_(self) -> str:
        return _markdown(self.headline, "", self.table, [])
