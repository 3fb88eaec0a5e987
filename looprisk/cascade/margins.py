"""Margin of perpetual futures: equity, maintenance, and the prices at which a leg ends.

``units`` are signed: a short is negative. Prices are USD per unit, margins and equities USD. All
functions work element by element on arrays, paths first and legs last.

Sources: Hyperliquid docs, "Liquidations" (maintenance on mark notional); Binance FAQ, "How to
Calculate Liquidation Price of USD-M Futures Contracts" (tiers with constants, cross wallets); Bybit
help, "Liquidation Price (USDT Contract)" and "(Inverse Contract)" (maintenance on entry notional).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Floats, Ints
from looprisk.engine.perps import closing_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The maintenance margin of a venue, by notional.

    A leg whose notional is at most ``up_to`` of a tier, and above that of the tier before, keeps
    ``rates`` of its notional less ``constants`` USD. The last ``up_to`` is infinite. The notional
    is at the mark, or at the entry price where ``on_entry`` (Bybit). The arrays are (tier), or
    (tier, leg) where legs have tiers of their own.
    """

    rates: Floats
    constants: Floats
    up_to: Floats
    on_entry: bool = False


def flat(rate: float, *, on_entry: bool = False) -> Ladder:
    """Return a ladder of one tier."""
    return Ladder(
        rates=np.array([rate]),
        constants=np.zeros(1),
        up_to=np.array([np.inf]),
        on_entry=on_entry,
    )


def tier_of(ladder: Ladder, notional: Floats) -> Ints:
    """Return the tier of each notional; a notional equal to ``up_to`` is still in its tier.

    >>> ladder = Ladder(
    ...     rates=np.array([0.01, 0.05]),
    ...     constants=np.array([0.0, 40.0]),
    ...     up_to=np.array([1e3, np.inf]),
    ... )
    >>> tier_of(ladder, np.array([1000.0, 1000.5]))
    array([0, 1])
    """
    if ladder.up_to.ndim == 1:
        return np.searchsorted(ladder.up_to[:-1], notional, side="left")
    above = notional[..., None, :] > ladder.up_to[:-1]
    return np.asarray(above.sum(axis=-2), dtype=np.intp)


def _in_tier(steps: Floats, tier: Ints) -> Floats:
    """Return what each leg has in its tier."""
    if steps.ndim == 1:
        return np.take(steps, tier)
    return np.asarray(steps[tier, np.arange(steps.shape[1])])


def profit(units: Floats, entry: Floats, price: Floats) -> Floats:
    """Return the open profit in USD: ``n (P - e)``.

    >>> profit(np.array([-10.0]), np.array([100.0]), np.array([90.0]))
    array([100.])
    """
    return units * (price - entry)


def maintenance_of(ladder: Ladder, units: Floats, entry: Floats, price: Floats) -> Floats:
    """Return the margin in USD below which the venue acts on each leg.

    ``mu |n| P`` (Hyperliquid), ``mu_b |n| P - cum_b`` in the tier of ``|n| P`` (Binance),
    ``mu |n| e`` (Bybit).

    >>> maintenance_of(flat(0.03), np.array([-10.0]), np.array([100.0]), np.array([118.0]))
    array([35.4])
    """
    notional: Floats = np.abs(units) * (entry if ladder.on_entry else price)
    tier = tier_of(ladder, notional)
    return _in_tier(ladder.rates, tier) * notional - _in_tier(ladder.constants, tier)


def liquidation_price(ladder: Ladder, units: Floats, entry: Floats, cash: Floats) -> Floats:
    """Return the price at which equity is down to the maintenance margin, in USD per unit.

    The price solves ``cash + n (P - e) = MM(P)``, with the tier of the notional *at that price*.
    ``cash`` is the margin of an isolated leg; for a leg of a cross account it is
    :func:`left_for_leg`. A long that no price can close has a price of 0 or less; a leg without
    units has nan. Tiers whose constants keep the maintenance continuous have one solution; the
    first tier that holds its own solution gives it.

    Hyperliquid's example, a long of 0.2 at 50,000 with a margin of 1,000 and 40x at most:

    >>> args = np.array([0.2]), np.array([50_000.0]), np.array([1_000.0])
    >>> liquidation_price(flat(1 / 80), *args).round(6)
    array([45569.620253])

    Bybit's, a long of 1 at 20,000 with 50x and 0.5 % of entry notional:

    >>> args = np.array([1.0]), np.array([20_000.0]), np.array([400.0])
    >>> liquidation_price(flat(0.005, on_entry=True), *args)
    array([19700.])
    """
    units, entry, cash = np.broadcast_arrays(units, entry, cash)
    units = np.where(units == 0, np.nan, units)
    found = np.full(units.shape, np.nan)
    for rate, constant, up_to in zip(ladder.rates, ladder.constants, ladder.up_to, strict=True):
        at, per_dollar = closing_line(units, entry, rate, constant, on_entry=ladder.on_entry)
        price = at + per_dollar * cash
        notional = np.abs(units) * (entry if ladder.on_entry else price)
        found = np.where(np.isnan(found) & (notional <= up_to), price, found)
    return found


def left_for_leg(
    equity: Floats, maintenance: Floats, own: Floats, own_maintenance: Floats
) -> Floats:
    """Return the cash that a cross account leaves for one of its legs, in USD.

    ``equity`` and ``maintenance`` are those of the account at the marks, ``own`` the open profit of
    the leg and ``own_maintenance`` its share: ``W + sum of the other profits - the other
    maintenance``, with which :func:`liquidation_price` is that of Binance's cross formula.
    """
    return (equity - own) - (maintenance - own_maintenance)


def bankruptcy_price(units: Floats, price: Floats, equity: Floats, weight: Floats) -> Floats:
    """Return the price at which closing a leg leaves its account with nothing, in USD per unit.

    ``P - w E / n``: of an isolated leg (``weight`` 1) that is ``e - M / n``. A cross account shares
    what is missing over its legs by ``weight``, their share of its notional. nan without units.

    >>> args = np.array([15.0]), np.array([90.0]), np.array([-60.0]), np.array([1.0])
    >>> bankruptcy_price(*args)
    array([94.])
    """
    return price - weight * equity / np.where(units == 0, np.nan, units)


def inverse_bankruptcy_price(
    contracts: Floats, entry: Floats, margin: Floats, taker_fee: float = 0.0
) -> Floats:
    """Return the bankruptcy price of a contract of 1 USD margined in its own coin.

    ``contracts`` are USD, signed; ``margin`` is in coins. A long of Q is worth ``Q (1/e - 1/P)``
    coins, closing it costs ``taker_fee`` of ``|Q| / P``: ``P = Q (1 +- fee) / (M + Q / e)``.

    Bybit's example, 10,000 contracts at 8,000 with a balance of 0.5 and a fee of 0.075 %:

    >>> args = np.array([10_000.0]), np.array([8_000.0]), np.array([0.5])
    >>> inverse_bankruptcy_price(*args, taker_fee=0.00075).round(6)
    array([5718.571429])
    """
    return (contracts + taker_fee * np.abs(contracts)) / (margin + contracts / entry)


def inverse_liquidation_price(
    contracts: Floats,
    entry: Floats,
    margin: Floats,
    maintenance: float,
    taker_fee: float = 0.0,
) -> Floats:
    """Return the liquidation price of a contract of 1 USD margined in its own coin.

    Bybit keeps ``maintenance`` of the entry value ``|Q| / e`` and, where ``taker_fee`` is given,
    the fee of closing at the bankruptcy price: ``P = Q / (M + Q / e - kept)``. Units as in
    :func:`inverse_bankruptcy_price`.

    >>> args = np.array([10_000.0]), np.array([8_000.0]), np.array([0.5])
    >>> inverse_liquidation_price(*args, maintenance=0.005, taker_fee=0.00075).round(4)
    array([5739.0835])
    """
    size = np.abs(contracts)
    closing = taker_fee * size / inverse_bankruptcy_price(contracts, entry, margin, taker_fee)
    kept = maintenance * size / entry + closing
    return contracts / (margin + contracts / entry - kept)
