"""Names from files and chains, made safe to show.

Nobody vouches for a token's name. It may hold escape codes, direction marks, letters of a
second alphabet that look like the first, or the syntax of the page it lands on. ``clean`` and
``shown`` deal with what is true everywhere; one escape per output format deals with the rest.
"""

import html
import re
import unicodedata

NO_NAME = "(no name)"
MIXED = " [mixed script]"

# blank letters that Unicode files under letters, marks and symbols
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SELECTORS = ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_DROPPED = frozenset({"Cf", "Cs", "Co", "Cn"})
_SPACES = frozenset({"Zs", "Zl", "Zp"})
_EAST_ASIAN = frozenset(
    {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "BOPOMOFO", "HANGUL", "IDEOGRAPHIC"}
)
_MOST_MARKS = 3
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_COMMAND_START = "::"  # a CI runner reads the log line by line
_MARKDOWN = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "@": "&#64;",
        "#": "&#35;",
        "$": "&#36;",
        **{mark: "\\" + mark for mark in "\\|`*_~[]"},
    }
)


def clean(text: str) -> str:
    r"""Return ``text`` without anything that acts on the page instead of being read.

    Line breaks and tabs become spaces, runs of spaces one space. Controls, escape codes, marks
    of direction, zero-width and blank letters go; so do marks piled on one letter.

    >>> clean("USD\u202eC\n\x1b[31m pool")
    'USDC [31m pool'
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept: list[str] = []
    marks = _MOST_MARKS  # a mark without a letter would sit on the neighbouring column
    for letter in text:
        category = unicodedata.category(letter)
        if letter.isspace() or category in _SPACES:
            kept.append(" ")
            marks = _MOST_MARKS
        elif category == "Cc" or category in _DROPPED or _is_blank(letter):
            continue
        elif category in {"Mn", "Me"}:
            if marks < _MOST_MARKS:
                kept.append(letter)
                marks += 1
        else:
            kept.append(letter)
            marks = 0
    return " ".join("".join(kept).split())


def _is_blank(letter: str) -> bool:
    code = ord(letter)
    return letter in _BLANKS or any(low <= code <= high for low, high in _SELECTORS)


def shown(name: str) -> str:
    r"""Return the name as a reader sees it: clean, never empty, marked if it mixes scripts.

    >>> shown("US\u0405C"), shown(" ")
    ('USЅC [mixed script]', '(no name)')
    """
    cleaned = clean(name)
    if not cleaned:
        return NO_NAME
    return cleaned + MIXED if mixes_scripts(cleaned) else cleaned


def mixes_scripts(name: str) -> bool:
    """Tell whether letters of two alphabets meet in one name; East Asian scripts may mix."""
    scripts = {_script(letter) for letter in name if letter.isalpha()}
    return len(scripts - _EAST_ASIAN) > 1


def _script(letter: str) -> str:
    # fullwidth and mathematical letters count as scripts of their own: they are look-alikes too
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]


def for_markdown(text: str) -> str:
    r"""Return ``text`` so that a Markdown page shows it and does nothing else with it.

    >>> for_markdown("a|b <b> @team #1")
    'a\\|b &lt;b&gt; &#64;team &#35;1'
    """
    escaped = text.translate(_MARKDOWN)
    return escaped.replace("://", "&#58;//").replace("www.", "www&#46;")


def for_html(text: str) -> str:
    """Return ``text`` with the letters of HTML markup escaped, also inside attributes."""
    return html.escape(text, quote=True)


def for_csv(text: str) -> str:
    """Return ``text`` so that a spreadsheet and a CI runner read it as text and never obey it.

    >>> for_csv("=HYPERLINK(1)"), for_csv("xUSD")
    ("'=HYPERLINK(1)", 'xUSD')
    """
    return "'" + text if text.startswith((*_FORMULA_STARTS, _COMMAND_START)) else text


def for_log(line: str) -> str:
    """Return a line that a CI runner does not take for a command of its own.

    Runners obey a line that starts with ``::`` and any ``##[``.

    >>> for_log("  ::error::boo")
    '  :.error::boo'
    """
    return re.sub(r"##(?=\[|vso)", "#.", re.sub(r"^(\s*)::", r"\1:.", line))
