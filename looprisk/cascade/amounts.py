"""How much of an account one round of liquidation repays and seizes (DYNAMICS 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looprisk.cascade.accounts import Book
from looprisk.cascade.arrays import Bools, Floats, Ints, ratio
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import ACTING, MarketState, State
from looprisk.cascade.sums import in_order
from looprisk.engine.catalogue import known, unknown

SLACK = 1e-12
"""A condition holds in floats where it misses by no more than this share of its terms."""
ALWAYS, WHEN_PAID, ABSENT = range(len(ACTING))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Round:
    """What liquidators want of every account of a market; nothing is sold yet."""

    owed: Floats
    """[path, account]: USD."""
    repay: Floats
    """[path, account]: r, USD."""
    part: Floats
    """[path, slot, account]: the part of r that a slot pays for, USD."""
    wanted: Floats
    """[path, slot, account]: units to seize."""
    reserve: Floats
    """[path, slot, account]: the least price at which a unit is still sold, USD."""
    unpaid: Bools
    """[path, account]: whether nobody acts because it does not pay."""
    absorbed: Bools
    """[path, account]: whether the market takes it over."""
    credit: Floats
    """[path, account]: what the market then owes the owner, USD."""
    stock: Floats
    """[path, slot]: absorbed units for sale."""
    stock_price: Floats
    """[path, slot]: the price at which the market sells them, USD."""
    price: Floats
    """[path, slot]: P before any sale."""
    loan_price: Floats
    """[path, loan]: USD."""
    gas: float


def round_of(plan: Plan, state: State, at: int) -> Round:
    """Return what liquidators want in one market, and what they leave because it does not pay."""
    book, now = plan.books[at], state.markets[at]
    reading = np.take(state.reading, plan.readings_of[at], axis=-1)
    goods: Ints = np.array([slot.good for slot in book.slots], dtype=np.intp)
    price = np.take(state.price, goods, axis=-1)
    loan_price = np.take(state.price, np.array(book.loans, dtype=np.intp), axis=-1)
    owed = summed_over(now.debt, loan_price)
    worth = now.collateral * reading[:, :, None]
    whole = along(worth)
    due = summed_over(worth, now.lltv)
    sick = _sick(owed, due) & (now.acting != ABSENT)[:, None]
    gas = gas_of(book)
    if book.absorbs:
        return _absorbed(book, now, owed, worth, whole, sick, reading, price, loan_price)
    shares = slot_shares(worth, whole)
    phi = incentive_of(book, now, shares, due, owed)
    closing = closing_share(book, due, owed, whole)
    most = ratio(whole, phi)
    repay = np.minimum(np.where(closing == 1, owed, closing * owed), most)
    if book.part.rules == "aave-v3.3":
        repay = without_dust(repay, owed, whole, phi)
    repay = np.where(sick & (whole > 0), repay, 0.0)
    taken = np.where(repay == most, 1.0, ratio(phi * repay, whole))
    wanted = np.where((repay > 0)[:, None], now.collateral * taken[:, None], 0.0)
    part = shares * repay[:, None]
    forced = (now.acting == ALWAYS)[:, None, None]
    gains = wanted * price[:, :, None] - part
    pays = forced | (gains >= -SLACK * part)
    # a slot that does not pay is left; what the others bring must pay for the gas
    wanted, part = np.where(pays, wanted, 0.0), np.where(pays, part, 0.0)
    gain = along(np.where(pays, gains, 0.0))
    paid = (wanted > 0).any(axis=1) & (gain >= gas - SLACK * (repay + gas))
    waits = (now.acting == WHEN_PAID)[:, None] & (repay > 0) & ~paid
    repay = np.where(waits, 0.0, repay)
    reserve = np.where(forced, 0.0, reading[:, :, None] / phi[:, None])
    return Round(
        owed=owed,
        repay=np.where(waits, np.minimum(owed, most), repay),
        part=np.where(waits[:, None], 0.0, part),
        wanted=np.where(waits[:, None], 0.0, wanted),
        reserve=reserve,
        unpaid=waits,
        absorbed=np.zeros_like(sick),
        credit=np.zeros_like(owed),
        stock=np.zeros_like(price),
        stock_price=np.zeros_like(price),
        price=price,
        loan_price=loan_price,
        gas=gas,
    )


def gas_of(book: Book) -> float:
    """Return what a liquidation costs in gas, USD."""
    return float(known(book.part.gas, book.name, "gas")) if book.part.gas is not None else 0.0


def unhealthy(plan: Plan, state: State, at: int) -> Bools:
    """Return which accounts of a market are below their threshold, [path, account]."""
    now = state.markets[at]
    reading = np.take(state.reading, plan.readings_of[at], axis=-1)
    loan_price = np.take(state.price, np.array(plan.books[at].loans, dtype=np.intp), axis=-1)
    due = summed_over(now.collateral * reading[:, :, None], now.lltv)
    return _sick(summed_over(now.debt, loan_price), due)


def _sick(owed: Floats, due: Floats) -> Bools:
    """An account is healthy as long as what it may owe covers what it owes."""
    return (owed > 0) & (due < owed - SLACK * (owed + due))


def slot_shares(worth: Floats, whole: Floats) -> Floats:
    """Return the share of every slot in what an account's collateral is worth."""
    return ratio(worth, np.broadcast_to(whole[:, None], worth.shape))


def summed_over(amounts: Floats, prices: Floats) -> Floats:
    """Return [path, thing, account] times [path, thing], summed over the things in order."""
    if not amounts.shape[1]:
        return np.zeros((amounts.shape[0], amounts.shape[2]))
    found = amounts[:, 0] * prices[:, 0, None]
    for at in range(1, amounts.shape[1]):
        found = found + amounts[:, at] * prices[:, at, None]
    return found


def along(values: Floats) -> Floats:
    """Return [path, thing, account] summed over the things, in order."""
    if not values.shape[1]:
        return np.zeros((values.shape[0], values.shape[2]))
    found = values[:, 0]
    for at in range(1, values.shape[1]):
        found = found + values[:, at]
    return found


def incentive_of(book: Book, now: MarketState, shares: Floats, due: Floats, owed: Floats) -> Floats:
    """Return phi of every account: of its collaterals by weight, or of its health (Euler v2)."""
    if book.part.protocol.incentive == "discount":
        if book.part.max_discount is None:
            raise unknown(f"{book.name}/max_discount")
        floor = 1.0 - float(known(book.part.max_discount, book.name, "max_discount"))
        return 1.0 / np.clip(ratio(due, owed, 1.0), floor, 1.0)
    phi = summed_over(shares, now.incentive)
    return np.where(phi > 0, phi, 1.0)


def closing_share(book: Book, due: Floats, owed: Floats, whole: Floats) -> Floats:
    """Return the share of the debt that one round may repay (close factor)."""
    rules = book.part.rules
    if rules in {"aave-v2", "compound-v2"}:
        return np.full_like(owed, 0.5)
    if rules in {"aave-v3", "aave-v3.3"}:
        half = ratio(due, owed, 1.0) > 0.95
        if rules == "aave-v3.3":
            half = half & (owed >= 2_000) & (whole >= 2_000)
        return np.where(half, 0.5, 1.0)
    stated = book.part.close_factor
    return np.full_like(owed, float(stated.number) if stated is not None else 1.0)


def without_dust(repay: Floats, owed: Floats, whole: Floats, phi: Floats) -> Floats:
    """Where debt and collateral are both left, each must be $1,000 or more (Aave v3.3)."""
    left, kept = owed - repay, whole - phi * repay
    dust = (left > 0) & (kept > SLACK * whole) & ((left < 1_000) | (kept < 1_000))
    lower = np.minimum(repay, np.minimum(owed - 1_000, (whole - 1_000) / phi))
    return np.where(dust, np.maximum(lower, 0.0), repay)


def _absorbed(
    book: Book,
    now: MarketState,
    owed: Floats,
    worth: Floats,
    whole: Floats,
    sick: Bools,
    reading: Floats,
    price: Floats,
    loan_price: Floats,
) -> Round:
    """Compound III takes the account over and sells its collateral at a discount."""
    kept = np.array([slot.kept for slot in book.slots])
    discount = np.array([slot.discount for slot in book.slots])
    counted = summed_over(worth, np.broadcast_to(kept, reading.shape))
    nothing = np.zeros_like(worth)
    stock = now.stock + in_order(np.where(sick[:, None], now.collateral, 0.0))
    del whole
    return Round(
        owed=owed,
        repay=np.zeros_like(owed),
        part=nothing,
        wanted=nothing,
        reserve=nothing,
        unpaid=np.zeros_like(sick),
        absorbed=sick,
        credit=np.where(sick, np.maximum(counted - owed, 0.0), 0.0),
        stock=np.where((now.acting != ABSENT)[:, None], stock, 0.0),
        stock_price=reading * (1 - discount),
        price=price,
        loan_price=loan_price,
        gas=0.0,
    )
