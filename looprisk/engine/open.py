"""Numbers that depend on data which are not known: quotients of polynomials over a box.

Compiled with such numbers in place of what a file leaves open, a system keeps one shape for every
completion, or a comparison that some completions answer differently says so by raising
:class:`UndecidedError`. Signs are proved by Bernstein coefficients: those of a polynomial enclose
its range over the box, and where all are at least nothing it is above nothing inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import comb
from typing import Literal

Sign = Literal["0", "+", "-", "?"]
"""How something moves as a datum grows: not at all, up, down, or nobody can say."""
Powers = tuple[int, ...]
Terms = Mapping[Powers, Fraction]
ZERO, ONE = Fraction(0), Fraction(1)
MOST_TERMS = 20_000
"""Terms and coefficients of a polynomial that are still looked at."""


class UndecidedError(ArithmeticError):
    """Some completions answer a comparison with yes and others with no.

    ``border`` is (datum, value) where one datum alone decides, else None.
    """

    def __init__(self, border: tuple[int, Fraction] | None = None) -> None:
        """Keep the border at which the answer turns."""
        super().__init__()
        self.border = border


@dataclass(frozen=True)
class Box:
    """The ranges of the data, one pair each; completions lie inside."""

    low: tuple[Fraction, ...]
    high: tuple[Fraction, ...]

    def datum(self, place: int) -> Open:
        """Return one of the data as a number."""
        powers = tuple(int(i == place) for i in range(len(self.low)))
        return Open({powers: ONE}, {(0,) * len(self.low): ONE}, self)

    def cut(self, place: int, value: Fraction) -> tuple[Box, Box]:
        """Return the parts of the box below and above a value of one of the data."""
        lower = (*self.high[:place], value, *self.high[place + 1 :])
        upper = (*self.low[:place], value, *self.low[place + 1 :])
        return Box(self.low, lower), Box(upper, self.high)


@dataclass(frozen=True, eq=False)
class Open:
    """A quotient ``top / bottom`` of polynomials in the data of a box.

    >>> box = Box((Fraction(2),), (Fraction(5),))
    >>> leverage = box.datum(0)
    >>> (1 - 1 / leverage).slope(0), leverage > 1
    ('+', True)
    >>> leverage > 3
    Traceback (most recent call last):
    looprisk.engine.open.UndecidedError
    """

    top: Terms
    bottom: Terms
    box: Box

    def __add__(self, other: object) -> Open:
        term = self._of(other)
        if term is None:
            return NotImplemented
        if term.bottom == self.bottom:
            return self._new(_sum(self.top, term.top), self.bottom)
        top = _sum(_times(self.top, term.bottom), _times(term.top, self.bottom))
        return self._new(top, _times(self.bottom, term.bottom))

    __radd__ = __add__

    def __neg__(self) -> Open:
        return self._new({p: -c for p, c in self.top.items()}, self.bottom)

    def __pos__(self) -> Open:
        return self

    def __sub__(self, other: object) -> Open:
        term = self._of(other)
        return NotImplemented if term is None else self + -term

    def __rsub__(self, other: object) -> Open:
        return -self + other

    def __mul__(self, other: object) -> Open:
        term = self._of(other)
        if term is None:
            return NotImplemented
        for a, b in ((self, term), (term, self)):
            ratio = _ratio(a.top, b.bottom)
            if ratio is not None:
                return self._new({p: c * ratio for p, c in b.top.items()}, a.bottom)
        return self._new(_times(self.top, term.top), _times(self.bottom, term.bottom))

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Open:
        term = self._of(other)
        if term is None:
            return NotImplemented
        if not term:
            raise ZeroDivisionError
        return self * self._new(term.bottom, term.top)

    def __rtruediv__(self, other: object) -> Open:
        term = self._of(other)
        return NotImplemented if term is None else term / self

    def __abs__(self) -> Open:
        return self if self >= 0 else -self

    def __bool__(self) -> bool:
        return self != 0

    def __eq__(self, other: object) -> bool:
        term = self._of(other)
        return NotImplemented if term is None else (self - term)._sign() == "0"

    def __hash__(self) -> int:
        return hash((frozenset(self.top.items()), frozenset(self.bottom.items())))

    def __lt__(self, other: object) -> bool:
        term = self._of(other)
        return NotImplemented if term is None else (self - term)._sign() == "-"

    def __gt__(self, other: object) -> bool:
        term = self._of(other)
        return NotImplemented if term is None else (self - term)._sign() == "+"

    def __le__(self, other: object) -> bool:
        return not self > other

    def __ge__(self, other: object) -> bool:
        return not self < other

    def _sign(self) -> Sign:
        found = _product(self._top_sign, self._bottom_sign)
        if found == "?":
            raise UndecidedError(_root(self.top))
        return found

    @cached_property
    def _top_sign(self) -> Sign:
        return sign_of(self.top, self.box)

    @cached_property
    def _bottom_sign(self) -> Sign:
        return sign_of(self.bottom, self.box)

    @property
    def sign(self) -> Sign:
        """The sign of the number inside the box; ``?`` where it has several."""
        return _product(self._top_sign, self._bottom_sign)

    def slope(self, place: int) -> Sign:
        """Return how the number moves as one of the data grows."""
        rise = _times(_derived(self.top, place), self.bottom)
        fall = _times(self.top, _derived(self.bottom, place))
        return sign_of(_sum(rise, {p: -c for p, c in fall.items()}), self.box)

    def derived(self, place: int) -> Open:
        """Return the derivative by one of the data."""
        rise = _times(_derived(self.top, place), self.bottom)
        fall = _times(self.top, _derived(self.bottom, place))
        top = _sum(rise, {p: -c for p, c in fall.items()})
        return self._new(top, _times(self.bottom, self.bottom))

    def line(self) -> tuple[Fraction, Fraction]:
        """Return (const, slope) of a line in the first datum; UndecidedError for all else."""
        none = (0,) * len(self.box.low)
        first = (1, *none[1:])
        if self.bottom.keys() != {none} or not self.top.keys() <= {none, first}:
            raise UndecidedError
        scale = self.bottom[none]
        return self.top.get(none, ZERO) / scale, self.top.get(first, ZERO) / scale

    def at(self, place: int, value: Fraction) -> Open:
        """Return the number where one of the data has a value."""
        return self._new(_fixed(self.top, place, value), _fixed(self.bottom, place, value))

    def _of(self, other: object) -> Open | None:
        if isinstance(other, Open):
            return other
        if not isinstance(other, int | Fraction):
            return None
        none = (0,) * len(self.box.low)
        return Open({none: Fraction(other)} if other else {}, {none: ONE}, self.box)

    def _new(self, top: Terms, bottom: Terms) -> Open:
        if len(top) + len(bottom) > MOST_TERMS:
            raise UndecidedError
        one = {(0,) * len(self.box.low): ONE}
        if not top:
            return Open(top, one, self.box)
        # what both share: a factor, or a power of a datum
        ratio = _ratio(top, bottom)
        if ratio is not None:
            return Open({next(iter(one)): ratio}, one, self.box)
        least = tuple(min(powers) for powers in zip(*top, *bottom, strict=True))
        if any(least):
            top, bottom = (
                {tuple(a - b for a, b in zip(p, least, strict=True)): c for p, c in terms.items()}
                for terms in (top, bottom)
            )
        return Open(top, bottom, self.box)


def slope(number: object, place: int) -> Sign:
    """Return how a number of a compiled form moves as one of the data grows."""
    return number.slope(place) if isinstance(number, Open) else "0"


def derived(number: object, place: int) -> Open | Fraction:
    """Return the derivative of a number of a compiled form by one of the data."""
    return number.derived(place) if isinstance(number, Open) else ZERO


def sign(number: object) -> Sign:
    """Return the sign of a number of a compiled form over the box."""
    if isinstance(number, Open):
        return number.sign
    assert isinstance(number, int | Fraction)  # noqa: S101  (forms hold numbers)
    return "0" if number == 0 else "+" if number > 0 else "-"


def both(one: Sign, other: Sign) -> Sign:
    """Return the sign of a sum: what is sure only where the two do not differ.

    >>> both("+", "0"), both("+", "-")
    ('+', '?')
    """
    if "0" in {one, other}:
        return other if one == "0" else one
    return one if one == other else "?"


def through(one: Sign, other: Sign) -> Sign:
    """Return the sign of an effect passed on by another.

    >>> through("-", "-"), through("+", "0")
    ('+', '0')
    """
    return _product(one, other)


def _product(one: Sign, other: Sign) -> Sign:
    if "0" in {one, other}:
        return "0"
    if "?" in {one, other}:
        return "?"
    return "+" if one == other else "-"


def _sum(a: Terms, b: Terms) -> Terms:
    total = dict(a)
    for powers, coef in b.items():
        new = total.get(powers, ZERO) + coef
        if new:
            total[powers] = new
        else:
            total.pop(powers, None)
    return total


def _times(a: Terms, b: Terms) -> Terms:
    if len(a) * len(b) > MOST_TERMS:
        raise UndecidedError
    total: dict[Powers, Fraction] = {}
    for (p, c), (q, d) in product(a.items(), b.items()):
        powers = tuple(x + y for x, y in zip(p, q, strict=True))
        total[powers] = total.get(powers, ZERO) + c * d
    return {p: c for p, c in total.items() if c}


def _ratio(a: Terms, b: Terms) -> Fraction | None:
    """Return the number that one polynomial is of another, None where it is no number."""
    if not a or a.keys() != b.keys():
        return None
    ratios = {c / b[p] for p, c in a.items()}
    return ratios.pop() if len(ratios) == 1 else None


def _root(terms: Terms) -> tuple[int, Fraction] | None:
    """Return where a line in one of the data is nothing; None for any other polynomial."""
    used = {(place, power) for p in terms for place, power in enumerate(p) if power}
    if len(used) != 1:
        return None
    ((place, power),) = used
    constant = sum((c for p, c in terms.items() if not any(p)), ZERO)
    slope_ = sum((c for p, c in terms.items() if any(p)), ZERO)
    return (place, -constant / slope_) if power == 1 else None


def _fixed(terms: Terms, place: int, value: Fraction) -> Terms:
    total: Terms = {}
    for p, c in terms.items():
        total = _sum(total, {(*p[:place], 0, *p[place + 1 :]): c * value ** p[place]})
    return total


def _derived(terms: Terms, place: int) -> Terms:
    return {
        (*p[:place], p[place] - 1, *p[place + 1 :]): c * p[place]
        for p, c in terms.items()
        if p[place]
    }


def sign_of(terms: Terms, box: Box) -> Sign:
    """Return the sign of a polynomial inside a box, from its Bernstein coefficients.

    Where all of them are at least 0 and one is above, the polynomial is above 0 inside: there
    every Bernstein polynomial is.
    """
    if not terms:
        return "0"
    coefs = bernstein(terms, box)
    low, high = min(coefs), max(coefs)
    if low == high == 0:
        return "0"
    if low >= 0:
        return "+"
    return "-" if high <= 0 else "?"


def bernstein(terms: Terms, box: Box) -> list[Fraction]:
    """Return the Bernstein coefficients of a polynomial over a box, one variable after the other.

    >>> line = {(1,): Fraction(2), (0,): Fraction(-1)}
    >>> [str(c) for c in bernstein(line, Box((Fraction(0),), (Fraction(3),)))]
    ['-1', '5']
    """
    rows: dict[Powers, Fraction] = dict(terms)
    for place, (low, high) in enumerate(zip(box.low, box.high, strict=True)):
        degree = max(p[place] for p in rows)
        if degree == 0:
            continue
        lines: dict[Powers, list[Fraction]] = {}
        for p, c in rows.items():
            rest = (*p[:place], -1, *p[place + 1 :])
            lines.setdefault(rest, [ZERO] * (degree + 1))[p[place]] += c
        if len(lines) * (degree + 1) > MOST_TERMS:
            raise UndecidedError
        rows = {
            (*rest[:place], i, *rest[place + 1 :]): value
            for rest, line in lines.items()
            for i, value in enumerate(_coefficients(line, low, high - low))
        }
    return list(rows.values())


def _coefficients(line: list[Fraction], low: Fraction, width: Fraction) -> list[Fraction]:
    """Return the Bernstein coefficients of ``sum line[j] t^j`` with ``t = low + width u``."""
    n = len(line) - 1
    powers = [ZERO] * (n + 1)
    for j, c in enumerate(line):
        for i in range(j + 1):
            powers[i] += c * comb(j, i) * low ** (j - i) * width**i
    return [
        sum((Fraction(comb(i, j), comb(n, j)) * powers[j] for j in range(i + 1)), ZERO)
        for i in range(n + 1)
    ]
