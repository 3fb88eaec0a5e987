"""One maturity of Pendle: what it is made of, and what its market says it is worth."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.onchain.abi import NOBODY, Answer, Call, call
from looprisk.onchain.pendle_rules import (
    MOST_EXPONENT,
    ONE,
    YEAR,
    Reserves,
    mean_rate,
    principal_rate,
    share_rate,
)
from looprisk.onchain.snapshot import Snapshot

_SIDES = "readTokens()(address,address,address)"
STORED = "_storage()(int128,int128,uint96,uint16,uint16,uint16)"
_STATE = "readState(address)(int256,int256,int256,address,int256,uint256,uint256,uint256,uint256)"
"""Principal, wrapped, shares, treasury, steepness, expiry, two of fees, the last implied rate."""
LAST_TIME = 2**32
"""Seconds since 1970 of the last maturity that Pendle takes."""
ABOUT = "assetInfo()(uint8,address,uint8)"


@dataclass(frozen=True, slots=True)
class Split:
    """What one maturity of Pendle is made of, and what a unit of its wrapper is worth."""

    wrapper: str
    principal: str
    yield_: str
    index: int
    """Asset for a unit of the wrapper, now; in 1e18."""
    highest: int
    """The most it ever was, as the token of yield counts it."""
    expiry: int
    asset: str | None
    """What principal promises one of; None where that is no token."""


def split_of(snapshot: Snapshot, market: str) -> Split | None:
    """Return what a market trades; None where it is no market of Pendle's."""
    parts, expiry = snapshot.read_all([call(market, _SIDES), call(market, "expiry()(uint256)")])
    if not (parts.ok and expiry.ok):
        return None
    wrapper, principal, yield_ = (parts.address(at) for at in range(3))
    return maturity(snapshot, wrapper, principal, yield_, expiry.integer())


def maturity_asks(wrapper: str, yield_: str) -> list[Call]:
    """Return what ``maturity`` asks."""
    return [
        call(wrapper, "exchangeRate()(uint256)"),
        call(wrapper, ABOUT),
        call(yield_, "pyIndexStored()(uint256)"),
        call(yield_, "doCacheIndexSameBlock()(bool)"),
        call(yield_, "pyIndexLastUpdatedBlock()(uint256)"),
    ]


def maturity(
    snapshot: Snapshot, wrapper: str, principal: str, yield_: str, expiry: int
) -> Split | None:
    """Return a maturity with what a unit of its wrapper is worth; None: it is none of Pendle's.

    The most it ever was never falls, and within a block it may stand still.
    """
    answers = snapshot.read_all(maturity_asks(wrapper, yield_))
    rate, about, stored, keeps, updated = answers
    if not all(one.ok for one in answers) or not rate.integer() or expiry > LAST_TIME:
        return None
    still = keeps.flag() and updated.integer() == snapshot.pin.number
    index = rate.integer()
    highest = (stored.integer() if still else 0) or max(index, stored.integer())
    return Split(wrapper, principal, yield_, index, highest, expiry, _token(about))


def _token(about: Answer) -> str | None:
    is_token = about.integer(0) == 0 and about.address(1) != NOBODY
    return about.address(1) if is_token else None


def asset_of(snapshot: Snapshot, wrapper: str) -> str | None:
    """Return the token that a wrapper counts in; None where it counts in something else."""
    return _token(snapshot.read(call(wrapper, ABOUT)))


def rate_of(snapshot: Snapshot, market: str, expiry: int, seconds: int) -> int | None:
    """Return what principal is worth in the asset by the mean of a market; None: not observed.

    Without a time it is by the last rate. This is before what an insolvent wrapper takes from it.
    """
    left = expiry - snapshot.pin.timestamp
    if left <= 0:
        return ONE
    rate = _observed(snapshot, market, left, seconds)
    return None if rate is None else principal_rate(rate, left)


def share_rate_of(snapshot: Snapshot, market: str, of: Split, seconds: int) -> int | None:
    """Return what a share of a market is worth in the asset by its mean; None: not observed.

    This is before what an insolvent wrapper takes from it.
    """
    left = of.expiry - snapshot.pin.timestamp
    state = snapshot.read(call(market, _STATE, NOBODY))
    mean = _observed(snapshot, market, left, seconds) if left > 0 else 0
    if not state.ok or mean is None:
        return None
    reserves = Reserves(*(state.integer(place) for place in (0, 1, 2, 4, 8)))
    try:
        return share_rate(reserves, mean, of.highest, left)
    except ValueError:
        # where the contract's own arithmetic refuses, it says nothing either
        return None


def _observed(snapshot: Snapshot, market: str, left: int, seconds: int) -> int | None:
    """Return the mean of ln(1 + implied yield); without a time that of the last trade."""
    if seconds == 0:
        stored = snapshot.read(call(market, STORED))
        rate = stored.integer(2) if stored.ok else None
    else:
        observed = snapshot.read(call(market, "observe(uint32[])(uint216[])", [seconds, 0]))
        sums = [one for one in observed.items() if isinstance(one, int)] if observed.ok else []
        rate = mean_rate(sums[0], sums[1], seconds) if len(sums) == 2 else None
    return rate if rate is not None and 0 <= rate * left // YEAR <= MOST_EXPONENT else None
