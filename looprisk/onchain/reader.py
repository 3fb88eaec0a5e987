"""What a reader is: three functions, what the first asks, and where they look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from looprisk.onchain.abi import Call
from looprisk.onchain.borrowers import Watch
from looprisk.onchain.draft import Draft
from looprisk.onchain.places import NOWHERE, Places
from looprisk.onchain.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Look:
    """An address to be understood, and where accounts may have something."""

    snapshot: Snapshot
    address: str
    places: Places = NOWHERE
    """Contracts of protocols in which the address may have an account; none for a token that was
    met on the way."""
    watch: Watch | None = None
    """Who is told how far it is where all borrowers of a market are listed; None: they are not."""


class Reading(Protocol):
    """What a reader has read: integers, as the contracts hold them."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens it names. Those that some reader recognises are opened in turn."""

    @property
    def issues(self) -> str | None:
        """The token whose issuer was read, which is then no asset; None where there is none."""


class AnyReader(Protocol):
    """A reader, whatever it finds."""

    @property
    def name(self) -> str:
        """Protocol and version of the reader."""

    def asks(self, look: Look) -> Sequence[Call]:
        """Return the calls that ``open`` begins with."""

    def open(self, look: Look) -> list[Opened]:
        """Recognise and read."""


FoundT = TypeVar("FoundT")
ReadT = TypeVar("ReadT", bound=Reading)


@dataclass(frozen=True, slots=True)
class Opened:
    """Something that was read and waits to be written."""

    reader: str
    reading: Reading
    prepare: Callable[[Draft], None]
    write: Callable[[Draft], None]
    feeds: tuple[str, ...] = ()
    """The contracts it has a price from."""


def _nothing(look: Look) -> tuple[Call, ...]:
    del look
    return ()


def _no_feeds(reading: object) -> tuple[str, ...]:
    del reading
    return ()


def _nothing_to_tell(reading: object, draft: Draft) -> None:
    del reading, draft


@dataclass(frozen=True, slots=True)
class Reader(Generic[FoundT, ReadT]):
    """A protocol that can be read. ``name`` carries the version of the reader: ``aave-v3/1``."""

    name: str
    recognise: Callable[[Look], tuple[FoundT, ...]]
    """Return what it finds at an address, from few calls; nothing where the protocol is not."""
    read: Callable[[Snapshot, FoundT], ReadT]
    """Return all there is to know of it, in integers; raise DataError where something is missing
    that must be there."""
    write: Callable[[ReadT, Draft], None]
    """Write it into the draft, in token units."""

    asks: Callable[[Look], Sequence[Call]] = _nothing
    """Return the calls that ``recognise`` makes, so that those of all readers go together."""
    feeds: Callable[[ReadT], tuple[str, ...]] = _no_feeds
    """Return the contracts that tell a price there: feeds and their like, NOBODY where none."""
    prepare: Callable[[ReadT, Draft], None] = _nothing_to_tell
    """Tell the draft what other parts must know before any is written."""

    def open(self, look: Look) -> list[Opened]:
        """Recognise and read."""
        found = [self.read(look.snapshot, one) for one in self.recognise(look)]
        return [
            Opened(
                self.name,
                one,
                _with(self.prepare, one),
                _with(self.write, one),
                self.feeds(one),
            )
            for one in found
        ]


def _with(do: Callable[[ReadT, Draft], None], reading: ReadT) -> Callable[[Draft], None]:
    return lambda draft: do(reading, draft)
