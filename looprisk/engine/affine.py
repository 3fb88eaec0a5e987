"""Numbers that move with the shock: ``const + slope * s`` on one segment.

Everything that a shock moves (prices, faces, losses) is affine in the shock fraction ``s`` between
knots. What is owed in the unit of a token is a share of that token's claim: such a number also
*reads* claims, and has a value only together with a solution. A product of two moving numbers is no
straight line, and says so by raising :class:`NotAffineError`: the compiler then solves at each
``s`` instead (SEMANTICS class N).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

Number = Fraction | int
Reads = tuple[tuple[str, Fraction], ...]


class NotAffineError(ArithmeticError):
    """Two moving numbers were multiplied or divided; the result is no straight line in ``s``."""


@dataclass(frozen=True, slots=True)
class Affine:
    """The straight line ``const + slope * s + sum of coef * z(claim)``, exactly.

    >>> line = Affine(Fraction(10), Fraction(-4))
    >>> line.at(Fraction(1, 2)), (line * 3 - 1).at(1)
    (Fraction(8, 1), Fraction(17, 1))
    """

    const: Fraction
    slope: Fraction = Fraction(0)
    reads: Reads = ()
    """(claim, coefficient), sorted by claim, none zero."""

    @property
    def moves(self) -> bool:
        """Whether the number depends on ``s`` or on a claim."""
        return bool(self.slope) or bool(self.reads)

    @property
    def is_zero(self) -> bool:
        """Whether the number is zero whatever happens."""
        return not (self.const or self.slope or self.reads)

    def at(self, s: Number) -> Fraction:
        """Return the value at shock fraction ``s``; claims that it reads count as nothing here."""
        return self.const if _is_plain(self.slope, 0) else self.const + self.slope * s

    def __add__(self, other: Affine | Number) -> Affine:
        term = affine(other)
        if _is_plain(term.const, 0) and _is_plain(term.slope, 0) and not term.reads:
            return self
        reads = _joined(self.reads, term.reads) if self.reads or term.reads else ()
        slope = self.slope if _is_plain(term.slope, 0) else self.slope + term.slope
        return Affine(self.const + term.const, slope, reads)

    __radd__ = __add__

    def __neg__(self) -> Affine:
        slope = self.slope if _is_plain(self.slope, 0) else -self.slope
        return Affine(-self.const, slope, tuple((claim, -coef) for claim, coef in self.reads))

    def __sub__(self, other: Affine | Number) -> Affine:
        return self + -affine(other)

    def __rsub__(self, other: Affine | Number) -> Affine:
        return affine(other) - self

    def __mul__(self, other: Affine | Number) -> Affine:
        factor = affine(other)
        if not factor.moves:
            return self._times(factor.const)
        if self.moves:
            raise NotAffineError
        return factor._times(self.const)

    def _times(self, number: Fraction) -> Affine:
        if _is_plain(number, 1):  # most factors are prices in dollars and caps of a whole
            return self
        reads = self.reads
        if reads:
            reads = tuple((claim, coef * number) for claim, coef in reads) if number else ()
        slope = self.slope if _is_plain(self.slope, 0) else self.slope * number
        return Affine(self.const * number, slope, reads)

    __rmul__ = __mul__

    def __truediv__(self, other: Affine | Number) -> Affine:
        divisor = affine(other)
        if not divisor.moves:
            return self._times(1 / divisor.const)
        share = _proportion(self, divisor)
        if share is None:
            raise NotAffineError
        return Affine(share)

    def crossing(self, other: Affine | Number) -> Fraction | None:
        """Return the ``s`` at which the two lines meet, None where they are parallel.

        Raises NotAffineError where a claim decides it.
        """
        gap = self - other
        if gap.reads:
            raise NotAffineError
        return -gap.const / gap.slope if gap.slope else None


def _is_plain(number: Fraction, value: int) -> bool:
    """Return whether a number is this one and no more: one that carries derivatives is not."""
    return type(number) is Fraction and number == value


def affine(value: Affine | Number) -> Affine:
    """Return ``value`` as a line; a plain number does not move."""
    if isinstance(value, Affine):
        return value
    return Affine(Fraction(value) if isinstance(value, int) else value)


def _joined(a: Reads, b: Reads) -> Reads:
    total = dict(a)
    for claim, coef in b:
        total[claim] = total.get(claim, Fraction(0)) + coef
    return tuple(sorted((claim, coef) for claim, coef in total.items() if coef))


def _proportion(a: Affine, b: Affine) -> Fraction | None:
    """Return ``a / b`` where the two are proportional at every ``s``, else None."""
    mine = (a.const, a.slope, *(coef for _, coef in a.reads))
    theirs = (b.const, b.slope, *(coef for _, coef in b.reads))
    if a.is_zero:
        return Fraction(0)
    if [claim for claim, _ in a.reads] != [claim for claim, _ in b.reads]:
        return None
    share = next(x / y for x, y in zip(mine, theirs, strict=True) if y)
    return share if all(x == share * y for x, y in zip(mine, theirs, strict=True)) else None
