"""The rounds of breaking are those of the fictitious default algorithm (Eisenberg and Noe 2001).

Networks and iterates as published with FinNetValu.jl, test `rogers`.
"""

import numpy as np
import pytest

from looprisk.engine.block import Block
from looprisk.engine.clear import clear
from looprisk.engine.flow import Flow
from looprisk.engine.form import active_cells
from looprisk.engine.networks import debt_network
from looprisk.engine.rounds import rounds

OWED = [[0, 0.1, 0.7], [2, 0, 10.5], [0, 8.4, 0]]
ITERATES = {
    (1, 1, 1): [[0.8, 12.5, 8.4], [0.8, 9.5, 8.4]],
    (0, 0, 0.1): [[0.8, 12.5, 8.4], [0.8, 8.5, 8.4], [0.8, 5.625, 5.525]],
}


@pytest.mark.parametrize("outside", ITERATES)
def test_each_round_pays_what_the_published_iterate_says(outside):
    form = debt_network(OWED, outside)
    before = np.ones(form.conditions, dtype=np.bool_)
    place = rounds(form, before.tolist(), clear(form).alive)
    block = Block(form)
    paid = []
    for at in range(place.max() + 1):
        cells = active_cells(form, (place == 0) | (place > at))
        flow = Flow(block, cells)
        y = flow.direction(flow.const)
        paid.append(block.claim_values(y, cells)[::2].tolist())
    assert paid == [pytest.approx(row) for row in ITERATES[outside]]
