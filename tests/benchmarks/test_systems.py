"""Whole answers about large systems, asked the public way, beside what takes only their numbers.

``extra_info`` holds CPU seconds of one process and its memory besides the time of the clock.
"""

import resource
import time
from dataclasses import replace

import numpy as np
import pytest

import looprisk as lr
from looprisk.analysis.api import case_of
from looprisk.analysis.solve import solve
from tests.engine.funds import funds
from tests.engine.test_large import written

VAULTS = 10_000
FUNDS, MARKETS, ACCOUNTS, DRAWS = 20, 30, 900, 1_000


def timed(benchmark, function, *args, **named):
    begin = time.process_time()
    found = benchmark.pedantic(function, args=args, kwargs=named, rounds=1)
    benchmark.extra_info["cpu_s"] = time.process_time() - begin
    benchmark.extra_info["process_peak_mb"] = (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    )
    return found


@pytest.fixture(scope="module")
def chain():
    """Vaults that own the whole of the one before, and a dollar."""
    share = {"kind": "share", "supply": 100}
    issuers = {"V0": {"outside": {"cash": "$100"}, "issues": {"t0": share}}}
    for i in range(1, VAULTS):
        issuers[f"V{i}"] = {
            "owns": {f"t{i - 1}": 100},
            "outside": {"cash": "$1"},
            "issues": {f"t{i}": share},
        }
    return lr.System(issuers=issuers)


def test_run_a_chain(benchmark, chain):
    """Layers, events, break points, reported losses and the proof."""
    benchmark.group = "a chain of 10,000 vaults"
    found = timed(benchmark, lr.run, chain, loss={"V0": "$60"})
    assert found.layer(f"t{VAULTS - 1}").economic_loss_usd == pytest.approx(60)


def test_break_points_of_a_chain(benchmark, chain):
    benchmark.group = "a chain of 10,000 vaults"
    found = timed(benchmark, lr.break_points, chain, loss={"V0": "$60"})
    assert len(found.rows) == VAULTS


def test_add_up_a_chain(benchmark):
    """Only what every vault is worth, from a list: no names, no shock followed, no proof."""
    benchmark.group = "a chain of 10,000 vaults"

    def added():
        value = [40.0]
        for _ in range(1, VAULTS):
            value.append(value[-1] + 1)
        return value

    assert benchmark(added)[-1] == 40 + VAULTS - 1


@pytest.fixture(scope="module")
def tables():
    """Funds that lend against each other's shares, in markets whose accounts stand in tables."""
    made = replace(funds(FUNDS, MARKETS, ACCOUNTS, 3), incentive=np.full(MARKETS, 1.05))
    system = written(made, np.full(FUNDS, 0.9)).system
    dice = np.random.default_rng(0)
    assets = FUNDS // 4
    draws = {
        "price": {f"T{i}": -dice.uniform(0, 0.6, DRAWS) for i in range(assets)},
        "loss": {
            f"F{i}": dice.uniform(0, 0.9, DRAWS) * float(made.outside[i])
            for i in range(assets, assets + 8)
        },
    }
    return system, draws


def test_draws_on_sorted_books(benchmark, tables):
    benchmark.group = "1,000 draws of 20 funds and 30 markets with tables of accounts"
    system, draws = tables
    found = timed(benchmark, lr.run_many, system, **draws)
    assert not found.alone.any()


def test_draws_solved_exactly(benchmark, tables):
    """Two of the 1,000."""
    benchmark.group = "1,000 draws of 20 funds and 30 markets with tables of accounts"
    system, draws = tables

    def shock(i):
        return {verb: {name: float(x[i]) for name, x in by.items()} for verb, by in draws.items()}

    timed(benchmark, lambda: [solve(case_of(system, shock(i))) for i in range(2)])
