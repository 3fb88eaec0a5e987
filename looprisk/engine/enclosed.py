"""The solution of a form whose numbers are ranges: between which ends every completion's lies.

Node after node where nothing comes round, in ranges that remember what they were made from; loops
in :mod:`looprisk.engine.rings`. Where some completions stand in one cell of a node and others in
the next, both are looked at, one after the other (:class:`looprisk.engine.ranged.Realm`).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from looprisk.engine.bounds import between
from looprisk.engine.clear import Selection, Solution, clear
from looprisk.engine.components import components, restrict
from looprisk.engine.form import Flags, Index, NormalForm, Numbers, active_entries
from looprisk.engine.ranged import Ranged, Realm, ends_of, is_multiple, is_ranged
from looprisk.engine.rings import ends_of_loop, solved

NOT_BELOW = frozenset({0, 1})


def is_open(form: NormalForm) -> bool:
    """Return whether some numbers of a form are known by their range alone."""
    return form.exact and any(is_ranged(numbers) for numbers in _numbers(form))


def enclosed(form: NormalForm, selection: Selection, *, is_monotone: bool) -> Solution:
    """Return the greatest or least solution of a form at one point, as ranges.

    Raises UnboundedError where no ends are found.
    """
    y = np.full(form.nodes, Fraction(0), dtype=object)
    z = np.full(form.claims, Fraction(0), dtype=object)
    cells = form.cell_ptr[:-1].copy()
    alive = np.zeros(form.conditions, dtype=np.bool_)
    for members in components(form):
        part = restrict(form, members, z)
        if not is_open(part):
            found = clear(part, selection) if is_monotone else between(part)
        elif len(members) == 1 and not len(part.held_by) + len(part.read_cond):
            found = _alone(part, selection)
        else:
            found = _loop(part, selection, is_monotone=is_monotone)
        inside = np.zeros(form.nodes, dtype=np.bool_)
        inside[members] = True
        y[members], z[inside[form.issuer]] = found.y, found.z
        cells[members] = form.cell_ptr[members] + (found.cells - part.cell_ptr[:-1])
        alive[inside[form.cond_node]] = found.alive
    return Solution(y=y, z=z, alive=alive, cells=cells, selection=selection)


def cleared(form: NormalForm) -> Solution:
    """Return the greatest solution of a monotone form, as ranges where its numbers are."""
    return enclosed(form, "greatest", is_monotone=True) if is_open(form) else clear(form)


def _numbers(form: NormalForm) -> tuple[Numbers, ...]:
    payments = (form.pay_const, form.pay_rate, form.face_coef)
    conditions = (form.cond_const, form.cond_own, form.read_coef)
    return (form.b_const, form.held_share, *payments, *conditions)


def _alone(form: NormalForm, selection: Selection) -> Solution:
    y = form.b_const
    cells, alive = _chosen(form, y, y[:0])
    entries = active_entries(form, cells)
    z = form.pay_const[entries] + form.pay_rate[entries] * y[form.issuer]
    return Solution(y=y, z=z, alive=alive, cells=cells, selection=selection)


def _loop(form: NormalForm, selection: Selection, *, is_monotone: bool) -> Solution:
    realm = realm_of(form)
    assert realm is not None  # noqa: S101  (asked only of open forms)
    low, high = ends_of_loop(form, selection, is_monotone=is_monotone)
    nothing = ((Fraction(0), Fraction(0)),) * realm.data  # what is only compared needs no slope
    values = [
        realm.new((Fraction(a), Fraction(b)), nothing) for a, b in zip(low, high, strict=True)
    ]
    cells, alive = _chosen(form, _column(values[: form.nodes]), _column(values[form.nodes :]))
    every = _column([realm.new(*one) for one in solved(form, cells, low, high, realm.data)])
    y, z = every[: form.nodes], every[form.nodes :]
    if not len(form.face_pay):
        entries = active_entries(form, cells)
        z = form.pay_const[entries] + form.pay_rate[entries] * y[form.issuer]
    return Solution(y=y, z=z, alive=alive, cells=cells, selection=selection)


def realm_of(form: NormalForm) -> Realm | None:
    """Return what the ranges of a form share; None where all its numbers are known."""
    found = (x.realm for numbers in _numbers(form) for x in numbers if isinstance(x, Ranged))
    return next(found, None)


def _column(values: list[Ranged]) -> Numbers:
    column: Numbers = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _chosen(form: NormalForm, y: Numbers, z: Numbers) -> tuple[Index, Flags]:
    """Return the cell of every node, the first whose conditions hold, and what was seen to hold."""
    look = _Look(form, y, z)
    cells = [look.first(range(*form.cell_ptr[node : node + 2])) for node in range(form.nodes)]
    return np.array(cells, dtype=np.intp), look.alive


class _Look:
    """The conditions of a form at some values."""

    def __init__(self, form: NormalForm, y: Numbers, z: Numbers) -> None:
        self._form, self._y, self._z = form, y, z
        self.alive = np.zeros(form.conditions, dtype=np.bool_)

    def first(self, cells: range) -> int:
        """Return the first cell whose conditions all hold."""
        return next(c for c in cells if all(self._holds(k, c) for k in needs(self._form, c)))

    def _holds(self, k: int, cell: int) -> bool:
        value = self._value(k)
        if isinstance(value, Ranged) and value.ends[0] < 0 <= value.ends[1]:
            bends = self._bends(k, cell, value)
            self.alive[k] = value.realm.asked(value, NOT_BELOW, is_bend=bends)
        else:
            self.alive[k] = value >= 0
        return bool(self.alive[k])

    def _value(self, k: int) -> Ranged | Fraction:
        form = self._form
        value: Ranged | Fraction
        value = form.cond_const[k] + form.cond_own[k] * self._y[form.cond_node[k]]
        for at in np.flatnonzero(form.read_cond == k):
            value += form.read_coef[at] * self._z[form.read_claim[at]]
        return value

    def _bends(self, k: int, cell: int, value: Ranged) -> bool:
        """Return whether payments only bend where a condition of a cell fails, and never jump.

        In the next cell, which holds there whatever happens, each differs by a multiple of what
        the condition has left.
        """
        form = self._form
        node = form.cell_node[cell]
        after = range(cell + 1, form.cell_ptr[node + 1])
        below = next(c for c in after if k not in needs(form, c))
        if any(_may_fail(self._value(other)) for other in needs(form, below)):
            return False
        pairs = zip(self._pays(cell), self._pays(below), strict=True)
        return all(is_multiple(above - under, value) for above, under in pairs)

    def _pays(self, cell: int) -> list[Ranged | Fraction]:
        form = self._form
        node = form.cell_node[cell]
        found = []
        for entry in range(form.pay_ptr[cell], form.pay_ptr[cell + 1]):
            paid = form.pay_const[entry] + form.pay_rate[entry] * self._y[node]
            for at in np.flatnonzero(form.face_pay == entry):
                paid += form.face_coef[at] * self._z[form.face_claim[at]]
            found.append(paid)
        return found


def _may_fail(value: Ranged | Fraction) -> bool:
    return ends_of(value)[0] < 0


def needs(form: NormalForm, cell: int) -> list[int]:
    """Return the conditions that a cell needs."""
    first, last = form.cell_cond_ptr[cell], form.cell_cond_ptr[cell + 1]
    found: list[int] = form.cell_cond[first:last].tolist()
    return found
