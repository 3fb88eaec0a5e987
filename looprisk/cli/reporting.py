"""The verbs that make something to look at: ``picture``."""

from typing import Annotated

import typer

from looprisk.cli.emit import Color, Format, out, write
from looprisk.cli.failure import Exit
from looprisk.cli.options import Colored, Form, Quiet, Sets, Shocks, Target, Where, Width

app = typer.Typer()


@app.command("picture")
def picture(
    where: Where,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="pyramid, waterfall, ladder, curve, network, reported, …"
        ),
    ] = "pyramid",
    *,
    of: Annotated[
        str, typer.Option("--of", metavar="ID", help="What it is of, where it is of one part.")
    ] = "",
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
    from looprisk.cli.ask import read
    from looprisk.report import picture as drawn

    to = out(form=form, path=output, color=color, width=width, quiet=quiet)
    made = drawn(sweeping.one(read(where, set_, shock), "picture"), kind, of)
    match form:
        case None:
            write(to, made.svg())
        case Format.table:
            write(to, made.table.text(to.width, color=to.color, unicode=to.unicode))
        case Format.json:
            write(to, made.table.to_json())
        case Format.csv:
            write(to, made.table.to_csv())
        case Format.md:
            write(to, made.table.to_markdown())
    return Exit.OK
