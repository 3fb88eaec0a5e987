"""What a page needs to move a shock: the loss of everybody, straight piece by straight piece."""

from dataclasses import dataclass
from typing import Literal

from looprisk.results.records import LossCurve


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """What one claimant bears along the whole shock: straight between neighbouring knots."""

    claimant: str
    kind: Literal["claim", "leak", "excess"]
    curve: LossCurve
    """``of`` is the claim; ``start_usd`` what holders outside had of it, 0 for what leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """The answer at every size of a shock."""

    claims: tuple[LossCurve, ...]
    """The loss of every claim."""
    bearers: tuple[Bearer, ...]
    """What outside claimants and leaks bear; at each size it adds up to what was put in."""
