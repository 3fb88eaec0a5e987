"""Loops: claims that back each other, and what comes round of a dollar lost at one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from looprisk.graph.links import CLAIMS, Edge, Links, links_of
from looprisk.graph.parts import Parts, parts_of
from looprisk.graph.returns import Way, largest
from looprisk.graph.worth import Worth, as_float
from looprisk.model.system import System

Options = tuple[Mapping[str, float], ...]
"""The ways a node may pass on a dollar lost at it: one, or one for each rank of claims on it."""


@dataclass(frozen=True)
class Loop:
    """Claims that back each other: a strongly connected part of the exposure graph.

    A dollar lost at a claim is lost by its holders, pro rata to their units. An issuer or a
    position that loses a dollar passes all of it to one rank of the claims on it, pro rata to
    face. Which rank that is depends on how far the loss has gone: first shareholders and owners,
    then lenders. A gain takes, at every node, the rank that sends most back, so it is the most
    that comes back at any stage of a loss. The jumps of a clearing (the bonus of a liquidation,
    the cost of a default) are not in it.

    Holders outside the system and claims outside the loop keep what they lose.
    """

    members: tuple[str, ...]
    """The claims in it, in cycle order from the one the system names first."""
    nodes: tuple[str, ...]
    """The members and the issuers and positions between them."""
    links: Links = field(repr=False, hash=False, compare=False)
    """Who stands on what, in and out of the loop."""

    @cached_property
    def flow(self) -> Mapping[str, Options] | None:
        """Node: where a dollar lost at it goes in the loop; ``None`` where a holding is unknown."""
        inside = frozenset(self.nodes)
        flow: dict[str, Options] = {}
        for node in self.nodes:
            edges = [(to, way) for to, way in self.links.succ[node].items() if to in inside]
            if self.links.nodes[node].kind not in CLAIMS:
                flow[node] = tuple(_ranks(edges))
            else:
                shares = {to: as_float(way.share) for to, way in edges if way.share is not None}
                if len(shares) < len(edges):
                    return None
                flow[node] = (shares,)
        return flow

    @property
    def gain(self) -> float | None:
        """The gain at the first member."""
        return self.gain_at(self.members[0])

    @cached_property
    def gains(self) -> dict[str, float | None]:
        """The gain at every member."""
        return {member: self.gain_at(member) for member in self.members}

    def gain_at(self, node: str) -> float | None:
        """Return how much of one dollar lost at a node comes back to it round the loop.

        A fraction of 1, counted at its first return; with all returns a dollar becomes
        ``1 / (1 - gain)``. With W the weights of the ranks taken, it is ``1 - 1/N[node, node]``,
        ``N = (I - W)^-1``. For claims that each have one holder in the loop it is the product of
        the shares held. ``None`` where a holding is unknown. Raises KeyError outside the loop.
        """
        if self.flow is None:
            return None
        ways = {
            state: [Way(row.get(node, 0.0), _without(row, node)) for row in several]
            for state, several in self.flow.items()
        }
        starts = ways.pop(node)
        found = largest(ways)
        if found is None:  # only where rounding closes a part of the loop
            return 1.0
        return min(1.0, max(way.value(found) for way in starts))

    @cached_property
    def spectral_radius(self) -> float | None:
        """The factor by which what is lost at claims shrinks from one round of claims to the next.

        The largest over all choices of ranks, to 1e-12. Another number than the gain: in a plain
        cycle of n claims it is the nth root of it. It says how slowly rounds die out, not what
        comes back. ``None`` where a holding is unknown.
        """
        if self.flow is None:
            return None
        low, high = 0.0, 1.0
        if not _dies_out(self.flow, self.members, high):
            return 1.0
        while high - low > 1e-12:
            middle = (low + high) / 2
            if _dies_out(self.flow, self.members, middle):
                high = middle
            else:
                low = middle
        return high


def loops(system: System) -> tuple[Loop, ...]:
    """Return the loops of a system, in the order in which it names their first members.

    A token that its issuer pledges for its own loan is a loop of one claim. Gains are computed
    when asked for.

    >>> fund = {"owns": {"B": 20}, "issues": {"A": {"kind": "share", "supply": 100}}}
    >>> lever = {
    ...     "owns": {"A": 88},
    ...     "owes": {"outside": "$66"},
    ...     "issues": {"B": {"kind": "share", "supply": 22}},
    ...     "pays": ["debts", "B"],
    ... }
    >>> (loop,) = loops(System(issuers={"fund": fund, "lever": lever}))
    >>> loop.members, round(loop.gain, 12), round(loop.spectral_radius**2, 9)
    (('A', 'B'), 0.8, 0.8)
    """
    links = links_of(Worth(system))
    return loops_in(links, parts_of(links.succ))


def loops_in(links: Links, parts: Parts) -> tuple[Loop, ...]:
    """Return the loops of links and their parts that are at hand."""
    place = {node: i for i, node in enumerate(links.nodes)}
    closed = [sorted(part, key=place.__getitem__) for part in parts if len(part) > 1]
    found = [_loop(links, part) for part in closed]
    return tuple(sorted(found, key=lambda loop: place[loop.members[0]]))


def _loop(links: Links, part: Sequence[str]) -> Loop:
    claims = [node for node in part if links.nodes[node].kind in CLAIMS]
    order = _cycle_order(links, frozenset(part), claims)
    nodes = (*order, *(node for node in part if links.nodes[node].kind not in CLAIMS))
    return Loop(members=tuple(order), nodes=nodes, links=links)


def _ranks(edges: Sequence[tuple[str, Edge]]) -> Iterator[dict[str, float]]:
    """Yield how each rank of claims on a node shares a dollar.

    Where the order of payment or a face is unknown, each claim may bear all of it.
    """
    ranks: dict[int, dict[str, float]] = {}
    for to, way in edges:
        if way.rank is None or way.share is None:
            yield {to: 1.0}
        else:
            ranks.setdefault(way.rank, {})[to] = as_float(way.share)
    yield from ranks.values()


def _cycle_order(links: Links, inside: frozenset[str], claims: Sequence[str]) -> list[str]:
    """Return the claims as a walk meets them that follows the largest share first."""
    place = {claim: i for i, claim in enumerate(claims)}
    reached: dict[str, dict[str, float]] = {}
    met: dict[str, None] = {}
    todo = [claims[0]]
    while todo:
        claim = todo.pop()
        if claim in met:
            continue
        met[claim] = None
        after = _next_claims(links, inside, place, claim, reached)
        # the last is followed first; equal up to rounding is equal
        ranked = sorted([(round(share, 9), -place[to], to) for to, share in after.items()])
        todo += [to for _, _, to in ranked]
    return list(met)


def _next_claims(
    links: Links,
    inside: Collection[str],
    claims: Mapping[str, int],
    node: str,
    reached: dict[str, dict[str, float]],
) -> dict[str, float]:
    """Return the claims next on the way from a node, and the most of a dollar that reaches each.

    What is found of an issuer or a position is kept in ``reached``: many claims lead to it.
    """
    found: dict[str, float] = {}
    is_claim = node in claims
    for to, (_, share, rank) in links.succ[node].items():
        if to not in inside:
            continue
        if share is None or not (is_claim or rank is not None):
            part = 0.0 if is_claim else 1.0
        else:
            part = as_float(share)
        if to in claims:
            found[to] = max(found.get(to, 0.0), part)
            continue
        after = reached.get(to)
        if after is None:
            after = reached[to] = _next_claims(links, inside, claims, to, reached)
        for claim, more in after.items():
            found[claim] = max(found.get(claim, 0.0), part * more)
    return found


def _without(row: Mapping[str, float], node: str) -> dict[str, float]:
    return {to: share for to, share in row.items() if to != node}


def _dies_out(flow: Mapping[str, Options], claims: Sequence[str], factor: float) -> bool:
    """Return whether losses die out if every round of claims is divided by ``factor``."""
    held = set(claims)
    ways = {
        node: [
            Way(1.0, {to: share / factor if node in held else share for to, share in row.items()})
            for row in several
        ]
        for node, several in flow.items()
    }
    return largest(ways) is not None
