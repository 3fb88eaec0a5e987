"""Generated paths: Philox in plain integers, the normal quantile, jumps (DYNAMICS 10)."""

import math
from statistics import NormalDist

from tests.cascade.plain.prices import number
from tests.cascade.plain.state import YEAR

MASK = 2**64 - 1
MULTIPLY = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)


def block(key, counter):
    """Return the four words of Philox 4x64 with ten rounds at a counter (Salmon et al. 2011)."""
    k0, k1 = key
    c0, c1, c2, c3 = counter & MASK, counter >> 64 & MASK, 0, 0
    for _ in range(10):
        first, second = MULTIPLY[0] * c0, MULTIPLY[1] * c2
        c0, c1, c2, c3 = (
            (second >> 64) ^ c1 ^ k0,
            second & MASK,
            (first >> 64) ^ c3 ^ k1,
            first & MASK,
        )
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return c0, c1, c2, c3


def word(seed, path, draw):
    """Return the raw word of a draw; the first block is that of counter 1."""
    return block((seed, path), 1 + draw // 4)[draw % 4]


def uniform(seed, path, draw):
    return min(((word(seed, path, draw) >> 11) + 0.5) * 2.0**-53, 1 - 2.0**-53)


def _poisson(u, mean):
    n, term = 0, math.exp(-mean)
    below = term
    while u > below:
        n += 1
        term *= mean / n
        if below + term == below and n > mean:
            break
        below += term
    return n


def factor(rule, names):
    """Return the lower factor of the correlation, row by row."""
    pairs = {
        frozenset((a, b)): number(c) for a, row in rule.correlation.items() for b, c in row.items()
    }
    size = range(len(names))
    wanted = [
        [1.0 if i == j else pairs.get(frozenset((names[i], names[j])), 0.0) for j in size]
        for i in size
    ]
    lower = [[0.0 for _ in size] for _ in size]
    for i in size:
        for j in range(i + 1):
            rest = wanted[i][j] - sum(lower[i][b] * lower[j][b] for b in range(j))
            lower[i][j] = (
                math.sqrt(max(0.0, rest)) if i == j else rest / lower[j][j] if lower[j][j] else 0.0
            )
    return lower


def generated(rule, path, step, steps, start):
    """Return the points of every asset of a generator: name to [(seconds, level)]."""
    names = list(dict.fromkeys([*rule.volatility, *rule.drift, *rule.jumps]))
    lower, years = factor(rule, names), step / YEAR
    levels = {name: [(0.0, start[name])] for name in names}
    for k in range(1, steps + 1):
        draws = [
            [uniform(rule.seed, path, (k * len(names) + a) * 3 + slot) for slot in range(3)]
            for a in range(len(names))
        ]
        shocks = [NormalDist().inv_cdf(u[0]) for u in draws]
        for a, name in enumerate(names):
            vol = number(rule.volatility.get(name))
            spread = sum(lower[a][b] * shocks[b] for b in range(len(names)))
            move = (number(rule.drift.get(name)) - vol * vol / 2) * years
            move += vol * math.sqrt(years) * spread + _jump(rule.jumps.get(name), draws[a], years)
            levels[name].append((k * step, levels[name][-1][1] * math.exp(move)))
    return levels


def _jump(jumps, draw, years):
    if jumps is None or not number(jumps.rate):
        return 0.0
    n = _poisson(draw[1], number(jumps.rate) * years)
    return n * number(jumps.mean) + math.sqrt(n) * number(jumps.size) * NormalDist().inv_cdf(
        draw[2]
    )
