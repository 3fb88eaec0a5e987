"""A reader of YAML events that builds the tree of a file.

Every word stays text. Tags, anchors, aliases, repeated keys and further documents are refused,
depth and size are bounded, and what YAML reads differently from what was meant is named. A place
that is refused is repaired as it was meant, where that is clear, so that the rest of the file is
still checked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import yaml
from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from looprisk.files.errors import Fault
from looprisk.files.faults import syntax_fault
from looprisk.files.source import HIDDEN, Source
from looprisk.files.traps import (
    COMMENT_IN_TEXT,
    Comments,
    colon_in_key,
    cut_by_comma,
    shorten,
    without_value,
)
from looprisk.files.tree import Items, Map, Mark, Node, Word, fault_at, spanning

MAX_DEPTH = 64
MAX_NODES = 2_000_000
"""Words, maps and lists that one load takes, over all its files."""

_TOO_MANY = f"too many values: a load takes at most {MAX_NODES:_}"
_USE_TABLES = "put positions into a table"
_MAX_FAULTS = 1_000
_START = "start it with `looprisk: 1`"


@dataclass(slots=True)
class Budget:
    """What is left of the size one load may have."""

    nodes: int = MAX_NODES


class _StopError(Exception):
    """Reading cannot go on; the reason is among the faults."""


def compose(source: Source, budget: Budget) -> tuple[Map | None, list[Fault]]:
    """Return the tree of a file and what is wrong with its form.

    The tree is None where the text is not readable as one map.
    """
    if source.text.count(": ") + source.text.count(":\n") > budget.nodes:
        # every key has a value: seen before reading, which would take long
        return None, [Fault(file=source.name, message=_TOO_MANY, help=_USE_TABLES)]
    composer = _Composer(source, budget)
    try:
        return composer.document(), composer.faults
    except _StopError:
        return None, composer.faults
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        if not _explained(error, composer.faults):
            composer.faults.append(syntax_fault(error, source.name, source.text))
        return None, composer.faults


def _explained(error: Exception, faults: list[Fault]) -> bool:
    """Return whether a comment that was meant as text, reported already, broke what follows."""
    if not isinstance(error, MarkedYAMLError):
        return False
    mark = error.context_mark or error.problem_mark
    cut = [fault for fault in faults if fault.message == COMMENT_IN_TEXT]
    return mark is not None and bool(cut) and (cut[-1].line or 0) >= mark.line


class _Composer:
    """Reads the events of one file once, from first to last."""

    def __init__(self, source: Source, budget: Budget) -> None:
        loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
        # read as events only: nothing is ever constructed. Any, as the stubs doubt the marks
        self._next: Callable[[], Any] = loader(source.text).get_event
        self._file = source.name
        self._text = source.text
        self._budget = budget
        self._comments = Comments(source.text)
        self.faults: list[Fault] = []

    def document(self) -> Map:
        """Return the one map of the file."""
        self._next()  # the start of the stream
        event = self._next()
        if isinstance(event, StreamEndEvent):
            self._note(Fault(file=self._file, message="the file is empty", help=_START))
            raise _StopError
        if isinstance(event, DocumentStartEvent) and (event.version or event.tags):
            self._at(event, "a line with % is refused: YAML directives have no use here", _START)
        top = self._node(self._next(), 1)
        self._next()  # the end of the document
        event = self._next()
        if not isinstance(event, StreamEndEvent):
            advice = "put it in a file of its own and `include:` that"
            raise self._stop(event, "a second document starts here; a file holds one map", advice)
        if not isinstance(top, Map):
            kind = "a list" if isinstance(top, Items) else "one text"
            self.faults.append(fault_at(top, f"the file is {kind}, not a map of parts", _START))
            raise _StopError
        return top

    def _node(self, event: Any, depth: int) -> Node:
        self._budget.nodes -= 1
        if self._budget.nodes < 0:
            raise self._stop(event, _TOO_MANY, _USE_TABLES)
        kind = type(event)
        if kind is ScalarEvent:
            return self._word(event)
        if kind is AliasEvent:
            start, end = event.start_mark, event.end_mark
            self._add(start, end, *_not_here(f"alias `*{event.anchor}`"))
            return self._hole(start, end)
        if depth > MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH} levels"
            raise self._stop(event, message, "the parts of a system need about ten")
        if event.anchor or event.tag:
            self._properties(event)
        if kind is MappingStartEvent:
            return self._map(event, depth)
        return self._items(event, depth)

    def _word(self, event: Any) -> Word:
        if event.anchor or event.tag:
            self._properties(event)
        text: str = event.value
        style = event.style
        start, end = event.start_mark, event.end_mark
        if not style:
            if end.line in self._comments.lines:
                self._note(self._comments.fault(start, end, self._file))
        elif style == '"':
            hidden = HIDDEN.search(text)
            if hidden:
                code = f"U+{ord(hidden.group()):04X}"
                self._add(start, end, f"the text holds a hidden character ({code})")
                text = HIDDEN.sub("", text)
        elif style in "|>":
            text = text.rstrip("\n")
        return Word(text, self._file, start, end, quoted=bool(style))

    def _items(self, event: Any, depth: int) -> Items:
        items: list[Node] = []
        following = self._next()
        while type(following) is not SequenceEndEvent:
            item = self._node(following, depth + 1)
            if isinstance(item, Word) and not item.text and not item.quoted:
                self._add(item.start, item.end, "a list item is empty", "write it, or drop it")
                item = self._hole(item.start, item.end)
            items.append(item)
            following = self._next()
        end = cast(Mark, following.end_mark)
        return Items(items, self._file, event.start_mark, end)

    def _map(self, event: Any, depth: int) -> Map:
        found = Map({}, {}, self._file, event.start_mark, event.end_mark)
        flow = bool(event.flow_style)
        bare: list[Word] = []
        following = self._next()
        while type(following) is not MappingEndEvent:
            key = self._key(following, depth)
            before = len(self.faults)
            value = self._node(self._next(), depth + 1)
            if key is not None and key.text == "<<" and not key.quoted:
                del self.faults[before:]
                message, _ = _not_here("merge key `<<`")
                self._add(key.start, value.end, message, "write its keys here")
            elif key is not None:
                empty = isinstance(value, Word) and not value.text and not value.quoted
                if flow and empty and self._no_colon(key):
                    bare.append(key)
                else:
                    self._cut(found, bare)
                    self._enter(found, key, self._filled(key, value) if empty else value)
            following = self._next()
        self._cut(found, bare)
        found.end = cast(Mark, following.end_mark)
        return found

    def _enter(self, found: Map, key: Word, value: Node) -> None:
        first = found.keys.get(key.text)
        if first is None:
            found.keys[key.text] = key
            found.values[key.text] = value
            return
        message = f"`{shorten(key.text)}` is given twice (first on line {first.start.line + 1})"
        self._add(key.start, key.end, message, "keep one of the two")

    def _key(self, event: Any, depth: int) -> Word | None:
        """Return a key, or None where it is refused."""
        if not isinstance(event, ScalarEvent):
            self._node(event, depth + 1)
            if not isinstance(event, AliasEvent):
                message = "a key is one word of text, not a map or a list"
                self._at(event, message, "write one entry for each")
            return None
        key = self._word(event)
        if not key.text.strip():
            self._add(key.start, key.end, "a key is missing here", "write `key: value`")
            return None
        return key

    def _no_colon(self, key: Word) -> bool:
        return not self._text[key.end.index : key.end.index + 80].lstrip().startswith(":")

    def _filled(self, key: Word, value: Node) -> Node:
        """Return what stands in for the value that ``key`` lacks, after reporting it."""
        if self._comments.fault(value.start, value.end, self._file) is None:
            self._note(without_value(key, alone=False))
        return self._hole(value.start, value.end)

    def _cut(self, found: Map, bare: list[Word]) -> None:
        """Report keys without colon and value in a { }, and undo what made them."""
        cut: list[Word] = []
        for key in bare:
            meant = colon_in_key(key)
            if meant is None:
                cut.append(key)
                continue
            fault, name, value = meant
            self._note(fault)
            self._enter(found, _like(key, name), _like(key, value))
        bare.clear()
        if not cut:
            return
        last = next(reversed(found.values), "")
        before = found.values.get(last)
        if isinstance(before, Word) and not before.hole:
            fault, found.values[last] = cut_by_comma(self._text, last, before, cut)
            self._note(fault)
            return
        for key in cut:
            self._note(without_value(key, alone=True))
            self._enter(found, key, self._hole(key.start, key.end))

    def _properties(self, event: Any) -> None:
        """Refuse the anchor and the tag written before a value."""
        start = event.start_mark
        line = self._text[start.index : start.index + 400].partition("\n")[0]
        for sign, name in (("&", event.anchor), ("!", event.tag)):
            if name is None:
                continue
            written = re.search(rf"{sign}[^\s,{{}}\[\]]*", line)
            word = written.group() if written else sign
            fault = spanning(self._file, start, start, "")
            message, _ = _not_here(f"anchor `{shorten(word)}`")
            if sign == "!":
                message = f"tag `{shorten(word)}` refused: every value is plain text"
            column = fault.column + (written.start() if written else 0)
            self._note(
                replace(fault, column=column, width=len(word), message=message, help="take it out")
            )

    def _hole(self, start: Mark, end: Mark) -> Word:
        return Word("unknown", self._file, start, end, hole=True)

    def _add(self, start: Mark, end: Mark, message: str, advice: str = "") -> None:
        self._note(spanning(self._file, start, end, message, advice))

    def _at(self, event: Any, message: str, advice: str = "") -> None:
        start = event.start_mark
        self._add(start, start, message, advice)

    def _note(self, fault: Fault | None) -> None:
        if fault is None:
            return
        self.faults.append(fault)
        if len(self.faults) >= _MAX_FAULTS:
            raise _StopError

    def _stop(self, event: Any, message: str, advice: str) -> _StopError:
        self._at(event, message, advice)
        return _StopError()


def _not_here(what: str) -> tuple[str, str]:
    return f"{what} refused: each value is written where it is used", "write the value here"


def _like(key: Word, text: str) -> Word:
    return Word(text, key.file, key.start, key.end)
