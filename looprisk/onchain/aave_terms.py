"""Pools of Aave v3 and of its forks, Spark among them: what they lend, take and read; e-modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from looprisk.onchain.abi import NOBODY, Answer, Call, call
from looprisk.onchain.snapshot import Snapshot
from looprisk.results.names import clean

LONGEST_LABEL = 64
MOST_RESERVES = 128
EXACTLY, ROUGHLY = Fraction(0), Fraction(1, 10**6)
PRICE = "getAssetPrice(address)(uint256)"
_GIVEN = "getReserveTokensAddresses(address)(address,address,address)"
_BITMAP = "getEModeCategory{}Bitmap(uint8)(uint128)"
_MODE = "getEModeCategoryData(uint8)((uint16,uint16,uint16,address,string))"
_CONFIGURED = (
    "getReserveConfigurationData(address)"
    "(uint256,uint256,uint256,uint256,uint256,bool,bool,bool,bool,bool)"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A pool, as its first answers show it."""

    address: str
    provider: str
    reserves: tuple[str, ...]
    realises: bool
    """The pool writes bad debt off as a deficit (v3.3 and later)."""
    lists_modes: bool
    """E-modes list their assets (v3.2 and later)."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool and the contracts that answer for it."""

    found: Found
    data: str
    oracle: str
    label: str
    """What the pool calls its market."""
    base: int = 0
    """Units of the base currency in one; prices are in them."""
    in_dollars: bool = False

    @property
    def address(self) -> str:
        """Of the pool itself."""
        return self.found.address


@dataclass(frozen=True, slots=True)
class Reserve:
    """One asset of a pool, in its smallest units."""

    token: str
    price: int
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
    claims: str
    """The token that its suppliers hold."""
    debts: tuple[str, ...]
    """The tokens that its borrowers hold, of stable and of variable rate, where there are such."""

    @property
    def lent(self) -> bool:
        """Whether anybody owes it."""
        return self.total_owed > 0


@dataclass(frozen=True, slots=True)
class Mode:
    """An e-mode: its terms replace those of the assets in it. Basis points."""

    number: int
    ltv: int
    threshold: int
    bonus: int
    label: str
    price: int | None
    """By the price source of the mode, where it has one of its own (v3.0): of each asset in it."""
    collateral: frozenset[str]
    lent: frozenset[str]


def asks(pool: str) -> list[Call]:
    """Return what tells a pool; the last two say which release it is."""
    return [
        call(pool, "getReservesList()(address[])"),
        call(pool, "ADDRESSES_PROVIDER()(address)"),
        call(pool, "getReserveDeficit(address)(uint256)", NOBODY),
        call(pool, _BITMAP.format("Collateral"), 1),
    ]


def found_in(pool: str, answers: Sequence[Answer]) -> Found | None:
    """Return the pool that the answers to ``asks`` show; None where they show none."""
    listed, provider, deficit, bitmap = answers
    if not (listed.ok and provider.ok):
        return None
    return Found(pool, provider.address(), listed.addresses(), deficit.ok, bitmap.ok)


def contracts(snapshot: Snapshot, found: Found, beside: Sequence[Call] = ()) -> Pool:
    """Return the contracts of a pool; ``beside`` is asked with them and remembered."""
    data, oracle, label, *_ = snapshot.read_all(
        [
            call(found.provider, "getPoolDataProvider()(address)"),
            call(found.provider, "getPriceOracle()(address)"),
            call(found.provider, "getMarketId()(string)"),
            *beside,
        ]
    )
    said = clean(label.text())[:LONGEST_LABEL] if label.ok else ""
    return Pool(found, data.address(), oracle.address(), said)


def based(snapshot: Snapshot, pool: Pool, beside: Sequence[Call] = ()) -> Pool:
    """Return a pool with the currency of its prices; ``beside`` is asked with it."""
    base, currency, *_ = snapshot.read_all(
        [
            call(pool.oracle, "BASE_CURRENCY_UNIT()(uint256)"),
            call(pool.oracle, "BASE_CURRENCY()(address)"),
            *beside,
        ]
    )
    return replace(pool, base=base.integer(), in_dollars=currency.address() == NOBODY)


def given_for(data: str, token: str) -> Call:
    """Return what tells the tokens that suppliers and borrowers of a reserve hold."""
    return call(data, _GIVEN, token)


def mode_asks(found: Found, number: int) -> list[Call]:
    """Return what tells an e-mode: its terms, then which reserves are in it (from v3.2)."""
    kinds = ("Collateral", "Borrowable") if found.lists_modes else ()
    bitmaps = (call(found.address, _BITMAP.format(kind), number) for kind in kinds)
    return [call(found.address, _MODE, number), *bitmaps]


def modes(
    snapshot: Snapshot, pool: Pool, numbers: Sequence[int], tokens: Sequence[str]
) -> tuple[Mode, ...]:
    """Return e-modes by their numbers; before v3.2 only ``tokens`` are looked for in them."""
    asked = [mode_asks(pool.found, number) for number in numbers]
    answers = snapshot.read_all([one for asks_ in asked for one in asks_])
    width = len(asked[0]) if asked else 1
    rows = [answers[at : at + width] for at in range(0, len(answers), width)]
    read = [_terms(row[0]) for row in rows]
    if pool.found.lists_modes:
        inside = _listed(snapshot, pool, [row[1:] for row in rows])
    else:
        inside = _tagged(snapshot, pool, numbers, tokens)
    sources = [source for *_, source in read]
    prices = snapshot.read_all(
        [call(pool.oracle, PRICE, source) for source in sources if source != NOBODY]
    )
    rest = iter(prices)
    return tuple(
        Mode(
            number=number,
            ltv=ltv,
            threshold=threshold,
            bonus=bonus,
            label=label,
            # a source that says nothing leaves each asset its own price
            price=None if source == NOBODY else next(rest).integer() or None,
            collateral=pledged,
            lent=lent,
        )
        for number, (ltv, threshold, bonus, label, source), (pledged, lent) in zip(
            numbers, read, inside, strict=True
        )
    )


def _terms(answer: Answer) -> tuple[int, int, int, str, str]:
    ltv, threshold, bonus, source, label = answer.items()
    return _int(ltv), _int(threshold), _int(bonus), clean(str(label))[:LONGEST_LABEL], str(source)


_Inside = tuple[frozenset[str], frozenset[str]]


def _listed(snapshot: Snapshot, pool: Pool, rows: Sequence[Sequence[Answer]]) -> list[_Inside]:
    """From v3.2: two bitmaps by the id of the reserve, which is not its place in the list."""
    bits = [
        [[at for at in range(MOST_RESERVES) if one.integer() >> at & 1] for one in row]
        for row in rows
    ]
    ids = sorted({at for row in bits for one in row for at in one})
    address = reserves_by_id(snapshot, pool, ids)
    return [
        (frozenset(address[at] for at in pledged), frozenset(address[at] for at in lent))
        for pledged, lent in bits
    ]


def reserves_by_id(snapshot: Snapshot, pool: Pool, ids: Sequence[int]) -> dict[int, str]:
    """Return the reserves that the bits of a bitmap stand for."""
    signature = "getReserveAddressById(uint16)(address)"
    answers = snapshot.read_all([call(pool.address, signature, at) for at in ids])
    return {at: answer.address() for at, answer in zip(ids, answers, strict=True)}


def tag_asks(pool: Pool, tokens: Sequence[str]) -> list[Call]:
    """Return what tells the e-mode of each reserve before v3.2; nothing from there on."""
    signature = "getReserveEModeCategory(address)(uint256)"
    return [] if pool.found.lists_modes else [call(pool.data, signature, one) for one in tokens]


def _tagged(
    snapshot: Snapshot, pool: Pool, numbers: Sequence[int], tokens: Sequence[str]
) -> list[_Inside]:
    """Before v3.2: each reserve names its one e-mode, for collateral and debt alike."""
    if not numbers:
        return []
    answers = snapshot.read_all(tag_asks(pool, tokens))
    tags = [answer.integer() for answer in answers]
    inside = [
        frozenset(token for token, tag in zip(tokens, tags, strict=True) if tag == number)
        for number in numbers
    ]
    return [(one, one) for one in inside]


def reserves(
    snapshot: Snapshot, pool: Pool, tokens: Sequence[str], beside: Sequence[Call] = ()
) -> tuple[Reserve, ...]:
    """Return the terms and totals of some of the reserves; ``beside`` is asked with them."""
    of_each = [
        (pool.data, _CONFIGURED),
        (pool.data, "getReserveCaps(address)(uint256,uint256)"),
        (pool.data, _GIVEN),
        (pool.data, "getATokenTotalSupply(address)(uint256)"),
        (pool.data, "getTotalDebt(address)(uint256)"),
        (pool.oracle, PRICE),
        (pool.oracle, "getSourceOfAsset(address)(address)"),
    ]
    if pool.found.lists_modes:
        # of some releases the pool counts its cash itself
        of_each.append((pool.address, "getVirtualUnderlyingBalance(address)(uint128)"))
    asked = [call(to, signature, token) for token in tokens for to, signature in of_each]
    answers = snapshot.read_all([*asked, *beside])[: len(asked)]
    rows = [answers[at : at + len(of_each)] for at in range(0, len(answers), len(of_each))]
    return tuple(
        Reserve(
            token=token,
            price=row[5].integer(),
            source=row[6].address(),
            decimals=row[0].integer(0),
            ltv=row[0].integer(1),
            threshold=row[0].integer(2),
            bonus=row[0].integer(3),
            cap=row[1].integer(1),
            cash=idle,
            total_supplied=row[3].integer(),
            total_owed=row[4].integer(),
            claims=row[2].address(0),
            debts=tuple(row[2].address(at) for at in (1, 2) if row[2].address(at) != NOBODY),
        )
        for token, row, idle in zip(tokens, rows, _cash(snapshot, tokens, rows), strict=True)
    )


def _cash(snapshot: Snapshot, tokens: Sequence[str], rows: Sequence[Sequence[Answer]]) -> list[int]:
    """Return what each reserve has to lend: as the pool counts it, else what lies there."""
    counted = [row[7].integer() if len(row) > 7 and row[7].ok else None for row in rows]
    signature = "balanceOf(address)(uint256)"
    lying = snapshot.read_all(
        [
            call(token, signature, row[2].address())
            for token, row, known in zip(tokens, rows, counted, strict=True)
            if known is None
        ]
    )
    rest = iter(lying)
    return [next(rest).integer() if known is None else known for known in counted]


def tokens_of_sources(
    snapshot: Snapshot, contracts: Sequence[str], sources: Sequence[str]
) -> dict[str, str]:
    """Return the token that each price source is of, by the first pool that reads it directly."""
    if not sources:
        return {}
    signatures = ("getReservesList()(address[])", "ADDRESSES_PROVIDER()(address)")
    answers = snapshot.read_all([call(one, asked) for one in contracts for asked in signatures])
    pools = [
        (listed.addresses(), provider.address())
        for listed, provider in zip(answers[::2], answers[1::2], strict=True)
        if listed.ok and provider.ok
    ]
    found = snapshot.read_all([call(at, "getPriceOracle()(address)") for _, at in pools])
    asked = [
        (token, call(oracle.address(), "getSourceOfAsset(address)(address)", token))
        for (listed, _), oracle in zip(pools, found, strict=True)
        if oracle.ok
        for token in listed
    ]
    tokens: dict[str, str] = {}
    for (token, _), source in zip(asked, snapshot.read_all([one for _, one in asked]), strict=True):
        if source.ok and source.address() in sources:
            tokens.setdefault(source.address(), token)
    return tokens


def dollar_prices(
    snapshot: Snapshot, pools: Sequence[str], tokens: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Return the price and its unit of each token that a pool among the contracts prices."""
    signature = "ADDRESSES_PROVIDER()(address)"
    providers = snapshot.read_all([call(one, signature) for one in pools])
    there = [answer.address() for answer in providers if answer.ok]
    found = snapshot.read_all([call(one, "getPriceOracle()(address)") for one in there])
    prices: dict[str, tuple[int, int]] = {}
    for oracle in dict.fromkeys(answer.address() for answer in found if answer.ok):
        unit, currency, *answers = snapshot.read_all(
            [
                call(oracle, "BASE_CURRENCY_UNIT()(uint256)"),
                call(oracle, "BASE_CURRENCY()(address)"),
                *(call(oracle, PRICE, token) for token in tokens),
            ]
        )
        if unit.ok and currency.ok and currency.address() == NOBODY:
            for token, answer in zip(tokens, answers, strict=True):
                if answer.ok and answer.integer():
                    prices.setdefault(token, (answer.integer(), unit.integer()))
    return prices


def _int(value: object) -> int:
    if isinstance(value, int):
        return value
    raise TypeError(f"{value!r} is no number")
