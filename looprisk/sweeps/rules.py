"""What a limit keeps: an expectation of the user, or a rule that others have published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from looprisk.analysis.asked import claim_named
from looprisk.analysis.check import judge
from looprisk.analysis.clearing import proven
from looprisk.analysis.solve import Solved, solve
from looprisk.analysis.timing import judge_in_time
from looprisk.analysis.verdicts import words
from looprisk.errors import LoopriskError, ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.expectation import Expectation
from looprisk.model.groups import meant, runs
from looprisk.model.reading import parse_scenario
from looprisk.results.phrases import found


@dataclass(frozen=True, slots=True)
class Seen:
    """What one value leads to: None where the rule holds, else why it does not."""

    why: str | None
    residual: float = 0.0
    possible: bool = True
    """Whether the system can have the value at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Something that holds of a case or does not."""

    words: str
    case: Case
    """The case that is asked, with what the rule itself strikes."""
    look: Callable[[Case], Seen]
    sources: tuple[str, ...] = ()
    """Who published it, and where the numbers that it rests on come from."""
    sets: bool = False
    """Whether it sets the value, where others leave one that is safe as it is."""
    reach: Fraction | None = None
    """How far a search has to go at least to find its end."""
    simulated: bool = False
    """Whether the case is stepped through time."""


def kept(case: Case, keep: Mapping[str, object]) -> Rule:
    """Return the rule that an expectation holds; raises ModelError where it cannot be judged."""
    around = {"stages": case.scenario.stages, "time": case.scenario.time}
    tree = {key: words for key, words in around.items() if words}
    scenario, problems = parse_scenario({**tree, "expect": [dict(keep)]}, case.system, ("keep",))
    if scenario is None or problems:
        raise ModelError(Problem((), f"keep: {p.message}", p.help) for p in problems)
    return expected(case, scenario.expect[0])


def expected(case: Case, expectation: Expectation, sources: tuple[str, ...] = ()) -> Rule:
    """Return the rule that an expectation holds."""
    scenario = case.scenario.model_copy(update={"expect": (expectation,)})
    return Rule(
        words=f"{expectation.of} {words(expectation)[0]}",
        case=replace(case, scenario=scenario, expect_lines=()),
        look=_judged,
        sources=sources,
        simulated=scenario.time is not None,
    )


def _judged(case: Case) -> Seen:
    """Judge the one expectation of a case, in every run that its ``each`` makes."""
    residual = 0.0
    for run in runs(case):
        try:
            solved = solve(run) if run.scenario.time is None else None
            rows = judge(solved) if solved is not None else judge_in_time(run)
        except LoopriskError as error:
            return Seen(f"no certified answer: {str(error).splitlines()[0]}")
        if solved is not None:
            residual = max(residual, proven(solved.end)[0])
        failed = next((row for row in rows if row.outcome != "ok"), None)
        if failed is not None:
            return Seen(f"{failed.asked}: {found(failed)}", residual)
        if solved is not None and _broken_at_start(solved, run.scenario.expect[0]):
            return Seen(f"{rows[0].asked}: already at the start", residual)
    return Seen(None, residual)


def _broken_at_start(solved: Solved, expectation: Expectation) -> bool:
    """Whether the event that must never happen holds before any shock: no value that is safe."""
    if expectation.happens != "never":
        return False
    names = {claim_named(solved, of) for of in meant(expectation.of, solved.case.system.parts)}
    held = {(m.of, m.event) for m in solved.holding(solved.start)}
    return any((name, expectation.event) in held for name in names)
