"""Parameters that a stage moves: ``change: {path: value}``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from looprisk.cascade.arrays import Bools
from looprisk.cascade.plan import Plan
from looprisk.cascade.plan import changed as changed_terms
from looprisk.cascade.state import ACTING, State
from looprisk.engine.catalogue import known
from looprisk.errors import NotCarriedError
from looprisk.model.tokens import Oracle
from looprisk.model.values import Value

CARRIED = "liquidators, lltv and incentive of a market, and an oracle"


def changed(plan: Plan, state: State, path: str, new: object, where: Bools) -> State:
    """Return the state after a parameter moved, in the paths where its stage is due.

    Raises NotCarriedError for what time does not carry.
    """
    head, *rest = path.split("/")
    if head not in plan.system.markets:
        raise _not_carried(path)
    after = plan.system.set({path: new}).markets[head]
    at = next(i for i, book in enumerate(plan.books) if book.name == head)
    book, now = plan.books[at], state.markets[at]
    if rest == ["liquidators"]:
        acting = ACTING.index(after.liquidators or "when_paid")
        return state.market(at, replace(now, acting=np.where(where, acting, now.acting)))
    if len(rest) == 3 and rest[0] == "collateral" and rest[2] in {"lltv", "incentive"}:
        terms = after.collateral[rest[1]]
        lltv, incentive = now.lltv.copy(), now.incentive.copy()
        phi = after.incentive(terms)
        for slot in book.slots_of(rest[1]):
            if not book.slots[slot].mode:
                lltv[:, slot] = np.where(where, float(known(terms.lltv, path)), lltv[:, slot])
                if phi is not None:
                    incentive[:, slot] = np.where(where, float(1 + phi), incentive[:, slot])
        return state.market(at, replace(now, lltv=lltv, incentive=incentive))
    raise _not_carried(path)


def governed(
    plan: Plan, state: State, name: str, values: Mapping[str, object], where: Bools
) -> State:
    """Return the state after values of an oracle moved, on top of those that each path has.

    That ends its freeze and what was wrong with it.
    """
    at = plan.oracle_at[name]
    terms, version = list(state.terms[at]), state.version.copy()
    for before in np.unique(version[where, at]).tolist():
        after = changed_terms(plan.system, name, terms[before], values)
        same = [i for i, one in enumerate(terms) if _meaning(one) == _meaning(after)]
        if not same:
            terms.append(after)
        version[where & (state.version[:, at] == before), at] = (same or [len(terms) - 1])[0]
    every = (*state.terms[:at], tuple(terms), *state.terms[at + 1 :])
    return _freed(plan, replace(state, terms=every, version=version), name, where)


def _meaning(oracle: Oracle) -> dict[str, object]:
    """Return what the terms of an oracle say, wherever they come from."""
    return {
        name: (told.low, told.high, told.unit, told.of) if isinstance(told, Value) else told
        for name, told in dict(oracle).items()
        if name not in {"source", "note"}
    }


def _freed(plan: Plan, state: State, name: str, where: Bools) -> State:
    frozen, factor, wrong = state.frozen.copy(), state.misprice.copy(), state.wrong.copy()
    for i, (oracle, _) in enumerate(plan.readings):
        if oracle == name:
            frozen[:, i] &= ~where
            factor[:, i] = np.where(where, 1.0, factor[:, i])
            wrong[:, i] = np.where(where, np.nan, wrong[:, i])
    return replace(state, frozen=frozen, misprice=factor, wrong=wrong)


def _not_carried(path: str) -> NotCarriedError:
    return NotCarriedError(
        f"change: `{path}`: in time a stage moves {CARRIED}; write another start under `set`"
    )
