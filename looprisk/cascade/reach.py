"""What a fall of a price would set off: the positions near their threshold, and the gain g.

Read from a record, without running anything: the units that each position would sell into a pool,
and the price of the pool's token at which it goes, all other prices as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looprisk.cascade.accounts import Book
from looprisk.cascade.arrays import Bools, Floats, ratio
from looprisk.cascade.legs import Legs
from looprisk.cascade.margins import left_for_leg, liquidation_price, maintenance_of, profit
from looprisk.cascade.plan import Plan
from looprisk.cascade.pools import WINDOW, gain
from looprisk.cascade.readings import terms_of
from looprisk.cascade.shelves import levels, looked_at, reached, seen
from looprisk.cascade.state import State, VenueState
from looprisk.cascade.sums import in_order, total


@dataclass(frozen=True, kw_only=True, eq=False)
class Reach:
    """Positions that sell one token: ``thresholds`` in USD and ``units``, both [path, position].

    A position that no fall of this price reaches has a threshold of 0 and no units.
    """

    thresholds: Floats
    units: Floats


def reach_of(plan: Plan, state: State, pool: int, down_to: Floats | None = None) -> Reach:
    """Return what falls of a pool's price reach: loans that read it at the market, and longs.

    A loan goes with all its units of the token once its threshold is crossed, a leg with its size.
    Readings that lag or are averaged follow the price too, later. With ``down_to`` [path] positions
    that only a lower price reaches may be left out.
    """
    good = plan.pools[pool].good
    found = [loans_in_reach(plan, state, m, good, down_to) for m in range(len(plan.books))]
    found += longs_in_reach(plan, state, good)
    none = np.zeros((state.paths, 0))
    return Reach(
        thresholds=np.concatenate([none, *(reach.thresholds for reach in found)], axis=-1),
        units=np.concatenate([none, *(reach.units for reach in found)], axis=-1),
    )


def longs_in_reach(plan: Plan, state: State, good: int) -> list[Reach]:
    """Return the longs that falls of a good reach, venue by venue."""
    venues = zip(plan.legs, state.venues, strict=True)
    return [_longs(legs, venue, state.price, good) for legs, venue in venues]


def loans_in_reach(
    plan: Plan, state: State, at: int, good: int, down_to: Floats | None = None
) -> Reach:
    """Return the accounts of a market that falls of a good reach."""
    book, now = plan.books[at], state.markets[at]
    readings = plan.readings_of[at]
    if not book.slots:
        none = np.zeros((state.paths, 0))
        return Reach(thresholds=none, units=none)
    follows = [_follows(plan, state, book, s, good) for s in range(len(book.slots))]
    here = np.stack(follows, axis=-1)
    loan_price = np.take(state.price, np.array(book.loans, dtype=np.intp), axis=-1)
    if down_to is not None:
        edge = np.where(here, now.lltv * down_to[:, None], np.inf)
        upto = reached(book.shelves, levels(book.shelves, now, edge, loan_price))
        now = seen(book.shelves, now, looked_at(book.shelves, now, upto))
    counted = now.lltv[:, :, None] * now.collateral
    worth = counted * np.take(state.reading, readings, axis=-1)[:, :, None]
    both = here[:, :, None]
    moving = _over_slots(np.where(both, counted, 0.0))
    still = _over_slots(np.where(both, 0.0, worth))
    owed = _over_slots(now.debt * loan_price[:, :, None])
    threshold = ratio(np.maximum(owed - still, 0.0), moving)
    units = np.where(threshold > 0, _over_slots(np.where(both, now.collateral, 0.0)), 0.0)
    return Reach(thresholds=threshold, units=units)


def _over_slots(values: Floats) -> Floats:
    """Return the sum over the slots of [path, slot, account]."""
    return total(np.swapaxes(values, 1, 2))


def _follows(plan: Plan, state: State, book: Book, slot: int, good: int) -> Bools:
    """Return where the reading of a slot is the market price of the good, [path]."""
    terms = book.slots[slot]
    found = np.zeros(state.paths, dtype=np.bool_)
    for oracle, where in terms_of(plan, state, terms.oracle):
        if oracle.kind == "market":
            found |= where & (plan.place.get(str(oracle.of or terms.collateral)) == good)
    return found


def _longs(legs: Legs, venue: VenueState, price: Floats, good: int) -> Reach:
    mark = np.take(price, legs.good, axis=-1)
    terms, size, entry = legs.terms, venue.size, venue.entry
    cash = venue.margin
    for kind, held in enumerate(legs.kinds):
        worth = price[:, held] * (1 - legs.haircut[kind])
        cash = cash + venue.posted[:, kind] * worth[:, None]
    won = profit(size, entry, mark)
    kept = np.where(size == 0, 0.0, maintenance_of(terms.ladder, size, entry, mark))
    equity = terms.of_leg(cash + terms.per_wallet(won))
    left = left_for_leg(equity, terms.of_leg(terms.per_wallet(kept)), won, kept)
    there = (size > 0) & (legs.good == good)
    found = liquidation_price(terms.ladder, np.where(there, size, np.nan), entry, left)
    threshold = np.where(there, np.maximum(found, 0.0), 0.0)
    return Reach(thresholds=threshold, units=np.where(threshold > 0, size, 0.0))


def gains_of(plan: Plan, state: State) -> tuple[Floats, Bools]:
    """Return (g, whether it is a black hole) of every pool, [path, pool].

    g compares what the next 1 % of a fall releases with what it takes to fall that far; a black
    hole is a g of 1 or more there and in the 1 % below.
    """
    g = np.zeros((state.paths, len(plan.pools)))
    holes = np.zeros(g.shape, dtype=np.bool_)
    for at, pooled in enumerate(plan.pools):
        price = state.price[:, pooled.good]
        reach = reach_of(plan, state, at, price * (1 - WINDOW) * (1 - WINDOW))
        both = []
        for further in (1.0, 1 - WINDOW):
            here = price * further
            near = (reach.thresholds <= here[:, None]) & (
                reach.thresholds > (here * (1 - WINDOW))[:, None]
            )
            freed = in_order(np.where(near, reach.units, 0.0))
            both.append(
                gain(
                    plan.liquid[at],
                    price=here,
                    share=state.share[:, at],
                    sigma=state.sigma[:, at],
                    released=freed,
                    left=state.multiplier[:, pooled.good] * further,
                )
            )
        g[:, at] = both[0]
        holes[:, at] = (both[0] >= 1) & (both[1] >= 1)
    return g, holes
