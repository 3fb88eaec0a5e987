"""Where a formula holds: the comparisons of its regime as a short list of inequalities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sympy import Expr
from sympy.polys.rings import PolyElement

from looprisk.errors import NotExactError
from looprisk.symbolic.number import Comparison, Sign


@dataclass(frozen=True, slots=True)
class Inequality:
    """A polynomial in the symbols that is positive (``>``) or not negative (``>=``)."""

    polynomial: PolyElement
    sign: Sign

    @property
    def expression(self) -> Expr:
        """The polynomial as an expression."""
        return self.polynomial.as_expr()

    def holds(self, point: Sequence[Fraction]) -> bool:
        """Return whether it holds at a point, exactly."""
        number = value_at(self.polynomial, point)
        return number > 0 if self.sign == ">" else number >= 0

    def __str__(self) -> str:
        return f"{self.expression} {self.sign} 0"


def value_at(polynomial: PolyElement, point: Sequence[Fraction]) -> Fraction:
    """Return the number of a polynomial at a point, exactly."""
    ring = polynomial.ring
    pairs = [
        (gen, ring.domain(x.numerator) / x.denominator)
        for gen, x in zip(ring.gens, point, strict=True)
    ]
    number = polynomial.evaluate(pairs)
    return Fraction(int(number.numerator), int(number.denominator))


def region(comparisons: Iterable[Comparison], point: Sequence[Fraction]) -> tuple[Inequality, ...]:
    """Return the inequalities that say what the comparisons say, for positive symbols.

    A rational function has the sign of numerator times denominator; each factor of it is asked to
    keep the sign it has at ``point``. A factor without a negative coefficient is always positive.
    What another inequality implies is left out. Raises NotExactError at a tie, where two numbers
    are equal that are not the same formula: a formula there would hold on a line only.
    """
    found: dict[PolyElement, Sign] = {}
    for one in comparisons:
        for factor, sign in _factors(one, point):
            if found.get(factor) != ">":
                found[factor] = sign
    kept = [Inequality(p, sign) for p, sign in found.items()]
    kept.sort(key=lambda i: (len(i.polynomial.terms()), str(i.polynomial)))
    return tuple(i for i in kept if not any(_implies(j, i) for j in kept if j is not i))


def _factors(one: Comparison, point: Sequence[Fraction]) -> Iterable[tuple[PolyElement, Sign]]:
    if one.sign == "=":
        raise NotExactError(
            f"the numbers stand on a border, where {one.form.as_expr()} is 0: a formula there "
            "holds on that border only; move a value a little, with --set or system.set"
        )
    whole = one.form.numer * one.form.denom
    _, factors = whole.factor_list()
    for factor, power in factors:
        odd = power % 2 == 1
        number = value_at(factor, point)
        facing = factor if number > 0 or (number == 0 and one.sign == ">=") else -factor
        if not odd or (number == 0 and len(factors) > 1):
            continue
        if all(coefficient > 0 for coefficient in facing.coeffs()):
            continue
        yield facing.primitive()[1], one.sign


def _implies(one: Inequality, other: Inequality) -> bool:
    """Return whether ``one`` and positive symbols imply ``other``: the rest has no minus."""
    rest = other.polynomial - one.polynomial
    if any(coefficient < 0 for coefficient in rest.coeffs()):
        return False
    return bool(rest) or one.sign == ">" or other.sign == ">="
