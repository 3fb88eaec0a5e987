"""From a system and the numbers of a moment to named nodes.

What every word contributes (SEMANTICS 3, 4).
"""

from __future__ import annotations

from fractions import Fraction

from looprisk.engine.accounts import account_node
from looprisk.engine.affine import Affine, affine
from looprisk.engine.basket_nodes import basket_nodes
from looprisk.engine.catalogue import known
from looprisk.engine.crowds import crowd_node
from looprisk.engine.kept import Kept
from looprisk.engine.maker import Maker
from looprisk.engine.reserves import Reserve, reserve, reserve_node
from looprisk.engine.skeleton import ZERO, Claim, Node, Skeleton
from looprisk.engine.state import ONE
from looprisk.engine.waterfall import Ranked, waterfall
from looprisk.engine.world import World
from looprisk.errors import NotCarriedError
from looprisk.model.issuers import Issuer
from looprisk.model.tokens import Par


def skeleton(world: World, kept: Kept | None = None) -> Skeleton:
    """Return the nodes of a system with the numbers of one stretch of a stage.

    ``kept`` has the nodes of another moment, which are taken where their numbers are the same.

    Raises NotAffineError where two moving numbers would be multiplied; NotCarriedError and
    UnknownValueError name the path of what stands in the way.
    """
    return _skeleton(maker(world), Kept() if kept is None else kept)


def maker(world: World) -> Maker:
    """Return what the nodes of a system are made from on one stretch of a stage."""
    return Maker(world, world.held)


def _skeleton(make: Maker, kept: Kept) -> Skeleton:
    catalogue = make.catalogue
    return Skeleton(
        nodes=(
            *(_issuer(make, name, i, kept) for name, i in catalogue.system.issuers.items()),
            *(_reserve(reserve(make, supply), kept) for supply in catalogue.supplies),
            *(kept.same(node) for name in catalogue.loans for node in _accounts(make, name)),
        )
    )


def _reserve(of: Reserve, kept: Kept) -> Node:
    return kept.node(of.supply, (of,), lambda: reserve_node(of))


def _accounts(make: Maker, name: str) -> tuple[Node, ...]:
    if name in make.catalogue.baskets:
        return basket_nodes(make, name)
    return ((crowd_node if name in make.catalogue.crowds else account_node)(make, name),)


def exogenous(make: Maker, name: str, issuer: Issuer) -> Affine:
    """Return what an issuer has that no claim of the system decides, in USD."""
    world = make.world
    total = sum((world.pile(name, pile) for pile in issuer.outside), start=ZERO)
    for asset, units in make.held.assets[name].items():
        total = total + world.price(asset) * units
    for leg in make.catalogue.legs_of.get(name, ()):
        total = total + world.leg_value(leg)
    return total


def _issuer(make: Maker, name: str, issuer: Issuer, kept: Kept) -> Node:
    if issuer.set_off:
        raise NotCarriedError(
            f"{name}/set_off: set-off is in the language and not yet in the static engine: "
            f"leave it out with --set {name}/set_off=absent"
        )
    ranks = make.catalogue.ranks(name, issuer)
    ranked = tuple(_ranked(make, name, issuer, claim, rank) for claim, rank in ranks.items())
    residual = tuple(
        (_residual(make, name, claim), weight)
        for claim, weight in make.held.residual(make.catalogue, name)
    )
    recovery = (ONE, ONE)
    if issuer.default_recovery is not None:
        recovery = (
            known(issuer.default_recovery.outside, name, "default_recovery", "outside"),
            known(issuer.default_recovery.claims, name, "default_recovery", "claims"),
        )
    b = exogenous(make, name, issuer)
    # where nothing moves no two caps cross
    middle = make.world.middle if make.world.still is None else ONE
    inputs = (ranked, residual, b, recovery, middle)
    return kept.node(name, inputs, lambda: _split(name, *inputs))


def _split(
    name: str,
    ranked: tuple[Ranked, ...],
    residual: tuple[tuple[Claim, Fraction], ...],
    b: Affine,
    recovery: tuple[Fraction, Fraction],
    middle: Fraction,
) -> Node:
    """Return the node of an issuer: claims in their order, with costs and caps of a default."""
    split = waterfall(name, ranked, residual, b=b, recovery=recovery, middle=middle)
    withheld = any(r.cap != affine(ONE) for r in ranked)
    leaks = ("default cost",) if recovery != (ONE, ONE) else ()
    leak = " and ".join((*leaks, "withheld") if withheld else leaks)
    return Node(
        id=name, b=b, claims=split.claims, conditions=split.conditions, cells=split.cells, leak=leak
    )


def _ranked(make: Maker, name: str, issuer: Issuer, claim: str, rank: int) -> Ranked:
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


def _residual(make: Maker, name: str, claim: str) -> Claim:
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
