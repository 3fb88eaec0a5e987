"""Opening a chain at a block: endpoint, pin, cache, recording, in the order they stand."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from looprisk.errors import AddressError, HistoryError, OfflineError, Problem, ReorgError
from looprisk.onchain.address import chain_name
from looprisk.onchain.cache import Cache, CachedNode, place
from looprisk.onchain.endpoint import find
from looprisk.onchain.http import HttpNode, Patience
from looprisk.onchain.provider import Provider, ProviderNode
from looprisk.onchain.rpc import Node
from looprisk.onchain.snapshot import FINALIZED, Pin, Snapshot, pin
from looprisk.onchain.tape import RecordingNode, Tape, TapeNode

SETTLED_AFTER = 86_400
"""Seconds after which no chain that is read here replaces a block."""
RESUMED_WITHIN = 6 * 3600
"""Seconds by which the block of a task may be older than the one asked for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a chain is to be read."""

    chain_id: int | None = None
    """None: whichever the node serves."""
    block: int | str = FINALIZED
    rpc: str | None = field(default=None, repr=False)
    """The address of a node; left out, the environment names it."""
    provider: Provider | None = field(default=None, repr=False)
    """A provider of web3 in place of an address."""
    offline: bool = False
    """Answer from the cache alone."""
    record: Path | None = None
    """Write every request and answer there."""
    replay: Path | None = None
    """Answer from such a recording alone."""
    task: str = ""
    """A name for what takes long: begun again with it, it goes on at the block it began at."""
    patience: Patience = field(default_factory=Patience)


@contextmanager
def opened(access: Access, environment: Mapping[str, str]) -> Iterator[Snapshot]:
    """Yield the chain at its block; what was read is recorded when the reader has succeeded.

    Raises DataError where there is no node, it serves another chain, or has no such block.
    """
    if access.replay is not None:
        node = TapeNode(Tape.load(access.replay))
        yield _settled(node, pin(node, access.block, access.chain_id))
        return
    cache = Cache.at(place(environment))
    try:
        if access.offline:
            found = _kept_pin(cache, access)
            yield _settled(CachedNode(cache, found, None), found)
        else:
            yield from _online(access, environment, cache)
    finally:
        cache.close()


def reach(access: Access, environment: Mapping[str, str]) -> HttpNode | ProviderNode:
    """Return the node itself: the provider that was given, else one over HTTP."""
    if access.provider is not None:
        return ProviderNode(access.provider)
    return HttpNode(find(access.chain_id, access.rpc, environment), access.patience)


def _online(access: Access, environment: Mapping[str, str], cache: Cache) -> Iterator[Snapshot]:
    reached = reach(access, environment)
    tape = RecordingNode(reached)
    try:
        node: Node = tape if access.record is not None else reached
        asked = _settled_pin(cache, access) or pin(node, access.block, access.chain_id)
        found = _begun(cache, access, node, asked)
        cached = CachedNode(cache, found, reached)
        tape.node = cached
        sent = reached.requests_sent
        with _ending(cache, access, found):
            snapshot = _settled(tape if access.record is not None else cached, found)
            snapshot.resumed = found != asked
            yield snapshot
        if not snapshot.all_by_hash and reached.requests_sent > sent:
            snapshot.verify()
        cache.keep_pin(access.block, found)
        if access.record is not None:
            tape.tape.save(access.record)
    finally:
        reached.close()


def _begun(cache: Cache, access: Access, node: Node, asked: Pin) -> Pin:
    """Return the block at which the task began, if it is still there; else it begins now."""
    if not access.task:
        return asked
    kept = cache.pin(asked.chain_id, access.task)
    if kept == asked:
        return asked
    recent = kept is not None and asked.timestamp - kept.timestamp <= RESUMED_WITHIN
    if kept is not None and recent and pin(node, kept.number, access.chain_id) == kept:
        return kept
    cache.begin(access.task, asked)
    return asked


@contextmanager
def _ending(cache: Cache, access: Access, found: Pin) -> Iterator[None]:
    """Forget the task when it is done, and when its block cannot be read any more."""
    try:
        yield
    except (HistoryError, ReorgError):
        if access.task:
            cache.end(access.task, found.chain_id)
        raise
    if access.task:
        cache.end(access.task, found.chain_id)


def _settled(node: Node, found: Pin) -> Snapshot:
    snapshot = Snapshot(node, found)
    snapshot.settle()
    return snapshot


def _settled_pin(cache: Cache, access: Access) -> Pin | None:
    """Return a block asked for by its number before, if it is too old to be replaced."""
    if access.record is not None or access.chain_id is None or isinstance(access.block, str):
        return None
    found = cache.pin(access.chain_id, access.block)
    return found if found is not None and time.time() - found.timestamp > SETTLED_AFTER else None


def _kept_pin(cache: Cache, access: Access) -> Pin:
    if access.chain_id is None:
        message = "without a network the chain must be named"
        raise AddressError([Problem((), message, "write eth:0x…, or give --chain")])
    found = cache.pin(access.chain_id, access.block)
    if found is None:
        raise OfflineError(
            f"block {access.block} of {chain_name(access.chain_id)} is not in the cache",
            "run it once without --offline",
        )
    return found
