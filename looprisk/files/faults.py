"""What YAML could not read, said in the words of whoever typed it.

libyaml and the pure Python parser agree on places and not on words, so their messages only choose
among ours.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from yaml.error import MarkedYAMLError

from looprisk.files.errors import Fault
from looprisk.files.tree import Mark

_UNREADABLE = "not readable as YAML: "
_NO_ESCAPE = 'a backslash inside " " starts an escape, and this is none'
_BIG_ESCAPE = re.compile(r"\\U[0-9A-Fa-f]{8}")
_KEY_WITHOUT_SPACE = re.compile(r"\s*(?:- )?([A-Za-z0-9_.+\-/]+):(?=[^\s:/])")


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where the parser stopped: the lines of the file, the place, the place it started from."""

    lines: Sequence[str]
    line: int
    column: int
    opened: Mark | None

    @property
    def text(self) -> str:
        return self.lines[self.line] if self.line < len(self.lines) else ""

    @property
    def before(self) -> str:
        return self.text[: self.column]

    @property
    def here(self) -> str:
        return self.text[self.column : self.column + 1]

    def filled_line_above(self) -> int | None:
        """Return the nearest line above that holds more than a comment."""
        for line in range(min(self.line, len(self.lines)) - 1, -1, -1):
            text = self.lines[line].strip()
            if text and not text.startswith("#"):
                return line
        return None


@dataclass(frozen=True, slots=True)
class _Verdict:
    message: str
    help: str = ""
    line: int | None = None
    column: int = 0
    width: int = 1


def syntax_fault(error: Exception, file: str, text: str) -> Fault:
    """Return what a parser error means, at the place it means."""
    lines = text.split("\n")
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    problem = (error.problem or "").lower() if isinstance(error, MarkedYAMLError) else ""
    context = (error.context or "").lower() if isinstance(error, MarkedYAMLError) else ""
    opened = error.context_mark if isinstance(error, MarkedYAMLError) else None
    if mark is None:
        return _unplaced(file, text)
    spot = _Spot(lines, mark.line, mark.column, opened)
    verdict = _judge(problem, context, spot)
    placed = verdict.line is not None
    line = verdict.line if verdict.line is not None else spot.line
    column = verdict.column if placed else spot.column
    while line > 0 and line >= len(lines) - 1 and not "".join(lines[line:]).strip():
        line -= 1  # the end of the file: show the last line that holds something
        column = len(lines[line].rstrip())
    return Fault(
        file=file,
        line=line,
        column=column,
        width=verdict.width,
        message=f"{_UNREADABLE}{verdict.message}",
        help=verdict.help,
    )


def _unplaced(file: str, text: str) -> Fault:
    """Return the fault of an escape for which the pure parser raises no YAML error."""
    found = _BIG_ESCAPE.search(text)
    start = found.start() if found else 0
    line = text.count("\n", 0, start)
    column = start - (text.rfind("\n", 0, start) + 1)
    verdict = _escape(_Spot(text.split("\n"), line, column, None))
    return Fault(
        file=file,
        line=line,
        column=column,
        width=verdict.width,
        message=f"{_UNREADABLE}{verdict.message}",
        help=verdict.help,
    )


def _judge(problem: str, context: str, spot: _Spot) -> _Verdict:
    if "mapping values are not allowed" in problem:
        return _colon(spot)
    if "cannot start any token" in problem:
        return _start(spot)
    if "block scalar" in context:
        return _greater(spot)
    if "',' or '}'" in problem or "',' or ']'" in problem:
        return _flow(spot)
    if "quoted scalar" in context or "quoted scalar" in problem:
        open_end = "end of stream" in problem or "document" in problem
        return _quote(spot) if open_end else _escape(spot)
    if "node content" in problem:
        return _missing_value(spot)
    if "sequence entries are not allowed" in problem:
        return _dash(spot)
    if "':'" in problem:
        return _no_colon(spot)
    if "an anchor" in context or "an alias" in context:
        return _star(spot)
    if "block mapping" in context or "block collection" in context:
        return _out_of_line(spot)
    if "<document start>" in problem:
        return _outdented(spot)
    return _Verdict("this is not understood here", "see how the lines above it are written")


def _colon(spot: _Spot) -> _Verdict:
    head = spot.before.lstrip(" -")
    if ": " in head:
        key, _, value = spot.text.strip().lstrip("- ").partition(": ")
        advice = "a colon and a space inside a text: quote the text"
        if '"' not in value and len(value) <= 60:
            advice += f', {key}: "{value}"'
        return _Verdict("a second `: ` in one line", advice)
    above = spot.filled_line_above()
    if above is None:
        return _Verdict("a `:` stands where no key is")
    joined = _KEY_WITHOUT_SPACE.match(spot.lines[above])
    if ": " not in spot.lines[above] and joined:
        return _no_space(above, joined)
    key_column = len(spot.text) - len(spot.text.lstrip())
    if ": " in spot.lines[above]:
        message = f"line {spot.line + 1} lies deeper than line {above + 1}, which has its value"
        advice = f"indent it like line {above + 1}, or leave the value of line {above + 1} out"
        return _Verdict(message, advice, spot.line, key_column, spot.column - key_column)
    text = spot.lines[above]
    start = len(text) - len(text.lstrip())
    message = f"line {above + 1} is no `key: value`"
    return _Verdict(message, "write `key: value`", above, start, len(text.rstrip()) - start)


def _no_space(line: int, found: re.Match[str]) -> _Verdict:
    key = found.group(1)
    advice = f"put a space after the colon: `{key}: …`"
    start = found.start(1)
    return _Verdict("a colon without a space", advice, line, start, found.end() - start)


def _start(spot: _Spot) -> _Verdict:
    if spot.here == "@":
        advice = "a source follows the value: `$93M @statement`; quote a text that starts with @"
        return _Verdict("a value cannot start with `@`", advice)
    if spot.here in {">", "|"}:
        return _greater(spot)
    advice = f"quote a text that starts with {spot.here}"
    return _Verdict(f"a value cannot start with `{spot.here}`", advice)


def _greater(spot: _Spot) -> _Verdict:
    start = spot.opened.column if spot.opened and spot.opened.line == spot.line else spot.column
    sign = spot.text[start : start + 1] or ">"
    key = re.search(r"([A-Za-z_]+): *\Z", spot.text[:start])
    value = re.split(r"[,}#]", spot.text[start:])[0].strip("<>=| ")
    name = "at_least" if key is None else key.group(1)
    word = f" `{name}: {value}`" if value else f" `{name}: 8%`"
    return _Verdict(f"a value cannot start with `{sign}`", f"write{word}", spot.line, start)


def _flow(spot: _Spot) -> _Verdict:
    opened = spot.opened
    if opened is None:
        return _Verdict("a `,` or a closing bracket is missing before this")
    bracket = spot.lines[opened.line][opened.column : opened.column + 1]
    closing = "}" if bracket == "{" else "]"
    if opened.line == spot.line:
        return _flow_in_line(spot, bracket, closing, opened.column)
    start = len(spot.text) - len(spot.text.lstrip())
    message = f"the `{bracket}` of line {opened.line + 1} is not closed before this"
    advice = f"close it with `{closing}`, or end the line above this with a comma"
    if spot.column <= start:
        return _Verdict(message, advice)
    return _Verdict(message, advice, spot.line, start, spot.column - start)


def _flow_in_line(spot: _Spot, bracket: str, closing: str, column: int) -> _Verdict:
    if spot.here == ":":
        word = spot.before[column + 1 :].rpartition(",")[2].strip()
        inner = word.rpartition("{")[2].rpartition("[")[2]
        if inner.count(": ") == 1 and " " in inner.partition(": ")[2].strip():
            key = inner.split()[-1]
            return _Verdict(f"a comma is missing before `{key}`", f"write `, {key}: …`")
        advice = "a colon and a space inside a text: quote the text"
        return _Verdict("a second `: ` in one value", advice)
    if spot.here in {"}", "]"}:
        message = f"`{bracket}` is closed by `{spot.here}`"
        return _Verdict(message, f"close it with `{closing}`")
    if spot.before.rstrip().endswith(('"', "'")):
        return _after_quotes()
    if not spot.text[spot.column :].strip():
        advice = f"close it with `{closing}`"
        return _Verdict(f"`{bracket}` is not closed", advice, spot.line, column)
    return _Verdict(f"a `,` or `{closing}` is missing before this")


def _after_quotes() -> _Verdict:
    advice = 'quote the whole text; inside " " write \\" for a quotation mark'
    return _Verdict("more text follows the closing quotation mark", advice)


def _quote(spot: _Spot) -> _Verdict:
    opened = spot.opened
    if opened is None:
        return _Verdict("a quotation mark is not closed")
    sign = spot.lines[opened.line][opened.column : opened.column + 1]
    message = f"the quotation mark {sign} is not closed"
    return _Verdict(message, f"close the text with {sign}", opened.line, opened.column)


def _escape(spot: _Spot) -> _Verdict:
    start = spot.text.rfind("\\", 0, spot.column + 1)
    advice = "write \\\\ for a backslash, or quote the text with ' '"
    return _Verdict(_NO_ESCAPE, advice, spot.line, max(start, 0), 2)


def _missing_value(spot: _Spot) -> _Verdict:
    if spot.here == "-":
        return _dash(spot)
    if spot.here == ":":
        return _Verdict("a key is missing before this colon")
    if spot.here in {"}", "]"}:
        return _Verdict(f"`{spot.here}` closes nothing")
    return _Verdict("a value is missing before this")


def _dash(spot: _Spot) -> _Verdict:
    rest = spot.text[spot.column + 1 :].strip()
    if rest[:1].isdigit() or rest.startswith("$"):
        number = re.split(r"[ ,}\]]", rest)[0]
        return _Verdict("a minus sign stands apart from its number", f"write `-{number}`")
    advice = "write the list below its key, one `- item` a line, or as [a, b]"
    return _Verdict("a list starts in the line of its key", advice)


def _no_colon(spot: _Spot) -> _Verdict:
    line = spot.opened.line if spot.opened else spot.line
    text = spot.lines[line] if line < len(spot.lines) else ""
    joined = _KEY_WITHOUT_SPACE.match(text)
    if joined:
        return _no_space(line, joined)
    column = spot.opened.column if spot.opened else spot.column
    width = max(1, len(text.rstrip()) - column)
    return _Verdict("this is no `key: value`", "write `key: value`", line, column, width)


def _star(spot: _Spot) -> _Verdict:
    column = spot.opened.column if spot.opened else spot.column
    sign = spot.text[column : column + 1]
    advice = f"quote a text that starts with {sign}"
    return _Verdict(f"a value cannot start with `{sign}`", advice, spot.line, column)


def _out_of_line(spot: _Spot) -> _Verdict:
    if spot.here in {"}", "]"}:
        return _Verdict(f"one `{spot.here}` too many", "take it out")
    if spot.here == ",":
        return _Verdict("a comma stands outside { } and [ ]", "take it out")
    if spot.before.strip() and spot.before.rstrip().endswith(('"', "'")):
        return _after_quotes()
    if spot.before.strip():
        return _Verdict("this is not understood after what stands before it")
    above = spot.filled_line_above()
    beside = {above, spot.opened.line if spot.opened else None} - {None}
    lines = " or ".join(str(line + 1) for line in sorted(line for line in beside if line))
    like = f"indent it like line {lines}" if lines else "indent it like the lines it belongs to"
    if spot.text.lstrip().startswith("- "):
        return _Verdict("a `- ` item among the keys of a map", f"{like}; or drop the `- `")
    if spot.opened and spot.lines[spot.opened.line].lstrip().startswith("- "):
        return _Verdict("a key among the `- ` items of a list", "indent it, or start it with `- `")
    if above is not None and ": " not in spot.text and not spot.text.rstrip().endswith(":"):
        message = f"a text of line {above + 1} goes on here, after a comment"
        return _Verdict(message, "quote the text, or put all of it on one line")
    return _Verdict("this line stands under no key it belongs to", like)


def _outdented(spot: _Spot) -> _Verdict:
    above = next((at for at, text in enumerate(spot.lines) if text[:1] == " " and text.strip()), 0)
    if spot.line > 0 and spot.lines[spot.line - 1].startswith("..."):
        return _Verdict("a second document", "a file holds one map: put it in a file of its own")
    message = f"line {spot.line + 1} stands further left than line {above + 1}"
    return _Verdict(message, "start every section at the left margin")
