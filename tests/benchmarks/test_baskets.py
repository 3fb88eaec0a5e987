"""How fast a pool of 100,000 borrowers is solved, 60 % of them with several collaterals or debts.

Beside it a loop over the accounts in numpy, at the same prices. ``extra_info`` holds memory. Run
with one thread of linear algebra:
``OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks/test_baskets.py --benchmark-only``.
"""

import resource
from fractions import Fraction

import numpy as np
import pytest

import looprisk as lr
from looprisk.analysis.api import case_of
from looprisk.analysis.solve import solve
from tests.tables.imported import imported

ROWS, TOKENS = 100_000, 30
FALL = {"price": {"T3": "-40%"}}
GROUP = "100,000 borrowers of a pool of 30 reserves"


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    path = imported(tmp_path_factory.mktemp("pool"), ROWS, tokens=TOKENS)
    return case_of(lr.load(path).system, FALL)


def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def one_by_one(table):
    """Return what lenders of each loan token get, account by account."""
    accounts, prices, found = table.baskets, table.prices, table.found
    got = np.zeros(len(accounts.loans))
    for row in range(accounts.size):
        legs = slice(*accounts.units.indptr[row : row + 2])
        owes = slice(*accounts.debts.indptr[row : row + 2])
        slots, units = accounts.units.indices[legs], accounts.units.data[legs]
        faces = accounts.debts.data[owes] * prices.loans[accounts.debts.indices[owes]]
        debt = faces.sum()
        read, worth = units @ prices.reading[slots], units @ prices.worth[slots]
        paid = min(debt, worth)
        if found.acted[row]:
            paid = min(debt, read / found.incentive[row])
        got[accounts.debts.indices[owes]] += paid * faces / debt
    return got


def test_solved_at_one_shock(benchmark, case):
    """The start, the incentives there, and the end."""
    benchmark.group = GROUP
    solved = benchmark.pedantic(solve, (case,), rounds=3, warmup_rounds=1)
    benchmark.extra_info["megabytes"] = megabytes()
    table = solved.end.table("b-abababab")
    assert table.outcome().unpaid > 0


def test_the_same_one_by_one(benchmark, case):
    """What the accounts pay at prices that are known already."""
    benchmark.group = GROUP
    solved = solve(case)
    table = solved.end.table("b-abababab")
    got = benchmark.pedantic(one_by_one, (table,), rounds=1)
    claims = [table.baskets.claim_of(loan) for loan in table.baskets.loans]
    drawn = np.array([float(Fraction(solved.end.claim(claim))) for claim in claims])
    assert np.allclose(got, drawn, rtol=1e-9)


def test_one_more_point(benchmark, case):
    benchmark.group = GROUP
    solved = solve(case)
    benchmark(solved.scaled.at, Fraction(1, 3))


def test_run_with_all_break_points(benchmark, case):
    benchmark.group = GROUP
    answer = benchmark.pedantic(lr.run, (case,), rounds=1)
    benchmark.extra_info["megabytes"] = megabytes()
    assert answer.certificate.residual < 1e-9
