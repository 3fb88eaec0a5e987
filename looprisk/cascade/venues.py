"""The terms of a venue as numbers, and what its accounts are worth and must keep.

A leg belongs to a wallet: to one of its own (isolated margin), or to the wallet of its account
(cross margin). Arrays run over paths first, over legs or wallets last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from looprisk.cascade.arrays import Floats, Ints
from looprisk.cascade.margins import Ladder, maintenance_of, profit
from looprisk.cascade.sums import sum_by_group
from looprisk.engine.perps import tiers_of
from looprisk.model.markets import Margin, Venue
from looprisk.model.values import Value

Scalar = TypeVar("Scalar", bound=np.generic)

BACKSTOP = 2 / 3
"""Share of the maintenance margin below which Hyperliquid's liquidator vault takes over."""
LARGE = 100_000.0
"""USD above which Hyperliquid closes a position in parts."""
PART = 0.2
COOLDOWN = 30.0
"""Seconds within which Hyperliquid's next order is for everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTerms:
    """What a venue does with its accounts.

    ``backstop`` is 0 and ``partial_above`` infinite where a venue has none; ``fee`` is a share of
    the notional traded, ``keeps_rest`` says that what is left of a liquidated margin is the fund's.
    """

    convention: Literal["hyperliquid", "binance", "bybit"]
    ladder: Ladder
    initial: float
    backstop: float
    partial_above: float
    partial_share: float
    cooldown: float
    fee: float
    keeps_rest: bool
    adl: Literal["queue", "pro_rata", "water_filling"]
    adl_at: Literal["previous_mark", "bankruptcy"]
    wallet_of: Ints
    """The wallet of each leg."""
    instrument_of: Ints
    """The underlying of each leg: legs are deleveraged against legs on the same."""
    by_wallet: Ints
    """The legs, wallet by wallet."""
    starts: Ints
    """Where in ``by_wallet`` each wallet begins."""
    isolated: bool
    """Whether each leg is its own wallet, in the same order."""

    @property
    def wallets(self) -> int:
        """How many wallets there are."""
        return len(self.starts)

    def per_wallet(self, values: Floats) -> Floats:
        """Return the sums of (path, leg) over the legs of each wallet."""
        if self.isolated:
            return values
        return sum_by_group(values, self.by_wallet, self.starts)

    def of_leg(self, values: NDArray[Scalar]) -> NDArray[Scalar]:
        """Return what (path, wallet) says for each leg."""
        return values if self.isolated else np.take(values, self.wallet_of, axis=-1)


def terms_of(
    venue: Venue,
    *,
    wallet_of: Sequence[int] | Ints,
    instrument_of: Sequence[int] | Ints,
    assets: Sequence[str] = (),
) -> VenueTerms:
    """Return the terms of ``venue`` as numbers; what it does not say, its convention does.

    Every wallet from 0 up has a leg. ``assets`` tells what each leg is on, which is needed where a
    venue has coins with a margin of their own.

    >>> venue = Venue(convention="hyperliquid", mode="isolated", maintenance="3%")
    >>> terms = terms_of(venue, wallet_of=[0, 1], instrument_of=[0, 0])
    >>> terms.adl, terms.adl_at, terms.partial_above, round(terms.backstop, 4)
    ('queue', 'previous_mark', 100000.0, 0.6667)
    """
    wallets = np.asarray(wallet_of, dtype=np.intp)
    by_wallet = np.argsort(wallets, kind="stable")
    starts = np.searchsorted(wallets[by_wallet], np.arange(wallets.max(initial=-1) + 1))
    own_liquidator = venue.convention == "hyperliquid"
    usual_price: Literal["previous_mark", "bankruptcy"] = (
        "previous_mark" if own_liquidator else "bankruptcy"
    )
    above, share, cooldown = (LARGE, PART, COOLDOWN) if own_liquidator else (np.inf, 1.0, 0.0)
    if venue.partial is not None:
        above, share = _number(venue.partial.above), _number(venue.partial.share)
        cooldown = _number(venue.partial.cooldown)
    return VenueTerms(
        convention=venue.convention,
        ladder=ladder_of(venue, assets),
        initial=_number(venue.initial),
        backstop=_number(venue.backstop, BACKSTOP) if own_liquidator else 0.0,
        partial_above=above,
        partial_share=share,
        cooldown=cooldown,
        fee=_number(venue.taker_fee),
        keeps_rest=not own_liquidator,
        adl=venue.adl or "queue",
        adl_at=venue.adl_at or usual_price,
        wallet_of=wallets,
        instrument_of=np.asarray(instrument_of, dtype=np.intp),
        by_wallet=by_wallet,
        starts=starts,
        isolated=np.array_equal(wallets, np.arange(len(wallets))),
    )


def ladder_of(venue: Venue, assets: Sequence[str] = ()) -> Ladder:
    """Return the maintenance margin of ``venue`` as numbers, of each leg where coins differ."""
    if not venue.coins or not assets:
        rates, constants, up_to = _steps(venue, 1)
    else:
        kinds = list(dict.fromkeys(assets))
        most = max((len(tiers_of(venue.margin_on(one))) for one in kinds), default=1)
        # [kind, (rate, constant, end), tier], then by leg
        every = np.array([_steps(venue.margin_on(one), most) for one in kinds])
        of_leg = every[[kinds.index(one) for one in assets]]
        rates, constants, up_to = np.moveaxis(of_leg, 0, -1)
    on_entry = venue.convention == "bybit"
    return Ladder(rates=rates, constants=constants, up_to=up_to, on_entry=on_entry)


def _steps(by: Venue | Margin, least: int) -> Floats:
    """Return rates, constants and ends of tiers; the last is repeated up to ``least`` of them."""
    tiers = tiers_of(by)
    tiers += [tiers[-1]] * (least - len(tiers))
    ends = [np.inf if up_to is None else float(up_to) for _, _, up_to in tiers]
    return np.array([[float(one[0]) for one in tiers], [float(one[1]) for one in tiers], ends])


def equity(
    terms: VenueTerms, *, size: Floats, entry: Floats, margin: Floats, posted: Floats, mark: Floats
) -> Floats:
    """Return the equity of each wallet in USD: ``M + sum of n (P - e)``, (path, wallet).

    ``margin`` is cash and ``posted`` what margin in tokens counts for after its haircut, both
    (path, wallet); ``size``, ``entry`` and ``mark`` are (path, leg).
    """
    return margin + posted + terms.per_wallet(profit(size, entry, mark))


def maintenance(terms: VenueTerms, *, size: Floats, entry: Floats, mark: Floats) -> Floats:
    """Return what each wallet must keep, in USD, (path, wallet)."""
    kept = maintenance_of(terms.ladder, size, entry, mark)
    return terms.per_wallet(np.where(size == 0, 0.0, kept))


def token_margin(units: Floats, price: Floats, haircut: Floats) -> Floats:
    """Return what margin in tokens counts for in USD: ``sum of N P (1 - haircut)``, last axis.

    >>> token_margin(np.array([[2.0, 100.0]]), np.array([[3000.0, 1.0]]), np.array([0.1, 0.0]))
    array([5500.])
    """
    return np.asarray(np.ascontiguousarray(units * price * (1 - haircut)).sum(axis=-1))


def _number(value: Value | None, default: float = 0.0) -> float:
    return default if value is None else float(value.number)
