"""Accounts of Aave v3 and of its forks, Spark among them: v3.0.2 to v3.7."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.onchain.aave_rules import Leg, Standing
from looprisk.onchain.abi import NOBODY, Answer, Call, call
from looprisk.onchain.reader import Look
from looprisk.onchain.snapshot import Snapshot

WHOLE = 10_000
MOST_RESERVES = 128
_USER = "getUserAccountData(address)(uint256,uint256,uint256,uint256,uint256,uint256)"
_BITMAP = "getEModeCategory{}Bitmap(uint8)(uint128)"
_MODE = "getEModeCategoryData(uint8)((uint16,uint16,uint16,address,string))"
_OF_USER = (
    "getUserReserveData(address,address)"
    "(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint40,bool)"
)
_CONFIGURED = (
    "getReserveConfigurationData(address)"
    "(uint256,uint256,uint256,uint256,uint256,bool,bool,bool,bool,bool)"
)


@dataclass(frozen=True, slots=True)
class Found:
    """An account that has something in a pool."""

    pool: str
    account: str
    theirs: Standing
    """As the pool says."""
    reserves: tuple[str, ...]
    provider: str
    mode: int
    """The e-mode of the account; 0 is none."""
    realises: bool
    """The pool writes bad debt off as a deficit (v3.3 and later)."""
    lists_modes: bool
    """E-modes list their assets (v3.2 and later)."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """One asset of the pool that the account has or owes, in its smallest units."""

    token: str
    supplied: int
    is_collateral: bool
    owed: int
    price: int
    mode_price: int | None
    """By the price source of the account's e-mode, where it has one of its own (v3.0)."""
    source: str
    """What the pool's oracle reads."""
    decimals: int
    ltv: int
    threshold: int
    bonus: int
    """Basis points; 10_500 leaves the liquidator 5 %."""
    cap: int
    """In whole tokens; 0 is none."""
    cash: int
    total_supplied: int
    total_owed: int
    in_mode: bool
    """Collateral of the account's e-mode."""
    lent_in_mode: bool


@dataclass(frozen=True, slots=True)
class Mode:
    """An e-mode: its terms replace those of the assets in it. Basis points."""

    number: int
    ltv: int
    threshold: int
    bonus: int
    label: str


@dataclass(frozen=True, slots=True)
class AaveAccount:
    """One account in one pool, as the contracts hold it."""

    pool: str
    account: str
    label: str
    """What the pool calls its market."""
    base: int
    """Units of the base currency in one; prices are in them."""
    in_dollars: bool
    realises: bool
    """The pool writes bad debt off as a deficit (v3.3 and later)."""
    mode: Mode | None
    reserves: tuple[Reserve, ...]
    theirs: Standing

    @property
    def tokens(self) -> tuple[str, ...]:
        """The assets of the account."""
        return tuple(reserve.token for reserve in self.reserves)

    @property
    def issues(self) -> None:
        """An account issues nothing."""

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The account as the pool values it."""
        return tuple(
            Leg(
                reserve.supplied if reserve.is_collateral and reserve.threshold else 0,
                reserve.owed,
                reserve.price if reserve.mode_price is None else reserve.mode_price,
                10**reserve.decimals,
                self._threshold(reserve),
            )
            for reserve in self.reserves
        )

    def _threshold(self, reserve: Reserve) -> int:
        inside = self.mode is not None and reserve.in_mode
        return self.mode.threshold if inside and self.mode is not None else reserve.threshold


def asks(look: Look) -> list[Call]:
    """Return what tells a pool and an account in it; the last three say which release it is."""
    return [
        asked
        for place in look.places.contracts
        for asked in (
            call(place, "getReservesList()(address[])"),
            call(place, _USER, look.address),
            call(place, "ADDRESSES_PROVIDER()(address)"),
            call(place, "getUserEMode(address)(uint256)", look.address),
            call(place, "getReserveDeficit(address)(uint256)", NOBODY),
            call(place, _BITMAP.format("Collateral"), 1),
        )
    ]


def recognise(look: Look) -> tuple[Found, ...]:
    """Return the pools among the places in which the address has collateral or debt."""
    answers = look.snapshot.read_all(asks(look))
    found = []
    for at, place in enumerate(look.places.contracts):
        listed, user, provider, mode, deficit, bitmap = answers[6 * at : 6 * at + 6]
        if listed.ok and user.ok and provider.ok and (user.integer(0) or user.integer(1)):
            theirs = Standing(user.integer(0), user.integer(1), user.integer(3), user.integer(5))
            found.append(
                Found(
                    pool=place,
                    account=look.address,
                    theirs=theirs,
                    reserves=listed.addresses(),
                    provider=provider.address(),
                    mode=mode.integer(),
                    realises=deficit.ok,
                    lists_modes=bitmap.ok,
                )
            )
    return tuple(found)


def read(snapshot: Snapshot, found: Found) -> AaveAccount:
    """Return the account with the reserves it touches."""
    data, oracle, label, *_ = snapshot.read_all(
        [
            call(found.provider, "getPoolDataProvider()(address)"),
            call(found.provider, "getPriceOracle()(address)"),
            call(found.provider, "getMarketId()(string)"),
            *_mode_asks(found),
        ]
    )
    pool = _Pool(snapshot, found, data.address(), oracle.address())
    base, currency, *user = snapshot.read_all(
        [
            call(pool.oracle, "BASE_CURRENCY_UNIT()(uint256)"),
            call(pool.oracle, "BASE_CURRENCY()(address)"),
            *(call(pool.data, _OF_USER, reserve, found.account) for reserve in found.reserves),
        ]
    )
    touched = [
        (reserve, answer)
        for reserve, answer in zip(found.reserves, user, strict=True)
        if answer.integer(0) or answer.integer(1) or answer.integer(2)
    ]
    mode, mode_source, collateral, lent = _mode(pool, [reserve for reserve, _ in touched])
    return AaveAccount(
        pool=found.pool,
        account=found.account,
        label=label.text() if label.ok else "",
        base=base.integer(),
        in_dollars=currency.address() == NOBODY,
        realises=found.realises,
        mode=mode,
        reserves=_reserves(pool, touched, mode_source, collateral, lent),
        theirs=found.theirs,
    )


def dollar_prices(
    snapshot: Snapshot, contracts: Sequence[str], tokens: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Return the price and its unit of each token that a pool among the contracts prices."""
    signature = "ADDRESSES_PROVIDER()(address)"
    providers = snapshot.read_all([call(one, signature) for one in contracts])
    there = [answer.address() for answer in providers if answer.ok]
    found = snapshot.read_all([call(one, "getPriceOracle()(address)") for one in there])
    prices: dict[str, tuple[int, int]] = {}
    for oracle in dict.fromkeys(answer.address() for answer in found if answer.ok):
        unit, currency, *answers = snapshot.read_all(
            [
                call(oracle, "BASE_CURRENCY_UNIT()(uint256)"),
                call(oracle, "BASE_CURRENCY()(address)"),
                *(call(oracle, "getAssetPrice(address)(uint256)", token) for token in tokens),
            ]
        )
        if unit.ok and currency.ok and currency.address() == NOBODY:
            for token, answer in zip(tokens, answers, strict=True):
                if answer.ok and answer.integer():
                    prices.setdefault(token, (answer.integer(), unit.integer()))
    return prices


@dataclass(frozen=True, slots=True)
class _Pool:
    snapshot: Snapshot
    found: Found
    data: str
    oracle: str


def _mode_asks(found: Found) -> list[Call]:
    if found.mode == 0:
        return []
    terms = call(found.pool, _MODE, found.mode)
    kinds = ("Collateral", "Borrowable") if found.lists_modes else ()
    return [terms, *(call(found.pool, _BITMAP.format(kind), found.mode) for kind in kinds)]


def _mode(
    pool: _Pool, touched: list[str]
) -> tuple[Mode | None, str | None, frozenset[str], frozenset[str]]:
    """Return the e-mode, its price source, and which of the assets are in it, pledged and lent."""
    if pool.found.mode == 0:
        return None, None, frozenset(), frozenset()
    terms = pool.snapshot.read_all(_mode_asks(pool.found))[0].items()
    ltv, threshold, bonus, source, label = (*terms,)
    mode = Mode(pool.found.mode, _int(ltv), _int(threshold), _int(bonus), str(label))
    inside = _listed(pool) if pool.found.lists_modes else _tagged(pool, touched)
    return mode, None if source == NOBODY else str(source), *inside


def _listed(pool: _Pool) -> tuple[frozenset[str], frozenset[str]]:
    """From v3.2: two bitmaps by the id of the reserve, which is not its place in the list."""
    _, *maps = pool.snapshot.read_all(_mode_asks(pool.found))
    bits = [[at for at in range(MOST_RESERVES) if one.integer() >> at & 1] for one in maps]
    ids = sorted({*bits[0], *bits[1]})
    answers = pool.snapshot.read_all(
        [call(pool.found.pool, "getReserveAddressById(uint16)(address)", at) for at in ids]
    )
    address = {at: answer.address() for at, answer in zip(ids, answers, strict=True)}
    pledged, lent = (frozenset(address[at] for at in places) for places in bits)
    return pledged, lent


def _tagged(pool: _Pool, touched: list[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Before v3.2: each reserve names its one e-mode, for collateral and debt alike."""
    signature = "getReserveEModeCategory(address)(uint256)"
    answers = pool.snapshot.read_all([call(pool.data, signature, token) for token in touched])
    inside = frozenset(
        token
        for token, answer in zip(touched, answers, strict=True)
        if answer.integer() == pool.found.mode
    )
    return inside, inside


def _reserves(
    pool: _Pool,
    touched: list[tuple[str, Answer]],
    mode_source: str | None,
    collateral: frozenset[str],
    lent: frozenset[str],
) -> tuple[Reserve, ...]:
    of_each = [
        (pool.data, _CONFIGURED),
        (pool.data, "getReserveCaps(address)(uint256,uint256)"),
        (pool.data, "getReserveTokensAddresses(address)(address,address,address)"),
        (pool.data, "getATokenTotalSupply(address)(uint256)"),
        (pool.data, "getTotalDebt(address)(uint256)"),
        (pool.oracle, "getAssetPrice(address)(uint256)"),
        (pool.oracle, "getSourceOfAsset(address)(address)"),
    ]
    if pool.found.lists_modes:
        # of some releases the pool counts its cash itself
        of_each.append((pool.found.pool, "getVirtualUnderlyingBalance(address)(uint128)"))
    asked = [call(to, signature, token) for token, _ in touched for to, signature in of_each]
    answers = pool.snapshot.read_all(asked)
    rows = [answers[at : at + len(of_each)] for at in range(0, len(answers), len(of_each))]
    cash = _cash(pool, [token for token, _ in touched], rows)
    price = None
    if mode_source is not None:
        signature = "getAssetPrice(address)(uint256)"
        price = pool.snapshot.read(call(pool.oracle, signature, mode_source)).integer()
    return tuple(
        Reserve(
            token=token,
            supplied=user.integer(0),
            is_collateral=user.flag(8),
            owed=user.integer(1) + user.integer(2),
            price=row[5].integer(),
            # a source that says nothing leaves each asset its own price
            mode_price=price or None if token in collateral else None,
            source=row[6].address(),
            decimals=row[0].integer(0),
            ltv=row[0].integer(1),
            threshold=row[0].integer(2),
            bonus=row[0].integer(3),
            cap=row[1].integer(1),
            cash=idle,
            total_supplied=row[3].integer(),
            total_owed=row[4].integer(),
            in_mode=token in collateral,
            lent_in_mode=token in lent,
        )
        for (token, user), row, idle in zip(touched, rows, cash, strict=True)
    )


def _cash(pool: _Pool, tokens: Sequence[str], rows: Sequence[Sequence[Answer]]) -> list[int]:
    """Return what each reserve has to lend: as the pool counts it, else what lies there."""
    counted = [row[7].integer() if len(row) > 7 and row[7].ok else None for row in rows]
    signature = "balanceOf(address)(uint256)"
    lying = pool.snapshot.read_all(
        [
            call(token, signature, row[2].address())
            for token, row, known in zip(tokens, rows, counted, strict=True)
            if known is None
        ]
    )
    rest = iter(lying)
    return [next(rest).integer() if known is None else known for known in counted]


def _int(value: object) -> int:
    if isinstance(value, int):
        return value
    raise TypeError(f"{value!r} is no number")
