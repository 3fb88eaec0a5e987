"""What is written follows its published schema; the shipped cases load by name; init is complete."""

import json
from pathlib import Path

import jsonschema
import pytest

import looprisk as lr
from looprisk.results.schemas import DOCUMENTS, document_schema

ROOT = Path(__file__).parents[2]
STREAM = ROOT / "scenarios" / "stream-system.yaml"
UNKNOWNS = ROOT / "scenarios" / "unknowns.yaml"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schemas_are_draft_7_and_published(cli, policy, name):
    schema = json.loads(cli("schema", name).out)
    assert schema == json.loads(json.dumps(document_schema(name)))
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["properties"]["schema"] == {"const": f"looprisk/{name}/1"}


def test_every_document_follows_its_schema(cli, policy):
    late = policy.with_name("late.yaml")
    text = policy.read_text()
    late.write_text(text.replace("large:", "large:\n    set: {Fund/pays: unknown}"))
    cli("check", "policy.yaml", "--update", "-q")
    cli("run", "policy.yaml::small", "-o", "result.json", "-q")
    written = {
        "result": cli("run", "policy.yaml::large", "--format", "json").out,
        "break-points": cli("break", "policy.yaml::large", "--format", "json").out,
        "check": cli("check", "late.yaml", "--format", "json").out,
        "diff": cli("diff", "policy.yaml", "late.yaml", "--format", "json").out,
        "verification": cli("verify", "result.json", "--format", "json").out,
        "expected": policy.with_name("policy.expected.json").read_text(),
        "map": cli("map", STREAM, "--format", "json").out,
        "exposure": cli("map", STREAM, "--of", "xUSD", "--format", "json").out,
        "common": cli("map", STREAM, "--common", "--format", "json").out,
        "bounds": cli("run", f"{UNKNOWNS}::half-gone", "--bounds", "--format", "json").out,
    }
    assert written.keys() == DOCUMENTS.keys()
    for name, one in written.items():
        jsonschema.Draft7Validator(document_schema(name)).validate(json.loads(one))


def test_a_cascade_is_a_result_too():
    from looprisk.results.cascade_json import cascade_json

    document = cascade_json(lr.run(next(case for case in cases(lr.examples.hedge_in_time()))))
    jsonschema.Draft7Validator(document_schema("result")).validate(json.loads(json.dumps(document)))


def cases(file):
    return [file[name] for name in file]


def test_a_schema_that_is_none(cli, policy):
    done = cli("schema", "cheque")
    assert done.code == 2
    assert "name one of result, break-points, check" in done.err


def test_an_example_is_a_file_of_the_package():
    file = lr.examples.policy()
    assert file.path.name == "policy.yaml"
    assert [row.outcome for row in lr.check(file["run"]).rows] == ["ok"]


def test_init_writes_a_commented_file_that_holds_and_that_editors_complete(cli, policy):
    assert cli("init", "first.yaml", "-q").code == 0
    text = Path("first.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=looprisk.schema.json\n")
    assert cli("schema", "-o", "looprisk.schema.json", "-q").code == 0
    import yaml

    tree = yaml.load(text, yaml.BaseLoader)
    jsonschema.Draft7Validator(json.loads(Path("looprisk.schema.json").read_text())).validate(tree)
    done = cli("check", "first.yaml")
    assert done.code == 0
    comments = sum("#" in line for line in text.splitlines())
    assert comments >= 12
