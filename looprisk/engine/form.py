"""The normal form: what every system compiles to, and all that the solvers see.

Unknown are the asset values ``y`` of the nodes, in USD. A node splits its value among the claims it
issues by a *cell*, a straight line per claim; the cells of a node are ordered, healthiest first,
and the first cell whose conditions all hold is active. Every condition is closed (``>= 0`` holds at
equality)::

    y[v] = b[v] + sum over claims c held by v of  share[c -> v] * z[c]
    z[c] = pay_const + pay_rate * y[issuer of c] (+ faces in the unit of another claim)
    condition = cond_const + cond_own * y[its node] + sum of read_coef * z[read_claim]

``b``, the payments and the conditions carry a slope in the shock fraction ``s``. One form describes
one segment of the shock, on which all of them are straight. Numbers are float64, or exact Fractions
in arrays of dtype object; the same solvers run on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
"""float64 or Fractions (dtype object)."""
Index = NDArray[np.intp]
Flags = NDArray[np.bool_]
Scalar = float | Fraction
"""A number: a Fraction where the form is exact."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """What the indices of a form mean, for messages and for the way back to labels."""

    nodes: tuple[str, ...]
    claims: tuple[str, ...]
    conditions: tuple[str, ...]
    leaks: tuple[str, ...]
    """Per node, who takes what the node's claims do not get ('' where nothing can leak)."""


@dataclass(frozen=True)
class _Rank:
    """The nodes whose cell of one rank is not their last, and what these cells need.

    ``needs`` are pairs of places among these nodes and conditions, one of each cell at a time.
    """

    count: int
    nodes: Index | slice
    needs: tuple[tuple[Index | slice, Index | slice], ...]


def places(index: Index) -> Index | slice:
    """Return indices as a slice where they rise evenly: a slice is not copied."""
    step = int(index[1] - index[0]) if len(index) > 1 else 1
    if len(index) and step > 0 and (np.diff(index) == step).all():
        return slice(int(index[0]), int(index[-1]) + 1, step)
    return index


@dataclass(frozen=True, kw_only=True, eq=False)
class NormalForm:
    """A clearing problem on one segment of the shock; N nodes, C claims, K conditions.

    Claims stand in the order of their issuer, conditions and cells in the order of their node.
    """

    b_const: Numbers
    b_slope: Numbers
    claim_ptr: Index
    """[N + 1] the claims of node ``v`` are ``claim_ptr[v]:claim_ptr[v + 1]``."""
    held_claim: Index
    held_by: Index
    held_share: Numbers
    """Share of the claim's units, in [0, 1]; what no node holds is held outside."""
    cell_ptr: Index
    """[N + 1] the cells of node ``v``, healthiest first."""
    pay_const: Numbers
    pay_slope: Numbers
    pay_rate: Numbers
    """[P] one entry per (cell, claim of its node), cell after cell."""
    cond_node: Index
    cond_const: Numbers
    cond_slope: Numbers
    cond_own: Numbers
    read_cond: Index
    read_claim: Index
    read_coef: Numbers
    cell_cond_ptr: Index
    cell_cond: Index
    """The conditions that a cell needs; the last cell of a node needs none."""
    face_pay: Index
    face_claim: Index
    face_coef: Numbers
    """Faces in other units: entry ``face_pay`` pays ``face_coef * z[face_claim]`` more."""
    names: Names

    @property
    def nodes(self) -> int:
        """The number of nodes."""
        return len(self.b_const)

    @property
    def claims(self) -> int:
        """The number of claims."""
        return int(self.claim_ptr[-1])

    @property
    def conditions(self) -> int:
        """The number of conditions."""
        return len(self.cond_const)

    @property
    def exact(self) -> bool:
        """Whether the numbers are Fractions."""
        return self.b_const.dtype == object

    @cached_property
    def issuer(self) -> Index:
        """[C] the node that issues each claim."""
        return np.repeat(np.arange(self.nodes), np.diff(self.claim_ptr))

    @cached_property
    def cell_node(self) -> Index:
        """[cells] the node of each cell."""
        return np.repeat(np.arange(self.nodes), np.diff(self.cell_ptr))

    @cached_property
    def pay_ptr(self) -> Index:
        """[cells + 1] where the payment entries of each cell start."""
        width = np.diff(self.claim_ptr)[self.cell_node]
        return np.concatenate([[0], np.cumsum(width)]).astype(np.intp)

    @cached_property
    def entry_groups(self) -> tuple[Index, Index]:
        """Payment entries claim by claim, healthiest cell first, and where each claim starts."""
        cell = np.repeat(np.arange(len(self.cell_node)), np.diff(self.pay_ptr))
        offset = np.arange(len(cell)) - self.pay_ptr[cell]
        claim = self.claim_ptr[self.cell_node[cell]] + offset
        order = np.argsort(claim, kind="stable")
        return order, np.searchsorted(claim[order], np.arange(self.claims))

    @cached_property
    def need_cell(self) -> Index:
        """The cell that needs each entry of ``cell_cond``."""
        return np.repeat(np.arange(len(self.cell_node)), np.diff(self.cell_cond_ptr))

    @cached_property
    def cell_ranks(self) -> tuple[_Rank, ...]:
        """Rank by rank the nodes whose cell of that rank is not their last, and what it needs."""
        count, width = np.diff(self.cell_ptr), np.diff(self.cell_cond_ptr)
        ranks = []
        for rank in range(int(count.max(initial=1)) - 1):
            nodes = np.flatnonzero(count > rank + 1)
            cells = self.cell_ptr[nodes] + rank
            needs = []
            for place in range(int(width[cells].max(initial=0))):
                where = np.flatnonzero(width[cells] > place)
                condition = self.cell_cond[self.cell_cond_ptr[cells[where]] + place]
                needs.append((places(where), places(condition)))
            ranks.append(_Rank(len(nodes), places(nodes), tuple(needs)))
        return tuple(ranks)

    @cached_property
    def cond_places(self) -> Index | slice:
        """The node of each condition, as a slice where each node has one."""
        return places(self.cond_node)

    @cached_property
    def entry_offset(self) -> Index:
        """[C] position of each claim among the claims of its issuer."""
        return np.arange(self.claims) - self.claim_ptr[self.issuer]

    def floats(self) -> NormalForm:
        """Return the same form in float64."""
        if not self.exact:
            return self
        return replace(
            self,
            b_const=rounded(self.b_const),
            b_slope=rounded(self.b_slope),
            held_share=rounded(self.held_share),
            pay_const=rounded(self.pay_const),
            pay_slope=rounded(self.pay_slope),
            pay_rate=rounded(self.pay_rate),
            cond_const=rounded(self.cond_const),
            cond_slope=rounded(self.cond_slope),
            cond_own=rounded(self.cond_own),
            read_coef=rounded(self.read_coef),
            face_coef=rounded(self.face_coef),
        )

    def at(self, s: Scalar) -> NormalForm:
        """Return the form at one shock fraction, with slopes zero."""
        return replace(
            self,
            b_const=_moved(self.b_const, self.b_slope, s),
            b_slope=_still(self.b_slope),
            pay_const=_moved(self.pay_const, self.pay_slope, s),
            pay_slope=_still(self.pay_slope),
            cond_const=_moved(self.cond_const, self.cond_slope, s),
            cond_slope=_still(self.cond_slope),
        )


def _moved(const: Numbers, slope: Numbers, s: Scalar) -> Numbers:
    moved: Numbers = const + slope * s if slope.any() else const
    return moved


def _still(slope: Numbers) -> Numbers:
    return slope * 0 if slope.any() else slope


def rounded(numbers: Numbers | Sequence[Scalar]) -> Numbers:
    """Return numbers as float64."""
    return np.asarray(numbers, dtype=np.float64)


def active_cells(form: NormalForm, alive: Flags) -> Index:
    """Return the active cell of every node: the first whose conditions are all alive.

    ``alive`` is [..., K], the answer [..., N] of indices into the cells of the whole form.
    """
    active = np.broadcast_to(form.cell_ptr[:-1], (*alive.shape[:-1], form.nodes)).copy()
    dead = ~alive
    passed: Flags | None = None
    for rank in form.cell_ranks:
        fails = np.zeros((*alive.shape[:-1], rank.count), dtype=np.bool_)
        for where, condition in rank.needs:
            fails[..., where] |= dead[..., condition]
        if passed is not None:
            fails &= passed[..., rank.nodes]
        if not fails.any():
            break
        active[..., rank.nodes] += fails
        passed = np.zeros(active.shape, dtype=np.bool_)
        passed[..., rank.nodes] = fails
    return active


def active_entries(form: NormalForm, cells: Index) -> Index:
    """Return [..., C] the payment entry of every claim in the active cells."""
    entries: Index = form.pay_ptr.take(cells.take(form.issuer, axis=-1))
    entries += form.entry_offset
    return entries


def payment_bounds(form: NormalForm, pay_const: Numbers, claims: Index) -> tuple[Numbers, Numbers]:
    """Return (const [..., claims], rate [claims]) with ``z <= const + rate * y`` in every cell.

    A claim that is flat in the healthiest cell is bounded by its face there, since payments do not
    rise as the node weakens; any other by its steepest share of ``y``.
    """
    order, starts = form.entry_groups
    healthiest = order[starts[claims]]
    flat = form.pay_rate[healthiest] == 0
    face = np.maximum(pay_const[..., healthiest], 0)
    if flat.all():
        return face, form.pay_rate[healthiest]
    highest = np.maximum.reduceat(pay_const[..., order], starts, axis=-1)[..., claims]
    rate: Numbers = np.maximum.reduceat(form.pay_rate[order], starts)[claims]
    const: Numbers = np.where(flat, face, np.maximum(highest, 0))
    return const, np.where(flat, rate * 0, rate)
