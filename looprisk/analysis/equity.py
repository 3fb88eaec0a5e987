"""Real equity: what bears a loss first, each dollar once."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from looprisk.analysis.axis import Axis
from looprisk.analysis.names import claim_label, part_label
from looprisk.analysis.solve import Solved
from looprisk.engine.skeleton import Claim
from looprisk.model.positions import LoanPosition
from looprisk.model.tokens import Par
from looprisk.results.records import BreakPoint, EquityRow


def equity_rows(
    solved: Solved, axis: Axis, breaks: tuple[BreakPoint, ...]
) -> tuple[EquityRow, ...]:
    """Return what bears a loss first, largest first.

    The residual of every issuer that owes or borrows, without what it pledged itself; what owners
    outside have in their accounts; insurance.
    """
    where: dict[tuple[str, str], float | None] = {(r.of, r.event): r.fraction for r in breaks}
    rows = [
        _row(solved, axis, claim, part, where)
        for claim in solved.end.compiled.index.claim_of
        for part in [_real_part(solved, claim)]
        if part and solved.baseline[claim.id] > 0
    ]
    rows.sort(key=lambda row: (-row.start_usd, row.id))
    return tuple(rows)


def _real_part(solved: Solved, claim: Claim) -> Fraction:
    """Return the part of a claim that is real equity."""
    match claim.kind:
        case "equity":
            return Fraction(1)
        case "owner":
            return claim.outside_share
        case "reserve":
            return Fraction(1) if claim.id.endswith("/insurance") else Fraction(0)
        case "share":
            issuer = solved.catalogue.issuer_of[claim.id]
            if not _is_leveraged(solved, issuer):
                return Fraction(0)
            own = set(_accounts_of(solved, issuer))
            return 1 - sum((share for by, share in claim.holders if by in own), Fraction(0))
        case _:
            return Fraction(0)


def _is_leveraged(solved: Solved, name: str) -> bool:
    issuer = solved.catalogue.system.issuers[name]
    promises = any(isinstance(token, Par) for token in issuer.issues.values())
    return bool(issuer.owes) or promises or any(_accounts_of(solved, name))


def _accounts_of(solved: Solved, issuer: str) -> Iterator[str]:
    for name, position in solved.catalogue.system.positions.items():
        if isinstance(position, LoanPosition) and position.owner == issuer and position.debt:
            yield name


def _row(
    solved: Solved,
    axis: Axis,
    claim: Claim,
    part: Fraction,
    where: dict[tuple[str, str], float | None],
) -> EquityRow:
    before = solved.start.compiled.index
    then = before.claim_of[before.claim[claim.id]] if claim.id in before.claim else claim
    start = solved.baseline[claim.id] * part
    # per unit, so that who leaves in a run takes no loss with him
    left = Fraction(solved.end.claim(claim.id)) * part
    if claim.kind == "share" and claim.units:
        left *= then.units / claim.units
    owner = claim.id.rpartition("/")[0]
    broken_at = where.get(_break_of(solved, claim, owner))
    return EquityRow(
        id=claim.id,
        label=_label(solved, claim, owner),
        start_usd=float(start),
        loss_usd=float(start - left),
        first_break=None if broken_at is None else axis.at(Fraction(broken_at)).value,
        broken=broken_at is not None and broken_at < 1,
    )


def _break_of(solved: Solved, claim: Claim, owner: str) -> tuple[str, str]:
    if claim.kind == "share":
        return solved.catalogue.issuer_of[claim.id], "insolvent"
    return owner, "insolvent" if claim.kind == "equity" else "liquidated"


def _label(solved: Solved, claim: Claim, owner: str) -> str:
    system = solved.catalogue.system
    if claim.kind == "owner":
        return f"owner of {part_label(system, owner)}"
    if claim.kind == "equity":
        return f"equity of {part_label(system, owner)}"
    if claim.kind == "reserve":
        return f"insurance of {part_label(system, owner)}"
    return claim_label(solved, claim)
