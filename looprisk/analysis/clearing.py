"""From a solved case to the labelled answer."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from looprisk.analysis.assuming import assumptions
from looprisk.analysis.axis import Axis, axis_of, shock_of
from looprisk.analysis.bearing import loss_put_in, paid_out, waterfall
from looprisk.analysis.breaking import break_points, curves, least_curves
from looprisk.analysis.equity import equity_rows
from looprisk.analysis.falling import node_rounds
from looprisk.analysis.flows import causes, flows
from looprisk.analysis.names import claim_label
from looprisk.analysis.proving import proof_of
from looprisk.analysis.recognising import recognised
from looprisk.analysis.solve import Solved
from looprisk.engine.basket_nodes import accounts_off
from looprisk.engine.book import Book
from looprisk.engine.clear import outside, prove
from looprisk.engine.market import market_values
from looprisk.engine.monitors import Monitor
from looprisk.engine.point import Point
from looprisk.engine.skeleton import Claim
from looprisk.engine.state import ONE, ZERO
from looprisk.errors import NoSolutionError
from looprisk.graph import layers as layers_of
from looprisk.model.case import Case
from looprisk.model.tree import dump, texts
from looprisk.model.vocabulary import event_named
from looprisk.results.answers import BreakPoints, Clearing
from looprisk.results.pinned import Pinned, Settled
from looprisk.results.records import (
    BreakPoint,
    Certificate,
    ClaimKind,
    Event,
    LayerLoss,
    Prices,
)

TOLERANCE = 1e-9
"""Largest residual and conservation gap, relative to the claims, of a number that is shown."""


def clearing_of(solved: Solved) -> Clearing:
    """Return the labelled answer of a solved case."""
    axis = axis_of(solved)
    before, after = flows(solved.start), flows(solved.end)
    breaks = break_points(solved, axis)
    rows = layer_rows(solved, axis, breaks)
    asked = pinned(solved.case, proof_of(solved))
    nodes = {c.id: n.id for n in solved.end.compiled.skeleton.nodes for c in n.claims}
    return Clearing(
        scenario=title(solved.case),
        inputs_digest=asked.digest,
        pinned=asked,
        shock=shock_of(solved, axis, loss_put_in(solved)),
        certificate=certificate(solved),
        at_start=tuple(_event(m, solved.start, 0) for m in _distinct(solved.holding(solved.start))),
        layer_rows=rows,
        waterfall_rows=waterfall(solved, before, after),
        event_rows=events(solved),
        break_point_rows=shown_breaks(solved, breaks),
        assumption_rows=assumptions(solved.case, solved),
        causes={
            row.id: causes(row.id, nodes[row.id], before, after, paid_out(solved).get(row.id, ZERO))
            for row in rows
        },
        equity_rows=equity_rows(solved, axis, breaks),
        holders_of=_holders_of(solved),
    )


def _holders_of(solved: Solved) -> dict[str, str]:
    """Return the residual claim that each issuer stands for, by its id and its long name."""
    found: dict[str, str] = {}
    for name, issuer in solved.catalogue.system.issuers.items():
        claim = solved.catalogue.residual_claims(name, issuer)[0][0]
        found |= {name: claim} | ({issuer.label: claim} if issuer.label else {})
    return found


def breaks_of(solved: Solved) -> BreakPoints:
    """Return every break point of a case's last stage, and the loss curve of every layer."""
    case = solved.case
    asked = pinned(case)
    axis = axis_of(solved)
    breaks = break_points(solved, axis)
    rows = layer_rows(solved, axis, breaks)
    ids = tuple(row.id for row in rows)
    greatest = curves(solved, ids)
    return BreakPoints(
        scenario=title(case),
        inputs_digest=asked.digest,
        pinned=asked,
        shock=shock_of(solved, axis, loss_put_in(solved)),
        certificate=certificate(solved),
        layer_count=len({row.of for row in breaks}),
        rows=shown_breaks(solved, breaks),
        labels={row.id: row.label for row in rows if row.label},
        curves=greatest,
        least_curves=least_curves(solved, ids, greatest),
        assumption_rows=assumptions(case, solved),
    )


def shown_breaks(solved: Solved, breaks: tuple[BreakPoint, ...]) -> tuple[BreakPoint, ...]:
    """Return the rows to show: an issuer that cannot pay is one row, not also an impaired one."""
    issuers = solved.catalogue.system.issuers
    return tuple(
        row
        for row in breaks
        if row.event != "impaired" or row.of not in issuers or row.of in solved.catalogue.tokens
    )


def title(case: Case) -> str:
    """Return the name to show: ``stream-2025::loss-93``."""
    system = case.system.name or ""
    return f"{system}::{case.name}" if system and case.name else case.name or system or "system"


def digest(case: Case) -> str:
    """Return the digest of the canonical inputs: the system as it starts, and the scenario."""
    return pinned(case).digest


def pinned(case: Case, proof: tuple[Settled, ...] = ()) -> Pinned:
    """Return the whole question of a case, and the proof of its answer if there is one."""
    scenario = {key: texts(part) for key, part in dump(case.scenario).items()}
    return Pinned(name=case.name, system=case.system.tree(), scenario=scenario, proof=proof)


def certificate(solved: Solved) -> Certificate:
    """Return the proof of the last solution; raises NoSolutionError where it does not hold."""
    residual, gap = proven(solved.end)
    form = solved.end.compiled.form
    high, low = solved.greatest.solution.z, solved.least.solution.z
    difference = outside(form, high) - outside(form, low)
    same = bool((high == low).all()) if form.exact else None
    return Certificate(
        residual=residual,
        conservation_gap=gap,
        selection=solved.selection,
        mode=solved.case.scenario.mode,
        unique=same,
        least_gap_usd=float(sum(difference)),
        exact_mode=True,
        exact=form.exact,
        float_distance=_float_distance(solved) if solved.case.scenario.exact else None,
    )


def _float_distance(solved: Solved) -> float:
    """Return how far the same solution is in floats, relative to the largest value of this one."""
    run = replace(solved.runs[-1], precision="floats")
    floats = run.at(ONE if solved.case.scenario.stages else ZERO, solved.selection).solution
    exact = solved.end.solution
    pairs = (*zip(floats.y, exact.y, strict=True), *zip(floats.z, exact.z, strict=True))
    largest = max((abs(Fraction(other)) for _, other in pairs), default=ONE)
    apart = max((abs(Fraction(one) - Fraction(other)) for one, other in pairs), default=ZERO)
    return float(apart / max(largest, ONE))


def proven(point: Point) -> tuple[float, float]:
    """Return residual and conservation gap of a solution, relative to the largest value in it.

    Raises NoSolutionError where it does not stand its own check.
    """
    form = point.compiled.form
    proof = prove(form, point.solution)
    size = max(1.0, float(max(abs(point.solution.y), default=0)))
    off = max(
        float(proof.residual),
        accounts_off(point.compiled.skeleton, point.compiled.index, point.solution, point.s),
    )
    residual, gap = off / size, float(proof.conservation_gap) / size
    if not proof.same_cells or residual > TOLERANCE or abs(gap) > TOLERANCE:
        raise NoSolutionError(
            f"the solution does not stand its own check: residual {residual:.2g}, conservation gap "
            f"{gap:.2g}, cells {'agree' if proof.same_cells else 'differ'}"
        )
    return residual, gap


def layer_ids(solved: Solved) -> tuple[str, ...]:
    """Return the ids of the layers, bottom first, as :func:`layer_rows` has them."""
    number = layers_of(solved.catalogue.system)
    claims = [
        claim
        for claim in solved.end.compiled.index.claim_of
        if layer_kind(claim) is not None and not _is_empty(solved, claim)
    ]
    return tuple(claim.id for claim in sorted(claims, key=lambda c: (number[c.id], c.id)))


def layer_rows(solved: Solved, axis: Axis, breaks: tuple[BreakPoint, ...]) -> tuple[LayerLoss, ...]:
    """Return one row per token, supply, loan and equity, bottom layer first."""
    number = layers_of(solved.catalogue.system)
    first: dict[tuple[str, str], BreakPoint] = {(row.of, row.event): row for row in breaks}
    before, after = solved.start_book, solved.end_book
    market = market_values(solved.end)
    rows = [
        _layer(
            solved, axis, claim, kind, number[claim.id], first, (before, after), market[claim.id]
        )
        for claim in solved.end.compiled.index.claim_of
        if (kind := layer_kind(claim)) is not None and not _is_empty(solved, claim)
    ]
    rows.sort(key=lambda row: (row.layer, -row.claims_usd, row.id))
    return tuple(rows)


def layer_kind(claim: Claim) -> ClaimKind | None:
    """Return what kind of layer a claim is; None for one that is shown as none."""
    match claim.kind:
        case "debt" | "owner" | "reserve":
            return None
        case kind:
            return kind


def _is_empty(solved: Solved, claim: Claim) -> bool:
    """An equity that was never worth anything is no layer."""
    return claim.kind == "equity" and not solved.baseline[claim.id]


def _layer(
    solved: Solved,
    axis: Axis,
    claim: Claim,
    kind: ClaimKind,
    layer: int,
    first: dict[tuple[str, str], BreakPoint],
    books: tuple[Book, Book],
    market: Fraction,
) -> LayerLoss:
    start, end = solved.baseline[claim.id], Fraction(solved.end.claim(claim.id))
    left = paid_out(solved).get(claim.id, ZERO)
    face = solved.end.value(claim.face) if claim.face is not None else start
    old, new = (
        _book_value(point, claim, values)
        for point, values in zip((solved.start, solved.end), books, strict=True)
    )
    break_row = _first_break(solved, claim, first)
    broken_at = break_row.fraction if break_row is not None else None
    return LayerLoss(
        layer=layer,
        id=claim.id,
        kind=kind,
        label=claim_label(solved, claim),
        claims_usd=float(face),
        book_usd=float(new),
        economic_usd=float(end),
        market_usd=float(market),
        economic_loss_usd=float(start - end - left),
        reported_loss_usd=float(old - new - left),
        loss_fraction=fall_per_unit(solved, claim),
        price=_prices(solved.end, claim, new, market),
        first_break=axis.at(Fraction(broken_at)).value if broken_at is not None else None,
        broken=broken_at is not None and broken_at < 1,
        self_fulfilling_usd=float(solved.gap(claim.id)),
    )


def fall_per_unit(solved: Solved, claim: Claim) -> float | None:
    """Return the loss of those who hold a claim to the end, as a share of what a unit was worth."""
    before = solved.start.compiled.index
    units = before.claim_of[before.claim[claim.id]].units
    start = solved.baseline[claim.id] / units if units else None
    end = Fraction(solved.end.claim(claim.id)) / claim.units if claim.units else None
    return float(1 - end / start) if start and end is not None else None


def _first_break(
    solved: Solved, claim: Claim, first: dict[tuple[str, str], BreakPoint]
) -> BreakPoint | None:
    """A layer breaks when it is no longer whole.

    A leveraged issuer's share when its equity is gone.
    """
    row = first.get((claim.id, "impaired"))
    if claim.kind == "share":
        issuer = solved.catalogue.issuer_of[claim.id]
        return first.get((issuer, "insolvent"), row)
    if claim.kind == "equity":
        return first.get((claim.id.removesuffix("/equity"), "insolvent"))
    return row


def _book_value(point: Point, claim: Claim, values: Book) -> Fraction:
    if claim.kind in {"share", "par"}:
        index = point.compiled.index
        return values.prices[claim.id] * index.claim_of[index.claim[claim.id]].units
    if claim.kind == "supply":
        return values.supplies[claim.id]
    issuer, _, loan = claim.id.partition("/")
    claims = point.compiled.node_of[issuer].claims
    faces = {c.id: point.value(c.face) for c in claims if c.face is not None}
    if loan != "equity":
        return faces[claim.id]
    owed = sum(faces.values(), ZERO)
    return max(ZERO, values.assets[issuer] - owed)


def _prices(point: Point, claim: Claim, book_value: Fraction, market: Fraction) -> Prices | None:
    if claim.kind not in {"share", "par"}:
        return None
    return Prices(
        book=float(book_value / claim.units),
        economic=float(point.token(claim.id)),
        market=float(market / claim.units),
    )


def events(solved: Solved) -> tuple[Event, ...]:
    """Return what broke, stage by stage in rounds; what was broken before is left out."""
    seen = {(m.of, m.event) for m in solved.holding(solved.start)}
    found: list[Event] = []
    for run, point, losses in zip(solved.runs, solved.ends, recognised(solved), strict=True):
        new = [m for m in _distinct(solved.holding(point)) if (m.of, m.event) not in seen]
        seen |= {(m.of, m.event) for m in new}
        past = max((event.round for event in found), default=0)
        round_of = node_rounds(solved, run, point) if new else {}
        found += [_event(m, point, past + round_of.get(m.node, 1)) for m in new]
        for claim, loss in losses.items():
            because = f"its book shows the ${float(loss):,.0f} that it hid"
            found.append(Event(of=claim, event="recognised", round=past + 1, because=because))
    return tuple(sorted(found, key=lambda e: (e.round, e.of, e.event)))


def _distinct(found: list[Monitor]) -> list[Monitor]:
    """Return one monitor for each event; of several the same, however the file is ordered."""
    named = sorted(found, key=lambda m: (m.of, m.event, m.node, m.claim or ""), reverse=True)
    return list({(m.of, m.event): m for m in named}.values())


def _event(monitor: Monitor, point: Point, round_: int) -> Event:
    return Event(
        of=monitor.of,
        event=event_named(monitor.event),
        round=round_,
        because=_because(monitor, point),
    )


def _because(monitor: Monitor, point: Point) -> str:
    """Return the inequality that does not hold, with both its sides in dollars."""
    if monitor.always is not None:
        return (
            "closed by the venue"
            if monitor.event == "hedge_closed"
            else "closed in part by the venue"
        )
    if monitor.short_of is None:
        return _dead_condition(monitor.node, point)
    have = float(point.claim(monitor.claim) if monitor.claim else point.node(monitor.node))
    what = monitor.claim or f"assets of {monitor.node}"
    return f"{what}: ${have:,.0f} < ${float(point.value(monitor.short_of)):,.0f}"


def _dead_condition(node: str, point: Point) -> str:
    for at in point.compiled.conditions_of.get(node, ()):
        if not point.solution.alive[at]:
            return point.compiled.index.condition_of[at][1].fails
    return "its threshold is crossed"
