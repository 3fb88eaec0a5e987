"""Numbers that remember their formula: a Fraction that also is a rational function of symbols.

The compiler of the engine runs on them unchanged. Each comparison it makes decides a branch, and is
written down: together they say where the formula holds.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, Self

from sympy import QQ
from sympy.polys.fields import FracElement, FracField

Sign = Literal[">", ">=", "="]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``form`` has this sign, on the branch that was taken."""

    form: FracElement
    sign: Sign


@dataclass(slots=True)
class Record:
    """The comparisons of one compilation."""

    comparisons: list[Comparison] = field(default_factory=list)


_open: list[Record] = []


@contextmanager
def recorded() -> Iterator[Record]:
    """Collect every comparison of tracked numbers that is made inside."""
    record = Record()
    _open.append(record)
    try:
        yield record
    finally:
        _open.pop()


class Tracked(Fraction):
    """A number with the rational function it came from; the two always agree."""

    __slots__ = ("form",)
    form: FracElement

    def __new__(cls, number: Fraction, form: FracElement) -> Self:
        """Bind a number to its formula."""
        self = super().__new__(cls, number.numerator, number.denominator)
        self.form = form
        return self

    def __add__(self, other: object) -> Fraction:  # type: ignore[override]
        return _made(operator.add, self, other)

    def __radd__(self, other: object) -> Fraction:  # type: ignore[override]
        return _made(operator.add, other, self)

    def __sub__(self, other: object) -> Fraction:  # type: ignore[override]
        return _made(operator.sub, self, other)

    def __rsub__(self, other: object) -> Fraction:  # type: ignore[override]
        return _made(operator.sub, other, self)

    def __mul__(self, other: object) -> Fraction:  # type: ignore[override]
        return _made(operator.mul, self, other)

    def __rmul__(self, other: object) -> Fraction:  # type: ignore[override]
        return _made(operator.mul, other, self)

    def __truediv__(self, other: object) -> Fraction:  # type: ignore[override]
        return _made(operator.truediv, self, other)

    def __rtruediv__(self, other: object) -> Fraction:  # type: ignore[override]
        return _made(operator.truediv, other, self)

    def __neg__(self) -> Fraction:
        return Tracked(-plain(self), -self.form)

    def __pos__(self) -> Fraction:
        return self

    def __abs__(self) -> Fraction:
        return -self if self < 0 else self

    def __lt__(self, other: object) -> bool:
        return _compared(self, other) < 0

    def __le__(self, other: object) -> bool:
        return _compared(self, other) <= 0

    def __gt__(self, other: object) -> bool:
        return _compared(self, other) > 0

    def __ge__(self, other: object) -> bool:
        return _compared(self, other) >= 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fraction | int):
            return plain(self) == other
        return _compared(self, other) == 0

    def __bool__(self) -> bool:
        return _compared(self, 0) != 0

    __hash__ = Fraction.__hash__


def plain(number: Fraction | int) -> Fraction:
    """Return the number alone.

    >>> plain(3)
    Fraction(3, 1)
    """
    return Fraction(number.numerator, number.denominator)


def form_of(number: Fraction | int, field: FracField) -> FracElement:
    """Return a number as a rational function: its own, or the constant it is."""
    if isinstance(number, Tracked):
        return number.form
    return field.field_new(QQ(number.numerator, number.denominator))


def _made(how: Callable[[object, object], object], left: object, right: object) -> Fraction:
    """Combine value and formula alike; a formula without symbols is a number again.

    A float takes part as it does with a Fraction: the result is a float, and has no formula.
    """
    if isinstance(left, float) or isinstance(right, float):
        return how(_as_float(left), _as_float(right))  # type: ignore[return-value]  # as Fraction does
    if not isinstance(left, Fraction | int) or not isinstance(right, Fraction | int):
        return NotImplemented  # type: ignore[no-any-return]  # the word of the data model
    tracked = left if isinstance(left, Tracked) else right
    assert isinstance(tracked, Tracked)  # noqa: S101  (one side is, or Python would not ask)
    space = tracked.form.field
    number = how(plain(left), plain(right))
    form = how(form_of(left, space), form_of(right, space))
    assert isinstance(number, Fraction)  # noqa: S101  (Fractions are closed under these)
    assert isinstance(form, FracElement)  # noqa: S101
    return number if form.numer.is_ground and form.denom.is_ground else Tracked(number, form)


def _as_float(number: object) -> object:
    return float(number) if isinstance(number, Fraction | int) else number


def _compared(left: Fraction, right: object) -> int:
    """Return the sign of ``left - right``, and write down what it says of the symbols."""
    if not isinstance(right, Fraction | int):
        gap: object = plain(left) - right  # type: ignore[operator]
        return (gap > 0) - (gap < 0)  # type: ignore[operator]
    difference = left - right
    sign = (difference.numerator > 0) - (difference.numerator < 0)
    if _open and isinstance(difference, Tracked):
        form = difference.form if sign >= 0 else -difference.form
        _open[-1].comparisons.append(Comparison(form, ">" if sign else "="))
    return sign
