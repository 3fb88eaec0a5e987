"""What ``verify`` and ``diff`` do: ask again, show what differs, choose the exit code."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from looprisk.cli.ask import read
from looprisk.cli.busy import tracked
from looprisk.cli.emit import Format, Out, write
from looprisk.cli.failure import Exit
from looprisk.cli.pages import documents, page, screen_of
from looprisk.files.diff import diff as compared
from looprisk.files.load import load
from looprisk.files.verify import verify as verified
from looprisk.model.case import Case
from looprisk.results.diffs import Diff, diff_json
from looprisk.results.figures import room
from looprisk.results.layout import prose
from looprisk.results.result_json import dumps
from looprisk.results.verifications import Verification, verification_json

MOST_SHOWN = 10
"""So many differences are shown on a terminal."""


def verify(paths: Sequence[Path], within: str | None, to: Out) -> int:
    """Show whether results are what their inputs give; 3 where one is not."""
    allowed = room(within) if within is not None else None
    names = [str(path) for path in paths]
    found = [
        one
        for path in tracked(paths, names, doing="verifying", quiet=to.quiet)
        for one in verified(path, within=allowed)
    ]
    write(to, _shown(found, to))
    return Exit.OK if all(one.identical for one in found) else Exit.DATA


def diff(before: str, after: str, to: Out) -> int:
    """Show what changed between two files, scenarios or results; judge nothing."""
    found = compared(_side(before), _side(after))
    match to.format:
        case Format.table:
            write(to, _diff_text(found, to))
        case Format.json:
            write(to, dumps(diff_json(found)))
        case Format.csv:
            write(to, found.parameters.to_csv())
        case Format.md:
            write(to, page([found.to_markdown()]))
    return Exit.OK


def _side(place: str) -> Path | Case:
    """Return what a word of the command line names: a file, or one scenario of it."""
    ask = read(place, None)
    return ask.path if ask.scenario is None else load(ask.path)[ask.scenario]


def _diff_text(found: Diff, to: Out) -> str:
    screen = screen_of(to)
    lines = [screen.paint(line, "bold") for line in prose(found.headline, screen)]
    for table in (found.break_points, found.layers, found.edge_table, found.parameters):
        if table.rows:
            lines += ["", table.text(to.width, color=to.color, unicode=to.unicode)]
    for note in found.notes:
        lines += ["", *prose(f"no answer: {note}", screen)]
    return "\n".join(lines) + "\n"


def _shown(found: Sequence[Verification], to: Out) -> str:
    match to.format:
        case Format.table:
            return "\n".join(_text(one, to) for one in found)
        case Format.json:
            return documents([dumps(verification_json(one)) for one in found])
        case Format.csv:
            rows = [one.table.to_csv().split("\n", 1) for one in found]
            return "\n".join([rows[0][0], *(body.rstrip("\n") for _, body in rows if body)])
        case Format.md:
            return page(one._repr_markdown_() for one in found)


def _text(one: Verification, to: Out) -> str:
    screen = screen_of(to)
    lines = [screen.paint(line, "bold") for line in prose(one.headline, screen)]
    for note in one.notes:
        lines += prose(note, screen)
    if len(one.differences) > 1:
        shown = replace(one, differences=one.differences[:MOST_SHOWN])
        lines += ["", shown.table.text(to.width, color=to.color, unicode=to.unicode)]
        if len(one.differences) > MOST_SHOWN:
            rest = len(one.differences) - MOST_SHOWN
            lines += prose(f"… and {rest:,} more: --format csv lists all", screen)
    return "\n".join(lines) + "\n"
