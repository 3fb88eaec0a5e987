"""The range that a value has by nature where the file gives none: no more than there can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from looprisk.analysis.uncertain import Datum
from looprisk.model.positions import LoanPosition
from looprisk.model.system import System
from looprisk.model.values import Value

Pot = tuple[str, str]
"""Something of which there is only so much: ``supply`` of a token, ``debt`` of a market's token."""


def with_natural_ranges(system: System, data: Sequence[Datum]) -> tuple[tuple[Datum, str], ...]:
    """Return the data with the ranges that follow from the rest of the file, and why.

    Tokens owned or pledged are at most the supply less what others hold; a debt is at most what
    was supplied less cash and other debts. Two unknowns that share one such rest have no range of
    their own: what one takes the other cannot have.
    """
    sharing = Counter(pot for d in data if d.low is None and (pot := _pot(system, d)) is not None)
    return tuple(_ranged(system, datum, sharing) for datum in data)


def _ranged(system: System, datum: Datum, sharing: Counter[Pot]) -> tuple[Datum, str]:
    value = datum.value
    if value is None:
        return datum, "every order"
    if not value.is_unknown:
        return datum, ""
    if datum.low is not None:
        return datum, "a share of it"
    pot = _pot(system, datum)
    rest = _rest(system, pot) if pot is not None and sharing[pot] == 1 else None
    if pot is None or rest is None or rest <= 0:
        return datum, ""
    return replace(datum, low=Fraction(0), high=rest), f"what is left of the {pot[0]}"


def _pot(system: System, datum: Datum) -> Pot | None:
    """Return what a number of tokens is taken from."""
    if datum.value is None or datum.value.unit != "tokens" or len(datum.place) < 4:
        return None
    section, name, key, thing = datum.place[:4]
    if section == "issuers" and key == "owns":
        return ("supply", thing)
    position = system.positions.get(name) if section == "positions" else None
    if isinstance(position, LoanPosition) and key == "collateral":
        return ("supply", thing)
    if isinstance(position, LoanPosition) and key == "debt":
        return (f"supply of {position.market}", thing)
    return None


def _rest(system: System, pot: Pot) -> Fraction | None:
    kind, thing = pot
    if kind == "supply":
        total = _supply(system, thing)
        taken = list(_held(system, thing))
    else:
        market = kind.removeprefix("supply of ")
        lending = system.markets[market].lends.get(thing)
        total = lending.supplied if lending is not None else None
        taken = [lending.cash] if lending is not None else []
        taken += [
            position.debt[thing]
            for position in system.positions.values()
            if isinstance(position, LoanPosition)
            and position.market == market
            and thing in position.debt
        ]
    if total is None or not total.known or any(v.unit not in {"tokens", ""} for v in taken):
        return None
    return total.number - sum((v.low for v in taken if v.low is not None), Fraction(0))


def _supply(system: System, token: str) -> Value | None:
    for issuer in system.issuers.values():
        if token in issuer.issues:
            return issuer.issues[token].supply
    market = system.markets.get(token)
    if market is not None and len(market.lends) == 1:
        return next(iter(market.lends.values())).supplied
    return None


def _held(system: System, token: str) -> Iterator[Value]:
    """Yield what the rest of the system holds of a token."""
    for issuer in system.issuers.values():
        if token in issuer.owns:
            yield issuer.owns[token]
    for position in system.positions.values():
        if isinstance(position, LoanPosition) and token in position.collateral:
            yield position.collateral[token]
