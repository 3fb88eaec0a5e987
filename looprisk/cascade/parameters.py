"""Parameters that a stage moves: ``change: {path: value}``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.cascade.arrays import Bools
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import ACTING, State
from looprisk.engine.catalogue import known
from looprisk.errors import NotCarriedError
from looprisk.model.tokens import Oracle
from looprisk.model.values import Value

CARRIED = "liquidators, lltv and incentive of a market, and an oracle, which ends its freeze"


def changed(plan: Plan, state: State, path: str, new: object, where: Bools) -> State:
    """Return the state after a parameter moved, in the paths where its stage is due.

    Raises NotCarriedError for what time does not carry.
    """
    head, *rest = path.split("/")
    if head in plan.system.oracles:
        if _said(plan.system.set({path: new}).oracles[head]) != _said(plan.system.oracles[head]):
            raise NotCarriedError(
                f"change: `{path}`: in time a stage writes a value of an oracle again as it "
                "stands, which ends its freeze; write another start under `set`"
            )
        return _oracle(plan, state, head, where)
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


def _said(oracle: Oracle) -> dict[str, object]:
    """Return what an oracle is, whoever says so."""
    return {
        name: (value.low, value.high, value.unit, value.of) if isinstance(value, Value) else value
        for name, value in oracle
        if name != "source"
    }


def _oracle(plan: Plan, state: State, name: str, where: Bools) -> State:
    """A change of an oracle ends its freeze and what was wrong with it."""
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
