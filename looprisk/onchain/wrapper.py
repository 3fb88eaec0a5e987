"""Tokens that wrap another at a rate of their own: wstETH, weETH, rETH, and those like them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from looprisk.model.values import decimal_text
from looprisk.onchain.abi import Answer, Call, call
from looprisk.onchain.draft import Draft
from looprisk.onchain.places import NOWHERE
from looprisk.onchain.reader import Look, Reader
from looprisk.onchain.snapshot import Snapshot

RATE_UNIT = 10**18


_LIDO = ("stEthPerToken()(uint256)", "stETH()(address)")
_RATE = "getRate()(uint256)"
_IN_COIN = (
    ("getExchangeRate()(uint256)", "getEthValue(uint256)(uint256)"),
    ("exchangeRate()(uint256)", ""),
)
"""Rocket Pool's and Coinbase's: they count in the coin of the chain and name no token."""
_INNER = ("eETH", "underlying", "asset", "token")
"""What a provider of rates calls what it counts in; the first is ether.fi's."""


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A wrapper; ``rate`` is of the inner token for one of it, in units of 1e18."""

    token: str
    inner: str | None
    """None where it names none."""
    rate: int
    told_by: str
    """The function that tells the rate."""
    again: int | None = None
    """What its own conversion of one says; None where it has none."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The wrapper alone: what it wraps is named, and not opened."""
        return (self.token,)

    @property
    def issues(self) -> None:
        """Nothing: it has a price of its own."""


def asks(look: Look) -> tuple[Call, ...]:
    """Return what tells whether there is a wrapper.

    A rate in the coin of the chain prices nothing here: only what the user named is asked for it.
    """
    named = () if look.places is NOWHERE else tuple(rate for rate, _ in _IN_COIN)
    return tuple(call(look.address, one) for one in (*_LIDO, _RATE, *named))


def recognise(look: Look) -> tuple[Wrapper, ...]:
    """Return the wrapper at the address."""
    lido, staked, rate, *in_coin = look.snapshot.read_all(asks(look))
    if lido.ok and lido.integer() and staked.ok:
        return (Wrapper(look.address, staked.address(), lido.integer(), _LIDO[0]),)
    if rate.ok and rate.integer():
        names = [f"{name}()(address)" for name in _INNER]
        return _wrapper(look, rate, names, "getEETHByWeETH(uint256)(uint256)")
    for told, (_, again) in zip(in_coin, _IN_COIN, strict=False):
        if told.ok and told.integer():
            return _wrapper(look, told, [], again)
    return ()


def _wrapper(look: Look, told: Answer, names: Sequence[str], again: str) -> tuple[Wrapper, ...]:
    """Return the wrapper where it is a token: a rate alone is told by other contracts too."""
    asked = [call(look.address, one) for one in ("totalSupply()(uint256)", *names)]
    if again:
        asked.append(call(look.address, again, RATE_UNIT))
    supply, *rest = look.snapshot.read_all(asked)
    if not supply.ok:
        return ()
    said = rest.pop() if again else None
    inner = next((one.address() for one in rest if one.ok), None)
    repeated = said.integer() if said is not None and said.ok else None
    told_by = f"{told.asked.function.name}()(uint256)"
    return (Wrapper(look.address, inner, told.integer(), told_by, repeated),)


def read(snapshot: Snapshot, found: Wrapper) -> Wrapper:
    """Return it: what tells a wrapper is all there is to know of it."""
    del snapshot
    return found


def write(wrapper: Wrapper, draft: Draft) -> None:
    """Remark what it wraps; price it in that where nobody told a price and it was met."""
    rate = Fraction(wrapper.rate, RATE_UNIT)
    if wrapper.again is not None:
        what = f"rate of {draft.name(wrapper.token)}"
        draft.check(what, wrapper.rate, wrapper.again)
    if wrapper.inner is None:
        said = f"its rate is {decimal_text(rate)} of what it does not name"
        draft.remarks[wrapper.token] = {"note": said}
        return
    draft.remarks[wrapper.token] = {
        "note": f"wraps {decimal_text(rate)} of {wrapper.inner}",
        "depends_on": {"wraps": wrapper.inner},
    }
    if wrapper.inner in draft.tokens:
        draft.quoted(wrapper.token, rate, wrapper.inner)


def rates_of(readings: Iterable[object]) -> dict[str, Fraction]:
    """Return the rates of the wrappers among readings, by their tokens."""
    found = (one for one in readings if isinstance(one, Wrapper))
    return {one.token: Fraction(one.rate, RATE_UNIT) for one in found}


READER = Reader("wrapper/1", recognise, read, write, asks)
