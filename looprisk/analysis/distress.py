"""Linear distress: who is how near to default where each loss eats equity in proportion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from looprisk.analysis.mapping import exposure
from looprisk.errors import ModelError, Problem, UnknownValueError
from looprisk.model.case import Case
from looprisk.model.system import System


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtRank:
    """How far each issuer is on its way to default, and what that adds up to."""

    distress: Mapping[str, float]
    """Issuer: share of its equity that is gone, from 0 to 1."""
    additional_stress: float
    """Weighted mean of the distress beyond what was put in."""
    additional_defaults: tuple[str, ...]
    """Issuers without equity at the end that had some at first."""


def debt_rank(
    what: System | Case,
    first: Mapping[str, float],
    *,
    weights: Mapping[str, float] | None = None,
) -> DebtRank:
    """Return how distress spreads over the claims that issuers hold of each other, each hit once.

    A quick screen, no clearing: an issuer whose debtor is distressed by ``h`` loses ``h`` times
    what it has of it, as a share of its own equity; who was distressed passes it on once (Battiston
    et al. 2012). ``first`` are issuers with their first distress, from 0 to 1; ``weights`` what
    each counts for, else its assets. Claims and equity are at book, markets are not passed.

    >>> import looprisk as lr
    >>> bank = {"outside": {"book": 9}, "owes": {"B": 4}}
    >>> system = lr.System(issuers={"A": bank, "B": {"issues": {"b": lr.Share(supply=4)}}})
    >>> debt_rank(system, {"A": 0.5}).distress
    {'A': 0.5, 'B': 0.5}

    Raises ModelError for what is no issuer, UnknownValueError where an amount is unknown.
    """
    system = what.system if isinstance(what, Case) else what
    for name in first:
        if name not in system.issuers:
            raise ModelError([Problem((name,), f"`{name}` is no issuer of this system")])
    impact, assets = _impact(system)
    distress = {name: float(first.get(name, 0.0)) for name in system.issuers}
    spreading, done = {name for name, h in distress.items() if h > 0}, set[str]()
    while spreading:
        hit = {
            name: min(
                1.0,
                h + sum(impact.get((name, other), 0.0) * distress[other] for other in spreading),
            )
            for name, h in distress.items()
        }
        done |= spreading
        spreading = {name for name, h in hit.items() if h > 0 and name not in done}
        distress = hit
    counts = assets if weights is None else weights
    whole = sum(counts.get(name, 0.0) for name in distress)
    added = sum(counts.get(n, 0.0) * (h - first.get(n, 0.0)) for n, h in distress.items())
    return DebtRank(
        distress=distress,
        additional_stress=added / whole if whole else 0.0,
        additional_defaults=tuple(
            name for name, h in distress.items() if h >= 1 and first.get(name, 0.0) < 1
        ),
    )


def _impact(system: System) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    """Return by (who, of whom) the share of equity that a default takes, and assets by issuer."""
    found = exposure(system)
    equity = {row.id: row.equity_usd for row in found.backing_rows}
    issuer_of = {token: name for name, part in system.issuers.items() for token in part.issues}
    impact: dict[tuple[str, str], float] = {}
    for row in found.held_rows:
        head = row.claim.partition("/owes")[0]
        of = issuer_of.get(head, head)
        if row.holder not in system.issuers or of not in system.issuers or of == row.holder:
            continue
        own = equity.get(row.holder)
        if row.usd is None or own is None:
            raise UnknownValueError(f"what {row.holder} has of {of}, or its equity, is not known")
        share = row.usd / own if own > 0 else 1.0
        pair = (row.holder, of)
        impact[pair] = min(1.0, impact.get(pair, 0.0) + share)
    return impact, {row.id: row.own_usd or 0.0 for row in found.backing_rows}
