"""Numbers that move with the shock: ``const + slope * s`` on one segment.

Everything that a shock moves (prices, faces, losses) is affine in the shock fraction ``s`` between
knots. A product of two moving numbers is not, and says so by raising :class:`NotAffine`: the compiler
then solves at each ``s`` instead (SEMANTICS class N).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

Number = Fraction | int


class NotAffineError(ArithmeticError):
    """Two moving numbers were multiplied or divided; the result is no straight line in ``s``."""


@dataclass(frozen=True, slots=True)
class Affine:
    """The straight line ``const + slope * s`` in the shock fraction ``s``, exactly.

    >>> line = Affine(Fraction(10), Fraction(-4))
    >>> line.at(Fraction(1, 2)), (line * 3 - 1).at(1)
    (Fraction(8, 1), Fraction(17, 1))
    """

    const: Fraction
    slope: Fraction = Fraction(0)

    @property
    def moves(self) -> bool:
        """Whether the number depends on ``s``."""
        return self.slope != 0

    def at(self, s: Number) -> Fraction:
        """Return the value at shock fraction ``s``."""
        return self.const + self.slope * s

    def __add__(self, other: Affine | Number) -> Affine:
        term = affine(other)
        return Affine(self.const + term.const, self.slope + term.slope)

    __radd__ = __add__

    def __neg__(self) -> Affine:
        return Affine(-self.const, -self.slope)

    def __sub__(self, other: Affine | Number) -> Affine:
        return self + -affine(other)

    def __rsub__(self, other: Affine | Number) -> Affine:
        return affine(other) - self

    def __mul__(self, other: Affine | Number) -> Affine:
        factor = affine(other)
        if self.moves and factor.moves:
            raise NotAffineError
        return Affine(
            self.const * factor.const, self.const * factor.slope + self.slope * factor.const
        )

    __rmul__ = __mul__

    def __truediv__(self, other: Affine | Number) -> Affine:
        divisor = affine(other)
        if not divisor.moves:
            return Affine(self.const / divisor.const, self.slope / divisor.const)
        if self.const * divisor.slope == self.slope * divisor.const and divisor.const:
            return Affine(self.const / divisor.const)
        raise NotAffineError

    def crossing(self, other: Affine | Number) -> Fraction | None:
        """Return the ``s`` at which the two lines meet, None where they are parallel."""
        gap = self - other
        return -gap.const / gap.slope if gap.slope else None


def affine(value: Affine | Number) -> Affine:
    """Return ``value`` as a line; a plain number does not move."""
    return value if isinstance(value, Affine) else Affine(Fraction(value))
