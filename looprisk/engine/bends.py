"""Where the response to one datum bends: between two such values every value is a straight line.

A datum that enters only sums (money outside, amounts owed, sizes of shocks) is followed as a shock
is. Then an answer whose parts pull against each other is exact as well: it is greatest and least
at a bend.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from looprisk.engine.clear import Selection
from looprisk.engine.form import NormalForm, Numbers
from looprisk.engine.open import Open, UndecidedError
from looprisk.engine.trace import trace

BOTH: tuple[Selection, ...] = ("greatest", "least")


def bends(form: NormalForm, low: Fraction, high: Fraction) -> set[Fraction]:
    """Return the values of the only datum of a form at which a solution bends, ends included.

    Raises UndecidedError where the datum is more than a term of sums, and where a solution jumps:
    there a value beside the jump may not be attained.
    """
    moving = _straight(form)
    found = {low, high}
    for selection in BOTH:
        pieces = trace(moving, low, high, selection)
        for before, after in pairwise(pieces):
            place = Fraction(after.lo)
            if (before.z(place) != after.z(place)).any():
                raise UndecidedError
            found.add(place)
    return found


def _straight(form: NormalForm) -> NormalForm:
    """Return a form that moves with its datum as one moves with the size of a shock."""
    lines: dict[str, Numbers] = {}
    for name in ("b", "pay", "cond"):
        const, slope = _line(getattr(form, f"{name}_const"))
        lines |= {f"{name}_const": const, f"{name}_slope": slope}
    return replace(
        form,
        b_const=lines["b_const"],
        b_slope=lines["b_slope"],
        pay_const=lines["pay_const"],
        pay_slope=lines["pay_slope"],
        cond_const=lines["cond_const"],
        cond_slope=lines["cond_slope"],
        held_share=_still(form.held_share),
        pay_rate=_still(form.pay_rate),
        cond_own=_still(form.cond_own),
        read_coef=_still(form.read_coef),
        face_coef=_still(form.face_coef),
    )


def _line(numbers: Numbers) -> tuple[Numbers, Numbers]:
    pairs = [n.line() if isinstance(n, Open) else (n, Fraction(0)) for n in numbers]
    return _array([const for const, _ in pairs]), _array([slope for _, slope in pairs])


def _still(numbers: Numbers) -> Numbers:
    const, slope = _line(numbers)
    if slope.any():
        raise UndecidedError
    return const


def _array(numbers: list[Fraction]) -> Numbers:
    array: Numbers = np.empty(len(numbers), dtype=object)
    array[:] = numbers
    return array
