"""What stands behind the legs of a venue: margin, and what prices made of it."""

from __future__ import annotations

import numpy as np

from looprisk.cascade.arrays import Floats
from looprisk.cascade.legs import Legs
from looprisk.cascade.state import VenueState


def by_wallet(legs: Legs, values: Floats) -> Floats:
    """Return the sums of [path, leg] over the legs of each wallet, [path, wallet]."""
    return legs.terms.per_wallet(values)


def margin_worth(legs: Legs, venue: VenueState, price: Floats, *, cut: bool) -> Floats:
    """Return what margin in tokens is worth, [path, wallet], after haircuts where ``cut``."""
    worth = np.zeros_like(venue.margin)
    for kind, good in enumerate(legs.kinds):
        counted = 1.0 - legs.haircut[kind] if cut else 1.0
        worth = worth + venue.posted[:, kind] * (price[:, good] * counted)[:, None]
    return worth


def equities(legs: Legs, venue: VenueState, mark: Floats, price: Floats) -> Floats:
    """Return margin and profit of every wallet, USD [path, wallet].

    ``mark`` [path, good] is what legs are marked at, ``price`` what margin in tokens is worth.
    """
    profit = by_wallet(legs, venue.size * (np.take(mark, legs.good, axis=-1) - venue.entry))
    return venue.margin + margin_worth(legs, venue, price, cut=False) + profit
