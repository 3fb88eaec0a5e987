"""Numbers that remember how they move: a Fraction with its derivative to each of many inputs.

The compiler of the engine runs on them unchanged: what it compiles then carries the derivative of
every asset, payment and share to every input, exactly, on the branch that the numbers take.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Self

Slopes = Mapping[int, Fraction]
"""Input: derivative; what is not listed does not matter."""
_NONE: Slopes = {}


class Dual(Fraction):
    """A number with its derivatives; comparisons see the number alone.

    >>> x = Dual(Fraction(3), {0: Fraction(1)})
    >>> y = x * x - 1 / x
    >>> plain(y), y.slopes[0]
    (Fraction(26, 3), Fraction(55, 9))
    """

    __slots__ = ("slopes",)
    slopes: Slopes

    def __new__(cls, number: Fraction, slopes: Slopes) -> Self:
        """Bind a number to its derivatives."""
        self = super().__new__(cls, number.numerator, number.denominator)
        self.slopes = slopes
        return self

    def __add__(self, other: object) -> Fraction:  # type: ignore[override]
        return _made(operator.add, self, other, (1, 1))

    def __radd__(self, other: object) -> Fraction:  # type: ignore[override]
        return _made(operator.add, other, self, (1, 1))

    def __sub__(self, other: object) -> Fraction:  # type: ignore[override]
        return _made(operator.sub, self, other, (1, -1))

    def __rsub__(self, other: object) -> Fraction:  # type: ignore[override]
        return _made(operator.sub, other, self, (1, -1))

    def __mul__(self, other: object) -> Fraction:  # type: ignore[override]
        return _product(self, other)

    def __rmul__(self, other: object) -> Fraction:  # type: ignore[override]
        return _product(self, other)

    def __truediv__(self, other: object) -> Fraction:  # type: ignore[override]
        return _quotient(self, other)

    def __rtruediv__(self, other: object) -> Fraction:  # type: ignore[override]
        return _quotient(other, self)

    def __neg__(self) -> Fraction:
        return Dual(-plain(self), _scaled(self.slopes, -1))

    def __pos__(self) -> Fraction:
        return self

    def __abs__(self) -> Fraction:
        return -self if self < 0 else self

    __hash__ = Fraction.__hash__


def plain(number: Fraction | int) -> Fraction:
    """Return the number alone."""
    return Fraction(number.numerator, number.denominator)


def exactly(number: Fraction | float) -> Fraction:
    """Return a number as a Fraction; one that is a Fraction keeps what it carries.

    >>> exactly(Dual(Fraction(1), {0: Fraction(2)})).slopes, exactly(0.5)
    ({0: Fraction(2, 1)}, Fraction(1, 2))
    """
    return Fraction(number) if isinstance(number, float) else number


def slopes_of(number: Fraction | int) -> Slopes:
    """Return the derivatives of a number: none where it depends on no input."""
    return number.slopes if isinstance(number, Dual) else _NONE


def _made(
    how: Callable[[Fraction, Fraction], Fraction],
    left: object,
    right: object,
    signs: tuple[int, int],
) -> Fraction:
    if not isinstance(left, Fraction | int) or not isinstance(right, Fraction | int):
        return NotImplemented  # type: ignore[no-any-return]  # the word of the data model
    slopes = _sum((slopes_of(left), signs[0]), (slopes_of(right), signs[1]))
    return Dual(how(plain(left), plain(right)), slopes)


def _product(left: object, right: object) -> Fraction:
    if not isinstance(left, Fraction | int) or not isinstance(right, Fraction | int):
        return NotImplemented  # type: ignore[no-any-return]  # the word of the data model
    a, b = plain(left), plain(right)
    return Dual(a * b, _sum((slopes_of(left), b), (slopes_of(right), a)))


def _quotient(left: object, right: object) -> Fraction:
    if not isinstance(left, Fraction | int) or not isinstance(right, Fraction | int):
        return NotImplemented  # type: ignore[no-any-return]  # the word of the data model
    a, b = plain(left), plain(right)
    return Dual(a / b, _sum((slopes_of(left), 1 / b), (slopes_of(right), -a / (b * b))))


def _sum(*terms: tuple[Slopes, Fraction | int]) -> Slopes:
    total: dict[int, Fraction] = {}
    for slopes, factor in terms:
        if not factor:
            continue
        for place, slope in slopes.items():
            moved = slope * factor
            total[place] = total[place] + moved if place in total else moved
    return total


def _scaled(slopes: Slopes, factor: int) -> Slopes:
    return {place: slope * factor for place, slope in slopes.items()}
