"""Economic value: the greatest clearing of a state with all triggers off (DYNAMICS 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Floats
from looprisk.cascade.balance import balance_of
from looprisk.cascade.loops import Rule, solve
from looprisk.cascade.network import Network
from looprisk.cascade.outside import outside, summed
from looprisk.cascade.payouts import in_full, pay
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import State
from looprisk.cascade.sums import total


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Values:
    """What everything is worth at one record."""

    price: Floats
    """[path, good]: USD a unit."""
    node: Floats
    """[path, node]: USD, of what each issuer and supply has."""
    outside: Floats
    """[path]: USD, all that is held outside."""
    parts: Mapping[str, Floats]
    """The same by what it is a claim on: [path], USD."""
    withheld: Floats
    """[path]: USD that nodes have and do not pay."""
    claims: Floats
    """[path, claim with a face]: USD."""
    faces: Floats
    """[path, claim with a face]: what is owed, USD."""
    supply_faces: Floats
    """[path, supply]: what suppliers are owed, USD."""
    residual: Floats
    """[path, node]: USD that is left after all claims with a face."""


ECONOMIC = Rule(pay, in_full)


def value(
    plan: Plan, network: Network, state: State, lag: Floats, *, least: bool = False
) -> Values:
    """Return the greatest clearing of a state with triggers off, or the least.

    ``lag`` [path, good] are the prices at which debts in a circular unit count. Raises
    NoSolutionError for a loop without an outside holder.
    """
    left = np.maximum(plan.pile_worth - state.lost, 0.0)
    balance = balance_of(plan, network, state, lag, left)
    paid = solve(balance, ECONOMIC, least=least)
    parts = outside(balance, paid)
    return Values(
        price=paid.price,
        node=paid.node,
        outside=summed(parts, state.paths),
        parts=parts,
        withheld=total(paid.node - paid.out) + balance.withheld(paid),
        claims=paid.claims,
        faces=_stack([balance.face(owed, paid) for owed in plan.owed], state.paths),
        supply_faces=_stack(
            [balance.supply_face(at, paid) for at in range(len(plan.supplies))], state.paths
        ),
        residual=paid.residual,
    )


def _stack(columns: list[Floats], paths: int) -> Floats:
    return np.stack(columns, axis=-1) if columns else np.zeros((paths, 0))
