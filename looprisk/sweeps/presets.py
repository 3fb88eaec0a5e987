"""Rules of limits that others have published, each with where it stands.

``twice-liquidity``: a supply cap of twice what can be sold within the incentive. ``break-8``: the
fall before lenders lose is at least 8 %. ``run-30``: a run of 30 % is paid. The last two carry a
ratio of published law over to claims it is not about, and say so.

A rule strikes what it needs by itself: of a system without a shock ``break-8`` lets all collateral
of the market fall together. A scenario that is named keeps its own shock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from looprisk.analysis.metrics import Ask, measure
from looprisk.analysis.solve import solve
from looprisk.cascade.pools import Pool, pool_of, trade
from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.fields import not_known
from looprisk.model.markets import CollateralTerms
from looprisk.model.paths import find, value_at
from looprisk.model.protocols import morpho_incentive
from looprisk.model.scenario import Scenario, Stage
from looprisk.model.system import System
from looprisk.model.tree import dump, provenance
from looprisk.model.values import Value
from looprisk.sweeps.rules import Rule, Seen, kept

TIMES_LIQUIDITY = 2
LEAST_FALL = "8%"
RUN = "30%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A published rule."""

    says: str
    source: str


PRESETS: Mapping[str, Preset] = {
    "twice-liquidity": Preset(
        says="the supply cap is at most twice the liquidity within the incentive",
        source="LlamaRisk, Aave governance forum, t/18614: a cap does not exceed 2x the liquidity "
        "available within the liquidation bonus",
    ),
    "break-8": Preset(
        says="nobody who lends loses before a fall of 8%",
        source="by analogy with Regulation (EU) 575/2013, Art. 92(1)(c), a total capital ratio of "
        "8 %: of banks it asks own funds of 8 % of risk-weighted assets, here what lenders have "
        "below them is to bear a fall of 8 % of the collateral",
    ),
    "run-30": Preset(
        says="a run of 30% is paid in full",
        source="by analogy with Regulation (EU) 2023/1114 (MiCA), Art. 54(a), at least 30 % of the "
        "funds received always deposited in credit institutions: of issuers of e-money tokens it "
        "asks what they hold, here as much is to be paid at once when it is asked for",
    ),
}


def preset(case: Case, path: str, name: str, of: str | None) -> Rule:
    """Return a published rule about what a path belongs to, or about ``of``.

    Raises ModelError for names that are none, and where the path does not say what is meant.
    """
    if name not in PRESETS:
        raise ModelError([Problem(("preset",), not_known(name, tuple(PRESETS)))])
    source = PRESETS[name].source
    keys = find(dump(case.system), path)
    if name == "twice-liquidity":
        return _twice_liquidity(case, keys, of, source)
    about = of or _owner(case.system, keys)
    if name == "break-8":
        rule = kept(_falling(case, about), _least_fall(case.system, about))
    else:
        paid = {"of": about, "event": "gated", "happens": "never", "after": name}
        rule = kept(_running(case, about, name), paid)
    return replace(rule, sources=(source,))


def _owner(system: System, keys: tuple[str, ...]) -> str:
    """Return the market of an account, the only token of an issuer, else the part itself."""
    section, name = keys[:2]
    position = system.positions.get(name) if section == "positions" else None
    market = getattr(position, "market", None)
    if isinstance(market, str):
        return market
    if section not in {"markets", "issuers"}:
        message = f"{'/'.join(keys[1:])}: whom should it keep safe?"
        raise ModelError(
            [Problem(("of",), message, "name a market or an issuer: --of ID, of=ID in Python")]
        )
    return name


def _least_fall(system: System, about: str) -> dict[str, object]:
    event = "insolvent" if about in system.issuers else "bad_debt"
    return {"of": about, "metric": "break_at", "event": event, "at_least": LEAST_FALL}


def _falling(case: Case, about: str) -> Case:
    """Return the case as asked, or one in which the collateral of a market falls to nothing."""
    if case.scenario.stages:
        return case
    market = case.system.markets.get(about)
    if market is None or not market.collateral:
        message = f"{about}: a fall of what? There is no shock"
        raise ModelError([Problem((), message, "--shock 'loss: {S: 100%}', or FILE::SCENARIO")])
    assets = {token: "-100%" for token in market.collateral if token in case.system.assets}
    tokens = {token: "100%" for token in market.collateral if token not in case.system.assets}
    return _with_stage(case, Stage(price=assets, depeg=tokens))


def _running(case: Case, about: str, name: str) -> Case:
    """Return the case with a run on the token of an issuer, or the supply of a market, after it."""
    issuer = case.system.issuers.get(about)
    tokens = list(issuer.issues) if issuer is not None else [about]
    if issuer is not None and len(tokens) != 1:
        message = f"{about} issues {', '.join(tokens) or 'nothing'}: a run on which token?"
        raise ModelError([Problem(("of",), message, "name the token: --of ID, of=ID in Python")])
    return _with_stage(case, Stage(name=name, run={tokens[0]: {"wants_out": RUN}}))


def _with_stage(case: Case, stage: Stage) -> Case:
    stages = (*case.scenario.stages, stage)
    scenario = case.scenario.model_copy(update={"stages": stages, "ray": None})
    return replace(case, scenario=scenario)


def _twice_liquidity(case: Case, keys: tuple[str, ...], of: str | None, source: str) -> Rule:
    market, token = _collateral(case.system, keys, of)
    pools = [name for name, part in case.system.liquidity.items() if part.of == token]
    if not pools:
        message = f"{token}: no liquidity of it is modelled"
        help_ = f"liquidity: {{pool: {{of: {token}, into: USDC, curve: {{kind: …, depth: …}}}}}}"
        raise ModelError([Problem(("liquidity",), message, help_)])

    def look(changed: Case) -> Seen:
        cap = changed.system.markets[market].collateral[token].cap
        most = most_cap(changed.system, market, token)
        if cap is None:
            return Seen(f"{market} has no cap on {token}")
        if cap.number <= most:
            return Seen(None)
        return Seen(f"twice what can be sold within the incentive is {float(most):.6g}")

    at_market = keys[:2] == ("markets", market) and keys[-1] == "cap"
    return Rule(
        words=f"{market} takes at most twice the {token} that can be sold within the incentive",
        case=replace(case, scenario=Scenario()),
        look=look,
        sources=(source, *(_quoted(case.system, name) for name in pools)),
        sets=at_market,
        reach=most_cap(case.system, market, token) * TIMES_LIQUIDITY if at_market else None,
    )


def _collateral(system: System, keys: tuple[str, ...], of: str | None) -> tuple[str, str]:
    """Return the market and the collateral that a cap is of."""
    if of is not None:
        market, _, token = of.partition("/collateral/")
        if market in system.markets and token in system.markets[market].collateral:
            return market, token
        message = f"of: `{of}` is no collateral of a market"
        raise ModelError([Problem(("of",), message, "write MARKET/collateral/TOKEN")])
    if keys[0] == "markets" and keys[2:3] == ("collateral",):
        return keys[1], keys[3]
    message = f"{'/'.join(keys[1:])}: the cap of which collateral?"
    raise ModelError([Problem(("of",), message, "name it: --of MARKET/collateral/TOKEN")])


def most_cap(system: System, market: str, token: str) -> Fraction:
    """Return twice the tokens that can be sold within the incentive of a market.

    A liquidator is paid ``1 + incentive`` of collateral for each dollar repaid, so selling pays as
    long as the average price is at least ``1/(1 + incentive)`` of that at the start. The pools of
    the token are sold into side by side, each as deep as the file has it.
    """
    terms = system.markets[market].collateral[token]
    factor = 1 + _incentive(system, market, token, terms)
    solved = solve(Case(system=system, scenario=Scenario()))
    start = measure("market_price", Ask(solved=solved, point=solved.start, of=token))
    if start is None or not start:
        raise ModelError([Problem((token,), f"{token} has no price at the start")])
    pools = [pool_of(part, float(start)) for part in system.liquidity.values() if part.of == token]
    sold = sum(sold_within(pool, float(1 / factor)) for pool in pools)
    return Fraction(sold) * TIMES_LIQUIDITY


def _incentive(system: System, market: str, token: str, terms: CollateralTerms) -> Fraction:
    if terms.incentive is not None:
        return terms.incentive.number
    if system.markets[market].rules == "morpho-blue":
        return morpho_incentive(terms.lltv.number)
    message = f"{market}/collateral/{token}: no incentive, within which to sell"
    raise ModelError([Problem((market, "collateral", token, "incentive"), message)])


def sold_within(pool: Pool, share: float) -> float:
    """Return the units that sell at once for ``share`` of the start price on average.

    >>> pool = Pool(kind="constant_product", depth=1000.0, start_price=2.0)
    >>> round(sold_within(pool, 0.8), 9)
    125.0
    """
    one = np.ones(1)
    at = {"price": pool.start_price * one, "external": pool.start_price * one, "share": one}

    def average(units: float) -> float:
        sale = trade(pool, **at, sigma=pool.calm * one, units=units * one)
        return float(sale.average[0]) / pool.start_price

    if not pool.depth:
        return 0.0
    low, high = 0.0, pool.depth / pool.start_price
    while average(high) > share:
        low, high = high, 2 * high
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if average(middle) >= share else (low, middle)
    return low


def _quoted(system: System, pool: str) -> str:
    """Return what a pool is, in words, and the source of its depth."""
    part = system.liquidity[pool]
    tree = dump(system)
    depth = value_at(tree, f"{pool}/curve/depth")
    size = depth.text if isinstance(depth, Value) else str(value_at(tree, f"{pool}/curve/table"))
    sources = provenance(tree)
    place = ("liquidity", pool, "curve", "depth" if isinstance(depth, Value) else "table")
    id_ = sources.get(place)
    source = system.sources.get(id_) if id_ is not None else None
    said = f"{pool}: {size} of {part.of} into {part.into}, {part.curve.kind}"
    if source is None:
        return f"{said}; assumed"
    more = (
        source.title,
        source.date,
        source.chain,
        f"block {source.block}" if source.block else None,
    )
    return "; ".join((said, ", ".join(word for word in (source.class_, *more) if word)))
