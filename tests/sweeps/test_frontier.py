"""The border of two shocks: exact at its vertices, and on no side of any way through it."""

from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest

import looprisk as lr
from looprisk.analysis.solve import solve
from looprisk.model.case import Case
from looprisk.sweeps import frontier
from looprisk.sweeps.factors import factors_of
from looprisk.sweeps.rays import Target, hit
from tests.sweeps.test_reverse import ring

CHAIN = lr.System(
    issuers={
        "Top": lr.Issuer(outside={"own": 100}, owes={"outside": 90}),
        "Base": lr.Issuer(
            outside={"pile": 100},
            owes={"Top": 60},
            issues={"base": lr.Share(supply=1)},
            pays=["debts", "base"],
        ),
    }
)
BOTH = {"Top/outside/own": 100, "Base/outside/pile": 100}


def case_of(system):
    return Case(system, lr.Scenario(stages=[lr.Stage(loss=BOTH)]))


def test_a_buffer_below_makes_a_vertex():
    """Top has 160 less 100 x, less what Base fails to pay: 100 y - 40 where that is above zero."""
    system = CHAIN.set({"Top/owes/outside": "$120"})
    border = frontier(system, "Top", "insolvent", loss=BOTH)
    assert [v.exact for v in border.vertices] == [("2/5", "0"), ("2/5", "2/5"), ("0", "4/5")]
    assert border.vertices[1].texts == ("$40", "$40")
    assert "straight between two rows" in repr(border)


def test_a_shock_that_is_spent_leaves_the_border_at_its_end():
    """Top owes 90 of 160: with all of Base gone, 60 is lost, and 10 more of its own are needed."""
    border = frontier(CHAIN, "Top", "insolvent", loss=BOTH)
    found = [v.exact for v in border.vertices]
    assert found == [("7/10", "0"), ("7/10", "2/5"), ("1/10", "1")]


def test_every_way_meets_the_border_where_it_says():
    rng = Random(1)
    case = case_of(CHAIN.set({"Top/owes/outside": "$120"}))
    vertices = [tuple(map(Fraction, v.exact)) for v in frontier(case, "Top", "insolvent").vertices]
    key = ("Top", "insolvent")
    target = Target(factors=factors_of(solve(case)), key=key, selection="greatest")
    for _ in range(10):
        x, y = hit(target, (Fraction(rng.randint(1, 9)), Fraction(rng.randint(1, 9)))).sizes
        turns = [
            (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) for a, b in pairwise(vertices)
        ]
        assert 0 in turns


def test_what_has_no_frontier_is_refused():
    with pytest.raises(lr.ModelError, match="no mixture of loss/Top/outside/own and"):
        frontier(CHAIN.set({"Top/owes/outside": "$0"}), "Top", "insolvent", loss=BOTH)
    with pytest.raises(lr.ModelError, match="a frontier is of two shocks; here are 1"):
        frontier(CHAIN, "Top", "insolvent", loss={"Top/outside/own": 100})


PILES = {"A/outside/pile": "100%", "B/outside/pile": "100%"}


def broken(x, y, solution):
    """Whether A fails at a mixture, solved again from nothing."""
    loss = {"A/outside/pile": f"${100 * x}", "B/outside/pile": f"${100 * y}"}
    end = lr.run(ring("90%"), loss={k: v for k, v in loss.items() if v != "$0"}, solution=solution)
    return ("A", "insolvent") in {(event.of, event.event) for event in end.events}


@pytest.mark.parametrize("solution", ["greatest", "least"])
def test_the_border_of_a_panic_lies_before_that_of_the_shock(solution):
    """Halfway along every edge: a hair inside it holds, a hair outside it breaks."""
    found = frontier(ring("90%"), "A", "insolvent", loss=PILES)
    assert found.is_fragile
    corners = found.vertices if solution == "greatest" else found.fragile
    for one, other in pairwise(corners):
        middle = [(a + b) / 2 for a, b in zip(one.shares, other.shares, strict=True)]
        inside, outside = ([m * (1 + hair) for m in middle] for hair in (-1e-6, 1e-6))
        assert not broken(*inside, solution)
        assert max(outside) > 1 or broken(*outside, solution)


def test_a_panic_that_needs_no_shock_is_one_corner_at_nothing():
    found = frontier(ring("50%"), "A", "insolvent", loss=PILES)
    assert [vertex.exact for vertex in found.fragile] == [("0", "0")]
    assert "in a panic" in repr(found)
