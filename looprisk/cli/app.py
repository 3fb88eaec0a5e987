"""The verbs and their flags, as the shell sees them."""

from pathlib import Path
from typing import Annotated

import typer

from looprisk.cli.emit import Color, Format, Out, out
from looprisk.cli.failure import Exit
from looprisk.cli.options import (
    IMPORTS,
    Address,
    ChainName,
    Coins,
    Exactly,
    Explain,
    Into,
    Of,
    Owner,
    Quiet,
    Rpc,
    Sets,
    Shares,
    Shocks,
    Since,
    Target,
    VenueName,
    Where,
    WithBounds,
    answering,
)

app = typer.Typer(
    name="looprisk",
    help="Looped leverage in DeFi: what every layer loses to a shock, and where it breaks.",
    epilog="Exit codes: 0 ok, 1 an expectation failed (check alone), 2 usage or bad file, "
    "3 data could not be read or verified, 4 no certified answer, 130 interrupted.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("looprisk")
        except PackageNotFoundError:
            number = "from an uninstalled source tree"
        typer.echo(f"looprisk {number}")
        raise typer.Exit(Exit.OK)


@app.callback(invoke_without_command=True)
def looprisk(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="The version.")
    ] = False,
) -> None:
    """Looped leverage in DeFi: what every layer loses to a shock, and where it breaks."""
    if context.invoked_subcommand is None and not version:
        typer.echo(context.get_help())


@app.command("demo")
@answering
def demo(
    *,
    to: Out,
) -> int:
    """Show the shipped case, the fall of Stream."""
    from looprisk.cli import verbs

    return verbs.demo(to)


@app.command("init")
def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")] = Path(
        "looprisk.yaml"
    ),
    *,
    quiet: Quiet = False,
) -> int:
    """Write a commented file to start from."""
    from looprisk.cli import start

    return start.init(file, quiet=quiet)


@app.command("schema")
def schema(
    document: Annotated[
        str | None,
        typer.Argument(
            metavar="DOCUMENT", help="Of result, break-points, check, diff, …; else of a file."
        ),
    ] = None,
    *,
    output: Target = None,
    quiet: Quiet = False,
) -> int:
    """Write the JSON Schema that editors read, or that of a document."""
    from looprisk.cli import start

    return start.schema(document, output, quiet=quiet)


@app.command("words")
@answering
def words(
    word: Annotated[
        str,
        typer.Argument(metavar="WORD", help="A section, stages, expect, metrics, …, or any key."),
    ] = "",
    *,
    to: Out,
) -> int:
    """Show what the words of the language mean: its reference, page by page."""
    from looprisk.cli import start

    return start.words(word, to)


@app.command("run")
@answering
def run(
    where: Where,
    *,
    set_: Sets = None,
    shock: Shocks = None,
    explain: Explain = None,
    bounds: WithBounds = False,
    exact: Exactly = False,
    to: Out,
) -> int:
    """Show what every layer loses; judge nothing."""
    from looprisk.cli import verbs
    from looprisk.cli.ask import read

    if bounds:
        return verbs.bounds(read(where, set_, shock), explain, to)
    return verbs.run(read(where, set_, shock, exact=exact), explain, to)


@app.command("break")
@answering
def break_(
    where: Where,
    *,
    set_: Sets = None,
    shock: Shocks = None,
    bounds: WithBounds = False,
    exact: Exactly = False,
    to: Out,
) -> int:
    """Show how far the shock goes before each layer breaks."""
    from looprisk.cli import verbs
    from looprisk.cli.ask import read

    if bounds:
        return verbs.bounds(read(where, set_, shock), None, to, breaks=True)
    return verbs.break_(read(where, set_, shock, exact=exact), to)


@app.command("sweep")
@answering
def sweep(
    where: Where,
    *,
    vary: Annotated[
        list[str],
        typer.Option(
            "--vary",
            metavar="PATH=VALUES",
            help="What to vary: PATH=a,b,c or PATH=lo..hi:n; `shock` is the size of the shock.",
        ),
    ],
    measure: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            metavar="OF METRIC",
            help="What, such as 'plume-xusd break_at bad_debt'; else losses and liquidations.",
        ),
    ] = None,
    set_: Sets = None,
    shock: Shocks = None,
    to: Out,
) -> int:
    """Vary values and sizes, and show one row for each; the first row is as given."""
    from looprisk.cli import sweeping
    from looprisk.cli.ask import read

    return sweeping.sweep(read(where, set_, shock), vary, measure or (), to)


@app.command("map")
@answering
def map_(
    where: Where,
    *,
    of: Of = None,
    common: Shares = False,
    set_: Sets = None,
    to: Out,
) -> int:
    """Show who holds what of whom, what a claim stands on, what parts share."""
    from looprisk.cli import mapping
    from looprisk.cli.ask import read

    return mapping.map_(read(where, set_), of, common, to)


@app.command("import", epilog=IMPORTS)
def import_(
    address: Address,
    *,
    chain: ChainName = None,
    block: Annotated[
        str,
        typer.Option("--block", metavar="BLOCK", help="A number, or latest, safe, finalized."),
    ] = "finalized",
    look_in: Annotated[
        list[str] | None,
        typer.Option(
            "--in",
            metavar="ADDRESS",
            help="Look only in this pool or market, and for this token in vaults; repeatable.",
        ),
    ] = None,
    since: Since = None,
    rpc: Rpc = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Use only what was read before.")
    ] = False,
    borrowers: Annotated[
        bool,
        typer.Option(
            "--borrowers", help="List all who borrow there, 200 and more in tables beside -o FILE."
        ),
    ] = False,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="Keep every answer there.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option("--replay", metavar="FILE", help="Use only such a recording.")
    ] = None,
    venue: VenueName = None,
    into: Into = None,
    owner: Owner = None,
    coin: Coins = None,
    output: Target = None,
    quiet: Quiet = False,
) -> int:
    """Write the system behind an address, at one block."""
    from looprisk.cli import chain as chains

    to = out(form=Format.table, path=output, color=Color.never, width=None, quiet=quiet)
    if venue is not None or into is not None or owner is not None or coin:
        from looprisk.cli import hedge

        legs = hedge.Ask(
            address=address,
            venue=venue,
            rpc=rpc,
            into=into,
            owner=owner,
            coins=tuple(coin or ()),
            record=record,
            replay=replay,
            of_chain=chain is not None
            or bool(look_in)
            or since is not None
            or offline
            or block != "finalized",
        )
        return hedge.import_(legs, to)
    ask = chains.Ask(
        address=address,
        chain=chain,
        block=block,
        rpc=rpc,
        look_in=tuple(look_in or ()),
        since=since,
        offline=offline,
        record=record,
        replay=replay,
        borrowers=borrowers,
    )
    return chains.import_(ask, to)


@app.command("doctor")
@answering
def doctor(
    *,
    chain: ChainName = None,
    rpc: Rpc = None,
    to: Out,
) -> int:
    """Show what the configured node can do."""
    from looprisk.cli import chain as chains

    return chains.doctor(chain, rpc, to)
