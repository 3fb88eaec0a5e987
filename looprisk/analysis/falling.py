"""In which round every node breaks at the end of a stage."""

from __future__ import annotations

from collections.abc import Mapping

from looprisk.analysis.solve import Solved
from looprisk.engine.point import Point
from looprisk.engine.rounds import rounds
from looprisk.engine.stage import StageRun
from looprisk.engine.state import ZERO


def node_rounds(solved: Solved, run: StageRun, point: Point) -> dict[str, int]:
    """Return the round in which each node breaks; what has no condition follows what it holds."""
    place = rounds(point.compiled.form, _held_before(run, point), point.solution.alive)
    found: dict[str, int] = {}
    for (node, _), at in zip(point.compiled.index.condition_of, place, strict=True):
        if at:
            found[node] = min(int(at), found.get(node, int(at)))
    issuer = {c.id: n.id for n in point.compiled.skeleton.nodes for c in n.claims}
    backs: dict[str, set[str]] = {node.id: set() for node in point.compiled.skeleton.nodes}
    for claim in point.compiled.index.claim_of:
        if point.claim(claim.id) < solved.baseline[claim.id]:
            for by, _ in claim.holders:
                backs[by].add(issuer[claim.id])
    return _followed(found, backs)


def _followed(found: dict[str, int], backs: Mapping[str, set[str]]) -> dict[str, int]:
    """Return rounds with those of every node that only follows what it holds."""
    left = {node: len(held - found.keys()) for node, held in backs.items() if node not in found}
    holds: dict[str, list[str]] = {}
    for node in left:
        for below in backs[node] - found.keys():
            holds.setdefault(below, []).append(node)
    ready = [node for node, count in left.items() if not count]
    for node in ready:
        found[node] = 1 + max((found[b] for b in backs[node]), default=0)
        for above in holds.get(node, ()):
            left[above] -= 1
            if not left[above]:
                ready.append(above)
    waiting = [node for node in left if node not in found]
    # a loop in which nothing gave way: it falls as one
    return found | dict.fromkeys(waiting, 1 + max(found.values(), default=0))


def _held_before(run: StageRun, point: Point) -> list[bool]:
    """Return which conditions of a stage's end held before it; a new one counts as held."""
    first = run.at(ZERO)
    held = {
        (node, condition.holds): bool(alive)
        for (node, condition), alive in zip(
            first.compiled.index.condition_of, first.solution.alive, strict=True
        )
    }
    return [
        held.get((node, condition.holds), True)
        for node, condition in point.compiled.index.condition_of
    ]
