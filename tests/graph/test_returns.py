"""The largest least solution, against every combination of choices."""

import itertools
import random

import numpy as np
import pytest

from looprisk.graph.returns import Way, largest, least


def random_ways(seed):
    rng = random.Random(seed)
    states = [f"s{i}" for i in range(rng.randrange(2, 7))]
    ways = {}
    for state in states:
        several = []
        for _ in range(rng.choice([1, 1, 2, 3])):
            weights = [rng.choice([0, 0, 0.1, 0.4, 1]) for _ in states]
            whole = max(1.0, sum(weights)) / rng.choice([0.5, 0.9, 1.0])
            to = {s: w / whole for s, w in zip(states, weights, strict=True) if w}
            left = 1 - sum(to.values())
            several.append(Way(rng.choice([0.0, left / 2, left]) if left > 1e-9 else 0.0, to))
        ways[state] = several
    return ways


def best_of_all(ways):
    """Return the largest sum of 2^40 rounds from 0 over every combination of choices."""
    states = list(ways)
    best = np.zeros(len(states))
    for choice in itertools.product(*ways.values()):
        total = np.array([way.const for way in choice])
        power = np.array([[way.to.get(state, 0.0) for state in states] for way in choice])
        for _ in range(40):
            total, power = total + power @ total, power @ power
        best = np.maximum(best, total)
    return dict(zip(states, best.tolist(), strict=True))


@pytest.mark.parametrize("seeds", [range(start, start + 50) for start in (0, 50, 100)])
def test_the_largest_choice_is_the_best_of_all(seeds):
    for seed in seeds:
        ways = random_ways(seed)
        assert largest(ways) == pytest.approx(best_of_all(ways), rel=1e-8, abs=1e-8)


def test_a_state_that_reaches_nothing_is_worth_nothing():
    ways = {"a": Way(0.0, {"b": 1.0}), "b": Way(0.0, {"a": 1.0}), "c": Way(0.5, {"a": 0.5})}
    assert least(ways) == {"a": 0.0, "b": 0.0, "c": 0.5}


def test_a_sum_without_end_is_none():
    assert least({"a": Way(1.0, {"a": 1.0})}) is None
    assert largest({"a": [Way(1.0, {}), Way(0.5, {"b": 2.0})], "b": [Way(0.1, {"a": 0.6})]}) is None


def test_an_almost_closed_loop_keeps_its_digits():
    keep = 1 - 2.0**-40
    found = least({"a": Way(2.0**-41, {"b": keep}), "b": Way(0.0, {"a": 1.0})})
    assert found == {"a": pytest.approx(0.5, rel=1e-12), "b": pytest.approx(0.5, rel=1e-12)}
