"""What claims are worth when every party passes up what it has, in order, and nothing costs.

No prices move, nobody is liquidated, a default costs nothing: the waterfall of SEMANTICS 3 alone,
on the start. So any system has an answer, whatever its markets do under stress.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from looprisk.engine.clear import clear, prove
from looprisk.engine.components import components
from looprisk.engine.form import Index, Names, NormalForm, Numbers, Scalar
from looprisk.errors import NoSolutionError

EXACT_PARTIES = 150
"""Up to so many parties every number is a Fraction; above, float64."""
EXACT_LOOP = 24
"""Up to so many parties of one loop too."""
ACCURACY = 1e-9
"""Largest residual, relative to the assets, of an answer that is given."""


class Rung(NamedTuple):
    """One claim in the waterfall of its party; money in USD."""

    party: int
    low: Scalar
    """What is paid before it."""
    size: Scalar | None
    """The faces of its rank together; None for what is left."""
    part: Scalar
    """Its part of what its rank gets."""


class Held(NamedTuple):
    """A part of the units of a claim in the hands of a party; a map has a hundred thousand."""

    rung: int
    by: int
    share: Scalar


def worth_of(
    own: Sequence[Scalar], rungs: Sequence[Rung], held: Sequence[Held]
) -> tuple[list[Scalar], list[Scalar]]:
    """Return (assets of every party, value of every claim): the greatest solution.

    ``own`` is what each party has besides these claims. Rungs stand in the order of their parties.
    Raises NotExactError where parties hold one another in a closed circle.

    >>> fund = [Rung(party=0, low=0, size=60, part=1), Rung(party=0, low=60, size=None, part=1)]
    >>> worth_of([Fraction(50)], fund, [])
    ([Fraction(50, 1)], [Fraction(50, 1), Fraction(0, 1)])
    """
    form = _form(own, rungs, held, exact=len(own) <= EXACT_PARTIES)
    if form.exact and max((len(loop) for loop in components(form)), default=0) > EXACT_LOOP:
        form = form.floats()
    solution = clear(form)
    proof = prove(form, solution)
    largest = max(abs(solution.y).tolist(), default=0)
    if proof.residual > ACCURACY * largest:
        raise NoSolutionError(f"values miss what is held by {float(proof.residual):.3g} USD")
    return solution.y.tolist(), solution.z.tolist()


def _form(
    own: Sequence[Scalar], rungs: Sequence[Rung], held: Sequence[Held], *, exact: bool
) -> NormalForm:
    """Return the waterfalls as a normal form: one cell a rank, healthiest first."""
    n = len(own)
    ladders: list[list[Rung]] = [[] for _ in range(n)]
    for rung in rungs:
        ladders[rung.party].append(rung)
    const: list[Scalar] = []
    rate: list[Scalar] = []
    borders: list[Scalar] = []
    at: list[int] = []
    cells, needs, needed = [0], [0], list[int]()
    for party, ladder in enumerate(ladders):
        marks = _marks(ladder)
        for mark in marks:
            for rung in ladder:
                paid, more = _line(rung, mark)
                const.append(paid)
                rate.append(more)
            if mark > 0:
                needed.append(len(borders))
                borders.append(-mark)
                at.append(party)
            needs.append(len(needed))
        cells.append(cells[-1] + len(marks))
    numbers = _fractions if exact else _floats
    b, pay, border = numbers(own), numbers(const), numbers(borders)
    return NormalForm(
        b_const=b,
        b_slope=b * 0,
        claim_ptr=_index([0, *np.cumsum([len(ladder) for ladder in ladders]).tolist()]),
        held_claim=_index([one.rung for one in held]),
        held_by=_index([one.by for one in held]),
        held_share=numbers([one.share for one in held]),
        cell_ptr=_index(cells),
        pay_const=pay,
        pay_slope=pay * 0,
        pay_rate=numbers(rate),
        cond_node=_index(at),
        cond_const=border,
        cond_slope=border * 0,
        cond_own=border * 0 + 1,
        read_cond=_index([]),
        read_claim=_index([]),
        read_coef=b[:0],
        cell_cond_ptr=_index(needs),
        cell_cond=_index(needed),
        face_pay=_index([]),
        face_claim=_index([]),
        face_coef=b[:0],
        names=Names(
            nodes=tuple(f"party {i}" for i in range(n)),
            claims=tuple(f"claim {i}" for i in range(len(rungs))),
            conditions=tuple(f"party {i} pays a rank" for i in at),
            leaks=("",) * n,
        ),
    )


def _marks(ladder: Sequence[Rung]) -> list[Scalar]:
    """Return the assets at which a waterfall bends, highest first; nothing comes last."""
    tops = {rung.low + rung.size for rung in ladder if rung.size is not None}
    return sorted({rung.low for rung in ladder} | tops | {0}, reverse=True)


def _line(rung: Rung, mark: Scalar) -> tuple[Scalar, Scalar]:
    """Return (const, rate) of what a claim gets of assets from ``mark`` up to the next one."""
    if mark < rung.low:
        return 0, 0
    if rung.size is not None and mark >= rung.low + rung.size:
        return rung.part * rung.size, 0
    return -rung.part * rung.low, rung.part


def _index(values: Sequence[int]) -> Index:
    return np.array(values, dtype=np.intp)


def _floats(values: Sequence[Scalar]) -> Numbers:
    return np.array([float(value) for value in values], dtype=np.float64)


def _fractions(values: Sequence[Scalar]) -> Numbers:
    array: Numbers = np.empty(len(values), dtype=object)
    array[:] = [Fraction(value) for value in values]
    return array
