"""Why a claim loses: what stands behind it, part by part, at the start and at the end.

A node's value is the sum of its parts, and what its claims are worth together: the fall of one
claim is the fall of all parts less that of the other claims. So the causes add up to the loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.arrays import Floats
from looprisk.cascade.balance import Balance, Paid, balance_of
from looprisk.cascade.claims import Claim, claims_of, lost, paid_out
from looprisk.cascade.record import Record
from looprisk.cascade.run import Run
from looprisk.cascade.summary import beyond_rounding
from looprisk.cascade.sums import total

SMALL = 1e-9
"""A part that moves by less than this share of the node is none of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the loss of a claim, means over the paths, USD."""

    what: str
    start: float | None
    end: float | None
    """What it was worth; None for what is no part of the node."""
    loss: float


def causes(done: Run, claim: Claim) -> list[Part]:
    """Return the parts of the loss of a claim; they add up to it."""
    found: list[Part] = []
    begun, ended = (dict(_parts(done, record, claim.node)) for record in (done.start, done.end))
    nothing = np.zeros(done.paths)
    size = done.start.values.node[:, claim.node]
    for what in dict.fromkeys((*begun, *ended)):
        start, end = begun.get(what, nothing), ended.get(what, nothing)
        fall = _mean(start - end, size)
        if fall:
            found.append(Part(what=what, start=_m(start), end=_m(end), loss=fall))
    for other in claims_of(done):
        if other.node == claim.node and other.id != claim.id:
            fall = _mean(other.of(done.start) - other.of(done.end), size)
            if fall:
                found.append(
                    Part(what=f"of it, {other.id} bears", start=None, end=None, loss=-fall)
                )
    gone = _mean(paid_out(done, claim, done.end), size)
    if gone:
        found.append(Part(what="paid for units that left", start=None, end=None, loss=-gone))
    loss = _mean(lost(done, claim, done.end), claim.of(done.start))
    rest = loss - sum(part.loss for part in found)
    if abs(rest) > SMALL * max(1.0, float(np.abs(size).mean())):
        what = "reserves, what is withheld, and debts that count a record late"
        found.append(Part(what=what, start=None, end=None, loss=rest))
    return sorted(found, key=lambda part: -abs(part.loss))


def _m(values: Floats) -> float:
    return float(values.mean())


def _mean(change: Floats, whole: Floats) -> float:
    return float(beyond_rounding(change, np.maximum(whole, 1.0) * (SMALL * 1e12)).mean())


def _parts(done: Run, record: Record, node: int) -> Iterator[tuple[str, Floats]]:
    """Yield what a node has at a record, part by part, USD [path]."""
    plan, state, values = done.plan, record.state, record.values
    left = np.maximum(plan.pile_worth - state.lost, 0.0)
    balance = balance_of(plan, done.network, state, state.economic, left)
    paid = replace(Paid.nothing(plan, state), price=values.price, claims=values.claims)
    if node >= len(plan.firms):
        yield from _of_supply(balance, paid, node - len(plan.firms))
        return
    for at, (name, pile) in enumerate(plan.piles):
        if plan.firm_at[name] == node:
            yield f"outside/{pile}", left[:, at]
    yield "idle cash", state.cash[:, node]
    for good, name in enumerate(plan.goods):
        yield name, state.owned[:, node, good] * values.price[:, good]
    for at in plan.loans_to[node]:
        yield plan.owed[at].id, values.claims[:, at]
    for market, book in enumerate(plan.books):
        if node in book.owned_by:
            yield f"accounts in {book.name}", balance.kept(node, market, paid)
    assets = state.owned[:, node, : plan.assets] * values.price[:, : plan.assets]
    yield "legs and margin", balance.exogenous(node, paid) - balance.base[:, node] - total(assets)


def _of_supply(balance: Balance, paid: Paid, supply: int) -> Iterator[tuple[str, Floats]]:
    market, loan = balance.plan.supplies[supply]
    book, now = balance.plan.books[market], balance.state.markets[market]
    price = paid.price[:, book.loans[loan]]
    yield "cash", now.cash[:, loan] * price
    yield "borrowers that are not listed", now.unlisted[:, loan] * price
    yield "insurance", now.insurance[:, loan]
    yield "what borrowers are good for", balance.lent(market, loan, paid)
    if book.absorbs:
        for s, slot in enumerate(book.slots):
            yield f"absorbed {slot.collateral}", now.stock[:, s] * paid.price[:, slot.good]
