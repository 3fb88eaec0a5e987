"""The response to a shock, against clearing at points, bisection and dense scans."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from looprisk.engine.clear import clear
from looprisk.engine.cover import cover
from looprisk.engine.fast import clear_many
from looprisk.engine.trace import sweep, trace
from tests.engine.nets import cyclic_net, random_net
from tests.engine.systems import random_system, shocked_system

ENDS = ("greatest", "least")
DIRECTIONS = {"down": (-1,), "up": (1,), "both": (-1, 1)}
BATCHES = [range(start, 60, 10) for start in range(10)]


def at_points(form, points):
    """The greatest solutions of a float form along its shock."""
    points = np.asarray(points)
    along = [
        const + np.outer(points, slope)
        for const, slope in (
            (form.b_const, form.b_slope),
            (form.pay_const, form.pay_slope),
            (form.cond_const, form.cond_slope),
        )
    ]
    return clear_many(form, *along)


def points_of(pieces):
    inner = [
        piece.lo + (piece.hi - piece.lo) * Fraction(k, 7) for piece in pieces for k in (1, 3, 6)
    ]
    return sorted({*(piece.lo for piece in pieces), pieces[-1].hi, *inner})


def touching(pieces, s):
    return [piece for piece in pieces if piece.lo <= s <= piece.hi]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("selection", ENDS)
@pytest.mark.parametrize("seeds", BATCHES, ids=lambda seeds: f"from{seeds.start}")
def test_pieces_are_the_solution_at_every_point(direction, selection, seeds):
    for seed in seeds:
        form = shocked_system(seed, DIRECTIONS[direction])
        pieces = trace(form, Fraction(0), Fraction(1), selection)
        assert (pieces[0].lo, pieces[-1].hi) == (0, 1)
        assert all(a.hi == b.lo for a, b in pairwise(pieces))
        for s in points_of(pieces):
            exact = clear(form.at(s), selection)
            # at a jump the solution has the value of the higher side
            highest = max(touching(pieces, s), key=lambda p: sum(p.y(s)) + sum(p.z(s)))
            assert highest.y(s).tolist() == exact.y.tolist(), (seed, s)
            assert highest.z(s).tolist() == exact.z.tolist(), (seed, s)


@pytest.mark.parametrize("selection", ENDS)
def test_a_sweep_and_joined_points_find_the_same_pieces(selection):
    for seed in range(60, 120):
        form = shocked_system(seed)
        swept = trace(form, Fraction(0), Fraction(1), selection)
        joined = cover(form, Fraction(0), Fraction(1), selection)
        for s in points_of(swept) + points_of(joined):
            a, b = (
                max((piece.y(s) for piece in touching(pieces, s)), key=sum)
                for pieces in (swept, joined)
            )
            assert a.tolist() == b.tolist(), (seed, s)


@pytest.mark.parametrize("selection", ENDS)
def test_floats_agree_with_fractions(selection):
    for seed in range(80):
        form = shocked_system(seed)
        exact = [p for p in trace(form, Fraction(0), Fraction(1), selection) if p.hi > p.lo]
        rounded = [p for p in trace(form.floats(), 0.0, 1.0, selection) if p.hi > p.lo + 1e-9]
        assert [p.hi for p in rounded] == pytest.approx([float(p.hi) for p in exact], abs=1e-9)
        for a, b in zip(exact, rounded, strict=True):
            for s in (a.lo, a.hi):
                assert b.y(float(s)) == pytest.approx(a.y(s).astype(float), abs=1e-9), seed
                assert b.z(float(s)) == pytest.approx(a.z(s).astype(float), abs=1e-9), seed


@pytest.mark.parametrize("cost", [0.0, 0.1], ids=["no-jumps", "jumps"])
def test_break_points_of_200_cyclic_nodes_against_bisection(cost):
    form = cyclic_net(200, seed=4, cost=cost)
    pieces = sweep(form, 0.0, 1.0)
    found = {k: piece.lo for piece in pieces for k in piece.changed}
    conditions = np.array(sorted(found))
    lo, hi = np.zeros(len(conditions)), np.ones(len(conditions))
    while (hi - lo).max() > 2e-11:
        middle = (lo + hi) / 2
        holds = at_points(form, middle).alive[np.arange(len(conditions)), conditions]
        lo, hi = np.where(holds, middle, lo), np.where(holds, hi, middle)
    swept = np.array([found[k] for k in conditions])
    assert len(conditions) > 150
    assert np.abs(swept - (lo + hi) / 2).max() < 1e-10
    # the pieces end where they should, and the curve is right all along
    points = np.linspace(0, 1, 101)
    batch = at_points(form, points)
    for s, y in zip(points, batch.y, strict=True):
        (piece,) = [p for p in pieces if p.lo < s <= p.hi or s == p.lo == 0]
        assert piece.y(s) == pytest.approx(y, rel=1e-9, abs=1e-9)


def test_the_greatest_solution_is_left_continuous_and_falls():
    form = cyclic_net(60, seed=1, cost=0.2)
    pieces = sweep(form, 0.0, 1.0)
    jumps = 0
    for before, after in pairwise(pieces):
        s = before.hi
        drop = before.y(s) - after.y(s)
        jumps += drop.max() > 1e-6
        assert drop.min() > -1e-9
        assert clear(form.at(s)).y == pytest.approx(before.y(s), abs=1e-7)
        assert (after.y_slope <= 1e-9).all()
    assert jumps > 20


def test_those_who_fall_together_are_told_in_order():
    form = cyclic_net(60, seed=1, cost=0.2)
    changed = [k for piece in sweep(form, 0.0, 1.0) for k in piece.changed]
    assert len(changed) == len(set(changed))
    largest = max(sweep(form, 0.0, 1.0), key=lambda piece: len(piece.changed))
    first, *others = largest.changed
    before = clear(form.at(largest.lo - 1e-9))
    assert before.alive[list(largest.changed)].all()
    assert len(others) >= 2
    # without the first there is no jump: the others hold at its threshold
    still = form.at(largest.lo)
    kept = replace(still, cond_const=still.cond_const + (np.arange(form.conditions) == first))
    assert clear(kept).alive[others].all()


@pytest.mark.parametrize("cost", [0.0, 0.1], ids=["no-jumps", "jumps"])
def test_a_shock_that_helps_some_against_a_dense_scan(cost):
    form = random_net(50, seed=2, degree=4, shock=0.6, cost=cost, equity=4)
    slope = np.random.default_rng(5).uniform(-1, 1, 50) * form.b_const
    form = replace(form, b_slope=slope)
    pieces = trace(form, 0.0, 1.0)
    points = np.linspace(0.0005, 0.9995, 400)
    batch = at_points(form, points)
    for s, y in zip(points, batch.y, strict=True):
        assert any(p.y(s) == pytest.approx(y, abs=1e-9) for p in touching(pieces, s))
    up = sum((b.alive & ~a.alive).any() for a, b in pairwise(pieces))
    down = sum((a.alive & ~b.alive).any() for a, b in pairwise(pieces))
    assert up >= 3
    assert down >= 5


def test_no_shock_changes_nothing():
    form = random_system(7)
    (piece,) = trace(form, Fraction(0), Fraction(1))
    assert not piece.y_slope.any()
    assert piece.y(Fraction(1)).tolist() == clear(form).y.tolist()
    (point,) = trace(shocked_system(7), Fraction(1, 3), Fraction(1, 3))
    assert (
        point.y(Fraction(1, 3)).tolist() == clear(shocked_system(7).at(Fraction(1, 3))).y.tolist()
    )
