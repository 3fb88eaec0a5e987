"""The state of a cascade: every phase of a step returns a new one (DYNAMICS 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.arrays import Bools, Floats, Ints
from looprisk.model.tokens import Oracle


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketState:
    """A lending market. Amounts in tokens, insurance in USD."""

    collateral: Floats
    """[path, slot, account]: units."""
    principal: Floats
    """[path, loan, account]: loan tokens owed, without the interest since the start."""
    growth: Floats
    """[path, loan]: what interest has made of a token owed at the start."""
    units: Floats
    """[path, slot]: collateral of all accounts together."""
    lent: Floats
    """[path, loan]: principal of all accounts together."""
    opened: Ints
    """[path, shelf]: how many accounts of each shelf a price has reached."""
    live: Ints
    """[path, place]: who of those still owes; the number of accounts where there are fewer."""
    cash: Floats
    """[path, loan]: loan tokens that are not lent."""
    unlisted: Floats
    """[path, loan]: debt of borrowers that are not listed, in loan tokens, taken to be sound."""
    insurance: Floats
    """[path, loan]: USD."""
    deficit: Floats
    """[path, loan]: bad debt that was taken off its account and not off the supply."""
    rate_at_target: Floats
    """[path, loan]: of an adaptive rate, per year."""
    stock: Floats
    """[path, slot]: collateral that the market absorbed and has not sold."""
    bad: Bools
    """[path, account]: whether its bad debt is known."""
    repaid: Floats
    """[path, account]: what liquidators repaid so far, USD."""
    brought: Floats
    """[path, slot, account]: units that accounts started with, or were opened with."""
    lltv: Floats
    """[path, slot]."""
    incentive: Floats
    """[path, slot]: phi."""
    cap: Floats
    """[path, account]: the share of its debt that an account pays at most."""
    acting: Ints
    """[path]: what liquidators do, a place in :data:`ACTING`."""

    @property
    def debt(self) -> Floats:
        """[path, loan, account]: loan tokens owed now."""
        return self.principal * self.growth[:, :, None]

    @property
    def owed(self) -> Floats:
        """[path, loan]: loan tokens that all accounts together owe now."""
        return self.lent * self.growth

    @property
    def seized(self) -> Floats:
        """[path, slot, account]: units that liquidators took so far."""
        return self.brought - self.collateral


ACTING = ("always", "when_paid", "absent")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VenueState:
    """An exchange of perpetual futures: legs, what stands behind them, its fund."""

    size: Floats
    """[path, leg]: signed units, negative for a short."""
    entry: Floats
    """[path, leg]: USD."""
    margin: Floats
    """[path, wallet]: USD."""
    posted: Floats
    """[path, token kind, wallet]: units of margin in tokens."""
    fund: Floats
    """[path]: USD."""
    ordered: Floats
    """[path, leg]: when the venue last closed a part of a leg, -inf for never."""
    cut: Floats
    """[path, leg]: USD closed by deleveraging so far, at the mark."""
    home: Floats
    """[path, wallet]: margins released in this step, on their way to the owner."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueueState:
    """Who wants out of one token or supply."""

    asked: Floats
    """[path, run]: units still to join the queue, of a run that spreads over time."""
    whole: Floats
    """[path, run]: units that were asked for when the run began."""
    waiting: tuple[Floats, ...]
    """[path, run]: units in the queue, by the step at which they joined, in the order of
    ``joined``.
    """
    joined: tuple[int, ...]
    paid: Floats
    """[path, run]: USD paid so far."""
    missing: Floats
    """[path, run]: USD that this step could not pay."""
    gain: Floats
    """[path, run]: USD that those who were paid got above what their units were worth."""
    gone: Floats
    """[path, run]: units that were paid so far."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """Everything that a step can change; the path axis first."""

    k: int
    level: Floats
    """[path, asset]: E, in the unit the asset is priced in."""
    quote: Floats
    """[path, token]: what a seller gets before any impact, in USD; NaN where nobody says."""
    multiplier: Floats
    """[path, good]: m."""
    share: Floats
    """[path, pool]: a, the depth that is there."""
    sigma: Floats
    """[path, pool]: per square root of a year."""
    external: Floats
    """[path, good]: E, USD: the price before any impact."""
    price: Floats
    """[path, good]: P, USD."""
    reading: Floats
    """[path, reading]: o, USD."""
    last: Floats
    """[path, reading]: what the oracle last pushed, USD."""
    pushed: Floats
    """[path, reading]: when it did, s."""
    sources: tuple[Floats, ...]
    """[path, reading]: the sources that lags and windows still need, latest first."""
    integrals: tuple[Floats, ...]
    """[path, reading]: their running integrals, USD x s, latest first."""
    first: Floats
    """[path, reading]: the source at the first step."""
    frozen: Bools
    """[path, reading]."""
    terms: tuple[tuple[Oracle, ...], ...]
    """[oracle]: its terms as written, then what stages made of them."""
    version: Ints
    """[path, oracle]: which of them hold."""
    misprice: Floats
    """[path, reading]: factor on what is reported."""
    wrong: Floats
    """[path, reading]: what is reported instead, USD; NaN for nothing."""
    markets: tuple[MarketState, ...]
    venues: tuple[VenueState, ...]
    cash: Floats
    """[path, issuer]: idle USD."""
    owned: Floats
    """[path, issuer, good]: units held free."""
    units: Floats
    """[path, good]: units outstanding of tokens and supplies."""
    paid_out: Floats
    """[path, good]: USD for which units left so far, less those for which units were added."""
    index: Floats
    """[path, supply]: loan tokens that a unit of a supply is owed."""
    lost: Floats
    """[path, pile]: USD lost of outside money."""
    recognised: Bools
    """[path, issuer]."""
    cap: Floats
    """[path, claim with a face]: the share of its face that it pays at most."""
    face: Floats
    """[path, claim with a face]: its amount as a share of the start, grown by interest."""
    fed: Floats
    """[path, feed]: units fed so far."""
    queue: QueueState
    fired: Bools
    """[path, stage]: whether it has struck."""
    moved: Bools
    """[path, stage]: whether it then moved anything."""
    seen: Mapping[tuple[str, str], Bools]
    """(of, event): [path], whether it is in the log of the records so far."""
    standing: Mapping[str, Bools]
    """Event: [path, thing], what is so at the last record."""
    economic: Floats
    """[path, good]: of the last record, USD a unit."""
    book: Floats
    """[path, good]: as phase 8 left it, USD a unit."""
    gains: Floats
    """[path]: G."""
    leaks: Mapping[str, Floats]
    """Name: [path], USD that left, so far."""

    @property
    def paths(self) -> int:
        """How many paths there are."""
        return len(self.cash)

    def market(self, at: int, market: MarketState) -> State:
        """Return the state with another market in one place."""
        markets = (*self.markets[:at], market, *self.markets[at + 1 :])
        return replace(self, markets=markets)

    def venue(self, at: int, venue: VenueState) -> State:
        """Return the state with another venue in one place."""
        return replace(self, venues=(*self.venues[:at], venue, *self.venues[at + 1 :]))


def leaked(state: State, name: str, amount: Floats) -> State:
    """Return the state after ``amount`` [path] in USD left under a name."""
    if not np.any(amount):
        return state
    before = state.leaks.get(name)
    total = amount if before is None else before + amount
    return replace(state, leaks={**state.leaks, name: total})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Happened:
    """One kind of event of one phase, in every path at once."""

    phase: str
    event: str
    of: tuple[str, ...]
    where: Bools
    """[path, of]: whether it happened."""
    amount: Floats
    """[path, of]: USD, or nothing."""
    because: str
