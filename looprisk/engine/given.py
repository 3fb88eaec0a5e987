"""A solution that somebody gives, put into the equations of a stage once: nothing is solved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from looprisk.engine.book import book
from looprisk.engine.clear import Solution, claim_values, prove
from looprisk.engine.form import Numbers, active_cells
from looprisk.engine.point import Point, read_off
from looprisk.engine.stage import StageRun
from looprisk.errors import DataError

Given = Mapping[str, Fraction]


def put_in(run: StageRun, s: Fraction, nodes: Given, claims: Given, navs: Given) -> Point:
    """Return the point of a stage with these assets, claims and books, all in USD.

    Raises DataError naming an equation that does not hold, in Fractions.
    """
    compiled = run.compiled_at(s, navs)
    form, index = compiled.form, compiled.index
    y, z = _ordered(nodes, index.node), _ordered(claims, index.claim)
    value = form.cond_const + form.cond_own * y[form.cond_node]
    np.add.at(value, form.read_cond, form.read_coef * z[form.read_claim])
    alive = np.array(value >= 0, dtype=np.bool_)
    cells = active_cells(form, alive)
    paid = claim_values(form, y, cells, z)
    solution = Solution(y=y, z=paid, alive=alive, cells=cells, selection="greatest")
    point = read_off(Point(s=s, compiled=compiled, solution=solution))
    for wrong in _wrong(point, z, paid):
        raise DataError(f"the proof does not hold: {wrong}")
    return point


def _wrong(point: Point, z: Numbers, paid: Numbers) -> Iterator[str]:
    """Yield every equation that does not hold, in words."""
    index, form = point.compiled.index, point.compiled.form
    for claim, place in index.claim.items():
        if point.solution.z[place] != z[place]:
            rule = float(point.solution.z[place])
            yield f"{claim} gets {rule!r} by its rule, {float(z[place])!r} in the proof"
    # what is read off a solution stands outside the equations
    proof = prove(form, replace(point.solution, z=paid))
    if proof.residual:
        yield f"a node has {float(proof.residual)!r} dollars more or less than it receives"
    navs = point.compiled.world.navs
    booked = book(point).prices if navs else {}
    for claim, price in navs.items():
        own = booked.get(claim)
        if own is not None and own != price:
            yield f"the book of {claim} is {float(own)!r}, and oracles read {float(price)!r}"


def _ordered(values: Given, places: Mapping[str, int]) -> Numbers:
    """Return numbers in the order of the form; raise DataError where the names are others."""
    odd = set(values) ^ set(places)
    if odd:
        raise DataError(f"the proof does not fit: `{min(odd)}` is in only one of it and the system")
    ordered = [values[name] for name in sorted(places, key=places.__getitem__)]
    return np.array(ordered, dtype=object)
