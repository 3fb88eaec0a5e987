"""What selling a token does to its price, and how much sells inside a liquidation incentive.

The shapes are those of :mod:`looprisk.cascade.curves`, one sale at the start price: ``u`` is what
was sold over the depth. Averages are integrals of the level from 0 to ``u``, in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import expm1, sqrt

from looprisk.analysis.names import chosen
from looprisk.engine.catalogue import known
from looprisk.model.series import PRICE, SOLD
from looprisk.model.system import System
from looprisk.model.tokens import Curve
from looprisk.results.market_records import Depth, Impact, Incentive

_USUAL = 0.02
_POINTS = 60
_REACH = 5.0
_ROUNDS = 200
Knots = Sequence[tuple[float, float]]


def depth_of(system: System, of: str) -> Depth:
    """Return the price impact of a liquidity, and what sells inside each market's incentive.

    ``of`` is the id of a liquidity, or of a token or asset that has one. Raises ModelError where
    there is none.
    """
    named = {str(part.of): name for name, part in reversed([*system.liquidity.items()])}
    name = named.get(of) or chosen(of, sorted(system.liquidity), "liquidity")
    part = system.liquidity[name]
    curve = part.curve
    knots = _knots(curve)
    depth = 1.0 if curve.depth is None else float(known(curve.depth, name, "curve", "depth"))
    incentives = _incentives(system, str(part.of), curve.kind, depth, knots)
    usual = _sellable(curve.kind, depth, knots, _USUAL)
    told = [one.sellable_usd for one in incentives if one.sellable_usd]
    told = told or [usual or depth]
    end = _REACH * min(told)
    if knots:
        end = min(end, knots[-1][0])
    points = []
    for step in range(_POINTS + 1):
        sold = end * step / _POINTS
        average, last = impact(curve.kind, sold / depth, knots)
        points.append(Impact(sold_usd=sold, average=average, last=last))
    return Depth(
        id=name,
        of=str(part.of),
        into=str(part.into),
        kind=curve.kind,
        points=tuple(points),
        incentives=incentives,
        usual=Incentive(market="", discount=_USUAL, sellable_usd=usual),
    )


def _knots(curve: Curve) -> tuple[tuple[float, float], ...]:
    if curve.table is None or curve.table.series is None:
        return ()
    series = curve.table.series
    sold, left = series.columns[SOLD], series.columns[PRICE]
    knots = sorted((float(x), float(y)) for x, y in zip(sold, left, strict=True))
    return tuple(knots if knots[0][0] == 0 else [(0.0, 1.0), *knots])


def impact(kind: str, u: float, knots: Knots = ()) -> tuple[float, float]:
    """Return what a seller gets less than the start price, on average and for the last unit.

    >>> [round(x, 6) for x in impact("exponential", 1.0)]
    [0.367879, 0.632121]
    >>> impact("linear", 0.5), impact("table", 1.0, [(0.0, 1.0), (2.0, 0.5)])
    ((0.25, 0.5), (0.125, 0.25))
    """
    if u <= 0:
        return 0.0, 0.0
    match kind:
        case "exponential":
            return 1 + expm1(-u) / u, -expm1(-u)
        case "linear":
            return u / 2, u
        case "square_root":
            return 2 / 3 * sqrt(u), sqrt(u)
        case "constant_product":
            return u / (1 + u), 1 - 1 / (1 + u) ** 2
        case _:
            return _measured(u, knots)


def _measured(u: float, knots: Knots) -> tuple[float, float]:
    got, left = 0.0, knots[-1][1]
    for (x, y), (v, w) in pairwise(knots):
        if u <= v:
            left = y + (u - x) / (v - x) * (w - y)
            got += (u - x) * (y + left) / 2
            return 1 - got / u, 1 - left
        got += (v - x) * (y + w) / 2
    got += (u - knots[-1][0]) * left
    return 1 - got / u, 1 - left


def _incentives(
    system: System, token: str, kind: str, depth: float, knots: Knots
) -> tuple[Incentive, ...]:
    found = []
    for name, market in system.markets.items():
        terms = market.collateral.get(token)
        incentive = None if terms is None else market.incentive(terms)
        if incentive is None:
            continue
        discount = float(1 - 1 / (1 + incentive))
        sellable = _sellable(kind, depth, knots, discount)
        label = market.label or name
        found.append(Incentive(market=label, discount=discount, sellable_usd=sellable))
    return tuple(sorted(found, key=lambda one: (one.discount, one.market)))


def _sellable(kind: str, depth: float, knots: Knots, discount: float) -> float | None:
    """Return what sells before the average costs more than ``discount``, by bisection."""
    high = depth
    for _ in range(_ROUNDS):
        if impact(kind, high / depth, knots)[0] >= discount:
            break
        high *= 2
    else:
        return None
    low = 0.0
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if impact(kind, middle / depth, knots)[0] < discount:
            low = middle
        else:
            high = middle
    return high
