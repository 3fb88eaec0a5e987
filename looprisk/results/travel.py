"""How a loss travels: who holds what of whom, before a shock and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from looprisk.results.records import Shock

StopKind = Literal["asset", "pile", "venue", "issuer", "market", "account"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Somebody, or something priced outside, that a loss comes through."""

    id: str
    label: str
    kind: StopKind
    layer: int
    before_usd: float
    """What it has: its assets, of an asset all that is held of it."""
    after_usd: float
    loop: int | None = None
    """The number of the loop that it stands in."""

    @property
    def lost(self) -> float:
        """The share of what it had that is gone, from 0 to 1."""
        if self.before_usd <= 0:
            return 0.0
        return min(1.0, max(0.0, 1 - self.after_usd / self.before_usd))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """What one stop has of another; a loss goes from ``source`` to ``target``."""

    source: str
    target: str
    before_usd: float
    after_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Stops that back each other."""

    number: int
    members: tuple[str, ...]
    """In cycle order."""
    first: str
    """The claim at which the gain is counted, by the name to show."""
    gain: float | None
    """Of one dollar lost there, the most that comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """The network of one case, before the shock and after it."""

    scenario: str
    shock: Shock
    stops: tuple[Stop, ...]
    ties: tuple[Tie, ...]
    circles: tuple[Circle, ...]
    issuer_of: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The stop that each claim is on."""
