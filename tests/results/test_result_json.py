import json
from dataclasses import replace

import jsonschema
import pytest

from looprisk.results import (
    break_points_json,
    check_json,
    dumps,
    result_json,
    result_schema,
)
from tests.results.examples import BREAKS, CHECK, CLEARING, LOOP_BREAKS

WHOLE = replace(CLEARING, break_point_rows=BREAKS.rows, at_start=CLEARING.event_rows[:1])


def test_the_schema_is_draft_7_and_the_document_follows_it():
    jsonschema.Draft7Validator.check_schema(result_schema())
    validator = jsonschema.Draft7Validator(result_schema())
    for answer in (WHOLE, CLEARING):
        validator.validate(json.loads(dumps(result_json(answer))))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "looprisk/result/2"),
        (("inputs_digest",), "md5:0"),
        (("layers", 0, "economic_loss_usd"), None),
        (("layers", 0, "kind"), "token"),
        (("events", 0, "event"), "exploded"),
        (("break_points", 0, "intervals", 0), [0.0]),
        (("break_points", 0, "exact"), "0.5"),
        (("certificate", "residual"), -1.0),
    ],
)
def test_the_schema_refuses_what_is_not_a_result(path, value):
    document = json.loads(dumps(result_json(WHOLE)))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(result_schema()).validate(document)


def test_every_promised_key_is_there():
    document = result_json(WHOLE)
    assert set(document) >= {
        "schema",
        "scenario",
        "status",
        "certificate",
        "engine",
        "inputs_digest",
        "at_start",
        "layers",
        "waterfall",
        "events",
        "break_points",
        "assumptions",
    }
    assert document["layers"][0]["price"] == {"book": 1.2667, "economic": 0.0, "market": 0.24}
    assert document["break_points"][0]["exact"] == "17/25"
    assert document["break_points"][0]["at"] == {
        "path": "Stream/outside/fund",
        "value": 170e6,
        "unit": "usd",
    }
    assert document["break_points"][-1]["fraction"] is None
    assert document["assumptions"][1] == {
        "input": "Stream/owes/rest",
        "class": "assumed",
        "source": "exposure map",
        "value": "$251.13M",
        "effect": "",
    }


def test_the_same_answer_is_the_same_bytes():
    swapped = replace(CLEARING, causes=dict(reversed(CLEARING.causes.items())))
    assert dumps(result_json(swapped)) == dumps(result_json(CLEARING))
    negative = replace(CLEARING.layer_rows[-1], reported_loss_usd=-0.0)
    rows = (*CLEARING.layer_rows[:-1], negative)
    assert dumps(result_json(replace(CLEARING, layer_rows=rows))) == dumps(result_json(CLEARING))


def test_the_text_is_ascii_even_for_names_that_are_not():
    row = replace(CLEARING.layer_rows[0], label="\u202eU漢\x1b")
    text = dumps(result_json(replace(CLEARING, layer_rows=(row,), causes={})))
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["layers"][0]["label"] == "\u202eU漢\x1b"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_stops_the_document(value):
    row = replace(CLEARING.layer_rows[0], economic_usd=value)
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps(result_json(replace(CLEARING, layer_rows=(row,), causes={})))


def test_a_sweep_keeps_its_curves_and_marks():
    document = json.loads(dumps(break_points_json(BREAKS)))
    assert document["schema"] == "looprisk/break-points/1"
    assert document["marks"] == [{"label": "disclosed", "value": 93e6}]
    assert document["curves"][1]["fractions"] == [0.0, 0.91, 0.91, 2.5]
    schema = {**result_schema(), "required": [], "properties": {}, "type": "object"}
    schema["properties"] = {
        "break_points": result_schema()["properties"]["break_points"],
        "certificate": {"$ref": "#/definitions/certificate"},
        "shock": {"$ref": "#/definitions/shock"},
    }
    for points in (BREAKS, LOOP_BREAKS):
        jsonschema.Draft7Validator(schema).validate(json.loads(dumps(break_points_json(points))))


def test_a_check_tells_each_verdict_with_its_place():
    document = json.loads(dumps(check_json(CHECK)))
    assert document["exit_code"] == 1
    assert [row["outcome"] for row in document["verdicts"]] == ["ok", "ok", "FAIL", "FAIL", "n/a"]
    failed = document["verdicts"][2]
    assert (failed["file"], failed["line"], failed["got"]) == ("policy.yaml", 14, 75.68e6)
    assert failed["message"] == (
        "policy.yaml:14: FAIL no lender loses at $250M: expected $0, got $75.68M"
    )
