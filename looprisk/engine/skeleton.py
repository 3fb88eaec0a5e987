"""A system as named nodes, claims and cells: the last form that a person can read.

:func:`assemble` turns it into the arrays of the normal form. This is the only place where names
become indices, and :class:`Index` holds the way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np

from looprisk.engine.affine import Affine, affine
from looprisk.engine.form import Names, NormalForm

ZERO = Affine(Fraction(0))
ClaimKind = Literal["share", "par", "supply", "loan", "equity", "debt", "owner", "reserve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim on a node: who pays it, what was promised, and in how many units it is held."""

    id: str
    kind: ClaimKind
    face: Affine | None = None
    """What was promised, in USD; None for a residual."""
    units: Fraction = Fraction(1)
    holders: tuple[tuple[str, Fraction], ...] = ()
    """(node, share of the units) for every holder inside; the rest is held outside."""

    @property
    def outside_share(self) -> Fraction:
        """The share of the claim that holders outside have."""
        return 1 - sum((share for _, share in self.holders), Fraction(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """``const + own * y + sum of coef * z(claim) >= 0``, in words and in numbers."""

    holds: str
    """What is true while it holds: ``S covers what it owes E``."""
    fails: str
    """What to say when it fails: ``S has less than it owes E``."""
    const: Affine
    own: Fraction = Fraction(0)
    reads: tuple[tuple[str, Fraction], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """What a claim gets in one cell: ``const + rate * y``."""

    const: Affine = ZERO
    rate: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One way a node splits its value; ``needs`` are indices into the node's conditions."""

    needs: tuple[int, ...]
    pays: tuple[Pay, ...]
    state: frozenset[str] = frozenset()
    """Words for what happened to the node in this cell: ``liquidated``, ``unpaid``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A claim held outside that gets ``y (1 - part / whole)``.

    A ratio of what the solution decides.
    """

    claim: str
    part: Affine
    whole: Affine


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Something with assets and claims on them."""

    id: str
    b: Affine
    """Its exogenous assets, in USD."""
    claims: tuple[Claim, ...]
    conditions: tuple[Condition, ...]
    cells: tuple[Cell, ...]
    leak: str = ""
    """Who gets what the claims do not: ``liquidators``, ``default cost``, ``withheld``."""
    apart: Apart | None = None
    """A payment outside that is read off a solution, in cells whose state is ``apart``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """All nodes of a system on one segment of a shock."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Index:
    """Names to indices of a form."""

    node: dict[str, int]
    claim: dict[str, int]
    claim_of: tuple[Claim, ...]
    cell_state: tuple[frozenset[str], ...] = field(default=())
    condition_of: tuple[tuple[str, Condition], ...] = field(default=())
    """(node id, condition) for every condition."""


def assemble(skeleton: Skeleton) -> tuple[NormalForm, Index]:
    """Return the exact normal form of a skeleton and the index of its names."""
    nodes = skeleton.nodes
    claims = [claim for node in nodes for claim in node.claims]
    index = Index(
        node={node.id: i for i, node in enumerate(nodes)},
        claim={claim.id: i for i, claim in enumerate(claims)},
        claim_of=tuple(claims),
        cell_state=tuple(cell.state for node in nodes for cell in node.cells),
        condition_of=tuple((node.id, c) for node in nodes for c in node.conditions),
    )
    held = [(index.claim[c.id], index.node[by], share) for c in claims for by, share in c.holders]
    conditions = [(i, c) for i, node in enumerate(nodes) for c in node.conditions]
    reads = [
        (k, index.claim[claim], coef)
        for k, (_, condition) in enumerate(conditions)
        for claim, coef in (*condition.reads, *condition.const.reads)
    ]
    first_condition = _starts([len(node.conditions) for node in nodes])
    cells = [(i, cell) for i, node in enumerate(nodes) for cell in node.cells]
    needs = [[first_condition[i] + need for need in cell.needs] for i, cell in cells]
    pays = [pay for _, cell in cells for pay in cell.pays]
    faces = [
        (p, index.claim[claim], coef)
        for p, pay in enumerate(pays)
        for claim, coef in pay.const.reads
    ]
    form = NormalForm(
        b_const=_numbers([node.b.const for node in nodes]),
        b_slope=_numbers([node.b.slope for node in nodes]),
        claim_ptr=_starts([len(node.claims) for node in nodes]),
        held_claim=_indices([h[0] for h in held]),
        held_by=_indices([h[1] for h in held]),
        held_share=_numbers([h[2] for h in held]),
        cell_ptr=_starts([len(node.cells) for node in nodes]),
        pay_const=_numbers([pay.const.const for pay in pays]),
        pay_slope=_numbers([pay.const.slope for pay in pays]),
        pay_rate=_numbers([pay.rate for pay in pays]),
        cond_node=_indices([i for i, _ in conditions]),
        cond_const=_numbers([c.const.const for _, c in conditions]),
        cond_slope=_numbers([c.const.slope for _, c in conditions]),
        cond_own=_numbers([c.own for _, c in conditions]),
        read_cond=_indices([r[0] for r in reads]),
        read_claim=_indices([r[1] for r in reads]),
        read_coef=_numbers([r[2] for r in reads]),
        cell_cond_ptr=_starts([len(need) for need in needs]),
        cell_cond=_indices([k for need in needs for k in need]),
        face_pay=_indices([f[0] for f in faces]),
        face_claim=_indices([f[1] for f in faces]),
        face_coef=_numbers([f[2] for f in faces]),
        names=Names(
            nodes=tuple(node.id for node in nodes),
            claims=tuple(claim.id for claim in claims),
            conditions=tuple(c.holds for _, c in conditions),
            leaks=tuple(node.leak for node in nodes),
        ),
    )
    return form, index


def line(value: Affine | Fraction | int) -> Pay:
    """Return a payment that does not depend on the node's value."""
    return Pay(const=affine(value))


def _starts(widths: list[int]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.concatenate([[0], np.cumsum(np.array(widths, dtype=np.intp))]).astype(np.intp)


def _indices(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.array(values, dtype=np.intp)


def _numbers(values: Sequence[Fraction | int]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    array = np.empty(len(values), dtype=object)
    array[:] = [Fraction(v) if isinstance(v, int) else v for v in values]
    return array
