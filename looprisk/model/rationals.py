"""Fractions as text, however long: Python itself writes and reads no more than 4,300 digits."""

from __future__ import annotations

from fractions import Fraction

DIGITS = 4_000


def text_of(number: Fraction) -> str:
    """Return a fraction as ``str`` writes it, of any length.

    >>> text_of(Fraction(-17, 70)), text_of(Fraction(10**5000)) == "1" + 5000 * "0"
    ('-17/70', True)
    """
    sign = "-" if number < 0 else ""
    top = sign + _digits(abs(number.numerator))
    return top if number.denominator == 1 else f"{top}/{_digits(number.denominator)}"


def fraction_of(text: str) -> Fraction:
    """Return the fraction that :func:`text_of` wrote.

    >>> fraction_of("-17/70"), fraction_of(text_of(Fraction(10**5000, 7))) * 7 == 10**5000
    (Fraction(-17, 70), True)

    Raises ValueError for other text and ZeroDivisionError where nothing stands below.
    """
    if len(text) <= DIGITS:
        return Fraction(text)
    top, mark, bottom = text.partition("/")
    sign = -1 if top.startswith("-") else 1
    return Fraction(sign * _whole(top.removeprefix("-")), _whole(bottom) if mark else 1)


def _digits(whole: int) -> str:
    parts = []
    while whole >= 10**DIGITS:
        whole, last = divmod(whole, 10**DIGITS)
        parts.append(str(last).zfill(DIGITS))
    return "".join((str(whole), *reversed(parts)))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        message = f"`{text[:20]}…` is no whole number"
        raise ValueError(message)
    first = len(text) % DIGITS
    whole = int(text[:first] or "0")
    for start in range(first, len(text), DIGITS):
        whole = whole * 10**DIGITS + int(text[start : start + DIGITS])
    return whole
