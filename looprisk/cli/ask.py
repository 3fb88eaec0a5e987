"""What a command line asks: a file, a scenario of it, another start, another shock."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from looprisk.cli.failure import RefusedError
from looprisk.errors import ModelError, Problem

SHOCK = "--shock"

if TYPE_CHECKING:
    from looprisk.files.load import File
    from looprisk.model.case import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One file of a command line, with what ``--set`` and ``--shock`` change."""

    path: Path
    scenario: str | None = None
    """None asks for every scenario of the file."""
    sets: Mapping[str, str]
    shocks: tuple[str, ...] = ()
    exact: bool = False


def read(
    place: str,
    sets: Iterable[str] | None,
    shocks: Iterable[str] | None = None,
    *,
    exact: bool = False,
) -> Ask:
    """Return what the words of a command line ask."""
    head, mark, scenario = place.rpartition("::")
    named = bool(mark) and not Path(place).exists()
    if named and not (head and scenario):
        raise RefusedError(f"`{place}` is not FILE::SCENARIO")
    return Ask(
        path=Path(head if named else place),
        scenario=scenario if named else None,
        sets=dict(_pairs(sets or ())),
        shocks=tuple(shocks or ()),
        exact=exact,
    )


def where(ask: Ask, name: str) -> str:
    """Return how one case of an ask is typed, changes and all."""
    place = str(ask.path) if name == SHOCK else f"{ask.path}::{name}"
    words = [shlex.quote(place)]
    for path, value in ask.sets.items():
        words += ["--set", shlex.quote(f"{path}={value}")]
    for text in ask.shocks:
        words += [SHOCK, shlex.quote(text)]
    words += ["--exact"] if ask.exact else []
    return " ".join(words)


def _pairs(sets: Iterable[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for text in sets:
        path, mark, value = (part.strip() for part in text.partition("="))
        if not (path and mark and value):
            raise RefusedError(
                f"--set {text}: this is not PATH=VALUE",
                help_="--set plume-xusd/collateral/xUSD/lltv=77%",
            )
        if path in seen:
            raise RefusedError(f"--set {path} is given twice")
        seen.add(path)
        yield path, value


def asked_cases(ask: Ask) -> "list[Case]":
    """Return the cases of a file that are asked for, or those that a result, FILE.json, pins."""
    from looprisk.files.load import load
    from looprisk.files.verify import cases_of

    if not is_result(ask):
        return cases(ask, load(ask.path))
    if ask.sets or ask.shocks:
        raise RefusedError(
            f"{ask.path} is a result, and is asked again as it was",
            help_="--set and --shock change a scenario file",
        )
    found = [case for case in cases_of(ask.path) if ask.scenario in {None, case.name}]
    if not found:
        raise RefusedError(f"{ask.path} holds no result of {ask.scenario}")
    return found


def is_result(ask: Ask) -> bool:
    """Tell whether a result is asked about, not a scenario file."""
    return ask.path.suffix.lower() == ".json"


def cases(ask: Ask, file: "File") -> "list[Case]":
    """Return the cases that are asked for, each with its changed start and shock.

    ``--set`` has the last word: it comes after what the scenario itself sets. ``--shock``
    takes the place of the stages of the scenario, or stands alone where none is named.
    """
    from looprisk.model.case import Case
    from looprisk.model.scenario import Scenario

    names = list(file) if ask.scenario is None else [ask.scenario]
    if ask.shocks and ask.scenario is None:
        bare = Case(system=file.system, scenario=Scenario(), name=SHOCK, file=str(ask.path))
        return [_exactly(ask, _struck(ask, _set(ask, bare)))]
    if not names:
        raise RefusedError(
            f"{ask.path} has no scenario",
            help_=f"name a shock: {SHOCK} 'loss: {{Stream: $93M}}'",
        )
    return [_exactly(ask, run) for name in names for run in _runs(ask, file, name)]


def _exactly(ask: Ask, case: "Case") -> "Case":
    if not ask.exact:
        return case
    if case.scenario.time is not None:
        raise RefusedError(f"--exact: {case.name} has `time`, and steps in floats")
    return replace(case, scenario=case.scenario.model_copy(update={"exact": True}))


def _runs(ask: Ask, file: "File", name: str) -> "tuple[Case, ...]":
    """Return the runs of a scenario, or the one of a member: ``falls`` or ``falls[ETH]``."""
    from looprisk.model.groups import runs

    whole, _, member = name.partition("[")
    if not member:
        return runs(_struck(ask, _set(ask, file[name])))
    made = runs(_struck(ask, _set(ask, file[whole])))
    found = tuple(run for run in made if run.name == name)
    if not found:
        raise RefusedError(
            f"{whole} has no run `{name}`", help_=f"its runs are {', '.join(r.name for r in made)}"
        )
    return found


def asked_system(ask: Ask, file: "File") -> "Case":
    """Return the system that is asked about, with its changes; no scenario is needed."""
    from looprisk.model.case import Case
    from looprisk.model.scenario import Scenario

    if ask.scenario is not None:
        return _set(ask, file[ask.scenario])
    return _set(ask, Case(system=file.system, scenario=Scenario(), file=str(ask.path)))


def _set(ask: Ask, case: "Case") -> "Case":
    if not ask.sets:
        return case
    from looprisk.files.typed import read_changes
    from looprisk.model.setting import tree_of, with_changes

    changes = read_changes(ask.sets, tree_of(case), ask.path.parent)
    try:
        return with_changes(case, changes)
    except ModelError as error:
        raise ModelError(
            Problem((), f"--set {'/'.join(problem.path)}: {problem.message}", problem.help)
            for problem in error.problems
        ) from None


def _struck(ask: Ask, case: "Case") -> "Case":
    if not ask.shocks:
        return case
    from looprisk.files.typed import read_shocks

    stage = read_shocks(ask.shocks, case.system, SHOCK)
    # expectations, and the stage that `ray` names, belong to the stages that are replaced
    bare = dict.fromkeys(("expect", "reverse", "limits"), ())
    new = {"stages": (stage,), "ray": None, "about": None, **bare}
    scenario = case.scenario.model_copy(update=new)
    return replace(case, scenario=scenario, expect_lines=(), promise_lines=())
