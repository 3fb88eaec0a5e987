"""The JSON Schemas (draft 7) of the documents that looprisk writes, one for each version."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from looprisk.results.result_json import Json, Object, result_schema

_DRAFT = "http://json-schema.org/draft-07/schema#"
_TEXT: Object = {"type": "string"}
_NUMBER: Object = {"type": "number"}
_COUNT: Object = {"type": "integer", "minimum": 0}
_MARK: Object = {"type": "boolean"}
_LEAF: Object = {"type": ["string", "number", "boolean", "null"]}


def document_schema(name: str) -> Object:
    """Return the schema of a document by its name, one of ``DOCUMENTS``.

    >>> document_schema("check")["properties"]["schema"]
    {'const': 'looprisk/check/1'}
    """
    return DOCUMENTS[name]()


def _document(name: str, about: str, properties: Object, definitions: Json = None) -> Object:
    schema: Object = {
        "$schema": _DRAFT,
        "title": f"looprisk {name}, version 1",
        "description": about,
        "type": "object",
        "required": ["schema", *properties],
        "properties": {"schema": {"const": f"looprisk/{name}/1"}, **properties},
    }
    return schema if definitions is None else {**schema, "definitions": definitions}


def _list(of: Object) -> Object:
    return {"type": "array", "items": of}


def _row(fields: Mapping[str, Object]) -> Object:
    return {"type": "object", "required": [*fields], "properties": {**fields}}


def _or_null(type_: str) -> Object:
    return {"type": [type_, "null"]}


def _result_parts() -> tuple[Object, Json]:
    whole = result_schema()
    properties = whole["properties"]
    return (properties if isinstance(properties, dict) else {}), whole["definitions"]


def _break_points() -> Object:
    parts, definitions = _result_parts()
    taken = ("scenario", "certificate", "inputs_digest", "shock", "break_points", "assumptions")
    curve = _row({"of": _TEXT, "fractions": _list(_NUMBER), "loss_usd": _list(_NUMBER)})
    own: Object = {
        **{key: parts[key] for key in taken},
        "layer_count": _COUNT,
        "marks": _list(_row({"label": _TEXT, "value": _NUMBER})),
        "curves": _list(curve),
    }
    about = "How far a shock goes before each layer breaks, and the loss of each on the way."
    schema = _document("break-points", about, own, definitions)
    pinned = {key: parts[key] for key in ("made_by", "inputs", "proof")}
    return {**schema, "properties": {**_dict(schema["properties"]), **pinned}}


def _dict(node: Json) -> Object:
    return node if isinstance(node, dict) else {}


def _check() -> Object:
    verdict = _row(
        {
            "outcome": {"enum": ["ok", "FAIL", "n/a", "open"]},
            "name": _TEXT,
            "scenario": _TEXT,
            "asked": _TEXT,
            "expected": _TEXT,
            "limit": _or_null("number"),
            "got": _or_null("number"),
            "unit": _TEXT,
            "got_text": _TEXT,
            "because": _TEXT,
            "flow": _TEXT,
            "evidence": _TEXT,
            "file": _TEXT,
            "line": _COUNT,
            "message": _TEXT,
        }
    )
    error = _row({"scenario": _TEXT, "file": _TEXT, "line": _COUNT, "message": _TEXT})
    return _document(
        "check",
        "The verdict on every expectation of the files that were checked, and the exit code.",
        {
            "exit_code": {"enum": [0, 1, 4]},
            "scenarios": _COUNT,
            "unanswered": _COUNT,
            "errors": _list(error),
            "verdicts": _list(verdict),
        },
    )


def _diff() -> Object:
    at: Object = {
        "anyOf": [{"type": "null"}, _row({"path": _TEXT, "value": _NUMBER, "unit": _TEXT})]
    }
    share, usd = _or_null("number"), _or_null("number")
    move = _row(
        {
            "scenario": _TEXT,
            "of": _TEXT,
            "event": _TEXT,
            "before": share,
            "after": share,
            "before_at": at,
            "after_at": at,
            "worse": _MARK,
        }
    )
    loss = _row({"scenario": _TEXT, "layer": _TEXT, "before_usd": _NUMBER, "after_usd": _NUMBER})
    edge = _row(
        {
            "holder": _TEXT,
            "claim": _TEXT,
            "before_usd": usd,
            "after_usd": usd,
            "new": _MARK,
            "gone": _MARK,
        }
    )
    change = _row({"path": _TEXT, "before": _or_null("string"), "after": _or_null("string")})
    none = _row({"scenario": _TEXT, "side": {"enum": ["before", "after"]}, "message": _TEXT})
    return _document(
        "diff",
        "What changed between two systems: values, who holds what, break points, losses.",
        {
            "before": _TEXT,
            "after": _TEXT,
            "break_points": _list(move),
            "losses": _list(loss),
            "edges": _list(edge),
            "parameters": _list(change),
            "unanswered": _list(none),
        },
    )


def _verification() -> Object:
    difference = _row({"figure": _TEXT, "before": _LEAF, "after": _LEAF})
    proof = _row({"solutions": _COUNT, "equations": _COUNT, "disproved": _TEXT})
    return _document(
        "verification",
        "Whether a result says what the inputs that it pins say.",
        {
            "scenario": _TEXT,
            "identical": _MARK,
            "figures": _COUNT,
            "differences": _list(difference),
            "proof": proof,
            "made_by": _TEXT,
            "here": _TEXT,
        },
    )


def _expected() -> Object:
    figures: Object = {"type": "object", "additionalProperties": _LEAF}
    room: Object = {"type": "string", "pattern": "^(any|[0-9][0-9_.eE+-]*%?)$"}
    return _document(
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
}
"""The documents by the name that stands in their ``schema``."""
