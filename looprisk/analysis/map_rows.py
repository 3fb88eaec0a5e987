"""Who holds what of whom: the rows of the map of a whole system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from looprisk.analysis.network import PAPER, Network
from looprisk.analysis.worths import Number
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
    labels = network.standing.labels
    if node in labels:
        return labels[node]
    promise = network.standing.promises.get(node)
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


def held_rows(network: Network) -> tuple[Held, ...]:
    """Return every holding, by layer; of each claim the largest holder first, outside last."""
    numbers = {node: i for i, loop in enumerate(network.loops, 1) for node in loop.members}
    groups: dict[tuple[int, str], list[Held]] = {}
    for row in (*_inside(network, numbers), *_outside(network, numbers)):
        groups.setdefault((row.layer, _group(row)), []).append(row)
    largest: dict[str, float] = {}
    for (_, group), rows in groups.items():
        held = [row.usd for row in rows if row.usd and row.holder != OUTSIDE]
        largest[group] = max(largest.get(group, 0.0), *held, 0.0)
    order = sorted(groups, key=lambda at: (at[0], -largest[at[1]], at[1]))
    return tuple(row for at in order for row in sorted(groups[at], key=_size))


def _group(row: Held) -> str:
    """Return what rows belong together under: the loans of an issuer are one debt."""
    return row.claim.rpartition("/")[0] if row.kind == "loan" else row.claim


def _size(row: Held) -> tuple[bool, float, str, str]:
    return row.holder == OUTSIDE, -(row.usd or 0.0), row.claim, row.holder


def _inside(network: Network, numbers: dict[str, int]) -> Iterator[Held]:
    standing, books, claims = network.standing, network.books, network.book.claims
    heads: dict[str, _Head] = {}
    for party, several in standing.holdings.items():
        holder, holder_label = party_name(standing, party), label_of(network, party)
        for one in several:
            usd = books.value(one, claims)
            if usd == 0:
                continue
            claim = one.copy or one.of
            head = heads.get(claim)
            if head is None:
                heads[claim] = head = _head(network, one.of, claim, numbers)
            share = _share(network, one, head, usd)
            yield Held(
                head.layer,
                claim,
                head.kind,
                holder,
                plain(usd),
                plain(share),
                head.label,
                holder_label,
                head.loop,
            )


def _outside(network: Network, numbers: dict[str, int]) -> Iterator[Held]:
    for promise in network.standing.promises.values():
        if promise.kind in {"cover", "loss"} or promise.outside == 0:
            continue
        part, whole = network.books.scalar(promise.outside), network.book.claims[promise.id]
        usd = None if part is None or whole is None else part * whole
        if usd != 0:
            head = _head(network, promise.id, promise.id, numbers)
            yield Held(
                layer=head.layer,
                claim=promise.id,
                claim_label=head.label,
                kind=head.kind,
                holder=OUTSIDE,
                usd=plain(usd),
                share=plain(usd / head.loans if head.loans and usd is not None else part),
                loop=head.loop,
            )


def _head(network: Network, node: str, claim: str, numbers: Mapping[str, int]) -> _Head:
    promise = network.standing.promises.get(node)
    is_loan = promise is not None and promise.kind == "loan"
    return _Head(
        layer=_layer(network, node, promise),
        kind=network.kind(node) if promise is None else promise.kind,
        label=_claim_label(network, claim, promise),
        loop=numbers.get(network.standing.node_of(node)),
        loans=network.loans[promise.party] if promise is not None and is_loan else None,
    )


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
    return layers.get(claim, layers.get(promise.party, 0))


def _share(network: Network, one: Holding, head: _Head, usd: Number) -> Number:
    if head.kind == "pile":
        return 1
    if one.of not in network.standing.promises:
        return None
    if head.loans is None:
        return network.books.scalar(one.share)
    return usd / head.loans if usd is not None and head.loans else None


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
    issuers = (party for party in network.books.parties if network.kind(party) == "issuer")
    return tuple(_backing(network, party) for party in issuers)


def _backing(network: Network, party: str) -> Backing:
    """Return the ratios of one issuer: what its accounts hold and owe counts as its own."""
    standing, claims = network.standing, network.book.claims
    own: list[Number] = []
    itself: list[Number] = []
    promised_to_itself: list[Number] = []
    debts: list[Number] = []
    for one in standing.holdings[party]:
        promise = standing.promises.get(one.of)
        if promise is not None and promise.kind == "owner":
            held = standing.holdings[promise.party]
            owed = network.books.promises[promise.party]
            debts += [claims[p.id] for p in owed if not p.residual]
        else:
            held = (one,)
        for thing in held:
            issued = standing.promises.get(thing.of)
            usd = network.books.value(thing, claims)
            if issued is None or issued.party != party:
                own.append(usd)
                continue
            itself.append(usd)
            if not issued.residual:
                promised_to_itself.append(usd)
    paper = [p for p in network.books.promises[party] if p.kind in PAPER]
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
