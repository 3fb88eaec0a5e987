"""Closed loops, ties, empty claims, own tokens, loops that keep nearly everything."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from looprisk.engine import walk
from looprisk.engine.audit import audit
from looprisk.engine.block import Block
from looprisk.engine.bounds import between
from looprisk.engine.clear import clear, prove
from looprisk.engine.fast import clear_many
from looprisk.engine.networks import debt_network
from looprisk.engine.trace import sweep, trace
from looprisk.errors import NoSolutionError, NotExactError
from tests.engine.systems import Condition, Node, build, exact, issuer, position

BOTH = pytest.mark.parametrize("exactly", [True, False], ids=["fractions", "floats"])


def form_of(nodes, held, *, exactly):
    form = build(nodes, held)
    return form if exactly else form.floats()


@BOTH
@pytest.mark.parametrize("selection", ["greatest", "least"])
def test_one_node(exactly, selection):
    form = form_of([issuer(3, [5])], [], exactly=exactly)
    solution = clear(form, selection)
    assert solution.z.tolist() == [3, 0]
    assert prove(form, solution).conservation_gap == 0


@BOTH
def test_nothing_at_all(exactly):
    form = form_of([issuer(0), issuer(0, [4])], [((0, 0), 1, Fraction(1))], exactly=exactly)
    for selection in ("greatest", "least"):
        assert not clear(form, selection).z.any()


@BOTH
def test_a_claim_that_nobody_holds_goes_outside(exactly):
    form = form_of([issuer(10, [4]), issuer(1)], [((0, 0), 1, Fraction(0))], exactly=exactly)
    assert clear(form).y.tolist() == [10, 1]


@BOTH
def test_own_shares_are_worth_what_the_rest_is_worth(exactly):
    # half of its own shares: y = 6 + y/2
    form = form_of([issuer(6)], [((0, 0), 0, Fraction(1, 2))], exactly=exactly)
    for selection in ("greatest", "least"):
        assert clear(form, selection).y.tolist() == [12]


@BOTH
def test_shares_in_a_closed_circle_have_no_value(exactly):
    held = [((0, 0), 1, Fraction(1)), ((1, 0), 0, Fraction(1))]
    form = form_of([issuer(1), issuer(0)], held, exactly=exactly)
    with pytest.raises(NotExactError, match="closed circle"):
        clear(form)
    with pytest.raises(NotExactError, match="closed circle"):
        clear_many(form)


@BOTH
def test_a_closed_circle_of_debts_keeps_what_reaches_it(exactly):
    held = [((0, 0), 1, Fraction(1)), ((1, 0), 0, Fraction(1)), ((2, 0), 0, Fraction(1, 2))]
    nodes = [issuer(0, [8]), issuer(0, [8]), issuer(1, [2])]
    form = form_of(nodes, held, exactly=exactly)
    # half a dollar comes in and cannot leave before both debts are paid
    for selection in ("greatest", "least"):
        assert clear(form, selection).z[[0, 2]].tolist() == [8, 8]
    empty = form_of([issuer(0, [8]), issuer(0, [8]), issuer(0, [2])], held, exactly=exactly)
    assert clear(empty).z[[0, 2]].tolist() == [8, 8]
    assert not clear(empty, "least").z.any()
    assert clear_many(empty).z[0, [0, 2]].tolist() == [8, 8]


@BOTH
def test_two_closed_circles_fill_one_after_the_other(exactly):
    """Each of two circles owns the other's shares, and one is owed half a dollar from outside."""
    held = [((v, 0), w, Fraction(1)) for v, w in ((0, 1), (1, 0), (2, 3), (3, 2))]
    held += [((0, 1), 2, Fraction(1, 2)), ((2, 1), 0, Fraction(1, 2)), ((4, 0), 0, Fraction(1))]
    nodes = [*[issuer(0, [8])] * 2, *[issuer(0, [4])] * 2, issuer(Fraction(1, 2), [1])]
    form = form_of(nodes, held, exactly=exactly)
    least = clear(form, "least")
    assert least.z[[0, 2]].tolist() == [8, 8]
    assert [float(x) for x in clear(form).z[[4, 6]]] == [4, 4]
    proof = prove(form, least)
    assert proof.same_cells
    assert abs(proof.conservation_gap) < 1e-12


@BOTH
def test_a_closed_circle_of_debts_empties_when_nothing_reaches_it(exactly):
    held = [((0, 0), 1, Fraction(1)), ((1, 0), 0, Fraction(1))]
    form = replace(build([issuer(1, [1]), issuer(0, [1])], held), b_slope=exact([-1, 0]))
    form = form if exactly else form.floats()
    zero, one = form.b_const[1], form.b_const[0]
    (piece,) = trace(form, zero, one)
    assert piece.z(one).tolist() == [1, 0, 1, 0]
    lower = trace(form, zero, one, "least")
    assert lower[0].hi == lower[-1].lo == lower[-1].hi == 1
    assert lower[0].z(one).tolist() == [1, 0, 1, 0]
    assert lower[-1].z(one).tolist() == [0, 0, 0, 0]


@BOTH
@pytest.mark.parametrize("n", [2, 3, 8])
def test_a_symmetric_ring_breaks_all_at_once(exactly, n):
    owed = np.roll(np.eye(n, dtype=int) * 8, 1, axis=1).tolist()
    assets = [Fraction(3)] * n if exactly else [3.0] * n
    form = debt_network(
        owed, assets, outside_liabilities=[2] * n, alpha=Fraction(1, 2), beta=Fraction(1, 2)
    )
    form = replace(form, b_slope=-form.b_const)
    pieces = sweep(form, assets[0] * 0, assets[0] / 3)
    assert len(pieces) == 2
    assert set(pieces[1].changed) == set(range(n))
    assert float(pieces[1].lo) == pytest.approx(1 / 3, abs=1e-15)
    # y = 2 + (y/2)(8/10) just after
    assert float(pieces[1].y(pieces[1].lo)[0]) == pytest.approx(10 / 3, abs=1e-12)


@BOTH
def test_a_node_that_stands_at_its_border_when_another_gives_way_stays(exactly):
    """B owns A's junior debt, and without it can just pay: it is not drawn down as A falls on."""
    a, b, c = range(3)
    nodes = [
        issuer(6, [8, 2]),
        issuer(5, [5], alpha=Fraction(1, 2), beta=Fraction(1, 2)),
        issuer(1, [4]),
    ]
    held = [((a, 1), b, Fraction(1)), ((c, 0), a, Fraction(1)), ((b, 1), c, Fraction(1, 4))]
    form = form_of(nodes, held, exactly=exactly)
    # A's two ranks and C; on the way A leaves its senior debt short just where B reaches its own
    assert len(walk.greatest(Block(form)).changed) == 3
    for y in (clear(form).y, clear_many(form).y[0]):
        assert [float(x) for x in y] == pytest.approx([7, 5, 1], abs=1e-12)
    # the same along a shock that takes A from above both its debts
    falling = replace(form, b_const=form.b_const + exact([4, 0, 0]), b_slope=exact([-8, 0, 0]))
    falling = falling if exactly else falling.floats()
    last = trace(falling, falling.b_const[0] * 0, falling.b_const[0] / 10)[-1]
    assert [float(x) for x in last.y(1)] == pytest.approx([3, 5, 1], abs=1e-12)


@BOTH
def test_a_gauge_that_stands_at_its_border_stays(exactly):
    """The loan's oracle needs A's equity to be at least nothing: it never calls."""
    watches = Condition(Fraction(0), reads=(((0, 1), Fraction(1)),))
    nodes = [issuer(9, [8]), position(5, 4, 1, 2, trigger=watches)]
    form = build(nodes, [((1, 2), 0, Fraction(1, 2))])
    form = replace(form, b_slope=exact([-9, 0]))
    form = form if exactly else form.floats()
    pieces = sweep(form, form.b_const[0] * 0, form.b_const[0] / 9)
    assert [float(p.hi) for p in pieces] == pytest.approx([1 / 6, 1], abs=1e-15)
    assert pieces[-1].z(1)[4] == 1
    assert clear(form.at(1)).z[4] == 1


@BOTH
def test_what_others_read_of_a_claim_counts_once_its_node_has_changed(exactly):
    """At the upper bound A is far below its debts; its equity must not be read as a minus."""
    watches = Condition(Fraction(-2), Fraction(1), reads=(((0, 1), Fraction(1)),))
    nodes = [issuer(2, [9]), position(3, 2, 1, Fraction(3, 2), trigger=watches), issuer(0, [6])]
    held = [
        ((2, 0), 0, Fraction(1, 2)),
        ((1, 2), 2, Fraction(1, 2)),
        ((0, 0), 2, Fraction(1, 4)),
        ((0, 1), 1, Fraction(1, 4)),
    ]
    form = form_of(nodes, held, exactly=exactly)
    assert clear(form).cells[1] == form.cell_ptr[1]
    assert clear_many(form).cells[0, 1] == form.cell_ptr[1]


@pytest.mark.parametrize("gain", ["0.99", "0.9999", "0.999999"])
def test_a_loop_that_keeps_nearly_every_dollar(gain):
    keeps = Fraction(gain)
    nodes = [issuer(1), issuer(0), issuer(0, [50])]
    held = [
        ((0, 0), 1, Fraction(1)),
        ((1, 0), 0, keeps),
        ((2, 0), 2, Fraction(1, 2)),
        ((1, 0), 2, (1 - keeps) / 2),
    ]
    form = build(nodes, held)
    expected = 1 / (1 - keeps)
    assert clear(form).y[:2].tolist() == [expected, expected]
    for found in (clear(form.floats()).y, clear_many(form).y[0]):
        assert found[:2] == pytest.approx([float(expected)] * 2, rel=1e-9)
    assert clear_many(form).settled.all()


def test_a_large_closed_loop_ends_in_an_error():
    n = 5001
    circle = debt_network(np.zeros((1, n)), np.ones(n), shares=_ring(n))
    with pytest.raises(NoSolutionError, match="5001 nodes"):
        clear(circle)


def test_a_large_chain_needs_no_matrix():
    n = 20_000
    form = debt_network(_ring(n, closed=False), np.full(n, 0.25))
    solution = clear(form)
    assert solution.y[:4].tolist() == [0.25, 0.5, 0.75, 1.0]
    assert prove(form, solution).same_cells


def _ring(n, *, closed=True):
    from scipy.sparse import coo_array

    links = np.arange(n if closed else n - 1)
    return coo_array((np.ones(len(links)), (links, (links + 1) % n)), shape=(n, n)).tocsr()


@pytest.mark.parametrize("collateral", [20, 25])
def test_a_short_of_a_token_inside_the_system(collateral):
    """b 90, half of the borrower, who owes 10 of 100 tokens against 20 or 25 at LTV 0.475, bonus 1.1.

    Against 20 the price is 20/21 if healthy, above the threshold of 0.95, and 200/211 if liquidated,
    below it: neither fits. Against 25 the loan is healthy at a price of 205/210.
    """
    zero, one, share = Fraction(0), Fraction(1), Fraction(1, 10)
    healthy = Condition(collateral * Fraction("0.475"), reads=(((0, 0), -share),))
    pays = ((zero, zero), (zero, one))
    borrower = Node(Fraction(collateral), 2, (healthy,), (((0,), pays), ((), pays)))
    form = replace(
        build([issuer(90), borrower], [((1, 1), 0, Fraction(1, 2))]),
        # the issuer's one entry comes first, then debt and equity, healthy and liquidated
        face_pay=np.array([1, 2, 3, 4]),
        face_claim=np.zeros(4, dtype=np.intp),
        face_coef=exact([share, -share, share, -share * Fraction(11, 10)]),
    )
    assert audit(form)
    if collateral == 25:
        assert between(form).y[0] / 100 == Fraction(41, 42)
        return
    with pytest.raises(NotExactError, match="no certified solution"):
        between(form)


def test_as_many_scenarios_in_every_array():
    form = build([issuer(3, [5])], []).floats()
    with pytest.raises(ValueError, match="as many scenarios"):
        clear_many(form, b=np.ones((2, 1)), cond_const=np.ones((3, 1)))
