"""The arithmetic of Aave v3 accounts, in the contracts' own integers.

Two rules of rounding are in use. Up to v3.2 a debt is valued by cutting, and the health factor is
taken from the collateral times its mean threshold; since v3.5 a debt is valued by rounding up and
the thresholds are summed unrounded. The first is proven against the contracts of v3.0.2 and v3.2.0,
the second against a contract of ours with the same arithmetic: no package registry has the later
releases. Whichever gives the pool's own figures is taken. Source:
GenericLogic.calculateUserAccountData and PercentageMath, WadRayMath, MathUtils.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WAD = 10**18
WHOLE = 10_000
"""Basis points in one."""
NO_DEBT = 2**256 - 1
"""The health factor of an account that owes nothing."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One asset of an account, as the contracts value it."""

    supplied: int
    """As collateral, in the smallest units of the asset."""
    owed: int
    price: int
    unit: int
    """Ten to the power of its decimals."""
    threshold: int
    """Of liquidation, in basis points, for this account in its e-mode."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Collateral and debt in the base currency, mean threshold in basis points, health in 1e18."""

    collateral: int
    debt: int
    threshold: int
    health: int


def standing(legs: Sequence[Leg]) -> Standing:
    """Return the standing of an account by the rule of v3.0 to v3.2.

    >>> standing([Leg(2 * WAD, 0, 3000 * 10**8, WAD, 8000), Leg(0, 10**9, 10**8, 10**6, 0)])
    Standing(collateral=600000000000, debt=100000000000, threshold=8000, health=4800000000000000000)
    """
    values = [(leg.supplied * leg.price // leg.unit, leg.threshold) for leg in legs]
    collateral = sum(value for value, _ in values)
    debt = sum(leg.owed * leg.price // leg.unit for leg in legs)
    weighted = sum(value * threshold for value, threshold in values)
    mean = weighted // collateral if collateral else 0
    covered = (collateral * mean + WHOLE // 2) // WHOLE
    return Standing(collateral, debt, mean, _wad_div(covered, debt))


def standing_rounding_up(legs: Sequence[Leg]) -> Standing:
    """Return the standing of an account by the rule of v3.5 to v3.7.

    >>> standing_rounding_up([Leg(10, 0, 3, 1, 8000), Leg(0, 7, 1, 2, 0)]).debt
    4
    """
    values = [(leg.supplied * leg.price // leg.unit, leg.threshold) for leg in legs]
    collateral = sum(value for value, _ in values)
    debt = sum(-(-leg.owed * leg.price // leg.unit) for leg in legs)
    weighted = sum(value * threshold for value, threshold in values)
    mean = weighted // collateral if collateral else 0
    health = _wad_div(weighted, debt)
    return Standing(collateral, debt, mean, health if health == NO_DEBT else health // WHOLE)


RULES = (standing, standing_rounding_up)
"""In the order of the releases."""


def standing_like(legs: Sequence[Leg], theirs: Standing) -> Standing:
    """Return our standing by the rule that gives ``theirs``; by the oldest where none does."""
    standings = [rule(legs) for rule in RULES]
    return next((one for one in standings if one == theirs), standings[0])


def _wad_div(part: int, whole: int) -> int:
    return (part * WAD + whole // 2) // whole if whole else NO_DEBT
