"""Who holds what of whom: the rows of the map of a whole system."""

from __future__ import annotations

from collections.abc import Iterator

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


def held_rows(network: Network) -> tuple[Held, ...]:
    """Return every holding, by layer; of each claim the largest holder first, outside last."""
    numbers = {node: i for i, loop in enumerate(network.loops, 1) for node in loop.members}
    rows = [*_inside(network, numbers), *_outside(network, numbers)]
    largest: dict[str, float] = {}
    for row in rows:
        if row.holder != OUTSIDE:
            group = _group(row)
            largest[group] = max(largest.get(group, 0.0), row.usd or 0.0)
    rows.sort(
        key=lambda row: (
            row.layer,
            -largest.get(_group(row), 0.0),
            _group(row),
            row.holder == OUTSIDE,
            -(row.usd or 0.0),
            row.claim,
            row.holder,
        )
    )
    return tuple(rows)


def _group(row: Held) -> str:
    """Return what rows belong together under: the loans of an issuer are one debt."""
    return row.claim.rpartition("/")[0] if row.kind == "loan" else row.claim


def _inside(network: Network, numbers: dict[str, int]) -> Iterator[Held]:
    standing = network.standing
    claims, labels = network.book.claims, dict[str, str]()
    layers, loops = dict[str, int](), dict[str, int | None]()
    for party, several in standing.holdings.items():
        holder, holder_label = party_name(standing, party), label_of(network, party)
        for one in several:
            usd = network.books.value(one, claims)
            if usd != 0:
                promise, claim = standing.promises.get(one.of), one.copy or one.of
                if claim not in labels:  # a claim has many holders
                    labels[claim] = _claim_label(network, claim, promise)
                    layers[claim] = _layer(network, one.of, promise)
                    loops[claim] = numbers.get(standing.node_of(one.of))
                yield Held(
                    layer=layers[claim],
                    claim=claim,
                    claim_label=labels[claim],
                    kind=promise.kind if promise is not None else network.kind(one.of),
                    holder=holder,
                    holder_label=holder_label,
                    usd=plain(usd),
                    share=plain(_share(network, one, promise, usd)),
                    loop=loops[claim],
                )


def _outside(network: Network, numbers: dict[str, int]) -> Iterator[Held]:
    for promise in network.standing.promises.values():
        if promise.kind in {"cover", "loss"} or promise.outside == 0:
            continue
        part, whole = network.books.scalar(promise.outside), network.book.claims[promise.id]
        usd = None if part is None or whole is None else part * whole
        if usd != 0:
            loans = _loans(network, promise.party) if promise.kind == "loan" else None
            yield Held(
                layer=_layer(network, promise.id, promise),
                claim=promise.id,
                claim_label=_claim_label(network, promise.id, promise),
                kind=promise.kind,
                holder=OUTSIDE,
                usd=plain(usd),
                share=plain(usd / loans if loans and usd is not None else part),
                loop=numbers.get(network.standing.node_of(promise.id)),
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


def _share(network: Network, one: Holding, promise: Promise | None, usd: Number) -> Number:
    if promise is None:
        return 1 if network.kind(one.of) == "pile" else None
    loans = _loans(network, promise.party) if promise.kind == "loan" else None
    if loans is None:
        return network.books.scalar(one.share)
    return usd / loans if usd is not None and loans else None


def _loans(network: Network, party: str) -> Number:
    """Return all loans that an issuer has taken, in USD."""
    loans = (p.id for p in network.books.promises[party] if p.kind == "loan")
    return network.total(network.book.claims[loan] for loan in loans)


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
