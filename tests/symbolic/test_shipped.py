"""Every shipped scenario: a formula that equals the engine where it holds, or a refusal by name.

Some files in CI; ``LOOPRISK_FORMULAS=all pytest tests/symbolic/test_shipped.py`` takes all of them.
"""

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

import looprisk as lr
from looprisk.analysis.api import exactly
from looprisk.analysis.solve import solve
from looprisk.errors import LoopriskError
from looprisk.model.case import Case
from looprisk.model.groups import runs
from looprisk.model.paths import value_at
from looprisk.model.tree import dump, leaves
from looprisk.model.values import Value
from looprisk.symbolic import formula
from looprisk.symbolic.solving import number_at

SCENARIOS = Path(__file__).parents[2] / "scenarios"
EVERY = os.environ.get("LOOPRISK_FORMULAS") == "all"
SOME = ("cycle", "delta-neutral", "pooled", "pyramid", "rally", "ring", "steth-2022", "wsteth-loop")
FILES = sorted(path.stem for path in SCENARIOS.glob("*.yaml")) if EVERY else SOME
UNITS = {"usd", "tokens", "fraction", "share"}
REFUSALS = (lr.NotCarriedError, lr.NotExactError, lr.UnknownValueError, lr.NoSolutionError)
"""The last where a formula does not stand its own check: a symbol was lost on its way."""


def first_runs():
    for name in FILES:
        file = lr.load(SCENARIOS / f"{name}.yaml")
        for scenario in file:
            yield name, runs(file[scenario])[0]


def symbols_of(case, rng):
    """Two numbers of issuers or positions."""
    found = [
        "/".join(keys[1:])
        for keys, leaf in leaves(dump(case.system))
        if isinstance(leaf, Value) and leaf.known and leaf.number and leaf.unit in UNITS
        if keys[0] in {"issuers", "positions"}
    ]
    return dict(zip("ab", rng.sample(found, min(2, len(found))), strict=False))


def moved(case, found, rng, wide):
    """Return the case with other numbers, and them; None where no system has them."""
    numbers = {
        name: number * Fraction(rng.randint(1000 - wide, 1000 + wide), 1000)
        for name, number in found.numbers.items()
    }
    tree = dump(case.system)
    changes = {
        path: replace(value_at(tree, path), low=numbers[name], high=numbers[name])
        for name, path in found.paths.items()
    }
    try:
        return numbers, solve(exactly(Case(case.system.set(changes), case.scenario, "")))
    except LoopriskError:
        return numbers, None


def the_largest_loss(solved):
    return max(solved.baseline, key=lambda c: solved.baseline[c] - solved.end.claim(c))


@pytest.mark.parametrize(("name", "case"), list(first_runs()), ids=lambda x: getattr(x, "name", x))
def test_a_formula_or_a_refusal(name, case):
    rng = Random(f"{name}::{case.name}")
    symbols, at = symbols_of(case, rng), Fraction(rng.randint(20, 100), 100)
    try:
        solved = solve(exactly(case)) if case.scenario.time is None else None
        of = the_largest_loss(solved) if solved is not None else "whoever"
        found = formula(case, of, symbols, at)
    except REFUSALS:
        return
    for trial in range(4):
        numbers, other = moved(case, found, rng, 10 if trial % 2 else 400)
        if other is None:
            continue
        wanted = Fraction(other.scaled.at(at).claim(of))
        got = number_at(found.regime.value, (at, *numbers.values()))
        near = abs(got - wanted) <= Fraction(1, 10**12) * max(1, abs(wanted))
        assert near or not found.holds(**numbers)
