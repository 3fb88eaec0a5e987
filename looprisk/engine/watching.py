"""Where many events hold on the straight pieces of a large system: all of them at once, in floats.

The same as asking :func:`looprisk.engine.monitors.on_piece` for each event and piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from looprisk.engine.form import Flags, Index, Numbers
from looprisk.engine.monitors import Monitor, Stretch, rounding
from looprisk.engine.piece import Piece
from looprisk.engine.point import Compiled


@dataclass(frozen=True, kw_only=True, eq=False)
class _Limits:
    """Events as lines: ``-limit + value``, below zero where an event holds."""

    constant: Flags
    """[M] events that hold, or not, on every piece; and which of the two."""
    always: Flags
    compared: Flags
    """[M] whether a value is compared with a limit; else the cell alone decides."""
    const: Numbers
    slope: Numbers
    rounding: Numbers
    reads: tuple[Index, Index, Numbers]
    """(event, claim, coefficient) of what limits read of claims."""
    claim: tuple[Index, Index]
    """(event, claim) of events on the value of a claim."""
    node: tuple[Index, Index]
    """(event, node) of events on the assets of a node."""
    needs: Sequence[tuple[Index, Index, Flags]]
    """(events, their nodes, the cells that carry the word) for each word a cell must carry."""


def stretches(
    watched: Sequence[Monitor], compiled: Compiled, pieces: Sequence[Piece]
) -> Iterator[tuple[Monitor, Stretch]]:
    """Yield where each event holds on pieces that stand in order; what touches is one."""
    limits = _limits(watched, compiled)
    count = len(watched)
    holding = np.zeros(count, dtype=np.bool_)
    begun, ended = np.zeros(count), np.zeros(count)
    attained = np.zeros(count, dtype=np.bool_)
    for piece in pieces:
        holds, lo, hi = _on_piece(limits, piece)
        goes_on = holds & holding & (lo <= ended)
        fresh = holds & ~goes_on
        yield from _closed(np.flatnonzero(fresh & holding), watched, begun, ended, attained)
        begun[fresh], attained[fresh] = lo[fresh], piece.lo == piece.hi
        ended = np.where(goes_on, np.maximum(ended, hi), np.where(fresh, hi, ended))
        holding |= holds
    yield from _closed(np.flatnonzero(holding), watched, begun, ended, attained)


def _closed(
    which: Index, watched: Sequence[Monitor], begun: Numbers, ended: Numbers, attained: Flags
) -> Iterator[tuple[Monitor, Stretch]]:
    for k in which.tolist():
        lo, hi = float(begun[k]), float(ended[k])
        yield watched[k], Stretch(lo=lo, hi=hi, attained=bool(attained[k]))


def _on_piece(limits: _Limits, piece: Piece) -> tuple[Flags, Numbers, Numbers]:
    """Return (whether each event holds somewhere on a piece, from where, to where)."""
    const, slope = _lines(limits, piece)
    first, last = float(piece.lo), float(piece.hi)
    at_lo, at_hi = const + slope * first, const + slope * last
    low, high = at_lo < -limits.rounding, at_hi < -limits.rounding
    with np.errstate(divide="ignore", invalid="ignore"):
        border = np.clip(np.where(slope == 0, first, -const / slope), first, last)
    lo = np.where(low | ~limits.compared | (first == last), first, border)
    hi = np.where(high | ~limits.compared | (first == last), last, border)
    holds = low if first == last else low | high
    holds = np.where(limits.compared, holds, ~limits.constant | limits.always)
    for events, nodes, carries in limits.needs:
        holds[events] &= carries[piece.cells[nodes]]
    return holds, lo, hi


def _lines(limits: _Limits, piece: Piece) -> tuple[Numbers, Numbers]:
    const, slope = -limits.const, -limits.slope
    z_const = piece.block.claim_values(piece.y_const, piece.cells, 0)
    z_slope = piece.block.claim_values(piece.y_const + piece.y_slope, piece.cells, 1) - z_const
    event, claim, coef = limits.reads
    np.subtract.at(const, event, coef * z_const[claim])
    np.subtract.at(slope, event, coef * z_slope[claim])
    event, claim = limits.claim
    const[event] += z_const[claim]
    slope[event] += z_slope[claim]
    event, node = limits.node
    const[event] += piece.y_const[node]
    slope[event] += piece.y_slope[node]
    return const, slope


def _limits(watched: Sequence[Monitor], compiled: Compiled) -> _Limits:
    index = compiled.index
    lines = [m.short_of for m in watched]
    reads = [
        (k, index.claim[claim], float(coef))
        for k, line in enumerate(lines)
        if line is not None
        for claim, coef in line.reads
    ]
    on_claim = [(k, index.claim[m.claim]) for k, m in enumerate(watched) if m.claim]
    on_node = [
        (k, index.node[m.node])
        for k, m in enumerate(watched)
        if m.node and not m.claim and m.short_of is not None
    ]
    return _Limits(
        constant=np.array([m.always is not None for m in watched], dtype=np.bool_),
        always=np.array([bool(m.always) for m in watched], dtype=np.bool_),
        compared=np.array(
            [m.always is None and m.short_of is not None for m in watched], dtype=np.bool_
        ),
        const=np.array([0.0 if line is None else float(line.const) for line in lines]),
        slope=np.array([0.0 if line is None else float(line.slope) for line in lines]),
        rounding=np.array(
            [0.0 if x is None else float(rounding(compiled, x.const)) for x in lines]
        ),
        reads=(
            _index(k for k, _, _ in reads),
            _index(claim for _, claim, _ in reads),
            np.array([coef for _, _, coef in reads], dtype=np.float64),
        ),
        claim=(_index(k for k, _ in on_claim), _index(claim for _, claim in on_claim)),
        node=(_index(k for k, _ in on_node), _index(node for _, node in on_node)),
        needs=[_needing(word, watched, compiled) for word in sorted({m.state for m in watched})],
    )


def _needing(
    word: str, watched: Sequence[Monitor], compiled: Compiled
) -> tuple[Index, Index, Flags]:
    """Return the events that a word of a cell is needed for; none for no word."""
    events = [k for k, m in enumerate(watched) if word and m.state == word and m.always is None]
    nodes = (compiled.index.node[watched[k].node] for k in events)
    carries = np.array([word in state for state in compiled.index.cell_state], dtype=np.bool_)
    return _index(events), _index(nodes), carries


def _index(places: Iterable[int]) -> Index:
    return np.fromiter(places, dtype=np.intp)
