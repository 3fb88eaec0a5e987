"""The linear systems of many scenarios of a small form, each in its own cells, by dense algebra.

Scenarios differ from a typical one in the cells of some nodes only. The matrix of the typical one
is inverted once; what a scenario differs by is a system of as few unknowns as there are claims
that move at another rate (Woodbury's identity).
"""

from __future__ import annotations

import numpy as np

from looprisk.engine.form import Flags, Index, Numbers
from looprisk.engine.inside import EPS, Inside

SAMPLE = 100
"""From so many scenarios the typical one is taken."""
ACCURATE = 64 * EPS
"""Relative size of a residual that is left."""
WIDEST = 2**20
"""Numbers in the small systems that are solved at once."""


class Nearby:
    """``x = g + J x`` where claims move at ``rate`` [S, claims].

    Every choice of cells must lose some of every dollar on its way round (:attr:`Inside.weights`).
    """

    def __init__(self, inside: Inside, weights: Numbers, rate: Numbers) -> None:
        assert inside.theta_t is not None  # noqa: S101  (dense algebra is for small forms)
        self._weights = weights
        self._issuer, self._of = inside.issuer, inside.of
        self._theta_t = inside.theta_t
        self._rate = rate
        nodes = inside.form.nodes
        typical = np.median(rate[:: 1 + len(rate) // SAMPLE], axis=0)
        self._inverse_t = np.linalg.inv(np.eye(nodes) - _flow(inside, typical))
        """[from, to]: ``x = g @ inverse`` solves the typical scenario."""
        self._spread = self._theta_t @ self._inverse_t
        self._apart = rate - typical
        self._groups = _by_count(self._apart != 0)

    @property
    def shrinks(self) -> Flags:
        """[S] whether every loss dies out on its way round: always here."""
        return np.ones(len(self._rate), dtype=np.bool_)

    def solve(self, g: Numbers) -> Numbers:
        """Return the solution [S, N], refined where rounding shows."""
        x = self._solved(g)
        gap = g + self._passed(x) - x
        if np.abs(gap).max(initial=0.0) > ACCURATE * np.abs(x).max(initial=0.0):
            x += self._solved(gap)
        return x

    def error(self, g: Numbers, x: Numbers) -> Numbers:
        """Return [S, N] a bound of how far ``x`` is from the solution."""
        passed = self._passed(x)
        gap = np.abs(x - g - passed) + 4 * EPS * (np.abs(g) + np.abs(passed))
        return np.broadcast_to((gap @ self._weights)[:, None], x.shape)

    def _passed(self, x: Numbers) -> Numbers:
        passed: Numbers = (self._rate * x[:, self._of]) @ self._theta_t
        return passed

    def _solved(self, g: Numbers) -> Numbers:
        """``x = (g + moved @ theta) @ inverse`` with ``moved = apart * x[issuer]``."""
        x: Numbers = g @ self._inverse_t
        moved = np.zeros_like(self._apart)
        for rows, claims in self._groups:
            apart = np.take_along_axis(self._apart[rows], claims, axis=1)
            of = self._issuer[claims]
            place = claims[:, None, :] * self._spread.shape[1] + of[:, :, None]
            system = self._spread.take(place)
            system *= -apart[:, :, None]
            diagonal = np.arange(claims.shape[1])
            system[:, diagonal, diagonal] += 1
            wanted = apart * np.take_along_axis(x[rows], of, axis=1)
            found = np.linalg.solve(system, wanted[:, :, None])[:, :, 0]
            moved[rows[:, None], claims] = found
        x += moved @ self._spread
        return x


def ceiling(inside: Inside, weights: Numbers, rate: Numbers, g: Numbers) -> Numbers:
    """Return upper bounds [S, N] of what is at most ``g`` plus claims at ``rate`` [claims]."""
    flow = _flow(inside, rate)
    x: Numbers = np.empty_like(g)
    try:
        inverse: Numbers = np.linalg.inv(np.eye(len(flow)) - flow)
    except np.linalg.LinAlgError:
        inverse = -flow
    # without a negative entry every loss dies out, at all these rates together
    if (inverse >= 0).all():
        x = g @ inverse
        gap = np.abs(x - g - x @ flow) + 4 * EPS * x
        x += gap @ (2 * inverse)
    else:
        x[:] = (np.maximum(g, 0) @ weights)[:, None]
    return x


def _flow(inside: Inside, rate: Numbers) -> Numbers:
    """Return [from, to] what a dollar at a node passes on."""
    assert inside.theta_t is not None  # noqa: S101  (dense algebra is for small forms)
    flow = np.zeros((inside.form.nodes, inside.form.nodes))
    np.add.at(flow, inside.issuer, rate[:, None] * inside.theta_t)
    return flow


def _by_count(differs: Flags) -> list[tuple[Index, Index]]:
    """Return (rows, [rows, k] columns): rows with about as many columns that differ together.

    Columns that do not differ fill up; their equations say that nothing is moved.
    """
    count = differs.sum(axis=1)
    order = np.argsort(count, kind="stable")
    order = order[count[order] > 0]
    groups = []
    while len(order):
        most = int(count[order[-1]])
        near = int(np.searchsorted(count[order], most - max(1, most // 6)))
        near = max(near, len(order) - max(1, WIDEST // most**2))
        rows = order[near:]
        columns = np.argsort(~differs[rows], axis=1, kind="stable")[:, :most]
        groups.append((rows, columns))
        order = order[:near]
    return groups
