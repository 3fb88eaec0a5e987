"""Markets of Compound III and accounts in them as parts of a system."""

from __future__ import annotations

import re
from fractions import Fraction

from looprisk.model.values import decimal_text
from looprisk.onchain.comet import (
    Collateral,
    CometAccount,
    CometMarket,
    Feed,
    asks_account,
    asks_market,
    read_account,
    read_market,
    recognise_account,
    recognise_market,
)
from looprisk.onchain.comet_rules import FACTOR, PRICE_UNIT
from looprisk.onchain.draft import NO_READER, Draft, Tree, dollars, percent, short
from looprisk.onchain.flags import aged
from looprisk.onchain.reader import Reader

NAME = "compound-iii/1"
_IN_DOLLARS = re.compile(r"/\s*USD\b", re.IGNORECASE)


def prepare_account(account: CometAccount, draft: Draft) -> None:
    """Tell what the account owes and pledges."""
    market = account.market
    draft.debts[market.comet] = draft.debts.get(market.comet, 0) + account.debt
    draft.stands(account.account, market.base, -account.debt)
    for one, amount in zip(market.collateral, account.held, strict=True):
        draft.stands(account.account, one.token, amount)


def write_account(account: CometAccount, draft: Draft) -> None:
    """Write the account, where it pledges or owes; its market is opened by itself."""
    market = account.market
    who = f"{short('p', account.account)} in {draft.name(market.comet)}"
    draft.check(f"debt of {who}", account.debt, account.theirs[0])
    draft.check(f"whether {who} is liquidatable", int(account.absorbable), account.theirs[1])
    pledged = {
        draft.name(one.token): draft.amount(one.token, amount)
        for one, amount in zip(market.collateral, account.held, strict=True)
        if amount and one.liquidate_factor
    }
    if not pledged and not account.debt:
        return
    part: Tree = {"market": draft.name(market.comet), **draft.owner(account.account)}
    part["collateral"] = pledged
    if account.debt:
        part["debt"] = {draft.name(market.base): draft.amount(market.base, account.debt)}
    name = f"{short('p', account.account)}-{market.comet[2:10].lower()}"
    draft.put("positions", name, {**part, "address": account.account})


def prepare_market(market: CometMarket, draft: Draft) -> None:
    """Tell that its token is a claim on it."""
    draft.claims[market.comet] = draft.name(market.comet)


def write_market(market: CometMarket, draft: Draft) -> None:
    """Write the market under the name of the claim on it."""
    name = draft.name(market.comet)
    ours = (market.supplied, market.borrowed, market.reserves)
    for what, mine, theirs in zip(("supply", "debt", "reserves"), ours, market.theirs, strict=True):
        draft.check(f"{what} of {name}", mine, theirs)
    _prices(market, draft)
    base = draft.name(market.base)
    unlisted = market.borrowed - draft.debts.get(market.comet, 0)
    lending: Tree = {
        "cash": draft.amount(market.base, market.cash),
        "supplied": draft.amount(market.base, market.supplied),
    }
    if unlisted:
        lending["unlisted_debt"] = f"sound @{NO_READER}"
    part: Tree = {
        "note": f"reserves {draft.amount(market.base, market.reserves)} {base}",
        "rules": "compound-v3",
        "lends": {base: lending},
        "collateral": {
            draft.name(one.token): _terms(market, one, draft)
            for one in market.collateral
            if one.liquidate_factor
        },
    }
    cover = min(unlisted, market.reserves)
    if cover > 0 and _in_dollars(market.feed):
        # reserves and unlisted debt offset each other in `supplied`: this much is not seen there
        part["insurance"] = dollars(cover * market.feed.price, market.scale * PRICE_UNIT)
    if draft.put("markets", name, {**part, "address": market.comet}):
        draft.watch(name, feeds(market))


def _prices(market: CometMarket, draft: Draft) -> None:
    """Tell prices in dollars where the feed says so, else in the base token."""
    if _in_dollars(market.feed):
        draft.priced(market.base, dollars(market.feed.price, PRICE_UNIT))
    for one in market.collateral:
        if _in_dollars(one.feed):
            draft.priced(one.token, dollars(one.feed.price, PRICE_UNIT))
        else:
            draft.quoted(one.token, Fraction(one.feed.price, market.feed.price), market.base)


def _in_dollars(feed: Feed) -> bool:
    return bool(_IN_DOLLARS.search(feed.about))


def _terms(market: CometMarket, one: Collateral, draft: Draft) -> Tree:
    at = decimal_text(Fraction(one.feed.price, PRICE_UNIT))
    age = aged(draft.sources.get(one.feed.source), draft.pin.timestamp)
    return {
        "ltv": percent(one.borrow_factor, FACTOR),
        "lltv": percent(one.liquidate_factor, FACTOR),
        "oracle": "market",
        "cap": draft.amount(one.token, one.cap),
        "liquidation_factor": percent(one.liquidation_factor, FACTOR),
        "storefront": percent(market.storefront, FACTOR),
        "note": f"the market reads {one.feed.source}, which says {at}{age}",
    }


def feeds(market: CometMarket) -> tuple[str, ...]:
    """Return what the market reads for its base and for each collateral."""
    return (market.feed.source, *(one.feed.source for one in market.collateral))


ACCOUNT = Reader(
    NAME, recognise_account, read_account, write_account, asks_account, prepare=prepare_account
)
MARKET = Reader(
    NAME, recognise_market, read_market, write_market, asks_market, feeds, prepare_market
)
