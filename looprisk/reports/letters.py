"""Text measured before it is placed, and names shortened to the room they have.

Widths are those of Helvetica, two percent added, so that the browser's own font fits too.
"""

import json
import unicodedata
from functools import cache
from importlib.resources import files

_SAFETY = 1.02
_OTHER = 640
_WIDE = 1000
_LEAST_KEPT = 9


@cache
def _widths() -> dict[str, tuple[int, int]]:
    text = files("looprisk.reports").joinpath("widths.json").read_text(encoding="utf-8")
    return {letter: (plain, bold) for letter, (plain, bold) in json.loads(text)["of"].items()}


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide a text is at a font size, in the unit of the size.

    >>> round(width("xUSD", 12), 1)
    32.0
    """
    return sum(_letter(letter, bold=bold) for letter in text) * size * _SAFETY / 1000


def _letter(letter: str, *, bold: bool) -> int:
    known = _widths().get(letter)
    if known is not None:
        return known[bold]
    if unicodedata.category(letter) in {"Mn", "Me"}:
        return 0
    return _WIDE if unicodedata.east_asian_width(letter) in {"W", "F"} else _OTHER


def fit(name: str, room: float, size: float, *, bold: bool = False) -> str:
    """Return a name whole, its first word, both its ends, or nothing: the most that fits.

    >>> fit("Plume xUSD/USDC", 70, 12, bold=True), fit("wrapped-restaked-weETH", 90, 12)
    ('Plume…', 'wrappe…eETH')
    """
    if width(name, size, bold=bold) <= room:
        return name
    first = name.split(" ", 1)[0] + "…"
    if 3 < len(first) < len(name) and width(first, size, bold=bold) <= room:
        return first
    for kept in range(len(name) - 1, _LEAST_KEPT - 1, -1):
        tail = kept * 2 // 5
        short = name[: kept - tail].rstrip() + "…" + name[len(name) - tail :].lstrip()
        if width(short, size, bold=bold) <= room:
            return short
    return ""


def ends(name: str, room: float, size: float, *, bold: bool = False) -> str:
    """Return a name that must be named: both its ends, down to its first letters."""
    fitted = name if width(name, size, bold=bold) <= room else _middle(name, room, size, bold=bold)
    for kept in range(len(name), 0, -1):
        if fitted:
            break
        short = name[:kept] + "…"
        fitted = short if width(short, size, bold=bold) <= room else ""
    return fitted or "…"


def _middle(name: str, room: float, size: float, *, bold: bool) -> str:
    for kept in range(len(name) - 1, _LEAST_KEPT - 1, -1):
        tail = kept * 2 // 5
        short = name[: kept - tail].rstrip() + "…" + name[len(name) - tail :].lstrip()
        if width(short, size, bold=bold) <= room:
            return short
    return ""


def lines(text: str, room: float, size: float, *, bold: bool = False, most: int = 2) -> list[str]:
    """Return prose in lines of about the same length, the last cut if ``most`` is not enough."""
    if width(text, size, bold=bold) <= room:
        return [text]
    for count in range(2, most + 1):
        found = _balanced(text, room, size, bold=bold, count=count)
        if found:
            return found
    kept = _greedy(text.split(" "), room, size, bold=bold)[:most]
    kept[-1] = _cut(kept[-1] + "…", room, size, bold=bold)
    return [_cut(line, room, size, bold=bold) for line in kept]


def _balanced(text: str, room: float, size: float, *, bold: bool, count: int) -> list[str]:
    words = text.split(" ")
    least = width(text, size, bold=bold) / count
    for step in range(41):
        narrow = least + (room - least) * step / 40
        found = _greedy(words, narrow, size, bold=bold)
        if len(found) <= count and all(width(x, size, bold=bold) <= room for x in found):
            return found
    return []


def _greedy(words: list[str], room: float, size: float, *, bold: bool) -> list[str]:
    found: list[str] = []
    for word in words:
        longer = f"{found[-1]} {word}" if found else word
        if found and width(longer, size, bold=bold) <= room:
            found[-1] = longer
        else:
            found.append(word)
    return found


def _cut(text: str, room: float, size: float, *, bold: bool) -> str:
    if width(text, size, bold=bold) <= room:
        return text
    kept = len(text)
    while kept and width(text[:kept] + "…", size, bold=bold) > room:
        kept -= 1
    return text[:kept].rstrip() + "…"


def name_lines(name: str, room: float, size: float, *, bold: bool = False) -> list[str]:
    """Return a name in at most two lines, broken at a blank, a slash or a hyphen."""
    if width(name, size, bold=bold) <= room:
        return [name]
    breaks = [i + 1 for i, letter in enumerate(name[:-1]) if letter in " /-"]
    for at in sorted(breaks, key=lambda i: abs(2 * i - len(name))):
        parts = [name[:at].rstrip(), name[at:]]
        if all(width(part, size, bold=bold) <= room for part in parts):
            return parts
    return [ends(name, room, size, bold=bold)]
