"""Two parties short of each other: three equilibria, so no answer is certified.

``a = max(0, 10 - 2 max(0, b - 2))`` and the same with a and b exchanged, solved by (0, 10), (14/3, 14/3)
and (10, 0): the constructed multiplicity case of Schuldenzucker, Seuken and Battiston's kind.
"""

from fractions import Fraction

import numpy as np
import pytest

from looprisk.engine.affine import Affine, affine
from looprisk.engine.audit import audit
from looprisk.engine.bounds import between, bounds
from looprisk.engine.clear import Solution, prove
from looprisk.engine.form import active_cells
from looprisk.engine.skeleton import Cell, Claim, Condition, Node, Pay, Skeleton, assemble
from looprisk.engine.waterfall import Ranked, waterfall
from looprisk.errors import NotExactError

ONE, TWO = Fraction(1), Fraction(2)


def party(name: str, other: str) -> tuple[Node, Node]:
    """Ten dollars, short of twice what the other's equity has above two; and the holder of its equity."""
    owed = Affine(Fraction(0), Fraction(0), ((f"{other}/above", TWO),))
    short = Claim(id=f"{name}/short", kind="loan")
    equity = Claim(id=f"{name}/equity", kind="equity", holders=((f"{name}/holder", ONE),))
    covers = Condition(holds=f"{name} covers", fails=f"{name} is short", const=-owed, own=ONE)
    cells = (
        Cell(needs=(0,), pays=(Pay(const=owed), Pay(const=-owed, rate=ONE))),
        Cell(needs=(), pays=(Pay(rate=ONE), Pay())),
    )
    node = Node(id=name, b=affine(10), claims=(short, equity), conditions=(covers,), cells=cells)
    under = Claim(id=f"{name}/under", kind="loan", face=affine(2))
    above = Claim(id=f"{name}/above", kind="equity")
    split = waterfall(
        f"{name}/holder", (Ranked(claim=under, rank=0, face=affine(2)),), ((above, ONE),)
    )
    holder = Node(
        id=f"{name}/holder",
        b=affine(0),
        claims=split.claims,
        conditions=split.conditions,
        cells=split.cells,
    )
    return node, holder


FORM, INDEX = assemble(Skeleton(nodes=(*party("A", "B"), *party("B", "A"))))


@pytest.mark.parametrize("pair", [(0, 10), (Fraction(14, 3), Fraction(14, 3)), (10, 0)])
def test_each_of_the_three_is_a_solution(pair):
    a, b = (Fraction(x) for x in pair)
    values = {"A": Fraction(10), "A/holder": a, "B": Fraction(10), "B/holder": b}
    above = {"A": max(Fraction(0), a - 2), "B": max(Fraction(0), b - 2)}
    claims = {}
    for name, other, equity in (("A", "B", a), ("B", "A", b)):
        claims |= {
            f"{name}/short": min(Fraction(10), 2 * above[other]),
            f"{name}/equity": equity,
            f"{name}/under": min(TWO, equity),
            f"{name}/above": above[name],
        }
    y = np.array([values[name] for name in INDEX.node], dtype=object)
    z = np.array([claims[name] for name in INDEX.claim], dtype=object)
    held = FORM.cond_const + FORM.cond_own * y[FORM.cond_node]
    np.add.at(held, FORM.read_cond, FORM.read_coef * z[FORM.read_claim])
    alive = np.array(held >= 0, dtype=np.bool_)
    found = Solution(y=y, z=z, alive=alive, cells=active_cells(FORM, alive), selection="greatest")
    proof = prove(FORM, found)
    assert (proof.residual, proof.conservation_gap, proof.same_cells) == (0, 0, True)


def test_no_one_of_them_is_called_the_answer():
    assert audit(FORM)
    high, low = bounds(FORM)
    at = INDEX.node["A/holder"]
    assert (float(low.y[at]), float(high.y[at])) == (0, 10)
    with pytest.raises(NotExactError, match="no solution or several"):
        between(FORM)
