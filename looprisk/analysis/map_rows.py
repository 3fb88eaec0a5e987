"""Who holds what of whom: the rows of the map of a whole system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from looprisk.analysis.network import PAPER, Network
from looprisk.analysis.worths import NO_CLAIM, Number
from looprisk.graph.standing import Holding, Promise, party_name
from looprisk.results.map_records import Backing, Held, MapLoop

SUMMED = 200
"""Up to so many nodes of a loop its gain is computed: every rank that a loss may meet is tried."""
OUTSIDE = "outside"


def plain(number: Number) -> float | None:
    """Return a number as an answer holds it."""
    return None if number is None else float(number)


def label_of(network: Network, node: str) -> str:
    """Return the name to show for a node: its label, else its id.

    A claim on an account or on an issuer says on whom: ``equity of Elixir``.
    """
    label = network.standing.labels.get(node)
    if label is not None:
        return label
    promise = network.standing.promises.get(node) if "/" in node else None
    if promise is not None and promise.kind in {"debt", "owner", "equity", "loss"}:
        word = {"owner": "equity", "loss": "loss"}.get(promise.kind, promise.kind)
        return f"{word} of {label_of(network, promise.party)}"
    return party_name(network.standing, node)


class _Head(NamedTuple):
    """What all holdings of one claim have in common; a claim has many holders."""

    layer: int
    kind: str
    label: str
    loop: int | None
    loans: Number
    """All loans of the issuer of a loan, in USD."""
    is_promised: bool
    """Whether it is a claim on somebody."""
    rows: list[Held]
    """Its holdings, and those of what it stands together with: the loans of an issuer."""


class _Rows:
    """The holdings of a network, by layer and claim."""

    def __init__(self, network: Network) -> None:
        """Read every holding."""
        self.network = network
        self.loops = {node: i for i, loop in enumerate(network.loops, 1) for node in loop.members}
        self.groups: dict[tuple[int, str], list[Held]] = {}
        self.heads: dict[str, _Head] = {}
        self._inside()
        self._outside()

    def sorted(self) -> Iterator[Held]:
        """Yield the rows as they are shown."""
        largest: dict[str, float] = {}
        for (_, group), rows in self.groups.items():
            held = [row.usd for row in rows if row.usd and row.holder != OUTSIDE]
            largest[group] = max(largest.get(group, 0.0), *held, 0.0)
        for at in sorted(self.groups, key=lambda at: (at[0], -largest[at[1]], at[1])):
            rows = self.groups[at]
            yield from sorted(rows, key=_size) if len(rows) > 1 else rows

    def _inside(self) -> None:
        network = self.network
        at_book, claim_of = network.ground.held, network.books.claim_of
        heads: list[_Head | None] = [None] * (len(network.standing.promises) + 1)
        for party, several in network.standing.holdings.items():
            holder, holder_label = party_name(network.standing, party), label_of(network, party)
            for one, place, usd in zip(several, claim_of[party], at_book[party], strict=True):
                if usd == 0:
                    continue
                claim = one.copy or one.of
                head = None if one.copy else heads[place]
                if head is None:
                    head = self.heads.get(claim) or self._head(one.of, claim)
                    if place != NO_CLAIM and not one.copy:
                        heads[place] = head
                share = plain(_share(network, one, head, usd))
                layer, kind, label, loop, _, _, rows = head
                rows.append(
                    Held(layer, claim, kind, holder, plain(usd), share, label, holder_label, loop)
                )

    def _outside(self) -> None:
        network = self.network
        for promise in network.standing.promises.values():
            if promise.outside == 0 or promise.kind in {"cover", "loss"}:
                continue
            part, whole = network.books.scalar(promise.outside), network.book.claims[promise.id]
            usd = None if part is None or whole is None else part * whole
            if usd != 0:
                head = self.heads.get(promise.id) or self._head(promise.id, promise.id)
                share = usd / head.loans if head.loans and usd is not None else part
                head.rows.append(
                    Held(
                        layer=head.layer,
                        claim=promise.id,
                        claim_label=head.label,
                        kind=head.kind,
                        holder=OUTSIDE,
                        usd=plain(usd),
                        share=plain(share),
                        loop=head.loop,
                    )
                )

    def _head(self, node: str, claim: str) -> _Head:
        """Return what the holdings of a claim have in common, and note it."""
        network = self.network
        promise = network.standing.promises.get(node)
        is_loan = promise is not None and promise.kind == "loan"
        layer = _layer(network, node, promise)
        # the loans of an issuer are one debt
        group = claim.rpartition("/")[0] if is_loan else claim
        head = self.heads[claim] = _Head(
            layer=layer,
            kind=network.kind(node) if promise is None else promise.kind,
            label=_claim_label(network, claim, promise),
            loop=self.loops.get(network.standing.node_of(node)),
            loans=network.loans[promise.party] if promise is not None and is_loan else None,
            is_promised=promise is not None,
            rows=self.groups.setdefault((layer, group), []),
        )
        return head


def _size(row: Held) -> tuple[bool, float, str, str]:
    return row.holder == OUTSIDE, -(row.usd or 0.0), row.claim, row.holder


def _claim_label(network: Network, claim: str, promise: Promise | None) -> str:
    if promise is not None and promise.kind == "loan":
        return f"{label_of(network, promise.party)}/owes"
    return label_of(network, claim)


def _layer(network: Network, claim: str, promise: Promise | None) -> int:
    layers = network.layers
    if promise is None:
        return layers.get(claim, 0)
    if promise.kind == "debt":
        return layers[f"{promise.party}/debt"]
    return layers[claim] if claim in layers else layers.get(promise.party, 0)


def _share(network: Network, one: Holding, head: _Head, usd: Number) -> Number:
    if head.kind == "pile":
        return 1
    if not head.is_promised:
        return None
    if head.loans is None:
        return network.books.scalar(one.share)
    return usd / head.loans if usd is not None and head.loans else None


def held_rows(network: Network) -> tuple[Held, ...]:
    """Return every holding, by layer; of each claim the largest holder first, outside last."""
    return tuple(_Rows(network).sorted())


def loop_rows(network: Network) -> tuple[MapLoop, ...]:
    """Return the loops, in the order of the system."""
    return tuple(loop_row(network, number) for number in range(1, len(network.loops) + 1))


def loop_row(network: Network, number: int) -> MapLoop:
    """Return one loop by its number, counted from 1."""
    loop = network.loops[number - 1]
    members = tuple(label_of(network, member) for member in loop.members)
    gain = loop.gain if len(loop.nodes) <= SUMMED else None
    return MapLoop(number=number, members=members, gain=gain)


def backing_rows(network: Network) -> tuple[Backing, ...]:
    """Return how much stands under the paper of each issuer."""
    promises = [*network.standing.promises.values(), None]
    return tuple(
        _backing(network, party, promises)
        for party in network.books.parties
        if network.kind(party) == "issuer"
    )


def _backing(network: Network, party: str, promises: Sequence[Promise | None]) -> Backing:
    """Return the ratios of one issuer: what its accounts hold and owe counts as its own."""
    standing, claims, books = network.standing, network.book.claims, network.books
    own: list[Number] = []
    itself: list[Number] = []
    promised_to_itself: list[Number] = []
    on = [promises[place] for place in books.claim_of[party]]
    accounts = [p.party for p in on if p is not None and p.kind == "owner"]
    for name in (party, *accounts):
        for place, usd in zip(books.claim_of[name], network.ground.held[name], strict=True):
            issued = promises[place]
            if issued is None or (issued.party != party and issued.kind != "owner"):
                own.append(usd)
            elif issued.party == party:
                itself.append(usd)
                if not issued.residual:
                    promised_to_itself.append(usd)
    owed = (p for account in accounts for p in books.promises[account])
    debts = [claims[p.id] for p in owed if not p.residual]
    paper = [p for p in books.promises[party] if p.kind in PAPER]
    owed_usd = network.total([*debts, *(claims[p.id] for p in paper if not p.residual)])
    all_usd = network.total([*debts, *(claims[p.id] for p in paper)])
    own_usd = network.total(own)
    of_others = _less(all_usd, network.total(itself))
    equity = _less(own_usd, _less(owed_usd, network.total(promised_to_itself)))
    return Backing(
        id=party_name(standing, party),
        label=label_of(network, party),
        own_usd=plain(own_usd),
        claims_usd=plain(of_others),
        backing_ratio=plain(_over(own_usd, of_others)),
        equity_usd=plain(equity),
        assets_to_equity=plain(_over(own_usd, equity))
        if equity is not None and equity > 0
        else None,
    )


def _less(a: Number, b: Number) -> Number:
    return None if a is None or b is None else a - b


def _over(a: Number, b: Number) -> Number:
    return None if a is None or not b else a / b
