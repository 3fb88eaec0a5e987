"""Conditions that no claim decides, decided before anything is solved.

A trigger on a stated price is a line in the shock alone. Where it fails a payment may rise as well
as fall (a liquidator who stays away leaves the collateral to the lender), so the response is cut
there, and on each stretch the condition is a fact (SEMANTICS 1: knots are known before solving).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from looprisk.engine.affine import affine
from looprisk.engine.skeleton import Condition, Skeleton


def crossings(skeleton: Skeleton, lo: Fraction, hi: Fraction) -> set[Fraction]:
    """Return the shock fractions between ``lo`` and ``hi`` at which such a condition changes."""
    lines = [c.const for node in skeleton.nodes for c in node.conditions if _is_fact(c)]
    found = {-line.const / line.slope for line in lines if line.slope}
    return {s for s in found if lo < s < hi}


def decided(skeleton: Skeleton, s: Fraction) -> Skeleton:
    """Return a skeleton in which such conditions hold, or fail, as they do at ``s``."""
    return replace(
        skeleton,
        nodes=tuple(
            replace(node, conditions=tuple(_decided(c, s) for c in node.conditions))
            for node in skeleton.nodes
        ),
    )


def _is_fact(condition: Condition) -> bool:
    return not (condition.own or condition.reads or condition.const.reads)


def _decided(condition: Condition, s: Fraction) -> Condition:
    if not _is_fact(condition):
        return condition
    return replace(condition, const=affine(1 if condition.const.at(s) >= 0 else -1))
