"""Parts of a system as indices: issuers and their claims, feeds, runs, pools."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.model.scenario import Run
from looprisk.model.tokens import Liquidity


@dataclass(frozen=True, kw_only=True)
class Owed:
    """A claim with a face: a loan taken by an issuer, or its par token."""

    id: str
    issuer: int
    rank: int
    amount: float
    """Of a loan, in units; of a par token, what one token promises."""
    unit: int
    """The good it is counted in, -1 for dollars."""
    good: int
    """The par token, -1 for a loan."""
    creditor: int
    """The issuer a loan is owed to, -1 for somebody outside."""
    rate: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Firm:
    """An issuer: its claims in order, and how it books."""

    name: str
    owed: tuple[Owed, ...]
    residual: tuple[int, ...]
    """Its shares; none: what is left belongs to its equity, outside."""
    weights: tuple[float, ...]
    recovery: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Fed:
    """A market that an issuer supplies by itself."""

    issuer: int
    supply: int
    """The place of the supply among supplies."""
    up_to: float
    at: float
    """The utilisation from which on it feeds."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Holders of one token or supply who ask for their money at one stage."""

    stage: int
    good: int
    terms: Run
    name: str
    """Who leaves, in results."""


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """Liquidity: the good it is for, and its terms."""

    name: str
    good: int
    part: Liquidity
