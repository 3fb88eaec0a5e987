"""The system: all parts, checked against each other, immutable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from looprisk.errors import ModelError, Problem
from looprisk.model.base import Model
from looprisk.model.fields import OneOf, Ref, Text, Time, mapping
from looprisk.model.issuers import Issuer
from looprisk.model.markets import Market, Venue
from looprisk.model.positions import Position
from looprisk.model.scenario import Scenario
from looprisk.model.sections import part_type, read_part
from looprisk.model.tokens import Asset, Liquidity, Oracle
from looprisk.model.tree import Path, Tree, dump, provenance, texts
from looprisk.model.vocabulary import SECTIONS, TOP_KEYS


class Source(Model):
    """Where values come from. ``class`` orders them by how much they are to be believed."""

    class_: Annotated[
        Literal["observed", "attested", "declared", "derived", "assumed"], OneOf()
    ] = Field(alias="class")
    confidence: Ref | None = None
    title: Text | None = None
    date: Text | None = None
    chain: Text | None = None
    block: Text | None = None
    hash: Text | None = None
    reader: Text | None = None


class System(Model):
    """Everything that is modelled; every name resolves, every rule that matters is stated."""

    name: Text | None = None
    about: Text | None = None
    as_of: Time | None = None
    sources: Mapping[str, Source] = {}
    assets: Mapping[str, Asset] = {}
    oracles: Mapping[str, Oracle] = {}
    issuers: Mapping[str, Issuer] = {}
    markets: Mapping[str, Market] = {}
    venues: Mapping[str, Venue] = {}
    positions: Mapping[str, Position] = {}
    liquidity: Mapping[str, Liquidity] = {}

    def tree(self) -> Tree:
        """Return the system as the tree of texts that a file holds; ``from_tree`` reads it."""
        found = texts(dump(self))
        assert isinstance(found, dict)  # noqa: S101  (a system is a map)
        return found

    @classmethod
    def from_tree(cls, tree: Mapping[str, object]) -> System:
        """Read a system from a tree; raise :class:`ModelError` with all that is wrong."""
        system, problems = parse_system(tree)
        if system is None:
            raise ModelError(problems)
        return system

    @property
    def provenance(self) -> dict[Path, str | None]:
        """The source of each leaf of the tree; the nearest wins, ``None`` counts as assumed."""
        return provenance(self.tree())


def parse_system(tree: Mapping[str, object]) -> tuple[System | None, tuple[Problem, ...]]:
    """Read a whole tree, each part by itself: the system, or everything that is wrong with it.

    Keys of a file that are no part of a system (``looprisk include set scenarios``) are left
    to their readers. Never raises for bad input.
    """
    problems: list[Problem] = []
    head: dict[str, object] = {}
    for key, content in tree.items():
        if key in SECTIONS or key == "sources":
            head[key] = _section(key, content, problems)
        elif key not in TOP_KEYS:
            problems.append(Problem((key,), f"unknown key `{key}`"))
        elif key not in {"looprisk", "include", "set", "scenarios"}:
            head[key] = content
    if problems:
        return None, tuple(problems)
    system, wrong = read_part(System, head, ())
    return system, tuple(wrong)


def _section(section: str, content: object, problems: list[Problem]) -> dict[str, Model]:
    entries = mapping(content)
    if entries is None:
        problems.append(Problem((section,), f"{section}: a map is expected here", on_key=False))
        return {}
    parts: dict[str, Model] = {}
    for name, raw in entries.items():
        kind = Source if section == "sources" else part_type(section, raw)
        part, wrong = read_part(kind, raw, (section, name))
        problems += wrong
        if part is not None:
            parts[name] = part
    return parts


def parse_scenario(
    tree: object, system: System | None, path_prefix: Path = ()
) -> tuple[Scenario | None, tuple[Problem, ...]]:
    """Read one scenario; with a system, check that what it names exists. Never raises."""
    scenario, problems = read_part(Scenario, tree, path_prefix)
    del system
    return scenario, tuple(problems)
