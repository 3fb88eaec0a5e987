"""Why no bound is proved over what a case leaves open, in words."""

from __future__ import annotations

from looprisk.analysis.solve import Solved
from looprisk.engine.oracles import computed_navs
from looprisk.model.scenario import Stage

_UNITS = ("run", "mint", "open", "change")
PULLS = "what is not known pulls it both ways"


def why_unproved(solved: Solved) -> str:
    """Return why the signs of a case are not known at all, by one of its completions.

    >>> from looprisk.analysis.api import case_of
    >>> from looprisk.analysis.solve import solve
    >>> from looprisk.model import System
    >>> fund = {"outside": {"book": "$9"}, "issues": {"v": {"kind": "share", "supply": 9}}}
    >>> asked = case_of(System(issuers={"V": fund}), {"run": {"v": {"wants_out": "10%"}}})
    >>> why_unproved(solve(asked))
    '`run` changes units, so that what a holder has is a ratio'
    """
    scenario, catalogue = solved.case.scenario, solved.catalogue
    minus = [p.compiled.minus_cycle for p in (solved.start, solved.end) if p.compiled.minus_cycle]
    if minus:
        return f"a loop with a minus sign, {minus[0]}, has no one direction"
    if scenario.mode != "equilibrium":
        return "`mode: latched` keeps what was liquidated on the way"
    moved = [verb for stage in scenario.stages for verb in _UNITS if _has(stage, verb)]
    if moved:
        what = "units" if moved[0] != "change" else "a parameter"
        return f"`{moved[0]}` changes {what}, so that what a holder has is a ratio"
    if catalogue.crowds:
        return "a table of accounts is solved as a whole, for one completion at a time"
    if computed_navs(catalogue):
        return "an oracle reads a book that is computed, which falls as well as rises"
    if len(scenario.stages) > 1:
        return "an earlier stage may liquidate somebody, and what it leaves then jumps"
    return "a trigger jumps between the values, or decides them differently"


def _has(stage: Stage, verb: str) -> bool:
    found = {"run": stage.run, "mint": stage.mint, "open": stage.open, "change": stage.change}
    return bool(found[verb])
