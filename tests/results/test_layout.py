import pytest
from hypothesis import given
from hypothesis import strategies as st

from looprisk.results.cells import Screen, ascii_only, cells, fit, pad, wrap
from looprisk.results.layout import TextColumn, lay_out, prose

wide = st.text(alphabet="ab 漢字é\u0301Ａ-/", max_size=60)


@given(wide, st.integers(1, 40))
def test_a_shortened_name_fits(text, width):
    short = fit(text, width)
    assert cells(short) <= width
    assert short == text or cells(text) > width


@given(st.text(alphabet="abcdef ", min_size=30, max_size=60), st.integers(9, 29))
def test_a_shortened_name_keeps_both_ends(text, width):
    head, tail = fit(text, width).split("…")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + 1 + len(tail) == width
    assert len(head) >= len(tail) > 0


def test_very_short_names_keep_their_head():
    assert fit("deUSD/USDC", 6) == "deUSD…"
    assert fit("deUSD/USDC", 2, "...") == "de"
    assert fit("漢字漢字", 4) == "漢…"


@given(wide, st.integers(4, 40))
def test_wrapped_lines_fit_and_lose_nothing(text, width):
    lines = wrap(text, width)
    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_padding_counts_cells():
    assert pad("漢", 4) == "漢  "
    assert pad("e\u0301", 3, right=True) == "  e\u0301"
    assert cells(pad("漢字é", 9)) == 9


@given(st.text(max_size=30))
def test_ascii_is_ascii(text):
    assert ascii_only(text).isascii()


def _columns(**changes):
    texts = ("a rather long name of forty letters, or so",)
    return [
        TextColumn(header=("name",), texts=texts, flexible=True),
        TextColumn(header=("second",), texts=("optional two",), leaves=2),
        TextColumn(header=("first",), texts=("optional one",), leaves=1),
        TextColumn(header=("figure",), texts=("170.00",), right=True),
    ]


@pytest.mark.parametrize(
    ("width", "heads"),
    [
        (80, ["name", "second", "first", "figure"]),
        (62, ["name", "second", "first", "figure"]),
        (61, ["name", "second", "figure"]),
        (47, ["name", "figure"]),
        (17, ["name", "figure"]),
    ],
)
def test_optional_columns_leave_before_the_name_gets_short(width, heads):
    lines = lay_out(_columns(), Screen(width=width))
    assert lines[0].split() == heads
    assert all(cells(line) <= width for line in lines)


def test_where_no_table_fits_each_row_is_a_paragraph():
    lines = lay_out(_columns(), Screen(width=16))
    assert lines[0].startswith("name a rather")
    assert all(cells(line) <= 16 for line in lines)


def test_prose_in_the_last_column_runs_on_under_itself():
    columns = [
        TextColumn(header=("n",), texts=("1", "2")),
        TextColumn(header=("because",), texts=("one two three four five six", "x"), wraps=True),
    ]
    assert lay_out(columns, Screen(width=24)) == [
        "n  because",
        "─  ─────────────────────",
        "1  one two three four",
        "   five six",
        "2  x",
    ]


def test_prose_is_cleaned_and_indented():
    assert prose("one\x1b[31m two\nthree", Screen(width=9)) == ["one[31m", "  two", "  three"]
