"""Markets and accounts of Morpho Blue as parts of a system."""

from __future__ import annotations

from fractions import Fraction

from looprisk.model.values import decimal_text
from looprisk.onchain.abi import NOBODY
from looprisk.onchain.draft import NO_READER, UNKNOWN, Draft, Tree, percent, short
from looprisk.onchain.flags import aged
from looprisk.onchain.holdings import Holding
from looprisk.onchain.morpho import MorphoAccount, MorphoMarket, asks, read, recognise
from looprisk.onchain.morpho_rules import PRICE_UNIT, WAD
from looprisk.onchain.principal import of_morpho
from looprisk.onchain.reader import Reader

NAME = "morpho-blue/1"
_UNREAD = f"{UNKNOWN} @{NO_READER}"
LEAST_SEEN = 10**7
"""A part of the supply that is smaller than one of so many goes unnoticed."""


def prepare(account: MorphoAccount, draft: Draft) -> None:
    """Tell what the account pledges and owes, and what it supplies."""
    market, lent = account.market, account.market.totals.worth(account.supply_shares)
    draft.stands(account.account, market.collateral, account.collateral)
    draft.stands(account.account, market.loan, -account.debt)
    if lent:
        name = short("m", market.id)
        draft.claims[name] = name
        draft.keeps(account.account, Holding(name, lent, market.loan, lent))


def write(account: MorphoAccount, draft: Draft) -> None:
    """Write the market and, where it pledges or owes, the account."""
    market = write_market(account.market, draft)
    if not account.collateral and not account.borrow_shares:
        return
    loan, collateral = (draft.name(token) for token in account.tokens)
    position = {
        "market": market,
        **draft.owner(account.account),
        "collateral": {collateral: draft.amount(account.market.collateral, account.collateral)},
        "debt": {loan: draft.amount(account.market.loan, account.debt)},
        "address": account.account,
    }
    draft.put("positions", f"{short('p', account.account)}-{market[2:]}", position)


def write_market(market: MorphoMarket, draft: Draft, listed: int | None = None) -> str:
    """Write a market and return its id; its oracle tells the price of the collateral.

    ``listed`` is the debt of all borrowers, where all of them are written beside it.
    """
    name = short("m", market.id)
    loan, totals = draft.name(market.loan), market.totals
    lending: Tree = {"cash": draft.amount(market.loan, totals.supplied - totals.borrowed)}
    if listed is None or abs(listed - totals.borrowed) * LEAST_SEEN <= totals.supplied:
        # of dust, what accounts round up is more than a check of the language lets pass
        lending["supplied"] = draft.amount(market.loan, totals.supplied)
    if totals.borrowed and listed is None:
        lending["unlisted_debt"] = f"sound @{NO_READER}"
    part: Tree = {
        "label": f"{draft.name(market.collateral)}/{loan} {percent(market.lltv, WAD)}",
        "rules": "morpho-blue",
        "lends": {loan: lending},
    }
    if market.collateral != NOBODY:
        part["collateral"] = {draft.name(market.collateral): _terms(market, draft)}
    if draft.put("markets", name, {**part, "address": market.id}):
        draft.watch(name, market.feeds)
    return name


def rate(market: MorphoMarket, draft: Draft) -> Fraction | None:
    """Return the oracle's price: loan tokens for one token of collateral."""
    if market.price is None:
        return None
    up = draft.tokens[market.collateral].decimals
    down = draft.tokens[market.loan].decimals
    return Fraction(market.price * 10**up, PRICE_UNIT * 10**down)


def _terms(market: MorphoMarket, draft: Draft) -> Tree:
    oracle, fixed = _oracle(market, draft)
    terms: Tree = {"lltv": percent(market.lltv, WAD), "oracle": oracle}
    at = rate(market, draft)
    if at is not None:
        said = f"{decimal_text(at)} {draft.name(market.loan)}"
        if fixed:
            # what nothing moves says nothing of what the token is worth
            draft.posted.setdefault(market.collateral, said)
        else:
            draft.quoted(market.collateral, at, market.loan)
        ages = [
            f"{feed}{age}"
            for feed in dict.fromkeys(market.feeds)
            if (age := aged(draft.sources.get(feed), draft.pin.timestamp))
        ]
        terms["note"] = "; ".join([f"the oracle {market.oracle} says {said}", *ages])
    return terms


def _oracle(market: MorphoMarket, draft: Draft) -> tuple[str, bool]:
    """Return the kind of the oracle, and whether it is a number that no vault and no feed moves.

    It is written where the language has no word for it. A vault's own rate is its book, whatever
    feeds price its asset; a feed is the market. The rate of a wrapper by itself is fixed: what the
    wrapper trades at does not move it.
    """
    sources = market.sources
    if sources is None or market.price is None:
        return _UNREAD, False
    principal = of_morpho(market, draft)
    if principal is not None:
        return principal, False
    if sources.base_vault == market.collateral and sources.quote_vault == NOBODY:
        return "nav", False
    if sources.base_vault != NOBODY or sources.quote_vault != NOBODY:
        return _UNREAD, False
    feeds = [one for one in market.feeds if one != NOBODY]
    counting = [one for one in feeds if one not in draft.sources or draft.sources[one].counts]
    if counting:
        return "market" if counting == feeds else _UNREAD, False
    at = rate(market, draft) or Fraction(0)
    if feeds and at != draft.rates.get(market.collateral):
        return _UNREAD, False
    name = short("o", market.oracle)
    part: Tree = {"kind": "fixed", "price": f"{decimal_text(at)} {draft.name(market.loan)}"}
    if feeds:
        part["note"] = "the rate of the wrapper, and not what it trades at"
    draft.put("oracles", name, {**part, "address": market.oracle})
    return name, not feeds


def feeds(account: MorphoAccount) -> tuple[str, ...]:
    """Return what the oracle of its market reads."""
    return account.market.feeds


READER = Reader(NAME, recognise, read, write, asks, feeds, prepare)
