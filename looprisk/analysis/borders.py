"""Verdicts on borders: how far a shock goes before something breaks, against what is expected."""

from __future__ import annotations

from fractions import Fraction

from looprisk.analysis.axis import Axis
from looprisk.analysis.verdicts import Got, Judged, holds
from looprisk.engine.state import ONE, ZERO
from looprisk.model.expectation import Expectation
from looprisk.model.vocabulary import Unit
from looprisk.results.numbers import amount, price, share

_SHOCK_IN = {
    "usd": ("the shock is in dollars", "write $5M, or break_fraction for a share of it"),
    "price": ("the shock is in prices", "write $0.95, or break_fraction for a share of it"),
    "fraction": ("the shock is in percent", "write 8%"),
}


def in_other_unit(expectation: Expectation, axis: Axis) -> Judged | None:
    """Return a verdict where a bound is not in the unit of the shock, in which ``break_at`` is."""
    unit = _unit(expectation, axis)
    takes = {"usd": {"usd"}, "price": {"usd", "tokens"}}.get(unit, {"fraction"})
    bounds = (expectation.is_, expectation.at_least, expectation.at_most)
    if all(bound is None or bound.unit in takes for bound in bounds):
        return None
    text, because = _SHOCK_IN.get(unit, _SHOCK_IN["fraction"])
    return "FAIL", Got(number=None, unit=unit, text=text, because=because)


def judged_border(
    expectation: Expectation,
    axis: Axis,
    fraction: Fraction | None,
    *,
    because: str = "",
    slack: Fraction = ZERO,
) -> Judged:
    """Return the verdict on where something breaks, a share of the shock; None for never."""
    unit = _unit(expectation, axis)
    by_share = expectation.metric == "break_fraction"
    if fraction is not None:
        number = fraction if by_share else axis.start + fraction * (axis.full - axis.start)
        good = holds(expectation, number, slack=slack)
        return ("ok" if good else "FAIL"), Got(number=number, unit=unit, because=because)
    full = ONE if by_share else axis.full
    end = _in_words(full, unit)
    falling = not by_share and axis.unit == "price" and axis.full < axis.start
    ok = _never_passes(expectation, full, falling=falling)
    text, because = f"never, to {end}", f"the shock ends at {end}"
    return ("ok" if ok else "FAIL"), Got(number=None, unit=unit, text=text, because=because)


def _unit(expectation: Expectation, axis: Axis) -> Unit:
    return "fraction" if expectation.metric == "break_fraction" else axis.unit


def _never_passes(expectation: Expectation, full: Fraction, *, falling: bool) -> bool:
    """A break that never comes meets ``at_least`` only if the shock goes past that value."""
    bound = expectation.at_least
    if bound is None or expectation.at_most is not None:
        return False
    return full <= bound.number if falling else full >= bound.number


def _in_words(value: Fraction, unit: Unit) -> str:
    number = float(value)
    if unit == "usd":
        return amount(number)
    return share(number) if unit == "fraction" else price(number)
