"""Markets that buy the collateral of an unhealthy account themselves.

Compound III (SEMANTICS 4.3).
"""

from __future__ import annotations

from fractions import Fraction

from looprisk.engine.loans import ACTED, Basket
from looprisk.engine.skeleton import ZERO, Cell, Claim, Condition, Pay, line
from looprisk.engine.waterfall import Split

ONE = Fraction(1)
ABSORBED = ACTED | {"absorbed"}


def absorbed(
    basket: Basket, kept: Fraction, discount: Fraction, claims: tuple[Claim, Claim, Claim]
) -> Split:
    """Return the split of an account among the market, its owner and the market's income.

    An unhealthy account is taken whole. Its owner is credited ``(kept y - d)^+`` and buyers bring
    ``(1 - discount) y``, of which the market gets ``min(d, proceeds - owner)``. The excess is
    income: a claim of its own, not set against what other accounts lose, so that no reserve grows
    as prices fall. What the buyers save leaks.

    ``kept`` is the liquidation factor LF, ``discount`` is ``f (1 - LF)`` with the storefront factor
    f.
    """
    d, brings = basket.debt, 1 - discount
    healthy = basket.needs(
        basket.weighted - d,
        f"{basket.id} is healthy",
        f"the debt of {basket.id} is over the LLTV at its oracle",
    )
    covered = Condition(
        holds=f"the collateral of {basket.id} is worth its debt",
        fails=f"the collateral of {basket.id} is worth less than its debt",
        const=-d,
        own=ONE,
    )
    credited = Condition(
        holds=f"the owner of {basket.id} is credited something",
        fails=f"{basket.id}: collateral at the liquidation factor is worth less than debt",
        const=-d,
        own=kept,
    )
    sold_for_all = Condition(
        holds=f"the sale of {basket.id} brings its debt",
        fails=f"the sale of {basket.id} brings less than its debt",
        const=-d,
        own=brings,
    )
    cells = (
        Cell(needs=(0, 1), pays=(line(d), Pay(const=-d, rate=ONE), Pay())),
        Cell(needs=(0,), pays=(Pay(rate=ONE), Pay(), Pay())),
        Cell(
            needs=(2,),
            pays=(line(d), Pay(const=-d, rate=kept), Pay(rate=brings - kept)),
            state=ABSORBED,
        ),
        Cell(needs=(3,), pays=(line(d), Pay(), Pay(const=-d, rate=brings)), state=ABSORBED),
        Cell(needs=(), pays=(Pay(rate=brings), Pay(), Pay()), state=ABSORBED | {"unpaid"}),
    )
    conditions = (healthy, covered, credited, sold_for_all)
    return Split(claims=claims, conditions=conditions, cells=cells)


def settled(basket: Basket, credit: Pay, income: Pay, claims: tuple[Claim, Claim, Claim]) -> Split:
    """Return the split of an account that was absorbed at an earlier stage.

    Balances, and debt left.
    """
    state = ABSORBED if not basket.debt.is_zero else frozenset({"absorbed"})
    cells = (Cell(needs=(), pays=(line(ZERO), credit, income), state=state),)
    return Split(claims=claims, conditions=(), cells=cells)
