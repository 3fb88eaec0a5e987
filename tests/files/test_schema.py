"""The schema for editors takes every valid file as an editor reads it, and knows broken ones."""

import json

import pytest
import yaml
from jsonschema import Draft7Validator

from looprisk.files import json_schema
from tests.files.corpus import BROKEN, VALID_FILES

SCHEMA = json_schema()
VALIDATOR = Draft7Validator(SCHEMA)
BEYOND_DRAFT_7 = {"prefixItems", "$defs", "$dynamicRef", "unevaluatedProperties", "discriminator"}


def as_an_editor_reads(path):
    # JSON has no dates and no keys but text
    return json.loads(json.dumps(yaml.safe_load(path.read_text("utf-8")), default=str))


def objects(node):
    if isinstance(node, dict):
        yield node
    for below in node.values() if isinstance(node, dict) else node:
        if isinstance(below, dict | list):
            yield from objects(below)


@pytest.mark.parametrize("path", VALID_FILES, ids=lambda path: path.name)
def test_valid_files_pass(path):
    found = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in
             VALIDATOR.iter_errors(as_an_editor_reads(path))]  # fmt: skip
    assert found == []


@pytest.mark.parametrize(
    "name",
    ["02-foreign-words", "40-no-version", "41-version-2", "43-unknown-section",
     "58-shocks", "59-expectations", "61-perps", "62-terms", "65-outside-is-money",
     "76-not-a-map"],
)  # fmt: skip
def test_an_editor_marks_what_is_wrong_in_form(name):
    assert not VALIDATOR.is_valid(as_an_editor_reads(BROKEN / f"{name}.yaml"))


def test_the_schema_is_draft_7_and_nothing_later():
    Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    for node in objects(SCHEMA):
        assert not BEYOND_DRAFT_7 & node.keys()
    for node in objects(SCHEMA):
        if "$ref" in node:
            assert len(node) == 1, "draft 7 ignores what stands beside a $ref"
            assert node["$ref"].removeprefix("#/definitions/") in SCHEMA["definitions"]


def test_every_map_of_fields_is_closed():
    for node in objects(SCHEMA["definitions"]):
        if isinstance(node.get("properties"), dict):
            assert node["additionalProperties"] is False


def test_a_number_is_a_string_or_a_number():
    price = SCHEMA["definitions"]["Asset"]["properties"]["price"]
    assert price["type"] == ["string", "number"]
    assert price["description"]
    lltv = SCHEMA["definitions"]["CollateralTerms"]["properties"]["lltv"]
    assert "91.5%" in lltv["examples"]


def test_rules_are_listed():
    text = json.dumps(SCHEMA["definitions"]["Market"]["properties"]["rules"])
    assert "morpho-blue" in text
    assert "aave-v3.3" in text


def test_a_file_that_completes_another_may_give_parts_in_part():
    part = {"markets": {"lend": {"insurance": "$5M"}}}
    assert not VALIDATOR.is_valid({"looprisk": 1} | part)
    assert VALIDATOR.is_valid({"looprisk": 1, "include": "base.yaml"} | part)
    misspelled = {"markets": {"lend": {"insurence": "$5M"}}}
    assert not VALIDATOR.is_valid({"looprisk": 1, "include": "base.yaml"} | misspelled)
