"""The tree of a file: maps, lists and words of text, each with the place it was written."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from looprisk.files.errors import Fault

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"

_TO_LINE_END = 1_000_000


class Mark(Protocol):
    """A place in a text, as either parser gives it; all three count from 0."""

    index: int
    line: int
    column: int


@dataclass(slots=True, eq=False)
class Word:
    """A word of text; YAML never gives it a type."""

    text: str
    file: str
    start: Mark
    end: Mark
    quoted: bool = False
    """It stood in quotes or in a block of its own."""
    hole: bool = False
    """What stood here is reported already; nothing more is said of it."""


@dataclass(slots=True, eq=False)
class Map:
    """A map: under each key the key as written and the value, in the order written."""

    keys: dict[str, Word]
    values: dict[str, "Node"]
    file: str
    start: Mark
    end: Mark


@dataclass(slots=True, eq=False)
class Items:
    """A list."""

    items: list["Node"]
    file: str
    start: Mark
    end: Mark


Node: TypeAlias = Word | Map | Items


def plain(node: Node) -> Plain:
    """Return a tree as nested dicts, lists and texts, without places."""
    if isinstance(node, Word):
        return node.text
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.values.items()}


def find(root: Map, path: tuple[str, ...]) -> Node | None:
    """Return the node at a path of raw keys (list items by number), or None."""
    node: Node = root
    for step in path:
        below = _step(node, step)
        if below is None:
            return None
        node = below
    return node


def place(root: Map, path: tuple[str, ...], *, on_key: bool) -> Node | None:
    """Return the node to mark for a problem at ``path``: its key or its value.

    Where the path ends in what is not there, the deepest key that is there stands for it.
    None means that something on the way is reported already.
    """
    node: Node = root
    key: Node | None = None
    for step in path:
        below = _step(node, step)
        if below is None:
            on_key = True
            break
        key = node.keys[step] if isinstance(node, Map) else None
        node = below
        if isinstance(node, Word) and node.hole:
            return None
    if key is None:
        return node
    return key if on_key or node.start.line != node.end.line else node


def spanning(file: str, start: Mark, end: Mark, message: str, advice: str = "") -> Fault:
    """Return a fault that marks what stands from ``start`` to ``end``, or its first line."""
    return Fault(
        file=file,
        line=start.line,
        column=start.column,
        width=end.column - start.column if start.line == end.line else _TO_LINE_END,
        message=message,
        help=advice,
    )


def fault_at(node: Node, message: str, advice: str = "") -> Fault:
    """Return a fault that marks ``node``; of a block of lines, its first key."""
    if isinstance(node, Map) and node.start.line != node.end.line:
        first = next((key for key in node.keys.values() if key.file == node.file), None)
        if first is not None:
            return spanning(node.file, first.start, first.end, message, advice)
    return spanning(node.file, node.start, node.end, message, advice)


def _step(node: Node, step: str) -> Node | None:
    if isinstance(node, Map):
        return node.values.get(step)
    if isinstance(node, Items) and step.isdecimal() and int(step) < len(node.items):
        return node.items[int(step)]
    return None
