"""A limit as a row of the table of parameters: rounded to the safe side, and solved again there."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from looprisk.model.paths import find, value_at
from looprisk.model.system import System
from looprisk.model.tree import dump
from looprisk.model.values import Value, decimal_text
from looprisk.results.governance import NO_VALUE, UNCHANGED, Parameter
from looprisk.results.limits import Boundary

NAMES = {
    "ltv": "LTV",
    "lltv": "LLTV",
    "leverage": "Leverage",
    "incentive": "Liquidation Bonus",
    "cap": "Supply Cap",
    "cash": "Idle Cash",
    "insurance": "Insurance",
    "depth": "Depth",
}
BASIS_POINT = Fraction(1, 10_000)
CENT = Fraction(1, 100)
_THOUSAND = 1_000


def parameter(
    system: System,
    path: str,
    written: Value,
    end: Boundary | None,
    *,
    holds: Callable[[Fraction], bool],
    keep: str,
    proof: str,
    sources: tuple[str, ...],
) -> Parameter:
    """Return the row of a parameter whose recommended value is the end of a safe stretch.

    ``end`` is None where the value stays. Governance sets basis points and whole tokens: the value
    is rounded away from what fails, and stays in full digits where ``holds`` says that the rounded
    one is not safe.
    """
    keys = find(dump(system), path)
    instance, asset = _place(system, keys)
    safe: Fraction | None = written.number
    if end is not None:
        safe = _rounded(end, written.unit, holds)
    elif not holds(written.number):
        safe = None
    unchanged = safe == written.number
    changed = NO_VALUE if safe is None else UNCHANGED if unchanged else in_full(safe, written)
    return Parameter(
        path=path,
        instance=instance,
        asset=asset,
        name=NAMES.get(keys[-1], keys[-1]),
        current=in_full(written.number, written),
        recommended=changed,
        unit=written.unit,
        current_value=float(written.number),
        recommended_value=None if safe is None else float(safe),
        keep=keep,
        proof=proof,
        sources=sources,
    )


def _place(system: System, keys: tuple[str, ...]) -> tuple[str, str]:
    """Return what a parameter belongs to and the token it is about, as they are labelled."""
    section, name = keys[:2]
    owner = _label(system, name)
    if section == "positions":
        market = getattr(system.positions[name], "market", None)
        return (_label(system, market), owner) if market else (owner, owner)
    if section == "liquidity":
        return owner, _label(system, system.liquidity[name].of)
    token = keys[3] if len(keys) > 4 or (section == "issuers" and keys[2:3] == ("owns",)) else ""
    return owner, _label(system, token) if token else owner


def _label(system: System, name: str) -> str:
    market, _, lent = name.partition("/")
    if lent and market in system.markets:
        name = lent  # a claim on what a market lends
    label = value_at(dump(system), f"{name}/label")
    return str(label) if label else name


def _rounded(end: Boundary, unit: str, holds: Callable[[Fraction], bool]) -> Fraction:
    step = BASIS_POINT if unit in {"fraction", "share"} else CENT
    if unit in {"usd", "tokens"} and abs(end.number) >= _THOUSAND:
        step = Fraction(1)
    parts = end.number / step
    above = end.fails is not None and end.fails > end.holds
    rounded = step * (parts.__floor__() if above or end.fails is None else parts.__ceil__())
    return rounded if holds(rounded) else end.number


def in_full(number: Fraction, written: Value) -> str:
    """Return a number in the digits of governance posts, none of them lost.

    >>> from looprisk.model.units import fraction, tokens
    >>> in_full(Fraction(915, 1000), fraction("1%")), in_full(Fraction(24 * 10**7), tokens("1"))
    ('91.50%', '240,000,000')
    """
    if written.unit in {"fraction", "share"}:
        return f"{_digits(number * 100, least=2)}%"
    if written.unit == "usd":
        sign = "-" if number < 0 else ""
        return f"{sign}${_digits(abs(number))}"
    if written.unit == "multiple":
        return f"{_digits(number, least=2)}x"
    return f"{_digits(number)} {written.of}" if written.of else _digits(number)


def _digits(number: Fraction, least: int = 0) -> str:
    """Return decimals with commas between thousands, at least so many after the point."""
    whole, _, rest = decimal_text(Fraction(round(number * 10**12), 10**12)).partition(".")
    after = rest.ljust(least, "0")
    return f"{int(whole):,}" + (f".{after}" if after else "")
