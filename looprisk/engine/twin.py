"""A solution together with the book prices that its oracles read (SEMANTICS 5).

Oracles that read a computed book make it part of the system: what they show decides who is
liquidated, and a bad debt that is realised lowers the book. On a straight piece of that response
the pair is a linear system, solved at once: step by step a loop comes nearer without ever arriving.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TypeVar

import numpy as np

from looprisk.engine.audit import ADVICE
from looprisk.engine.linear import ClosedLoopError, solve_exactly
from looprisk.errors import NotExactError

OUT_OF_REACH = Fraction(10**15)
"""A book price at which no trigger fires: where the search for the greatest book starts."""
STEPS = 200
PLAIN = 3
"""Steps before a straight piece is looked for: most books are at rest by then."""
NEARBY = Fraction(1, 10**9)
"""How far a book price is moved to see how the others follow, in USD."""

P = TypeVar("P")
Navs = Mapping[str, Fraction]
Read = Callable[[Navs], tuple[P, dict[str, Fraction]]]
"""The solution at given book prices, and the book prices of that solution."""


def twinned(read: Read[P], names: tuple[str, ...], *, from_above: bool) -> P:
    """Return the solution whose oracles read its own book: the greatest pair, or the least.

    From above no oracle sees a loss at first, from below each sees nothing but losses; then each
    sees the book of the solution before. Raises NotExactError where that does not come to rest.
    """
    navs: Navs = dict.fromkeys(names, OUT_OF_REACH if from_above else Fraction(0))
    for step in range(STEPS):
        point, shown = read(navs)
        if shown == navs:
            return point
        guess = _straight(read, shown) if step >= PLAIN else None
        if guess is not None and _is_ahead(guess, shown, from_above=from_above):
            point, again = read(guess)
            if again == guess:
                return point
        navs = shown
    raise NotExactError(f"the books that oracles read do not come to rest; {ADVICE}")


def _is_ahead(guess: Navs, shown: Navs, *, from_above: bool) -> bool:
    """Return whether a guess lies where the books are going, so that no solution is passed over."""
    return all(
        price <= shown[name] if from_above else price >= shown[name]
        for name, price in guess.items()
    )


def _straight(read: Read[P], navs: Navs) -> dict[str, Fraction] | None:
    """Return where the books come to rest if they follow on a straight line, as they do here."""
    names = list(navs)
    _, shown = read(navs)
    matrix = np.empty((len(names), len(names)), dtype=object)
    for column, moved in enumerate(names):
        _, after = read({**navs, moved: navs[moved] + NEARBY})
        for row, name in enumerate(names):
            matrix[row, column] = int(row == column) - (after[name] - shown[name]) / NEARBY
    right = np.array([[shown[name] - navs[name]] for name in names], dtype=object)
    try:
        step = solve_exactly(matrix, right)
    except ClosedLoopError:
        return None
    return {name: navs[name] + step[row, 0] for row, name in enumerate(names)}
