"""How a fault is shown: the mark stands under its place, whatever the line holds."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looprisk.files.errors import SHOWN_FAULTS, Fault, clean, render


def cells(text):
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def shown(line, column, width=1):
    fault = Fault(file="x.yaml", message="wrong", line=0, column=column, width=width)
    _, source, mark = render([fault], {"x.yaml": line}, "x.yaml").split("\n")[:3]
    return source[9:], mark[9:]


def test_the_mark_stands_under_the_place():
    assert shown("a: {b: 3000}", 7, 4) == ("a: {b: 3000}", " " * 7 + "^^^^")


def test_a_wide_character_takes_two_columns():
    source, mark = shown("名: 稳定", 3, 2)
    assert (source, mark) == ("名: 稳定", " " * 4 + "^^^^")


def test_a_combining_character_takes_none():
    assert shown("e\u0301: x", 4)[1] == " " * 3 + "^"


def test_a_mark_never_runs_past_the_line():
    assert shown("ab", 1, 50) == ("ab", " ^")
    assert shown("ab", 9) == ("ab", "  ^")


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=400),
    st.integers(0, 420),
    st.integers(1, 420),
)
def test_any_line_is_shown_in_bounds(line, column, width):
    source, mark = shown(line, column, width)
    assert len(source) <= 122
    assert set(mark) <= {" ", "^"}
    assert mark.endswith("^")
    assert cells(mark) <= cells(source) + 1
    assert clean(source) == source


@given(st.integers(0, 299))
def test_a_long_line_is_cut_around_the_place(column):
    line = "".join(chr(ord("a") + index % 26) for index in range(300))
    source, mark = shown(line, column)
    assert source[len(mark) - 1] == line[column]


@given(st.text(max_size=300))
def test_cleaned_text_is_one_line_that_does_nothing(text):
    cleaned = clean(text)
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not any(unicodedata.category(one) in hidden for one in cleaned)
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("name", ["::error::x.yaml", "a\nb.yaml", "a\x1b[2Jb.yaml"])
def test_a_file_name_cannot_command_a_runner(name):
    text = render([Fault(file=name, message="no such file")], {}, name)
    assert not text.startswith("::")
    assert "\x1b" not in text
    assert text.count("\n") == 2


def test_many_faults_are_counted_and_not_all_shown():
    faults = [Fault(file="x.yaml", message=f"wrong {n}", line=n) for n in range(SHOWN_FAULTS + 7)]
    text = render(faults, {"x.yaml": ""}, "x.yaml")
    assert "… and 7 more" in text
    assert text.endswith(f"{SHOWN_FAULTS + 7} errors in x.yaml")
    assert text.count("error: wrong") == SHOWN_FAULTS


def test_the_same_fault_is_shown_once():
    faults = [Fault(file="x.yaml", message="wrong", line=0)] * 3
    assert render(faults, {"x.yaml": "a"}, "x.yaml").endswith("1 error in x.yaml")
