"""Where the value of a claim comes from, term by term, so that losses can be told apart.

What a claim gets is its node's assets less what the node's other claims and its leak get, and the
assets are piles, holdings and legs. The same sum before and after a shock explains a loss without a
remainder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from looprisk.engine.clear import leaks, outside
from looprisk.engine.point import Point
from looprisk.engine.state import ZERO
from looprisk.results.records import Cause

MOST_CAUSES = 7


@dataclass(frozen=True, kw_only=True)
class Flows:
    """The value of every claim at one point, in USD, and where it goes."""

    held: Mapping[str, Mapping[str, Fraction]]
    """Node: claim: value of what the node holds of it."""
    given: Mapping[str, Mapping[str, Fraction]]
    """Node: thing: value of its exogenous assets, pile by pile."""
    paid: Mapping[str, Mapping[str, Fraction]]
    """Node: claim: what the claim gets."""
    leaked: Mapping[str, Fraction]
    outside: Mapping[str, Fraction]
    """Claim: what holders outside get."""
    leak_names: Mapping[str, str]


def flows(point: Point) -> Flows:
    """Return the value of everything at a solution."""
    form, index, solution = point.compiled.form, point.compiled.index, point.solution
    out = outside(form, solution.z)
    leaked = leaks(form, solution.y, solution.z)
    nodes = point.compiled.skeleton.nodes
    value = {claim: Fraction(solution.z[i]) for claim, i in index.claim.items()}
    held: dict[str, dict[str, Fraction]] = {node.id: {} for node in nodes}
    for claim in index.claim_of:
        for by, share in claim.holders:
            held[by][claim.id] = share * value[claim.id]
    return Flows(
        held=held,
        given={node.id: _given(point, node.id, node.b.at(point.s)) for node in nodes},
        paid={node.id: {c.id: value[c.id] for c in node.claims} for node in nodes},
        leaked={node.id: Fraction(leaked[index.node[node.id]]) for node in nodes},
        outside={claim: Fraction(out[i]) for claim, i in index.claim.items()},
        leak_names={node.id: node.leak for node in nodes},
    )


def _given(point: Point, node: str, total: Fraction) -> dict[str, Fraction]:
    """Return a node's exogenous assets by name; what has no name of its own is its cash."""
    world = point.compiled.world
    system = world.catalogue.system
    found: dict[str, Fraction] = {}
    if node in system.issuers and node not in world.catalogue.loans:
        issuer = system.issuers[node]
        for pile in issuer.outside:
            found[f"{node}/outside/{pile}"] = world.pile(node, pile).at(point.s)
        for leg in world.catalogue.legs_of.get(node, ()):
            found[leg] = world.leg_value(leg).at(point.s)
        rest = total - sum(found.values(), ZERO)
        if rest:
            found[f"assets of {node}"] = rest
    elif total:
        name = "cash" if node in world.catalogue.supplies else f"collateral of {node}"
        found[name] = total
    return found


def causes(
    claim: str, node: str, before: Flows, after: Flows, paid: Fraction = ZERO
) -> tuple[Cause, ...]:
    """Return at most seven terms that add up to the loss of a claim, largest first.

    ``paid`` is what holders who left in a run took with them, in USD.
    """
    terms: list[tuple[str, Fraction]] = [("paid to those who left", -paid)]
    given = before.given.get(node, {})
    for thing in {**given, **after.given[node]}:
        lost = _fall(given, after.given[node], thing)
        terms.append((f"{thing} loses value" if lost > 0 else f"{thing} gains value", lost))
    holds = before.held.get(node, {})
    for held in {**holds, **after.held[node]}:
        lost = _fall(holds, after.held[node], held)
        terms.append(
            (f"its holding of {held} pays less" if lost > 0 else f"{held} brings more", lost)
        )
    gets = before.paid.get(node, {})
    for other in after.paid[node]:
        if other != claim:
            taken = -_fall(gets, after.paid[node], other)
            terms.append((f"{other} bears" if taken < 0 else f"{other} takes more", taken))
    leaked = after.leaked[node] - before.leaked.get(node, ZERO)
    terms.append((f"{after.leak_names[node] or 'others'} take", leaked))
    named = sorted((t for t in terms if t[1]), key=lambda t: (-abs(t[1]), t[0]))
    if len(named) > MOST_CAUSES:
        rest = named[MOST_CAUSES - 1 :]
        named = [
            *named[: MOST_CAUSES - 1],
            (f"{len(rest)} smaller terms", sum((t[1] for t in rest), ZERO)),
        ]
    return tuple(Cause(text=text, amount_usd=float(amount)) for text, amount in named)


def _fall(before: Mapping[str, Fraction], after: Mapping[str, Fraction], key: str) -> Fraction:
    return before.get(key, ZERO) - after.get(key, ZERO)
