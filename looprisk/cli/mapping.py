"""The verb ``map``: what a file holds, what a claim in it stands on, what its parts share."""

import shlex
from collections.abc import Callable
from typing import assert_never

from looprisk.analysis.mapping import common, exposure
from looprisk.cli.ask import Ask, asked_system
from looprisk.cli.emit import Format, Out, write
from looprisk.cli.failure import Exit
from looprisk.files.load import load
from looprisk.model.system import System
from looprisk.results.cells import Screen
from looprisk.results.map_answers import Common, Exposure, SystemMap
from looprisk.results.map_json import common_json, exposure_json, map_json
from looprisk.results.map_text import common_text, exposure_text, map_text
from looprisk.results.names import for_log
from looprisk.results.result_json import Object, dumps


def map_(ask: Ask, of: str | None, common_: bool, to: Out) -> int:
    """Show the map of a system, the look-through of one thing in it, or what parts share."""
    system = asked_system(ask, load(ask.path)).system
    screen = Screen(width=to.width, color=to.color, unicode=to.unicode)
    again = f"looprisk map {_place(ask)}"
    if common_:
        write(to, _shared(common(system, of), to, screen, again))
    elif of is not None:
        write(to, _looked(exposure(system, of=of), to, screen, again))
    else:
        write(to, _mapped(exposure(system), system, to, screen, again))
    return Exit.OK


def _place(ask: Ask) -> str:
    place = str(ask.path) if ask.scenario is None else f"{ask.path}::{ask.scenario}"
    words = [shlex.quote(place)]
    for path, value in ask.sets.items():
        words += ["--set", shlex.quote(f"{path}={value}")]
    return " ".join(words)


def _mapped(answer: SystemMap, system: System, to: Out, screen: Screen, again: str) -> str:
    most = max(
        (row for row in answer.held_rows if row.claim in _tokens(system)),
        key=lambda row: row.usd or 0.0,
        default=None,
    )
    commands = [] if most is None else [f"{again} --of {shlex.quote(most.claim)}"]
    return _written(
        to,
        lambda: map_text(answer, screen, [*commands, f"{again} --common"]),
        lambda: map_json(answer),
        answer.holdings.to_csv,
        answer._repr_markdown_,
    )


def _tokens(system: System) -> set[str]:
    return {token for issuer in system.issuers.values() for token in issuer.issues}


def _looked(answer: Exposure, to: Out, screen: Screen, again: str) -> str:
    following = [f"{again} --common --of {shlex.quote(answer.of)}"]
    return _written(
        to,
        lambda: exposure_text(answer, screen, following),
        lambda: exposure_json(answer),
        answer.table.to_csv,
        answer._repr_markdown_,
    )


def _shared(answer: Common, to: Out, screen: Screen, again: str) -> str:
    seen = next((row.value for row in answer.rows if row.kind in {"issuer", "asset"}), None)
    following = [] if seen is None else [f"{again} --of {shlex.quote(seen)}"]
    return _written(
        to,
        lambda: common_text(answer, screen, following),
        lambda: common_json(answer),
        answer.table.to_csv,
        answer._repr_markdown_,
    )


def _written(
    to: Out,
    table: Callable[[], str],
    document: Callable[[], Object],
    csv: Callable[[], str],
    markdown: Callable[[], str],
) -> str:
    match to.format:
        case Format.table:
            return table()
        case Format.json:
            return dumps(document())
        case Format.csv:
            return csv()
        case Format.md:
            return "\n".join(for_log(line) for line in markdown().split("\n"))
    assert_never(to.format)
