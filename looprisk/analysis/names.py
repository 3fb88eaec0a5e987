"""What claims and parts are called in an answer."""

from __future__ import annotations

from collections.abc import Sequence

from looprisk.analysis.solve import Solved
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.skeleton import Claim
from looprisk.errors import ModelError, Problem
from looprisk.model.names import did_you_mean
from looprisk.model.system import System

_NAMED = 8


def chosen(of: str, known: Sequence[str], kind: str) -> str:
    """Return the part that is asked for; where none is named, the only one there is.

    ``kind`` is what it is, for messages. Raises ModelError where there is no such part, or several.

    >>> chosen("", ["USDC"], "supply")
    'USDC'
    """
    if of in known:
        return of
    if not of and len(known) == 1:
        return known[0]
    if not known:
        raise ModelError([Problem((of,) if of else (), f"there is no {kind} here")])
    message = f"`{of}` is no {kind} here" if of else f"name a {kind} with `of`"
    more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
    advice = did_you_mean(of, known) or f"there is {', '.join(known[:_NAMED])}{more}"
    raise ModelError([Problem((of,) if of else (), message, advice)])


def part_label(system: System, name: str) -> str:
    """Return the label of a part, else its id."""
    sections = (
        system.issuers,
        system.markets,
        system.positions,
        system.assets,
        system.venues,
        system.oracles,
    )
    for section in sections:
        part = section.get(name)
        if part is not None:
            return part.label or name
    return name


def claim_label(solved: Solved, claim: Claim) -> str:
    """Return the name to show for a claim: a token's, a market's, or who is owed by whom."""
    return label_in(solved.catalogue, claim)


def label_in(catalogue: Catalogue, claim: Claim) -> str:
    """Return the name to show for a claim of a system that need not be solved."""
    system = catalogue.system
    if claim.kind == "loan":
        issuer, _, loan = claim.id.partition("/owes/")
        terms = system.issuers[issuer].owes[loan]
        creditor = terms.label or (
            part_label(system, str(terms.to)) if terms.to != "outside" else loan
        )
        if creditor == "outside":
            return f"lenders to {part_label(system, issuer)}"
        return f"{creditor} (loan to {part_label(system, issuer)})"
    if claim.id in catalogue.supplies:
        market, token = catalogue.supplies[claim.id]
        label = part_label(system, market)
        return label if claim.id == market else f"{label} {part_label(system, token)}"
    if claim.kind in {"share", "par"}:
        receipt = catalogue.tokens[claim.id]
        return receipt.label or claim.id
    return part_label(system, claim.id)


def claimant(solved: Solved, claim: Claim) -> str:
    """Return who holds a claim outside, in words that can stand in a sentence."""
    system = solved.catalogue.system
    owner, _, what = claim.id.rpartition("/")
    if claim.kind in {"share", "par"}:
        return f"{claim_label(solved, claim)} holders"
    if claim.kind == "loan":
        return claim_label(solved, claim)
    if claim.kind == "supply":
        return f"{claim_label(solved, claim)} suppliers"
    if claim.kind in {"equity", "owner"}:
        return f"owner of {part_label(system, owner)}"
    return f"{what} of {part_label(system, owner)}"
