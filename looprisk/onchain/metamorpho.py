"""Vaults that supply markets of Morpho Blue through queues: MetaMorpho v1.0 and v1.1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.errors import UnreadableError
from looprisk.onchain.abi import Answer, Call, call
from looprisk.onchain.metamorpho_rules import Book, paid, room, withdrawable
from looprisk.onchain.morpho import MorphoMarket, markets
from looprisk.onchain.reader import Look
from looprisk.onchain.snapshot import Snapshot

MOST_MARKETS = 100
"""In one queue; MetaMorpho allows 30."""
WHOLE_DECIMALS = 18
"""Of a share; an asset of fewer leaves the difference to virtual shares."""


@dataclass(frozen=True, slots=True)
class Found:
    """A vault: its share, its asset, and the Morpho Blue that its markets are in."""

    share: str
    asset: str
    morpho: str


@dataclass(frozen=True, slots=True)
class Queued:
    """One market of a vault, and what the vault has there."""

    market: MorphoMarket
    shares: int
    cap: int
    """In the smallest units of the asset; nothing more is supplied above it."""
    removable_at: int
    """Seconds since 1970 from which the vault may leave what it has there; 0 is never."""

    @property
    def amount(self) -> int:
        """What the market owes the vault."""
        return self.market.totals.worth(self.shares)


@dataclass(frozen=True, slots=True)
class QueueVault:
    """A vault, in the smallest units of asset and share."""

    share: str
    asset: str
    morpho: str
    curator: str
    book: Book
    queue: tuple[Queued, ...]
    """In the order in which withdrawals are paid from."""
    supplies: tuple[Queued, ...]
    """In the order in which deposits are supplied."""
    cash: int
    """Of the asset, in Morpho Blue: all that it could pay to anybody."""
    idle: int
    """Of the asset, in the vault's own wallet: its book does not count it."""
    their_total: int
    their_room: int | None

    @property
    def tokens(self) -> tuple[str, ...]:
        """Share, asset, and the collaterals its markets lend against."""
        return (self.share, self.asset, *(one.market.collateral for one in self.queue))

    @property
    def issues(self) -> str:
        """The share."""
        return self.share

    @property
    def withdrawable(self) -> int:
        """What could be paid out at once to somebody who had all shares."""
        return self.max_withdraw(self.book.supply)

    @property
    def room(self) -> int:
        """What it would take in at once."""
        return sum(room(one.market.totals, one.shares, one.cap) for one in self.supplies)

    def max_withdraw(self, shares: int) -> int:
        """Return what could be paid out at once to the holder of shares."""
        parts = (withdrawable(one.market.totals, one.amount, self.cash) for one in self.queue)
        return paid(self.book.worth(shares), parts)


def asks(look: Look) -> list[Call]:
    """Return the one question that no other vault answers."""
    return [call(look.address, "MORPHO()(address)")]


def recognise(look: Look) -> tuple[Found, ...]:
    """Return the vault at the address; one that has no shares out is a token like any other."""
    (morpho,) = look.snapshot.read_all(asks(look))
    if not morpho.ok:
        return ()
    asset, supply, length = look.snapshot.read_all(
        [
            call(look.address, "asset()(address)"),
            call(look.address, "totalSupply()(uint256)"),
            call(look.address, "withdrawQueueLength()(uint256)"),
        ]
    )
    if not (asset.ok and length.ok and supply.ok and supply.integer()):
        return ()
    return (Found(look.address, asset.address(), morpho.address()),)


def read(snapshot: Snapshot, found: Found) -> QueueVault:
    """Return the vault with its book, and its markets with the interest up to the block."""
    share = found.share
    answers = snapshot.read_all(
        [
            call(share, "withdrawQueueLength()(uint256)"),
            call(share, "supplyQueueLength()(uint256)"),
            call(share, "totalAssets()(uint256)"),
            call(share, "totalSupply()(uint256)"),
            call(share, "fee()(uint96)"),
            call(share, "lastTotalAssets()(uint256)"),
            call(share, "lostAssets()(uint256)"),
            call(share, "curator()(address)"),
            call(share, "maxDeposit(address)(uint256)", share),
            call(found.asset, "decimals()(uint256)"),
            call(found.asset, "balanceOf(address)(uint256)", found.morpho),
            call(found.asset, "balanceOf(address)(uint256)", share),
        ]
    )
    outs, ins, total, supply, fee, last, lost, curator, space, decimals, cash, idle = answers
    paying, taking = _queues(snapshot, found, outs.integer(), ins.integer())
    book = Book(
        real=sum(one.amount for one in paying),
        last=last.integer(),
        lost=lost.integer() if lost.ok else None,
        fee=fee.integer(),
        stored_supply=supply.integer(),
        virtual_shares=10 ** max(0, WHOLE_DECIMALS - decimals.integer()),
    )
    return QueueVault(
        share=share,
        asset=found.asset,
        morpho=found.morpho,
        curator=curator.address(),
        book=book,
        queue=paying,
        supplies=taking,
        cash=cash.integer(),
        idle=idle.integer(),
        their_total=total.integer(),
        their_room=space.integer() if space.ok else None,
    )


def _queues(
    snapshot: Snapshot, found: Found, outs: int, ins: int
) -> tuple[tuple[Queued, ...], tuple[Queued, ...]]:
    """Return the markets in the order of withdrawals, and in that of deposits."""
    if max(outs, ins) > MOST_MARKETS:
        raise UnreadableError(
            f"the vault {found.share} says it has {max(outs, ins)} markets in a queue",
            f"no vault known has more than {MOST_MARKETS}: is it a MetaMorpho vault?",
        )
    names = [("withdrawQueue", at) for at in range(outs)]
    names += [("supplyQueue", at) for at in range(ins)]
    answers = snapshot.read_all(
        [call(found.share, f"{name}(uint256)(bytes32)", at) for name, at in names]
    )
    ids = ["0x" + answer.data().hex() for answer in answers]
    known = _queued(snapshot, found, list(dict.fromkeys(ids)))
    return tuple(known[one] for one in ids[:outs]), tuple(known[one] for one in ids[outs:])


def _queued(snapshot: Snapshot, found: Found, ids: Sequence[str]) -> dict[str, Queued]:
    signatures = "config(bytes32)(uint184,bool,uint64)", "position(bytes32,address)(uint256)"
    raw = [bytes.fromhex(one.removeprefix("0x")) for one in ids]
    terms = snapshot.read_all([call(found.share, signatures[0], one) for one in raw])
    shares = snapshot.read_all([call(found.morpho, signatures[1], one, found.share) for one in raw])
    read = markets(snapshot, found.morpho, ids)
    return {
        one: _one(market, held, term)
        for one, market, held, term in zip(ids, read, shares, terms, strict=True)
    }


def _one(market: MorphoMarket, held: Answer, terms: Answer) -> Queued:
    return Queued(market, held.integer(), terms.integer(0), terms.integer(2))
