"""Many accounts with one kind of collateral and one kind of debt, sorted by where they break.

What happens to an account depends on its debt for a unit of collateral alone (MODEL 9.1), so
accounts are sorted by it once and summed up: what a price does to all of them is then read off at
two places. Amounts are integers in units of their last decimal, and every sum is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[Any]
"""Python integers in an array of dtype object: sums of tokens with 18 decimals need more than 64
bits.
"""
Index = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """Accounts in the order of debt per unit of collateral, highest first; equal ones are one step.

    M steps. ``units`` [M] and ``debts`` [M] are integers: times ``unit`` they are units of
    collateral, times ``debt_unit`` loan tokens. An account without collateral comes first, one
    without debt last.
    """

    units: Integers
    debts: Integers
    unit: Fraction
    debt_unit: Fraction
    row: Index
    """[M] a row of the table that stands at the step, for messages."""
    count: Index
    """[M] the number of accounts."""

    @property
    def size(self) -> int:
        """The number of steps."""
        return len(self.units)

    @cached_property
    def ratio(self) -> NDArray[np.float64]:
        """[M] loan tokens owed for a unit of collateral; infinite where there is no collateral."""
        units, debts = self.units.astype(np.float64), self.debts.astype(np.float64)
        scale = float(self.debt_unit / self.unit)
        found: NDArray[np.float64] = np.full(self.size, np.inf)
        np.divide(debts * scale, units, out=found, where=units != 0)
        return found

    @cached_property
    def _rising(self) -> NDArray[np.float64]:
        return -self.ratio

    @cached_property
    def _units_before(self) -> Integers:
        return _summed(self.units)

    @cached_property
    def _debts_before(self) -> Integers:
        return _summed(self.debts)

    @cached_property
    def _count_before(self) -> Index:
        return np.concatenate([[0], np.cumsum(self.count)]).astype(np.intp)

    def units_before(self, place: int) -> Fraction:
        """Return the units of collateral of the first ``place`` steps."""
        return int(self._units_before[place]) * self.unit

    def debt_before(self, place: int) -> Fraction:
        """Return the loan tokens that the first ``place`` steps owe."""
        return int(self._debts_before[place]) * self.debt_unit

    def accounts_before(self, place: int) -> int:
        """Return the number of accounts of the first ``place`` steps."""
        return int(self._count_before[place])

    @property
    def accounts(self) -> int:
        """The number of accounts."""
        return self.accounts_before(self.size)

    @property
    def all_units(self) -> Fraction:
        """The units of collateral of all accounts."""
        return self.units_before(self.size)

    @property
    def all_debt(self) -> Fraction:
        """The loan tokens that all accounts owe."""
        return self.debt_before(self.size)

    @cached_property
    def bare(self) -> int:
        """How many steps, 0 or 1, owe something and have no collateral to break at a price."""
        return int(self.size > 0 and self.units[0] == 0)

    @cached_property
    def owing(self) -> int:
        """How many steps owe something."""
        return self.size - int(self.size > 0 and self.debts[-1] == 0)

    def ratio_at(self, place: int) -> Fraction:
        """Return the loan tokens owed for a unit of collateral at a step that has some."""
        tokens = int(self.debts[place]) * self.debt_unit
        return tokens / (int(self.units[place]) * self.unit)

    def above(self, ratio: Fraction, *, or_equal: bool = False) -> int:
        """Return how many steps owe more for a unit of collateral than ``ratio``, or as much.

        >>> two = sorted_steps([1, 1], [3, 4])
        >>> two.above(Fraction(3)), two.above(Fraction(3), or_equal=True)
        (1, 2)
        """
        side: Literal["left", "right"] = "right" if or_equal else "left"
        place = int(np.searchsorted(self._rising, -float(ratio), side=side))
        # floats lead to the neighbourhood; the border itself is exact
        tokens = (self.debt_unit / self.unit).numerator * ratio.denominator
        units = (self.debt_unit / self.unit).denominator * ratio.numerator

        def is_above(at: int) -> bool:
            owed, backed = int(self.debts[at]) * tokens, int(self.units[at]) * units
            return owed > backed or (or_equal and owed == backed and at >= self.bare)

        while place < self.size and is_above(place):
            place += 1
        while place and not is_above(place - 1):
            place -= 1
        return place


def sorted_steps(
    units: list[int] | Integers,
    debts: list[int] | Integers,
    unit: Fraction = Fraction(1),
    debt_unit: Fraction = Fraction(1),
    row: Index | None = None,
    count: Index | None = None,
) -> Steps:
    """Return accounts as steps; those with neither collateral nor debt are left out.

    ``units`` and ``debts`` are integers, not negative; ``row`` and ``count`` say what stands behind
    each.
    """
    q, d = np.asarray(units, dtype=object), np.asarray(debts, dtype=object)
    rows = np.arange(len(q)) if row is None else row
    counts = np.ones(len(q), dtype=np.intp) if count is None else count
    some = np.flatnonzero((q != 0) | (d != 0))
    order = some[_descending(q[some], d[some])]
    q, d = q[order], d[order]
    starts = np.flatnonzero(np.concatenate([[True], d[:-1] * q[1:] != d[1:] * q[:-1]])[: len(q)])
    return Steps(
        units=_at_each(q, starts),
        debts=_at_each(d, starts),
        unit=unit,
        debt_unit=debt_unit,
        row=rows[order][starts].astype(np.intp),
        count=_at_each(counts[order], starts).astype(np.intp),
    )


def _descending(units: Integers, debts: Integers) -> Index:
    """Return the order of falling debt per unit, exactly."""
    q, d = units.astype(np.float64), debts.astype(np.float64)
    ratio = np.divide(d, q, out=np.full(len(q), np.inf), where=q != 0)
    order = np.argsort(-ratio, kind="stable").astype(np.intp)
    q_, d_ = units[order], debts[order]
    wrong = np.flatnonzero(np.array(d_[:-1] * q_[1:] < d_[1:] * q_[:-1], dtype=np.bool_))
    if not len(wrong):
        return order
    # ratios that floats cannot tell apart: sort each run of them by the fractions
    near = np.isclose(ratio[order][:-1], ratio[order][1:], rtol=1e-12, atol=0)
    run = np.concatenate([[0], np.cumsum(~near)])
    for number in np.unique(run[wrong]):
        places = np.flatnonzero(run == number)
        members = order[places].tolist()
        members.sort(key=lambda i: Fraction(int(debts[i]), int(units[i])), reverse=True)
        order[places] = members
    return order


def _at_each(values: NDArray[Any], starts: Index) -> NDArray[Any]:
    total: NDArray[Any] = np.add.reduceat(values, starts) if len(starts) else values[:0]
    return total


def _summed(values: Integers) -> Integers:
    total: Integers = np.concatenate([np.array([0], dtype=object), np.cumsum(values)])
    return total
