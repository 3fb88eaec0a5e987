"""The legs of a venue as arrays, and the wallets whose margin stands behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Floats, Ints
from looprisk.cascade.margins import liquidation_price
from looprisk.cascade.venues import VenueTerms, terms_of
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.state import State as Start
from looprisk.engine.state import asset_usd, usd
from looprisk.model.markets import Venue
from looprisk.model.positions import PerpPosition


@dataclass(frozen=True, kw_only=True, eq=False)
class Legs:
    """A venue with its legs at the start; what a later stage opens has no size yet."""

    name: str
    part: Venue
    legs: tuple[str, ...]
    wallets: tuple[str, ...]
    """Whose margin: an owner on a venue with cross margin, else the leg itself."""
    wallet: Ints
    """[leg]: its wallet."""
    owner: Ints
    """[wallet]: the issuer it belongs to, -1 for somebody outside."""
    good: Ints
    """[leg]: what it is on."""
    size: Floats
    """[leg]: signed units."""
    entry: Floats
    """[leg]: USD."""
    margin: Floats
    """[wallet]: USD in assets whose price never moves."""
    kinds: tuple[int, ...]
    """The goods that stand as margin in units."""
    haircut: Floats
    """[kind]."""
    posted: Floats
    """[kind, wallet]: units."""
    funding: Floats
    """[leg]: what longs pay, per year."""
    fund: float
    terms: VenueTerms

    def liquidation_prices(self, size: Floats, entry: Floats, margin: Floats) -> Floats:
        """Return the price at which each leg is closed on its own, USD [path, leg].

        ``margin`` [path, wallet] is what stands behind it; of a cross account, all of it.
        """
        cash = self.terms.of_leg(margin)
        return liquidation_price(self.terms.ladder, size, entry, cash)


def legs_of(
    catalogue: Catalogue,
    start: Start,
    name: str,
    place: Mapping[str, int],
    still: frozenset[str],
    later: Mapping[str, PerpPosition],
) -> Legs:
    """Return a venue and its legs as arrays; those of ``later`` without size.

    ``still`` are the assets whose price never moves.
    """
    venue = catalogue.system.venues[name]
    now = {n: p for n, p in catalogue.legs.items() if p.venue == name}
    every = {**now, **{n: p for n, p in later.items() if p.venue == name}}
    cross = venue.mode == "cross"
    wallet_names = list(dict.fromkeys(_wallet(n, p, cross=cross) for n, p in every.items()))
    at = {wallet: w for w, wallet in enumerate(wallet_names)}
    wallet = np.array([at[_wallet(n, p, cross=cross)] for n, p in every.items()], dtype=np.intp)
    firms = {firm: i for i, firm in enumerate(catalogue.system.issuers)}
    owner = np.full(len(wallet_names), -1, dtype=np.intp)
    for w, position in zip(wallet, every.values(), strict=True):
        owner[w] = firms.get(str(position.owner), -1)
    kinds = tuple(
        dict.fromkeys(
            place[asset]
            for position in every.values()
            for asset in position.margin
            if asset not in still or asset in venue.haircut
        )
    )
    names = {g: asset for asset, g in place.items()}
    margin = np.zeros(len(wallet_names))
    posted = np.zeros((len(kinds), len(wallet_names)))
    for (leg, position), w in zip(every.items(), wallet, strict=True):
        for asset, amount in position.margin.items() if leg in now else ():
            units = known(amount, leg, "margin", asset)
            if place[asset] in kinds:
                posted[kinds.index(place[asset]), w] += float(units)
            else:
                margin[w] += float(units * asset_usd(catalogue, start, asset))
    return Legs(
        name=name,
        part=venue,
        legs=tuple(every),
        wallets=tuple(wallet_names),
        wallet=wallet,
        owner=owner,
        good=np.array([_good(p, place) for p in every.values()], dtype=np.intp),
        size=np.array([size_of(p) if n in now else 0.0 for n, p in every.items()]),
        entry=np.array(
            [float(usd(catalogue, start, p.entry, n, "entry")) for n, p in every.items()]
        ),
        margin=margin,
        kinds=kinds,
        haircut=np.array(
            [float(h.number) if (h := venue.haircut.get(names[g])) else 0.0 for g in kinds]
        ),
        posted=posted,
        funding=np.array(
            [
                float(known(p.funding, n, "funding")) if p.funding is not None else 0.0
                for n, p in every.items()
            ]
        ),
        terms=terms_of(venue, wallet_of=wallet, instrument_of=_instruments(every, place)),
        fund=float(known(venue.insurance, name, "insurance")) if venue.insurance else 0.0,
    )


def _instruments(legs: Mapping[str, PerpPosition], place: Mapping[str, int]) -> Ints:
    """Return the underlying of each leg, counted from 0."""
    goods = np.array([_good(p, place) for p in legs.values()], dtype=np.intp)
    return np.unique(goods, return_inverse=True)[1].astype(np.intp)


def size_of(position: PerpPosition) -> float:
    """Return the signed units of a leg: negative for a short."""
    if position.short is not None:
        return -float(position.short.number)
    assert position.long is not None  # noqa: S101  (the model asks for one side)
    return float(position.long.number)


def _wallet(name: str, position: PerpPosition, *, cross: bool) -> str:
    return str(position.owner) if cross and position.owner is not None else name


def _good(position: PerpPosition, place: Mapping[str, int]) -> int:
    size = position.short or position.long
    assert size is not None  # noqa: S101
    assert size.of is not None  # noqa: S101  (the field asks for the token)
    return place[size.of]
