"""What is read off a record, and what later stages may wait for (DYNAMICS 8)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.cascade.arrays import Bools, Floats
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import Happened, State
from looprisk.cascade.valuation import Values

SLACK = 1e-9
"""The share of a claim by which it may miss its face and still be whole."""


def standing(plan: Plan, state: State, values: Values) -> dict[str, tuple[tuple[str, ...], Bools]]:
    """Return what is so at a record: event, the things it is said of, [path, thing]."""
    return {
        "impaired": _impaired(plan, state, values),
        "insolvent": _insolvent(plan, state, values),
        "hidden": _hidden(plan, state, values),
    }


def read_off(plan: Plan, state: State, values: Values) -> tuple[State, tuple[Happened, ...]]:
    """Return what has become so at this record, and the state that remembers it."""
    found = standing(plan, state, values)
    events = []
    for event in ("impaired", "insolvent"):
        of, where = found[event]
        new = where & ~state.standing.get(event, np.zeros_like(where))
        if new.any():
            events.append(_happened(event, of, new, _BECAUSE[event]))
    of, hidden = found["hidden"]
    back = ~hidden & state.standing.get("hidden", np.zeros_like(hidden))
    if back.any():
        events.append(_happened("recognised", of, back, "book and value are one again"))
    kept = {event: where for event, (_, where) in found.items()}
    return replace(state, standing=kept), tuple(events)


_BECAUSE = {
    "impaired": "worth less than its face",
    "insolvent": "owes more than it has",
}


def remembered(plan: Plan, state: State, happened: tuple[Happened, ...]) -> State:
    """Return the state after it took note of the events that a later stage waits for."""
    seen = dict(state.seen)
    for of, event in plan.waited_for:
        where = seen.get((of, event), np.zeros(state.paths, dtype=np.bool_))
        for one in happened:
            if one.event == event:
                places = [i for i, name in enumerate(one.of) if of in plan.names_of(name)]
                where = where | one.where[:, places].any(axis=-1)
        seen[of, event] = where
    return replace(state, seen=seen)


def _happened(event: str, of: tuple[str, ...], where: Bools, because: str) -> Happened:
    return Happened(
        phase="record",
        event=event,
        of=of,
        where=where,
        amount=np.zeros(where.shape),
        because=because,
    )


def _impaired(plan: Plan, state: State, values: Values) -> tuple[tuple[str, ...], Bools]:
    """Claims with a face, and supplies, that are worth less."""
    first = plan.assets + plan.tokens
    owed: Floats = np.concatenate([values.faces, values.supply_faces], axis=-1)
    supplies = values.price[:, first:] * state.units[:, first:]
    worth = np.concatenate([values.claims, supplies], axis=-1)
    return plan.standing_of["impaired"], worth < owed * (1 - SLACK)


def _insolvent(plan: Plan, state: State, values: Values) -> tuple[tuple[str, ...], Bools]:
    where = np.zeros((state.paths, len(plan.firms)), dtype=np.bool_)
    for at, firm in enumerate(plan.firms):
        owed = np.zeros(state.paths)
        for claim in firm.owed:
            owed = owed + values.faces[:, plan.owed_at[claim.id]]
        where[:, at] = values.node[:, at] < owed * (1 - SLACK)
    return plan.standing_of["insolvent"], where


def _hidden(plan: Plan, state: State, values: Values) -> tuple[tuple[str, ...], Bools]:
    """Tokens and supplies whose book is above what they are worth."""
    claims = slice(plan.assets, None)
    book = state.book[:, claims]
    return plan.standing_of["hidden"], book - values.price[:, claims] > SLACK * book
