"""The answers of one case, each solved once and only if a picture or a page asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from looprisk.analysis.api import answer
from looprisk.analysis.clearing import breaks_of, clearing_of
from looprisk.analysis.solve import Solved, solve
from looprisk.analysis.travel import travel_of
from looprisk.analysis.unknowns import naming
from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.results.answers import BreakPoints, Clearing
from looprisk.results.cascades import Cascade
from looprisk.results.travel import Travel

Answer = Clearing | BreakPoints | Cascade | Travel


@dataclass(frozen=True, kw_only=True)
class Study:
    """A case, or one answer that is at hand; what the answer does not hold is refused by name."""

    what: Case | Answer

    @property
    def case(self) -> Case:
        """The case, where one was given."""
        if not isinstance(self.what, Case):
            self._refuse("a scenario")
        return self.what

    @property
    def in_time(self) -> bool:
        """It steps through time, so that it has a cascade and no clearing."""
        if isinstance(self.what, Case):
            return self.what.scenario.time is not None
        return isinstance(self.what, Cascade)

    @cached_property
    def solved(self) -> Solved:
        """The case, stage by stage."""
        if not isinstance(self.what, Case) or self.in_time:
            self._refuse("a scenario without `time`")
        return naming(self.case, solve)

    @cached_property
    def clearing(self) -> Clearing:
        """What every layer loses."""
        return self.what if isinstance(self.what, Clearing) else clearing_of(self.solved)

    @cached_property
    def breaks(self) -> BreakPoints:
        """Every break point and the loss curve."""
        return self.what if isinstance(self.what, BreakPoints) else breaks_of(self.solved)

    @cached_property
    def with_breaks(self) -> Clearing | BreakPoints:
        """Whichever answer with break points is at hand."""
        return self.what if isinstance(self.what, Clearing) else self.breaks

    @cached_property
    def travel(self) -> Travel:
        """The network before and after."""
        return self.what if isinstance(self.what, Travel) else travel_of(self.solved)

    @cached_property
    def cascade(self) -> Cascade:
        """What happens in time."""
        if isinstance(self.what, Cascade):
            return self.what
        if not isinstance(self.what, Case) or not self.in_time:
            self._refuse("a scenario with `time`")
        found = answer(self.what)
        if not isinstance(found, Cascade):
            self._refuse("a scenario with `time`")
        return found

    @property
    def either(self) -> Clearing | Cascade:
        """The answer of the case, whichever it is."""
        return self.cascade if self.in_time else self.clearing

    def _refuse(self, needed: str) -> NoReturn:
        got = type(self.what).__name__ if not isinstance(self.what, Case) else "this scenario"
        advice = 'pass the scenario itself: lr.picture(file["loss-93"], "network")'
        raise ModelError([Problem((), f"this picture is drawn from {needed}, not {got}", advice)])
