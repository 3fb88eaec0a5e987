"""What a protocol's name in ``rules`` fixes: its shape, its bad debt, its incentive.

One word of a file stands where a reviewer would need six.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Shape = Literal["isolated", "pooled", "absorbing"]
IncentiveFrom = Literal["field", "morpho", "discount", "absorb"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """What follows from ``rules``.

    ``realises`` says whether a bad debt lowers what suppliers' shares are booked at, or
    ``None`` where the market says so itself. Compound III's does not: ``absorb`` clears the debt
    against the market's reserves, which may go below nothing, and no supplier's balance changes.
    ``incentive`` says where the part above 1 of what a liquidator receives comes from: the field,
    Morpho's formula of ``lltv``, a discount that follows the health (Euler v2), or the sale of
    absorbed collateral (Compound III).
    """

    shape: Shape
    realises: bool | None
    incentive: IncentiveFrom
    close_factor: str
    source: str
    reserves: bool = False
    """Whether a market keeps money of its own, so that suppliers are owed less than cash and
    debts.
    """


PROTOCOLS: dict[str, Protocol] = {
    "morpho-blue": Protocol(
        "isolated", True, "morpho", "1", "Morpho Blue whitepaper; ConstantsLib, Morpho.liquidate"
    ),
    "euler-v2": Protocol("isolated", True, "discount", "1", "Euler v2 Liquidation module"),
    "silo-v2": Protocol("isolated", False, "field", "1", "Silo v2 PartialLiquidation"),
    "aave-v2": Protocol("pooled", False, "field", "1/2", "Aave v2 LendingPoolCollateralManager"),
    "aave-v3": Protocol(
        "pooled", False, "field", "1/2 above health 0.95, else 1", "Aave v3 LiquidationLogic"
    ),
    "aave-v3.3": Protocol(
        "pooled",
        False,
        "field",
        "as aave-v3; 1 where debt or collateral is below $2,000",
        "Aave v3.3 LiquidationLogic",
    ),
    "compound-v2": Protocol(
        "pooled", False, "field", "1/2", "Compound v2 Comptroller", reserves=True
    ),
    "compound-v3": Protocol(
        "absorbing", False, "absorb", "absorbed", "Compound III Comet.absorb", reserves=True
    ),
    "abracadabra": Protocol("isolated", False, "field", "1", "Abracadabra CauldronV4.liquidate"),
    "isolated": Protocol("isolated", None, "field", "field", "no protocol named"),
    "pooled": Protocol("pooled", None, "field", "field", "no protocol named", reserves=True),
    "absorbing": Protocol(
        "absorbing", None, "absorb", "absorbed", "no protocol named", reserves=True
    ),
}


def morpho_incentive(lltv: Fraction) -> Fraction:
    """Return the incentive of a Morpho Blue market: ``min(1.15, 1/(0.3 lltv + 0.7)) - 1``.

    Source: Morpho Blue, ``LIQUIDATION_CURSOR = 0.3`` and ``MAX_LIQUIDATION_INCENTIVE_FACTOR
    = 1.15`` in ConstantsLib; the protocol writes it as ``1/(1 - 0.3 (1 - lltv))``.

    >>> float(round(morpho_incentive(Fraction("0.86")), 6))
    0.043841
    """
    factor = 1 / (Fraction(3, 10) * lltv + Fraction(7, 10))
    return min(Fraction(23, 20), factor) - 1
