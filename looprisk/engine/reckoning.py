"""What prices do to many accounts of several legs at once (SEMANTICS 4.2 and 4.3), in floats.

At one point of a shock an account is worth ``y`` and read by its oracles as ``o``; both are sums
over what it has. Its lenders get its debt ``d``, or ``y``, or ``o / phi``, whichever is least of
what its state admits: a payment that never rises as a price falls. On either side of a point it is
bounded by straight lines: :func:`tangent` and :func:`chord`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from looprisk.engine.baskets import Baskets, Floats, by_column, by_row
from looprisk.engine.form import Flags

SLACK = 1e-12
"""A condition on what the solution decides holds if it misses by no more than this share."""
TIGHT = 1e-14
"""The same for one on stated prices alone: what sums in floats may be off by."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rules:
    """How a market treats the accounts at one point of a shock."""

    lltv: Floats
    """[K] of one."""
    incentive: Floats
    """[M] phi: what a liquidator gets per dollar repaid, above 1; nan where health decides it."""
    least: float
    """One less the largest discount, where health decides the incentive; else nan."""
    watched: bool
    """Whether there are liquidators."""
    forced: bool
    """Whether they act even where it does not pay."""
    slack: Floats
    """[M] the share of its terms by which an account may miss a condition."""
    done: Reckoned | None = None
    """What was liquidated as a fact, at other prices; then nobody else is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prices:
    """Of a unit in each slot [K] and of each loan token [B], in USD."""

    worth: Floats
    """What backs it."""
    reading: Floats
    """What its oracle reads."""
    sale: Floats
    """What a seller gets."""
    loans: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reckoned:
    """The accounts at some prices, [M] each and in USD."""

    worth: Floats
    reading: Floats
    debt: Floats
    healthy: Flags
    acted: Flags
    """Whether a liquidator took it."""
    unpaid: Flags
    """Whether what it brought did not repay its debt."""
    incentive: Floats
    lender: Floats
    """What its lenders get."""
    owner: Floats
    """What its owner keeps."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """What lenders get of each account: ``const + worth * y + reading * o``, [M] each."""

    const: Floats
    worth: Floats
    reading: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Handed:
    """What the lenders of each loan token get, from all accounts together."""

    const: Floats
    """[B] in USD."""
    worth: NDArray[np.float64]
    """[B, K] units whose worth they get."""
    reading: NDArray[np.float64]
    """[B, K] units of which they get what the oracle reads."""


def reckon(
    accounts: Baskets, rules: Rules, prices: Prices, *, healthy: Flags | None = None
) -> Reckoned:
    """Return what becomes of each account; ``healthy`` says who is, whatever the prices."""
    by_slot = (prices.worth, prices.reading, prices.reading * rules.lltv, prices.sale)
    worth, reading, weighted, brings_in = (accounts.units @ np.stack(by_slot, axis=1)).T
    debt = accounts.debts @ prices.loans
    if rules.done is not None:
        return _as_done(rules.done, worth, reading, debt)
    if healthy is None:
        healthy = weighted - debt >= -rules.slack * (weighted + debt)
    phi = _incentive(rules, weighted, debt)
    acted = ~healthy & rules.watched
    if not rules.forced:
        sale = brings_in * phi
        acted &= sale - reading >= -rules.slack * (sale + reading)
    brings = reading / phi
    unpaid = acted & (brings - debt < -rules.slack * (brings + debt))
    lender = np.where(acted, np.where(unpaid, brings, debt), np.minimum(worth, debt))
    part = np.divide(debt * phi, reading, out=np.zeros(len(debt)), where=acted & (reading > 0))
    kept = np.where(unpaid, 0.0, worth * (1 - np.minimum(part, 1.0)))
    return Reckoned(
        worth=worth,
        reading=reading,
        debt=debt,
        healthy=healthy,
        acted=acted,
        unpaid=unpaid,
        incentive=phi,
        lender=lender,
        owner=np.where(acted, kept, np.maximum(worth - debt, 0.0)),
    )


def _as_done(done: Reckoned, worth: Floats, reading: Floats, debt: Floats) -> Reckoned:
    """Return the accounts where liquidations are a fact: an owner keeps its share of what is left.

    Who was not liquidated then is untouched.
    """
    share = np.divide(done.owner, done.worth, out=np.zeros(len(debt)), where=done.worth > 0)
    return replace(
        done,
        worth=worth,
        reading=reading,
        debt=debt,
        unpaid=np.zeros(len(debt), dtype=np.bool_),
        lender=np.where(done.acted, done.lender, np.minimum(worth, debt)),
        owner=np.where(done.acted, share * worth, np.maximum(worth - debt, 0.0)),
    )


def _incentive(rules: Rules, weighted: Floats, debt: Floats) -> Floats:
    """Return phi, where health decides it ``1 / max(health, 1 - max_discount)`` (Euler v2)."""
    if np.isnan(rules.least):
        return rules.incentive
    health = np.divide(weighted, debt, out=np.ones(len(debt)), where=debt > 0)
    own: Floats = 1 / np.maximum(np.minimum(health, 1.0), rules.least)
    return np.where(np.isnan(rules.incentive), own, rules.incentive)


def tangent(at: Reckoned) -> Lines:
    """Return lines that are what lenders get at these prices, and not less at lower ones."""
    hands_over = ~at.acted & (at.worth < at.debt)
    return Lines(
        const=np.where(hands_over | at.unpaid, 0.0, at.lender),
        worth=hands_over.astype(np.float64),
        reading=np.where(at.unpaid, 1 / at.incentive, 0.0),
    )


def chord(accounts: Baskets, rules: Rules, low: Prices, high: Prices, apart: Flags) -> Lines:
    """Return lines that are what lenders get at the lower prices, and not more up to the higher.

    ``apart`` [M] are accounts whose readings move and are
    not what their collateral is worth: of these just what they pay at the lower prices is counted.
    """
    below = reckon(accounts, rules, low)
    above = reckon(accounts, rules, high, healthy=below.healthy)
    rise = above.worth - below.worth
    moves = ~apart & (rise > TIGHT * above.worth)
    rate = np.divide(above.lender - below.lender, rise, out=np.zeros(len(rise)), where=moves)
    rate = np.maximum(rate, 0.0)
    const = np.maximum(below.lender - rate * below.worth, 0.0)
    return Lines(const=const, worth=rate, reading=np.zeros(len(rate)))


def handed(accounts: Baskets, prices: Prices, debt: Floats, lines: Lines) -> Handed:
    """Return what lenders get along lines: of each debt its share ``d_b P_b / B``.

    ``debt`` [M] is what accounts owe in USD. Who pays in full is told by the sum of all debts less
    the others', so that a market without a loss has none of rounding either.
    """
    some = np.flatnonzero((lines.worth != 0) | (lines.reading != 0) | (lines.const != debt))
    faces = by_column(accounts.debts[some], prices.loans)
    share = by_row(faces, 1 / np.where(debt[some] > 0, debt[some], 1.0))
    units = accounts.units[some]
    whole = accounts.owed * prices.loans
    to_loan = csr_array(share.T)
    return Handed(
        const=whole - faces.sum(axis=0) + to_loan @ lines.const[some],
        worth=(to_loan @ by_row(units, lines.worth[some])).toarray(),
        reading=(to_loan @ by_row(units, lines.reading[some])).toarray(),
    )


def paid(accounts: Baskets, prices: Prices, found: Reckoned) -> Floats:
    """Return [B] what the lenders of each loan token get, in USD, account by account."""
    share = np.divide(
        found.debt - found.lender, found.debt, out=np.zeros(accounts.size), where=found.debt > 0
    )
    lost: Floats = (share @ accounts.debts) * prices.loans
    return accounts.owed * prices.loans - lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What has become of some accounts, in USD."""

    liquidated: int
    """The number of accounts that liquidators took."""
    unpaid: int
    """The number of these that did not repay their debts."""
    repaid: Fraction
    """What liquidators repaid."""
    bad_debt: Fraction
    """What liquidated accounts still owe."""


def _outcome(
    accounts: Baskets, prices: Prices, found: Reckoned, loan: int | None = None
) -> Outcome:
    """Return what has become of the accounts, or of what they owe of one loan token."""
    share = np.ones(accounts.size)
    owes = found.debt > 0
    if loan is not None:
        face = accounts.debts[:, [loan]].toarray()[:, 0] * prices.loans[loan]
        share = np.divide(face, found.debt, out=np.zeros(accounts.size), where=owes)
    acted = found.acted & (share > 0)
    lender = np.where(acted, found.lender * share, 0.0)
    missing = np.where(acted, (found.debt - found.lender) * share, 0.0)
    return Outcome(
        liquidated=int(acted.sum()),
        unpaid=int((acted & found.unpaid).sum()),
        repaid=Fraction(float(lender.sum())),
        bad_debt=Fraction(float(missing.sum())),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """The accounts of a table at a solution."""

    baskets: Baskets
    prices: Prices
    found: Reckoned

    def outcome(self, loan: str | None = None) -> Outcome:
        """Return what has become of them, or of what they owe of one loan token."""
        at = None if loan is None else self.baskets.loans.index(loan)
        return _outcome(self.baskets, self.prices, self.found, at)

    def first(self, loan: str | None, *, unpaid: bool) -> str | None:
        """Return who of those that were liquidated, or could not repay, has least for its debt.

        Of those who owe one loan token; None where there is nobody.
        """
        who = self.found.unpaid if unpaid else self.found.acted
        if loan is not None:
            owes = self.baskets.debts[:, [self.baskets.loans.index(loan)]]
            who = who & (np.diff(owes.indptr) > 0)
        rows = np.flatnonzero(who)
        if not len(rows):
            return None
        cover = self.found.reading[rows] / self.found.debt[rows]
        return self.baskets.name_of(int(rows[int(np.argmin(cover))]))

    @property
    def leverage(self) -> Fraction | None:
        """Collateral over what is left of it after the debts, as the oracles read it.

        None where nothing is left.
        """
        whole, owed = float(self.found.reading.sum()), float(self.found.debt.sum())
        return Fraction(whole / (whole - owed)) if whole > owed else None

    def left(self) -> Baskets:
        """Return the accounts after their liquidation: ``N - z`` units and ``d - r`` of each debt.

        Of each collateral and each debt of an account the same part.
        """
        found = self.found
        ones = np.ones(len(found.debt))
        kept = np.divide(found.owner, found.worth, out=ones.copy(), where=found.worth > 0)
        owed = np.divide(found.debt - found.lender, found.debt, out=ones, where=found.debt > 0)
        units = by_row(self.baskets.units, np.where(found.acted, kept, 1.0)).copy()
        debts = by_row(self.baskets.debts, np.where(found.acted, owed, 1.0)).copy()
        units.eliminate_zeros()
        debts.eliminate_zeros()
        return replace(self.baskets, units=units, debts=debts, as_written=False)
