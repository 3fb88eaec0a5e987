"""What a market that absorbs does with an unhealthy account (Compound III)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.proof.moment import F

Number = Any


def absorbed(
    worth: Number, owed: Number, kept: Fraction, less: Fraction, *, healthy: bool
) -> tuple[Number, Number, Number, bool]:
    if healthy:
        return min(owed, worth), max(F(0), worth - owed), F(0), False
    owner = max(F(0), kept * worth - owed)
    proceeds = (1 - less) * worth
    lender = min(owed, proceeds - owner)
    return lender, owner, proceeds - owner - lender, True
