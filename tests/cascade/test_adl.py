"""Who is deleveraged: the policies against plain programs, and what all of them keep."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looprisk.cascade import adl


def test_accounts_of_one_leverage_are_one_block_whatever_their_size():
    """In floats their indices differ in the last bit, and exact equality would let it decide."""
    sizes = np.array([-0.1, -0.3, -0.7, -1.1, -13.0 / 3])
    entry = np.full(5, 110.0)
    margin = -sizes * 7.3
    worth = margin + sizes * (90 - entry)
    rank = adl.queue_index(
        "hyperliquid",
        size=sizes,
        entry=entry,
        mark=np.full(5, 90.0),
        margin=margin,
        equity=worth,
        maintenance=np.ones(5),
    )
    assert len(set(rank.tolist())) > 1
    need = np.array([2.0])
    taken = adl.by_queue(need, -sizes[None], rank[None])
    assert taken == pytest.approx(adl.pro_rata(need, -sizes[None]), rel=1e-12)


def by_the_book(need, units, index):
    """Take from the highest index down, block by block, in fractions."""
    taken, left = [Fraction(0)] * len(units), Fraction(need)
    for level in sorted(set(index), reverse=True):
        block = [j for j in range(len(units)) if index[j] == level and units[j] > 0]
        there = sum((Fraction(units[j]) for j in block), Fraction(0))
        share = min(Fraction(1), left / there) if there else Fraction(0)
        for j in block:
            taken[j] = share * Fraction(units[j])
        left -= share * there
    return taken


def level_by_bisection(need, units, worth):
    low, high = 0.0, max(n / w for n, w in zip(units, worth, strict=True))
    for _ in range(200):
        middle = (low + high) / 2
        given = sum(max(0.0, n - middle * w) for n, w in zip(units, worth, strict=True))
        low, high = (middle, high) if given > need else (low, middle)
    return [max(0.0, n - high * w) for n, w in zip(units, worth, strict=True)]


candidates = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 6), st.integers(1, 50)), min_size=1, max_size=9
)


@given(candidates, st.integers(0, 200))
def test_the_policies_against_plain_programs(rows, need):
    units = [float(n) for n, _, _ in rows]
    index, worth = [i for _, i, _ in rows], [float(w) for _, _, w in rows]
    wanted, have = np.array([float(need)]), np.array([units])
    queue = adl.by_queue(wanted, have, np.array([index], dtype=float))
    assert queue[0] == pytest.approx([float(x) for x in by_the_book(need, units, index)], abs=1e-12)
    filled = adl.water_filling(wanted, have, np.array([worth]), np.ones_like(have))
    cap = min(float(need), sum(units))
    assert filled[0] == pytest.approx(level_by_bisection(cap, units, worth), abs=1e-9)
    for taken in (queue, filled, adl.pro_rata(wanted, have)):
        assert (taken >= 0).all()
        assert (taken <= have).all()
        assert taken.sum() == pytest.approx(cap, rel=1e-12, abs=1e-12)
