"""The metric ``look_through``: how much of a book value passes an issuer on its way down."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looprisk.analysis.ground import UNKNOWN
from looprisk.analysis.map_look import WAYS, Look
from looprisk.analysis.map_rows import label_of
from looprisk.analysis.network import Network
from looprisk.engine.form import Scalar
from looprisk.graph.links import issuer_node
from looprisk.graph.routes import routes
from looprisk.graph.standing import party_name
from looprisk.model.system import System

ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookThrough:
    """What part of a book value passes an issuer; an interval where something is unknown."""

    low: Fraction
    high: Fraction
    issuer: str
    """The issuer asked about; of any, the one that most passes, ``""`` where there is none."""
    unknown: tuple[str, ...] = ()
    """The paths of the unknown numbers that the interval comes from."""


def look_through(system: System, of: str, of_issuer: str | None = None) -> LookThrough:
    """Return the part of the book value of ``of`` that passes an issuer before any shock.

    Loops are summed and each dollar counts once, however often it comes round. ``any``, or no name,
    asks for the issuer that most passes, its own left out: all of a token passes that. With the
    name of its own issuer, what comes back to it. What nobody knows may all pass the issuer: then
    ``high`` is above ``low``.

    >>> fund = {
    ...     "owns": {"t": 40},
    ...     "outside": {"cash": "$60"},
    ...     "issues": {"f": {"kind": "share", "supply": 100}},
    ... }
    >>> issuer = {"outside": {"pile": "$40"}, "issues": {"t": {"kind": "share", "supply": 40}}}
    >>> found = look_through(System(issuers={"fund": fund, "T": issuer}), "f")
    >>> found.low, found.issuer
    (Fraction(2, 5), 'T')
    """
    network = Network(system)
    look = Look(network, network.resolve(of))
    if of_issuer not in {None, ANY}:
        return _of(look, [issuer_node(network.standing.worth, str(of_issuer))])
    issuers = [n for n in look.visits if network.kind(n) == "issuer" and n != look.party]
    return _of(look, issuers)


def way_to(system: System, of: str, issuer: str) -> tuple[str, ...]:
    """Return the heaviest way down from ``of`` to an issuer, by the names to show.

    Empty where none of the heaviest ways passes it.
    """
    network = Network(system)
    look = Look(network, network.resolve(of))
    goal = issuer_node(network.standing.worth, issuer)
    found, _ = routes(network.ground.rows, look.party or look.node, WAYS)
    for route in found:
        if goal in route.nodes[1:]:
            nodes = route.nodes[1 : route.nodes.index(goal, 1) + 1]
            return tuple(dict.fromkeys((of, *(label_of(network, node) for node in nodes))))
    return ()


def _of(look: Look, issuers: list[str]) -> LookThrough:
    """Return the largest of the issuers; a bound of each says when the others cannot be."""
    network = look.network
    dark = {end: part for end, part in look.ends.items() if network.kind(end) == "unknown"}
    lost: Scalar = sum(dark.values())
    ends_dark = network.ground.reach(dark) if dark else {}
    low: Scalar = 0
    high: Scalar = lost
    most = ""
    # a party is passed at most as often as it is visited, so the first are the candidates
    for issuer in sorted(issuers, key=lambda issuer: (-look.visits.get(issuer, 0), issuer)):
        if look.visits.get(issuer, 0) + lost <= low:
            break
        share = look.passing([issuer])[issuer]
        if not most or share > low:
            low, most = share, issuer
        # what passes it and then ends where nobody knows has passed it already
        high = max(high, share + lost - share * ends_dark.get(issuer, 0))
    unknown = network.book.unknowns(end.removesuffix(UNKNOWN) for end in dark)
    return LookThrough(
        low=Fraction(low),
        high=Fraction(max(low, min(high, 1))) if dark else Fraction(low),
        issuer=party_name(network.standing, most),
        unknown=unknown,
    )


def because(found: LookThrough) -> str:
    """Return the words beside a verdict: which issuer, what is unknown.

    >>> because(LookThrough(low=Fraction(0), high=Fraction(0), issuer=""))
    'no issuer is passed'
    """
    words = [found.issuer or "no issuer is passed"]
    if found.unknown:
        more = f" and {len(found.unknown) - 1} more" if len(found.unknown) > 1 else ""
        words.append(f"{found.unknown[0]}{more} unknown")
    return "; ".join(words)
