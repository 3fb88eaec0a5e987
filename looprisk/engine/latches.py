"""Liquidations that stay: the latched mode beside the equilibrium mode (MODEL 4.5).

An equilibrium asks what clears at a shock and forgets how the shock got there: an account that is
under its threshold half-way and over it at the end counts as healthy. Latched, an account that was
liquidated on the way stays liquidated, and is settled at the prices where the shock stands. What is
no act of anybody, such as an issuer that is short, may recover in both modes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from looprisk.engine.breaks import broken, known_crossings
from looprisk.engine.clear import Selection
from looprisk.engine.curved import WIDTH
from looprisk.engine.enclosed import realm_of
from looprisk.engine.monitors import Monitor
from looprisk.engine.point import Compiled
from looprisk.engine.ranged import Realm
from looprisk.engine.stage import StageRun
from looprisk.engine.state import ONE, ZERO
from looprisk.errors import NotCarriedError


def latched(run: StageRun, selection: Selection) -> StageRun:
    """Return a stage in which what is liquidated on the way stays so.

    Which accounts are, and from which shock fraction on, follows from the shock's own path: a
    liquidation that stays may bring on another, never undo one, so this ends after at most one
    round for each account. Raises NotCarriedError for tables of accounts.
    """
    if run.catalogue.summed:
        raise NotCarriedError(
            f"mode/latched: {min(run.catalogue.summed)} is a table of accounts: list the "
            "accounts that may recover as positions, or write `mode: equilibrium`"
        )
    realm = realm_of(run.compiled_at(ONE, {}).form)
    if realm is not None:
        return replace(run, latches=_any(run, realm))
    latches: Mapping[str, Fraction] = {}
    while True:
        run = replace(run, latches=latches)
        first = _first(run, selection)
        # what a scan brackets is found again a width away at most
        earlier = {
            name: s for name, s in first.items() if name not in latches or s < latches[name] - WIDTH
        }
        if not earlier:
            return run
        latches = {**latches, **earlier}


def _any(run: StageRun, realm: Realm) -> Mapping[str, Fraction]:
    """Return what may be latched before the end, each account one way and the other."""
    return {name: ZERO for name in run.catalogue.loans if realm.choose(2)}


def _first(run: StageRun, selection: Selection) -> dict[str, Fraction]:
    """Return the shock fraction after which each account is liquidated, where it is."""
    segments = run.segments(selection)
    exact = () if segments else known_crossings(run)
    found = broken(run, segments, _liquidations, selection, exact)
    return {name: Fraction(stretches[0].lo) for (name, _), stretches in found.items()}


def _liquidations(compiled: Compiled) -> tuple[Monitor, ...]:
    return tuple(
        Monitor(of=name, event="liquidated", node=name, state="liquidated")
        for name in compiled.world.catalogue.loans
    )
