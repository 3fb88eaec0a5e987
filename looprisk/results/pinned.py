"""What an answer pins of its question, so that anybody can ask it again and check the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One solution that the answer went through, as fractions: ``1/3``.

    Whoever compiles the stage puts it into the equations once, and sees that they hold.
    """

    nodes: Mapping[str, str]
    """The assets of each node, in USD."""
    claims: Mapping[str, str]
    """What each claim gets, in USD."""
    navs: Mapping[str, str] = field(default_factory=dict)
    """The books that oracles read there, in USD per unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """The whole question: the system as it starts, and the scenario, as texts."""

    name: str
    """Of the run: ``loss-93``, ``falls[ETH]``."""
    system: Mapping[str, object]
    scenario: Mapping[str, object]
    proof: tuple[Settled, ...] = ()
    """The start, then for each stage its end and what it leaves to the next; empty where it was not
    found in fractions, or hangs on more than equations (tables of accounts, latches)."""

    @property
    def digest(self) -> str:
        """``sha256:`` and 64 hex digits; neither the order of keys nor the machine changes it."""
        return digest_of(self.system, self.scenario)


def digest_of(system: Mapping[str, object], scenario: Mapping[str, object]) -> str:
    """Return the digest of a system and a scenario as texts.

    The order of keys does not count, but that of those who run: who is written first comes first.
    """
    stages = scenario.get("stages")
    if isinstance(stages, list):
        scenario = {**scenario, "stages": [_in_order(stage) for stage in stages]}
    inputs = {"system": system, "scenario": scenario}
    canonical = json.dumps(inputs, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _in_order(stage: object) -> object:
    runs = stage.get("run") if isinstance(stage, Mapping) else None
    if not isinstance(stage, Mapping) or not isinstance(runs, Mapping) or len(runs) < 2:
        return stage
    return {**stage, "run": list(runs.items())}
