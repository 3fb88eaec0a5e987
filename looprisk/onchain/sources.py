"""What prices are read from: feeds with their age, Aave's adapters, the oracles of principal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from looprisk.onchain.abi import NOBODY, Answer, Call, call
from looprisk.onchain.pendle_rates import LAST_TIME, Split, rate_of, share_rate_of, split_of
from looprisk.onchain.pendle_rules import ONE, discount, in_wrapper, solvent
from looprisk.onchain.snapshot import Snapshot

_ROUND = "latestRoundData()(uint80,int256,uint256,uint256,uint80)"
_LINEAR = ("PT()(address)", "maturity()(uint256)", "baseDiscountPerYear()(uint256)")
_CAPPED = (
    "PENDLE_PRINCIPAL_TOKEN()(address)",
    "MATURITY()(uint256)",
    "discountRatePerYear()(uint256)",
    "ASSET_TO_USD_AGGREGATOR()(address)",
)
_GROWING = ("BASE_TO_USD_AGGREGATOR()(address)", "getRatio()(int256)", "RATIO_DECIMALS()(uint8)")
_STABLE = ("ASSET_TO_USD_AGGREGATOR()(address)", "getPriceCap()(int256)")
_ANSWER = "latestAnswer()(int256)"
_MEAN = (
    "market()(address)",
    "twapDuration()(uint32)",
    "baseOracleType()(uint8)",
    "fromTokenScale()(uint256)",
    "toTokenScale()(uint256)",
)
_INNER = "innerOracle()(address)"
_QUOTE = "quoteOracle()(address)"
TO_WRAPPER, TO_ASSET, SHARE_TO_WRAPPER, SHARE_TO_ASSET = range(4)
"""Kinds of Pendle's mean: of principal, and of shares of a market."""


@dataclass(frozen=True, slots=True)
class Discount:
    """Principal priced below par by a rate a year, on a straight line until it is due."""

    principal: str
    matures: int
    rate: int
    """Simple, a year, in 1e18."""
    aggregator: str = ""
    """What it reads for the price of the asset, where it reads one (Aave's adapter)."""
    asset_price: int = 0

    def at(self, now: int) -> int:
        """Return what a unit of principal counts, of the asset, in 1e18."""
        return ONE - discount(self.rate, self.matures - now)


@dataclass(frozen=True, slots=True)
class Mean:
    """Principal, or shares of a market, priced by the mean of its implied yield."""

    principal: str
    """The token that is priced."""
    market: str
    seconds: int
    asset: str | None
    """What the rate is in; None where that is the wrapper, or no token."""
    rate: int
    """By our own reading of the market's observations, in 1e18."""
    answer: int
    """What the oracle must answer with that rate."""
    quoted: bool
    """It multiplies the rate by a feed of its own."""


@dataclass(frozen=True, slots=True)
class Growing:
    """A price as the base's times a rate of its own, which is capped (Aave's adapters)."""

    aggregator: str
    """What it reads for the price of the base."""
    base: int
    rate: int
    unit: int
    """Of the rate."""

    @property
    def most(self) -> int:
        """The price, where no cap cuts it."""
        return self.base * self.rate // self.unit


@dataclass(frozen=True, slots=True)
class Capped:
    """A price that is cut at a cap (Aave's adapters of stablecoins)."""

    aggregator: str
    base: int
    cap: int


Pricing: TypeAlias = Discount | Mean | Growing | Capped


@dataclass(frozen=True, slots=True)
class Source:
    """A contract that markets read a price from, as it answers at the pinned block."""

    address: str
    answer: int | None
    decimals: int | None
    updated: int | None
    """Seconds since 1970; None where it does not say."""
    counts: bool = True
    """It counts its answers or dates them, as feeds do; what works them out does neither."""
    pricing: Pricing | None = None
    """How it makes a price of another's, where it does and that is understood."""


def asks(addresses: Sequence[str]) -> list[Call]:
    """Return what every price source is asked first."""
    signatures = (_ROUND, "decimals()(uint8)")
    return [call(one, signature) for one in addresses for signature in signatures]


def sources(snapshot: Snapshot, addresses: Sequence[str]) -> dict[str, Source]:
    """Return what each address answers; nothing is asked twice of an ordinary feed."""
    wanted = [one for one in dict.fromkeys(addresses) if one != NOBODY]
    answers = snapshot.read_all(asks(wanted))
    rows = dict(zip(wanted, zip(answers[::2], answers[1::2], strict=True), strict=True))
    # what Pendle makes has one round, of number 0; Aave's adapters have none
    alike = [one for one, (round_, _) in rows.items() if round_.ok and not round_.integer(0)]
    without = [one for one, (round_, _) in rows.items() if not round_.ok]
    pricings = {
        **_answering(snapshot, alike, (_LINEAR[0], _MEAN[1], _INNER), _by_pendle),
        **_answering(snapshot, without, (_CAPPED[0], _GROWING[0], _STABLE[1]), _by_aave),
    }
    inner = {one: reads for one, pricing in pricings.items() if (reads := _reads(pricing))}
    rounds = snapshot.read_all([call(feed, _ROUND) for feed in inner.values()])
    # an adapter is as old as what it reads
    times = {one: round_ for one, round_ in zip(inner, rounds, strict=True) if round_.ok}
    return {
        one: Source(
            one,
            round_.integer(1) if round_.ok else None,
            decimals.integer() if decimals.ok else None,
            _dated(times.get(one, round_)),
            _counts(round_, snapshot.pin.timestamp),
            pricings.get(one),
        )
        for one, (round_, decimals) in rows.items()
    }


def _dated(round_: Answer) -> int | None:
    return round_.integer(3) or None if round_.ok else None


def _counts(round_: Answer, now: int) -> bool:
    """Return whether an answer was given at some time, and not worked out as it was asked for."""
    if not round_.ok:
        return True
    return bool(round_.integer(0)) or round_.integer(3) not in {0, now}


def aggregators(read: Iterable[Source]) -> list[str]:
    """Return what the adapters among price sources read in turn."""
    return [reads for one in read if (reads := _reads(one.pricing))]


def _reads(pricing: Pricing | None) -> str:
    return pricing.aggregator if isinstance(pricing, Discount | Growing | Capped) else ""


def _answering(
    snapshot: Snapshot,
    places: Sequence[str],
    getters: Sequence[str],
    pricing: Callable[[Snapshot, str], Pricing | None],
) -> dict[str, Pricing | None]:
    """Return how those of the places price principal that answer one of the getters."""
    answers = snapshot.read_all([call(one, getter) for one in places for getter in getters])
    width = len(getters)
    return {
        one: pricing(snapshot, one)
        for at, one in enumerate(places)
        if any(answer.ok for answer in answers[at * width : (at + 1) * width])
    }


def _by_pendle(snapshot: Snapshot, oracle: str) -> Pricing | None:
    inner = snapshot.read(call(oracle, _INNER))
    linear = inner.address() if inner.ok else oracle
    getters = snapshot.read_all([call(linear, getter) for getter in _LINEAR])
    if all(one.ok for one in getters):
        principal, matures, rate = getters
        if matures.integer() > LAST_TIME:
            return None
        return Discount(principal.address(), matures.integer(), rate.integer())
    getters = snapshot.read_all([call(oracle, getter) for getter in _MEAN])
    return _mean(snapshot, oracle, getters) if all(one.ok for one in getters) else None


def _by_aave(snapshot: Snapshot, adapter: str) -> Pricing | None:
    getters = (*_CAPPED, *_GROWING, *_STABLE)
    said = dict(
        zip(getters, snapshot.read_all([call(adapter, one) for one in getters]), strict=True)
    )
    for kind in (_CAPPED, _GROWING, _STABLE):
        if all(said[getter].ok for getter in kind):
            reads = next(said[getter].address() for getter in kind if "AGGREGATOR" in getter)
            price = snapshot.read(call(reads, _ANSWER))
            return _adapter([said[getter] for getter in kind], reads, price) if price.ok else None
    return None


def _adapter(said: Sequence[Answer], reads: str, price: Answer) -> Pricing | None:
    """Return how an adapter makes its price: which it is, the number of its getters tells."""
    base = price.integer()
    match len(said):
        case 4:
            principal, matures, rate, _ = said
            if matures.integer() > LAST_TIME:
                return None
            numbers = (matures.integer(), rate.integer())
            return Discount(principal.address(), *numbers, reads, base)
        case 3:
            _, rate, decimals = said
            return Growing(reads, base, rate.integer(), 10 ** decimals.integer())
        case _:
            cap = said[1].integer()
            return Capped(reads, base, cap) if cap > 0 else None


def _mean(snapshot: Snapshot, oracle: str, getters: Sequence[Answer]) -> Mean | None:
    first, *numbers = getters
    market = first.address()
    seconds, kind, up, down = (one.integer() for one in numbers)
    split = split_of(snapshot, market)
    if split is None or not down or kind > SHARE_TO_ASSET:
        return None
    of_share = kind in {SHARE_TO_WRAPPER, SHARE_TO_ASSET}
    raw = _raw(snapshot, market, split, seconds, of_share=of_share)
    if raw is None:
        return None
    in_asset = kind in {TO_ASSET, SHARE_TO_ASSET}
    rate = (solvent if in_asset else in_wrapper)(raw, split.index, split.highest)
    answer = rate * up // down
    quote = snapshot.read(call(oracle, _QUOTE))
    if quote.ok:
        price, decimals = snapshot.read_all(asks([quote.address()]))
        if not (price.ok and decimals.ok):
            return None
        answer = answer * price.integer(1) // 10 ** decimals.integer()
    priced = market if of_share else split.principal
    asset = split.asset if in_asset else None
    return Mean(priced, market, seconds, asset, rate, answer, quote.ok)


def _raw(
    snapshot: Snapshot, market: str, split: Split, seconds: int, *, of_share: bool
) -> int | None:
    if of_share:
        return share_rate_of(snapshot, market, split, seconds)
    return rate_of(snapshot, market, split.expiry, seconds)
