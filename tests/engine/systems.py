"""Small systems for the engine's tests: nodes written cell by cell, and random ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

import numpy as np

from looprisk.engine.form import Names, NormalForm

Line = tuple[Fraction, Fraction]
"""A straight line in the value of the node: (const, rate)."""


@dataclass(frozen=True)
class Condition:
    """``const + own * y + sum of coef * z[(node, claim)] >= 0``."""

    const: Fraction
    own: Fraction = Fraction(0)
    reads: tuple[tuple[tuple[int, int], Fraction], ...] = ()


@dataclass(frozen=True)
class Node:
    """Conditions, and cells as (which conditions, what each claim gets), healthiest first."""

    b: Fraction
    claims: int
    conditions: tuple[Condition, ...]
    cells: tuple[tuple[tuple[int, ...], tuple[Line, ...]], ...]
    b_slope: Fraction = Fraction(0)


Holding = tuple[tuple[int, int], int, Fraction]
"""((issuer, claim), holder, share)."""


def build(nodes: Sequence[Node], held: Sequence[Holding]) -> NormalForm:
    """Return the exact normal form of some nodes and of who holds what of whom."""
    n = len(nodes)
    claim_ptr = pointer([node.claims for node in nodes])
    cond_ptr = pointer([len(node.conditions) for node in nodes])
    conditions = [condition for node in nodes for condition in node.conditions]
    cells = [(v, *cell) for v, node in enumerate(nodes) for cell in node.cells]
    pays = [line for _, _, lines in cells for line in lines]
    reads = [(k, claim, coef) for k, c in enumerate(conditions) for claim, coef in c.reads]
    return NormalForm(
        b_const=exact([node.b for node in nodes]),
        b_slope=exact([node.b_slope for node in nodes]),
        claim_ptr=claim_ptr,
        held_claim=whole([claim_ptr[w] + c for (w, c), _, _ in held]),
        held_by=whole([holder for _, holder, _ in held]),
        held_share=exact([share for _, _, share in held]),
        cell_ptr=pointer([len(node.cells) for node in nodes]),
        pay_const=exact([const for const, _ in pays]),
        pay_slope=exact([0] * len(pays)),
        pay_rate=exact([rate for _, rate in pays]),
        cond_node=np.repeat(np.arange(n), np.diff(cond_ptr)),
        cond_const=exact([c.const for c in conditions]),
        cond_slope=exact([0] * len(conditions)),
        cond_own=exact([c.own for c in conditions]),
        read_cond=whole([k for k, _, _ in reads]),
        read_claim=whole([claim_ptr[w] + c for _, (w, c), _ in reads]),
        read_coef=exact([coef for _, _, coef in reads]),
        cell_cond_ptr=pointer([len(needs) for _, needs, _ in cells]),
        cell_cond=whole([cond_ptr[v] + i for v, needs, _ in cells for i in needs]),
        face_pay=whole([]),
        face_claim=whole([]),
        face_coef=exact([]),
        names=Names(
            nodes=tuple(str(v) for v in range(n)),
            claims=tuple(f"{v}.{c}" for v, node in enumerate(nodes) for c in range(node.claims)),
            conditions=tuple(f"c{k}" for k in range(len(conditions))),
            leaks=("",) * n,
        ),
    )


def pointer(widths: Sequence[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.array(widths, dtype=np.intp))]).astype(np.intp)


def whole(values: Sequence[int]) -> np.ndarray:
    return np.array(values, dtype=np.intp)


def exact(values: Sequence[Fraction | int]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = [Fraction(x) for x in values]
    return array


def issuer(b, faces=(), *, alpha=1, beta=1) -> Node:
    """Debts in the order of their rank, then equity; default costs below the sum of faces."""
    b, alpha, beta = Fraction(b), Fraction(alpha), Fraction(beta)
    zero, one = Fraction(0), Fraction(1)
    ranked = [Fraction(f) for f in faces]
    total = sum(ranked, zero)
    lost = (alpha - beta) * b
    conditions = [Condition(-total, one)] if ranked else []
    cells = [((0,) if ranked else (), (*((f, zero) for f in ranked), (-total, one)))]
    for r in reversed(range(len(ranked))):
        senior = sum(ranked[:r], zero)
        paid = [(f, zero) for f in ranked[:r]]
        rest = [(zero, zero)] * (len(ranked) - r)
        if r:
            conditions.append(Condition(lost - senior, beta))
        needs = (len(conditions) - 1,) if r else ()
        cells.append((needs, (*paid, (lost - senior, beta), *rest)))
    return Node(b, len(ranked) + 1, tuple(conditions), tuple(cells))


def position(b, debt, lltv, phi, face=0, *, trigger: Condition | None = None) -> Node:
    """Lender, token of a face, junior: MODEL 1.2 for any order of its thresholds.

    The loan is healthy iff ``lltv * y >= debt``, or by the ``trigger`` if one is given.
    """
    b, d, f, phi = (Fraction(x) for x in (b, debt, face, phi))
    zero, one = Fraction(0), Fraction(1)
    healthy = trigger or Condition(-d, Fraction(lltv))
    need = [d + f, d, phi * d + f, phi * d]
    conditions = (healthy, *(Condition(-x, one) for x in need))
    cells = (
        ((0, 1), ((d, zero), (f, zero), (-d - f, one))),
        ((0, 2), ((d, zero), (-d, one), (zero, zero))),
        ((0,), ((zero, one), (zero, zero), (zero, zero))),
        ((3,), ((d, zero), (f, zero), (-phi * d - f, one))),
        ((4,), ((d, zero), (-phi * d, one), (zero, zero))),
        ((), ((zero, 1 / phi), (zero, zero), (zero, zero))),
    )
    if trigger is None:
        # the own value decides: below the debt it is never healthy
        return Node(b, 3, conditions, (*cells[:2], *cells[3:]))
    return Node(b, 3, conditions, cells)


def random_system(seed: int, *, most: int = 300) -> NormalForm:
    """Return 2-5 nodes that mix every element, with at most ``most`` combinations of cells.

    No claim is held whole inside, so that every combination has one solution.
    """
    random = Random(seed)
    for _ in itertools.count():
        n = random.choice([2, 3, 3, 4, 4, 5])
        nodes = [_random_node(random, n) for _ in range(n)]
        if np.prod([len(node.cells) for node in nodes]) <= most:
            break
    nodes = [_aimed(node, v, nodes) for v, node in enumerate(nodes)]
    held: list[Holding] = []
    for w, node in enumerate(nodes):
        for c in range(node.claims):
            left = Fraction(random.choice([8, 9, 9, 9]), 10)
            for v in random.sample(range(n), random.choice([1, 1, 2])):
                share = left * Fraction(random.choice([2, 4, 4]), 4)
                left -= share
                if share:
                    held.append(((w, c), v, share))
    return build(nodes, held)


def _random_node(random: Random, n: int) -> Node:
    b = random.choice([0, 0, 1, 2, 5])
    kind = random.choice(["issuer", "costly", "ranks", "position", "gauge"])
    if kind == "position":
        return position(b, random.randint(2, 9), *_terms(random), random.choice([0, 2, 5]))
    if kind == "gauge":
        other = (random.randrange(n), 0)
        read = (other, Fraction(random.randint(1, 4), 2))
        trigger = Condition(
            Fraction(-random.randint(1, 8)), Fraction(random.choice([0, 0, 1]), 2), (read,)
        )
        face = random.choice([0, 3])
        return position(b, random.randint(2, 9), 1, _terms(random)[1], face, trigger=trigger)
    faces = [random.randint(1, 9) for _ in range(2 if kind == "ranks" else 1)]
    cost = {}
    if kind == "costly" or (kind == "ranks" and random.random() < 0.5):
        cost = {
            "alpha": Fraction(random.randint(0, 10), 10),
            "beta": Fraction(random.randint(3, 10), 10),
        }
    return issuer(b, faces, **cost)


def _terms(random: Random) -> tuple[Fraction, Fraction]:
    return random.choice(
        [(Fraction(4, 5), Fraction(11, 10)), (Fraction(1, 2), Fraction(6, 5)), (Fraction(9, 10), 1)]
    )


def _aimed(node: Node, v: int, nodes: list[Node]) -> Node:
    """Let a gauge read the last claim of another node, or of its own where it drew itself."""
    if not node.conditions or not node.conditions[0].reads:
        return node
    (((w, _), coef),) = node.conditions[0].reads
    aimed = replace(node.conditions[0], reads=(((w, nodes[w].claims - 1 - (w == v)), coef),))
    return replace(node, conditions=(aimed, *node.conditions[1:]))
