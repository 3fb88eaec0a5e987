"""The tree of texts that a file is, and how parts turn into it.

A tree is nested maps and lists of text. It is what files are merged in, what ``set`` writes
into, and what ``System.from_tree`` reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import TypeAlias

from looprisk.model.base import Model
from looprisk.model.fields import Word
from looprisk.model.issuers import Loan
from looprisk.model.series import SeriesName
from looprisk.model.tables import TableName
from looprisk.model.values import Reading, Value, decimal_text, exact, read, split_source
from looprisk.model.vocabulary import ABSENT

Path: TypeAlias = tuple[str, ...]
Node: TypeAlias = "str | list[Node] | dict[str, Node]"
Tree: TypeAlias = dict[str, Node]
Loose: TypeAlias = "str | float | Fraction | Value | list[Loose] | dict[str, Loose]"
"""A tree in which a value may already be read; what ``set`` passes on without rounding."""

FREE_TEXT = frozenset({"about", "title", "label", "note", "name"})
"""Keys whose text is for people, in which ``@`` is no source."""


_FIRST = ("label", "kind", "rules")
_LAST = ("depends_on", "tags", "address", "note", "source")


def dump(part: Model) -> dict[str, Loose]:
    """Return a part as a loose tree: only what was given, in the order of the language."""
    fields = type(part).model_fields
    between = (name for name in fields if name not in (*_FIRST, *_LAST))
    given: dict[str, Loose] = {}
    for name in (*_FIRST, *between, *_LAST):
        content = getattr(part, name) if name in fields else None
        if content is not None and _is_given(part, name, content):
            given[fields[name].alias or name] = _loose(content, name)
    return given


def _is_given(part: Model, name: str, content: object) -> bool:
    """Whether a field is worth writing: what is empty only where somebody wrote it so."""
    return content not in ({}, ()) or name in part.model_fields_set


def _loose(content: object, name: str = "") -> Loose:
    if isinstance(content, Value | TableName | SeriesName):
        return content
    if isinstance(content, Word):
        return f"{content} @{content.source}" if content.source else str(content)
    if isinstance(content, bool):
        return "true" if content else "false"
    if isinstance(content, Model):
        return dump(content)
    if isinstance(content, Mapping):
        return {str(key): _entry(str(key), item, name) for key, item in content.items()}
    if isinstance(content, tuple | list):
        return [_item(item, name) for item in content]
    if isinstance(content, Real | Decimal):
        return decimal_text(exact(content))
    return str(content)


def _entry(key: str, content: object, name: str) -> Loose:
    if name == "owes" and isinstance(content, Loan) and content.to == key:
        plain = dump(content)
        if set(plain) == {"to", "amount"}:
            return plain["amount"]
    return _loose(content)


def _item(content: object, name: str) -> Loose:
    if name == "pays" and isinstance(content, tuple) and len(content) == 1:
        return _loose(content[0])
    return _loose(content)


def texts(node: object) -> Node:
    """Return a loose tree as texts only."""
    if isinstance(node, Mapping):
        return {str(key): texts(item) for key, item in node.items()}
    if isinstance(node, list | tuple):
        return [texts(item) for item in node]
    if isinstance(node, Value):
        return str(node)
    if isinstance(node, Word):
        return f"{node} @{node.source}" if node.source else str(node)
    if isinstance(node, bool):
        return "true" if node else "false"
    if isinstance(node, Real | Decimal):
        return decimal_text(exact(node))
    return "" if node is None else str(node)


def in_words(node: object) -> str:
    """Return a part of a tree on one line, as a file holds it, without sources.

    >>> in_words([["debts @ours", "f"], "equity"]), in_words({"of": "f"})
    ('[[debts, f], equity]', '{of: f}')
    """
    if isinstance(node, Mapping):
        return "{" + ", ".join(f"{key}: {in_words(item)}" for key, item in node.items()) + "}"
    if isinstance(node, list | tuple):
        return f"[{', '.join(map(in_words, node))}]"
    return split_source(str(node))[0]


def leaves(node: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Yield every leaf of a tree with its path; list items by their position."""
    if isinstance(node, Mapping):
        for key, item in node.items():
            yield from leaves(item, (*path, str(key)))
    elif isinstance(node, list | tuple):
        for place, item in enumerate(node):
            yield from leaves(item, (*path, str(place)))
    else:
        yield path, node


def source_of(leaf: object) -> str | None:
    """Return the source written after a value or a word, if any."""
    if isinstance(leaf, Value | Word | Reading):
        return leaf.source
    return split_source(leaf)[1] if isinstance(leaf, str) else None


def takes_source(path: Path) -> bool:
    """Whether the leaf at ``path`` is a value, a word or a reference, and not text for people."""
    return path[-1] not in FREE_TEXT and path[-1] != "source" and "tags" not in path[-2:]


def provenance(tree: Mapping[str, object]) -> dict[Path, str | None]:
    """Return the source of each leaf below the sections of ``tree``; the nearest wins.

    ``None`` marks a leaf that no source covers, which counts as assumed.
    """
    found: dict[Path, str | None] = {}
    _collect(tree, (), None, found)
    return found


def _collect(node: object, path: Path, above: str | None, found: dict[Path, str | None]) -> None:
    if isinstance(node, Mapping):
        own = node.get("source")
        here = split_source(own)[0] if isinstance(own, str) else above
        for key, item in node.items():
            if (len(path), key) != (0, "sources"):
                _collect(item, (*path, str(key)), here, found)
    elif isinstance(node, list | tuple):
        for place, item in enumerate(node):
            _collect(item, (*path, str(place)), above, found)
    elif takes_source(path):
        found[path] = source_of(node) or above


def with_source(tree: Mapping[str, object], source: str) -> dict[str, object]:
    """Return ``tree`` with ``@source`` on each leaf that names none and lies under none.

    This is how the ``source`` of a file covers that file only, whatever includes it.
    """
    return {
        key: item if key in {"sources", "source"} else mark(item, (key,), source)
        for key, item in tree.items()
    }


def mark(node: object, path: Path, source: str) -> object:
    """Return ``node`` with ``source`` on each leaf that names none and lies under none."""
    if isinstance(node, Mapping):
        if "source" in node:
            return node
        return {key: mark(item, (*path, str(key)), source) for key, item in node.items()}
    if isinstance(node, list | tuple):
        return [mark(item, (*path, str(place)), source) for place, item in enumerate(node)]
    if not takes_source(path) or isinstance(node, bool) or source_of(node) is not None:
        return node
    if isinstance(node, Value):
        return replace(node, source=source)
    if isinstance(node, TableName):
        return TableName(node, source, node.accounts)
    if isinstance(node, SeriesName):
        return SeriesName(node, source, node.series)
    if isinstance(node, str):
        return f"{node} @{source}" if node and node != ABSENT else node
    if isinstance(node, Real | Decimal):
        return replace(read(node), source=source)
    return node
