"""Tokens that wrap another at a rate of their own, as wstETH wraps stETH."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looprisk.model.values import decimal_text
from looprisk.onchain.abi import Call, call
from looprisk.onchain.draft import Draft
from looprisk.onchain.reader import Look, Reader
from looprisk.onchain.snapshot import Snapshot

RATE_UNIT = 10**18


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A wrapper; ``rate`` is of the inner token for one of it, in units of 1e18."""

    token: str
    inner: str
    rate: int

    @property
    def tokens(self) -> tuple[str, ...]:
        """The wrapper alone: what it wraps is named, and not opened."""
        return (self.token,)

    @property
    def issues(self) -> None:
        """Nothing: it has a price of its own."""


def asks(look: Look) -> tuple[Call, ...]:
    """Return what tells whether there is a wrapper."""
    return (
        call(look.address, "stEthPerToken()(uint256)"),
        call(look.address, "stETH()(address)"),
    )


def recognise(look: Look) -> tuple[Wrapper, ...]:
    """Return the wrapper at the address."""
    rate, inner = look.snapshot.read_all(asks(look))
    if not (rate.ok and inner.ok and rate.integer()):
        return ()
    return (Wrapper(look.address, inner.address(), rate.integer()),)


def read(snapshot: Snapshot, found: Wrapper) -> Wrapper:
    """Return it: what tells a wrapper is all there is to know of it."""
    del snapshot
    return found


def write(wrapper: Wrapper, draft: Draft) -> None:
    """Remark what it wraps; price it in that where nobody told a price and it was met."""
    rate = Fraction(wrapper.rate, RATE_UNIT)
    draft.remarks[wrapper.token] = {
        "note": f"wraps {decimal_text(rate)} of {wrapper.inner}",
        "depends_on": {"wraps": wrapper.inner},
    }
    if wrapper.inner in draft.tokens:
        draft.quoted(wrapper.token, rate, wrapper.inner)


READER = Reader("wsteth/1", recognise, read, write, asks)
