"""Hedges by address: an account of a perpetual exchange as legs of a system."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from looprisk.errors import AddressError, AnswerError, Problem, UnreadableError
from looprisk.model.system import System
from looprisk.model.values import decimal_text
from looprisk.onchain.address import account as address_of
from looprisk.onchain.draft import UNKNOWN, Check, Tree, as_id, short
from looprisk.onchain.http import Patience
from looprisk.onchain.hyperliquid import CENTS, NAME, NEAR, Account, Leg, read, venue_node
from looprisk.onchain.hyperliquid_rules import Bracket
from looprisk.onchain.tape import RecordingNode, Tape, TapeNode

MARGIN = "USDC"
SOURCE = "hyperliquid"
VENUES = ("hyperliquid",)
_MICRO = 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """How the legs join a system: whose they are, and what its coins are called there."""

    owner: str | None = None
    """An issuer of the system; None: an account by itself is written as one."""
    coins: Mapping[str, str]
    """Ids of the system by the venue's names."""
    there: Collection[str] = ()
    """Ids that the system has already."""


@dataclass(frozen=True, slots=True)
class Hedges:
    """What was read: the parts as a tree, and what they were checked against."""

    tree: Tree
    checks: tuple[str, ...]


def import_hedges(
    address: str,
    *,
    into: System | None = None,
    owner: str | None = None,
    coins: Mapping[str, str] | None = None,
    rpc: str | None = None,
) -> System:
    """Return the perpetual positions of an address on Hyperliquid, joined to a system.

    ``owner`` is the issuer of ``into`` whose hedges they are; without one the account stands by
    itself. ``coins`` says what the venue's coins are there: ``{"ETH": "WETH"}``. Raises DataError
    where the venue does not answer, or its liquidation prices are not those of its rules.
    """
    there = ids(into) if into is not None else ()
    joined = Joined(owner=owner, coins=coins or {}, there=there)
    made = hedges(address, joined, rpc=rpc)
    return system_of(made, into)


def ids(system: System) -> frozenset[str]:
    """Return the ids that legs use, and those they must not take again."""
    parts = (system.assets, system.issuers, system.venues, system.positions, system.sources)
    return frozenset(name for section in parts for name in section)


def hedges(
    address: str,
    joined: Joined,
    *,
    rpc: str | None = None,
    record: Path | None = None,
    replay: Path | None = None,
    patience: Patience | None = None,
) -> Hedges:
    """Return an account's legs as parts of a system, checked against the venue's own figures."""
    target = address_of(address).address
    if joined.owner is not None and joined.owner not in joined.there:
        message = f"{joined.owner} is no issuer of the system the hedges join"
        raise AddressError([Problem((), message, "name one of its issuers")])
    if replay is not None:
        return _written(read(TapeNode(Tape.load(replay)), target), joined)
    node = venue_node(rpc, os.environ, patience)
    tape = RecordingNode(node)
    try:
        made = _written(read(tape, target), joined)
    finally:
        node.close()
    if record is not None:
        tape.tape.save(record)
    return made


def system_of(made: Hedges, into: System | None) -> System:
    """Return the parts as a system, or joined to one."""
    if into is None:
        return System.from_tree(made.tree)
    tree: Tree = {**into.tree()}
    for section, parts in made.tree.items():
        if isinstance(parts, Mapping):
            there = tree.get(section)
            known = there if isinstance(there, Mapping) else {}
            new = dict(parts) if section == "sources" else _sourced(parts, made.tree["source"])
            tree[section] = {**known, **new}
    return System.from_tree(tree)


def _sourced(parts: Mapping[str, object], source: object) -> Tree:
    """Name the source of each part: the system may have one of its own for all."""
    return {
        name: {**part, "source": source} if isinstance(part, Mapping) else part
        for name, part in parts.items()
    }


def _written(account: Account, joined: Joined) -> Hedges:
    if not account.legs:
        raise UnreadableError(
            f"{account.address} has no perpetual position on Hyperliquid",
            "is it the account that trades? a sub-account or an agent has an address of its own",
        )
    checks = tuple(_checks(account))
    owner = joined.owner or short("a", account.address)
    named = {leg.coin: joined.coins.get(leg.coin, as_id(leg.coin)) for leg in account.legs}
    source = _fresh(SOURCE, joined.there)
    tree: Tree = {
        "about": f"{account.address} on Hyperliquid. Checked: {'; '.join(map(str, checks))}.",
        "as_of": _when(account.time),
        "sources": {
            source: {
                "class": "observed",
                "title": "looprisk import, account state of Hyperliquid",
                "date": _when(account.time),
                "hash": f"sha256:{account.digest}",
                "reader": NAME,
            }
        },
        "source": source,
        "assets": _assets(account, joined, named),
    }
    if joined.owner is None:
        tree["issuers"] = {owner: {"note": "an account by itself", "address": account.address}}
    venues: Tree = {}
    positions: Tree = {}
    for leg in account.legs:
        coin = named[leg.coin]
        name = f"{short('h', account.address)}-{coin}"
        if name in joined.there or name in positions:
            message = f"{name} is in the system already: it would count twice"
            raise AddressError([Problem((), message, "take it out of the file, or import another")])
        venue = _venue(account, leg, venues, joined)
        positions[name] = _position(account, leg, owner, coin, venue)
    tree["positions"] = positions
    tree["venues"] = venues
    return Hedges(tree, tuple(map(str, checks)))


def _assets(account: Account, joined: Joined, named: Mapping[str, str]) -> Tree:
    """Price what the system does not have yet: coins at the venue's mark, margin at par."""
    assets: Tree = {
        named[leg.coin]: {"price": f"${decimal_text(leg.mark)}"}
        for leg in account.legs
        if named[leg.coin] not in joined.there
    }
    if MARGIN not in joined.there:
        assets[MARGIN] = {"price": "$1", "note": "the venue counts one as a dollar"}
    return assets


def _position(account: Account, leg: Leg, owner: str, coin: str, venue: str) -> Tree:
    """Write a leg; its margin is what stands behind it at its entry, in an account's first leg."""
    margin = _margin(account, leg)
    entry = leg.entry
    told = f"the venue says it is liquidated at {_shown(leg.reported)}"
    if margin < 0:
        # profit was taken out: at the mark the same leg has what is left behind it
        margin, entry = margin + leg.size * (leg.mark - leg.entry), leg.mark
        told += f"; entered at ${decimal_text(leg.entry)}, and profit was taken out since"
    side = "short" if leg.size < 0 else "long"
    return {
        "venue": venue,
        "owner": owner,
        side: f"{decimal_text(abs(leg.size))} {coin}",
        "entry": f"${decimal_text(entry)}",
        "margin": {MARGIN: decimal_text(margin)},
        "funding": f"{decimal_text(leg.funding * 100)}%/y",
        "note": told,
        "address": account.address,
    }


def _margin(account: Account, leg: Leg) -> Fraction:
    """Return cash and worth at entry; of a cross account all of it is the first leg's."""
    if leg.isolated is not None:
        return leg.isolated + leg.size * leg.entry
    if leg is not account.cross[0]:
        return Fraction(0)
    return account.cash + sum((one.size * one.entry for one in account.cross), Fraction(0))


def _venue(account: Account, leg: Leg, venues: Tree, joined: Joined) -> str:
    """Write the venue as a leg meets it, and return its id.

    Legs of one kind of margin share one, where they keep margin by the same table. A cross
    account of a single leg is an isolated one. The margin of cross legs by several tables cannot be
    written as one number, and is unknown.
    """
    together = len(account.cross) > 1 and leg.isolated is None
    tables = {one.table for one in account.cross}
    venue: Tree = {
        "convention": "hyperliquid",
        "mode": "cross" if together else "isolated",
    }
    if together and len(tables) > 1:
        venue["maintenance"] = UNKNOWN
        rates = sorted({f"{leg.coin}: {_rate(leg.table[0])}" for leg in account.cross})
        venue["note"] = f"its coins keep margin by tables of their own: {', '.join(rates)}"
    elif len(leg.table) == 1:
        venue["maintenance"] = _rate(leg.table[0])
    else:
        venue["tiers"] = _tiers(leg.table)
    label = "cross" if together else f"{leg.table[0].rate.denominator // 2}x"
    same = [one for one, there in venues.items() if there == venue]
    if same:
        return same[0]
    name = _fresh(f"{SOURCE}-{label}", {*joined.there, *venues})
    venues[name] = venue
    return name


def _fresh(name: str, taken: Collection[str]) -> str:
    """Return a name that is not taken: itself, or with the first number that is free.

    >>> _fresh("a", ["a", "a-2"])
    'a-3'
    """
    names = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
    return next(one for one in names if one not in taken)


def _tiers(table: tuple[Bracket, ...]) -> list[object]:
    tiers: list[object] = []
    for at, one in enumerate(table):
        last = at + 1 == len(table)
        tiers.append(
            {
                **({} if last else {"up_to": f"${decimal_text(table[at + 1].above)}"}),
                "maintenance": _rate(one),
                **({"constant": f"${decimal_text(one.constant)}"} if one.constant else {}),
            }
        )
    return tiers


def _checks(account: Account) -> list[Check]:
    """Compare the account with the venue's own figures; raise AnswerError where they differ."""
    value = account.cash + sum((leg.value for leg in account.cross), Fraction(0))
    kept = sum((leg.kept for leg in account.cross), Fraction(0))
    sums = (("account value", value, account.value), ("maintenance margin", kept, account.kept))
    made: list[Check] = []
    for what, ours, theirs in sums:
        if abs(ours - theirs) > CENTS * max(1, len(account.legs)):
            raise _differs(what, _shown(ours), _shown(theirs))
        made.append(Check(what, round(ours * _MICRO), round(theirs * _MICRO), NEAR))
    for leg in account.legs:
        found, reported, what = account.liquidation(leg), leg.reported, f"{leg.coin} liquidated at"
        if found is None or reported is None:
            if found is not reported:
                raise _differs(what, _shown(found), _shown(reported))
            continue
        if abs(found - reported) > NEAR * reported:
            raise _differs(what, _shown(found), _shown(reported))
        made.append(Check(what, round(found * _MICRO), round(reported * _MICRO), NEAR))
    return made


def _differs(what: str, ours: str, theirs: str) -> AnswerError:
    return AnswerError(
        f"{what} is {theirs} by the venue and {ours} by its rules",
        "portfolio margin and spot balances are not read; please report other accounts",
    )


def _shown(money: Fraction | None) -> str:
    return (
        "no price"
        if money is None
        else f"${decimal_text(round(money * _MICRO) / Fraction(_MICRO))}"
    )


def _rate(bracket: Bracket) -> str:
    return f"{decimal_text(bracket.rate * 100)}%"


def _when(milliseconds: int) -> str:
    return dt.datetime.fromtimestamp(milliseconds // 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
