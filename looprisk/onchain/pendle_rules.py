"""The arithmetic of Pendle V2, in the contracts' own integers: fractions are in 1e18.

Source: PendlePYOracleLib, MarketMathCore, LogExpMath and PendleSparkLinearDiscountOracle.
"""

from __future__ import annotations

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
_TERMS = 12


def exp(x: int) -> int:
    """Return e^x for x from 0 to 130, cut as the contract cuts.

    >>> exp(0), exp(ONE), exp(ONE // 10)
    (1000000000000000000, 2718281828459045235, 1105170918075647624)
    """
    if not 0 <= x <= MOST_EXPONENT:
        raise ValueError(f"{x} is no exponent of an exchange rate")
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
