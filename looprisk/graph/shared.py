"""What several parts depend on together: an oracle, a custodian, a bridge, an issuer, an asset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from looprisk.graph.links import issuer_node
from looprisk.graph.standing import Standing, party_name
from looprisk.graph.worth import supply_id
from looprisk.model.base import Part
from looprisk.model.markets import CollateralTerms
from looprisk.model.names import BUILT_IN_ORACLES
from looprisk.model.positions import LoanPosition, OnVenue, TablePosition
from looprisk.model.system import System

Key = tuple[str, str]
"""(kind, value): ``("bridge", "acme")``, ``("oracle", "slow")``, ``("asset", "ETH")``."""
HELD = frozenset({"issuer", "asset", "venue"})


class Use(NamedTuple):
    """One part that depends on something; a large system has a hundred thousand of them."""

    part: str
    """An id, ``market/collateral`` for an oracle, ``token/copy`` for a bridge."""
    at: frozenset[str]
    """The nodes of the part."""
    met: frozenset[str]
    """The nodes where the dependency is met on the way down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """Something that parts depend on."""

    kind: str
    value: str
    uses: tuple[Use, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """Who depends on it, each once."""
        return tuple(dict.fromkeys(use.part for use in self.uses))

    @property
    def nodes(self) -> frozenset[str]:
        """Where it is met on the way down."""
        return frozenset().union(*(use.met for use in self.uses))


def slot_id(position: str, token: str) -> str:
    """Return the node between an account and one of its several collaterals."""
    return f"{position}/collateral/{token}"


def dependencies(standing: Standing) -> tuple[Dependency, ...]:
    """Return everything that parts depend on, in the order of the system.

    A ``depends_on`` value; the bridge of a copy; an oracle, also as the base of another; an issuer,
    an asset or a venue that somebody has something of. The words ``market`` and ``nav`` are no
    oracle of their own. What an oracle depends on, those who read it depend on.

    >>> from looprisk.graph.standing import standing_of
    >>> by = {"depends_on": {"custodian": "acme"}}
    >>> system = System(assets={"A": {"price": "$1", **by}, "B": {"price": "$1", **by}})
    >>> [(d.kind, d.value, d.parts) for d in dependencies(standing_of(system))]
    [('custodian', 'acme', ('A', 'B'))]
    """
    found: dict[Key, list[Use]] = {}
    for key, use in (
        *_stated(standing),
        *_bridges(standing.system),
        *_oracles(standing),
        *_held(standing),
    ):
        found.setdefault(key, []).append(use)
    return tuple(
        Dependency(kind=kind, value=value, uses=tuple(uses))
        for (kind, value), uses in found.items()
    )


def _use(part: str, nodes: Iterable[str]) -> Use:
    at = frozenset(nodes)
    return Use(part=part, at=at, met=at)


def _stated(standing: Standing) -> Iterator[tuple[Key, Use]]:
    system, worth = standing.system, standing.worth
    for name, part, nodes in (
        *((name, part, {name}) for name, part in system.assets.items()),
        *((name, part, {issuer_node(worth, name)}) for name, part in system.issuers.items()),
        *(
            (token, receipt, {token})
            for issuer in system.issuers.values()
            for token, receipt in issuer.issues.items()
        ),
        *(
            (name, market, {supply_id(name, market, token) for token in market.lends})
            for name, market in system.markets.items()
        ),
        *((name, part, {name}) for name, part in system.venues.items()),
        *((name, part, {name}) for name, part in system.positions.items()),
        *((name, part, set[str]()) for name, part in system.liquidity.items()),
    ):
        yield from ((key, _use(name, nodes)) for key in _keys(part))


def _keys(part: Part) -> Iterator[Key]:
    for kind, value in part.depends_on.items():
        yield kind, str(value)


def _bridges(system: System) -> Iterator[tuple[Key, Use]]:
    for issuer in system.issuers.values():
        for token, receipt in issuer.issues.items():
            alone = isinstance(receipt.shortfall_borne_by, tuple)
            for copy, terms in receipt.copies.items():
                if terms.bridge is not None:
                    name = f"{token}/{copy}"
                    yield ("bridge", str(terms.bridge)), _use(name, {name if alone else token})


def _oracles(standing: Standing) -> Iterator[tuple[Key, Use]]:
    """Yield every oracle with what it is read for, and what the oracle itself depends on."""
    system = standing.system
    for oracle, uses in _readings(standing).items():
        for below in _based_on(system, oracle):
            if below in BUILT_IN_ORACLES or below == "unknown":
                continue
            for use, nodes in uses.items():
                yield ("oracle", below), _use(use, nodes)
                if below in system.oracles:
                    yield from ((key, _use(use, nodes)) for key in _keys(system.oracles[below]))


def _readings(standing: Standing) -> dict[str, dict[str, set[str]]]:
    """Return oracle: market/collateral: the accounts that it decides about."""
    system = standing.system
    read: dict[str, dict[str, set[str]]] = {}
    for name, market in system.markets.items():
        for collateral, terms in market.collateral.items():
            read.setdefault(str(terms.oracle), {}).setdefault(f"{name}/{collateral}", set())
    for name, position in system.positions.items():
        if isinstance(position, OnVenue):
            continue
        pledged = standing.holdings[name]
        for token, terms in _terms(system, position).items():
            claim = standing.worth.claim(token)
            if any(held.of == claim for held in pledged):
                node = slot_id(name, claim) if len(pledged) > 1 else name
                use = f"{position.market}/{token}"
                read.setdefault(str(terms.oracle), {}).setdefault(use, set()).add(node)
    return read


def _terms(system: System, position: LoanPosition | TablePosition) -> Mapping[str, CollateralTerms]:
    market = system.markets[position.market]
    mode = position.e_mode if isinstance(position, LoanPosition) else None
    chosen = market.e_modes[mode].collateral if mode is not None else {}
    return {**market.collateral, **chosen}


def _based_on(system: System, oracle: str) -> Iterator[str]:
    """Yield an oracle and those it reads, each once."""
    met: set[str] = set()
    at: str | None = oracle
    while at is not None and at not in met:
        met.add(at)
        yield at
        part = system.oracles.get(at)
        at = str(part.base) if part is not None and part.base is not None else None


def _held(standing: Standing) -> Iterator[tuple[Key, Use]]:
    """Yield every issuer, asset and venue with the parties that have something of it."""
    things = {
        node: ((kind, party_name(standing, node)), frozenset({node}))
        for node, kind in standing.kinds.items()
        if kind in HELD
    }
    for party, several in standing.holdings.items():
        part, at = party_name(standing, party), frozenset({party})
        for held in several:
            promise = standing.promises.get(held.of)
            below = held.of if promise is None else promise.party
            if below in things and below != party and held.usd != 0:
                key, met = things[below]
                yield key, Use(part, at, met)
