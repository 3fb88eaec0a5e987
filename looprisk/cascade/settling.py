"""What a venue's accounts have after its orders were filled: the money of a liquidation.

Nothing is lost on the way: what the wallets, the fund and the traders outside had, and what the
sale brought against the mark, is what they have afterwards, with what went home and the fees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Bools, Floats, less, ratio
from looprisk.cascade.margins import profit
from looprisk.cascade.orders import BACKSTOP, BANKRUPT, HEALTHY, Orders, VenueState
from looprisk.cascade.sums import total
from looprisk.cascade.venues import VenueTerms, equity


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The accounts of a venue after one phase; shapes and units as in :class:`VenueState`.

    ``home`` (path, wallet) returns to the owners in cash, as do the posted tokens of ``ended``
    wallets, but for the share ``seized``. ``fees`` (path,) leave. ``others`` (path,) is the gain of
    traders that are not modelled: negative, they pay. ``socialised`` (path, wallet) was taken from
    the margins of the accounts left.
    """

    size: Floats
    margin: Floats
    fund: Floats
    ordered: Floats
    ended: Bools
    home: Floats
    seized: Floats
    fees: Floats
    others: Floats
    socialised: Floats


def settle(
    terms: VenueTerms, state: VenueState, orders: Orders, *, mark: Floats, fill: Floats
) -> Settled:
    """Return the accounts after the sale was filled at ``fill``, USD per unit, (path, leg).

    ``M += q (fill - e) - fee`` for what is sold, ``n (P_adl - e)`` for what is deleveraged. The
    fund gets position and margin of the backstop and its share of what is under water; on Binance
    and Bybit it keeps what is left of a liquidated margin. A closed wallet that lacks money, or a
    fund below zero, is a hole: shared by the accounts left, pro rata to positive equity at
    ``mark``; others pay the rest.
    """
    on_leg = terms.of_leg(orders.state)
    size = less(less(state.size, orders.market), orders.taken)
    size = np.where(on_leg >= BACKSTOP, 0.0, size)
    own, funds, fees = _results(terms, state, orders, fill)
    # what the fund takes over of a wallet: all of a backstop, the covered share under water
    share = np.where(orders.state == BANKRUPT, (1 - orders.uncovered)[:, None], 0.0)
    share = np.where(orders.state == BACKSTOP, 1.0, share)
    cash = np.where(share > 0, state.margin * (1 - share), state.margin) + own
    touched = (orders.state != HEALTHY) | (terms.per_wallet(np.abs(orders.taken)) > 0)
    ended = touched & (terms.per_wallet(np.abs(size)) == 0)
    rest = _rest_of(terms, orders, cash, state.posted * (1 - share))
    seized = np.where(ended, share + rest.seized * (1 - share), 0.0)
    taken_over = total(share * (state.margin + state.posted) + funds)
    fund = less(state.fund, -taken_over) + total(np.where(ended, rest.to_fund, 0.0))
    hole = total(np.where(ended, rest.hole, 0.0)) + np.maximum(-fund, 0.0)
    margin = np.where(ended, 0.0, cash)
    left = equity(
        terms, size=size, entry=state.entry, margin=margin, posted=state.posted, mark=mark
    )
    paid = _socialised(hole, np.where(terms.per_wallet(np.abs(size)) > 0, left, 0.0))
    return Settled(
        size=size,
        margin=margin - paid,
        fund=np.maximum(fund, 0.0),
        ordered=orders.ordered,
        ended=ended,
        home=np.where(ended, rest.home, 0.0),
        seized=seized,
        fees=fees,
        others=orders.others - less(hole, total(paid)),
        socialised=paid,
    )


def _results(
    terms: VenueTerms, state: VenueState, orders: Orders, fill: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return (realised by the wallets, realised by the fund on each wallet, fees)."""
    own_fee = terms.fee * np.abs(orders.market) * fill
    fund_fee = terms.fee * np.abs(orders.by_fund) * fill
    own = terms.per_wallet(
        profit(orders.market, state.entry, fill)
        + profit(orders.adl, state.entry, orders.price_loser)
        + profit(orders.taken, state.entry, orders.price_winner)
        - own_fee
    )
    funds = terms.per_wallet(profit(orders.by_fund, state.entry, fill) - fund_fee)
    return own, funds, total(own_fee) + total(fund_fee)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """What becomes of each wallet if it ends: USD home, to the fund, missing; tokens seized."""

    home: Floats
    to_fund: Floats
    hole: Floats
    seized: Floats


def _rest_of(terms: VenueTerms, orders: Orders, cash: Floats, tokens: Floats) -> _Rest:
    """Return what is left of wallets with ``cash`` and ``tokens``, USD, where they end here."""
    rest = cash + tokens
    if terms.adl_at == "bankruptcy":
        # that price leaves nothing by its definition, whatever rounding says
        broke = orders.state == BANKRUPT
        cash, rest = np.where(broke, -tokens, cash), np.where(broke, 0.0, rest)
    kept = (orders.state != HEALTHY) & terms.keeps_rest
    needed = ratio(np.minimum(np.maximum(-cash, 0.0), tokens), tokens)
    return _Rest(
        home=np.where(kept, 0.0, np.maximum(cash, 0.0)),
        to_fund=np.where(kept, np.maximum(rest, 0.0), 0.0),
        hole=np.maximum(-rest, 0.0),
        seized=np.where(kept, 1.0, needed),
    )


def _socialised(hole: Floats, left: Floats) -> Floats:
    """Return what each wallet pays of a hole: pro rata to positive equity, at most all of it."""
    able = np.maximum(left, 0.0)
    share = np.minimum(ratio(hole, total(able)), 1.0)
    return able * share[:, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Legs closed by a stage: the accounts afterwards; shapes as in :class:`VenueState`.

    ``margin`` is what is left in the wallets, ``left`` what wallets whose last leg was closed had:
    negative where it is missing. ``fees`` (path, wallet).
    """

    size: Floats
    margin: Floats
    left: Floats
    ended: Bools
    fees: Floats


def close_share(
    terms: VenueTerms, state: VenueState, *, share: Floats, price: Floats, fee: bool
) -> Closing:
    """Return the accounts after ``share`` of each leg was closed at ``price``, both (path, leg).

    ``fee`` says whether the venue's fee is due: it is on a liquidation, not on deleveraging. The
    leg of 10 that is cut by half at 80 keeps half of the profit of 20 a unit:

    >>> from looprisk.cascade.venues import terms_of
    >>> from looprisk.model import Venue
    >>> venue = Venue(convention="hyperliquid", mode="isolated", maintenance="3%")
    >>> one = np.ones((1, 1))
    >>> state = VenueState(
    ...     size=-10 * one,
    ...     entry=100 * one,
    ...     margin=200 * one,
    ...     posted=0 * one,
    ...     fund=np.zeros(1),
    ...     ordered=-np.inf * one,
    ... )
    >>> terms = terms_of(venue, wallet_of=[0], instrument_of=[0])
    >>> after = close_share(terms, state, share=0.5 * one, price=80 * one, fee=False)
    >>> after.size.item(), after.margin.item()
    (-5.0, 300.0)
    """
    closed = np.where(share > 0, state.size * share, 0.0)
    size = less(state.size, closed)
    rate = terms.fee if fee else 0.0
    fees = terms.per_wallet(rate * np.abs(closed) * price)
    cash = state.margin + (terms.per_wallet(profit(closed, state.entry, price)) - fees)
    touched = terms.per_wallet(np.abs(closed)) > 0
    ended = touched & (terms.per_wallet(np.abs(size)) == 0)
    return Closing(
        size=size,
        margin=np.where(ended, 0.0, cash),
        left=np.where(ended, cash, 0.0),
        ended=ended,
        fees=fees,
    )


def average_entry(size: Floats, entry: Floats, more: Floats, price: Floats) -> Floats:
    """Return the entry price of legs that grow by ``more`` units at ``price``, same sign.

    >>> average_entry(np.array([-10.0]), np.array([100.0]), np.array([-10.0]), np.array([90.0]))
    array([95.])
    """
    grown = ratio(size * entry + more * price, size + more)
    return np.where(more != 0, grown, entry)
