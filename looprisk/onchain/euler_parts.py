"""Vaults of Euler v2 and accounts in them as parts of a system."""

from __future__ import annotations

from fractions import Fraction

from looprisk.model.values import decimal_text
from looprisk.onchain.draft import NO_READER, UNKNOWN, Draft, Tree, dollars, points, short
from looprisk.onchain.euler import (
    DOLLAR,
    EulerAccount,
    EulerVault,
    Pledge,
    Terms,
    asks_account,
    asks_vault,
    read_account,
    read_vault,
    recognise_account,
    recognise_vault,
)
from looprisk.onchain.euler_prices import Price
from looprisk.onchain.flags import aged
from looprisk.onchain.holdings import Holding
from looprisk.onchain.reader import Reader

NAME = "euler-v2/1"
FIXED = "FixedRateOracle"
FEEDS = frozenset({"ChainlinkOracle", "ChronicleOracle", "PythOracle", "RedstoneCoreOracle"})
"""Adapters that pass on a price of the market."""


def prepare_account(account: EulerAccount, draft: Draft) -> None:
    """Tell what the account pledges and owes, and what its owner keeps of it in the wallet."""
    for one in account.pledges:
        _taken_as(account.vault, one, draft)
        draft.stands(account.owner, one.asset, one.assets)
        held = draft.holdings.get(account.owner, {}).get(one.vault)
        if held is not None and account.account == account.owner:
            # shares that are pledged stay in the wallet
            left = (held.amount - one.shares, held.in_asset - one.assets)
            draft.keeps(account.owner, Holding(one.vault, left[0], one.asset, left[1]))
    draft.stands(account.owner, account.asset, -account.debt)


def write_account(account: EulerAccount, draft: Draft) -> None:
    """Write the account, where it pledges or owes; its vaults are opened by themselves.

    What it pledges is written as what the shares are of: the debts of a vault that are not listed
    are taken as sound, and a discount that follows the worth of a claim has no exact solution.
    """
    who = f"{short('p', account.account)} in {draft.name(account.vault)}"
    draft.check(f"collateral of {who}", account.collateral, account.theirs[0])
    draft.check(f"liability of {who}", account.liability, account.theirs[1])
    if not account.pledges and not account.debt:
        return
    part: Tree = {"note": f"account {account.number} of {account.owner}"}
    part |= {"market": draft.name(account.vault), **draft.owner(account.owner)}
    part["collateral"] = {
        _taken_as(account.vault, one, draft): draft.amount(one.asset, one.assets)
        for one in account.pledges
    }
    if account.debt:
        part["debt"] = {draft.name(account.asset): draft.amount(account.asset, account.debt)}
    name = f"{short('p', account.account)}-{account.number}-{account.vault[2:10].lower()}"
    draft.put("positions", name, {**part, "address": account.account})


def prepare_vault(vault: EulerVault, draft: Draft) -> None:
    """Tell that its share is a claim on it."""
    draft.claims[vault.vault] = draft.name(vault.vault)


def _taken_as(market: str, one: Pledge, draft: Draft) -> str:
    """Return the id of a pledge: of the asset, unless another vault of it is pledged there."""
    ids = draft.pledges.setdefault(market, {})
    asset = draft.name(one.asset)
    taken = asset in (name for vault, name in ids.items() if vault != one.vault)
    return ids.setdefault(one.vault, draft.name(one.vault) if taken else asset)


def write_vault(vault: EulerVault, draft: Draft) -> None:
    """Write the vault as a market under the name of its share, with what accounts pledge to it."""
    name, asset = draft.name(vault.vault), draft.name(vault.asset)
    draft.check(f"total assets of {name}", vault.cash + vault.borrowed, vault.supplied)
    _tell(vault, vault.price, draft)
    lending: Tree = {
        "cash": draft.amount(vault.asset, vault.cash),
        "supplied": draft.amount(vault.asset, vault.supplied),
    }
    if vault.borrowed:
        lending["unlisted_debt"] = f"sound @{NO_READER}"
    taken = [one for one in vault.terms if one.ltv.at(vault.now)]
    ids = draft.pledges.get(vault.vault, {})
    met = [one for one in taken if one.vault in ids]
    part: Tree = {"rules": "euler-v2", "lends": {asset: lending}}
    if met:
        part["collateral"] = {ids[one.vault]: _terms(vault, one, draft) for one in met}
    notes = [f"takes {len(taken)} collaterals"] if len(taken) > len(met) else []
    if not vault.socialises:
        notes.append("bad debt stays on its book")
    if notes:
        part["note"] = "; ".join(notes)
    if vault.discount:
        part["max_discount"] = points(vault.discount)
    if draft.put("markets", name, {**part, "address": vault.vault}):
        used = (vault.price, *(one.price for one in met))
        oldest = {one.feed: one.oldest for price in used if price for one in price.feeds}
        draft.watch(name, oldest, {feed: age for feed, age in oldest.items() if age is not None})


def feeds(vault: EulerVault) -> tuple[str, ...]:
    """Return what its adapters read in the end."""
    return tuple(one.feed for price in vault.prices for one in price.feeds)


def _tell(vault: EulerVault, price: Price | None, draft: Draft) -> None:
    """Tell a price of the market; one that is fixed says nothing of it."""
    if price is None or price.kind not in FEEDS or price.token not in draft.tokens:
        return
    if price.figure is None:
        return
    if vault.unit == DOLLAR:
        draft.priced(price.token, dollars(price.figure, 10**vault.unit_decimals))
    elif vault.unit in draft.tokens:
        draft.quoted(price.token, Fraction(price.figure, 10**vault.unit_decimals), vault.unit)


def _terms(vault: EulerVault, one: Terms, draft: Draft) -> Tree:
    lltv = one.ltv.at(vault.now)
    draft.check(
        f"threshold of {draft.name(one.vault)} in {draft.name(vault.vault)}", lltv, one.theirs
    )
    _tell(vault, one.price, draft)
    terms: Tree = {
        "ltv": points(min(one.ltv.borrow, lltv)),
        "lltv": points(lltv),
        "oracle": _oracle(vault, one, draft),
    }
    notes = [f"shares of {draft.name(one.vault)} {one.vault}"]
    if one.price is not None:
        notes.append(_source(one.price, draft))
    if lltv != one.ltv.liquidation:
        notes.append(f"its lltv is falling to {points(one.ltv.liquidation)}")
    return {**terms, "note": "; ".join(notes)}


def _source(price: Price, draft: Draft) -> str:
    """Tell whose word a price is, how old it is, and that it is refused where it is too old."""
    told = f"the vault reads {price.kind or 'the adapter'} {price.adapter}"
    ages = (
        f", {one.feed}{age}"
        for one in price.feeds
        if (age := aged(draft.sources.get(one.feed), draft.pin.timestamp))
    )
    refuses = ", which refuses to price it" if price.figure is None else ""
    return f"{told}{''.join(ages)}{refuses}"


def _oracle(vault: EulerVault, one: Terms, draft: Draft) -> str:
    """Return the kind of the oracle, writing it where the language has no word for it."""
    price = one.price
    if price is not None and price.kind in FEEDS:
        return "market"
    if price is None or price.figure is None:
        return f"{UNKNOWN} @{NO_READER}"
    unit = 10**vault.unit_decimals
    in_dollars, in_token = vault.unit == DOLLAR, vault.unit in draft.tokens
    if price.kind != FIXED or not (in_dollars or in_token):
        return f"{UNKNOWN} @{NO_READER}"
    said = dollars(price.figure, unit)
    if not in_dollars:
        said = f"{decimal_text(Fraction(price.figure, unit))} {draft.name(vault.unit)}"
    name = short("o", price.adapter)
    draft.put("oracles", name, {"kind": "fixed", "price": said, "address": price.adapter})
    return name


ACCOUNT = Reader(
    NAME, recognise_account, read_account, write_account, asks_account, prepare=prepare_account
)
VAULT = Reader(NAME, recognise_vault, read_vault, write_vault, asks_vault, feeds, prepare_vault)
