"""Accounts and markets of Morpho Blue, with the interest up to the pinned block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from looprisk.onchain.abi import NOBODY, Answer, Call, call
from looprisk.onchain.beginning import begins
from looprisk.onchain.morpho_rules import NO_DEBT, WAD, Totals, most_debt
from looprisk.onchain.reader import Look
from looprisk.onchain.rpc import Json
from looprisk.onchain.snapshot import Snapshot

_PARAMS = "idToMarketParams(bytes32)(address,address,address,address,uint256)"
_TOTALS = "market(bytes32)(uint128,uint128,uint128,uint128,uint128,uint128)"
_POSITION = "position(bytes32,address)(uint256,uint128,uint128)"
_RATE = (
    "borrowRateView((address,address,address,address,uint256),"
    "(uint128,uint128,uint128,uint128,uint128,uint128))(uint256)"
)
_ORACLE = (
    "BASE_VAULT",
    "QUOTE_VAULT",
    "BASE_FEED_1",
    "BASE_FEED_2",
    "QUOTE_FEED_1",
    "QUOTE_FEED_2",
)
# the place of the owner among the topics, and the events that have it there
_EVENTS = (
    (
        3,
        (
            "Supply(bytes32,address,address,uint256,uint256)",
            "SupplyCollateral(bytes32,address,address,uint256)",
        ),
    ),
    (2, ("Borrow(bytes32,address,address,address,uint256,uint256)",)),
)


@dataclass(frozen=True, slots=True)
class Sources:
    """What an oracle of Morpho's own kind multiplies: vaults and feeds, NOBODY where none."""

    address: str
    base_vault: str
    quote_vault: str
    base_feeds: tuple[str, ...]
    quote_feeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MorphoMarket:
    """One market. ``totals`` are accrued to the pinned block."""

    morpho: str
    id: str
    loan: str
    collateral: str
    lltv: int
    totals: Totals
    price: int | None
    """In units of 1e36; None where the oracle refuses."""
    oracle: str
    sources: Sources | None
    """None: the oracle is of a kind that is not read."""

    @property
    def feeds(self) -> tuple[str, ...]:
        """What its oracle multiplies and divides by."""
        known = self.sources
        return () if known is None else (*known.base_feeds, *known.quote_feeds)


@dataclass(frozen=True, slots=True)
class MorphoAccount:
    """One account in one market."""

    account: str
    market: MorphoMarket
    supply_shares: int
    borrow_shares: int
    collateral: int

    @property
    def tokens(self) -> tuple[str, ...]:
        """The loan token and the collateral."""
        return (self.market.loan, self.market.collateral)

    @property
    def issues(self) -> None:
        """An account issues nothing."""

    @property
    def debt(self) -> int:
        """What it owes, in the smallest units of the loan token."""
        return self.market.totals.owed(self.borrow_shares)

    @property
    def health(self) -> int | None:
        """Most debt over debt, in 1e18, cut; None where the oracle says nothing."""
        if self.market.price is None:
            return None
        most = most_debt(self.collateral, self.market.price, self.market.lltv)
        return most * WAD // self.debt if self.debt else NO_DEBT


@dataclass(frozen=True, slots=True)
class Found:
    """An account that has something in a market."""

    morpho: str
    market: str
    account: str
    supply_shares: int
    borrow_shares: int
    collateral: int


def asks(look: Look) -> list[Call]:
    """Return what tells Morpho Blue from other contracts."""
    return [asked for place in look.places.contracts for asked in told(place)]


def told(place: str) -> list[Call]:
    """Return what a contract of Morpho Blue answers and others do not."""
    return [
        call(place, "feeRecipient()(address)"),
        call(place, _POSITION, bytes(32), NOBODY),
        call(place, "isLltvEnabled(uint256)(bool)", 0),
    ]


def params(place: str, market: str) -> Call:
    """Return the call for the terms of a market; its last answer is the threshold."""
    return call(place, _PARAMS, _raw(market))


def position(place: str, market: str, account: str) -> Call:
    """Return the call for what an account has in a market: supply and debt shares, collateral."""
    return call(place, _POSITION, _raw(market), account)


def recognise(look: Look) -> tuple[Found, ...]:
    """Return where the address supplies, borrows or pledges, among the places.

    Markets are those named, else those that the address ever acted in.
    """
    answers = look.snapshot.read_all(asks(look))
    found: list[Found] = []
    for at, place in enumerate(look.places.contracts):
        if all(answer.ok for answer in answers[3 * at : 3 * at + 3]):
            ids = look.places.markets or _acted_in(look, place)
            found += positions(look.snapshot, place, ids, look.address)
    return tuple(found)


def positions(snapshot: Snapshot, morpho: str, ids: Sequence[str], account: str) -> list[Found]:
    """Return what an account has in markets, leaving out those where it has nothing."""
    answers = snapshot.read_all([position(morpho, one, account) for one in ids])
    return [
        Found(morpho, one, account, answer.integer(0), answer.integer(1), answer.integer(2))
        for one, answer in zip(ids, answers, strict=True)
        if any(answer.integer(place) for place in range(3))
    ]


def read(snapshot: Snapshot, found: Found) -> MorphoAccount:
    """Return the account with its market."""
    (market,) = markets(snapshot, found.morpho, [found.market])
    return MorphoAccount(
        found.account, market, found.supply_shares, found.borrow_shares, found.collateral
    )


def markets(snapshot: Snapshot, morpho: str, ids: Sequence[str]) -> list[MorphoMarket]:
    """Return markets by their ids, with the interest up to the pinned block."""
    asked = [call(morpho, signature, _raw(one)) for one in ids for signature in (_PARAMS, _TOTALS)]
    answers = snapshot.read_all(asked)
    pairs = list(zip(answers[::2], answers[1::2], strict=True))
    rates = _rates(snapshot, pairs)
    oracles = _oracles(snapshot, [params.address(2) for params, _ in pairs])
    return [
        MorphoMarket(
            morpho=morpho,
            id=one,
            loan=params.address(0),
            collateral=params.address(1),
            lltv=params.integer(4),
            totals=_stored(totals).accrued(rate, snapshot.pin.timestamp),
            price=price,
            oracle=params.address(2),
            sources=sources,
        )
        for one, (params, totals), rate, (price, sources) in zip(
            ids, pairs, rates, oracles, strict=True
        )
    ]


def _acted_in(look: Look, morpho: str) -> list[str]:
    """Return the markets in which an account ever supplied, pledged or borrowed."""
    owner = "0x" + look.address.removeprefix("0x").lower().rjust(64, "0")
    ids: dict[str, None] = {}
    first = look.places.first_block or begins(look.snapshot, morpho)
    for place, events in _EVENTS:
        wanted: Json = ["0x" + keccak(text=event).hex() for event in events]
        topics: list[Json] = [wanted, *[None] * (place - 1), owner]
        for log in look.snapshot.logs(morpho, topics, first):
            ids["0x" + log.topics[1].hex()] = None
    return list(ids)


def _stored(answer: Answer) -> Totals:
    fields = [answer.integer(place) for place in range(6)]
    return Totals(*fields)


def _rates(snapshot: Snapshot, pairs: Sequence[tuple[Answer, Answer]]) -> list[int]:
    """Return what each market's rate model says for its stored totals; without a model, zero."""
    with_model = [pair for pair in pairs if pair[0].address(3) != NOBODY]
    answers = snapshot.read_all(
        [
            call(
                params.address(3),
                _RATE,
                (*(params.address(at) for at in range(4)), params.integer(4)),
                tuple(totals.integer(at) for at in range(6)),
            )
            for params, totals in with_model
        ]
    )
    rates = iter(answers)
    return [0 if pair[0].address(3) == NOBODY else next(rates).integer() for pair in pairs]


def _oracles(
    snapshot: Snapshot, addresses: Sequence[str]
) -> list[tuple[int | None, Sources | None]]:
    signatures = ("price()(uint256)", *(f"{name}()(address)" for name in _ORACLE))
    real = [address for address in addresses if address != NOBODY]
    answers = snapshot.read_all([call(one, signature) for one in real for signature in signatures])
    width = len(signatures)
    rows = iter([answers[at : at + width] for at in range(0, len(answers), width)])
    return [
        (None, None) if address == NOBODY else _oracle(address, next(rows)) for address in addresses
    ]


def _oracle(address: str, row: Sequence[Answer]) -> tuple[int | None, Sources | None]:
    price, *parts = row
    sources = None
    if all(part.ok for part in parts):
        base, quote, *feeds = (part.address() for part in parts)
        sources = Sources(address, base, quote, tuple(feeds[:2]), tuple(feeds[2:]))
    return price.integer() if price.ok else None, sources


def _raw(market: str) -> bytes:
    return bytes.fromhex(market.removeprefix("0x"))
