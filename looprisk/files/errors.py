"""Faults of files, and how they are shown: the place, the line, what to type."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from looprisk.model.secrets import masked

SHOWN_FAULTS = 500
"""Faults written out in full; the count line always counts all of them."""

_LINE_WIDTH = 120
_NAME_WIDTH = 300
_MESSAGE_WIDTH = 600
_GUTTER = 6

# what moves the cursor, hides or reorders text: controls, formats, surrogates, line separators
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in one place of a file.

    ``line`` and ``column`` count from 0; ``line`` is None where the whole file is meant.
    ``width`` is the number of characters marked, at least one.
    """

    file: str
    message: str
    line: int | None = None
    column: int = 0
    width: int = 1
    help: str = ""


def clean(text: str, width: int = _MESSAGE_WIDTH) -> str:
    r"""Return ``text`` on one line, with nothing a terminal or a CI log would act on.

    Line breaks become spaces, every other control, format or private character the
    replacement character; longer text is cut at ``width``.

    >>> clean("a\nb\x1b[31m")
    'a b�[31m'
    """
    if not _PRINTABLE_ASCII.match(text):
        flat = text.replace("\r\n", " ").replace("\n", " ").replace("\t", " ")
        text = "".join(_visible(character) for character in flat)
    return text if len(text) <= width else text[: width - 1] + "…"


def display_name(name: str) -> str:
    """Return a file name as it is printed.

    A name that would start a command line of a CI runner gets the folder it is in.

    >>> display_name("::error::x.yaml")
    './::error::x.yaml'
    """
    shown = clean(name, _NAME_WIDTH)
    return f"./{shown}" if shown.startswith(":") else shown


def render(faults: Iterable[Fault], texts: Mapping[str, str], top: str) -> str:
    """Return all faults as text, sorted by file and place, and a line that counts them.

    ``texts`` holds the content of the files by name. ``top`` is the file that was asked for.
    """
    ordered = sorted(set(faults), key=_order)
    lines = {name: text.split("\n") for name, text in texts.items()}
    blocks = [_block(fault, lines.get(fault.file, ())) for fault in ordered[:SHOWN_FAULTS]]
    if len(ordered) > SHOWN_FAULTS:
        blocks.append(f"… and {len(ordered) - SHOWN_FAULTS:_} more\n")
    return "\n".join([*blocks, _count(ordered, top)])


def _order(fault: Fault) -> tuple[str, int, int, str]:
    return (fault.file, -1 if fault.line is None else fault.line, fault.column, fault.message)


def _count(faults: Sequence[Fault], top: str) -> str:
    files = sorted({fault.file for fault in faults})
    noun = "error" if len(faults) == 1 else "errors"
    if len(files) > 3:
        return f"{len(faults):_} {noun} in {len(files)} files"
    return f"{len(faults):_} {noun} in {', '.join(map(display_name, files or [top]))}"


def _block(fault: Fault, lines: Sequence[str]) -> str:
    name = display_name(fault.file)
    message = masked(clean(fault.message))
    if fault.line is None:
        head = [f"{name}: error: {message}"]
    else:
        place = f"{name}:{fault.line + 1}:{fault.column + 1}"
        source = masked(lines[fault.line].rstrip("\r")) if fault.line < len(lines) else ""
        shown, indent, width = _excerpt(source, fault.column, fault.width)
        head = [
            f"{place}: error: {message}",
            f"{fault.line + 1:>{_GUTTER}} | {shown}".rstrip(),
            f"{'':>{_GUTTER}} | {' ' * indent}{'^' * width}",
        ]
    if fault.help:
        head.append(f"  help: {masked(clean(fault.help))}")
    return "\n".join(head) + "\n"


def _excerpt(source: str, column: int, width: int) -> tuple[str, int, int]:
    """Return what is shown of a line, and where the mark stands under it, in terminal columns."""
    column = min(column, len(source))
    start, stop = _window(len(source), column, width)
    before = "".join(map(_visible, source[start:column]))
    marked = "".join(map(_visible, source[column : min(column + width, stop)]))
    after = "".join(map(_visible, source[column + len(marked) : stop]))
    head = "…" if start > 0 else ""
    tail = "…" if stop < len(source) else ""
    return head + before + marked + after + tail, _cells(head + before), max(1, _cells(marked))


def _window(length: int, column: int, width: int) -> tuple[int, int]:
    """Return the stretch of a long line to show: the marked place and what stands around it."""
    if length <= _LINE_WIDTH:
        return 0, length
    spare = max(0, _LINE_WIDTH - min(width, _LINE_WIDTH))
    start = max(0, min(column - spare // 2, length - _LINE_WIDTH))
    return start, min(length, start + _LINE_WIDTH)


def _visible(character: str) -> str:
    if character == "\t":
        return " "
    if unicodedata.category(character) in _HIDDEN_CATEGORIES:
        return "\N{REPLACEMENT CHARACTER}"
    return character


def _cells(text: str) -> int:
    """Return how many terminal columns a text takes; a Chinese character takes two.

    >>> _cells("a稳定")
    5
    """
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )
