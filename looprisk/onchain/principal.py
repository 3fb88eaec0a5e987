"""How markets of Morpho price principal tokens, as oracles of a system."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from looprisk.model.values import decimal_text
from looprisk.onchain.abi import NOBODY
from looprisk.onchain.draft import NO_READER, UNKNOWN, Draft, Tree, percent, short
from looprisk.onchain.morpho import MorphoMarket
from looprisk.onchain.morpho_rules import PRICE_UNIT
from looprisk.onchain.pendle_rules import ONE
from looprisk.onchain.sources import Discount, Mean, Source

_UNREAD = f"{UNKNOWN} @{NO_READER}"


def moment(seconds: int) -> str:
    """Return a time as the language writes it.

    >>> moment(1_780_704_000)
    '2026-06-06T00:00:00Z'
    """
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def of_morpho(market: MorphoMarket, draft: Draft) -> str | None:
    """Return the oracle of a market of Morpho that prices principal, writing it.

    None where none of its feeds prices its collateral as principal. What the feeds give must be
    what the oracle says, to the last unit; else it is unknown.
    """
    read = market.sources
    feeds = [draft.sources[one] for one in market.feeds if one in draft.sources]
    own = [one for one in feeds if _prices(one, market.collateral)]
    if read is None or not own:
        return None
    by = own[0]
    only = len(feeds) == 1
    expected = _product(market, draft)
    if len(own) > 1 or by.address not in read.base_feeds or expected is None:
        return _UNREAD
    if expected != market.price:
        return _UNREAD
    name = short("o", market.oracle)
    draft.check(f"price of {name} by its feeds", expected, market.price)
    if isinstance(by.pricing, Discount):
        return discounted(by.pricing, draft, name, market.oracle, _base(market, draft, only=only))
    if isinstance(by.pricing, Mean) and by.answer is not None:
        draft.check(f"mean rate of {name}", by.pricing.answer, by.answer)
        return _mean(by.pricing, market, draft, name, only=only and not by.pricing.quoted)
    return _UNREAD


def _prices(source: Source, token: str) -> bool:
    pricing = source.pricing
    return isinstance(pricing, Discount | Mean) and pricing.principal == token


def _product(market: MorphoMarket, draft: Draft) -> int | None:
    """Return the oracle's price by its feeds, where nothing but feeds takes part."""
    read = market.sources
    if read is None or {read.base_vault, read.quote_vault} != {NOBODY}:
        return None
    price = Fraction(PRICE_UNIT)
    for feed in market.feeds:
        source = draft.sources.get(feed)
        if source is None:
            continue
        if not source.answer or source.decimals is None:
            return None
        value = Fraction(source.answer, 10**source.decimals)
        price = price / value if feed in read.quote_feeds else price * value
    loan, collateral = draft.tokens[market.loan], draft.tokens[market.collateral]
    return int(price * Fraction(10**loan.decimals, 10**collateral.decimals))


def _base(market: MorphoMarket, draft: Draft, *, only: bool) -> str:
    """Return how the unit that principal pays is read: at one loan token, where no feed says."""
    if not only:
        return "market"
    base = f"{short('o', market.oracle)}-base"
    draft.put("oracles", base, {"kind": "fixed", "price": f"1 {draft.name(market.loan)}"})
    return base


def discounted(pricing: Discount, draft: Draft, name: str, address: str, base: str) -> str:
    """Write a discount until maturity as an oracle, and return its id."""
    part: Tree = {
        "kind": "pt_discount",
        "of": draft.name(pricing.principal),
        "base": base,
        "discount": f"{percent(pricing.rate, ONE)}/y",
        "matures": moment(pricing.matures),
        "address": address,
    }
    draft.put("oracles", name, part)
    return name


def _mean(pricing: Mean, market: MorphoMarket, draft: Draft, name: str, *, only: bool) -> str:
    """Write the mean as the number it is at the block: in an instant it does not move."""
    if only and market.price is not None:
        up = 10 ** draft.tokens[market.collateral].decimals
        down = 10 ** draft.tokens[market.loan].decimals
        number, unit = Fraction(market.price * up, PRICE_UNIT * down), market.loan
    elif pricing.asset is not None:
        up = 10 ** draft.tokens[pricing.principal].decimals
        down = 10 ** draft.tokens[pricing.asset].decimals
        number, unit = Fraction(pricing.rate * up, ONE * down), pricing.asset
    else:
        return _UNREAD
    part: Tree = {
        "kind": "fixed",
        "price": f"{decimal_text(number)} {draft.name(unit)}",
        "note": f"the mean of {pricing.seconds} s of market {pricing.market}, with which it moves",
        "address": market.oracle,
    }
    draft.put("oracles", name, part)
    return name
