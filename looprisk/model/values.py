"""Values: one word of text, read exactly, with its unit and its source.

``[number | low..high | unknown] [unit] [@source]``. Numbers are fractions: ``0.1`` is one
tenth, and a Python float ``x`` is read as the decimal that ``repr(x)`` shows. Floats begin
in the compiled form.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Real

from looprisk.errors import UnknownValueError

ID = r"[A-Za-z0-9._+-]+"
LONGEST = 120
"""Characters a value may have; digits beyond this are a mistake, and cost time."""

_SCALES = {"": Fraction(1), "k": Fraction(10**3), "M": Fraction(10**6), "B": Fraction(10**9)}
_DIGITS = r"\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?"
_UNIT = r"%/[yd]|%|bps/y|bps|pp|x|[smhd]"
_VALUE = re.compile(
    rf"(?P<sign>[+-]?)(?P<dollar>\$?)(?P<digits>{_DIGITS})(?P<scale>[kMB]?)(?P<unit>{_UNIT})?"
    rf"(?:\.\.(?P<sign2>[+-]?)(?P<dollar2>\$?)(?P<digits2>{_DIGITS})(?P<scale2>[kMB]?)"
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
        return self.low is not None and self.low == self.high

    @property
    def is_unknown(self) -> bool:
        """Whether nobody knows it; an interval is neither known nor unknown."""
        return self.low is None

    @property
    def number(self) -> Fraction:
        """The number; raises :class:`UnknownValueError` for an interval and for unknown."""
        if self.low is None or self.low != self.high:
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
    if isinstance(raw, bool):
        msg = f"`{str(raw).lower()}` is no number"
        raise ValueError(msg)
    if isinstance(raw, Real | Decimal):
        number = exact(raw)
        text = decimal_text(number)
        return Reading(text, text.lstrip("-"), number, number, python=True)
    if isinstance(raw, str):
        return _read_text(raw)
    if raw is None:
        return _read_text("")
    if isinstance(raw, dict):
        raise ValueError("one value is expected here, not a map")
    if isinstance(raw, list | tuple):
        raise ValueError("one value is expected here, not a list")
    msg = f"one value is expected here, not {type(raw).__name__}"
    raise ValueError(msg)


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
        raise ValueError(_why_unreadable(text))
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
    high = _number(found["sign2"], found["digits2"], found["scale2"])
    unit, unit2 = found["unit"] or "", found["unit2"] or ""
    if found["dollar2"] and not found["dollar"]:
        msg = f"`{text}`: one unit covers both ends: ${text.replace('$', '')}"
        raise ValueError(msg)
    if unit and unit != unit2:
        msg = f"`{text}`: one unit covers both ends, written after the second"
        raise ValueError(msg)
    if found["scale2"] and not found["scale"]:
        scale = found["scale2"]
        msg = f"`{text}`: each end has its own scale: {found['digits']}{scale}..{found['digits2']}{scale}"
        raise ValueError(msg)
    assert reading.low is not None  # noqa: S101  (an interval has two numbers)
    if high < reading.low:
        msg = f"`{text}`: an interval goes from low to high"
        raise ValueError(msg)
    bare = f"{reading.bare}..{found['digits2']}{found['scale2']}"
    return replace(reading, bare=bare, high=high, unit=unit2)


def _number(sign: str, digits: str, scale: str) -> Fraction:
    number = Fraction(digits.replace("_", "")) * _SCALES[scale]
    return -number if sign == "-" else number


def _why_unreadable(text: str) -> str:
    plain = text.strip("$ ")
    if re.search(r"\d,\d", text):
        return f"`{text}`: no commas; write {text.replace(',', '_')}"
    if re.fullmatch(rf"[+-]?{_DIGITS}[eE][+-]?\d+.*", plain):
        return f"`{text}`: no exponents; write 1.5M, 2B or 1_000_000"
    if re.match(r"[<>=≤≥]", text):
        return f"`{text}`: a value has no comparison in it; write at_least: or at_most:"
    if text.lower() in {"nan", "null", "none", "~", "n/a", "na", "?", "-", "tbd"}:
        return f"`{text}` is no value; write `unknown` if nobody knows it"
    if text.lower().strip("+-") in {"inf", "infinity", ".inf", "∞"}:
        return f"`{text}` is no number"
    if re.match(r"[€£¥]", text):
        return f"`{text}`: money is in US dollars: $93M"
    if re.fullmatch(rf"\d[\d_,.]*\s?(?:USD|usd|\$)", text) or plain.lower().startswith("usd "):
        return f"`{text}`: dollars are written before the number: $93M"
    wrong_scale = re.fullmatch(rf"(\$?{_DIGITS})\s?(K|m|mm|MM|mn|mio|b|bn|G|T|thousand|million|billion)", text)
    if wrong_scale:
        return f"`{text}`: the scales are k, M and B: {wrong_scale[1]}M"
    if re.fullmatch(rf"[+-]?{_DIGITS}\s+(%|bps|x|pp)", text):
        return f"`{text}`: no space before the unit: {text.replace(' ', '')}"
    if re.search(r"[*/^()]", text) and re.search(r"\d", text):
        return f"`{text}`: no expressions; write the number"
    if "__" in text or re.search(r"_(?:\D|$)|\._|^_", text):
        return f"`{text}`: `_` stands between digits: 1_000_000"
    if re.fullmatch(r"[+-]?\$?\.\d.*", text):
        return f"`{text}`: a digit stands before the point: {text.replace('.', '0.', 1)}"
    return f"`{text}` is no number"
