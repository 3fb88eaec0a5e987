"""The claims of a system as the records of a cascade know them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from looprisk.cascade.arrays import Floats, ratio
from looprisk.cascade.record import Record
from looprisk.cascade.run import Run
from looprisk.model.tokens import Par

Kind = Literal["share", "par", "supply", "loan", "equity"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim of a system as the records of a cascade know it."""

    id: str
    kind: Kind
    node: int
    """What it is a claim on: an issuer, or after all of them a supply."""
    of: Callable[[Record], Floats]
    """Its economic value at a record, USD [path]."""
    unit: Callable[[Record], Floats]
    """The same for a unit, or again the whole of what has no units."""
    book: Callable[[Record], Floats]
    """The book value of a unit, or of the whole."""
    market: Callable[[Record], Floats] | None
    units: Callable[[Record], Floats] | None
    good: int | None = None


def claims_of(done: Run) -> list[Claim]:
    """Return every token, supply, loan and equity of a system in time."""
    plan = done.plan
    found = []
    for good in range(plan.assets, len(plan.goods)):
        name = plan.goods[good]
        receipt = plan.catalogue.tokens.get(name)
        kind: Kind = (
            "supply" if receipt is None else ("par" if isinstance(receipt, Par) else "share")
        )
        found.append(_of_good(name, kind, plan.node_of[good], good))
    for at, owed in enumerate(plan.owed):
        if owed.good < 0:
            found.append(_of_loan(owed.id, owed.issuer, at))
    for node, firm in enumerate(plan.firms):
        if not firm.residual and done.start.values.residual[:, node].any():
            found.append(_of_equity(f"{firm.name}/equity", node))
    return found


def _of_good(name: str, kind: Kind, node: int, good: int) -> Claim:
    return Claim(
        id=name,
        kind=kind,
        node=node,
        of=lambda r: r.values.price[:, good] * r.state.units[:, good],
        unit=lambda r: r.values.price[:, good],
        book=lambda r: r.state.book[:, good],
        market=lambda r: r.state.price[:, good],
        units=lambda r: r.state.units[:, good],
        good=good,
    )


def _of_loan(name: str, node: int, at: int) -> Claim:
    return Claim(
        id=name,
        kind="loan",
        node=node,
        of=lambda r: r.values.claims[:, at],
        unit=lambda r: r.values.claims[:, at],
        book=lambda r: r.values.faces[:, at],
        market=None,
        units=None,
    )


def _of_equity(name: str, node: int) -> Claim:
    return Claim(
        id=name,
        kind="equity",
        node=node,
        of=lambda r: r.values.residual[:, node],
        unit=lambda r: r.values.residual[:, node],
        book=lambda r: r.values.residual[:, node],
        market=None,
        units=None,
    )


def lost(done: Run, claim: Claim, record: Record) -> Floats:
    """Return what the holders of a claim have lost from the start to a record, USD [path].

    Those who were paid on the way out have what they were paid.
    """
    return claim.of(done.start) - claim.of(record) - paid_out(done, claim, record)


def reported(done: Run, claim: Claim, record: Record) -> Floats:
    """Return the same in the book."""
    before, after = (
        claim.book(r) if claim.units is None else claim.book(r) * claim.units(r)
        for r in (done.start, record)
    )
    return before - after - paid_out(done, claim, record)


def share_lost(done: Run, claim: Claim, record: Record) -> Floats:
    """Return the fall of a unit as a share of what it was worth at the start [path]."""
    start = claim.unit(done.start)
    return ratio(start - claim.unit(record), start)


def paid_out(done: Run, claim: Claim, record: Record) -> Floats:
    """Return for how much units of a claim left, less what was put in for new ones, USD [path]."""
    if claim.good is None:
        return np.zeros(done.paths)
    return record.state.paid_out[:, claim.good]


def hidden(claim: Claim, record: Record) -> Floats:
    """Return book less economic value of a claim at a record, USD [path]."""
    more = claim.book(record) - claim.unit(record)
    return more if claim.units is None else more * claim.units(record)
