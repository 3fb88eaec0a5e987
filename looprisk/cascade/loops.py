"""Nodes that pay each other, from the top down: the greatest solution, path by path.

An upper bound is lowered until the cells it lies in are those of the solution of its linear system;
for the least solution nothing is raised in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Bools, Floats
from looprisk.cascade.balance import Balance, Paid
from looprisk.cascade.plan import Plan
from looprisk.errors import NoSolutionError

MOST = 10_000
"""Rounds after which a loop is given up."""
CLOSE = 1e-13
"""The residual of a solution, relative to the size of its loop."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How nodes pay what they have."""

    pay: Callable[[Balance, Paid, int, Floats], Paid]
    in_full: Callable[[Balance, Paid, int], Paid]
    """The upper bound of it, as a line in what a node has."""


def solve(balance: Balance, rule: Rule, *, least: bool = False) -> Paid:
    """Return what every node pays, each after all it depends on.

    Of several solutions the greatest is returned, or the least. Raises NoSolutionError for a loop
    without an outside holder.
    """
    network = balance.network
    paid = Paid.nothing(balance.plan, balance.state)
    for nodes, circular in zip(network.loops, network.circular, strict=True):
        if circular:
            paid = _loop(balance, rule, paid, nodes, least=least)
        else:
            paid = rule.pay(balance, paid, nodes[0], balance.receives(nodes[0], paid))
    return paid


def _loop(balance: Balance, rule: Rule, paid: Paid, nodes: tuple[int, ...], *, least: bool) -> Paid:
    """Return what a loop pays: its greatest or least solution, path by path."""
    top = _top(balance, rule, paid, nodes)
    y, nearer = (np.zeros_like(top), np.maximum) if least else (top, np.minimum)
    done = np.zeros(len(y), dtype=np.bool_)
    firms = balance.plan.firms
    jumps = any(firms[n].recovery != (1.0, 1.0) for n in nodes if n < len(firms))
    for _ in range(MOST):
        here = _all(balance, rule, paid, nodes, y)
        after, slope = _step(balance, here, nodes)
        guess = y + _solved(slope, after - y)
        there = _all(balance, rule, paid, nodes, guess)
        check, slope_there = _step(balance, there, nodes)
        size = np.maximum(np.abs(guess).max(axis=-1), 1e-300)
        fits = np.abs(check - guess).max(axis=-1) <= CLOSE * size
        same = (slope == slope_there).all(axis=(1, 2))
        still = np.abs(after - y).max(axis=-1) <= CLOSE * size
        found = ~done & fits & ((same | still) if jumps else np.ones_like(fits))
        next_ = np.where(done[:, None], y, nearer(y, after))
        y = np.where(found[:, None], guess, next_)
        done = done | found
        if done.all():
            return _all(balance, rule, paid, nodes, y)
    names = ", ".join(_name(balance.plan, n) for n in nodes)
    raise NoSolutionError(f"the loop of {names} has no value that stands its own check")


def _all(balance: Balance, rule: Rule, paid: Paid, nodes: tuple[int, ...], y: Floats) -> Paid:
    for at, node in enumerate(nodes):
        paid = rule.pay(balance, paid, node, y[:, at])
    return paid


def _step(balance: Balance, paid: Paid, nodes: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return what the nodes receive, and how that follows what they have, [path, to, from]."""
    after = np.stack([balance.receives(node, paid) for node in nodes], axis=-1)
    rows = [np.stack([balance.follows(to, by, paid) for by in nodes], axis=-1) for to in nodes]
    return after, np.stack(rows, axis=-2)


def _solved(slope: Floats, right: Floats) -> Floats:
    """Return ``(1 - slope)^-1 right``, path by path; the right side where there is no inverse."""
    matrix = np.eye(slope.shape[-1]) - slope
    good: Bools = np.abs(np.linalg.det(matrix)) > 1e-14
    safe = np.where(good[:, None, None], matrix, np.eye(slope.shape[-1]))
    return np.asarray(np.linalg.solve(safe, right[..., None])[..., 0], dtype=np.float64)


def _top(balance: Balance, rule: Rule, paid: Paid, nodes: tuple[int, ...]) -> Floats:
    """Return values no solution exceeds: debts paid in full, the rest as if nothing were owed."""
    for node in nodes:
        paid = rule.in_full(balance, paid, node)
    bound = balance.bound()
    const = np.stack([bound.receives(node, paid) for node in nodes], axis=-1)
    rows = [np.stack([bound.follows(to, by, paid) for by in nodes], axis=-1) for to in nodes]
    slope = np.stack(rows, axis=-2)
    matrix = np.eye(len(nodes)) - slope
    if (np.abs(np.linalg.det(matrix)) <= 1e-14).any():
        names = ", ".join(_name(balance.plan, n) for n in nodes)
        raise NoSolutionError(
            f"{names} belong only to each other: what they are worth is not determined; "
            "say who holds a part of one of them outside"
        )
    top = np.linalg.solve(matrix, const[..., None])[..., 0]
    highest: Floats = np.maximum(top, const)
    return highest


def _name(plan: Plan, node: int) -> str:
    firms = len(plan.firms)
    return (
        plan.firms[node].name
        if node < firms
        else plan.goods[plan.assets + plan.tokens + node - firms]
    )
