"""The sections of a file: which part each holds, and how one part is read by itself."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from looprisk.errors import ModelError, Problem
from looprisk.model.base import Part
from looprisk.model.fields import mapping
from looprisk.model.issuers import Issuer
from looprisk.model.markets import Market, Venue
from looprisk.model.positions import LoanPosition, position_type
from looprisk.model.problems import in_tree
from looprisk.model.tokens import Asset, Liquidity, Oracle
from looprisk.model.values import expected

Path = tuple[str, ...]
PartT = TypeVar("PartT", bound=BaseModel)

PARTS: dict[str, type[Part]] = {
    "assets": Asset,
    "oracles": Oracle,
    "issuers": Issuer,
    "markets": Market,
    "venues": Venue,
    "positions": LoanPosition,
    "liquidity": Liquidity,
}
"""The part of each section; what a position is follows from its keys."""


def part_type(section: str, raw: object) -> type[Part]:
    """Return the type of a part of ``section`` written as ``raw``."""
    return position_type(raw) if section == "positions" else PARTS[section]


def read_part(kind: type[PartT], raw: object, path: Path) -> tuple[PartT | None, list[Problem]]:
    """Read one part by itself: the part, or the problems it has, placed under ``path``."""
    if isinstance(raw, kind):
        return raw, []
    fields = mapping(raw)
    if fields is None:
        return None, [not_a_map(raw, path)]
    try:
        return kind(**fields), []
    except ModelError as error:
        return None, [in_tree(problem, path) for problem in error.problems]


def not_a_map(raw: object, path: Path) -> Problem:
    """Return the problem that ``raw`` stands where a map is expected."""
    return in_tree(Problem((), str(expected("a map", raw)), on_key=False), path)
