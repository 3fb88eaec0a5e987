"""The shapes that the schemas of documents are made of."""

from __future__ import annotations

from collections.abc import Mapping

from looprisk.results.result_json import Json, Object

_DRAFT = "http://json-schema.org/draft-07/schema#"
TEXT: Object = {"type": "string"}
NUMBER: Object = {"type": "number"}
COUNT: Object = {"type": "integer", "minimum": 0}
MARK: Object = {"type": "boolean"}
LEAF: Object = {"type": ["string", "number", "boolean", "null"]}


def document(name: str, about: str, properties: Object, definitions: Json = None) -> Object:
    """Return the schema of a document of version 1, all of whose keys are required."""
    schema: Object = {
        "$schema": _DRAFT,
        "title": f"looprisk {name}, version 1",
        "description": about,
        "type": "object",
        "required": ["schema", *properties],
        "properties": {"schema": {"const": f"looprisk/{name}/1"}, **properties},
    }
    return schema if definitions is None else {**schema, "definitions": definitions}


def list_(of: Object) -> Object:
    """Return the schema of a list."""
    return {"type": "array", "items": of}


def row(fields: Mapping[str, Object]) -> Object:
    """Return the schema of a map that has all of these keys."""
    return {"type": "object", "required": [*fields], "properties": {**fields}}


def or_null(type_: str) -> Object:
    """Return the schema of a value that may not be there."""
    return {"type": [type_, "null"]}
