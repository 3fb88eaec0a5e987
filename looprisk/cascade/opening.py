"""Positions taken at a stage: accounts, legs, and tables of either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.accounts import Book, accounts_in
from looprisk.cascade.arrays import Bools, Floats, Ints
from looprisk.cascade.legs import names_of_legs, size_of
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import MarketState, State, VenueState, leaked
from looprisk.cascade.sums import total
from looprisk.cascade.traders import traders_of
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.state import State as Start
from looprisk.engine.state import asset_usd, looped
from looprisk.errors import ModelError, Problem
from looprisk.model.frozen import FrozenMap
from looprisk.model.positions import (
    AnyPosition,
    LoanPosition,
    OnVenue,
    PerpPosition,
    TablePosition,
    VenueTable,
)
from looprisk.model.scenario import Scenario, Stage


def written_out(catalogue: Catalogue, start: Start, scenario: Scenario) -> Scenario:
    """Return a scenario whose stages open accounts one by one, with collateral and debt.

    Loops are set out at the start prices; a table of accounts becomes its rows, a table of traders
    stays.
    """
    stages = []
    for stage in scenario.stages:
        new = dict(
            one
            for name, position in stage.open.items()
            for one in _accounts(catalogue, start, str(name), position)
        )
        stages.append(stage.model_copy(update={"open": FrozenMap(new)}) if stage.open else stage)
    return scenario.model_copy(update={"stages": tuple(stages)})


def _accounts(
    catalogue: Catalogue, start: Start, name: str, position: AnyPosition
) -> Iterator[tuple[str, AnyPosition]]:
    if isinstance(position, TablePosition):
        for row in accounts_in(name, position):
            yield (
                row.name,
                LoanPosition(
                    market=position.market,
                    owner=position.owner,
                    e_mode=row.mode,
                    collateral=dict(row.collateral),
                    debt=dict(row.debt),
                ),
            )
    elif isinstance(position, LoanPosition) and position.loop is not None:
        market = catalogue.system.markets[position.market]
        mode = market.e_modes.get(str(position.e_mode))
        loan = str(next(iter((mode.borrows if mode is not None else ()) or market.lends)))
        account = looped(catalogue, start, position, loan)
        yield (
            name,
            LoanPosition(
                market=position.market,
                owner=position.owner,
                e_mode=position.e_mode,
                collateral=dict(account.collateral),
                debt=dict(account.debts),
            ),
        )
    else:
        yield name, position


def take(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """Positions are taken; what they bring in is new money."""
    del at
    for m, book in enumerate(plan.books):
        accounts = {
            str(name): one
            for name, one in stage.open.items()
            if isinstance(one, LoanPosition) and one.market == book.name
        }
        if accounts:
            market, brought = _lent(plan, state, book, state.markets[m], accounts, where)
            state = leaked(state.market(m, market), "inflow", -brought)
    for v, legs in enumerate(plan.legs):
        for name, position in stage.open.items():
            if isinstance(position, OnVenue) and position.venue == legs.name:
                venue, brought = _entered(plan, state, v, str(name), position, where)
                state = leaked(state.venue(v, venue), "inflow", -brought)
    return state


def _lent(
    plan: Plan,
    state: State,
    book: Book,
    now: MarketState,
    accounts: Mapping[str, LoanPosition],
    where: Bools,
) -> tuple[MarketState, Floats]:
    """Return a market with accounts taken in it, and what they brought, USD [path]."""
    collateral, principal, cash = now.collateral.copy(), now.principal.copy(), now.cash.copy()
    brought_in, held, lent = now.brought.copy(), now.units.copy(), now.lent.copy()
    brought = np.zeros(state.paths)
    for name, position in accounts.items():
        _, account = plan.account_at[name]
        for thing, amount in position.collateral.items():
            units = np.where(where, float(known(amount, "open", name, "collateral", thing)), 0.0)
            slot = next(s for s in book.slots_of(str(thing)) if book.used[s, account])
            collateral[:, slot, account] += units
            brought_in[:, slot, account] += units
            held[:, slot] += units
            if book.slots[slot].good < plan.assets:
                brought = brought + units * state.price[:, book.slots[slot].good]
        for token, amount in position.debt.items():
            loan = book.loans.index(plan.place[str(token)])
            units = np.where(where, float(known(amount, "open", name, "debt", token)), 0.0)
            principal[:, loan, account] += units / now.growth[:, loan]
            lent[:, loan] += units / now.growth[:, loan]
            cash[:, loan] -= units
            if (cash[:, loan] < 0).any():
                raise _too_little(name, book, float((cash[:, loan] + units).min()))
            if book.loans[loan] < plan.assets:
                brought = brought - units * state.price[:, book.loans[loan]]
    market = replace(
        now,
        collateral=collateral,
        principal=principal,
        brought=brought_in,
        units=held,
        lent=lent,
        cash=cash,
    )
    return market, brought


def _too_little(name: str, book: Book, there: float) -> ModelError:
    message = f"open: {name} draws more than the {there:,.0f} that {book.name} has in cash"
    return ModelError([Problem(("open", name), message, "draw less, or give the market more cash")])


def _entered(
    plan: Plan, state: State, v: int, name: str, position: OnVenue, where: Bools
) -> tuple[VenueState, Floats]:
    """Return a venue with legs taken on it, and what they brought, USD [path]."""
    legs, venue = plan.legs[v], state.venues[v]
    come = (
        _leg(plan, v, name, position)
        if isinstance(position, PerpPosition)
        else (_rows(plan, state, v, name, position))
    )
    mark = np.take(state.price, legs.good[come.leg], axis=-1)
    entry = come.entry if come.entry is not None else venue.entry[:, come.leg]
    margin, posted = venue.margin.copy(), venue.posted.copy()
    margin[:, come.wallet] += np.where(where[:, None], come.cash, 0.0)
    brought = total(come.cash + np.zeros_like(margin[:, come.wallet]))
    for asset, units in come.tokens.items():
        good = plan.place[asset]
        if good in legs.kinds:
            posted[:, legs.kinds.index(good), come.wallet] += np.where(where[:, None], units, 0.0)
            worth = units * (state.price[:, good, None] if good < plan.assets else 0.0)
        else:
            worth = units * float(asset_usd(plan.catalogue, plan.start, asset))
            margin[:, come.wallet] += np.where(where[:, None], worth, 0.0)
        brought = brought + total(worth + np.zeros_like(margin[:, come.wallet]))
    brought = brought + total(come.size * (mark - entry))
    venue = replace(
        venue,
        size=_set(venue.size, come.leg, where, come.size),
        entry=_set(venue.entry, come.leg, where, entry),
        margin=margin,
        posted=posted,
    )
    return venue, np.where(where, brought, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Come:
    """Legs that come onto a venue, by their places there."""

    leg: Ints
    wallet: Ints
    size: Floats
    """[leg]: signed units."""
    entry: Floats | None
    """[path, leg]: USD; None for what stands in the file."""
    cash: Floats
    """[wallet], or [path, wallet]: USD."""
    tokens: Mapping[str, Floats]
    """Asset: [wallet] units."""


def _leg(plan: Plan, v: int, name: str, position: PerpPosition) -> _Come:
    leg = np.array([plan.leg_at[name][1]], dtype=np.intp)
    return _Come(
        leg=leg,
        wallet=plan.legs[v].wallet[leg],
        size=np.array([size_of(position)]),
        entry=None,
        cash=np.zeros(1),
        tokens={
            str(asset): np.array([float(known(amount, name, "margin", asset))])
            for asset, amount in position.margin.items()
        },
    )


def _rows(plan: Plan, state: State, v: int, name: str, position: VenueTable) -> _Come:
    """Where a table does not say at what its traders enter, they enter at the last mark."""
    legs, traders = plan.legs[v], traders_of(position)
    leg = np.array([plan.leg_at[one][1] for one in names_of_legs(name, traders)], dtype=np.intp)
    first = legs.wallets.index(f"{name}/{traders.names[0]}")
    entry = traders.entries(np.take(state.price, legs.good[leg], axis=-1))
    return _Come(
        leg=leg,
        wallet=np.arange(first, first + len(traders.names), dtype=np.intp),
        size=traders.size,
        entry=entry,
        cash=traders.cash(entry),
        tokens=traders.tokens,
    )


def _set(values: Floats, at: Ints, where: Bools, new: Floats) -> Floats:
    """Return values [path, thing] with some things set in some paths."""
    copy = values.copy()
    copy[:, at] = np.where(where[:, None], new, copy[:, at])
    return copy
