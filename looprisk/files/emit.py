"""Writing a system as a file: block style, one value a line, so that a diff names the value."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from looprisk.disk import replace_file
from looprisk.files.include import FORMATS
from looprisk.files.tree import Plain
from looprisk.model.system import System
from looprisk.model.vocabulary import TOP_KEYS

# what stands without quotes: no sign that YAML reads, and nothing an editor takes for a flag
_PLAIN = re.compile(
    r"[A-Za-z0-9$+./_\-](?:[^\x00-\x20\x7f-\xa0:#]|[:#](?=[^\s])|\x20(?=[^\s#]))*\Z"
)
_IN_LIST = re.compile(r"[A-Za-z0-9$+./_\-][A-Za-z0-9$+./_%@\-]*(?: [A-Za-z0-9$+./_%@\-]+)*\Z")
_TYPED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_STARTS_BADLY = re.compile(r"-(?=\s|\Z)|---|\.\.\.")
_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def save(system: System, path: str | Path) -> None:
    """Write ``system`` to ``path``; the file appears whole or not at all.

    Loading it gives an equal system. Comments of a file that was there are lost. Tables of accounts
    are not copied: they stay where the files that name them stand.
    """
    replace_file(Path(path), dump(system).encode())


def dump(system: System) -> str:
    """Return ``system`` as the text of a file."""
    return dump_parts(system.tree())


def dump_parts(parts: Mapping[str, Plain]) -> str:
    """Return parts as the text of a file: a whole system, or an overlay of one it includes."""
    tree: dict[str, Plain] = {"looprisk": FORMATS[-1], **parts}
    ordered = {key: tree[key] for key in sorted(tree, key=TOP_KEYS.index)}
    return "".join(f"{line}\n" for line in _map(ordered, 0))


def _map(tree: dict[str, Plain], depth: int) -> Iterator[str]:
    pad = "  " * depth
    for key, value in tree.items():
        name = f"{pad}{_word(key)}:"
        if isinstance(value, dict) and value:
            yield name
            yield from _map(value, depth + 1)
        elif isinstance(value, list) and not _short(value):
            yield name
            yield from _items(value, depth + 1)
        else:
            yield f"{name} {_inline(value)}"


def _items(items: list[Plain], depth: int) -> Iterator[str]:
    pad = "  " * depth
    for item in items:
        if isinstance(item, dict) and item:
            lines = _map(item, depth + 1)
            yield f"{pad}- {next(iter(lines)).lstrip()}"
            yield from lines
        elif isinstance(item, list) and not _short(item):
            yield f"{pad}-"
            yield from _items(item, depth + 1)
        else:
            yield f"{pad}- {_inline(item)}"


def _short(items: Iterable[Plain]) -> bool:
    """Return whether a list is one of words, or of lists of words, and stands on one line."""
    return all(
        _IN_LIST.match(item) is not None if isinstance(item, str) else _short(item)
        for item in items
        if not isinstance(item, dict)
    ) and not any(isinstance(item, dict) for item in items)


def _inline(value: Plain) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    if isinstance(value, dict):
        return "{}"
    return _word(value)


def _word(text: str) -> str:
    """Return a word as it stands in a file, in quotes where YAML would read it otherwise."""
    if (
        _PLAIN.match(text)
        and not _STARTS_BADLY.match(text)
        and not text.endswith(":")
        and text.lower() not in _TYPED
    ):
        return text
    return '"' + "".join(_ESCAPED.get(character) or _escape(character) for character in text) + '"'


def _escape(character: str) -> str:
    return character if character.isprintable() or character == " " else f"\\U{ord(character):08X}"
