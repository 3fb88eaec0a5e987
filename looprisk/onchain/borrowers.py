"""All borrowers of a market: found by what they did, and kept small.

Memory grows by some sixty bytes for each account; what was read of a chunk of accounts is packed
before the next one is read.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from looprisk.onchain.rpc import Json
from looprisk.onchain.snapshot import Snapshot

Watch = Callable[[str, int, int], None]
"""Told what is done now, how far it has come, and of how much."""
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Borrower:
    """One account: its e-mode, 0 for none, and an amount for each column of its market."""

    account: str
    mode: int
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Borrowers:
    """Accounts of one market, packed; iterating gives them in the order they were found."""

    count: int
    totals: tuple[int, ...]
    """Of each column."""
    pieces: tuple[bytes, ...]

    def __iter__(self) -> Iterator[Borrower]:
        """Unpack piece by piece."""
        for piece in self.pieces:
            for line in zlib.decompress(piece).decode().splitlines():
                account, mode, *amounts = line.split(",")
                yield Borrower(account, int(mode), tuple(int(one or 0) for one in amounts))


def packed(found: Iterable[Borrower], columns: int) -> Borrowers:
    """Return accounts packed, with the sums of their columns.

    >>> some = packed([Borrower("0xa", 0, (5, 0)), Borrower("0xb", 1, (2, 3))], 2)
    >>> some.count, some.totals, [one.amounts for one in some]
    (2, (7, 3), [(5, 0), (2, 3)])
    """
    totals = [0] * columns
    pieces: list[bytes] = []
    lines: list[str] = []
    count = 0
    for one in found:
        count += 1
        totals = [total + amount for total, amount in zip(totals, one.amounts, strict=True)]
        lines.append(f"{one.account},{one.mode},{','.join(str(a or '') for a in one.amounts)}")
        if len(lines) == CHUNK:
            pieces.append(zlib.compress("\n".join(lines).encode()))
            lines.clear()
    if lines:
        pieces.append(zlib.compress("\n".join(lines).encode()))
    return Borrowers(count, tuple(totals), tuple(pieces))


def acted(
    snapshot: Snapshot,
    contract: str,
    event: str,
    topics: Sequence[Json],
    place: int,
    first: int,
    watch: Watch,
) -> list[bytes]:
    """Return the accounts that stand at ``place`` among the topics of an event, each once.

    ``topics`` are those that the event must have beside its own.
    """
    blocks = snapshot.pin.number - first + 1
    told = f"borrowers in {contract[:10]}: blocks"
    wanted: list[Json] = ["0x" + keccak(text=event).hex(), *topics]
    watch(told, 0, blocks)
    logs = snapshot.logs(
        contract, wanted, first, lambda last: watch(told, last - first + 1, blocks)
    )
    return list(dict.fromkeys(log.topics[place][-20:] for log in logs))


def chunks(
    accounts: Sequence[bytes], contract: str, doing: str, watch: Watch
) -> Iterator[list[str]]:
    """Yield accounts, checksummed, some at a time."""
    for start in range(0, len(accounts), CHUNK):
        watch(f"borrowers in {contract[:10]}: {doing}", start, len(accounts))
        yield [to_checksum_address(one) for one in accounts[start : start + CHUNK]]
