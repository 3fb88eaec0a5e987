"""Copies of a token on other chains: who bears a shortfall decides what a copy is (SEMANTICS 3).

Borne by all, a copy is the token itself and there is one price. Borne by the copies of a bridge,
each of those is a share of what the bridge holds locked: the bridge becomes an issuer, and the copy
its token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from looprisk.engine.catalogue import Catalogue, known, unknown
from looprisk.errors import NotCarriedError
from looprisk.model.frozen import EMPTY
from looprisk.model.issuers import Issuer
from looprisk.model.markets import Market
from looprisk.model.positions import AnyPosition, LoanPosition, TablePosition
from looprisk.model.scenario import Scenario
from looprisk.model.system import System
from looprisk.model.tables import TableName
from looprisk.model.tokens import Par, Share
from looprisk.model.values import Value, decimal_text

V = TypeVar("V")


def catalogued(system: System) -> Catalogue:
    """Return the names of a system without copies, which remembers how they were written."""
    return Catalogue(unfolded(system), written=system)


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
        owns = _summed(issuer.owns, alias, f"{name}/owns")
        issues = {t: _whole(t, r) if t in copied else r for t, r in issuer.issues.items()}
        issuers[name] = issuer.model_copy(update={"owns": owns, "issues": issues})
    for token, receipt in copied.items():
        issuers |= _bridges(token, receipt)
    markets = {name: _accepting(name, m, alias) for name, m in system.markets.items()}
    positions = {name: _moved(name, p, alias) for name, p in system.positions.items()}
    oracles = {
        name: oracle.model_copy(update={"of": alias.get(str(oracle.of), oracle.of)})
        for name, oracle in system.oracles.items()
    }
    return system.model_copy(
        update={
            "issuers": issuers,
            "markets": markets,
            "positions": positions,
            "oracles": oracles,
        }
    )


def _accepting(name: str, market: Market, alias: Mapping[str, str]) -> Market:
    modes = {
        key: mode.model_copy(
            update={
                "collateral": _renamed(mode.collateral, alias, f"{name}/e_modes/{key}/collateral")
            }
        )
        for key, mode in market.e_modes.items()
    }
    terms = _renamed(market.collateral, alias, f"{name}/collateral")
    return market.model_copy(update={"collateral": terms, "e_modes": modes})


def _moved(name: str, position: AnyPosition, alias: Mapping[str, str]) -> AnyPosition:
    if isinstance(position, TablePosition):
        return _retitled(name, position, alias)
    if not isinstance(position, LoanPosition):
        return position
    collateral = _summed(position.collateral, alias, f"{name}/collateral")
    return position.model_copy(update={"collateral": collateral})


def _retitled(name: str, position: TablePosition, alias: Mapping[str, str]) -> TablePosition:
    """Return a table whose columns of copies bear the name of their token."""
    accounts = position.accounts
    if accounts is None:
        return position
    columns = {c: _title(c, alias) for c in accounts.amounts}
    if all(old == new for old, new in columns.items()):
        return position
    if len(set(columns.values())) < len(columns):
        raise NotCarriedError(
            f"{name}/table: two columns are copies of one token, whose shortfall all bear: add "
            "them up into one column"
        )
    renamed_ = replace(
        accounts,
        digest=f"{accounts.digest} {sorted(columns.values())}",
        amounts={columns[c]: lines for c, lines in accounts.amounts.items()},
        totals={columns[c]: total for c, total in accounts.totals.items()},
    )
    table = TableName(str(position.table), position.table.source, renamed_)
    return position.model_copy(update={"table": table, "totals": EMPTY})


def _title(column: str, alias: Mapping[str, str]) -> str:
    kind, slash, token = column.partition("/")
    return f"{kind}{slash}{alias.get(token, token)}"


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


def _renamed(parts: Mapping[str, V], alias: Mapping[str, str], place: str) -> dict[str, V]:
    """Return parts by token; raise NotCarriedError where two copies of one token differ."""
    found: dict[str, V] = {}
    for key, part in parts.items():
        token = alias.get(str(key), str(key))
        if found.setdefault(token, part) != part:
            raise NotCarriedError(
                f"{place}: {key} is one with another copy of {token}, whose shortfall all bear, "
                "and not written alike: write the same for both, or leave one out"
            )
    return found


def _summed(amounts: Mapping[str, Value], alias: Mapping[str, str], place: str) -> dict[str, Value]:
    """Return amounts by token: copies that are the token itself count together."""
    found: dict[str, Value] = {}
    for key, amount in amounts.items():
        token = alias.get(str(key), str(key))
        found[token] = _together(found[token], amount, place) if token in found else amount
    return found


def _together(one: Value, other: Value, place: str) -> Value:
    if one.unit != other.unit:
        raise NotCarriedError(
            f"{place}: `{one.text}` and `{other.text}` are of copies of one token: write both in "
            "the same unit"
        )
    total = known(one, place) + known(other, place)
    return Value(total, total, one.unit, text=decimal_text(total))


def renamed(scenario: Scenario, alias: Mapping[str, str]) -> Scenario:
    """Return the scenario with copies that are the token itself called by the token's name."""
    if not alias:
        return scenario
    stages = tuple(
        stage.model_copy(
            update={
                "depeg": _renamed(stage.depeg, alias, "depeg"),
                "mint": _summed(stage.mint, alias, "mint"),
                "run": _renamed(stage.run, alias, "run"),
                "open": {name: _moved(name, p, alias) for name, p in stage.open.items()},
            }
        )
        for stage in scenario.stages
    )
    expect = tuple(
        e.model_copy(update={"of": alias.get(str(e.of), str(e.of))}) for e in scenario.expect
    )
    return scenario.model_copy(update={"stages": stages, "expect": expect})
