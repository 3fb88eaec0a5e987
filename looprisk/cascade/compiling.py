"""From a system and a scenario with time to a plan."""

from __future__ import annotations

from collections.abc import Mapping

from looprisk.cascade.accounts import book_of
from looprisk.cascade.clock import steps_of
from looprisk.cascade.legs import legs_of
from looprisk.cascade.opening import written_out
from looprisk.cascade.parts import Fed, Firm, Owed, Pooled, Wanted
from looprisk.cascade.plan import Plan, place_of
from looprisk.cascade.shelves import SHELVED
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.copies import aliases, catalogued, renamed
from looprisk.engine.holdings import Opening, holdings, supply_claim
from looprisk.engine.setoff import netted
from looprisk.engine.state import start_state
from looprisk.model.positions import LoanPosition, PerpPosition, VenueTable
from looprisk.model.scenario import Scenario
from looprisk.model.system import System
from looprisk.model.tokens import Par, Share


def plan_of(system: System, scenario: Scenario, *, shelve_from: int = SHELVED) -> Plan:
    """Return a system and a scenario as indices.

    Markets with fewer accounts than ``shelve_from`` are looked at whole in every step.

    Raises UnknownValueError naming what nobody knows, NotCarriedError what time does not carry.
    """
    scenario = renamed(scenario, aliases(system))
    assert scenario.time is not None  # noqa: S101  (without time it is a clearing)
    catalogue = catalogued(netted(system))
    start = start_state(catalogue)
    held = holdings(Opening(catalogue, start), start)
    goods = (*catalogue.system.assets, *catalogue.tokens, *catalogue.supplies)
    place = {name: at for at, name in enumerate(goods)}
    steps = steps_of(scenario.time)
    scenario = written_out(catalogue, start, scenario)
    defaulting_ = {str(name) for stage in scenario.stages for name in stage.default}
    opened = {str(n): p for stage in scenario.stages for n, p in stage.open.items()}
    accounts = {n: p for n, p in opened.items() if isinstance(p, LoanPosition)}
    legs = {n: p for n, p in opened.items() if isinstance(p, PerpPosition | VenueTable)}
    still = _still(catalogue.system, scenario)
    supplies = list(catalogue.supplies)
    return Plan(
        catalogue=catalogue,
        scenario=scenario,
        steps=steps,
        start=start,
        held=held,
        goods=goods,
        firms=tuple(_firm(catalogue, name, place) for name in catalogue.system.issuers),
        books=tuple(
            book_of(catalogue, start, name, place, accounts, shelve_from, defaulting_)
            for name in catalogue.system.markets
        ),
        legs=tuple(
            legs_of(catalogue, start, name, place, still, legs) for name in catalogue.system.venues
        ),
        pools=tuple(
            Pooled(name=name, good=place_of(catalogue, place, str(part.of)), part=part)
            for name, part in catalogue.system.liquidity.items()
        ),
        runs=tuple(
            Wanted(
                stage=at,
                good=_redeemed(catalogue, place, str(target)),
                terms=run,
                name=str(run.by or target),
            )
            for at, stage in enumerate(scenario.stages)
            for target, run in stage.run.items()
        ),
        feeds=tuple(
            Fed(
                issuer=at,
                supply=supplies.index(supply_claim(catalogue, str(target))),
                up_to=float(known(feed.up_to, name, "feeds", target, "up_to")),
                at=float(known(feed.at_utilisation, name, "feeds", target, "at_utilisation")),
            )
            for at, (name, issuer) in enumerate(catalogue.system.issuers.items())
            for target, feed in issuer.feeds.items()
        ),
    )


def _redeemed(catalogue: Catalogue, place: Mapping[str, int], target: str) -> int:
    """Return the good that holders give back: a token, or the supply of a market."""
    if target in catalogue.system.issuers and target not in catalogue.tokens:
        target = next(iter(catalogue.system.issuers[target].issues))
    return place_of(catalogue, place, target)


def _still(system: System, scenario: Scenario) -> frozenset[str]:
    """Return the assets whose price in USD nothing moves."""
    moved = {str(name) for stage in scenario.stages for name in stage.price}
    if scenario.paths is not None:
        moved |= {str(name) for name in scenario.paths.points}
        moved |= set(system.assets) if not scenario.paths.points else set()
    moved |= {str(part.of) for part in system.liquidity.values()}
    still = set(system.assets) - moved
    while True:
        left = {n for n in still if (unit := system.assets[n].price.of) is None or unit in still}
        if left == still:
            return frozenset(still)
        still = left


def _firm(catalogue: Catalogue, name: str, place: Mapping[str, int]) -> Firm:
    issuer = catalogue.system.issuers[name]
    at = {firm: i for i, firm in enumerate(catalogue.system.issuers)}
    owed = []
    for claim, rank in catalogue.ranks(name, issuer).items():
        receipt = issuer.issues.get(claim)
        if isinstance(receipt, Par):
            amount, to, rate = receipt.par, -1, None
        else:
            loan = issuer.owes[claim.removeprefix(f"{name}/owes/")]
            amount, to, rate = loan.amount, at.get(str(loan.to), -1), loan.rate
        owed.append(
            Owed(
                id=claim,
                issuer=at[name],
                rank=rank,
                amount=float(known(amount, claim)),
                unit=place[amount.of] if amount.of else -1,
                good=place[claim] if isinstance(receipt, Par) else -1,
                creditor=to,
                rate=float(known(rate, claim, "rate")) if rate is not None else 0.0,
            )
        )
    shares = [(t, r) for t, r in issuer.issues.items() if isinstance(r, Share)]
    recovery = issuer.default_recovery
    return Firm(
        name=name,
        owed=tuple(owed),
        residual=tuple(place[token] for token, _ in shares),
        weights=tuple(float(r.weight.number) if r.weight is not None else 1.0 for _, r in shares),
        recovery=(1.0, 1.0)
        if recovery is None
        else (
            float(known(recovery.outside, name, "default_recovery", "outside")),
            float(known(recovery.claims, name, "default_recovery", "claims")),
        ),
    )
