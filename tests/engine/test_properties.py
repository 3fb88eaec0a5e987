"""What must hold of every system, whatever its numbers."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looprisk.engine.clear import clear, leaks, outside, prove
from looprisk.engine.fast import clear_many
from looprisk.engine.trace import trace
from tests.engine.systems import (
    Condition,
    Node,
    build,
    exact,
    random_parts,
    random_system,
    shocked_system,
)

seeds = st.integers(1000, 10**6)
ends = st.sampled_from(["greatest", "least"])
some = settings(max_examples=60)


@some
@given(seeds, ends)
def test_value_is_conserved_and_claims_share_it(seed, end):
    form = random_system(seed)
    solution = clear(form, end)
    y, z = solution.y, solution.z
    assert sum(outside(form, z)) + sum(leaks(form, y, z)) == sum(form.b_const)
    assert (z >= 0).all()
    assert (leaks(form, y, z) >= 0).all()
    proof = prove(form, solution)
    assert (proof.residual, proof.conservation_gap, proof.same_cells) == (0, 0, True)


@some
@given(seeds, ends, st.integers(0, 4), st.integers(1, 5))
def test_more_assets_anywhere_hurt_nobody(seed, end, node, gift):
    form = random_system(seed)
    richer = form.b_const.copy()
    richer[node % form.nodes] += gift
    more = replace(form, b_const=richer)
    before, after = clear(form, end), clear(more, end)
    assert (after.y >= before.y).all()
    assert (after.z >= before.z).all()


@some
@given(seeds)
def test_the_greatest_is_at_least_the_least(seed):
    form = random_system(seed)
    upper, lower = clear(form, "greatest"), clear(form, "least")
    assert (upper.y >= lower.y).all()
    assert (upper.z >= lower.z).all()


@some
@given(seeds, ends, st.sampled_from([Fraction(1, 1000), Fraction(3), Fraction(10**9)]))
def test_the_unit_of_account_does_not_matter(seed, end, unit):
    form = random_system(seed)
    scaled = replace(
        form,
        b_const=form.b_const * unit,
        pay_const=form.pay_const * unit,
        cond_const=form.cond_const * unit,
    )
    assert (clear(scaled, end).y == clear(form, end).y * unit).all()
    rounded = clear(scaled.floats(), end).y / float(unit)
    assert rounded == pytest.approx(clear(form, end).y.astype(float), rel=1e-9, abs=1e-9)


@some
@given(seeds, ends)
def test_the_order_of_nodes_does_not_matter(seed, end):
    nodes, held = random_parts(seed)
    order = list(range(len(nodes)))
    Random(seed).shuffle(order)
    place = {old: new for new, old in enumerate(order)}

    def moved(condition: Condition) -> Condition:
        reads = tuple(((place[w], c), coef) for (w, c), coef in condition.reads)
        return replace(condition, reads=reads)

    shuffled = [
        replace(nodes[old], conditions=tuple(map(moved, nodes[old].conditions))) for old in order
    ]
    holdings = [((place[w], c), place[v], share) for (w, c), v, share in held]
    found = clear(build(shuffled, holdings), end).y
    assert found.tolist() == clear(build(nodes, held), end).y[order].tolist()


@some
@given(seeds, ends, st.fractions(Fraction(1, 10), Fraction(9, 10), max_denominator=10))
def test_a_claim_in_two_parts_is_the_claim(seed, end, part):
    nodes, held = random_parts(seed)
    split = [_first_claim_split(node, part) for node in nodes]

    def parts(claim):
        w, c = claim
        return (
            [((w, 0), Fraction(1)), ((w, 1), Fraction(1))]
            if c == 0
            else [((w, c + 1), Fraction(1))]
        )

    for v, node in enumerate(split):
        reading = tuple(
            replace(
                condition,
                reads=tuple((p, coef) for claim, coef in condition.reads for p, _ in parts(claim)),
            )
            for condition in node.conditions
        )
        split[v] = replace(node, conditions=reading)
    holdings = [(p, v, share) for claim, v, share in held for p, _ in parts(claim)]
    assert (
        clear(build(split, holdings), end).y.tolist() == clear(build(nodes, held), end).y.tolist()
    )


def _first_claim_split(node: Node, part: Fraction) -> Node:
    cells = []
    for needs, (first, *rest) in node.cells:
        halves = [tuple(number * share for number in first) for share in (part, 1 - part)]
        cells.append((needs, (*halves, *rest)))
    return replace(node, claims=node.claims + 1, cells=tuple(cells))


@some
@given(seeds, st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_a_batch_is_its_scenarios(seed, gifts):
    form = random_system(seed).floats()
    b = np.array([form.b_const + gift for gift in gifts])
    batch = clear_many(form, b=b)
    for i, row in enumerate(b):
        alone = clear(replace(form, b_const=row))
        assert batch.y[i] == pytest.approx(alone.y, rel=1e-9, abs=1e-9)
        assert batch.z[i] == pytest.approx(alone.z, rel=1e-9, abs=1e-9)
        assert batch.cells[i].tolist() == alone.cells.tolist()
    assert batch.same_cells.all()
    assert np.abs(batch.residual).max() < 1e-9
    assert np.abs(batch.conservation_gap).max() < 1e-9


@settings(max_examples=30)
@given(seeds, ends)
def test_an_adverse_shock_never_helps(seed, end):
    form = shocked_system(seed)
    pieces = trace(form, Fraction(0), Fraction(1), end)
    assert all((piece.y_slope <= 0).all() for piece in pieces)
    for before, after in pairwise(pieces):
        assert (before.y(before.hi) >= after.y(before.hi)).all()
        assert not (after.alive & ~before.alive).any() or end == "least"


@settings(max_examples=30)
@given(seeds, ends)
def test_half_the_shock_is_the_first_half_of_the_response(seed, end):
    form = shocked_system(seed)
    half = replace(
        form,
        b_slope=form.b_slope / 2,
        pay_slope=form.pay_slope / 2,
        cond_slope=form.cond_slope / 2,
    )
    whole = trace(form, Fraction(0), Fraction(1, 2), end)
    slowly = trace(half, Fraction(0), Fraction(1), end)
    assert [p.hi * 2 for p in whole] == [p.hi for p in slowly]
    assert all((a.y(a.hi) == b.y(b.hi)).all() for a, b in zip(whole, slowly, strict=True))


@some
@given(seeds)
def test_no_shock_no_change(seed):
    form = random_system(seed)
    (piece,) = trace(replace(form, b_slope=exact([0] * form.nodes)), Fraction(0), Fraction(1))
    assert not piece.y_slope.any()
    assert not piece.z_slope.any()
    assert piece.changed == ()
