"""Several files made one tree: maps merge, what is unknown is filled, `set` replaces."""

from collections import Counter

from looprisk.files.errors import Fault
from looprisk.files.traps import shorten
from looprisk.files.tree import Items, Map, Node, Word, fault_at
from looprisk.model.tree import takes_source
from looprisk.model.values import split_source
from looprisk.model.vocabulary import ABSENT, SECTIONS

Path = tuple[str, ...]

OWN_KEYS = frozenset({"looprisk", "name", "about", "include", "source", "set"})
"""Keys that say something of the file they stand in and are not merged."""

_PARTS = frozenset(SECTIONS)


def merge(base: Map, over: Map, faults: list[Fault], path: Path = ()) -> Map:
    """Return ``base`` completed by ``over``; what both give is among ``faults``.

    Only the value `unknown` is replaced.
    """
    keys, values = dict(base.keys), dict(base.values)
    for key, value in over.values.items():
        given = values.get(key)
        if given is None or _is_unknown(given):
            keys[key], values[key] = over.keys[key], value
        elif isinstance(given, Map) and isinstance(value, Map):
            values[key] = merge(given, value, faults, (*path, key))
        elif not (isinstance(value, Word) and value.hole):
            faults.append(_given_twice((*path, key), given, value))
    return Map(keys, values, base.file, base.start, base.end)


def _is_unknown(node: Node) -> bool:
    return isinstance(node, Word) and (node.hole or node.text.split(" ", 1)[0] == "unknown")


def _given_twice(path: Path, given: Node, value: Node) -> Fault:
    shown = "/".join(path[1:] if path[0] in _PARTS else path)
    place = f"{given.file}:{given.start.line + 1}"
    message = f"`{shorten(shown, 120)}` already has a value ({place})"
    advice = "an overlay fills what is `unknown`; to replace a value name it under `set:`"
    return fault_at(value, message, advice)


def spread_sources(trees: list[Map]) -> None:
    """Write the source that covers each file on its values that name no other.

    With several files there is no source of the whole: it is written on each part of a file,
    or on the single values of a part that other files share, so that none covers what another
    file says.
    """
    owners = Counter(
        (section, key)
        for top in trees
        for section in _PARTS & top.values.keys()
        for key in _entries(top.values[section])
    )
    for top in trees:
        word = top.values.get("source")
        if not isinstance(word, Word) or word.hole:
            continue
        for section in _PARTS & top.values.keys():
            for key, part in _entries(top.values[section]).items():
                if owners[section, key] == 1:
                    _cover_part(part, word, top.keys["source"])
                else:
                    _cover_values(part, word.text, (section, key))
        for scenario in _entries(top.values.get("scenarios")).values():
            _cover_part(scenario, word, top.keys["source"])
            cover_changes(scenario, word.text)


def own_source(top: Map) -> str | None:
    """Return the source that covers a file."""
    word = top.values.get("source")
    return word.text if isinstance(word, Word) and not word.hole else None


def _entries(node: Node | None) -> dict[str, Node]:
    return node.values if isinstance(node, Map) else {}


def _cover_part(part: Node, source: Word, key: Word) -> None:
    if isinstance(part, Map) and "source" not in part.values:
        part.keys["source"], part.values["source"] = key, source


def cover_changes(holder: Node, source: str) -> None:
    """Cover the values of the `set` of a file or a scenario."""
    given = holder.values.get("set") if isinstance(holder, Map) else None
    for key, value in _entries(given).items():
        if not is_absent(value):
            _cover_values(value, source, ("set", *key.split("/")))


def is_absent(value: Node) -> bool:
    """Return whether a `set` takes away what stands there."""
    return isinstance(value, Word) and split_source(value.text)[0] == ABSENT


def _cover_values(node: Node, source: str, path: Path) -> None:
    if isinstance(node, Word):
        if not node.hole and takes_source(path) and split_source(node.text)[1] is None:
            node.text = f"{node.text} @{source}"
    elif isinstance(node, Items):
        for position, item in enumerate(node.items):
            _cover_values(item, source, (*path, str(position)))
    elif "source" not in node.values:
        for key, value in node.values.items():
            _cover_values(value, source, (*path, key))


def replaced(root: Map, path: Path, key: Word, value: Node | None) -> Map:
    """Return a tree with ``value`` at ``path``, written where ``key`` stands; None removes it.

    Only the maps and lists on the way are copied; ``path`` exists up to its last step.
    """
    keys, values = dict(root.keys), dict(root.values)
    step, rest = path[0], path[1:]
    if rest:
        values[step] = _replaced_below(values[step], rest, key, value)
    elif value is None:
        keys.pop(step, None)
        values.pop(step, None)
    else:
        keys[step], values[step] = key, value
    return Map(keys, values, root.file, root.start, root.end)


def _replaced_below(node: Node, path: Path, key: Word, value: Node | None) -> Node:
    if isinstance(node, Map):
        return replaced(node, path, key, value)
    if not isinstance(node, Items):
        return node
    items, position = list(node.items), int(path[0])
    if len(path) > 1:
        items[position] = _replaced_below(items[position], path[1:], key, value)
    elif value is None:
        del items[position]
    else:
        items[position] = value
    return Items(items, node.file, node.start, node.end)
