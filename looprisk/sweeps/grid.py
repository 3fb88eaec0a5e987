"""The grid of a sweep: what is varied, and through which values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product

from looprisk.errors import ModelError, Problem
from looprisk.model.values import decimal_text, read

SHOCK = "shock"
"""The word that varies the size of the last stage, as a share of it as written."""
MOST = 1_000_000
"""Rows of one sweep."""
_SPAN = re.compile(r"(?P<low>.+?)\.\.(?P<high>.+):(?P<count>\d+)")
_COMMA = re.compile(r",(?![^\[{]*[\]}])")
"""A comma between values, not one inside a list or a map."""
_WRITTEN = re.compile(r"(?P<before>[-+]?\$?)(?P<number>[0-9][0-9_.]*)(?P<after>.*)")


def spread(text: str) -> tuple[str, ...]:
    """Return the values that a command line writes: ``a,b,c`` or ``lo..hi:n``, both ends included.

    >>> spread("77%, 86%, 91.5%"), spread("$1..$2:3")
    (('77%', '86%', '91.5%'), ('$1', '$1.5', '$2'))
    """
    span = _SPAN.fullmatch(text.strip())
    if span is None and ".." in text and _COMMA.search(text) is None:
        message = f"`{text}`: through how many values? {text.strip()}:11 takes eleven"
        raise ModelError([Problem((), message)])
    if span is None:
        return tuple(value.strip() for value in _COMMA.split(text))
    low, high = span["low"].strip(), span["high"].strip()
    before, first, after = _parts(low)
    last_before, last, last_after = _parts(high)
    count = int(span["count"])
    if (before, after) != (last_before, last_after):
        message = f"`{text}`: both ends are written with the same unit: 60%..90%:7"
        raise ModelError([Problem((), message)])
    if not 2 <= count <= MOST:
        raise ModelError([Problem((), f"`{text}`: from 2 to {MOST:_} values")])
    step = (last - first) / (count - 1)
    numbers = (first + step * k for k in range(count))
    return tuple(f"{before}{_decimal(number)}{after}" for number in numbers)


def _parts(text: str) -> tuple[str, Fraction, str]:
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ModelError([Problem((), f"`{text}` is no number: write lo..hi:n, 60%..90%:7")])
    sign = -1 if found["before"].startswith("-") else 1
    number = read(found["number"]).low
    assert number is not None  # noqa: S101  (digits are a number)
    return found["before"].lstrip("+-"), sign * number, found["after"]


def _decimal(number: Fraction) -> str:
    """Return a number as decimals: exactly where they end, else to 15 places."""
    digits = Fraction(round(number * 10**15), 10**15)
    return decimal_text(digits)


def points(vary: Mapping[str, Sequence[object]]) -> Iterator[tuple[object, ...]]:
    """Yield every combination of values; what stands first varies slowest."""
    size = 1
    for path, values in vary.items():
        if isinstance(values, str) or not len(values):
            message = f"{path}: a list of values is needed, such as ['77%', '86%']"
            raise ModelError([Problem((), message)])
        size *= len(values)
    if not vary or size > MOST:
        message = f"a sweep has from 1 to {MOST:_} rows; this one has {size if vary else 0:_}"
        raise ModelError(
            [Problem((), message, "vary one path: {'ETH/price': ['$2_500', '$2_000']}")]
        )
    return product(*vary.values())
