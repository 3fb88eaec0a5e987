"""The verbs of policies and results: ``check``."""

import typer

from looprisk.cli.emit import Color, out
from looprisk.cli.options import Colored, Form, Quiet, Sets, Target, Wheres, Width, WithBounds

app = typer.Typer()


@app.command("check")
def check(
    where: Wheres,
    *,
    set_: Sets = None,
    bounds: WithBounds = False,
    form: Form = None,
    output: Target = None,
    color: Colored = Color.auto,
    width: Width = None,
    quiet: Quiet = False,
) -> int:
    """Judge every expectation of the files; exit 1 if one fails."""
    from looprisk.cli import verbs
    from looprisk.cli.ask import read

    to = out(form=form, path=output, color=color, width=width, quiet=quiet)
    return verbs.check([read(one, set_, None) for one in where], to, bounds=bounds)
