"""The smallest adverse mixture of factors by a mixed integer program, for small systems.

Every node is in one of its cells (a binary each), every condition holds or fails (another), and the
values are straight inside a cell: the convex hull form ``y = sum Y_k`` with ``0 <= Y_k <= top w_k``
(MODEL 5). A solution is *some* clearing, not the greatest: its optimum bounds every clearing from
below, and is attained by the one in which everything fails that can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from looprisk.engine.form import NormalForm

STRICT = 1e-5
"""By how much of its limit a value is short of it: more than the tolerance of the program, so that
the start does not count."""
SECONDS = 20.0
"""How long the program may search; without an optimum there is no bound."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Program:
    """A system over a box of factors, each from 0 to 1."""

    form: NormalForm
    """In floats, at factors of 0."""
    assets: Floats
    """[N, M] how the exogenous assets move with each factor."""
    conditions: Floats
    """[K, M] how the conditions do."""
    top: Floats
    """[N] what no node is worth more than."""
    weight: Floats
    """[M] the norm of each factor at 1."""
    norm: Literal["max", "sum"]


@dataclass(frozen=True, kw_only=True)
class Short:
    """What is asked to break: a node in one of some cells, and a value below its limit."""

    cells: Sequence[int]
    """() for any."""
    value: Mapping[int, float]
    """Claims, by coefficient."""
    nodes: Mapping[int, float]
    limit: float | None
    limit_slopes: Sequence[float]


@dataclass(slots=True)
class _Rows:
    """The inequalities ``low <= row . x <= high``, one after the other."""

    entries: list[tuple[int, int, float]] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    def add(self, row: Mapping[int, float], low: float = -np.inf, high: float = np.inf) -> None:
        place = len(self.low)
        self.entries += [(place, k, x) for k, x in row.items() if x]
        self.low.append(low)
        self.high.append(high)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the unknowns stand: factors, a binary and a value for each cell, conditions, the norm.

    Values are in units of ``size``.
    """

    form: NormalForm
    factors: int
    size: float

    @property
    def chosen(self) -> int:
        return self.factors

    @property
    def worth(self) -> int:
        return self.chosen + len(self.form.cell_node)

    @property
    def holds(self) -> int:
        return self.worth + len(self.form.cell_node)

    @property
    def most(self) -> int:
        return self.holds + self.form.conditions

    def cells(self, node: int) -> range:
        return range(int(self.form.cell_ptr[node]), int(self.form.cell_ptr[node + 1]))

    def node(self, node: int, by: float) -> dict[int, float]:
        return {self.worth + cell: by for cell in self.cells(node)}

    def claim(self, place: int, by: float) -> dict[int, float]:
        row: dict[int, float] = {}
        for cell in self.cells(int(self.form.issuer[place])):
            entry = int(self.form.pay_ptr[cell] + self.form.entry_offset[place])
            row[self.worth + cell] = by * float(self.form.pay_rate[entry])
            row[self.chosen + cell] = by * float(self.form.pay_const[entry]) / self.size
        return row


def smallest(program: Program, short: Short) -> tuple[float, Floats] | None:
    """Return the least norm at which some clearing is broken, and the factors there.

    None where none is within the box, or no optimum was proven in time.
    """
    size = max(1.0, float(program.top.max(initial=1.0)))
    at = _Columns(program.form, program.assets.shape[1], size)
    rows = _Rows()
    for node in range(program.form.nodes):
        _balance(rows, at, program, node)
    for place in range(program.form.conditions):
        _condition(rows, at, program, place)
    _choose(rows, at)
    _broken(rows, at, short)
    objective = np.zeros(at.most + 1)
    if program.norm == "sum":
        objective[: at.factors] = program.weight
    else:
        objective[at.most] = 1.0
        for factor in range(at.factors):
            rows.add({factor: program.weight[factor], at.most: -1.0}, high=0.0)
    return _solved(rows, at, objective)


def _solved(rows: _Rows, at: _Columns, objective: Floats) -> tuple[float, Floats] | None:
    upper = np.ones(at.most + 1)
    upper[at.worth : at.holds] = upper[at.most] = np.inf
    whole = np.zeros(at.most + 1, dtype=np.intp)
    whole[at.chosen : at.worth] = whole[at.holds : at.most] = 1
    data = np.array([x for _, _, x in rows.entries])
    places = np.array([[i, j] for i, j, _ in rows.entries], dtype=np.intp).reshape(-1, 2).T
    matrix = csr_array((data, (places[0], places[1])), shape=(len(rows.low), at.most + 1))
    # heavy to load, and only what nobody knows is searched so
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415

    found = milp(
        objective,
        constraints=LinearConstraint(matrix, np.array(rows.low), np.array(rows.high)),
        integrality=whole,
        bounds=Bounds(np.zeros(at.most + 1), upper),
        options={"time_limit": SECONDS, "mip_rel_gap": 1e-9},
    )
    if found.status != 0 or found.x is None:
        return None
    return float(found.fun), np.clip(found.x[: at.factors], 0.0, 1.0)


def _balance(rows: _Rows, at: _Columns, program: Program, node: int) -> None:
    """A node is in one cell, and worth what it has outside and what its claims on others pay."""
    form, size = program.form, at.size
    rows.add({at.chosen + cell: 1.0 for cell in at.cells(node)}, 1.0, 1.0)
    for cell in at.cells(node):
        rows.add({at.worth + cell: 1.0, at.chosen + cell: -program.top[node] / size}, high=0.0)
    row = at.node(node, 1.0)
    for factor in range(at.factors):
        row[factor] = -program.assets[node, factor] / size
    for entry in np.flatnonzero(form.held_by == node):
        _add(row, at.claim(int(form.held_claim[entry]), -float(form.held_share[entry])))
    const = float(form.b_const[node]) / size
    rows.add(row, const, const)


def _condition(rows: _Rows, at: _Columns, program: Program, place: int) -> None:
    """A condition that holds is not below zero, one that fails is not above."""
    form, size = program.form, at.size
    own, node = float(form.cond_own[place]), int(form.cond_node[place])
    row = at.node(node, own)
    bound = abs(own) * program.top[node] / size
    for entry in np.flatnonzero(form.read_cond == place):
        read, coef = int(form.read_claim[entry]), float(form.read_coef[entry])
        _add(row, at.claim(read, coef))
        bound += abs(coef) * program.top[form.issuer[read]] / size
    for factor in range(at.factors):
        row[factor] = program.conditions[place, factor] / size
        bound += abs(program.conditions[place, factor]) / size
    const = float(form.cond_const[place]) / size
    bound += abs(const)
    rows.add({**row, at.holds + place: -bound}, low=-bound - const)
    rows.add({**row, at.holds + place: -bound}, high=-const)


def _broken(rows: _Rows, at: _Columns, short: Short) -> None:
    if short.cells:
        rows.add({at.chosen + cell: 1.0 for cell in short.cells}, low=1.0)
    if short.limit is None:
        return
    row: dict[int, float] = {}
    for place, by in short.value.items():
        _add(row, at.claim(place, by))
    for node, by in short.nodes.items():
        _add(row, at.node(node, by))
    for factor, slope in enumerate(short.limit_slopes):
        row[factor] = row.get(factor, 0.0) - slope / at.size
    limit = short.limit / at.size
    rows.add(row, high=limit - max(STRICT * limit, STRICT / 2))


def _add(row: dict[int, float], more: Mapping[int, float]) -> None:
    for place, x in more.items():
        row[place] = row.get(place, 0.0) + x


def _choose(rows: _Rows, at: _Columns) -> None:
    """The first cell of a node whose conditions all hold is the one it is in."""
    for node in range(at.form.nodes):
        for cell in at.cells(node):
            for need in _needs(at.form, cell):
                rows.add({at.chosen + cell: 1.0, at.holds + need: -1.0}, high=0.0)
            for healthier in range(at.cells(node).start, cell):
                needs = _needs(at.form, healthier)
                row = {at.chosen + cell: 1.0, **{at.holds + need: 1.0 for need in needs}}
                rows.add(row, high=float(len(needs)))


def _needs(form: NormalForm, cell: int) -> list[int]:
    start, end = form.cell_cond_ptr[cell], form.cell_cond_ptr[cell + 1]
    return [int(k) for k in form.cell_cond[start:end]]
