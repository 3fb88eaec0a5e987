"""Break points as labelled rows, and the loss curve they lie on."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from looprisk.analysis.accounts import accounts_of
from looprisk.analysis.axis import Axis
from looprisk.analysis.recognising import recognised, recognised_along
from looprisk.analysis.solve import Solved
from looprisk.engine.breaks import Break
from looprisk.engine.curved import WIDTH
from looprisk.engine.monitors import Stretch, monitors
from looprisk.engine.point import Segment
from looprisk.engine.skeleton import Claim
from looprisk.engine.state import ONE, ZERO
from looprisk.model.rationals import text_of
from looprisk.model.vocabulary import event_named
from looprisk.results.records import BreakPoint, LossCurve

SAME = 1e-12
BROKEN = {"liquidated": "its debt over the LLTV", "bad_debt": "its debt and the incentive"}
"""What an account falls short of."""
TOGETHER = 500
"""So many of those that break at one point are named with each other."""


def break_points(solved: Solved, axis: Axis) -> tuple[BreakPoint, ...]:
    """Return every break point of the last stage, in order; what never happens comes last."""
    shown = {
        (claim, "recognised"): recognised_along(solved, claim) for claim in recognised(solved)[-1]
    }
    found, least = {**solved.broken, **shown}, solved.broken_least
    watched = {(m.of, m.event) for m in monitors(solved.end.compiled, solved.baseline)}
    watched |= shown.keys()
    places = _places(found)
    rows = [_row(solved, axis, key, found.get(key, ()), least, places) for key in sorted(watched)]
    never = float("inf")
    rows.sort(key=lambda r: (never if r.fraction is None else r.fraction, _order(r), r.of))
    return tuple(rows)


def _order(row: BreakPoint) -> int:
    order = ("liquidated", "hedge_closed", "deleveraged", "insolvent", "bad_debt", "impaired")
    return order.index(row.event) if row.event in order else len(order)


def _places(found: Mapping[Break, tuple[Stretch, ...]]) -> Mapping[float, tuple[str, ...]]:
    """Return which things break at each shock fraction, layers of claims only."""
    places: dict[float, list[str]] = {}
    for (of, _), stretches in sorted(found.items()):
        at = places.setdefault(round(float(stretches[0].lo), 12), [])
        if of not in at:
            at.append(of)
    return {place: tuple(names) for place, names in places.items()}


def _row(
    solved: Solved,
    axis: Axis,
    key: Break,
    stretches: tuple[Stretch, ...],
    least: Mapping[Break, tuple[Stretch, ...]] | None,
    places: Mapping[float, tuple[str, ...]],
) -> BreakPoint:
    of, event = key
    curved = not solved.segments
    fraction_least = None
    if least is not None and key in least:
        fraction_least = float(least[key][0].lo)
    if not stretches:
        return BreakPoint(
            of=of,
            event=event_named(event),
            intervals=(),
            fraction=None,
            fraction_least=fraction_least,
            kind="bracket" if curved else "exact",
        )
    first = stretches[0]
    exact = isinstance(first.lo, Fraction) and not first.bracket
    before, after = _loss_around(solved, of, first)
    together = places.get(round(float(first.lo), 12), ())
    return BreakPoint(
        of=of,
        event=event_named(event),
        intervals=tuple((float(s.lo), float(s.hi)) for s in stretches),
        fraction=float(first.lo),
        fraction_least=fraction_least,
        kind="bracket" if first.bracket else "exact",
        exact=text_of(Fraction(first.lo)) if exact else None,
        at=axis.at(first.lo),
        attained=first.attained,
        loss_before_usd=before,
        loss_after_usd=after,
        together_with=tuple(name for name in together[: TOGETHER + 1] if name != of)[:TOGETHER],
        because=why(solved, of, event, first),
    )


def claim_of(solved: Solved, of: str) -> Claim | None:
    """Return the claim whose loss stands for a thing.

    A claim itself, else what an issuer's holders have.
    """
    index = solved.end.compiled.index
    if of in index.claim:
        return index.claim_of[index.claim[of]]
    if of in solved.catalogue.system.issuers:
        residual = solved.catalogue.residual_claims(of, solved.catalogue.system.issuers[of])[0][0]
        return index.claim_of[index.claim[residual]]
    if f"{of}/debt" in index.claim:
        return index.claim_of[index.claim[f"{of}/debt"]]
    return None


def _loss_around(solved: Solved, of: str, first: Stretch) -> tuple[float | None, float | None]:
    """Return the loss of a layer at its break point and just after it."""
    claim = claim_of(solved, of)
    if claim is None or not solved.segments:
        return None, None
    at = after = None
    for segment in solved.segments:
        start = _there_to_lose(solved, segment, claim.id)
        place = segment.compiled.index.claim[claim.id]
        for piece in segment.touching(first.lo):
            value = float(piece.claim(place, first.lo))
            if at is None:
                at = float(start) - value
            after = float(start) - value
    return at, after


def _there_to_lose(solved: Solved, segment: Segment, claim: str) -> Fraction:
    """Return what a claim was worth at the start, less what those who left were paid."""
    return solved.baseline[claim] - segment.compiled.world.before.paid.get(claim, ZERO)


def why(solved: Solved, of: str, event: str, first: Stretch) -> str:
    """Return the inequality that gave way where an event begins, in words."""
    if event == "hedge_closed":
        return "the price went beyond the liquidation price of the leg"
    if event == "recognised":
        return "its book shows what backs it"
    if event == "deleveraged":
        return "the venue closed a part of the leg"
    for segment, nodes in zip(solved.segments, solved.event_nodes, strict=True):
        node = nodes.get((of, event), "")
        for piece in segment.touching(first.lo):
            if piece.lo == first.lo and piece.changed:
                return _named(segment, node, piece.changed)
    if event == "impaired":
        return "what backs it is worth less"
    if event in BROKEN and (found := _of_a_table(solved, of, event, first)):
        return found
    return "its threshold is crossed"


def _of_a_table(solved: Solved, of: str, event: str, first: Stretch) -> str:
    """Say which of many accounts of several legs gives way where an event begins."""
    catalogue = solved.catalogue
    tables = [name for name in accounts_of(catalogue, of) if name in catalogue.baskets]
    if not tables:
        return ""
    beyond = min(ONE, Fraction(first.lo) + WIDTH)
    point = solved.scaled.at(beyond, solved.selection)
    market, token = catalogue.supplies.get(of, (of, None))
    for name in tables:
        loan = None if market == of else token
        account = point.table(name).first(loan, unpaid=event == "bad_debt")
        if account is not None:
            who = f"the collateral of account {account} of {name}"
            return f"{who} is worth less than {BROKEN[event]}"
    return ""


def _named(segment: Segment, node: str, changed: tuple[int, ...]) -> str:
    conditions = [segment.compiled.index.condition_of[k] for k in changed]
    own = [condition.fails for name, condition in conditions if name == node]
    return min(own or (condition.fails for _, condition in conditions))


def curves(
    solved: Solved, layers: tuple[str, ...], segments: tuple[Segment, ...] | None = None
) -> tuple[LossCurve, ...]:
    """Return the loss of each layer over the whole shock; straight between knots.

    ``segments`` are those of another solution than the one that is answered with.
    """
    segments = solved.segments if segments is None else segments
    found = []
    for claim in layers:
        fractions: list[float] = []
        losses: list[float] = []
        for segment in segments:
            there = float(_there_to_lose(solved, segment, claim))
            place = segment.compiled.index.claim[claim]
            for piece in segment.pieces:
                for s in (piece.lo, piece.hi):
                    point = (float(s), there - float(piece.claim(place, s)))
                    if not fractions or (fractions[-1], losses[-1]) != point:
                        fractions.append(point[0])
                        losses.append(point[1])
        found.append(
            LossCurve(
                of=claim,
                fractions=tuple(fractions),
                loss_usd=tuple(losses),
                start_usd=float(solved.baseline[claim]),
            )
        )
    return tuple(found)


def least_curves(
    solved: Solved, layers: tuple[str, ...], greatest: tuple[LossCurve, ...]
) -> tuple[LossCurve, ...]:
    """Return the curves of the least solution that differ from those of the greatest.

    Nothing where the answer is the least itself, or it is not solved along the shock.
    """
    if solved.selection == "least" or solved.broken_least is None:
        return ()
    low = curves(solved, layers, solved.other.segments("least"))
    return tuple(one for one, other in zip(low, greatest, strict=True) if not _same(one, other))


def _same(one: LossCurve, other: LossCurve) -> bool:
    """Tell whether two curves have the same losses at each other's knots, sides of jumps too."""
    size = 1e-9 * max(1.0, one.start_usd)
    ends = zip(_corners(one), _corners(other), strict=False)
    same = all(abs(a - b) <= SAME and abs(x - y) <= size for (a, x), (b, y) in ends)
    return same and len(_corners(one)) == len(_corners(other))


def _corners(curve: LossCurve) -> list[tuple[float, float]]:
    """Return the knots at which a curve bends or jumps, and its ends."""
    points = list(zip(curve.fractions, curve.loss_usd, strict=True))
    kept = points[:1]
    size = 1e-9 * max(1.0, curve.start_usd)
    for at in range(1, len(points) - 1):
        (a, x), (b, y), (c, z) = kept[-1], points[at], points[at + 1]
        on_the_way = a < b < c and abs(x + (z - x) * (b - a) / (c - a) - y) <= size
        if not on_the_way:
            kept.append(points[at])
    return [*kept, *points[1:][-1:]]
