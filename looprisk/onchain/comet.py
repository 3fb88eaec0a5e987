"""Markets of Compound III and accounts in them, with the interest up to the pinned block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.onchain.abi import Answer, Call, call
from looprisk.onchain.comet_rules import Priced, accrued, left_over, present
from looprisk.onchain.reader import Look
from looprisk.onchain.snapshot import Snapshot

_TOTALS = "totalsBasic()(uint64,uint64,uint64,uint64,uint104,uint104,uint40,uint8)"
_USER = "userBasic(address)(int104,uint64,uint64,uint16,uint8)"
_INFO = "getAssetInfo(uint8)(uint8,address,address,uint64,uint64,uint64,uint64,uint128)"


@dataclass(frozen=True, slots=True)
class Feed:
    """A price: what says it, what it calls itself, and the figure in units of 1e8."""

    source: str
    about: str
    price: int


@dataclass(frozen=True, slots=True)
class Collateral:
    """How a market treats one collateral. Factors are in 1e18, amounts in its smallest units."""

    token: str
    feed: Feed
    scale: int
    borrow_factor: int
    liquidate_factor: int
    liquidation_factor: int
    cap: int


@dataclass(frozen=True, slots=True)
class CometMarket:
    """A market, in the smallest units of its base token, accrued to the pinned block."""

    comet: str
    base: str
    feed: Feed
    scale: int
    storefront: int
    """The part of the penalty that buyers of absorbed collateral get, in 1e18."""
    supply_index: int
    borrow_index: int
    stored_borrow_index: int
    supplied: int
    borrowed: int
    cash: int
    collateral: tuple[Collateral, ...]
    theirs: tuple[int, int, int]
    """Supply, debt and reserves, as the contract says."""

    @property
    def reserves(self) -> int:
        """What it has above what it owes; below 0 it cannot pay its suppliers."""
        return self.cash + self.borrowed - self.supplied

    @property
    def tokens(self) -> tuple[str, ...]:
        """The claim on it, its base and its collaterals."""
        return (self.comet, self.base, *(one.token for one in self.collateral))

    @property
    def issues(self) -> str:
        """The claim, which has the address of the market."""
        return self.comet


@dataclass(frozen=True, slots=True)
class CometAccount:
    """One account. ``principal`` is below 0 where it owes."""

    market: CometMarket
    account: str
    principal: int
    held: tuple[int, ...]
    """Of each collateral of the market, in their order."""
    theirs: tuple[int, int]
    """Its debt, and whether it is liquidatable before its interest is stored, by the contract."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The market, which is opened by itself, its base and what the account pledges."""
        both = zip(self.market.collateral, self.held, strict=True)
        pledged = (one.token for one, amount in both if amount)
        return (self.market.comet, self.market.base, *pledged)

    @property
    def issues(self) -> None:
        """An account issues nothing."""

    @property
    def debt(self) -> int:
        """What it owes at the pinned block, as the contract cuts it."""
        return self.owes(self.market.borrow_index)

    @property
    def absorbable(self) -> bool:
        """Whether the contract says so, which compares with the interest stored so far."""
        return self.left(self.owes(self.market.stored_borrow_index)) < 0

    def owes(self, index: int) -> int:
        """Return the debt at a borrow index."""
        return present(max(0, -self.principal), index)

    def left(self, debt: int) -> int:
        """Return what the collateral leaves over a debt."""
        market = self.market
        return left_over(
            Priced(debt, market.feed.price, market.scale),
            [
                (Priced(amount, one.feed.price, one.scale), one.liquidate_factor)
                for one, amount in zip(market.collateral, self.held, strict=True)
            ],
        )


@dataclass(frozen=True, slots=True)
class Found:
    """An account that has something in a market."""

    comet: str
    account: str
    principal: int


def recognise_market(look: Look) -> tuple[str, ...]:
    """Return the address where it is a market."""
    return _comets(look.snapshot, [look.address])


def recognise_account(look: Look) -> tuple[Found, ...]:
    """Return the markets among the places in which the address has or owes something."""
    places = _comets(look.snapshot, look.places.contracts)
    users = look.snapshot.read_all([call(place, _USER, look.address) for place in places])
    return tuple(
        Found(place, look.address, user.integer(0))
        for place, user in zip(places, users, strict=True)
        if user.integer(0) or user.integer(3) or user.integer(4)
    )


def asks_market(look: Look) -> list[Call]:
    """Return the one question that few other contracts answer."""
    return _bases([look.address])


def asks_account(look: Look) -> list[Call]:
    """Return the same of each place."""
    return _bases(look.places.contracts)


def _bases(places: Sequence[str]) -> list[Call]:
    return [call(place, "baseToken()(address)") for place in places]


def _comets(snapshot: Snapshot, places: Sequence[str]) -> tuple[str, ...]:
    """Return which of the places are markets: the rest is asked where the first has an answer."""
    bases = snapshot.read_all(_bases(places))
    likely = [place for place, base in zip(places, bases, strict=True) if base.ok]
    rest = ("numAssets()(uint8)", _TOTALS)
    answers = snapshot.read_all([call(one, name) for one in likely for name in rest])
    pairs = zip(likely, answers[::2], answers[1::2], strict=True)
    return tuple(place for place, count, totals in pairs if count.ok and totals.ok)


def read_account(snapshot: Snapshot, found: Found) -> CometAccount:
    """Return the account with its market."""
    market = read_market(snapshot, found.comet)
    comet, account = found.comet, found.account
    debt, absorbable, *held = snapshot.read_all(
        [
            call(comet, "borrowBalanceOf(address)(uint256)", account),
            call(comet, "isLiquidatable(address)(bool)", account),
            *(
                call(comet, "userCollateral(address,address)(uint128,uint128)", account, one.token)
                for one in market.collateral
            ),
        ]
    )
    return CometAccount(
        market=market,
        account=account,
        principal=found.principal,
        held=tuple(one.integer(0) for one in held),
        theirs=(debt.integer(), int(absorbable.flag())),
    )


def read_market(snapshot: Snapshot, comet: str) -> CometMarket:
    """Return a market with what it lends and against what."""
    base, feed, scale, storefront, used, totals, count, *theirs = snapshot.read_all(
        [
            call(comet, "baseToken()(address)"),
            call(comet, "baseTokenPriceFeed()(address)"),
            call(comet, "baseScale()(uint256)"),
            call(comet, "storeFrontPriceFactor()(uint256)"),
            call(comet, "getUtilization()(uint256)"),
            call(comet, _TOTALS),
            call(comet, "numAssets()(uint8)"),
            call(comet, "totalSupply()(uint256)"),
            call(comet, "totalBorrow()(uint256)"),
            call(comet, "getReserves()(int256)"),
        ]
    )
    up, down, cash, *infos = snapshot.read_all(
        [
            call(comet, "getSupplyRate(uint256)(uint64)", used.integer()),
            call(comet, "getBorrowRate(uint256)(uint64)", used.integer()),
            call(base.address(), "balanceOf(address)(uint256)", comet),
            *(call(comet, _INFO, at) for at in range(count.integer())),
        ]
    )
    feeds = _feeds(snapshot, comet, [feed.address(), *(info.address(2) for info in infos)])
    passed = snapshot.pin.timestamp - totals.integer(6)
    supply_index = accrued(totals.integer(0), up.integer(), passed)
    borrow_index = accrued(totals.integer(1), down.integer(), passed)
    return CometMarket(
        comet=comet,
        base=base.address(),
        feed=feeds[0],
        scale=scale.integer(),
        storefront=storefront.integer(),
        supply_index=supply_index,
        borrow_index=borrow_index,
        stored_borrow_index=totals.integer(1),
        supplied=present(totals.integer(4), supply_index),
        borrowed=present(totals.integer(5), borrow_index),
        cash=cash.integer(),
        collateral=tuple(
            _collateral(info, price) for info, price in zip(infos, feeds[1:], strict=True)
        ),
        theirs=(theirs[0].integer(), theirs[1].integer(), theirs[2].integer()),
    )


def _collateral(info: Answer, feed: Feed) -> Collateral:
    factors = [info.integer(place) for place in range(3, 8)]
    return Collateral(info.address(1), feed, *factors)


def _feeds(snapshot: Snapshot, comet: str, sources: Sequence[str]) -> list[Feed]:
    answers = snapshot.read_all(
        [
            asked
            for one in sources
            for asked in (
                call(comet, "getPrice(address)(uint256)", one),
                call(one, "description()(string)"),
            )
        ]
    )
    return [
        Feed(one, about.text() if about.ok else "", price.integer())
        for one, price, about in zip(sources, answers[::2], answers[1::2], strict=True)
    ]
