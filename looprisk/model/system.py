"""The system: all parts, checked against each other, immutable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from looprisk.errors import ModelError, Problem
from looprisk.model.base import Model
from looprisk.model.checks import SET, Parts
from looprisk.model.consistency import check, parts_of
from looprisk.model.fields import OneOf, Ref, Text, Time, mapping
from looprisk.model.frozen import EMPTY, FrozenMap, Map
from looprisk.model.issuers import Issuer
from looprisk.model.markets import Market, Venue
from looprisk.model.paths import apply_set
from looprisk.model.positions import Position
from looprisk.model.problems import unknown_key_help
from looprisk.model.sections import not_a_map, part_type, read_part
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


class _Head(Model):
    """What stands above the sections."""

    name: Text | None = None
    about: Text | None = None
    as_of: Time | None = None


class System(_Head):
    """Everything that is modelled; every name resolves, every rule that matters is stated."""

    sources: Map[Source] = EMPTY
    assets: Map[Asset] = EMPTY
    oracles: Map[Oracle] = EMPTY
    issuers: Map[Issuer] = EMPTY
    markets: Map[Market] = EMPTY
    venues: Map[Venue] = EMPTY
    positions: Map[Position] = EMPTY
    liquidity: Map[Liquidity] = EMPTY

    def __init__(self, **fields: object) -> None:
        """Read the parts; raise :class:`ModelError` with all that is wrong with them together."""
        try:
            super().__init__(**fields)
        except ModelError as error:
            raise ModelError(parse_system(fields)[1] or error.problems) from None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        sections: dict[str, Mapping[str, object]] = {
            section: dict(self)[section] for section in SECTIONS
        }
        problems = check(sections, dump(self), self.sources)
        if problems:
            raise ModelError(problems)
        return self

    def tree(self) -> Tree:
        """Return the system as the tree of texts that a file holds; ``from_tree`` reads it."""
        return {key: texts(content) for key, content in dump(self).items()}

    @classmethod
    def from_tree(cls, tree: Mapping[str, object]) -> System:
        """Read a system from a tree; raise :class:`ModelError` with all that is wrong."""
        system, problems = parse_system(tree)
        if system is None:
            raise ModelError(problems)
        return system

    def set(self, changes: Mapping[str, object], source: str = SET) -> System:
        """Return a new system in which each path of ``changes`` has a new value.

        Values are text, numbers, lists or maps, as in a file; ``absent`` removes an optional
        one. A value that names no source gets ``source``; ``set`` counts as assumed. Raises
        :class:`ModelError` with every path that leads nowhere and every value that is wrong.

        >>> system = System(assets={"ETH": {"price": 3000}})
        >>> system.set({"ETH/price": "$2_500"}).assets["ETH"].price.number
        Fraction(2500, 1)
        """
        system, problems = change(self, changes, (), source)
        if system is None:
            raise ModelError(problems)
        return system

    @property
    def parts(self) -> Parts:
        """The parts by section, and their names; what checks and groups are resolved in."""
        return parts_of({section: dict(self)[section] for section in SECTIONS})

    @property
    def provenance(self) -> dict[Path, str | None]:
        """The source of each leaf of the tree; the nearest wins, ``None`` counts as assumed."""
        return provenance(dump(self))

    def class_of(self, source: str | None) -> str:
        """Return the class of a source by its id; no source counts as ``assumed``.

        >>> System(sources={"a": {"class": "observed"}}).class_of("a")
        'observed'
        """
        found = self.sources.get(source) if source is not None else None
        return found.class_ if found is not None else "assumed"


def parse_system(tree: Mapping[str, object]) -> tuple[System | None, tuple[Problem, ...]]:
    """Read a whole tree, each part by itself: the system, or everything that is wrong with it.

    Keys of a file that are no part of a system (``looprisk include set scenarios``) are left
    to their readers. Never raises for bad input.
    """
    problems: list[Problem] = []
    parts: dict[str, Mapping[str, Model]] = {}
    names: dict[str, Mapping[str, object]] = {}
    head = {key: content for key, content in tree.items() if key in _HEAD}
    for key in tree:
        if key not in TOP_KEYS:
            help_ = unknown_key_help(str(key), tree[key], TOP_KEYS)
            problems.append(Problem((str(key),), f"unknown key `{key}`", help_))
    for key in ("sources", *SECTIONS):
        if key in tree:
            parts[key] = _section(key, tree[key], problems)
            names[key] = {**(mapping(tree[key]) or {}), **parts[key]}
    above, wrong = read_part(_Head, head, ())
    problems += wrong
    problems += check(names, tree, names.get("sources", {}))
    if problems or above is None:
        return None, tuple(problems)
    return _assembled(above, parts), ()


def _assembled(above: _Head, parts: Mapping[str, Mapping[str, Model]]) -> System:
    """Put parts together that were read and checked already."""
    fields = ((name, dict(above)[name]) for name in _Head.model_fields)
    given = {name: content for name, content in fields if content is not None}
    sections = {section: FrozenMap(content) for section, content in parts.items()}
    return System().model_copy(update={**given, **sections})


_HEAD = frozenset({"name", "about", "as_of", "source"})


def _section(section: str, content: object, problems: list[Problem]) -> dict[str, Model]:
    entries = mapping(content)
    if entries is None:
        problems.append(not_a_map(content, (section,)))
        return {}
    parts: dict[str, Model] = {}
    for name, raw in entries.items():
        kind = Source if section == "sources" else part_type(section, raw)
        part, wrong = read_part(kind, raw, (section, name))
        problems += wrong
        if part is not None:
            parts[name] = part
    return parts


def change(
    system: System, changes: Mapping[str, object], prefix: Path = (), source: str = SET
) -> tuple[System | None, tuple[Problem, ...]]:
    """Return ``system`` with ``changes``, or the problems, placed at ``prefix`` and their path.

    Only the parts that a path leads into are read again.
    """
    before = dump(system)
    changed = apply_set(before, changes, prefix, source)
    wrong: list[Problem] = []
    parts = {
        section: _changed(system, section, before, changed.tree, wrong) for section in SECTIONS
    }
    problems = [*changed.problems, *(_at_change(p, changed.places, prefix) for p in wrong)]
    if not problems:
        wrong = check(parts, changed.tree, system.sources)
        problems += (_at_change(problem, changed.places, prefix) for problem in wrong)
    if problems:
        return None, tuple(problems)
    return _assembled(system, {"sources": system.sources, **parts}), ()


def _changed(
    system: System,
    section: str,
    before: Mapping[str, object],
    after: Mapping[str, object],
    problems: list[Problem],
) -> dict[str, Model]:
    """Read again what a change has replaced, and keep the other parts of a section."""
    old, new = mapping(before.get(section)) or {}, mapping(after.get(section)) or {}
    parts: dict[str, Model] = dict(dict(system)[section])
    touched = {name: raw for name, raw in new.items() if raw is not old.get(name)}
    parts.update(_section(section, touched, problems))
    return {name: part for name, part in parts.items() if name in new}


def _at_change(problem: Problem, places: Mapping[str, Path], prefix: Path) -> Problem:
    """Move a problem of the changed system to the change that brought it."""
    for length in (None, 2):
        for text, place in places.items():
            if problem.path[: len(place[:length])] == place[:length]:
                return Problem((*prefix, text), problem.message, problem.help, on_key=False)
    where = "/".join(problem.path)
    return Problem(prefix, f"{where}: {problem.message}", problem.help)
