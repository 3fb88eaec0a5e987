"""A thousand accounts along a thousand paths of a thousand hours, in seven ways.

Accounts of one market at a market oracle; volatility 90 % a year. With full liquidation the sorted
book keeps one pointer a path: accounts cost nothing until the price reaches them. With half of the
debt a round those that were reached are looked at too, as pairs of a path and an account. Neither
has a pool or valuation, nor have the dense and the plain loop beside them. The last rows are the cascade itself with
every phase on (interest, pool, liquidations, valuation, g, identity): on its shelves along all
steps, and looking at every account along the first of them. ``account_steps`` is what one round
covers; accounts x steps over its time is the rate; ``peak MB`` is what numpy and Python held at
most. ``OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks/test_books.py --benchmark-only``.
"""

import tracemalloc

import numpy as np
import pytest

from looprisk.cascade.envelope import releases
from looprisk.cascade.paths import Drawn, generated
from looprisk.cascade.run import run
from looprisk.model import System
from looprisk.model.generator import Generator
from looprisk.model.scenario import Scenario

ACCOUNTS, PATHS, STEPS = 1_000, 1_000, 1_000
LLTV, PHI, RATE = 0.86, 1.05, 0.05
HOUR = 3600.0


@pytest.fixture(scope="module")
def prices():
    rule = Generator(kind="gbm", seed=12, count=PATHS, volatility={"ETH": "90%/y"})
    drawn = generated(rule, times=np.arange(STEPS + 1) * HOUR, start={"ETH": 1.0})
    return drawn.values[:, :, 0]


@pytest.fixture(scope="module")
def accounts():
    dice = np.random.default_rng(8)
    units = np.exp(dice.normal(0.0, 1.0, ACCOUNTS))
    return units, units * LLTV * dice.uniform(0.2, 0.98, ACCOUNTS)


@pytest.fixture(scope="module")
def index():
    """Debt grows at one rate, so the order of the thresholds never changes."""
    return np.exp(RATE * np.arange(STEPS + 1) * HOUR / (365 * 86_400))


def by_pointer(units, debt, prices, index):
    """Return the units sold so far, [path, step]: one look-up in a sorted book."""
    book = releases(debt / (LLTV * units), units)
    lowest = np.minimum.accumulate(prices / index, axis=1)
    return np.take(book.sold, np.searchsorted(-book.thresholds, -lowest, side="left"))


def by_touched_pairs(units, debt, prices, index):
    """Return the units sold so far with a close factor of one half.

    Each path knows the highest price at which one of its accounts is reached; only where the price
    is below it are the path's accounts looked at, as far as any path reached, and those that go are
    given new thresholds.
    """
    paths, order = len(prices), np.argsort(-debt / units)
    left, due = np.tile(units[order], (paths, 1)), np.tile(debt[order], (paths, 1))
    keys = due / (LLTV * left)
    first = np.append(keys[0], 0.0)
    top, lowest = keys.max(axis=1), np.inf
    sold, gone = np.empty(prices.shape), np.zeros(paths)
    for k in range(prices.shape[1]):
        price = prices[:, k] / index[k]
        hit = np.flatnonzero(price < top)
        lowest = min(lowest, price.min())
        upto = np.searchsorted(-first, -lowest)
        place, account = np.nonzero(keys[hit, :upto] > price[hit, None])
        path = hit[place]
        held, owed, at = left[path, account], due[path, account], price[path]
        seized = np.minimum(held, PHI * owed / 2 / at)
        rest = held - seized
        owed = np.where(rest > 0, owed - seized * at / PHI, 0.0)
        left[path, account], due[path, account] = rest, owed
        keys[path, account] = np.where(rest > 0, owed / np.where(rest > 0, LLTV * rest, 1), 0.0)
        top[hit] = np.maximum(keys[hit, :upto].max(axis=1, initial=0.0), first[upto])
        gone += np.bincount(path, seized, paths)
        sold[:, k] = gone
    return sold


def dense_by_halves(units, debt, prices, index):
    """Return the same, every account of every path looked at in every step."""
    left, due = np.tile(units, (len(prices), 1)), np.tile(debt, (len(prices), 1))
    sold, gone = np.empty(prices.shape), np.zeros(len(prices))
    for k in range(prices.shape[1]):
        here, grown = prices[:, k, None], due * index[k]
        sick = LLTV * left * here < grown
        seized = np.where(sick, np.minimum(left, PHI * grown / 2 / here), 0.0)
        due = np.where(left > seized, due - seized * here / PHI / index[k], 0.0)
        left = left - seized
        gone = gone + seized.sum(axis=-1)
        sold[:, k] = gone
    return sold


def dense(units, debt, prices, index):
    """Return the same, every account of every path looked at in every step."""
    live = np.ones((len(prices), len(units)), dtype=bool)
    sold = np.empty(prices.shape)
    for k in range(prices.shape[1]):
        owed = debt * index[k]
        live &= LLTV * units * prices[:, k, None] >= owed
        sold[:, k] = np.where(live, 0.0, units).sum(axis=-1)
    return sold


def one_by_one(units, debt, prices, index):
    """Return the same of one path, in a plain loop over accounts."""
    live, gone, sold = [True] * len(units), 0.0, []
    book = list(zip(units.tolist(), debt.tolist(), strict=True))
    for price, grown in zip(prices.tolist(), index.tolist(), strict=True):
        for at, (held, owed) in enumerate(book):
            if live[at] and LLTV * held * price < owed * grown:
                live[at] = False
                gone += held
        sold.append(gone)
    return np.array(sold)


def peak(work, *args, **kwargs):
    """Return the most memory that a piece of work held, MB."""
    tracemalloc.start()
    work(*args, **kwargs)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round(most / 1e6, 1)


def test_sorted_one_pointer(benchmark, accounts, prices, index):
    benchmark.group = "1,000 accounts"
    sold = benchmark(by_pointer, *accounts, prices, index)
    benchmark.extra_info["account_steps"] = ACCOUNTS * PATHS * STEPS
    benchmark.extra_info["share of units reached"] = float(sold[:, -1].mean() / accounts[0].sum())
    benchmark.extra_info["peak MB"] = peak(by_pointer, *accounts, prices, index)
    few = slice(0, 3)
    assert sold[few] == pytest.approx(dense(*accounts, prices[few], index), abs=1e-9)


def test_sorted_touched_pairs(benchmark, accounts, prices, index):
    benchmark.group = "1,000 accounts"
    sold = benchmark.pedantic(by_touched_pairs, args=(*accounts, prices, index), rounds=3)
    benchmark.extra_info["account_steps"] = ACCOUNTS * PATHS * STEPS
    benchmark.extra_info["share of units sold"] = float(sold[:, -1].mean() / accounts[0].sum())
    benchmark.extra_info["peak MB"] = peak(by_touched_pairs, *accounts, prices, index)
    few = slice(0, 3)
    other = dense_by_halves(*accounts, prices[few], index)
    assert sold[few] == pytest.approx(other, abs=1e-9)


def test_dense(benchmark, accounts, prices, index):
    steps = 21
    benchmark.group = "1,000 accounts"
    args = (*accounts, prices[:, :steps], index[:steps])
    benchmark.pedantic(dense, args=args, rounds=3)
    benchmark.extra_info["account_steps"] = ACCOUNTS * PATHS * (steps - 1)
    benchmark.extra_info["peak MB"] = peak(dense, *args)


def test_plain_loop(benchmark, accounts, prices, index):
    steps = 201
    benchmark.group = "1,000 accounts"
    args = (*accounts, prices[0, :steps], index[:steps])
    sold = benchmark.pedantic(one_by_one, args=args, rounds=3)
    benchmark.extra_info["account_steps"] = ACCOUNTS * (steps - 1)
    benchmark.extra_info["peak MB"] = peak(one_by_one, *args)
    same = by_pointer(*accounts, prices[:1, :steps], index[:steps])[0]
    assert sold == pytest.approx(same, abs=1e-9)


def market(units, debt):
    """The same accounts in a market with a kinked rate and a pool, and a vault that owns it."""
    positions = {
        f"a{i}": {
            "market": "m",
            "collateral": {"ETH": f"{n:.9f}"},
            "debt": {"USDC": f"{d:.9f}"},
        }
        for i, (n, d) in enumerate(zip(units, debt, strict=True))
    }
    rate = {"kind": "kinked", "base": "0%/y", "slope_1": "4%/y", "slope_2": "60%/y", "kink": "80%"}
    return System(
        assets={"USDC": {"price": "$1"}, "ETH": {"price": "$1"}},
        markets={
            "m": {
                "rules": "morpho-blue",
                "lends": {"USDC": {"cash": 500, "rate": rate}},
                "collateral": {"ETH": {"lltv": "86%", "oracle": "market"}},
            }
        },
        issuers={"V": {"owns": {"m": 100}, "issues": {"v": {"kind": "share", "supply": 100}}}},
        positions=positions,
        liquidity={
            "p": {"of": "ETH", "into": "USDC", "curve": {"kind": "exponential", "depth": "$100k"}}
        },
    )


@pytest.mark.parametrize(
    ("shelve_from", "paths", "steps"),
    [(0, PATHS, STEPS), (0, PATHS, 20), (10**9, PATHS, 20), (10**9, 1, 20)],
    ids=["shelves", "shelves, first steps", "every account", "every account, one path"],
)
def test_the_cascade_with_every_phase(benchmark, accounts, prices, shelve_from, paths, steps):
    system = market(*accounts)
    scenario = Scenario(time={"step": "1h", "horizon": f"{steps}h"})
    drawn = Drawn(ids=("ETH",), written_in=(None,), values=prices[:paths, : steps + 1, None])
    kwargs = {"drawn": drawn, "keep": (), "shelve_from": shelve_from}
    benchmark.group = "1,000 accounts"
    done = benchmark.pedantic(run, args=(system, scenario), kwargs=kwargs, rounds=1)
    benchmark.extra_info["account_steps"] = ACCOUNTS * paths * steps
    benchmark.extra_info["peak MB"] = peak(run, system, scenario, **kwargs)
    gone = (done.end.state.markets[0].principal == 0).mean()
    benchmark.extra_info["share of accounts touched"] = float(gone)
