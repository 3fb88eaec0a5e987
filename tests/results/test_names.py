import csv
import io
import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looprisk.results.names import (
    clean,
    for_csv,
    for_html,
    for_log,
    for_markdown,
    mixes_scripts,
    shown,
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("xUSD", "xUSD"),
        ("a\tb\r\nc\u2028d\u00a0e", "a b c d e"),
        ("\x1b]8;;http://evil\x07link\x1b]8;;\x07", "]8;;http://evillink]8;;"),
        ("\x9b31mred", "31mred"),
        ("\u202eCDSU\u2066", "CDSU"),
        ("U\u200bS\u200dD\ufeffC\u00ad", "USDC"),
        ("\u3164\u2800\u115f", ""),
        ("z" + "\u0301" * 40, "z\u0301\u0301\u0301"),
        ("\u0301\u0301start", "start"),
        ("\U000e0041tag\ufe0f", "tag"),
        ("\ud800", ""),
        ("  sdeUSD  /  USDC ", "sdeUSD / USDC"),
        ("漢字 é", "漢字 é"),
    ],
)
def test_clean_takes_what_acts_and_leaves_what_is_read(raw, expected):
    assert clean(raw) == expected


@pytest.mark.parametrize(
    ("name", "mixed"),
    [
        ("xUSD", False),
        ("sUSDe/USDC (Morpho, 91.5%)", False),
        ("ՍЅDС", True),  # Armenian, Cyrillic and Latin
        ("USDС", True),  # the last letter is Cyrillic
        ("𝐔SDC", True),
        ("ＵSDC", True),
        ("λUSD", True),
        ("スターUSD漢字", False),
        ("Финанс", False),
        ("123 %", False),
    ],
)
def test_mixed_scripts_are_marked(name, mixed):
    assert mixes_scripts(name) is mixed
    assert shown(name).endswith(" [mixed script]") is mixed


def test_a_name_of_nothing_says_so():
    assert shown("") == shown(" \t") == shown("\u200b") == "(no name)"


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text):
    once = clean(text)
    assert clean(once) == once
    assert once == once.strip()
    forbidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not any(unicodedata.category(letter) in forbidden for letter in once)


@given(st.one_of(st.text(), st.text(alphabet="=+-@\t:'a")))
def test_a_spreadsheet_never_finds_a_formula(text):
    out = io.StringIO()
    csv.writer(out).writerow([for_csv(text)])
    (row,) = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r", "::"))
    assert row[0].removeprefix("'") == text.removeprefix("'") or row[0] == text


@given(st.text())
def test_html_comes_back_as_the_same_text_and_nothing_else(text):
    class Reader(HTMLParser):
        def __init__(self):
            super().__init__(convert_charrefs=True)
            self.texts, self.tags = [], []

        def handle_starttag(self, tag, attrs):
            self.tags.append(tag)

        def handle_data(self, data):
            self.texts.append(data)

    reader = Reader()
    reader.feed(f"<td>{for_html(text)}</td>")
    reader.close()
    assert reader.tags == ["td"]
    assert "".join(reader.texts) == text


@given(st.text(alphabet="ab|`<>@#[]()*_~$&\\ :/w.!"))
def test_markdown_keeps_no_letter_that_does_something(text):
    escaped = for_markdown(text)
    bare = re.sub(r"\\[\\|`*_~\[\]]", "", escaped)
    bare = re.sub(r"&(amp|lt|gt|#\d+);", "E", bare)
    assert not set(bare) & set("|`<>@#*_~$[]\\&")
    assert "://" not in escaped
    assert "www." not in escaped


@given(st.text(alphabet=" :a#[v"))
def test_no_line_is_a_command(line):
    safe = for_log(line)
    assert not safe.lstrip().startswith("::")
    assert "##[" not in safe
    assert len(safe) == len(line)
