"""The exposure graph: edges run from what backs to what stands on it, the way loss travels."""

from __future__ import annotations

from typing import TypeAlias

import networkx as nx

from looprisk.graph.claims import Claim, claims_on
from looprisk.graph.worth import WHOLE, Number, Worth, number, over, plus, times
from looprisk.model.issuers import Issuer
from looprisk.model.positions import OnVenue
from looprisk.model.system import System
from looprisk.model.values import Value

Graph: TypeAlias = "nx.DiGraph[str]"
EXOGENOUS = frozenset({"asset", "pile", "venue"})
CLAIMS = frozenset({"share", "par", "loan", "equity", "supply"})
OWED, LEFT = 0, 1
"""The ranks of a position: who lent to it, then its owner."""


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
    graph = exact_graph(Worth(system))
    for _, node in graph.nodes.data():
        node["usd"] = _float(node["usd"])
    for _, _, edge in graph.edges.data():
        edge["usd"], edge["share"] = _float(edge["usd"]), _float(edge["share"])
    return graph


def exact_graph(worth: Worth) -> Graph:
    """Return the exposure graph with its numbers as fractions."""
    system = worth.system
    graph: Graph = nx.DiGraph()
    claims = _nodes_and_claims(graph, worth)
    for name, issuer in system.issuers.items():
        _add_issuer(graph, worth, name, issuer, claims[name])
    for name, market in system.markets.items():
        for token in market.lends:
            supply, units = worth.claim(f"{name}/{token}"), worth.at_hand(name, token)
            _add_holding(graph, worth, token, supply, units)
    for name in system.positions:
        _add_position(graph, worth, name)
    return graph


def _nodes_and_claims(graph: Graph, worth: Worth) -> dict[str, tuple[Claim, ...]]:
    """Add every node; return the claims on each issuer."""
    system = worth.system
    claims = {name: claims_on(worth, name, issuer) for name, issuer in system.issuers.items()}
    for asset, part in system.assets.items():
        _node(graph, asset, "asset", part.label)
    for name, issuer in system.issuers.items():
        for pile, money in issuer.outside.items():
            _node(graph, f"{name}/outside/{pile}", "pile", None, number(money))
        _node(graph, issuer_node(worth, name), "issuer", issuer.label)
        for claim in claims[name]:
            _node(graph, claim.id, claim.kind, claim.label, claim.usd)
    for name, market in system.markets.items():
        for token in market.lends:
            supply = worth.claim(f"{name}/{token}")
            worth_usd = times(worth.units[supply], worth.prices[supply])
            _node(graph, supply, "supply", market.label, worth_usd)
    for name, venue in system.venues.items():
        _node(graph, name, "venue", venue.label)
    for name, position in system.positions.items():
        _node(graph, name, "position", position.label, _pledged(worth, name))
    return claims


def issuer_node(worth: Worth, name: str) -> str:
    """Return the node of an issuer, which may share its name with a token."""
    return f"{name}/issuer" if name in worth.receipts else name


def _pledged(worth: Worth, position: str) -> Number:
    """Return what stands behind a position, in USD."""
    units = worth.accounts[position].collateral
    return plus(times(n, worth.prices[worth.claim(token)]) for token, n in units.items())


def _add_issuer(
    graph: Graph, worth: Worth, name: str, issuer: Issuer, claims: tuple[Claim, ...]
) -> None:
    node = issuer_node(worth, name)
    for pile in issuer.outside:
        fund = f"{name}/outside/{pile}"
        _edge(graph, fund, node, number(issuer.outside[pile]), WHOLE)
    for thing, amount in issuer.owns.items():
        _hold(graph, worth.claim(thing), node, *owned(worth, thing, amount))
    for on in claims:
        _edge(graph, node, on.id, on.usd, on.share, rank=on.rank)
        if on.creditor is not None:
            _edge(graph, on.id, issuer_node(worth, on.creditor), on.usd, WHOLE)


def owned(worth: Worth, thing: str, amount: Value) -> tuple[Number, Number]:
    """Return what an amount that an issuer owns is: in USD, and as a share of the units."""
    claim = worth.claim(thing)
    held, price, units = number(amount), worth.prices[claim], worth.units.get(claim)
    if amount.unit == "share":
        return times(times(units, price), held), held
    if amount.unit == "usd":
        return held, over(over(held, price), units)
    return times(held, price), over(held, units)


def _add_position(graph: Graph, worth: Worth, name: str) -> None:
    position, account = worth.system.positions[name], worth.accounts[name]
    for token, units in account.collateral.items():
        _add_holding(graph, worth, token, name, units)
    if isinstance(position, OnVenue):
        _edge(graph, position.venue, name, None, None)
        owed: dict[str, Number] = {}
    else:
        owed = {worth.claim(f"{position.market}/{t}"): n for t, n in account.debt.items()}
    debts = {supply: times(n, worth.prices[supply]) for supply, n in owed.items() if n != 0}
    whole = plus(debts.values())
    for supply, usd in debts.items():
        share = over(usd, whole) if len(debts) > 1 else WHOLE
        _edge(graph, name, supply, usd, share, rank=OWED)
    if position.owner is not None:
        left = None if whole is None else plus((_pledged(worth, name), -whole))
        _edge(graph, name, issuer_node(worth, position.owner), left, WHOLE, rank=LEFT)


def _add_holding(graph: Graph, worth: Worth, thing: str, holder: str, units: Number) -> None:
    """Add an edge for units of an asset or token that somebody has."""
    claim = worth.claim(thing)
    share = over(units, worth.units.get(claim))
    _hold(graph, claim, holder, times(units, worth.prices[claim]), share)


def _hold(graph: Graph, claim: str, holder: str, usd: Number, share: Number) -> None:
    """Add a holding to what the holder has of the claim by another name; nothing is no edge."""
    if (usd is not None and not usd) or (share is not None and not share):
        return
    before = graph.succ[claim].get(holder)
    if before is not None:
        usd, share = plus((usd, before["usd"])), plus((share, before["share"]))
    _edge(graph, claim, holder, usd, share)


def _node(graph: Graph, name: str, kind: str, label: str | None, usd: Number = None) -> None:
    graph.add_node(name, kind=kind, label=label or "", usd=usd)


def _edge(
    graph: Graph,
    source: str,
    target: str,
    usd: Number,
    share: Number,
    *,
    rank: int | None = None,
) -> None:
    # references remember their source; nodes are plain text
    graph.add_edge(str(source), str(target), usd=usd, share=share, rank=rank)


def _float(number: Number) -> float | None:
    return None if number is None else float(number)
