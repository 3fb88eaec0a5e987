"""Numbers as a reader meets them: in prose, and in a column of figures.

Three kinds of zero: ``0`` is exactly nothing, ``<0.1`` is something small, ``–`` is no number.
Losses are positive; a gain wears the minus sign U+2212, never a hyphen.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from looprisk.model.vocabulary import Unit

MINUS = "\u2212"
NONE = "\u2013"
_HUGE = 1e9  # more digits than this read worse than an exponent


@dataclass(frozen=True, slots=True)
class Scale:
    """The one unit of money of a column."""

    factor: float
    suffix: str
    words: str

    @property
    def header(self) -> str:
        """The unit as it stands in the head of a column: ``$M``."""
        return "$" + self.suffix


DOLLARS = Scale(1.0, "", "US dollars")
THOUSANDS = Scale(1e3, "k", "US dollars, thousand")
MILLIONS = Scale(1e6, "M", "US dollars, million")
BILLIONS = Scale(1e9, "B", "US dollars, billion")
_SCALES = ((DOLLARS, 1e4), (THOUSANDS, 1e6), (MILLIONS, 1e10))
"""Units, each with the amount from which the next is used: no million is told in thousands."""


def scale_for(values: Iterable[float | None]) -> Scale:
    """Return the unit of money in which the largest value is read at ease.

    >>> scale_for([170e6, 42e3]).header, scale_for([93.0]).header, scale_for([4e6]).header
    ('$M', '$', '$M')
    """
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    return next((scale for scale, limit in _SCALES if largest < limit), BILLIONS)


def fixed(value: float, digits: int) -> str:
    """Return ``value`` with fixed decimals, exact nothing as ``0``, a trace as ``<0.01``.

    >>> fixed(11.3636, 2), fixed(0.0, 2), fixed(0.0004, 2), fixed(-0.22, 2)
    ('11.36', '0', '<0.01', '−0.22')
    """
    sign = MINUS if value < 0 else ""
    size = abs(value)
    if size == 0:
        return "0"
    if not math.isfinite(size):
        return NONE
    if size >= _HUGE:
        return sign + f"{size:.1e}"
    text = f"{size:.{digits}f}"
    if float(text) == 0:
        return f"{sign}<{10.0**-digits:.{digits}f}"
    return sign + text


def money(value: float, *, cents: bool = False) -> str:
    """Return money for a sentence: thousands whole, millions one decimal, billions two.

    ``cents`` is for books so small that thousands say nothing.

    >>> money(93e6), money(42_300), money(14), money(1.234e9), money(-2.5e6), money(0)
    ('$93.0M', '$42k', '<$1k', '$1.23B', '−$2.5M', '$0')
    >>> money(14, cents=True)
    '$14.00'
    """
    if cents and abs(value) < 1e4:
        return _dollars(value, DOLLARS, 2)
    size = abs(value)
    if 0 < size < 1e3:
        return (MINUS if value < 0 else "") + "<$1k"
    # thresholds are where rounding tips over: 999,960,000 is $1.00B and not $1000.0M
    if size < 999_500:
        return _dollars(value, THOUSANDS, 0)
    if size < 999_950_000:
        return _dollars(value, MILLIONS, 1)
    return _dollars(value, BILLIONS, 2)


def amount(value: float) -> str:
    """Return money that stands alone in a column of mixed units: two decimals and its size.

    >>> amount(75_680_000), amount(14), amount(0)
    ('$75.68M', '$14.00', '$0')
    """
    size = abs(value)
    if size < 999.995:
        return _dollars(value, DOLLARS, 2)
    if size < 999_995:
        return _dollars(value, THOUSANDS, 2)
    if size < 999_995_000:
        return _dollars(value, MILLIONS, 2)
    return _dollars(value, BILLIONS, 2)


def _dollars(value: float, scale: Scale, digits: int) -> str:
    text = fixed(abs(value) / scale.factor, digits)
    if text == NONE:
        return NONE
    small = text.startswith("<")
    body = (
        f"<${text[1:]}{scale.suffix}" if small else f"${text}{'' if text == '0' else scale.suffix}"
    )
    return MINUS + body if value < 0 else body


def share(value: float, *, digits: int = 1, sign: bool = True) -> str:
    """Return a fraction of 1 as a percentage; what is not all is never shown as all.

    >>> share(0.167), share(1.0), share(0.9999), share(0.0002), share(0.68, digits=2)
    ('16.7%', '100.0%', '>99.9%', '<0.1%', '68.00%')
    """
    percent = value * 100
    text = fixed(percent, digits)
    if 0 < percent < 100 and text == f"{100:.{digits}f}":
        text = f">{100 - 10.0**-digits:.{digits}f}"
    return text + "%" if sign and text != NONE else text


def price(value: float) -> str:
    """Return a price with four decimals.

    >>> price(1.26667), price(0.00001)
    ('$1.2667', '<$0.0001')
    """
    return _dollars(value, DOLLARS, 4)


def small_number(value: float) -> str:
    """Return a residual: ``0``, or one digit and an exponent.

    >>> small_number(0.0), small_number(2.2e-16)
    ('0', '2e−16')
    """
    if value == 0:
        return "0"
    digit, exponent = f"{value:.0e}".split("e")
    return f"{digit}e{int(exponent)}".replace("-", MINUS)


def quantity(value: float, unit: Unit) -> str:
    """Return a number that stands alone with its unit, as a verdict shows it.

    >>> quantity(0.5622, "fraction"), quantity(4.1176, "multiple"), quantity(0.055, "rate")
    ('56.22%', '4.12×', '5.50%/y')
    """
    match unit:
        case "usd":
            return amount(value)
        case "fraction":
            return share(value, digits=2)
        case "price":
            return price(value)
        case "multiple":
            return fixed(value, 2) + "×"
        case "rate":
            return share(value, digits=2) + "/y"
        case "tokens":
            return fixed(value, 2)
        case "seconds":
            return duration(value)
        case "event":
            return "never" if value == 0 else "yes"


def signed(value: float, unit: Unit) -> str:
    """Return a move with its sign, in its unit.

    >>> signed(930_000.0, "usd"), signed(-7e6, "usd"), signed(0.0005, "fraction"), signed(0, "usd")
    ('+$930.00k', '−$7.00M', '+0.05%', '$0')
    """
    return ("+" if value > 0 else "") + quantity(value, unit)


def in_full(value: float, unit: Unit) -> str:
    """Return a number with twelve significant digits, for two numbers that round to one.

    >>> in_full(0.0476190476190476, "fraction"), in_full(93_000_000.01, "usd")
    ('4.76190476190%', '$93000000.0100')
    """
    match unit:
        case "usd" | "price":
            return (MINUS if value < 0 else "") + "$" + _significant(abs(value))
        case "fraction":
            return _signed(value * 100) + "%"
        case "rate":
            return _signed(value * 100) + "%/y"
        case "multiple":
            return _signed(value) + "×"
        case "tokens":
            return _signed(value)
        case "seconds":
            return _signed(value) + " s"
        case "event":
            return quantity(value, unit)


def _signed(value: float) -> str:
    return (MINUS if value < 0 else "") + _significant(abs(value))


def _significant(size: float) -> str:
    return f"{size:#.12g}".rstrip(".") if size else "0"


def duration(seconds: float) -> str:
    """Return a duration in its largest whole unit with one decimal.

    >>> duration(86_400), duration(5_400), duration(0)
    ('1.0 d', '1.5 h', '0')
    """
    if seconds == 0:
        return "0"
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if abs(seconds) >= size:
            return f"{fixed(seconds / size, 1)} {name}"
    return f"{fixed(seconds, 1)} s"


def on_axis(value: float, unit: Unit, *, cents: bool = False) -> str:
    """Return a place on the axis of a shock, for a sentence.

    >>> on_axis(170e6, "usd"), on_axis(0.0476, "fraction"), on_axis(0.65, "price")
    ('$170.0M', '4.76%', '$0.6500')
    """
    return money(value, cents=cents) if unit == "usd" else quantity(value, unit)
