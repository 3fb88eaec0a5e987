"""Answers in the four formats: a page for the terminal, JSON, CSV, Markdown."""

import csv
import io
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import assert_never

from looprisk.cli.emit import Format, Out, write
from looprisk.cli.shipped import DEMO, DEMO_TITLE
from looprisk.results.answers import BreakPoints, CheckReport, Clearing
from looprisk.results.bounds import Bounds, bounds_json, bounds_text
from looprisk.results.cascade_json import cascade_json
from looprisk.results.cascade_text import cascade_text
from looprisk.results.cascades import Cascade
from looprisk.results.cells import Screen
from looprisk.results.layout import prose
from looprisk.results.names import clean, for_csv, for_log
from looprisk.results.result_json import break_points_json, check_json, dumps, result_json
from looprisk.results.table import Rows
from looprisk.results.terminal import break_text, check_text, explain_text, run_text

Answer = Clearing | Cascade | Bounds


def of_runs(answers: Sequence[Answer], to: Out, where: Sequence[str]) -> str:
    """Return answers as they are shown; ``where`` is how each case is typed."""
    match to.format:
        case Format.table:
            return _stacked(
                _shown(answer, screen_of(to), place)
                for answer, place in zip(answers, where, strict=True)
            )
        case Format.json:
            return documents([_document(answer) for answer in answers])
        case Format.csv:
            return _one_csv([(answer.scenario, answer.layers.to_csv()) for answer in answers])
        case Format.md:
            return page(answer._repr_markdown_() for answer in answers)
    assert_never(to.format)


def _shown(answer: Answer, screen: Screen, where: str) -> str:
    match answer:
        case Cascade():
            return cascade_text(answer, screen)
        case Bounds():
            return bounds_text(answer, screen, breaks=False)
        case Clearing():
            return run_text(answer, screen, _after_run(answer, where))
    assert_never(answer)


def _document(answer: Answer) -> str:
    match answer:
        case Cascade():
            return dumps(cascade_json(answer))
        case Bounds():
            return dumps(bounds_json(answer))
        case Clearing():
            return dumps(result_json(answer))
    assert_never(answer)


def of_demo(answers: Sequence[Answer], breaks: Sequence[BreakPoints], to: Out) -> str:
    """Return the shipped case, part by part; its last line leads to a file of one's own."""
    if to.format is not Format.table:
        return of_runs(answers, to, [""] * len(answers))
    screen = screen_of(to)
    pages = ["\n".join(prose(DEMO_TITLE, screen)) + "\n"]
    for part, answer, points in zip(DEMO, answers, breaks, strict=True):
        title = "\n".join(screen.paint(line, "bold") for line in prose(part.title, screen))
        shown = of_runs([answer], replace(to, format=Format.table), [""])
        pages += [title + "\n", shown, break_text(points, screen)]
    return _stacked([*pages, "next: looprisk init\n"])


def of_causes(answers: Sequence[Clearing | Cascade], layer: str, to: Out) -> str:
    """Return why one layer loses, under each clearing."""
    match to.format:
        case Format.table:
            return _stacked(explain_text(answer, layer, screen_of(to)) for answer in answers)
        case Format.json:
            return documents([answer.explain(layer).to_json() for answer in answers])
        case Format.csv:
            return _one_csv(
                [(answer.scenario, answer.explain(layer).to_csv()) for answer in answers]
            )
        case Format.md:
            return page(answer.explain(layer).to_markdown() for answer in answers)
    assert_never(to.format)


def of_break_points(answers: Sequence[BreakPoints | Bounds], to: Out) -> str:
    """Return break points as they are shown, or the intervals they lie in."""
    match to.format:
        case Format.table:
            return _stacked(
                bounds_text(answer, screen_of(to), breaks=True)
                if isinstance(answer, Bounds)
                else break_text(answer, screen_of(to))
                for answer in answers
            )
        case Format.json:
            return documents(
                [
                    dumps(
                        bounds_json(answer)
                        if isinstance(answer, Bounds)
                        else break_points_json(answer)
                    )
                    for answer in answers
                ]
            )
        case Format.csv:
            tables = [
                (a.scenario, a.break_points if isinstance(a, Bounds) else a.table) for a in answers
            ]
            return _one_csv([(scenario, table.to_csv()) for scenario, table in tables])
        case Format.md:
            return page(answer._repr_markdown_() for answer in answers)
    assert_never(to.format)


def of_verdicts(report: CheckReport, to: Out) -> str:
    """Return the verdicts as they are shown."""
    match to.format:
        case Format.table:
            return check_text(report, screen_of(to))
        case Format.json:
            return dumps(check_json(report))
        case Format.csv:
            return report.table.to_csv()
        case Format.md:
            return page([report._repr_markdown_()])
    assert_never(to.format)


def screen_of(to: Out) -> Screen:
    """Return the screen that an answer is laid out for."""
    return Screen(width=to.width, color=to.color, unicode=to.unicode)


def _after_run(answer: Clearing, where: str) -> list[str]:
    losers = [row for row in answer.layer_rows if row.economic_loss_usd > 0]
    if not losers:
        return [f"looprisk break {where}"]
    most = max(losers, key=lambda row: (row.layer, row.economic_loss_usd))
    return [f"looprisk break {where}", f"looprisk run … --explain {shlex.quote(most.id)}"]


def _stacked(pages: Iterable[str]) -> str:
    return "\n".join(pages)


def page(texts: Iterable[str]) -> str:
    """Return Markdown as one page, no line of which a CI runner takes for a command."""
    return "\n".join(for_log(line) for line in "\n".join(texts).split("\n"))


def documents(texts: Sequence[str]) -> str:
    """Return one JSON document as it is, and several as a list."""
    if len(texts) == 1:
        return texts[0]
    return "[\n" + ",\n".join(text.rstrip("\n") for text in texts) + "\n]\n"


def _one_csv(tables: Sequence[tuple[str, str]]) -> str:
    """Return one table whose first column says the scenario, of tables with the same columns."""
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    for number, (scenario, text) in enumerate(tables):
        heads, *rows = csv.reader(io.StringIO(text))
        if number == 0:
            writer.writerow(["scenario", *heads])
        writer.writerows([for_csv(clean(scenario)), *row] for row in rows)
    return page.getvalue()


def write_table(table: Rows, to: Out) -> None:
    """Write an answer that is one table."""
    match to.format:
        case Format.table:
            write(to, table.text(to.width, color=to.color, unicode=to.unicode))
        case Format.json:
            write(to, table.to_json())
        case Format.csv:
            write(to, table.to_csv())
        case Format.md:
            write(to, "\n".join(for_log(line) for line in table._repr_markdown_().split("\n")))
