"""Many books of accounts side by side in floats: prices in, repaid, sold and bad debt out.

In a book are accounts with one kind of collateral and one kind of debt. What becomes of an account
follows from its debt for a unit of collateral alone, so each book is sorted by it once and summed
up; a price is then answered at two places of the book, which are found by halving, in all books
and all scenarios together. The amounts of :mod:`looprisk.engine.steps` are exact, these are not:
an account within a rounding of its threshold may fall on either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from looprisk.errors import ModelError, Problem

Floats = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sold:
    """What liquidators did to each book, [..., C]."""

    repaid: Floats
    """Loan tokens repaid."""
    bad_debt: Floats
    """Loan tokens that are owed and backed by nothing."""
    sold: Floats
    """Units of collateral taken."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shelves:
    """C books of N accounts in all, one after the other.

    Book c stands at ``start[c] .. start[c + 1]`` of three arrays [N + C]: ``ratio``, loan tokens
    owed for a unit of collateral, falling, with -1 behind the last account; ``units`` and
    ``debts``, what the accounts before each place have and owe together.
    """

    start: Index
    ratio: Floats
    units: Floats
    debts: Floats
    lltv: Floats
    """[C], of one."""
    incentive: Floats
    """phi [C]: what a liquidator gets per dollar repaid, above 1."""

    @cached_property
    def all_units(self) -> Floats:
        """[C] units of collateral of each book."""
        return self.units[self.start[1:] - 1]

    @cached_property
    def all_debts(self) -> Floats:
        """[C] loan tokens owed in each book."""
        return self.debts[self.start[1:] - 1]

    @property
    def bytes(self) -> int:
        """Memory that the books take."""
        return sum(a.nbytes for a in (self.start, self.ratio, self.units, self.debts))

    def at(self, x: Floats) -> Sold:
        """Return what prices ``x`` [..., C], in loan tokens for a unit, do to each book.

        An account is liquidated below ``x = r / lltv`` and cannot repay its debt below
        ``x = phi r``, r being its debt for a unit.
        """
        books = np.arange(len(self.start) - 1)
        unpaid = self.above(books, x / self.incentive)
        liquidated = np.maximum(self.above(books, x * self.lltv), unpaid)
        gone, owed = self.units[unpaid], self.debts[unpaid]
        brought = gone * x / self.incentive
        tokens = self.debts[liquidated] - owed
        taken = np.divide(self.incentive * tokens, x, out=np.zeros_like(x), where=tokens > 0)
        return Sold(repaid=tokens + brought, bad_debt=owed - brought, sold=gone + taken)

    def bad_debt(self, x: Floats) -> Floats:
        """Return the bad debt [..., C] alone at prices ``x`` [..., C]."""
        line = x / self.incentive
        unpaid = self.above(np.arange(len(self.start) - 1), line)
        found: Floats = self.debts[unpaid] - self.units[unpaid] * line
        return found

    def above(self, books: Index, ratio: Floats) -> Index:
        """Return where in ``books`` the accounts end that owe more for a unit than ``ratio``."""
        place = np.broadcast_to(self.start[books], ratio.shape).copy()
        end = self.start[books + 1] - 1
        step = 1 << int((end - place).max(initial=1)).bit_length()
        while step := step >> 1:
            ahead = place + step
            further = (ahead <= end) & (self.ratio.take(np.minimum(ahead, end) - 1) > ratio)
            place += step * further
        return place


def shelves(
    book: ArrayLike, units: ArrayLike, debts: ArrayLike, lltv: ArrayLike, incentive: ArrayLike
) -> Shelves:
    """Return accounts sorted into books.

    Account i is in ``book[i]`` with ``units[i]`` of collateral and ``debts[i]`` loan tokens; a book
    has an ``lltv`` (of one) and an ``incentive`` (phi, above 1). An account without collateral owes
    infinitely much for a unit: all of its debt is bad.

    Raises ModelError for numbers that are negative or not finite, for a book that does not exist,
    and where ``lltv`` times ``incentive`` is not below 1.

    >>> two = shelves([0, 0], units=[10, 1], debts=[7, 1], lltv=[0.8], incentive=[1.05])
    >>> sold = two.at(np.array([0.8]))
    >>> sold.repaid.round(3).tolist(), sold.bad_debt.round(3).tolist(), sold.sold.round(3).tolist()
    ([7.762], [0.238], [10.188])
    """
    at = np.asarray(book, dtype=np.intp)
    q, d = np.asarray(units, dtype=np.float64), np.asarray(debts, dtype=np.float64)
    lam, phi = np.asarray(lltv, dtype=np.float64), np.asarray(incentive, dtype=np.float64)
    _check(at, q, d, lam, phi)
    owes = np.where(d > 0, np.inf, 0.0)
    r = np.divide(d, q, out=owes, where=q > 0)
    order = np.lexsort((-r, at))
    at = at[order]
    start = np.zeros(len(lam) + 1, dtype=np.intp)
    np.cumsum(np.bincount(at, minlength=len(lam)) + 1, out=start[1:])
    ratio = np.full(int(start[-1]), -1.0)
    ratio[np.arange(len(at)) + at] = r[order]
    return Shelves(
        start=start,
        ratio=ratio,
        units=_summed(q[order], start),
        debts=_summed(d[order], start),
        lltv=lam,
        incentive=phi,
    )


def _summed(amounts: Floats, start: Index) -> Floats:
    """Return what stands before each place, book by book: a large one rounds no other."""
    total = np.zeros(int(start[-1]))
    for number, (lo, hi) in enumerate(pairwise(start.tolist())):
        np.cumsum(amounts[lo - number : hi - number - 1], out=total[lo + 1 : hi])
    return total


def _check(at: Index, units: Floats, debts: Floats, lltv: Floats, incentive: Floats) -> None:
    for name, numbers in (("units", units), ("debts", debts), ("lltv", lltv)):
        bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
        if len(bad):
            first = int(bad[0])
            message = f"{name}: {numbers[first]} is no amount"
            raise ModelError([Problem((name, str(first)), message, "write a number from 0 up")])
    if not len(at) == len(units) == len(debts) or len(lltv) != len(incentive):
        message = f"{len(at)} books, {len(units)} units and {len(debts)} debts; "
        message += f"{len(lltv)} lltv and {len(incentive)} incentives"
        raise ModelError([Problem(("books",), message, "give one of each for every account")])
    if len(at) and not 0 <= int(at.min()) <= int(at.max()) < len(lltv):
        message = f"books go from {at.min()} to {at.max()}, of {len(lltv)}"
        raise ModelError([Problem(("books",), message, "count books from 0")])
    wrong = np.flatnonzero(~((incentive >= 1) & (lltv * incentive < 1)))
    if len(wrong):
        first = int(wrong[0])
        message = f"an lltv of {lltv[first]} and an incentive of {incentive[first]}"
        help_ = "the incentive is from 1 up, and times the lltv below 1"
        raise ModelError([Problem(("incentive", str(first)), message, help_)])
