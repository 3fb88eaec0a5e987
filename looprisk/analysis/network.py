"""The network of a system in which dollars walk down, from what is held to what is behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from looprisk.analysis.ground import NOTHING, UNKNOWN, Ground
from looprisk.analysis.worths import Books, Number, Worths, book_worths, real_worths
from looprisk.engine.backing import EXACT_PARTIES
from looprisk.engine.form import Scalar
from looprisk.errors import ModelError, Problem
from looprisk.graph import Loop
from looprisk.graph.layers import layers_in
from looprisk.graph.loops import loops_in
from looprisk.graph.parts import Parts, parts_of
from looprisk.graph.standing import Promise, standing_of
from looprisk.model.names import did_you_mean
from looprisk.model.system import System

PAPER = frozenset({"share", "par", "loan", "supply"})
"""The claims that somebody issued; equity is what is left, not paper."""


class Network:
    """One system as a network on book values: each dollar goes on pro rata to what is there.

    Nodes are those of the exposure graph, and those that :class:`Ground` puts between them.
    """

    def __init__(self, system: System) -> None:
        """Read the system; values are found when asked for."""
        self.system = system
        self.standing = standing_of(system, EXACT_PARTIES)
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
        return layers_in(self.standing.links, self._parts, self.system)

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        """The loops of the system."""
        return loops_in(self.standing.links, self._parts)

    @cached_property
    def _parts(self) -> Parts:
        return parts_of(self.standing.links.succ)

    @cached_property
    def ground(self) -> Ground:
        """Where dollars go on from every node at book."""
        return Ground(self.books, self.book)

    @cached_property
    def real_ground(self) -> Ground:
        """The same on real values."""
        same = self.real.claims == self.book.claims
        return self.ground if same else Ground(self.books, self.real)

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
        promise = self.standing.promises.get(self.standing.token_of(node))
        return None if promise is None or promise.kind == "cover" else promise.party

    def value(self, node: str, worths: Worths) -> Number:
        """Return what all of a claim, party or end is worth, in USD."""
        if node in self.standing.copies:
            whole, part = worths.claims[self.standing.token_of(node)], self.standing.copies[node]
            return None if whole is None or part is None else whole * self.books.plain(part)
        if node in self.standing.promises:
            return worths.claims[node]
        if node in self.books.parties:
            return worths.parties[node]
        return self.total(self.hands(node, worths).values())

    def hands(self, node: str, worths: Worths) -> dict[str, Number]:
        """Return what each party itself has of a claim, copy, account or end, in USD."""
        on_it = (p.id for p in self.books.promises.get(node, ()))
        names = {node, *(claim for claim in on_it if claim not in self.kinds)}
        found: dict[str, list[Number]] = {}
        for party, several in self.standing.holdings.items():
            for one in several:
                if one.of in names or one.copy == node:
                    found.setdefault(party, []).append(self.books.value(one, worths.claims))
        return {party: self.total(usd) for party, usd in found.items()}

    @cached_property
    def loans(self) -> dict[str, Number]:
        """All loans that each party has taken, at book."""
        return {
            party: self.total(self.book.claims[p.id] for p in promises if p.kind == "loan")
            for party, promises in self.books.promises.items()
        }

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
        pile; or the label of one of them. The id of an issuer and its only share is the share.
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
        named = self._labelled(name)
        if len(named) == 1:
            return self.resolve(named[0])
        names = [node for node in self.kinds if not node.endswith("/issuer")]
        message = f"`{name}` holds nothing and is held by nobody in this system"
        raise ModelError([Problem((name,), message, did_you_mean(name, names))])

    def _labelled(self, label: str) -> list[str]:
        """Return the ids of the parts that bear a label; one that is its own label is no other."""
        system = self.system
        sections = (system.assets, system.issuers, system.markets, system.positions)
        tokens = (issuer.issues for issuer in system.issuers.values())
        return [
            name
            for parts in (*sections, *tokens)
            for name, part in parts.items()
            if part.label == label != name
        ]

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
            if self.standing.token_of(copy) == promise.id and part is not None:
                held = self._inside_by_copy.get(copy, 0)
                there = max(self.books.zero, min(left, part - held))
                left -= there
                yield copy, self.books.plain(there)
        yield self.standing.node_of(promise.id), self.books.plain(left)

    @cached_property
    def _inside_by_copy(self) -> dict[str, Scalar]:
        found: dict[str, Scalar] = {}
        for several in self.standing.holdings.values():
            for one in several:
                if one.copy:
                    found[one.copy] = found.get(one.copy, 0) + (one.share or 0)
        return found
