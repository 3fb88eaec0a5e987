"""Arithmetic of two ends between which a number lies, exact or rounded outward."""

from __future__ import annotations

from fractions import Fraction

Ends = tuple[Fraction, Fraction]
Signs = frozenset[int]
ZERO, ONE = Fraction(0), Fraction(1)
NOTHING: Ends = (ZERO, ZERO)
DIGITS = 200
"""Binary digits above which an end is rounded outward."""


class UnboundedError(ArithmeticError):
    """No ends are known over the whole box, as for a quotient whose divisor may be nothing."""


def signs_of(ends: Ends) -> Signs:
    """Return the signs that a number between two ends may have."""
    low, high = ends
    found = {-1} if low < 0 else set()
    found |= {1} if high > 0 else set()
    return frozenset(found | ({0} if low <= 0 <= high else set()))


def plus(a: Ends, b: Ends) -> Ends:
    """Return the ends of a sum."""
    return a[0] + b[0], a[1] + b[1]


def times(a: Ends, b: Ends) -> Ends:
    """Return the ends of a product."""
    if a is NOTHING or b is NOTHING:
        return NOTHING
    if a[0] == a[1]:
        one, other = a[0] * b[0], a[0] * b[1]
        return (one, other) if a[0] >= 0 else (other, one)
    corners = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
    return min(corners), max(corners)


def raised(ends: Ends, power: int) -> Ends:
    """Return the ends of a power; UnboundedError where that may be divided by nothing."""
    if power == 0:
        return ONE, ONE
    if power < 0:
        low, high = raised(ends, -power)
        if low <= 0 <= high:
            raise UnboundedError
        return 1 / high, 1 / low
    low, high = ends[0] ** power, ends[1] ** power
    if power % 2 == 0 and ends[0] < 0:
        return (ZERO, max(low, high)) if ends[1] > 0 else (high, low)
    return low, high


def outward(ends: Ends) -> Ends:
    """Return ends with few digits, no narrower than ends with many."""
    return _rounded(ends[0], up=False), _rounded(ends[1], up=True)


def _rounded(number: Fraction, *, up: bool) -> Fraction:
    """Return a number with few digits that is not above, or not below, one with many."""
    top, bottom = number.numerator, number.denominator
    if bottom.bit_length() <= DIGITS:
        return number
    shift = max(0, DIGITS - top.bit_length() + bottom.bit_length())
    short = (top << shift) // bottom
    return Fraction(short + up, 1 << shift)
