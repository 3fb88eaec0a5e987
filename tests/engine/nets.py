"""Random networks of debts and shares, of any size, and textbook solvers to compare with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array

from looprisk.engine.form import NormalForm
from looprisk.engine.networks import debt_network


def random_net(
    n: int,
    seed: int = 0,
    *,
    degree: int = 10,
    shock: float = 0.3,
    cost: float = 0.0,
    equity: int = 0,
) -> NormalForm:
    """Return n nodes that owe ``degree`` others each, after a shock that makes some of them default.

    Each also owes a quarter more outside; ``equity`` others hold up to 0.8 of its shares.
    """
    random = np.random.default_rng(seed)
    owed = _random_matrix(random, n, degree, 0.5, 1.5)
    owes, gets = owed.sum(axis=1), owed.sum(axis=0)
    outside = owes * 0.25 * random.uniform(0.5, 1.5, n)
    assets = np.maximum(0, owes + outside - gets) + random.uniform(0, 0.3, n) * owes
    assets *= 1 - shock * random.uniform(0, 1, n)
    return debt_network(
        owed,
        assets,
        outside_liabilities=outside,
        alpha=1 - cost,
        beta=1 - cost,
        shares=_random_matrix(random, n, equity, 0, 0.8 / equity) if equity else None,
    )


def cyclic_net(n: int, seed: int = 0, *, cost: float = 0.0) -> NormalForm:
    """Return a net whose debts and shares go round, 4 holders each, with assets that fall away in s."""
    form = random_net(n, seed, degree=4, shock=0.0, cost=cost, equity=4)
    fall = np.random.default_rng(seed + 1).uniform(0.5, 1, n)
    return replace(form, b_slope=-form.b_const * fall)


def _random_matrix(random, n, degree, low, high):
    row = np.repeat(np.arange(n), degree)
    column = (row + random.integers(1, n, size=n * degree)) % n
    weight = random.uniform(low, high, n * degree)
    return coo_array((weight, (row, column)), shape=(n, n)).tocsr()


def picard(form: NormalForm, cost: float = 0.0) -> np.ndarray:
    """Return node values by plain iteration from above, dense; an independent reading of the arrays."""
    n = form.nodes
    held = np.zeros((n, form.claims))
    np.add.at(held, (form.held_by, form.held_claim), form.held_share)
    debts, shares = held[:, ::2], held[:, 1::2]
    face = -form.cond_const
    y = np.linalg.solve(np.eye(n) - shares, form.b_const + debts @ face)
    while True:
        paid = np.where(y >= face * (1 - 1e-12), face, (1 - cost) * y)
        new = form.b_const + debts @ paid + shares @ np.maximum(0, y - face)
        if np.abs(new - y).max() < 1e-13 * np.abs(y).max():
            return new
        y = new
