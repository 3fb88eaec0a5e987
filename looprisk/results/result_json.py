"""The versioned JSON of an answer: one order of keys, plain numbers, the same bytes every time."""

import json
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

from looprisk.results.answers import BreakPoints, CheckReport, Clearing
from looprisk.results.phrases import failure, found
from looprisk.results.pinned import Pinned
from looprisk.results.records import (
    Assumption,
    AxisMark,
    BreakPoint,
    Certificate,
    Event,
    LayerLoss,
    LossCurve,
    Prices,
    Shock,
    Verdict,
    WaterfallRow,
)

RESULT_SCHEMA = "looprisk/result/1"
BREAK_POINTS_SCHEMA = "looprisk/break-points/1"
CHECK_SCHEMA = "looprisk/check/1"

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Object = dict[str, Json]


def result_json(clearing: Clearing) -> Object:
    """Return the result document of a clearing, as ``result_schema()`` describes it.

    Ids stand as the file writes them, so that ``verify`` and ``diff`` can match them.
    """
    return {
        "schema": RESULT_SCHEMA,
        "scenario": clearing.scenario,
        "status": clearing.status,
        "certificate": _certificate(clearing.certificate),
        "engine": clearing.engine,
        "basis": clearing.basis,
        "inputs_digest": clearing.inputs_digest,
        "shock": shock_json(clearing.shock),
        "at_start": [_event(row) for row in clearing.at_start],
        "layers": [_layer(row) for row in clearing.layer_rows],
        "waterfall": [waterfall_json(row) for row in clearing.waterfall_rows],
        "events": [_event(row) for row in clearing.event_rows],
        "break_points": [_break_point(row) for row in clearing.break_point_rows],
        "assumptions": assumptions_json(clearing.assumption_rows),
        "causes": {
            layer: [{"text": cause.text, "amount_usd": number(cause.amount_usd)} for cause in rows]
            for layer, rows in sorted(clearing.causes.items())
        },
        **pinned_json(clearing.pinned),
    }


def break_points_json(points: BreakPoints) -> Object:
    """Return the document of a sweep: every break point, and the loss curves with their knots."""
    return {
        "schema": BREAK_POINTS_SCHEMA,
        "scenario": points.scenario,
        "certificate": _certificate(points.certificate),
        "inputs_digest": points.inputs_digest,
        "shock": shock_json(points.shock),
        "layer_count": points.layer_count,
        "break_points": [_break_point(row) for row in points.rows],
        "marks": [_mark(mark) for mark in points.marks],
        "curves": [_curve(curve) for curve in points.curves],
        "assumptions": assumptions_json(points.assumption_rows),
        **pinned_json(points.pinned),
    }


def check_json(report: CheckReport) -> Object:
    """Return the document of a check: every verdict, and the exit code that follows."""
    return {
        "schema": CHECK_SCHEMA,
        "exit_code": report.exit_code,
        "scenarios": report.scenario_count,
        "unanswered": report.unanswered,
        "errors": [
            {"scenario": row.scenario, "file": row.file, "line": row.line, "message": row.message}
            for row in report.errors
        ],
        "verdicts": [_verdict(row) for row in report.rows],
    }


def dumps(document: Object) -> str:
    """Return the document as ASCII text, keys in their order, without NaN or infinities.

    Raises ValueError where a number is not finite.
    """
    return json.dumps(document, indent=2, allow_nan=False, ensure_ascii=True) + "\n"


def result_schema() -> Object:
    """Return the JSON Schema (draft 7) of the result document."""
    text = Path(__file__).with_name("result.schema.json").read_text(encoding="utf-8")
    schema: Object = json.loads(text)
    return schema


def pinned_json(pinned: Pinned | None) -> Object:
    """Return what a document pins of its question: the inputs, by whom it was solved, the proof."""
    if pinned is None:
        return {}
    # in the order of the file: floats are added in it, so their last digits come back too
    system: Json = json.loads(json.dumps(pinned.system))
    scenario: Json = json.loads(json.dumps(pinned.scenario))
    parts = ("nodes", "claims", "navs")
    return {
        "made_by": {"looprisk": version()},
        "inputs": {"name": pinned.name, "system": system, "scenario": scenario},
        "proof": [
            {part: dict(sorted(getattr(one, part).items())) for part in parts}
            for one in pinned.proof
        ],
    }


def version() -> str:
    """Return the version of looprisk; of a source tree that is not installed, ``source``."""
    try:
        return installed("looprisk")
    except PackageNotFoundError:
        return "source"


def number(value: float | None) -> float | None:
    """Return a number as JSON has it."""
    # adding 0.0 turns a negative zero into zero: it would be another text for the same number
    return None if value is None else float(value) + 0.0


def _certificate(row: Certificate) -> Object:
    asked = row.float_distance
    distance: Object = {} if asked is None else {"float_distance": number(asked)}
    return {
        "residual": number(row.residual),
        "conservation_gap": number(row.conservation_gap),
        "selection": row.selection,
        "mode": row.mode,
        "least_gap_usd": number(row.least_gap_usd),
        "exact_mode": row.exact_mode,
        "unique": row.unique,
        "exact": row.exact,
        **distance,
    }


def shock_json(shock: Shock) -> Object:
    """Return the part of a document that says what was asked."""
    return {
        "moves": [
            {
                "verb": move.verb,
                "target": move.target,
                "size": number(move.size),
                "unit": move.unit,
            }
            for move in shock.moves
        ],
        "path": shock.path,
        "unit": shock.unit,
        "start": number(shock.start),
        "as_written": number(shock.as_written),
        "searched_to": number(shock.searched_to),
        "loss_usd": number(shock.loss_usd),
    }


def _event(row: Event) -> Object:
    return {"of": row.of, "event": row.event, "round": row.round, "because": row.because}


def _layer(row: LayerLoss) -> Object:
    return {
        "layer": row.layer,
        "id": row.id,
        "label": row.label or row.id,
        "kind": row.kind,
        "claims_usd": number(row.claims_usd),
        "book_usd": number(row.book_usd),
        "economic_usd": number(row.economic_usd),
        "market_usd": number(row.market_usd),
        "economic_loss_usd": number(row.economic_loss_usd),
        "reported_loss_usd": number(row.reported_loss_usd),
        "loss_fraction": number(row.loss_fraction),
        "price": prices_json(row.price),
        "first_break": number(row.first_break),
        "broken": row.broken,
        "self_fulfilling_usd": number(row.self_fulfilling_usd),
    }


def prices_json(prices: Prices | None) -> Object | None:
    """Return the three values of a token."""
    if prices is None:
        return None
    return {
        "book": number(prices.book),
        "economic": number(prices.economic),
        "market": number(prices.market),
    }


def waterfall_json(row: WaterfallRow) -> Object:
    """Return what one claimant bears."""
    return {
        "claimant": row.claimant,
        "via": row.via,
        "loss_usd": number(row.loss_usd),
        "of_claim": number(row.of_claim),
        "kind": row.kind,
    }


def _break_point(row: BreakPoint) -> Object:
    at: Object | None = None
    if row.at is not None:
        at = {"path": row.at.path, "value": number(row.at.value), "unit": row.at.unit}
    return {
        "of": row.of,
        "event": row.event,
        "intervals": [[number(start), number(end)] for start, end in row.intervals],
        "fraction": number(row.fraction),
        "fraction_least": number(row.fraction_least),
        "kind": row.kind,
        "exact": row.exact,
        "at": at,
        "attained": row.attained,
        "loss_before_usd": number(row.loss_before_usd),
        "loss_after_usd": number(row.loss_after_usd),
        "together_with": list(row.together_with),
        "because": row.because,
    }


def assumptions_json(rows: Iterable[Assumption]) -> list[Json]:
    """Return the inputs that no source backs, by their paths."""
    return [assumption_json(row) for row in sorted(rows, key=lambda row: row.input)]


def assumption_json(row: Assumption) -> Object:
    """Return one input that no source backs."""
    return {
        "input": row.input,
        "class": row.class_,
        "source": row.source,
        "value": row.value,
        "effect": row.effect,
    }


def _mark(mark: AxisMark) -> Object:
    return {"label": mark.label, "value": number(mark.value)}


def _curve(curve: LossCurve) -> Object:
    return {
        "of": curve.of,
        "fractions": [number(value) for value in curve.fractions],
        "loss_usd": [number(value) for value in curve.loss_usd],
    }


def _verdict(row: Verdict) -> Object:
    return {
        "outcome": row.outcome,
        "name": row.name,
        "scenario": row.scenario,
        "asked": row.asked,
        "expected": row.expected,
        "limit": number(row.limit),
        "got": number(row.got),
        "unit": row.unit,
        "got_text": found(row),
        "because": row.because,
        "flow": row.flow,
        "evidence": row.evidence,
        "file": row.file,
        "line": row.line,
        "message": failure(row) if row.outcome == "FAIL" else "",
    }
