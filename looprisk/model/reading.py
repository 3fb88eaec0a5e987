"""Scenarios read against their system: every problem of every stage and expectation, at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import BaseModel

from looprisk.errors import ModelError, Problem
from looprisk.model.check_margins import check_margins
from looprisk.model.check_promises import Promised, check_promised
from looprisk.model.check_scenario import check_paths, check_stages
from looprisk.model.check_time import check_apart
from looprisk.model.checks import SET, check_sources
from looprisk.model.expectation import Expectation
from looprisk.model.fields import mapping
from looprisk.model.names import Path
from looprisk.model.promises import SafeLimit, SmallestShock
from looprisk.model.scenario import Scenario, Stage
from looprisk.model.sections import read_part
from looprisk.model.system import System, change

ItemT = TypeVar("ItemT", bound=BaseModel)


def parse_scenario(
    tree: object, system: System | None, path_prefix: Path = ()
) -> tuple[Scenario | None, tuple[Problem, ...]]:
    """Read one scenario, each stage and expectation by itself.

    With a system, check too that what it names exists and can be struck so; without one (its
    own reading failed) only what stands in the scenario itself. Never raises for bad input.
    """
    fields = mapping(tree)
    if fields is None:
        return read_part(Scenario, tree, path_prefix)[0], _not_a_map(tree, path_prefix)
    problems: list[Problem] = []
    stages = _items(Stage, fields.get("stages"), (*path_prefix, "stages"), problems)
    expect = _items(Expectation, fields.get("expect"), (*path_prefix, "expect"), problems)
    reverse = _items(SmallestShock, fields.get("reverse"), (*path_prefix, "reverse"), problems)
    limits = _items(SafeLimit, fields.get("limits"), (*path_prefix, "limits"), problems)
    promised = Promised(expect=expect, reverse=reverse, limits=limits)
    whole = not problems
    own = {
        "stages": list(stages.values()),
        "expect": list(expect.values()),
        "reverse": list(reverse.values()),
        "limits": list(limits.values()),
    }
    listed = {key: own[key] for key in own if isinstance(fields.get(key), list | tuple)}
    body = {**fields, **listed}
    if not whole:
        body = {key: item for key, item in body.items() if key not in {*own, "ray"}}
    scenario, wrong = read_part(Scenario, body, path_prefix)
    problems += wrong
    if system is not None:
        problems += check_sources(fields, system.sources, path_prefix)
        problems += _in_system(fields, stages, promised, system, path_prefix)
        if scenario is not None:
            problems += check_paths(scenario.paths, system.parts, path_prefix)
            problems += _in_time(scenario, system, path_prefix)
    return (None if problems else scenario), tuple(problems)


def check_scenario(scenario: Scenario, system: System) -> None:
    """Raise :class:`ModelError` with every problem that ``scenario`` has in ``system``.

    >>> system = System(assets={"ETH": {"price": 3000}})
    >>> check_scenario(Scenario(stages=[Stage(price={"ETH": -0.1})]), system)
    """
    stages = dict(enumerate(scenario.stages))
    promised = Promised(
        expect=dict(enumerate(scenario.expect)),
        reverse=dict(enumerate(scenario.reverse)),
        limits=dict(enumerate(scenario.limits)),
    )
    problems = _in_system({"set": scenario.set}, stages, promised, system, ())
    problems += check_paths(scenario.paths, system.parts, ())
    problems += _in_time(scenario, system, ())
    if problems:
        raise ModelError(problems)


def _in_time(scenario: Scenario, system: System, path: Path) -> Iterator[Problem]:
    """Yield what a scenario with ``time`` needs, at the start that it sets."""
    if scenario.time is None:
        return
    yield from check_apart(dict(enumerate(scenario.stages)), path)
    start = change(system, scenario.set)[0] if scenario.set else system
    if start is not None:
        yield from check_margins(start.parts)


def _not_a_map(tree: object, path: Path) -> tuple[Problem, ...]:
    return tuple(read_part(Scenario, tree, path)[1])


def _items(kind: type[ItemT], raw: object, path: Path, problems: list[Problem]) -> dict[int, ItemT]:
    if not isinstance(raw, list | tuple):
        return {}
    found: dict[int, ItemT] = {}
    for place, item in enumerate(raw):
        part, wrong = read_part(kind, item, (*path, str(place)))
        problems += wrong
        if part is not None:
            found[place] = part
    return found


def _in_system(
    fields: Mapping[str, object],
    stages: Mapping[int, Stage],
    promised: Promised,
    system: System,
    path: Path,
) -> list[Problem]:
    problems: list[Problem] = []
    start = system
    changes = mapping(fields.get("set"))
    if changes:
        changed, wrong = change(system, changes, (*path, "set"), SET)
        problems += wrong
        start = changed or system
    parts = start.parts
    problems += check_stages(stages, parts, path)
    for place, stage in stages.items():
        if stage.change:
            here = (*path, "stages", str(place), "change")
            problems += change(start, stage.change, here, SET)[1]
    opened = frozenset(name for stage in stages.values() for name in stage.open)
    problems += check_promised(promised, opened, start, path)
    return problems
