"""A system that is saved and loaded is the same system."""

import os
import shutil
import stat

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from looprisk.files import dump, json_schema, load, save
from looprisk.files.events import Budget, compose
from looprisk.files.source import HIDDEN, Source
from looprisk.files.tree import plain
from looprisk.model import System
from tests.files.corpus import VALID, VALID_FILES

TEXT = st.text(st.characters(codec="utf-8"), max_size=40).filter(
    lambda text: not HIDDEN.search(text)
)


@pytest.mark.parametrize("path", VALID_FILES, ids=lambda path: path.name)
def test_a_saved_system_loads_as_itself(path, tmp_path):
    system = load(path).system
    copy = tmp_path / "copy.yaml"
    if (path.parent / "tables").is_dir():
        shutil.copytree(path.parent / "tables", tmp_path / "tables")
    save(system, copy)
    again = load(copy).system
    assert again.tree() == system.tree()
    assert again.provenance == system.provenance
    assert dump(again) == copy.read_text("utf-8")


@pytest.mark.parametrize("path", VALID_FILES, ids=lambda path: path.name)
def test_a_saved_system_passes_the_schema(path, tmp_path):
    text = dump(load(path).system)
    content = yaml.load(text, yaml.BaseLoader)
    content["looprisk"] = 1
    assert list(Draft7Validator(json_schema()).iter_errors(content)) == []


def test_one_value_stands_on_a_line():
    text = dump(load(VALID / "base.yaml").system)
    assert text.startswith("looprisk: 1\nname: base\n")
    assert "    owes:\n      bank: unknown\n" in text
    assert "      chain: eip155:1\n" not in text
    assert "    chain: eip155:1\n    block: 23_000_000\n" in text
    assert "    pays: unknown\n" in text
    assert "{" not in text.replace("{}", "")


def test_lists_of_words_stand_in_brackets():
    assert "    pays: [[Lender, outside], up]\n" in dump(load(VALID / "tower.yaml").system)


@given(st.dictionaries(TEXT.filter(str.strip), TEXT, max_size=5))
def test_any_text_is_written_so_that_it_is_read_as_itself(words):
    system = System(assets={"ETH": {"price": 1, "note": "\n".join(words.values())}})
    top, faults = compose(Source("x.yaml", VALID, dump(system)), Budget())
    assert faults == []
    assert plain(top)["assets"]["ETH"].get("note", "") == "\n".join(words.values())


@pytest.mark.parametrize(
    "text",
    ["yes", "No", "null", "~", "- a", "-", "a: b", "a:", "a #b", "#a", "'a'", '"', "\\", "{a}",
     "[a", "a, b", " a", "a ", "*a", "&a", "!a", "%a", "@a", "`a", "|", "> 5", "? a", "---", "...",
     "1:30", "0x10", "2025-11-04", "a\nb", "naïve", "名", "<<", "=", "a:b", "12_000"],
)  # fmt: skip
def test_awkward_texts_survive(text):
    system = System(assets={"ETH": {"price": 1, "label": text}})
    top, faults = compose(Source("x.yaml", VALID, dump(system)), Budget())
    assert faults == []
    assert plain(top)["assets"]["ETH"]["label"] == text


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "system.yaml"
    target.write_text("looprisk: 1\n")

    def fail(_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save(System(), target)
    assert target.read_text() == "looprisk: 1\n"
    assert list(tmp_path.iterdir()) == [target]


def test_a_saved_file_has_the_usual_rights(tmp_path):
    plain_file = tmp_path / "plain"
    plain_file.write_text("")
    save(System(), tmp_path / "system.yaml")
    rights = stat.S_IMODE((tmp_path / "system.yaml").stat().st_mode)
    assert rights == stat.S_IMODE(plain_file.stat().st_mode)
