"""Lending: trigger, amount, profit test, sale, bad debt; one round a step (DYNAMICS 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.accounts import Book
from looprisk.cascade.amounts import SLACK, Round, round_of, unhealthy
from looprisk.cascade.arrays import Bools, Floats, Ints, less, ratio
from looprisk.cascade.plan import Plan
from looprisk.cascade.prices import repriced
from looprisk.cascade.rows import events_back, rows_of, state_back
from looprisk.cascade.sales import Offer, Sold, sell_all
from looprisk.cascade.shelves import levels, looked_at, put_back, reached, seen, still_owing
from looprisk.cascade.state import Happened, MarketState, State, leaked
from looprisk.cascade.sums import in_order, total
from looprisk.cascade.writeoffs import of_accounts, write_off


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Moved:
    """What one market's liquidations moved."""

    sold: Floats
    """[path, slot, account]: units."""
    repaid: Floats
    """[path, account]: USD."""


def lend(plan: Plan, state: State) -> tuple[State, tuple[Happened, ...]]:
    """Return the state after one round of liquidations in every market, and what happened.

    All markets read the state at the start of the phase; sales that share a pool share its price.
    Accounts that no price has reached, and paths in which nothing is touched, are left out.
    """
    upto = tuple(_upto(plan, state, at) for at in range(len(plan.books)))
    who = tuple(
        looked_at(book.shelves, now, far)
        for book, now, far in zip(plan.books, state.markets, upto, strict=True)
    )
    some = tuple(
        seen(book.shelves, now, mine)
        for book, now, mine in zip(plan.books, state.markets, who, strict=True)
    )
    view = replace(state, markets=some)
    where = touched(plan, view)
    rows = np.flatnonzero(where)
    if not rows.size:
        return state, ()
    if where.all():
        after, events = _lend(plan, view, who)
    else:
        before = rows_of(view, rows)
        found, events = _lend(plan, before, tuple(mine[rows] for mine in who))
        after, events = (
            state_back(view, before, found, rows),
            events_back(events, rows, state.paths),
        )
    markets = []
    for at, book in enumerate(plan.books):
        market = put_back(book.shelves, state.markets[at], some[at], after.markets[at], who[at])
        opened = np.maximum(market.opened, np.where(where[:, None], upto[at], 0))
        live = still_owing(book.shelves, market, who[at], where)
        markets.append(replace(market, opened=opened, live=live))
    return replace(after, markets=tuple(markets)), events


def _upto(plan: Plan, state: State, at: int) -> Ints:
    """Return how far thresholds, or prices below the debt, reach into the shelves of a market."""
    book, now = plan.books[at], state.markets[at]
    if not book.shelves.shelves:
        return now.opened
    reading = np.take(state.reading, plan.readings_of[at], axis=-1)
    goods = np.array([slot.good for slot in book.slots], dtype=np.intp)
    brings = np.minimum(now.lltv * reading, np.take(state.price, goods, axis=-1))
    loan_price = np.take(state.price, np.array(book.loans, dtype=np.intp), axis=-1)
    return reached(book.shelves, levels(book.shelves, now, brings, loan_price))


def touched(plan: Plan, state: State) -> Bools:
    """Return the paths in which an account is below its threshold or has bad debt, [path]."""
    found = np.zeros(state.paths, dtype=np.bool_)
    for at, now in enumerate(state.markets):
        empty = ~(now.collateral > 0).any(axis=1) & ~now.bad & (now.debt > 0).any(axis=1)
        found |= (unhealthy(plan, state, at) | empty).any(axis=-1)
        found |= now.stock.any(axis=-1)
    return found


def _lend(plan: Plan, state: State, who: tuple[Ints, ...]) -> tuple[State, tuple[Happened, ...]]:
    rounds = tuple(round_of(plan, state, at) for at in range(len(plan.books)))
    if not any(r.wanted.any() or r.stock.any() for r in rounds):
        return _settled(plan, state, rounds, who)
    offers = tuple(offer for at, r in enumerate(rounds) for offer in _offers(plan.books[at], r))
    sold, state, dry = sell_all(plan, state, offers, "lending")
    events: list[Happened] = list(dry)
    first = 0
    for at, (book, r) in enumerate(zip(plan.books, rounds, strict=True)):
        count = len(book.slots)
        mine = sold[first : first + 2 * count]
        first += 2 * count
        state, happened = _applied(plan, state, at, r, mine, who[at])
        events += happened
    state, late = _settled(plan, repriced(plan, state), rounds, who)
    return state, (*events, *late)


def _settled(
    plan: Plan, state: State, rounds: tuple[Round, ...], who: tuple[Ints, ...]
) -> tuple[State, tuple[Happened, ...]]:
    events: list[Happened] = []
    for at, (book, r) in enumerate(zip(plan.books, rounds, strict=True)):
        if r.unpaid.any():
            events.append(_not_paid(book, r.unpaid, r, who[at]))
        state, happened = write_off(plan, state, at, who[at])
        events += happened
    return state, tuple(events)


def _not_paid(book: Book, where: Bools, r: Round, who: Ints) -> Happened:
    return of_accounts(
        book, who, "not_paid", where, r.repay, because="a liquidator would lose money"
    )


def _offers(book: Book, r: Round) -> list[Offer]:
    """Return the sales of every slot: of the accounts, then of what the market has absorbed."""
    offers = []
    for s, slot in enumerate(book.slots):
        offers.append(Offer(good=slot.good, wanted=r.wanted[:, s], reserve=r.reserve[:, s]))
        offers.append(
            Offer(good=slot.good, wanted=r.stock[:, s : s + 1], reserve=r.stock_price[:, s : s + 1])
        )
    return offers


def _applied(
    plan: Plan, state: State, at: int, r: Round, sold: tuple[Sold, ...], who: Ints
) -> tuple[State, list[Happened]]:
    book, now = plan.books[at], state.markets[at]
    own = tuple(_worth_it(part, r.wanted[:, s]) for s, part in enumerate(sold[0::2]))
    stock = sold[1::2]
    gone = np.stack([s.units for s in own], axis=1) if own else np.zeros_like(now.collateral)
    repaid = np.zeros_like(r.repay)
    for s, part in enumerate(own):
        done = ratio(part.units, r.wanted[:, s])
        repaid = repaid + np.where(done == 1, r.part[:, s], r.part[:, s] * done)
    repaid = np.where(r.absorbed, 0.0, repaid)
    moved = _Moved(sold=gone, repaid=repaid)
    market = _with_accounts(now, r, moved)
    market = _with_stock(book, market, r, stock)
    acted = (repaid > 0) | r.absorbed
    left = (r.wanted > 0).any(axis=1) & ~acted
    state = _leaks(plan, state.market(at, market), at, r, moved, own, stock)
    if r.credit.any():
        state = _credited(plan, state, at, r, who)
    events = []
    if acted.any():
        events.append(
            of_accounts(
                book,
                who,
                "liquidated",
                acted,
                np.where(r.absorbed, r.owed, repaid),
                because="its threshold is crossed",
            )
        )
    if left.any():
        events.append(_not_paid(book, left, r, who))
    brings = np.zeros_like(r.owed)
    for s in range(len(book.slots)):
        brings = brings + now.collateral[:, s] * r.stock_price[:, s, None]
    short = r.absorbed & (brings < r.owed * (1 - SLACK))
    if short.any():
        events.append(
            of_accounts(
                book,
                who,
                "bad_debt",
                short,
                r.owed - brings,
                because="its collateral brings less than its debt at the storefront",
            )
        )
    return state, events


def _worth_it(sold: Sold, wanted: Floats) -> Sold:
    """Return a sale without what is no more than rounding of a price at its reservation."""
    real = sold.units > SLACK * wanted
    return Sold(units=np.where(real, sold.units, 0.0), proceeds=np.where(real, sold.proceeds, 0.0))


def _with_accounts(now: MarketState, r: Round, moved: _Moved) -> MarketState:
    # a debt in a token that is worth nothing is still owed
    whole = (moved.repaid == r.owed) & (moved.repaid > 0)
    share = np.where(whole, 1.0, ratio(moved.repaid, r.owed))
    share = np.where(r.absorbed, 1.0, share)
    gone = now.principal * share[:, None]
    principal = np.where(share[:, None] == 1, 0.0, less(now.principal, gone))
    paid = np.where(r.absorbed[:, None], 0.0, now.debt * share[:, None])
    taken = np.where(r.absorbed[:, None], now.collateral, moved.sold)
    collateral = less(now.collateral, taken)
    return replace(
        now,
        collateral=collateral,
        principal=principal,
        units=now.units - in_order(now.collateral - collateral),
        lent=now.lent - in_order(now.principal - principal),
        cash=now.cash + in_order(paid),
        stock=now.stock + in_order(np.where(r.absorbed[:, None], now.collateral, 0.0)),
        repaid=now.repaid + moved.repaid,
    )


def _with_stock(book: Book, now: MarketState, r: Round, stock: tuple[Sold, ...]) -> MarketState:
    """Buyers of absorbed collateral pay the market's discounted price."""
    if not book.absorbs:
        return now
    cash = now.cash.copy()
    for s, part in enumerate(stock):
        paid = part.units[:, 0] * r.stock_price[:, s] / r.loan_price[:, 0]
        cash[:, 0] = cash[:, 0] + paid
    units = np.stack([part.units[:, 0] for part in stock], axis=-1)
    return replace(now, cash=cash, stock=less(now.stock, units))


def _leaks(
    plan: Plan,
    state: State,
    at: int,
    r: Round,
    moved: _Moved,
    own: tuple[Sold, ...],
    stock: tuple[Sold, ...],
) -> State:
    """Book what leaves: collateral at the price before the sale, less what was paid in."""
    book = plan.books[at]
    acted: Bools = moved.repaid > 0
    gas = in_order(np.where(acted, r.gas, 0.0))
    paid_in = in_order(moved.repaid)
    for s in range(len(stock)):
        paid_in = paid_in + stock[s].units[:, 0] * r.stock_price[:, s]
    gain = -gas - paid_in
    if book.loans[0] >= plan.assets:
        state = leaked(state, "token_lenders", paid_in)
    for s, slot in enumerate(book.slots):
        both = in_order(own[s].proceeds) + total(stock[s].proceeds)
        worth = (in_order(own[s].units) + total(stock[s].units)) * r.price[:, s]
        gain = gain + both
        if slot.good in plan.pool_of:
            name = plan.pools[plan.pool_of[slot.good]].name
            state = leaked(state, f"slippage:{name}", worth - both)
        if slot.good >= plan.assets:
            # tokens that were seized stay outstanding: what they are worth has not left
            state = leaked(state, "token_lenders", -worth)
    state = leaked(state, "gas", gas)
    return leaked(state, "liquidators", gain)


def _credited(plan: Plan, state: State, at: int, r: Round, who: Ints) -> State:
    """What an absorbing market owes the owner is supply of theirs."""
    supply = plan.supplies.index((at, 0))
    good = plan.assets + plan.tokens + supply
    units = ratio(r.credit, r.loan_price[:, :1] * state.index[:, supply : supply + 1])
    grown = state.units.copy()
    grown[:, good] = grown[:, good] + in_order(units)
    out = state.paid_out.copy()
    out[:, good] = out[:, good] - in_order(r.credit)
    owned = state.owned.copy()
    owner = np.append(plan.books[at].owner, -1)[who]
    for firm in plan.books[at].owned_by:
        mine = np.where(owner == firm, units, 0.0)
        owned[:, firm, good] = owned[:, firm, good] + in_order(mine)
    return replace(state, units=grown, owned=owned, paid_out=out)
