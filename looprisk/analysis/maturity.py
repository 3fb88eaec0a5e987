"""The LLTV that a discount oracle allows on each day to maturity, at one market yield.

The oracle reads par less a discount that is linear in the time left, ``o = 1 - d t``. At a simple
yield y a seller gets ``x = 1 - y t``. A debt at the LLTV is ``L o`` a token, a liquidator repays
``x / phi``, so lenders are whole up to ``L = x / (phi o)``. The yield is the one that the LLTV as
written just bears today; near maturity the same yield costs less, and the path rises to ``1/phi``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from looprisk.analysis.names import chosen
from looprisk.engine.catalogue import known
from looprisk.engine.oracles import YEAR
from looprisk.errors import ModelError, Problem
from looprisk.model.markets import CollateralTerms, Market
from looprisk.model.system import System
from looprisk.results.market_records import MaturityPath, PathPoint

WEEK = 7 * 24 * 3600
DAY = 24 * 3600


def maturity_of(system: System, of: str = "") -> MaturityPath:
    """Return the path of a discount oracle, weekly, for the market that lends most on it.

    That is the highest LLTV among the markets that read it; where none does, among those that take
    its token. ``of`` is the oracle; left out, the only one. Raises ModelError where there is none,
    or the system has no day.
    """
    found = [name for name, part in system.oracles.items() if part.kind == "pt_discount"]
    oracle = chosen(of, found, "discount oracle")
    part = system.oracles[oracle]
    if system.as_of is None or part.discount is None or part.matures is None:
        raise ModelError([Problem((oracle,), "a path to maturity needs `as_of` and `matures`")])
    read = list(_terms(system, lambda _, terms: str(terms.oracle) == oracle))
    taken = list(_terms(system, lambda token, _: token == str(part.of)))
    used = sorted(read or taken, key=lambda one: (-one[3], one[0], one[1]))
    if not used:
        raise ModelError([Problem((oracle,), f"no market reads {oracle} or takes {part.of}")])
    market, token, incentive, lltv = used[0]
    left = float(known(part.matures, oracle, "matures") - known(system.as_of, "as_of"))
    rate = float(known(part.discount, oracle, "discount"))
    if left <= 0:
        raise ModelError([Problem((oracle,), f"{oracle} has matured on the day of the system")])
    years, phi = left / YEAR, 1 + incentive
    # the yield at which x / (phi o) is the LLTV as written
    simple = (1 - lltv * phi * (1 - rate * years)) / years
    days = [left - WEEK * k for k in range(int(left // WEEK) + 1)]
    if days[-1] > 0:
        days.append(0.0)
    rows = []
    for seconds in days:
        reads = 1 - rate * seconds / YEAR
        sells = max(0.0, 1 - simple * seconds / YEAR)
        rows.append(
            PathPoint(days=seconds / DAY, oracle=reads, market=sells, lltv=sells / (phi * reads))
        )
    return MaturityPath(
        oracle=oracle,
        token=token,
        market=system.markets[market].label or market,
        written=lltv,
        incentive=incentive,
        discount=rate,
        yield_=simple,
        rows=tuple(rows),
    )


def _terms(
    system: System, wanted: Callable[[str, CollateralTerms], bool]
) -> Iterator[tuple[str, str, float, float]]:
    """Yield (market, collateral, incentive, LLTV) of all terms that are wanted, e-modes too."""
    for name, market in system.markets.items():
        modes = (mode.collateral for mode in market.e_modes.values())
        for several in (market.collateral, *modes):
            for token, terms in several.items():
                if terms.lltv.known and wanted(str(token), terms):
                    yield name, str(token), _incentive(market, terms), float(terms.lltv.number)


def _incentive(market: Market, terms: CollateralTerms) -> float:
    found = market.incentive(terms)
    return 0.0 if found is None else float(found)
