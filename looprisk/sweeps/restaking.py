"""Restaking: the slack of shared stake as a cheap certificate, and where an attack pays exactly.

A validator puts one stake behind several services. A coalition B takes over a service when it has
the share ``threshold`` of the stake behind it; it loses its stake and wins the prizes. With a slack
``gamma``, prizes (1 + gamma) <= stake for every coalition, a loss of the share ``psi`` of all stake
ends at less than ``(1 + 1/gamma) psi`` (Durvasula and Roughgarden 2024).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Unpack

from looprisk.analysis.api import Question, case_of
from looprisk.analysis.clearing import title
from looprisk.analysis.solve import Solved, solve
from looprisk.engine.state import ONE, ZERO
from looprisk.errors import ModelError, Problem
from looprisk.model import units
from looprisk.model.case import Case
from looprisk.model.groups import only_run
from looprisk.model.system import System
from looprisk.results.restaking import Attack, Restaking, Validator

MOST_VALIDATORS = 12
"""Up to so many validators every coalition is looked at."""
KEYS = ("prize", "threshold")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    name: str
    prize: Fraction
    threshold: Fraction
    behind: tuple[int, ...]
    """Places of the validators whose stake is behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Network:
    names: tuple[str, ...]
    services: tuple[_Service, ...]

    def taken(self, coalition: Sequence[int], stakes: Sequence[Fraction]) -> tuple[_Service, ...]:
        """Return the services that a coalition can take over."""
        return tuple(
            service
            for service in self.services
            if any(v in coalition for v in service.behind)
            and sum((stakes[v] for v in service.behind if v in coalition), ZERO)
            >= service.threshold * sum((stakes[v] for v in service.behind), ZERO)
        )

    def coalitions(self) -> Iterator[tuple[int, ...]]:
        """Yield every coalition of validators."""
        for chosen in range(1, 1 << len(self.names)):
            yield tuple(v for v in range(len(self.names)) if chosen >> v & 1)

    def attack(self, coalition: Sequence[int], stakes: Sequence[Fraction]) -> Attack:
        """Return the attack of a coalition at these stakes."""
        taken = self.taken(coalition, stakes)
        return Attack(
            validators=tuple(self.names[v] for v in coalition),
            services=tuple(service.name for service in taken),
            stake_usd=float(sum(stakes[v] for v in coalition)),
            prizes_usd=float(sum(service.prize for service in taken)),
        )


def restaking(
    what: System | Case, services: Mapping[str, Mapping[str, object]], **asked: Unpack[Question]
) -> Restaking:
    """Return the slack of shared stake, the bound ``1 + 1/slack``, and where an attack pays.

    ``what`` and the shock as keywords are those of :func:`looprisk.run`. Validators are the issuers
    that name a service under ``depends_on``; their stake is what they have. ``services`` maps names
    to ``{"prize": "$10M", "threshold": "33%"}``: what an attack on it brings, and the share of the
    stake behind it that is enough. The bound takes one pass over the edges: a coalition's prizes
    are at most what its members carry. Up to 12 validators every coalition is looked at too, and
    followed along the shock to the exact place from which on one gains.

    >>> import looprisk as lr
    >>> one = lr.Issuer(outside={"stake": 110}, depends_on={"service": "S"})
    >>> found = restaking(lr.System(issuers={"A": one}), {"S": {"prize": 100, "threshold": 1}})
    >>> round(found.slack, 9), round(found.multiplier, 9)
    (0.1, 11.0)

    Raises ModelError for services that nobody stands behind.
    """
    case = only_run(case_of(what, asked))
    network = _network(case.system, services)
    solved = solve(case)
    stakes = _stakes(solved, network)
    carried = [_carried(network, v, stakes) for v in range(len(stakes))]
    slacks = [s / c - 1 if c else None for s, c in zip(stakes, carried, strict=True)]
    small = len(stakes) <= MOST_VALIDATORS
    weakest = _weakest(network, stakes) if small else None
    traced = small and bool(case.scenario.stages) and bool(solved.segments)
    first = _first(network, solved) if traced else None
    rows = [
        Validator(
            id=name,
            services=tuple(s.name for s in network.services if v in s.behind),
            stake_usd=float(stakes[v]),
            carried_usd=float(carried[v]),
            slack=None if (slack := slacks[v]) is None else float(slack),
        )
        for v, name in enumerate(network.names)
    ]
    return Restaking(
        scenario=title(case),
        stake_usd=float(sum(stakes)),
        rows=tuple(sorted(rows, key=lambda row: (row.slack is None, row.slack or 0.0, row.id))),
        slack=min((float(slack) for slack in slacks if slack is not None), default=None),
        slack_exact=str(weakest[0]) if weakest is not None else None,
        weakest=network.attack(weakest[1], stakes) if weakest is not None else None,
        break_fraction=float(first[0]) if first is not None else None,
        break_exact=str(first[0]) if first is not None else None,
        attack=network.attack(first[1], first[2]) if first is not None else None,
        traced=traced,
    )


def _network(system: System, services: Mapping[str, Mapping[str, object]]) -> _Network:
    wanted = {name: _terms(name, terms) for name, terms in services.items()}
    behind = {
        issuer: set(part.depends_on.values()) & set(wanted)
        for issuer, part in system.issuers.items()
    }
    names = tuple(issuer for issuer, used in behind.items() if used)
    alone = [name for name in wanted if not any(name in behind[v] for v in names)]
    if alone or not wanted:
        message = f"services: nobody stands behind `{alone[0]}`" if alone else "services: none"
        help_ = f"give an issuer depends_on: {{service: {alone[0] if alone else 'NAME'}}}"
        raise ModelError([Problem((), message, help_)])
    return _Network(
        names=names,
        services=tuple(
            _Service(
                name=name,
                prize=prize,
                threshold=threshold,
                behind=tuple(v for v, issuer in enumerate(names) if name in behind[issuer]),
            )
            for name, (prize, threshold) in wanted.items()
        ),
    )


def _terms(name: str, terms: Mapping[str, object]) -> tuple[Fraction, Fraction]:
    if set(terms) != set(KEYS):
        message = f"services: {name}: a service has a prize and a threshold"
        raise ModelError([Problem((), message, "{prize: $10M, threshold: 33%}")])
    try:
        prize, threshold = units.money(terms["prize"]), units.fraction(terms["threshold"])
    except ValueError as error:
        raise ModelError([Problem((), f"services: {name}: {error}")]) from None
    if not (prize.known and threshold.known and threshold.number):
        message = f"services: {name}: a prize is one number, a threshold one above nothing"
        raise ModelError([Problem((), message)])
    return prize.number, threshold.number


def _stakes(solved: Solved, network: _Network) -> list[Fraction]:
    node = solved.start.compiled.index.node
    return [Fraction(solved.start.solution.y[node[name]]) for name in network.names]


def _carried(network: _Network, v: int, stakes: Sequence[Fraction]) -> Fraction:
    """Return the prizes that lean on one stake: the condition of EigenLayer, per validator."""
    total = ZERO
    for service in network.services:
        whole = sum((stakes[w] for w in service.behind), ZERO)
        if v in service.behind and whole:
            total += service.prize * stakes[v] / (service.threshold * whole)
    return total


def _weakest(
    network: _Network, stakes: Sequence[Fraction]
) -> tuple[Fraction, tuple[int, ...]] | None:
    """Return the least slack of all coalitions that gain anything, and whose it is."""
    found: tuple[Fraction, tuple[int, ...]] | None = None
    for coalition in network.coalitions():
        prizes = sum((s.prize for s in network.taken(coalition, stakes)), ZERO)
        if not prizes:
            continue
        slack = sum((stakes[v] for v in coalition), ZERO) / prizes - 1
        if found is None or slack < found[0]:
            found = (slack, coalition)
    return found


def _first(
    network: _Network, solved: Solved
) -> tuple[Fraction, tuple[int, ...], tuple[Fraction, ...]] | None:
    """Return where along the shock an attack first pays, whose it is, and the stakes there."""
    for segment in solved.segments:
        node = segment.compiled.index.node
        places = [node[name] for name in network.names]
        for piece in segment.pieces:
            lo, hi = Fraction(piece.lo), min(Fraction(piece.hi), ONE)
            if lo >= hi:
                continue
            start = [Fraction(piece.y_const[place]) for place in places]
            slope = [Fraction(piece.y_slope[place]) for place in places]
            hits = [
                (place, coalition)
                for coalition in network.coalitions()
                if (place := _pays(network, coalition, (start, slope), lo, hi)) is not None
            ]
            if hits:
                place, coalition = min(hits)
                return place, coalition, _at((start, slope), place)
    return None


_Lines = tuple[Sequence[Fraction], Sequence[Fraction]]
"""Stakes as lines: at nothing, and how each moves with the shock."""


def _at(lines: _Lines, s: Fraction) -> tuple[Fraction, ...]:
    return tuple(a + b * s for a, b in zip(*lines, strict=True))


def _pays(
    network: _Network, coalition: Sequence[int], lines: _Lines, lo: Fraction, hi: Fraction
) -> Fraction | None:
    """Return from where on a coalition gains in a stretch; what it can take changes inside."""
    inside = set(coalition)
    cuts = {lo, hi}
    for service in network.services:
        gaps = [
            sum((line[v] for v in service.behind if v in inside), ZERO)
            - service.threshold * sum((line[v] for v in service.behind), ZERO)
            for line in lines
        ]
        if gaps[1] and lo < -gaps[0] / gaps[1] < hi:
            cuts.add(-gaps[0] / gaps[1])
    const, slope = (sum((line[v] for v in coalition), ZERO) for line in lines)
    for left, right in pairwise(sorted(cuts)):
        taken = network.taken(coalition, _at(lines, (left + right) / 2))
        short = sum((service.prize for service in taken), ZERO) - const
        if short > slope * left:
            return left
        if slope < 0 and short > slope * right:
            return short / slope
    return None
