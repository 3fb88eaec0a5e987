"""The answer of a scenario with time: a cascade, its log, its timelines, and its proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

from looprisk.errors import ModelError, Problem
from looprisk.results import cascade_phrases as phrases
from looprisk.results.answer_tables import assumption_table, cause_table, waterfall_table
from looprisk.results.cascade_records import (
    CascadeEvent,
    CliffRow,
    EventShare,
    LossSpread,
    Moment,
    PathLoss,
    PoolRow,
    Recognition,
    RunCost,
    RunRow,
    StageRow,
    TimeCertificate,
    TimeLayer,
)
from looprisk.results.cascade_tables import (
    cliff_table,
    cost_table,
    event_table,
    layer_table,
    path_table,
    pool_table,
    recognition_table,
    run_table,
    share_table,
    spread_table,
    stage_table,
    timeline_table,
)
from looprisk.results.names import clean, for_html, for_markdown, shown
from looprisk.results.phrases import assumed
from looprisk.results.pinned import Pinned
from looprisk.results.records import Assumption, Cause, WaterfallRow
from looprisk.results.table import Table


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Cascade:
    """What every layer loses along a path of prices and stages, when, and to whom.

    With several paths, layers and the waterfall are means over them; the log, the timelines and
    what stayed hidden are those of path 0.
    """

    scenario: str
    status: Literal["simulated"] = "simulated"
    engine: Literal["cascade"] = "cascade"
    inputs_digest: str
    """``sha256:`` and 64 hex digits of the canonical inputs."""
    pinned: Pinned | None = field(default=None, hash=False)
    """The inputs themselves, and the proof; None in an answer made by hand."""
    step_s: float
    horizon_s: float
    path_count: int
    certificate: TimeCertificate
    at_start: tuple[str, ...] = ()
    """What was already broken before the first step, in words."""
    layer_rows: tuple[TimeLayer, ...]
    waterfall_rows: tuple[WaterfallRow, ...]
    """Who bears the fall of what comes from outside, and who got what left; they add up to it."""
    event_rows: tuple[CascadeEvent, ...] = ()
    moments: tuple[Moment, ...] = ()
    """Book, economic and market price of every token and supply at every record of path 0."""
    recognition_rows: tuple[Recognition, ...] = ()
    pool_rows: tuple[PoolRow, ...] = ()
    run_rows: tuple[RunRow, ...] = ()
    cost_rows: tuple[RunCost, ...] = ()
    """With runs, what each claim loses through them; no rows where none strikes."""
    stage_rows: tuple[StageRow, ...] = ()
    path_rows: tuple[PathLoss, ...] = ()
    """With several paths, what each layer loses in each."""
    spread_rows: tuple[LossSpread, ...] = ()
    """With several paths, how the loss of each layer is spread over them."""
    share_rows: tuple[EventShare, ...] = ()
    """With several paths, how often each thing happens."""
    cliff_rows: tuple[CliffRow, ...] = ()
    """The avalanches ahead of the start, found without stepping."""
    unforeseen: tuple[str, ...] = ()
    """Pools whose avalanches nothing brackets ahead: their depth follows volatility."""
    assumption_rows: tuple[Assumption, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    causes: Mapping[str, tuple[Cause, ...]] = field(default_factory=dict, hash=False, compare=False)
    """Of each layer: why it loses; the parts add up to its economic loss."""

    @property
    def layers(self) -> Table[TimeLayer]:
        """What every layer loses."""
        return layer_table(self.layer_rows)

    @property
    def waterfall(self) -> Table[WaterfallRow]:
        """Who bears the loss, and who got what left the system."""
        return waterfall_table(self.waterfall_rows)

    @property
    def events(self) -> Table[CascadeEvent]:
        """What happened, in order, with time, amount and cause."""
        return event_table(self.event_rows, self.labels)

    @property
    def timelines(self) -> Table[Moment]:
        """Book, economic and market price of every token and supply at every record."""
        return timeline_table(self.moments)

    @property
    def recognition(self) -> Table[Recognition]:
        """How long a loss was in the value of a token before its book showed it."""
        return recognition_table(self.recognition_rows)

    @property
    def pools(self) -> Table[PoolRow]:
        """How near each pool came to a fall that feeds itself."""
        return pool_table(self.pool_rows)

    @property
    def runs(self) -> Table[RunRow]:
        """What those who left were paid, and what that cost those who stayed."""
        return run_table(self.run_rows)

    @property
    def run_costs(self) -> Table[RunCost]:
        """What the runs themselves cost, beside greatest and least of the clearing."""
        return cost_table(self.cost_rows)

    @property
    def stages(self) -> Table[StageRow]:
        """When each stage struck, and whether it moved anything."""
        return stage_table(self.stage_rows)

    @property
    def paths(self) -> Table[PathLoss]:
        """What each layer loses in each path; no rows for a single path."""
        return path_table(self.path_rows)

    @property
    def spread(self) -> Table[LossSpread]:
        """How losses are spread over the paths; no rows for a single path."""
        return spread_table(self.spread_rows)

    @property
    def shares(self) -> Table[EventShare]:
        """How often each thing happens over the paths; no rows for a single path."""
        return share_table(self.share_rows, self.labels)

    @property
    def cliffs(self) -> Table[CliffRow]:
        """The avalanches ahead of the start: which fall of a price sets off how many sales."""
        return cliff_table(self.cliff_rows)

    @property
    def assumptions(self) -> Table[Assumption]:
        """The inputs that no source backs."""
        return assumption_table(self.assumption_rows)

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        return phrases.headline(self.layer_rows, self.event_rows, self.path_count)

    @property
    def subtitle(self) -> str:
        """Scenario, steps, paths, basis."""
        return phrases.subtitle(
            self.scenario, self.step_s, self.horizon_s, self.path_count, self.certificate
        )

    @property
    def notes(self) -> list[str]:
        """What the numbers rest on, and what struck nothing."""
        return [
            *phrases.silent(self.stage_rows),
            *phrases.unforeseen(self.unforeseen),
            *assumed(self.assumption_rows),
            phrases.certified(self.certificate),
        ]

    def layer(self, id: str) -> TimeLayer:
        """Return the row of one layer, by its id or the name it is shown under.

        Raises ModelError, with the nearest id, where there is no such layer.
        """
        for row in self.layer_rows:
            if id in {row.id, row.label}:
                return row
        near = get_close_matches(id, [row.id for row in self.layer_rows], n=1)
        advice = f"did you mean {near[0]}?" if near else "`layers` lists every id"
        raise ModelError([Problem((id,), f"no layer `{clean(id)}` in this result", advice)])

    def explain(self, id: str) -> Table[Cause]:
        """Return at most seven causes of the economic loss of one layer; they add up to it.

        Raises ModelError, with the nearest id, where there is no such layer.
        """
        row = self.layer(id)
        return cause_table(shown(row.label or row.id), self.causes.get(row.id, ()))

    def timeline(self, id: str) -> Table[Moment]:
        """Return book, economic and market price of one token or supply at every record."""
        rows = tuple(row for row in self.moments if row.id == id)
        if not rows:
            self.layer(id)
        return timeline_table(rows)

    def __repr__(self) -> str:
        return f"{clean(self.headline)}\n{clean(self.subtitle)}\n\n{self.layers!r}"

    def _repr_html_(self) -> str:
        below = "".join(f"<p>{for_html(clean(note))}</p>" for note in self.notes)
        return (
            f'<div class="looprisk tex2jax_ignore mathjax_ignore">'
            f"<p><strong>{for_html(clean(self.headline))}</strong><br>"
            f"{for_html(clean(self.subtitle))}</p>{self.layers._repr_html_()}{below}</div>"
        )

    def _repr_markdown_(self) -> str:
        below = "\n".join(f"\n{for_markdown(clean(note))}" for note in self.notes)
        above = f"**{for_markdown(clean(self.headline))}**\n\n{for_markdown(clean(self.subtitle))}"
        return f"{above}\n\n{self.layers.to_markdown()}{below}\n"
