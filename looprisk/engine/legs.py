"""The collateral of an account, one by one.

What it is worth, what its oracle reads, what it sells for.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looprisk.engine.affine import Affine
from looprisk.engine.catalogue import Catalogue, known, unknown
from looprisk.engine.holdings import supply_claim
from looprisk.engine.maker import Maker
from looprisk.engine.oracles import cap_of, reading_of, sells_at_quote
from looprisk.engine.skeleton import ZERO
from looprisk.model.check_markets import accepted
from looprisk.model.markets import CollateralTerms

ONE = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One collateral of an account. Prices in USD for one unit (SEMANTICS 4.1)."""

    claim: str
    units: Fraction
    lltv: Fraction
    incentive: Fraction | None
    """What a liquidator gets per dollar repaid, above 1; None where the market has another rule."""
    kept: Fraction
    """The share of its worth that counts for the owner when the market absorbs it."""
    discount: Fraction
    """The discount at which the market sells what it absorbed."""
    price: Affine
    """What the collateral is worth: of an asset its price, of a claim a share of its value."""
    reading: Affine
    sale: Affine
    cap: Affine | None
    """A cap on the reading, where that else is the price and a claim decides which is lower."""

    @property
    def worth(self) -> Affine:
        """The units at their own price."""
        return self.price * self.units


def legs_of(make: Maker, name: str) -> tuple[Leg, ...]:
    """Return the collateral of an account as it stands before the stage."""
    collateral = make.world.before.accounts[name].collateral
    position = make.catalogue.loans[name]
    return tuple(
        leg_in(make, str(position.market), position.e_mode, thing, units)
        for thing, units in collateral.items()
    )


def terms_of(
    catalogue: Catalogue, name: str, collateral: str
) -> tuple[CollateralTerms, tuple[str, ...]]:
    """Return how a market treats a collateral of an account, and the path of these terms.

    An e-mode replaces the terms of what it names.
    """
    position = catalogue.loans[name]
    return terms_in(catalogue, str(position.market), position.e_mode, collateral)


def terms_in(
    catalogue: Catalogue, name: str, e_mode: str | None, collateral: str
) -> tuple[CollateralTerms, tuple[str, ...]]:
    """Return how a market treats a collateral under an e-mode, and the path of these terms."""
    market = catalogue.system.markets[name]
    terms = accepted(market, e_mode)[collateral]
    mode = market.e_modes.get(str(e_mode))
    if mode is not None and collateral in mode.collateral:
        return terms, (name, "e_modes", str(e_mode), "collateral", collateral)
    return terms, (name, "collateral", collateral)


def leg_in(make: Maker, name: str, e_mode: str | None, collateral: str, units: Fraction) -> Leg:
    """Return so many units of a collateral in a market, under an e-mode or none."""
    terms, path = terms_in(make.catalogue, name, e_mode, collateral)
    market = make.catalogue.system.markets[name]
    oracle = str(terms.oracle)
    if oracle == "unknown":
        raise unknown("/".join((*path, "oracle")))
    claim = _claim(make.catalogue, collateral)
    price = make.own_price(claim)
    reading = reading_of(make.world, oracle, collateral)
    quote = sells_at_quote(make.world, claim)
    incentive = market.incentive(terms)
    kept = (
        known(terms.liquidation_factor, *path, "liquidation_factor")
        if terms.liquidation_factor
        else ONE
    )
    storefront = known(terms.storefront, *path, "storefront") if terms.storefront else ONE
    return Leg(
        claim=claim,
        units=units,
        lltv=known(terms.lltv, *path, "lltv"),
        incentive=1 + incentive if incentive is not None else None,
        kept=kept,
        discount=storefront * (1 - kept),
        price=price,
        reading=price if reading is None else reading,
        sale=price if quote is None else quote,
        cap=cap_of(make.world, oracle, collateral) if reading is None else None,
    )


def _claim(catalogue: Catalogue, collateral: str) -> str:
    if collateral in catalogue.system.assets:
        return collateral
    return supply_claim(catalogue, collateral)


def total(lines: list[Affine]) -> Affine:
    """Return the sum of lines."""
    return sum(lines, start=ZERO)
