"""Prices: what is given from outside, what sales made of it, and the gains they bring (DYNAMICS 3).

Every change of a price goes through :func:`repriced`, which books the gains on exogenous units that
are held inside.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.cascade.arrays import Floats
from looprisk.cascade.paths import Drawn
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import State
from looprisk.cascade.sums import total


def prices_of(plan: Plan, state: State) -> tuple[Floats, Floats]:
    """Return (E, P) of every good at the state's levels, quotes and impacts, USD [path, good]."""
    external = state.economic.copy()
    price = external.copy()
    for asset, unit in plan.units_of_assets:
        level = state.level[:, asset]
        external[:, asset] = level if unit < 0 else level * price[:, unit]
        price[:, asset] = external[:, asset] * state.multiplier[:, asset]
    tokens = slice(plan.assets, plan.assets + plan.tokens)
    quoted = ~np.isnan(state.quote)
    external[:, tokens] = np.where(quoted, state.quote, external[:, tokens])
    price[:, tokens] = external[:, tokens] * state.multiplier[:, tokens]
    return external, price


def led(plan: Plan, state: State, drawn: Drawn | None) -> State:
    """Return the state with the levels and quotes that paths give for its step."""
    if drawn is None:
        return state
    later = []
    level = state.level.copy()
    for column, (name, unit) in enumerate(zip(drawn.ids, drawn.written_in, strict=True)):
        values = drawn.values[:, state.k, column]
        if name in plan.system.assets and unit == plan.system.assets[name].price.of:
            level[:, plan.place[name]] = values
        else:
            later.append((name, unit, values))
    state = replace(state, level=level)
    for name, unit, values in later:
        _, price = prices_of(plan, state)
        usd = values * price[:, plan.good(unit)] if unit is not None else values
        at = plan.good(name)
        if at >= plan.assets:
            quote = state.quote.copy()
            quote[:, at - plan.assets] = usd
            state = replace(state, quote=quote)
            continue
        own = plan.system.assets[name].price.of
        level = state.level.copy()
        level[:, at] = usd / price[:, plan.place[own]] if own is not None else usd
        state = replace(state, level=level)
    return state


def repriced(plan: Plan, state: State) -> State:
    """Return the state at the prices its levels and impacts give, with the gains on what it has."""
    external, price = prices_of(plan, state)
    change = price - state.price
    if not np.any(change):
        return replace(state, external=external, price=price)
    assets = change[:, : plan.assets]
    gains = total(exogenous(plan, state) * assets)
    for legs, venue in zip(plan.legs, state.venues, strict=True):
        gains = gains + total(venue.size * np.take(change, legs.good, axis=-1))
    return replace(state, external=external, price=price, gains=state.gains + gains)


def exogenous(plan: Plan, state: State) -> Floats:
    """Return the units of assets that are held inside, [path, asset]."""
    units = np.zeros((state.paths, plan.assets))
    for firm in range(len(plan.firms)):
        units = units + state.owned[:, firm, : plan.assets]
    for book, now in zip(plan.books, state.markets, strict=True):
        for loan, good in enumerate(book.loans):
            if good < plan.assets:
                units[:, good] += now.cash[:, loan] + now.unlisted[:, loan]
        for s, slot in enumerate(book.slots):
            if slot.good < plan.assets:
                units[:, slot.good] += now.units[:, s] + now.stock[:, s]
    for legs, venue in zip(plan.legs, state.venues, strict=True):
        for kind, good in enumerate(legs.kinds):
            if good < plan.assets:
                units[:, good] += total(venue.posted[:, kind])
    return units
