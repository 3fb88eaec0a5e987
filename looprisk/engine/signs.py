"""The sign audit over data: which way every value moves as something that is not known grows.

A system is compiled with :class:`~looprisk.engine.open.Open` numbers. Of each asset, payment and
border the sign of the derivative is proved over the whole box; then signs are carried along what
depends on what. In a monotone system a sign that is the same along all ways is the sign of the
greatest and of the least solution (their order follows from that of the payout map), so that the
ends of the range of a value are attained in corners of the box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction

import numpy as np

from looprisk.engine.form import NormalForm
from looprisk.engine.open import Open, Sign, UndecidedError, both, derived, sign, slope, through

NONE: Sign = "0"
MOST_FREE = 6
"""Conditions of one node that read other claims and are tried either way."""


@dataclass(frozen=True, kw_only=True)
class Signs:
    """How each node, claim and condition of a form moves as one datum grows."""

    nodes: tuple[Sign, ...]
    claims: tuple[Sign, ...]
    conditions: tuple[Sign, ...]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What acts on one claim of a node: its datum, the worth of its node, the claims it reads."""

    direct: Sign
    own: Sign
    read: tuple[tuple[int, Sign], ...]
    """(claim, how this one moves with it)."""


def signs(form: NormalForm, place: int) -> Signs:
    """Return how every solution value of a form moves as one of the data grows.

    Raises UndecidedError where the borders of a node stand in another order for some completions.
    """
    effects = [_effect(form, claim, place) for claim in range(form.claims)]
    nodes: list[Sign] = [slope(b, place) for b in form.b_const]
    claims: list[Sign] = [effect.direct for effect in effects]
    for by, share in zip(form.held_by, form.held_share, strict=True):
        nodes[by] = both(nodes[by], slope(share, place))
    while True:
        before = (tuple(nodes), tuple(claims))
        for claim, effect in enumerate(effects):
            found = both(claims[claim], through(nodes[form.issuer[claim]], effect.own))
            for read, way in effect.read:
                found = both(found, through(claims[read], way))
            claims[claim] = found
        for claim, by in zip(form.held_claim, form.held_by, strict=True):
            nodes[by] = both(nodes[by], claims[claim])
        if before == (tuple(nodes), tuple(claims)):
            break
    conditions = tuple(_condition(form, k, place, nodes, claims) for k in range(form.conditions))
    return Signs(nodes=tuple(nodes), claims=tuple(claims), conditions=conditions)


def shortfall(form: NormalForm, claim: int, face: object, place: int, found: Signs) -> Sign:
    """Return how what a claim lacks of its face moves, its face being a number of the form.

    Its face and its payment may rise together; what is lacking then need not move at all.
    """
    node = int(form.issuer[claim])
    first, last = form.cell_ptr[node], form.cell_ptr[node + 1]
    entries = form.pay_ptr[first:last] + form.entry_offset[claim]
    if np.isin(form.face_pay, entries).any():
        return "?"
    const, rate = form.pay_const.copy(), form.pay_rate.copy()
    const[entries], rate[entries] = face - const[entries], -rate[entries]
    lacking = replace(form, pay_const=const, pay_rate=rate)
    effect = _effect(lacking, claim, place, audited=False)
    moves = both(effect.direct, through(found.nodes[node], effect.own))
    for read, way in effect.read:
        moves = both(moves, through(found.claims[read], way))
    return moves


def _condition(
    form: NormalForm, k: int, place: int, nodes: Sequence[Sign], claims: Sequence[Sign]
) -> Sign:
    """Return how the slack of a condition moves: by itself, and with what it reads."""
    found = _border(form, k, place)
    found = both(found, through(nodes[form.cond_node[k]], sign(form.cond_own[k])))
    for at in np.flatnonzero(form.read_cond == k):
        found = both(found, through(claims[form.read_claim[at]], sign(form.read_coef[at])))
    return found


def _border(form: NormalForm, k: int, place: int) -> Sign:
    """Return how a condition's slack moves with a datum while all values stand still."""
    own = form.cond_own[k]
    found = both(slope(form.cond_const[k], place), slope(own, place))
    for at in np.flatnonzero(form.read_cond == k):
        found = both(found, slope(form.read_coef[at], place))
    if found == "?" and not (form.read_cond == k).any() and sign(own) == "+":
        # where the border itself goes is all that matters: down is good
        return through("-", slope(-form.cond_const[k] / own, place))
    return found


def _effect(form: NormalForm, claim: int, place: int, *, audited: bool = True) -> Effect:
    node = int(form.issuer[claim])
    cells = range(form.cell_ptr[node], form.cell_ptr[node + 1])
    used = sorted({int(k) for c in cells for k in _needs(form, c)})
    direct, own = NONE, NONE
    read: dict[int, Sign] = {}
    for cell in cells:
        own_assets = form.b_const[node]
        if any(sign(own_assets - y) in {"+", "0"} for y in _ceilings(form, cell)):
            continue  # no completion comes so low
        entry = int(form.pay_ptr[cell] + form.entry_offset[claim])
        direct = both(direct, _within(form, cell, entry, place))
        own = both(own, sign(form.pay_rate[entry]))
        for at in np.flatnonzero(form.face_pay == entry):
            unit = int(form.face_claim[at])
            direct = both(direct, slope(form.face_coef[at], place))
            read[unit] = both(read.get(unit, "0"), sign(form.face_coef[at]))
    for k in used:
        jump = _jump(form, node, claim, k, audited=audited)
        direct = both(direct, through(_border(form, k, place), jump))
        own = both(own, through(sign(form.cond_own[k]), jump))
        for at in np.flatnonzero(form.read_cond == k):
            unit = int(form.read_claim[at])
            way = through(sign(form.read_coef[at]), jump)
            read[unit] = both(read.get(unit, "0"), way)
    return Effect(direct=direct, own=own, read=tuple(read.items()))


def _needs(form: NormalForm, cell: int) -> list[int]:
    first, last = form.cell_cond_ptr[cell], form.cell_cond_ptr[cell + 1]
    found: list[int] = form.cell_cond[first:last].tolist()
    return found


def _within(form: NormalForm, cell: int, entry: int, place: int) -> Sign:
    """Return how a payment of one cell moves with a datum, at any worth where it is active."""
    const, rate = form.pay_const[entry], form.pay_rate[entry]
    found = both(slope(const, place), slope(rate, place))
    if found != "?":
        return found
    const, rate = derived(const, place), derived(rate, place)
    # a straight line in the worth of the node has one sign where its start and its rise agree,
    # or its start and its end
    rest = (sign(rate), *(sign(const + rate * y) for y in _ceilings(form, cell)))
    ends = (both(sign(const + rate * y), end) for y in _floors(form, cell) for end in rest)
    return next((end for end in ends if end != "?"), "?")


def _ceilings(form: NormalForm, cell: int) -> list[Open]:
    """Return what the worth of a node is at most where a cell is active: a healthier one is not."""
    first = form.cell_ptr[form.cell_node[cell]]
    healthier = [c for c in range(first, cell) if len(_needs(form, c)) == 1]
    return [y for c in healthier for y in _thresholds(form, c)]


def _floors(form: NormalForm, cell: int) -> list[Open | Fraction]:
    """Return what the worth of a node is at least where a cell is active: its own assets, too."""
    return [
        Fraction(0),
        form.b_const[form.cell_node[cell]],
        *_thresholds(form, cell),
    ]


def _thresholds(form: NormalForm, cell: int) -> list[Open]:
    return [
        -form.cond_const[k] / form.cond_own[k]
        for k in _needs(form, cell)
        if sign(form.cond_own[k]) == "+" and not (form.read_cond == k).any()
    ]


def _jump(form: NormalForm, node: int, claim: int, k: int, *, audited: bool) -> Sign:
    """Return the sign of what a claim loses at the moment a condition fails; 0 if it is smooth.

    A payment that is held inside, or read, never rises then: the jump audit sees to it.
    """
    if not (form.read_cond == k).any() and sign(form.cond_own[k]) == "+":
        try:
            return _jump_at_border(form, node, claim, k)
        except UndecidedError:
            pass
    watched = audited and (claim in form.held_claim or claim in form.read_claim)
    return "+" if watched else _jump_anywhere(form, node, claim, k)


def _jump_at_border(form: NormalForm, node: int, claim: int, k: int) -> Sign:
    """Return the jump at the worth at which a condition of the node's own worth fails."""
    y = -form.cond_const[k] / form.cond_own[k]
    if sign(form.b_const[node] - y) == "+":
        return NONE  # a node is never worth less than its own assets
    cells = range(form.cell_ptr[node], form.cell_ptr[node + 1])
    used = {i for c in cells for i in _needs(form, c)}
    free = {i for i in used if (form.read_cond == i).any()}
    if len(free) > MOST_FREE:
        raise UndecidedError
    slack = {i: form.cond_const[i] + form.cond_own[i] * y for i in used - free}
    holds = {i for i, value in slack.items() if value >= 0}
    # conditions with the same border fail together
    left = {i for i, value in slack.items() if value > 0}
    found = NONE
    # what reads other claims may stand either way
    for extra in _subsets(sorted(free)):
        above, below = _first(form, cells, holds | extra), _first(form, cells, left | extra)
        found = both(found, sign(_paid(form, above, claim, y) - _paid(form, below, claim, y)))
    return found


def _jump_anywhere(form: NormalForm, node: int, claim: int, k: int) -> Sign:
    """Return the jump between any cell that needs a condition and any that does without it."""
    cells = range(form.cell_ptr[node], form.cell_ptr[node + 1])
    found = NONE
    for above in (c for c in cells if k in _needs(form, c)):
        for below in (c for c in cells if c > above and k not in _needs(form, c)):
            one = int(form.pay_ptr[above] + form.entry_offset[claim])
            other = int(form.pay_ptr[below] + form.entry_offset[claim])
            found = both(found, sign(form.pay_const[one] - form.pay_const[other]))
            found = both(found, sign(form.pay_rate[one] - form.pay_rate[other]))
            if {one, other} & set(form.face_pay.tolist()):
                return "?"
    return found


def _subsets(items: list[int]) -> list[set[int]]:
    found: list[set[int]] = [set()]
    for item in items:
        found += [{*some, item} for some in found]
    return found


def _first(form: NormalForm, cells: range, holds: set[int]) -> int:
    return next(c for c in cells if holds.issuperset(_needs(form, c)))


def _paid(form: NormalForm, cell: int, claim: int, y: object) -> Open:
    entry = int(form.pay_ptr[cell] + form.entry_offset[claim])
    paid: Open = form.pay_const[entry] + form.pay_rate[entry] * y
    return paid


def meet(one: NormalForm, other: NormalForm, place: int, value: Fraction) -> bool:
    """Return whether two forms are the same where a datum has the value that parts them."""
    for part in fields(one):
        a, b = getattr(one, part.name), getattr(other, part.name)
        if part.name == "names":
            continue
        if a.shape != b.shape:
            return False
        if not all(_at(x, place, value) == _at(y, place, value) for x, y in zip(a, b, strict=True)):
            return False
    return True


def _at(number: Open | Fraction, place: int, value: Fraction) -> Open | Fraction:
    return number.at(place, value) if isinstance(number, Open) else number
