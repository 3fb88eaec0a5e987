"""Markets of Morpho Blue as what is imported, with all their borrowers where these are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from looprisk.model.tables import COLLATERAL, DEBT
from looprisk.onchain import morpho
from looprisk.onchain.abi import Call
from looprisk.onchain.beginning import begins
from looprisk.onchain.books import Column, write_borrowers
from looprisk.onchain.borrowers import Borrower, Borrowers, Watch, acted, chunks, packed
from looprisk.onchain.draft import Draft, short
from looprisk.onchain.morpho import MorphoMarket
from looprisk.onchain.morpho_parts import NAME, write_market
from looprisk.onchain.places import NOWHERE
from looprisk.onchain.reader import Look, Reader
from looprisk.onchain.snapshot import Snapshot

BORROWED = "Borrow(bytes32,address,address,address,uint256,uint256)"
_FOR = 2
"""Where the borrower stands among the topics."""


@dataclass(frozen=True, slots=True)
class Found:
    """A market by its id, in a contract of Morpho Blue."""

    morpho: str
    market: str
    first_block: int
    watch: Watch | None


@dataclass(frozen=True, slots=True)
class Whole:
    """A market with the interest up to the pinned block, and who borrows there."""

    market: MorphoMarket
    borrowers: Borrowers | None
    """Collateral and debt of each; None where they were not wanted."""
    shares: int
    """Of the debt, that all of them have."""

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
        Found(look.address, one, look.places.first_block, look.watch)
        for one, params in zip(look.places.markets, answers[known:], strict=True)
        # a market that nobody made has no threshold
        if params.ok and params.integer(4)
    )


def read(snapshot: Snapshot, found: Found) -> Whole:
    """Return the market, with who borrows there where that is wanted."""
    (market,) = morpho.markets(snapshot, found.morpho, [found.market])
    if found.watch is None:
        return Whole(market, None, 0)
    shares: list[int] = []
    first = found.first_block or begins(snapshot, found.morpho)
    listed = _borrowers(snapshot, market, first, found.watch, shares)
    return Whole(market, packed(listed, 2), sum(shares))


def _borrowers(
    snapshot: Snapshot, market: MorphoMarket, first: int, watch: Watch, shares: list[int]
) -> Iterator[Borrower]:
    ever = acted(snapshot, market.morpho, BORROWED, [market.id], _FOR, first, watch)
    for some in chunks(ever, short("m", market.id), "positions", watch):
        asked = (morpho.position(market.morpho, market.id, one) for one in some)
        for account, answer in zip(some, snapshot.read_each(asked), strict=True):
            if answer.integer(1):
                shares.append(answer.integer(1))
                debt = market.totals.owed(answer.integer(1))
                yield Borrower(account, 0, (answer.integer(2), debt))


def write(whole: Whole, draft: Draft) -> None:
    """Write the market and, where they were wanted, all who borrow there."""
    market, listed = whole.market, whole.borrowers
    name = write_market(market, draft, None if listed is None else listed.totals[1])
    if listed is None:
        return
    draft.check(f"shares of the debt of {name}", whole.shares, market.totals.borrow_shares)
    draft.check(
        # each account's debt is rounded up by itself
        f"debt of {name}",
        listed.totals[1],
        market.totals.borrowed,
        units=listed.count + 1,
    )
    loan, collateral = draft.name(market.loan), draft.name(market.collateral)
    columns = (
        Column(COLLATERAL, collateral, draft.tokens[market.collateral].decimals),
        Column(DEBT, loan, draft.tokens[market.loan].decimals),
    )
    for one in listed if draft.issuers else ():
        if one.account in draft.issuers:
            draft.stands(one.account, market.collateral, one.amounts[0])
            draft.stands(one.account, market.loan, -one.amounts[1])
    write_borrowers(name, columns, listed, {}, draft)


def feeds(whole: Whole) -> tuple[str, ...]:
    """Return what the oracle of the market reads."""
    return whole.market.feeds


READER = Reader(NAME, recognise, read, write, asks, feeds)
