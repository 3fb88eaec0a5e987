"""What an issuer has, and what is left of it to others than itself, in USD (SEMANTICS 8)."""

from __future__ import annotations

from fractions import Fraction

from looprisk.analysis.solve import Solved
from looprisk.engine.dual import exactly
from looprisk.engine.point import Point
from looprisk.engine.state import ZERO


def gross_assets(solved: Solved, point: Point, issuer: str) -> Fraction:
    """Return exogenous assets, receipts, supplies and loans held, and collateral of own accounts.

    Own tokens are none.
    """
    system = solved.catalogue.system
    node = next(n for n in point.compiled.skeleton.nodes if n.id == issuer)
    total = node.b.at(point.s)
    owned = {n for n, p in solved.catalogue.loans.items() if p.owner == issuer}
    for claim in point.compiled.index.claim_of:
        if claim.id in system.issuers[issuer].issues:
            continue
        for holder, share in claim.holders:
            if (holder == issuer and claim.kind != "owner") or holder in owned:
                total += share * exactly(point.claim(claim.id))
    world = point.compiled.world
    for name in owned:
        for collateral, units in world.before.accounts[name].collateral.items():
            if collateral in system.assets:
                total += units * world.price(collateral).at(point.s)
    return total


def residual_of_others(solved: Solved, point: Point, of: str) -> Fraction:
    """Return the residual claims of an issuer, less what its own accounts have pledged."""
    issuer = solved.catalogue.system.issuers[of]
    index = point.compiled.index
    total = ZERO
    for claim_id, _ in solved.catalogue.residual_claims(of, issuer):
        claim = index.claim_of[index.claim[claim_id]]
        pledged = sum(
            (
                share
                for holder, share in claim.holders
                if holder in solved.catalogue.loans and solved.catalogue.loans[holder].owner == of
            ),
            ZERO,
        )
        total += (1 - pledged) * exactly(point.claim(claim_id))
    return total
