"""Loops of a form whose numbers are ranges: the ends of their solutions, and their derivatives.

Values stand one after the other, of the nodes and of the claims, ``x = (y, z)``. In floats, with
what they may be off by taken to the far side of every end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from looprisk.engine.clear import Selection, clear
from looprisk.engine.ends import Ends, UnboundedError
from looprisk.engine.form import Index, NormalForm, Numbers, active_entries, payment_bounds
from looprisk.engine.ranged import ends_of, slopes_of
from looprisk.errors import LoopriskError

ROUNDS = 200
"""So often the ends of a loop are narrowed."""
ROUNDING = 1e-12
"""What floats may be off by, relative to the terms of a sum."""
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def ends_of_loop(
    form: NormalForm, selection: Selection, *, is_monotone: bool
) -> tuple[Floats, Floats]:
    """Return the ends of the values of a loop, whatever its cells are.

    Raises UnboundedError where nothing bounds them.
    """
    ring = _Ring(_side(form, 0), _side(form, 1))
    low, high = ring.widest()
    if is_monotone:
        low, high = ring.selected(selection, low, high)
    for _ in range(ROUNDS):
        new_low, new_high = ring.image(low, high)
        new_low, new_high = np.maximum(low, new_low), np.minimum(high, new_high)
        if is_monotone:
            new_high = np.minimum(new_high, ring.most(new_low, new_high))
        still = np.allclose(low, new_low, rtol=1e-11) and np.allclose(high, new_high, rtol=1e-11)
        low, high = new_low, new_high
        if still:
            break
    return low, high


def _side(form: NormalForm, end: int) -> NormalForm:
    """Return a form in floats with every number at one of its ends, or beyond."""

    def at(numbers: Numbers) -> Floats:
        return np.array([_float(ends_of(x)[end], up=bool(end)) for x in numbers], dtype=np.float64)

    return replace(
        form,
        b_const=at(form.b_const),
        b_slope=np.zeros(form.nodes),
        held_share=at(form.held_share),
        pay_const=at(form.pay_const),
        pay_slope=np.zeros(len(form.pay_const)),
        pay_rate=at(form.pay_rate),
        cond_const=at(form.cond_const),
        cond_slope=np.zeros(form.conditions),
        cond_own=at(form.cond_own),
        read_coef=at(form.read_coef),
        face_coef=at(form.face_coef),
    )


def _float(number: Fraction, *, up: bool) -> float:
    near = float(number)
    if Fraction(near) == number:
        return near
    return float(np.nextafter(near, np.inf if up else -np.inf))


def _times(a: tuple[Any, Any], b: tuple[Any, Any]) -> tuple[Any, Any]:
    corners = np.array([a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]])
    spare = ROUNDING * np.abs(corners).max(axis=0)
    return corners.min(axis=0) - spare, corners.max(axis=0) + spare


@dataclass(frozen=True, eq=False)
class _Ring:
    """One loop at the low and at the high end of all its numbers."""

    below: NormalForm
    above: NormalForm

    def widest(self) -> tuple[Floats, Floats]:
        """Return ends that no solution leaves: payments are bounded by their faces and shares."""
        form = self.above
        if len(form.face_pay) or (self.below.held_share < 0).any():
            raise UnboundedError
        const, rate = payment_bounds(form, form.pay_const, np.arange(form.claims))
        size = form.nodes + form.claims
        passes = self._held()
        passes[form.nodes + np.arange(form.claims), form.issuer] = np.maximum(rate, 0)
        high = _at_most(passes, np.concatenate([form.b_const, const]))
        low = np.zeros(size)
        low[: form.nodes] = self.below.b_const
        return low, high

    def _held(self) -> Floats:
        """Return what of each claim its holders get at most."""
        form = self.above
        passes = np.zeros((form.nodes + form.claims,) * 2)
        np.add.at(passes, (form.held_by, form.nodes + form.held_claim), form.held_share)
        return passes

    def selected(self, selection: Selection, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Return ends of the greatest solution alone, or of the least (Tarski).

        What rises where it is put in lies below the greatest, what falls above the least. The
        candidate is the solution with every number at its end; without one the ends stay.
        """
        form = self.below if selection == "greatest" else self.above
        try:
            found = clear(form, selection)
        except (LoopriskError, ArithmeticError):
            return low, high
        x = np.concatenate([found.y, found.z])
        away = 1e-9 * (1 + np.abs(x)) * (-1 if selection == "greatest" else 1)
        x = np.maximum(x + away, low)
        down, up = self.image(x, x)
        if selection == "greatest":
            return (np.maximum(low, x) if (down >= x).all() else low), high
        return low, (np.minimum(high, x) if (up <= x).all() else high)

    def image(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Return the ends of what the loop makes of values between two ends."""
        form, n = self.above, self.above.nodes
        own = low[:n], high[:n]
        paid = low[n:], high[n:]
        cells = self._possible(own, paid)
        down, up = np.empty(form.claims), np.empty(form.claims)
        for claim in range(form.claims):
            node = int(form.issuer[claim])
            ends = [self._paid(cell, claim, own, paid) for cell in cells[node]]
            down[claim] = max(0.0, min(end[0] for end in ends))
            up[claim] = max(0.0, *(end[1] for end in ends))
        got = _times(
            (self.below.held_share, form.held_share), (down[form.held_claim], up[form.held_claim])
        )
        y_down, y_up = self.below.b_const.copy(), form.b_const.copy()
        np.add.at(y_down, form.held_by, got[0])
        np.add.at(y_up, form.held_by, got[1])
        spare = ROUNDING * (np.abs(y_down) + np.abs(y_up))
        return np.concatenate([y_down - spare, down]), np.concatenate([y_up + spare, up])

    def _possible(self, own: tuple[Floats, Floats], paid: tuple[Floats, Floats]) -> list[list[int]]:
        """Return the cells of every node that values between two ends may make the active one."""
        form, below = self.above, self.below
        at = form.cond_node
        value = _times((below.cond_own, form.cond_own), (own[0][at], own[1][at]))
        down, up = value[0] + below.cond_const, value[1] + form.cond_const
        claim = form.read_claim
        read = _times((below.read_coef, form.read_coef), (paid[0][claim], paid[1][claim]))
        np.add.at(down, form.read_cond, read[0])
        np.add.at(up, form.read_cond, read[1])
        spare = ROUNDING * (np.abs(below.cond_const) + np.abs(form.cond_const))
        surely, never = down - spare >= 0, up + spare < 0
        found: list[list[int]] = []
        for node in range(form.nodes):
            cells: list[int] = []
            for cell in range(form.cell_ptr[node], form.cell_ptr[node + 1]):
                needed = form.cell_cond[form.cell_cond_ptr[cell] : form.cell_cond_ptr[cell + 1]]
                if not never[needed].any():
                    cells.append(cell)
                if surely[needed].all():
                    break
            found.append(cells)
        return found

    def _paid(
        self, cell: int, claim: int, own: tuple[Floats, Floats], paid: tuple[Floats, Floats]
    ) -> tuple[float, float]:
        form, below = self.above, self.below
        entry = int(form.pay_ptr[cell] + form.entry_offset[claim])
        node = form.issuer[claim]
        part = _times((below.pay_rate[entry], form.pay_rate[entry]), (own[0][node], own[1][node]))
        spare = ROUNDING * (abs(below.pay_const[entry]) + abs(form.pay_const[entry]))
        down, up = below.pay_const[entry] + part[0], form.pay_const[entry] + part[1]
        for at in np.flatnonzero(form.face_pay == entry):
            unit = form.face_claim[at]
            more = _times((below.face_coef[at], form.face_coef[at]), (paid[0][unit], paid[1][unit]))
            down, up = down + more[0], up + more[1]
        return down - spare, up + spare

    def most(self, low: Floats, high: Floats) -> Floats:
        """Return what values between two ends are at most: all at once, where one cell is left."""
        form, n = self.above, self.above.nodes
        cells = self._possible((low[:n], high[:n]), (low[n:], high[n:]))
        passes, const = self._held(), np.concatenate([form.b_const, high[n:]])
        for claim in range(form.claims):
            node = int(form.issuer[claim])
            if len(cells[node]) > 1:
                continue
            entry = int(form.pay_ptr[cells[node][0]] + form.entry_offset[claim])
            if self.below.pay_rate[entry] < 0 or (form.face_pay == entry).any():
                continue
            passes[n + claim, node] = form.pay_rate[entry]
            const[n + claim] = form.pay_const[entry]
        try:
            return _at_most(passes, const)
        except UnboundedError:
            return high


def _at_most(passes: Floats, const: Floats) -> Floats:
    """Return what ``x`` with ``x <= const + passes x`` is at most, ``passes`` being nonnegative.

    Raises UnboundedError where a loop passes on a dollar or more.
    """
    matrix = np.eye(len(const)) - passes
    try:
        spread, found = np.linalg.solve(matrix, np.stack([np.ones(len(const)), const]).T).T
    except np.linalg.LinAlgError:
        raise UnboundedError from None
    if not (spread > 0).all() or not (passes @ spread + 0.5 <= spread).all():
        raise UnboundedError
    terms = np.abs(const) + passes @ np.abs(found) + np.abs(found)
    missed = np.abs(const + passes @ found - found) + ROUNDING * terms
    most: Floats = found + 2 * spread * missed.max()
    return most


def solved(
    form: NormalForm, cells: Index, low: Floats, high: Floats, data: int
) -> list[tuple[Ends, tuple[Ends, ...]]]:
    """Return (ends, slopes) of every value of a loop in these cells, narrower than two ends.

    Raises UnboundedError where the linear system may be singular.
    """
    system = _System.of(form, cells, data)
    low, high = system.narrowed(low, high)
    slopes = [system.slope(place, low, high) for place in range(data)]
    return [
        (
            (Fraction(low[at]), Fraction(high[at])),
            tuple((Fraction(down[at]), Fraction(up[at])) for down, up in slopes),
        )
        for at in range(len(low))
    ]


@dataclass(frozen=True, eq=False)
class _System:
    """``x = const + passes x`` with every number between two ends."""

    passes: tuple[Floats, Floats]
    const: tuple[Floats, Floats]
    passes_slopes: tuple[tuple[Floats, Floats], ...]
    const_slopes: tuple[tuple[Floats, Floats], ...]

    @staticmethod
    def of(form: NormalForm, cells: Index, data: int) -> _System:
        """Return the linear system of a loop in some cells."""
        n, size = form.nodes, form.nodes + form.claims
        entries = active_entries(form, cells)
        claims = np.arange(form.claims)
        placed: list[tuple[Any, Any, object]] = [
            *zip(form.held_by, n + form.held_claim, form.held_share, strict=True),
            *zip(n + claims, form.issuer, form.pay_rate[entries], strict=True),
        ]
        of_entry = {int(entry): claim for claim, entry in enumerate(entries)}
        for entry, unit, coef in zip(form.face_pay, form.face_claim, form.face_coef, strict=True):
            if int(entry) in of_entry:
                placed.append((n + of_entry[int(entry)], n + int(unit), coef))
        rows = [*enumerate(form.b_const), *enumerate(form.pay_const[entries], start=n)]
        passes, const = np.zeros((data + 1, 2, size, size)), np.zeros((data + 1, 2, size))
        for row, column, number in placed:
            for part, ends in enumerate((ends_of(number), *slopes_of(number, data))):
                passes[part, :, row, column] += _outward(ends)
        for row, number in rows:
            for part, ends in enumerate((ends_of(number), *slopes_of(number, data))):
                const[part, :, row] += _outward(ends)
        return _System(
            passes=(passes[0, 0], passes[0, 1]),
            const=(const[0, 0], const[0, 1]),
            passes_slopes=tuple((part[0], part[1]) for part in passes[1:]),
            const_slopes=tuple((part[0], part[1]) for part in const[1:]),
        )

    def _inverse(self) -> Floats:
        middle: Floats = np.eye(len(self.const[0])) - (self.passes[0] + self.passes[1]) / 2
        try:
            return np.asarray(np.linalg.inv(middle), dtype=np.float64)
        except np.linalg.LinAlgError:
            raise UnboundedError from None

    def _left(self, inverse: Floats) -> tuple[Floats, Floats]:
        """Return the ends of ``I - inverse (I - passes)``, nothing for one known matrix."""
        unit: Floats = np.eye(len(inverse))
        middle: Floats = unit - (self.passes[0] + self.passes[1]) / 2
        radius = (self.passes[1] - self.passes[0]) / 2 + ROUNDING * (unit + np.abs(middle))
        centre, width = unit - inverse @ middle, np.abs(inverse) @ radius
        return centre - width, centre + width

    def narrowed(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Return narrower ends of the solution (Krawczyk 1969)."""
        inverse = self._inverse()
        left = self._left(inverse)
        for _ in range(ROUNDS):
            at = (low + high) / 2
            off = _sum(self.const, _matrix(self.passes, (at, at)), (-at, -at))
            step = _sum(_matrix((inverse, inverse), off), _matrix(left, (low - at, high - at)))
            new_low, new_high = np.maximum(low, at + step[0]), np.minimum(high, at + step[1])
            if (new_low > new_high).any():
                raise EmptyError
            still = np.allclose(new_low, low, rtol=1e-11) and np.allclose(new_high, high, 1e-11)
            low, high = new_low, new_high
            if still:
                break
        return low, high

    def slope(self, place: int, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Return the ends of the derivative by one of the data."""
        inverse = self._inverse()
        left = self._left(inverse)
        right = _sum(self.const_slopes[place], _matrix(self.passes_slopes[place], (low, high)))
        moved = _matrix((inverse, inverse), right)
        keeps = np.maximum(np.abs(left[0]), np.abs(left[1])).sum(axis=1).max(initial=0.0)
        if keeps >= 1:
            raise UnboundedError
        most = np.maximum(np.abs(moved[0]), np.abs(moved[1])).max(initial=0.0) / (1 - keeps)
        found = (np.full(len(low), -most), np.full(len(low), most))
        for _ in range(ROUNDS):
            down, up = _sum(moved, _matrix(left, found))
            new = np.maximum(found[0], down), np.minimum(found[1], up)
            still = np.allclose(new[0], found[0], 1e-11) and np.allclose(new[1], found[1], 1e-11)
            found = new
            if still:
                break
        return found


class EmptyError(ArithmeticError):
    """No completion stands in the cells that were chosen."""


def _outward(ends: Ends) -> tuple[float, float]:
    return _float(ends[0], up=False), _float(ends[1], up=True)


def _sum(*parts: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    terms = sum(np.abs(part[0]) + np.abs(part[1]) for part in parts)
    low = sum(part[0] for part in parts) - ROUNDING * terms
    high = sum(part[1] for part in parts) + ROUNDING * terms
    return np.asarray(low), np.asarray(high)


def _matrix(matrix: tuple[Floats, Floats], vector: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    low, high = _times(matrix, vector)
    return low.sum(axis=1), high.sum(axis=1)
