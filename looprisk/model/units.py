"""What each kind of field takes: one function per kind, from text or number to a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from numbers import Real

from looprisk.model.unreadable import scale_of
from looprisk.model.values import Reading, Value, decimal_text, expected, read, split_source

Parser = Callable[[object], Value]

_PARTS = {"": Fraction(1), "%": Fraction(1, 100), "bps": Fraction(1, 10_000)}
_PER_YEAR = {"%/y": Fraction(1, 100), "bps/y": Fraction(1, 10_000), "%/d": Fraction(365, 100)}
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _value(reading: Reading, unit: str, scale: Fraction = Fraction(1)) -> Value:
    if reading.low is None or reading.high is None:
        return Value(None, None, unit, source=reading.source, text="unknown")
    low = reading.low * scale
    high = low if reading.high == reading.low else reading.high * scale
    return Value(low, high, unit, reading.of, reading.source, reading.text)


def _spelled(reading: Reading, unit: str, before: str = "", after: str = "") -> Value:
    """Give a Python number the text that a file would have."""
    return replace(_value(reading, unit), text=f"{before}{reading.text}{after}")


def _unsigned(reading: Reading) -> Reading:
    if reading.low is not None and reading.low < 0:
        msg = f"`{reading.text}`: this cannot be negative"
        raise ValueError(msg)
    if reading.text.startswith("+"):
        msg = f"`{reading.text}`: no sign here: {reading.text[1:]}"
        raise ValueError(msg)
    return reading


def _again(raw: object, *units: str) -> Value | None:
    """Let a value that was read before through, if its unit fits."""
    if not isinstance(raw, Value):
        return None
    if raw.unit not in units:
        msg = f"`{raw.text}` has another unit than is taken here"
        raise ValueError(msg)
    return raw


def _no_token(reading: Reading, what: str) -> None:
    if reading.of is not None:
        number = reading.text.rsplit(" ", 1)[0]
        why = scale_of(reading.text) or f"{what} has no token after it: {number}"
        msg = f"`{reading.text}`: {why}"
        raise ValueError(msg)


def fraction(raw: object, *, signed: bool = False, limited: bool = True) -> Value:
    """Read a fraction of 1: ``91.5%``, ``0.915``, ``9150bps``.

    >>> fraction("9150bps").number
    Fraction(183, 200)
    """
    seen = _again(raw, "fraction", "share")
    if seen is not None:
        return replace(seen, unit="fraction")
    reading = read(raw) if signed else _unsigned(read(raw))
    if reading.dollar:
        msg = f"`{reading.text}`: a fraction is no money: 91.5% or 0.915"
        raise ValueError(msg)
    if not reading.unknown:
        _no_token(reading, "a fraction")
        if reading.unit not in _PARTS:
            msg = f"`{reading.text}`: a fraction is written {reading.bare}% or 0.915"
            raise ValueError(msg)
        if reading.is_bare and _above_one(reading):
            msg = f"{reading.text} is more than 1 and has no unit; write {_percents(reading)}"
            raise ValueError(msg)
    value = _value(reading, "fraction", _PARTS.get(reading.unit, Fraction(1)))
    if limited and value.high is not None and value.high > 1:
        msg = f"`{reading.text}` is more than 100%"
        raise ValueError(msg)
    return value


def _above_one(reading: Reading) -> bool:
    return any(end is not None and abs(end) > 1 for end in (reading.low, reading.high))


def _percents(reading: Reading) -> str:
    if reading.low is None or reading.low != reading.high:
        return f"{reading.text}%"
    return f"{reading.text}% or {decimal_text(reading.low / 100)}"


def signed_fraction(raw: object) -> Value:
    """Read a fraction that may be negative or above 1."""
    return fraction(raw, signed=True, limited=False)


def large_fraction(raw: object) -> Value:
    """Read a fraction that may exceed 1, as ``120%``."""
    return fraction(raw, limited=False)


def money(raw: object, *, signed: bool = False) -> Value:
    """Read US dollars: ``$93M``; a Python number is dollars.

    >>> money("$93M").number, money(93e6).text
    (Fraction(93000000, 1), '$93000000')
    """
    seen = _again(raw, "usd")
    if seen is not None:
        return seen
    reading = read(raw) if signed else _unsigned(read(raw))
    if reading.python:
        sign = "-" if reading.text.startswith("-") else ""
        return _spelled(replace(reading, text=reading.bare), "usd", f"{sign}$")
    if reading.unknown:
        return _value(reading, "usd")
    if not reading.dollar:
        dollars = reading.bare.replace("..", "..$")
        msg = f"`{reading.text}`: money wears a dollar sign: ${dollars}"
        raise ValueError(msg)
    _no_token(reading, "money")
    _no_unit(reading, f"${reading.bare}")
    return _value(reading, "usd")


def signed_money(raw: object) -> Value:
    """Read US dollars that may be negative: ``-$5M``."""
    return money(raw, signed=True)


def _no_unit(reading: Reading, better: str) -> None:
    if reading.unit == "m":
        msg = f"`{reading.text}`: the scales are k, M and B: {better}M"
        raise ValueError(msg)
    if reading.unit:
        msg = f"`{reading.text}`: `{reading.unit}` has no place here: {better}"
        raise ValueError(msg)


def price(raw: object) -> Value:
    """Read a price: ``$1.2667`` or ``1.2 ETH``; a Python number is dollars.

    >>> price("1.2 ETH").of
    'ETH'
    """
    seen = _again(raw, "usd", "tokens")
    if seen is not None:
        return seen
    reading = _unsigned(read(raw))
    if reading.python:
        return _spelled(reading, "usd", "$")
    if reading.unknown:
        return _value(reading, "usd")
    if not reading.dollar and reading.of is None:
        bare = reading.bare
        msg = f"`{reading.text}`: a price names its unit: ${bare} or {bare} ETH"
        raise ValueError(msg)
    if reading.dollar:
        _no_token(reading, "a price in dollars")
    _no_unit(reading, f"${reading.bare}" if reading.dollar else f"{reading.bare} {reading.of}")
    return _value(reading, "usd" if reading.dollar else "tokens")


def tokens(raw: object) -> Value:
    """Read a number of tokens: ``75M`` or ``75M deUSD``.

    >>> tokens("29_761.578_2").number
    Fraction(148807891, 5000)
    """
    seen = _again(raw, "tokens")
    if seen is not None:
        return seen
    reading = _unsigned(read(raw))
    if reading.dollar:
        msg = f"`{reading.text}`: this counts tokens, not dollars: {reading.bare}"
        raise ValueError(msg)
    _no_unit(reading, reading.bare)
    return _value(reading, "tokens")


def named_tokens(raw: object) -> Value:
    """Read a number of tokens that names its token: ``12_000 ETH``."""
    value = tokens(raw)
    if value.of is None and not value.is_unknown:
        msg = f"`{value.text}`: of what? write {value.text} ETH"
        raise ValueError(msg)
    return value


def holding(raw: object) -> Value:
    """Read an amount held: ``75M`` tokens, ``$93M`` worth, ``12%`` of what there is.

    A Python number is tokens.
    """
    seen = _again(raw, "tokens", "usd", "share")
    if seen is not None:
        return seen
    reading = _unsigned(read(raw))
    if reading.dollar:
        return money(raw)
    if reading.unit in {"%", "bps"}:
        return replace(fraction(raw), unit="share")
    return tokens(raw)


def debt(raw: object) -> Value:
    """Read an amount owed: ``$93M`` or ``5M USDC``; a Python number is dollars."""
    seen = _again(raw, "tokens", "usd")
    if seen is not None:
        return seen
    reading = _unsigned(read(raw))
    if reading.python or reading.dollar or reading.unknown:
        return money(raw)
    _no_unit(reading, f"${reading.bare}")
    if reading.of is None:
        msg = f"`{reading.text}`: of what? write ${reading.bare} or {reading.bare} USDC"
        raise ValueError(msg)
    return _value(reading, "tokens")


def loss(raw: object) -> Value:
    """Read an amount lost: ``$93M``, ``12%`` of it, or tokens; a Python number is dollars."""
    return money(raw) if _is_number(raw) else holding(raw)


def _is_number(raw: object) -> bool:
    if isinstance(raw, Reading):
        return raw.python
    return isinstance(raw, Real | Decimal) and not isinstance(raw, bool)


def rate(raw: object) -> Value:
    """Read a rate per year of 365 days: ``5.5%/y``; a Python number is a fraction per year.

    >>> rate("5.5%/y").number
    Fraction(11, 200)
    """
    seen = _again(raw, "per_year")
    if seen is not None:
        return seen
    reading = read(raw)
    if reading.python and reading.low is not None:
        percents = decimal_text(reading.low * 100)
        return _spelled(replace(reading, text=percents), "per_year", after="%/y")
    if reading.unknown:
        return _value(reading, "per_year")
    if reading.unit not in _PER_YEAR or reading.dollar:
        msg = f"`{reading.text}`: a rate says per what: {reading.bare}%/y"
        raise ValueError(msg)
    _no_token(reading, "a rate")
    return _value(reading, "per_year", _PER_YEAR[reading.unit])


def flow(raw: object) -> Value:
    """Read a limit on withdrawals: ``5%/d``, or ``5%`` of what there is at each stage."""
    if isinstance(raw, Value):
        return raw if raw.unit == "per_year" else fraction(raw)
    return rate(raw) if read(raw).unit in _PER_YEAR else fraction(raw)


def multiple(raw: object) -> Value:
    """Read a multiple: ``4.12x``; a Python number is one.

    >>> multiple("4.12x").number
    Fraction(103, 25)
    """
    seen = _again(raw, "multiple")
    if seen is not None:
        return seen
    reading = _unsigned(read(raw))
    if reading.python:
        return _spelled(reading, "multiple", after="x")
    if not reading.unknown and (reading.unit != "x" or reading.dollar or reading.of):
        msg = f"`{reading.text}`: a multiple ends in x: {reading.bare}x"
        raise ValueError(msg)
    return _value(reading, "multiple")


def plain(raw: object) -> Value:
    """Read a number without unit, as the weight of a share class."""
    seen = _again(raw, "")
    if seen is not None:
        return seen
    reading = _unsigned(read(raw))
    if not (reading.is_bare or reading.unknown):
        msg = f"`{reading.text}`: a plain number stands here: {reading.bare}"
        raise ValueError(msg)
    return _value(reading, "")


def duration(raw: object) -> Value:
    """Read a duration, in seconds: ``62s``, ``90m``, ``59h``, ``7d``.

    >>> duration("90m").number
    Fraction(5400, 1)
    """
    seen = _again(raw, "seconds")
    if seen is not None:
        return seen
    if isinstance(raw, timedelta):
        seconds = Fraction(raw // timedelta(microseconds=1), 10**6)
        return Value(seconds, seconds, "seconds", text=f"{decimal_text(seconds)}s")
    reading = _unsigned(read(raw))
    if reading.unknown:
        return _value(reading, "seconds")
    if reading.unit not in _SECONDS or reading.dollar or reading.of:
        bare = reading.bare
        msg = f"`{reading.text}`: a duration names its unit: {bare}s, {bare}m, {bare}h or {bare}d"
        raise ValueError(msg)
    return _value(reading, "seconds", Fraction(_SECONDS[reading.unit]))


def time(raw: object) -> Value:
    """Read a point in time, as seconds since 1970: ``2025-11-04``, ``2025-11-04T05:00Z``.

    >>> time("2025-11-04T05:00Z").number
    Fraction(1762232400, 1)
    """
    seen = _again(raw, "time")
    if seen is not None:
        return seen
    if isinstance(raw, datetime | date):
        raw = raw.isoformat().replace("+00:00", "Z")
    if not isinstance(raw, str):
        raise expected("a time, as 2025-11-04 or 2025-11-04T05:00Z,", raw)
    text, source = split_source(raw)
    if text == "unknown":
        return Value(None, None, "time", source=source, text=text)
    seconds = _epoch(text)
    return Value(seconds, seconds, "time", source=source, text=text)


def _epoch(text: str) -> Fraction:
    clock = text[10:]
    plain_text = text[:-1] if clock.endswith("Z") else text
    try:
        moment = datetime.fromisoformat(plain_text)
    except ValueError:
        msg = f"`{text}` is no time; write 2025-11-04 or 2025-11-04T05:00Z"
        raise ValueError(msg) from None
    if moment.tzinfo is not None or (clock and not clock.endswith("Z")):
        msg = f"`{text}`: local time is refused: write it in UTC, 2025-11-04T05:00Z"
        raise ValueError(msg)
    moment = moment.replace(tzinfo=UTC)
    return Fraction((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), 10**6)


def move(raw: object) -> Value:
    """Read the move of a price: ``-6%`` of it, or the level it goes to: ``$3_436``, ``1.1 ETH``.

    A Python number is a fraction: ``-0.06``.
    """
    value = _size(raw, signed=True, limited=False)
    if value.unit == "fraction" and value.low is not None and value.low < -1:
        msg = f"`{value.text}`: a price cannot fall by more than 100%"
        raise ValueError(msg)
    return value


def fall(raw: object) -> Value:
    """Read a depeg: the fall, ``10%``, or the level fallen to, ``$0.65``, ``0.9 ETH``."""
    seen = _again(raw, "fraction", "usd", "tokens")
    if seen is not None:
        return seen
    text = read(raw).text
    if text.startswith(("-", "+")):
        msg = f"`{text}`: a depeg is a fall, written without a sign: {text[1:]}"
        raise ValueError(msg)
    return _size(raw, signed=False, limited=True)


def size(raw: object) -> Value:
    """Read where on a shock something happens: ``8%``, or a level or amount: ``$1.2014``."""
    return _size(raw, signed=False, limited=False)


def _size(raw: object, *, signed: bool, limited: bool) -> Value:
    seen = _again(raw, "fraction", "usd", "tokens")
    if seen is not None:
        return seen
    reading = read(raw)
    if reading.dollar or (reading.of is not None and not reading.unit):
        return price(raw)
    if reading.is_bare and _above_one(reading):
        bare = reading.bare
        msg = f"`{reading.text}`: a size or a level: {bare}%, ${bare} or {bare} ETH"
        raise ValueError(msg)
    return fraction(raw, signed=signed, limited=limited)
