"""A pool of Aave v3, or one reserve of it, as what is imported, with its borrowers if wanted."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.errors import UnreadableError
from looprisk.model.tables import COLLATERAL, DEBT
from looprisk.onchain import aave_terms as terms
from looprisk.onchain.aave_borrowers import Listed, listed
from looprisk.onchain.aave_claim import asks as claim_asks
from looprisk.onchain.aave_parts import NAME, claims, mode_name, touch, write_market
from looprisk.onchain.aave_terms import Mode, Pool, Reserve
from looprisk.onchain.abi import Call
from looprisk.onchain.beginning import begins
from looprisk.onchain.books import Column, write_borrowers
from looprisk.onchain.borrowers import Watch
from looprisk.onchain.draft import Draft, short
from looprisk.onchain.places import NOWHERE
from looprisk.onchain.reader import Look, Reader
from looprisk.onchain.snapshot import Snapshot

MOST_MODES = 255


@dataclass(frozen=True, slots=True)
class Found:
    """A pool, and the reserves of it that are meant; all where none is named."""

    pool: terms.Found
    named: tuple[str, ...]
    watch: Watch | None


@dataclass(frozen=True, slots=True)
class AaveMarket:
    """A pool with the reserves that are meant, and its e-modes."""

    pool: Pool
    named: tuple[str, ...]
    reserves: tuple[Reserve, ...]
    modes: tuple[Mode, ...]
    listed: Listed | None
    """Who borrows, where that was wanted."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The assets of the reserves."""
        return tuple(one.token for one in self.reserves)

    @property
    def issues(self) -> None:
        """Its claims are written as supply in the market."""


def asks(look: Look) -> list[Call]:
    """Return what tells a pool, and a token that a pool gives to suppliers and borrowers."""
    if look.places is NOWHERE:
        return []
    return [*terms.asks(look.address), *claim_asks(look.address)]


def recognise(look: Look) -> tuple[Found, ...]:
    """Return the pool at the address that the user named, or the reserve that a claim is on."""
    if look.places is NOWHERE or look.places.markets:
        return ()
    *first, at, token = look.snapshot.read_all(asks(look))
    pool = terms.found_in(look.address, first)
    named = look.places.tokens
    if pool is None and at.ok and token.ok:
        there = look.snapshot.read_all(terms.asks(at.address()))
        pool, named = terms.found_in(at.address(), there), (token.address(),)
    if pool is None:
        return ()
    for one in named:
        if one not in pool.reserves:
            raise UnreadableError(
                f"{one} is no reserve of the pool {pool.address}",
                f"it has {len(pool.reserves)}; import {pool.address} for all of them",
            )
    return (Found(pool, named, look.watch),)


def read(snapshot: Snapshot, found: Found) -> AaveMarket:
    """Return the pool with its reserves and every e-mode; with borrowers, what these use."""
    pool = terms.based(snapshot, terms.contracts(snapshot, found.pool))
    if found.watch is not None:
        first = begins(snapshot, pool.address)
        all_ = listed(snapshot, pool, found.named, first, found.watch)
        return AaveMarket(pool, found.named, all_.reserves, all_.modes, all_)
    tokens = found.named or found.pool.reserves
    modes = terms.modes(snapshot, pool, range(1, MOST_MODES + 1), tokens)
    inside = tuple(one for one in modes if one.collateral & set(tokens))
    return AaveMarket(pool, found.named, terms.reserves(snapshot, pool, tokens), inside, None)


def prepare(market: AaveMarket, draft: Draft) -> None:
    """Tell which reserves are written, and what all that borrow owe, where these are listed."""
    touch(market.pool, market.reserves, market.modes, _debts(market), draft)


def _debts(market: AaveMarket) -> dict[str, int]:
    if market.listed is None:
        return {}
    owed = market.listed.borrowers.totals[len(market.reserves) :]
    return {one.token: debt for one, debt in zip(market.reserves, owed, strict=True)}


def write(market: AaveMarket, draft: Draft) -> None:
    """Write the pool and, where they were wanted, all who borrow there."""
    name, all_ = short("m", market.pool.address), market.listed
    write_market(market.pool, draft)
    if all_ is None:
        return
    count, debts = len(market.reserves), _debts(market)
    _check(market, all_, debts, name, draft)
    claim = claims(market.pool, draft)
    columns = [
        *(Column(COLLATERAL, claim[one.token], one.decimals) for one in market.reserves),
        *(Column(DEBT, draft.name(one.token), one.decimals) for one in market.reserves),
    ]
    for one in all_.borrowers if draft.issuers else ():
        if one.account in draft.issuers:
            nets = zip(market.reserves, one.amounts[:count], one.amounts[count:], strict=True)
            for reserve, pledged, debt in nets:
                draft.stands(one.account, reserve.token, pledged - debt)
    names = {mode.number: mode_name(mode) for mode in market.modes}
    write_borrowers(name, columns, all_.borrowers, names, draft)


def _check(
    market: AaveMarket, all_: Listed, debts: dict[str, int], name: str, draft: Draft
) -> None:
    """Compare the sums with the pool's totals: each account is cut to a unit by itself."""
    count, rough = all_.borrowers.count, all_.inexact
    what = f"accounts in {name} with the pool's collateral, debt and health"
    draft.check(what, count - rough, count, units=rough)
    for reserve in market.reserves:
        if market.named and reserve.token not in market.named:
            continue
        what = f"debt of {draft.name(reserve.token)} in {name}"
        # totals of debt at stable rates are taken at a mean rate
        within = terms.ROUGHLY if all_.stable else terms.EXACTLY
        draft.check(what, debts[reserve.token], reserve.total_owed, within, count + 1)


def feeds(market: AaveMarket) -> tuple[str, ...]:
    """Return what the pool's oracle reads for each reserve."""
    return tuple(one.source for one in market.reserves)


READER = Reader(NAME, recognise, read, write, asks, feeds, prepare)
