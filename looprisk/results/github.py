"""The verdicts of a check for GitHub: annotations on the lines, and the summary of the step.

GitHub shows at most 10 errors and 10 warnings of a step and 50 annotations of a job, drops the rest
without a word, and refuses a summary of more than 1,024 KiB a step. What is left out here is
counted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from looprisk.results.answers import CheckReport
from looprisk.results.names import clean, for_markdown, shown
from looprisk.results.phrases import failure, found
from looprisk.results.records import NoAnswer, Verdict

PER_KIND = 10
"""Annotations of one kind that GitHub shows of a step."""
SUMMARY_BYTES = 1024 * 1024
"""Bytes that the summary of one step may have."""
COMMENT_LETTERS = 65_536
"""Letters that a comment of a pull request may have."""
_MESSAGE_LETTERS = 1000
_PLACE = re.compile(r"(.+?):(\d+):(\d+): error: (.*)")
_ROOM = 200
"""Bytes kept for the line that says what was cut."""


def commands(report: CheckReport, root: Path) -> list[str]:
    """Return the commands that annotate each failure at its line, the largest miss first.

    Paths are told from ``root``, the folder of the repository.
    """
    errors = [_command("error", row, failure(row), root) for row in worst_first(report.failed)]
    errors += [_command("error", row, row.message, root) for row in report.errors]
    unjudged = [row for row in report.rows if row.outcome in {"open", "n/a"}]
    warnings = [
        _command("warning", row, f"{row.outcome}: {row.because or row.asked}", root)
        for row in unjudged
    ]
    return [*_capped(errors, "error", "failures"), *_capped(warnings, "warning", "not judged")]


def file_commands(text: str, root: Path) -> list[str]:
    """Return the commands that annotate each error of files that were not read, at its place.

    ``text`` is the report of the loader, ``file:line:column: error: what is wrong`` on the first
    line of each error.
    """
    found = (_PLACE.match(line) for line in text.split("\n"))
    every = []
    for place in found:
        if place is not None:
            file, line, column, message = place.groups()
            told = _property(Path(os.path.relpath(file, root)).as_posix())
            where = f"file={told},line={line},col={column},title=looprisk"
            every.append(f"::error {where}::{_data(clean(message)[:_MESSAGE_LETTERS])}")
    return _capped(every, "error", "errors")


def worst_first(rows: Sequence[Verdict]) -> list[Verdict]:
    """Return failures by how far they miss, in shares of the bound; what has no number first."""
    return sorted(rows, key=lambda row: -_miss(row))


def _miss(row: Verdict) -> float:
    if row.got is None or row.limit is None:
        return float("inf")
    return abs(row.got - row.limit) / (abs(row.limit) or 1.0)


def _capped(every: list[str], level: str, what: str) -> list[str]:
    if len(every) <= PER_KIND:
        return every
    kept = every[: PER_KIND - 1]
    more = f"and {len(every) - len(kept)} more {what}: see the log and the summary"
    return [*kept, f"::{level} title=looprisk::{_data(more)}"]


def _command(level: str, row: Verdict | NoAnswer, message: str, root: Path) -> str:
    place = ""
    if row.file:
        file = Path(os.path.relpath(row.file, root)).as_posix()
        place = f"file={_property(file)},line={max(row.line, 1)},"
    title = row.scenario if isinstance(row, NoAnswer) else row.name or row.asked
    told = message if isinstance(row, NoAnswer) or not row.flow else f"{message}; {row.flow}"
    return (
        f"::{level} {place}title={_property(shown(title)[:100])}"
        f"::{_data(clean(told)[:_MESSAGE_LETTERS])}"
    )


def _data(text: str) -> str:
    """Return text as the data of a command: no line of it is a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(clean(text)).replace(":", "%3A").replace(",", "%2C")


def summary(report: CheckReport, room: int = SUMMARY_BYTES) -> str:
    """Return the Markdown summary of a step, of at most ``room`` bytes; failures come first."""
    lines = [f"### looprisk: {for_markdown(report.headline)}", ""]
    if report.rows:
        lines += ["|  | expectation | asked | got | because | at |", "|---|---|---|---|---|---|"]
    rows = [_row(row) for row in (*worst_first(report.failed), *_others(report))]
    tail = [f"- no answer: {_cell(f'{row.scenario}: {row.message}')}" for row in report.errors]
    return cut([*lines, *rows, *([""] if tail else []), *tail], room)


def cut(lines: Sequence[str], room: int) -> str:
    """Return lines as a text of at most ``room`` bytes of UTF-8, and say what did not fit."""
    text = "\n".join(lines) + "\n"
    if len(text.encode()) <= room:
        return text
    left, kept = room - _ROOM, 0
    for line in lines:
        left -= len(line.encode()) + 1
        if left < 0:
            break
        kept += 1
    said = f"\n*{len(lines) - kept} of {len(lines)} lines were cut: they do not fit here.*\n"
    return "\n".join([*lines[:kept], ""]) + said


def _others(report: CheckReport) -> list[Verdict]:
    order = ("open", "n/a", "ok")
    rows = [row for row in report.rows if row.outcome != "FAIL"]
    return sorted(rows, key=lambda row: order.index(row.outcome))


def _row(row: Verdict) -> str:
    cells = (
        f"**{row.outcome}**" if row.outcome == "FAIL" else row.outcome,
        _cell(row.name or row.asked),
        _cell(row.asked),
        _cell(found(row)),
        _cell(" · ".join(filter(None, (row.because, row.flow)))),
        _cell(f"{row.file}:{row.line}" if row.file else ""),
    )
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return for_markdown(clean(text)[:_MESSAGE_LETTERS])
