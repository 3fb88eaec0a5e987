"""The JSON Schemas (draft 7) of the documents that looprisk writes, one for each version."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from looprisk.results.map_schemas import bounds, common, exposure, map_
from looprisk.results.result_json import Json, Object, result_schema
from looprisk.results.shapes import COUNT, LEAF, MARK, NUMBER, TEXT, document, list_, or_null, row


def document_schema(name: str) -> Object:
    """Return the schema of a document by its name, one of ``DOCUMENTS``.

    >>> document_schema("check")["properties"]["schema"]
    {'const': 'looprisk/check/1'}
    """
    return DOCUMENTS[name]()


def _result_parts() -> tuple[Object, Json]:
    whole = result_schema()
    properties = whole["properties"]
    return (properties if isinstance(properties, dict) else {}), whole["definitions"]


def _break_points() -> Object:
    parts, definitions = _result_parts()
    taken = ("scenario", "certificate", "inputs_digest", "shock", "break_points", "assumptions")
    curve = row({"of": TEXT, "fractions": list_(NUMBER), "loss_usd": list_(NUMBER)})
    own: Object = {
        **{key: parts[key] for key in taken},
        "layer_count": COUNT,
        "marks": list_(row({"label": TEXT, "value": NUMBER})),
        "curves": list_(curve),
    }
    about = "How far a shock goes before each layer breaks, and the loss of each on the way."
    schema = document("break-points", about, own, definitions)
    pinned = {key: parts[key] for key in ("made_by", "inputs", "proof")}
    return {**schema, "properties": {**_dict(schema["properties"]), **pinned}}


def _dict(node: Json) -> Object:
    return node if isinstance(node, dict) else {}


def _check() -> Object:
    verdict = row(
        {
            "outcome": {"enum": ["ok", "FAIL", "n/a", "open"]},
            "name": TEXT,
            "scenario": TEXT,
            "asked": TEXT,
            "expected": TEXT,
            "limit": or_null("number"),
            "got": or_null("number"),
            "unit": TEXT,
            "got_text": TEXT,
            "because": TEXT,
            "flow": TEXT,
            "evidence": TEXT,
            "file": TEXT,
            "line": COUNT,
            "message": TEXT,
        }
    )
    error = row({"scenario": TEXT, "file": TEXT, "line": COUNT, "message": TEXT})
    return document(
        "check",
        "The verdict on every expectation of the files that were checked, and the exit code.",
        {
            "exit_code": {"enum": [0, 1, 4]},
            "scenarios": COUNT,
            "unanswered": COUNT,
            "errors": list_(error),
            "verdicts": list_(verdict),
        },
    )


def _diff() -> Object:
    at: Object = {"anyOf": [{"type": "null"}, row({"path": TEXT, "value": NUMBER, "unit": TEXT})]}
    share, usd = or_null("number"), or_null("number")
    move = row(
        {
            "scenario": TEXT,
            "of": TEXT,
            "event": TEXT,
            "before": share,
            "after": share,
            "before_at": at,
            "after_at": at,
            "worse": MARK,
        }
    )
    loss = row({"scenario": TEXT, "layer": TEXT, "before_usd": NUMBER, "after_usd": NUMBER})
    edge = row(
        {
            "holder": TEXT,
            "claim": TEXT,
            "before_usd": usd,
            "after_usd": usd,
            "new": MARK,
            "gone": MARK,
        }
    )
    change = row({"path": TEXT, "before": or_null("string"), "after": or_null("string")})
    none = row({"scenario": TEXT, "side": {"enum": ["before", "after"]}, "message": TEXT})
    return document(
        "diff",
        "What changed between two systems: values, who holds what, break points, losses.",
        {
            "before": TEXT,
            "after": TEXT,
            "break_points": list_(move),
            "losses": list_(loss),
            "edges": list_(edge),
            "parameters": list_(change),
            "unanswered": list_(none),
        },
    )


def _verification() -> Object:
    difference = row({"figure": TEXT, "before": LEAF, "after": LEAF})
    proof = row({"solutions": COUNT, "equations": COUNT, "disproved": TEXT})
    return document(
        "verification",
        "Whether a result says what the inputs that it pins say.",
        {
            "scenario": TEXT,
            "identical": MARK,
            "figures": COUNT,
            "differences": list_(difference),
            "proof": proof,
            "made_by": TEXT,
            "here": TEXT,
        },
    )


def _expected() -> Object:
    figures: Object = {"type": "object", "additionalProperties": LEAF}
    room: Object = {"type": "string", "pattern": "^(any|[0-9][0-9_.eE+-]*%?)$"}
    return document(
        "expected",
        "The results expected of a scenario file, with a tolerance for each field by a pattern.",
        {
            "tolerances": {"type": "object", "additionalProperties": room},
            "scenarios": {"type": "object", "additionalProperties": figures},
        },
    )


DOCUMENTS: Mapping[str, Callable[[], Object]] = {
    "result": result_schema,
    "break-points": _break_points,
    "check": _check,
    "diff": _diff,
    "verification": _verification,
    "expected": _expected,
    "map": map_,
    "exposure": exposure,
    "common": common,
    "bounds": bounds,
}
"""The documents by the name that stands in their ``schema``."""
