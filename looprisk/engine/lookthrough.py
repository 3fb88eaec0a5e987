"""Where dollars end: walks through a network of holdings, with loops summed exactly.

A node passes on all of a dollar that arrives at it, pro rata to what it has, or it is where dollars
end. The dollars that ever pass each node solve ``v = start + W' v``: the Leontief inverse of the
holdings (Leontief 1936; Kemeny & Snell 1960, absorbing chains). Loops are solved one by one, in the
order in which dollars reach them: in fractions if the network is small, in floats with a bound of
the error if not. Dollars that enter a closed loop, which nothing leaves, end there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array, csr_array, eye_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import bicgstab, splu

from looprisk.engine.form import Index, Numbers, Scalar
from looprisk.engine.levels import levels
from looprisk.errors import NoSolutionError

EXACT_NODES = 250
"""Up to so many nodes every number is a Fraction; above, float64."""
EXACT_LOOP = 60
"""Up to so many nodes of one loop too."""
DENSE = 60
"""Up to so many nodes a loop in floats is solved as a dense matrix."""
ROUNDS = 48
"""So often dollars are followed round a loop in floats before a system is solved for it."""
LOOK = 3
"""After so many rounds it is looked how much still moves."""
ABREAST = 32
"""So many sets are followed at once in floats: their dollars fit in the cache."""
ACCURACY = 1e-9
"""Largest error, relative to the largest number of a loop, of an answer that is given."""
_EMPTY: frozenset[int] = frozenset()


@dataclass(frozen=True, eq=False)
class _Loop:
    """One loop: its nodes, and the weights between them."""

    nodes: Index
    weights: Numbers | csr_array
    """[m, m], row by row who passes on; dense where small or exact."""

    @cached_property
    def longest(self) -> float:
        """Return a bound of the nodes that a dollar passes in the loop before it leaves.

        For a ``u`` with ``(I - W) u`` at least a half everywhere, no row of the inverse of
        ``I - W`` sums to more than twice the largest ``u``; nor where dollars stop at some nodes.
        """
        weights = csr_array(self.weights)
        system = csr_array(eye_array(len(self.nodes)) - weights)
        ones = np.ones((len(self.nodes), 1))
        summed = _rounds(weights, ones, ones, back=True)
        u = _found(system, ones[:, 0]) if summed is None else summed[:, 0]
        if not (system @ u >= 0.5).all() or u.min(initial=0.0) < 0:
            raise _too_tight(len(self.nodes))
        return 2 * float(u.max(initial=0.0))


@dataclass(frozen=True, eq=False)
class _Step:
    """Nodes that are done together: all that lead to them are done before."""

    loops: tuple[_Loop, ...]
    source: Index
    target: Index
    weight: Numbers
    """The edges that leave the nodes of this step."""


class Walk:
    """A network of ``size`` nodes in which dollars walk along weighted edges.

    The weights that leave a node sum to 1; a node without edges keeps what arrives.
    """

    def __init__(
        self, size: int, source: Sequence[int], target: Sequence[int], weight: Sequence[Scalar]
    ) -> None:
        """Sort the network into steps; numbers are exact where it is small and they are."""
        self.size = size
        from_, to = np.array(source, dtype=np.intp), np.array(target, dtype=np.intp)
        shape = (size, size)
        graph = coo_array((np.ones(len(from_)), (from_, to)), shape=shape).tocsr()
        count, label_ = connected_components(graph, directed=True, connection="strong")
        label = label_.astype(np.intp)
        largest = int(np.bincount(label, minlength=count).max(initial=0))
        small = size <= EXACT_NODES and largest <= EXACT_LOOP
        self.exact = small and all(isinstance(number, Fraction | int) for number in weight)
        self._trap, kept = _traps(from_, to, label, count)
        weights = _array(weight, exact=self.exact)[kept]
        level = levels(from_[kept], to[kept], label, count)
        self._steps = _steps(from_[kept], to[kept], weights, label, level)

    @property
    def trapped(self) -> frozenset[int]:
        """The nodes of closed loops; dollars end where they enter one."""
        return frozenset(self._trap)

    def visits(self, start: Mapping[int, Scalar]) -> list[Scalar]:
        """Return how many dollars pass each node, every return counted, of those that start.

        At a node that keeps dollars, those that end there.

        >>> Walk(3, [0, 0, 1, 1], [1, 2, 0, 2], [0.5, 0.5, 0.5, 0.5]).visits({0: 3.0})
        [4.0, 2.0, 3.0]
        """
        numbers: list[Scalar] = self._visits(start, [_EMPTY])[:, 0].tolist()
        return numbers

    def hits(self, start: Mapping[int, Scalar], sets: Sequence[Collection[int]]) -> list[Scalar]:
        """Return how many dollars reach each set of nodes at least once, of those that start.

        >>> Walk(3, [0, 0, 1, 1], [1, 2, 0, 2], [0.5, 0.5, 0.5, 0.5]).hits({0: 3.0}, [{1}, {1, 2}])
        [1.5, 3.0]
        """
        if not sets:
            return []
        whole = [self._closed(members) for members in sets]
        found: list[Scalar] = []
        width = len(whole) if self.exact else ABREAST
        for first in range(0, len(whole), width):
            some = whole[first : first + width]
            arrived = self._visits(start, some)
            found += [
                sum(arrived[sorted(members), column].tolist(), start=self._zero)
                for column, members in enumerate(some)
            ]
        return found

    def reach(self, members: Collection[int]) -> list[Scalar]:
        """Return for every node the part of its dollars that reaches a set; 1 for its members.

        >>> Walk(3, [0, 0, 1, 1], [1, 2, 0, 2], [0.5, 0.5, 0.5, 0.5]).reach({1})
        [0.5, 1.0, 0.0]
        """
        stop = self._closed(members)
        x = self._zeros(1)
        x[sorted(stop)] = self._one
        keep = self._keep([stop])
        for step in reversed(self._steps):
            passed = x[step.target] * step.weight[:, None]
            np.add.at(x, step.source, passed * keep[step.source])
            for loop in step.loops:
                x[loop.nodes] = _solved(loop, x[loop.nodes], keep[loop.nodes], back=True)
        numbers: list[Scalar] = x[:, 0].tolist()
        return numbers

    @property
    def _zero(self) -> Scalar:
        return Fraction(0) if self.exact else 0.0

    @property
    def _one(self) -> Scalar:
        return Fraction(1) if self.exact else 1.0

    def _zeros(self, columns: int) -> Numbers:
        zeros: Numbers = np.zeros((self.size, columns), dtype=object if self.exact else np.float64)
        if self.exact:
            zeros[:] = Fraction(0)
        return zeros

    def _keep(self, sets: Sequence[Collection[int]]) -> Numbers:
        """Return [n, sets] 1 where dollars go on, 0 at the members, where they stop."""
        keep = self._zeros(len(sets)) + self._one
        for column, members in enumerate(sets):
            keep[sorted(members), column] = self._zero
        return keep

    def _closed(self, members: Collection[int]) -> frozenset[int]:
        """Return a set with all of each closed loop that it meets: whoever enters comes by."""
        met = {self._trap[node] for node in members if node in self._trap}
        more = {node for node, trap in self._trap.items() if trap in met}
        return frozenset(members) | more

    def _visits(self, start: Mapping[int, Scalar], stops: Sequence[Collection[int]]) -> Numbers:
        """Return [n, stops] the dollars that pass each node while none goes on from a stop."""
        x = self._zeros(len(stops))
        for node, dollars in start.items():
            x[node] += Fraction(dollars) if self.exact else float(dollars)
        keep = self._keep(stops)
        for step in self._steps:
            for loop in step.loops:
                x[loop.nodes] = _solved(loop, x[loop.nodes], keep[loop.nodes], back=False)
            passed = x[step.source] * keep[step.source]
            np.add.at(x, step.target, passed * step.weight[:, None])
        return x


def _array(numbers: Sequence[Scalar], *, exact: bool) -> Numbers:
    if not exact:
        return np.array(numbers, dtype=np.float64)
    array: Numbers = np.empty(len(numbers), dtype=object)
    array[:] = [Fraction(number) for number in numbers]
    return array


def _traps(source: Index, target: Index, label: Index, count: int) -> tuple[dict[int, int], Index]:
    """Return the loop of every node of a closed one, and the edges that are not inside one."""
    inner = label[source] == label[target]
    open_ = np.zeros(count, dtype=np.bool_)
    open_[label[source[~inner]]] = True
    trapped = inner & ~open_[label[source]]
    nodes = np.unique(source[trapped])
    return dict(zip(nodes.tolist(), label[nodes].tolist(), strict=True)), np.flatnonzero(~trapped)


def _steps(
    source: Index, target: Index, weight: Numbers, label: Index, level: Index
) -> tuple[_Step, ...]:
    """Return the steps of a walk: the edges that leave each level, and the loops on it."""
    inner = label[source] == label[target]
    outer = np.flatnonzero(~inner)
    depth = level[label[source]]
    order = outer[np.argsort(depth[outer], kind="stable")]
    cuts = np.searchsorted(depth[order], np.arange(int(level.max(initial=-1)) + 2))
    loops: dict[int, list[_Loop]] = {}
    inside = np.flatnonzero(inner)
    inside = inside[np.argsort(label[source[inside]], kind="stable")]
    names, starts = np.unique(label[source[inside]], return_index=True)
    groups = np.split(inside, starts[1:]) if len(names) else []
    for name, edges in zip(names.tolist(), groups, strict=True):
        nodes = np.unique(source[edges])
        place = (np.searchsorted(nodes, source[edges]), np.searchsorted(nodes, target[edges]))
        loops.setdefault(int(level[name]), []).append(_loop(nodes, place, weight[edges]))
    return tuple(
        _Step(
            loops=tuple(loops.get(depth_, ())),
            source=source[edges],
            target=target[edges],
            weight=weight[edges],
        )
        for depth_, edges in enumerate(np.split(order, cuts[1:-1]) if len(level) else [])
    )


def _loop(nodes: Index, place: tuple[Index, Index], weight: Numbers) -> _Loop:
    m = len(nodes)
    if weight.dtype != object and m > DENSE:
        return _Loop(nodes, csr_array((weight, place), shape=(m, m)))
    dense: Numbers = np.zeros((m, m), dtype=weight.dtype)
    if weight.dtype == object:
        dense[:] = Fraction(0)
    np.add.at(dense, place, weight)
    return _Loop(nodes, dense)


def _solved(loop: _Loop, const: Numbers, keep: Numbers, *, back: bool) -> Numbers:
    """Return [m, columns] the x of ``x = const + W' (keep x)``; of ``const + keep W x`` if back."""
    if isinstance(loop.weights, csr_array):
        summed = _rounds(loop.weights, const, keep, back=back)
        if summed is not None and _is_close(loop, summed, const, keep, back=back):
            return summed
    x = const.copy()
    columns = range(const.shape[1])
    whole = [column for column in columns if bool((keep[:, column] == 1).all())]
    groups = [whole] if whole else []
    groups += [[column] for column in columns if column not in set(whole)]
    for some in groups:
        x[:, some] = _solve(loop, const[:, some], keep[:, some[0]], back=back)
    return x


def _solve(loop: _Loop, const: Numbers, keep: Numbers, *, back: bool) -> Numbers:
    weights = loop.weights
    if isinstance(weights, csr_array):
        masked = weights.multiply(keep[:, None]).tocsr()
        system = csr_array(eye_array(len(keep)) - (masked if back else masked.T))
        found = [_found(system, const[:, column]) for column in range(const.shape[1])]
        solution: Numbers = np.stack(found, axis=1)
    else:
        matrix = keep[:, None] * weights if back else (keep[:, None] * weights).T
        if matrix.dtype == object:
            return _eliminated(matrix, const)
        system = np.eye(len(matrix)) - matrix
        try:
            solution = np.linalg.solve(system, const)
        except np.linalg.LinAlgError:
            raise _too_tight(len(matrix)) from None
    if not _is_close(loop, solution, const, keep[:, None], back=back):
        raise _too_tight(len(keep))
    return solution


def _is_close(loop: _Loop, x: Numbers, const: Numbers, keep: Numbers, *, back: bool) -> bool:
    """Return whether an answer is proven: its residual, times the longest walk, is small."""
    on = keep * (loop.weights @ x) if back else loop.weights.T @ (keep * x)
    rest = x - on - const
    # what is passed on is bounded in sum, what reaches a set node by node
    size = np.abs(x).max(axis=0) if back else np.abs(x).sum(axis=0)
    error = np.abs(rest).max(axis=0) if back else np.abs(rest).sum(axis=0)
    return bool((loop.longest * error <= ACCURACY * size).all())


def _rounds(weights: csr_array, const: Numbers, keep: Numbers, *, back: bool) -> Numbers | None:
    """Return the sum of what passes in each round; ``None`` where rounds die out slowly."""
    way = weights if back else csr_array(weights.T)
    stops = np.nonzero(keep == 0)  # a stop or two a column: no pass over the whole for them
    x, moving = const.copy(), const.copy()
    for count in range(1, ROUNDS + 1):
        if back:
            moving = way @ moving
            moving[stops] = 0.0
        else:
            moving[stops] = 0.0
            moving = way @ moving
        x += moving
        if count % LOOK:
            continue
        left, size = np.abs(moving).max(axis=0), np.abs(x).max(axis=0)
        if (left <= 1e-17 * size).all():
            return x
        if count == ROUNDS // 4 and (left > 1e-4 * size).any():
            return None
    return None


def _eliminated(matrix: Numbers, const: Numbers) -> Numbers:
    """Return the x of ``x = const + matrix x`` in fractions."""
    n = len(matrix)
    rows = [[*(-matrix[i]), *const[i]] for i in range(n)]
    for i in range(n):
        rows[i][i] += 1
    for i in range(n):
        head = rows[i][i]
        if not head:
            raise _too_tight(n)
        rows[i] = [number / head if number else number for number in rows[i]]
        for other in range(n):
            factor = rows[other][i]
            if other != i and factor:
                rows[other] = [
                    a - factor * b if b else a for a, b in zip(rows[other], rows[i], strict=True)
                ]
    solution: Numbers = np.empty_like(const)
    for i in range(n):
        solution[i] = rows[i][n:]
    return solution


def _found(system: csr_array, const: Numbers) -> Numbers:
    size = float(np.abs(const).max(initial=0.0))
    if not size:
        return const * 0
    x, failed = bicgstab(system, const, rtol=1e-15, atol=1e-15 * size, maxiter=300)
    for _ in range(2):
        rest = const - system @ x
        if np.abs(rest).max() > 1e-14 * size:
            more, _ = bicgstab(system, rest, rtol=1e-6, maxiter=300)
            x = x + more
    if failed and not np.abs(const - system @ x).max() <= 1e-12 * size:
        try:
            x = splu(system.tocsc()).solve(const)
        except RuntimeError:
            raise _too_tight(len(const)) from None
    found: Numbers = x
    return found


def _too_tight(members: int) -> NoSolutionError:
    return NoSolutionError(
        f"a loop of {members} nodes keeps so nearly every dollar that where they end cannot be told"
    )
