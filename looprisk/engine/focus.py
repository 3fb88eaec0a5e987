"""What is shown of ladders that are too long to be shown whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """The borders shown of each crowd's ladder, as prices in loan tokens."""

    from_below: bool = False
    """Whether what is not shown is bounded from below: the least solution is sought."""
    borders: Mapping[str, frozenset[Fraction]] = field(default_factory=dict)
