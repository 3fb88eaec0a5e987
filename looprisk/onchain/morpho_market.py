"""Markets of Morpho Blue as what is imported."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.onchain import morpho
from looprisk.onchain.abi import Call
from looprisk.onchain.draft import Draft
from looprisk.onchain.morpho import MorphoMarket
from looprisk.onchain.morpho_parts import NAME, write_market
from looprisk.onchain.places import NOWHERE
from looprisk.onchain.reader import Look, Reader
from looprisk.onchain.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Found:
    """A market by its id, in a contract of Morpho Blue."""

    morpho: str
    market: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A market with the interest up to the pinned block."""

    market: MorphoMarket

    @property
    def tokens(self) -> tuple[str, ...]:
        """The loan token and the collateral."""
        return (self.market.loan, self.market.collateral)

    @property
    def issues(self) -> None:
        """Its claims are written as supply in the market."""


def asks(look: Look) -> list[Call]:
    """Return what tells Morpho Blue, and whether the markets are there."""
    if look.places is NOWHERE or not look.places.markets:
        return []
    return [
        *morpho.told(look.address),
        *(morpho.params(look.address, one) for one in look.places.markets),
    ]


def recognise(look: Look) -> tuple[Found, ...]:
    """Return those of the named markets that are in the contract at the address."""
    asked = asks(look)
    if not asked:
        return ()
    answers = look.snapshot.read_all(asked)
    known = len(morpho.told(look.address))
    if not all(answer.ok for answer in answers[:known]):
        return ()
    return tuple(
        Found(look.address, one)
        for one, params in zip(look.places.markets, answers[known:], strict=True)
        # a market that nobody made has no threshold
        if params.ok and params.integer(4)
    )


def read(snapshot: Snapshot, found: Found) -> Whole:
    """Return the market."""
    (market,) = morpho.markets(snapshot, found.morpho, [found.market])
    return Whole(market)


def write(whole: Whole, draft: Draft) -> None:
    """Write the market; who borrows there is not listed."""
    write_market(whole.market, draft)


def feeds(whole: Whole) -> tuple[str, ...]:
    """Return what the oracle of the market reads."""
    return whole.market.feeds


READER = Reader(NAME, recognise, read, write, asks, feeds)
