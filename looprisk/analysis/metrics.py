"""The metrics that an expectation may ask for, each as one number in its unit.

Money in USD, prices in USD per unit, shares as fractions of 1. None is "not defined here", never
zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from looprisk.analysis.accounts import (
    Account,
    accounts,
    accounts_of,
    claims_of,
    leverage,
    outcomes,
    repaid_earlier,
    utilisation,
)
from looprisk.analysis.breaking import claim_of
from looprisk.analysis.residual import gross_assets, residual_of_others
from looprisk.analysis.solve import Solved
from looprisk.engine.catalogue import known
from looprisk.engine.dual import exactly
from looprisk.engine.market import market_values
from looprisk.engine.perps import liquidation_price
from looprisk.engine.point import Point
from looprisk.engine.skeleton import Claim
from looprisk.engine.state import ZERO

Number = Fraction | None


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A metric of one thing at one solution of a solved case."""

    solved: Solved
    point: Point
    of: str

    @property
    def claim(self) -> Claim | None:
        """The claim the thing stands for.

        A token, loan, supply, or what an issuer's holders have.
        """
        return claim_of(self.solved, self.of)

    def value(self, point: Point) -> Number:
        """Return the economic value of the claim at a solution."""
        return exactly(point.claim(self.claim.id)) if self.claim is not None else None


def measure(metric: str, ask: Ask) -> Number:
    """Return a metric; None where it is not defined for this thing.

    >>> sorted(METRICS)[:3]
    ['adl_share', 'adl_usd', 'assets_to_equity']
    """
    return METRICS[metric](ask)


def _economic_price(ask: Ask) -> Number:
    return ask.point.token(ask.of) if ask.of in ask.solved.catalogue.tokens else _asset_price(ask)


def _asset_price(ask: Ask) -> Number:
    if ask.of not in ask.solved.catalogue.system.assets:
        return None
    return ask.point.compiled.world.price(ask.of).at(ask.point.s)


def _market_price(ask: Ask) -> Number:
    if ask.of not in ask.solved.catalogue.tokens:
        return _asset_price(ask)
    units = ask.point.compiled.index.claim_of[ask.point.compiled.index.claim[ask.of]].units
    return market_values(ask.point)[ask.of] / units


def _book_price(ask: Ask) -> Number:
    if ask.of not in ask.solved.catalogue.tokens:
        return _asset_price(ask)
    return ask.solved.book_at(ask.point).prices[ask.of]


def _loss(ask: Ask) -> Number:
    old, new = ask.value(ask.solved.start), ask.value(ask.point)
    if old is None or new is None or ask.claim is None:
        return None
    return old - new - ask.point.compiled.world.before.paid.get(ask.claim.id, ZERO)


def _loss_fraction(ask: Ask) -> Number:
    """The loss of those who hold a claim to the end, per unit."""
    claim = ask.claim
    if claim is None:
        return None
    index = ask.solved.start.compiled.index
    units = index.claim_of[index.claim[claim.id]].units
    now = ask.point.compiled.index.claim_of[ask.point.compiled.index.claim[claim.id]].units
    old, new = ask.value(ask.solved.start), ask.value(ask.point)
    if not old or new is None or not now:
        return None
    return 1 - (new / now) / (old / units)


def _booked(ask: Ask, point: Point) -> Number:
    claim, values = ask.claim, ask.solved.book_at(point)
    if claim is None:
        return None
    if claim.kind in {"share", "par"}:
        index = point.compiled.index
        return values.prices[claim.id] * index.claim_of[index.claim[claim.id]].units
    if claim.kind == "supply":
        return values.supplies[claim.id]
    if claim.face is not None:
        return _face(claim.id, point)
    issuer = claim.id.removesuffix("/equity")
    if issuer not in values.assets:
        return None
    return max(ZERO, values.assets[issuer] - _owed(issuer, point))


def _reported_loss(ask: Ask) -> Number:
    old, new = _booked(ask, ask.solved.start), _booked(ask, ask.point)
    if old is None or new is None or ask.claim is None:
        return None
    return old - new - ask.point.compiled.world.before.paid.get(ask.claim.id, ZERO)


def _hidden_loss(ask: Ask) -> Number:
    booked, real = _booked(ask, ask.point), ask.value(ask.point)
    return None if booked is None or real is None else booked - real


def _self_fulfilling(ask: Ask) -> Number:
    """What a claim loses where everything fails that can, beyond what must; at the end only."""
    if ask.claim is None or ask.point is not ask.solved.end:
        return None
    return ask.solved.gap(ask.claim.id)


def _face(claim: str, point: Point) -> Number:
    index = point.compiled.index
    face = index.claim_of[index.claim[claim]].face
    return point.value(face) if face is not None else None


def _owed(node: str, point: Point) -> Fraction:
    found = next(n for n in point.compiled.skeleton.nodes if n.id == node)
    return sum((point.value(c.face) for c in found.claims if c.face is not None), ZERO)


def _paid(ask: Ask) -> Number:
    """What all ranked claims of an issuer get, or one claim."""
    if ask.of in ask.solved.catalogue.system.issuers:
        node = next(n for n in ask.point.compiled.skeleton.nodes if n.id == ask.of)
        owed = [c for c in node.claims if c.face is not None]
        if owed:
            return sum((exactly(ask.point.claim(c.id)) for c in owed), ZERO)
    if lent := _lent(ask):
        return sum((exactly(ask.point.claim(claim)) for claim in lent), ZERO)
    return ask.value(ask.point)


def _lent(ask: Ask) -> tuple[str, ...]:
    """Return the claims of the lenders: to an account, or in a market of several reserves."""
    catalogue = ask.solved.catalogue
    if ask.of in catalogue.loans:
        return tuple(catalogue.debt_claims(ask.of).values())
    if ask.of in catalogue.supplies or ask.of not in catalogue.system.markets:
        return ()
    return tuple(s for s, (market, _) in catalogue.supplies.items() if market == ask.of)


def _claims(ask: Ask) -> Number:
    if ask.of in ask.solved.catalogue.system.issuers and _owed(ask.of, ask.point):
        return _owed(ask.of, ask.point)
    if lent := _lent(ask):
        return sum((ask.point.face(claim) for claim in lent), ZERO)
    claim = ask.claim
    return _face(claim.id, ask.point) if claim is not None else None


def _recovery(ask: Ask) -> Number:
    paid, face = _paid(ask), _claims(ask)
    return paid / face if paid is not None and face else None


def _assets(ask: Ask) -> Number:
    if ask.of in ask.solved.catalogue.baskets:
        return Fraction(float(ask.point.table(ask.of).found.worth.sum()))
    return exactly(ask.point.node(ask.of)) if ask.of in ask.point.compiled.index.node else None


def _equity(ask: Ask) -> Number:
    """What is left after debts; of an issuer, to others than itself (SEMANTICS 8).

    Own tokens that its accounts have pledged are no equity, here and in ``assets_to_equity``.
    """
    catalogue = ask.solved.catalogue
    if ask.of in catalogue.loans or ask.of in catalogue.tables:
        names = accounts_of(catalogue, ask.of)
        return sum((exactly(ask.point.claim(f"{name}/equity")) for name in names), ZERO)
    if ask.of in catalogue.system.issuers:
        return residual_of_others(ask.solved, ask.point, ask.of)
    assets = _assets(ask)
    return max(ZERO, assets - _owed(ask.of, ask.point)) if assets is not None else None


def _assets_to_equity(ask: Ask) -> Number:
    """Gross assets over the residual.

    Own tokens that an issuer pledged count in neither (SEMANTICS 8).

    Of an account, its collateral at the oracles over what is left of it after the debt.
    """
    if ask.of in ask.solved.catalogue.loans:
        return leverage(ask.point, ask.of)
    if ask.of not in ask.solved.catalogue.system.issuers:
        assets, equity = _assets(ask), _equity(ask)
        return assets / equity if assets is not None and equity else None
    equity = residual_of_others(ask.solved, ask.point, ask.of)
    return gross_assets(ask.solved, ask.point, ask.of) / equity if equity else None


def _bad_debt(ask: Ask) -> Number:
    """Debt left when all collateral is sold: of liquidated accounts alone."""
    if ask.of in ask.solved.catalogue.system.issuers:
        return None
    total = ZERO
    for found in accounts(ask.point, ask.of):
        if found.is_liquidated:
            for claim in claims_of(found, ask.of):
                total += ask.point.face(claim) - exactly(ask.point.claim(claim))
    return total + sum((found.bad_debt for found in outcomes(ask.point, ask.of)), ZERO)


def _lender_loss(ask: Ask) -> Number:
    """What suppliers of a market lose, or the lenders of one account, or an issuer's creditors."""
    catalogue = ask.solved.catalogue
    if ask.of in catalogue.loans or ask.of in catalogue.tables:
        claims = [
            claim
            for name in accounts_of(catalogue, ask.of)
            for claim in catalogue.debt_claims(name).values()
        ]
        return sum((ask.point.face(c) - exactly(ask.point.claim(c)) for c in claims), ZERO)
    if ask.of in catalogue.system.markets:
        supplies = (s for s, (market, _) in catalogue.supplies.items() if market == ask.of)
        return sum((_loss(replace(ask, of=supply)) or ZERO for supply in supplies), ZERO)
    old = _paid(Ask(solved=ask.solved, point=ask.solved.start, of=ask.of))
    new = _paid(ask)
    return old - new if old is not None and new is not None else None


def _liquidated(ask: Ask) -> Number:
    """What liquidators repaid up to here."""
    total = repaid_earlier(ask.point, ask.of)
    for found in accounts(ask.point, ask.of):
        if found.is_liquidated:
            total += sum((exactly(ask.point.claim(c)) for c in claims_of(found, ask.of)), ZERO)
    return total + sum((found.repaid for found in outcomes(ask.point, ask.of)), ZERO)


def _of_account(read: Callable[[Account], Number]) -> Callable[[Ask], Number]:
    """Return a metric of one account; of a market where it has a single one."""

    def metric(ask: Ask) -> Number:
        found = list(accounts(ask.point, ask.of))
        several = len(found) != 1 or any(outcomes(ask.point, ask.of))
        return None if several else read(found[0])

    return metric


def _liquidation_price(ask: Ask) -> Number:
    """Of a leg, the price at which its venue closes it."""
    if ask.of not in ask.solved.catalogue.legs:
        return _of_account(lambda a: a.liquidation_price)(ask)
    world = ask.point.compiled.world
    cuts = world.after.cuts.get(ask.of, ())
    return liquidation_price(world.leg(ask.of), world.margin(ask.of), cuts).at(ask.point.s)


def _utilisation(ask: Ask) -> Number:
    return utilisation(ask.point, ask.of)


def _net_delta(ask: Ask) -> Number:
    """Units owned less units sold short and still open, at the prices of the moment, in USD."""
    world = ask.point.compiled.world
    catalogue = world.catalogue
    issuer = catalogue.system.issuers.get(ask.of)
    if issuer is None:
        return None
    total = ZERO
    hedged = {world.leg_asset(n) for n, p in catalogue.legs.items() if p.owner == ask.of}
    for asset in hedged:
        owned = issuer.owns.get(asset)
        if owned is not None:
            total += known(owned, ask.of, "owns", asset) * world.price(asset).at(ask.point.s)
    for name, position in catalogue.legs.items():
        if position.owner == ask.of and not world.closed(name):
            leg = world.leg(name)
            left = 1 - _cut_share(ask.point, name)
            total += leg.side * leg.size * left * world.price(world.leg_asset(name)).at(ask.point.s)
    return total


def _cut_share(point: Point, leg: str) -> Fraction:
    return sum((cut.share for cut in point.compiled.world.after.cuts.get(leg, ())), ZERO)


def _adl_share(ask: Ask) -> Number:
    return _cut_share(ask.point, ask.of) if ask.of in ask.solved.catalogue.legs else None


def _adl(ask: Ask) -> Number:
    if ask.of not in ask.solved.catalogue.legs:
        return None
    leg = ask.point.compiled.world.leg(ask.of)
    cuts = ask.point.compiled.world.after.cuts.get(ask.of, ())
    return sum((cut.share * leg.size * cut.price for cut in cuts), ZERO)


METRICS: dict[str, Callable[[Ask], Number]] = {
    "book_price": _book_price,
    "economic_price": _economic_price,
    "market_price": _market_price,
    "loss_usd": _loss,
    "loss_fraction": _loss_fraction,
    "reported_loss_usd": _reported_loss,
    "economic_loss_usd": _loss,
    "hidden_loss_usd": _hidden_loss,
    "self_fulfilling_usd": _self_fulfilling,
    "bad_debt_usd": _bad_debt,
    "lender_loss_usd": _lender_loss,
    "recovery": _recovery,
    "paid_usd": _paid,
    "equity_usd": _equity,
    "claims_usd": _claims,
    "assets_to_equity": _assets_to_equity,
    "health_factor": _of_account(lambda a: a.health),
    "ltv": _of_account(lambda a: a.ltv),
    "liquidation_price": _liquidation_price,
    "bad_debt_price": _of_account(lambda a: a.bad_debt_price),
    "insolvency_price": _of_account(lambda a: a.price_at(a.debt)),
    "utilisation": _utilisation,
    "adl_usd": _adl,
    "adl_share": _adl_share,
    "liquidated_usd": _liquidated,
    "net_delta": _net_delta,
    "collateral_seized": _of_account(lambda a: a.seized),
    "debt_repaid": _of_account(lambda a: a.debt_units_repaid),
}
"""Metrics of one solution.

Break points are metrics of a whole shock; ``time_of`` and ``hidden_for`` need time.
"""
