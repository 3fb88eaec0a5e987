"""The result document of a cascade: the same keys as that of a clearing, and those of time."""

from math import isfinite

from looprisk.results.cascade_records import (
    CascadeEvent,
    CliffRow,
    EventShare,
    LossSpread,
    PathLoss,
    PoolRow,
    Recognition,
    RunCost,
    RunRow,
    StageRow,
    TimeCertificate,
    TimeLayer,
)
from looprisk.results.cascades import Cascade
from looprisk.results.result_json import (
    RESULT_SCHEMA,
    Json,
    Object,
    assumptions_json,
    number,
    pinned_json,
    prices_json,
    waterfall_json,
)


def cascade_json(cascade: Cascade) -> Object:
    """Return the result document of a cascade, as ``result_schema()`` describes it.

    Timelines hold one list for each of book, economic and market, by token or supply.
    """
    return {
        "schema": RESULT_SCHEMA,
        "scenario": cascade.scenario,
        "status": cascade.status,
        "certificate": _certificate(cascade.certificate),
        "engine": cascade.engine,
        "basis": "economic",
        "inputs_digest": cascade.inputs_digest,
        "time": {
            "step_s": number(cascade.step_s),
            "horizon_s": number(cascade.horizon_s),
            "steps": cascade.certificate.steps,
            "paths": cascade.path_count,
        },
        "at_start": [
            {"of": text.split(" ", 1)[0], "event": "at_start", "round": 0, "because": text}
            for text in cascade.at_start
        ],
        "layers": [_layer(row) for row in cascade.layer_rows],
        "waterfall": [waterfall_json(row) for row in cascade.waterfall_rows],
        "events": [_event(row) for row in cascade.event_rows],
        "break_points": [],
        "stages": [_stage(row) for row in cascade.stage_rows],
        "recognition": [_recognition(row) for row in cascade.recognition_rows],
        "pools": [_pool(row) for row in cascade.pool_rows],
        "runs": [_run(row) for row in cascade.run_rows],
        "run_costs": [_cost(row) for row in cascade.cost_rows],
        "cliffs": [_cliff(row) for row in cascade.cliff_rows],
        "unforeseen": list(cascade.unforeseen),
        "spread": [_spread(row) for row in cascade.spread_rows],
        "event_shares": [_share(row) for row in cascade.share_rows],
        "timelines": _timelines(cascade),
        "paths": [_path(row) for row in cascade.path_rows],
        "assumptions": assumptions_json(cascade.assumption_rows),
        **pinned_json(cascade.pinned),
    }


def _certificate(row: TimeCertificate) -> Object:
    return {
        "residual": number(row.identity_gap),
        "conservation_gap": number(row.identity_gap),
        "selection": "greatest",
        "mode": "equilibrium",
        "least_gap_usd": None,
        "exact_mode": row.valuation == "economic",
        "unique": None,
        "exact": False,
        "valuation": row.valuation,
        "valuation_gap": number(row.valuation_gap),
    }


def _layer(row: TimeLayer) -> Object:
    return {
        "layer": row.layer,
        "id": row.id,
        "label": row.label or row.id,
        "kind": row.kind,
        "claims_usd": number(row.start_usd),
        "book_usd": number(row.book_usd),
        "economic_usd": number(row.economic_usd),
        "market_usd": number(row.market_usd),
        "economic_loss_usd": number(row.economic_loss_usd),
        "reported_loss_usd": number(row.reported_loss_usd),
        "loss_fraction": number(row.loss_fraction),
        "price": prices_json(row.price),
        "first_break": None,
        "broken": row.economic_loss_usd > 0,
        "hidden_usd": number(row.hidden_usd),
        "worst_fraction": number(row.worst_fraction),
        "first_event_s": number(row.first_event_s),
    }


def _event(row: CascadeEvent) -> Object:
    return {
        "of": row.of,
        "event": row.event,
        "round": row.step,
        "because": row.because,
        "path": row.path,
        "step": row.step,
        "time_s": number(row.time_s),
        "phase": row.phase,
        "amount_usd": number(row.amount_usd),
    }


def _stage(row: StageRow) -> Object:
    return {
        "name": row.name,
        "shocks": row.verbs,
        "struck_s": number(row.struck_s),
        "paths": row.paths,
        "moved": row.moved,
    }


def _run(row: RunRow) -> Object:
    return {
        "who": row.who,
        "of": row.of,
        "paid_usd": number(row.paid_usd),
        "gain_usd": number(row.gain_usd),
        "waiting_usd": number(row.waiting_usd),
    }


def _cost(row: RunCost) -> Object:
    return {
        "id": row.id,
        "loss_usd": number(row.loss_usd),
        "leavers_loss_usd": number(row.leavers_loss_usd),
        "stayers_loss_usd": number(row.stayers_loss_usd),
        "calm_loss_usd": number(row.calm_loss_usd),
        "run_loss_usd": number(row.run_loss_usd),
        "greatest_usd": number(row.greatest_usd),
        "least_usd": number(row.least_usd),
        "self_fulfilling_usd": number(row.self_fulfilling_usd),
    }


def _cliff(row: CliffRow) -> Object:
    return {
        "pool": row.pool,
        "external_usd": number(row.external_usd),
        "fall": number(row.fall),
        "positions": row.positions,
        "before_usd": number(row.before_usd),
        "after_usd": number(row.after_usd),
        "surely_usd": number(row.surely_usd),
        "after_most_usd": number(row.after_most_usd),
        "g": number(row.g),
    }


def _spread(row: LossSpread) -> Object:
    return {
        "id": row.id,
        "mean_usd": number(row.mean_usd),
        "median_usd": number(row.median_usd),
        "q95_usd": number(row.q95_usd),
        "q99_usd": number(row.q99_usd),
        "worst_usd": number(row.worst_usd),
        "worst_path": row.worst_path,
    }


def _share(row: EventShare) -> Object:
    return {
        "of": row.of,
        "event": row.event,
        "share": number(row.share),
        "median_s": number(row.median_s),
    }


def _pool(row: PoolRow) -> Object:
    return {
        "pool": row.pool,
        "largest_g": number(row.most) if isfinite(row.most) else None,
        "at_s": number(row.at_s),
        "black_hole_s": number(row.hole_s),
    }


def _recognition(row: Recognition) -> Object:
    return {
        "id": row.id,
        "lost_s": number(row.lost_s),
        "shown_s": number(row.shown_s),
        "hidden_s": number(row.hidden_s),
        "most_usd": number(row.most_usd),
    }


def _timelines(cascade: Cascade) -> Object:
    times: list[Json] = []
    lines: dict[str, dict[str, list[Json]]] = {}
    for row in cascade.moments:
        if not times or times[-1] != row.time_s:
            times.append(number(row.time_s))
        line = lines.setdefault(row.id, {"book": [], "economic": [], "market": []})
        line["book"].append(number(row.book))
        line["economic"].append(number(row.economic))
        line["market"].append(number(row.market))
    of: dict[str, Json] = {name: dict(line.items()) for name, line in lines.items()}
    return {"time_s": times, "of": of}


def _path(row: PathLoss) -> Object:
    return {
        "path": row.path,
        "id": row.id,
        "economic_usd": number(row.economic_usd),
        "economic_loss_usd": number(row.economic_loss_usd),
        "loss_fraction": number(row.loss_fraction),
    }
