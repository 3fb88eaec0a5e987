"""The text of ``map`` for a terminal: the answer, tables, what it rests on, what to type next."""

from collections.abc import Sequence
from dataclasses import replace

from looprisk.results.cells import Screen, cells, wrap
from looprisk.results.layout import TextColumn, lay_out, prose
from looprisk.results.map_answers import Common, Exposure, SystemMap
from looprisk.results.map_records import Backing, Held
from looprisk.results.map_tables import (
    backing_table,
    exposed_table,
    held_table,
    passage_table,
    shared_table,
    way_table,
)
from looprisk.results.names import clean, for_log
from looprisk.results.numbers import share

MOST_ROWS = 24
"""So many holdings are shown: of each claim the largest, of all the largest."""
MOST_HOLDERS = 3
MOST_LISTED = 10
_SAME = 1e-9


def map_text(answer: SystemMap, screen: Screen, next_commands: Sequence[str] = ()) -> str:
    """Return what ``map`` prints: the largest holders of each claim, loops, ratios."""
    chosen, left = _largest(answer.held_rows)
    lines = [*_answer(answer.headline, answer.subtitle, screen), ""]
    if chosen:
        table = held_table(chosen)
        lines += lay_out(_loops_named(table.text_columns(units=False)), screen)
    if left:
        lines += prose(f"{left} smaller holdings: --format csv has them all", screen)
    strained = tuple(row for row in answer.backing_rows if _is_strained(row))
    if strained:
        ranked = sorted(strained, key=lambda row: (-(row.claims_usd or 0.0), row.id))
        backing = backing_table(tuple(ranked[:MOST_LISTED]))
        lines += ["", *lay_out(backing.text_columns(units=False), screen)]
        lines += _more(len(ranked) - MOST_LISTED, "issuers", screen)
    if chosen or strained:
        lines.append("")
    return _page(lines, answer.notes, next_commands, screen)


def exposure_text(answer: Exposure, screen: Screen, next_commands: Sequence[str] = ()) -> str:
    """Return what ``map --of`` prints: where it ends, every way down, who stands on it."""
    lines = [*_answer(answer.headline, answer.subtitle, screen), ""]
    lines += [*lay_out(answer.sources.text_columns(units=False), screen), ""]
    if answer.passage_rows:
        passages = passage_table(answer.passage_rows[:MOST_LISTED])
        lines += [*lay_out(passages.text_columns(units=False), screen)]
        lines += [*_more(len(answer.passage_rows) - MOST_LISTED, "parties", screen), ""]
    if any(way.wrap_depth > 0 for way in answer.way_rows):
        ways = way_table(answer.way_rows[:MOST_LISTED])
        lines += lay_out(ways.text_columns(units=False), screen)
        rest = answer.other_ways + sum(way.share for way in answer.way_rows[MOST_LISTED:])
        if rest > 0:
            lines += prose(f"{share(rest)} takes other ways", screen)
        lines.append("")
    if answer.exposed_rows:
        exposed = exposed_table(answer.exposed_rows[:MOST_LISTED])
        lines += lay_out(exposed.text_columns(units=False), screen)
        lines += [*_more(len(answer.exposed_rows) - MOST_LISTED, "holders", screen), ""]
    return _page(lines, answer.notes, next_commands, screen)


def common_text(answer: Common, screen: Screen, next_commands: Sequence[str] = ()) -> str:
    """Return what ``map --common`` prints: what parts share, the most important first."""
    lines = [*_answer(answer.headline, answer.subtitle, screen), ""]
    if answer.rows:
        table = shared_table(answer.rows[:MOST_ROWS])
        lines += lay_out(table.text_columns(units=False), screen)
        lines += [*_more(len(answer.rows) - MOST_ROWS, "things", screen), ""]
    return _page(lines, answer.notes, next_commands, screen)


def _largest(rows: Sequence[Held]) -> tuple[tuple[Held, ...], int]:
    """Return the holdings to show, in their order, and how many are left out."""
    count: dict[str, int] = {}
    first: list[Held] = []
    for row in rows:
        count[row.claim] = count.get(row.claim, 0) + 1
        if count[row.claim] <= MOST_HOLDERS or row.holder == "outside":
            first.append(row)
    ranked = sorted(first, key=lambda row: -(row.usd or 0.0))[:MOST_ROWS]
    kept = {id(row) for row in ranked}
    chosen = tuple(row for row in first if id(row) in kept)
    return chosen, len(rows) - len(chosen)


def _is_strained(row: Backing) -> bool:
    """Return whether an issuer owes, or has not what its claims say."""
    whole = row.backing_ratio is not None and abs(row.backing_ratio - 1) < _SAME
    return not whole or (row.assets_to_equity or 1.0) > 1 + _SAME


def _loops_named(columns: list[TextColumn]) -> list[TextColumn]:
    """Write out loops by their number: ``loop 1``."""
    return [
        replace(
            column,
            texts=tuple(f"loop {text}" if text else "" for text in column.texts),
            right=False,
        )
        if column.header[-1] == "loop"
        else column
        for column in columns
    ]


def _answer(headline: str, subtitle: str, screen: Screen) -> list[str]:
    first = [screen.paint(line, "bold") for line in prose(headline, screen)]
    return first + [screen.paint(line, "dim") for line in prose(subtitle, screen)]


def _more(count: int, what: str, screen: Screen) -> list[str]:
    return prose(f"{count} more {what}: --format json has them", screen) if count > 0 else []


def _page(lines: list[str], notes: Sequence[str], commands: Sequence[str], screen: Screen) -> str:
    for note in notes:
        first, *more = prose(note, screen)
        unknown = note.startswith("not known:")
        lines += [
            first.replace("not known:", screen.paint("not known:", "yellow"), 1)
            if unknown
            else first
        ]
        lines += more
    texts = [screen.show(clean(command)) for command in commands]
    line = "next: " + "   ".join(texts)
    if texts and cells(line) <= screen.width:
        lines.append(for_log(line))
    elif texts:
        room = screen.width - len("next: ")
        pieces = [piece for text in texts for piece in wrap(text, room)]
        lines += ["next: " + pieces[0], *("      " + piece for piece in pieces[1:])]
    return "\n".join(lines) + "\n"
