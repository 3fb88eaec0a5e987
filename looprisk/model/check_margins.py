"""Legs that a venue would close before the first step: refused where the author does not say so."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from looprisk.errors import Problem
from looprisk.model.checks import Parts
from looprisk.model.markets import Margin, Venue
from looprisk.model.positions import PerpPosition, VenueTable
from looprisk.model.tables import ENTRY, LEVERAGE, LONG, MARGIN, SHORT, AccountTable
from looprisk.model.values import Value

ZERO, ONE = Fraction(0), Fraction(1)
SLACK = 1e-12
"""A row of a table is short where it misses by more than this share of its margin."""
_HELP = "write more margin, take it out, or say `below_maintenance: true`: the first step closes it"


def check_margins(parts: Parts) -> Iterator[Problem]:
    """Yield every wallet with less than its maintenance margin at the start that does not say so.

    Legs of one owner on a venue with cross margin share a wallet, and what one of them says holds
    for all. Of a table each row is a wallet.
    """
    wallets: dict[tuple[str, str], list[str]] = {}
    for name, position in parts.positions.items():
        if isinstance(position, VenueTable) and position.venue in parts.venues:
            yield from _rows_short(parts, name, position)
        elif isinstance(position, PerpPosition) and position.venue in parts.venues:
            cross = parts.venues[position.venue].mode == "cross" and position.owner is not None
            key = (str(position.venue), str(position.owner) if cross else name)
            wallets.setdefault(key, []).append(name)
    for (venue, _), legs in wallets.items():
        yield from _wallet_short(parts, venue, legs)


def _wallet_short(parts: Parts, venue: str, legs: list[str]) -> Iterator[Problem]:
    positions = [parts.positions[name] for name in legs]
    if any(isinstance(one, PerpPosition) and one.below_maintenance for one in positions):
        return
    found = [_standing(parts, parts.venues[venue], name) for name in legs]
    if any(one is None for one in found):
        return
    worth = sum((one[0] for one in found if one is not None), ZERO)
    kept = sum((one[1] for one in found if one is not None), ZERO)
    if worth < kept:
        message = (
            f"{', '.join(legs)}: the equity of ${float(worth):,.2f} is below the maintenance "
            f"margin of ${float(kept):,.2f}: {venue} would close it before the first step"
        )
        yield Problem(("positions", legs[0], "margin"), message, _HELP)


def _standing(parts: Parts, venue: Venue, name: str) -> tuple[Fraction, Fraction] | None:
    """Return (equity, maintenance margin) of a leg in USD; None where a value is not known."""
    position = parts.positions[name]
    assert isinstance(position, PerpPosition)  # noqa: S101
    size = position.short or position.long
    entry = _usd(parts, position.entry)
    mark = _price(parts, size.of if size is not None else None)
    if size is None or not size.known or entry is None or mark is None:
        return None
    side = -1 if position.short is not None else 1
    worth = side * size.number * (mark - entry)
    for asset, amount in position.margin.items():
        unit = _as_margin(parts, venue, str(asset))
        if unit is None or not amount.known:
            return None
        worth += amount.number * unit
    notional = size.number * (entry if venue.convention == "bybit" else mark)
    rate = _maintenance(venue.margin_on(str(size.of)), notional)
    return None if rate is None else (worth, notional * rate[0] - rate[1])


def _rows_short(parts: Parts, name: str, table: VenueTable) -> Iterator[Problem]:
    """Yield the rows of a table that are short, as one problem, in floats: there may be many."""
    read, venue = table.accounts, parts.venues[table.venue]
    if read is None or table.below_maintenance:
        return
    found = _of_rows(parts, venue, read)
    if found is None:
        return
    short = [at for at, (worth, kept) in enumerate(found) if worth < kept * (1 - SLACK)]
    if short:
        worth, kept = found[short[0]]
        more = f" and {len(short) - 1:_} more rows are" if len(short) > 1 else " is"
        message = (
            f"{read.accounts()[short[0]]}{more} below maintenance margin (${worth:,.2f} of "
            f"${kept:,.2f}): {table.venue} would close them before the first step"
        )
        yield Problem(("positions", name, "table"), message, _HELP)


def _of_rows(parts: Parts, venue: Venue, read: AccountTable) -> list[tuple[float, float]] | None:
    """Return (equity, maintenance margin) of every row in USD; None where one is not known."""
    worth, kept, opened = ([0.0] * read.rows for _ in range(3))
    for token in dict.fromkeys(c.partition("/")[2] for c in read.amounts if _is_size(c)):
        mark = _price(parts, token)
        if mark is None:
            return None
        entries = _column(read, ENTRY + token)
        for side, sizes in ((1, _column(read, LONG + token)), (-1, _column(read, SHORT + token))):
            for at, size in enumerate(sizes):
                if not size:
                    continue
                entry = entries[at] or float(mark)
                notional = size * (entry if venue.convention == "bybit" else float(mark))
                rate = _maintenance(venue.margin_on(token), Fraction(notional))
                if rate is None:
                    return None
                worth[at] += side * size * (float(mark) - entry)
                kept[at] += notional * float(rate[0]) - float(rate[1])
                opened[at] += size * entry
    for at, leverage in enumerate(_column(read, LEVERAGE)):
        worth[at] += opened[at] / leverage if leverage else 0.0
    for column in read.amounts:
        if column.startswith(MARGIN):
            unit = _as_margin(parts, venue, column.removeprefix(MARGIN))
            if unit is None:
                return None
            worth = [w + n * float(unit) for w, n in zip(worth, _column(read, column), strict=True)]
    return list(zip(worth, kept, strict=True))


def _is_size(column: str) -> bool:
    return column.startswith((LONG, SHORT))


def _column(read: AccountTable, name: str) -> list[float]:
    text = read.amounts.get(name)
    return [0.0] * read.rows if text is None else [float(n or 0) for n in text.split(b"\n")]


def _as_margin(parts: Parts, venue: Venue, asset: str) -> Fraction | None:
    """Return what a unit of an asset counts as margin, USD."""
    price, haircut = _price(parts, asset), venue.haircut.get(asset)
    if price is None or (haircut is not None and not haircut.known):
        return None
    return price * (ONE - (haircut.number if haircut is not None else ZERO))


def _maintenance(by: Venue | Margin, notional: Fraction) -> tuple[Fraction, Fraction] | None:
    """Return (rate, constant in USD) of the tier of a notional."""
    if not by.tiers:
        rate = by.maintenance
        return (rate.number, ZERO) if rate is not None and rate.known else None
    for tier in by.tiers:
        if tier.up_to is None or (tier.up_to.known and notional <= tier.up_to.number):
            constant = tier.constant.number if tier.constant is not None else ZERO
            return tier.maintenance.number, constant
    return None


def _usd(parts: Parts, value: Value) -> Fraction | None:
    if not value.known:
        return None
    unit = ONE if value.of is None else _price(parts, value.of)
    return None if unit is None else value.number * unit


def _price(parts: Parts, asset: str | None) -> Fraction | None:
    part = parts.assets.get(str(asset))
    return None if part is None else _usd(parts, part.price)
