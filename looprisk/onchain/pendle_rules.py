"""The arithmetic of Pendle V2, in the contracts' own integers: fractions are in 1e18.

Source: PendlePYOracleLib, PendleLpOracleLib, MarketMathCore, LogExpMath and
PendleSparkLinearDiscountOracle.
"""

from __future__ import annotations

from dataclasses import dataclass

ONE = 10**18
YEAR = 365 * 86_400
_FINE = 10**20
MOST_EXPONENT = 130 * ONE
_WHOLE = (
    (128 * ONE, 38_877_084_059_945_950_922_200 * 10**33),
    (64 * ONE, 6_235_149_080_811_616_882_910 * 10**6),
)
"""Powers of e without decimals, and their exponents."""
_PARTS = (
    (32 * _FINE, 7_896_296_018_268_069_516_100 * 10**12),
    (16 * _FINE, 888_611_052_050_787_263_676 * 10**6),
    (8 * _FINE, 298_095_798_704_172_827_474 * 10**3),
    (4 * _FINE, 5_459_815_003_314_423_907_810),
    (2 * _FINE, 738_905_609_893_065_022_723),
    (_FINE, 271_828_182_845_904_523_536),
    (_FINE // 2, 164_872_127_070_012_814_685),
    (_FINE // 4, 128_402_541_668_774_148_407),
)
"""Powers of e in 1e20, and their exponents in 1e20."""
_FINER = (
    (_FINE // 8, 113_314_845_306_682_631_683),
    (_FINE // 16, 106_449_445_891_785_942_956),
)
"""Two more, of which a logarithm is made up."""
_TERMS = 12
_LEAST_EXPONENT = -41 * ONE
_NEAR_ONE = ONE // 10
"""Logarithms of what is nearer to one are taken with twice as many digits."""


def exp(x: int) -> int:
    """Return e^x for x from -41 to 130, cut as the contract cuts.

    >>> exp(0), exp(ONE), exp(-ONE // 10)
    (1000000000000000000, 2718281828459045235, 904837418035959573)
    """
    if not _LEAST_EXPONENT <= x <= MOST_EXPONENT:
        raise ValueError(f"{x} is no exponent of an exchange rate")
    if x < 0:
        return ONE * ONE // exp(-x)
    whole = 1
    for power, value in _WHOLE:
        if x >= power:
            x, whole = x - power, value
            break
    x *= _FINE // ONE
    product = _FINE
    for power, value in _PARTS:
        if x >= power:
            x, product = x - power, product * value // _FINE
    total = term = _FINE
    for number in range(1, _TERMS + 1):
        term = term * x // _FINE // number
        total += term
    return product * total // _FINE * whole // 100


def ln(x: int) -> int:
    """Return the logarithm of a number above 0, cut as the contract cuts.

    >>> ln(ONE), ln(2 * ONE), ln(ONE // 2), ln(105 * ONE // 100)
    (0, 693147180559945309, -693147180559945309, 48790164169432003)
    """
    if x <= 0:
        raise ValueError(f"{x} has no logarithm")
    if abs(x - ONE) < _NEAR_ONE:
        return cut(2 * _series(x * ONE, ONE * ONE, 8), ONE)
    if x < ONE:
        return -ln(ONE * ONE // x)
    total = 0
    for power, value in _WHOLE:
        if x >= value * ONE:
            x, total = x // value, total + power
    total, x = total * 100, x * 100
    for power, value in (*_PARTS, *_FINER):
        if x >= value:
            x, total = x * _FINE // value, total + power
    return (total + 2 * _series(x, _FINE, 6)) // 100


def _series(x: int, unit: int, terms: int) -> int:
    """Return half of ln(x) near one, by the powers of (x - 1) / (x + 1)."""
    z = cut((x - unit) * unit, x + unit)
    square = z * z // unit
    total = term = z
    for number in range(3, 2 * terms, 2):
        term = cut(term * square, unit)
        total += cut(term, number)
    return total


def cut(part: int, whole: int) -> int:
    """Return a quotient, cut towards nothing as contracts do below 0 too.

    >>> cut(-7, 2), cut(7, -2), cut(7, 2)
    (-3, -3, 3)
    """
    quotient = abs(part) // abs(whole)
    return quotient if (part < 0) == (whole < 0) else -quotient


@dataclass(frozen=True, slots=True)
class Reserves:
    """What a market holds, and how steep its curve is."""

    principal: int
    wrapped: int
    shares: int
    scalar: int
    """Of the curve, for a year, in 1e18."""
    last: int
    """ln(1 + implied yield) of the last trade."""


def share_rate(market: Reserves, mean: int, highest: int, left: int) -> int:
    """Return what a share of a market is worth in the asset, before what insolvency takes.

    It is what the market would hold, had trade brought it to the ``mean`` of ln(1 + implied yield);
    ``left`` is in seconds, ``highest`` what a unit of the wrapper counts as. Raises ValueError
    where the contract refuses, and where a market holds nothing.
    """
    asset = market.wrapped * highest // ONE
    if not (market.principal and asset and market.shares):
        raise ValueError("a market that holds nothing has no rate")
    if left <= 0:
        return (market.principal + asset) * ONE // market.shares
    scalar = market.scalar * YEAR // left
    by_mean, by_last = (exp(rate * left // YEAR) for rate in (mean, market.last))
    between = (by_last + by_mean) // 2
    proportion = market.principal * ONE // (market.principal + asset)
    anchor = by_last - cut(ln(proportion * ONE // (ONE - proportion)) * ONE, scalar)
    target = exp(cut(scalar * (by_mean - anchor), ONE))
    numerator = cut(target * asset, ONE) - market.principal
    traded = cut(numerator * ONE, ONE + cut(target * ONE, between))
    principal = cut((market.principal + traded) * ONE, by_mean)
    return cut((asset - cut(traded * ONE, between) + principal) * ONE, market.shares)


def mean_rate(before: int, now: int, seconds: int) -> int:
    """Return the mean of ln(1 + implied yield) from two sums of the market's observations."""
    return (now - before) // seconds


def principal_rate(ln_rate: int, seconds: int) -> int:
    """Return what a unit of principal is worth in the asset, so long before it is due.

    >>> principal_rate(ONE // 10, YEAR)
    904837418035959573
    >>> principal_rate(ONE // 10, 0)
    1000000000000000000
    """
    if seconds <= 0:
        return ONE
    return ONE * ONE // exp(ln_rate * seconds // YEAR)


def solvent(rate: int, index: int, highest: int) -> int:
    """Return a rate to the asset, less where the wrapper is worth less than it was.

    ``index`` is what a unit of the wrapper is worth now, ``highest`` the most it ever was.

    >>> solvent(ONE, 9 * ONE, 10 * ONE)
    900000000000000000
    """
    return rate if index >= highest else rate * index // highest


def in_wrapper(rate: int, index: int, highest: int) -> int:
    """Return a rate to the asset as one to the wrapper."""
    return rate * ONE // max(index, highest)


def discount(rate: int, seconds: int) -> int:
    """Return a discount that falls to nothing on a straight line until principal is due.

    >>> discount(5 * ONE // 100, YEAR // 2)
    25000000000000000
    """
    return max(0, seconds) * rate // YEAR
