"""The linear systems of many scenarios, each in its own cells, and how wrong a solution can be.

Only nodes some of whose claims move with their value feed a loss back; all others follow from them
in one pass. The systems of all scenarios stand next to each other in one sparse matrix.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.sparse import csr_array, eye_array
from scipy.sparse.linalg import SuperLU, splu

from looprisk.engine.form import Flags, Numbers
from looprisk.engine.inside import EPS, Inside

STEPS = 200
"""Powers of a matrix before it counts as shrinking too slowly to iterate."""
FACTORED = 4000
"""Up to so many unknowns a slow system is factored."""
ACCURATE = 8 * EPS
"""Relative size of a last step, or of what a bound leaves out."""


class Regime:
    """``x = g + J x`` for the nodes that feed back, where claims move at ``rate`` [S, claims]."""

    def __init__(self, inside: Inside, rate: Numbers) -> None:
        nodes = inside.form.nodes
        scenario, claim = np.nonzero(rate)
        source = scenario * nodes + inside.issuer[claim]
        self._feeds = np.zeros(len(rate) * nodes, dtype=np.bool_)
        self._feeds[source] = True
        self._flat = np.flatnonzero(self._feeds)
        self.scenario = self._flat // nodes
        self._count = len(rate)

        matrix = inside.by_claim
        width = np.diff(matrix.indptr)[claim]
        pair = np.repeat(np.arange(len(claim)), width)
        entry = np.arange(len(pair)) + (matrix.indptr[claim] - np.cumsum(width) + width)[pair]
        target = scenario[pair] * nodes + matrix.indices[entry]
        kept = np.flatnonzero(self._feeds[target])
        pair, entry = pair[kept], entry[kept]
        place = np.cumsum(self._feeds) - 1
        size = len(self._flat)
        weight = matrix.data[entry] * rate[scenario[pair], claim[pair]]
        where = (place[target[kept]], place[source[pair]])
        self._matrix = csr_array((weight, where), shape=(size, size))

    @cached_property
    def _weights(self) -> tuple[Numbers, Flags]:
        """Weights with ``sum |(I - J)^-1 r| <= weights @ |r|``, and the scenarios that have them.

        They exist once some power of ``J`` loses half of every dollar.
        """
        term: Numbers = np.ones(len(self._flat))
        total: Numbers = term.copy()
        for _ in range(STEPS):
            term = self._matrix.T @ term
            if term.max(initial=0.0) <= 0.5:
                return 2 * total, np.ones(self._count, dtype=np.bool_)
            total += term
        factors = self._factored(transposed=True)
        if factors is not None:
            total = factors.solve(np.ones(len(term)))
            term = np.where(total > 0, 1 - total + self._matrix.T @ total, 1.0)
        lost = np.zeros(self._count)
        np.maximum.at(lost, self.scenario, term)
        return 2 * total, lost <= 0.5

    def _factored(self, *, transposed: bool) -> SuperLU | None:
        """Return the factors of ``I - J``, None where it is too large for them or singular."""
        if np.bincount(self.scenario).max(initial=0) > FACTORED:
            return None
        matrix = eye_array(len(self._flat)) - self._matrix
        try:
            return splu((matrix.T if transposed else matrix).tocsc())
        except RuntimeError:
            return None

    @property
    def shrinks(self) -> Flags:
        """[S] whether every loss dies out on its way round, so that the solution is unique."""
        return self._weights[1]

    def solve(self, g: Numbers, start: Numbers, accuracy: float = ACCURATE) -> Numbers:
        """Return the solution [S, N]; nodes that feed nothing back stay as in ``g``."""
        fed = g.reshape(-1)[self._flat]
        x = start.reshape(-1)[self._flat]
        for _ in range(STEPS):
            new = fed + self._matrix @ x
            step = np.abs(new - x).max(initial=0.0)
            x = new
            if step <= accuracy * np.abs(x).max(initial=0.0):
                break
        else:
            factors = self._factored(transposed=False)
            if factors is not None:
                x = factors.solve(fed)
                x += factors.solve(fed + self._matrix @ x - x)
        y = g.copy()
        y.reshape(-1)[self._flat] = x
        return y

    def error(self, g: Numbers, y: Numbers, accuracy: float = ACCURATE) -> Numbers:
        """Return [S, N] a bound of how far ``y`` is from the solution, where :attr:`shrinks`."""
        fed = g.reshape(-1)[self._flat]
        x = y.reshape(-1)[self._flat]
        passed = self._matrix @ x
        term = np.abs(x - fed - passed) + 4 * EPS * (np.abs(fed) + np.abs(passed))
        total = term.copy()
        weights, _ = self._weights
        for _ in range(STEPS):
            term = self._matrix @ term
            total += term
            rest = np.bincount(self.scenario, weights * term, minlength=self._count)
            if rest.max(initial=0.0) <= accuracy * np.abs(x).max(initial=0.0):
                break
        bound = np.zeros_like(g)
        bound.reshape(-1)[self._flat] = total + rest[self.scenario]
        return bound
