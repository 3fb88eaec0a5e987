"""Why a text is no value, and what to write instead."""

from __future__ import annotations

import re
import unicodedata

DIGITS = r"[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?"
"""A number; of all the digits that there are, 0 to 9 alone."""
_WORDS_FOR_UNKNOWN = {"nan", "null", "none", "~", "n/a", "na", "?", "-", "tbd"}
_SCALES = {
    "k": ("K", "thousand"),
    "M": ("m", "mm", "MM", "mn", "mio", "million", "mil"),
    "B": ("b", "bn", "G", "billion"),
    "000B": ("T", "tn", "trillion"),
}
"""Our scale, and what others write for it."""


def _comma(text: str) -> str | None:
    if re.search(r"\d,\d{3}(?:\D|$)", text):
        return f"no commas; write {text.replace(',', '_')}"
    if re.search(r"\d,\d", text):
        return f"no commas; write {text.replace(',', '.')}"
    return None


def _strange(text: str) -> str | None:
    """Say which character looks like a digit or a sign and is none: full width, minus signs."""
    strange = next((c for c in text if ord(c) > 127), None)
    if strange is None or not re.search(r"[^\W_]", text) or strange in "€£¥≤≥":
        return None
    return f"{unicodedata.name(strange, 'a control character')} in it; 0-9, - and _ are read"


def _exponent(text: str) -> str | None:
    if re.fullmatch(rf"[+-]?\$?{DIGITS}[eE][+-]?\d+.*", text):
        return "no exponents; write 1.5M, 2B or 1_000_000"
    return None


def _comparison(text: str) -> str | None:
    if re.match(r"[<>=≤≥]", text):
        return "a value has no comparison in it; write at_least: or at_most:"
    return None


def _unknown(text: str) -> str | None:
    if text.lower() == "unknown":
        return "write `unknown`"
    if text.lower() in _WORDS_FOR_UNKNOWN:
        return "no value; write `unknown` if nobody knows it"
    return None


def _currency(text: str) -> str | None:
    if re.match(r"[€£¥]", text):
        return "money is in US dollars: $93M"
    before = re.match(r"(?i)usd\s", text)
    if before or re.fullmatch(r"\d[\d_,.]*[kMB]?\s?(?:USD|usd|\$)", text):
        return "dollars are written before the number: $93M"
    return None


def scale_of(text: str) -> str | None:
    """Return what to write where a number has another scale than ours, else None."""
    words = "|".join(word for several in _SCALES.values() for word in several)
    found = re.fullmatch(rf"([+-]?\$?{DIGITS})\s?({words})", text)
    if found is None:
        return None
    scale = next(ours for ours, theirs in _SCALES.items() if found[2] in theirs)
    return f"the scales are k, M and B: {found[1]}{scale}"


def _spaced_unit(text: str) -> str | None:
    if re.fullmatch(rf"[+-]?{DIGITS}\s+(?:%|bps|x|pp)(?:/\w)?", text):
        return f"no space before the unit: {''.join(text.split())}"
    return None


def _sign(text: str) -> str | None:
    found = re.fullmatch(rf"\$([+-])({DIGITS}[kMB]?)", text)
    return f"the sign stands before the dollar: {found[1]}${found[2]}" if found else None


def _expression(text: str) -> str | None:
    if re.search(r"[*/^()]", text) and re.search(r"\d", text):
        return "no expressions; write the number"
    return None


def _underscore(text: str) -> str | None:
    if not re.fullmatch(r"[+-]?\$?[\d._]+[kMB]?", text):
        return None
    if "__" in text or re.search(r"\d_(?:\D|$)|\._|(?:^|\D)_\d", text):
        return "`_` stands between digits: 1_000_000"
    return None


def _point(text: str) -> str | None:
    if re.match(r"[+-]?\$?\.\d", text):
        return f"a digit stands before the point: {text.replace('.', '0.', 1)}"
    return None


_REASONS = (
    _strange,
    _comma,
    _exponent,
    _comparison,
    _unknown,
    _currency,
    _sign,
    scale_of,
    _spaced_unit,
    _expression,
    _underscore,
    _point,
)


def why_unreadable(text: str) -> str:
    """Return the message for a text that is no value.

    >>> why_unreadable("240,000")
    '`240,000`: no commas; write 240_000'
    """
    reasons = (reason(text) for reason in _REASONS)
    found = next((reason for reason in reasons if reason is not None), None)
    return f"`{text}`: {found}" if found else f"`{text}` is no number"
