"""One leg of a perpetual future with isolated margin, as a function of the path of its price.

Source of the conventions: Hyperliquid docs (liquidation price), Binance USD-M futures FAQ
(maintenance amount in tiers), Bybit help (maintenance on entry notional); SEMANTICS 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from looprisk.engine.affine import Affine, affine
from looprisk.engine.state import Cut
from looprisk.model.markets import Margin, Venue

ONE = Fraction(1)
Number = TypeVar("Number", Fraction, NDArray[np.float64])


def closing_line(
    units: Number, entry: Number, rate: Number, constant: Number, *, on_entry: bool
) -> tuple[Number, Number]:
    """Return ``(a, b)`` of the price ``a + b * cash`` at which equity is down to maintenance.

    ``units`` are signed (a short is negative), ``entry`` in USD, ``rate`` and ``constant`` those of
    one tier. Equity is ``cash + n (P - entry)``; maintenance ``rate |n| P - constant`` on the mark,
    ``rate |n| entry - constant`` on entry notional (Bybit). Exact for Fractions, else elementwise.

    >>> at, slope = closing_line(
    ...     Fraction(-1), Fraction(100), Fraction(3, 100), Fraction(0), on_entry=False
    ... )
    >>> at + slope * 20
    Fraction(12000, 103)
    """
    size = abs(units)
    if on_entry:
        return entry + (rate * size * entry - constant) / units, -1 / units
    per_dollar = -1 / (units - rate * size)
    return (constant - units * entry) * per_dollar, per_dollar


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One position on one venue.

    ``size`` in units of ``asset``, ``entry`` in USD; ``side`` is -1 for a short.
    """

    side: int
    size: Fraction
    entry: Fraction
    venue: Venue
    asset: str = ""

    @property
    def keeps_margin(self) -> bool:
        """Whether the venue keeps what is left of the margin when it closes the leg.

        Hyperliquid's backstop does; elsewhere the maintenance margin less the fee comes back.
        """
        return self.venue.convention == "hyperliquid"


def liquidation_price(leg: Leg, margin: Affine, cuts: tuple[Cut, ...] = ()) -> Affine:
    """Return the price at which the venue closes the leg, in USD per unit.

    On mark notional ``(C + n P0) / (n (1 + mu))`` for a short, ``(n P0 - C) / (n (1 - mu))`` for a
    long; on entry notional (Bybit) ``P0 +- (C / n - mu P0)``. C is the margin with what
    auto-deleveraging realised.

    >>> hyperliquid = Venue(convention="hyperliquid", mode="isolated", maintenance="3%")
    >>> leg = Leg(side=-1, size=Fraction(1), entry=Fraction(100), venue=hyperliquid)
    >>> liquidation_price(leg, affine(20)).const
    Fraction(12000, 103)
    """
    size = leg.size * (1 - sum((cut.share for cut in cuts), Fraction(0)))
    cash = margin + sum(
        (cut.share * leg.size * leg.side * (cut.price - leg.entry) for cut in cuts), Fraction(0)
    )
    return _closing(leg, size, cash)[0]


def _closing(leg: Leg, size: Fraction, cash: Affine) -> tuple[Affine, Fraction, Fraction]:
    """Return (price, maintenance rate, tier constant) at which a leg of this size is closed."""
    on_entry = leg.venue.convention == "bybit"
    for rate, constant, upto in tiers_of(leg.venue.margin_on(leg.asset)):
        at, per_dollar = closing_line(leg.side * size, leg.entry, rate, constant, on_entry=on_entry)
        price = cash * per_dollar + at
        notional = size * (leg.entry if on_entry else price.const)
        if upto is None or notional <= upto:
            return price, rate, constant
    raise ValueError("the last tier of a venue has no `up_to`")


def tiers_of(by: Venue | Margin) -> list[tuple[Fraction, Fraction, Fraction | None]]:
    """Return (maintenance rate, constant, up to which notional) of every tier."""
    if not by.tiers:
        assert by.maintenance is not None  # noqa: S101  (the model asks for one of the two)
        return [(by.maintenance.number, Fraction(0), None)]
    return [
        (
            tier.maintenance.number,
            tier.constant.number if tier.constant else Fraction(0),
            tier.up_to.number if tier.up_to else None,
        )
        for tier in by.tiers
    ]


def alive_value(
    leg: Leg, margin: Affine, price: Affine, cuts: tuple[tuple[Affine, Fraction], ...]
) -> Affine:
    """Return the equity of a leg that is still open, in USD: margin and profit.

    ``cuts`` are (share, price) of parts closed by auto-deleveraging (SEMANTICS 6).
    """
    left = affine(ONE)
    value = margin
    for share, at in cuts:
        value = value + share * (leg.side * leg.size * (at - leg.entry))
        left = left - share
    return value + left * ((price - leg.entry) * (leg.side * leg.size))


def closed_value(leg: Leg, margin: Affine, cuts: tuple[Cut, ...]) -> Affine:
    """Return what comes back of a leg that the venue has closed, in USD."""
    if leg.keeps_margin:
        return affine(Fraction(0))
    size = leg.size * (1 - sum((cut.share for cut in cuts), Fraction(0)))
    cash = margin + sum(
        (cut.share * leg.size * leg.side * (cut.price - leg.entry) for cut in cuts), Fraction(0)
    )
    price, rate, constant = _closing(leg, size, cash)
    notional = price * size
    if leg.venue.convention == "bybit":
        notional = affine(size * leg.entry)
    fee = leg.venue.taker_fee.number if leg.venue.taker_fee else Fraction(0)
    return notional * rate - constant - price * (size * fee)
