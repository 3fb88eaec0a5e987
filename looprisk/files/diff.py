"""Comparing two scenario files, or two results: what changed, and what that does to each layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from looprisk.analysis.api import answer
from looprisk.analysis.mapping import exposure
from looprisk.errors import LoopriskError, Problem
from looprisk.files.load import File, NoScenarioError, load
from looprisk.files.verify import cases_of
from looprisk.model.case import Case
from looprisk.model.groups import runs
from looprisk.model.system import System
from looprisk.model.tree import dump, leaves, texts
from looprisk.results.answers import Clearing
from looprisk.results.cascades import Cascade
from looprisk.results.diffs import BreakMove, Changed, Diff, Edge, LossMove, Unanswered
from looprisk.results.records import BreakPoint

Answer = Clearing | Cascade
_SAME = 1e-9
"""Numbers that differ by no more than this share are one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One of the two things that are compared."""

    name: str
    system: System
    runs: Mapping[str, Case]
    case: str = ""
    """The scenario that alone is asked about; empty for all of them."""


def diff(before: str | Path | File | Case, after: str | Path | File | Case) -> Diff:
    """Return what changed between two scenario files, results or cases, the worst first.

    Values and holdings are compared as they are written and at book. Scenarios with one name are
    run on both sides, and their break points and losses compared. Money in USD. Of two cases, such
    as ``file["before"]`` and ``file["after"]``, the one is held against the other whatever their
    names; beside one case, only the scenario of its name is compared.

    Raises NoScenarioError where the other side has no scenario of a case's name.
    """
    one, other = _matched(_side(before), _side(after))
    names = [name for name in one.runs if name in other.runs]
    unanswered = list(_in_one_only(one, other))
    breaks: list[BreakMove] = []
    losses: list[LossMove] = []
    for name in names:
        old = _answered(one, name, "before", unanswered)
        new = _answered(other, name, "after", unanswered)
        if old is not None and new is not None:
            breaks += _breaks(name, old, new)
            losses += _losses(name, old, new)
    return Diff(
        before=one.name,
        after=other.name,
        breaks=tuple(sorted(breaks, key=lambda m: (m.order, m.after or 0.0, m.of, m.event))),
        losses=tuple(sorted(losses, key=lambda m: (-m.more_usd, m.layer, m.scenario))),
        edges=tuple(_edges(one.system, other.system)),
        changes=tuple(_changes(one, other)),
        unanswered=tuple(unanswered),
    )


def _side(what: str | Path | File | Case) -> _Side:
    if isinstance(what, Case):
        made = {run.name: run for run in runs(what)}
        name = f"{what.file}::{what.name}" if what.file else what.name
        return _Side(name=name, system=what.system, runs=made, case=what.name)
    if not isinstance(what, File) and Path(what).suffix.lower() == ".json":
        cases = cases_of(Path(what))
        made = {case.name: case for case in cases}
        return _Side(name=str(what), system=cases[0].system, runs=made)
    file = what if isinstance(what, File) else load(what)
    made = {run.name: run for name in file for run in runs(file[name])}
    return _Side(name=str(file.path), system=file.system, runs=made)


def _matched(one: _Side, other: _Side) -> tuple[_Side, _Side]:
    """Return both sides with the scenarios that are asked about, under one name."""
    if one.case and other.case:
        return one, _named(other, one.case)
    return _only(one, other.case), _only(other, one.case)


def _named(side: _Side, name: str) -> _Side:
    """Return a case under the name of what it is held against, its members too."""
    made = {name + key.removeprefix(side.case): run for key, run in side.runs.items()}
    return replace(side, runs=made, case=name)


def _only(side: _Side, case: str) -> _Side:
    if not case or side.case:
        return side
    made = {key: run for key, run in side.runs.items() if key.partition("[")[0] == case}
    if not made:
        advice = f"its scenarios are {', '.join(side.runs)}" if side.runs else "it has none"
        raise NoScenarioError([Problem((), f"no scenario `{case}` in {side.name}", advice)])
    return replace(side, runs=made, case=case)


def _in_one_only(one: _Side, other: _Side) -> Iterator[Unanswered]:
    for name in one.runs:
        if name not in other.runs:
            yield Unanswered(scenario=name, side="after", message="it is not there any more")
    for name in other.runs:
        if name not in one.runs:
            yield Unanswered(scenario=name, side="before", message="it was not there yet")


def _answered(side: _Side, name: str, word: str, unanswered: list[Unanswered]) -> Answer | None:
    try:
        return answer(side.runs[name])
    except LoopriskError as error:
        unanswered.append(Unanswered(scenario=name, side=word, message=str(error)))
        return None


def _breaks(name: str, old: Answer, new: Answer) -> Iterator[BreakMove]:
    """Yield the break points that moved; what one side has no such thing of never breaks there."""
    first, second = _points(old), _points(new)
    for key in {**first, **second}:
        was, now = first.get(key), second.get(key)
        before = was.fraction if was is not None else None
        after = now.fraction if now is not None else None
        at = (was.at if was is not None else None, now.at if now is not None else None)
        moved = _differ(before, after) or _differ(*(one.value if one else None for one in at))
        if moved:
            yield BreakMove(
                scenario=name,
                of=key[0],
                event=key[1],
                before=before,
                after=after,
                before_at=at[0],
                after_at=at[1],
            )


def _points(answer: Answer) -> dict[tuple[str, str], BreakPoint]:
    rows = answer.break_point_rows if isinstance(answer, Clearing) else ()
    return {(row.of, row.event): row for row in rows}


def _differ(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is not other
    return abs(one - other) > _SAME * max(abs(one), abs(other))


def _losses(name: str, old: Answer, new: Answer) -> Iterator[LossMove]:
    first = {row.id: row.economic_loss_usd for row in old.layer_rows}
    second = {row.id: row.economic_loss_usd for row in new.layer_rows}
    for layer in {**first, **second}:
        before, after = first.get(layer, 0.0), second.get(layer, 0.0)
        if _differ(before, after):
            yield LossMove(scenario=name, layer=layer, before_usd=before, after_usd=after)


def _edges(one: System, other: System) -> list[Edge]:
    """Return the holdings that differ: new ones first, then gone, then the largest change."""
    first, second = _held(one), _held(other)
    found = []
    for key in {**first, **second}:
        before, after = first.get(key), second.get(key)
        is_new, is_gone = key not in first, key not in second
        if is_new or is_gone or _differ(before, after):
            found.append(
                Edge(
                    holder=key[0],
                    claim=key[1],
                    before_usd=before,
                    after_usd=after,
                    is_new=is_new,
                    is_gone=is_gone,
                )
            )
    return sorted(found, key=_by_weight)


def _by_weight(edge: Edge) -> tuple[bool, bool, float, str, str]:
    moved = abs((edge.after_usd or 0.0) - (edge.before_usd or 0.0))
    return not edge.is_new, not edge.is_gone, -moved, edge.holder, edge.claim


def _held(system: System) -> dict[tuple[str, str], float | None]:
    return {(row.holder, row.claim): row.usd for row in exposure(system).held_rows}


def _changes(one: _Side, other: _Side) -> Iterator[Changed]:
    first, second = _values(one), _values(other)
    for path in {**first, **second}:
        before, after = first.get(path), second.get(path)
        if before != after:
            yield Changed(path=path, before=before, after=after)


def _values(side: _Side) -> dict[str, str]:
    """Return every value as it is written, by its path; what says where figures are from is out."""
    tree = side.system.tree()
    found = {
        "/".join(path[1:]): str(leaf)
        for path, leaf in leaves(tree)
        if path[0] not in {"sources", "source"} and len(path) > 1
    }
    for name, case in side.runs.items():
        scenario = texts(dump(case.scenario))
        found |= {
            "/".join(("scenarios", name, *path)): str(leaf) for path, leaf in leaves(scenario)
        }
    return found
