"""Groups: one word for every part of a section or every part that carries a tag.

``all(lrt)`` is one run that strikes all of them, ``each(lrt)`` one run for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.checks import Parts
from looprisk.model.frozen import FrozenMap
from looprisk.model.names import Path
from looprisk.model.scenario import Stage
from looprisk.model.tokens import Share
from looprisk.model.values import ID
from looprisk.model.vocabulary import GROUPS

Size = TypeVar("Size")

_GROUP = re.compile(rf"(?P<how>each|all)\((?P<name>{ID})\)")
STRIKES: Mapping[str, tuple[str, ...]] = {
    "price": ("assets",),
    "depeg": ("tokens",),
    "loss": ("issuers", "venues", "assets"),
    "recognise": ("issuers",),
    "default": ("issuers",),
    "mint": ("tokens",),
    "drain": ("liquidity",),
    "misprice": ("oracles",),
    "freeze": ("oracles",),
    "run": ("tokens", "markets"),
}
"""The kinds of parts that each verb strikes, where a group stands for them."""


def group(text: str) -> tuple[str, str] | None:
    """Return how a group runs and its name, or ``None`` for an id.

    >>> group("each(lrt)"), group("lrt")
    (('each', 'lrt'), None)
    """
    found = _GROUP.fullmatch(text.strip())
    return (found["how"], found["name"]) if found else None


def members(name: str, parts: Parts) -> tuple[tuple[str, str], ...]:
    """Return the parts of a group, a built-in one or a tag, as (section or ``tokens``, id)."""
    names = parts.names
    if name == "collateral":
        taken = {token for market in parts.markets.values() for token in market.collateral}
        taken |= {
            token
            for market in parts.markets.values()
            for mode in market.e_modes.values()
            for token in mode.collateral
        }
        assets = [("assets", token) for token in sorted(taken & names.ids["assets"])]
        return (*assets, *(("tokens", token) for token in sorted(taken - names.ids["assets"])))
    if name == "vaults":
        return tuple(
            ("issuers", issuer)
            for issuer, part in parts.issuers.items()
            if any(isinstance(receipt, Share) for receipt in part.issues.values())
        )
    if name in GROUPS:
        return tuple((name, part) for part in sorted(names.ids[name]))
    return names.tags.get(name, ())


def meant(text: str, parts: Parts) -> tuple[str, ...]:
    """Return the ids that a name stands for: itself, or the members of the group it is."""
    found = group(text)
    return (text,) if found is None else tuple(name for _, name in members(found[1], parts))


def struck(verb: str, name: str, parts: Parts) -> tuple[str, ...]:
    """Return the members of the group ``name`` that the shock ``verb`` strikes."""
    return tuple(
        target
        for kind, part in members(name, parts)
        if kind in STRIKES.get(verb, ())
        for target in _targets(kind, part, parts)
    )


def _targets(kind: str, part: str, parts: Parts) -> tuple[str, ...]:
    """A market that lends several tokens has a supply claim for each of them."""
    lent = parts.names.lent.get(part, ()) if kind == "markets" else ()
    return tuple(f"{part}/{token}" for token in lent) if len(lent) > 1 else (part,)


def runs(case: Case) -> tuple[Case, ...]:
    """Return the cases that a scenario makes: one for each member of its ``each``, else itself.

    A case of a member is named ``scenario[member]``; every ``all`` is written out. Raises
    ModelError where a group and a name strike one thing twice.

    >>> from looprisk.model.scenario import Scenario
    >>> from looprisk.model.system import System
    >>> coins = System(assets={"A": {"price": 1}, "B": {"price": 2}})
    >>> fall = Scenario(stages=[{"price": {"each(assets)": -0.1}}])
    >>> [(run.name, *run.scenario.stages[0].price) for run in runs(Case(coins, fall, "fall"))]
    [('fall[A]', 'A'), ('fall[B]', 'B')]
    """
    stages = case.scenario.stages
    if not any(group(target) for stage in stages for _, target in _struck_in(stage)):
        return (case,)
    parts = case.system.parts
    problems = [problem for stage in stages for problem in stage_problems(stage, parts, ())]
    problems += each_problems(dict(enumerate(stages)), parts, ())
    if problems:
        raise ModelError(problems)
    return tuple(
        replace(
            case,
            name=f"{case.name}[{member}]" if member else case.name,
            member=member,
            scenario=case.scenario.model_copy(
                update={"stages": tuple(_spread(stage, member, parts) for stage in stages)}
            ),
        )
        for member in _members_run(stages, parts)
    )


def only_run(case: Case) -> Case:
    """Return the one case that a scenario makes; raise ModelError where ``each`` makes several."""
    made = runs(case)
    if len(made) == 1:
        return made[0]
    message = f"`{case.name}` makes {len(made)} runs, one for each member of a group"
    names = ", ".join(run.name for run in made[:3])
    raise ModelError([Problem((), message, f"ask each of lr.runs(case): {names}, …")])


def stage_problems(stage: Stage, parts: Parts, path: Path) -> Iterator[Problem]:
    """Yield the things that a stage strikes twice: by a group and by name, or by two groups."""
    seen: dict[tuple[str, str], str] = {}
    for verb, target in _struck_in(stage):
        found = group(target)
        for name in (target,) if found is None else struck(verb, found[1], parts):
            before = seen.setdefault((verb, name), target)
            if before != target:
                message = f"`{name}` is struck twice: by `{before}` and by `{target}`"
                yield Problem((*path, verb, target), message, "put it into another stage")


def each_problems(stages: Mapping[int, Stage], parts: Parts, path: Path) -> list[Problem]:
    """Return the problem that a scenario has two different ``each``: its runs would multiply."""
    found = [
        (place, verb, target)
        for place, stage in stages.items()
        for verb, target in _struck_in(stage)
        if (how := group(target)) is not None and how[0] == "each"
    ]
    sets = {struck(verb, target[len("each(") : -1], parts) for _, verb, target in found}
    if len(sets) < 2:
        return []
    place, verb, target = found[-1]
    message = f"`{target}`: one scenario has one `each`, and this names other parts than the first"
    return [Problem((*path, "stages", str(place), verb, target), message, "make two scenarios")]


def _struck_in(stage: Stage) -> Iterator[tuple[str, str]]:
    """Yield (verb, target as written) of every shock that may name a group."""
    for verb in STRIKES:
        for target in dict(stage)[verb]:
            yield verb, target


def _members_run(stages: tuple[Stage, ...], parts: Parts) -> tuple[str, ...]:
    for stage in stages:
        for verb, target in _struck_in(stage):
            found = group(target)
            if found is not None and found[0] == "each":
                return struck(verb, found[1], parts)
    return ("",)


def _spread(stage: Stage, member: str, parts: Parts) -> Stage:
    """Return a stage whose groups are written out; ``member`` stands for its ``each``."""
    changed: dict[str, object] = {}
    for verb in STRIKES:
        targets = dict(stage)[verb]
        if not any(group(target) for target in targets):
            continue
        if isinstance(targets, Mapping):
            changed[verb] = FrozenMap(
                {
                    name: size
                    for target, size in targets.items()
                    for name in _names(verb, target, member, parts)
                }
            )
        else:
            names = (_names(verb, target, member, parts) for target in targets)
            changed[verb] = tuple(name for several in names for name in several)
    return stage.model_copy(update=changed) if changed else stage


def _names(verb: str, target: str, member: str, parts: Parts) -> tuple[str, ...]:
    found = group(target)
    if found is None:
        return (target,)
    return (member,) if found[0] == "each" else struck(verb, found[1], parts)
