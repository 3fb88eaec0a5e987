"""The verb ``carry``: what an account earns over what it pays, and the rate that leaves nothing."""

from collections.abc import Iterable
from typing import Annotated

import typer

from looprisk.cli.emit import Format, Out, write
from looprisk.cli.failure import Exit, RefusedError
from looprisk.cli.options import Sets, Where, answering

app = typer.Typer()


@app.command("carry")
@answering
def carry(
    where: Where,
    of: Annotated[
        str,
        typer.Argument(metavar="POSITION", help="The account; none: the only one of the file."),
    ] = "",
    *,
    yields: Annotated[
        list[str] | None,
        typer.Option(
            "--yield",
            metavar="TOKEN=RATE",
            help="What a collateral yields: wstETH=3%/y; repeatable.",
        ),
    ] = None,
    rates: Annotated[
        list[str] | None,
        typer.Option(
            "--rate",
            metavar="TOKEN=RATE",
            help="What a loan token costs, for a market without a curve or beside it; repeatable.",
        ),
    ] = None,
    debt: Annotated[
        str,
        typer.Option("--debt", metavar="TOKEN", help="Whose rate moves, of several debts."),
    ] = "",
    loss: Annotated[
        str, typer.Option("--loss", metavar="SHARE", help="The loss of equity to wait for.")
    ] = "1%",
    set_: Sets = None,
    to: Out,
) -> int:
    """Show what an account earns, the borrow rate that leaves nothing, and the days to a loss."""
    from looprisk.analysis.carry import carry as carried
    from looprisk.cli import sweeping
    from looprisk.cli.ask import asked_system, read
    from looprisk.files.load import load

    ask = read(where, set_)
    earned, paid = _pairs("--yield", yields or ()), _pairs("--rate", rates or ())
    if not earned:
        raise RefusedError(
            "carry: what does the collateral yield?", help_="--yield wstETH=3%/y; 0%/y for nothing"
        )
    case = asked_system(ask, load(ask.path))
    answer = carried(case, of, yields=earned, rates=paid, debt=debt, loss=loss)
    if to.format is Format.json:
        write(to, answer.to_json())
    else:
        sweeping.show(answer, to)
    return Exit.OK


def _pairs(option: str, texts: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        token, mark, rate = (part.strip() for part in text.partition("="))
        if not (token and mark and rate):
            raise RefusedError(
                f"{option} {text}: this is not TOKEN=RATE", help_=f"{option} wstETH=3%/y"
            )
        if token in found:
            raise RefusedError(f"{option} {token} is given twice")
        found[token] = rate
    return found
