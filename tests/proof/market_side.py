"""What sellers get: the same right side where a quoted token is worth its quote (market basis).

Triggers are facts: what was liquidated, and for how much, stays as the economic solution has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tests.proof.moment import F, debt_ids
from tests.proof.right_side import Number, RightSide


@dataclass(frozen=True)
class MarketSide(RightSide):
    """``economic`` is the solution in which the triggers were decided."""

    economic: Mapping[str, Fraction]

    def at_quote(self, z: Mapping[str, Number], claim: str) -> Number:
        quoted = claim in self.at.quotes
        return self.at.quotes[claim] * self.units(claim) if quoted else z[claim]

    def held(self, z: Mapping[str, Number], node: str) -> Number:
        held = self.holds.get(node, ())
        return sum((share * self.at_quote(z, claim) for claim, share in held), F(0))

    def worth(self, z: Mapping[str, Number], name: str) -> Number:
        worth = self.held(z, name)
        for thing, units in self.accounts[name].collateral.items():
            if thing in self.at.prices:
                worth += units.number * self.at.prices[thing]
        return worth

    def account(self, z: Mapping[str, Number], name: str) -> tuple[dict[str, Number], bool]:
        was, acted = super().account(self.economic, name)
        worth, before = self.worth(z, name), RightSide(self.at).worth_of(self.economic, name)
        if acted and f"{name}/income" in was:
            return was, acted
        if acted:
            share = was[f"{name}/equity"] / before if before else F(0)
            return {**was, f"{name}/equity": worth * share}, acted
        ids = debt_ids(self.at.system, name)
        debts = {t: d.number * self.at.prices[t] for t, d in self.accounts[name].debt.items()}
        owed = sum(debts.values(), F(0))
        paid = min(owed, worth)
        new = {
            claim: min(
                paid * debts[t] / owed if owed else F(0),
                self.at.pays_at_most(claim, name) * debts[t],
            )
            for t, claim in ids.items()
        }
        return {**was, **new, f"{name}/equity": max(F(0), worth - owed)}, acted
