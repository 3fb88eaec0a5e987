"""Whether exact mode may answer: sign audit and jump audit (SEMANTICS 1 and 7).

A form is monotone if more value anywhere never means less elsewhere. Minus signs *between* loops do no harm;
inside a loop they may leave no solution, or several that nobody can order. A payment held inside the system
that *rises* when a condition fails breaks the order just the same.
"""

from __future__ import annotations

import numpy as np

from looprisk.engine.components import components, dependencies
from looprisk.engine.form import Index, NormalForm
from looprisk.errors import NotExactError

ADVICE = "add `time` to the scenario: the order of events decides what an equilibrium cannot"


def audit(form: NormalForm) -> None:
    """Raise NotExactError, naming the cycle or the payment, where the form is not monotone."""
    minus = minus_edges(form)
    if minus:
        _refuse_cycles(form, minus)
    rising = rising_payments(form)
    if rising:
        claim, condition = rising[0]
        raise NotExactError(
            f"{form.names.claims[claim]} would be paid more once `{form.names.conditions[condition]}` "
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


def _refuse_cycles(form: NormalForm, minus: list[tuple[int, int]]) -> None:
    component = np.empty(form.nodes, dtype=np.intp)
    for place, members in enumerate(components(form)):
        component[members] = place
    for source, target in minus:
        if component[source] == component[target]:
            cycle = _path(form, target, source)
            names = " → ".join(form.names.nodes[i] for i in [*cycle, cycle[0]])
            raise NotExactError(
                f"what is good for {form.names.nodes[source]} is bad for {form.names.nodes[target]}, and "
                f"they depend on each other: {names}. Such a loop may have no solution or several; {ADVICE}"
            )


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


def rising_payments(form: NormalForm) -> list[tuple[int, int]]:
    """Return (claim, condition) where a payment held inside jumps up as a single condition fails.

    Checked at the border of neighbouring cells that differ by the node's own value: there
    ``y = -const / own``, and the payment just below must not exceed the one just above.
    """
    watched = np.zeros(form.claims, dtype=np.bool_)
    watched[form.held_claim] = True
    watched[form.read_claim] = True
    if not watched.any():
        return []
    return [
        (int(claim), int(condition))
        for node in np.unique(form.issuer[watched])
        for claim, condition in _rises_at(form, int(node), watched)
    ]


def _rises_at(form: NormalForm, node: int, watched: Index) -> list[tuple[int, int]]:
    found = []
    reads = set(form.read_cond.tolist())
    for cell in range(form.cell_ptr[node], form.cell_ptr[node + 1] - 1):
        needs = form.cell_cond[form.cell_cond_ptr[cell] : form.cell_cond_ptr[cell + 1]]
        if len(needs) != 1 or needs[0] in reads or form.cond_own[needs[0]] == 0:
            continue
        border = -form.cond_const[needs[0]] / form.cond_own[needs[0]]
        for offset, claim in enumerate(range(form.claim_ptr[node], form.claim_ptr[node + 1])):
            above, below = form.pay_ptr[cell] + offset, form.pay_ptr[cell + 1] + offset
            step = _paid(form, below, border) - _paid(form, above, border)
            if watched[claim] and step > 1e-9 * max(1, abs(border)):
                found.append((claim, int(needs[0])))
    return found


def _paid(form: NormalForm, entry: int, y: float) -> float:
    paid: float = form.pay_const[entry] + form.pay_rate[entry] * y
    return paid
