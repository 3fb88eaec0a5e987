"""What exactness costs: formulas of the shipped cases, traces in fractions, the program of MILP.

``OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks/test_exact.py --benchmark-only``.
"""

from pathlib import Path
from random import Random

import pytest

import looprisk as lr
from looprisk.analysis.api import case_of
from looprisk.analysis.clearing import proven
from looprisk.analysis.solve import solve
from looprisk.sweeps.factors import factors_of
from looprisk.sweeps.proof import bound
from looprisk.sweeps.rays import Target
from looprisk.symbolic import formula

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FORMULAS = {
    "wsteth-loop::ratio-slips": ("me", {"l": "me/loop/ltv", "e": "me/loop/equity"}),
    "pyramid::base-falls": ("t-share", {"D": "top/owes/outside"}),
    "cycle::three-percent": ("first-share", {"D": "lever/owes/outside"}),
    "stream-own-token::loss-93": ("xUSD", {"A": "Stream/outside/fund", "N": "xUSD/supply"}),
    "stream-recourse::loss-93": ("xUSD", {"A": "Stream/outside/fund"}),
    "stream-aggregate::loss-93": ("xUSD", {"A": "Stream/outside/strategies"}),
    "stream-morpho::loss-93": ("xUSD", {"A": "Stream/outside/fund"}),
    "delta-neutral::rally": ("Neutral", {"M": "eth-short/margin/USDC"}),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_the_formula_of_a_shipped_case(benchmark, name):
    benchmark.group = "the formula of a layer, with its regimes and break points"
    file, _, scenario = name.partition("::")
    case = lr.load(SCENARIOS / f"{file}.yaml")[scenario]
    of, symbols = FORMULAS[name]
    found = benchmark.pedantic(formula, (case, of, symbols), {"at": 0.01}, rounds=1)
    assert found.regimes


def ring(n, seed):
    """Issuers with debts and shares of two others, one large loop."""
    rng = Random(seed)
    issuers = {
        f"I{k}": lr.Issuer(
            outside={"p": rng.randint(40, 90)},
            owns={f"s{(k + 1) % n}": rng.randint(5, 30)},
            owes={f"I{(k + 2) % n}": rng.randint(5, 40), "outside": rng.randint(10, 40)},
            issues={f"s{k}": lr.Share(supply=100)},
            pays=["debts", f"s{k}"],
        )
        for k in range(n)
    }
    return case_of(lr.System(issuers=issuers), {"loss": {f"I{k}": "60%" for k in range(0, n, 3)}})


def test_a_trace_of_50_nodes_in_fractions(benchmark):
    benchmark.group = "every break point, in fractions"
    case = ring(50, 1)
    solved = benchmark.pedantic(lambda: (found := solve(case), found.segments)[0], rounds=1)
    assert solved.end.compiled.form.exact
    assert sum(len(segment.pieces) for segment in solved.segments) > 2


@pytest.mark.parametrize("others", [4, 299])
def test_a_loop_of_300_nodes_in_fractions(benchmark, others):
    """Every issuer holds shares of 4 others, or of all, and owes some of them."""
    benchmark.group = "one clearing of 300 nodes, in fractions"
    rng = Random(1)
    issuers = {
        f"I{k}": lr.Issuer(
            outside={"p": rng.randint(40, 90)},
            owns={f"s{(k + 1 + j) % 300}": rng.randint(1, 600 // others) for j in range(others)},
            owes={f"I{(k + 2) % 300}": rng.randint(5, 40), "outside": rng.randint(10, 40)},
            issues={f"s{k}": lr.Share(supply=1000)},
            pays=["debts", f"s{k}"],
        )
        for k in range(300)
    }
    loss = {f"I{k}": "60%" for k in range(0, 300, 3)}
    case = case_of(lr.System(issuers=issuers), {"loss": loss, "exact": True})
    solved = benchmark.pedantic(solve, (case,), rounds=1)
    assert solved.end.compiled.form.exact
    assert proven(solved.end) == (0, 0)


def test_a_program_of_14_nodes(benchmark):
    """The least sum of three losses that breaks a node in any clearing, proved by HiGHS."""
    benchmark.group = "a bound for the smallest shock, 14 nodes, 3 factors"
    system = ring(14, 2).system
    loss = {f"I{k}": "100%" for k in (0, 5, 9)}
    solved = solve(case_of(system, {"loss": loss}))
    key = next(k for k in sorted(solved.broken) if k[1] == "insolvent")
    target = Target(factors=factors_of(solved), key=key, selection="least")
    found = benchmark.pedantic(bound, (target, "sum"), rounds=1)
    assert found is not None
