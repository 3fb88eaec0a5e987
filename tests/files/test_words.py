"""The reference of the language: nothing is left out, nothing is told that is not there."""

import pytest

import looprisk as lr
from looprisk.cli import run_line
from looprisk.errors import ModelError
from looprisk.files.schema import json_schema
from looprisk.files.words import PARTS
from looprisk.model.meanings import EVERYWHERE, meaning
from looprisk.model.meanings import PARTS as MEANT
from looprisk.model.vocabulary import EVENTS, METRICS

DEFINITIONS = {
    name: definition
    for name, definition in json_schema()["definitions"].items()
    if not name.endswith("-partial")
}
KEYS = [(part, key) for part, d in DEFINITIONS.items() for key in d.get("properties", {})]


def test_an_editor_is_told_what_every_key_means():
    for part, key in KEYS:
        field = DEFINITIONS[part]["properties"][key]
        assert field["description"].startswith(meaning(part, key)), (part, key)
        assert "$ref" not in field, "what stands beside a reference is ignored"


def test_no_meaning_is_left_of_a_key_that_is_gone():
    assert {(part, key) for part, keys in MEANT.items() for key in keys} <= set(KEYS)
    assert set(EVERYWHERE) <= {key for _, key in KEYS}
    # what means the same everywhere is not told twice
    told_twice = {(part, key) for part, keys in MEANT.items() for key in keys if key in EVERYWHERE}
    assert not told_twice


def test_every_part_metric_and_event_stands_on_a_page():
    assert {part for parts in PARTS.values() for part in parts} == set(DEFINITIONS)
    pages = {row.word for row in lr.words().rows if row.page == "pages"}
    assert set(PARTS) < pages
    assert [row.word for row in lr.words("metrics").rows] == list(METRICS)
    assert [row.word for row in lr.words("events").rows] == list(EVENTS)


def test_a_word_is_told_wherever_it_stands():
    rows = lr.words("supply").rows
    assert {row.part for row in rows} == {"share", "par", "copy"}
    assert rows[0].written == "75M, 75M deUSD"
    (kind,) = (row for row in lr.words("kind").rows if row.part == "rate model")
    assert kind.written == "kinked | adaptive"


def test_a_word_that_is_none_names_the_nearest():
    with pytest.raises(ModelError, match=r"did you mean lltv\?"):
        lr.words("lltvs")


def test_the_verb_shows_pages_and_words(capsys):
    assert run_line(["words"]) == 0
    assert "markets" in capsys.readouterr().out
    assert run_line(["words", "stages", "--format", "md"]) == 0
    assert "| stage | depeg |" in capsys.readouterr().out
    assert run_line(["words", "nothing-of-this"]) == 2
    assert "help: looprisk words" in capsys.readouterr().err
