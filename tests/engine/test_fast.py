"""Large systems and batches: against plain iteration, a linear program and the exact walk."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array

from looprisk.engine import inside, walk
from looprisk.engine.block import Block
from looprisk.engine.clear import clear, clear_by_loops, prove
from looprisk.engine.fast import CHUNK, clear_many
from looprisk.engine.form import active_cells
from looprisk.engine.networks import debt_network
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
    assert batch.y == pytest.approx(np.broadcast_to(batch.y[0], (count, 20)), rel=1e-15 * 20)


@each_kind
def test_dense_and_sparse_algebra_agree(kind, monkeypatch):
    """The same scenarios of a small net, once with dense matrices and once without."""
    form = random_net(40, 5, **kind)
    b = form.b_const * np.random.default_rng(1).uniform(0.5, 2.5, (300, 40))
    dense = clear_many(form, b=b)
    monkeypatch.setattr(inside, "DENSE_NODES", 0)
    sparse = clear_many(replace(form, b_const=form.b_const.copy()), b=b)
    assert dense.settled.all()
    assert sparse.settled.all()
    assert (dense.cells == sparse.cells).all()
    assert dense.y == pytest.approx(sparse.y, rel=1e-12)
    assert len(np.unique(dense.cells, axis=0)) > 20


@pytest.mark.parametrize("equity", [0, 4])
def test_weights_bound_what_any_cells_pass_on(equity):
    form = random_net(30, 2, equity=equity)
    held = inside.Inside(form)
    random = np.random.default_rng(3)
    for _ in range(20):
        cells = form.cell_ptr[:-1] + random.integers(0, 2, 30)
        rate = form.pay_rate[held.entries(cells[None])[0]]
        flow = np.zeros((30, 30))
        np.add.at(flow, held.issuer, rate[:, None] * held.theta_t)
        passed = np.linalg.inv(np.eye(30) - flow).sum(axis=1)
        assert (passed <= held.weights).all()


def test_a_closed_circle_of_debts_has_no_weights():
    ring = debt_network([[0, 2.0], [2.0, 0]], [1.0, 1.0])
    assert inside.Inside(ring).weights is None
    assert clear_many(ring).z[0, ::2].tolist() == [2.0, 2.0]


def test_the_active_cell_is_the_first_whose_needs_all_hold():
    for seed in range(30):
        form = random_system(seed)
        alive = np.random.default_rng(seed).random((40, form.conditions)) > 0.4
        active = active_cells(form, alive)
        for row, cells in zip(alive, active, strict=True):
            for node, cell in enumerate(cells):
                ranks = range(form.cell_ptr[node], form.cell_ptr[node + 1])
                needs = [
                    form.cell_cond[form.cell_cond_ptr[c] : form.cell_cond_ptr[c + 1]] for c in ranks
                ]
                assert cell == next(
                    c for c, need in zip(ranks, needs, strict=True) if row[need].all()
                )


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
