"""What an import warns of: prices that nobody updates, vaults that are empty, shares that jumped.

A flag changes no value. It stands as a tag of a part, in ``about`` and on the terminal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from eth_utils.crypto import keccak

from looprisk.model.values import decimal_text
from looprisk.onchain.abi import Call
from looprisk.onchain.rpc import Json
from looprisk.onchain.snapshot import Snapshot
from looprisk.onchain.sources import Source

STALE, NO_PRICE, EMPTY, JUMP, DONATION = (
    "stale-oracle",
    "no-price",
    "empty-vault",
    "share-price-jump",
    "donation",
)
LONGEST_HEARTBEAT = 25 * 3600
"""Seconds. Heartbeats are not on chain; feeds of Chainlink answer at least once a day."""
LEAST_FALL = Fraction(1, 10**6)
"""Of a share's price: a smaller fall is rounding."""
LEAST_RISE = Fraction(1, 100)
MOST_A_YEAR = 1
"""A rise of at least one percent is a jump where it is faster than doubling in a year."""
YEAR = 365 * 86_400
_DEPOSIT = keccak(text="Deposit(address,address,uint256,uint256)")
_TRANSFER = keccak(text="Transfer(address,address,uint256)")


@dataclass(frozen=True, slots=True)
class Flag:
    """A warning about a part: its id, one word for tools, one sentence for people."""

    of: str
    tag: str
    text: str

    def __str__(self) -> str:
        """Return the sentence after the part it is about."""
        return f"{self.of}: {self.text} ({self.tag})"


@dataclass(frozen=True, slots=True)
class Rate:
    """A token whose worth in another is told by a function, and what it told at the pin."""

    token: str
    asked: Call
    now: int


@dataclass(frozen=True, slots=True)
class Move:
    """What a rate was at an earlier block, and how much later it is what it is now."""

    rate: Rate
    before: int
    seconds: int

    @property
    def share(self) -> Fraction:
        """The change, of what it was."""
        return Fraction(self.rate.now - self.before, self.before)

    @property
    def jumped(self) -> bool:
        """Whether it fell, or rose faster than yields do.

        >>> from looprisk.onchain.abi import call
        >>> rate = Rate("0x", call("0x", "f()(uint256)"), 102)
        >>> Move(rate, 100, 3600).jumped
        True
        >>> Move(rate, 100, YEAR // 10).jumped
        False
        """
        rise = self.share
        fast = rise * YEAR > MOST_A_YEAR * self.seconds
        return rise < -LEAST_FALL or (rise >= LEAST_RISE and fast)


def aged(source: Source | None, now: int) -> str:
    """Return how old an answer is, as a note says it; nothing where the source does not say.

    >>> aged(Source("0x", 1, 8, 40), 100)
    ', answered 60 s before'
    """
    if source is None or source.updated is None:
        return ""
    return f", answered {now - source.updated} s before"


def of_sources(
    of: str,
    known: Mapping[str, Source],
    feeds: Sequence[str],
    now: int,
    oldest: Mapping[str, int],
) -> list[Flag]:
    """Return the flags of a part that reads its prices from ``feeds``.

    ``oldest`` is the age in seconds at which it refuses what a feed says, where that is told.
    """
    found: list[Flag] = []
    for feed in dict.fromkeys(feeds):
        source = known.get(feed)
        if source is None:
            continue
        if source.answer is not None and source.answer <= 0:
            found.append(Flag(of, NO_PRICE, f"{feed} answers {source.answer}, which is no price"))
        age = 0 if source.updated is None else now - source.updated
        limit = oldest.get(feed, LONGEST_HEARTBEAT)
        if age > min(limit, LONGEST_HEARTBEAT):
            after = f", and is refused after {limit} s" if feed in oldest else ""
            text = f"{feed} has not answered for {_long(age)}{after}"
            found.append(Flag(of, STALE, text))
    return found


def _long(seconds: int) -> str:
    return f"{seconds // 3600} hours" if seconds >= 2 * 3600 else f"{seconds} s"


def moves(earlier: Snapshot, rates: Sequence[Rate], now: int) -> list[Move]:
    """Return what the rates were at an earlier block; one that was not told there is left out."""
    answers = earlier.read_all([rate.asked for rate in rates])
    return [
        Move(rate, answer.integer(), now - earlier.pin.timestamp)
        for rate, answer in zip(rates, answers, strict=True)
        if answer.ok and answer.integer()
    ]


def jump(of: str, move: Move) -> Flag | None:
    """Return the flag of a share whose price jumped."""
    if not move.jumped:
        return None
    moved = decimal_text(Fraction(round(move.share * 10**6), 10**4))
    went = "rose" if move.share > 0 else "fell"
    text = f"a share {went} by {moved.lstrip('-')}% in {move.seconds} s"
    return Flag(of, JUMP, text)


def sent(snapshot: Snapshot, vault: str, asset: str, first: int) -> int:
    """Return how much of its asset a vault got since a block beyond what was deposited."""
    to = "0x" + vault.removeprefix("0x").lower().rjust(64, "0")
    transfers: list[Json] = ["0x" + _TRANSFER.hex(), None, to]
    got = sum(int.from_bytes(log.data[:32]) for log in snapshot.logs(asset, transfers, first))
    deposits: list[Json] = ["0x" + _DEPOSIT.hex()]
    paid = sum(int.from_bytes(log.data[:32]) for log in snapshot.logs(vault, deposits, first))
    return got - paid
