"""What one thing stands on, by every way down, and who stands on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from looprisk.analysis.ground import NOTHING, UNKNOWN, Ground
from looprisk.analysis.map_rows import OUTSIDE, label_of, plain
from looprisk.analysis.network import PAPER, Network
from looprisk.analysis.worths import Number
from looprisk.engine.form import Scalar
from looprisk.graph.routes import Route, routes
from looprisk.graph.standing import party_name
from looprisk.results.map_records import End, Exposed, Passage, Ratios, Source, Way

WAYS = 50
"""So many ways down are listed; the rest is one number."""
PASSED = 30
"""So many parties passed are listed of a network too large for fractions."""
_WALKED = frozenset({"share", "par", "loan", "equity", "supply"})
_KINDS: dict[str, Literal["issuer", "market", "account"]] = {
    "issuer": "issuer",
    "supply": "market",
    "position": "account",
}
_ENDS: dict[str, End] = {
    "asset": "asset",
    "pile": "pile",
    "venue": "venue",
    "unlisted": "unlisted",
    "cover": "cover",
    "unknown": "unknown",
}


class Look:
    """A walk down from one node: what its party has goes on, pro rata, until it ends."""

    def __init__(self, network: Network, node: str) -> None:
        """Follow the dollars of ``node`` at book."""
        self.network = network
        self.node = node
        self.party = network.party_of(node)
        self.visits = network.ground.visits(self.start(network.ground))
        """The part of a dollar that passes each node, every return counted."""

    def start(self, ground: Ground) -> Mapping[str, Scalar]:
        """Return where the dollars of the party go first; an end keeps its own."""
        return {self.node: 1} if self.party is None else dict(ground.rows[self.party])

    @property
    def ends(self) -> dict[str, Scalar]:
        """The part of a dollar that ends at each node, at book."""
        return self.network.ground.ends(self.visits)

    @property
    def real_ends(self) -> dict[str, Scalar]:
        """The same of a dollar of real value."""
        ground = self.network.real_ground
        return ground.ends(ground.visits(self.start(ground)))

    def sources(self, book: Number, real: Number) -> tuple[Source, ...]:
        """Return where its dollars end, the largest part first."""
        network = self.network
        at_book = self.ends
        truly = self.real_ends if real is not None else {}
        names = sorted({**at_book, **truly}, key=lambda end: (-at_book.get(end, 0), end))
        return tuple(
            Source(
                id=end,
                label=self._label(end),
                kind=_ENDS.get(network.kind(end), "nothing"),
                usd=plain(None if book is None else at_book.get(end, 0) * book),
                share=float(at_book.get(end, 0)),
                real_usd=plain(None if real is None else truly.get(end, 0) * real),
            )
            for end in names
        )

    def _label(self, end: str) -> str:
        for ending, words in (
            (UNKNOWN, "not known: what {} has"),
            (NOTHING, "nothing: {} is empty"),
        ):
            if end.endswith(ending) and end not in self.network.kinds:
                return words.format(label_of(self.network, end.removesuffix(ending)))
        return label_of(self.network, end)

    def passages(self, book: Number) -> tuple[Passage, ...]:
        """Return the issuers and markets that its dollars pass, each dollar once."""
        network = self.network
        parties = [n for n in self.visits if network.kind(n) in {"issuer", "supply"}]
        parties.sort(key=lambda party: (-self.visits[party], party))
        if not network.ground.exact:
            parties = parties[:PASSED]
        shares = self.passing(parties)
        rows = [
            Passage(
                id=party_name(network.standing, party),
                label=label_of(network, party),
                kind="issuer" if network.kind(party) == "issuer" else "market",
                usd=plain(None if book is None else share * book),
                share=float(share),
                comes_back=party == self.party,
            )
            for party, share in shares.items()
        ]
        rows.sort(key=lambda row: (-row.share, row.id))
        return tuple(rows)

    def passing(self, parties: list[str]) -> dict[str, Scalar]:
        """Return the part of a dollar that passes each party at least once."""
        network = self.network
        looped = {node for loop in network.loops for node in loop.nodes}
        again = [party for party in parties if party in looped]
        ground = network.ground
        hits = ground.hits(self.start(ground), [{party} for party in again])
        hit = dict(zip(again, hits, strict=True))
        return {party: hit.get(party, self.visits.get(party, 0)) for party in parties}

    def ways(self, book: Number) -> tuple[tuple[Way, ...], float]:
        """Return the heaviest ways down, and the part that takes all others."""
        found, rest = routes(self.network.ground.rows, self.node, WAYS)
        return tuple(self._way(route, book) for route in found), float(rest)

    def _way(self, route: Route, book: Number) -> Way:
        nodes = list(route.nodes)
        if route.closes:  # end at a claim that has a name to show
            nodes += nodes[nodes.index(nodes[-1]) + 1 :]
        names = [nodes[0]]
        again = len(route.nodes) - 1
        for place, node in enumerate(nodes[1:], start=1):
            if self._is_shown(node, nodes[place - 1]):
                names.append(node)
                if route.closes and place >= again:
                    break
        return Way(
            names=tuple(self._label(name) for name in names),
            share=float(route.share),
            usd=plain(None if book is None else route.share * book),
            closes=route.closes,
            wrap_depth=sum(self.network.kind(n) in PAPER for n in route.nodes[: again + 1]),
        )

    def _is_shown(self, node: str, before: str) -> bool:
        """Return whether a way names a node: a claim, an end, an account of an issuer."""
        kind = self.network.kind(node)
        owned = kind == "position" and self.network.kind(before) == "issuer"
        return kind in _WALKED or owned or node not in self.network.ground.rows

    def ratios(self, book: Number, real: Number) -> Ratios:
        """Return how much paper its dollars pass, and in how many hands they end."""
        network = self.network
        ends = self.ends
        known = not any(network.kind(end) == "unknown" for end in ends)
        wraps = sum(part for node, part in self.visits.items() if network.kind(node) in PAPER)
        own = network.kind(network.standing.token_of(self.node)) in PAPER
        return Ratios(
            book_usd=plain(book),
            real_usd=plain(real),
            book_to_real=plain(book / real if book is not None and real else None),
            rehypothecation_ratio=float(wraps + own) if known else None,
            hhi_by_issuer=hhi(network, ends) if known else None,
            top_holder=plain(top_holders(network, self.node, book, 1)),
            top_three_by_issuer=top_three(network, ends) if known else None,
            top_three_holders=plain(top_holders(network, self.node, book, 3)),
            unknown=self.unknown,
        )

    @property
    def unknown(self) -> tuple[str, ...]:
        """The paths of the unknown numbers that any of this rests on."""
        network = self.network
        ends = self.ends
        parties = [end.removesuffix(UNKNOWN) for end in ends if network.kind(end) == "unknown"]
        own = [self.party] if self.party is not None else []
        paths = (*network.book.unknowns([*parties, *own]), *network.real.unknowns(own))
        return tuple(dict.fromkeys(paths))


def hhi(network: Network, ends: Mapping[str, Scalar]) -> float:
    """Return the sum of squared shares by the issuer, market or asset where dollars end."""
    return float(sum(share * share for share in _by_issuer(network, ends)))


def top_three(network: Network, ends: Mapping[str, Scalar]) -> float:
    """Return the part that ends at the three largest issuers, markets or assets."""
    return float(sum(sorted(_by_issuer(network, ends), reverse=True)[:3]))


def _by_issuer(network: Network, ends: Mapping[str, Scalar]) -> list[Scalar]:
    shares: dict[str, Scalar] = {}
    for end, part in ends.items():
        owner = _owner(network, end)
        shares[owner] = shares.get(owner, 0) + part
    return list(shares.values())


def _owner(network: Network, end: str) -> str:
    """Return whose an end is: a pile is its issuer's, an asset its own."""
    if network.kind(end) == "pile":
        return end.partition("/outside/")[0]
    if network.kind(end) in {"unlisted", "cover"}:
        return end.rpartition("/")[0].partition("/")[0]
    return end.removesuffix(NOTHING)


def exposed_rows(network: Network, node: str, book: Number) -> tuple[Exposed, ...]:
    """Return who stands on a node, directly or through others, the largest first."""
    part, hands = network.ground.reach([node]), network.hands(node, network.book)
    rows = []
    for party in network.books.parties:
        share = part[party]
        if share and party != node:
            rows.append(_exposed(network, party, share, hands.get(party, network.books.zero)))
    rows += _held_outside(network, node, book)
    rows.sort(key=lambda row: (row.usd is None, -(row.usd or 0.0), row.id))
    return tuple(rows)


def _exposed(network: Network, party: str, share: Scalar, direct: Number) -> Exposed:
    whole = network.book.parties[party]
    name = party_name(network.standing, party)
    system = network.system
    name_of_market = name.partition("/")[0]
    parts = (
        system.issuers.get(name),
        system.markets.get(name_of_market),
        system.positions.get(name),
    )
    part = next((part for part in parts if part is not None), None)
    return Exposed(
        id=name,
        label=label_of(network, party),
        kind=_KINDS[network.kind(party)],
        direct_usd=plain(direct),
        usd=plain(None if whole is None else share * whole),
        share=float(share),
        layer=network.layers.get(party, 0),
        curator=str(part.depends_on.get("curator", "")) if part is not None else "",
    )


def _held_outside(network: Network, node: str, book: Number) -> Iterator[Exposed]:
    promise = network.standing.promises.get(node)
    part = network.books.scalar(promise.outside) if promise is not None else None
    if part and book is not None:
        usd = plain(part * book)
        yield Exposed(id=OUTSIDE, kind="outside", direct_usd=usd, usd=usd, share=None, layer=0)


def top_holders(network: Network, node: str, book: Number, count: int) -> Number:
    """Return the part of a claim in the largest hands inside the system."""
    if not book or node not in network.standing.promises:
        return None
    hands = network.hands(node, network.book).values()
    known = [usd for usd in hands if usd is not None]
    if len(known) < len(hands):
        return None
    return sum(sorted(known, reverse=True)[:count], network.books.zero) / book
