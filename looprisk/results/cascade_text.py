"""The text of a cascade for a terminal of any width."""

from collections.abc import Sequence

from looprisk.results.cascade_records import CascadeEvent, CliffRow
from looprisk.results.cascade_tables import cliff_table, cost_table, event_table, spread_table
from looprisk.results.cascades import Cascade
from looprisk.results.cells import Screen
from looprisk.results.layout import lay_out, prose
from looprisk.results.names import clean, for_log

MOST_CLIFFS = 5
MOST_EVENTS = 20
"""Events that ``run`` prints; the JSON and the CSV have them all."""


def cascade_text(cascade: Cascade, screen: Screen, next_commands: Sequence[str] = ()) -> str:
    """Return what ``run`` prints of a scenario with time."""
    lines = [screen.paint(line, "bold") for line in prose(cascade.headline, screen)]
    lines += [screen.paint(line, "dim") for line in prose(cascade.subtitle, screen)]
    table = cascade.layers
    if table.rows:
        lines += ["", *lay_out(table.text_columns(), screen)]
    events = _events(cascade, screen)
    if events:
        lines += ["", *events]
    if cascade.recognition_rows:
        lines += ["", *lay_out(cascade.recognition.text_columns(), screen)]
    if any(row.paid_usd or row.waiting_usd for row in cascade.run_rows):
        lines += ["", *lay_out(cascade.runs.text_columns(), screen)]
    costs = tuple(row for row in cascade.cost_rows if row.bears)
    if costs:
        lines += ["", *lay_out(cost_table(costs).text_columns(), screen)]
    if any(row.most for row in cascade.pool_rows):
        lines += ["", *lay_out(cascade.pools.text_columns(), screen)]
    if cascade.cliff_rows:
        lines += ["", *_cliffs(cascade.cliff_rows, screen)]
    hurt = tuple(row for row in cascade.spread_rows if row.worst_usd or row.mean_usd)
    if hurt:
        lines += ["", *lay_out(spread_table(hurt).text_columns(), screen)]
    lines.append("")
    if cascade.at_start:
        lines += prose(f"already so at the start: {', '.join(cascade.at_start)}", screen)
    for note in cascade.notes:
        lines += prose(note, screen)
    if next_commands:
        lines.append("next: " + for_log(clean("   ".join(next_commands))))
    return "\n".join(lines) + "\n"


def _cliffs(rows: tuple[CliffRow, ...], screen: Screen) -> list[str]:
    """Return the cliffs from which a price falls deepest, in the order in which they come."""
    deep = sorted(rows, key=lambda row: row.after_usd - row.before_usd)[:MOST_CLIFFS]
    shown = tuple(row for row in rows if row in deep)
    lines = list(lay_out(cliff_table(shown).text_columns(), screen))
    if len(rows) > len(shown):
        lines += prose(f"the deepest; {len(rows) - len(shown):,} more (--format json)", screen)
    return lines


def _events(cascade: Cascade, screen: Screen) -> list[str]:
    first_of: dict[tuple[str, str], CascadeEvent] = {}
    for row in cascade.event_rows:
        if row.event not in {"not_paid", "stage"}:
            first_of.setdefault((row.of, row.event), row)
    rows = tuple(first_of.values())
    first = event_table(rows[:MOST_EVENTS], cascade.labels)
    lines = list(lay_out(first.text_columns(), screen)) if rows else []
    more = len(cascade.event_rows) - min(len(rows), MOST_EVENTS)
    if rows and more:
        lines += prose(f"first of its kind each; {more:,} more (--format json)", screen)
    return lines
