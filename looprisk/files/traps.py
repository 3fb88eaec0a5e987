"""What YAML reads differently from what was meant: commas, comments and colons in a text."""

import re

from looprisk.files.errors import Fault
from looprisk.files.tree import Mark, Word, spanning

_COMMENT = re.compile(r"[ \t]+#(?=[0-9A-Za-z])")
_SOMEWHERE = re.compile(r"[ \t]#(?=[0-9A-Za-z])")
"""One space will do: a search that starts anew at each of many takes their square."""
_GROUPED = re.compile(r"[+\-]?\$?[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")
_QUOTABLE = 60

COMMENT_IN_TEXT = "a # after a space starts a comment: the text ends before it"


def shorten(text: str, width: int = 60) -> str:
    """Return a text cut to ``width`` characters, for a message that quotes it."""
    return text if len(text) <= width else text[: width - 1] + "…"


class Comments:
    """Finds comments that may have been meant as text: a space, a #, and a word or a number."""

    def __init__(self, text: str) -> None:
        """Index ``text``; most files have no such place."""
        self._lines = text.split("\n") if _SOMEWHERE.search(text) else []
        self.lines = frozenset(
            number for number, line in enumerate(self._lines) if _SOMEWHERE.search(line)
        )

    def fault(self, start: Mark, end: Mark, file: str) -> Fault | None:
        """Return the fault of a word that ends at ``end``, where such a comment follows it."""
        if end.line not in self.lines or not _COMMENT.match(self._lines[end.line], end.column):
            return None
        advice = "quote the text, or write `# ` with a space for a comment"
        return spanning(file, start, end, COMMENT_IN_TEXT, advice)


def colon_in_key(key: Word) -> tuple[Fault, str, str] | None:
    """Return the fault of a key such as ``lltv:86%``, and the key and value that were meant."""
    name, colon, value = key.text.partition(":")
    if key.quoted or not (colon and name and value):
        return None
    message = f"`{shorten(key.text)}` is a key without a value"
    advice = f"put a space after the colon: `{shorten(name)}: {shorten(value)}`"
    return spanning(key.file, key.start, key.end, message, advice), name, value


def without_value(key: Word, *, alone: bool) -> Fault:
    """Return the fault of a key without a value; ``alone`` where it has no colon either."""
    if alone:
        advice = f"write `{shorten(key.text)}: …`; a list of names stands in [ ]"
    else:
        advice = "write a value (`unknown` if nobody knows it), or take the key out"
    message = f"`{shorten(key.text)}` has no value"
    return spanning(key.file, key.start, key.end, message, advice)


def cut_by_comma(text: str, last: str, before: Word, bare: list[Word]) -> tuple[Fault, Word]:
    """Return the fault of a value that a comma cut, and the value that was meant.

    ``before`` is the value of the key ``last``, ``bare`` the keys without a value that follow.
    """
    joined = text[before.start.index : bare[-1].end.index]
    whole = Word(joined, before.file, before.start, bare[-1].end, quoted=True)
    if _GROUPED.match(joined):
        whole.text = joined.replace(",", "_")
        message = f"`{shorten(joined)}`: inside {{ }} a comma ends a value"
        advice = f"digits group with _: write {shorten(whole.text)}"
        return spanning(before.file, before.start, whole.end, message, advice), whole
    message = f"unknown key `{shorten(bare[0].text)}`"
    advice = "a comma ends a value inside { }: quote the text before it, or drop the comma"
    if '"' not in joined and len(joined) <= _QUOTABLE and "\n" not in joined:
        advice = f'a comma ends a value inside {{ }}: quote the text, {last}: "{joined}"'
    return spanning(before.file, bare[0].start, bare[0].end, message, advice), whole
