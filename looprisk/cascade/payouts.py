"""What a node pays to each of its claims out of what it has (SEMANTICS 3)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.cascade.arrays import Bools, Floats, ratio
from looprisk.cascade.balance import Balance, Paid
from looprisk.cascade.parts import Firm, Owed


def pay(balance: Balance, paid: Paid, node: int, y: Floats) -> Paid:
    """Return what is paid once a node that has ``y`` [path] in USD pays too."""
    firms = balance.plan.firms
    if node < len(firms):
        return _firm(balance, paid, node, y)
    return _supply(balance, paid, node, y)


def in_full(balance: Balance, paid: Paid, node: int) -> Paid:
    """Return the upper bound of what a node pays, as a line in what it has.

    Claims with a face are paid in full; what is left may be everything.
    """
    firms, plan = balance.plan.firms, balance.plan
    price, slope = paid.price.copy(), paid.price_slope.copy()
    claims, claim_slope = paid.claims.copy(), paid.claim_slope.copy()
    if node >= len(firms):
        good = plan.assets + plan.tokens + node - len(firms)
        price[:, good] = balance.supply_unit(node - len(firms), paid)
        slope[:, good] = 0.0
        return replace(paid, price=price, price_slope=slope)
    firm = firms[node]
    for owed in firm.owed:
        face = balance.face(owed, paid)
        claims[:, plan.owed_at[owed.id]] = face
        claim_slope[:, plan.owed_at[owed.id]] = 0.0
        if owed.good >= 0:
            price[:, owed.good] = ratio(face, balance.state.units[:, owed.good])
            slope[:, owed.good] = 0.0
    for good, part in parts(balance, firm):
        price[:, good] = 0.0
        slope[:, good] = part
    return replace(paid, price=price, price_slope=slope, claims=claims, claim_slope=claim_slope)


def parts(balance: Balance, firm: Firm) -> list[tuple[int, Floats]]:
    """Return (share token, what a unit gets of a dollar that is left, [path])."""
    units = balance.state.units
    whole = np.zeros(balance.state.paths)
    for good, weight in zip(firm.residual, firm.weights, strict=True):
        whole = whole + units[:, good] * weight
    return [
        (good, ratio(np.full_like(whole, weight), whole))
        for good, weight in zip(firm.residual, firm.weights, strict=True)
    ]


def _supply(balance: Balance, paid: Paid, node: int, y: Floats) -> Paid:
    """Suppliers first, then insurance, the rest is the market's own."""
    plan = balance.plan
    supply = node - len(plan.firms)
    good = plan.assets + plan.tokens + supply
    units = balance.state.units[:, good]
    face = balance.supply_face(supply, paid)
    suppliers = np.minimum(face, y)
    price, slope = paid.price.copy(), paid.price_slope.copy()
    empty = units == 0
    price[:, good] = np.where(empty, balance.supply_unit(supply, paid), ratio(suppliers, units))
    slope[:, good] = np.where(empty | (y >= face), 0.0, ratio(np.ones_like(units), units))
    return replace(
        paid,
        price=price,
        price_slope=slope,
        residual=put(paid.residual, node, y - suppliers),
        node=put(paid.node, node, y),
        out=put(paid.out, node, y),
    )


def _firm(balance: Balance, paid: Paid, node: int, y: Floats) -> Paid:
    plan = balance.plan
    firm = plan.firms[node]
    faces = {owed.id: balance.face(owed, paid) for owed in firm.owed}
    total = np.zeros_like(y)
    for face in faces.values():
        total = total + face
    solvent = y >= total
    shared, rate = _shared(balance, paid, node, y, solvent)
    claims, claim_slope = paid.claims.copy(), paid.claim_slope.copy()
    price, slope = paid.price.copy(), paid.price_slope.copy()
    out = np.zeros_like(y)
    before = np.zeros_like(y)
    for rank in sorted({owed.rank for owed in firm.owed}):
        members = [owed for owed in firm.owed if owed.rank == rank]
        whole = np.zeros_like(y)
        for owed in members:
            whole = whole + faces[owed.id]
        for owed in members:
            z, d = _claim(balance, owed, faces[owed.id], whole, shared - before, solvent)
            at = plan.owed_at[owed.id]
            claims[:, at], claim_slope[:, at] = z, d * rate
            out = out + z
            if owed.good >= 0:
                units = balance.state.units[:, owed.good]
                price[:, owed.good] = ratio(z, units)
                slope[:, owed.good] = ratio(d * rate, units)
        before = before + whole
    left = np.maximum(y - total, 0.0)
    for good, part in parts(balance, firm):
        price[:, good] = left * part
        slope[:, good] = np.where(solvent, part, 0.0)
    return replace(
        paid,
        price=price,
        price_slope=slope,
        claims=claims,
        claim_slope=claim_slope,
        residual=put(paid.residual, node, left),
        node=put(paid.node, node, y),
        out=put(paid.out, node, out + left),
    )


def _shared(
    balance: Balance, paid: Paid, node: int, y: Floats, solvent: Bools
) -> tuple[Floats, Floats]:
    """Return what creditors share, and how it follows what the issuer has (Rogers & Veraart)."""
    alpha, beta = balance.plan.firms[node].recovery
    if (alpha, beta) == (1.0, 1.0):
        return y, np.ones_like(y)
    less = beta * y + (alpha - beta) * balance.exogenous(node, paid)
    return np.where(solvent, y, less), np.where(solvent, 1.0, beta)


def _claim(
    balance: Balance, owed: Owed, face: Floats, whole: Floats, there: Floats, solvent: Bools
) -> tuple[Floats, Floats]:
    """Return what one claim of a rank gets, and its part of the next dollar, [path]."""
    part = ratio(face, whole)
    full = solvent | (there >= whole)
    due = np.where(full, face, part * np.clip(there, 0.0, whole))
    cap = balance.state.cap[:, balance.plan.owed_at[owed.id]] * face
    grows = ~full & (there >= 0) & (due < cap)
    return np.minimum(due, cap), np.where(grows, part, 0.0)


def put(values: Floats, at: int, column: Floats) -> Floats:
    """Return values [path, thing] with another column in one place."""
    copy = values.copy()
    copy[:, at] = column
    return copy
