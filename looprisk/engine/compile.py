"""From a system and the numbers of a moment to named nodes: what every word contributes (SEMANTICS 3, 4)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looprisk.engine.affine import Affine, affine
from looprisk.engine.catalogue import Catalogue, known, unknown
from looprisk.engine.holdings import Holdings, holdings, supplied, unlisted_debt
from looprisk.engine.oracles import cap_of, reading_of, sells_at_quote
from looprisk.engine.skeleton import ZERO, Claim, Node, Skeleton
from looprisk.engine.state import ONE
from looprisk.engine.waterfall import (
    LoanTerms,
    Ranked,
    Split,
    loan_at_own_price,
    loan_at_reading,
    loan_under_cap,
    unsecured,
    untouched_loan,
    waterfall,
)
from looprisk.engine.world import World
from looprisk.errors import NotCarriedError
from looprisk.model.issuers import Issuer
from looprisk.model.tokens import Par


@dataclass(frozen=True)
class _Maker:
    """The inputs of every node, together."""

    world: World
    held: Holdings

    @property
    def catalogue(self) -> Catalogue:
        return self.world.catalogue


def skeleton(world: World) -> Skeleton:
    """Return the nodes of a system with the numbers of one stretch of a stage.

    Raises NotAffineError where two moving numbers would be multiplied; NotCarriedError and
    UnknownValueError name the path of what stands in the way.
    """
    catalogue = world.catalogue
    make = _Maker(world, holdings(catalogue, world.start, world.before))
    _refuse_tables(catalogue)
    return Skeleton(
        nodes=(
            *(_issuer(make, name, issuer) for name, issuer in catalogue.system.issuers.items()),
            *(_market(make, name) for name in catalogue.system.markets),
            *(_loan(make, name) for name in catalogue.loans),
        )
    )


def _refuse_tables(catalogue: Catalogue) -> None:
    for name in catalogue.system.positions:
        if name not in catalogue.loans and name not in catalogue.legs:
            raise NotCarriedError(
                f"{name}: a table of accounts is in the language and not yet in the static engine: "
                "list the accounts as positions"
            )


def exogenous(make: _Maker, name: str, issuer: Issuer) -> Affine:
    """Return what an issuer has that no claim of the system decides, in USD."""
    world = make.world
    total = sum((world.pile(name, pile) for pile in issuer.outside), start=ZERO)
    for asset, units in make.held.assets[name].items():
        total = total + world.price(asset) * units
    for leg, position in make.catalogue.legs.items():
        if position.owner == name:
            total = total + world.leg_value(leg)
    return total


def _issuer(make: _Maker, name: str, issuer: Issuer) -> Node:
    if issuer.set_off:
        raise NotCarriedError(
            f"{name}/set_off: set-off is in the language and not yet in the static engine: "
            f"leave it out with --set {name}/set_off=absent"
        )
    ranks = make.catalogue.ranks(name, issuer)
    ranked = tuple(_ranked(make, name, issuer, claim, rank) for claim, rank in ranks.items())
    residual = tuple(
        (_residual(make, name, claim), weight)
        for claim, weight in make.catalogue.residual_claims(name, issuer)
    )
    recovery = (ONE, ONE)
    if issuer.default_recovery is not None:
        recovery = (
            known(issuer.default_recovery.outside, name, "default_recovery", "outside"),
            known(issuer.default_recovery.claims, name, "default_recovery", "claims"),
        )
    b = exogenous(make, name, issuer)
    split = waterfall(name, ranked, residual, b=b, recovery=recovery)
    withheld = any(r.cap != affine(ONE) for r in ranked)
    leak = "default cost" if recovery != (ONE, ONE) else "withheld" if withheld else ""
    return _node(name, b, split, leak)


def _node(name: str, b: Affine, split: Split, leak: str) -> Node:
    return Node(
        id=name, b=b, claims=split.claims, conditions=split.conditions, cells=split.cells, leak=leak
    )


def _ranked(make: _Maker, name: str, issuer: Issuer, claim: str, rank: int) -> Ranked:
    holders = make.held.shares(claim)
    cap = make.world.cap(claim)
    if claim in issuer.issues:
        receipt = issuer.issues[claim]
        if receipt.copies:
            raise _copies(claim)
        assert isinstance(receipt, Par)  # noqa: S101  (only promises have a rank)
        face = _in_usd(make.world, receipt.par.of) * known(receipt.par, claim, "par")
        face = face * make.held.units[claim]
        units = make.held.units[claim]
        token = Claim(id=claim, kind="par", face=face, units=units, holders=holders)
        return Ranked(claim=token, rank=rank, face=face, cap=cap)
    loan = issuer.owes[claim.removeprefix(f"{name}/owes/")]
    face = _in_usd(make.world, loan.amount.of) * known(loan.amount, claim)
    debt = Claim(id=claim, kind="loan", face=face, holders=holders)
    return Ranked(claim=debt, rank=rank, face=face, cap=cap)


def _in_usd(world: World, unit: str | None) -> Affine:
    return world.price(unit) if unit else affine(ONE)


def _residual(make: _Maker, name: str, claim: str) -> Claim:
    if claim == f"{name}/equity":
        return Claim(id=claim, kind="equity", holders=make.held.shares(claim))
    if make.catalogue.tokens[claim].copies:
        raise _copies(claim)
    return Claim(
        id=claim, kind="share", units=make.held.units[claim], holders=make.held.shares(claim)
    )


def _copies(token: str) -> NotCarriedError:
    return NotCarriedError(
        f"{token}/copies: copies of a token on several chains are in the language and not yet in "
        "the static engine: write one token per chain, or leave the copies out"
    )


def _market(make: _Maker, name: str) -> Node:
    market = make.catalogue.system.markets[name]
    if market.protocol.shape != "isolated":
        raise NotCarriedError(
            f"{name}/rules: {market.rules} is a {market.protocol.shape} market, in the language and "
            "not yet in the static engine: write one isolated market per collateral and loan"
        )
    world, start = make.world, make.world.start
    price = world.price(make.catalogue.loan_token(name))
    cash = world.before.cash[name] + unlisted_debt(make.catalogue, start, name)
    face = price * supplied(make.catalogue, start, name)
    supply = Claim(
        id=name,
        kind="supply",
        face=face,
        units=make.held.units[name],
        holders=make.held.shares(name),
    )
    ranked = [Ranked(claim=supply, rank=0, face=face)]
    # cash in a token is a holding of that token, not an exogenous asset
    b = ZERO if price.reads else price * cash
    if market.insurance is not None:
        cover = affine(known(market.insurance, name, "insurance"))
        b = b + cover
        claim = Claim(id=f"{name}/insurance", kind="reserve", face=cover)
        ranked.append(Ranked(claim=claim, rank=1, face=cover))
    reserves = Claim(id=f"{name}/reserves", kind="reserve")
    split = waterfall(f"market {name}", tuple(ranked), ((reserves, ONE),))
    return _node(name, b, split, "")


def _loan(make: _Maker, name: str) -> Node:
    world = make.world
    position = make.catalogue.loans[name]
    market = make.catalogue.system.markets[position.market]
    account = world.before.accounts[name]
    if len(account.collateral) != 1:
        raise NotCarriedError(
            f"{name}/collateral: an account with {len(account.collateral)} collaterals belongs to a "
            "pooled market, not yet in the static engine"
        )
    collateral, units = next(iter(account.collateral.items()))
    terms = market.collateral[collateral]
    incentive = market.incentive(terms)
    if incentive is None:
        raise NotCarriedError(
            f"{position.market}/rules: {market.rules} sets the incentive by the health of the "
            "account, not yet in the static engine: write `rules: isolated` with an incentive"
        )
    loan = LoanTerms(
        id=name,
        units=units,
        debt=world.price(make.catalogue.loan_token(position.market)) * account.debt,
        lltv=known(terms.lltv, position.market, "collateral", collateral, "lltv"),
        incentive=1 + incentive,
        cap=world.cap(f"{name}/debt"),
    )
    lender = Claim(
        id=f"{name}/debt",
        kind="debt",
        face=loan.debt,
        holders=make.held.shares(f"{name}/debt"),
    )
    owner = Claim(id=f"{name}/equity", kind="owner", holders=make.held.shares(f"{name}/equity"))
    split = _loan_split(make, loan, lender, owner, collateral, name)
    is_asset = collateral in make.catalogue.system.assets
    b = world.price(collateral) * units if is_asset else ZERO
    return _node(name, b, unsecured(split, loan), "liquidators")


def _loan_split(
    make: _Maker, loan: LoanTerms, lender: Claim, owner: Claim, collateral: str, name: str
) -> Split:
    market = make.catalogue.system.markets[make.catalogue.loans[name].market]
    if market.liquidators == "absent":
        return untouched_loan(loan, lender, owner)
    oracle = str(market.collateral[collateral].oracle)
    if oracle == "unknown":
        raise unknown(f"{make.catalogue.loans[name].market}/collateral/{collateral}/oracle")
    reading = reading_of(make.world, oracle, collateral)
    if reading is None:
        cap = cap_of(make.world, oracle, collateral)
        if cap is not None:
            return loan_under_cap(loan, lender, owner, cap)
        return loan_at_own_price(loan, lender, owner)
    sale = sells_at_quote(make.world, collateral)
    always = market.liquidators == "always"
    return loan_at_reading(loan, lender, owner, reading, reading if always else sale)
