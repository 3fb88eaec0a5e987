"""How fast a table of 100,000 accounts loads and is solved in exact fractions.

``extra_info`` holds what was measured besides the time. Run with one thread of linear algebra:
``OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks/test_tables.py --benchmark-only``.
"""

import time

import pytest

from looprisk.analysis.solve import solve
from looprisk.files import load
from tests.tables.make import accounts, position, zipped


@pytest.fixture(scope="module")
def large_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    text = accounts(100_000)
    (folder / "accounts.csv.gz").write_bytes(zipped(text))
    said = position(text, "m", "accounts.csv.gz")
    totals = "".join(f"      {key}: {total}\n" for key, total in said["totals"].items())
    (folder / "large.yaml").write_text(
        "looprisk: 1\n"
        "assets: {USDC: {price: $1}, wstETH: {price: $4_310}}\n"
        "markets:\n"
        "  m:\n"
        "    rules: morpho-blue\n"
        "    lends: {USDC: {cash: 10M}}\n"
        "    collateral: {wstETH: {lltv: 86%, oracle: market}}\n"
        "positions:\n"
        "  accounts:\n"
        "    market: m\n"
        "    table: accounts.csv.gz\n"
        f"    rows: {said['rows']}\n"
        f"    sha256: {said['sha256']}\n"
        f"    totals:\n{totals}"
        "scenarios: {falls: {stages: [{price: {wstETH: -40%}}]}}\n"
    )
    return folder / "large.yaml"


def test_load_100_000_rows(benchmark, large_file):
    benchmark.group = "100,000 rows"
    file = benchmark.pedantic(load, (large_file,), rounds=5)
    assert file.system.positions["accounts"].accounts.rows == 100_000


def test_solve_100_000_rows_exactly(benchmark, large_file):
    """The first solve sorts the table, which takes most of its time."""
    benchmark.group = "100,000 rows"
    case = load(large_file)["falls"]
    begin = time.perf_counter()
    solve(case)
    benchmark.extra_info["first_solve_s"] = time.perf_counter() - begin
    solved = benchmark(solve, case)
    assert solved.end.compiled.form.exact
