"""One regime solved with symbols: every node in the cell it is in, a linear system in the values.

    y[v] = b[v] + sum of share * z[c],    z[c] = const + rate * y[its node] + sum of coef * z[d]

over the field of rational functions of the parameters (MODEL: per regime every loss is rational).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sympy import QQ
from sympy.polys.fields import FracElement, FracField
from sympy.polys.matrices import DomainMatrix

from looprisk.engine.affine import Affine
from looprisk.engine.skeleton import Node, Skeleton
from looprisk.symbolic.number import Comparison, form_of


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a regime as rational functions, in USD."""

    node: Mapping[str, FracElement]
    claim: Mapping[str, FracElement]
    space: FracField

    def line(self, line: Affine) -> FracElement:
        """Return a line at the point it was compiled for, with what it reads of claims."""
        total = form_of(line.const, self.space)
        for claim, coef in line.reads:
            total += form_of(coef, self.space) * self.claim[claim]
        return total


def solved(skeleton: Skeleton, cells: Sequence[int], space: FracField) -> Values:
    """Return the values where each node is in the cell of that place among its own.

    Raises ZeroDivisionError where the regime has no single solution.
    """
    nodes = skeleton.nodes
    claims = [claim for node in nodes for claim in node.claims]
    at = {claim.id: len(nodes) + k for k, claim in enumerate(claims)}
    size = len(nodes) + len(claims)
    zero, one = space.zero, space.one
    rows = [[one if i == j else zero for j in range(size)] for i in range(size)]
    right = [zero] * size
    place = {node.id: v for v, node in enumerate(nodes)}
    for v, node in enumerate(nodes):
        right[v] += form_of(node.b.const, space)
        cell = node.cells[cells[v]]
        for claim, pay in zip(node.claims, cell.pays, strict=True):
            row = at[claim.id]
            right[row] += form_of(pay.const.const, space)
            rows[row][v] -= form_of(pay.rate, space)
            for read, coef in pay.const.reads:
                rows[row][at[read]] -= form_of(coef, space)
            for holder, share in claim.holders:
                rows[place[holder]][row] -= form_of(share, space)
    found = _solve(rows, right, space)
    return Values(
        node={node.id: found[v] for node, v in zip(nodes, range(len(nodes)), strict=True)},
        claim={claim.id: found[at[claim.id]] for claim in claims},
        space=space,
    )


def _solve(
    rows: list[list[FracElement]], right: list[FracElement], space: FracField
) -> list[FracElement]:
    domain = space.to_domain()
    size = len(right)
    matrix = DomainMatrix(rows, (size, size), domain).to_sparse()
    vector = DomainMatrix([[number] for number in right], (size, 1), domain).to_sparse()
    answer, denominator = matrix.solve_den(vector)
    column = answer.to_dense().to_list()
    return [row[0] / denominator for row in column]


def cell_conditions(
    skeleton: Skeleton, cells: Sequence[int], values: Values, point: Sequence[Fraction]
) -> list[Comparison]:
    """Return what keeps every node in its cell: its needs hold, one of each healthier cell fails.

    Of several needs that fail at ``point`` the first is taken: enough, if not all that would do.
    """
    found: list[Comparison] = []
    for node, cell in zip(skeleton.nodes, cells, strict=True):
        for place in range(cell):
            forms = [_condition(node, need, values) for need in node.cells[place].needs]
            failing = next((form for form in forms if number_at(form, point) < 0), None)
            if failing is not None:
                found.append(Comparison(-failing, ">"))
        found += [
            Comparison(_condition(node, need, values), ">=") for need in node.cells[cell].needs
        ]
    return found


def _condition(node: Node, need: int, values: Values) -> FracElement:
    condition = node.conditions[need]
    total = (
        values.line(condition.const) + form_of(condition.own, values.space) * values.node[node.id]
    )
    for claim, coef in condition.reads:
        total += form_of(coef, values.space) * values.claim[claim]
    return total


def number_at(form: FracElement, point: Sequence[Fraction]) -> Fraction:
    """Return the number of a rational function at a point, exactly.

    Raises ZeroDivisionError at a pole.
    """
    pairs = [
        (gen, QQ(x.numerator, x.denominator))
        for gen, x in zip(form.numer.ring.gens, point, strict=True)
    ]
    top, bottom = form.numer.evaluate(pairs), form.denom.evaluate(pairs)
    return Fraction(int(top.numerator), int(top.denominator)) / Fraction(
        int(bottom.numerator), int(bottom.denominator)
    )
