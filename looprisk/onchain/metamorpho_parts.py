"""A MetaMorpho vault as the issuer of its share."""

from __future__ import annotations

from fractions import Fraction

from looprisk.model.values import decimal_text
from looprisk.onchain.draft import Draft, Tree, percent, short
from looprisk.onchain.flags import DONATION, LEAST_FALL, Flag
from looprisk.onchain.metamorpho import Queued, QueueVault, asks, read, recognise
from looprisk.onchain.morpho_parts import write_market
from looprisk.onchain.morpho_rules import WAD
from looprisk.onchain.reader import Reader


def write(vault: QueueVault, draft: Draft) -> None:
    """Write the vault, and the markets it has something in."""
    name = draft.name(vault.share)
    _check(vault, draft, name)
    part: Tree = {
        "note": _note(vault, draft),
        "depends_on": {"curator": vault.curator},
        "owns": {
            write_market(one.market, draft): draft.amount(vault.asset, one.amount)
            for one in vault.queue
            if one.amount
        },
        "issues": {name: _share(vault, draft)},
    }
    draft.put("issuers", name, part)
    if vault.idle > LEAST_FALL * vault.book.total:
        said = f"{draft.amount(vault.asset, vault.idle)} {draft.name(vault.asset)}"
        draft.flags.append(Flag(name, DONATION, f"it holds {said} more than its book counts"))


def _check(vault: QueueVault, draft: Draft, name: str) -> None:
    draft.check(f"total assets of {name}", vault.book.total, vault.their_total)
    if vault.their_room is not None:
        draft.check(f"room for deposits of {name}", vault.room, vault.their_room)


def _share(vault: QueueVault, draft: Draft) -> Tree:
    """Write the share. Where losses do not lower the book, its price is posted."""
    book = vault.book
    asset, decimals = draft.name(vault.asset), draft.tokens[vault.share].decimals
    share: Tree = {"kind": "share", "supply": draft.amount(vault.share, book.supply)}
    if book.lost is not None:
        unit = 10 ** draft.tokens[vault.asset].decimals
        price = Fraction(book.total * 10**decimals, book.supply * unit)
        share["book_price"] = f"{decimal_text(price)} {asset}"
    pays = f"{draft.amount(vault.asset, vault.withdrawable)} {asset}"
    return {
        **share,
        "decimals": str(decimals),
        "note": f"can be paid out at once: {pays}",
        "address": vault.share,
    }


def _note(vault: QueueVault, draft: Draft) -> str:
    """Tell what the language has no key for: caps, fee, hidden losses, what is in the wallet."""
    asset = draft.name(vault.asset)
    told = [f"pays from {_listed(vault.queue, vault, draft)}"]
    told.append(f"fee {percent(vault.book.fee, WAD)} of the interest")
    if vault.book.hidden:
        told.append(f"its book counts lost {draft.amount(vault.asset, vault.book.hidden)} {asset}")
    if vault.idle:
        told.append(f"its book leaves out {draft.amount(vault.asset, vault.idle)} {asset}")
    return "; ".join(told)


def _listed(queue: tuple[Queued, ...], vault: QueueVault, draft: Draft) -> str:
    return ", ".join(
        f"{short('m', one.market.id)} (cap {draft.amount(vault.asset, one.cap)})" for one in queue
    )


def feeds(vault: QueueVault) -> tuple[str, ...]:
    """Return what the oracles of its markets read."""
    return tuple(feed for one in vault.queue for feed in one.market.feeds)


READER = Reader("metamorpho/1", recognise, read, write, asks, feeds)
