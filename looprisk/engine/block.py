"""A normal form as algebra: within one choice of cells everything is linear, ``y = c + J y``.

Meant for one component, or for a whole system of up to some 1,000 nodes. All methods take the shock
fraction ``s``; the slopes of the form say how the lines move with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from looprisk.engine.factors import SparseInverse
from looprisk.engine.form import (
    Flags,
    Index,
    NormalForm,
    Numbers,
    Scalar,
    active_entries,
    payment_bounds,
)
from looprisk.engine.linear import ClosedLoopError, identity, solve
from looprisk.errors import NotExactError

SPARSE, HUGE = 1_000, 2_500
"""In floats no matrix is dense from so many nodes on: where loops are small, and of any system."""
SLACK = 1e-12
"""A condition holds in floats if it exceeds ``-SLACK`` times the sum of its terms."""


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """A point on the way to a solution: values, the conditions that hold, the active cells."""

    y: Numbers
    alive: Flags
    cells: Index


class Block:
    """Arrays of one form, ordered for the solvers."""

    def __init__(self, form: NormalForm) -> None:
        self.form = form
        self.slack: float = 0 if form.exact else SLACK
        order = np.argsort(form.held_claim, kind="stable")
        self.held_claim = form.held_claim[order]
        self.held_by = form.held_by[order]
        self.held_share = form.held_share[order]
        self.held_ptr: Index = np.searchsorted(self.held_claim, np.arange(form.claims + 1))
        self.reading = np.zeros(form.conditions, dtype=np.bool_)
        self.reading[form.read_cond] = True
        self.has_faces = len(form.face_pay) > 0
        self._theta = (
            None
            if form.exact
            else csr_array(
                (self.held_share, (self.held_by, self.held_claim)), shape=(form.nodes, form.claims)
            )
        )
        self.sparse = not form.exact and form.nodes >= SPARSE and self._is_thin()

    def _is_thin(self) -> bool:
        """Return whether a loop of the system is small beside it, or the system huge."""
        form = self.form
        if form.nodes >= HUGE:
            return True
        where = (self.held_by, form.issuer[self.held_claim])
        graph = csr_array((np.ones(len(self.held_by)), where), shape=(form.nodes, form.nodes))
        _, label = connected_components(graph, directed=True, connection="strong")
        return 4 * int(np.bincount(label).max()) <= form.nodes

    def zeros(self, *shape: int) -> Numbers:
        """Return an array of zeros of the form's kind of number."""
        if self.form.exact:
            return np.full(shape, Fraction(0), dtype=object)
        return np.zeros(shape)

    def received(self, z: Numbers) -> Numbers:
        """Return [N] what each node gets when the claims pay ``z``."""
        if self._theta is not None:
            product: Numbers = self._theta @ z
            return product
        if self._shares_are_plain and _plain(z):
            return self._exactly_received(z)
        got = self.zeros(self.form.nodes)
        np.add.at(got, self.held_by, self.held_share * z[self.held_claim])
        return got

    @cached_property
    def _shares_are_plain(self) -> bool:
        return _plain(self.held_share)

    @cached_property
    def _whole_shares(self) -> tuple[Numbers, Numbers]:
        """What is held as whole numbers [H], and what they are parts of, one for each claim [C]."""
        parts = [1] * self.form.claims
        for claim, share in zip(self.held_claim.tolist(), self.held_share, strict=True):
            parts[claim] = lcm(parts[claim], share.denominator)
        of = np.array(parts, dtype=object)
        whole = [int(x) for x in self.held_share * of[self.held_claim]]
        return np.array(whole, dtype=object), of

    def _exactly_received(self, z: Numbers) -> Numbers:
        """Add up in whole numbers over one denominator: sums of Fractions reduce at every step."""
        whole, of = self._whole_shares
        parts = [Fraction(x) / n for x, n in zip(z.tolist(), of.tolist(), strict=True)]
        bottom = lcm(*(x.denominator for x in parts))
        tops = np.array([x.numerator * (bottom // x.denominator) for x in parts], dtype=object)
        got = np.zeros(self.form.nodes, dtype=object)
        np.add.at(got, self.held_by, whole * tops[self.held_claim])
        return np.array([Fraction(x, bottom) for x in got.tolist()], dtype=object)

    def claim_lines(self, cells: Index) -> tuple[Numbers, Numbers, Numbers]:
        """Return const, slope and rate of every claim's payment in these cells, each [C]."""
        entries = active_entries(self.form, cells)
        form = self.form
        return form.pay_const[entries], form.pay_slope[entries], form.pay_rate[entries]

    def claim_values(self, y: Numbers, cells: Index, s: Scalar = 0) -> Numbers:
        """Return z [C] at values ``y`` in these cells at shock fraction ``s``."""
        const, slope, rate = self.claim_lines(cells)
        z: Numbers = const + slope * s + rate * y[self.form.issuer]
        return self.with_faces(z, cells)

    def with_faces(self, z: Numbers, cells: Index) -> Numbers:
        """Add faces in endogenous units: substitute until nothing is left to substitute."""
        if not self.has_faces:
            return z
        weights = self._faces(cells) if self.sparse else self._face_matrix(cells)
        total, term = z, z
        for _ in range(len(z)):
            term = weights @ term
            if not term.any():
                return total
            total = total + term
        raise NotExactError("faces in each other's unit go round in a circle")

    def _face_matrix(self, cells: Index) -> Numbers:
        """Return [C, C] what each claim is owed of the value of each other."""
        weights = self.zeros(self.form.claims, self.form.claims)
        claim, which = self._owed(cells)
        np.add.at(weights, (claim, self.form.face_claim[which]), self.form.face_coef[which])
        return weights

    def _faces(self, cells: Index) -> csr_array:
        """Return the same as a sparse matrix."""
        claim, which = self._owed(cells)
        where = (claim, self.form.face_claim[which])
        shape = (self.form.claims, self.form.claims)
        return csr_array((self.form.face_coef[which], where), shape=shape)

    def _owed(self, cells: Index) -> tuple[Index, Index]:
        """Return the claims with a face in the unit of another, and which of the faces it is."""
        entries = active_entries(self.form, cells)
        place = np.searchsorted(entries, self.form.face_pay)
        place[place == len(entries)] = 0
        which = np.flatnonzero(entries[place] == self.form.face_pay)
        return place[which], which

    def passes(self, cells: Index) -> csr_array:
        """Return J [N, N] of ``y = const + slope s + J y`` in these cells, sparse, in floats."""
        assert self._theta is not None  # noqa: S101  (the caller knows that it is in floats)
        form = self.form
        _, _, rate = self.claim_lines(cells)
        where = (np.arange(form.claims), form.issuer)
        term = csr_array((rate, where), shape=(form.claims, form.nodes))
        total = term
        weights = self._faces(cells)
        for _ in range(form.claims if self.has_faces else 0):
            term = csr_array(weights @ term)
            if not term.nnz:
                break
            total = csr_array(total + term)
        passes = csr_array(self._theta @ total)
        passes.eliminate_zeros()
        return passes

    def jacobian(self, cells: Index) -> Numbers:
        """Return J [N, N] of ``y = const + slope s + J y`` in these cells."""
        form = self.form
        _, _, rate = self.claim_lines(cells)
        jacobian = self.zeros(form.nodes, form.nodes)
        if not self.has_faces:
            issuer = form.issuer[self.held_claim]
            np.add.at(jacobian, (self.held_by, issuer), self.held_share * rate[self.held_claim])
            return jacobian
        for node in range(form.nodes):
            own = np.where(form.issuer == node, rate, rate * 0)
            jacobian[:, node] = self.received(self.with_faces(own, cells))
        return jacobian

    def constants(self, cells: Index) -> tuple[Numbers, Numbers]:
        """Return const and slope, each [N], of ``y = const + slope s + J y`` in these cells."""
        const, slope, _ = self.claim_lines(cells)
        return (
            self.form.b_const + self.received(self.with_faces(const, cells)),
            self.form.b_slope + self.received(self.with_faces(slope, cells)),
        )

    def exchange(
        self, node: int, before: int, after: int
    ) -> tuple[Index, Numbers, Numbers, Numbers]:
        """Return who gets what more when a node changes cells: holders, and const, slope, rate.

        One entry per holding of the node's claims, so that a holder may come twice.
        """
        form = self.form
        first, last = form.claim_ptr[node], form.claim_ptr[node + 1]
        held = slice(self.held_ptr[first], self.held_ptr[last])
        offset = self.held_claim[held] - first
        old, new = form.pay_ptr[before] + offset, form.pay_ptr[after] + offset
        share = self.held_share[held]
        return (
            self.held_by[held],
            share * (form.pay_const[new] - form.pay_const[old]),
            share * (form.pay_slope[new] - form.pay_slope[old]),
            share * (form.pay_rate[new] - form.pay_rate[old]),
        )

    def condition_values(
        self, which: Index, y: Numbers, cells: Index, s: Scalar = 0
    ) -> tuple[Numbers, Numbers]:
        """Return (value, scale) of conditions; scale is the sum of the sizes of the terms."""
        form = self.form
        own = form.cond_own[which] * y[form.cond_node[which]]
        const = form.cond_const[which] + form.cond_slope[which] * s
        value = const + own
        scale = abs(const) + abs(own)
        if self.reading[which].any():
            z = self.claim_values(y, cells, s)
            value = value + self._read(z)[which]
            scale = scale + abs(self._read(abs(z)))[which]
        return value, scale

    def condition_rates(self, which: Index, dy: Numbers, cells: Index, *, with_s: bool) -> Numbers:
        """Return how conditions move when ``y`` moves by ``dy`` (and ``s`` by 1 if ``with_s``)."""
        form = self.form
        rate: Numbers = form.cond_own[which] * dy[form.cond_node[which]]
        if with_s:
            rate = rate + form.cond_slope[which]
        if self.reading[which].any():
            _, slope, pay_rate = self.claim_lines(cells)
            dz = pay_rate * dy[form.issuer] + (slope if with_s else 0)
            rate = rate + self._read(self.with_faces(dz, cells))[which]
        return rate

    def _read(self, z: Numbers) -> Numbers:
        """Return [K] what the conditions read of the claims."""
        total = self.zeros(self.form.conditions)
        np.add.at(total, self.form.read_cond, self.form.read_coef * z[self.form.read_claim])
        return total

    def conditions_of(self, cells: Index) -> Index:
        """Return the conditions that the given cells need."""
        chosen = np.zeros(len(self.form.cell_node), dtype=np.bool_)
        chosen[cells] = True
        return self._needed_by(chosen)

    def conditions_before(self, cells: Index) -> Index:
        """Return the conditions of all cells healthier than the given ones."""
        return self._needed_by(np.arange(len(self.form.cell_node)) < cells[self.form.cell_node])

    def _needed_by(self, chosen: Flags) -> Index:
        needed = np.zeros(self.form.conditions, dtype=np.bool_)
        needed[self.form.cell_cond[chosen[self.form.need_cell]]] = True
        return np.flatnonzero(needed)


def _plain(numbers: Numbers) -> bool:
    """Return whether no Fraction carries more than its number, such as a derivative."""
    return all(type(number) is Fraction for number in numbers.tolist())


def top(block: Block, s: Scalar = 0) -> Numbers:
    """Return an upper bound of every solution: ``y = b + sum of share * bound(z)``."""
    form = block.form
    pays = form.pay_const + form.pay_slope * s
    const, rate = payment_bounds(form, pays, np.arange(form.claims))
    fed = form.b_const + form.b_slope * s + block.received(const)
    if not rate[block.held_claim].any():
        return fed
    try:
        bound = _spread(block, rate, fed)
    except ClosedLoopError:
        bound = None
    if bound is None or (bound < 0).any():
        names = ", ".join(form.names.nodes[:6])
        raise NotExactError(
            f"shares of {names} are held in a closed circle: their value has no bound"
        )
    return bound


def _spread(block: Block, rate: Numbers, fed: Numbers) -> Numbers:
    """Return what nodes are worth where every claim moves at ``rate`` with its issuer."""
    form = block.form
    where = (block.held_by, form.issuer[block.held_claim])
    weight = block.held_share * rate[block.held_claim]
    if block.sparse:
        return SparseInverse(csr_array((weight, where), shape=(form.nodes,) * 2)).times(fed)
    spread = block.zeros(form.nodes, form.nodes)
    np.add.at(spread, where, weight)
    return solve(identity(form.nodes, exact=form.exact) - spread, fed)
