"""Events as inequalities on a solution, and where along a shock they hold (SEMANTICS 8).

An event is broken where the node is in one of certain cells and a line in values is below zero. On
a straight piece both are decided exactly, so break points cost nothing beyond the trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from looprisk.engine.affine import Affine, affine
from looprisk.engine.baskets import Baskets
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.form import Scalar
from looprisk.engine.piece import Piece
from looprisk.engine.point import Compiled, Point
from looprisk.engine.skeleton import Claim
from looprisk.engine.state import ONE, ZERO


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """One event of one thing: ``of`` is broken while the node is in ``state`` and ``value < 0``."""

    of: str
    event: str
    node: str
    """The node whose cell counts and whose condition explains the event."""
    state: str = ""
    """A word the active cell must carry; empty for any cell."""
    claim: str = ""
    """The claim whose value is compared; empty for the node's assets."""
    short_of: Affine | None = None
    """What the value must not be below, in USD; None where the cell alone decides."""
    always: bool | None = None
    """An event that no solution decides: a hedge closed on this stretch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of the shock on which an event holds.

    ``attained`` if its first point belongs to it.
    """

    lo: Scalar
    hi: Scalar
    attained: bool
    bracket: bool = False
    """Whether ``lo`` is only known to the width of a scan."""


def monitors(compiled: Compiled, baseline: dict[str, Fraction]) -> tuple[Monitor, ...]:
    """Return every event that can happen in a system, for one stretch of a stage.

    ``baseline`` are the claim values before any shock: what a vault's depositors count as theirs.
    """
    catalogue = compiled.world.catalogue
    return (
        *_claims(compiled, catalogue, baseline),
        *_issuers(compiled, catalogue),
        *_accounts(compiled, catalogue),
        *_legs(compiled, catalogue),
    )


def _claims(
    compiled: Compiled, catalogue: Catalogue, baseline: dict[str, Fraction]
) -> Iterator[Monitor]:
    """A promise, loan or supply is impaired under its face; a vault's share under where it started.

    A share of an issuer that owes others is the first loss by construction: for it only insolvency
    counts.
    """
    nodes = {c.id: node.id for node in compiled.skeleton.nodes for c in node.claims}
    for claim in compiled.index.claim_of:
        if claim.kind in {"par", "loan", "supply"}:
            yield Monitor(
                of=claim.id,
                event="impaired",
                node=nodes[claim.id],
                claim=claim.id,
                short_of=claim.face,
            )
        elif claim.kind == "share" and not _owes(catalogue, catalogue.issuer_of[claim.id]):
            yield Monitor(
                of=claim.id,
                event="impaired",
                node=nodes[claim.id],
                claim=claim.id,
                short_of=affine(baseline.get(claim.id, ZERO) * _units_left(compiled, claim)),
            )


def _units_left(compiled: Compiled, claim: Claim) -> Fraction:
    """Return the units of a share that are out, over those at the start: who left is not lost."""
    state = compiled.world.before
    more = state.minted.get(claim.id, ZERO) - state.redeemed.get(claim.id, ZERO)
    first = claim.units - more
    return claim.units / first if more and first else ONE


def _owes(catalogue: Catalogue, issuer: str) -> bool:
    """Return whether an issuer is leveraged: it owes others, itself or through its accounts."""
    owed = catalogue.ranked_claims(issuer, catalogue.system.issuers[issuer])
    return bool(owed) or issuer in catalogue.accounts_of


def _issuers(compiled: Compiled, catalogue: Catalogue) -> Iterator[Monitor]:
    for node in compiled.skeleton.nodes:
        if node.id not in catalogue.system.issuers or not _owes(catalogue, node.id):
            continue
        owed = sum((c.face for c in node.claims if c.face is not None), start=affine(ZERO))
        yield Monitor(of=node.id, event="insolvent", node=node.id, short_of=owed)
        yield Monitor(of=node.id, event="impaired", node=node.id, short_of=owed)


def _accounts(compiled: Compiled, catalogue: Catalogue) -> Iterator[Monitor]:
    for name, position in catalogue.loans.items():
        if name in catalogue.crowds:
            yield from _crowd(compiled, catalogue, name)
            continue
        if name in catalogue.baskets:
            yield from _baskets(catalogue, catalogue.baskets[name])
            continue
        market = str(position.market)
        debts = {
            claim: compiled.index.claim_of[compiled.index.claim[claim]].face or affine(ZERO)
            for claim in catalogue.debt_claims(name).values()
        }
        supplies = (catalogue.supply_of(market, token) for token in catalogue.debt_tokens(name))
        for of in dict.fromkeys((name, market, *supplies)):
            if of in {name, market}:
                yield Monitor(of=of, event="liquidated", node=name, state="liquidated")
            for claim, face in debts.items():
                yield Monitor(
                    of=of,
                    event="bad_debt",
                    node=name,
                    state="liquidated",
                    claim=claim,
                    short_of=face,
                )
        owed = sum(debts.values(), start=affine(ZERO))
        yield Monitor(of=name, event="insolvent", node=name, short_of=owed)


def _crowd(compiled: Compiled, catalogue: Catalogue, name: str) -> Iterator[Monitor]:
    """The first of many accounts counts for all; whether one is under water is its own affair."""
    crowd = catalogue.crowds[name]
    market = str(crowd.position.market)
    ((token, claim),) = catalogue.debt_claims(name).items()
    wholes = dict.fromkeys((name, crowd.table, market))
    for of in wholes:
        yield Monitor(of=of, event="liquidated", node=name, state="liquidated")
    for of in dict.fromkeys((*wholes, catalogue.supply_of(market, token))):
        yield Monitor(
            of=of,
            event="bad_debt",
            node=name,
            state="unpaid",
            claim=claim,
            short_of=compiled.index.claim_of[compiled.index.claim[claim]].face,
        )


def _baskets(catalogue: Catalogue, accounts: Baskets) -> Iterator[Monitor]:
    """The first of many accounts counts for all; what it owes of each token, for that supply."""
    name, market = accounts.id, accounts.market
    for of in (name, market):
        yield Monitor(of=of, event="liquidated", node=name, state="liquidated")
    for loan in accounts.loans:
        for of in dict.fromkeys((name, market, catalogue.supply_of(market, loan))):
            node = accounts.claim_of(loan)
            yield Monitor(of=of, event="bad_debt", node=node, state="unpaid")


def _legs(compiled: Compiled, catalogue: Catalogue) -> Iterator[Monitor]:
    world = compiled.world
    for of in sorted(world.before.gated):
        yield Monitor(of=of, event="gated", node="", always=True)
    for name in catalogue.legs:
        cut = len(world.after.cuts.get(name, ())) > len(world.before.cuts.get(name, ()))
        done = bool(world.before.cuts.get(name)) or (cut and world.middle > 0)
        yield Monitor(of=name, event="hedge_closed", node="", always=world.closed(name))
        yield Monitor(of=name, event="deleveraged", node="", always=done)


def depegged(compiled: Compiled, token: str, level: Fraction) -> Monitor:
    """Return the event that what a seller of a token gets is below a level, in USD per token."""
    quote = compiled.world.quote(token)
    if quote is not None:
        # compare levels alone: the value is the quote, whatever the solution
        return Monitor(
            of=token, event="depegged", node="", claim="", short_of=affine(level) - quote
        )
    units = compiled.index.claim_of[compiled.index.claim[token]].units
    node = next(n.id for n in compiled.skeleton.nodes if any(c.id == token for c in n.claims))
    return Monitor(
        of=token, event="depegged", node=node, claim=token, short_of=affine(level * units)
    )


def lenders_short(compiled: Compiled, of: str) -> tuple[Monitor, ...]:
    """Return the events that lenders get less than their face: to an account, or in a market."""
    catalogue = compiled.world.catalogue
    if of in catalogue.loans:
        claims = tuple(catalogue.debt_claims(of).values())
    else:
        claims = tuple(s for s, (market, _) in catalogue.supplies.items() if market == of)
    nodes = {c.id: node.id for node in compiled.skeleton.nodes for c in node.claims}
    index = compiled.index
    return tuple(
        Monitor(
            of=of,
            event="impaired",
            node=nodes[claim],
            claim=claim,
            short_of=index.claim_of[index.claim[claim]].face,
        )
        for claim in claims
    )


def holds_at(monitor: Monitor, point: Point) -> bool:
    """Return whether an event holds at a solution."""
    if monitor.always is not None:
        return monitor.always
    if monitor.state and monitor.state not in point.state_of(monitor.node):
        return False
    if monitor.short_of is None:
        return True
    limit = point.value(monitor.short_of)
    value = _value_at(monitor, point)
    return bool(value < limit - rounding(point.compiled, limit))


def distances(monitor: Monitor, point: Point) -> dict[str, Scalar]:
    """Return by how much everything that may decide an event is away from its border, in USD.

    What the value exceeds its limit by, under the empty name, and the conditions of the node, by
    what they say.
    """
    found: dict[str, Scalar] = {}
    if monitor.short_of is not None:
        found[""] = _value_at(monitor, point) - point.value(monitor.short_of)
    index = point.compiled.index
    own = point.compiled.conditions_of.get(monitor.node, ())
    if own:
        values = point.conditions
        found |= {index.condition_of[k][1].holds: values[k] for k in own}
    return found


def rounding(compiled: Compiled, limit: Fraction) -> Scalar:
    """Return by how much a value in floats may miss a limit without falling short of it, in USD."""
    return 0 if compiled.form.exact else 1e-9 * max(1.0, abs(float(limit)))


def _value_at(monitor: Monitor, point: Point) -> Scalar:
    if monitor.claim:
        return point.claim(monitor.claim)
    return point.node(monitor.node) if monitor.node else ZERO


def on_piece(monitor: Monitor, compiled: Compiled, piece: Piece) -> Stretch | None:
    """Return the part of a straight piece ``(lo, hi]`` on which an event holds."""
    point_piece = piece.lo == piece.hi
    everywhere = Stretch(lo=piece.lo, hi=piece.hi, attained=point_piece)
    if monitor.always is not None:
        return everywhere if monitor.always else None
    if monitor.state:
        cell = int(piece.cells[compiled.index.node[monitor.node]])
        if monitor.state not in compiled.index.cell_state[cell]:
            return None
    if monitor.short_of is None:
        return everywhere
    const, slope = _line_on(monitor, compiled, piece)
    return _below_zero(const, slope, piece, rounding(compiled, monitor.short_of.const))


def _line_on(monitor: Monitor, compiled: Compiled, piece: Piece) -> tuple[Scalar, Scalar]:
    """Return (const, slope) of value less limit on a piece."""
    assert monitor.short_of is not None  # noqa: S101  (the caller asked)
    const: Scalar = -monitor.short_of.const
    slope: Scalar = -monitor.short_of.slope
    if not compiled.form.exact:
        const, slope = float(const), float(slope)
    for claim, coef in monitor.short_of.reads:
        at = compiled.index.claim[claim]
        share = coef if compiled.form.exact else float(coef)
        const, slope = const - share * piece.z_const[at], slope - share * piece.z_slope[at]
    if monitor.claim:
        at = compiled.index.claim[monitor.claim]
        return const + piece.z_const[at], slope + piece.z_slope[at]
    if monitor.node:
        at = compiled.index.node[monitor.node]
        return const + piece.y_const[at], slope + piece.y_slope[at]
    return const, slope


def _below_zero(const: Scalar, slope: Scalar, piece: Piece, slack: Scalar) -> Stretch | None:
    lo, hi = const + slope * piece.lo, const + slope * piece.hi
    if piece.lo == piece.hi:
        return Stretch(lo=piece.lo, hi=piece.hi, attained=True) if lo < -slack else None
    if lo >= -slack and hi >= -slack:
        return None
    begin = piece.lo if lo < -slack or not slope else min(piece.hi, max(piece.lo, -const / slope))
    end = piece.hi if hi < -slack else max(piece.lo, min(piece.hi, -const / slope))
    return Stretch(lo=begin, hi=end, attained=False)


def join(stretches: list[Stretch]) -> tuple[Stretch, ...]:
    """Return stretches in order, those that touch made one.

    >>> join([Stretch(lo=0.5, hi=1.0, attained=False), Stretch(lo=0.0, hi=0.5, attained=True)])
    (Stretch(lo=0.0, hi=1.0, attained=True, bracket=False),)
    """
    joined: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda s: (s.lo, not s.attained)):
        if joined and stretch.lo <= joined[-1].hi:
            last = joined[-1]
            joined[-1] = replace(last, hi=max(last.hi, stretch.hi))
        else:
            joined.append(stretch)
    return tuple(joined)
