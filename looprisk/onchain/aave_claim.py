"""Tokens that a pool of Aave gives to suppliers, met on the way: claims on what it lends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.onchain import aave_terms as terms
from looprisk.onchain.aave_parts import NAME, touch, write_market
from looprisk.onchain.aave_terms import Pool, Reserve
from looprisk.onchain.abi import Call, call
from looprisk.onchain.draft import Draft
from looprisk.onchain.places import NOWHERE
from looprisk.onchain.reader import Look, Reader
from looprisk.onchain.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Found:
    """A token that says it is of a pool, which is to say so too."""

    token: str
    pool: terms.Found
    asset: str


@dataclass(frozen=True, slots=True)
class AaveClaim:
    """A claim on one reserve of a pool. Its balances are amounts of the asset, interest in them."""

    token: str
    pool: Pool
    reserve: Reserve

    @property
    def tokens(self) -> tuple[str, ...]:
        """The claim, and what is claimed."""
        return (self.token, self.reserve.token)

    @property
    def issues(self) -> None:
        """It is written as supply in the market."""


def asks(token: str) -> list[Call]:
    """Return what tells a token of a pool."""
    return [call(token, "POOL()(address)"), call(token, "UNDERLYING_ASSET_ADDRESS()(address)")]


def _asks(look: Look) -> Sequence[Call]:
    # one question of each token that is met: what refuses it is asked a second time
    return asks(look.address)[1:] if look.places is NOWHERE else ()


def recognise(look: Look) -> tuple[Found, ...]:
    """Return the claim at an address that was met on the way, where its pool says so."""
    if look.places is not NOWHERE:
        return ()
    (asset,) = look.snapshot.read_all(_asks(look))
    if not asset.ok:
        return ()
    at, _ = look.snapshot.read_all(asks(look.address))
    if not at.ok:
        return ()
    pool = terms.found_in(at.address(), look.snapshot.read_all(terms.asks(at.address())))
    if pool is None or asset.address() not in pool.reserves:
        return ()
    data = look.snapshot.read(call(pool.provider, "getPoolDataProvider()(address)"))
    if not data.ok:
        return ()
    given = look.snapshot.read(terms.given_for(data.address(), asset.address()))
    if not given.ok or given.address(0) != look.address:
        return ()
    return (Found(look.address, pool, asset.address()),)


def read(snapshot: Snapshot, found: Found) -> AaveClaim:
    """Return the claim with the terms of its reserve."""
    pool = terms.based(snapshot, terms.contracts(snapshot, found.pool))
    (reserve,) = terms.reserves(snapshot, pool, [found.asset])
    return AaveClaim(found.token, pool, reserve)


def prepare(claim: AaveClaim, draft: Draft) -> None:
    """Tell which reserve it is a claim on."""
    touch(claim.pool, [claim.reserve], (), {}, draft)


def write(claim: AaveClaim, draft: Draft) -> None:
    """Write the pool, as far as this import touches it."""
    write_market(claim.pool, draft)


def feeds(claim: AaveClaim) -> tuple[str, ...]:
    """Return what the pool's oracle reads for the asset."""
    return (claim.reserve.source,)


READER = Reader(NAME, recognise, read, write, _asks, feeds, prepare)
