"""Copies of a token on other chains: who bears a shortfall decides what a copy is (SEMANTICS 3).

Borne by all, a copy is the token itself and there is one price. Borne by the copies of a bridge,
each of those is a share of what the bridge holds locked: the bridge becomes an issuer, and the copy
its token.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeVar

from looprisk.engine.catalogue import known, unknown
from looprisk.model.issuers import Issuer
from looprisk.model.positions import AnyPosition, LoanPosition
from looprisk.model.scenario import Scenario
from looprisk.model.system import System
from looprisk.model.tokens import Par, Share
from looprisk.model.values import Value

V = TypeVar("V")


def unfolded(system: System) -> System:
    """Return the system without copies: each one the token itself, or the token of a bridge.

    Raises UnknownValueError where nobody knows who bears a shortfall.
    """
    copied = _copied(system)
    if not copied:
        return system
    alias = aliases(system)
    issuers: dict[str, Issuer] = {}
    for name, issuer in system.issuers.items():
        owns = _renamed(issuer.owns, alias)
        issues = {t: _whole(t, r) if t in copied else r for t, r in issuer.issues.items()}
        issuers[name] = issuer.model_copy(update={"owns": owns, "issues": issues})
    for token, receipt in copied.items():
        issuers |= _bridges(token, receipt)
    markets = {
        name: market.model_copy(update={"collateral": _renamed(market.collateral, alias)})
        for name, market in system.markets.items()
    }
    positions = {name: _moved(position, alias) for name, position in system.positions.items()}
    return system.model_copy(
        update={"issuers": issuers, "markets": markets, "positions": positions}
    )


def _moved(position: AnyPosition, alias: Mapping[str, str]) -> AnyPosition:
    if not isinstance(position, LoanPosition):
        return position
    return position.model_copy(update={"collateral": _renamed(position.collateral, alias)})


def _copied(system: System) -> dict[str, Share | Par]:
    return {
        token: receipt
        for issuer in system.issuers.values()
        for token, receipt in issuer.issues.items()
        if receipt.copies
    }


def aliases(system: System) -> dict[str, str]:
    """Return which token each copy is, for copies that are not borne alone."""
    return {
        f"{token}/{copy}": token
        for token, receipt in _copied(system).items()
        for copy in receipt.copies
        if copy not in _alone(token, receipt)
    }


def _alone(token: str, receipt: Share | Par) -> tuple[str, ...]:
    """Return the copies that bear a shortfall of theirs alone."""
    borne = receipt.shortfall_borne_by
    if borne == "unknown":
        raise unknown(f"{token}/shortfall_borne_by")
    return () if borne is None or isinstance(borne, str) else borne


def _locked(token: str, name: str, receipt: Share | Par) -> Fraction:
    copy = receipt.copies[name]
    value = copy.supply if copy.locked is None else copy.locked
    return known(value, token, "copies", name, "locked")


def _whole(token: str, receipt: Share | Par) -> Share | Par:
    """Return the token with all that is outstanding.

    Copies behind a bridge for what it holds locked.
    """
    supply = known(receipt.supply, token, "supply")
    for name, copy in receipt.copies.items():
        if name not in _alone(token, receipt):
            supply += known(copy.supply, token, "copies", name, "supply") - _locked(
                token, name, receipt
            )
    return receipt.model_copy(
        update={"supply": _tokens(supply), "copies": {}, "shortfall_borne_by": None}
    )


def _bridges(token: str, receipt: Share | Par) -> dict[str, Issuer]:
    """Return the bridge of every copy that bears its shortfall alone, as an issuer of that copy."""
    posted = receipt.book_price if isinstance(receipt, Share) else receipt.par
    return {
        f"{token}/{name}": Issuer(
            owns={token: _tokens(_locked(token, name, receipt))},
            issues={
                f"{token}/{name}": Share(
                    supply=receipt.copies[name].supply,
                    book_price=posted,
                    label=receipt.copies[name].label,
                )
            },
        )
        for name in _alone(token, receipt)
    }


def _tokens(number: Fraction) -> Value:
    return Value(number, number, "tokens", text=str(float(number)))


def _renamed(amounts: Mapping[str, V], alias: Mapping[str, str]) -> dict[str, V]:
    return {alias.get(str(key), str(key)): value for key, value in amounts.items()}


def renamed(scenario: Scenario, alias: Mapping[str, str]) -> Scenario:
    """Return the scenario with copies that are the token itself called by the token's name."""
    if not alias:
        return scenario
    stages = tuple(
        stage.model_copy(
            update={
                "depeg": _renamed(stage.depeg, alias),
                "mint": _renamed(stage.mint, alias),
                "run": _renamed(stage.run, alias),
                "open": {name: _moved(position, alias) for name, position in stage.open.items()},
            }
        )
        for stage in scenario.stages
    )
    expect = tuple(
        e.model_copy(update={"of": alias.get(str(e.of), str(e.of))}) for e in scenario.expect
    )
    return scenario.model_copy(update={"stages": stages, "expect": expect})
