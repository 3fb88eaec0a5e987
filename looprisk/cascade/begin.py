"""The state of a system as loaded at start prices, before any step (record -1)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.cascade.accounts import Book
from looprisk.cascade.accrue import INITIAL_TARGET
from looprisk.cascade.arrays import Floats, spread
from looprisk.cascade.book import book
from looprisk.cascade.legs import Legs
from looprisk.cascade.network import Network
from looprisk.cascade.plan import Plan
from looprisk.cascade.prices import prices_of
from looprisk.cascade.readings import read_at_start
from looprisk.cascade.state import ACTING, MarketState, QueueState, State, VenueState
from looprisk.cascade.sums import in_order
from looprisk.cascade.valuation import value
from looprisk.engine.catalogue import known
from looprisk.errors import NoSolutionError

ROUNDS = 200
"""Rounds in which the bounds of a circular value must meet."""
MEET = 1e-12


def begin(plan: Plan, network: Network, paths: int) -> State:
    """Return the state before the first step, for every path alike.

    Raises NoSolutionError where what a token is worth at the start is not determined: a debt in
    its own unit lies in a loop with it, and the bounds do not meet.
    """
    state = _priced(plan, _empty(plan, paths))
    state = _priced(plan, replace(state, economic=_economic(plan, network, state)))
    if plan.legs:
        # legs on tokens are marked at what those are worth, which is known only now
        state = _priced(plan, replace(state, economic=_economic(plan, network, state)))
    state = replace(state, gains=np.zeros(paths), book=state.economic)
    return read_at_start(plan, replace(state, book=book(plan, network, state)))


def _priced(plan: Plan, state: State) -> State:
    external, price = prices_of(plan, state)
    return replace(state, external=external, price=price)


def _economic(plan: Plan, network: Network, state: State) -> Floats:
    """Return the clearing of the start, with triggers off, USD a unit [path, good].

    Debts in a circular unit pull a price down as it rises: two bounds that meet leave one value.
    """
    if not network.circular_units:
        return value(plan, network, state, state.price).price
    low = np.zeros_like(state.price)
    high = value(plan, network, state, low).price
    for _ in range(ROUNDS):
        low = value(plan, network, state, high).price
        high = value(plan, network, state, low).price
        if np.abs(high - low).max() <= MEET * np.abs(high).max():
            return high
    return value(plan, network, state, _stated(plan, network, state)).price


def _stated(plan: Plan, network: Network, state: State) -> Floats:
    """Return the prices that the file states for circular units, USD [path, good]."""
    price = state.price.copy()
    for good in network.circular_units:
        quote = state.quote[:, good - plan.assets] if good < plan.assets + plan.tokens else None
        posted = plan.posted.get(good)
        if posted is not None:
            price[:, good] = posted
        elif quote is not None and not np.isnan(quote).any():
            price[:, good] = quote
        else:
            raise NoSolutionError(
                f"what {plan.goods[good]} is worth at the start is not determined: something is "
                f"owed in {plan.goods[good]} that its own value depends on, and the bounds do not "
                "meet: state its `market_price`"
            )
    return price


def _empty(plan: Plan, paths: int) -> State:
    goods, firms = len(plan.goods), len(plan.firms)
    state = plan.start
    level = [float(state.prices[name]) for name in plan.system.assets]
    quotes = [float(state.quotes.get(t, "nan")) for t in plan.catalogue.tokens]
    readings = len(plan.readings)
    nothing = np.zeros((paths, goods))
    return State(
        k=-1,
        level=spread(level, paths),
        quote=spread(quotes, paths),
        multiplier=np.ones((paths, goods)),
        share=np.ones((paths, len(plan.pools))),
        sigma=spread([_calm(plan, at) for at in range(len(plan.pools))], paths),
        external=nothing,
        price=nothing,
        reading=np.zeros((paths, readings)),
        last=np.zeros((paths, readings)),
        pushed=np.zeros((paths, readings)),
        sources=(),
        integrals=(),
        first=np.zeros((paths, readings)),
        frozen=np.zeros((paths, readings), dtype=np.bool_),
        terms=tuple((oracle,) for oracle in plan.system.oracles.values()),
        version=np.zeros((paths, len(plan.system.oracles)), dtype=np.intp),
        misprice=np.ones((paths, readings)),
        wrong=np.full((paths, readings), np.nan),
        markets=tuple(_market(plan, at, book_, paths) for at, book_ in enumerate(plan.books)),
        venues=tuple(_venue(legs, paths) for legs in plan.legs),
        cash=np.zeros((paths, firms)),
        owned=spread(plan.owned, paths),
        units=spread(plan.outstanding, paths),
        paid_out=nothing,
        index=np.ones((paths, len(plan.supplies))),
        lost=np.zeros((paths, len(plan.piles))),
        recognised=np.zeros((paths, firms), dtype=np.bool_),
        cap=np.ones((paths, len(plan.owed))),
        face=np.ones((paths, len(plan.owed))),
        fed=np.zeros((paths, len(plan.feeds))),
        queue=_queue(plan, paths),
        fired=np.zeros((paths, len(plan.scenario.stages)), dtype=np.bool_),
        moved=np.zeros((paths, len(plan.scenario.stages)), dtype=np.bool_),
        seen={},
        standing={},
        economic=nothing,
        book=nothing,
        gains=np.zeros(paths),
        leaks={},
    )


def _calm(plan: Plan, pool: int) -> float:
    thins = plan.pools[pool].part.thins
    if thins is None or thins.calm is None:
        return 0.0
    return float(known(thins.calm, plan.pools[pool].name, "thins", "calm"))


def _market(plan: Plan, at: int, book_: Book, paths: int) -> MarketState:
    supplies = [plan.supplies.index((at, loan)) for loan in range(len(book_.loans))]
    ids = list(plan.catalogue.supplies)
    loans, accounts = len(book_.loans), len(book_.accounts)
    rates = [_base(plan, book_, loan) for loan in range(loans)]
    acting = book_.part.liquidators or "when_paid"
    return MarketState(
        collateral=_alike(book_.collateral, paths),
        principal=_alike(book_.debt, paths),
        growth=np.ones((paths, loans)),
        units=spread(in_order(book_.collateral), paths),
        lent=spread(in_order(book_.debt), paths),
        opened=np.zeros((paths, len(book_.shelves.shelves)), dtype=np.intp),
        live=np.full((paths, 0), accounts, dtype=np.intp),
        cash=spread([float(plan.start.cash[ids[s]]) for s in supplies], paths),
        unlisted=spread(plan.unlisted[supplies], paths),
        insurance=spread(plan.insurance[supplies], paths),
        deficit=np.zeros((paths, loans)),
        rate_at_target=spread(rates, paths),
        stock=np.zeros((paths, len(book_.slots))),
        bad=np.broadcast_to(np.zeros(accounts, dtype=np.bool_), (paths, accounts)),
        repaid=_alike(np.zeros(accounts), paths),
        brought=_alike(book_.collateral, paths),
        lltv=spread([slot.lltv for slot in book_.slots], paths),
        incentive=spread([slot.incentive for slot in book_.slots], paths),
        cap=np.broadcast_to(np.ones(accounts), (paths, accounts)),
        acting=np.full(paths, ACTING.index(acting), dtype=np.intp),
    )


def _alike(row: Floats, paths: int) -> Floats:
    """Return the same numbers for every path, at the memory of one: nobody writes into them."""
    return np.broadcast_to(row, (paths, *row.shape))


def _base(plan: Plan, book_: Book, loan: int) -> float:
    """Return where an adaptive rate starts, per year."""
    token = plan.goods[book_.loans[loan]]
    rate = book_.part.lends[token].rate
    if rate is None or rate.kind != "adaptive":
        return 0.0
    if rate.base is None:
        return INITIAL_TARGET
    return float(known(rate.base, book_.name, "lends", token, "rate", "base"))


def _venue(legs: Legs, paths: int) -> VenueState:
    return VenueState(
        size=spread(legs.size, paths),
        entry=spread(legs.entry, paths),
        margin=spread(legs.margin, paths),
        posted=spread(legs.posted, paths),
        fund=np.full(paths, legs.fund),
        ordered=np.full((paths, len(legs.legs)), -np.inf),
        cut=np.zeros((paths, len(legs.legs))),
        home=np.zeros((paths, len(legs.wallets))),
    )


def _queue(plan: Plan, paths: int) -> QueueState:
    runs = len(plan.runs)
    return QueueState(
        asked=np.zeros((paths, runs)),
        whole=np.zeros((paths, runs)),
        waiting=(),
        joined=(),
        paid=np.zeros((paths, runs)),
        missing=np.zeros((paths, runs)),
        gain=np.zeros((paths, runs)),
        gone=np.zeros((paths, runs)),
    )
