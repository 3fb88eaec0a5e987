"""The verbs that make something to look at: ``picture`` and ``report``."""

import shlex
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from looprisk.cli.emit import TABLES, Color, Format, note, out, write
from looprisk.cli.failure import Exit, RefusedError
from looprisk.cli.options import Colored, Form, Quiet, Sets, Shocks, Target, Where, Width

if TYPE_CHECKING:
    from looprisk.cli.ask import Ask
    from looprisk.model.case import Case

app = typer.Typer()


class Template(StrEnum):
    """What a report is about."""

    scenario = "scenario"
    disclosure = "disclosure"


@app.command("picture")
def picture(
    where: Where,
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND",
            help="pyramid, waterfall, ladder, curve, network, reported, timeline, utilisation, "
            "run, health, distribution, bad_debt, depth, maturity, tornado; of --vary heat or "
            "response.",
            show_default="pyramid, with `time` a timeline",
        ),
    ] = None,
    *,
    of: Annotated[
        str, typer.Option("--of", metavar="ID", help="What it is of, where it is of one part.")
    ] = "",
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary", metavar="PATH=VALUES", help="Sweep: one gives lines, two give a heat map."
        ),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option("--measure", metavar="OF METRIC", help="Of a sweep, as in `sweep`."),
    ] = None,
    set_: Sets = None,
    shock: Shocks = None,
    form: Form = None,
    output: Target = None,
    color: Colored = Color.auto,
    width: Width = None,
    quiet: Quiet = False,
) -> int:
    """Draw an answer as SVG; with --format, write the numbers that are drawn."""
    from looprisk.cli import sweeping
    from looprisk.cli.ask import asked_cases, read
    from looprisk.reports import picture as drawn
    from looprisk.sweeps import sweep

    to = out(
        form=form, path=output, color=color, width=width, quiet=quiet, endings=(".svg", *TABLES)
    )
    ask = read(where, set_, shock)
    if measure and not vary:
        raise RefusedError("--measure is of a sweep", help_="add --vary PATH=VALUES")
    if vary:
        values = dict(sweeping.varied(vary))
        made = drawn(sweep(sweeping.one(ask, "sweep"), values, measure=measure or ()), kind, of)
    elif kind == "bad_debt":
        made = drawn(asked_cases(ask), kind)
    else:
        made = drawn(sweeping.one(ask, "picture"), kind, of)
    ending = None if to.format is Format.table else to.format
    match form or ending:
        case None if to.path is None or to.path.suffix.lower() != ".txt":
            write(to, made.svg())
        case None | Format.table:
            write(to, made.table.text(to.width, color=to.color, unicode=to.unicode))
        case Format.json:
            write(to, made.table.to_json())
        case Format.csv:
            write(to, made.table.to_csv())
        case Format.md:
            write(to, made.table.to_markdown())
    return Exit.OK


@app.command("report")
def report(
    where: Where,
    *,
    template: Annotated[
        Template, typer.Option("--template", help="disclosure: what a protocol should publish.")
    ] = Template.scenario,
    of: Annotated[
        str, typer.Option("--of", metavar="ID", help="Of a disclosure: the claim to look through.")
    ] = "",
    interactive: Annotated[
        bool,
        typer.Option("--interactive", help="With a slider on the shock, exact at every position."),
    ] = False,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--beside",
            metavar="FILE::SCENARIO",
            help="The same shock under another rule, held against this one; repeatable.",
        ),
    ] = None,
    set_: Sets = None,
    shock: Shocks = None,
    form: Form = None,
    output: Target = None,
    quiet: Quiet = False,
) -> int:
    """Write one page on a scenario, or on a result.json: HTML, or Markdown for -o FILE.md."""
    from looprisk.cli import sweeping
    from looprisk.cli.ask import asked_cases, is_result, read
    from looprisk.cli.ask import where as typed
    from looprisk.reports import report as reported

    page = (".html", ".htm", ".md")
    to = out(form=form, path=output, color=Color.never, width=None, quiet=quiet, endings=page)
    in_markdown = to.format is Format.md
    if to.format in {Format.json, Format.csv} or form is Format.table:
        raise RefusedError(
            f"a report is HTML or Markdown, not {to.format.value}",
            help_="looprisk run FILE --format json, or -o report.html",
        )
    if in_markdown and interactive:
        raise RefusedError("--interactive: Markdown has no slider", help_="-o report.html")
    ask = read(where, set_, shock)
    disclosing = template is Template.disclosure
    if of and not disclosing:
        raise RefusedError("--of: the claim of a disclosure", help_="--template disclosure")
    if disclosing and interactive:
        raise RefusedError("--interactive: a disclosure has no shock to move")
    asked, place = _of_the_whole(ask) if disclosing else (asked_cases(ask), "")
    case = asked[0]
    place = place or typed(ask, case.name)
    if len(asked) > 1:
        told = f"reporting {case.name}, the first of {len(asked)} scenarios of {ask.path}"
        note(f"{told}; FILE::SCENARIO names another", quiet=quiet)
    others = [(text, sweeping.one(read(text, ()), "rule")) for text in beside or ()]
    flags = "".join(f" --beside {shlex.quote(text)}" for text, _ in others)
    flags += " --template disclosure" if disclosing else " --interactive" if interactive else ""
    commands = [f"looprisk report {place}{flags} -o report.html"]
    if is_result(ask):
        commands.append(f"looprisk verify {shlex.quote(str(ask.path))}")
    elif not disclosing:
        commands.append(f"looprisk run {place} --format json")
    rules = [other for _, other in others]
    made = reported(case, commands, template=template.value, of=of, beside=rules)
    write(to, made.markdown() if in_markdown else made.html(interactive=interactive))
    return Exit.OK


def _of_the_whole(ask: "Ask") -> "tuple[list[Case], str]":
    """Return what a disclosure is of, and how it is typed: a scenario, or a file without one."""
    from looprisk.cli.ask import asked_cases, asked_system, is_result
    from looprisk.files.load import load

    if is_result(ask) or ask.shocks or len(file := load(ask.path)):
        return asked_cases(ask), ""
    return [asked_system(ask, file)], shlex.quote(str(ask.path))
