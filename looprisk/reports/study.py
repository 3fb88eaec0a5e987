"""The answers of one case, each solved once and only if a picture or a page asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from looprisk.analysis.api import answer, break_points
from looprisk.analysis.clearing import breaks_of, clearing_of
from looprisk.analysis.lending_time import lent_in_time
from looprisk.analysis.sampling import solved_curves
from looprisk.analysis.solve import Solved, solve
from looprisk.analysis.travel import travel_of
from looprisk.analysis.unknowns import naming
from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.results.allocations import Allocations
from looprisk.results.answers import BreakPoints, Clearing
from looprisk.results.cascades import Cascade
from looprisk.results.market_records import LentInTime
from looprisk.results.records import LossCurve
from looprisk.results.sensitivities import Sensitivities
from looprisk.results.sweeps import Sweep
from looprisk.results.travel import Travel
from looprisk.sweeps import allocations, sensitivities

Answer = Clearing | BreakPoints | Cascade | Travel | Sweep | Sensitivities
_ADVICE = 'pass the scenario itself, as in lr.picture(file["loss-93"], "network")'


@dataclass(frozen=True, kw_only=True)
class Study:
    """A case, or one answer that is at hand; what the answer does not hold is refused by name."""

    what: Case | Answer

    @property
    def usual(self) -> str:
        """The picture that is drawn where none is named."""
        if self.in_time:
            return "timeline"
        if isinstance(self.what, Sweep):
            return "heat" if len(self.what.varied) > 1 else "response"
        usual = {BreakPoints: "ladder", Travel: "network", Sensitivities: "tornado"}
        return usual.get(type(self.what), "pyramid")

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
        if self.in_time:
            self._refuse("a scenario without `time`", "timeline and utilisation are drawn in time")
        if not isinstance(self.what, Case):
            self._refuse("a scenario without `time`")
        return naming(self.case, solve)

    @cached_property
    def clearing(self) -> Clearing:
        """What every layer loses."""
        return self.what if isinstance(self.what, Clearing) else clearing_of(self.solved)

    @cached_property
    def breaks(self) -> BreakPoints:
        """Every break point and the loss curve."""
        if isinstance(self.what, BreakPoints):
            return self.what
        return break_points(self.case) if self.in_time else breaks_of(self.solved)

    @cached_property
    def between(self) -> tuple[LossCurve, ...]:
        """The loss at equal steps of a shock that bends; nothing where the curves are known."""
        if self.breaks.curves[:1] and len(self.breaks.curves[0].fractions) > 1:
            return ()
        if self.in_time or not isinstance(self.what, Case):
            return ()
        return solved_curves(self.solved, tuple(row.id for row in self.clearing.layer_rows))

    @cached_property
    def with_breaks(self) -> Clearing | BreakPoints:
        """Whichever answer with break points is at hand."""
        return self.what if isinstance(self.what, Clearing) else self.breaks

    @cached_property
    def travel(self) -> Travel:
        """The network before and after."""
        return self.what if isinstance(self.what, Travel) else travel_of(self.solved)

    @cached_property
    def allocations(self) -> Allocations:
        """Who bears the shock under each other rule of the issuers for whom one matters.

        An order of payment matters to those that cannot pay all.
        """
        failed = {row.of for row in self.clearing.event_rows if row.event == "insolvent"}
        issuers = self.case.system.issuers.items()
        asked = [
            name
            for name, issuer in issuers
            if name in failed
            or issuer.set_off
            or any(receipt.copies for receipt in issuer.issues.values())
        ]
        return allocations(self.case, of=asked)

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

    def lent(self, of: str) -> LentInTime:
        """Return how a supply stands in time."""
        if not self.in_time:
            self._refuse("a scenario with `time`")
        return lent_in_time(self.case, of)

    @property
    def sweep(self) -> Sweep:
        """The sweep that was given."""
        if not isinstance(self.what, Sweep):
            self._refuse("a sweep", 'lr.picture(lr.sweep(…), "heat")')
        return self.what

    def moves(self, of: str) -> Sensitivities:
        """Return what moves the loss of a layer, or with ``OF EVENT`` its break point."""
        if isinstance(self.what, Sensitivities):
            return self.what
        name, _, event = of.partition(" ")
        return sensitivities(self.case, name or self.most_hurt, event.strip() or None)

    @property
    def most_hurt(self) -> str:
        """The layer with the largest loss."""
        rows = self.clearing.layer_rows
        return max(rows, key=lambda row: (row.economic_loss_usd, row.id)).id if rows else ""

    @property
    def either(self) -> Clearing | Cascade:
        """The answer of the case, whichever it is."""
        return self.cascade if self.in_time else self.clearing

    def _refuse(self, needed: str, advice: str = _ADVICE) -> NoReturn:
        got = type(self.what).__name__ if not isinstance(self.what, Case) else "this scenario"
        raise ModelError([Problem((), f"this picture is drawn from {needed}, not {got}", advice)])
