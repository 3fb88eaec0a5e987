"""The arguments and options that verbs share, each declared once."""

from collections.abc import Callable
from functools import update_wrapper
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated

import typer

from looprisk.cli.emit import LEAST_WIDTH, Color, Format, out

Where = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="A looprisk file, or FILE::SCENARIO for one of its scenarios."
    ),
]
Wheres = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", help="Files to judge, or FILE::SCENARIO for one scenario."),
]
Form = Annotated[
    Format | None,
    typer.Option(
        "--format", help="How to write the answer; else by the ending of -o.", show_default="table"
    ),
]
Target = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there, whole or not at all."),
]
Colored = Annotated[Color, typer.Option("--color", help="auto: a terminal, without NO_COLOR.")]
Width = Annotated[
    int | None,
    typer.Option(
        "--width",
        min=LEAST_WIDTH,
        max=1000,
        help="Columns of a table.",
        show_default="the terminal's, else 80",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No messages but errors.")]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Start from another value; repeatable. PATH: market/collateral/ETH/lltv, "
        "pool/curve/depth, a row of a measured depth pool/curve/table/100, a price in time "
        "paths/ETH/2h, time/step.",
    ),
]
Shocks = Annotated[
    list[str] | None,
    typer.Option(
        "--shock",
        metavar="YAML",
        help="Ask for this shock, not the file's: 'loss: {Stream: $93M}'. Several strike together.",
    ),
]
Of = Annotated[
    str | None,
    typer.Option(
        "--of", metavar="ID", help="What this stands on, loops summed, and who stands on it."
    ),
]
Shares = Annotated[
    bool,
    typer.Option(
        "--common", help="What parts share: oracle, custodian, curator, bridge, issuer, asset."
    ),
]
Address = Annotated[
    str,
    typer.Argument(
        metavar="ADDRESS",
        help="0x…, eth:0x…, eip155:1:0x… or ethereum:0x…; a market's id; POOL/TOKEN.",
    ),
]
ChainName = Annotated[
    str | None,
    typer.Option("--chain", metavar="CHAIN", help="A name or a number: ethereum, base, 8453."),
]
Rpc = Annotated[
    str | None,
    typer.Option(
        "--rpc",
        metavar="URL",
        help="The node; else LOOPRISK_RPC_<chain id>, ETH_RPC_URL or WEB3_PROVIDER_URI names it.",
    ),
]
Since = Annotated[
    int | None,
    typer.Option(
        "--since",
        metavar="BLOCK",
        help="Flag shares whose price jumped since this block, and vaults that were sent tokens; "
        "-7200: so many before.",
    ),
]
IMPORTS = """\b
Examples:
  an account in every pool that is known there
    looprisk import eth:0x… -o me.yaml
  in one pool, at one block; again with --offline it asks no node
    looprisk import 0x… --chain base --in 0xPOOL --block 23_725_820 -o me.yaml
  a vault, flagged where a share jumped since yesterday, or was sent tokens
    looprisk import eth:0xVAULT --since -7200 -o vault.yaml
  a strategy that keeps shares of another vault, which the chain does not list
    looprisk import eth:0xVAULT --in 0xOTHER -o vault.yaml
  all who borrow of a reserve of a pool, or in a market of Morpho Blue
    looprisk import eth:0xPOOL/0xTOKEN --borrowers -o pool.yaml
    looprisk import eth:0x(64 digits) --borrowers -o market.yaml
  an account of Hyperliquid by itself, or as the hedges of an issuer of a file
    looprisk import 0x… --venue hyperliquid -o legs.yaml
    looprisk import 0x… --venue hyperliquid --into vault.yaml --owner Neutral
      --coin ETH=WETH -o hedged.yaml
  evidence to show, and the same file from it without a node
    looprisk import eth:0x… --record me.tape.gz -o me.yaml
    looprisk import eth:0x… --replay me.tape.gz -o me.yaml
"""
"""What stands below the help of the verb that imports."""
VenueName = Annotated[
    str | None,
    typer.Option(
        "--venue",
        metavar="VENUE",
        help="Read the address as an account there, with its hedges and balances: hyperliquid.",
    ),
]
Into = Annotated[
    Path | None,
    typer.Option(
        "--into", metavar="FILE", help="Write the hedges as an overlay of this file; with --owner."
    ),
]
Owner = Annotated[
    str | None,
    typer.Option("--owner", metavar="ID", help="The issuer of --into whose hedges they are."),
]
Coins = Annotated[
    list[str] | None,
    typer.Option(
        "--coin", metavar="COIN=ID", help="What a coin of the venue is there: ETH=WETH; repeatable."
    ),
]
Explain = Annotated[
    str | None,
    typer.Option("--explain", metavar="LAYER", help="Where the loss of this layer comes from."),
]
WithBounds = Annotated[
    bool,
    typer.Option("--bounds", help="Intervals that hold whatever the values are that nobody knows."),
]
Exactly = Annotated[
    bool,
    typer.Option("--exact", help="In fractions however large, and how far floats are from them."),
]


def answering(verb: Callable[..., int]) -> Callable[..., int]:
    """Give a verb the options that say where and how an answer is written, as its ``to``."""

    def answered(
        *,
        form: Form = None,
        output: Target = None,
        color: Colored = Color.auto,
        width: Width = None,
        quiet: Quiet = False,
        **asked: object,
    ) -> int:
        to = out(form=form, path=output, color=color, width=width, quiet=quiet)
        return verb(**asked, to=to)

    written = signature(answered)
    update_wrapper(answered, verb)
    shared = [p for p in written.parameters.values() if p.kind is Parameter.KEYWORD_ONLY]
    own = [p for p in signature(verb).parameters.values() if p.name != "to"]
    # typer reads both to build the command line; no type of a function knows the first
    answered.__signature__ = written.replace(parameters=[*own, *shared])  # type: ignore[attr-defined]
    answered.__annotations__ = {p.name: p.annotation for p in (*own, *shared)} | {"return": int}
    return answered
