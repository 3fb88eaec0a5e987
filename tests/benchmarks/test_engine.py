"""How fast large systems are cleared and traced, beside plain ways of doing the same.

Everything is timed after the form is compiled. Run with one thread of linear algebra:
``OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks --benchmark-only``.
"""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from looprisk.engine.fast import clear_many
from looprisk.engine.trace import sweep
from tests.engine.nets import cyclic_net, random_net

DIGITS = 1e-12
THIN = {"debts": {}, "default costs": {"cost": 0.1}, "shares": {"equity": 10}}


def peak_mb(work):
    """Return the most memory that Python and numpy held while working, in MB."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round(peak / 1e6, 1)


@pytest.mark.parametrize("kind", THIN)
@pytest.mark.parametrize("n", [1_000, 20_000])
def test_clear_with_certificate(benchmark, n, kind):
    benchmark.group = f"clear {n:,} nodes, 10 creditors each"
    form = random_net(n, 1, **THIN[kind])
    clear_many(form)
    batch = benchmark(clear_many, form)
    assert batch.settled.all()
    assert batch.same_cells.all()


@pytest.mark.parametrize("n", [1_000, 20_000])
def test_clear_node_by_node(benchmark, n):
    """Iterate from above with a Python loop over nodes; no proof of anything."""
    benchmark.group = f"clear {n:,} nodes, 10 creditors each"
    form = random_net(n, 1)
    held = [[] for _ in range(n)]
    for claim, holder, share in zip(form.held_claim, form.held_by, form.held_share, strict=True):
        held[holder].append((int(claim) // 2, float(share)))
    assets, face = form.b_const.tolist(), (-form.cond_const).tolist()

    def iterate():
        paid = face
        while True:
            new = [
                min(due, own + sum(share * paid[i] for i, share in row))
                for due, own, row in zip(face, assets, held, strict=True)
            ]
            if max(abs(a - b) for a, b in zip(new, paid, strict=True)) < DIGITS:
                return new
            paid = new

    paid = benchmark.pedantic(iterate, rounds=3 if n == 1_000 else 1)
    assert paid == pytest.approx(clear_many(form).z[0, ::2].tolist(), abs=1e-9)


def test_clear_dense(benchmark):
    """Iterate from above with a dense matrix; at 20,000 nodes it would take 3 GB."""
    n = 1_000
    benchmark.group = f"clear {n:,} nodes, 10 creditors each"
    form = random_net(n, 1)
    shares = np.zeros((n, n))
    np.add.at(shares, (form.held_by, form.held_claim // 2), form.held_share)
    face = -form.cond_const

    def iterate():
        paid = face
        while True:
            new = np.minimum(face, form.b_const + shares @ paid)
            if np.abs(new - paid).max() < DIGITS:
                return new
            paid = new

    paid = benchmark(iterate)
    assert paid == pytest.approx(clear_many(form).z[0, ::2], abs=1e-9)


@pytest.mark.parametrize("cost", [0.0, 0.1], ids=["no jumps", "jumps"])
@pytest.mark.parametrize("n", [200, 2_000])
def test_all_break_points(benchmark, n, cost):
    benchmark.group = f"break points of {n:,} cyclic nodes"
    form = cyclic_net(n, 3, cost=cost)
    rounds = {"rounds": 10, "warmup_rounds": 1} if n == 200 else {"rounds": 1}
    pieces = benchmark.pedantic(sweep, (form, 0.0, 1.0), **rounds)
    benchmark.extra_info["kinks"] = sum(len(piece.changed) for piece in pieces)
    benchmark.extra_info["peak MB"] = peak_mb(lambda: sweep(form, 0.0, 1.0))
    assert benchmark.extra_info["kinks"] > 0.7 * n


@pytest.mark.parametrize(("n", "nodes"), [(200, 200), (2_000, 10)])
def test_break_points_by_bisection(benchmark, n, nodes):
    """Halve the shock until each break is known to 1e-10; at 2,000 nodes for ten of them."""
    benchmark.group = f"break points of {n:,} cyclic nodes"
    form = cyclic_net(n, 3)

    def bisect(condition):
        lo, hi = 0.0, 1.0
        while hi - lo > 1e-10:
            middle = (lo + hi) / 2
            if clear_many(form.at(middle)).alive[0, condition]:
                lo = middle
            else:
                hi = middle
        return hi

    found = benchmark.pedantic(lambda: [bisect(k) for k in range(nodes)], rounds=1)
    swept = {k: piece.lo for piece in sweep(form, 0.0, 1.0) for k in piece.changed}
    known = [k for k in range(nodes) if k in swept]
    assert [found[k] for k in known] == pytest.approx([swept[k] for k in known], abs=2e-10)


@pytest.fixture(scope="module")
def book():
    """A net of 50 nodes, and 10,000 draws of what its nodes own."""
    form = random_net(50, 1)
    return form, form.b_const * np.random.default_rng(0).uniform(0.3, 1.1, (10_000, 50))


def test_many_scenarios_of_a_small_book(benchmark, book):
    benchmark.group = "10,000 scenarios of 50 nodes"
    form, b = book
    batch = benchmark.pedantic(clear_many, (form,), {"b": b}, rounds=5, warmup_rounds=1)
    benchmark.extra_info["peak MB"] = peak_mb(lambda: clear_many(form, b=b))
    assert batch.settled.all()
    assert batch.same_cells.all()
    assert batch.residual.max() < 1e-12


def test_many_scenarios_one_by_one(benchmark, book):
    """The same function for each scenario by itself; for 200 of the 10,000."""
    benchmark.group = "10,000 scenarios of 50 nodes"
    form, b = book
    rows = [b[i : i + 1] for i in range(200)]
    clear_many(form)
    benchmark.pedantic(lambda: [clear_many(form, b=row) for row in rows], rounds=3)


def test_many_scenarios_by_plain_iteration(benchmark, book):
    """All scenarios as one matrix, iterated from above until nothing moves; no proof of anything."""
    benchmark.group = "10,000 scenarios of 50 nodes"
    form, b = book
    held = np.zeros((50, 50))
    np.add.at(held, (form.held_claim // 2, form.held_by), form.held_share)
    face = -form.cond_const

    def iterate():
        paid = np.broadcast_to(face, b.shape)
        while True:
            new = np.minimum(face, b + paid @ held)
            if np.abs(new - paid).max() < DIGITS:
                return new
            paid = new

    paid = benchmark.pedantic(iterate, rounds=3, warmup_rounds=1)
    assert paid == pytest.approx(clear_many(form, b=b).z[:, ::2], abs=1e-9)


@pytest.mark.parametrize(
    "command",
    [["-c", "pass"], ["-c", "import looprisk"], ["-m", "looprisk", "demo"]],
    ids=["python alone", "import looprisk", "looprisk demo"],
)
def test_from_the_shell(benchmark, command):
    benchmark.group = "from the shell"
    benchmark.pedantic(
        lambda: subprocess.run([sys.executable, *command], check=True, capture_output=True),
        rounds=5,
        warmup_rounds=1,
    )
