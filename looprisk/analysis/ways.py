"""The way a loss takes through the claims, from what the shock struck to what is judged."""

from __future__ import annotations

import heapq
from fractions import Fraction
from functools import cached_property

from looprisk.analysis.axis import axis_of
from looprisk.analysis.flows import Flows, flows
from looprisk.analysis.names import claim_label, part_label
from looprisk.analysis.solve import Solved
from looprisk.engine.state import ZERO
from looprisk.results.numbers import amount

LONGEST = 8
"""So many steps of a way are told; the middle of a longer one is counted."""


INFINITE = Fraction(10**30)
_Way = tuple[tuple[str, Fraction], ...]


class Ways:
    """The ways of one solved case; what they share is worked out once, when first asked for."""

    def __init__(self, solved: Solved, after: str | None = None) -> None:
        """Follow the losses of ``solved`` after a stage; None is the last."""
        self.solved = solved
        self.point = solved.after(after)

    def to(self, of: str) -> str:
        """Return the widest way from what the shock took to a thing, or ``""`` where there is none.

        Of all ways through the claims it is the one whose smallest loss is the largest; of those
        the shortest. ``fund −$93.0M → xUSD −$45.0M → plume −$6.7M`` reads from the cause on.
        """
        found = [f"{self._label(thing)} −{amount(float(loss))}" for thing, loss in self._widest(of)]
        if not found:
            axis = axis_of(self.solved)
            return f"{axis.path} → {of}" if axis.path and axis.path != of else ""
        steps = [*found, self._own(of)]
        if len(steps) > LONGEST:
            cut = len(steps) - LONGEST + 1
            steps = [*steps[: LONGEST // 2], f"… {cut} more …", *steps[1 - LONGEST // 2 :]]
        return " → ".join(steps)

    @cached_property
    def _before(self) -> Flows:
        return flows(self.solved.start)

    @cached_property
    def _after(self) -> Flows:
        return flows(self.point)

    @cached_property
    def _node_of(self) -> dict[str, str]:
        nodes = self.point.compiled.skeleton.nodes
        return {claim.id: node.id for node in nodes for claim in node.claims}

    def _own(self, of: str) -> str:
        return part_label(self.solved.catalogue.system, of)

    def _widest(self, of: str) -> list[tuple[str, Fraction]]:
        """Return what was lost at each step, from the cause to the thing."""
        count = 0
        start = self._start(of)
        # (smallest loss on the way, negative; steps; order; node; the way)
        open_: list[tuple[Fraction, int, int, str, _Way]] = [(-INFINITE, 0, 0, start, ())]
        seen: set[str] = set()
        while open_:
            width, steps, _, node, way = heapq.heappop(open_)
            if node in seen:
                continue
            seen.add(node)
            if node not in self._after.paid:
                return list(reversed(way))
            for thing, loss in self._lost(node).items():
                count += 1
                step = (max(width, -loss), steps + 1, count)
                below = self._node_of.get(thing, thing)
                heapq.heappush(open_, (*step, below, (*way, (thing, loss))))
        return []

    def _start(self, of: str) -> str:
        if of in self._node_of:
            return self._node_of[of]
        if of in self._after.paid:
            return of
        supplies = self.solved.catalogue.supplies
        lent = [supply for supply, (market, _) in supplies.items() if market == of]
        return max(lent, key=lambda supply: sum(self._lost(supply).values()), default=of)

    def _lost(self, node: str) -> dict[str, Fraction]:
        """Return what a node lost, by the thing outside or the claim it holds.

        What it paid to those who left is not lost.
        """
        found: dict[str, Fraction] = {}
        paid_out = self.point.compiled.world.before.paid
        paid = sum((paid_out.get(c, ZERO) for c in self._after.paid[node]), ZERO)
        for old, new in (
            (self._before.given, self._after.given),
            (self._before.held, self._after.held),
        ):
            before, after = old.get(node, {}), new.get(node, {})
            for thing in {**before, **after}:
                loss = before.get(thing, ZERO) - after.get(thing, ZERO)
                if loss > paid:
                    found[thing] = loss - paid
                paid = max(ZERO, paid - max(ZERO, loss))
        return found

    def _label(self, thing: str) -> str:
        index = self.point.compiled.index
        if thing in index.claim:
            return claim_label(self.solved, index.claim_of[index.claim[thing]])
        return thing
