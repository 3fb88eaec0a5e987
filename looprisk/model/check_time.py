"""What a scenario with time must fulfil: steps that fit, values set once, margins that suffice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from looprisk.errors import Problem
from looprisk.model.checks import Parts
from looprisk.model.markets import Venue
from looprisk.model.names import Path
from looprisk.model.positions import PerpPosition
from looprisk.model.scenario import Stage
from looprisk.model.values import Value

SETTING = ("price", "depeg", "misprice", "adl", "change")
"""Verbs whose size is a value, not a change: of two at one time nobody says which holds."""
ZERO, ONE = Fraction(0), Fraction(1)


def check_apart(stages: Mapping[int, Stage], path: Path) -> Iterator[Problem]:
    """Yield every value that two stages set at one time."""
    for place, stage in stages.items():
        for before, other in stages.items():
            if before >= place or stage.at is None or other.at is None:
                continue
            if not (stage.at.known and other.at.known) or stage.at.number != other.at.number:
                continue
            for verb in SETTING:
                for name in dict(stage)[verb]:
                    if name in dict(other)[verb]:
                        message = (
                            f"`{name}`: {_called(other, before)} sets it at {other.at.text} too"
                        )
                        here = (*path, "stages", str(place), verb, name)
                        yield Problem(here, message, "leave one of the two out")


def _called(stage: Stage, place: int) -> str:
    return str(stage.name) if stage.name is not None else f"stage {place + 1}"


def check_margins(parts: Parts) -> Iterator[Problem]:
    """Yield every leg whose wallet has less than its maintenance margin at the start.

    Legs of one owner on a venue with cross margin share a wallet.
    """
    wallets: dict[tuple[str, str], list[str]] = {}
    for name, position in parts.positions.items():
        if isinstance(position, PerpPosition) and position.venue in parts.venues:
            cross = parts.venues[position.venue].mode == "cross" and position.owner is not None
            key = (str(position.venue), str(position.owner) if cross else name)
            wallets.setdefault(key, []).append(name)
    for (venue, _), legs in wallets.items():
        found = [_standing(parts, parts.venues[venue], name) for name in legs]
        if any(one is None for one in found):
            continue
        worth = sum((one[0] for one in found if one is not None), ZERO)
        kept = sum((one[1] for one in found if one is not None), ZERO)
        if worth < kept:
            message = (
                f"{', '.join(legs)}: the equity of ${float(worth):,.2f} is below the maintenance "
                f"margin of ${float(kept):,.2f}: {venue} would close it before the first step"
            )
            help_ = "write more margin, or take the position out"
            yield Problem(("positions", legs[0], "margin"), message, help_)


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
        price = _price(parts, str(asset))
        haircut = venue.haircut.get(asset)
        if price is None or not amount.known or (haircut is not None and not haircut.known):
            return None
        worth += amount.number * price * (ONE - (haircut.number if haircut else ZERO))
    notional = size.number * (entry if venue.convention == "bybit" else mark)
    rate = _maintenance(venue, notional)
    return None if rate is None else (worth, notional * rate[0] - rate[1])


def _maintenance(venue: Venue, notional: Fraction) -> tuple[Fraction, Fraction] | None:
    """Return (rate, constant in USD) of the tier of a notional."""
    if not venue.tiers:
        rate = venue.maintenance
        return (rate.number, ZERO) if rate is not None and rate.known else None
    for tier in venue.tiers:
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
