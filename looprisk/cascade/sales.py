"""Sales of one phase: all that is offered of a good meets its pool at one pace (DYNAMICS 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.arrays import Bools, Floats
from looprisk.cascade.plan import Plan
from looprisk.cascade.pools import Pool, pool_of, refilled, sell, trade, volatility
from looprisk.cascade.state import Happened, State

ROUNDING = 1e-12
"""A price below a reservation by no more than this share of it still meets it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offer:
    """Units of a good, for sale by several."""

    good: int
    wanted: Floats
    """[path, seller]: units."""
    reserve: Floats
    """[path, seller]: the least price at which a unit is still sold, USD; 0 for forced sellers."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sold:
    """What became of an offer."""

    units: Floats
    """[path, seller]."""
    proceeds: Floats
    """[path, seller]: USD."""


def pools_at(plan: Plan, state: State) -> tuple[Pool, ...]:
    """Return the terms of every pool, at the start prices of a state."""
    return tuple(pool_of(pooled.part, float(state.price[0, pooled.good])) for pooled in plan.pools)


def sell_all(
    plan: Plan, state: State, offers: tuple[Offer, ...], phase: str
) -> tuple[tuple[Sold, ...], State, tuple[Happened, ...]]:
    """Return what each offer brings, and the state with the impact of all of them together.

    Without a pool any quantity is sold at the price, if that is what the seller asks at least.
    Gains on what is still held are not booked here: the impact shows when the state is repriced.
    """
    sold: list[Sold] = []
    for offer in offers:
        price = state.price[:, offer.good, None]
        units = np.where(price >= offer.reserve * (1 - ROUNDING), offer.wanted, 0.0)
        sold.append(Sold(units=units, proceeds=units * price))
    events: list[Happened] = []
    for at, pooled in enumerate(plan.pools):
        mine = [i for i, offer in enumerate(offers) if offer.good == pooled.good]
        if not any(offers[i].wanted.any() for i in mine):
            continue
        wanted = np.concatenate([offers[i].wanted for i in mine], axis=-1)
        done = sell(
            plan.liquid[at],
            price=state.price[:, pooled.good],
            external=state.external[:, pooled.good],
            share=state.share[:, at],
            sigma=state.sigma[:, at],
            wanted=wanted,
            reserve=np.concatenate([offers[i].reserve for i in mine], axis=-1),
        )
        first = 0
        for i in mine:
            last = first + offers[i].wanted.shape[1]
            sold[i] = Sold(units=done.sold[:, first:last], proceeds=done.proceeds[:, first:last])
            first = last
        state = moved_to(state, pooled.good, done.price, np.any(done.sold > 0, axis=-1))
        events += _dry(pooled.name, done.dry, phase)
    return tuple(sold), state, tuple(events)


def trade_all(
    plan: Plan, state: State, units: Floats, phase: str
) -> tuple[Floats, State, tuple[Happened, ...]]:
    """Return the average price of a net sale of every good, [path, good], and its impact.

    ``units`` [path, good] are sold where positive, bought where negative.
    """
    average = state.price.copy()
    events: list[Happened] = []
    for at, pooled in enumerate(plan.pools):
        net = units[:, pooled.good]
        if not net.any():
            continue
        done = trade(
            plan.liquid[at],
            price=state.price[:, pooled.good],
            external=state.external[:, pooled.good],
            share=state.share[:, at],
            sigma=state.sigma[:, at],
            units=net,
        )
        average[:, pooled.good] = done.average
        state = moved_to(state, pooled.good, done.price, net != 0)
        events += _dry(pooled.name, done.dry, phase)
    return average, state, tuple(events)


def moved_to(state: State, good: int, price: Floats, moved: Bools) -> State:
    """Return the state with the impact that brings a good to a price, in the paths where it did."""
    multiplier = state.multiplier.copy()
    external = state.external[:, good]
    safe = np.where(external != 0, external, 1.0)
    multiplier[:, good] = np.where(moved & (external != 0), price / safe, multiplier[:, good])
    return replace(state, multiplier=multiplier)


def _dry(pool: str, where: Bools, phase: str) -> list[Happened]:
    if not where.any():
        return []
    column = where[:, None]
    event = Happened(
        phase=phase,
        event="dry",
        of=(pool,),
        where=column,
        amount=np.zeros(column.shape),
        because="nobody buys below a billionth of the start price",
    )
    return [event]


def refill(plan: Plan, state: State, dt: float) -> State:
    """Return the state after pools had time to recover."""
    if not plan.liquid:
        return state
    multiplier, share = state.multiplier.copy(), state.share.copy()
    for at, (pool, pooled) in enumerate(zip(plan.liquid, plan.pools, strict=True)):
        multiplier[:, pooled.good], share[:, at] = refilled(
            pool, multiplier[:, pooled.good], share[:, at], dt
        )
    return replace(state, multiplier=multiplier, share=share)


def with_volatility(plan: Plan, state: State, before: State, dt: float) -> State:
    """Return the state with the volatility that pools measured over the step."""
    if not dt or all(pool.window is None for pool in plan.liquid):
        return state
    sigma = state.sigma.copy()
    for at, (pool, pooled) in enumerate(zip(plan.liquid, plan.pools, strict=True)):
        was, now = before.external[:, pooled.good], state.external[:, pooled.good]
        sigma[:, at] = volatility(pool, sigma[:, at], was, now, dt)
    return replace(state, sigma=sigma)
