"""A case with some of its values changed: of its system, of its paths and its clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.paths import OF_A_SCENARIO, apply_set
from looprisk.model.reading import check_scenario
from looprisk.model.scenario import Scenario
from looprisk.model.sections import read_part
from looprisk.model.tree import dump


def with_changes(case: Case, changes: Mapping[str, object]) -> Case:
    """Return a case in which each path of ``changes`` has a new value.

    Paths lead into the system as :meth:`System.set` takes them, and into the scenario:
    ``paths/ETH/2h``, ``paths/generate/seed``, ``time/step``. Raises ModelError with every path that
    leads nowhere and every value that is wrong; the path as written comes first in each.
    """
    of_scenario = {
        path: value
        for path, value in changes.items()
        if path.partition("/")[0] in OF_A_SCENARIO and not _in_system(case, path)
    }
    of_system = {path: value for path, value in changes.items() if path not in of_scenario}
    system = case.system.set(of_system) if of_system else case.system
    scenario = _set_in(case.scenario, of_scenario) if of_scenario else case.scenario
    if of_scenario:
        check_scenario(scenario, system)
    return replace(case, system=system, scenario=scenario)


def tree_of(case: Case) -> dict[str, object]:
    """Return the tree that paths of a case lead into: its system, its paths and its clock."""
    given = dict(case.scenario)
    of_scenario = {key: dump(given[key]) for key in OF_A_SCENARIO if given[key] is not None}
    return {**of_scenario, **dump(case.system)}


def _in_system(case: Case, path: str) -> bool:
    return bool(case.system.parts.names.kinds_of(path.partition("/")[0]))


def _set_in(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    """Return a scenario whose paths and clock have new values."""
    given = dict(scenario)
    written = {key: dump(given[key]) for key in OF_A_SCENARIO if given[key] is not None}
    missing = [path for path in changes if path.partition("/")[0] not in written]
    if missing:
        raise ModelError(
            Problem((path,), f"the scenario has no `{path.partition('/')[0]}`") for path in missing
        )
    changed = apply_set(written, changes)
    if changed.problems:
        raise ModelError(changed.problems)
    parts: dict[str, object] = {}
    for key in written:
        part, problems = read_part(OF_A_SCENARIO[key], changed.tree[key], (key,))
        if problems:
            raise ModelError(problems)
        parts[key] = part
    kept = {name: given[name] for name in scenario.model_fields_set}
    return Scenario(**{**kept, **parts})
