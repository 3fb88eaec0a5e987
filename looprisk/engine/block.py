"""A normal form as dense algebra: within one choice of cells everything is linear, ``y = c + J y``.

Meant for one component, or for a whole system of up to some 1,000 nodes. All methods take the shock
fraction ``s``; the slopes of the form say how the lines move with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from looprisk.engine.form import (
    Flags,
    Index,
    NormalForm,
    Numbers,
    active_cells,
    active_entries,
)
from looprisk.engine.linear import ClosedLoopError, Inverse, perron
from looprisk.errors import NotExactError

SLACK = 1e-12
"""A condition holds in floats if it exceeds ``-SLACK`` times the sum of its terms (SEMANTICS 1)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """A solution or a point on the way to one: values, the conditions that hold, the active cells."""

    y: Numbers
    alive: Flags
    cells: Index


class Block:
    """Dense arrays of one form (slopes apart), shared by the solvers; meant for up to some 1,000 nodes."""

    def __init__(self, form: NormalForm) -> None:
        self.form = form
        zero: Any = Fraction(0) if form.exact else 0.0
        self.dtype = object if form.exact else np.float64
        self.slack = 0.0 if form.exact else SLACK
        self.held = np.full((form.nodes, form.claims), zero, dtype=self.dtype)
        np.add.at(self.held, (form.held_by, form.held_claim), form.held_share)
        self.reads = np.full((form.conditions, form.claims), zero, dtype=self.dtype)
        np.add.at(self.reads, (form.read_cond, form.read_claim), form.read_coef)
        self.reading = np.zeros(form.conditions, dtype=np.bool_)
        self.reading[form.read_cond] = True
        self.has_faces = len(form.face_pay) > 0

    def claim_lines(self, cells: Index) -> tuple[Numbers, Numbers, Numbers]:
        """Return const, slope and rate of every claim's payment in these cells, each [C]."""
        entries = active_entries(self.form, cells)
        form = self.form
        return form.pay_const[entries], form.pay_slope[entries], form.pay_rate[entries]

    def claim_values(self, y: Numbers, cells: Index, s: Any = 0) -> Numbers:
        """Return z [C] at values ``y`` in these cells at shock fraction ``s``."""
        const, slope, rate = self.claim_lines(cells)
        z: Numbers = const + slope * s + rate * y[self.form.issuer]
        return self._with_faces(z, cells) if self.has_faces else z

    def _with_faces(self, z: Numbers, cells: Index) -> Numbers:
        """Add faces in endogenous units: substitute until nothing is left to substitute."""
        weights = self._face_matrix(cells)
        total, term = z, z
        for _ in range(len(z)):
            term = weights @ term
            if not term.any():
                return total
            total = total + term
        raise NotExactError("faces in each other's unit go round in a circle")

    def _face_matrix(self, cells: Index) -> Numbers:
        form = self.form
        zero: Any = Fraction(0) if form.exact else 0.0
        weights = np.full((form.claims, form.claims), zero, dtype=self.dtype)
        entries = active_entries(form, cells)
        claim_of_entry = {int(entry): claim for claim, entry in enumerate(entries)}
        for entry, unit, coef in zip(form.face_pay, form.face_claim, form.face_coef, strict=True):
            claim = claim_of_entry.get(int(entry))
            if claim is not None:
                weights[claim, unit] += coef
        return weights

    def lines(self, cells: Index) -> tuple[Numbers, Numbers, Numbers]:
        """Return (J [N, N], const [N], slope [N]) of ``y = const + slope s + J y`` in these cells."""
        form = self.form
        const, slope, rate = self.claim_lines(cells)
        zero: Any = Fraction(0) if form.exact else 0.0
        spread = np.full((form.claims, form.nodes), zero, dtype=self.dtype)
        spread[np.arange(form.claims), form.issuer] = rate
        if self.has_faces:
            const, slope = self._with_faces(const, cells), self._with_faces(slope, cells)
            spread = np.stack([self._with_faces(col, cells) for col in spread.T], axis=1)
        return (
            self.held @ spread,
            form.b_const + self.held @ const,
            form.b_slope + self.held @ slope,
        )

    def node_lines(self, node: int, cell: int) -> tuple[Numbers, Numbers, Numbers]:
        """Return what one node in one cell adds: its column of J, and to const and slope, each [N]."""
        form = self.form
        held = self.held[:, form.claim_ptr[node] : form.claim_ptr[node + 1]]
        entries = slice(form.pay_ptr[cell], form.pay_ptr[cell + 1])
        return (
            held @ form.pay_rate[entries],
            held @ form.pay_const[entries],
            held @ form.pay_slope[entries],
        )

    def condition_values(
        self, which: Index, y: Numbers, cells: Index, s: Any = 0
    ) -> tuple[Numbers, Numbers]:
        """Return (value, scale) of conditions; scale is the sum of the sizes of the terms."""
        form = self.form
        own = form.cond_own[which] * y[form.cond_node[which]]
        const = form.cond_const[which] + form.cond_slope[which] * s
        value = const + own
        scale = abs(const) + abs(own)
        read = np.flatnonzero(self.reading[which])
        if len(read):
            z = self.claim_values(y, cells, s)
            value[read] = value[read] + self.reads[which[read]] @ z
            scale[read] = scale[read] + abs(self.reads[which[read]]) @ abs(z)
        return value, scale

    def condition_rates(self, which: Index, dy: Numbers, cells: Index, *, with_s: bool) -> Numbers:
        """Return how fast conditions move when ``y`` moves by ``dy`` (and ``s`` by 1 if ``with_s``)."""
        form = self.form
        rate = form.cond_own[which] * dy[form.cond_node[which]]
        if with_s:
            rate = rate + form.cond_slope[which]
        read = np.flatnonzero(self.reading[which])
        if len(read):
            _, slope, pay_rate = self.claim_lines(cells)
            dz = pay_rate * dy[form.issuer] + (slope if with_s else 0)
            if self.has_faces:
                dz = self._with_faces(dz, cells)
            rate[read] = rate[read] + self.reads[which[read]] @ dz
        return rate

    def conditions_of(self, cells: Index) -> Index:
        """Return the conditions that the given cells need."""
        form = self.form
        chosen = np.zeros(len(form.cell_node), dtype=np.bool_)
        chosen[cells] = True
        return np.unique(form.cell_cond[np.repeat(chosen, np.diff(form.cell_cond_ptr))])

    def conditions_before(self, cells: Index) -> Index:
        """Return the conditions of all cells healthier than the given ones."""
        form = self.form
        healthier = np.arange(len(form.cell_node)) < cells[form.cell_node]
        return np.unique(form.cell_cond[np.repeat(healthier, np.diff(form.cell_cond_ptr))])


def payment_bounds(form: NormalForm, s: Any = 0) -> tuple[Numbers, Numbers]:
    """Return (const, rate), each [C], with ``z <= const + rate * y`` in every cell.

    A claim that is flat in the healthiest cell is bounded by its face there, since payments do not rise
    as the node weakens; any other by its steepest share of ``y``.
    """
    zero: Any = Fraction(0) if form.exact else 0.0
    at_s = form.pay_const + form.pay_slope * s
    const, rate = [], []
    for node in range(form.nodes):
        cells = range(form.cell_ptr[node], form.cell_ptr[node + 1])
        for offset in range(form.claim_ptr[node + 1] - form.claim_ptr[node]):
            entries = [form.pay_ptr[cell] + offset for cell in cells]
            flat = form.pay_rate[entries[0]] == 0
            const.append(max([zero, *at_s[entries[:1] if flat else entries]]))
            rate.append(zero if flat else max(form.pay_rate[entries]))
    dtype = object if form.exact else np.float64
    return np.array(const, dtype=dtype), np.array(rate, dtype=dtype)


def top(block: Block, s: Any = 0) -> Numbers:
    """Return an upper bound of every solution: ``y = b + sum of share * bound(z)`` (MODEL 2.2)."""
    form = block.form
    const, rate = payment_bounds(form, s)
    spread = np.zeros((form.claims, form.nodes), dtype=block.dtype)
    spread[np.arange(form.claims), form.issuer] = rate
    bound: Numbers | None = None
    try:
        bound = Inverse(block.held @ spread).times(
            form.b_const + form.b_slope * s + block.held @ const
        )
    except ClosedLoopError:
        pass
    if bound is None or any(x < 0 for x in bound):
        names = ", ".join(form.names.nodes[:6])
        raise NotExactError(
            f"shares of {names} are held in a closed circle: their value has no bound"
        )
    return bound
