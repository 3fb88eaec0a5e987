"""Nodes that stand in no loop are read off; the walk over the whole form says the same."""

import random
from fractions import Fraction

import numpy as np
import pytest

from looprisk.engine import walk
from looprisk.engine.affine import affine
from looprisk.engine.block import Block
from looprisk.engine.clear import clear_by_loops, prove
from looprisk.engine.skeleton import Claim, Node, Skeleton, assemble
from looprisk.engine.waterfall import Ranked, waterfall


def ladder(seed, count=9):
    """Issuers that owe two ranks of debt; each holds claims of those below it alone."""
    draw = random.Random(seed)
    nodes = []
    for i in range(count):
        debts = []
        for rank in range(2):
            face = affine(Fraction(draw.randint(0, 9)))
            above = [j for j in range(i + 1, count) if draw.random() < 0.5]
            holders = tuple((f"V{j}", Fraction(1, len(above) + 1)) for j in above)
            claim = Claim(id=f"V{i}/{rank}", kind="loan", face=face, holders=holders)
            debts.append(Ranked(claim=claim, rank=rank, face=face))
        rest = Claim(id=f"V{i}/equity", kind="equity", holders=_of_next(i, count))
        b = affine(Fraction(draw.randint(0, 8)))
        recovery = (Fraction(draw.randint(2, 4), 4), Fraction(draw.randint(2, 4), 4))
        split = waterfall(f"V{i}", tuple(debts), ((rest, Fraction(1)),), b=b, recovery=recovery)
        nodes.append(
            Node(
                id=f"V{i}",
                b=b,
                claims=split.claims,
                conditions=split.conditions,
                cells=split.cells,
                leak="default cost",
            )
        )
    draw.shuffle(nodes)
    form, _ = assemble(Skeleton(nodes=tuple(nodes)))
    return form


def _of_next(i, count):
    return ((f"V{i + 1}", Fraction(1, 3)),) if i + 1 < count else ()


@pytest.mark.parametrize("selection", ["greatest", "least"])
@pytest.mark.parametrize("seed", range(25))
def test_what_is_read_off_is_what_a_walk_finds(seed, selection):
    form = ladder(seed)
    whole = (walk.greatest if selection == "greatest" else walk.least)(Block(form)).state
    found = clear_by_loops(form, selection)
    assert (found.y == whole.y).all()
    assert (found.cells == whole.cells).all()
    proof = prove(form, found)
    assert proof.residual == 0
    assert proof.conservation_gap == 0
    floats = clear_by_loops(form.floats(), selection)
    assert np.allclose(floats.y, found.y.astype(float), rtol=1e-12, atol=1e-12)
