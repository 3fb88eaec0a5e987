"""The answers whose range can be proved, each from values whose signs the audit knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce

from looprisk.analysis.audit import Audit, Several, Traced, joined, turned
from looprisk.analysis.bearing import paid_out, seized_value
from looprisk.analysis.enclosed_breaks import NEVER
from looprisk.analysis.metrics import Ask, measure
from looprisk.analysis.solve import Solved
from looprisk.analysis.spans import Family, Number, Part, Quantity
from looprisk.engine.breaks import Break
from looprisk.engine.dual import exactly
from looprisk.engine.monitors import Monitor, monitors
from looprisk.engine.signs import NONE
from looprisk.engine.skeleton import Claim
from looprisk.engine.state import ZERO


def quantity(family: Family, read: Callable[[Solved], Number]) -> Quantity:
    """Return an answer of which no sign is known: it has a range only where no number is open."""
    return Quantity(parts=(Part(read=read, signs=None if family.numbers else ()),))


def measured(family: Family, metric: str, of: str, after: str | None) -> Quantity:
    """Return a metric that an expectation asks for, after a stage or at the end."""

    def whole(solved: Solved) -> Number:
        return measure(metric, Ask(solved=solved, point=solved.after(after), of=of))

    return replace(quantity(family, whole), whole=whole)


def value(family: Family, claim: str) -> Quantity:
    """Return the economic value of a claim after the shock, in USD."""
    part = _end(family, claim)
    return Quantity(parts=(part,), straight=True, whole=part.read)


def face(family: Family, claim: str) -> Quantity:
    """Return what was promised to a claim; of a residual, its value before the shock."""

    def signs(audit: Audit) -> Several:
        residual = audit.end.is_residual(claim)
        return audit.start.claim(claim) if residual else audit.end.face(claim)

    def read(solved: Solved) -> Number:
        promised = _claim(solved, claim).face
        return solved.baseline[claim] if promised is None else solved.end.value(promised)

    return Quantity(parts=(_part(family, signs, read),), whole=read)


def loss(family: Family, claim: str) -> Quantity:
    """Return what a claim loses: its value before the shock less that after it, in USD."""
    if not family.numbers:
        return quantity(family, lambda s: s.baseline[claim] - _kept(s, claim))
    return Quantity(
        parts=(_start(family, claim), _end(family, claim)),
        ways=("+", "-"),
        combine=lambda values: values[0] - values[1],
        instead=_more_lacking(family, claim),
        straight=True,
        whole=lambda s: s.baseline[claim] - _kept(s, claim),
    )


def losses(family: Family, claims: Sequence[str]) -> Quantity:
    """Return what several claims lose together, such as the supplies of one market, in USD."""
    if len(claims) == 1:
        return loss(family, claims[0])
    if not family.numbers:
        return quantity(family, lambda s: sum((s.baseline[c] - _kept(s, c) for c in claims), ZERO))

    def signs(traced: Traced) -> Several:
        return reduce(joined, (traced.claim(claim) for claim in claims))

    def start(solved: Solved) -> Number:
        return sum((solved.baseline[claim] for claim in claims), ZERO)

    return Quantity(
        parts=(_part(family, lambda a: signs(a.start), start), _sum_paid(family, claims)),
        ways=("+", "-"),
        combine=lambda values: values[0] - values[1],
        instead=_more_lacking(family, *claims),
        straight=True,
        whole=lambda s: sum((s.baseline[c] - _kept(s, c) for c in claims), ZERO),
    )


def _more_lacking(family: Family, *claims: str) -> Quantity:
    """Return the same loss as what claims lack more of their faces, which the shock leaves."""

    def lacking(solved: Solved, *, first: bool) -> Number:
        point = solved.start if first else solved.end
        return sum((point.face(c) - exactly(point.claim(c)) for c in claims), ZERO)

    def signs(audit: Audit, traced: Traced) -> Several | None:
        if not all(audit.same_face(claim) for claim in claims):
            return None
        return reduce(joined, (traced.shortfall(claim) for claim in claims))

    after = _part(family, lambda a: signs(a, a.end), lambda s: lacking(s, first=False))
    before = _part(family, lambda a: signs(a, a.start), lambda s: lacking(s, first=True))
    return Quantity(
        parts=(after, before), ways=("+", "-"), combine=lambda values: values[0] - values[1]
    )


def fraction(family: Family, claim: str) -> Quantity:
    """Return the loss of a claim as a share of what it was worth, a unit of it."""
    if not family.numbers:
        return quantity(family, lambda s: per_unit(s, claim))
    return Quantity(
        parts=(_start(family, claim), _end(family, claim)),
        ways=("+", "-"),
        combine=_lost_share,
        straight=True,
        whole=lambda s: per_unit(s, claim),
    )


def _lost_share(values: Sequence[Fraction]) -> Number:
    before, after = values
    return 1 - after / before if before else None


def price(family: Family, token: str) -> Quantity:
    """Return the economic price of a token after the shock, in USD."""
    return _per(_end(family, token), _units(family, token))


def gap(family: Family, claim: str) -> Quantity:
    """Return the self-fulfilling loss of a claim, in USD: both solutions have the same signs."""
    high = _part(family, lambda a: a.end.claim(claim), lambda s: exactly(s.greatest.claim(claim)))
    low = _part(family, lambda a: a.end.claim(claim), lambda s: exactly(s.least.claim(claim)))
    return Quantity(
        parts=(high, low),
        ways=("+", "-"),
        combine=lambda values: max(ZERO, values[0] - values[1]),
        whole=lambda s: s.gap(claim),
    )


def borne(family: Family, claim: str) -> Quantity:
    """Return what holders outside lose through a claim, in USD."""

    def held(solved: Solved, *, first: bool) -> Fraction:
        point = solved.start if first else solved.end
        if claim not in point.compiled.index.claim:
            return ZERO  # opened by a stage
        own = point.compiled.index.claim_of[point.compiled.index.claim[claim]]
        return own.outside_share * exactly(point.claim(claim))

    def signs(traced: Traced) -> Several:
        return traced.all(lambda r: joined(r.outside(claim), r.claim(claim)))

    before = _part(family, lambda a: signs(a.start), lambda s: held(s, first=True))
    after = _part(family, lambda a: signs(a.end), lambda s: held(s, first=False))

    def lost(solved: Solved) -> Number:
        kept = held(solved, first=False) - seized_value(solved).get(claim, ZERO)
        return held(solved, first=True) - kept - paid_out(solved).get(claim, ZERO)

    return Quantity(
        parts=(before, after),
        ways=("+", "-"),
        combine=lambda values: values[0] - values[1],
        whole=lost,
    )


def paid(family: Family, claims: Sequence[str]) -> Quantity:
    """Return what several claims get together after the shock, in USD."""
    part = _sum_paid(family, claims)
    return Quantity(parts=(part,), whole=part.read)


def recovery(family: Family, claims: Sequence[str]) -> Quantity:
    """Return what several claims get as a share of their faces."""
    return _per(_sum_paid(family, claims), _sum_faces(family, claims))


def owed(family: Family, claims: Sequence[str]) -> Quantity:
    """Return the faces of several claims together after the shock, in USD."""
    part = _sum_faces(family, claims)
    return Quantity(parts=(part,), whole=part.read)


def first_break(family: Family, keys: Sequence[Break]) -> Quantity:
    """Return the share of the shock as written at which the first of some events happens.

    NEVER stands for none of them up to there.
    """

    def signs(audit: Audit) -> Several | None:
        return event_signs(family, audit, keys)

    def read(solved: Solved) -> Number:
        found = [s[0].lo for key in keys if (s := solved.broken_as_written.get(key))]
        return Fraction(min(found)) if found else NEVER

    return Quantity(parts=(_part(family, signs, read),), breaks=tuple(keys))


def event_signs(family: Family, audit: Audit, keys: Sequence[Break]) -> Several | None:
    """Return how far off some events are: ``+`` where they come later as a number grows."""
    if audit.along is None:
        return None
    solved = family.middle
    watched = monitors(solved.end.compiled, solved.baseline)
    found: Several = (NONE,) * len(family.numbers)
    for monitor in (m for m in watched if (m.of, m.event) in keys):
        for traced in (audit.start, audit.along, audit.end):
            signs = _distance(family, audit, traced, monitor)
            if signs is None:
                return None
            found = joined(found, signs)
    return found


def _distance(family: Family, audit: Audit, traced: Traced, monitor: Monitor) -> Several | None:
    if monitor.always is not None:
        return None
    found: Several = (NONE,) * len(family.numbers)
    if monitor.state:
        if not traced.worsens(monitor.node, monitor.state):
            return None
        found = traced.all(lambda region: region.health(monitor.node))
    if monitor.short_of is None:
        return found
    if monitor.claim and not traced.is_residual(monitor.claim):
        lacking = traced.shortfall(monitor.claim)
        if "?" not in lacking:
            return joined(found, turned(lacking))
    worth = traced.claim(monitor.claim) if monitor.claim else traced.node(monitor.node)
    return joined(found, joined(worth, turned(_limit(family, audit, traced, monitor))))


def _limit(family: Family, audit: Audit, traced: Traced, monitor: Monitor) -> Several:
    """Return how what a value must not be below moves: faces, or what it was at the start."""
    if not monitor.claim:
        return traced.all(lambda region: region.owed(monitor.node))
    if not traced.is_residual(monitor.claim):
        return traced.face(monitor.claim)
    signs = audit.start.claim(monitor.claim)
    settled = family.settled(Part(read=lambda s: s.baseline[monitor.claim], signs=signs))
    return signs if settled is None else settled


def _kept(solved: Solved, claim: str) -> Fraction:
    """Return what a claim is worth after the shock, with what those who left were paid."""
    return exactly(solved.end.claim(claim)) + paid_out(solved).get(claim, ZERO)


def per_unit(solved: Solved, claim: str) -> Number:
    """Return the loss of those who hold a claim to the end; None where it was worth nothing."""
    before = solved.start.compiled.index
    start = solved.baseline[claim] / before.claim_of[before.claim[claim]].units
    units = _claim(solved, claim).units
    return 1 - exactly(solved.end.claim(claim)) / units / start if start and units else None


def _per(part: Part, unit: Part) -> Quantity:
    def whole(solved: Solved) -> Number:
        value, units = part.read(solved), unit.read(solved)
        return None if value is None or not units else value / units

    return Quantity(
        parts=(part, unit),
        ways=("+", "-"),
        combine=lambda values: values[0] / values[1] if values[1] else None,
        whole=whole,
    )


def _part(
    family: Family, signs: Callable[[Audit], Several | None], read: Callable[[Solved], Number]
) -> Part:
    if not family.numbers:
        return Part(read=read, signs=())
    return Part(read=read, signs=signs(family.audit) if family.audit is not None else None)


def _start(family: Family, claim: str) -> Part:
    return _part(family, lambda a: a.start.claim(claim), lambda s: s.baseline[claim])


def _end(family: Family, claim: str) -> Part:
    return _part(family, lambda a: a.end.claim(claim), lambda s: exactly(s.end.claim(claim)))


def _units(family: Family, claim: str) -> Part:
    return _part(
        family, lambda a: a.end.all(lambda r: r.units(claim)), lambda s: _claim(s, claim).units
    )


def _sum_paid(family: Family, claims: Sequence[str]) -> Part:
    def signs(audit: Audit) -> Several:
        return reduce(joined, (audit.end.claim(claim) for claim in claims))

    return _part(family, signs, lambda s: sum((exactly(s.end.claim(c)) for c in claims), ZERO))


def _sum_faces(family: Family, claims: Sequence[str]) -> Part:
    def signs(audit: Audit) -> Several:
        return reduce(joined, (audit.end.face(claim) for claim in claims))

    return _part(family, signs, lambda s: sum((s.end.face(c) for c in claims), ZERO))


def _claim(solved: Solved, claim: str) -> Claim:
    index = solved.end.compiled.index
    return index.claim_of[index.claim[claim]]
