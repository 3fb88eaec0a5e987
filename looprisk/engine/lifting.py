"""Linear systems in Fractions, digit by digit in a prime: ``A x = b`` for hundreds of unknowns.

Elimination in Fractions costs ``n^3`` operations on numbers that grow with ``n``. Here the matrix
is inverted once modulo a prime ``p``; each digit of the answer to the base ``p`` then costs two
products with small numbers (Dixon 1982), and fractions are read off their digits by the algorithm
of Euclid (Wang 1981). What is read off is put into the equations once, in whole numbers, before it
is believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import gcd, isqrt, lcm

import numpy as np

from looprisk.engine.form import Index, Numbers

PRIMES = (2_097_143, 2_097_133, 2_097_131, 2_097_097, 2_097_091, 2_097_083)
"""The largest below 2^21: sums of up to 2,048 products of remainders are exact in floats."""
LIMB = 21
"""Bits of the pieces in which large entries are multiplied."""
FIRST, GROWTH = 24, 1.5
"""Digits before the answer is first read off, and by how much more each time."""


class SingularError(ArithmeticError):
    """The matrix has no inverse modulo any of the primes."""


class Lifting:
    """``A^-1`` of a matrix of Fractions [n, n] whose columns change one at a time.

    Raises SingularError where no prime serves: the matrix is singular, or nearly never unlucky.
    """

    def __init__(self, matrix: Numbers) -> None:
        size = len(matrix)
        self._scales = [lcm(*(x.denominator for x in column)) for column in matrix.T]
        self._whole = np.empty((size, size), dtype=object)
        """Column j of the matrix times its scale."""
        for place in range(size):
            self._whole[:, place] = _integers(matrix[:, place], self._scales[place])
        self._enter()

    def _enter(self) -> None:
        self._limbs = _limbs(self._whole)
        for prime in PRIMES:
            inverse = _inverse((self._whole % prime).astype(np.float64), prime)
            if inverse is not None:
                self._prime, self._inverse = prime, inverse
                return
        raise SingularError

    def change(self, column: int, rows: Index, step: Numbers) -> None:
        """Add ``step`` to some rows of one column; rows may come twice."""
        before = self._whole[:, column].copy()
        numbers = np.array([Fraction(x, self._scales[column]) for x in before], dtype=object)
        np.add.at(numbers, rows, step)
        scale = lcm(*(x.denominator for x in numbers))
        self._scales[column] = scale
        self._whole[:, column] = _integers(numbers, scale)
        prime = self._prime
        moved = ((self._whole[:, column] - before) % prime).astype(np.float64)
        image = _rest(self._inverse @ moved, prime)
        pivot = int(1 + image[column]) % prime
        if pivot == 0:
            self._enter()
            return
        gain = _rest(image * pow(pivot, -1, prime), prime)
        self._inverse = _rest(self._inverse - np.outer(gain, self._inverse[column]), prime)
        self._exchange(column)

    def _exchange(self, column: int) -> None:
        """Take the pieces of one column anew."""
        pieces = _limbs(self._whole[:, column])
        empty = self._limbs[0] * 0
        self._limbs += [empty.copy() for _ in pieces[len(self._limbs) :]]
        for place, limb in enumerate(self._limbs):
            limb[:, column] = pieces[place] if place < len(pieces) else 0

    def times(self, right: Numbers) -> Numbers:
        """Return ``A^-1 right`` for one vector [n] or several [n, k] of Fractions.

        >>> half = Fraction(1, 2)
        >>> matrix = np.array([[1 + 0 * half, -half], [-half, 1 + 0 * half]], dtype=object)
        >>> Lifting(matrix).times(np.array([half, half], dtype=object)).tolist()
        [Fraction(1, 1), Fraction(1, 1)]
        """
        if right.ndim == 1:
            return self._solved(right)
        return np.stack([self._solved(column) for column in right.T], axis=1)

    def _solved(self, right: Numbers) -> Numbers:
        if not right.any():
            return right
        whole = lcm(*(x.denominator for x in right))
        wanted = _integers(right, whole)
        for digits in self._digits(wanted):
            found = _read_off(*digits)
            if found is not None and self._holds(*found, wanted):
                tops, bottom = found
                pairs = zip(tops, self._scales, strict=True)
                return np.array([Fraction(x * scale, bottom * whole) for x, scale in pairs])
        raise AssertionError("digits never end")

    def _digits(self, wanted: Numbers) -> Iterator[tuple[Numbers, int]]:
        """Yield the answer modulo ever higher powers of the prime, and the power."""
        prime, left = self._prime, wanted
        known: Numbers = wanted * 0
        power, count, enough = 1, 0, FIRST
        digits: list[Numbers] = []
        while True:
            digit = _rest(self._inverse @ (left % prime).astype(np.float64), prime)
            left = (left - self._product(digit)) // prime
            digits.append(digit.astype(np.int64).astype(object))
            count += 1
            if count >= enough or not left.any():
                for one in digits:
                    known = known + one * power
                    power *= prime
                digits.clear()
                yield known, power
                enough = int(enough * GROWTH)

    def _product(self, digit: Numbers) -> Numbers:
        """Return the matrix times small whole numbers, exactly."""
        total: Numbers = 0 * self._whole[0]
        for limb in self._limbs[::-1]:
            total = total * (1 << LIMB) + (limb @ digit).astype(np.int64).astype(object)
        return total

    def _holds(self, tops: Numbers, bottom: int, wanted: Numbers) -> bool:
        return bool((self._whole @ tops == wanted * bottom).all())


def _integers(numbers: Sequence[Fraction] | Numbers, scale: int) -> Numbers:
    """Return Fractions times a multiple of their denominators, as whole numbers."""
    found = [x.numerator * (scale // x.denominator) for x in numbers]
    return np.array(found, dtype=object)


def _limbs(whole: Numbers) -> list[Numbers]:
    """Return whole numbers as floats of few bits each, the lowest first."""
    sizes, signs = np.abs(whole), np.sign(whole)
    limbs = []
    while True:
        limbs.append((signs * (sizes & ((1 << LIMB) - 1))).astype(np.float64))
        sizes = sizes >> LIMB
        if not sizes.any():
            return limbs


def _inverse(matrix: Numbers, prime: int) -> Numbers | None:
    """Return the inverse of a matrix modulo a prime, None where there is none."""
    work = matrix.copy()
    swaps: list[tuple[int, int]] = []
    for column in range(len(work)):
        filled = np.flatnonzero(work[column:, column])
        if not len(filled):
            return None
        pivot = column + int(filled[0])
        work[[column, pivot]] = work[[pivot, column]]
        swaps.append((column, pivot))
        head = pow(int(work[column, column]), -1, prime)
        work[column, column] = 1
        base = _rest(work[column] * head, prime)
        factor = work[:, column].copy()
        factor[column] = 0
        work[:, column] = 0
        rows = np.flatnonzero(factor)
        work[rows] = _rest(work[rows] - np.outer(factor[rows], base), prime)
        work[column] = base
    for column, pivot in reversed(swaps):
        work[:, [column, pivot]] = work[:, [pivot, column]]
    return work


def _rest(numbers: Numbers, prime: int) -> Numbers:
    """Return the remainders of whole numbers in floats, from 0 to less than the prime."""
    rest = numbers - np.floor(numbers / prime) * prime
    # a quotient that is nearly whole may have been rounded up
    lifted: Numbers = np.where(rest < 0, rest + prime, rest)
    return lifted


def _read_off(known: Numbers, power: int) -> tuple[Numbers, int] | None:
    """Return whole numbers over one denominator that are ``known`` modulo ``power``.

    None where nothing as small as the power tells apart is.
    """
    most = isqrt(power // 2)
    bottom = 1
    tops: list[int] = []
    for number in known:
        top = _centred(number * bottom % power, power)
        if abs(top) > most:
            more = _denominator(number * bottom % power, power, most)
            if more is None or bottom * more > most:
                return None
            bottom *= more
            tops = [x * more for x in tops]
            top = _centred(number * bottom % power, power)
        tops.append(top)
    return np.array(tops, dtype=object), bottom


def _centred(number: int, power: int) -> int:
    return number - power if 2 * number > power else number


def _denominator(number: int, power: int, most: int) -> int | None:
    """Return the denominator of the one small fraction that is ``number`` modulo ``power``."""
    old, new, before, now = power, number, 0, 1
    while new > most:
        times = old // new
        old, new = new, old - times * new
        before, now = now, before - times * now
    now = abs(now)
    return now if 0 < now <= most and gcd(now, power) == 1 else None
