"""Networks of debt and shares given as matrices, straight to the normal form.

The textbook entrance: Eisenberg and Noe 2001, Rogers and Veraart 2013, Suzuki 2002, Fischer 2014.
Built from arrays without a Python loop over nodes, so that large networks compile quickly.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from scipy.sparse import csr_array

from looprisk.engine.form import Index, Names, NormalForm, Numbers, Scalar

Matrix = Numbers | Sequence[Sequence[Scalar]] | csr_array


def debt_network(
    liabilities: Matrix,
    outside_assets: Sequence[Scalar] | Numbers,
    *,
    outside_liabilities: Sequence[Scalar] | Numbers | None = None,
    alpha: Scalar = 1,
    beta: Scalar = 1,
    shares: Matrix | None = None,
) -> NormalForm:
    """Return the form of a clearing network.

    ``liabilities[i][j]`` is what i owes j, ``outside_liabilities[i]`` what it owes holders outside,
    all of one rank; ``shares[i][j]`` is the share of i's equity that j owns. In default a node pays
    out ``alpha`` of its outside assets and ``beta`` of what it receives (Rogers and Veraart 2013,
    eq. 2). Every node issues two claims, its debt and its equity, in this order. With Fractions in
    ``outside_assets`` the form is exact.

    >>> from looprisk.engine.clear import clear
    >>> ring = debt_network(
    ...     [[0, 4, 0], [0, 0, 3], [2, 0, 0]], [20, 20, 10], outside_liabilities=[17, 18, 8]
    ... )
    >>> clear(ring).z[::2].tolist()
    [21.0, 21.0, 10.0]
    """
    exact = any(isinstance(x, Fraction) for x in outside_assets)
    owed = _entries(liabilities, exact=exact)
    owned = _entries(shares, exact=exact) if shares is not None else None
    e = _numbers(outside_assets, exact=exact)
    alpha, beta = _numbers([alpha, beta], exact=exact)
    n = len(e)
    face = e * 0
    if outside_liabilities is not None:
        face = face + _numbers(outside_liabilities, exact=exact)
    np.add.at(face, owed[0], owed[2])
    indebted = np.array(face != 0, dtype=np.bool_)

    debt, equity = 2 * np.arange(n), 2 * np.arange(n) + 1
    safe = np.where(indebted, face, face + 1)
    held = [(debt[owed[0]], owed[1], owed[2] / safe[owed[0]])]
    if owned is not None:
        held.append((equity[owned[0]], owned[1], owned[2]))
    lost = (alpha - beta) * e
    one = e * 0 + 1
    # per node: solvent (face, y - face), then in default (beta y + (alpha - beta) e, 0)
    pay_const = np.stack([face, -face, lost * indebted, 0 * e], axis=1).reshape(-1)
    pay_rate = np.stack([0 * e, one, (beta * one) * indebted, 0 * e], axis=1).reshape(-1)
    labels = [str(i) for i in range(n)]
    return NormalForm(
        b_const=e,
        b_slope=e * 0,
        claim_ptr=np.arange(0, 2 * n + 1, 2),
        held_claim=np.concatenate([h[0] for h in held]).astype(np.intp),
        held_by=np.concatenate([h[1] for h in held]).astype(np.intp),
        held_share=np.concatenate([h[2] for h in held]),
        cell_ptr=np.arange(0, 2 * n + 1, 2),
        pay_const=pay_const,
        pay_slope=pay_const * 0,
        pay_rate=pay_rate,
        cond_node=np.arange(n),
        cond_const=-face,
        cond_slope=face * 0,
        cond_own=one,
        read_cond=np.empty(0, dtype=np.intp),
        read_claim=np.empty(0, dtype=np.intp),
        read_coef=e[:0],
        cell_cond_ptr=np.repeat(np.arange(n + 1), 2)[1:],
        cell_cond=np.arange(n),
        face_pay=np.empty(0, dtype=np.intp),
        face_claim=np.empty(0, dtype=np.intp),
        face_coef=e[:0],
        names=Names(
            nodes=tuple(labels),
            claims=tuple(f"{i}.{kind}" for i in labels for kind in ("debt", "equity")),
            conditions=tuple(f"{i} owes more than it has" for i in labels),
            leaks=("default cost",) * n,
        ),
    )


def _numbers(values: Numbers | Sequence[Scalar], *, exact: bool) -> Numbers:
    """Return floats, or Fractions: of a float the decimal that it prints as."""
    if not exact:
        return np.array(values, dtype=np.float64)
    fractions = [Fraction(repr(x)) if isinstance(x, float) else Fraction(x) for x in values]
    return np.array(fractions, dtype=object)


def _entries(matrix: Matrix, *, exact: bool) -> tuple[Index, Index, Numbers]:
    """Return (row, column, value) of the nonzero entries."""
    if isinstance(matrix, csr_array):
        row = np.repeat(np.arange(len(matrix.indptr) - 1), np.diff(matrix.indptr))
        return row, matrix.indices.astype(np.intp), _numbers(matrix.data, exact=exact)
    dense = np.array([_numbers(row, exact=exact) for row in matrix])
    filled = np.nonzero(dense)
    return filled[0], filled[1], dense[filled]
