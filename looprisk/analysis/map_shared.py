"""What several parts depend on together, and how much of the book stands on it."""

from __future__ import annotations

from collections.abc import Mapping

from looprisk.analysis.map_rows import plain
from looprisk.analysis.network import Network
from looprisk.analysis.worths import Number
from looprisk.engine.form import Scalar
from looprisk.graph.shared import HELD, Dependency, dependencies
from looprisk.results.map_records import Shared

MEASURED = 100
"""So many dependencies are measured of a network too large for fractions."""


def shared_rows(network: Network, node: str | None) -> tuple[tuple[Shared, ...], int]:
    """Return what parts share, the most important first, and how many rows were left out.

    Measured on what holders outside have. Or on all of one claim: then of the parts below it only,
    and with the custodians, oracles and so on that only one of them has.
    """
    start, whole = _start(network, node)
    several = _asked(network, node)
    chosen = several
    if not network.ground.exact:
        bound = _bounds(network, several, start)
        order = sorted(range(len(several)), key=lambda i: (-bound[i], i))
        chosen = [several[i] for i in order[:MEASURED]]
    reached = network.ground.hits(start, [one.nodes for one in chosen])
    rows = [
        _row(network, one, usd if one.nodes else None, whole)
        for one, usd in zip(chosen, reached, strict=True)
    ]
    rows.sort(key=lambda row: (-(row.share or 0.0), -len(row.parts), row.kind, row.value))
    return tuple(rows), len(several) - len(chosen)


def _asked(network: Network, node: str | None) -> list[Dependency]:
    """Return the dependencies to show: those of two parts, or those of the parts below a node."""
    everything = dependencies(network.standing)
    if node is None:
        return [one for one in everything if len(one.parts) > 1]
    below = set(network.ground.visits({node: 1}))
    found = []
    for one in everything:
        uses = tuple(use for use in one.uses if use.at & below and use.met & below)
        kept = Dependency(kind=one.kind, value=one.value, uses=uses)
        if len(kept.parts) > (one.kind in HELD):
            found.append(kept)
    return found


def _start(network: Network, node: str | None) -> tuple[Mapping[str, Scalar], Number]:
    if node is None:
        held = network.outside()
        return held, sum(held.values(), start=network.books.zero)
    whole = network.value(node, network.book)
    return {node: 1 if whole is None else whole}, whole


def _bounds(
    network: Network, several: list[Dependency], start: Mapping[str, Scalar]
) -> list[float]:
    """Return for each dependency the dollars that pass its nodes, every return counted."""
    visits = network.ground.visits(start)
    return [float(sum(visits.get(node, 0) for node in one.nodes)) for one in several]


def _row(network: Network, one: Dependency, usd: Number, whole: Number) -> Shared:
    layers = [_layer(network, part) for part in one.parts]
    share = usd if whole is None else usd / whole if whole and usd is not None else None
    return Shared(
        kind=one.kind,
        value=one.value,
        parts=one.parts,
        usd=plain(None if whole is None else usd),
        share=plain(share),
        lowest_layer=min(layers),
        highest_layer=max(layers),
    )


def _layer(network: Network, part: str) -> int:
    """Return the layer of a part; of ``market/token`` and ``token/copy`` the one before it."""
    layers = network.layers
    return layers.get(part, layers.get(part.partition("/")[0], 0))
