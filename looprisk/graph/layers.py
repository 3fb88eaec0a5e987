"""Layers: how many claims deep something stands on what comes from outside."""

from __future__ import annotations

from collections.abc import Iterable

from looprisk.graph.links import CLAIMS, EXOGENOUS, LEFT, OWED, Links, links_of
from looprisk.graph.parts import Parts, parts_of
from looprisk.graph.worth import Worth, supply_id
from looprisk.model.positions import OnVenue
from looprisk.model.system import System


def layers(system: System) -> dict[str, int]:
    """Return the layer of every node of the exposure graph, and of every claim.

    Layer 0 is what comes from outside: assets, piles, venues. A claim is one layer above the
    deepest thing among all that its issuer has, whatever its rank: seniority says who loses
    first, not what stands on what. Only claims on an issuer and supplies count: an issuer, a
    market and a position pass through, so that a loan secured by a token of layer 1 makes a
    supply of layer 2. Claims that back each other are a loop and share the layer that follows
    from all that backs it from outside; what an issuer in the loop owes to others stands one
    above.

    An issuer or a position has the layer of the claims on it, the loop's if it is in one. Of one
    id for an issuer and its token, it is the token's. Besides the nodes: ``position/debt`` and
    ``position/equity``, ``market/reserves`` and ``market/insurance``, the market where it lends
    several tokens.

    >>> system = System(
    ...     assets={"ETH": {"price": "$3_000"}},
    ...     issuers={
    ...         "fund": {"owns": {"ETH": 2}, "issues": {"f": {"kind": "share", "supply": 4}}},
    ...         "feeder": {"owns": {"f": 1}, "issues": {"ff": {"kind": "share", "supply": 1}}},
    ...     },
    ... )
    >>> layers(system)
    {'ETH': 0, 'fund': 1, 'f': 1, 'feeder': 2, 'ff': 2}
    """
    links = links_of(Worth(system))
    return layers_in(links, parts_of(links.succ), system)


def layers_in(links: Links, parts: Parts, system: System) -> dict[str, int]:
    """Return what :func:`layers` returns, of links and their parts that are at hand."""
    depth = _Depths(links, parts)
    found = {node: depth.layer(node) for node in links.nodes}
    for name, position in system.positions.items():
        if isinstance(position, OnVenue):
            continue
        ways = links.succ[name].items()
        lenders = [holder for holder, way in ways if way.rank == OWED]
        owners = [holder for holder, way in ways if way.rank == LEFT]
        found[f"{name}/debt"] = depth.of_claim(name, lenders)
        found[f"{name}/equity"] = depth.of_claim(name, owners)
    for name, market in system.markets.items():
        supplies = [supply_id(name, market, token) for token in market.lends]
        found[name] = max(found[supply] for supply in supplies)
        backing = [node for supply in supplies for node in links.pred[supply]]
        above = 1 + max((depth.at[node] for node in backing), default=0)
        found[f"{name}/reserves"] = above
        if market.insurance is not None:
            found[f"{name}/insurance"] = above
    return found


class _Depths:
    """How many claims deep every node stands, loops taken as one."""

    def __init__(self, links: Links, parts: Parts) -> None:
        self._nodes = links.nodes
        self._loop = {node: i for i, part in enumerate(parts) for node in part}
        self._parts = parts
        self.at: dict[str, int] = {}
        for part in reversed(parts):
            counts = any(links.nodes[node].kind in CLAIMS for node in part)
            below = (self.at.get(under, 0) for node in part for under in links.pred[node])
            self.at |= dict.fromkeys(part, max(below, default=0) + counts)

    def layer(self, node: str) -> int:
        """Return the layer of a node: of the claims on it, if it only passes loss on."""
        kind = self._nodes[node].kind
        passes = kind not in CLAIMS and kind not in EXOGENOUS
        return self.at[node] + (passes and len(self._parts[self._loop[node]]) == 1)

    def of_claim(self, node: str, holders: Iterable[str]) -> int:
        """Return the layer of a claim on a node: the loop's if a holder of it is in that."""
        closed = any(self._loop[holder] == self._loop[node] for holder in holders)
        return self.at[node] + (not closed)
