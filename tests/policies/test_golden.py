"""What diff and verify print, as it was looked at."""

import unicodedata

import pytest

from tests.policies.golden_texts import DIFF, FOLDER, GOLDEN


@pytest.mark.parametrize("name", GOLDEN)
def test_terminal_output_is_the_golden_one(name):
    text, to = GOLDEN[name]
    told = text(to)
    assert told == (FOLDER / name).read_text(encoding="utf-8")
    if not to.color:
        assert all(len(line) <= to.width for line in told.splitlines())
    if not to.unicode:
        assert told.isascii()
    assert not {c for c in told if unicodedata.category(c) == "Cf"}


def test_a_comment_is_the_golden_one():
    assert DIFF.to_markdown() == (FOLDER / "diff.md").read_text(encoding="utf-8")
