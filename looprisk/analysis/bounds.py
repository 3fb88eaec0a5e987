"""Intervals in, intervals out: every answer for all that a case leaves open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import Unpack

from looprisk.analysis import quantities
from looprisk.analysis.api import Question, case_of
from looprisk.analysis.axis import axis_of
from looprisk.analysis.axis import shock_of as shock_as_asked
from looprisk.analysis.bearing import loss_put_in, waterfall
from looprisk.analysis.breaking import claim_of
from looprisk.analysis.clearing import clearing_of, digest, layer_kind, title
from looprisk.analysis.enclosed_breaks import NEVER
from looprisk.analysis.flows import flows
from looprisk.analysis.names import claim_label
from looprisk.analysis.ranges import with_natural_ranges
from looprisk.analysis.refusals import why_unproved
from looprisk.analysis.solve import Solved, solve
from looprisk.analysis.spans import Family, Quantity, Span
from looprisk.analysis.uncertain import Datum, completed, shown, with_ends
from looprisk.analysis.unknowns import needed
from looprisk.engine.breaks import Break
from looprisk.engine.monitors import monitors
from looprisk.engine.skeleton import Claim
from looprisk.errors import NotCarriedError
from looprisk.graph import layers as layers_of
from looprisk.model.case import Case
from looprisk.model.groups import only_run
from looprisk.model.system import System
from looprisk.model.vocabulary import event_named
from looprisk.results.bounds import (
    UNPROVED,
    BorneBounds,
    Bounds,
    BreakBounds,
    Interval,
    LayerBounds,
    OpenDatum,
)
from looprisk.results.phrases import shock_headline
from looprisk.results.records import ClaimKind

MOST_ORDERS = 200
"""So many combinations of orders of payment are tried."""
SMALL = 1e4
"""USD: of a shock up to so much cents are shown."""
Make = Callable[[Family], Quantity]


class Cases:
    """All completions of a case: a family of numbers for each choice of the orders."""

    def __init__(self, case: Case) -> None:
        """Find what the answers to a case depend on, and its range.

        Raises UnknownValueError naming what has no range and must be given.
        """
        found = with_natural_ranges(case.system, needed(case, lambda c: clearing_of(solve(c))))
        self.why = {datum.path: why for datum, why in found}
        self.data = with_ends(case, tuple(datum for datum, _ in found))
        self.numbers = tuple(d for d in self.data if not d.is_order)
        self.orders = tuple(d for d in self.data if d.is_order)
        chosen = list(product(*(range(len(d.choices)) for d in self.orders)))
        if len(chosen) > MOST_ORDERS:
            names = ", ".join(d.path for d in self.orders)
            raise NotCarriedError(
                f"{names}: {len(chosen)} orders together, of which at most {MOST_ORDERS} are "
                f"tried: write the ranks that are known, or one with --set {self.orders[0].path}=…"
            )
        self.families = {
            choice: Family(case=completed(case, self._words(choice)), numbers=self.numbers)
            for choice in chosen
        }
        """By the place of the choice that each order takes."""

    def _words(self, choice: tuple[int, ...]) -> dict[Datum, object]:
        return {d: d.choices[at] for d, at in zip(self.orders, choice, strict=True)}

    @property
    def first(self) -> Solved:
        """One completion: what there is in it, there is in all."""
        return next(iter(self.families.values())).middle

    @property
    def unproved(self) -> str:
        """Why some answers have no bound."""
        open_ = (family for family in self.families.values() if family.numbers)
        return next((why_unproved(family) for family in open_), "")

    @property
    def completions(self) -> int:
        """How many completions were solved."""
        return sum(len(family.solved_at) for family in self.families.values())

    def span(self, make: Make) -> Span | None:
        """Return the range of an answer over all completions; None where it is not proved."""
        return _hull([family.span(make(family)) for family in self.families.values()])

    def interval(self, make: Make) -> Interval:
        """Return the range of an answer with the datum that decides it."""
        span = self.span(make)
        if span is None:
            return UNPROVED
        by = self.decides(make, span) if span.width else ""
        return Interval(low=float(span.low), high=float(span.high), exact=span.exact, decided_by=by)

    def decides(self, make: Make, span: Span) -> str:
        """Return the path of the datum that, once known, leaves the narrowest range.

        A number is taken at the middle of its range, an order at its worst choice.
        """
        if len(self.data) == 1:
            return self.data[0].path
        left = [(width, d.path) for d in self.data if (width := self._left(make, d)) is not None]
        width, path = min(left, default=(span.width, ""))
        return path if width < span.width else ""

    def _left(self, make: Make, datum: Datum) -> Fraction | None:
        if datum.is_order:
            place = self.orders.index(datum)
            hulls = [
                _hull([f.span(make(f)) for c, f in self.families.items() if c[place] == choice])
                for choice in range(len(datum.choices))
            ]
            return None if any(h is None for h in hulls) else max(h.width for h in hulls if h)
        place = self.numbers.index(datum)
        middle = datum.at(Fraction(1, 2))
        spans = []
        for family in self.families.values():
            low, high = ((*end[:place], middle, *end[place + 1 :]) for end in family.whole)
            spans.append(family.span(make(family), (low, high)))
        hull = _hull(spans)
        return None if hull is None else hull.width


def _hull(spans: Sequence[Span | None]) -> Span | None:
    found = [span for span in spans if span is not None]
    return reduce(Span.hull, found) if found and len(found) == len(spans) else None


def bounds(what: System | Case, **asked: Unpack[Question]) -> Bounds:
    """Return every answer as an interval that contains the truth, and the datum that decides it.

    Takes what :func:`looprisk.run` takes. Values may be intervals (``$80M..$138M``) or ``unknown``:
    a fraction then lies between 0 and 1, tokens held between none and what nobody else holds, an
    order of payment is any order. Where every sign is proved, or an answer is monotone through all
    stages, both ends are attained (``exact``); elsewhere, as where a trigger or a run parts the
    completions, the interval is an outer one that contains them all.

    >>> import looprisk as lr
    >>> fund = lr.System(
    ...     issuers={"S": lr.Issuer(outside={"book": "$600..$700"}, owes={"outside": "$530"})}
    ... )
    >>> lender = bounds(fund, loss={"S": "$93"}).layer("S/owes/outside")
    >>> lender.loss.low, lender.loss.high, lender.loss.decided_by
    (0.0, 23.0, 'S/outside/book')

    Raises UnknownValueError naming what has no range by nature, and what :func:`looprisk.run`
    raises.
    """
    return bounds_of(case_of(what, asked))


def bounds_of(case: Case) -> Bounds:
    """Return the intervals of a case."""
    case = only_run(case)
    cases = Cases(case)
    solved = cases.first
    layers = _layers(cases, solved)
    borne = _borne(cases, solved)
    breaks = _breaks(cases, solved)
    asked = shock_as_asked(solved, axis_of(solved), loss_put_in(solved))
    in_shock = any(d.in_shock for d in cases.data)
    return Bounds(
        scenario=title(case),
        inputs_digest=digest(case),
        shock="The shock" if in_shock else shock_headline(asked, cents=abs(asked.loss_usd) < SMALL),
        data=tuple(_datum(cases, d) for d in cases.data),
        layer_rows=layers,
        borne_rows=borne,
        break_rows=breaks,
        completions=cases.completions,
        unproved=cases.unproved,
    )


def _datum(cases: Cases, datum: Datum) -> OpenDatum:
    row = OpenDatum(path=datum.path, text=datum.text, why=cases.why[datum.path])
    if datum.is_order:
        return replace(row, choices=len(datum.choices))
    low, written, high = datum.text.partition("..")
    if not written:
        low, high = (shown(datum, datum.at(Fraction(end))) for end in (0, 1))
    return replace(row, low=low, high=high)


def _layers(cases: Cases, solved: Solved) -> tuple[LayerBounds, ...]:
    number = layers_of(solved.catalogue.system)
    rows = [
        _layer(cases, solved, claim, kind, number[claim.id])
        for claim in solved.end.compiled.index.claim_of
        if (kind := layer_kind(claim)) is not None
    ]
    shown_rows = [row for row in rows if row.kind != "equity" or row.claims.high or row.loss.high]
    return tuple(sorted(shown_rows, key=lambda r: (r.layer, -(r.claims.high or 0), r.id)))


def _layer(cases: Cases, solved: Solved, claim: Claim, kind: ClaimKind, layer: int) -> LayerBounds:
    id_ = claim.id
    token = claim.kind in {"share", "par"}
    return LayerBounds(
        layer=layer,
        id=id_,
        kind=kind,
        label=claim_label(solved, claim),
        claims=cases.interval(lambda f: quantities.face(f, id_)),
        economic=cases.interval(lambda f: quantities.value(f, id_)),
        loss=cases.interval(lambda f: quantities.loss(f, id_)),
        fraction=cases.interval(lambda f: quantities.fraction(f, id_)),
        price=cases.interval(lambda f: quantities.price(f, id_)) if token else None,
        self_fulfilling=cases.interval(lambda f: quantities.gap(f, id_)),
        first_break=_never(cases.interval(_first_break(solved, claim))),
    )


def _first_break(solved: Solved, claim: Claim) -> Make:
    """A layer breaks as it does in a clearing: a first-loss claim when its issuer is insolvent."""
    keys: list[Break] = [(claim.id, "impaired")]
    watched = {(m.of, m.event) for m in monitors(solved.end.compiled, solved.baseline)}
    if claim.kind == "share" and (solved.catalogue.issuer_of[claim.id], "insolvent") in watched:
        keys = [(solved.catalogue.issuer_of[claim.id], "insolvent")]
    if claim.kind == "equity":
        keys = [(claim.id.removesuffix("/equity"), "insolvent")]
    return lambda family: quantities.first_break(family, keys)


def _never(interval: Interval) -> Interval:
    """Return an interval of shares of the shock with None where the break never comes."""
    ends = (interval.low, interval.high)
    low, high = (None if end == float(NEVER) else end for end in ends)
    return replace(interval, low=low, high=high)


def _borne(cases: Cases, solved: Solved) -> tuple[BorneBounds, ...]:
    rows = waterfall(solved, flows(solved.start), flows(solved.end))
    known = solved.end.compiled.index.claim
    return tuple(
        BorneBounds(claimant=row.claimant, via=row.via, loss=_outside_loss(cases, row.via))
        for row in rows
        if row.kind == "claim" and row.via in known
    )


def _outside_loss(cases: Cases, claim: str) -> Interval:
    return cases.interval(lambda family: quantities.borne(family, claim))


def _breaks(cases: Cases, solved: Solved) -> tuple[BreakBounds, ...]:
    watched = sorted({(m.of, m.event) for m in monitors(solved.end.compiled, solved.baseline)})
    issuers = solved.catalogue.system.issuers
    keys = [
        (of, event)
        for of, event in watched
        if event != "impaired" or of not in issuers or of in solved.catalogue.tokens
    ]
    rows = [_break(cases, solved, key) for key in keys]
    rows.sort(key=lambda r: (2 if r.fraction.low is None else r.fraction.low, r.of, r.event))
    return tuple(rows)


def _break(cases: Cases, solved: Solved, key: Break) -> BreakBounds:
    of, event = key
    found = cases.interval(lambda family: quantities.first_break(family, [key]))
    axis = axis_of(solved)
    claim = claim_of(solved, of)
    at: Interval | None = None
    if found.proved and _same_axis(cases):
        scale = float(axis.full - axis.start)
        ends = sorted(
            (float(axis.start) + end * scale, end) for end in (found.low, found.high) if end
        )
        places: Mapping[float, float | None] = {
            end: None if end == float(NEVER) else place for place, end in ends
        }
        start = float(axis.start)
        low, high = (
            start if end == 0 else None if end is None else places[end]
            for end in (found.low, found.high)
        )
        at = replace(found, low=low, high=high)
    return BreakBounds(
        of=of,
        event=event_named(event),
        label=claim_label(solved, claim) if claim is not None and claim.id == of else "",
        fraction=_never(found),
        at=at,
        unit=axis.unit,
    )


def _same_axis(cases: Cases) -> bool:
    """Return whether a share of the shock is the same size for every completion."""
    ends = [family.at(corner) for family in cases.families.values() for corner in family.whole]
    axes = [axis_of(solved) for solved in ends]
    return not any(d.in_shock for d in cases.data) and all(
        (a.start, a.full) == (axes[0].start, axes[0].full) for a in axes
    )
