"""Clearing: the greatest (or least) solution of a form at one shock fraction, with its certificate.

Components are cleared in the order of their dependence, each exactly; what a component holds of the
ones before it is a number by then, so minus signs *between* components do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from looprisk.engine import walk
from looprisk.engine.alone import Alone
from looprisk.engine.block import SLACK, Block, State
from looprisk.engine.components import components, restrict
from looprisk.engine.form import (
    Flags,
    Index,
    NormalForm,
    Numbers,
    Scalar,
    active_cells,
    active_entries,
)
from looprisk.engine.inside import Inside
from looprisk.engine.sparse import inputs_of, monotone, settle

Selection = Literal["greatest", "least"]
SMALL = 300
"""Up to so many nodes a walk is as fast as settling."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """One solution of a form: node values, claim values, and the cells in force.

    ``y`` [N] and ``z`` [C] are in USD; ``alive`` [K] says which conditions hold.
    """

    y: Numbers
    z: Numbers
    alive: Flags
    cells: Index
    selection: Selection


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What one evaluation of the normal form says about a solution; in USD, exact in Fractions."""

    residual: Scalar
    """Largest ``|y - b - Theta z|`` over the nodes, with cells chosen anew from the conditions."""
    conservation_gap: Scalar
    """``sum of outside claims + leaks - sum of b``."""
    same_cells: bool
    """Whether the conditions choose the cells that the solution claims."""


def clear(form: NormalForm, selection: Selection = "greatest") -> Solution:
    """Return the greatest or the least solution at one shock fraction.

    Slopes are ignored: use :meth:`NormalForm.at`.

    >>> from looprisk.engine.networks import debt_network
    >>> rogers_veraart = debt_network([[0, 2.2], [2.2, 0]], [1, 1], alpha=0.5, beta=0.5)
    >>> clear(rogers_veraart, "greatest").z.tolist(), clear(rogers_veraart, "least").z.tolist()
    ([2.2, 1.0, 2.2, 1.0], [1.0, 0.0, 1.0, 0.0])

    Raises NotExactError where shares are held in a closed circle, whose value has no bound.
    """
    settled = _settled(form, selection)
    if settled is not None:
        z = claim_values(form, settled.y, settled.cells, settled.y[:0])
        return Solution(
            y=settled.y, z=z, alive=settled.alive, cells=settled.cells, selection=selection
        )
    return clear_by_loops(form, selection)


def clear_by_loops(form: NormalForm, selection: Selection = "greatest") -> Solution:
    """Return what :func:`clear` returns, loop by loop, walking the loops that cannot be settled."""
    dtype = form.b_const.dtype
    y = np.zeros(form.nodes, dtype=dtype)
    z = np.zeros(form.claims, dtype=dtype)
    alive = np.zeros(form.conditions, dtype=np.bool_)
    alone = Alone(form)
    for members in components(form):
        if len(members) == 1:
            node = int(members[0])
            value = alone.solve(node, z, alive, down=selection == "greatest")
            if value is not None:
                y[node] = value
                continue
        whole = len(members) == form.nodes
        part = form if whole else restrict(form, members, z)
        block = Block(part)
        state = None if whole else _settled(part, selection)
        if state is None:
            state = _walked(block, selection)
        y[members] = state.y
        inside = np.zeros(form.nodes, dtype=np.bool_)
        inside[members] = True
        z[inside[form.issuer]] = block.claim_values(state.y, state.cells)
        alive[inside[form.cond_node]] = state.alive
    return Solution(y=y, z=z, alive=alive, cells=active_cells(form, alive), selection=selection)


def _settled(form: NormalForm, selection: Selection) -> State | None:
    """Return the greatest solution of a large float form if it can be found without a walk."""
    if form.exact or form.nodes <= SMALL or selection != "greatest" or not monotone(form):
        return None
    found = settle(Inside(form), inputs_of(form))
    if not found.proven[0]:
        return None
    return State(y=found.y[0], alive=found.alive[0], cells=found.cells[0])


def _walked(block: Block, selection: Selection) -> State:
    return (walk.greatest(block) if selection == "greatest" else walk.least(block)).state


def claim_values(form: NormalForm, y: Numbers, cells: Index, z: Numbers) -> Numbers:
    """Return the payments [C] at values ``y`` in these cells; ``z`` prices faces in claims."""
    entries = active_entries(form, cells)
    paid: Numbers = form.pay_const[entries] + form.pay_rate[entries] * y[form.issuer]
    if len(form.face_pay):
        claim_of_entry = {int(entry): claim for claim, entry in enumerate(entries)}
        for entry, unit, coef in zip(form.face_pay, form.face_claim, form.face_coef, strict=True):
            if int(entry) in claim_of_entry:
                paid[claim_of_entry[int(entry)]] += coef * z[unit]
    return paid


def prove(form: NormalForm, solution: Solution) -> Proof:
    """Evaluate the form once at a solution, independently of how the solution was found.

    >>> from looprisk.engine.networks import debt_network
    >>> ring = debt_network([[0, 4], [3, 0]], [2, 1])
    >>> proof = prove(ring, clear(ring))
    >>> proof.residual < 1e-12, proof.same_cells
    (True, True)
    """
    y, z = solution.y, solution.z
    value = form.cond_const + form.cond_own * y[form.cond_node]
    scale = abs(form.cond_const) + abs(form.cond_own * y[form.cond_node])
    read = form.read_coef * z[form.read_claim]
    np.add.at(value, form.read_cond, read)
    np.add.at(scale, form.read_cond, abs(read))
    slack = 0 if form.exact else SLACK
    cells = active_cells(form, np.array(value >= -slack * scale, dtype=np.bool_))
    paid = claim_values(form, y, cells, z)
    received = form.b_const.copy()
    np.add.at(received, form.held_by, form.held_share * paid[form.held_claim])
    return Proof(
        residual=max(abs(y - received).tolist(), default=0),
        conservation_gap=_total(outside(form, z))
        + _total(leaks(form, y, z))
        - _total(form.b_const),
        same_cells=bool((cells == solution.cells).all()),
    )


def _total(values: Numbers) -> Scalar:
    total: Scalar = sum(values.tolist())
    return total


def outside(form: NormalForm, z: Numbers) -> Numbers:
    """Return [C] what holders outside the system get of each claim."""
    inside = np.zeros(form.claims, dtype=z.dtype)
    np.add.at(inside, form.held_claim, form.held_share)
    share: Numbers = (1 - inside) * z
    return share


def leaks(form: NormalForm, y: Numbers, z: Numbers) -> Numbers:
    """Return [N] what leaves each node without going to a claim: liquidators, default costs."""
    paid = np.zeros(form.nodes, dtype=y.dtype)
    np.add.at(paid, form.issuer, z)
    return y - paid
