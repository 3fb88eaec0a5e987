"""What a venue decides about its accounts at one mark: orders, the fund's share, deleveraging.

Every decision reads the state at the start of the phase; :mod:`looprisk.cascade.settling` applies
them together once the sale has a price. Source: DYNAMICS 6; Hyperliquid docs, "Liquidations".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looprisk.cascade import adl
from looprisk.cascade.arrays import Bools, Floats, Ints, ratio
from looprisk.cascade.margins import bankruptcy_price
from looprisk.cascade.sums import total
from looprisk.cascade.venues import VenueTerms, equity, maintenance

HEALTHY, ORDER, BACKSTOP, BANKRUPT = 0, 1, 2, 3
ROUNDING = 1e-12
"""The share of the terms of an equity by which it may miss a level and still meet it."""
"""Classes of a wallet at the mark: left alone; closed by a market order; taken over by the venue's
liquidator; under water."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueState:
    """The accounts of one venue.

    ``size`` in signed units and ``entry`` in USD per unit are (path, leg), as is ``ordered``, the
    time of the last partial order in seconds, -inf for none. ``margin`` is cash and ``posted`` what
    margin in tokens counts for, USD, both (path, wallet); ``fund`` is (path,), USD.
    """

    size: Floats
    entry: Floats
    margin: Floats
    posted: Floats
    fund: Floats
    ordered: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is closed of every leg in one phase, in units signed like the leg.

    ``state`` is the class of each wallet. ``market`` is sold for the account, ``by_fund`` for the
    fund, both in one sale; ``adl`` is closed against winners, who give ``taken``. Prices in USD per
    unit: ``price_loser`` where a leg has ``adl``, ``price_winner`` where it has ``taken``, the mark
    elsewhere. ``uncovered`` is the share of the losses under water that the fund cannot pay.
    ``others_units`` (path, instrument) is what traders that are not modelled give, signed like
    their own positions, and ``others`` (path,) what they gain by it: negative, they pay.
    """

    state: Ints
    market: Floats
    by_fund: Floats
    adl: Floats
    taken: Floats
    price_loser: Floats
    price_winner: Floats
    uncovered: Floats
    ordered: Floats
    others_units: Floats
    others: Floats


def classes(
    terms: VenueTerms,
    *,
    worth: Floats,
    kept: Floats,
    open_notional: Floats,
    slack: Floats | float = 0.0,
) -> Ints:
    """Return the class of each wallet from its equity, maintenance and notional, all USD.

    A wallet is below a level only by more than ``slack``, the rounding of its equity.

    Healthy from the maintenance margin up, bankrupt below zero. In between a market order, or the
    backstop where the venue has one and the equity is below that share of the maintenance.

    >>> from looprisk.cascade.venues import terms_of
    >>> from looprisk.model import Venue
    >>> hyperliquid = Venue(convention="hyperliquid", mode="isolated", maintenance="3%")
    >>> terms = terms_of(hyperliquid, wallet_of=range(4), instrument_of=[0] * 4)
    >>> kept = np.full(4, 35.4)
    >>> worth = np.array([35.4, 30, 20, -1])
    >>> classes(terms, worth=worth, kept=kept, open_notional=np.full(4, 1180.0))
    array([0, 1, 2, 3])
    """
    below = np.where(worth < terms.backstop * kept - slack, BACKSTOP, ORDER)
    below = np.where(worth < -slack, BANKRUPT, below)
    return np.where((worth < kept - slack) & (open_notional > 0), below, HEALTHY)


def place(
    terms: VenueTerms, state: VenueState, *, mark: Floats, before: Floats, now: float
) -> Orders:
    """Return what the venue does to its accounts at ``mark``.

    ``mark`` and ``before``, the mark of the step before, are (path, leg) in USD; ``now`` in
    seconds since the start.
    """
    size = state.size
    worth = equity(
        terms,
        size=size,
        entry=state.entry,
        margin=state.margin,
        posted=state.posted,
        mark=mark,
    )
    kept = maintenance(terms, size=size, entry=state.entry, mark=mark)
    notional = np.abs(size) * mark
    open_notional = terms.per_wallet(notional)
    size_at_entry = np.abs(size) * state.entry
    slack = ROUNDING * (np.abs(state.margin) + open_notional + terms.per_wallet(size_at_entry))
    found = classes(terms, worth=worth, kept=kept, open_notional=open_notional, slack=slack)
    on_leg = terms.of_leg(found)
    part = (
        (on_leg == ORDER)
        & (notional > terms.partial_above)
        & (now - state.ordered >= terms.cooldown)
    )
    market = np.where(on_leg == ORDER, size * np.where(part, terms.partial_share, 1.0), 0.0)
    uncovered = uncovered_share(np.where(found == BANKRUPT, -worth, 0.0), state.fund)
    closed = np.where(on_leg == BANKRUPT, size * uncovered[:, None], 0.0)
    weight = ratio(notional, terms.of_leg(open_notional))
    own = bankruptcy_price(size, mark, terms.of_leg(worth), weight)
    own = np.where(size == 0, mark, own)
    at = before if terms.adl_at == "previous_mark" else own
    winner = (on_leg == HEALTHY) & (size != 0)
    taken, price_winner, others_units, others = _deleveraged(
        terms, state, _Field(mark=mark, worth=worth, kept=kept, winner=winner), closed, at
    )
    return Orders(
        state=found,
        market=market,
        by_fund=np.where(on_leg >= BACKSTOP, size - closed, 0.0),
        adl=closed,
        taken=taken,
        price_loser=np.where(closed != 0, at, mark),
        price_winner=price_winner,
        uncovered=uncovered,
        ordered=np.where(part, now, state.ordered),
        others_units=others_units,
        others=others,
    )


def uncovered_share(missing: Floats, fund: Floats) -> Floats:
    """Return the share of what is missing that the fund cannot pay, (path,).

    ``missing`` is (path, wallet), 0 or more; the fund pays as far as it goes, all alike.

    >>> uncovered_share(np.array([[60.0, 20.0]]), np.array([20.0]))
    array([0.75])
    """
    lost = total(missing)
    return ratio(np.maximum(lost - np.maximum(fund, 0.0), 0.0), lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """What deleveraging reads of a venue: the mark, the accounts at it, who can be taken from."""

    mark: Floats
    worth: Floats
    kept: Floats
    winner: Bools


def _deleveraged(
    terms: VenueTerms, state: VenueState, field: _Field, closed: Floats, at: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return (taken, price of winners, units of others, gain of others)."""
    paths = len(state.fund)
    taken, price = np.zeros_like(closed), np.array(np.broadcast_to(field.mark, closed.shape))
    instruments = int(terms.instrument_of.max(initial=-1)) + 1
    others_units, others = np.zeros((paths, instruments)), np.zeros(paths)
    if not closed.any():
        return taken, price, others_units, others
    rank = adl.queue_index(
        terms.convention,
        size=state.size,
        entry=state.entry,
        mark=field.mark,
        margin=terms.of_leg(state.margin + state.posted),
        equity=terms.of_leg(field.worth),
        maintenance=terms.of_leg(field.kept),
    )
    for instrument in np.unique(terms.instrument_of):
        legs = np.flatnonzero(terms.instrument_of == instrument)
        for side in (1.0, -1.0):
            losing = np.maximum(side * np.take(closed, legs, axis=-1), 0.0)
            need = total(losing)
            average = ratio(total(losing * np.take(at, legs, axis=-1)), need)
            opposite = np.maximum(-side * np.take(state.size, legs, axis=-1), 0.0)
            units = np.where(np.take(field.winner, legs, axis=-1), opposite, 0.0)
            given = _given(terms, field, rank, legs, units, need)
            taken[:, legs] += np.where(given > 0, -side * given, 0.0)
            price[:, legs] = np.where(given > 0, average[:, None], price[:, legs])
            missing = np.maximum(need - total(given), 0.0)
            missing = np.where(missing <= adl.SAME * need, 0.0, missing)
            others_units[:, instrument] -= side * missing
            mark = np.take(field.mark, legs[:1], axis=-1)[:, 0]
            others += np.where(missing > 0, side * missing * (mark - average), 0.0)
    return taken, price, others_units, others


def _given(
    terms: VenueTerms, field: _Field, rank: Floats, legs: Ints, units: Floats, need: Floats
) -> Floats:
    """Return what the winners among ``legs`` give, by the policy of the venue."""
    if terms.adl == "pro_rata":
        return adl.pro_rata(need, units)
    if terms.adl == "queue":
        return adl.by_queue(need, units, np.take(rank, legs, axis=-1))
    worth = np.take(terms.of_leg(field.worth), legs, axis=-1)
    return adl.water_filling(need, units, worth, np.take(field.mark, legs, axis=-1))
