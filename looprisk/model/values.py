"""Values: one word of text, read exactly, with its unit and its source.

``[number | low..high | unknown] [unit] [@source]``. Numbers are fractions: ``0.1`` is one
tenth, and a Python float ``x`` is read as the decimal that ``repr(x)`` shows. Floats begin
in the compiled form.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Real

from looprisk.errors import UnknownValueError
from looprisk.model.unreadable import DIGITS, why_unreadable

ID = r"[A-Za-z0-9._+-]+"
LONGEST = 400
"""Characters a value may have: the decimals of any float fit, a flood of digits does not."""

_SCALES = {"": Fraction(1), "k": Fraction(10**3), "M": Fraction(10**6), "B": Fraction(10**9)}
_UNIT = r"%/[yd]|%|bps/y|bps|pp|x|[smhd]"
_VALUE = re.compile(
    rf"(?P<sign>[+-]?)(?P<dollar>\$?)(?P<digits>{DIGITS})(?P<scale>[kMB]?)(?P<unit>{_UNIT})?"
    rf"(?:\.\.(?P<sign2>[+-]?)(?P<dollar2>\$?)(?P<digits2>{DIGITS})(?P<scale2>[kMB]?)"
    rf"(?P<unit2>{_UNIT})?)?"
    rf"(?:\s+(?P<of>{ID}(?:/{ID})?))?"
)
_SOURCED = re.compile(r"(?s)(?P<text>.*?)\s+@(?P<source>\S+)\s*")


@dataclass(frozen=True, slots=True)
class Value:
    """One value: a number, an interval, or unknown.

    ``low`` and ``high`` are equal for a number and both ``None`` for ``unknown``. ``unit`` is
    one of ``fraction usd tokens share per_year multiple seconds time relative`` or empty for
    a plain number; ``of`` names the token written after the number (``1.2 ETH``), ``source``
    the source written after ``@``. ``text`` is what was written, without the source; it does
    not take part in comparisons, so ``91.5%`` equals ``0.915``.
    """

    low: Fraction | None
    high: Fraction | None
    unit: str
    of: str | None = None
    source: str | None = None
    text: str = field(default="", compare=False)

    @property
    def known(self) -> bool:
        """Whether this is one number."""
        return self.low is not None and (self.low is self.high or self.low == self.high)

    @property
    def is_unknown(self) -> bool:
        """Whether nobody knows it; an interval is neither known nor unknown."""
        return self.low is None

    @property
    def number(self) -> Fraction:
        """The number; raises :class:`UnknownValueError` for an interval and for unknown."""
        if self.low is None or not self.known:
            msg = f"`{self.text or 'unknown'}` is not one number"
            raise UnknownValueError(msg)
        return self.low

    def __str__(self) -> str:
        """Return the text with its source, as it stands in a file."""
        return f"{self.text} @{self.source}" if self.source else self.text


@dataclass(frozen=True, slots=True)
class Reading:
    """A value as written, before its field has said which units it takes."""

    text: str
    bare: str
    """The number part alone, for suggestions: ``93M`` of ``$93M``."""
    low: Fraction | None
    high: Fraction | None
    dollar: bool = False
    unit: str = ""
    of: str | None = None
    source: str | None = None
    python: bool = False
    """Whether it came as a Python number, whose unit the field decides."""

    @property
    def unknown(self) -> bool:
        """Whether ``unknown`` was written."""
        return self.low is None

    @property
    def is_bare(self) -> bool:
        """Whether it is a number without any unit."""
        return not (self.dollar or self.unit or self.of or self.unknown)


def split_source(text: str) -> tuple[str, str | None]:
    """Return the text before ``@source`` and the id of the source, if there is one.

    >>> split_source("$93M @statement")
    ('$93M', 'statement')
    """
    found = _SOURCED.fullmatch(text)
    if found is None:
        return text.strip(), None
    return found["text"].strip(), found["source"]


def exact(number: Real | Decimal) -> Fraction:
    """Return a Python number as the fraction its decimal text shows.

    >>> exact(0.86)
    Fraction(43, 50)
    """
    if isinstance(number, Fraction | Decimal):
        return Fraction(number)
    if isinstance(number, Integral):
        return Fraction(int(number))
    as_float = float(number)
    if not math.isfinite(as_float):
        msg = f"`{as_float}` is no number; write `unknown` if nobody knows it"
        raise ValueError(msg)
    return Fraction(repr(as_float))


def decimal_text(number: Fraction) -> str:
    """Return a number in plain decimals, exactly where it has an end.

    A fraction without end (one third, which only Python can pass) is cut after 40 digits.

    >>> decimal_text(Fraction(1267, 1000)), decimal_text(Fraction(-1_200))
    ('1.267', '-1200')
    """
    rest, places = number.denominator, 0
    for prime in (2, 5):
        power = 0
        while rest % prime == 0:
            rest //= prime
            power += 1
        places = max(places, power)
    places = places if rest == 1 else 40
    digits = str(abs(round(number * 10**places))).rjust(places + 1, "0")
    sign = "-" if number < 0 else ""
    whole, part = (digits[:-places], digits[-places:]) if places else (digits, "")
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


def read(raw: object) -> Reading:
    """Read text or a Python number; raise ``ValueError`` with what to write otherwise."""
    if isinstance(raw, Reading):
        return raw
    if isinstance(raw, bool):
        raise expected("one value", raw)
    if isinstance(raw, Real | Decimal):
        number = exact(raw)
        text = decimal_text(number)
        return Reading(text, text.lstrip("-"), number, number, python=True)
    if isinstance(raw, str):
        return _read_text(raw)
    if raw is None:
        return _read_text("")
    raise expected("one value", raw)


def expected(what: str, raw: object) -> ValueError:
    """Return the error for something of another shape than is expected."""
    return ValueError(f"{what} is expected here, not {shape_of(raw)}")


def shape_of(raw: object) -> str:
    """Return what stands somewhere, as an error names it."""
    if raw is None or raw == "":
        return "nothing"
    if isinstance(raw, str):
        return f"`{raw}`"
    if isinstance(raw, Mapping):
        return "a map"
    shapes = {list: "a list", tuple: "a list", bool: "yes or no"}
    return shapes.get(type(raw), type(raw).__name__)


def _read_text(raw: str) -> Reading:
    text, source = split_source(raw)
    if not text or text.startswith("@"):
        raise ValueError("no value; write `unknown` if nobody knows it")
    if len(text) > LONGEST:
        msg = f"`{text[:20]}…`: a value has at most {LONGEST} characters"
        raise ValueError(msg)
    if text == "unknown" or text.startswith("unknown "):
        return Reading("unknown", "", None, None, source=source)
    found = _VALUE.fullmatch(text)
    if found is None:
        raise ValueError(why_unreadable(text))
    low = _number(found["sign"], found["digits"], found["scale"])
    bare = f"{found['digits']}{found['scale']}"
    reading = Reading(
        text,
        bare,
        low,
        low,
        dollar=bool(found["dollar"]),
        unit=found["unit"] or "",
        of=found["of"],
        source=source,
    )
    return reading if found["digits2"] is None else _with_high(reading, found)


def _with_high(reading: Reading, found: re.Match[str]) -> Reading:
    text = reading.text
    low, high = reading.low, _number(found["sign2"], found["digits2"], found["scale2"])
    unit, unit2 = found["unit"] or "", found["unit2"] or ""
    if found["dollar2"] and not found["dollar"]:
        msg = f"`{text}`: one unit covers both ends: ${text.replace('$', '')}"
        raise ValueError(msg)
    if unit and unit != unit2:
        msg = f"`{text}`: one unit covers both ends, written after the second"
        raise ValueError(msg)
    if found["scale2"] and not found["scale"]:
        better = f"{found['digits']}{found['scale2']}..{found['digits2']}{found['scale2']}"
        msg = f"`{text}`: each end has its own scale: {better}"
        raise ValueError(msg)
    if low is not None and high < low:
        msg = f"`{text}`: an interval goes from low to high"
        raise ValueError(msg)
    bare = f"{reading.bare}..{found['digits2']}{found['scale2']}"
    return replace(reading, bare=bare, high=high, unit=unit2)


def _number(sign: str, digits: str, scale: str) -> Fraction:
    number = Fraction(digits.replace("_", "")) * _SCALES[scale]
    return -number if sign == "-" else number
