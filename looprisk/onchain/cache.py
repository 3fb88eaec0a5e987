"""Answers kept between runs: what was read at a block hash never changes.

A row that was cut or changed is not used; a file that is no cache of ours is set aside. Nothing in
it names an endpoint.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from looprisk.errors import DataError, OfflineError
from looprisk.onchain.rpc import Ask, Json, Kind, Node, RpcError, canonical
from looprisk.onchain.snapshot import MULTICALL3, Pin

_log = logging.getLogger(__name__)

VERSION = 1
"""Of the tables; another one is set aside."""
_TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    chain INTEGER NOT NULL, block TEXT NOT NULL, ask BLOB NOT NULL,
    answer BLOB NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (chain, block, ask)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pins (
    chain INTEGER NOT NULL, asked TEXT NOT NULL, number INTEGER NOT NULL,
    hash TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (chain, asked)
) WITHOUT ROWID;
"""
_PRIVATE = 0o600


def place(environment: Mapping[str, str]) -> Path:
    """Return the file: ``LOOPRISK_CACHE``, else in the user's cache folder."""
    if chosen := environment.get("LOOPRISK_CACHE"):
        return Path(chosen)
    home = environment.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "looprisk" / "chain.sqlite"


@dataclass(slots=True)
class Cache:
    """A file of answers by chain and block hash."""

    path: Path
    _base: sqlite3.Connection = field(repr=False)

    @classmethod
    def at(cls, path: Path) -> Cache:
        """Open the cache at ``path``, making it where there is none."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            base = _opened(path)
        except sqlite3.DatabaseError as error:
            _log.debug("%s is no cache of this version (%s): set aside", path, error)
            path.replace(path.with_name(f"{path.name}.broken"))
            base = _opened(path)
        except OSError as error:
            raise DataError(
                f"cannot use the cache {path}: {error.strerror or error}",
                "set LOOPRISK_CACHE to a file that can be written",
            ) from None
        return cls(path, base)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def answer(self, pin: Pin, ask: Ask) -> tuple[Json | RpcError] | None:
        """Return the answer or refusal that was kept, in a tuple; None where none was."""
        with self._used() as base:
            row = base.execute(
                "SELECT answer, digest FROM answers WHERE chain = ? AND block = ? AND ask = ?",
                (pin.chain_id, pin.hash, _key(ask)),
            ).fetchone()
        if row is None or _digest(row[0]) != row[1]:
            return None
        result, code, text = json.loads(zlib.decompress(row[0]))
        return (result if code is None else RpcError("the cache", code, text),)

    def keep(self, pin: Pin, ask: Ask, answer: Json | RpcError) -> None:
        """Keep an answer that holds for this block whenever it is asked."""
        if isinstance(answer, RpcError):
            row: list[Json] = [None, answer.code, answer.text]
        else:
            row = [answer, None, ""]
        raw = zlib.compress(canonical(row).encode())
        with self._used() as base:
            base.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
                (pin.chain_id, pin.hash, _key(ask), raw, _digest(raw)),
            )

    def pin(self, chain_id: int, asked: int | str) -> Pin | None:
        """Return the block that was pinned when last asked for this one."""
        with self._used() as base:
            row = base.execute(
                "SELECT number, hash, time FROM pins WHERE chain = ? AND asked = ?",
                (chain_id, str(asked)),
            ).fetchone()
        return None if row is None else Pin(chain_id, row[0], row[1], row[2])

    def keep_pin(self, asked: int | str, pin: Pin) -> None:
        """Keep which block was pinned."""
        self._keep_pins([str(asked), str(pin.number)], pin)

    def begin(self, task: str, pin: Pin) -> None:
        """Keep at which block a long task began; ``pin`` finds it by its name."""
        self._keep_pins([task], pin)

    def end(self, task: str, chain_id: int) -> None:
        """Forget that a task began."""
        with self._used() as base:
            base.execute("DELETE FROM pins WHERE chain = ? AND asked = ?", (chain_id, task))

    def _keep_pins(self, names: Sequence[str], pin: Pin) -> None:
        rows = [(pin.chain_id, name, pin.number, pin.hash, pin.timestamp) for name in names]
        with self._used() as base:
            base.executemany("INSERT OR REPLACE INTO pins VALUES (?, ?, ?, ?, ?)", rows)

    @contextmanager
    def _used(self) -> Iterator[sqlite3.Connection]:
        """Yield the file for one statement; what the disk refuses is told."""
        try:
            with self._base:
                yield self._base
        except sqlite3.Error as error:
            raise DataError(
                f"cannot use the cache {self.path}: {error}",
                "is the disk full? LOOPRISK_CACHE names another file",
            ) from None


def _opened(path: Path) -> sqlite3.Connection:
    if not path.exists():
        path.touch(_PRIVATE)
    elif os.name == "posix" and not _is_ours(path.stat()):
        raise sqlite3.DatabaseError("others may have written to it")
    base = sqlite3.connect(path, timeout=30)
    try:
        # what a loss of power tears is found by its digest, and read again
        base.execute("PRAGMA synchronous = OFF").close()
        with closing(base.execute("PRAGMA user_version")) as answer:
            version = answer.fetchone()[0]
        if version == 0:
            base.executescript(f"{_TABLES} PRAGMA user_version = {VERSION};")
        # a statement that fails says that the file is not ours
        wanted = "answers, pins" if version in {0, VERSION} else f"version_{version}"
        base.execute(f"SELECT 1 FROM {wanted} LIMIT 1").close()  # noqa: S608, names of our own
    except BaseException:
        base.close()
        raise
    return base


def _is_ours(state: os.stat_result) -> bool:
    return not state.st_mode & 0o077 and state.st_uid == os.getuid()


def _key(ask: Ask) -> bytes:
    return hashlib.sha256(canonical([ask[0], ask[1]]).encode()).digest()


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


@dataclass(slots=True)
class CachedNode:
    """A node whose answers at one pinned block are kept; without a node, what was kept is all."""

    cache: Cache
    pin: Pin
    node: Node | None
    """None: offline."""

    @property
    def host(self) -> str:
        """The host of the node, or what stands in for it."""
        return "the cache" if self.node is None else self.node.host

    def request(self, method: str, params: list[Json]) -> Json:
        """Return the answer that was kept, else the node's."""
        ask = (method, params)
        answer = self._kept(ask)
        if answer is None:
            answer = (self._asked(ask),)
        if isinstance(answer[0], RpcError):
            raise answer[0]
        return answer[0]

    def batch(self, asks: Sequence[Ask]) -> list[Json | RpcError]:
        """Return the answers that were kept, and the node's for the others."""
        found = {at: kept for at, ask in enumerate(asks) if (kept := self._kept(ask)) is not None}
        open_ = [at for at in range(len(asks)) if at not in found]
        if open_:
            answers = self._served(asks[open_[0]]).batch([asks[at] for at in open_])
            for at, answer in zip(open_, answers, strict=True):
                found[at] = (answer,)
                self._keep(asks[at], answer)
        return [found[at][0] for at in range(len(asks))]

    def _asked(self, ask: Ask) -> Json | RpcError:
        try:
            answer: Json | RpcError = self._served(ask).request(*ask)
        except RpcError as refusal:
            answer = refusal
        self._keep(ask, answer)
        return answer

    def _served(self, ask: Ask) -> Node:
        if self.node is None:
            raise OfflineError(
                f"{ask[0]} at block {self.pin.number} is not in the cache",
                "run it once without --offline",
            )
        return self.node

    def _kept(self, ask: Ask) -> tuple[Json | RpcError] | None:
        return self.cache.answer(self.pin, ask) if self._lasts(ask) else None

    def _keep(self, ask: Ask, answer: Json | RpcError) -> None:
        """Keep what the contracts said; what the node lacks it may have another time."""
        lasting = _stands(ask, answer) if isinstance(answer, RpcError) else answer is not None
        if lasting and self._lasts(ask):
            self.cache.keep(self.pin, ask, answer)

    def _lasts(self, ask: Ask) -> bool:
        """Whether the answer is fixed by the hash of the pinned block.

        Of this block or of another by its hash, or an ancestor of it.
        """
        method, params = ask
        if method == "eth_getLogs":
            return True
        if method == "eth_getBlockByNumber":
            return self._is_before(params[0])
        last = params[-1] if params else None
        if method == "eth_getCode" and self._is_before(last):
            return True
        return isinstance(last, dict) and last.keys() == {"blockHash", "requireCanonical"}

    def _is_before(self, block: Json) -> bool:
        """Return whether a block is named by a number before the pinned one."""
        if not isinstance(block, str) or not block.startswith("0x"):
            return False
        return int(block, 16) < self.pin.number


def _stands(ask: Ask, refusal: RpcError) -> bool:
    """Whether a refusal is kept: what contracts refuse, and what can be asked in parts instead.

    The parts are kept too, so that a second run goes the same way without a question.
    """
    if refusal.kind is Kind.REVERTED:
        return True
    if ask[0] == "eth_getCode":
        # asked of an old block, to save questions: a node without it is not asked again
        return refusal.kind is Kind.NO_HISTORY
    asked = ask[1][0] if ask[1] else None
    if refusal.kind is not Kind.TOO_MUCH or not isinstance(asked, dict):
        return False
    if ask[0] == "eth_getLogs":
        return asked.get("fromBlock") != asked.get("toBlock")
    return asked.get("to") == MULTICALL3
