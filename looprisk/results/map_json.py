"""The versioned JSON of the map: one order of keys, plain numbers, ids as the file writes them."""

from looprisk.results.map_answers import Common, Exposure, SystemMap
from looprisk.results.map_records import (
    Backing,
    Exposed,
    Held,
    MapLoop,
    Passage,
    Ratios,
    Shared,
    Source,
    Way,
)
from looprisk.results.result_json import Object

MAP_SCHEMA = "looprisk/map/1"
EXPOSURE_SCHEMA = "looprisk/exposure/1"
COMMON_SCHEMA = "looprisk/common/1"


def map_json(answer: SystemMap) -> Object:
    """Return the document of a map."""
    return {
        "schema": MAP_SCHEMA,
        "system": answer.system,
        "basis": "book",
        "claims_usd": _number(answer.claims_usd),
        "outside_assets_usd": _number(answer.outside_assets_usd),
        "ratios": _ratios(answer.ratios),
        "holdings": [_held(row) for row in answer.held_rows],
        "loops": [_loop(loop) for loop in answer.loop_rows],
        "backing": [_backing(row) for row in answer.backing_rows],
    }


def exposure_json(answer: Exposure) -> Object:
    """Return the document of a look-through."""
    return {
        "schema": EXPOSURE_SCHEMA,
        "system": answer.system,
        "basis": "book",
        "of": answer.of,
        "label": answer.label,
        "layer": answer.layer,
        "ratios": _ratios(answer.ratios),
        "sources": [_source(row) for row in answer.source_rows],
        "passes": [_passage(row) for row in answer.passage_rows],
        "ways": [_way(row) for row in answer.way_rows],
        "other_ways": _number(answer.other_ways),
        "exposed": [_exposed(row) for row in answer.exposed_rows],
        "loop": None if answer.loop is None else _loop(answer.loop),
    }


def common_json(answer: Common) -> Object:
    """Return the document of what parts share."""
    return {
        "schema": COMMON_SCHEMA,
        "system": answer.system,
        "basis": "book",
        "of": answer.of or None,
        "book_usd": _number(answer.book_usd),
        "shared": [_shared(row) for row in answer.rows],
        "left_out": answer.left_out,
        "unknown": list(answer.unknown),
    }


def _number(value: float | None) -> float | None:
    # adding 0.0 turns a negative zero into zero: it would be another text for the same number
    return None if value is None else float(value) + 0.0


def _ratios(row: Ratios) -> Object:
    return {
        "book_usd": _number(row.book_usd),
        "real_usd": _number(row.real_usd),
        "book_to_real": _number(row.book_to_real),
        "rehypothecation_ratio": _number(row.rehypothecation_ratio),
        "hhi_by_issuer": _number(row.hhi_by_issuer),
        "top_holder": _number(row.top_holder),
        "top_three_by_issuer": _number(row.top_three_by_issuer),
        "top_three_holders": _number(row.top_three_holders),
        "unknown": list(row.unknown),
    }


def _held(row: Held) -> Object:
    return {
        "layer": row.layer,
        "claim": row.claim,
        "claim_label": row.claim_label or row.claim,
        "kind": row.kind,
        "holder": row.holder,
        "holder_label": row.holder_label or row.holder,
        "usd": _number(row.usd),
        "share": _number(row.share),
        "loop": row.loop,
    }


def _loop(loop: MapLoop) -> Object:
    return {"number": loop.number, "members": list(loop.members), "gain": _number(loop.gain)}


def _backing(row: Backing) -> Object:
    return {
        "id": row.id,
        "label": row.label or row.id,
        "own_usd": _number(row.own_usd),
        "claims_usd": _number(row.claims_usd),
        "backing_ratio": _number(row.backing_ratio),
        "equity_usd": _number(row.equity_usd),
        "assets_to_equity": _number(row.assets_to_equity),
    }


def _source(row: Source) -> Object:
    return {
        "id": row.id,
        "label": row.label or row.id,
        "kind": row.kind,
        "usd": _number(row.usd),
        "share": _number(row.share),
        "real_usd": _number(row.real_usd),
    }


def _passage(row: Passage) -> Object:
    return {
        "id": row.id,
        "label": row.label or row.id,
        "kind": row.kind,
        "usd": _number(row.usd),
        "share": _number(row.share),
        "comes_back": row.comes_back,
    }


def _way(row: Way) -> Object:
    return {
        "names": list(row.names),
        "share": _number(row.share),
        "usd": _number(row.usd),
        "closes": row.closes,
        "wrap_depth": row.wrap_depth,
    }


def _exposed(row: Exposed) -> Object:
    return {
        "id": row.id,
        "label": row.label or row.id,
        "kind": row.kind,
        "layer": row.layer,
        "direct_usd": _number(row.direct_usd),
        "usd": _number(row.usd),
        "share": _number(row.share),
        "curator": row.curator or None,
    }


def _shared(row: Shared) -> Object:
    return {
        "kind": row.kind,
        "value": row.value,
        "parts": list(row.parts),
        "usd": _number(row.usd),
        "share": _number(row.share),
        "lowest_layer": row.lowest_layer,
        "highest_layer": row.highest_layer,
    }
