"""The verbs of policies and results: ``check``, ``verify``, ``diff``."""

from pathlib import Path
from typing import Annotated

import typer

from looprisk.cli.emit import Out
from looprisk.cli.failure import RefusedError
from looprisk.cli.options import (
    Sets,
    Wheres,
    WithBounds,
    answering,
)

app = typer.Typer()


@app.command("check")
@answering
def check(
    where: Wheres,
    *,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write the verdicts there as JUnit XML."),
    ] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Annotate the lines on GitHub, and sum up the step.")
    ] = False,
    update: Annotated[
        bool,
        typer.Option(
            "--update", help="Write the results down beside each file, as NAME.expected.json."
        ),
    ] = False,
    set_: Sets = None,
    bounds: WithBounds = False,
    to: Out,
) -> int:
    """Judge every expectation of the files; exit 1 if one fails."""
    from looprisk.cli import judge
    from looprisk.cli.ask import read

    if update and set_:
        raise RefusedError("--update writes down what the files say: leave --set out")
    telling = judge.Telling(junit=junit, github=github, update=update)
    return judge.check([read(one, set_, None) for one in where], to, telling, bounds=bounds)


@app.command("verify")
@answering
def verify(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT...", help="Results of run or break, as JSON.")
    ],
    *,
    within: Annotated[
        str | None,
        typer.Option(
            "--within", metavar="ROOM", help="Room for every figure: 1e-6, 0.1%; else none."
        ),
    ] = None,
    to: Out,
) -> int:
    """Solve a result again from the inputs it pins, and name the first difference."""
    from looprisk.cli import comparing

    return comparing.verify(results, within, to)


@app.command("diff")
@answering
def diff(
    before: Annotated[
        str,
        typer.Argument(
            metavar="BEFORE", help="A looprisk file, FILE::SCENARIO, or a result as JSON."
        ),
    ],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="What it became.")],
    *,
    to: Out,
) -> int:
    """Show what changed: values, who holds what, break points and losses, the worst first."""
    from looprisk.cli import comparing

    return comparing.diff(before, after, to)
