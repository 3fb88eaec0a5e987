"""The proof of an answer: the solutions it went through, written down and put in once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from looprisk.analysis.solve import Solved, solve
from looprisk.engine.clear import Selection
from looprisk.engine.given import put_in
from looprisk.engine.point import Point
from looprisk.engine.stage import StageRun
from looprisk.errors import DataError
from looprisk.model.case import Case
from looprisk.model.rationals import fraction_of, text_of
from looprisk.results.pinned import Settled


def proof_of(solved: Solved) -> tuple[Settled, ...]:
    """Return the solutions that an answer went through; none where equations alone do not prove it.

    A table of accounts is shown in part while it is solved, a latch looks back along the shock, and
    floats prove nothing exactly.
    """
    points = solved.points
    latched = solved.case.scenario.mode != "equilibrium"
    weighed = any(run.weights for run in solved.runs)
    exact = all(point.compiled.form.exact for point in points)
    if latched or weighed or not exact or solved.catalogue.summed:
        return ()
    return tuple(_settled(point) for point in points)


def _settled(point: Point) -> Settled:
    index = point.compiled.index
    return Settled(
        nodes={node: text_of(Fraction(point.node(node))) for node in index.node},
        claims={claim: text_of(Fraction(point.claim(claim))) for claim in index.claim},
        navs={
            claim: text_of(Fraction(price)) for claim, price in point.compiled.world.navs.items()
        },
    )


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What putting a proof into the equations of its case says, without solving anything."""

    equations: int
    """One for each node and claim of each solution."""
    solutions: int
    solved: Solved


def evaluate(case: Case, proof: Sequence[Settled]) -> Evaluated:
    """Return a case answered by the solutions of a proof, each put into its equations once.

    Raises DataError naming an equation that does not hold: then the numbers belong to another
    question, or somebody changed them.
    """
    left = iter(proof)
    counted: list[int] = []

    def given(run: StageRun, s: Fraction, _: Selection) -> Point:
        settled = next(left, None)
        if settled is None:
            raise DataError("the proof has fewer solutions than the scenario has stages")
        parts = (settled.nodes, settled.claims, settled.navs)
        point = put_in(run, s, *(_fractions(part) for part in parts))
        counted.append(point.compiled.form.nodes + point.compiled.form.claims)
        return point

    solved = solve(case, given)
    if next(left, None) is not None:
        raise DataError("the proof has more solutions than the scenario has stages")
    return Evaluated(equations=sum(counted), solutions=len(counted), solved=solved)


def _fractions(texts: Mapping[str, str]) -> dict[str, Fraction]:
    try:
        return {name: fraction_of(text) for name, text in texts.items()}
    except (ValueError, ZeroDivisionError) as error:
        raise DataError(f"the proof holds what is no fraction: {error}") from error
