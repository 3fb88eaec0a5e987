"""The whole response to a shock: the solution as straight pieces in ``s``, kink by kink.

On one segment the normal form is straight in ``s`` and so is the solution between two changes of
cells: ``dy/ds = (I - J)^-1 (b' + Theta a')``. :func:`sweep` follows a shock that only lowers
values, or only raises them, from one condition to the next; where a payment jumps it
walks on at the same ``s`` and records who changed together. The greatest solution is followed as
values fall and the least as they rise: in the other direction a branch may end before its
conditions do.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.engine.block import Block, State
from looprisk.engine.clear import Selection, clear
from looprisk.engine.cover import cover
from looprisk.engine.flow import Flow
from looprisk.engine.form import Flags, Index, NormalForm, Numbers, Scalar, active_cells
from looprisk.engine.piece import Piece
from looprisk.engine.walk import TIE, steps, surely_failing, walk, watched
from looprisk.errors import NotCarriedError, NotExactError

MOST = 20_000_000
"""So many numbers in all straight pieces are kept at most: pieces times nodes."""


def trace(
    form: NormalForm, lo: Scalar, hi: Scalar, selection: Selection = "greatest"
) -> tuple[Piece, ...]:
    """Return the straight pieces of the solution on [lo, hi], one segment of a shock."""
    falling, rising = adverse(form), adverse(reverse(form))
    if not falling and not rising:
        return cover(form, lo, hi, selection)
    if falling == (selection == "greatest"):
        return sweep(form, lo, hi, selection)
    return _mirrored(sweep(reverse(form), -hi, -lo, selection))


def adverse(form: NormalForm) -> bool:
    """Return whether growing ``s`` can only lower values: then one sweep finds everything.

    True if at fixed values no asset, payment or condition rises with ``s`` and no claim is owed in
    the unit of another.
    """
    return not len(form.face_pay) and all(
        (slope <= 0).all() for slope in (form.b_slope, form.pay_slope, form.cond_slope)
    )


def reverse(form: NormalForm) -> NormalForm:
    """Return the form as it is seen by ``-s``."""
    return replace(
        form,
        b_slope=-form.b_slope,
        pay_slope=-form.pay_slope,
        cond_slope=-form.cond_slope,
    )


def sweep(
    form: NormalForm, lo: Scalar, hi: Scalar, selection: Selection = "greatest"
) -> tuple[Piece, ...]:
    """Follow a solution from ``lo`` to ``hi`` in one pass.

    The greatest solution of a shock that only lowers values, or the least of one that only raises
    them.
    """
    down = selection == "greatest"
    block = Block(form)
    start = clear(form.at(lo), selection)
    alive, s, y = start.alive.copy(), lo, start.y
    flow = Flow(block, active_cells(form, alive))
    changed: list[int] = []
    pieces: list[Piece] = []
    while True:
        watch = watched(block, alive, flow.cells, down=down)
        slope = flow.tangent()
        # a closed loop that is fed fills at once, up to the next border; one that loses runs dry
        filling = not flow.regular
        if filling and down:
            slope = -slope
        step = _steps(block, flow, slope, watch, y, s, down=down, with_s=not filling)
        ds = step.min(initial=np.inf)
        end = s if filling else min(hi, s + ds)
        if end > s or s == hi or not pieces:
            if len(pieces) * form.nodes > MOST:
                raise _too_many(form)
            pieces.append(
                _piece(flow, slope * 0 if filling else slope, y, (s, end), alive, changed)
            )
            changed = []
        # at the very end a failing condition still holds, and one that comes true does so
        if not filling and (s + ds > hi or (down and s + ds == hi)):
            return tuple(pieces)
        if ds == np.inf:
            raise NotExactError("a closed loop of claims has no bottom")
        y = y + slope * ds
        s = end
        margin = TIE * (abs(s) + ds) if block.slack else 0
        hits = watch[step <= ds + margin]
        if down:
            hits = surely_failing(block, flow, alive, hits, None)
        alive[hits] = not down
        changed.extend(int(i) for i in hits)
        flow.move(active_cells(form, alive))
        reached = walk(block, State(y=y, alive=alive, cells=flow.cells), s, down=down, flow=flow)
        alive, y = reached.state.alive.copy(), reached.state.y
        changed.extend(reached.changed)


def _too_many(form: NormalForm) -> NotCarriedError:
    return NotCarriedError(
        f"the response of {form.nodes:,} issuers, markets and accounts to the shock bends more "
        f"than {MOST // form.nodes:,} times, more than is traced of so many: ask for a smaller "
        "shock, leave out what does not stand between the shock and the layers you ask for, or "
        "ask `run_many` for single sizes of it"
    )


def _steps(
    block: Block,
    flow: Flow,
    slope: Numbers,
    watch: Index,
    y: Numbers,
    s: Scalar,
    *,
    down: bool,
    with_s: bool,
) -> Numbers:
    """Return how far each condition watched is from its border along ``slope``."""
    sign = 1 if down else -1
    value, scale = block.condition_values(watch, y, flow.cells, s)
    rate = block.condition_rates(watch, slope, flow.cells, with_s=with_s)
    return steps(block, value * sign, scale, rate * -sign, along=slope)


def _piece(
    flow: Flow,
    slope: Numbers,
    y: Numbers,
    ends: tuple[Scalar, Scalar],
    alive: Flags,
    changed: list[int],
) -> Piece:
    lo, hi = ends
    return Piece(
        block=flow.block,
        lo=lo,
        hi=hi,
        y_const=y - slope * lo,
        y_slope=slope,
        cells=flow.cells,
        alive=alive.copy(),
        changed=tuple(changed),
    )


def _mirrored(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Return pieces in ``-s`` as pieces in ``s``, with what changed noted at their new start."""
    changes = [piece.changed[::-1] for piece in pieces[1:]] + [()]
    mirrored = [
        replace(
            piece,
            block=Block(reverse(piece.block.form)),
            lo=-piece.hi,
            hi=-piece.lo,
            y_slope=-piece.y_slope,
            changed=changed,
        )
        for piece, changed in zip(pieces, changes, strict=True)
    ]
    return tuple(mirrored[::-1])
