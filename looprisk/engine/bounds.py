"""Two-sided bounds where more of one thing means less of another (SEMANTICS 7, MODEL 2.5).

A short of a token, or a loan in it, puts a minus sign in a loop: such a system may have no
solution, or several that nobody can order. From the widest bounds, each side is recomputed with the
other side's values wherever the sign is minus. Every solution stays between them; if they meet, it
is the only one, whatever the signs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looprisk.engine.block import Block
from looprisk.engine.clear import Solution, prove
from looprisk.engine.form import Index, NormalForm, Numbers, active_cells, active_entries
from looprisk.engine.linear import ClosedLoopError, identity, solve
from looprisk.errors import NotExactError

STEPS = 20_000
MEET = 1e-9
"""The bounds meet within this share of the larger: then the cells are those of the one solution."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Side:
    y: Numbers
    z: Numbers
    cells: Index


def between(form: NormalForm) -> Solution:
    """Return the one solution of a form with minus signs in its loops.

    The form stands at one point.

    Raises NotExactError, with the bounds, where they do not meet.
    """
    high, low = bounds(form)
    gap = np.abs(high.y - low.y) > MEET * np.maximum(1.0, np.abs(high.y))
    if gap.any():
        node = int(np.argmax(np.abs(high.y - low.y)))
        raise NotExactError(
            f"no certified solution: the assets of {form.names.nodes[node]} lie between "
            f"${low.y[node]:,.5f} and ${high.y[node]:,.5f}, and there may be no solution or several"
        )
    return _exactly(form, high.cells)


def bounds(form: NormalForm) -> tuple[_Side, _Side]:
    """Return an upper and a lower bound of every solution, in floats."""
    floats = form.floats()
    zero = np.zeros(form.claims)
    first = active_cells(floats, np.ones(form.conditions, dtype=np.bool_))
    last = active_cells(floats, np.zeros(form.conditions, dtype=np.bool_))
    high = _Side(y=_most(floats), z=np.full(form.claims, np.inf), cells=first)
    low = _Side(y=np.zeros(form.nodes), z=zero, cells=last)
    high = _Side(y=high.y, z=np.maximum(zero, high.y[form.issuer]), cells=first)
    for _ in range(STEPS):
        up, down = _image(floats, high, low), _least_image(floats, low, high)
        up = _Side(y=np.minimum(up.y, high.y), z=np.minimum(up.z, high.z), cells=up.cells)
        down = _Side(y=np.maximum(down.y, low.y), z=np.maximum(down.z, low.z), cells=down.cells)
        still = (up.y == high.y).all() and (down.y == low.y).all()
        high, low = up, down
        if still:
            break
    return high, low


def _most(form: NormalForm) -> Numbers:
    """Return what no node can exceed: everything exogenous, over the share that stays outside.

    Payments of a node never exceed its assets, so assets are at most ``(I - held shares)^-1 b``.
    """
    held = np.zeros((form.nodes, form.nodes))
    np.add.at(held, (form.held_by, form.issuer[form.held_claim]), form.held_share)
    capped = np.minimum(held, 1.0)
    radius = np.abs(np.linalg.eigvals(capped)).max(initial=0.0)
    if radius >= 1 - MEET:
        return np.full(form.nodes, 1e6 * max(1.0, form.b_const.sum()))
    most: Numbers = np.linalg.solve(np.eye(form.nodes) - capped, form.b_const)
    return most


def _image(form: NormalForm, own: _Side, other: _Side) -> _Side:
    """Return one side recomputed, with the other side's claims wherever the sign is minus."""
    cells = _cells(form, own, other)
    z = _payments(form, own, other, cells)
    return _Side(y=_held(form, z), z=z, cells=cells)


def _least_image(form: NormalForm, own: _Side, other: _Side) -> _Side:
    """Return the lower side recomputed: the least that any cell pays that may be the active one.

    What a lender gets is not always less in a later cell: a debt in a token is repaid in full where
    the token is worth little, and from the collateral where it is worth more than that.
    """
    cells, first = _cells(form, own, other), _cells(form, other, own)
    z = _payments(form, own, other, cells)
    for step in range(int((cells - first).max(initial=0))):
        z = np.minimum(z, _payments(form, own, other, np.minimum(first + step, cells)))
    return _Side(y=_held(form, z), z=z, cells=cells)


def _cells(form: NormalForm, own: _Side, other: _Side) -> Index:
    read = np.where(form.read_coef >= 0, own.z[form.read_claim], other.z[form.read_claim])
    value = form.cond_const + form.cond_own * own.y[form.cond_node]
    np.add.at(value, form.read_cond, form.read_coef * read)
    return active_cells(form, np.array(value >= -1e-12 * np.abs(form.cond_const), dtype=np.bool_))


def _payments(form: NormalForm, own: _Side, other: _Side, cells: Index) -> Numbers:
    entries = active_entries(form, cells)
    z = form.pay_const[entries] + form.pay_rate[entries] * own.y[form.issuer]
    place = {int(entry): claim for claim, entry in enumerate(entries)}
    for entry, unit, coef in zip(form.face_pay, form.face_claim, form.face_coef, strict=True):
        if int(entry) in place:
            z[place[int(entry)]] += coef * (own.z[unit] if coef >= 0 else other.z[unit])
    paid: Numbers = np.maximum(z, 0.0)
    return paid


def _held(form: NormalForm, z: Numbers) -> Numbers:
    y: Numbers = form.b_const.copy()
    np.add.at(y, form.held_by, form.held_share * z[form.held_claim])
    return y


def _exactly(form: NormalForm, cells: Index) -> Solution:
    """Return the solution of the linear system in these cells, proved by one evaluation."""
    block = Block(form)
    unit = identity(form.nodes, exact=form.exact)
    # a condition that holds with equality may have been rounded away: choose the cells anew
    for _ in range(form.conditions + 1):
        try:
            y = solve(unit - block.jacobian(cells), block.constants(cells)[0])
        except ClosedLoopError:
            break
        value, scale = block.condition_values(np.arange(form.conditions), y, cells)
        alive = np.array(value >= -block.slack * scale, dtype=np.bool_)
        found = Solution(
            y=y, z=block.claim_values(y, cells), alive=alive, cells=cells, selection="greatest"
        )
        if prove(form, found).same_cells:
            return found
        cells = active_cells(form, alive)
    raise NotExactError("the bounds meet where no choice of cells solves the system")
