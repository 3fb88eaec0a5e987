"""Small systems for the engine's tests: nodes written cell by cell, and random ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

import numpy as np

from looprisk.engine.form import Names, NormalForm

Line = tuple[Fraction, Fraction] | tuple[Fraction, Fraction, Fraction]
"""A straight line in the value of the node: (const, rate), or (const, rate, slope in s)."""


@dataclass(frozen=True)
class Condition:
    """``const + own * y + sum of coef * z[(node, claim)] >= 0``."""

    const: Fraction
    own: Fraction = Fraction(0)
    reads: tuple[tuple[tuple[int, int], Fraction], ...] = ()
    slope: Fraction = Fraction(0)


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
    pays = [(*line, Fraction(0))[:3] for _, _, lines in cells for line in lines]
    reads = [(k, claim, coef) for k, c in enumerate(conditions) for claim, coef in c.reads]
    return NormalForm(
        b_const=exact([node.b for node in nodes]),
        b_slope=exact([node.b_slope for node in nodes]),
        claim_ptr=claim_ptr,
        held_claim=whole([claim_ptr[w] + c for (w, c), _, _ in held]),
        held_by=whole([holder for _, holder, _ in held]),
        held_share=exact([share for _, _, share in held]),
        cell_ptr=pointer([len(node.cells) for node in nodes]),
        pay_const=exact([const for const, _, _ in pays]),
        pay_slope=exact([slope for _, _, slope in pays]),
        pay_rate=exact([rate for _, rate, _ in pays]),
        cond_node=np.repeat(np.arange(n), np.diff(cond_ptr)),
        cond_const=exact([c.const for c in conditions]),
        cond_slope=exact([c.slope for c in conditions]),
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


def issuer(b, faces=(), *, alpha=1, beta=1, b_slope=0) -> Node:
    """Debts in the order of their rank, then equity; default costs below the sum of faces."""
    b, alpha, beta, b_slope = (Fraction(x) for x in (b, alpha, beta, b_slope))
    zero, one = Fraction(0), Fraction(1)
    ranked = [Fraction(f) for f in faces]
    total = sum(ranked, zero)
    # a node in default distributes beta y + (alpha - beta) b, and b moves
    kept, moves = (alpha - beta) * b, (alpha - beta) * b_slope
    conditions = [Condition(-total, one)] if ranked else []
    cells = [((0,) if ranked else (), (*((f, zero) for f in ranked), (-total, one)))]
    for r in reversed(range(len(ranked))):
        senior = sum(ranked[:r], zero)
        paid = [(f, zero) for f in ranked[:r]]
        rest = [(zero, zero)] * (len(ranked) - r)
        if r:
            conditions.append(Condition(kept - senior, beta, slope=moves))
        needs = (len(conditions) - 1,) if r else ()
        cells.append((needs, (*paid, (kept - senior, beta, moves), *rest)))
    return Node(b, len(ranked) + 1, tuple(conditions), tuple(cells), b_slope)


def position(b, debt, lltv, phi, face=0, *, trigger: Condition | None = None, b_slope=0) -> Node:
    """Lender, token of a face, junior, for any order of the thresholds.

    The loan is healthy iff ``lltv * y >= debt``, or by the ``trigger`` if one is given.
    """
    b, d, f, phi, b_slope = (Fraction(x) for x in (b, debt, face, phi, b_slope))
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
        cells = (*cells[:2], *cells[3:])
    return Node(b, 3, conditions, cells, b_slope)


def random_system(seed: int) -> NormalForm:
    """Return 2-5 nodes that mix every element; no claim is held whole inside."""
    return build(*random_parts(seed))


def shocked_system(seed: int, signs: Sequence[int] = (-1,)) -> NormalForm:
    """Return such a system with assets and gauges that move with s, in these directions."""
    return build(*random_parts(seed, signs=signs))


def random_parts(
    seed: int, *, signs: Sequence[int] = (0,), most: int = 300
) -> tuple[list[Node], list[Holding]]:
    """Return the nodes and holdings of a random system of at most ``most`` combinations of cells.

    Odd seeds draw round numbers, with which several thresholds often meet.
    """
    random = Random(seed)
    neat = seed % 2 == 1
    for _ in itertools.count():
        n = random.choice([2, 3, 3, 4, 4, 5])
        nodes = [_random_node(random, n, signs, neat=neat) for _ in range(n)]
        if np.prod([len(node.cells) for node in nodes]) <= most:
            break
    nodes = [_aimed(node, v, nodes) for v, node in enumerate(nodes)]
    held: list[Holding] = []
    for w, node in enumerate(nodes):
        for c in range(node.claims):
            left = Fraction(3, 4) if neat else Fraction(random.choice([8, 9, 9, 9]), 10)
            for v in random.sample(range(n), random.choice([1, 1, 2])):
                parts = [Fraction(1, 3), Fraction(2, 3), 1, 1] if neat else [Fraction(1, 2), 1, 1]
                share = left * random.choice(parts)
                left -= share
                if share:
                    held.append(((w, c), v, share))
    return nodes, held


def _random_node(random: Random, n: int, signs: Sequence[int], *, neat: bool) -> Node:
    moving = signs != (0,)
    b = random.choice([0, 0, 1, 2, 4] if neat else [0, 0, 1, 2, 5])
    b += random.randint(0, 3) if moving else 0
    b_slope = b * Fraction(random.randint(0, 5), 5) * random.choice(signs) if moving else 0
    kind = random.choice(["issuer", "costly", "ranks", "position", "gauge"])
    face, token, junior = (
        (random.choice(sizes) for sizes in ([2, 4, 8], [0, 2, 4], [0, 2]))
        if neat
        else (random.randint(2, 9), random.choice([0, 2, 5]), random.choice([0, 3]))
    )
    lltv, bonus = _terms(random, neat=neat)
    if kind == "position":
        return position(b, face, lltv, bonus, token, b_slope=b_slope)
    if kind == "gauge":
        read = ((random.randrange(n), 0), Fraction(random.randint(1, 4), 2))
        need = Fraction(-random.randint(0 if neat else 1, 8))
        slope = Fraction(random.choice([0, 0, 1, 3]) * random.choice(signs))
        own = Fraction(random.choice([0, 0, 1]), 2)
        trigger = Condition(need, own, (read,), slope)
        return position(b, face, 1, bonus, junior, trigger=trigger, b_slope=b_slope)
    faces = [random.choice([2, 4, 8]) if neat else random.randint(1, 9) for _ in range(2)]
    cost = {}
    if kind == "costly" or (kind == "ranks" and random.random() < 0.5):
        lost = [0, 5, 10] if neat else range(11)
        beta = max(3, random.choice(lost))
        # assets that fall faster than what is received would make payments rise in default
        alpha = max(beta, random.choice(lost)) if moving else random.choice(lost)
        cost = {"alpha": Fraction(alpha, 10), "beta": Fraction(beta, 10)}
    return issuer(b, faces if kind == "ranks" else faces[:1], b_slope=b_slope, **cost)


def _terms(random: Random, *, neat: bool) -> tuple[Fraction, Fraction]:
    if neat:
        return Fraction(1, 2), Fraction(random.choice([2, 3, 4]), 2)
    return random.choice(
        [
            (Fraction(4, 5), Fraction(11, 10)),
            (Fraction(1, 2), Fraction(6, 5)),
            (Fraction(9, 10), Fraction(1)),
        ]
    )


def _aimed(node: Node, v: int, nodes: list[Node]) -> Node:
    """Let a gauge read the last claim of another node, or of its own where it drew itself."""
    if not node.conditions or not node.conditions[0].reads:
        return node
    (((w, _), coef),) = node.conditions[0].reads
    aimed = replace(node.conditions[0], reads=(((w, nodes[w].claims - 1 - (w == v)), coef),))
    return replace(node, conditions=(aimed, *node.conditions[1:]))
