"""Numbers that remember how they depend on the unknowns: a value and its slope in each of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """``value`` at the point looked at, and how it moves with each unknown there."""

    value: Fraction
    slope: dict[str, Fraction]

    def __add__(self, other):
        if isinstance(other, Line):
            slope = dict(self.slope)
            for key, more in other.slope.items():
                slope[key] = slope.get(key, 0) + more
            return Line(self.value + other.value, slope)
        return Line(self.value + other, self.slope)

    __radd__ = __add__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        if isinstance(other, Line):
            return self * other.value + Line(
                Fraction(0), {key: self.value * more for key, more in other.slope.items()}
            )
        return Line(self.value * other, {key: more * other for key, more in self.slope.items()})

    __rmul__ = __mul__

    def __truediv__(self, other):
        if isinstance(other, Line):
            return self * (1 / other)
        return self * (Fraction(1) / other)

    def __rtruediv__(self, other):
        inverse = 1 / self.value
        return (
            Line(inverse, {key: -more * inverse * inverse for key, more in self.slope.items()})
            * other
        )

    def __lt__(self, other):
        return self.value < value_of(other)

    def __le__(self, other):
        return self.value <= value_of(other)

    def __gt__(self, other):
        return self.value > value_of(other)

    def __ge__(self, other):
        return self.value >= value_of(other)

    def __bool__(self):
        return bool(self.value)


def value_of(number) -> Fraction:
    return number.value if isinstance(number, Line) else number
