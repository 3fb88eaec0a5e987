"""The legs of a venue as arrays, and the wallets whose margin stands behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Floats, Ints
from looprisk.cascade.margins import left_for_leg, liquidation_price, maintenance_of, profit
from looprisk.cascade.traders import Traders, traders_of
from looprisk.cascade.venues import VenueTerms, terms_of
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.state import State as Start
from looprisk.engine.state import asset_usd, usd
from looprisk.errors import ModelError, Problem
from looprisk.model.markets import Venue
from looprisk.model.positions import OnVenue, PerpPosition, VenueTable


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

    def liquidation_prices(
        self, size: Floats, entry: Floats, margin: Floats, mark: Floats
    ) -> Floats:
        """Return the price at which each leg is closed, the others at their mark, USD [path, leg].

        ``margin`` [path, wallet] is what stands behind an account, ``mark`` [path, leg].
        """
        own = profit(size, entry, mark)
        kept = np.where(size == 0, 0.0, maintenance_of(self.terms.ladder, size, entry, mark))
        worth = self.terms.of_leg(margin + self.terms.per_wallet(own))
        cash = left_for_leg(worth, self.terms.of_leg(self.terms.per_wallet(kept)), own, kept)
        return liquidation_price(self.terms.ladder, size, entry, cash)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rows:
    """Legs of one origin, and their wallets; as in :class:`Legs`."""

    legs: tuple[str, ...]
    wallets: tuple[str, ...]
    wallet: Ints
    owner: Ints
    good: Ints
    size: Floats
    entry: Floats
    cash: Floats
    """[wallet]: USD."""
    tokens: Mapping[str, Floats]
    """Asset: [wallet] units."""
    funding: Floats


def legs_of(
    catalogue: Catalogue,
    start: Start,
    name: str,
    place: Mapping[str, int],
    still: frozenset[str],
    later: Mapping[str, OnVenue],
) -> Legs:
    """Return a venue and its legs as arrays; those of ``later`` without size and margin.

    ``still`` are the assets whose price never moves. The traders of its tables come after the
    positions that have a name, one wallet a row.
    """
    venue = catalogue.system.venues[name]
    one_by_one = {n: p for n, p in later.items() if isinstance(p, PerpPosition)}
    parts = [_named(catalogue, start, name, place, one_by_one)]
    for table, position in {**catalogue.system.positions, **later}.items():
        if isinstance(position, VenueTable) and position.venue == name:
            rows = _traders(catalogue, start, table, position, place, yet=table not in later)
            parts.append(rows)
    wallets = [len(rows.wallets) for rows in parts]
    before = np.cumsum([0, *wallets])
    wallet = np.concatenate(
        [rows.wallet + first for rows, first in zip(parts, before[:-1], strict=True)]
    )
    assets = dict.fromkeys(asset for rows in parts for asset in rows.tokens)
    margin = np.concatenate([rows.cash for rows in parts])
    posted: dict[int, Floats] = {}
    for asset in assets:
        units = np.concatenate(
            [rows.tokens.get(asset, np.zeros(len(rows.wallets))) for rows in parts]
        )
        if asset not in still or asset in venue.haircut:
            posted[place[asset]] = units
        else:
            margin = margin + units * float(asset_usd(catalogue, start, asset))
    names = {g: asset for asset, g in place.items()}
    good = np.concatenate([rows.good for rows in parts])
    instruments = np.unique(good, return_inverse=True)[1].astype(np.intp)
    return Legs(
        name=name,
        part=venue,
        legs=tuple(leg for rows in parts for leg in rows.legs),
        wallets=tuple(one for rows in parts for one in rows.wallets),
        wallet=wallet,
        owner=np.concatenate([rows.owner for rows in parts]),
        good=good,
        size=np.concatenate([rows.size for rows in parts]),
        entry=np.concatenate([rows.entry for rows in parts]),
        margin=margin,
        kinds=tuple(posted),
        haircut=np.array(
            [float(h.number) if (h := venue.haircut.get(names[g])) else 0.0 for g in posted]
        ),
        posted=np.stack([*posted.values()]) if posted else np.zeros((0, sum(wallets))),
        funding=np.concatenate([rows.funding for rows in parts]),
        terms=terms_of(
            venue,
            wallet_of=wallet,
            instrument_of=instruments,
            assets=[names[g] for g in good] if venue.coins else (),
        ),
        fund=float(known(venue.insurance, name, "insurance")) if venue.insurance else 0.0,
    )


def _named(
    catalogue: Catalogue,
    start: Start,
    venue: str,
    place: Mapping[str, int],
    later: Mapping[str, PerpPosition],
) -> _Rows:
    """Return the positions that stand on a venue by name, and those that stages open there."""
    now = {n: p for n, p in catalogue.legs.items() if p.venue == venue}
    every = {**now, **{n: p for n, p in later.items() if p.venue == venue}}
    cross = catalogue.system.venues[venue].mode == "cross"
    wallets = list(dict.fromkeys(_wallet(n, p, cross=cross) for n, p in every.items()))
    at = {wallet: w for w, wallet in enumerate(wallets)}
    wallet = np.array([at[_wallet(n, p, cross=cross)] for n, p in every.items()], dtype=np.intp)
    firms = {firm: i for i, firm in enumerate(catalogue.system.issuers)}
    owner = np.full(len(wallets), -1, dtype=np.intp)
    tokens: dict[str, Floats] = {}
    for (leg, position), w in zip(every.items(), wallet, strict=True):
        owner[w] = firms.get(str(position.owner), -1)
        for asset, amount in position.margin.items():
            units = tokens.setdefault(asset, np.zeros(len(wallets)))
            units[w] += float(known(amount, leg, "margin", asset)) if leg in now else 0.0
    return _Rows(
        legs=tuple(every),
        wallets=tuple(wallets),
        wallet=wallet,
        owner=owner,
        good=np.array([_good(p, place) for p in every.values()], dtype=np.intp),
        size=np.array([size_of(p) if n in now else 0.0 for n, p in every.items()]),
        entry=np.array(
            [float(usd(catalogue, start, p.entry, n, "entry")) for n, p in every.items()]
        ),
        cash=np.zeros(len(wallets)),
        tokens=tokens,
        funding=np.array([_funding(p, n) for n, p in every.items()]),
    )


def _traders(
    catalogue: Catalogue,
    start: Start,
    table: str,
    position: VenueTable,
    place: Mapping[str, int],
    *,
    yet: bool,
) -> _Rows:
    """Return the rows of a table of traders, who are outside; without anything if not ``yet``."""
    found = traders_of(position)
    rows = tuple(f"{table}/{row}" for row in found.names)
    entry = found.entries(_marks(catalogue, start, found.assets)[found.asset_of])
    if yet and np.isnan(entry).any():
        name = found.assets[found.asset_of[np.isnan(entry)][0]]
        message = f"`{name}` is a token: what its legs entered at is not known here"
        help_ = f"write entry/{name} in dollars"
        raise ModelError([Problem(("positions", table, "table"), message, help_)])
    return _Rows(
        legs=names_of_legs(table, found),
        wallets=rows,
        wallet=found.wallet_of,
        owner=np.full(len(rows), -1, dtype=np.intp),
        good=np.array([place[name] for name in found.assets], dtype=np.intp)[found.asset_of],
        size=found.size * yet,
        entry=np.nan_to_num(entry),
        cash=found.cash(entry) if yet else np.zeros(len(rows)),
        tokens={name: units * yet for name, units in found.tokens.items()},
        funding=np.full(len(found.size), _funding(position, table)),
    )


def _marks(catalogue: Catalogue, start: Start, assets: tuple[str, ...]) -> Floats:
    """Return what legs enter at where their table leaves it open; NaN for what has no price yet."""
    priced = catalogue.system.assets
    return np.array(
        [float(asset_usd(catalogue, start, name)) if name in priced else np.nan for name in assets]
    )


def names_of_legs(table: str, found: Traders) -> tuple[str, ...]:
    """Return what the legs of a table are called: by their row, and by their asset if several."""
    single = len(found.assets) == 1
    return tuple(
        f"{table}/{found.names[w]}" + ("" if single else f"/{found.assets[a]}")
        for w, a in zip(found.wallet_of, found.asset_of, strict=True)
    )


def _funding(position: PerpPosition | VenueTable, name: str) -> float:
    return float(known(position.funding, name, "funding")) if position.funding else 0.0


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
