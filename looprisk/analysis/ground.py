"""The ground that dollars walk on: from every node, what they go on to, and where they end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from looprisk.analysis.worths import Books, Number, Worths
from looprisk.engine.form import Scalar
from looprisk.engine.lookthrough import Walk
from looprisk.graph.routes import Rows
from looprisk.graph.shared import slot_id

Row = list[tuple[str, Scalar]]
UNKNOWN, NOTHING = "/unknown", "/nothing"


class Ground:
    """A system on one basis, book or real: each dollar goes on pro rata to what is there.

    Nodes are those of the exposure graph, and between them: the copies of a token, one collateral
    of several of an account. Dollars end at assets, piles, venues, debts that are not listed, the
    insurance that a supply needs, at what nobody knows (``PARTY/unknown``) and where a party has
    nothing at all (``PARTY/nothing``).
    """

    def __init__(self, books: Books, worths: Worths) -> None:
        """Take the values; what is asked for is found when it is."""
        self.books = books
        self.worths = worths
        self.standing = books.standing

    @cached_property
    def held(self) -> dict[str, list[Number]]:
        """By party: what each of its holdings is worth."""
        return self.books.values(self.worths.claims)

    @cached_property
    def rows(self) -> Rows:
        """Node: what its dollars go on to, and which part of each."""
        rows: dict[str, Row] = {}
        for party in self.books.parties:
            rows[party] = self._row(party, rows)
        for promise in self.standing.promises.values():
            inner = promise.id in self.standing.kinds and promise.id != promise.party
            if inner and promise.kind != "cover":
                rows[promise.id] = [(promise.party, self._one)]
        for copy in self.standing.copies:
            rows[copy] = [(self.standing.token_of(copy), self._one)]
        return rows

    @cached_property
    def places(self) -> dict[str, int]:
        """The number of every node of the walk."""
        places = {node: i for i, node in enumerate(self.standing.kinds)}
        for node, row in self.rows.items():
            places.setdefault(node, len(places))
            for to, _ in row:
                places.setdefault(to, len(places))
        return places

    @cached_property
    def walk(self) -> Walk:
        """The walk along the rows."""
        places = self.places
        source = [places[node] for node, row in self.rows.items() for _ in row]
        target = [places[to] for row in self.rows.values() for to, _ in row]
        weight = [part for row in self.rows.values() for _, part in row]
        return Walk(len(places), source, target, weight)

    @property
    def exact(self) -> bool:
        """Whether what it finds is in fractions."""
        return self.walk.exact

    def visits(self, start: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Return how many dollars pass each node that any passes, every return counted."""
        found = self.walk.visits({self.places[node]: usd for node, usd in start.items()})
        return {node: dollars for node, dollars in zip(self.places, found, strict=True) if dollars}

    def ends(self, visits: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Return those of the visits where dollars end."""
        trapped = self._trapped
        return {n: part for n, part in visits.items() if n not in self.rows or n in trapped}

    def hits(self, start: Mapping[str, Scalar], sets: Sequence[Iterable[str]]) -> list[Scalar]:
        """Return how many dollars reach each set of nodes at least once."""
        places = self.places
        return self.walk.hits(
            {places[node]: usd for node, usd in start.items()},
            [{places[node] for node in nodes if node in places} for nodes in sets],
        )

    def reach(self, nodes: Iterable[str]) -> dict[str, Scalar]:
        """Return for every node the part of its dollars that reaches a set; 1 for its members."""
        part = self.walk.reach({self.places[node] for node in nodes})
        return dict(zip(self.places, part, strict=True))

    @cached_property
    def _trapped(self) -> set[str]:
        """The nodes of closed loops; dollars end where they enter one."""
        trapped = self.walk.trapped
        return {node for node, i in self.places.items() if i in trapped} if trapped else set()

    @cached_property
    def _nodes(self) -> list[str | None]:
        """By the place of a claim: the node that it leads to."""
        node_of = self.standing.node_of
        return self.books.by_place({claim: node_of(claim) for claim in self.standing.promises})

    @property
    def _one(self) -> Scalar:
        return self.books.plain(1)

    def _row(self, party: str, rows: dict[str, Row]) -> Row:
        """Return where the dollars of a party go; slots between go to ``rows``."""
        several, held = self.standing.holdings[party], self.held[party]
        slotted = len(several) > 1 and self.standing.kinds[party] == "position"
        found: dict[str, Scalar] = {}
        for one, claim, usd in zip(several, self.books.claim_of[party], held, strict=True):
            if usd:
                node = one.copy or self._nodes[claim] or one.of
                if slotted:
                    node = self._slot(party, node, rows)
                found[node] = found.get(node, self.books.zero) + usd
        total = sum(found.values(), start=self.books.zero)
        is_unknown = None in held
        if not is_unknown:
            total += self._cover(party, total, found)
        else:
            total = self._rest(party, total, found)
        if not total:
            end = party + (UNKNOWN if is_unknown else NOTHING)
            return [(end, self._one)]
        return [(node, usd / total) for node, usd in found.items()]

    def _slot(self, party: str, node: str, rows: dict[str, Row]) -> str:
        """Return the node between an account and one of several things it has; a venue has none."""
        standing = self.standing
        if standing.kinds.get(node) == "venue":
            return node
        slot = slot_id(party, standing.token_of(node))
        rows[slot] = [(node, self._one)]
        return slot

    def _cover(self, party: str, total: Scalar, found: dict[str, Scalar]) -> Scalar:
        """Add the part of an insurance that a supply needs; return it."""
        cover, owed = self.standing.covers.get(party), self.worths.claims.get(party)
        face = self.standing.promises[party].face if party in self.standing.promises else None
        if cover is None or owed is None or face is None:
            return self.books.zero
        used = max(self.books.zero, min(self.books.plain(cover), self.books.plain(face) - total))
        if used:
            found[f"{party}/insurance"] = used
        return used

    def _rest(self, party: str, total: Scalar, found: dict[str, Scalar]) -> Scalar:
        """Put what the claims on a party exceed its known things by where nobody knows.

        Where the claims are not known either, all of it.
        """
        claims = [self.worths.claims[promise.id] for promise in self.books.promises[party]]
        owed = [usd for usd in claims if usd is not None]
        if len(owed) < len(claims):
            found.clear()
            return self.books.zero
        whole = sum(owed, start=self.books.zero)
        if whole > total:
            found[party + UNKNOWN] = whole - total
        return max(whole, total)
