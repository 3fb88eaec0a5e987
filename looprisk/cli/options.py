"""The arguments and options that verbs share, each declared once."""

from pathlib import Path
from typing import Annotated

import typer

from looprisk.cli.emit import LEAST_WIDTH, Color, Format

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
        help="Flag shares whose price jumped since this block; -7200: so many before.",
    ),
]
VenueName = Annotated[
    str | None,
    typer.Option(
        "--venue",
        metavar="VENUE",
        help="Read the address as an account there, its positions as hedges: hyperliquid.",
    ),
]
Into = Annotated[
    Path | None,
    typer.Option("--into", metavar="FILE", help="Write hedges as an overlay of this file."),
]
Owner = Annotated[
    str | None,
    typer.Option("--owner", metavar="ID", help="The issuer of that file whose hedges they are."),
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
