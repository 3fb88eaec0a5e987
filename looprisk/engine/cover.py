"""The response to a shock that helps some and hurts others, joined from pieces around points.

Where values may move both ways no branch can be followed: a higher solution may appear while every
condition in force still holds. So the solution is computed at points, each extended to the piece on
which its conditions hold, and a piece counts once further points on it confirm it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from looprisk.engine.block import Block
from looprisk.engine.clear import Selection, Solution, clear
from looprisk.engine.flow import Flow
from looprisk.engine.form import NormalForm, Scalar
from looprisk.engine.piece import Piece
from looprisk.engine.walk import TIE, first_reached
from looprisk.errors import NoSolutionError

DEPTH = 60
"""Halvings of a gap between two pieces before they count as not joining."""
PROBES = tuple(Fraction(k, 1024) for k in (1, 128, 384, 640, 896, 1023))
"""Where on a piece further points confirm it: at both ends and in between."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """The piece around the point at which it was found."""

    s: Scalar
    piece: Piece


def cover(form: NormalForm, lo: Scalar, hi: Scalar, selection: Selection) -> tuple[Piece, ...]:
    """Return the pieces of the solution on [lo, hi], whatever the directions of the shock."""
    block = Block(form)

    def at(s: Scalar) -> Found:
        piece = _piece_around(block, clear(form.at(s), selection), s, lo, hi)
        return Found(s=s, piece=piece)

    found = [at(lo), at(hi)]
    while True:
        found = _without_gaps(at, found)
        pieces = _join(found, selection)
        missed = [
            probe
            for piece in pieces
            for probe in _probe(at, piece)
            if not _same(probe.piece, piece)
        ]
        if not missed:
            return _with_changes(pieces)
        found = sorted([*found, *missed], key=lambda f: f.s)


def _piece_around(block: Block, solution: Solution, s: Scalar, lo: Scalar, hi: Scalar) -> Piece:
    """Return the piece that holds at ``s``, as far as its conditions do not change."""
    cells = solution.cells
    flow = Flow(block, cells)
    slope = flow.tangent()
    y = flow.arrive(solution.y, s)
    holding = block.conditions_of(cells)
    before = block.conditions_before(cells)
    failing = before[~solution.alive[before]]
    left, right = lo, hi
    for watch, sign in ((holding, 1), (failing, -1)):
        value, _ = block.condition_values(watch, y, cells, s)
        rate = block.condition_rates(watch, slope, cells, with_s=True)
        right = min(right, s + first_reached(value * sign, -rate * sign).min(initial=np.inf))
        left = max(left, s - first_reached(value * sign, rate * sign).min(initial=np.inf))
    return Piece(
        block=block,
        lo=left,
        hi=right,
        y_const=y - slope * s,
        y_slope=slope,
        cells=cells,
        alive=solution.alive,
        changed=(),
    )


def _same(a: Piece, b: Piece) -> bool:
    return bool((a.cells == b.cells).all())


def _probe(at: Callable[[Scalar], Found], piece: Piece) -> list[Found]:
    """Return the solutions at further points of a piece."""
    length = piece.hi - piece.lo
    if length <= TIE:
        return []
    return [at(piece.lo + share * length) for share in PROBES]


def _without_gaps(at: Callable[[Scalar], Found], found: list[Found]) -> list[Found]:
    """Return points such that the pieces around neighbours touch."""
    filled = found[:1]
    for a, b in pairwise(found):
        filled += [*_between(at, a, b, DEPTH), b]
    return filled


def _between(at: Callable[[Scalar], Found], a: Found, b: Found, depth: int) -> list[Found]:
    """Return points between two, by halving what neither of their pieces covers."""
    last, first = a.piece.hi, b.piece.lo
    margin = TIE * (abs(float(last)) + abs(float(first))) if a.piece.block.slack else 0
    if _same(a.piece, b.piece) or last >= first - margin:
        return []
    if not depth:
        raise NoSolutionError("the pieces of the response do not join: the system is not monotone")
    middle = at((last + first) / 2)
    return [
        *_between(at, a, middle, depth - 1),
        middle,
        *_between(at, middle, b, depth - 1),
    ]


def _join(found: list[Found], selection: Selection) -> list[Piece]:
    """Cut overlapping pieces where one gives way; the higher lasts if the greatest is wanted."""
    first, last = found[0], found[-1]
    pieces, edges = [first.piece], [first.s]
    for a, b in pairwise(found):
        if _same(a.piece, b.piece):
            continue
        start, end = max(b.piece.lo, a.s), min(a.piece.hi, b.s)
        a_is_higher = sum(a.piece.y(end)) >= sum(b.piece.y(end))
        a_lasts = a_is_higher == (selection == "greatest")
        edges.append(end if a_lasts or start >= end else start)
        pieces.append(b.piece)
    edges.append(last.s)
    return [
        replace(piece, lo=lo, hi=hi)
        for piece, (lo, hi) in zip(pieces, pairwise(edges), strict=True)
        if hi > lo or lo in (first.s, last.s)
    ]


def _with_changes(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Note at each piece which conditions differ from the piece before."""
    noted = pieces[:1]
    for before, piece in pairwise(pieces):
        differs = tuple(int(i) for i in np.flatnonzero(before.alive != piece.alive))
        noted.append(replace(piece, changed=differs))
    return tuple(noted)
