"""Bad debt: what is owed with nothing left behind it, and how each protocol bears it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.cascade.accounts import Book
from looprisk.cascade.arrays import Bools, Floats, Ints, ratio
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import Happened, State
from looprisk.cascade.sums import in_order


def write_off(plan: Plan, state: State, at: int, who: Ints) -> tuple[State, tuple[Happened, ...]]:
    """Return the state after the bad debt of one market is known, once for each account.

    The market is that of the accounts ``who`` [path, place] alone.

    Insurance pays first. What is left leaves debt and supply where the market realises it, leaves
    the debt alone and becomes a deficit in Aave v3.3, and stays where it is elsewhere.
    """
    book, now = plan.books[at], state.markets[at]
    empty = ~(now.collateral > 0).any(axis=1)
    new = empty & (now.debt > 0).any(axis=1) & ~now.bad
    if not new.any():
        return state, ()
    bad = np.where(new[:, None], now.debt, 0.0)
    price = np.take(state.price, np.array(book.loans, dtype=np.intp), axis=-1)
    amount = np.zeros_like(new, dtype=np.float64)
    for loan in range(len(book.loans)):
        amount = amount + bad[:, loan] * price[:, loan, None]
    whole = in_order(bad)
    covered = np.minimum(now.insurance, whole * price)
    units = ratio(covered, price)
    rest_share = 1.0 - ratio(units, whole)
    rest = np.where(new[:, None], now.principal, 0.0) * rest_share[:, :, None]
    realises, deficit = book.part.realises_bad_debt, book.part.rules == "aave-v3.3"
    kept = np.zeros_like(rest) if realises or deficit else rest
    struck = whole * rest_share
    principal = np.where(new[:, None], kept, now.principal)
    market = replace(
        now,
        principal=principal,
        lent=now.lent - in_order(now.principal - principal),
        cash=now.cash + units,
        insurance=now.insurance - covered,
        deficit=now.deficit + struck if deficit else now.deficit,
        bad=now.bad | new,
    )
    state = state.market(at, market)
    if realises:
        state = _struck(plan, state, at, struck)
    because = "nothing is left behind the debt"
    return state, (of_accounts(book, who, "bad_debt", new, amount, because=because),)


def of_accounts(
    book: Book, who: Ints, event: str, where: Bools, amount: Floats, *, because: str
) -> Happened:
    """Return what happened to accounts ``who`` [path, place], by the names it happened to."""
    path, place = np.nonzero(where)
    accounts, column = np.unique(who[path, place], return_inverse=True)
    found = np.zeros((len(where), len(accounts)), dtype=np.bool_)
    usd = np.zeros(found.shape)
    found[path, column], usd[path, column] = True, amount[path, place]
    return Happened(
        phase="lending",
        event=event,
        of=tuple(book.accounts[account] for account in accounts.tolist()),
        where=found,
        amount=usd,
        because=because,
    )


def _struck(plan: Plan, state: State, at: int, rest: Floats) -> State:
    """Return the state after suppliers of a market are owed less, loan tokens [path, loan]."""
    index = state.index.copy()
    for loan in range(rest.shape[1]):
        supply = plan.supplies.index((at, loan))
        units = state.units[:, plan.assets + plan.tokens + supply]
        index[:, supply] = np.maximum(index[:, supply] - ratio(rest[:, loan], units), 0.0)
    return replace(state, index=index)
