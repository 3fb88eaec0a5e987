"""Which accounts a step has to look at: those that a price has reached (DYNAMICS 12).

Accounts with one collateral and one loan stand on a shelf in the order in which a falling price
reaches them, and the order never changes: interest moves them all alike. They cost nothing until
then. Who was reached and still owes, accounts over several collaterals or loans, and the accounts
of small books are looked at in every step. A sum over accounts adds them in the order of the book,
so that it is the same to the last bit whether the accounts that add nothing are looked at or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.arrays import Bools, Floats, Ints, ratio
from looprisk.cascade.state import MarketState

SHELVED = 64
"""A book with fewer accounts is looked at whole."""
MARGIN = 1e-9
"""By this share an account is looked at before a price reaches it: rounding never hides one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shelf:
    """Accounts of one collateral and one loan token, the first that a fall reaches first."""

    slot: int
    loan: int
    accounts: Ints
    """[place]."""
    keys: Floats
    """[place]: debt at the start over units of collateral, falling."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shelves:
    """The accounts of a book by how they are looked at."""

    count: int
    shelves: tuple[Shelf, ...]
    always: Ints
    """Accounts that are looked at in every step."""

    @property
    def whole(self) -> bool:
        """Whether every step looks at every account."""
        return len(self.always) == self.count


def shelves_of(
    collateral: Floats, debt: Floats, *, later: Bools, shelve_from: int = SHELVED
) -> Shelves:
    """Return how accounts are looked at; ``later`` [account] are those that stages open.

    ``collateral`` [slot, account] and ``debt`` [loan, account] are those of the start.
    """
    count = debt.shape[1]
    everyone = np.arange(count, dtype=np.intp)
    held, owed = collateral > 0, debt > 0
    single = (held.sum(axis=0) == 1) & (owed.sum(axis=0) == 1) & ~later
    if count < shelve_from:
        return Shelves(count=count, shelves=(), always=everyone)
    shelves = []
    for slot in range(len(collateral)):
        for loan in range(len(debt)):
            mine = np.flatnonzero(single & held[slot] & owed[loan])
            if len(mine):
                keys = debt[loan, mine] / collateral[slot, mine]
                order = np.argsort(-keys, kind="stable")
                shelves.append(Shelf(slot=slot, loan=loan, accounts=mine[order], keys=keys[order]))
    # who owes nothing is never reached
    always = np.flatnonzero(~single & (owed.any(axis=0) | later))
    return Shelves(count=count, shelves=tuple(shelves), always=always)


def levels(shelves: Shelves, now: MarketState, price: Floats, loan_price: Floats) -> Floats:
    """Return the key from which on accounts are reached, [path, shelf].

    ``price`` [path, slot] is what a unit of collateral must bring, ``loan_price`` [path, loan] what
    is owed is counted at.
    """
    found = np.full((len(price), len(shelves.shelves)), np.inf)
    for at, shelf in enumerate(shelves.shelves):
        unit = now.growth[:, shelf.loan] * loan_price[:, shelf.loan]
        found[:, at] = ratio(price[:, shelf.slot] * (1 - MARGIN), unit, np.inf)
    return found


def reached(shelves: Shelves, level: Floats) -> Ints:
    """Return how many accounts of every shelf are at a key or above it, [path, shelf]."""
    found = np.zeros(level.shape, dtype=np.intp)
    for at, shelf in enumerate(shelves.shelves):
        found[:, at] = np.searchsorted(-shelf.keys, -level[:, at], side="right")
    return found


def looked_at(shelves: Shelves, now: MarketState, upto: Ints) -> Ints:
    """Return the accounts to look at, [path, place], rising in each path.

    ``upto`` [path, shelf] is how far prices reach. Where a path has fewer than another, the rest of
    its places is ``count``, which is no account.
    """
    paths, none = len(upto), shelves.count
    more = np.maximum(upto - now.opened, 0)
    if not more.any() and not now.live.shape[1]:
        return np.broadcast_to(shelves.always, (paths, len(shelves.always)))
    path, place = np.nonzero(now.live < none)
    pairs = [(path, now.live[path, place])]
    for at, shelf in enumerate(shelves.shelves):
        count = more[:, at]
        path = np.repeat(np.arange(paths), count)
        first = np.cumsum(count) - count
        place = np.arange(len(path)) - first[path] + now.opened[path, at]
        pairs.append((path, shelf.accounts[place]))
    path = np.repeat(np.arange(paths), len(shelves.always))
    pairs.append((path, np.tile(shelves.always, paths)))
    codes = np.concatenate([path * (none + 1) + account for path, account in pairs])
    return packed(np.sort(codes), paths, none)


def packed(codes: Ints, paths: int, none: int) -> Ints:
    """Return sorted ``path (none + 1) + account`` as a row of accounts for each path."""
    path, account = np.divmod(codes, none + 1)
    count = np.bincount(path, minlength=paths)
    first = np.cumsum(count) - count
    found = np.full((paths, int(count.max(initial=0))), none, dtype=np.intp)
    found[path, np.arange(len(path)) - first[path]] = account
    return found


def seen(shelves: Shelves, now: MarketState, who: Ints) -> MarketState:
    """Return a market with the accounts looked at alone: all of a book that is looked at whole."""
    return now if shelves.whole else chosen(shelves, now, who)


def chosen(shelves: Shelves, now: MarketState, who: Ints) -> MarketState:
    """Return a market with the accounts that stand in ``who`` [path, place] alone."""
    there = who < shelves.count
    at = np.where(there, who, 0)
    return replace(
        now,
        collateral=_some(now.collateral, at, there),
        principal=_some(now.principal, at, there),
        repaid=np.where(there, _of_accounts(now.repaid, at), 0.0),
        cap=np.where(there, _of_accounts(now.cap, at), 1.0),
        bad=there & np.take_along_axis(now.bad, at, axis=-1),
    )


def _some(values: Floats, at: Ints, there: Bools) -> Floats:
    """Return [path, thing, account] of some accounts; nothing where there is none."""
    paths, things, count = values.shape
    found = np.zeros((paths, things, at.shape[1]))
    for thing in range(things if count else 0):
        row = _rows(values, thing, at)
        found[:, thing] = np.where(there, row, 0.0)
    return found


def _rows(values: Floats, thing: int, at: Ints) -> Floats:
    """Return one thing of [path, thing, account] at ``at`` [path, place]."""
    paths, things, count = values.shape
    if not values.strides[0]:
        return np.asarray(np.take(values[0, thing], at))
    first = (np.arange(paths) * things + thing) * count
    # one flat index is half the price of one for each axis; a view, for states are contiguous
    return np.asarray(np.take(values.reshape(-1), at + first[:, None]))


def _of_accounts(values: Floats, at: Ints) -> Floats:
    """Return [path, account] at ``at`` [path, place]."""
    return _rows(values[:, None], 0, at) if values.shape[1] else np.zeros(at.shape)


def put_back(
    shelves: Shelves, whole: MarketState, before: MarketState, after: MarketState, who: Ints
) -> MarketState:
    """Return a market in which the accounts of ``who`` stand as ``after``, and all the rest too.

    ``before`` are those accounts as they were taken out. Who owes nothing more is done with.
    """
    if before is whole:
        return after
    moved = (
        (after.collateral != before.collateral).any(axis=1)
        | (after.principal != before.principal).any(axis=1)
        | (after.repaid != before.repaid)
        | (after.bad != before.bad)
    )
    path, place = np.nonzero(moved & (who < shelves.count))
    if not len(path):
        return replace(
            after,
            collateral=whole.collateral,
            principal=whole.principal,
            repaid=whole.repaid,
            bad=whole.bad,
            cap=whole.cap,
        )
    account = who[path, place]
    collateral, principal = whole.collateral.copy(), whole.principal.copy()
    repaid, bad = whole.repaid.copy(), whole.bad.copy()
    collateral[path, :, account] = after.collateral[path, :, place]
    principal[path, :, account] = after.principal[path, :, place]
    repaid[path, account] = after.repaid[path, place]
    bad[path, account] = after.bad[path, place]
    return replace(
        after, collateral=collateral, principal=principal, repaid=repaid, bad=bad, cap=whole.cap
    )


def still_owing(shelves: Shelves, now: MarketState, who: Ints, where: Bools) -> Ints:
    """Return who has been reached and still owes, [path, place], after accounts were acted on.

    ``who`` were looked at; in paths out of ``where`` [path] nothing moved.
    """
    if not shelves.shelves:
        return now.live
    quiet = np.where(where[:, None], shelves.count, now.live)
    who = np.concatenate([np.where(where[:, None], who, shelves.count), quiet], axis=1)
    there = who < shelves.count
    owes = (_some(now.principal, np.where(there, who, 0), there) > 0).any(axis=1)
    watched = np.zeros(shelves.count + 1, dtype=np.bool_)
    watched[shelves.always] = True
    path, place = np.nonzero(owes & (who < shelves.count) & ~watched[who])
    codes = path * (shelves.count + 1) + who[path, place]
    return packed(np.sort(codes), len(who), shelves.count)
