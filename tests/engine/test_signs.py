"""The sign audit over data: corners enclose every completion, exactly, and are attained.

Random forms of every element, in which assets, holdings, thresholds and what gauges read are open;
completions are solved in fractions, greatest and least.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from functools import cache
from random import Random

import pytest

from looprisk.engine.audit import minus_edges, rising_payments
from looprisk.engine.clear import clear
from looprisk.engine.form import NormalForm
from looprisk.engine.open import Box, UndecidedError
from looprisk.engine.signs import signs
from tests.engine.systems import random_system

BATCHES = [range(1000)[start::10] for start in range(10)]
ARRAYS = ("b_const", "held_share", "cond_const", "read_coef", "cond_own")
HALF = Fraction(1, 2)


def opened(seed: int) -> tuple[NormalForm, list[tuple[str, int]], Box]:
    """Return a random form with one to three of its numbers open, which ones, and their ranges."""
    random = Random(seed)
    form = random_system(seed)
    # where default costs are counted from its assets a number of the payments repeats them
    plain = [v for v in range(form.nodes) if not rising_from_b(form, v)]
    free = [("b_const", v) for v in plain]
    free += [("held_share", h) for h in range(len(form.held_share))]
    # the threshold of a gauge, which no other number of the node repeats
    gauges = [k for k in range(form.conditions) if k in form.read_cond]
    free += [("cond_const", k) for k in gauges]
    free += [("read_coef", r) for r in range(len(form.read_coef))]
    chosen = random.sample(free, random.choice([1, 2, 3]))
    low, high = [], []
    for name, place in chosen:
        value = getattr(form, name)[place]
        less, more = Fraction(random.randint(0, 3), 4), Fraction(random.randint(1, 4), 4)
        ends = sorted([value - abs(value) * less, value + (abs(value) or 1) * more])
        if name == "held_share":
            ends = [value * (1 - max(less, Fraction(1, 4))), value]
        low.append(ends[0])
        high.append(ends[1] if ends[1] > ends[0] else ends[0] + Fraction(1, 8))
    box = Box(tuple(low), tuple(high))
    return form, chosen, box


def rising_from_b(form: NormalForm, node: int) -> bool:
    """Return whether a node in default pays by what it owns besides what it receives."""
    last = form.cell_ptr[node + 1] - 1
    return any(form.pay_const[form.pay_ptr[last] : form.pay_ptr[last + 1]])


def filled(form: NormalForm, chosen: list[tuple[str, int]], values: list[object]) -> NormalForm:
    arrays = {name: getattr(form, name).copy() for name in ARRAYS}
    for (name, place), value in zip(chosen, values, strict=True):
        arrays[name][place] = value
    return replace(form, **arrays)


def in_corner(box: Box, ways: tuple[str, ...], *, up: bool) -> tuple[Fraction, ...]:
    return tuple(
        b if (way == "+") == up and way != "0" else a
        for a, b, way in zip(box.low, box.high, ways, strict=True)
    )


@pytest.mark.parametrize("seeds", BATCHES, ids=lambda seeds: f"from{seeds.start}")
def test_corners_enclose_random_completions(seeds):
    count = Counter()
    for seed in seeds:
        random = Random(~seed)
        form, chosen, box = opened(seed)
        open_form = filled(form, chosen, [box.datum(i) for i in range(len(chosen))])
        try:
            found = [signs(open_form, i) for i in range(len(chosen))]
        except UndecidedError:
            count["refused"] += 1
            continue
        ranges = zip(box.low, box.high, strict=True)
        inside = tuple(a + (b - a) * Fraction(random.randint(0, 32), 32) for a, b in ranges)
        if any(minus_edges(f) or rising_payments(f) for f in ends_of(form, chosen, box, inside)):
            count["not monotone"] += 1
            continue
        for selection in ("greatest", "least"):
            solved = cache(lambda at, s=selection: clear(filled(form, chosen, list(at)), s))  # noqa: B023
            for what, values in (("claims", "z"), ("nodes", "y")):
                truth = getattr(solved(inside), values)
                for i, value in enumerate(truth):
                    ways = tuple(getattr(one, what)[i] for one in found)
                    count["all"] += 1
                    if "?" in ways:
                        continue
                    count["proved"] += 1
                    low, high = (
                        getattr(solved(in_corner(box, ways, up=up)), values)[i]
                        for up in (False, True)
                    )
                    assert low <= value <= high, (seed, what, i, selection, ways)
    assert count["proved"] > count["all"] / 2, count
    assert count["all"] > 500, count


def ends_of(form, chosen, box, inside):
    return [filled(form, chosen, list(at)) for at in (inside, box.low, box.high)]
