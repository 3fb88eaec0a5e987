"""Greatest and least against every combination of cells, exactly.

The random systems mix debts and shares held in circles, ranks, default costs, liquidations with a bonus
and gauges that read what other nodes' claims are worth.
"""

import pytest

from looprisk.engine import walk
from looprisk.engine.block import Block
from looprisk.engine.clear import clear, prove
from tests.engine.brute import fixed_points
from tests.engine.systems import random_system

SYSTEMS = range(1000)
BATCHES = [SYSTEMS[start::10] for start in range(10)]


@pytest.mark.parametrize("seeds", BATCHES, ids=lambda seeds: f"from{seeds.start}")
def test_greatest_and_least_are_the_ends_of_all_fixed_points(seeds):
    several = 0
    for seed in seeds:
        form = random_system(seed)
        points = fixed_points(form)
        highest = [max(column) for column in zip(*points, strict=True)]
        lowest = [min(column) for column in zip(*points, strict=True)]
        several += len(points) > 1
        for found, selection in ((highest, "greatest"), (lowest, "least")):
            solution = clear(form, selection)
            assert solution.y.tolist() == found, (seed, selection)
            proof = prove(form, solution)
            assert (proof.residual, proof.conservation_gap, proof.same_cells) == (0, 0, True)
        block = Block(form)
        assert walk.greatest(block).state.y.tolist() == highest, seed
        assert walk.least(block).state.y.tolist() == lowest, seed
    assert several >= 3


@pytest.mark.parametrize("seeds", BATCHES, ids=lambda seeds: f"from{seeds.start}")
def test_floats_agree_with_fractions(seeds):
    for seed in seeds:
        form = random_system(seed)
        for selection in ("greatest", "least"):
            exact = clear(form, selection)
            rounded = clear(form.floats(), selection)
            assert rounded.y == pytest.approx(exact.y.astype(float), rel=1e-9, abs=1e-9), seed
            assert rounded.cells.tolist() == exact.cells.tolist(), seed
