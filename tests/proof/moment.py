"""A system at one point of one stage, as plain numbers: written from the rules of the model alone.

Nothing of the engine is used here. Every number that no claim decides is worked out from what the
file says and from what share ``s`` of the stage has struck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from looprisk.model import System
from looprisk.model.issuers import Issuer
from looprisk.model.positions import LoanPosition, PerpPosition
from looprisk.model.scenario import Stage
from looprisk.model.tokens import Par, Share
from looprisk.model.values import Value

F = Fraction
YEAR = 365 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Prices in USD, amounts in units, shares of the shock already applied."""

    system: System
    s: Fraction
    stage: Stage | None
    prices: Mapping[str, Fraction]
    quotes: Mapping[str, Fraction]
    stuck: Mapping[tuple[str, str], Fraction] = field(default_factory=dict)
    """(oracle, collateral): what a frozen or wrong oracle reads."""
    phis: Mapping[str, Fraction] = field(default_factory=dict)
    """Account: its one incentive, where its collaterals have several."""
    earlier: Mapping[str, Fraction] = field(default_factory=dict)
    """Pile: what stages before this one took, in USD."""
    kept: Mapping[str, tuple[Fraction, Fraction]] = field(default_factory=dict)
    """Account in an absorbing market: (liquidation factor, discount of the sale)."""

    # tokens ---------------------------------------------------------------------------------

    def usd(self, price: Value) -> Fraction:
        return price.number * (self.prices[price.of] if price.of else 1)

    @property
    def tokens(self) -> dict[str, Share | Par]:
        return {t: r for i in self.system.issuers.values() for t, r in i.issues.items()}

    def units(self, token: str) -> Fraction:
        """Units outstanding of a token, or of one of its copies behind a bridge."""
        if "/" in token:
            name, copy = token.split("/")
            return self.tokens[name].copies[copy].supply.number
        receipt = self.tokens[token]
        units = receipt.supply.number
        for name, copy in receipt.copies.items():
            if name not in alone(receipt):
                locked = copy.supply if copy.locked is None else copy.locked
                units += copy.supply.number - locked.number
        if self.stage is not None and token in self.stage.mint:
            units += self.s * self.stage.mint[token].number
        return units

    def par(self, token: str) -> Fraction:
        receipt = self.tokens[token]
        assert isinstance(receipt, Par)
        return self.usd(receipt.par)

    # issuers --------------------------------------------------------------------------------

    def outside(self, name: str, *, booked: bool = False) -> Fraction:
        """An issuer's outside money: less what was lost, at book only what was recognised."""
        issuer = self.system.issuers[name]
        if booked and not self.recognised(name):
            return sum((pile.number for pile in issuer.outside.values()), F(0))
        left = F(0)
        whole = sum((pile.number for pile in issuer.outside.values()), F(0))
        for pile, worth in issuer.outside.items():
            place = f"{name}/outside/{pile}"
            lost = self.taken(name, place, worth.number, whole) + self.earlier.get(place, F(0))
            left += max(F(0), worth.number - lost)
        return left

    def taken(self, name: str, place: str, worth: Fraction, whole: Fraction) -> Fraction:
        """What this stage takes of a pile, by its own name and by its issuer's."""
        return self._lost(name, place, worth, worth) + self._lost(name, name, worth, whole)

    def recognised(self, name: str) -> bool:
        """Whether the book of an issuer, or of a token of its, has taken in its losses."""
        if self.stage is None or not self.s:
            return False
        issuers = self.system.issuers
        return any(name in {one, *issuers[one].issues} for one in self.stage.recognise)

    def _lost(self, issuer: str, target: str, worth: Fraction, whole: Fraction) -> Fraction:
        if self.stage is None or target not in self.stage.loss:
            return F(0)
        size = self.stage.loss[target]
        amount = size.number if size.unit == "usd" else size.number * whole
        return self.s * amount * worth / whole

    def legs(self, issuer: str) -> Fraction:
        """What an issuer's perpetual legs are worth (SEMANTICS 6), isolated margin."""
        found = F(0)
        for name, leg in self.system.positions.items():
            if isinstance(leg, PerpPosition) and leg.owner == issuer:
                found += self._leg(name, leg)
        return found

    def _leg(self, name: str, leg: PerpPosition) -> Fraction:
        venue = self.system.venues[leg.venue]
        size = leg.short or leg.long
        n, side, asset = size.number, (-1 if leg.short else 1), size.of
        entry, mu = self.usd_at_start(leg.entry), venue.maintenance.number
        margin = sum((m.number * self.prices[a] for a, m in leg.margin.items()), F(0))
        if venue.convention == "bybit":
            limit = entry - side * (margin / n - mu * entry)
        else:
            limit = (n * entry - side * margin) / (n * (1 - side * mu))
        path = (self.usd_at_start(self.system.assets[asset].price), self.prices[asset])
        worst = max(path) if side < 0 else min(path)
        gone = (worst - limit) * -side > 0
        gone |= self.stage is not None and name in self.stage.close and self.s > 0
        if gone:
            if venue.convention == "hyperliquid":
                return F(0)
            fee = venue.taker_fee.number if venue.taker_fee else F(0)
            at = entry if venue.convention == "bybit" else limit
            return mu * n * at - fee * n * limit
        value = margin + side * n * (self.prices[asset] - entry)
        if self.stage is not None and name in self.stage.adl:
            cut = self.stage.adl[name]
            part = self.s * cut.share.number
            value -= part * side * n * (self.prices[asset] - self.usd_at_start(cut.at))
        return value

    def usd_at_start(self, price: Value) -> Fraction:
        return price.number * (start_prices(self.system)[price.of] if price.of else 1)

    # what an oracle says --------------------------------------------------------------------

    def pays_at_most(self, claim: str, *more: str) -> Fraction:
        """The share of its face that a claim pays at most."""
        share = F(1)
        for target in (claim, *more):
            if self.stage is not None and target in self.stage.default:
                share = min(share, 1 - self.s * (1 - self.stage.default[target].number))
        return share


def alone(receipt: Share | Par) -> tuple[str, ...]:
    """The copies that bear a shortfall of theirs alone."""
    borne = receipt.shortfall_borne_by
    return borne if isinstance(borne, tuple) else ()


def start_prices(system: System) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    while len(found) < len(system.assets):
        for name, asset in system.assets.items():
            if asset.price.of is None or asset.price.of in found:
                found[name] = asset.price.number * found.get(str(asset.price.of), F(1))
    return found


def moved_prices(system: System, stage: Stage | None, s: Fraction) -> dict[str, Fraction]:
    """Every asset's own price moves on a line; one priced in another multiplies."""
    found: dict[str, Fraction] = {}
    while len(found) < len(system.assets):
        for name, asset in system.assets.items():
            if asset.price.of is not None and asset.price.of not in found:
                continue
            own = asset.price.number
            if stage is not None and name in stage.price:
                move = stage.price[name]
                level = own * (1 + move.number) if move.unit == "fraction" else move.number
                own += s * (level - own)
            found[name] = own * found.get(str(asset.price.of), F(1))
    return found


def ranks(issuer: Issuer) -> dict[str, int]:
    """The place of every loan taken and par token in ``pays``."""
    claims = [*issuer.owes, *(t for t, r in issuer.issues.items() if isinstance(r, Par))]
    if issuer.pays is None:
        return dict.fromkeys(claims, 0)
    named = {name: place for place, names in enumerate(issuer.pays) for name in names}
    return {claim: named[claim] if claim in named else named["debts"] for claim in claims}


def accounts(system: System) -> dict[str, LoanPosition]:
    return {n: p for n, p in system.positions.items() if isinstance(p, LoanPosition)}


def supply_id(system: System, market: str, token: str) -> str:
    return market if len(system.markets[market].lends) == 1 else f"{market}/{token}"


def debt_ids(system: System, name: str) -> dict[str, str]:
    debts = accounts(system)[name].debt
    return {t: f"{name}/debt" if len(debts) == 1 else f"{name}/debt/{t}" for t in debts}
