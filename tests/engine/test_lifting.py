"""Fractions found digit by digit: equal to elimination, through changes, unlucky primes and ends."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from looprisk.engine import flow, linear
from looprisk.engine.clear import clear, prove
from looprisk.engine.lifting import LIMB, PRIMES, Lifting, SingularError
from looprisk.engine.networks import debt_network
from looprisk.engine.trace import trace
from tests.engine.systems import random_system


def passes(rng, size, largest=10**4):
    """A matrix I - J in which every column of J sums up to less than 1."""
    matrix = linear.identity(size, exact=True)
    for column in range(size):
        supply = rng.randint(largest, 10 * largest)
        for row in rng.sample(range(size), rng.randint(0, size - 1)):
            matrix[row, column] -= Fraction(rng.randint(1, largest), supply * size)
    return matrix


def vector(rng, size):
    return np.array(
        [Fraction(rng.randint(-(10**6), 10**6), rng.randint(1, 99)) for _ in range(size)]
    )


def same(one, other):
    return one.tolist() == other.tolist()


@pytest.mark.parametrize("seed", range(12))
def test_it_equals_elimination_through_changes(seed):
    rng = Random(seed)
    size = rng.randint(1, 14)
    matrix = passes(rng, size, 10 ** rng.choice([2, 6, 40]))
    lifted = Lifting(matrix)
    for _ in range(4):
        right = vector(rng, size)
        assert same(lifted.times(right), linear.solve_exactly(matrix, right[:, None])[:, 0])
        column, rows = rng.randrange(size), np.array([rng.randrange(size) for _ in range(3)])
        step = np.array([Fraction(rng.randint(-9, 9), 1000) for _ in rows], dtype=object)
        lifted.change(column, rows, step)
        np.add.at(matrix[:, column], rows, step)


def test_the_primes_are_primes_and_small_enough():
    for prime in PRIMES:
        assert prime < 2**LIMB
        assert all(prime % k for k in range(2, 1450))
    assert 2_048 * (2**LIMB) ** 2 == 2**53


def test_an_unlucky_prime_is_left():
    """The determinants are the first prime, then the second: both are passed over."""
    first, second = PRIMES[:2]
    matrix = np.array([[Fraction(first), Fraction(0)], [Fraction(0), Fraction(1)]], dtype=object)
    right = np.array([Fraction(1), Fraction(2)], dtype=object)
    lifted = Lifting(matrix)
    assert lifted.times(right).tolist() == [Fraction(1, first), 2]
    lifted.change(1, np.array([1]), np.array([Fraction(second - 1)], dtype=object))
    assert lifted.times(right).tolist() == [Fraction(1, first), Fraction(2, second)]


def test_what_is_singular_is_said():
    half = Fraction(1, 2)
    matrix = np.array([[half, -half], [-half, half]], dtype=object)
    with pytest.raises(SingularError):
        Lifting(matrix)
    lifted = Lifting(linear.identity(2, exact=True))
    with pytest.raises(SingularError):
        lifted.change(0, np.array([0]), np.array([Fraction(-1)], dtype=object))


@pytest.fixture
def always_lifted(monkeypatch):
    """Digit by digit from one unknown on, where it is 32 otherwise."""

    def switch(least):
        monkeypatch.setattr(linear, "LIFTED", least)
        monkeypatch.setattr(flow, "LIFTED", least)

    return switch


@pytest.mark.parametrize("seed", range(40))
def test_clearings_of_random_systems_are_the_same(seed, always_lifted):
    form = random_system(seed)
    for selection in ("greatest", "least"):
        found = []
        for least in (10**9, 1):
            always_lifted(least)
            solution = clear(form, selection)
            found.append((solution.y.tolist(), solution.cells.tolist()))
        assert found[0] == found[1]


@pytest.mark.parametrize("seed", range(10))
def test_traces_of_random_systems_are_the_same(seed, always_lifted):
    form = random_system(seed)
    form = replace(form, b_slope=-form.b_const)
    found = []
    for least in (10**9, 1):
        always_lifted(least)
        pieces = trace(form, Fraction(0), Fraction(1))
        found.append([(p.lo, p.hi, p.y_const.tolist(), p.y_slope.tolist()) for p in pieces])
    assert found[0] == found[1]


def test_a_large_dense_loop_of_debts_is_cleared_and_proved():
    rng = Random(7)
    size = 60
    owed = [[0 if i == j else rng.randint(0, 9) for j in range(size)] for i in range(size)]
    form = debt_network(owed, [Fraction(rng.randint(0, 90)) for _ in range(size)])
    solution = clear(form)
    proof = prove(form, solution)
    assert (proof.residual, proof.conservation_gap, proof.same_cells) == (0, 0, True)
    assert clear(form.floats()).y == pytest.approx(solution.y.astype(float), rel=1e-9)
