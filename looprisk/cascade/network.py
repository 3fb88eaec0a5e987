"""Who depends on whom: the loops of a system, in the order in which they are valued.

A node is an issuer or a loan token of a market. A debt in an endogenous unit that lies in a loop
with that unit is valued at the last record (DYNAMICS 9), all other debts with the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from looprisk.cascade.arrays import Ints
from looprisk.cascade.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Network:
    """The nodes of a plan in order: issuers first, then supplies."""

    loops: tuple[tuple[int, ...], ...]
    """Nodes that depend on each other, each after all it depends on."""
    circular: tuple[bool, ...]
    """Of each loop: whether it is one, or a single node that does not depend on itself."""
    lagged_loans: frozenset[tuple[int, int]]
    """(market, loan slot) whose token is in a loop with what is owed in it."""
    lagged_supplies: frozenset[int]
    """Supplies whose own claim is in a loop with the token it is owed in."""
    lagged_faces: frozenset[str]
    """Claims whose unit is in a loop with who owes them."""
    circular_units: tuple[int, ...]
    """Goods in which something is owed that their own value depends on."""
    issuer_of: tuple[int, ...]
    """[good]: the node whose claim it is, -1 for an asset."""


def network_of(plan: Plan) -> Network:
    """Return the loops of a plan, and which debts they make circular through their unit."""
    issuer_of = _issuers(plan)
    plain = [
        (issuer_of[good], node) for good, node in _held(plan, issuer_of) if issuer_of[good] >= 0
    ]
    units = [(issuer_of[good], node) for good, node, _ in _in_units(plan) if issuer_of[good] >= 0]
    plain += [(o.issuer, o.creditor) for f in plan.firms for o in f.owed if o.creditor >= 0]
    count = len(plan.firms) + len(plan.supplies)
    label, order = _ordered(count, [*plain, *units])
    lagged = {
        what
        for good, node, what in _in_units(plan)
        if issuer_of[good] >= 0 and label[issuer_of[good]] == label[node]
    }
    members = tuple(tuple(np.flatnonzero(label == at).tolist()) for at in order)
    itself = {a for a, b in plain if a == b}
    return Network(
        loops=members,
        circular=tuple(len(m) > 1 or m[0] in itself for m in members),
        lagged_loans=frozenset(what for what in lagged if isinstance(what, tuple)),
        lagged_supplies=frozenset(
            at
            for at, (market, loan) in enumerate(plan.supplies)
            if (node := issuer_of[plan.books[market].loans[loan]]) >= 0
            and label[node] == label[len(plan.firms) + at]
        ),
        lagged_faces=frozenset(what for what in lagged if isinstance(what, str)),
        circular_units=tuple(sorted({good for good, _, what in _in_units(plan) if what in lagged})),
        issuer_of=issuer_of,
    )


def _issuers(plan: Plan) -> tuple[int, ...]:
    firms = [plan.firm_at[plan.catalogue.issuer_of[token]] for token in plan.catalogue.tokens]
    supplies = [len(plan.firms) + at for at in range(len(plan.supplies))]
    return (*([-1] * plan.assets), *firms, *supplies)


def _held(plan: Plan, issuer_of: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Yield (good, the node that holds it or has a part in what it secures)."""
    firms = len(plan.firms)
    for firm, good in np.argwhere(plan.owned != 0).tolist():
        yield good, firm
    for fed in plan.feeds:
        yield plan.assets + plan.tokens + fed.supply, fed.issuer
    for legs in plan.legs:
        for good in legs.kinds:
            yield from ((good, int(owner)) for owner in set(legs.owner.tolist()) if owner >= 0)
    for at, (market, loan) in enumerate(plan.supplies):
        book = plan.books[market]
        for slot in book.slots:
            yield slot.good, firms + at
        if issuer_of[book.loans[loan]] >= 0:
            yield book.loans[loan], firms + at
    for market, book in enumerate(plan.books):
        if book.absorbs:
            # what the market owes an owner whose account it took over is supply of theirs
            yield from ((plan.supply_good[market, 0], owner) for owner in book.owned_by)
        for s, slot in enumerate(book.slots):
            owners = {int(o) for o in book.owner[book.used[s]].tolist()}
            yield from ((slot.good, owner) for owner in owners if owner >= 0)


def _in_units(plan: Plan) -> Iterator[tuple[int, int, str | tuple[int, int]]]:
    """Yield (unit, the node it bears on, what is counted in it)."""
    firms = len(plan.firms)
    for firm in plan.firms:
        for owed in firm.owed:
            if owed.unit >= 0:
                yield owed.unit, owed.issuer, owed.id
                if owed.creditor >= 0:
                    yield owed.unit, owed.creditor, owed.id
    for at, (market, loan) in enumerate(plan.supplies):
        book = plan.books[market]
        nodes = {int(o) for o in book.owner.tolist() if o >= 0} | {firms + at}
        nodes |= {firms + i for i, (m, _) in enumerate(plan.supplies) if m == market}
        for node in nodes:
            yield book.loans[loan], node, (market, loan)


def _ordered(count: int, edges: list[tuple[int, int]]) -> tuple[Ints, tuple[int, ...]]:
    """Return the component of every node, and the components in order."""
    source = np.array([a for a, _ in edges], dtype=np.intp)
    target = np.array([b for _, b in edges], dtype=np.intp)
    graph = coo_array((np.ones(len(source)), (source, target)), shape=(count, count)).tocsr()
    components, label = connected_components(graph, directed=True, connection="strong")
    needs: dict[int, set[int]] = {at: set() for at in range(components)}
    for a, b in zip(label[source].tolist(), label[target].tolist(), strict=True):
        if a != b:
            needs[b].add(a)
    return label.astype(np.intp), tuple(TopologicalSorter(needs).static_order())
