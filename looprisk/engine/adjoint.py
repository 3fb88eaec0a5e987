"""How one number of a solution moves with every input at once: one linear solve, transposed.

In the cells in force ``y = b + Theta z(y)``, so ``(I - J)' lambda = dF/dy`` gives for any input

    dF = lambda . d(b + Theta z) + the change of F itself

at values that stay (MODEL 5). The changes come from the same system compiled on numbers that carry
their derivatives. It holds while every node stays in its cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from looprisk.engine.block import Block
from looprisk.engine.clear import Solution
from looprisk.engine.dual import Slopes, exactly, plain, slopes_of
from looprisk.engine.form import Index, NormalForm, Numbers, Scalar, active_cells
from looprisk.engine.linear import ClosedLoopError, identity, solve
from looprisk.errors import NotExactError


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A number read off a solution: ``const + slope s + nodes . y + claims . z``."""

    const: Fraction = Fraction(0)
    slope: Fraction = Fraction(0)
    nodes: Mapping[int, Fraction]
    claims: Mapping[int, Fraction]

    def at(self, y: Numbers, z: Numbers, s: Scalar) -> Fraction:
        """Return the number at node values ``y`` and claim values ``z``."""
        total = self.const + self.slope * Fraction(s)
        total = sum((c * exactly(y[v]) for v, c in self.nodes.items()), total)
        return sum((c * exactly(z[k]) for k, c in self.claims.items()), total)


def condition_of(form: NormalForm, place: int) -> Reading:
    """Return the number whose sign decides a condition."""
    read = np.flatnonzero(form.read_cond == place)
    claims: dict[int, Fraction] = {}
    for entry in read:
        claim = int(form.read_claim[entry])
        claims[claim] = claims.get(claim, Fraction(0)) + form.read_coef[entry]
    own = form.cond_own[place]
    return Reading(
        const=form.cond_const[place],
        slope=form.cond_slope[place],
        nodes={int(form.cond_node[place]): own} if own else {},
        claims=claims,
    )


def derivatives(form: NormalForm, cells: Index, y: Numbers, s: Scalar, read: Reading) -> Slopes:
    """Return the derivative of a reading to every input that the numbers of ``form`` carry.

    ``form`` is exact, compiled on dual numbers; ``y`` [N] is a solution of it at ``s`` with every
    node in its cell. The derivative is the one while no cell changes.

    Raises NotExactError where a loop in these cells returns every dollar.
    """
    values = np.array([exactly(value) for value in y], dtype=object)
    bare = _plain(form)
    marginal = _marginal(Block(bare if y.dtype == object else bare.floats()), cells, read)
    z = Block(form).claim_values(values, cells, Fraction(s))
    received = _received(Block(form), z)
    held = form.b_const + form.b_slope * Fraction(s) + received
    total = read.at(values, z, s) + sum(
        (exactly(w) * assets for w, assets in zip(marginal, held, strict=True) if w),
        Fraction(0),
    )
    return slopes_of(total)


def _received(block: Block, z: Numbers) -> Numbers:
    """Return ``Theta z`` added up one by one: sums over whole numbers forget what they carry."""
    got = block.zeros(block.form.nodes)
    np.add.at(got, block.held_by, block.held_share * z[block.held_claim])
    return got


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The derivatives of a number as each input rises and as it falls; None where it jumps."""

    up: Mapping[int, Fraction | None]
    down: Mapping[int, Fraction | None]
    border: tuple[int, ...]
    """Conditions that are exactly on their border."""


def one_sided(form: NormalForm, solution: Solution, read: Reading, *, exact: bool) -> Sides:
    """Return the derivatives of a reading at a solution, one-sided where a condition is at zero.

    ``form`` is compiled on dual numbers at one point. A condition on its border fails as an input
    moves if it falls with it while all that must not fail holds: the tangent rule, from the
    healthy side (MODEL 4.4). In floats no number is exactly on a border.
    """
    cells, y = solution.cells, solution.y
    whole = derivatives(form, cells, y, 0, read)
    zeros = on_border(form, solution) if exact else ()
    if not zeros:
        return Sides(up=dict(whole), down=dict(whole), border=())
    memory: dict[frozenset[int], tuple[Slopes | None, Mapping[int, Slopes]]] = {}

    def failing(failed: frozenset[int]) -> tuple[Slopes | None, Mapping[int, Slopes]]:
        if failed not in memory:
            memory[failed] = _with_failed(form, solution, read, zeros, failed)
        return memory[failed]

    sides: list[dict[int, Fraction | None]] = []
    seen = {place for slopes in failing(frozenset())[1].values() for place in slopes} | set(whole)
    for sign in (1, -1):
        side: dict[int, Fraction | None] = {}
        for place in seen:
            failed: frozenset[int] = frozenset()
            while True:
                slopes, moved = failing(failed)
                more = {k for k, of in moved.items() if sign * of.get(place, 0) < 0} - failed
                if slopes is None or not more:
                    break
                failed |= more
            side[place] = None if slopes is None else slopes.get(place, Fraction(0))
        sides.append(side)
    return Sides(up=sides[0], down=sides[1], border=zeros)


def on_border(form: NormalForm, solution: Solution) -> tuple[int, ...]:
    """Return the conditions that hold with nothing to spare, and whose failing changes a cell."""
    found = []
    for place in np.flatnonzero(solution.alive):
        number = condition_of(form, int(place)).at(solution.y, solution.z, 0)
        alive = solution.alive.copy()
        alive[place] = False
        if not number and (active_cells(form, alive) != solution.cells).any():
            found.append(int(place))
    return tuple(found)


def _with_failed(
    form: NormalForm,
    solution: Solution,
    read: Reading,
    zeros: tuple[int, ...],
    failed: frozenset[int],
) -> tuple[Slopes | None, Mapping[int, Slopes]]:
    """Return the derivatives of a reading and of what is at zero, once some conditions fail.

    None where a payment jumps as they fail.
    """
    alive = solution.alive.copy()
    alive[list(failed)] = False
    cells = active_cells(form, alive)
    block, y = Block(_plain(form)), solution.y
    if (block.claim_values(y, cells) != solution.z).any():
        return None, {}
    moved = {k: derivatives(form, cells, y, 0, condition_of(form, k)) for k in zeros}
    return derivatives(form, cells, y, 0, read), moved


def _marginal(block: Block, cells: Index, read: Reading) -> Numbers:
    """Return what a dollar more at each node adds to a reading, the loops followed."""
    form = block.form
    _, _, rate = block.claim_lines(cells)
    right = block.zeros(form.nodes)
    coefs = np.array([plain(c) for c in read.claims.values()], dtype=rate.dtype)
    for node, coef in read.nodes.items():
        right[node] += np.array([plain(coef)], dtype=rate.dtype)[0]
    for node in range(form.nodes) if read.claims else ():
        own = np.where(form.issuer == node, rate, rate * 0)
        right[node] += (coefs * block.with_faces(own, cells)[list(read.claims)]).sum()
    if not right.any():
        return right
    jacobian = block.jacobian(cells)
    try:
        return solve((identity(form.nodes, exact=form.exact) - jacobian).T, right)
    except ClosedLoopError:
        raise NotExactError(
            "a loop in force returns every dollar: how it moves is not decided"
        ) from None


def _plain(form: NormalForm) -> NormalForm:
    """Return a form whose numbers carry nothing."""
    return replace(
        form,
        b_const=_bare(form.b_const),
        b_slope=_bare(form.b_slope),
        held_share=_bare(form.held_share),
        pay_const=_bare(form.pay_const),
        pay_slope=_bare(form.pay_slope),
        pay_rate=_bare(form.pay_rate),
        cond_const=_bare(form.cond_const),
        cond_slope=_bare(form.cond_slope),
        cond_own=_bare(form.cond_own),
        read_coef=_bare(form.read_coef),
        face_coef=_bare(form.face_coef),
    )


def _bare(numbers: Numbers) -> Numbers:
    bare = np.empty(len(numbers), dtype=object)
    bare[:] = [plain(number) for number in numbers]
    return bare
