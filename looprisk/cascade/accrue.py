"""What time alone does between two steps: interest, funding, refill of pools (DYNAMICS 5, 6)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.cascade.accounts import Book
from looprisk.cascade.arrays import YEAR, Floats, ratio
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import MarketState, State, leaked
from looprisk.cascade.sums import total
from looprisk.cascade.wallets import by_wallet
from looprisk.engine.catalogue import known
from looprisk.model.markets import RateModel
from looprisk.model.values import Value

LEAST, MOST = 0.001, 2.0
"""Bounds of an adaptive rate at target, per year."""
INITIAL_TARGET = 0.04
"""Where an adaptive rate at target starts that says nothing of it: Morpho's, per year."""
TARGET, STEEP, SPEED = 0.9, 4.0, 50.0
"""Of an adaptive rate: utilisation aimed at, steepness, speed per year."""


def accrue(plan: Plan, state: State, dt: float) -> State:
    """Return the state after ``dt`` seconds without an event."""
    if not dt:
        return state
    years = dt / YEAR
    for at, book in enumerate(plan.books):
        state = _interest(plan, state, at, book, years)
    state = _owed(plan, state, years)
    return _funding(plan, state, years)


def utilisation(now: MarketState) -> Floats:
    """Return debts / (debts + cash) of every loan token, [path, loan]; 0 where there is nothing."""
    debts = now.owed + now.unlisted
    return ratio(debts, debts + now.cash)


def _interest(plan: Plan, state: State, at: int, book: Book, years: float) -> State:
    now = state.markets[at]
    rates = [book.part.lends[plan.goods[good]].rate for good in book.loans]
    if all(rate is None for rate in rates):
        return state
    used = utilisation(now)
    growth, target, index = now.growth.copy(), now.rate_at_target.copy(), state.index.copy()
    unlisted, gains = now.unlisted.copy(), state.gains
    for loan, rate in enumerate(rates):
        if rate is None:
            continue
        if rate.kind == "adaptive":
            yearly, target[:, loan] = adaptive(used[:, loan], target[:, loan], years)
        else:
            yearly = kinked(rate, used[:, loan], book.name)
        growth[:, loan] = now.growth[:, loan] * np.exp(yearly * years)
        earned = now.lent[:, loan] * growth[:, loan] - now.owed[:, loan]
        if book.loans[loan] < plan.assets:
            # borrowers who are not listed pay as well; what they owe comes from outside
            more = now.unlisted[:, loan] * np.expm1(yearly * years)
            unlisted[:, loan] += more
            earned = earned + more
            gains = gains + more * state.price[:, book.loans[loan]]
        supply = plan.supplies.index((at, loan))
        units = state.units[:, plan.assets + plan.tokens + supply]
        index[:, supply] = index[:, supply] + ratio(earned, units)
    market = replace(now, growth=growth, rate_at_target=target, unlisted=unlisted)
    return replace(state.market(at, market), index=index, gains=gains)


def kinked(rate: RateModel, used: Floats, market: str) -> Floats:
    """Return the rate of a kinked model at a utilisation, per year.

    ``base + slope_1 min(u, k)/k + slope_2 max(0, u - k)/(1 - k)``.

    >>> curve = RateModel(kind="kinked", base=0, slope_1="4%/y", slope_2="60%/y", kink="80%")
    >>> kinked(curve, np.array([0.4, 0.9]), "m")
    array([0.02, 0.34])
    """
    base, low, high = (_rate(v, market) for v in (rate.base, rate.slope_1, rate.slope_2))
    kink = float(known(rate.kink, market, "rate", "kink")) if rate.kink is not None else 1.0
    above = np.maximum(0.0, used - kink) / (1 - kink) if kink < 1 else np.zeros_like(used)
    below = np.minimum(used, kink) / kink if kink > 0 else np.zeros_like(used)
    return base + low * below + high * above


def adaptive(used: Floats, target: Floats, years: float) -> tuple[Floats, Floats]:
    """Return the mean rate over a time and the rate at target after it, per year.

    Source: Morpho Blue AdaptiveCurveIrm: the rate at target moves with the distance from 90 %, the
    mean is that of its start, its end and twice its middle.
    """
    away = (used - TARGET) / np.where(used > TARGET, 1 - TARGET, TARGET)
    end = np.clip(target * np.exp(SPEED * away * years), LEAST, MOST)
    middle = np.clip(target * np.exp(SPEED / 2 * away * years), LEAST, MOST)
    steep = np.where(away < 0, 1 - 1 / STEEP, STEEP - 1)
    return (steep * away + 1) * (target + end + 2 * middle) / 4, end


def _rate(value: Value | None, market: str) -> float:
    return float(known(value, market, "rate")) if value is not None else 0.0


def _owed(plan: Plan, state: State, years: float) -> State:
    """Loans of issuers grow at the rate that is written on them."""
    rates = np.array([owed.rate for owed in plan.owed])
    if not rates.any():
        return state
    return replace(state, face=state.face * np.exp(rates * years))


def _funding(plan: Plan, state: State, years: float) -> State:
    """A positive rate is paid by longs and received by shorts, on the notional of the last mark."""
    for at, (legs, venue) in enumerate(zip(plan.legs, state.venues, strict=True)):
        if not legs.funding.any():
            continue
        mark = np.take(state.price, legs.good, axis=-1)
        paid = venue.size * mark * legs.funding * years
        margin = venue.margin - by_wallet(legs, paid)
        state = state.venue(at, replace(venue, margin=margin))
        state = leaked(state, f"funding:{legs.name}", total(paid))
    return state
