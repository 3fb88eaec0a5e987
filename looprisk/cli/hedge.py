"""The verb that asks a perpetual exchange: whose hedges stand at an address."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from looprisk.cli.emit import Out, note, write
from looprisk.cli.failure import Exit, RefusedError
from looprisk.files.emit import dump, dump_parts
from looprisk.files.load import load
from looprisk.onchain.hedges import VENUES, Hedges, hedges, joining, system_of

if TYPE_CHECKING:
    from looprisk.files.tree import Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """An account of a venue, and the file its hedges join."""

    address: str
    venue: str | None
    rpc: str | None
    into: Path | None
    owner: str | None
    coins: tuple[str, ...]
    record: Path | None
    replay: Path | None
    of_chain: bool
    """Whether something was asked that only a chain has: a block, places to look in."""


def import_(ask: Ask, to: Out) -> int:
    """Write the hedges at an address: by themselves, or as an overlay of a file."""
    if ask.venue not in VENUES:
        said = "--owner, --into and --coin" if ask.venue is None else f"--venue {ask.venue}"
        raise RefusedError(f"{said}: no venue is read", help_=f"write --venue {VENUES[0]}")
    if ask.of_chain:
        raise RefusedError(
            f"--venue {ask.venue} reads no chain",
            help_="leave out --chain, --block, --in and --offline",
        )
    if (ask.owner is None) != (ask.into is None):
        raise RefusedError(
            "--owner names an issuer of the file that --into names", help_="write both, or neither"
        )
    included = _included(ask.into, to) if ask.into is not None else ""
    base = load(ask.into).system if ask.into is not None else None
    coins = dict(map(_coin, ask.coins))
    made = hedges(
        ask.address,
        joining(base, ask.owner, coins),
        rpc=ask.rpc,
        record=ask.record,
        replay=ask.replay,
    )
    whole = system_of(made, base)
    write(to, _overlay(made, included) if base is not None else dump(whole))
    for check in made.checks:
        note(f"checked: {check}", quiet=to.quiet)
    return Exit.OK


def _overlay(made: Hedges, included: str) -> str:
    """Return the parts as a file that includes the one they join; it tells the time by itself."""
    kept = {key: part for key, part in made.tree.items() if key not in {"about", "as_of"} and part}
    return dump_parts({"include": included, **_words(kept)})


def _words(tree: Mapping[str, object]) -> "dict[str, Plain]":
    return {key: _word(value) for key, value in tree.items()}


def _word(value: object) -> "Plain":
    if isinstance(value, Mapping):
        return _words(value)
    return [_word(one) for one in value] if isinstance(value, list) else str(value)


def _included(into: Path, to: Out) -> str:
    """Return the file as an overlay beside it names it: from the same folder or below."""
    folder = (to.path.parent if to.path is not None else Path()).resolve()
    try:
        return str(into.resolve().relative_to(folder)).replace(os.sep, "/")
    except ValueError:
        raise RefusedError(
            f"{into} is not in {folder}, where the overlay is to be written",
            help_="a file includes others of its own folder or below: write it there with -o",
        ) from None


def _coin(text: str) -> tuple[str, str]:
    coin, mark, name = (part.strip() for part in text.partition("="))
    if not (coin and mark and name):
        raise RefusedError(f"--coin {text}: this names no coin", help_="write --coin ETH=WETH")
    return coin, name
