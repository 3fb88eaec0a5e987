"""A result document as named figures, so that two of them can be compared figure by figure.

A row is named by what it is about, not by its place: ``layers/xUSD/economic_loss_usd``. Documents
that say the same in another order are equal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from looprisk.errors import ModelError, Problem
from looprisk.results.result_json import Json

Leaf = None | bool | int | float | str
Figures = Mapping[str, Leaf]
MISSING = "(not there)"
ANY = "any"

_NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "layers": ("id",),
    "waterfall": ("via", "claimant"),
    "at_start": ("of", "event"),
    "break_points": ("of", "event"),
    "events": ("of", "event"),
    "assumptions": ("input",),
    "causes": ("text",),
    "moves": ("verb", "target"),
    "verdicts": ("scenario", "name"),
    "curves": ("of",),
    "stages": ("name",),
}
_OF_A_LIST = "causes"
"""A map of lists, whose lists are named as it is."""


def figures(document: Json) -> dict[str, Leaf]:
    """Return every leaf of a document by its path.

    >>> figures({"layers": [{"id": "xUSD", "loss_usd": 1.0}], "status": "cleared"})
    {'layers/xUSD/id': 'xUSD', 'layers/xUSD/loss_usd': 1.0, 'status': 'cleared'}
    """
    return dict(_leaves(document, "", ""))


def _leaves(node: Json, path: str, key: str) -> Iterator[tuple[str, Leaf]]:
    if isinstance(node, dict):
        for name, item in node.items():
            yield from _leaves(item, _below(path, name), key if key == _OF_A_LIST else name)
    elif isinstance(node, list):
        seen: dict[str, int] = {}
        for place, item in enumerate(node):
            name = _name(item, key, place)
            seen[name] = seen.get(name, 0) + 1
            again = f"#{seen[name]}" if seen[name] > 1 else ""
            yield from _leaves(item, _below(path, name + again), "")
        if not node:
            yield path, "[]"
    else:
        yield path, node


def _below(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _name(item: Json, key: str, place: int) -> str:
    if not isinstance(item, dict) or key not in _NAMED_BY:
        return str(place)
    return " ".join(str(item.get(word, "")) for word in _NAMED_BY[key])


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that two documents have otherwise."""

    path: str
    before: Leaf
    after: Leaf

    def __str__(self) -> str:
        """Return ``layers/xUSD/loss_usd: 1.0, now 2.0``."""
        return f"{self.path}: {told(self.before)}, now {told(self.after)}"


def told(leaf: Leaf) -> str:
    """Return a figure as a document writes it."""
    if leaf is None or isinstance(leaf, bool):
        return {None: "null", True: "true", False: "false"}[leaf]
    return repr(leaf) if isinstance(leaf, float) else str(leaf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How far a figure may lie from the one that is expected."""

    absolute: float = 0.0
    relative: float = 0.0
    any_: bool = False
    """Whatever it is."""

    def holds(self, before: Leaf, after: Leaf) -> bool:
        """Return whether ``after`` lies within the room of ``before``."""
        if self.any_ or before == after:
            return True
        if not _is_number(before) or not _is_number(after):
            return False
        one, other = float(before or 0), float(after or 0)
        return abs(other - one) <= max(self.absolute, self.relative * abs(one))


def _is_number(leaf: Leaf) -> bool:
    return isinstance(leaf, int | float) and not isinstance(leaf, bool)


EXACTLY = Room()


def room(text: str) -> Room:
    """Return the tolerance that a text writes: ``0.01`` absolute, ``0.1%`` relative, ``any``.

    >>> room("0.1%"), room("any").any_
    (Room(absolute=0.0, relative=0.001, any_=False), True)
    """
    word = text.strip()
    if word == ANY:
        return Room(any_=True)
    try:
        number = float(word.removesuffix("%").replace("_", ""))
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        message = f"`{text}` is no tolerance"
        raise ModelError([Problem((), message, "write 0.01 (absolute), 0.1% (relative) or any")])
    return Room(relative=number / 100) if word.endswith("%") else Room(absolute=number)


def differences(
    before: Figures, after: Figures, rooms: Mapping[str, Room] | None = None
) -> Iterator[Difference]:
    """Yield every figure in which two documents differ, in the order of the first.

    ``rooms`` gives the tolerance of each field by a pattern, ``*_usd`` or ``layers/xUSD/*``; the
    longest that fits decides. Without one a figure must be the same to its last digit.
    """
    for path, leaf in before.items():
        if path not in after:
            if not _room_of(path, rooms).any_:
                yield Difference(path, leaf, MISSING)
        elif not _room_of(path, rooms).holds(leaf, after[path]):
            yield Difference(path, leaf, after[path])
    for path, leaf in after.items():
        if path not in before and not _room_of(path, rooms).any_:
            yield Difference(path, MISSING, leaf)


def _room_of(path: str, rooms: Mapping[str, Room] | None) -> Room:
    last = path.rpartition("/")[2]
    fitting = [
        pattern
        for pattern in rooms or ()
        if fnmatchcase(path, pattern) or fnmatchcase(last, pattern)
    ]
    return rooms[max(fitting, key=len)] if rooms and fitting else EXACTLY
