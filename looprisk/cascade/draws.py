"""Random numbers that are the same everywhere: raw Philox, and the normal quantile of it.

Draw number ``i`` of a path is word ``i`` of Philox4x64-10 under the key (seed, path): it depends on
nothing else, so path 7 is the same among 8 paths or 1,000. The raw words of the generator are fixed
for good (NEP 19), the samplers of a library are not, so none is used. Source: Salmon, Moraes, Dror
and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from looprisk.cascade.arrays import Floats, Ints

SLOTS = 3
"""Draws of one asset in one step: diffusion, number of jumps, size of jumps."""
DIFFUSION, NUMBER, SIZE = range(SLOTS)
MOST_JUMPS = 700
"""Expected jumps of one step, at most: beyond, the chance of none is no float any more."""
_LARGEST = 1 - 2.0**-53


def raw_words(seed: int, paths: range, count: int) -> NDArray[np.uint64]:
    """Return the first ``count`` raw words of each path, (path, draw).

    >>> [hex(word) for word in raw_words(7, range(3, 4), 2)[0]]
    ['0x7b6cc7b1862cc5f2', '0xb960f2ea4b3f8d9f']
    """
    words = np.empty((len(paths), count), dtype=np.uint64)
    for row, path in enumerate(paths):
        key = np.array([seed, path], dtype=np.uint64)
        words[row] = np.random.Philox(key=key).random_raw(count)
    return words


def uniforms(words: NDArray[np.uint64]) -> Floats:
    """Return numbers inside (0, 1): ``((x >> 11) + 1/2) 2^-53``.

    The largest word would round to 1; it gives the number below.

    >>> uniforms(np.array([0, 2**63, 2**64 - 1], dtype=np.uint64))
    array([5.55111512e-17, 5.00000000e-01, 1.00000000e+00])
    """
    shifted = (words >> np.uint64(11)).astype(np.float64)
    return np.minimum((shifted + 0.5) * 2.0**-53, _LARGEST)


def normals(uniform: Floats) -> Floats:
    """Return the normal quantile of each number.

    >>> normals(np.array([0.5, 0.975])).round(6)
    array([0.      , 1.959964])
    """
    return np.asarray(ndtri(uniform), dtype=np.float64)


def poissons(uniform: Floats, mean: float) -> Ints:
    """Return the Poisson quantile of each number: the least n with ``u <= P(N <= n)``.

    >>> poissons(np.array([0.1, 0.367, 0.369, 0.9999]), 1.0)
    array([0, 0, 1, 6])
    """
    if mean > MOST_JUMPS:
        raise ValueError(f"{mean:.4g} jumps in one step are expected; at most {MOST_JUMPS} can be")
    upto = [float(np.exp(-np.float64(mean)))]
    term = upto[0]
    # the terms rise up to the mean, then fall: past it none adds anything any more
    while len(upto) <= mean or upto[-1] + term > upto[-1]:
        term *= mean / len(upto)
        upto.append(upto[-1] + term)
    return np.searchsorted(np.array(upto), uniform, side="left")


def draws(seed: int, paths: range, steps: int, assets: int) -> Floats:
    """Return uniform draws, (path, step, asset, slot): number ``(step A + asset) 3 + slot``.

    Steps count from 0, as records do; the draws of step k make the move into record k.

    >>> batch = draws(7, range(8), 4, 2)
    >>> bool((draws(7, range(5, 6), 9, 2)[0, :4] == batch[5]).all())
    True
    """
    words = raw_words(seed, paths, steps * assets * SLOTS)
    return uniforms(words).reshape(len(paths), steps, assets, SLOTS)
