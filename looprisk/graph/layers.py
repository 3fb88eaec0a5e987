"""Layers: how many claims deep something stands on what comes from outside."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx

from looprisk.graph.exposure import CLAIMS, EXOGENOUS, LEFT, OWED, Graph, exposure_graph
from looprisk.graph.worth import supply_id
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
    return layers_in(exposure_graph(system), system)


def layers_in(graph: Graph, system: System) -> dict[str, int]:
    """Return what :func:`layers` returns, of the exposure graph of a system that is at hand."""
    depth = _Depths(graph)
    found = {node: depth.layer(node) for node in graph}
    for name, position in system.positions.items():
        if isinstance(position, OnVenue):
            continue
        ways = graph.succ[name].items()
        lenders = [holder for holder, way in ways if way["rank"] == OWED]
        owners = [holder for holder, way in ways if way["rank"] == LEFT]
        found[f"{name}/debt"] = depth.of_claim(name, lenders)
        found[f"{name}/equity"] = depth.of_claim(name, owners)
    for name, market in system.markets.items():
        supplies = [supply_id(name, market, token) for token in market.lends]
        found[name] = max(found[supply] for supply in supplies)
        backing = [node for supply in supplies for node in graph.pred[supply]]
        above = 1 + max((depth.at[node] for node in backing), default=0)
        found[f"{name}/reserves"] = above
        if market.insurance is not None:
            found[f"{name}/insurance"] = above
    return found


class _Depths:
    """How many claims deep every node stands, loops taken as one."""

    def __init__(self, graph: Graph) -> None:
        self._kind: dict[str, str] = nx.get_node_attributes(graph, "kind")
        merged = nx.condensation(graph)
        self._loop: dict[str, int] = merged.graph["mapping"]
        self._members: dict[int, set[str]] = nx.get_node_attributes(merged, "members")
        deep: dict[int, int] = {}
        for loop in nx.topological_sort(merged):
            counts = any(self._kind[node] in CLAIMS for node in self._members[loop])
            deep[loop] = max((deep[below] for below in merged.pred[loop]), default=0) + counts
        self.at = {node: deep[loop] for node, loop in self._loop.items()}

    def layer(self, node: str) -> int:
        """Return the layer of a node: of the claims on it, if it only passes loss on."""
        passes = self._kind[node] not in CLAIMS and self._kind[node] not in EXOGENOUS
        return self.at[node] + (passes and len(self._members[self._loop[node]]) == 1)

    def of_claim(self, node: str, holders: Iterable[str]) -> int:
        """Return the layer of a claim on a node: the loop's if a holder of it is in that."""
        closed = any(self._loop[holder] == self._loop[node] for holder in holders)
        return self.at[node] + (not closed)
