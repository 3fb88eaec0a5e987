"""Hedges by address: an account of a perpetual exchange as legs of a system."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from looprisk.errors import AddressError, AnswerError, Problem, UnreadableError
from looprisk.model.system import System
from looprisk.model.values import decimal_text
from looprisk.onchain.address import account as address_of
from looprisk.onchain.draft import UNKNOWN, Check, Tree, as_id, short
from looprisk.onchain.http import Patience
from looprisk.onchain.hyperliquid import CENTS, NAME, NEAR, Account, Found, Leg, read, venue_node
from looprisk.onchain.hyperliquid_rules import Bracket
from looprisk.onchain.hyperliquid_spot import Balance
from looprisk.onchain.tape import RecordingNode, Tape, TapeNode

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
    owns: Mapping[str, Fraction] = field(default_factory=dict)
    """What the owner has there already, by id."""

    def name(self, coin: str) -> str:
        """Return the id of one of the venue's coins."""
        return self.coins.get(coin, as_id(coin))


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
    """Return the positions and balances of an address on Hyperliquid, joined to a system.

    Those in every perpetual exchange that the venue lists. ``owner`` is the issuer of ``into``
    whose they are; without one the account stands by itself. ``coins`` says what the venue's coins
    are there: ``{"ETH": "WETH"}``. Raises DataError where the venue does not answer, or its
    liquidation prices are not those of its rules.
    """
    joined = joining(into, owner, coins or {})
    made = hedges(address, joined, rpc=rpc)
    return system_of(made, into)


def ids(system: System) -> frozenset[str]:
    """Return the ids that legs use, and those they must not take again."""
    parts = (system.assets, system.issuers, system.venues, system.positions, system.sources)
    return frozenset(name for section in parts for name in section)


def joining(into: System | None, owner: str | None, coins: Mapping[str, str]) -> Joined:
    """Return how legs join a system, or stand by themselves."""
    if into is None:
        return Joined(owner=owner, coins=coins)
    issuer = into.issuers.get(owner) if owner is not None else None
    owned = issuer.owns if issuer is not None else {}
    before = {str(name): one.number for name, one in owned.items() if one.known}
    return Joined(owner=owner, coins=coins, there=ids(into), owns=before)


def hedges(
    address: str,
    joined: Joined,
    *,
    rpc: str | None = None,
    record: Path | None = None,
    replay: Path | None = None,
    patience: Patience | None = None,
) -> Hedges:
    """Return an account as parts of a system, checked against the venue's own figures."""
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
        if not isinstance(parts, Mapping) or section == "set":
            continue
        there = tree.get(section)
        known = there if isinstance(there, Mapping) else {}
        if section == "issuers":
            tree[section] = {**known, **_owning(known, parts)}
            continue
        new = dict(parts) if section == "sources" else _sourced(parts, made.tree["source"])
        tree[section] = {**known, **new}
    joined, changed = System.from_tree(tree), made.tree.get("set")
    if not isinstance(changed, Mapping):
        return joined
    return joined.set({str(path): str(value) for path, value in changed.items()})


def _owning(known: Mapping[str, object], parts: Mapping[str, object]) -> Tree:
    """Return issuers with what they own here beside what they owned."""
    made: Tree = {}
    for name, part in parts.items():
        before = known.get(name)
        if not (isinstance(before, Mapping) and isinstance(part, Mapping)):
            continue
        owned, more = before.get("owns"), part.get("owns")
        both = [one for one in (owned, more) if isinstance(one, Mapping)]
        made[name] = {**before, "owns": {key: n for one in both for key, n in one.items()}}
    return made


def _sourced(parts: Mapping[str, object], source: object) -> Tree:
    """Name the source of each part: the system may have one of its own for all."""
    return {
        name: {**part, "source": source} if isinstance(part, Mapping) else part
        for name, part in parts.items()
    }


def _written(found: Found, joined: Joined) -> Hedges:
    if not found.accounts and not found.balances:
        raise UnreadableError(
            f"{found.address} has no position and no balance on Hyperliquid",
            "is it the account that trades? a sub-account or an agent has an address of its own",
        )
    checks = tuple(one for account in found.accounts for one in _checks(account))
    owner = joined.owner or short("a", found.address)
    source = _fresh(SOURCE, joined.there)
    said = f" Checked: {'; '.join(map(str, checks))}." if checks else ""
    tree: Tree = {
        "about": f"{found.address} on Hyperliquid.{said}",
        "as_of": _when(found.time),
        "sources": {
            source: {
                "class": "observed",
                "title": "looprisk import, account state of Hyperliquid",
                "date": _when(found.time),
                "hash": f"sha256:{found.digest}",
                "reader": NAME,
            }
        },
        "source": source,
        "assets": _assets(found, joined),
    }
    owned, replaced = _owned(found.balances, owner, joined, source)
    if joined.owner is None:
        alone: Tree = {"note": "an account by itself"}
        held: Tree = {"owns": owned} if owned else {}
        tree["issuers"] = {owner: {**alone, **held, "address": found.address}}
    elif owned:
        tree["issuers"] = {owner: {"owns": owned}}
    positions, venues = _legs(found, owner, joined)
    if positions:
        tree["positions"] = positions
        tree["venues"] = venues
    if replaced:
        tree["set"] = replaced
    return Hedges(tree, tuple(map(str, checks)))


def _legs(found: Found, owner: str, joined: Joined) -> tuple[Tree, Tree]:
    """Return the legs as positions, and the venues that they meet."""
    positions: Tree = {}
    venues: Tree = {}
    for account in found.accounts:
        for leg in account.legs:
            coin = joined.name(leg.coin)
            name = f"{short('h', found.address)}-{coin}"
            if name in joined.there or name in positions:
                message = f"{name} is in the system already: it would count twice"
                help_ = "take it out of the file, or import another"
                raise AddressError([Problem((), message, help_)])
            venue = _venue(account, leg, venues, joined)
            part = _position(account, leg, owner, coin, venue, joined)
            positions[name] = {**part, "address": found.address}
    return positions, venues


def _owned(
    balances: tuple[Balance, ...], owner: str, joined: Joined, source: str
) -> tuple[Tree, Tree]:
    """Return what an owner gets of balances, and by their paths the values that thereby change."""
    totals: dict[str, Fraction] = {}
    for one in balances:
        name = joined.name(one.coin)
        totals[name] = totals.get(name, Fraction(0)) + one.amount
    before = joined.owns
    new: Tree = {
        one: f"{decimal_text(n)} @{source}" for one, n in totals.items() if one not in before
    }
    changed: Tree = {
        f"{owner}/owns/{one}": f"{decimal_text(before[one] + n)} @{source}"
        for one, n in totals.items()
        if one in before
    }
    return new, changed


def _assets(found: Found, joined: Joined) -> Tree:
    """Price what the system does not have yet: coins at the venue's mark, margin at par."""
    assets: Tree = {}
    legs = [leg for account in found.accounts for leg in account.legs]
    for leg in legs:
        assets[joined.name(leg.coin)] = {"price": f"${decimal_text(leg.mark)}"}
    for account in found.accounts:
        par: Tree = {"price": "$1", "note": "the venue counts one as a dollar"}
        assets.setdefault(joined.name(account.margin), par)
    for one in found.balances:
        price = UNKNOWN if one.price is None else f"${decimal_text(one.price)}"
        assets.setdefault(joined.name(one.coin), {"price": price})
    return {name: part for name, part in assets.items() if name not in joined.there}


def _position(
    account: Account, leg: Leg, owner: str, coin: str, venue: str, joined: Joined
) -> Tree:
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
        "margin": {joined.name(account.margin): decimal_text(margin)},
        "funding": f"{decimal_text(leg.funding * 100)}%/y",
        "note": told,
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
    account of a single leg is an isolated one. Of cross legs by several tables the venue keeps
    margin by the first, and of the other coins by tables of their own.
    """
    together = len(account.cross) > 1 and leg.isolated is None
    by = account.cross[0].table if together else leg.table
    venue: Tree = {
        "convention": "hyperliquid",
        "mode": "cross" if together else "isolated",
        **_margins(by),
    }
    others = {joined.name(one.coin): one.table for one in account.cross if one.table != by}
    if together and others:
        venue["coins"] = {coin: _margins(table) for coin, table in others.items()}
    label = "cross" if together else f"{leg.table[0].rate.denominator // 2}x"
    if account.dex:
        # accounts in several exchanges never share their margin
        venue["label"] = f"Hyperliquid, {account.dex}"
        label = f"{as_id(account.dex)}-{label}"
    same = [
        one for one, there in venues.items() if there == venue and (not together or label in one)
    ]
    if same:
        return same[0]
    name = _fresh(f"{SOURCE}-{label}", {*joined.there, *venues})
    venues[name] = venue
    return name


def _margins(table: tuple[Bracket, ...]) -> Tree:
    return {"maintenance": _rate(table[0])} if len(table) == 1 else {"tiers": _tiers(table)}


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
        "portfolio margin is not read; please report other accounts",
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
