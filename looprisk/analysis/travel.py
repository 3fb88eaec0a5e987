"""The network of a case before and after its shock: the flows of two solutions, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from looprisk.analysis.axis import axis_of, shock_of
from looprisk.analysis.bearing import loss_put_in
from looprisk.analysis.clearing import title
from looprisk.analysis.flows import Flows, flows
from looprisk.analysis.names import part_label
from looprisk.analysis.solve import Solved
from looprisk.engine.point import Point
from looprisk.engine.state import ZERO
from looprisk.graph import Loop, loops
from looprisk.graph import layers as layers_of
from looprisk.graph.exposure import exposure_graph
from looprisk.results.travel import Circle, Stop, StopKind, Tie, Travel

Amounts = tuple[Fraction, Fraction]


def travel_of(solved: Solved) -> Travel:
    """Return who holds what of whom before and after the shock of a case, in USD.

    Claims are drawn into who issued them. What an issuer holds of an asset counts at the prices of
    the two moments; dust and what nobody holds are left out.
    """
    system = solved.catalogue.system
    before, after = flows(solved.start), flows(solved.end)
    layer = layers_of(system)
    circles = dict(enumerate(loops(system), 1))
    inside = _members(solved, circles)
    ties = _ties(solved, before, after)
    stops = [
        _stop(solved, node, _assets(before, node), _assets(after, node), layer, inside)
        for node in after.paid
    ]
    stops += [
        Stop(
            id=thing,
            label=_outside_label(solved, thing),
            kind=_outside_kind(solved, thing),
            layer=0,
            before_usd=float(sum((t[0] for (s, _), t in ties.items() if s == thing), ZERO)),
            after_usd=float(sum((t[1] for (s, _), t in ties.items() if s == thing), ZERO)),
        )
        for thing in dict.fromkeys(source for source, _ in ties if source not in after.paid)
    ]
    return Travel(
        scenario=title(solved.case),
        shock=shock_of(solved, axis_of(solved), loss_put_in(solved)),
        stops=tuple(stop for stop in stops if stop.before_usd > 0),
        ties=tuple(
            Tie(source=s, target=t, before_usd=float(old), after_usd=float(new))
            for (s, t), (old, new) in ties.items()
            if old > 0
        ),
        circles=tuple(_circle(solved, number, loop) for number, loop in circles.items()),
        issuer_of={claim: node for node, claims in after.paid.items() for claim in claims},
    )


def _stop(
    solved: Solved,
    node: str,
    before: Fraction,
    after: Fraction,
    layer: Mapping[str, int],
    inside: Mapping[str, int],
) -> Stop:
    catalogue = solved.catalogue
    kind: StopKind = (
        "account"
        if node in catalogue.loans
        else "market"
        if node in catalogue.supplies
        else "issuer"
    )
    return Stop(
        id=node,
        label=_label(solved, node),
        kind=kind,
        layer=max(1, layer.get(f"{node}/issuer", layer.get(node, 1))),
        before_usd=float(before),
        after_usd=float(after),
        loop=inside.get(node),
    )


def _label(solved: Solved, node: str) -> str:
    catalogue = solved.catalogue
    if node in catalogue.supplies:
        market, token = catalogue.supplies[node]
        label = part_label(catalogue.system, market)
        return label if node == market else f"{label} {part_label(catalogue.system, token)}"
    label = part_label(catalogue.system, node)
    tokens = [
        t for t, issuer in catalogue.issuer_of.items() if issuer == node and t not in {node, label}
    ]
    return f"{label} ({tokens[0]})" if len(tokens) == 1 else label


def _assets(found: Flows, node: str) -> Fraction:
    return sum(found.paid.get(node, {}).values(), ZERO) + found.leaked.get(node, ZERO)


def _ties(solved: Solved, before: Flows, after: Flows) -> dict[tuple[str, str], Amounts]:
    ties: dict[tuple[str, str], Amounts] = {}
    issued_by = {claim: node for node, claims in after.paid.items() for claim in claims}
    for source, target, old, new in (
        *_held(before, after, issued_by),
        *_piles(solved, before, after),
        *_priced(solved),
    ):
        one, other = ties.get((source, target), (ZERO, ZERO))
        if source != target:
            ties[source, target] = (one + old, other + new)
    return ties


def _held(
    before: Flows, after: Flows, issued_by: Mapping[str, str]
) -> Iterator[tuple[str, str, Fraction, Fraction]]:
    for holder, claims in after.held.items():
        held = before.held.get(holder, {})
        for claim in {**held, **claims}:
            yield issued_by[claim], holder, held.get(claim, ZERO), claims.get(claim, ZERO)


def _piles(
    solved: Solved, before: Flows, after: Flows
) -> Iterator[tuple[str, str, Fraction, Fraction]]:
    """Yield money outside and legs on venues, by name."""
    named = solved.catalogue.system.positions
    for node, things in after.given.items():
        for thing, new in things.items():
            if "/outside/" in thing or thing in named:
                yield thing, node, before.given.get(node, {}).get(thing, ZERO), new


def _priced(solved: Solved) -> Iterator[tuple[str, str, Fraction, Fraction]]:
    """Yield what is held of assets, at their prices before and after."""
    system = solved.catalogue.system
    graph = exposure_graph(system)
    legs = {leg for several in solved.catalogue.legs_of.values() for leg in several}
    for asset in system.assets:
        if asset not in graph:
            continue
        left = _price(solved.end, asset) / _price(solved.start, asset)
        for holder, edge in graph.succ[asset].items():
            if edge["usd"] and holder not in legs:
                usd = Fraction(edge["usd"])
                yield asset, holder.removesuffix("/issuer"), usd, usd * left


def _price(point: Point, asset: str) -> Fraction:
    return Fraction(point.compiled.world.price(asset).at(point.s))


def _outside_kind(solved: Solved, thing: str) -> StopKind:
    if thing in solved.catalogue.system.assets:
        return "asset"
    return "pile" if "/outside/" in thing else "venue"


def _outside_label(solved: Solved, thing: str) -> str:
    owner, mark, pile = thing.partition("/outside/")
    system = solved.catalogue.system
    return f"{part_label(system, owner)}: {pile}" if mark else part_label(system, thing)


def _members(solved: Solved, circles: Mapping[int, Loop]) -> dict[str, int]:
    nodes = {node: number for number, loop in circles.items() for node in loop.nodes}
    nodes |= {node.removesuffix("/issuer"): number for node, number in nodes.items()}
    tokens = solved.catalogue.issuer_of
    return nodes | {tokens[t]: number for t, number in nodes.items() if t in tokens}


def _circle(solved: Solved, number: int, loop: Loop) -> Circle:
    tokens = solved.catalogue.issuer_of
    names = [tokens.get(node, node).removesuffix("/issuer") for node in loop.nodes]
    worth = solved.start.compiled.index.claim
    # a loop has no beginning: it is told from where most money stands
    first = max(loop.members, key=lambda m: solved.start.claim(m) if m in worth else ZERO)
    return Circle(
        number=number,
        members=tuple(dict.fromkeys(names)),
        first=_label(solved, tokens.get(first, first)),
        gain=loop.gain_at(first),
    )
