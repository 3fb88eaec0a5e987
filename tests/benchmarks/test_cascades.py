"""How fast a crash in one book of a million positions is answered, in four ways.

Each answers 1,000 different falls of the price outside with what goes and the price at which it
stops. ``OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks/test_cascades.py --benchmark-only``.
"""

import numpy as np
import pytest

from looprisk.cascade import envelope as env
from looprisk.cascade.pools import Pool

COUNT, FALLS = 1_000_000, 1_000
POOL = Pool(kind="exponential", depth=4e6, start_price=1.0, eta=0.5)


@pytest.fixture(scope="module")
def positions():
    dice = np.random.default_rng(4)
    thresholds = 0.98 - 0.6 * dice.beta(2.0, 2.5, COUNT)
    return thresholds, np.exp(dice.normal(0.0, 1.0, COUNT))


@pytest.fixture(scope="module")
def book(positions):
    return env.releases(*positions)


@pytest.fixture(scope="module")
def border(book):
    return env.envelope(book, POOL)


@pytest.fixture(scope="module")
def external():
    return np.linspace(1.0, 0.5, FALLS)


def test_build(benchmark, positions):
    """Sort, prefix sums, envelope: once for a book."""
    benchmark.group = "a million positions: build"
    found = benchmark.pedantic(lambda: env.envelope(env.releases(*positions), POOL), rounds=5)
    assert len(found) == COUNT


def test_by_envelope(benchmark, book, border, external):
    benchmark.group = "a million positions: 1,000 falls"
    counts = benchmark(env.gone, border, external)
    assert counts.tolist() == env.stepped(book, POOL, external)[0].tolist()
    benchmark.extra_info["share gone, middle fall"] = int(counts[FALLS // 2]) / COUNT


def test_by_stepping(benchmark, book, external):
    benchmark.group = "a million positions: 1,000 falls"
    _, rounds = benchmark(env.stepped, book, POOL, external)
    benchmark.extra_info["rounds at most"] = rounds


def test_by_stepping_each_alone(benchmark, book, external):
    """The same, one fall at a time: what a Python caller pays for not batching."""
    benchmark.group = "a million positions: 1 fall"
    benchmark(env.stepped, book, POOL, external[300:301])


def test_by_position(benchmark, book, border, external):
    """A loop over positions in plain Python, for one fall."""
    benchmark.group = "a million positions: 1 fall"
    thresholds, units = book.thresholds.tolist(), np.diff(book.sold).tolist()
    fall, eta, depth = float(external[300]), POOL.eta, POOL.depth

    def loop():
        sold, count = 0.0, 0
        for threshold, size in zip(thresholds, units, strict=True):
            level = fall**eta - eta * sold / depth
            if level > 0 and level ** (1 / eta) >= threshold:
                break
            sold += size
            count += 1
        return count

    found = benchmark.pedantic(loop, rounds=3)
    assert found == env.gone(border, external[300:301]).item()
