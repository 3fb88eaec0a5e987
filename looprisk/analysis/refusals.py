"""Why no bound is proved over what a case leaves open, in words, and what to write instead."""

from __future__ import annotations

from looprisk.analysis.boxes import not_ranged
from looprisk.analysis.spans import Family
from looprisk.analysis.uncertain import Datum, shown
from looprisk.engine.state import ONE

FORKS = "completions go more ways than are followed"


def why_unproved(family: Family) -> str:
    """Return why some answers over all completions of a case have no bound.

    >>> from looprisk.analysis.api import case_of
    >>> from looprisk.analysis.uncertain import uncertain
    >>> from looprisk.model import System
    >>> fund = {"outside": {"book": "$9..$17"}, "issues": {"v": {"kind": "share", "supply": 9}}}
    >>> asked = case_of(System(issuers={"V": fund}), {"loss": {"V": "10%"}})
    >>> why_unproved(Family(case=asked, numbers=uncertain(asked)))
    'completions go more ways than are followed: try a narrower range, such as --set \
V/outside/book=$11..$15'
    """
    if reason := not_ranged(family.middle):
        return reason
    if family.case.scenario.mode != "equilibrium":
        return (
            "what is latched depends on the way along the shock: write `mode: equilibrium` for "
            "break points"
        )
    if family.boxes.stopped:
        return (
            "the answer takes a step that is not made in ranges "
            f"({family.boxes.stopped[0]}): give the values with --set"
        )
    first = family.numbers[0]
    nothing = bool(family.boxes.unbounded)
    return (
        f"{'something is shared out of what may be nothing' if nothing else FORKS}: try a narrower "
        f"range, such as --set {first.path}={_narrower(first)}"
    )


def _narrower(datum: Datum) -> str:
    """Return the middle half of a range, as the language writes it."""
    return "..".join(shown(datum, datum.at(ONE * k / 4)) for k in (1, 3))
