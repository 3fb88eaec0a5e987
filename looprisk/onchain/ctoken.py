"""Markets of Compound v2 and of its forks, met on the way: what their tokens are claims on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.errors import UnreadableError
from looprisk.onchain.abi import Call, call
from looprisk.onchain.draft import NO_READER, Draft, Tree
from looprisk.onchain.holdings import Holding
from looprisk.onchain.places import NOWHERE
from looprisk.onchain.reader import Look, Reader
from looprisk.onchain.snapshot import Snapshot

UNIT = 10**18
_RATE = "exchangeRateStored()(uint256)"
_TELLS = (_RATE, "underlying()(address)", "comptroller()(address)")
_CURRENT = (
    "exchangeRateCurrent()(uint256)",
    "getCash()(uint256)",
    "totalBorrowsCurrent()(uint256)",
    "totalReserves()(uint256)",
    "totalSupply()(uint256)",
)
"""The first brings the market's interest up to the block; the others are asked after it."""


@dataclass(frozen=True, slots=True)
class CTokenMarket:
    """A market, in the smallest units of its asset, accrued to the pinned block."""

    token: str
    asset: str
    rate: int
    """Of the asset for one of the token, in 1e18 and their smallest units."""
    cash: int
    borrowed: int
    reserves: int
    supply: int
    """Of its token."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The claim on it, and what it lends."""
        return (self.token, self.asset)

    @property
    def issues(self) -> str:
        """The claim, which has the address of the market."""
        return self.token

    @property
    def supplied(self) -> int:
        """What it owes its suppliers."""
        return self.cash + self.borrowed - self.reserves

    def worth(self, amount: int) -> int:
        """Return what so many of its tokens are of the asset, cut."""
        return amount * self.rate // UNIT


def asks(look: Look) -> Sequence[Call]:
    """Return the one question that tells a market, to what was met on the way."""
    return (call(look.address, _RATE),) if look.places is NOWHERE else ()


def recognise(look: Look) -> tuple[tuple[str, str], ...]:
    """Return the market at an address that was met on the way, and what it lends."""
    asked = asks(look)
    if not asked or not look.snapshot.read(asked[0]).ok:
        return ()
    answers = look.snapshot.read_all([call(look.address, one) for one in _TELLS])
    # the coin of the chain, which some lend, is no token
    return ((look.address, answers[1].address()),) if all(one.ok for one in answers) else ()


def read(snapshot: Snapshot, found: tuple[str, str]) -> CTokenMarket:
    """Return the market with the interest up to the pinned block."""
    token, asset = found
    answers = snapshot.read_all([call(token, one) for one in _CURRENT])
    rate, cash, borrowed, reserves, supply = (one.integer() for one in answers)
    return CTokenMarket(token, asset, rate, cash, borrowed, reserves, supply)


def prepare(market: CTokenMarket, draft: Draft) -> None:
    """Tell that its token is a claim on it."""
    draft.claims[market.token] = draft.name(market.token)


def write(market: CTokenMarket, draft: Draft) -> None:
    """Write the market under the name of the claim on it; who borrows is not listed."""
    name, asset = draft.name(market.token), draft.name(market.asset)
    # the rate cuts what each unit of supply is worth
    units = market.supply // UNIT + 1
    draft.check(f"supply of {name}", market.supplied, market.worth(market.supply), units=units)
    lending: Tree = {
        "cash": draft.amount(market.asset, market.cash),
        "supplied": draft.amount(market.asset, market.supplied),
    }
    if market.borrowed:
        lending["unlisted_debt"] = f"sound @{NO_READER}"
    draft.put(
        "markets",
        name,
        {
            "note": f"reserves {draft.amount(market.asset, market.reserves)} {asset}",
            "rules": "compound-v2",
            "lends": {asset: lending},
            "address": market.token,
        },
    )


def valued(
    snapshot: Snapshot,
    held: dict[str, dict[str, Holding]],
    markets: Sequence[CTokenMarket],
    owners: Sequence[str],
) -> dict[str, dict[str, Holding]]:
    """Return holdings with those of markets in what they claim.

    Raises UnreadableError where an owner has borrowed there: what backs it is not read.
    """
    known = {one.token: one for one in markets}
    signature = "borrowBalanceStored(address)(uint256)"
    pairs = [(one, owner) for one in known for owner in owners if owner != one]
    debts = snapshot.read_all([call(one, signature, owner) for one, owner in pairs])
    for (token, owner), debt in zip(pairs, debts, strict=True):
        if debt.ok and debt.integer():
            raise UnreadableError(
                f"{owner} owes in {token}, a market of Compound v2, whose borrowers are not read",
                "import what it owes by a file of your own that includes the rest",
            )
    return {
        owner: {token: _in_asset(one, known.get(token)) for token, one in tokens.items()}
        for owner, tokens in held.items()
    }


def _in_asset(held: Holding, market: CTokenMarket | None) -> Holding:
    if market is None:
        return held
    return Holding(held.token, held.amount, market.asset, market.worth(held.amount))


READER = Reader("compound-v2/1", recognise, read, write, asks, prepare=prepare)
