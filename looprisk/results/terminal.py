"""The text of ``run``, ``break``, ``check`` and ``explain`` for a terminal of any width.

The answer stands in the first line, what the numbers are in the second, then the table, what it
rests on, and what to type next. Colour only repeats what a word or a mark says.
"""

from collections.abc import Sequence
from dataclasses import replace

from looprisk.results import phrases
from looprisk.results.answer_tables import break_point_table
from looprisk.results.answers import BreakPoints, CheckReport, Clearing
from looprisk.results.break_phrases import never_breaks, stretches
from looprisk.results.cascades import Cascade
from looprisk.results.cells import Screen, cells, wrap
from looprisk.results.ladder import ladder
from looprisk.results.layout import TextColumn, lay_out, prose
from looprisk.results.names import clean, for_log, shown
from looprisk.results.records import BreakPoint, Verdict

_SHOWN_TOGETHER = 3
_STYLES = {"ok": "green", "FAIL": "red", "n/a": "yellow", "open": "yellow"}


def run_text(clearing: Clearing, screen: Screen, next_commands: Sequence[str] = ()) -> str:
    """Return what ``run`` prints: what every layer loses, who bears it, and the proof."""
    table = clearing.layers
    lines = [*_answer(clearing.headline, clearing.subtitle, screen), ""]
    if table.rows:
        lines += [*lay_out(table.text_columns(units=False), screen), ""]
    adds_up = phrases.bearing(clearing.shock, table.rows, clearing.waterfall_rows, table.scale)
    lines += prose(adds_up, screen)
    order = phrases.order_of_breaking(clearing.event_rows, clearing.labels)
    if order:
        lines += prose(f"breaks, causes first: {order}", screen)
    start = phrases.started_broken(clearing.at_start, clearing.labels)
    if start:
        lines += prose(start, screen)
    for line in phrases.assumed(clearing.assumption_rows):
        lines += _marked(line, "assumed:", "yellow", screen)
    lines += prose(phrases.certified(clearing.certificate), screen)
    return "\n".join([*lines, *_next(next_commands, screen)]) + "\n"


def break_text(points: BreakPoints, screen: Screen) -> str:
    """Return what ``break`` prints: every break point in order, and a ladder of them."""
    groups = phrases.avalanches(points.rows)
    lines = _answer(points.headline, points.subtitle, screen)
    if groups:
        lines += ["", *lay_out(_break_columns(points, groups), screen)]
    notes: list[str] = []
    never = never_breaks(points.shock, points.rows, points.labels)
    if never:
        notes += prose(never, screen)
    for line in stretches(points.shock, points.rows, points.labels):
        notes += prose(f"broken in stretches: {line}", screen)
    brackets = sum(point.kind == "bracket" for point in points.rows)
    if brackets:
        notes += prose(f"bracketed, not exact: {brackets} of {len(points.rows)}", screen)
    for line in phrases.effects(points.assumption_rows):
        notes += _marked(line, "assumed:", "yellow", screen)
    notes += prose(phrases.certified(points.certificate), screen)
    lines += ["", *notes]
    steps = ladder(points, groups, screen)
    if steps:
        lines += ["", *steps]
    return "\n".join(lines) + "\n"


def check_text(report: CheckReport, screen: Screen) -> str:
    """Return what ``check`` prints: every verdict, each failure with its place, the count."""
    lines: list[str] = []
    if report.rows:
        lines += [*lay_out(_check_columns(report.rows), screen), ""]
    for verdict in report.failed:
        lines += _marked(phrases.failure(verdict), "FAIL", "red", screen)
        flow = screen.show(clean(verdict.flow))
        lines += ["  " + line for line in wrap(flow, screen.width - 2, indent="")]
    if report.failed:
        lines.append("")
    lines += [screen.paint(line, "bold") for line in prose(report.headline, screen)]
    return "\n".join(lines) + "\n"


def explain_text(clearing: Clearing | Cascade, id: str, screen: Screen) -> str:
    """Return what ``run --explain`` prints: at most seven causes that add up to the loss.

    Raises ModelError where there is no such layer.
    """
    table = clearing.explain(id)
    headline = phrases.explanation(clearing.layer(id), len(table))
    if isinstance(clearing, Cascade):
        subtitle = clearing.subtitle
    else:
        basis, scale = clearing.basis, table.scale
        subtitle = phrases.subtitle(clearing.scenario, basis, scale, clearing.certificate)
    lines = _answer(headline, subtitle, screen)
    if table.rows:
        lines += ["", *lay_out(table.text_columns(units=False), screen)]
    return "\n".join(lines) + "\n"


def _answer(headline: str, subtitle: str, screen: Screen) -> list[str]:
    first = [screen.paint(line, "bold") for line in prose(headline, screen)]
    return first + [screen.paint(line, "dim") for line in prose(subtitle, screen)]


def _marked(text: str, word: str, style: str, screen: Screen) -> list[str]:
    """Return prose with the first ``word`` of its first line in colour."""
    first, *more = prose(text, screen)
    return [first.replace(word, screen.paint(word, style), 1), *more]


def _next(commands: Sequence[str], screen: Screen) -> list[str]:
    texts = [screen.show(clean(command)) for command in commands]
    if not texts:
        return []
    line = "next: " + "   ".join(texts)
    if cells(line) <= screen.width:
        return [for_log(line)]
    room = screen.width - len("next: ")
    pieces = [piece for text in texts for piece in wrap(text, room)]
    return ["next: " + pieces[0], *("      " + piece for piece in pieces[1:])]


def _break_columns(points: BreakPoints, groups: list[list[BreakPoint]]) -> list[TextColumn]:
    """Return the table of break points: of many that break together, the first three and a count.

    "With it" is told once an avalanche, beside its first layer.
    """
    shown_rows: list[BreakPoint] = []
    firsts: set[int] = set()
    folds: dict[int, int] = {}
    for group in groups:
        firsts.add(len(shown_rows))
        whole = len(group) <= _SHOWN_TOGETHER + 1
        shown_rows += group if whole else group[:_SHOWN_TOGETHER]
        if not whole:
            folds[len(shown_rows) - 1] = len(group) - _SHOWN_TOGETHER
    table = break_point_table(tuple(shown_rows), points.shock, points.labels)
    names = [column.name for column in table.columns if not column.hidden]
    word = "loss" if points.shock.unit == "usd" else "shock"
    columns = []
    for name, column in zip(names, table.text_columns(), strict=True):
        texts: list[str] = []
        for index, text in enumerate(column.texts):
            lone = index not in firsts or text == "0"
            texts.append({"with_it": "" if lone else f"+{text}"}.get(name, text))
            if index in folds:
                fold = {"event": f"…{folds[index]} more", "of": f"at the same {word}"}
                texts.append(fold.get(name, text if name in {"at", "fraction"} else ""))
        columns.append(replace(column, texts=tuple(texts)))
    return columns


def _check_columns(rows: tuple[Verdict, ...]) -> list[TextColumn]:
    def column(header: str, texts: list[str]) -> TextColumn:
        return TextColumn(header=(header,), texts=tuple(texts))

    outcomes = column("", [row.outcome for row in rows])
    names = column("expectation", [shown(row.name or row.asked) for row in rows])
    columns = [
        replace(outcomes, styles=tuple(_STYLES[row.outcome] for row in rows)),
        replace(names, flexible=True),
        replace(column("asked", [row.asked for row in rows]), leaves=1),
        replace(column("got", [phrases.found(row) for row in rows]), right=True),
    ]
    reasons = [
        " · ".join(filter(None, (row.evidence.replace("_", " "), row.because))) for row in rows
    ]
    if any(reasons):
        columns.append(replace(column("because", reasons), wraps=True))
    return columns
