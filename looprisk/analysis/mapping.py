"""The map of a system for a notebook: who holds what, what a thing stands on, what is shared."""

from __future__ import annotations

from typing import overload

from looprisk.analysis.map_look import Look, exposed_rows, hhi, top_three
from looprisk.analysis.map_rows import backing_rows, held_rows, label_of, loop_row, loop_rows, plain
from looprisk.analysis.map_shared import shared_rows
from looprisk.analysis.network import PAPER, Network
from looprisk.analysis.worths import Number
from looprisk.model.case import Case
from looprisk.model.collecting import collector_paused
from looprisk.model.system import System
from looprisk.results.map_answers import Common, Exposure, SystemMap
from looprisk.results.map_records import Ratios


@overload
def exposure(what: System | Case, of: None = None) -> SystemMap: ...
@overload
def exposure(what: System | Case, of: str) -> Exposure: ...
def exposure(what: System | Case, of: str | None = None) -> SystemMap | Exposure:
    """Return who holds what of whom; with ``of``, what that stands on and who stands on it.

    Everything is at book and before any shock; ``real`` numbers say what the claims would get if
    all that is there were passed up. ``of`` is a token, a market or its supply, an issuer, a loan
    (``S/owes/V``), an account, an asset, a pile. Loops are summed. Money in USD.

    >>> import looprisk as lr
    >>> fund = {
    ...     "owns": {"B": 20},
    ...     "outside": {"cash": "$80"},
    ...     "issues": {"A": {"kind": "share", "supply": 100}},
    ... }
    >>> lever = {
    ...     "owns": {"A": 88},
    ...     "owes": {"outside": "$66"},
    ...     "pays": ["debts", "B"],
    ...     "issues": {"B": {"kind": "share", "supply": 22}},
    ... }
    >>> system = lr.System(issuers={"fund": fund, "lever": lever})
    >>> look = exposure(system, of="B")
    >>> [(source.id, source.usd) for source in look.source_rows]
    [('fund/outside/cash', 22.0)]
    >>> look.ratios.rehypothecation_ratio  # B, A, then of each dollar of A a fifth goes round again
    2.5

    Raises ModelError, with the nearest id, where there is no such thing.
    """
    system = what.system if isinstance(what, Case) else what
    with collector_paused():  # the network is gone before the collector could search it
        return _whole(Network(system)) if of is None else _look(Network(system), of)


def common(what: System | Case, of: str | None = None) -> Common:
    """Return what parts of a system share, and how much of the book value stands on each.

    Oracles, ``depends_on`` values of any kind (custodian, curator, bridge, feed), issuers, assets
    and venues on which at least two parts depend. Shares are of what holders outside have, or of
    all of the claim ``of``; they overlap and are not to be added.

    >>> by = {"depends_on": {"custodian": "acme"}}
    >>> import looprisk as lr
    >>> system = lr.System(
    ...     assets={"A": {"price": "$1", **by}, "B": {"price": "$3", **by}},
    ...     issuers={
    ...         "F": {"owns": {"A": 1, "B": 1}, "issues": {"f": {"kind": "share", "supply": 1}}}
    ...     },
    ... )
    >>> (row,) = common(system).rows
    >>> row.kind, row.value, row.parts, row.share
    ('custodian', 'acme', ('A', 'B'), 1.0)
    """
    system = what.system if isinstance(what, Case) else what
    with collector_paused():
        return _common(Network(system), of)


def _common(network: Network, of: str | None) -> Common:
    node = network.resolve(of) if of is not None else None
    rows, left_out = shared_rows(network, node)
    whole = _outside(network) if node is None else network.value(node, network.book)
    return Common(
        system=network.system.name or "system",
        of=of or "",
        of_label=label_of(network, node) if node is not None else "",
        book_usd=plain(whole),
        rows=rows,
        left_out=left_out,
        unknown=_unknown(network) if node is None else Look(network, node).unknown,
    )


def _look(network: Network, of: str) -> Exposure:
    node = network.resolve(of)
    look = Look(network, node)
    book, real = network.value(node, network.book), network.value(node, network.real)
    ways, rest = look.ways(book)
    mine = {node, look.party}
    number = next((i for i, loop in enumerate(network.loops, 1) if mine & set(loop.nodes)), None)
    return Exposure(
        system=network.system.name or "system",
        of=of,
        label=label_of(network, node),
        layer=network.layers.get(network.standing.token_of(node), 0),
        ratios=look.ratios(book, real),
        source_rows=look.sources(book, real),
        passage_rows=look.passages(book),
        way_rows=ways,
        other_ways=rest,
        exposed_rows=exposed_rows(network, node, book),
        loop=None if number is None else loop_row(network, number),
    )


def _whole(network: Network) -> SystemMap:
    return SystemMap(
        system=network.system.name or "system",
        held_rows=held_rows(network),
        loop_rows=loop_rows(network),
        backing_rows=backing_rows(network),
        claims_usd=plain(_paper(network)),
        outside_assets_usd=plain(_ends(network)),
        ratios=_ratios(network),
    )


def _ratios(network: Network) -> Ratios:
    start = network.outside()
    whole, there, paper = _outside(network), _ends(network), _paper(network)
    concentration = top = None
    if whole and not _unknown(network):
        ground = network.ground
        visits = ground.visits({node: usd / whole for node, usd in start.items()})
        ends = ground.ends(visits)
        concentration, top = hhi(network, ends), top_three(network, ends)
    return Ratios(
        book_usd=plain(whole),
        real_usd=plain(there),
        book_to_real=plain(whole / there if whole is not None and there else None),
        rehypothecation_ratio=plain(paper / there if paper is not None and there else None),
        hhi_by_issuer=concentration,
        top_three_by_issuer=top,
        unknown=_unknown(network),
    )


def _outside(network: Network) -> Number:
    """Return what holders outside have at book; ``None`` where some of it is unknown."""
    if network.outside_unknown():
        return None
    return sum(network.outside().values(), start=network.books.zero)


def _paper(network: Network) -> Number:
    """Return all tokens, loans and supplies at book."""
    promises = network.standing.promises.values()
    return network.total(network.book.claims[p.id] for p in promises if p.kind in PAPER)


def _ends(network: Network) -> Number:
    """Return everything that comes from outside, each thing once."""
    books, standing = network.books, network.standing
    held = (
        books.value(one, {})
        for several in standing.holdings.values()
        for one in several
        if one.of not in standing.promises
    )
    covers = network.total(books.scalar(cover) for cover in standing.covers.values())
    ends = network.total(held)
    return None if ends is None or covers is None else ends + covers


def _unknown(network: Network) -> tuple[str, ...]:
    """Return the paths of all unknown numbers of a system."""
    parties = network.books.parties
    return tuple(dict.fromkeys((*network.book.unknowns(parties), *network.real.unknowns(parties))))
