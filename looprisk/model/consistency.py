"""All checks of a system as a whole, on whatever parts of it could be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from looprisk.errors import Problem
from looprisk.model.check_amounts import check_amounts
from looprisk.model.check_issuers import check_issuers
from looprisk.model.check_markets import check_markets, check_positions
from looprisk.model.checks import Parts, check_ids, check_oracles, check_prices, check_sources
from looprisk.model.issuers import Issuer
from looprisk.model.markets import Market, Venue
from looprisk.model.names import names_of
from looprisk.model.positions import (
    AnyPosition,
    LoanPosition,
    PerpPosition,
    TablePosition,
    VenueTable,
)
from looprisk.model.tokens import Asset, Liquidity, Oracle

Sections = Mapping[str, Mapping[str, object]]
PartT = TypeVar("PartT")


def parts_of(sections: Sections) -> Parts:
    """Return the parts that were read, and the names of all, read or not."""

    def read(section: str, *kinds: type[PartT]) -> dict[str, PartT]:
        parts = sections.get(section, {})
        return {name: part for name, part in parts.items() if isinstance(part, kinds)}

    positions: dict[str, AnyPosition] = {
        **read("positions", LoanPosition),
        **read("positions", PerpPosition),
        **read("positions", TablePosition),
        **read("positions", VenueTable),
    }
    return Parts(
        read("assets", Asset),
        read("oracles", Oracle),
        read("issuers", Issuer),
        read("markets", Market),
        read("venues", Venue),
        positions,
        read("liquidity", Liquidity),
        names_of(sections),
    )


def check(
    sections: Sections, tree: Mapping[str, object], sources: Mapping[str, object]
) -> list[Problem]:
    """Return every problem of a system as a whole, in the order of its sections.

    ``sections`` holds the parts by id, raw where they could not be read; sums are judged only
    where nothing is missing from them.
    """
    parts = parts_of(sections)
    problems = [
        *check_ids(sections, parts.names),
        *check_sources(tree, sources),
        *check_prices(parts),
        *check_oracles(parts),
        *check_issuers(parts),
        *check_markets(parts),
        *check_positions(parts),
    ]
    read = sum(1 for _ in parts.sections())
    whole = read == sum(len(several) for name, several in sections.items() if name != "sources")
    if whole and not problems:
        problems += check_amounts(parts)
    return problems
