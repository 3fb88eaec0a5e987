"""A million positions, 5,000 markets, 2,000 tokens that own each other: prices and bad debt.

As a user asks, from a file and 5,000 tables through ``lr.compiled`` and ``lr.run_many``; by the
sorted books below that; and by looking at every position in every sweep. All sum up the loops of
holdings by one sparse factorisation. ``extra_info`` holds CPU seconds of one process besides the time of the
clock, sweeps, certificates and memory.
``OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks/test_large.py --benchmark-only``.
"""

import resource
import time
import tracemalloc

import numpy as np
import pytest

import looprisk as lr
from looprisk.engine.large import cleared
from tests.engine.funds import funds, write

TOKENS, MARKETS, POSITIONS = 2_000, 5_000, 1_000_000
GROUP = "1e6 positions, 5,000 markets, 2,000 tokens"


@pytest.fixture(scope="module")
def made():
    return funds(TOKENS, MARKETS, POSITIONS)


@pytest.fixture(scope="module")
def losses(made):
    return made.losses(64)


@pytest.fixture(scope="module")
def built(made):
    begin = time.process_time()
    books = made.books()
    sorted_ = time.process_time()
    system = made.system(books)
    done = time.process_time()
    tracemalloc.start()
    made.system(made.books())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return system, {
        "sort_cpu_s": sorted_ - begin,
        "factor_cpu_s": done - sorted_,
        "build_peak_mb": peak / 1e6,
        "books_mb": books.bytes / 1e6,
    }


def cpu(function, *args, turns=5):
    """Return the CPU seconds of the median turn, and the last answer."""
    seconds = []
    for _ in range(turns):
        begin = time.process_time()
        found = function(*args)
        seconds.append(time.process_time() - begin)
    return float(np.median(seconds)), found


def peak_of(function, *args):
    tracemalloc.start()
    function(*args)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def memory():
    """Return the most memory that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


@pytest.fixture(scope="module")
def compiled(made, tmp_path_factory):
    file = write(made, tmp_path_factory.mktemp("large"))
    begin, before = time.process_time(), memory()
    system = lr.load(file).system
    loaded, held = time.process_time(), memory()
    ready = lr.compiled(system)
    return ready, {
        "load_cpu_s": loaded - begin,
        "compile_cpu_s": time.process_time() - loaded,
        "before_mb": before,
        "loaded_mb": held,
        "compiled_mb": memory(),
    }


@pytest.mark.parametrize(("count", "left"), [(1, 1), (64, 1), (1, 0.5), (64, 0.5)])
def test_public_function(benchmark, made, compiled, losses, count, left):
    """Every asset has a price and every fund a loss of its own, the same as below."""
    benchmark.group = GROUP
    ready, measured = compiled
    share = losses[:count] * left / np.where(made.outside, made.outside, 1)
    assets = TOKENS // 4
    asked = {
        "price": {f"A{t}": share[:, t] - 1 for t in range(assets)},
        "loss": {
            f"F{t}": (1 - share[:, t]) * round(float(made.outside[t]), 2)
            for t in range(assets, TOKENS)
        },
    }
    seconds, found = cpu(lambda: lr.run_many(ready, **asked), turns=9)
    benchmark(lr.run_many, ready, **asked)
    benchmark.extra_info |= measured | {
        "cpu_ms_a_scenario": 1e3 * seconds / count,
        "residual": found.residual.max(),
        "conservation_gap": abs(found.conservation_gap).max(),
    }
    prices = made.one_by_one(losses[count - 1] * left)
    funds_ = [found.ids.index(f"T{t}") for t in range(assets, TOKENS)]
    worth = (prices * made.supply)[assets:]
    assert found.economic_usd[-1][funds_] == pytest.approx(worth, rel=1e-6)
    assert not found.alone.any()


@pytest.mark.parametrize(("count", "left"), [(1, 1), (8, 1), (64, 1), (1, 0.5), (64, 0.5)])
def test_sorted_books(benchmark, made, built, losses, count, left):
    """With half of everything gone, loops of bad debt turn slower: more sweeps."""
    benchmark.group = GROUP
    system, measured = built
    some = losses[:count] * left
    seconds, found = cpu(cleared, system, some, turns=9)
    benchmark(cleared, system, some)
    benchmark.extra_info |= measured | {
        "cpu_ms_a_scenario": 1e3 * seconds / count,
        "sweeps": found.sweeps,
        "residual": found.residual.max(),
        "conservation_gap": found.gap.max(),
        "solve_peak_mb": peak_of(cleared, system, some),
        "process_peak_mb": memory(),
    }
    assert found.prices[-1] == pytest.approx(made.one_by_one(some[-1]), rel=1e-9)
    assert found.outcome.bad_debt[-1].sum() > 0


@pytest.mark.parametrize("left", [1, 0.5])
def test_position_by_position(benchmark, made, losses, left):
    benchmark.group = GROUP
    seconds, _ = cpu(made.one_by_one, losses[0] * left)
    benchmark.pedantic(made.one_by_one, (losses[0] * left,), rounds=3)
    benchmark.extra_info |= {
        "cpu_ms_a_scenario": 1e3 * seconds,
        "positions_mb": (made.market.nbytes + made.units.nbytes + made.debts.nbytes) / 1e6,
        "solve_peak_mb": peak_of(made.one_by_one, losses[0]),
    }


def test_books_at_one_price_vector(benchmark, made, built):
    """Repaid, sold and bad debt of all markets, without the loop."""
    benchmark.group = "1e6 positions, 5,000 markets, prices given"
    prices = np.random.default_rng(2).uniform(0.5, 1, (1, TOKENS))
    books, x = built[0].books, prices[:, made.collateral]
    benchmark(books.at, x)
    benchmark.extra_info["cpu_ms"] = 1e3 * cpu(books.at, x, turns=9)[0]


def test_positions_at_one_price_vector(benchmark, made):
    benchmark.group = "1e6 positions, 5,000 markets, prices given"
    prices = np.random.default_rng(2).uniform(0.5, 1, TOKENS)
    benchmark.pedantic(made.fates, (prices,), rounds=3)
    benchmark.extra_info["cpu_ms"] = 1e3 * cpu(made.fates, prices)[0]
