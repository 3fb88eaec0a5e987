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


Row = dict[int, FracElement]
"""A row of a matrix: the entries that are not zero."""


def solved(
    skeleton: Skeleton, cells: Sequence[int], space: FracField, point: Sequence[Fraction]
) -> Values:
    """Return the values where each node is in the cell of that place among its own.

    ``point`` has the numbers of the symbols. Raises ZeroDivisionError where the regime has no
    single solution there.
    """
    nodes = skeleton.nodes
    claims = [claim for node in nodes for claim in node.claims]
    at = {claim.id: len(nodes) + k for k, claim in enumerate(claims)}
    rows: list[Row] = [{i: space.one} for i in range(len(nodes) + len(claims))]
    right = [space.zero] * len(rows)
    place = {node.id: v for v, node in enumerate(nodes)}

    def less(row: int, column: int, number: FracElement) -> None:
        rows[row][column] = rows[row].get(column, space.zero) - number

    for v, node in enumerate(nodes):
        right[v] += form_of(node.b.const, space)
        cell = node.cells[cells[v]]
        for claim, pay in zip(node.claims, cell.pays, strict=True):
            row = at[claim.id]
            right[row] += form_of(pay.const.const, space)
            less(row, v, form_of(pay.rate, space))
            for read, coef in pay.const.reads:
                less(row, at[read], form_of(coef, space))
            for holder, share in claim.holders:
                less(place[holder], row, form_of(share, space))
    found = _solve(rows, right, space, point)
    return Values(
        node={node.id: found[v] for node, v in zip(nodes, range(len(nodes)), strict=True)},
        claim={claim.id: found[at[claim.id]] for claim in claims},
        space=space,
    )


def _solve(
    rows: list[Row], right: list[FracElement], space: FracField, point: Sequence[Fraction]
) -> list[FracElement]:
    """Return ``x`` of ``A x = c``, most of whose rows are numbers.

    ``A`` is what it is at the point, and some rows that differ from that by ``d``: the point alone
    is solved in numbers, ``x = A0^-1 (c - e (1 + d A0^-1 e)^-1 d A0^-1 c)``, and only as many
    unknowns as there are such rows are solved with symbols (Woodbury).
    """
    moving = [i for i, row in enumerate(rows) if not all(map(_is_number, row.values()))]
    fed = [i for i, number in enumerate(right) if number]
    columns = _columns(rows, (*fed, *moving), space, point)
    still = [space.zero] * len(rows)
    for i, column in zip(fed, columns, strict=False):
        for k, image in column.items():
            still[k] += right[i] * image
    if not moving:
        return still
    images = columns[len(fed) :]
    apart = [
        {j: x - form_of(number_at(x, point), space) for j, x in rows[i].items()} for i in moving
    ]
    system = [[_product(row, image, space) for image in images] for row in apart]
    for k, row in enumerate(system):
        row[k] += space.one
    wanted = [[_product(row, dict(enumerate(still)), space)] for row in apart]
    size, domain = len(moving), space.to_domain()
    answer, denominator = (
        DomainMatrix(system, (size, size), domain)
        .to_sparse()
        .solve_den(DomainMatrix(wanted, (size, 1), domain).to_sparse())
    )
    for (moved,), column in zip(answer.to_dense().to_list(), images, strict=True):
        for k, image in column.items():
            still[k] -= moved / denominator * image
    return still


def _product(row: Row, column: Row, space: FracField) -> FracElement:
    return sum((x * column[j] for j, x in row.items() if x and j in column), space.zero)


def _columns(
    rows: Sequence[Row], units: Sequence[int], space: FracField, point: Sequence[Fraction]
) -> list[Row]:
    """Return columns of the inverse of the matrix that the rows are at the point."""
    numbers = {
        i: {j: QQ(number.numerator, number.denominator) for j, number in row if number}
        for i, entries in enumerate(rows)
        for row in [[(j, number_at(entry, point)) for j, entry in entries.items()]]
    }
    size = len(rows)
    wanted: dict[int, dict[int, object]] = {}
    for k, i in enumerate(units):
        wanted.setdefault(i, {})[k] = QQ(1)
    right = DomainMatrix(wanted, (size, len(units)), QQ)
    answer, denominator = DomainMatrix(numbers, (size, size), QQ).solve_den(right)
    found: list[Row] = [{} for _ in units]
    for place, row in enumerate(answer.to_dense().to_list()):
        for k, x in enumerate(row):
            if x:
                found[k][place] = space(x / denominator)
    return found


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


def _is_number(form: FracElement) -> bool:
    return bool(form.numer.is_ground and form.denom.is_ground)


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
