"""Price feeds of Chainlink's kind, and the contracts that wrap one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from looprisk.model.values import decimal_text
from looprisk.onchain.abi import Answer, Call, call
from looprisk.onchain.draft import Draft, short
from looprisk.onchain.places import NOWHERE
from looprisk.onchain.reader import Look, Reader
from looprisk.onchain.snapshot import Snapshot
from looprisk.results.names import clean

LONGEST_NAME = 64
DEEPEST = 8
"""Wrappers of wrappers that are followed."""
PHASE = 64
"""Bits of a proxy's round that count within one aggregator."""
_ROUND = "latestRoundData()(uint80,int256,uint256,uint256,uint80)"
_INSIDE = (
    "aggregator",
    "underlyingPriceFeed",
    "BASE_TO_USD_AGGREGATOR",
    "ASSET_TO_USD_AGGREGATOR",
)
"""What proxies, Compound's wrappers and Aave's capped feeds call the feed they read."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed, as it answers at the pinned block."""

    address: str
    about: str
    """What it says it is of: cleaned and cut, and vouched for by nobody."""
    answer: int
    decimals: int
    round: int
    updated: int
    """Seconds since 1970; 0 where it does not say."""
    now: int
    inside: tuple[str, ...]
    """The feeds it reads, each by the one before."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """A feed names no token."""
        return ()

    @property
    def issues(self) -> None:
        """A feed issues nothing."""

    @property
    def phase(self) -> int:
        """Which aggregator of a proxy gave the round; 0 where it is no proxy.

        >>> Feed("0x", "", 1, 8, (3 << PHASE) + 5, 0, 0, ()).phase
        3
        """
        return self.round >> PHASE

    @property
    def age(self) -> int | None:
        """Seconds since the answer; None where the feed does not say."""
        return self.now - self.updated if self.updated else None


def asks(look: Look) -> tuple[Call, ...]:
    """Return the one question that only feeds answer; a token met on the way is none."""
    return () if look.places is NOWHERE else (call(look.address, _ROUND),)


def recognise(look: Look) -> tuple[str, ...]:
    """Return the address where it is a feed."""
    latest = look.snapshot.read_all(asks(look))
    if not any(one.ok for one in latest):
        return ()
    decimals = look.snapshot.read(call(look.address, "decimals()(uint8)"))
    return (look.address,) if decimals.ok else ()


def read(snapshot: Snapshot, address: str) -> Feed:
    """Return the feed with what it reads."""
    latest, decimals, about = snapshot.read_all(
        [
            call(address, _ROUND),
            call(address, "decimals()(uint8)"),
            call(address, "description()(string)"),
        ]
    )
    return Feed(
        address=address,
        about=clean(about.text())[:LONGEST_NAME] if about.ok else "",
        answer=latest.integer(1),
        decimals=decimals.integer(),
        round=latest.integer(0),
        updated=latest.integer(3),
        now=snapshot.pin.timestamp,
        inside=_inside(snapshot, address),
    )


def _inside(snapshot: Snapshot, address: str) -> tuple[str, ...]:
    """Follow the feeds from wrapper to what it reads, until one names no other."""
    found: list[str] = []
    at: str | None = address
    while at is not None and len(found) < DEEPEST:
        at = _next(snapshot.read_all([call(at, f"{name}()(address)") for name in _INSIDE]))
        if at is None or at in found or at == address:
            return tuple(found)
        found.append(at)
    return tuple(found)


def _next(answers: Sequence[Answer]) -> str | None:
    return next((one.address() for one in answers if one.ok), None)


def write(feed: Feed, draft: Draft) -> None:
    """Write the feed as an oracle that reads the market."""
    figure = decimal_text(Fraction(feed.answer, 10**feed.decimals))
    told = [f"{feed.about} {figure}".strip()]
    told.append("does not say when" if feed.age is None else f"answered {feed.age} s before")
    if feed.phase:
        told.append(f"phase {feed.phase}")
    if feed.answer <= 0:
        told.append("no price")
    if feed.inside:
        told.append(f"reads {', '.join(feed.inside)}")
    part = {"kind": "market", "note": "; ".join(told), "address": feed.address}
    draft.put("oracles", short("o", feed.address), part)


READER = Reader("chainlink/1", recognise, read, write, asks)
