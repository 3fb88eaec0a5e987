"""A pool of Aave v3, or one reserve of it, as what is imported."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.errors import UnreadableError
from looprisk.onchain import aave_terms as terms
from looprisk.onchain.aave_parts import NAME, write_market
from looprisk.onchain.aave_terms import Mode, Pool, Reserve
from looprisk.onchain.abi import Call, call
from looprisk.onchain.draft import Draft
from looprisk.onchain.places import NOWHERE
from looprisk.onchain.reader import Look, Reader
from looprisk.onchain.snapshot import Snapshot

MOST_MODES = 255


@dataclass(frozen=True, slots=True)
class Found:
    """A pool, and the reserves of it that are meant; all where none is named."""

    pool: terms.Found
    named: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AaveMarket:
    """A pool with the reserves that are meant, and its e-modes."""

    pool: Pool
    reserves: tuple[Reserve, ...]
    modes: tuple[Mode, ...]

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
    return [*terms.asks(look.address), *_claim_asks(look.address)]


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
    return (Found(pool, named),)


def _claim_asks(address: str) -> list[Call]:
    return [
        call(address, "POOL()(address)"),
        call(address, "UNDERLYING_ASSET_ADDRESS()(address)"),
    ]


def read(snapshot: Snapshot, found: Found) -> AaveMarket:
    """Return the pool with its reserves, and every e-mode it has."""
    numbers = range(1, MOST_MODES + 1)
    tokens = found.named or found.pool.reserves
    pool = terms.based(snapshot, terms.contracts(snapshot, found.pool))
    modes = terms.modes(snapshot, pool, numbers, tokens)
    inside = [one for one in modes if one.collateral & set(tokens)]
    return AaveMarket(pool, terms.reserves(snapshot, pool, tokens), tuple(inside))


def write(market: AaveMarket, draft: Draft) -> None:
    """Write the pool; who borrows there is not listed."""
    write_market(market.pool, market.reserves, market.modes, {}, draft)


def feeds(market: AaveMarket) -> tuple[str, ...]:
    """Return what the pool's oracle reads for each reserve."""
    return tuple(one.source for one in market.reserves)


READER = Reader(NAME, recognise, read, write, asks, feeds)
