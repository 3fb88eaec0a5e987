"""The answers themselves: a clearing, its break points, the judgement of expectations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from looprisk.results.records import (
    Assumption,
    AxisMark,
    BreakPoint,
    Cause,
    Certificate,
    Event,
    LayerLoss,
    LossCurve,
    Shock,
    Verdict,
    WaterfallRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """What every layer loses under one shock, who bears it, and the proof."""

    scenario: str
    """Name to show: ``stream-2025::loss-250``."""
    status: Literal["cleared"] = "cleared"
    engine: Literal["clearing", "simulated"] = "clearing"
    basis: Literal["economic", "book", "market"] = "economic"
    inputs_digest: str
    """``sha256:`` and 64 hex digits of the canonical inputs."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakPoints:
    """Every break point along one shock, and the whole loss curve."""

    scenario: str
    inputs_digest: str
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
    assumption_rows: tuple[Assumption, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """The verdict of every expectation of the files that were checked."""

    rows: tuple[Verdict, ...]
    scenario_count: int
