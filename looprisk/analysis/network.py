"""The network of a system in which dollars walk down, from what is held to what is behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from looprisk.analysis.worths import Books, Number, Worths, book_worths, is_small, real_worths
from looprisk.engine.form import Scalar
from looprisk.engine.lookthrough import Walk
from looprisk.errors import ModelError, Problem
from looprisk.graph import Loop
from looprisk.graph.layers import layers_in
from looprisk.graph.loops import loops_in
from looprisk.graph.parts import Parts, parts_of
from looprisk.graph.routes import Rows
from looprisk.graph.shared import slot_id
from looprisk.graph.standing import Holding, Promise, standing_of
from looprisk.model.names import did_you_mean
from looprisk.model.system import System

Row = list[tuple[str, Scalar]]
UNKNOWN, NOTHING = "/unknown", "/nothing"
PAPER = frozenset({"share", "par", "loan", "supply"})
"""The claims that somebody issued; equity is what is left, not paper."""


class Network:
    """One system as a network on book values: each dollar goes on pro rata to what is there.

    Nodes are those of the exposure graph, and between them: the copies of a token, one collateral
    of several of an account. Dollars end at assets, piles, venues, debts that are not listed, the
    insurance that a supply needs, at what nobody knows (``PARTY/unknown``) and where a party has
    nothing at all (``PARTY/nothing``).
    """

    def __init__(self, system: System) -> None:
        """Read the system; values are found when asked for."""
        self.system = system
        standing = standing_of(system)
        self.standing = standing if is_small(standing) else standing.in_floats()
        self.kinds: Mapping[str, str] = self.standing.kinds
        self.books = Books(self.standing)

    @cached_property
    def book(self) -> Worths:
        """Book values."""
        return book_worths(self.books)

    @cached_property
    def real(self) -> Worths:
        """Real values."""
        return real_worths(self.books)

    @cached_property
    def layers(self) -> dict[str, int]:
        """The layer of every node and claim."""
        return layers_in(self.standing.graph, self._parts, self.system)

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        """The loops of the system."""
        return loops_in(self.standing.graph, self._parts)

    @cached_property
    def _parts(self) -> Parts:
        return parts_of(self.standing.graph)

    @cached_property
    def rows(self) -> Rows:
        """Node: what its dollars go on to at book, and which part of each."""
        return self._rows(self.book)

    @cached_property
    def real_rows(self) -> Rows:
        """The same on real values."""
        return self._rows(self.real)

    @cached_property
    def places(self) -> dict[str, int]:
        """The number of every node of the walks."""
        nodes = dict.fromkeys(self.kinds)
        for rows in (self.rows, self.real_rows):
            for node, row in rows.items():
                nodes[node] = None
                nodes |= dict.fromkeys(to for to, _ in row)
        return {node: i for i, node in enumerate(nodes)}

    @cached_property
    def walk(self) -> Walk:
        """The walk on book values."""
        return self._walk(self.rows)

    @cached_property
    def real_walk(self) -> Walk:
        """The walk on real values."""
        return self._walk(self.real_rows)

    def kind(self, node: str) -> str:
        """Return what a node is."""
        found = self.kinds.get(node, "")
        if not found:
            found = (
                "unknown" if node.endswith(UNKNOWN) else "nothing" if node.endswith(NOTHING) else ""
            )
        return found

    def party_of(self, node: str) -> str | None:
        """Return the party a node leads to first; ``None`` for what ends a walk."""
        if node in self.books.parties:
            return node
        promise = self.standing.promises.get(self.token_of(node))
        return None if promise is None or promise.kind == "cover" else promise.party

    def token_of(self, node: str) -> str:
        """Return the token of a copy; any other node is itself."""
        return node.rpartition("/")[0] if node in self.standing.copies else node

    def value(self, node: str, worths: Worths) -> Number:
        """Return what all of a claim, party or end is worth, in USD."""
        if node in self.standing.copies:
            whole, part = worths.claims[self.token_of(node)], self.standing.copies[node]
            return None if whole is None or part is None else whole * self._plain(part)
        if node in self.standing.promises:
            return worths.claims[node]
        if node in self.books.parties:
            return worths.parties[node]
        held = self.holders.get(node, {})
        return self.total(self.held(node, party, worths) for party in held)

    @cached_property
    def holders(self) -> dict[str, dict[str, list[Holding]]]:
        """Claim, copy, account or end: who has it, and what of it."""
        found: dict[str, dict[str, list[Holding]]] = {}
        for party, several in self.standing.holdings.items():
            for one in several:
                for node in {one.of, one.copy or one.of, self.standing.node_of(one.of)}:
                    found.setdefault(node, {}).setdefault(party, []).append(one)
        return found

    def held(self, node: str, party: str, worths: Worths) -> Number:
        """Return what a party itself has of a node, in USD."""
        several = self.holders.get(node, {}).get(party, ())
        return self.total(self.books.value(one, worths.claims) for one in several)

    def total(self, numbers: Iterable[Number]) -> Number:
        """Return the sum, or ``None`` where a number is unknown."""
        whole = self.books.zero
        for number in numbers:
            if number is None:
                return None
            whole += number
        return whole

    def resolve(self, name: str) -> str:
        """Return the node that an id stands for; raise ModelError, with the nearest, for none.

        A token, a market or its supply, a loan (``S/owes/V``), an issuer, an account, an asset, a
        pile. The id of an issuer and its only share is the share.
        """
        if name in self.kinds and not name.endswith("/issuer"):
            return name
        market = self.system.markets.get(name)
        if market is not None:
            several = ", ".join(f"{name}/{token}" for token in market.lends)
            raise ModelError(
                [Problem((name,), f"{name} lends several tokens", f"write one of {several}")]
            )
        if name.partition("/")[0] in self.system.markets:
            supply = self.standing.worth.claim(name)
            if supply in self.kinds:
                return supply
        names = [node for node in self.kinds if not node.endswith("/issuer")]
        message = f"`{name}` holds nothing and is held by nobody in this system"
        raise ModelError([Problem((name,), message, did_you_mean(name, names))])

    def outside(self) -> dict[str, Scalar]:
        """Return what holders outside have at book, in USD, by the node where it starts."""
        start: dict[str, Scalar] = {}
        for promise in self.standing.promises.values():
            whole = self.book.claims[promise.id]
            if whole is None or promise.outside is None:
                continue
            for node, part in self._held_outside(promise):
                if part and whole:
                    start[node] = start.get(node, self.books.zero) + part * whole
        return start

    def outside_unknown(self) -> tuple[str, ...]:
        """Return the claims of which nobody knows what holders outside have."""
        return tuple(
            promise.id
            for promise in self.standing.promises.values()
            if (promise.outside is None or self.book.claims[promise.id] is None)
            and promise.outside != 0
        )

    def _held_outside(self, promise: Promise) -> Iterator[tuple[str, Scalar]]:
        """Yield (node, part of the units) of what holders outside have, copy by copy."""
        left: Scalar = promise.outside or 0
        for copy, part in self.standing.copies.items():
            if self.token_of(copy) == promise.id and part is not None:
                held = self._inside_by_copy.get(copy, 0)
                there = max(self.books.zero, min(left, part - held))
                left -= there
                yield copy, self._plain(there)
        yield self.standing.node_of(promise.id), self._plain(left)

    @cached_property
    def _inside_by_copy(self) -> dict[str, Scalar]:
        found: dict[str, Scalar] = {}
        for several in self.standing.holdings.values():
            for one in several:
                if one.copy:
                    found[one.copy] = found.get(one.copy, 0) + (one.share or 0)
        return found

    def _plain(self, number: Scalar) -> Scalar:
        return number if self.books.exact else float(number)

    def _walk(self, rows: Rows) -> Walk:
        places = self.places
        edges = [(places[node], places[to], part) for node, row in rows.items() for to, part in row]
        source, target, weight = zip(*edges, strict=True) if edges else ((), (), ())
        return Walk(len(places), source, target, weight)

    def _rows(self, worths: Worths) -> Rows:
        rows: dict[str, Row] = {}
        for party in self.books.parties:
            rows[party] = self._row(party, worths, rows)
        for promise in self.standing.promises.values():
            if promise.id in self.kinds and promise.id != promise.party and promise.kind != "cover":
                rows[promise.id] = [(promise.party, self._one)]
        for copy in self.standing.copies:
            rows[copy] = [(self.token_of(copy), self._one)]
        return rows

    @property
    def _one(self) -> Scalar:
        return self._plain(1)

    def _row(self, party: str, worths: Worths, rows: dict[str, Row]) -> Row:
        """Return where the dollars of a party go; slots between go to ``rows``."""
        several = self.standing.holdings[party]
        found: dict[str, Scalar] = {}
        is_unknown = False
        for one in several:
            usd = self.books.value(one, worths.claims)
            is_unknown = is_unknown or usd is None
            if usd:
                node = self._way(party, one, rows, slotted=len(several) > 1)
                found[node] = found.get(node, self.books.zero) + usd
        total = sum(found.values(), start=self.books.zero)
        if not is_unknown:
            total += self._cover(party, total, worths, found)
        else:
            total = self._rest(party, total, worths, found)
        if not total:
            end = party + (UNKNOWN if is_unknown else NOTHING)
            return [(end, self._one)]
        return [(node, usd / total) for node, usd in found.items()]

    def _way(self, party: str, one: Holding, rows: dict[str, Row], *, slotted: bool) -> str:
        """Return the next node on the way from a party to something it has."""
        node = one.copy or self.standing.node_of(one.of)
        if self.kinds[party] == "position" and slotted and self.kinds.get(node) != "venue":
            slot = slot_id(party, self.token_of(node))
            rows[slot] = [(node, self._one)]
            return slot
        return node

    def _cover(self, party: str, total: Scalar, worths: Worths, found: dict[str, Scalar]) -> Scalar:
        """Add the part of an insurance that a supply needs; return it."""
        cover, owed = self.standing.covers.get(party), worths.claims.get(party)
        face = self.standing.promises[party].face if party in self.standing.promises else None
        if cover is None or owed is None or face is None:
            return self.books.zero
        used = max(self.books.zero, min(self._plain(cover), self._plain(face) - total))
        if used:
            found[f"{party}/insurance"] = used
        return used

    def _rest(self, party: str, total: Scalar, worths: Worths, found: dict[str, Scalar]) -> Scalar:
        """Put what the claims on a party exceed its known things by where nobody knows.

        Where the claims are not known either, all of it.
        """
        claims = [worths.claims[promise.id] for promise in self.books.promises[party]]
        owed = [usd for usd in claims if usd is not None]
        if len(owed) < len(claims):
            found.clear()
            return self.books.zero
        whole = sum(owed, start=self.books.zero)
        if whole > total:
            found[party + UNKNOWN] = whole - total
        return max(whole, total)
