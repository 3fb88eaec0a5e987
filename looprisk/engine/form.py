"""The normal form: what every system compiles to, and all that the solvers see.

Unknown are the asset values ``y`` of the nodes, in USD. A node splits its value among the claims it
issues by a *cell*, a straight line per claim; the cells of a node are ordered, healthiest first, and the
first cell whose conditions all hold is active. Every condition is closed (``>= 0`` holds at equality)::

    y[v] = b[v] + sum over claims c held by v of  share[c -> v] * z[c]
    z[c] = pay_const + pay_rate * y[issuer of c] (+ faces in the unit of another claim)
    condition = cond_const + cond_own * y[its node] + sum of read_coef * z[read_claim]

``b``, the payments and the conditions carry a slope in the shock fraction ``s``. One form describes one
segment of the shock, on which all of them are straight. Numbers are float64, or exact Fractions in
arrays of dtype object; the same solvers run on both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
"""float64 or Fractions (dtype object)."""
Index = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Names:
    """What the indices of a form mean, for messages and for the way back to labels."""

    nodes: tuple[str, ...]
    claims: tuple[str, ...]
    conditions: tuple[str, ...]
    leaks: tuple[str, ...]
    """Per node, who takes what the node's claims do not get ('' where nothing can leak)."""


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
    """Faces in the unit of another claim: ``z += face_coef * z[face_claim]`` in entry ``face_pay``."""
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
    def entry_offset(self) -> Index:
        """[C] position of each claim among the claims of its issuer."""
        return np.arange(self.claims) - self.claim_ptr[self.issuer]

    def floats(self) -> NormalForm:
        """Return the same form in float64."""
        if not self.exact:
            return self
        changed = {
            name: np.asarray(getattr(self, name), dtype=np.float64)
            for name in NUMBER_FIELDS
        }
        return replace(self, **changed)

    def at(self, s: Any) -> NormalForm:
        """Return the form at one shock fraction, with slopes zero."""
        still = {
            f"{name}_const": getattr(self, f"{name}_const") + getattr(self, f"{name}_slope") * s
            for name in ("b", "pay", "cond")
        }
        zero = {
            f"{name}_slope": getattr(self, f"{name}_slope") * 0 for name in ("b", "pay", "cond")
        }
        return replace(self, **still, **zero)


NUMBER_FIELDS = (
    "b_const",
    "b_slope",
    "held_share",
    "pay_const",
    "pay_slope",
    "pay_rate",
    "cond_const",
    "cond_slope",
    "cond_own",
    "read_coef",
    "face_coef",
)


def active_cells(form: NormalForm, alive: Flags) -> Index:
    """Return the active cell of every node: the first whose conditions are all alive.

    ``alive`` is [..., K], the answer [..., N] of indices into the cells of the whole form.
    """
    dead = ~alive[..., form.cell_cond]
    count = np.zeros((*dead.shape[:-1], dead.shape[-1] + 1), dtype=np.intp)
    np.cumsum(dead, axis=-1, out=count[..., 1:])
    failed = count[..., form.cell_cond_ptr[1:]] - count[..., form.cell_cond_ptr[:-1]]
    index = np.where(failed == 0, np.arange(failed.shape[-1]), failed.shape[-1])
    first: Index = np.minimum.reduceat(index, form.cell_ptr[:-1], axis=-1)
    return first


def active_entries(form: NormalForm, cells: Index) -> Index:
    """Return [..., C] the payment entry of every claim in the active cells."""
    entries: Index = form.pay_ptr[cells[..., form.issuer]] + form.entry_offset
    return entries
