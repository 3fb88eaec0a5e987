"""The verbs that ask how far from breaking it is, and what else could be."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from looprisk.cli.emit import Out
from looprisk.cli.failure import Exit, RefusedError
from looprisk.cli.options import Sets, Shocks, Where, answering

app = typer.Typer()


class Norm(StrEnum):
    """How a mixture of shocks is measured."""

    max = "max"
    sum = "sum"
    mahalanobis = "mahalanobis"


@app.command("limit")
@answering
def limit(
    where: Where,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH...",
            help="Parameters, such as market/collateral/X/lltv; none: the limits of the file.",
            show_default=False,
        ),
    ] = None,
    *,
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep",
            metavar="EXPECTATION",
            help="What must hold: 'of: m, metric: break_at, event: bad_debt, at_least: 8%'.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            metavar="RULE",
            help="Or a published rule: twice-liquidity, break-8, run-30. break-8 of FILE lets all "
            "collateral of the market fall; of FILE::SCENARIO its shock strikes.",
        ),
    ] = None,
    of: Annotated[
        str | None, typer.Option("--of", metavar="ID", help="Whom the published rule is about.")
    ] = None,
    between: Annotated[
        str | None,
        typer.Option("--between", metavar="LOW..HIGH", help="The range to search."),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary", metavar="PATH=VALUES", help="From each of these starts: PATH=a,b or lo..hi:n."
        ),
    ] = None,
    governance: Annotated[
        bool,
        typer.Option("--governance", help="As a table of parameters, current and recommended."),
    ] = False,
    set_: Sets = None,
    shock: Shocks = None,
    to: Out,
) -> int:
    """Find the values of a parameter with which an expectation or a published rule holds."""
    from looprisk.cli import limiting
    from looprisk.cli.ask import read

    kept = limiting.Keep(keep=keep, preset=preset, of=of, between=between)
    ask = read(where, set_, shock)
    if vary:
        return limiting.graded(ask, paths or (), kept, vary, to)
    return limiting.limit(ask, paths or (), kept, to, governance=governance)


@app.command("reverse")
@answering
def reverse(
    where: Where,
    of: Annotated[
        str | None,
        typer.Argument(
            metavar="OF", help="What should break, such as lend; none: what the file asks."
        ),
    ] = None,
    event: Annotated[
        str | None, typer.Argument(metavar="EVENT", help="How: bad_debt, insolvent, …")
    ] = None,
    *,
    norm: Annotated[Norm, typer.Option("--norm", help="How a mixture is measured.")] = Norm.max,
    covariance: Annotated[
        str | None,
        typer.Option(
            "--covariance",
            metavar="MAP",
            help="Of the shocks, in their sizes as written: '{ETH: {stETH: 0.9}}'.",
        ),
    ] = None,
    set_: Sets = None,
    shock: Shocks = None,
    to: Out,
) -> int:
    """Find the smallest mixture of the shocks that breaks something, and prove that it does."""
    from looprisk.cli import sweeping
    from looprisk.cli.ask import read
    from looprisk.files.typed import read_value
    from looprisk.sweeps import reverse as reversed_

    given: dict[str, Mapping[str, object]] | None = None
    if covariance is not None:
        given = {}
        rows = read_value(covariance, "--covariance")
        for one, row in rows.items() if isinstance(rows, Mapping) else ((covariance, None),):
            if not isinstance(row, Mapping):
                raise RefusedError(f"--covariance {covariance}: write '{{ETH: {{stETH: 0.9}}}}'")
            given[one] = row
    asked = sweeping.one(read(where, set_, shock), "reverse")
    if of is None:
        sweeping.show_all(sweeping.shocks_of(asked), to)
        return Exit.OK
    if event is None:
        raise RefusedError(f"reverse {of}: how should it break?", help_="bad_debt, insolvent, …")
    answer = reversed_(asked, of, event, norm=norm.value, covariance=given)
    sweeping.show(answer, to)
    return Exit.OK


@app.command("frontier")
@answering
def frontier(
    where: Where,
    of: Annotated[str, typer.Argument(metavar="OF", help="What should break, such as lend.")],
    event: Annotated[str, typer.Argument(metavar="EVENT", help="How: bad_debt, insolvent, …")],
    *,
    set_: Sets = None,
    shock: Shocks = None,
    to: Out,
) -> int:
    """Show the mixtures of two shocks from which on something breaks, exact at their corners."""
    from looprisk.cli import sweeping
    from looprisk.cli.ask import read
    from looprisk.sweeps import frontier as border

    sweeping.show(border(sweeping.one(read(where, set_, shock), "frontier"), of, event), to)
    return Exit.OK


@app.command("allocations")
@answering
def allocations(
    where: Where,
    *,
    of: Annotated[
        list[str] | None,
        typer.Option("--of", metavar="ISSUER", help="Whose rules are varied; repeatable."),
    ] = None,
    set_: Sets = None,
    shock: Shocks = None,
    to: Out,
) -> int:
    """Show who bears the same shock under each other rule: order of payment, bridges, set-off."""
    from looprisk.cli import sweeping
    from looprisk.cli.ask import read

    return sweeping.allocations(read(where, set_, shock), of, to)


@app.command("sensitivities")
@answering
def sensitivities(
    where: Where,
    of: Annotated[str, typer.Argument(metavar="OF", help="Whose loss, such as xUSD.")],
    event: Annotated[
        str | None,
        typer.Argument(metavar="EVENT", help="Its break point instead: bad_debt, insolvent, …"),
    ] = None,
    *,
    set_: Sets = None,
    shock: Shocks = None,
    to: Out,
) -> int:
    """Show how a loss or a break point moves with every input, the strongest first."""
    from looprisk.cli import sweeping
    from looprisk.cli.ask import read
    from looprisk.sweeps import sensitivities as moved

    sweeping.show(moved(sweeping.one(read(where, set_, shock), "sensitivity"), of, event), to)
    return Exit.OK


@app.command("restaking")
@answering
def restaking(
    where: Where,
    service: Annotated[
        list[str],
        typer.Option(
            "--service",
            metavar="MAP",
            help="'NAME: {prize: $10M, threshold: 33%}', or a YAML file of such lines; repeatable. "
            "Validators are the issuers that write `depends_on: {service: NAME}`.",
        ),
    ],
    *,
    set_: Sets = None,
    shock: Shocks = None,
    to: Out,
) -> int:
    """Show the slack of stake that services share, and what it certifies beside the break point."""
    from looprisk.cli import sweeping
    from looprisk.cli.ask import read
    from looprisk.cli.emit import Format, write
    from looprisk.sweeps import restaking as restaked

    services = {name: terms for text in service for name, terms in _service(text).items()}
    answer = restaked(sweeping.asked_or_bare(read(where, set_, shock)), services)
    if to.format is Format.json:
        write(to, answer.to_json())
    else:
        sweeping.show(answer, to)
    return Exit.OK


def _service(text: str) -> dict[str, Mapping[str, object]]:
    from looprisk.files.typed import read_map, read_value

    in_file = text.endswith((".yaml", ".yml"))
    inline = text if text.lstrip().startswith("{") else f"{{{text}}}"
    rows = read_map(Path(text)) if in_file else read_value(inline, "--service")
    if not isinstance(rows, Mapping) or not all(isinstance(row, Mapping) for row in rows.values()):
        raise RefusedError(
            f"--service {text}: this is no service",
            help_="--service 'NAME: {prize: $10M, threshold: 33%}'",
        )
    return {name: row for name, row in rows.items() if isinstance(row, Mapping)}
