"""Large systems and batches: against plain iteration, a linear program and the exact walk."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array

from looprisk.engine import walk
from looprisk.engine.block import Block
from looprisk.engine.clear import clear, clear_by_loops, prove
from looprisk.engine.fast import CHUNK, clear_many
from tests.engine.nets import cyclic_net, picard, random_net
from tests.engine.systems import Condition, build, issuer, position, random_system

KINDS = {
    "debts": {},
    "default-costs": {"cost": 0.2},
    "shares": {"equity": 5},
    "shares-and-costs": {"cost": 0.1, "equity": 5, "shock": 0.9},
}
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@each_kind
@pytest.mark.parametrize("seed", range(3))
def test_plain_iteration_and_the_walk_agree(kind, seed):
    form = random_net(120, seed, degree=6, **kind)
    batch = clear_many(form)
    walked = walk.greatest(Block(form)).state
    assert batch.settled.all()
    assert batch.cells[0].tolist() == walked.cells.tolist()
    assert batch.y[0] == pytest.approx(walked.y, rel=1e-12)
    assert batch.y[0] == pytest.approx(picard(form, kind.get("cost", 0.0)), rel=1e-10)
    assert 0 < (~batch.alive).sum() < 120


@pytest.mark.parametrize("seed", range(3))
def test_a_linear_program_agrees_on_debts(seed):
    """Eisenberg and Noe 2001, lemma 4: clearing payments maximise their sum."""
    form = random_net(80, seed, degree=6, shock=0.6)
    face = -form.cond_const
    held = csr_array((form.held_share, (form.held_by, form.held_claim // 2)), shape=(80, 80))
    spent = csr_array(np.eye(80)) - held
    best = linprog(-np.ones(80), A_ub=spent, b_ub=form.b_const, bounds=np.c_[0 * face, face])
    assert clear(form).z[::2] == pytest.approx(best.x, rel=1e-7)


@each_kind
def test_large_nets_come_with_their_proof(kind):
    form = random_net(3000, 1, **kind)
    batch = clear_many(form)
    assert batch.settled.all()
    assert batch.same_cells.all()
    assert batch.residual[0] < 1e-12
    assert abs(batch.conservation_gap[0]) < 1e-9
    proof = prove(form, clear(form))
    assert (proof.same_cells, proof.residual < 1e-12) == (True, True)


def test_scenarios_of_every_kind_of_input():
    form = random_net(40, 3, degree=5, cost=0.1, equity=3)
    random = np.random.default_rng(0)
    b = form.b_const * random.uniform(0.2, 1.2, (25, 40))
    scale = random.uniform(0.8, 1.1, (25, 1))
    pay, cond = form.pay_const * scale, form.cond_const * scale
    batch = clear_many(form, b=b, pay_const=pay, cond_const=cond)
    for i in range(25):
        one = replace(form, b_const=b[i], pay_const=pay[i], cond_const=cond[i])
        assert batch.y[i] == pytest.approx(clear_by_loops(one).y, rel=1e-10)
        solution = batch.solution(i)
        assert solution.cells.tolist() == clear_by_loops(one).cells.tolist()
        assert prove(one, solution).residual < 1e-12


def test_more_scenarios_than_fit_at_once():
    form = random_net(20, 3, degree=3)
    count = CHUNK // len(form.pay_const) + 10
    b = np.broadcast_to(form.b_const, (count, 20))
    batch = clear_many(form, b=b)
    assert batch.y.shape == (count, 20)
    assert (batch.y == batch.y[0]).all()


def test_a_minus_sign_between_loops_is_walked():
    """A loan that is healthy while a token of another loop is worth at most 12."""
    short = Condition(Fraction(12), reads=(((0, 0), Fraction(-1)),))
    nodes = [issuer(10), position(5, 4, 1, Fraction(6, 5), trigger=short)]
    form = build(nodes, [((1, 2), 1, Fraction(0))])
    batch = clear_many(form, b=np.array([[10.0, 5.0], [13.0, 5.0]]))
    assert not batch.settled.any()
    assert batch.z[:, 3].tolist() == pytest.approx([1.0, 0.2])


def test_a_condition_within_rounding_of_failing_is_walked():
    form = cyclic_net(60, 2, cost=0.1)
    solution = clear(form)
    assert clear_many(form).settled.all()
    node = int(np.flatnonzero(solution.alive)[0])
    tight = form.cond_const.copy()
    # holds by the last digit of what counts as holding
    tight[node] = -solution.y[node] * (1 + 1.99999e-12)
    scenario = replace(form, cond_const=tight)
    batch = clear_many(scenario)
    assert not batch.settled.any()
    assert batch.y[0] == pytest.approx(clear_by_loops(scenario).y)


def test_a_form_of_fractions_is_cleared_in_floats():
    form = random_system(3)
    batch = clear_many(form)
    assert batch.y.dtype == np.float64
    assert batch.y[0] == pytest.approx(clear(form).y.astype(float))
    assert isinstance(clear(form).y[0], Fraction)


def test_no_scenarios():
    form = random_net(20, 3, degree=3)
    assert clear_many(form, b=np.empty((0, 20))).y.shape == (0, 20)
