"""What prices the reserves of a pool of Aave, as oracles of a system.

A feed is the market. Adapters make a price of another's: a rate that grows times the price of a
base, a price below a cap, principal less a discount. One of any other kind is unknown.
"""

from __future__ import annotations

from fractions import Fraction

from looprisk.model.values import decimal_text
from looprisk.onchain.aave_terms import Reserve
from looprisk.onchain.draft import NO_READER, UNKNOWN, Draft, dollars, short
from looprisk.onchain.pendle_rules import ONE
from looprisk.onchain.principal import discounted
from looprisk.onchain.sources import Capped, Discount, Growing, Source

MARKET = "market"
_UNREAD = f"{UNKNOWN} @{NO_READER}"


def oracle_of(reserve: Reserve, unit: int, draft: Draft) -> str:
    """Return the oracle of a reserve, writing it where it is more than its market.

    ``unit`` is how many units of the base currency are one. Our own price by the adapter's rule is
    checked against the pool's, to the last unit.
    """
    source = draft.sources.get(reserve.source)
    if source is None:
        return MARKET
    match source.pricing:
        case Discount() as pricing if pricing.principal == reserve.token and pricing.aggregator:
            return _principal(pricing, reserve, draft)
        case Growing() as pricing:
            return _growing(pricing, reserve, draft)
        case Capped() as pricing:
            return _capped(pricing, reserve, unit, draft)
        case None if _is_feed(source):
            return MARKET
        case _:
            return _UNREAD


def _is_feed(source: Source) -> bool:
    return source.answer is not None and source.counts


def _principal(pricing: Discount, reserve: Reserve, draft: Draft) -> str:
    ours = pricing.asset_price * pricing.at(draft.pin.timestamp) // ONE
    _check(reserve, ours, draft)
    asset = draft.bases.get(pricing.aggregator)
    if asset is None:
        return _UNREAD
    name = short("o", reserve.source)
    base = f"{name}-base"
    part = {"kind": MARKET, "of": draft.name(asset), "address": pricing.aggregator}
    draft.put("oracles", base, part)
    return discounted(pricing, draft, name, reserve.source, base)


def _growing(pricing: Growing, reserve: Reserve, draft: Draft) -> str:
    """Write a rate times a base as so much of the base: what the token trades at moves nothing."""
    base = draft.bases.get(pricing.aggregator)
    if base is None or not pricing.base or reserve.price > pricing.most:
        return _UNREAD
    capped = reserve.price < pricing.most
    rate = Fraction(pricing.rate, pricing.unit)
    if capped:
        rate = Fraction(reserve.price, pricing.base)
    else:
        _check(reserve, pricing.most, draft)
    note = "a rate times the price of the base, and not what it trades at"
    part = {
        "kind": "fixed",
        "price": f"{decimal_text(rate)} {draft.name(base)}",
        "note": f"{note}; the rate is at its cap" if capped else note,
        "address": reserve.source,
    }
    name = short("o", reserve.source)
    draft.put("oracles", name, part)
    return name


def _capped(pricing: Capped, reserve: Reserve, unit: int, draft: Draft) -> str:
    """Write a cap on a price: of the token, unless its source is that of another."""
    _check(reserve, min(pricing.base, pricing.cap), draft)
    name, base = short("o", reserve.source), MARKET
    other = draft.bases.get(pricing.aggregator, reserve.token)
    if other != reserve.token:
        base = f"{name}-base"
        part = {"kind": MARKET, "of": draft.name(other), "address": pricing.aggregator}
        draft.put("oracles", base, part)
    cap = dollars(pricing.cap, unit)
    written = {"kind": "capped", "base": base, "cap": cap, "address": reserve.source}
    draft.put("oracles", name, written)
    return name


def _check(reserve: Reserve, ours: int, draft: Draft) -> None:
    draft.check(f"price of {draft.name(reserve.token)} by its adapter", ours, reserve.price)
