"""What markets, venues and positions must fulfil."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from looprisk.errors import Problem
from looprisk.model.check_tables import check_content, check_table, check_traders
from looprisk.model.checks import Parts, same_token
from looprisk.model.markets import CollateralTerms, Market
from looprisk.model.names import OUTSIDE, Path, unresolved
from looprisk.model.positions import (
    AnyPosition,
    LoanPosition,
    PerpPosition,
    Tabled,
    TablePosition,
    VenueTable,
)
from looprisk.model.values import Value


def check_markets(parts: Parts) -> Iterator[Problem]:
    """Markets lend and take what exists, priced by oracles that exist."""
    priced = parts.names.priced
    what = "asset or token of this system"
    for name, market in parts.markets.items():
        path = ("markets", name)
        for token, lending in market.lends.items():
            place = (*path, "lends", token)
            yield from unresolved(token, priced, place, what, on_key=True)
            yield from same_token(lending.cash, token, (*place, "cash"))
        yield from _terms(market.collateral, parts, (*path, "collateral"))
        for mode_name, mode in market.e_modes.items():
            place = (*path, "e_modes", mode_name)
            yield from _terms(mode.collateral, parts, (*place, "collateral"))
            for at, token in enumerate(mode.borrows):
                known = tuple(market.lends)
                spot = (*place, "borrows", str(at))
                yield from unresolved(token, known, spot, f"token that {name} lends")
    for name, venue in parts.venues.items():
        for key, tokens in (("haircut", venue.haircut), ("coins", venue.coins)):
            for token in tokens:
                place = ("venues", name, key, token)
                yield from unresolved(token, priced, place, what, on_key=True)


def _terms(
    collateral: Mapping[str, CollateralTerms], parts: Parts, path: Path
) -> Iterator[Problem]:
    oracles = parts.names.readable
    for token, terms in collateral.items():
        place = (*path, token)
        what = "asset or token of this system"
        known = parts.names.priced | parts.names.supplies
        yield from unresolved(token, known, place, what, on_key=True)
        spot = (*place, "oracle")
        yield from unresolved(terms.oracle, oracles, spot, "oracle of this system")


def check_positions(parts: Parts) -> Iterator[Problem]:
    """Positions stand in markets and on venues that exist, and take what those take."""
    for name, position in parts.positions.items():
        yield from position_problems(position, parts, ("positions", name))


def position_problems(position: AnyPosition, parts: Parts, path: Path) -> Iterator[Problem]:
    """Yield the problems of one position, of the system or opened by a stage."""
    if position.owner == OUTSIDE:
        message = f"`{OUTSIDE}` is no issuer of this system"
        help_ = "leave `owner` out: the owner is then somebody outside"
        yield Problem((*path, "owner"), message, help_, on_key=False)
    elif position.owner is not None:
        issuers = parts.names.ids["issuers"]
        place = (*path, "owner")
        yield from unresolved(position.owner, issuers, place, "issuer of this system")
    if isinstance(position, PerpPosition):
        yield from _leg(position, parts, path)
        return
    if isinstance(position, Tabled):
        yield from check_content(position, path)
    if isinstance(position, VenueTable):
        yield from _traders(position, parts, path)
        return
    markets = parts.names.ids["markets"]
    yield from unresolved(position.market, markets, (*path, "market"), "market of this system")
    market = parts.markets.get(position.market)
    if market is None:
        return
    if isinstance(position, TablePosition):
        yield from check_table(position, market, path)
    else:
        yield from _account(position, market, path)


def _leg(position: PerpPosition, parts: Parts, path: Path) -> Iterator[Problem]:
    venues = parts.names.ids["venues"]
    yield from unresolved(position.venue, venues, (*path, "venue"), "venue of this system")
    key, leg = ("short", position.short) if position.short is not None else ("long", position.long)
    what = "asset or token of this system"
    if leg is not None and leg.of is not None:
        yield from unresolved(leg.of, parts.names.priced, (*path, key), what)
    for token, amount in position.margin.items():
        place = (*path, "margin", token)
        yield from unresolved(token, parts.names.priced, place, what, on_key=True)
        yield from same_token(amount, token, place)


def _traders(position: VenueTable, parts: Parts, path: Path) -> Iterator[Problem]:
    venues = parts.names.ids["venues"]
    yield from unresolved(position.venue, venues, (*path, "venue"), "venue of this system")
    venue = parts.venues.get(position.venue)
    if venue is not None:
        yield from check_traders(position, venue, parts.names.priced, path)


def accepted(market: Market, e_mode: str | None) -> Mapping[str, CollateralTerms]:
    """Return the terms of an account in ``market``; an e-mode replaces those it names."""
    mode = market.e_modes.get(e_mode) if e_mode is not None else None
    return {**market.collateral, **(mode.collateral if mode is not None else {})}


def _account(position: LoanPosition, market: Market, path: Path) -> Iterator[Problem]:
    name = position.market
    if position.e_mode is not None:
        what = f"e-mode of {name}"
        yield from unresolved(position.e_mode, tuple(market.e_modes), (*path, "e_mode"), what)
    taken = tuple(accepted(market, position.e_mode))
    for token, amount in position.collateral.items():
        place = (*path, "collateral", token)
        yield from unresolved(token, taken, place, f"collateral of {name}", on_key=True)
        yield from same_token(amount, token, place)
    for token, amount in position.debt.items():
        place = (*path, "debt", token)
        what = f"token that {name} lends"
        yield from unresolved(token, tuple(market.lends), place, what, on_key=True)
        yield from same_token(amount, token, place)
        yield from _borrows(position, market, token, place)
    if position.loop is not None:
        yield from _loop(position.loop.equity, name, taken, path)


def _borrows(position: LoanPosition, market: Market, token: str, place: Path) -> Iterator[Problem]:
    """An e-mode may say what can be borrowed in it."""
    mode = market.e_modes.get(str(position.e_mode))
    if mode is not None and mode.borrows and token in market.lends and token not in mode.borrows:
        message = f"{token}: e-mode {position.e_mode} of {position.market} does not lend it"
        yield Problem(place, message, f"it lends {', '.join(mode.borrows)}")


def _loop(equity: Value, market: str, taken: tuple[str, ...], path: Path) -> Iterator[Problem]:
    place = (*path, "loop", "equity")
    if equity.of is not None:
        yield from unresolved(equity.of, taken, place, f"collateral of {market}")
    elif len(taken) != 1 and not equity.is_unknown:
        message = f"equity: {market} takes {len(taken)} collaterals, and this names none"
        example = taken[0] if taken else "TOKEN"
        yield Problem(place, message, f"write `equity: {equity.text} {example}`", on_key=False)
