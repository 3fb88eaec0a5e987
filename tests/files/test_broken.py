"""Every broken file says where it is wrong, what is wrong and what to type; it never crashes."""

import re
from pathlib import Path

import pytest
import yaml

from looprisk.errors import FileError
from looprisk.files import load
from tests.files.corpus import BROKEN, NAMES, inside, report

AGAIN = "run `python -m tests.files.corpus`, then read the difference"
COUNT = re.compile(r"(?P<count>[0-9_]+) errors? in .+")
HEAD = re.compile(r"(?P<file>[^:]+)(:(?P<line>[0-9]+):(?P<column>[0-9]+))?: error: \S.*")


def test_the_corpus_is_large():
    assert len(NAMES) >= 60


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_file_says_what_its_golden_text_says(name):
    with inside(BROKEN):
        text = report(name)
    assert f"{text}\n" == (BROKEN / f"{name}.txt").read_text("utf-8"), AGAIN


@pytest.mark.parametrize("name", NAMES)
def test_the_pure_python_parser_says_the_same(name, monkeypatch):
    if not yaml.__with_libyaml__:
        pytest.skip("there is no libyaml to compare with")
    with inside(BROKEN):
        text = report(name)
        monkeypatch.setattr(yaml, "__with_libyaml__", False)
        assert report(name) == text


@pytest.mark.parametrize("name", NAMES)
def test_a_report_has_its_form(name):
    *blocks, count = (BROKEN / f"{name}.txt").read_text("utf-8").rstrip("\n").split("\n\n")
    heads = [HEAD.fullmatch(block.split("\n")[0]) for block in blocks]
    found = COUNT.fullmatch(count)
    assert all(heads), blocks
    assert found is not None
    assert int(found["count"]) == len(blocks)
    for block, head in zip(blocks, heads, strict=True):
        if head["line"] is not None:
            _marks_its_place(block, head)


def _marks_its_place(block: str, head: re.Match[str]) -> None:
    source = (BROKEN / head["file"]).read_bytes().decode("utf-8", errors="replace")
    line = source.split("\n")[int(head["line"]) - 1]
    assert int(head["column"]) <= len(line) + 1
    shown, mark = block.split("\n")[1:3]
    assert shown.split("|", 1)[0].strip() == head["line"]
    assert re.fullmatch(r" +\| +\^+", mark)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_file_reaches_the_terminal_raw(name):
    text = (BROKEN / f"{name}.txt").read_text("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", text)
    assert not re.search(r"^::", text, re.MULTILINE)


def test_errors_are_sorted_by_file_and_place():
    with inside(BROKEN):
        text = report("48-include-broken")
    heads = [HEAD.fullmatch(line) for line in text.split("\n")]
    places = [(head["file"], int(head["line"])) for head in heads if head]
    assert places == sorted(places)
    assert len({file for file, _ in places}) == 3


def test_an_error_carries_its_problems():
    with pytest.raises(FileError) as raised:
        load(BROKEN / "01-units.yaml")
    paths = {problem.path for problem in raised.value.problems}
    assert ("issuers", "Pool", "outside", "loans") in paths


def test_a_missing_file_names_the_nearest():
    with inside(BROKEN), pytest.raises(FileError) as raised:
        load("01-unit.yaml")
    assert str(raised.value) == (
        "01-unit.yaml: error: no such file\n"
        "  help: did you mean 01-units.yaml?\n\n"
        "1 error in 01-unit.yaml"
    )


@pytest.mark.parametrize("name", ["", "x\0y", "a" * 5000, "."])
def test_a_name_that_is_no_file_is_an_error(name, tmp_path):
    with inside(tmp_path), pytest.raises(FileError):
        load(Path(name))
