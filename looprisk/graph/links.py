"""The links of a system in exact numbers: who stands on what, and how much of it each has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from looprisk.graph.claims import Claim, claims_on
from looprisk.graph.worth import WHOLE, Number, Worth, number, over, plus, times
from looprisk.model.issuers import Issuer
from looprisk.model.positions import OnVenue
from looprisk.model.values import Value

EXOGENOUS = frozenset({"asset", "pile", "venue"})
CLAIMS = frozenset({"share", "par", "loan", "equity", "supply"})
OWED, LEFT = 0, 1
"""The ranks of a position: who lent to it, then its owner."""


class Node(NamedTuple):
    """One thing: what it is, its name to show, its book value in USD."""

    kind: str
    label: str
    usd: Number


class Edge(NamedTuple):
    """What a holder has of a thing."""

    usd: Number
    share: Number
    rank: int | None = None
    """Out of an issuer or a position: place in ``pays``."""


@dataclass(frozen=True, slots=True)
class Links:
    """Who stands on what: the exposure graph with its numbers as fractions.

    Plain dicts, for a system may have a hundred thousand links. ``succ`` is by thing, then by who
    has it; ``pred`` by holder, then by thing. Every node is in both, by its id as plain text:
    references in a system remember their source.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    succ: dict[str, dict[str, Edge]] = field(default_factory=dict)
    pred: dict[str, dict[str, Edge]] = field(default_factory=dict)

    def node(self, name: str, kind: str, label: str | None, usd: Number = None) -> None:
        """Add a node."""
        self.nodes[name] = Node(kind, label or "", usd)
        self.succ[name] = {}
        self.pred[name] = {}

    def edge(
        self, source: str, target: str, usd: Number, share: Number, rank: int | None = None
    ) -> None:
        """Add an edge between two nodes, or write another over it."""
        self.succ[source][target] = self.pred[target][source] = Edge(usd, share, rank)

    def hold(self, claim: str, holder: str, usd: Number, share: Number) -> None:
        """Add a holding to what the holder has of the claim by another name; nothing is no edge."""
        if (usd is not None and not usd) or (share is not None and not share):
            return
        holders = self.succ[claim]
        if holder in holders:
            before = holders[holder]
            usd, share = plus((usd, before.usd)), plus((share, before.share))
        holders[holder] = self.pred[holder][claim] = Edge(usd, share)


def links_of(worth: Worth) -> Links:
    """Return who stands on what in a system at its start."""
    system = worth.system
    links = Links()
    claims = _nodes_and_claims(links, worth)
    for name, issuer in system.issuers.items():
        _add_issuer(links, worth, name, issuer, claims[name])
    for name, market in system.markets.items():
        for token in market.lends:
            supply, units = worth.claim(f"{name}/{token}"), worth.at_hand(name, token)
            _add_holding(links, worth, token, supply, units)
    for name in system.positions:
        _add_position(links, worth, name)
    return links


def _nodes_and_claims(links: Links, worth: Worth) -> dict[str, tuple[Claim, ...]]:
    """Add every node; return the claims on each issuer."""
    system = worth.system
    claims = {name: claims_on(worth, name, issuer) for name, issuer in system.issuers.items()}
    for asset, part in system.assets.items():
        links.node(asset, "asset", part.label)
    for name, issuer in system.issuers.items():
        for pile, money in issuer.outside.items():
            links.node(f"{name}/outside/{pile}", "pile", None, number(money))
        links.node(issuer_node(worth, name), "issuer", issuer.label)
        for claim in claims[name]:
            links.node(claim.id, claim.kind, claim.label, claim.usd)
    for name, market in system.markets.items():
        for token in market.lends:
            supply = worth.claim(f"{name}/{token}")
            worth_usd = times(worth.units[supply], worth.prices[supply])
            links.node(supply, "supply", market.label, worth_usd)
    for name, venue in system.venues.items():
        links.node(name, "venue", venue.label)
    for name, position in system.positions.items():
        links.node(name, "position", position.label, _pledged(worth, name))
    return claims


def issuer_node(worth: Worth, name: str) -> str:
    """Return the node of an issuer, which may share its name with a token."""
    return f"{name}/issuer" if name in worth.receipts else name


def _pledged(worth: Worth, position: str) -> Number:
    """Return what stands behind a position, in USD."""
    units = worth.accounts[position].collateral
    return plus(times(n, worth.prices[worth.claim(token)]) for token, n in units.items())


def _add_issuer(
    links: Links, worth: Worth, name: str, issuer: Issuer, claims: tuple[Claim, ...]
) -> None:
    node = issuer_node(worth, name)
    for pile in issuer.outside:
        fund = f"{name}/outside/{pile}"
        links.edge(fund, node, number(issuer.outside[pile]), WHOLE)
    for thing, amount in issuer.owns.items():
        claim = worth.claim(thing)
        links.hold(claim, node, *owned(worth, claim, amount))
    for on in claims:
        links.edge(node, on.id, on.usd, on.share, rank=on.rank)
        if on.creditor is not None:
            links.edge(on.id, issuer_node(worth, str(on.creditor)), on.usd, WHOLE)


def owned(worth: Worth, claim: str, amount: Value) -> tuple[Number, Number]:
    """Return what an amount of a claim that an issuer owns is: in USD, as a share of the units."""
    held, price, units = number(amount), worth.prices[claim], worth.units.get(claim)
    if amount.unit == "share":
        return times(times(units, price), held), held
    if amount.unit == "usd":
        return held, over(over(held, price), units)
    return times(held, price), over(held, units)


def _add_position(links: Links, worth: Worth, name: str) -> None:
    position, account = worth.system.positions[name], worth.accounts[name]
    for token, units in account.collateral.items():
        _add_holding(links, worth, token, name, units)
    if isinstance(position, OnVenue):
        links.edge(str(position.venue), name, None, None)
        owed: dict[str, Number] = {}
    else:
        owed = {worth.claim(f"{position.market}/{t}"): n for t, n in account.debt.items()}
    debts = {supply: times(n, worth.prices[supply]) for supply, n in owed.items() if n != 0}
    whole = plus(debts.values())
    for supply, usd in debts.items():
        share = over(usd, whole) if len(debts) > 1 else WHOLE
        links.edge(name, supply, usd, share, rank=OWED)
    if position.owner is not None:
        left = None if whole is None else plus((_pledged(worth, name), -whole))
        links.edge(name, issuer_node(worth, str(position.owner)), left, WHOLE, rank=LEFT)


def _add_holding(links: Links, worth: Worth, thing: str, holder: str, units: Number) -> None:
    """Add an edge for units of an asset or token that somebody has."""
    claim = worth.claim(thing)
    share = over(units, worth.units.get(claim))
    links.hold(claim, holder, times(units, worth.prices[claim]), share)
