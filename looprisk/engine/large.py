"""Large systems of fund shares and books of accounts in floats: thousands of tokens at once.

A fund has outside assets, units of tokens, and shares of what markets owe their lenders; its token
is worth a share of that. A market has cash and a book of accounts with one token as collateral.
Prices decide what the books bring in, and this decides prices. Holdings never bend, so their loops
are summed by one factorisation; only bad debt is iterated, from no bad debt at all. More bad debt
means lower prices and these more bad debt, hence the iteration comes down to the greatest solution.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import SuperLU, splu

from looprisk.engine.shelves import Floats, Index, Shelves, Sold
from looprisk.errors import ModelError, NoSolutionError, Problem

SWEEPS = 1_000
"""Sweeps after which a scenario is given up."""
AT_REST = 2.0**-46
"""Share of what it is worth without bad debt by which no fund falls any more in a sweep."""
ROUNDING = 1e-9
"""Share of its supply by which a token may seem to be held more than whole."""

TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Large:
    """T tokens and C markets; see :func:`large`."""

    supply: Floats
    owned: csr_array
    lent: csr_array
    cash: Floats
    collateral: Index
    books: Shelves
    lu: SuperLU
    """Of ``diag(supply) - owned``."""
    free: Floats
    """[T] units that no fund has and no account has posted."""
    lent_outside: Floats
    """[C] the share of each market that no fund has."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cleared:
    """The greatest solution of S scenarios."""

    system: Large
    prices: Floats
    """[S, T] USD for a unit."""
    loan: Floats | None
    """[S, C] USD for a loan token; None where that is one dollar."""
    supplies: Floats
    """[S, C] what lenders of each market have, in USD."""
    sweeps: int
    residual: Floats
    """[S] most by which a fund is not worth what it has, as a share of it without bad debt."""
    gap: Floats
    """[S] what outside assets and cash differ by from what is outside in the end, as a share."""

    @cached_property
    def outcome(self) -> Sold:
        """[S, C] of each market, in loan tokens."""
        x = self.prices[:, self.system.collateral]
        return self.system.books.at(x if self.loan is None else x / self.loan)


def large(
    *,
    supply: Floats,
    owned: csr_array,
    lent: csr_array,
    cash: Floats,
    collateral: Index,
    books: Shelves,
) -> Large:
    """Return a system ready for many scenarios.

    ``supply`` [T] are units issued, an exogenous asset being a token that owns nothing;
    ``owned[i, j]`` [T, T] units of token j in the fund of token i; ``lent[i, c]`` [T, C] its share
    of market c, of one; ``cash`` [C] in USD; ``collateral`` [C] the token that accounts of market c
    have posted. Oracles read the price that the solution finds, accounts
    belong to nobody inside.

    Raises ModelError where more than all of a token or market is held, and NoSolutionError where
    nobody outside holds a loop of tokens, so that it may be worth anything.

    >>> from looprisk.engine.shelves import shelves
    >>> books = shelves([0], units=[50], debts=[30], lltv=[0.8], incentive=[1.05])
    >>> fund = large(
    ...     supply=np.array([100.0]),
    ...     owned=csr_array((1, 1)),
    ...     lent=csr_array([[0.5]]),
    ...     cash=np.array([10.0]),
    ...     collateral=np.array([0]),
    ...     books=books,
    ... )
    >>> cleared(fund, np.array([[100.0], [40.0]])).prices.round(4).tolist()
    [[1.2], [0.5906]]
    """
    _check(supply, owned, lent, cash, collateral, books)
    matrix = (diags_array(supply) - owned).tocsc()
    lost = f"{len(supply)} tokens: a loop of them is held by nobody outside; lower what is owned"
    try:
        lu = splu(
            matrix,
            permc_spec="MMD_AT_PLUS_A",
            # no column holds more than its diagonal, so nothing is gained by looking for pivots
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
    except RuntimeError as error:
        raise NoSolutionError(lost) from error
    # all that funds have reaches holders outside just where values of one dollar each stay finite
    if not (lu.solve(np.ones(len(supply))) > 0).all():
        raise NoSolutionError(lost)
    return Large(
        supply=supply,
        owned=owned,
        lent=lent,
        cash=cash,
        collateral=collateral,
        books=books,
        lu=lu,
        free=_free(supply, owned, collateral, books),
        lent_outside=np.ones(len(cash)) - lent.sum(axis=0),
    )


def cleared(system: Large, outside: Floats, loan: Floats | None = None) -> Cleared:
    """Return the greatest solution for outside assets [S, T] of each fund, in USD.

    Of an exogenous asset they are its price times its supply. ``loan`` [S, C] is what a loan token
    of each market is worth, in USD, where that is not one dollar in all. Raises ModelError for
    negative assets, NoSolutionError where prices do not come to rest.
    """
    if not (np.isfinite(outside) & (outside >= 0)).all():
        message = "an outside asset is negative or no number"
        raise ModelError([Problem(("outside",), message, "write numbers from 0 up")])
    cash, lending = system.cash, system.cash + system.books.all_debts
    if loan is not None:
        cash, lending = loan * cash, loan * lending
    most = outside + (system.lent @ lending.T).T
    top = _priced(system, most)
    prices, sweeps = _swept(system, most, top, loan)
    x = prices[:, system.collateral]
    bad = system.books.bad_debt(x) if loan is None else loan * system.books.bad_debt(x / loan)
    supplies = lending - bad
    assets = outside + (system.owned @ prices.T).T + (system.lent @ supplies.T).T
    put_in = outside.sum(axis=1) + cash.sum(axis=-1)
    worth = prices * system.supply
    size = np.maximum(top * system.supply, TINY)
    return Cleared(
        system=system,
        prices=prices,
        loan=loan,
        supplies=supplies,
        sweeps=sweeps,
        residual=(np.abs(worth - assets) / size).max(axis=1, initial=0.0),
        gap=_gap(system, put_in, prices, supplies, supplies - cash),
    )


def _priced(system: Large, assets: Floats) -> Floats:
    """Return prices [S, T] at which every fund has ``assets`` and the tokens it owns."""
    prices: Floats = system.lu.solve(np.ascontiguousarray(assets.T)).T
    return prices


def _swept(system: Large, most: Floats, top: Floats, loan: Floats | None) -> tuple[Floats, int]:
    """Return prices [S, T] at rest and the number of sweeps, from those without bad debt."""
    found = np.empty_like(most)
    left = np.arange(len(most))
    prices, still = top, AT_REST * top
    short = _Short.nobody(system.books, len(most))
    for sweep in range(SWEEPS):
        if not len(left):
            return found, sweep
        x = prices[:, system.collateral]
        if loan is None:
            bad = short.bad_debt(system.books, x)
        else:
            bad = loan[left] * short.bad_debt(system.books, x / loan[left])
        lower = _priced(system, most - (system.lent @ bad.T).T)
        moves = (prices - lower > still).any(axis=1)
        prices = lower
        if not moves.all():
            found[left[~moves]] = lower[~moves]
            on = np.flatnonzero(moves)
            left, prices, most, still = left[on], prices[on], most[on], still[on]
            short = short.of(on)
    message = f"{len(left)} scenarios are not at rest after {SWEEPS:_} sweeps"
    raise NoSolutionError(f"{message}: loops of lending lose next to nothing on their way round")


@dataclass(frozen=True, slots=True, eq=False)
class _Short:
    """How far the accounts of each book fall short, [S, C]: moved on as prices fall."""

    place: Index
    ratio: Floats
    """What the next account owes for a unit of collateral."""
    units: Floats
    """Collateral of those that fall short."""
    debts: Floats

    @classmethod
    def nobody(cls, books: Shelves, count: int) -> _Short:
        """Return the state in which nobody falls short."""
        place = np.tile(books.start[:-1], (count, 1))
        return cls(place, books.ratio.take(place), np.zeros(place.shape), np.zeros(place.shape))

    def of(self, scenarios: Index) -> _Short:
        """Return the same of some scenarios."""
        return _Short(
            self.place[scenarios],
            self.ratio[scenarios],
            self.units[scenarios],
            self.debts[scenarios],
        )

    def bad_debt(self, books: Shelves, x: Floats) -> Floats:
        """Return the bad debt at prices ``x``, none of which is higher than at the last call.

        Prices only fall, so a book is searched again only where its next account falls short too.
        """
        line = x / books.incentive
        at = np.nonzero(self.ratio > line)
        if len(at[0]):
            place = books.above(at[1], line[at])
            self.place[at], self.ratio[at] = place, books.ratio.take(place)
            self.units[at], self.debts[at] = books.units.take(place), books.debts.take(place)
        found: Floats = self.debts - self.units * line
        return found


def _gap(system: Large, put_in: Floats, prices: Floats, supplies: Floats, repaid: Floats) -> Floats:
    """Return ``put_in`` [S] less what lenders, holders, borrowers and liquidators have, in USD.

    ``repaid`` [S, C] is what accounts bring in or still owe. What liquidators take borrowers lose,
    so it does not show in the sum of the two.
    """
    holders = prices @ system.free
    lenders = supplies @ system.lent_outside
    borrowers = prices[:, system.collateral] @ system.books.all_units - repaid.sum(axis=1)
    missing = np.abs(put_in - holders - lenders - borrowers)
    found: Floats = missing / np.maximum(put_in, TINY)
    return found


def _free(supply: Floats, owned: csr_array, collateral: Index, books: Shelves) -> Floats:
    """Return the units [T] of each token that no fund has and no account has posted."""
    posted = np.bincount(collateral, books.all_units, len(supply))
    found: Floats = supply - owned.sum(axis=0) - posted
    return found


def _check(
    supply: Floats,
    owned: csr_array,
    lent: csr_array,
    cash: Floats,
    collateral: Index,
    books: Shelves,
) -> None:
    count, markets = len(supply), len(cash)
    shapes = (owned.shape, lent.shape, len(collateral), len(books.lltv))
    if shapes != ((count, count), (count, markets), markets, markets):
        message = f"{count} supplies and {markets} cash do not fit owned {owned.shape}, "
        message += f"lent {lent.shape}, {len(collateral)} collaterals, {len(books.lltv)} books"
        raise ModelError([Problem(("supply",), message, "give one for every token and market")])
    if markets and not 0 <= int(collateral.min()) <= int(collateral.max()) < count:
        message = f"collaterals go from {collateral.min()} to {collateral.max()}, of {count} tokens"
        raise ModelError([Problem(("collateral",), message, "count tokens from 0")])
    named = (("supply", supply), ("owned", owned.data), ("lent", lent.data), ("cash", cash))
    for name, numbers in named:
        if not (np.isfinite(numbers) & (numbers >= 0)).all():
            message = f"{name}: a number is negative or none"
            raise ModelError([Problem((name,), message, "write numbers from 0 up")])
    over = np.flatnonzero(_free(supply, owned, collateral, books) < -ROUNDING * supply)
    if len(over) or not (supply > 0).all():
        token = int(over[0]) if len(over) else int(np.argmin(supply))
        message = f"token {token}: funds and accounts have more than its supply {supply[token]}"
        raise ModelError([Problem(("supply", str(token)), message, "raise its supply")])
    if (lent.sum(axis=0) > 1 + ROUNDING).any():
        market = int(np.argmax(lent.sum(axis=0)))
        message = f"market {market}: funds have more than all of it"
        raise ModelError([Problem(("lent", str(market)), message, "lower their shares")])
