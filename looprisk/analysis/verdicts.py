"""Bounds of expectations: what is asked, in words, and whether a number meets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from looprisk.engine.state import ONE, ZERO
from looprisk.model.expectation import Expectation
from looprisk.model.promises import Promise
from looprisk.model.values import Value
from looprisk.model.vocabulary import Unit
from looprisk.results.records import Outcome, Verdict

Bounded = Expectation | Promise
EQUAL = Fraction(1, 10**9)
"""Without ``within`` a metric must equal its bound to this share of it."""


@dataclass(frozen=True, kw_only=True)
class Got:
    """What an expectation met: a number, or words where there is none."""

    number: Fraction | None
    unit: Unit
    text: str = ""
    because: str = ""


Judged = tuple[Outcome, Got]


def verdict(
    expectation: Expectation,
    found: list[tuple[str, Outcome, Got]],
    *,
    scenario: str,
    file: str,
    line: int,
    member: str = "",
    way: Callable[[str], str] | None = None,
) -> Verdict:
    """Return the verdict on an expectation of several things: the worst of theirs.

    ``way`` tells how the loss came to the thing that decided.
    """
    asked, expected = words(expectation)
    order: tuple[Outcome, ...] = ("FAIL", "open", "n/a", "ok")
    which, outcome, got = min(found, key=lambda one: order.index(one[1]))
    if len(found) > 1 and outcome != "ok":
        got = replace(got, because=f"{which}: {got.because}" if got.because else which)
    name = expectation.name or f"{expectation.of} {asked}"
    limit = next(
        (b for b in (expectation.is_, expectation.at_least, expectation.at_most) if b), None
    )
    return Verdict(
        outcome=outcome,
        name=f"{name} [{member}]" if member else name,
        asked=asked,
        expected=expected,
        got=None if got.number is None else float(got.number),
        unit=got.unit,
        limit=None if limit is None or not limit.known else float(limit.number),
        got_text=got.text,
        because=got.because,
        flow=way(which) if way is not None and outcome != "n/a" else "",
        evidence=expectation.evidence or "",
        scenario=scenario,
        file=file,
        line=line,
    )


def words(expectation: Expectation) -> tuple[str, str]:
    """Return what is asked, in the words of the file, and the bound alone."""
    if expectation.happens is not None:
        level = f" below {expectation.below.text}" if expectation.below else ""
        return f"{expectation.event}{level} happens {expectation.happens}", str(expectation.happens)
    event = f" of {expectation.event}" if expectation.event else ""
    verb = "is " if expectation.is_ is not None else ""
    expected = bounds_in_words(expectation)
    return f"{expectation.metric}{event} {verb}{expected}", expected


def bounds_in_words(bounded: Bounded) -> str:
    """Return the bounds as they are written: ``$0``, ``at least 8% and at most 9%``."""
    bounds = (("", bounded.is_), ("at least ", bounded.at_least), ("at most ", bounded.at_most))
    return " and ".join(f"{word}{bound.text}" for word, bound in bounds if bound is not None)


def holds(expectation: Bounded, number: Fraction, slack: Fraction = ZERO) -> bool:
    """Return whether a number meets the bounds of an expectation.

    ``within`` is relative (``5%``) or absolute (``0.2pp``); without it ``is`` means 1e-9, relative
    to the bound, and bounds are met to the same share.
    """
    if expectation.is_ is not None:
        target = expectation.is_.number
        return abs(number - target) <= _room(expectation.within, target) + slack
    low, high = expectation.at_least, expectation.at_most
    above = low is None or number >= low.number - EQUAL * abs(low.number) - slack
    under = high is None or number <= high.number + EQUAL * abs(high.number) + slack
    return above and under


def _room(within: Value | None, target: Fraction) -> Fraction:
    if within is None:
        return EQUAL * max(ONE, abs(target)) if not target else EQUAL * abs(target)
    return within.number * abs(target) if within.unit == "relative" else within.number
