"""What every party has and owes, in exact numbers: the exposure graph with its amounts.

A *party* has things and is claimed on: an issuer, an account, the supply of a market. Numbers are
those of the start; what nobody wrote is ``None`` and has the path where it would be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from looprisk.graph.links import CLAIMS, LEFT, Links, links_of, owned
from looprisk.graph.worth import (
    WHOLE,
    ZERO,
    Number,
    Worth,
    as_float,
    left_of_one,
    number,
    over,
    times,
)
from looprisk.model.positions import PerpPosition
from looprisk.model.system import System
from looprisk.model.tokens import Share

Amount = Fraction | float | None
PARTIES = frozenset({"issuer", "position", "supply"})


class Holding(NamedTuple):
    """One thing that a party has."""

    of: str
    """A claim, or a node that stands on nothing else: an asset, pile, venue."""
    usd: Amount
    """At par, at the posted price, or as written; ``None`` where only its share is known."""
    share: Amount = None
    """Of a claim, the part of its units."""
    copy: str = ""
    """``token/copy`` where it is held on one chain."""
    path: str = ""
    """Where the number would be written, for one that nobody knows."""


class Promise(NamedTuple):
    """A claim on a party. A residual gets what is left after all that have a face."""

    id: str
    party: str
    kind: str
    rank: int | None
    """0 is paid first; ``None`` where nobody knows."""
    part: Amount
    """Of what its rank gets, or of the residual."""
    face: Amount = None
    posted: Amount = None
    """Book value of all units where no shock and no book moves it: a face, a posted price."""
    residual: bool = False
    outside: Amount = WHOLE
    """The part that holders outside have."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Everything that is held and owed in one system."""

    worth: Worth
    links: Links
    """Who stands on what, in fractions."""
    kinds: Mapping[str, str]
    """Every node: the kinds of the graph, and ``copy``, ``unlisted``, ``cover``."""
    labels: Mapping[str, str]
    holdings: Mapping[str, tuple[Holding, ...]]
    """By party."""
    promises: Mapping[str, Promise]
    """By id: claims of the graph, ``account/debt``, ``account/equity``, ``market/insurance``."""
    covers: Mapping[str, Amount]
    """Supply: the insurance of its market, in USD."""
    copies: Mapping[str, Amount]
    """``token/copy``: the part of the token's units that is on that chain."""

    @property
    def system(self) -> System:
        """The system it was read from."""
        return self.worth.system

    def node_of(self, claim: str) -> str:
        """Return the node that a claim leads to: an account for the claims on it."""
        promise = self.promises.get(claim)
        return claim if promise is None or claim in self.kinds else promise.party

    def token_of(self, node: str) -> str:
        """Return the token of a copy; any other node is itself."""
        return node.rpartition("/")[0] if node in self.copies else node


def standing_of(system: System, exact_parties: int | None = None) -> Standing:
    """Return what every party of a system has and owes.

    In floats where it has more than ``exact_parties``; the links keep their fractions.

    >>> fund = {"owns": {"ETH": 2}, "issues": {"f": {"kind": "share", "supply": 4}}}
    >>> standing = standing_of(System(assets={"ETH": {"price": "$3_000"}}, issuers={"fund": fund}))
    >>> standing.holdings["fund"][0].usd, standing.promises["f"].residual
    (Fraction(6000, 1), True)
    """
    worth = Worth(system)
    links = links_of(worth)
    kinds = {name: node.kind for name, node in links.nodes.items()}
    labels = {name: node.label for name, node in links.nodes.items() if node.label}
    copies = dict(_copies(worth))
    covers = dict(_covers(worth))
    parties = [party for party, kind in kinds.items() if kind in PARTIES]
    kinds |= dict.fromkeys(copies, "copy")
    rounds = exact_parties is not None and len(parties) > exact_parties
    holdings: dict[str, tuple[Holding, ...]] = {}
    for party in parties:
        read = _holdings(worth, links, kinds, party)
        several = holdings[party] = tuple(_held_in_floats(read) if rounds else read)
        if kinds[party] == "supply":
            kinds.update((h.of, "unlisted") for h in several if h.of.endswith("/unlisted_debt"))
    owed = (promise for party in parties for promise in _promises(worth, links, party, covers))
    promises = {one.id: one for one in (_promised_in_floats(owed) if rounds else owed)}
    kinds |= {f"{party}/insurance": "cover" for party in covers}
    return Standing(
        worth=worth,
        links=links,
        kinds=kinds,
        labels=labels,
        holdings=holdings,
        promises=promises,
        covers={supply: _float(cover) for supply, cover in covers.items()} if rounds else covers,
        copies={copy: _float(part) for copy, part in copies.items()} if rounds else copies,
    )


def _held_in_floats(several: Iterable[Holding]) -> Iterator[Holding]:
    for of, usd, share, copy, path in several:
        yield Holding(of, _float(usd), _float(share), copy, path)


def _promised_in_floats(several: Iterable[Promise]) -> Iterator[Promise]:
    for one in several:
        yield one._replace(
            part=_float(one.part),
            face=_float(one.face),
            posted=_float(one.posted),
            outside=_float(one.outside),
        )


def _float(number: Amount) -> float | None:
    return as_float(number) if isinstance(number, Fraction) else number


def debt_id(links: Links, position: str, supply: str) -> str:
    """Return the claim that a supply has on an account; it names the token if it owes several."""
    owed = [to for to, way in links.succ[position].items() if way.rank != LEFT]
    token = supply.partition("/")[2]
    return f"{position}/debt/{token}" if len(owed) > 1 else f"{position}/debt"


def _copies(worth: Worth) -> Iterator[tuple[str, Number]]:
    for token, receipt in worth.receipts.items():
        for copy, terms in receipt.copies.items():
            yield f"{token}/{copy}", over(number(terms.supply), worth.units[token])


def _covers(worth: Worth) -> Iterator[tuple[str, Number]]:
    """Yield the insurance of every market that lends one token; of several nobody says whose."""
    for name, market in worth.system.markets.items():
        if market.insurance is not None and len(market.lends) == 1:
            yield name, number(market.insurance)


def _holdings(
    worth: Worth, links: Links, kinds: Mapping[str, str], party: str
) -> Iterator[Holding]:
    if kinds[party] == "supply":
        yield from _lent(worth, links, kinds, party)
        return
    receipts = worth.receipts
    for source, (usd, share, _) in links.pred[party].items():
        kind = kinds[source]
        if kind == "position":
            yield Holding(of=f"{source}/equity", usd=None, share=WHOLE)
        elif kind == "venue":
            yield _profit(worth, party, source)
        elif source in receipts and receipts[source].copies:
            yield from _by_copy(worth, party, source)
        else:
            held = share if kind in CLAIMS else None
            path = "" if usd is not None or held is not None else _path(worth, party, source)
            yield Holding(source, usd, held, "", path)


def _lent(worth: Worth, links: Links, kinds: Mapping[str, str], supply: str) -> Iterator[Holding]:
    """Yield what stands behind a supply: debts of accounts, cash, and debts that are not listed."""
    for source, edge in links.pred[supply].items():
        if kinds[source] == "position":
            debt = debt_id(links, source, supply)
            yield Holding(of=debt, usd=edge.usd, share=WHOLE, path=debt)
    market, _, named = supply.partition("/")
    token = named or next(iter(worth.system.markets[market].lends))
    cash, at_hand = (
        number(worth.system.markets[market].lends[token].cash),
        worth.at_hand(market, token),
    )
    lent, path = worth.claim(token), f"{market}/lends/{token}"
    price = worth.prices[lent]
    if cash != 0:
        share = over(cash, worth.units[lent]) if lent in worth.units else None
        yield Holding(of=lent, usd=times(cash, price), share=share, path=f"{path}/cash")
    unlisted = None if at_hand is None or cash is None else max(ZERO, at_hand - cash)
    if unlisted != 0 and cash is not None:
        usd = times(unlisted, price)
        path = f"{path}/unlisted_debt" if unlisted is None else f"{token}/price"
        yield Holding(of=f"{supply}/unlisted_debt", usd=usd, path=path)


def _profit(worth: Worth, leg: str, venue: str) -> Holding:
    """Return what a venue owes to a leg in profit; a loss is a promise to the venue."""
    won = _won(worth, leg)
    usd = None if won is None else max(ZERO, won)
    return Holding(of=venue, usd=usd, path=f"{leg}/entry")


def _won(worth: Worth, leg: str) -> Number:
    position = worth.system.positions[leg]
    if not isinstance(position, PerpPosition):
        return ZERO
    size = position.short or position.long
    if size is None or size.of is None:
        return None
    now, entry = worth.prices[worth.claim(size.of)], worth.usd(position.entry)
    gain = None if now is None or entry is None else now - entry
    won = times(number(size), gain)
    return won if won is None or position.short is None else -won


def _by_copy(worth: Worth, party: str, token: str) -> Iterator[Holding]:
    """Yield what a party has of a token that is on several chains, chain by chain."""
    if party in worth.accounts:
        collateral = worth.accounts[party].collateral
        held = [
            (thing, times(n, worth.prices[token]), over(n, worth.units[token]), "collateral")
            for thing, n in collateral.items()
            if worth.claim(thing) == token
        ]
    else:
        owns = worth.system.issuers[party.removesuffix("/issuer")].owns
        held = [
            (thing, *owned(worth, token, amount), "owns")
            for thing, amount in owns.items()
            if worth.claim(thing) == token
        ]
    for thing, usd, share, key in held:
        copy = thing if thing != token else ""
        path = f"{party.removesuffix('/issuer')}/{key}/{thing}"
        yield Holding(of=token, usd=usd, share=share, copy=copy, path=path)


def _path(worth: Worth, party: str, source: str) -> str:
    """Return where the missing amount of a holding would be written."""
    if source in worth.prices and source not in worth.units and worth.prices[source] is None:
        return f"{source}/price"
    if party in worth.accounts:
        part = worth.system.positions[party]
        looped = "loop" in part.model_fields_set
        return f"{party}/loop" if looped else f"{party}/collateral/{source}"
    if "/outside/" in source or "/owes/" in source:
        return source
    return f"{party.removesuffix('/issuer')}/owns/{source}"


def _promises(
    worth: Worth, links: Links, party: str, covers: Mapping[str, Number]
) -> Iterator[Promise]:
    kind = links.nodes[party].kind
    if kind == "supply":
        face = links.nodes[party].usd
        yield Promise(
            id=party,
            party=party,
            kind=kind,
            rank=0,
            part=WHOLE,
            face=face,
            posted=face,
            outside=_outside(links, party),
        )
        if party in covers:
            cover = covers[party]
            claim = f"{party}/insurance"
            yield Promise(
                id=claim, party=party, kind="cover", rank=1, part=WHOLE, face=cover, posted=cover
            )
    elif kind == "position":
        yield from _on_account(worth, links, party)
    else:
        yield from _on_issuer(worth, links, party)


def _on_account(worth: Worth, links: Links, name: str) -> Iterator[Promise]:
    for supply, way in links.succ[name].items():
        if way.rank != LEFT:
            claim = debt_id(links, name, supply)
            face = way.usd
            yield Promise(
                id=claim,
                party=name,
                kind="debt",
                rank=0,
                part=way.share,
                face=face,
                posted=face,
                outside=ZERO,
            )
    won = _won(worth, name)
    if won is not None and won < 0:
        yield Promise(
            id=f"{name}/loss", party=name, kind="loss", rank=0, part=WHOLE, face=-won, posted=-won
        )
    owner = worth.system.positions[name].owner
    claim, outside = f"{name}/equity", WHOLE if owner is None else ZERO
    yield Promise(
        id=claim, party=name, kind="owner", rank=1, part=WHOLE, residual=True, outside=outside
    )


def _on_issuer(worth: Worth, links: Links, party: str) -> Iterator[Promise]:
    for claim, way in links.succ[party].items():
        node = links.nodes[claim]
        residual = node.kind in {"share", "equity"}
        face = None if residual else way.usd
        posted = node.usd if _is_posted(worth, claim) else face
        outside = _outside(links, claim)
        yield Promise(claim, party, node.kind, way.rank, way.share, face, posted, residual, outside)


def _is_posted(worth: Worth, claim: str) -> bool:
    receipt = worth.receipts.get(claim)
    return isinstance(receipt, Share) and receipt.book_price is not None


def _outside(links: Links, claim: str) -> Number:
    return left_of_one(way.share for way in links.succ[claim].values())


def party_name(standing: Standing, node: str) -> str:
    """Return the id of the part that a party's node stands for."""
    is_long = node.endswith("/issuer") and standing.kinds.get(node) == "issuer"
    return node.removesuffix("/issuer") if is_long else node
