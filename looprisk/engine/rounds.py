"""In which order things break at one shock.

Rounds of the fictitious default (Eisenberg and Noe 2001, 3.1).

Round 1 is what fails while everything else still holds, round 2 what fails because of round 1, and
so on. Only conditions that fail in the solution itself take part, so the rounds end at that
solution.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from looprisk.engine.block import Block
from looprisk.engine.flow import Flow
from looprisk.engine.form import Flags, Index, NormalForm, active_cells


def rounds(form: NormalForm, before: Sequence[bool], after: Flags) -> Index:
    """Return [K] the round in which each condition fails; 0 for those that do not fail newly.

    ``before`` and ``after`` say which conditions hold before the shock and in the solution; the
    form stands at the shock.
    """
    block = Block(form)
    place = np.zeros(form.conditions, dtype=np.intp)
    alive = np.array(before, dtype=np.bool_)
    left = np.flatnonzero(alive & ~after)
    current = 0
    while len(left):
        current += 1
        cells = active_cells(form, alive)
        flow = Flow(block, cells)
        y = flow.direction(flow.const)
        if not flow.regular:
            place[left] = current
            return place
        value, scale = block.condition_values(left, y, cells)
        failing = left[np.array(value < -block.slack * scale, dtype=np.bool_)]
        if not len(failing):
            failing = left
        place[failing] = current
        alive[failing] = False
        left = np.setdiff1d(left, failing)
    return place
