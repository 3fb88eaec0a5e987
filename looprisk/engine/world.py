"""The exogenous side along a stage: every number as a straight line between two states.

:func:`knots` are the shock fractions at which a line bends: a pile is gone, a hedge is closed.
Between two knots a :class:`World` answers with lines; at one point, where a product of two moving
numbers has no line, with numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import combinations

from looprisk.engine.affine import Affine, NotAffineError, affine
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.focus import Focus
from looprisk.engine.holdings import Holdings, Opening, holdings
from looprisk.engine.perps import Leg, alive_value, closed_value, liquidation_price
from looprisk.engine.state import ONE, ZERO, State, usd
from looprisk.errors import NotCarriedError


@dataclass(frozen=True, kw_only=True)
class World:
    """The numbers that the shock moves, on the stretch ``(lo, hi]`` of a stage.

    ``still`` fixes the shock fraction: then nothing moves and products exist.
    """

    catalogue: Catalogue
    start: State
    """The state before the first stage."""
    before: State
    after: State
    lo: Fraction
    hi: Fraction
    still: Fraction | None = None
    focus: Focus = field(default_factory=Focus)
    """What is shown of crowds of accounts."""
    navs: Mapping[str, Fraction] = field(default_factory=dict)
    """Computed book prices that oracles read at this point, in USD."""
    weights: Mapping[str, tuple[Fraction, ...]] = field(default_factory=dict)
    """Account: the share of each collateral before the stage, where its incentive needs that.

    Table of accounts of several legs: what oracles read there for a unit in each slot.
    """
    undrawn: bool = False
    """Whether what tables of accounts of several legs pay is drawn in later, point by point."""
    latched: frozenset[str] = frozenset()
    """Accounts that were liquidated on the way here and stay so."""

    first: Opening | None = None
    """The balances before the first stage, where another moment has counted them."""

    @cached_property
    def opening(self) -> Opening:
        """The balances of markets before the first stage."""
        return Opening(self.catalogue, self.start) if self.first is None else self.first

    @cached_property
    def held(self) -> Holdings:
        """Who holds what."""
        return holdings(self.opening, self.before)

    def line(self, before: Fraction, after: Fraction) -> Affine:
        """Return the line from one state to the next."""
        whole = Affine(before, after - before)
        return whole if self.still is None else affine(whole.at(self.still))

    @property
    def middle(self) -> Fraction:
        """A point inside the stretch, where no line bends."""
        return (self.lo + self.hi) / 2 if self.still is None else self.still

    def price(self, asset: str) -> Affine:
        """Return the USD price of an asset.

        Or of a token as the share of its claim that a unit is.
        """
        if asset not in self._prices:
            self._prices[asset] = self._price(asset)
        return self._prices[asset]

    @cached_property
    def _prices(self) -> dict[str, Affine]:
        return {}

    def _price(self, asset: str) -> Affine:
        part = self.catalogue.system.assets.get(asset)
        if part is None:
            units = known(self.catalogue.tokens[asset].supply, asset, "supply")
            units += self.before.minted.get(asset, ZERO) - self.before.redeemed.get(asset, ZERO)
            return Affine(ZERO, ZERO, ((asset, 1 / units),))
        own = self.line(self.before.prices[asset], self.after.prices[asset])
        return own * self.price(part.price.of) if part.price.of else own

    def quote(self, token: str) -> Affine | None:
        """Return what a seller gets for a token, None where nobody says."""
        after = self.after.quotes.get(token)
        return None if after is None else self.line(self.before.quotes[token], after)

    def pile(self, issuer: str, pile: str) -> Affine:
        """Return what is left of an issuer's pile of outside money."""
        worth = known(self.catalogue.system.issuers[issuer].outside[pile], issuer, "outside", pile)
        left = worth - self._lost(issuer, pile)
        return left if left.at(self.middle) > 0 else affine(ZERO)

    def excess(self) -> Affine:
        """Return the part of the losses that exceeds what was there to lose."""
        total = affine(ZERO)
        for issuer, pile in self.after.lost:
            value = self.catalogue.system.issuers[issuer].outside[pile]
            over = self._lost(issuer, pile) - known(value, issuer, "outside", pile)
            total = total + (over if over.at(self.middle) > 0 else ZERO)
        return total

    def _lost(self, issuer: str, pile: str) -> Affine:
        key = (issuer, pile)
        return self.line(self.before.lost.get(key, ZERO), self.after.lost.get(key, ZERO))

    def cap(self, claim: str) -> Affine:
        """Return the share of its face that a claim pays at most."""
        return self.line(self.before.caps.get(claim, ONE), self.after.caps.get(claim, ONE))

    def recognised(self, issuer: str) -> bool:
        """Return whether the issuer's book has taken in its losses."""
        return issuer in (self.after.recognised if self.hi > 0 else self.before.recognised)

    def reading(self, oracle: str, collateral: str) -> Affine | None:
        """Return a frozen or wrong reading, None where the oracle reads as it should."""
        after = self.after.readings.get((oracle, collateral))
        return None if after is None else self.line(self.before.readings[oracle, collateral], after)

    def leg(self, name: str) -> Leg:
        """Return the terms of a leg."""
        position = self.catalogue.legs[name]
        venue = self.catalogue.system.venues[position.venue]
        if venue.mode == "cross":
            raise NotCarriedError(
                f"{position.venue}/mode: cross margin depends on the order of events: "
                "add `time` to the scenario, or write `mode: isolated`"
            )
        size = position.short or position.long
        assert size is not None  # noqa: S101  (the model asks for one side)
        return Leg(
            side=-1 if position.short is not None else 1,
            size=known(size, name, "short"),
            entry=usd(self.catalogue, self.start, position.entry, name, "entry"),
            venue=venue,
            asset=self.leg_asset(name),
        )

    def margin(self, name: str) -> Affine:
        """Return the margin of a leg, in USD."""
        position = self.catalogue.legs[name]
        return sum(
            (
                self.price(_asset(self.catalogue, name, asset))
                * known(units, name, "margin", asset)
                for asset, units in position.margin.items()
            ),
            start=affine(ZERO),
        )

    def leg_asset(self, name: str) -> str:
        """Return the asset a leg is on."""
        position = self.catalogue.legs[name]
        size = position.short or position.long
        assert size is not None  # noqa: S101
        assert size.of is not None  # noqa: S101
        return _asset(self.catalogue, name, size.of)

    def closed(self, name: str) -> bool:
        """Return whether the venue has closed the leg on this stretch."""
        if name in self.before.closed:
            return True
        if name in self.after.closed and self.middle > 0:
            return True
        crossed = closing_at(self, name)
        return crossed is not None and crossed < self.middle

    def leg_value(self, name: str) -> Affine:
        """Return the equity of a leg, in USD."""
        leg, margin, price = self.leg(name), self.margin(name), self.price(self.leg_asset(name))
        before = self.before.cuts.get(name, ())
        venue = self.catalogue.legs[name].venue
        gone = self.line(
            self.before.venue_lost.get(venue, ZERO), self.after.venue_lost.get(venue, ZERO)
        )
        if self.closed(name):
            return closed_value(leg, margin, before) * (1 - gone)
        after = self.after.cuts.get(name, ())
        cuts = [(affine(cut.share), cut.price) for cut in before]
        cuts += [(self.line(ZERO, cut.share), cut.price) for cut in after[len(before) :]]
        return alive_value(leg, margin, price, tuple(cuts)) * (1 - gone)


def _asset(catalogue: Catalogue, leg: str, unit: str) -> str:
    if unit in catalogue.tokens:
        raise NotCarriedError(
            f"{leg}: {unit} is a token of this system: a leg on it, or a margin in it, is "
            "not carried "
            "in the static engine; write the leg on an asset and its margin in assets"
        )
    return unit


def beyond(world: World, name: str) -> Affine:
    """Return how far the price is beyond the one at which the venue closes a leg, in its unit.

    Equality survives: a leg is closed where this is above zero.
    """
    leg, asset = world.leg(name), world.leg_asset(name)
    whole = World(
        catalogue=world.catalogue,
        start=world.start,
        before=world.before,
        after=world.after,
        lo=ZERO,
        hi=ONE,
    )
    try:
        limit = liquidation_price(leg, whole.margin(name), world.before.cuts.get(name, ()))
        return (whole.price(asset) - limit) * -leg.side
    except NotAffineError:
        raise NotCarriedError(
            f"{name}: a price that moves together with the unit it is written in decides "
            "when this leg "
            "is closed: write that price in dollars"
        ) from None


def closing_at(world: World, name: str) -> Fraction | None:
    """Return the shock fraction just after which the venue closes a leg, None if it does not."""
    past = beyond(world, name)
    if past.const > 0:
        return Fraction(-1)
    if past.slope <= 0:
        return None
    return past.crossing(ZERO)


def reach(world: World) -> Fraction:
    """Return how far the shock can go on as it goes: until a pile is gone or a price is nothing.

    1 where that is before its size as written, and for every shock that is not a loss or a fall in
    price.
    """
    before, after = world.before, world.after
    same = ("venue_lost", "caps", "recognised", "readings", "closed", "cuts", "accounts", "cash")
    if any(getattr(before, name) != getattr(after, name) for name in same):
        return ONE
    ends = [
        *_ends(before.prices, after.prices),
        *_ends(before.quotes, {t: q for t, q in after.quotes.items() if t in before.quotes}),
    ]
    if set(after.quotes) - set(before.quotes):
        return ONE
    for issuer, pile in after.lost:
        old = before.lost.get((issuer, pile), ZERO)
        worth = known(world.catalogue.system.issuers[issuer].outside[pile], issuer, "outside", pile)
        if after.lost[issuer, pile] > old:
            ends.append((worth - old) / (after.lost[issuer, pile] - old))
    return max(ONE, min(ends, default=ONE))


def _ends(before: Mapping[str, Fraction], after: Mapping[str, Fraction]) -> list[Fraction]:
    """Return the shock fraction at which each falling number is nothing; 1 for one that rises."""
    return [
        before[name] / (before[name] - level) if level < before[name] else ONE
        for name, level in after.items()
        if level != before[name]
    ]


def knots(world: World) -> tuple[Fraction, ...]:
    """Return the shock fractions inside a world's stretch at which a line of the stage bends."""
    found: set[Fraction | None] = {closing_at(world, leg) for leg in world.catalogue.legs}
    for issuer, pile in world.after.lost:
        worth = world.catalogue.system.issuers[issuer].outside[pile]
        lost = Affine(
            world.before.lost.get((issuer, pile), ZERO),
            world.after.lost[issuer, pile] - world.before.lost.get((issuer, pile), ZERO),
        )
        found.add(lost.crossing(known(worth, issuer, "outside", pile)))
    found |= {one.crossing(other) for one, other in combinations(_caps(world), 2)}
    return tuple(sorted(s for s in found if s is not None and world.lo < s < world.hi))


def _caps(world: World) -> tuple[Affine, ...]:
    """Return every way in which the share moves that claims in default pay at most."""
    before, after = world.before.caps, world.after.caps
    moves = {(before.get(claim, ONE), cap) for claim, cap in after.items()}
    return tuple(Affine(old, new - old) for old, new in sorted(moves))
