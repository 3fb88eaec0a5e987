"""Every way down from a holder to what it stands on, the heaviest first."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

Scalar = Fraction | float
Rows = Mapping[str, Sequence[tuple[str, Scalar]]]
"""Node: where its dollars go, and which part of each; the parts sum to 1. Others keep theirs."""
STEPS = 20_000
"""So many ways are followed a step further at most."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way down, without a node twice, and what part of a dollar takes it."""

    nodes: tuple[str, ...]
    share: Scalar
    closes: bool
    """It comes back to the node it ends with; what goes round again is in the other ways."""


def routes(rows: Rows, start: str, most: int) -> tuple[tuple[Route, ...], Scalar]:
    """Return the ``most`` heaviest ways from a node, and the part that takes all the others.

    A way ends where dollars end, or where it meets a node a second time: a loop is shown closed
    once. The parts of all ways sum to 1.

    >>> rows = {"A": [("B", 0.5), ("ETH", 0.5)], "B": [("A", 0.25), ("USDC", 0.75)]}
    >>> found, rest = routes(rows, "A", 9)
    >>> [(route.nodes, route.share) for route in found], rest
    ([(('A', 'ETH'), 0.5), (('A', 'B', 'USDC'), 0.375), (('A', 'B', 'A'), 0.125)], 0)
    """
    found: list[Route] = []
    rest: Scalar = 0
    count = 0
    # no way is heavier than its beginning, so they end in order of their weight
    open_: list[tuple[Scalar, int, tuple[str, ...]]] = [(-1, 0, (start,))]
    for _ in range(STEPS):
        if not open_ or len(found) == most:
            break
        weight, _, nodes = heapq.heappop(open_)
        last = nodes[-1]
        closes = last in nodes[:-1]
        if closes or not rows.get(last):
            found.append(Route(nodes=nodes, share=-weight, closes=closes))
            continue
        for to, part in rows[last]:
            count += 1
            heapq.heappush(open_, (weight * part, count, (*nodes, to)))
    for weight, _, _ in open_:
        rest -= weight
    return tuple(found), rest
