"""The JSON Schema of a file, written for editors.

One document per format, in the part of draft 7 that editors know. An editor types YAML and
looprisk does not: to an editor `0.915` and an unquoted address are numbers, so a value is a
string or a number. What only holds between parts (names that resolve, who is paid first) is left
to `looprisk check`.
"""

from copy import deepcopy
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import WithDefaultSchema

from looprisk.files.include import FORMATS
from looprisk.model.meanings import meaning
from looprisk.model.scenario import Scenario
from looprisk.model.system import System
from looprisk.model.vocabulary import SECTIONS, TOP_KEYS

Schema = dict[str, Any]

_WORD: Schema = {"type": ["string", "number", "boolean", "null"]}
_LEFT_OUT = ("title", "discriminator")
_PARTIAL = "-partial"
ABOUT = {
    "looprisk": "the format of this file; always the first key",
    "name": "a short name",
    "about": "one sentence: what this file is",
    "as_of": "the day or the time the figures are of",
    "include": "files in the same folder or below that this one completes",
    "sources": "where figures come from; `@id` after a value names one",
    "source": "the source of every value of this file that names no other",
    "set": "what is replaced: path: value; `absent` takes it away",
    "scenarios": "what happens, and what must hold after it",
    "assets": "tokens priced from outside",
    "oracles": "what a market believes a price is; `market` and `nav` need no entry",
    "issuers": "whoever issues receipt tokens or owes money",
    "markets": "lending markets",
    "venues": "exchanges of perpetual futures",
    "positions": "loans, loops and legs",
    "liquidity": "how much can be sold, and what that does to the price",
}


def json_schema() -> Schema:
    """Return the schema of a file, as JSON values.

    A file that includes others may give parts in part, so nothing below its sections is required.
    """
    system, scenario = _described(System), _described(Scenario)
    definitions = system.pop("definitions") | scenario.pop("definitions") | {"Scenario": scenario}
    _allow_short_forms(definitions)
    _say_what_keys_mean(definitions)
    sections = {key: system["properties"][key] for key in SECTIONS}
    properties: Schema = {key: _top_key(key, system) for key in TOP_KEYS}
    whole = {"properties": sections}
    partial = _renamed(_without_required(whole))
    for name, definition in list(definitions.items()):
        definitions[name + _PARTIAL] = _renamed(_without_required(definition))
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"looprisk {FORMATS[-1]}",
        "type": "object",
        "required": ["looprisk"],
        "additionalProperties": False,
        "properties": properties,
        "if": {"required": ["include"]},
        "then": partial,
        "else": whole,
        "definitions": _used(definitions, [properties, whole, partial]),
    }


class _WithoutDefaults(GenerateJsonSchema):
    """Describes fields without what they are when left out, which editors would write in."""

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def _described(model: type[System] | type[Scenario]) -> Schema:
    schema: Schema = _simple(model.model_json_schema(schema_generator=_WithoutDefaults))
    schema["definitions"] = schema.pop("$defs", {})
    return schema


def _say_what_keys_mean(definitions: Schema) -> None:
    for part, definition in definitions.items():
        for key, field in definition.get("properties", {}).items():
            how = field.get("description")
            means = meaning(part, key)
            told = means if how is None else f"{means} ({how})"
            # what stands beside a reference is ignored in this draft of the schema
            alone = {"allOf": [{"$ref": field.pop("$ref")}]} if "$ref" in field else {}
            field |= {**alone, "description": told}


def _allow_short_forms(definitions: Schema) -> None:
    """Let an issuer say `owes: {V: $217}` and `rebalance: none`, which the model spells out."""
    issuer, loan = definitions["Issuer"]["properties"], definitions["Loan"]["properties"]
    issuer["owes"]["additionalProperties"] = {
        "anyOf": [loan["amount"], {"$ref": "#/definitions/Loan"}]
    }
    issuer["rebalance"] = {"anyOf": [issuer["rebalance"], {"enum": ["none"]}]}


def _top_key(key: str, system: Schema) -> Schema:
    name = {"type": "string"}
    own: dict[str, Schema] = {
        "looprisk": {"enum": [*(int(number) for number in FORMATS), *FORMATS]},
        "include": {"anyOf": [name, {"type": "array", "items": name}]},
        "set": {"type": "object"},
        "scenarios": {
            "type": "object",
            "additionalProperties": {"$ref": "#/definitions/Scenario"},
        },
    }
    if key in SECTIONS:
        return {"description": ABOUT[key], "type": "object"}
    return {"description": ABOUT[key]} | (own.get(key) or system["properties"][key])


def _simple(node: Any) -> Any:
    """Return a schema without what editors ignore, and with words as an editor types them."""
    if isinstance(node, list):
        return [_simple(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "properties" in node:
        inner = {name: _simple(below) for name, below in node["properties"].items()}
        rest = {key: value for key, value in node.items() if key != "properties"}
        return _simple(rest) | {"properties": inner}
    if "$ref" in node:
        return {"$ref": node["$ref"].replace("#/$defs/", "#/definitions/")}
    found = {key: _simple(value) for key, value in node.items() if key not in _LEFT_OUT}
    if "oneOf" in found:  # a part given in part may fit several
        found["anyOf"] = found.pop("oneOf")
    if found.get("type") == ["string", "number"] and "examples" not in found:
        return found | _WORD
    options = found.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        kept = [option for option in options if option != {"type": "null"}]
        rest = {key: value for key, value in found.items() if key != "anyOf"}
        return kept[0] | rest if len(kept) == 1 else rest | {"anyOf": kept}
    if found.get("type") == "array" and found.get("items") == _WORD:
        return {"anyOf": [found, _WORD]}
    return found


def _without_required(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_required(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _without_required(value)
        for key, value in node.items()
        if not (key == "required" and isinstance(value, list))
    }


def _renamed(node: Any) -> Any:
    """Return a schema whose references lead to the partial definitions."""
    if isinstance(node, list):
        return [_renamed(item) for item in node]
    if not isinstance(node, dict):
        return deepcopy(node)
    renamed = {key: _renamed(value) for key, value in node.items()}
    if isinstance(renamed.get("$ref"), str):
        renamed["$ref"] += _PARTIAL
    return renamed


def _used(definitions: Schema, roots: list[Schema]) -> Schema:
    """Return the definitions that something refers to, sorted by name."""
    wanted: set[str] = set()
    open_ends: list[Any] = list(roots)
    while open_ends:
        node = open_ends.pop()
        if isinstance(node, list):
            open_ends.extend(node)
        elif isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                name = reference.removeprefix("#/definitions/")
                if name not in wanted:
                    wanted.add(name)
                    open_ends.append(definitions[name])
            open_ends.extend(node.values())
    return {name: definitions[name] for name in sorted(wanted)}
