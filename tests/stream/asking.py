"""One number of one scenario, as `looprisk check` measures it: exact where the system is."""

from collections.abc import Sequence
from fractions import Fraction

import looprisk as lr
from looprisk.analysis.metrics import Ask, measure
from looprisk.analysis.solve import Solved, solve
from looprisk.model.case import Case
from looprisk.model.scenario import Scenario


def solved(case: Case) -> Solved:
    """Return a scenario with all its stages solved."""
    return solve(case)


def of_stages(system: lr.System, stages: Sequence[lr.Stage]) -> Case:
    """Return a scenario of these stages, bound to its system."""
    return Case(system=system, scenario=Scenario(name="asked", stages=tuple(stages)))


def metric(answer: Solved, name: str, of: str) -> Fraction:
    """Return a metric of one thing after the last stage."""
    found = measure(name, Ask(solved=answer, point=answer.end, of=of))
    assert found is not None
    return found


def value(answer: Solved, of: str) -> Fraction:
    """Return what a claim is worth after the last stage, in USD."""
    return Fraction(answer.end.claim(of))
