"""Systems in one line."""

from __future__ import annotations

from fractions import Fraction

from looprisk.errors import ModelError, Problem
from looprisk.model import units
from looprisk.model.markets import CollateralTerms, Lending, Market
from looprisk.model.positions import LoanPosition, Loop
from looprisk.model.system import System
from looprisk.model.tokens import Asset

Number = float | Fraction | str


def loop(
    collateral: str,
    debt: str,
    *,
    equity: Number,
    ltv: Number,
    lltv: Number,
    incentive: Number | None = None,
    price: Number = 1,
    debt_price: Number = "$1",
    rules: str = "morpho-blue",
    oracle: str = "market",
) -> System:
    """Return a system of one looped position in one market.

    The position is called ``loop``, the market ``<collateral>-<debt>``. ``equity`` is in
    tokens of the collateral; ``price`` is one unit of it in units of ``debt``, or a text such
    as ``"$4_310"``. Break points as fractions depend on neither price. Raises ModelError where the
    loop would be liquidated before any shock.

    >>> system = loop("wstETH", "ETH", equity=100, ltv=0.9, lltv=0.945)
    >>> system.positions["loop"].loop.units
    Fraction(1000, 1)
    """
    start, threshold = units.fraction(ltv), units.fraction(lltv)
    if start.known and threshold.known and start.number > threshold.number:
        message = f"ltv {start.text} is above the lltv {threshold.text}: it is liquidated before"
        raise ModelError([Problem((), message, "lower the ltv")])
    in_debt = price if isinstance(price, str) else f"{units.plain(price).text} {debt}"
    terms = CollateralTerms(lltv=lltv, incentive=incentive, oracle=oracle)
    market = f"{collateral}-{debt}"
    return System(
        assets={debt: Asset(price=debt_price), collateral: Asset(price=in_debt)},
        markets={
            market: Market(
                rules=rules, lends={debt: Lending(cash=0)}, collateral={collateral: terms}
            )
        },
        positions={"loop": LoanPosition(market=market, loop=Loop(equity=equity, ltv=ltv))},
    )
