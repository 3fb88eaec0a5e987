"""Many scenarios of one system at once: one form, and what each scenario replaces in it.

A stage moves the assets, payments and conditions of a form along straight lines. Several shocks at
once move them along the sum of their lines, as long as no two moving numbers are multiplied and no
scenario comes to where a line bends: a pile is gone, a venue closes a leg. What does not fit is
left to be solved by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import numpy as np

from looprisk.engine.affine import NotAffineError
from looprisk.engine.audit import audit
from looprisk.engine.catalogue import known
from looprisk.engine.clear import prove
from looprisk.engine.compile import skeleton
from looprisk.engine.fast import Batch, clear_many
from looprisk.engine.form import Flags, NormalForm, Numbers, rounded
from looprisk.engine.form import Index as Places
from looprisk.engine.point import Point
from looprisk.engine.skeleton import Index, Skeleton, assemble
from looprisk.engine.stage import StageRun
from looprisk.engine.state import ONE, ZERO
from looprisk.engine.world import World, beyond, knots

CORNERS = 6
"""So many shocks at once have all their corners audited at most."""
MOVING = ("b", "pay", "cond")
STRUCTURE = (
    *("claim_ptr", "held_claim", "held_by", "held_share", "cell_ptr", "pay_rate", "cond_node"),
    *("cond_own", "read_cond", "read_claim", "read_coef", "cell_cond_ptr", "cell_cond"),
    *("face_pay", "face_claim", "face_coef"),
)
"""What shocks do not move."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Some of the scenarios, solved in one form."""

    rows: Places
    index: Index
    batch: Batch


@dataclass(frozen=True, kw_only=True, eq=False)
class Joined:
    """All scenarios: ``value`` [S, L] in USD, the rest [S]; residual and gap are relative."""

    value: Numbers
    residual: Numbers
    gap: Numbers
    same_cells: Flags
    alone: Flags
    """Solved by itself."""


def column(numbers: Sequence[float] | Numbers) -> Numbers | None:
    """Return one number for each scenario as an array; None where they are not finite numbers.

    >>> column([0, 0.5]).tolist(), column([float("nan")])
    ([0.0, 0.5], None)
    """
    try:
        array = np.asarray(numbers, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return array if array.ndim == 1 and np.isfinite(array).all() else None


def joined(
    ids: Sequence[str], count: int, parts: Sequence[Part], one: Callable[[int], Point]
) -> Joined:
    """Return the values of some claims in all scenarios; ``one`` solves what no part holds."""
    found = Joined(
        value=np.empty((count, len(ids))),
        residual=np.empty(count),
        gap=np.empty(count),
        same_cells=np.empty(count, dtype=np.bool_),
        alone=np.ones(count, dtype=np.bool_),
    )
    for part in parts:
        rows, batch = part.rows, part.batch
        found.alone[rows] = False
        found.value[rows] = batch.z[:, [part.index.claim[id_] for id_ in ids]]
        size = np.maximum(1.0, np.abs(batch.y).max(axis=1, initial=0.0))
        found.residual[rows] = batch.residual / size
        found.gap[rows] = batch.conservation_gap / size
        found.same_cells[rows] = batch.same_cells
    for i in np.flatnonzero(found.alone).tolist():
        point = one(i)
        proof = prove(point.compiled.form, point.solution)
        largest = max(1.0, float(max(abs(point.solution.y), default=0)))
        found.value[i] = [float(point.claim(id_)) for id_ in ids]
        found.residual[i] = float(proof.residual) / largest
        found.gap[i] = float(proof.conservation_gap) / largest
        found.same_cells[i] = proof.same_cells
    return found


def along(run: StageRun, sizes: Sequence[Fraction]) -> tuple[Part, ...]:
    """Return the scenarios of one stage at many shares of its size; () where none is straight.

    Left out are sizes at which the response bends, and sizes beyond where it is followed.
    """
    if run.stretches is None or any(_reads_off(c.skeleton) for c in run.stretches):
        return ()
    parts = []
    for compiled in run.stretches:
        lo, hi = compiled.world.lo, compiled.world.hi
        rows = np.flatnonzero([lo < s < hi for s in sizes])
        if len(rows):
            move = np.array([[float(sizes[int(row)])] for row in rows])
            batch = _cleared(compiled.form, [compiled.form], move)
            parts.append(Part(rows=rows, index=compiled.index, batch=batch))
    return tuple(parts)


def together(
    joint: StageRun,
    shares: Sequence[Fraction],
    alone: Sequence[StageRun],
    columns: Sequence[Numbers],
) -> tuple[Part, ...]:
    """Return scenarios of several shocks at once; () where they cannot be told apart.

    ``alone[k]`` is shock k at its full size, ``joint`` all of them at ``shares`` of it that stand
    in no simple proportion, ``columns[k]`` [S] its share in each scenario. Left out are scenarios
    in which a line bends.
    """
    moves = np.stack(columns, axis=1)
    catalogue = joint.catalogue
    if catalogue.summed:
        return ()
    capped = any(part.kind == "capped" for part in catalogue.system.oracles.values())
    if capped or joint.navs or joint.stretches is None:
        return ()
    whole = joint.stretches[0]
    forms = []
    try:
        for run in alone:
            parts = skeleton(_first(run))
            if _reads_off(parts):
                return ()
            forms.append(assemble(parts)[0])
        all_at_once, index = assemble(skeleton(_first(joint)))
    except NotAffineError:
        return ()
    if whole.minus_cycle or not _adds_up(all_at_once, forms, shares):
        return ()
    rows = np.flatnonzero(_straight(alone, moves))
    if not len(rows) or not _audited(forms, moves[rows]):
        return ()
    return (Part(rows=rows, index=index, batch=_cleared(forms[0], forms, moves[rows])),)


def _reads_off(parts: Skeleton) -> bool:
    return any(node.apart is not None for node in parts.nodes)


def _first(run: StageRun) -> World:
    """Return the world of a stage up to where its lines first bend."""
    whole = run.world(ZERO, ONE)
    return run.world(ZERO, min(knots(whole), default=ONE))


def _adds_up(whole: NormalForm, forms: Sequence[NormalForm], shares: Sequence[Fraction]) -> bool:
    """Return whether the lines of all shocks together are the sum of their lines, exactly."""
    for form in forms:
        same = [getattr(form, name) for name in STRUCTURE]
        own = [getattr(whole, name) for name in STRUCTURE]
        if any(len(a) != len(b) or (a != b).any() for a, b in zip(same, own, strict=True)):
            return False
    for name in MOVING:
        const, slope = getattr(whole, f"{name}_const"), getattr(whole, f"{name}_slope")
        if any((getattr(form, f"{name}_const") != const).any() for form in forms):
            return False
        parts = [getattr(f, f"{name}_slope") * w for f, w in zip(forms, shares, strict=True)]
        if (sum(parts) != slope).any():
            return False
    return True


def _straight(alone: Sequence[StageRun], moves: Numbers) -> Flags:
    """Return [S] whether no pile is gone and no leg closed at the end of a scenario's way."""
    fits = np.ones(len(moves), dtype=np.bool_)
    before, catalogue = alone[0].before, alone[0].catalogue
    for issuer, pile in {pile for run in alone for pile in run.after.lost}:
        held = known(catalogue.system.issuers[issuer].outside[pile], issuer, "outside", pile)
        left = held - before.lost.get((issuer, pile), ZERO)
        taken = [
            run.after.lost.get((issuer, pile), ZERO) - before.lost.get((issuer, pile), ZERO)
            for run in alone
        ]
        fits &= moves @ np.array([float(x) for x in taken]) < float(left)
    for leg in catalogue.legs:
        lines = [beyond(_first(run), leg) for run in alone]
        if lines[0].const > 0:
            continue
        fall = moves @ np.array([float(line.slope) for line in lines])
        fits &= float(lines[0].const) + fall < 0
    return fits


def _audited(forms: Sequence[NormalForm], moves: Numbers) -> bool:
    """Return whether the audit holds on a box around every scenario.

    What a payment jumps by is straight in the shocks, so the corners decide; where assets alone
    move, the corner at which every node has least.
    """
    ends = [(Fraction(float(m.min())), Fraction(float(m.max()))) for m in moves.T]
    if not any(form.pay_slope.any() or form.cond_slope.any() for form in forms):
        least = [
            np.minimum(form.b_slope * lo, form.b_slope * hi)
            for form, (lo, hi) in zip(forms, ends, strict=True)
        ]
        return not audit(replace(forms[0], b_const=forms[0].b_const + sum(least)))
    if len(forms) > CORNERS:
        return False
    return not any(audit(_moved(forms, corner)) for corner in product(*ends))


def _moved(forms: Sequence[NormalForm], moves: Sequence[Fraction]) -> NormalForm:
    """Return the form in which every shock has gone so far."""
    form = forms[0]
    for other, move in zip(forms, moves, strict=True):
        form = replace(
            form,
            b_const=form.b_const + other.b_slope * move,
            pay_const=form.pay_const + other.pay_slope * move,
            cond_const=form.cond_const + other.cond_slope * move,
        )
    return form


def _cleared(base: NormalForm, forms: Sequence[NormalForm], moves: Numbers) -> Batch:
    return clear_many(
        base,
        b=_lines(base.b_const, [form.b_slope for form in forms], moves),
        pay_const=_lines(base.pay_const, [form.pay_slope for form in forms], moves),
        cond_const=_lines(base.cond_const, [form.cond_slope for form in forms], moves),
    )


def _lines(const: Numbers, slopes: Sequence[Numbers], moves: Numbers) -> Numbers:
    """Return [S, n] numbers that move by shares of slopes; repeated where none moves."""
    slope = np.stack([rounded(s) for s in slopes])
    if not slope.any():
        return np.broadcast_to(rounded(const), (len(moves), len(const)))
    numbers: Numbers = rounded(const) + moves @ slope
    return numbers
