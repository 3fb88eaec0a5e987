"""The files of one load: the one asked for, and what it includes, each once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path, PurePosixPath, PureWindowsPath

from looprisk.files.errors import Fault, clean
from looprisk.files.events import Budget, compose
from looprisk.files.source import MAX_BYTES, Source, UnreadableError, read_source
from looprisk.files.traps import shorten
from looprisk.files.tree import Items, Map, Node, Word, fault_at

MAX_INCLUDE_DEPTH = 8

FORMATS = ("1",)
"""Formats that are read: the number after `looprisk:`."""


@dataclass(slots=True)
class Documents:
    """What was read: the trees, what is included before what includes it, and what is wrong."""

    trees: list[Map] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    complete: bool = True
    """Every file named was read; else references may point into what is missing."""


def read_all(path: Path) -> Documents:
    """Return the file at ``path`` and everything it includes."""
    reader = _Reader()
    reader.read(path, path.as_posix(), None, ())
    return reader.found


class _Reader:
    """Reads files into one `Documents`, within one budget."""

    def __init__(self) -> None:
        self.found = Documents()
        self._budget = Budget()
        self._bytes = MAX_BYTES
        self._seen: set[Path] = set()

    def read(self, path: Path, name: str, asked: Word | None, above: tuple[Path, ...]) -> None:
        """Read one file after what it includes; ``asked`` is the word that names it."""
        try:
            source = read_source(path, name, self._bytes)
        except UnreadableError as error:
            self._unreadable(error, path, name, asked)
            return
        self.found.texts[name] = source.text
        self._bytes -= len(source.text)
        top, faults = compose(source, self._budget)
        self.found.faults.extend(faults)
        version = None if top is None else version_fault(top)
        if top is None or version is not None:
            self.found.faults.extend([version] if version else [])
            self.found.complete = False
            return
        real = Path(os.path.realpath(path))
        self._seen.add(real)
        self._include(top, source, (*above, real))
        self.found.trees.append(top)

    def _unreadable(
        self, error: UnreadableError, path: Path, name: str, asked: Word | None
    ) -> None:
        self.found.complete = False
        if error.text or asked is None:
            self.found.texts[name] = error.text
            advice = error.fault.help or ("" if error.text else _did_you_mean(path, path.name))
            self.found.faults.append(_with_help(error.fault, advice))
            return
        message = f"`{shorten(asked.text)}`: {error.fault.message}"
        nearest = _did_you_mean(path, asked.text)
        advice = error.fault.help or nearest or "name a file in the same folder or below"
        self.found.faults.append(fault_at(asked, message, advice))

    def _include(self, top: Map, source: Source, above: tuple[Path, ...]) -> None:
        node = top.values.get("include")
        if node is None:
            return
        listed: set[str] = set()
        for word in self._words(node):
            if word.text in listed:
                self._refuse(
                    word, f"`{shorten(word.text)}` is included twice", "keep one of the two"
                )
                continue
            listed.add(word.text)
            self._include_one(word, source, above)

    def _words(self, node: Node) -> Iterator[Word]:
        for item in node.items if isinstance(node, Items) else [node]:
            if isinstance(item, Word):
                if not item.hole:
                    yield item
                self.found.complete &= not item.hole
            else:
                message = "`include` takes the name of a file, or a list of names"
                self._refuse(item, message, "write include: base.yaml")

    def _include_one(self, word: Word, source: Source, above: tuple[Path, ...]) -> None:
        message, advice = bad_name(word.text)
        folder = source.path.parent
        target = folder / word.text
        if not message and not is_inside(target, folder):
            message = f"`{shorten(word.text)}` leads out of the folder by a link"
            advice = "put the file itself in the same folder or below"
        if message:
            self._refuse(word, message, advice)
            return
        real = Path(os.path.realpath(target))
        if real in above:
            circle = [*above[above.index(real) :], real]
            names = " → ".join(shorten(step.name) for step in circle)
            self._refuse(word, f"files include each other in a circle: {names}", "drop one of them")
        elif len(above) >= MAX_INCLUDE_DEPTH:
            message = f"files include each other more than {MAX_INCLUDE_DEPTH} deep"
            self._refuse(word, message, "include the files where they are needed")
        elif real not in self._seen:
            name = (PurePosixPath(source.name).parent / word.text).as_posix()
            self.read(target, name, word, above)

    def _refuse(self, node: Node, message: str, advice: str = "") -> None:
        self.found.complete = False
        self.found.faults.append(fault_at(node, message, advice))


def version_fault(top: Map) -> Fault | None:
    """Return what is wrong with the first key of a file: `looprisk: 1`, and nothing before it."""
    first = next(iter(top.keys.values()), None)
    given = top.values.get("looprisk")
    if given is None:
        message = "the first key of a file is `looprisk: 1`; it is missing"
        return fault_at(top if first is None else first, message, "add `looprisk: 1` above this")
    read = " and ".join(FORMATS)
    if not isinstance(given, Word) or given.text not in FORMATS:
        text = shorten(given.text) if isinstance(given, Word) else "a map or a list"
        message = f"format `{text}` is not read here; this version of looprisk reads {read}"
        newer = isinstance(given, Word) and given.text.isdecimal()
        advice = "install a newer looprisk" if newer else f"write `looprisk: {FORMATS[-1]}`"
        return fault_at(given, message, advice)
    if first is not None and first.text != "looprisk":
        advice = f"move it above `{shorten(first.text)}`"
        return fault_at(top.keys["looprisk"], "`looprisk: 1` is not the first key", advice)
    return None


def bad_name(
    text: str, copy: str = "include its copy", example: str = "base.yaml"
) -> tuple[str, str]:
    """Return what is wrong with the name of a file in this folder or below, and what to write."""
    shown = shorten(text)
    if "://" in text:
        return f"`{shown}`: no addresses on a network", f"download the file and {copy}"
    if "\\" in text:
        return (
            f"`{shown}`: folders are separated by /",
            f"write {shorten(text.replace(chr(92), '/'))}",
        )
    windows = PureWindowsPath(text)
    if text.startswith(("/", "~")) or windows.drive:
        return f"`{shown}` is not relative to this file", "name a file in the same folder or below"
    if ".." in PurePosixPath(text).parts:
        advice = "put the file in the same folder or below"
        return f"`{shown}` leads out of the folder of this file", advice
    if not text.strip() or clean(text) != text:
        return f"`{shown}` is no name of a file", f"write a name such as {example}"
    return "", ""


def is_inside(target: Path, folder: Path) -> bool:
    """Return whether ``target`` lies in ``folder`` or below, whatever links lead to it."""
    root = Path(os.path.realpath(folder))
    return Path(os.path.realpath(target)).is_relative_to(root)


def _did_you_mean(path: Path, written: str) -> str:
    try:
        names = sorted(entry.name for entry in path.parent.iterdir() if _is_yaml(entry))
    except OSError:
        return ""
    close = get_close_matches(path.name, names, n=1, cutoff=0.75)
    if not close:
        return ""
    return f"did you mean {(PurePosixPath(written).parent / close[0]).as_posix()}?"


def _is_yaml(path: Path) -> bool:
    return path.suffix in {".yaml", ".yml"}


def _with_help(fault: Fault, advice: str) -> Fault:
    return Fault(
        file=fault.file,
        message=fault.message,
        line=fault.line,
        column=fault.column,
        width=fault.width,
        help=advice,
    )
