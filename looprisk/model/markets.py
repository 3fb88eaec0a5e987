"""Lending markets and the venues of perpetual futures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import model_validator

from looprisk.errors import ModelError, Problem
from looprisk.model.base import Model, Part
from looprisk.model.fields import (
    Duration,
    Flag,
    LargeRatio,
    Listed,
    Money,
    OneOf,
    Rate,
    Ratio,
    Ref,
    Refs,
    Text,
    Tokens,
)
from looprisk.model.frozen import EMPTY, Map
from looprisk.model.protocols import PROTOCOLS, Protocol, morpho_incentive
from looprisk.model.values import Value, decimal_text

Rules = Literal[
    "morpho-blue",
    "euler-v2",
    "silo-v2",
    "aave-v2",
    "aave-v3",
    "aave-v3.3",
    "compound-v2",
    "compound-v3",
    "abracadabra",
    "isolated",
    "pooled",
    "absorbing",
]


class RateModel(Model):
    """What borrowers pay, as a function of utilisation; in time only."""

    kind: Annotated[Literal["kinked", "adaptive"], OneOf()]
    base: Rate | None = None
    slope_1: Rate | None = None
    slope_2: Rate | None = None
    kink: Ratio | None = None


class Lending(Model):
    """One loan token of a market. ``supplied`` is a check: cash and the listed debts.

    ``insurance`` covers the bad debt of this token; of a market that lends one, the market's does.
    """

    cash: Tokens
    supplied: Tokens | None = None
    unlisted_debt: Annotated[Literal["sound", "unknown"], OneOf()] | None = None
    insurance: Money | None = None
    rate: RateModel | None = None
    note: Text | None = None


class CollateralTerms(Model):
    """How a market treats one collateral.

    ``lltv`` is the threshold of liquidation on every protocol (Aave's LT); ``incentive`` is
    the part above 1 of what a liquidator receives (Aave's LB). Left out, the protocol's
    formula gives it, which only Morpho has.
    """

    ltv: Ratio | None = None
    lltv: Ratio
    incentive: LargeRatio | None = None
    oracle: Ref
    cap: Tokens | None = None
    liquidation_factor: Ratio | None = None
    storefront: Ratio | None = None
    note: Text | None = None


class EMode(Model):
    """A set of terms that an account can choose: Aave's e-mode."""

    label: Text | None = None
    note: Text | None = None
    borrows: Refs = ()
    collateral: Map[CollateralTerms]


class Market(Part):
    """A lending market; ``rules`` names protocol and version, and fixes what follows from it."""

    rules: Annotated[Rules, OneOf()]
    lends: Map[Lending]
    collateral: Map[CollateralTerms] = EMPTY
    e_modes: Map[EMode] = EMPTY
    insurance: Money | None = None
    liquidators: Annotated[Literal["always", "when_paid", "absent"], OneOf()] | None = None
    gas: Money | None = None
    max_discount: Ratio | None = None
    close_factor: Ratio | None = None
    realises: Flag | None = None

    @property
    def protocol(self) -> Protocol:
        """What follows from ``rules``."""
        return PROTOCOLS[self.rules]

    @property
    def realises_bad_debt(self) -> bool:
        """Whether a bad debt lowers the booked price of the supply; ``false`` if not said."""
        fixed = self.protocol.realises
        return bool(self.realises) if fixed is None else fixed

    def incentive(self, terms: CollateralTerms) -> Fraction | None:
        """Return the incentive of ``terms``: as written, else by the protocol's formula.

        ``None`` where it is no single number: Euler's follows the health, Compound III absorbs.
        """
        if terms.incentive is not None:
            return terms.incentive.number
        if self.protocol.incentive == "morpho":
            return morpho_incentive(terms.lltv.number)
        return None

    @model_validator(mode="after")
    def _terms_can_hold(self) -> Self:
        problems = [
            *self._terms_problems(("collateral",), self.collateral),
            *(
                problem
                for name, mode in self.e_modes.items()
                for problem in self._terms_problems(
                    ("e_modes", name, "collateral"), mode.collateral
                )
            ),
            *self._rules_problems(),
        ]
        if problems:
            raise ModelError(problems)
        return self

    def _terms_problems(
        self, path: tuple[str, ...], collateral: Mapping[str, CollateralTerms]
    ) -> list[Problem]:
        return [
            problem
            for name, terms in collateral.items()
            for problem in self._one_terms_problems((*path, name), terms)
        ]

    def _one_terms_problems(self, path: tuple[str, ...], terms: CollateralTerms) -> list[Problem]:
        if terms.incentive is None and self.protocol.incentive == "field":
            return [
                Problem(path, f"`incentive`{_MISSING}", "only morpho-blue has a formula for it")
            ]
        if not terms.lltv.known or (terms.incentive is not None and not terms.incentive.known):
            return []
        if self.protocol.shape == "absorbing":
            return self._absorbed_problems(path, terms)
        for field, given in (
            ("liquidation_factor", terms.liquidation_factor),
            ("storefront", terms.storefront),
        ):
            if given is not None:
                message = f"{field}: a market under {self.rules} does not buy collateral"
                return [Problem((*path, field), message, "leave it out, or write `incentive`")]
        incentive = self.incentive(terms)
        if incentive is None:
            return []
        at_sale = (1 + incentive) * terms.lltv.number
        if at_sale < 1:
            return _ltv_problems(path, terms)
        message = (
            f"{path[-1]}: (1 + incentive) x lltv is {float(at_sale):.5g}: "
            "a liquidation would take more than there is"
        )
        return [Problem(path, message, "the product must be below 1: one of the two is too large")]

    def _absorbed_problems(self, path: tuple[str, ...], terms: CollateralTerms) -> list[Problem]:
        """A market that absorbs says what it credits the owner and at what price it sells."""
        missing = [
            Problem(path, f"`{field}`{_MISSING}", f"{self.rules} buys the collateral: {what}")
            for field, given, what in (
                ("liquidation_factor", terms.liquidation_factor, "the share credited to the owner"),
                ("storefront", terms.storefront, "the part of the rest that buyers get"),
            )
            if given is None
        ]
        if terms.incentive is not None and not missing:
            message = f"incentive: {self.rules} buys the collateral at its liquidation_factor"
            return [Problem((*path, "incentive"), message, "leave it out")]
        return missing or _ltv_problems(path, terms)

    def _rules_problems(self) -> list[Problem]:
        problems = []
        if not self.lends:
            problems.append(Problem(("lends",), "lends: a market lends at least one token"))
        if self.realises is not None and self.protocol.realises is not None:
            message = f"realises: {self.rules} fixes this; leave it out"
            problems.append(Problem(("realises",), message))
        if self.e_modes and self.protocol.shape != "pooled":
            problems.append(Problem(("e_modes",), f"e_modes: {self.rules} has no e-modes"))
        if self.protocol.shape != "pooled" and len(self.lends) > 1:
            message = (
                f"lends: a market under {self.rules} lends one token, this one {len(self.lends)}"
            )
            problems.append(Problem(("lends",), message, "write one market for each"))
        return [*problems, *self._insurance_problems()]

    def _insurance_problems(self) -> list[Problem]:
        """Insurance stands once: for the market, or for the tokens it lends."""
        within = [token for token, lending in self.lends.items() if lending.insurance is not None]
        if self.insurance is None or not within:
            return []
        message = f"insurance: written for the market, and for {within[0]} in `lends`"
        return [Problem(("insurance",), message, "leave out one of the two")]


_MISSING = " is missing"


def _ltv_problems(path: tuple[str, ...], terms: CollateralTerms) -> list[Problem]:
    if terms.ltv is None or not terms.ltv.known or terms.ltv.number <= terms.lltv.number:
        return []
    message = f"ltv: {terms.ltv.text} is above the lltv of {terms.lltv.text}"
    help_ = "ltv is how much can be borrowed, lltv where a liquidation begins"
    return [Problem((*path, "ltv"), message, help_, on_key=False)]


class Tier(Model):
    """One bracket of a tiered maintenance margin; the last has no ``up_to``."""

    up_to: Money | None = None
    maintenance: Ratio
    constant: Money | None = None


class Margin(Model):
    """The maintenance margin of legs on one asset, where it is not the venue's."""

    maintenance: Ratio | None = None
    tiers: Annotated[tuple[Tier, ...], Listed] = ()

    @model_validator(mode="after")
    def _says_its_maintenance(self) -> Self:
        if problems := [*_margin_problems(self.maintenance, self.tiers)]:
            raise ModelError(problems)
        return self


class Partial(Model):
    """A venue that liquidates large positions in parts."""

    above: Money
    share: Ratio
    cooldown: Duration | None = None


class Venue(Part):
    """An exchange of perpetual futures: margin convention, fees, fund, auto-deleveraging."""

    convention: Annotated[Literal["hyperliquid", "binance", "bybit"], OneOf()]
    mode: Annotated[Literal["isolated", "cross"], OneOf()]
    initial: Ratio | None = None
    maintenance: Ratio | None = None
    backstop: Ratio | None = None
    partial: Partial | None = None
    taker_fee: Ratio | None = None
    insurance: Money | None = None
    adl: Annotated[Literal["queue", "pro_rata", "water_filling"], OneOf()] | None = None
    adl_at: Annotated[Literal["previous_mark", "bankruptcy"], OneOf()] | None = None
    tiers: Annotated[tuple[Tier, ...], Listed] = ()
    coins: Map[Margin] = EMPTY
    haircut: Map[Ratio] = EMPTY

    @model_validator(mode="after")
    def _says_its_maintenance(self) -> Self:
        problems = [*_margin_problems(self.maintenance, self.tiers), *self._partial_problems()]
        if problems:
            raise ModelError(problems)
        return self

    def margin_on(self, asset: str) -> Venue | Margin:
        """Return what says the maintenance margin of legs on an asset."""
        return self.coins.get(asset, self)

    def _partial_problems(self) -> Iterator[Problem]:
        share = self.partial.share if self.partial is not None else None
        if share is not None and share.high == 0:
            yield Problem(("partial", "share"), "share: nothing would ever be closed", "20%", False)


def _margin_problems(maintenance: Value | None, tiers: tuple[Tier, ...]) -> Iterator[Problem]:
    """Tiers rise, the last is open, and a larger position never needs less margin."""
    if maintenance is None and not tiers:
        yield Problem((), "`maintenance` is missing", "a share, or `tiers`")
    for at, tier in enumerate(tiers):
        last, place = at == len(tiers) - 1, ("tiers", str(at))
        if (tier.up_to is None) != last:
            message = "the last tier has no `up_to`" if last else "`up_to` is missing"
            yield Problem(place, message, "every tier ends somewhere but the last")
            return
    for at, (tier, following) in enumerate(pairwise(tiers), 1):
        place = ("tiers", str(at))
        border = tier.up_to.number if tier.up_to is not None and tier.up_to.known else None
        if border is None:
            continue
        end = following.up_to
        if end is not None and end.known and end.number <= border:
            message = f"up_to: `{end.text}` is not above the tier before"
            yield Problem((*place, "up_to"), message, "write the tiers in rising order", False)
        needs = [_maintenance(one, border) for one in (tier, following)]
        if needs[0] is not None and needs[1] is not None and needs[1] < needs[0]:
            message = f"a position above {decimal_text(border)} USD would need less margin"
            constant = border * following.maintenance.number - needs[0]
            help_ = f"without a gap the constant is ${decimal_text(constant)}"
            yield Problem(place, message, help_)


def _maintenance(tier: Tier, notional: Fraction) -> Fraction | None:
    """Return the margin that a position keeps in a tier, in USD; None where a number is open."""
    constant = tier.constant
    if not tier.maintenance.known or (constant is not None and not constant.known):
        return None
    return tier.maintenance.number * notional - (constant.number if constant is not None else 0)
