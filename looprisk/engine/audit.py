"""Whether exact mode may answer: sign audit and jump audit (SEMANTICS 1 and 7).

A form is monotone if more value anywhere never means less elsewhere. Minus signs *between* loops do
no harm; inside a loop they may leave no solution, or several that nobody can order. A payment held
inside the system that *rises* when a condition fails breaks the order just the same.
"""

from __future__ import annotations

import numpy as np

from looprisk.engine.components import components, dependencies
from looprisk.engine.enclosed import is_open
from looprisk.engine.form import Flags, NormalForm, Scalar
from looprisk.errors import NotExactError

ROUNDING = 1e-9
ADVICE = "add `time` to the scenario: the order of events decides what an equilibrium cannot"


def audit(form: NormalForm, lo: Scalar = 0, hi: Scalar = 0) -> str:
    """Return the loop with a minus sign, in words; empty where the form is monotone.

    Raises NotExactError, naming the payment, where one that is held inside would rise.

    ``lo`` and ``hi`` are the ends of the stretch of the shock on which the form is used: what a
    payment jumps by is straight in between.
    """
    # a range stands for completions of which each is audited when it is solved by itself
    for s in set() if is_open(form) else {lo, hi}:
        _refuse_rising(form.at(s), frozenset())
    return _minus_cycle(form, minus_edges(form))


def audit_at_rest(form: NormalForm, sound: frozenset[int]) -> str:
    """Return what :func:`audit` does of a form that does not move.

    In the nodes ``sound`` no payment rises, as is known: they are passed over.
    """
    if not is_open(form):
        _refuse_rising(form, sound)
    return _minus_cycle(form, minus_edges(form))


def _refuse_rising(form: NormalForm, sound: frozenset[int]) -> None:
    rising = rising_payments(form, sound)
    if rising:
        claim, condition = rising[0]
        raise NotExactError(
            f"{form.names.claims[claim]} would be paid more once "
            f"`{form.names.conditions[condition]}` "
            f"no longer holds, and somebody inside the system holds it; {ADVICE}"
        )


def minus_edges(form: NormalForm) -> list[tuple[int, int]]:
    """Return (from, to) node pairs where more value of ``from`` means less of ``to``."""
    found = [
        (int(form.issuer[claim]), int(form.cond_node[cond]))
        for claim, cond, coef in zip(form.read_claim, form.read_cond, form.read_coef, strict=True)
        if coef < 0
    ]
    pay_cell = np.searchsorted(form.pay_ptr, form.face_pay, side="right") - 1
    found += [
        (int(form.issuer[claim]), int(form.cell_node[cell]))
        for claim, cell, coef in zip(form.face_claim, pay_cell, form.face_coef, strict=True)
        if coef < 0
    ]
    found += [(int(n), int(n)) for n in form.cond_node[np.array(form.cond_own < 0, dtype=np.bool_)]]
    negative = np.flatnonzero(np.array(form.pay_rate < 0, dtype=np.bool_))
    cells = np.searchsorted(form.pay_ptr, negative, side="right") - 1
    return found + [(int(form.cell_node[c]), int(form.cell_node[c])) for c in cells]


def _minus_cycle(form: NormalForm, minus: list[tuple[int, int]]) -> str:
    if not minus:
        return ""
    component = np.empty(form.nodes, dtype=np.intp)
    for place, members in enumerate(components(form)):
        component[members] = place
    for source, target in minus:
        if component[source] == component[target]:
            cycle = _path(form, target, source)
            names = " → ".join(form.names.nodes[i] for i in [*cycle, cycle[0]])
            return (
                f"what is good for {form.names.nodes[source]} is bad for "
                f"{form.names.nodes[target]}, "
                f"and they depend on each other: {names}"
            )
    return ""


def _path(form: NormalForm, start: int, goal: int) -> list[int]:
    """Return a shortest path of dependence from one node to another, both included."""
    source, target = dependencies(form)
    after: dict[int, list[int]] = {}
    for a, b in zip(source, target, strict=True):
        after.setdefault(int(a), []).append(int(b))
    came: dict[int, int] = {start: start}
    queue = [start]
    for node in queue:
        if node == goal:
            break
        for nxt in after.get(node, []):
            if nxt not in came:
                came[nxt] = node
                queue.append(nxt)
    path = [goal]
    while path[-1] != start:
        path.append(came[path[-1]])
    return path[::-1]


def watched_claims(form: NormalForm) -> Flags:
    """Return [C] which claims somebody inside holds or reads."""
    watched = np.zeros(form.claims, dtype=np.bool_)
    watched[form.held_claim] = True
    watched[form.read_claim] = True
    return watched


def rising_payments(form: NormalForm, sound: frozenset[int] = frozenset()) -> list[tuple[int, int]]:
    """Return (claim, condition) where a payment held inside jumps up as a single condition fails.

    Checked where the node's own value crosses a condition, ``y = -const / own``: the payment just
    below must not exceed the one just above. A node is never worth less than its exogenous assets.
    Nodes known to be ``sound`` are passed over.
    """
    watched = watched_claims(form)
    if not watched.any():
        return []
    reading = frozenset(form.read_cond.tolist())
    return [
        (int(claim), int(condition))
        for node in sorted({*form.issuer[watched].tolist()} - sound)
        for claim, condition in _rises_at(form, node, watched, reading)
    ]


def _rises_at(
    form: NormalForm, node: int, watched: Flags, reading: frozenset[int]
) -> list[tuple[int, int]]:
    """Return what jumps up at the borders of a node that its own value decides alone.

    ``reading`` are the conditions that read claims.
    """
    first, last = form.cell_ptr[node], form.cell_ptr[node + 1]
    if form.cell_cond_ptr[first] == form.cell_cond_ptr[last]:
        return []
    cells = range(first, last)
    every = form.cell_cond[form.cell_cond_ptr[first] : form.cell_cond_ptr[last]].tolist()
    used = sorted(set(every))
    needs = [
        frozenset(form.cell_cond[form.cell_cond_ptr[c] : form.cell_cond_ptr[c + 1]].tolist())
        for c in cells
    ]
    if not reading.isdisjoint(used):
        return []
    own, const = form.cond_own, form.cond_const
    facts = {k for k in used if own[k] == 0 and const[k] >= 0}
    from_there_on = {k: -const[k] / own[k] for k in used if own[k] > 0}
    up_to_there = {k: -const[k] / own[k] for k in used if own[k] < 0}
    found = []
    for condition, y in (*from_there_on.items(), *up_to_there.items()):
        if y < form.b_const[node]:
            continue
        holds = facts | {k for k, border in from_there_on.items() if border <= y}
        holds |= {k for k, border in up_to_there.items() if border >= y}
        above = _first(needs, holds)
        below = _first(needs, holds - {condition})
        for offset, claim in enumerate(range(form.claim_ptr[node], form.claim_ptr[node + 1])):
            step = _paid(form, cells[below], offset, y) - _paid(form, cells[above], offset, y)
            if watched[claim] and step > ROUNDING * max(1, abs(y)):
                found.append((claim, condition))
    return found


def _first(needs: list[frozenset[int]], holds: set[int]) -> int:
    return next(place for place, need in enumerate(needs) if need <= holds)


def _paid(form: NormalForm, cell: int, offset: int, y: Scalar) -> Scalar:
    entry = form.pay_ptr[cell] + offset
    paid: Scalar = form.pay_const[entry] + form.pay_rate[entry] * y
    return paid
