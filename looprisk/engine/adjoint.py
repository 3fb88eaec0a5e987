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
from looprisk.engine.dual import Slopes, plain, slopes_of
from looprisk.engine.form import Index, NormalForm, Numbers, Scalar
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
        total = sum((c * _exactly(y[v]) for v, c in self.nodes.items()), total)
        return sum((c * _exactly(z[k]) for k, c in self.claims.items()), total)


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
    values = np.array([_exactly(value) for value in y], dtype=object)
    marginal = _marginal(Block(_plain(form)), cells, read)
    z = Block(form).claim_values(values, cells, Fraction(s))
    received = Block(form).received(z)
    held = form.b_const + form.b_slope * Fraction(s) + received
    total = read.at(values, z, s) + sum(
        (weight * assets for weight, assets in zip(marginal, held, strict=True) if weight),
        Fraction(0),
    )
    return slopes_of(total)


def _marginal(block: Block, cells: Index, read: Reading) -> Numbers:
    """Return what a dollar more at each node adds to a reading, the loops followed."""
    form = block.form
    _, _, rate = block.claim_lines(cells)
    right = np.array([Fraction(0)] * form.nodes, dtype=object)
    for node, coef in read.nodes.items():
        right[node] += plain(coef)
    if read.claims:
        for node in range(form.nodes):
            own = np.where(form.issuer == node, rate, rate * 0)
            paid = block.with_faces(own, cells)
            right[node] += sum((plain(c) * paid[k] for k, c in read.claims.items()), Fraction(0))
    if not right.any():
        return right
    jacobian = block.jacobian(cells)
    try:
        return solve((identity(form.nodes, exact=True) - jacobian).T, right)
    except ClosedLoopError:
        raise NotExactError(
            "a loop in force returns every dollar: how it moves is not decided"
        ) from None


def _plain(form: NormalForm) -> NormalForm:
    """Return a form whose rates and shares are numbers alone."""
    return replace(
        form,
        held_share=_bare(form.held_share),
        pay_rate=_bare(form.pay_rate),
        face_coef=_bare(form.face_coef),
    )


def _bare(numbers: Numbers) -> Numbers:
    bare = np.empty(len(numbers), dtype=object)
    bare[:] = [plain(number) for number in numbers]
    return bare


def _exactly(value: Scalar) -> Fraction:
    return value if isinstance(value, Fraction) else Fraction(value)
