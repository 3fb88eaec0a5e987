"""A system compiled on a stretch of a stage, its straight segments, and a solution at a point."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from looprisk.engine.affine import Affine
from looprisk.engine.approach import Undrawn, approached
from looprisk.engine.audit import ADVICE
from looprisk.engine.block import Block
from looprisk.engine.bounds import between
from looprisk.engine.clear import Selection, Solution, clear
from looprisk.engine.crowds import refuse_bounds, refuse_tables
from looprisk.engine.dual import exactly
from looprisk.engine.enclosed import enclosed, is_open
from looprisk.engine.form import NormalForm, Numbers, Scalar
from looprisk.engine.holdings import supply_claim
from looprisk.engine.oracles import cap_of, reading_of
from looprisk.engine.piece import Piece
from looprisk.engine.reckoning import Together
from looprisk.engine.skeleton import Index, Node, Skeleton
from looprisk.engine.state import ZERO
from looprisk.engine.world import World
from looprisk.errors import NotExactError


@dataclass(frozen=True, kw_only=True, eq=False)
class Compiled:
    """A system on one stretch of a stage, with the names of its indices."""

    world: World
    skeleton: Skeleton
    form: NormalForm
    index: Index
    minus_cycle: str
    """A loop with a minus sign, in words; empty where the system is monotone."""
    undrawn: Undrawn | None = None
    """The same before what tables of accounts of several legs pay is drawn in, if there are any."""
    tables: Mapping[str, Together] = field(default_factory=dict)
    """The accounts of tables that are looked at together, at the solution."""
    solutions: dict[Selection, Solution] | None = None
    """Those found so far, where points of equal numbers share them."""

    @cached_property
    def block(self) -> Block:
        """The form, ordered for questions about its conditions."""
        return Block(self.form)

    @cached_property
    def node_of(self) -> dict[str, Node]:
        """The nodes by their ids."""
        return {node.id: node for node in self.skeleton.nodes}

    @cached_property
    def conditions_of(self) -> dict[str, tuple[int, ...]]:
        """Node: the places of its conditions in the form."""
        found: dict[str, list[int]] = {}
        for place, (node, _) in enumerate(self.index.condition_of):
            found.setdefault(node, []).append(place)
        return {node: tuple(places) for node, places in found.items()}

    def solved(self, selection: Selection) -> tuple[Compiled, Solution]:
        """Return the same with what the accounts of tables pay drawn in, and its solution."""
        if self.undrawn is None:
            return self, self.solve(selection)
        if self.minus_cycle:
            refuse_tables(self.world.catalogue.baskets, self.minus_cycle)
        found = approached(self.undrawn, clear, selection)
        drawn = replace(
            self,
            skeleton=found.skeleton,
            form=found.form,
            index=found.index,
            tables=found.tables,
        )
        return drawn, found.solution

    def solve(self, selection: Selection) -> Solution:
        """Return the greatest or least solution; the only one, where a loop has a minus sign.

        Raises NotExactError, naming the loop, where two-sided bounds do not meet there.
        """
        if is_open(self.form):
            return enclosed(self.form, selection, is_monotone=not self.minus_cycle)
        if self.solutions is None:
            return self._solved(selection)
        if selection not in self.solutions:
            self.solutions[selection] = self._solved(selection)
        return self.solutions[selection]

    def _solved(self, selection: Selection) -> Solution:
        if not self.minus_cycle:
            return clear(self.form, selection)
        refuse_bounds(self.skeleton, self.minus_cycle)
        try:
            return between(self.form)
        except NotExactError as error:
            raise NotExactError(f"{self.minus_cycle}; {error}; {ADVICE}") from None


@dataclass(frozen=True, kw_only=True, eq=False)
class Segment:
    """A compiled stretch ``(lo, hi]`` with the straight pieces of its solution."""

    compiled: Compiled
    pieces: tuple[Piece, ...]
    """In the order of the shock."""

    @cached_property
    def _starts(self) -> list[Scalar]:
        return [piece.lo for piece in self.pieces]

    def touching(self, s: Scalar) -> tuple[Piece, ...]:
        """Return the pieces that a shock fraction lies on: two where it is between them."""
        after = first = bisect_right(self._starts, s)
        while first and self.pieces[first - 1].hi >= s:
            first -= 1
        return self.pieces[first:after]


@dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """A solution at one shock fraction."""

    s: Fraction
    compiled: Compiled
    solution: Solution

    @cached_property
    def conditions(self) -> Numbers:
        """By how much each condition of the form holds, below zero where it fails."""
        which = np.arange(self.compiled.form.conditions)
        return self.compiled.block.condition_values(which, self.solution.y, self.solution.cells)[0]

    def claim(self, claim: str) -> Fraction:
        """Return the value of a claim, in USD."""
        value: Fraction = self.solution.z[self.compiled.index.claim[claim]]
        return value

    def node(self, node: str) -> Fraction:
        """Return the assets of a node, in USD."""
        value: Fraction = self.solution.y[self.compiled.index.node[node]]
        return value

    def face(self, claim: str) -> Fraction:
        """Return what was promised to a claim, in USD; zero for what is left of a node."""
        face = self.compiled.index.claim_of[self.compiled.index.claim[claim]].face
        return self.value(face) if face is not None else ZERO

    def value(self, line: Affine) -> Fraction:
        """Return a line at this solution, with what it reads of claims, in USD."""
        read = (coef * exactly(self.claim(claim)) for claim, coef in line.reads)
        return line.at(self.s) + sum(read, ZERO)

    def state_of(self, node: str) -> frozenset[str]:
        """Return what happened to a node: ``liquidated``, ``unpaid``, ``short``."""
        return self.compiled.index.cell_state[
            int(self.solution.cells[self.compiled.index.node[node]])
        ]

    def table(self, name: str) -> Together:
        """Return the accounts of a table that are looked at together."""
        return self.compiled.tables[name]

    def token(self, token: str) -> Fraction:
        """Return the economic price of a token, in USD."""
        return self.claim(token) / exactly(
            self.compiled.index.claim_of[self.compiled.index.claim[token]].units
        )

    def reading(self, oracle: str, collateral: str) -> Fraction:
        """Return what an oracle reads for a unit of collateral, in USD."""
        world = self.compiled.world
        reading = reading_of(world, oracle, collateral)
        if reading is not None:
            return self.value(reading)
        if collateral in world.catalogue.system.assets:
            return world.price(collateral).at(self.s)
        own = self.token(supply_claim(world.catalogue, collateral))
        cap = cap_of(world, oracle, collateral)
        return own if cap is None else min(own, self.value(cap))


def read_off(point: Point) -> Point:
    """Return a solution with the payments outside that its cells do not give.

    They are ratios of what it decides (SEMANTICS 4.2d).
    """
    apart = {
        node.id: node.apart
        for node in point.compiled.skeleton.nodes
        if node.apart is not None and "apart" in point.state_of(node.id)
    }
    tables = point.compiled.tables
    if not apart and not tables:
        return point
    z = point.solution.z.copy()
    for name, accounts in tables.items():
        z[point.compiled.index.claim[f"{name}/equity"]] = accounts.found.owner.sum()
    for node, kept in apart.items():
        share = 1 - point.value(kept.part) / point.value(kept.whole)
        z[point.compiled.index.claim[kept.claim]] = point.node(node) * share
    return replace(point, solution=replace(point.solution, z=z))
