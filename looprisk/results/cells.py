"""Text measured in terminal cells: wide letters take two, combining marks none."""

import math
import unicodedata
from dataclasses import dataclass

from looprisk.results.names import for_log

_PLAIN = {
    "\u2212": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2026": "...",
    "\u2500": "-",
    "\u2501": "=",
    "\u00b7": "|",
    "\u2192": "->",
    "\u00d7": "x",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
}
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_LONGEST_WORD_SHARE = 0.6  # head of a shortened name; the tail of a token name matters as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What the reader's terminal can show."""

    width: int = 80
    color: bool = False
    unicode: bool = True

    @property
    def ellipsis(self) -> str:
        """The mark of an omission."""
        return "\u2026" if self.unicode else "..."

    @property
    def rule(self) -> str:
        """The letter of a horizontal rule."""
        return "\u2500" if self.unicode else "-"

    @property
    def bar(self) -> str:
        """The letter of the broken stretch of a ladder."""
        return "\u2501" if self.unicode else "="

    def show(self, text: str) -> str:
        """Return ``text`` in letters that the terminal has."""
        return text if self.unicode else ascii_only(text)

    def paint(self, text: str, style: str) -> str:
        """Return ``text`` in one of the named colours, if colours are on and a style is given."""
        if not self.color or not style or not text.strip():
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def ascii_only(text: str) -> str:
    """Return ``text`` in ASCII, letter by letter where no plain letter exists.

    >>> ascii_only("−0.8 pp… é 漢")
    '-0.8 pp... e ??'
    """
    replaced = "".join(_PLAIN.get(letter, letter) for letter in text)
    parts: list[str] = []
    for letter in unicodedata.normalize("NFKD", replaced):
        if letter.isascii():
            parts.append(letter)
        else:
            parts.append("?" * _cells(letter))
    return "".join(parts)


def _cells(letter: str) -> int:
    if letter.isascii():
        return 1
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"} or "\u1160" <= letter <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def cells(text: str) -> int:
    r"""Return the width of ``text`` in terminal cells.

    >>> cells("xUSD"), cells("漢字"), cells("e\u0301")
    (4, 4, 1)
    """
    return len(text) if text.isascii() else sum(_cells(letter) for letter in text)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return ``text`` filled with blanks to ``width`` cells, on the left if ``right``."""
    blanks = " " * max(0, width - cells(text))
    return blanks + text if right else text + blanks


def fit(text: str, width: int, ellipsis: str = "\u2026") -> str:
    """Return ``text``, or both its ends if it is wider than ``width`` cells.

    >>> fit("Other lenders, not in the map", 27)
    'Other lenders, n…in the map'
    """
    if cells(text) <= width:
        return text
    room = width - cells(ellipsis)
    if room < 1:
        return _head(text, width)
    if width < 9:
        return _head(text, room) + ellipsis
    tail = room - math.ceil(_LONGEST_WORD_SHARE * room)
    return _head(text, room - tail) + ellipsis + _tail(text, tail)


def _head(text: str, width: int) -> str:
    used = 0
    for index, letter in enumerate(text):
        used += _cells(letter)
        if used > width:
            return text[:index]
    return text


def _tail(text: str, width: int) -> str:
    used, start = 0, len(text)
    for index in range(len(text) - 1, -1, -1):
        used += _cells(text[index])
        if used > width:
            break
        # a mark belongs to the letter before it: never start with one
        if _cells(text[index]) > 0:
            start = index
    return text[start:]


def wrap(text: str, width: int, indent: str = "  ") -> list[str]:
    """Return ``text`` as lines of at most ``width`` cells, broken at spaces.

    Every line but the first starts with ``indent``; a word wider than a line is cut.

    >>> wrap("layers overlap: do not add", 16)
    ['layers overlap:', '  do not add']
    """
    lines: list[str] = []
    line, margin = "", ""
    for word in text.split():
        rest = word
        if line and cells(line) + 1 + cells(rest) <= width - len(margin):
            line += " " + rest
            continue
        if line:
            lines.append(margin + line)
            margin = indent
        while cells(rest) > width - len(margin):
            piece = _head(rest, width - len(margin)) or rest[0]
            lines.append(margin + piece)
            margin, rest = indent, rest[len(piece) :]
        line = rest
    if line:
        lines.append(margin + line)
    return [for_log(item) for item in lines]
