"""Where a crowd of accounts stands at a solution: who is liquidated, what is repaid and left."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from looprisk.engine.crowds import CrowdNode, rung_at
from looprisk.engine.ladder import Rung
from looprisk.engine.point import Point
from looprisk.engine.steps import Steps, sorted_steps

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What has become of the accounts of a crowd, in tokens."""

    liquidated: int
    """The number of accounts that liquidators took."""
    unpaid: int
    """The number of these that did not repay their debt."""
    repaid: Fraction
    """Loan tokens that liquidators repaid."""
    bad_debt: Fraction
    """Loan tokens that liquidated accounts still owe."""
    sold: Fraction
    """Units of collateral that liquidators took."""


@dataclass(frozen=True)
class Standing:
    """A crowd on one rung of its ladder."""

    node: CrowdNode
    rung: Rung
    x: Fraction
    """The price of the collateral in loan tokens; nothing where there is no collateral."""
    price: Fraction
    """Of the loan token, in USD."""

    @property
    def settled_at(self) -> Fraction:
        """What a unit of collateral counts for in a liquidation, in loan tokens."""
        return self.x if self.rung.taken.at is None else self.rung.taken.at

    @cached_property
    def outcome(self) -> Outcome:
        """What has happened to the accounts: ``r = min(d, N o / phi)`` each, and what was sold."""
        steps, taken = self.node.ladder.steps, self.rung.taken
        units = steps.units_before(taken.unpaid)
        tokens = steps.debt_before(taken.liquidated) - steps.debt_before(taken.unpaid)
        brought = units * self.settled_at / self.node.incentive
        return Outcome(
            liquidated=steps.accounts_before(taken.liquidated),
            unpaid=steps.accounts_before(taken.unpaid),
            repaid=tokens + brought,
            bad_debt=steps.debt_before(taken.unpaid) - brought,
            sold=units + (self.node.incentive * tokens / self.settled_at if tokens else ZERO),
        )

    @cached_property
    def left(self) -> Steps:
        """The accounts after their liquidation: ``N - z`` units and ``d - r`` loan tokens each."""
        steps, taken = self.node.ladder.steps, self.rung.taken
        if not taken.liquidated:
            return steps
        # d - q o / phi and q - phi d / o: the same ratio turns one amount into the other
        turn = self.settled_at / self.node.incentive * steps.unit / steps.debt_unit
        a, b = turn.numerator, turn.denominator
        units, debts = steps.units * max(a, 1), steps.debts * b
        gone, some = slice(0, taken.unpaid), slice(taken.unpaid, taken.liquidated)
        debts[gone] -= steps.units[gone] * a
        units[gone] = 0
        units[some] -= steps.debts[some] * b
        debts[some] = 0
        return sorted_steps(
            units, debts, steps.unit / max(a, 1), steps.debt_unit / b, steps.row, steps.count
        )


def standing(point: Point, name: str) -> Standing:
    """Return where a crowd stands at a solution."""
    index = point.compiled.index
    node = point.compiled.skeleton.nodes[index.node[name]]
    assert isinstance(node, CrowdNode)  # noqa: S101  (the caller names a crowd)
    rung = rung_at(node, point.compiled.form, index, point.solution)
    price = point.value(node.price)
    worth = Fraction(point.node(name))
    x = node.x(worth, price) if node.units and price else ZERO
    return Standing(node, rung, x, price)
