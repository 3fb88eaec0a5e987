"""The exposure graph: edges run from what backs to what stands on it, the way loss travels."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from looprisk.graph.links import links_of
from looprisk.graph.worth import Number, Worth
from looprisk.model.system import System

if TYPE_CHECKING:
    import networkx as nx

Graph: TypeAlias = "nx.DiGraph[str]"


def exposure_graph(system: System) -> Graph:
    """Return who stands on what at the start, as a graph of plain strings.

    Nodes and their ``kind``: ``asset``; ``pile`` (``Stream/outside/fund``); ``venue``; ``issuer``;
    the claims ``share``, ``par``, ``loan`` (``Stream/owes/TelosC``), ``equity`` (``Stream/equity``,
    of an issuer without shares) and ``supply`` (the market, or ``market/token`` where it lends
    several); ``position``. Issuers and positions only pass loss on. An issuer with the name of
    its token is ``NAME/issuer``. ``label`` is the text of the part, as written: not to be trusted.
    ``usd`` is the book value at the start in USD, ``None`` for assets, venues and issuers.

    Edges: an asset, pile or claim to who holds it; an issuer to its claims; a position to the
    supply that lent to it and to its owner; the token a market lends to the supply it is cash
    of; a venue and the margin to a leg. The underlying of a leg backs nothing and has no edge.

    * ``usd``: what is held, pledged, owed or at hand, in USD: units at par, else at the book
      price, else at the market price. ``None`` where that is not one number.
    * ``share``: of a claim, the part of its units that the holder has. Out of an issuer or a
      position, the part that this claim bears of what its rank loses, pro rata to face.
      ``None`` where it is not one number, and for assets.
    * ``rank``: out of an issuer or a position: place in ``pays``, 0 is paid first; of a position
      0 is who lent to it and 1 its owner. ``None`` where it is unknown, and on other edges.

    >>> system = System(
    ...     assets={"ETH": {"price": "$3_000"}},
    ...     issuers={"fund": {"owns": {"ETH": 2}, "issues": {"f": {"kind": "share", "supply": 4}}}},
    ... )
    >>> list(exposure_graph(system).edges.data("usd"))
    [('ETH', 'fund', 6000.0), ('fund', 'f', None)]
    """
    # few ask for this graph, and everybody would wait for its package to load
    import networkx as nx  # noqa: PLC0415

    links = links_of(Worth(system))
    graph: Graph = nx.DiGraph()
    for name, node in links.nodes.items():
        graph.add_node(name, kind=node.kind, label=node.label, usd=_float(node.usd))
    for source, held in links.succ.items():
        for target, edge in held.items():
            numbers = {"usd": _float(edge.usd), "share": _float(edge.share)}
            graph.add_edge(source, target, **numbers, rank=edge.rank)
    return graph


def _float(number: Number) -> float | None:
    return None if number is None else float(number)
