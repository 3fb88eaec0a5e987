"""Pendle V2: wrappers (SY), what is split from them (PT and YT), and the markets between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.onchain.abi import NOBODY, Answer, Call, call
from looprisk.onchain.pendle_rates import (
    ABOUT,
    STORED,
    Split,
    asset_of,
    maturity,
    maturity_asks,
    rate_of,
    share_rate_of,
    split_of,
)
from looprisk.onchain.pendle_rules import ONE, solvent
from looprisk.onchain.places import NOWHERE
from looprisk.onchain.reader import Look
from looprisk.onchain.snapshot import Snapshot

MEAN_OVER = 900
"""Seconds of the mean that a market is read by."""
_BEGINNINGS = ("PT-", "YT-", "SY-", "PLP-", "PENDLE-LPT")
"""Of the symbols: the factories write the first two, so that other tokens need not be asked."""
_SIDES = "readTokens()(address,address,address)"
_FIRST = ("SY()(address)", "exchangeRate()(uint256)", _SIDES)
_ENDS = ("PT()(address)", "YT()(address)", "expiry()(uint256)")
_SUPPLY = "totalSupply()(uint256)"
_WRAPPER = ("exchangeRate()(uint256)", "yieldToken()(address)", ABOUT, _SUPPLY)


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A standardized yield token. ``rate`` is of the asset for one of it, in 1e18."""

    token: str
    rate: int
    inner: str
    """What it wraps; NOBODY where that is the chain's own coin."""
    asset: str | None
    """What it counts in; None where that is no token."""
    supply: int

    @property
    def tokens(self) -> tuple[str, ...]:
        """The wrapper, what is in it, and what it counts in."""
        named = (self.token, self.inner, self.asset)
        return tuple(one for one in dict.fromkeys(named) if one and one != NOBODY)

    @property
    def issues(self) -> str:
        """The wrapper."""
        return self.token


@dataclass(frozen=True, slots=True)
class Principal:
    """One maturity: the token of principal, and the token of yield that keeps what backs it."""

    split: Split
    supply: int
    wrapped: int
    """Of the wrapper, kept for both tokens."""
    asked: str
    """The address that was asked for: the token of yield is written only where it was."""
    rate: int | None = None
    """By a market named beside it: principal in the asset, in 1e18; None: no market was named."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """Principal, wrapper, asset, and the token of yield where it was asked for."""
        split = self.split
        named = (self.asked, split.principal, split.wrapper, split.asset)
        return tuple(one for one in dict.fromkeys(named) if one)

    @property
    def issues(self) -> str:
        """The token of principal."""
        return self.split.principal

    @property
    def backing(self) -> int:
        """Of the wrapper, what all principal can be redeemed for, rounded up."""
        return min(self.wrapped, -(-self.supply * ONE // self.split.highest))


@dataclass(frozen=True, slots=True)
class Market:
    """A market between principal and the wrapper; its shares are tokens."""

    token: str
    split: Split
    principal: int
    wrapped: int
    supply: int
    rate: int | None
    """Of principal, by the mean of its implied yield; None where it has not observed long
    enough."""
    share_rate: int | None
    """Of its share in the asset, in their smallest units and 1e18, likewise."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """Its share, and both sides."""
        split = self.split
        named = (self.token, split.principal, split.wrapper, split.asset)
        return tuple(one for one in dict.fromkeys(named) if one)

    @property
    def issues(self) -> str:
        """Its share."""
        return self.token


Part = Wrapper | Principal | Market


@dataclass(frozen=True, slots=True)
class Found:
    """A contract of Pendle's: which of the three, and what tells so."""

    token: str
    split: Split | None = None
    of_market: bool = False
    market: str = ""
    """A market of the same maturity that was named beside it."""


def asks(look: Look) -> tuple[Call, ...]:
    """Return what tells each kind, to what the user named; of others the symbol tells."""
    if look.places is NOWHERE:
        return ()
    return _first(look.address)


def _first(address: str) -> tuple[Call, ...]:
    return tuple(call(address, one) for one in (*_FIRST, *_ENDS))


def recognise(look: Look) -> tuple[Found, ...]:
    """Return the wrapper, the maturity or the market at the address, and the wrapper behind."""
    if look.places is NOWHERE:
        symbol = look.snapshot.read(call(look.address, "symbol()(string)"))
        if not (symbol.ok and symbol.text().startswith(_BEGINNINGS)):
            return ()
    of, rate, sides, *ends = look.snapshot.read_all(_first(look.address))
    if sides.ok:
        traded = split_of(look.snapshot, look.address)
        return _with_wrapper(look, traded, of_market=True)
    if of.ok:
        return _with_wrapper(look, _maturity(look, of.address(), ends), of_market=False)
    if rate.ok and all(one.ok for one in _wrapped(look.snapshot, look.address)):
        return (Found(look.address),)
    return ()


def _with_wrapper(look: Look, of: Split | None, *, of_market: bool) -> tuple[Found, ...]:
    if of is None:
        return ()
    market = "" if of_market else _named(look, of)
    return (Found(look.address, of, of_market, market), Found(of.wrapper))


def read(snapshot: Snapshot, found: Found) -> Part:
    """Return it with all that it keeps."""
    if found.split is None:
        return _wrapper(snapshot, found.token)
    if found.of_market:
        return _market(snapshot, found.token, found.split)
    of = found.split
    supply, wrapped = snapshot.read_all(
        [
            call(of.principal, _SUPPLY),
            call(of.wrapper, "balanceOf(address)(uint256)", of.yield_),
        ]
    )
    rate = _mean(snapshot, found.market, of) if found.market else None
    return Principal(of, supply.integer(), wrapped.integer(), found.token, rate)


def _mean(snapshot: Snapshot, market: str, of: Split) -> int | None:
    rate = rate_of(snapshot, market, of.expiry, MEAN_OVER)
    return None if rate is None else solvent(rate, of.index, of.highest)


def _maturity(look: Look, wrapper: str, ends: Sequence[Answer]) -> Split | None:
    """Return what a token of principal or of yield was split from; each must name the other."""
    here = look.address
    principal, yield_, expiry = ends
    if principal.ok == yield_.ok or not expiry.ok:
        return None
    other = principal.address() if principal.ok else yield_.address()
    both = (other, here) if principal.ok else (here, other)
    asked = call(other, f"{'YT' if principal.ok else 'PT'}()(address)")
    # what is asked of the maturity next goes with it
    back, *_ = look.snapshot.read_all([asked, *maturity_asks(wrapper, both[1])])
    if not (back.ok and back.address() == here):
        return None
    return maturity(look.snapshot, wrapper, *both, expiry.integer())


def _named(look: Look, of: Split) -> str:
    """Return the market among the places that trades this maturity."""
    places = look.places.contracts
    answers = look.snapshot.read_all([call(place, _SIDES) for place in places])
    for place, answer in zip(places, answers, strict=True):
        if answer.ok and answer.address(1) == of.principal:
            return place
    return ""


def _wrapped(snapshot: Snapshot, token: str) -> list[Answer]:
    return snapshot.read_all([call(token, signature) for signature in _WRAPPER])


def _wrapper(snapshot: Snapshot, token: str) -> Wrapper:
    rate, inner, _, supply = _wrapped(snapshot, token)
    asset = asset_of(snapshot, token)
    return Wrapper(token, rate.integer(), inner.address(), asset, supply.integer())


def _market(snapshot: Snapshot, token: str, of: Split) -> Market:
    stored, supply = snapshot.read_all(
        [
            call(token, STORED),
            call(token, _SUPPLY),
        ]
    )
    rate, raw = _mean(snapshot, token, of), share_rate_of(snapshot, token, of, MEAN_OVER)
    return Market(
        token=token,
        split=of,
        principal=stored.integer(0),
        wrapped=stored.integer(1),
        supply=supply.integer(),
        rate=rate,
        share_rate=None if raw is None else solvent(raw, of.index, of.highest),
    )
