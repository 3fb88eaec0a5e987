"""What comes back of a dollar lost: the least solution of x = const + W x, and the largest choice.

States pass value on along weights. A state that may pass it on in several ways has the way that
gives the most. Plain floats and sparse rows, no arrays: loops are small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Way:
    """One way to pass a dollar on: what counts at once, and what goes to other states."""

    const: float
    to: Mapping[str, float]

    def value(self, x: Mapping[str, float]) -> float:
        """Return what this way gives where every state is worth ``x``."""
        return self.const + sum(weight * x[state] for state, weight in self.to.items())


def largest(ways: Mapping[str, Sequence[Way]]) -> dict[str, float] | None:
    """Return the least x with x = max over ways of const + W x, or ``None`` if there is none.

    By policy iteration: each round solves one choice exactly and improves it strictly, so it ends.
    Constants and weights are not negative; a row of weights may sum to more than 1, and then the
    sum of all rounds may grow without end: ``None``.

    >>> largest({"a": [Way(1.0, {"a": 0.5}), Way(1.5, {})]})
    {'a': 2.0}
    """
    chosen = {state: several[0] for state, several in ways.items()}
    while True:
        x = least(chosen)
        if x is None:
            return None
        better = False
        for state, several in ways.items():
            worth = [way.value(x) for way in several]
            most = max(worth)
            if most > x[state] * (1 + SAME):
                chosen[state] = several[worth.index(most)]
                better = True
        if not better:
            return x


def least(way: Mapping[str, Way]) -> dict[str, float] | None:
    """Return the least solution of x = const + W x, or ``None`` if the sum has no end.

    By elimination of one state after the other. The pivot ``1 - w`` of a state is the sum of what
    leaves it, carried along and never subtracted (Grassmann, Taksar & Heyman 1985), so a loop
    that is almost closed keeps its digits.
    """
    rows = _live(way)
    const = {state: way[state].const for state in rows}
    lost = {state: 1 - sum(row.values()) for state, row in rows.items()}
    callers: dict[str, set[str]] = {state: set() for state in rows}
    for state, row in rows.items():
        for to in row:
            callers[to].add(state)
    order = sorted(rows, key=lambda state: len(rows[state]) * len(callers[state]))
    for state in order:
        row = rows[state]
        row.pop(state, None)
        keeps = lost[state] + sum(row.values())
        if keeps <= 0:
            return None
        const[state] /= keeps
        lost[state] /= keeps
        for to in row:
            row[to] /= keeps
            callers[to].discard(state)
        for caller in callers[state] - {state}:
            theirs = rows[caller]
            weight = theirs.pop(state)
            const[caller] += weight * const[state]
            lost[caller] += weight * lost[state]
            for to, onward in row.items():
                theirs[to] = theirs.get(to, 0.0) + weight * onward
                callers[to].add(caller)
    x = dict.fromkeys(way, 0.0)
    for state in reversed(order):
        x[state] = const[state] + sum(weight * x[to] for to, weight in rows[state].items())
    return x


def _live(way: Mapping[str, Way]) -> dict[str, dict[str, float]]:
    """Return the rows of the states from which a constant is reached; all others are worth 0."""
    callers: dict[str, list[str]] = {state: [] for state in way}
    for state, one in way.items():
        for to, weight in one.to.items():
            if weight > 0:
                callers[to].append(state)
    found = [state for state, one in way.items() if one.const > 0]
    live = set(found)
    for state in found:
        for caller in callers[state]:
            if caller not in live:
                live.add(caller)
                found.append(caller)
    return {
        state: {to: weight for to, weight in one.to.items() if to in live and weight > 0}
        for state, one in way.items()
        if state in live
    }
