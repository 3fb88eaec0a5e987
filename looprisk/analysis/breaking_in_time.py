"""Break points of a scenario with time: how far its shock goes before each thing happens.

Found by running the scenario at many sizes of the shock, each border narrowed down to a bracket.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from looprisk.analysis.assuming import assumptions
from looprisk.analysis.axis import Axis, sized, unit_of_size, unsized
from looprisk.analysis.cascading import Watch, label_of
from looprisk.analysis.clearing import pinned, title
from looprisk.cascade.ahead import PATHS, Found, Key, found_ahead
from looprisk.cascade.claims import claims_of
from looprisk.cascade.levels import Level
from looprisk.cascade.plan import Plan
from looprisk.cascade.run import Run
from looprisk.cascade.stages import stage_name
from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.groups import only_run
from looprisk.model.scenario import Stage
from looprisk.model.values import Value
from looprisk.model.vocabulary import event_named
from looprisk.results.answers import BreakPoints
from looprisk.results.records import BreakPoint, Certificate, LossCurve, Shock, ShockMove

ZERO, ONE = Fraction(0), Fraction(1)


def breaks_in_time(case: Case, watch: Watch | None = None) -> BreakPoints:
    """Return how far the shock of a scenario with time goes before each thing happens.

    The stage that ``ray`` names is scaled, else the last; where there is none, how far prices go
    from where their paths begin. With several paths a thing happens where it does in any of them.
    """
    case = only_run(case)
    along = along_shock(case, watch)
    found, done, axis = along.found, along.done, along.axis
    watched = sorted({*found.happens, *_never(done, found)})
    rows = [_row(done, found, axis, key) for key in watched]
    never = float("inf")
    rows.sort(key=lambda r: (never if r.fraction is None else r.fraction, r.of, r.event))
    asked = pinned(case)
    return BreakPoints(
        scenario=title(case),
        inputs_digest=asked.digest,
        pinned=asked,
        shock=_shock(case, along),
        certificate=_certificate(found),
        layer_count=len({row.of for row in rows}),
        rows=tuple(rows),
        labels={c.id: label for c in claims_of(done) if (label := label_of(done, c))},
        curves=_curves(done, found),
        assumption_rows=assumptions(case),
    )


@dataclass(frozen=True, kw_only=True)
class Along:
    """What happens along the shock of a case."""

    stage: int
    found: Found
    done: Run
    axis: Axis

    def first(self, of: str, event: str) -> tuple[Fraction | None, str]:
        """Return the share from which an event happens to a thing, None for never, and why."""
        key = (of, event)
        if key not in self.found.happens:
            return None, ""
        first = _first(self.found, key)
        return None if first is None else Fraction(repr(first)), self.found.because[key]


def along_shock(case: Case, watch: Watch | None = None, levels: Collection[Level] = ()) -> Along:
    """Return what happens along the shock of a case with time, and its axis.

    A fall below one of ``levels`` is found as an event of that word.
    """
    stage = _stage(case)
    found, done = found_ahead(case.system, case.scenario, stage, watch, levels)
    return Along(stage=stage, found=found, done=done, axis=_axis(done.plan, stage))


def _stage(case: Case) -> int:
    stages = case.scenario.stages
    if case.scenario.ray is not None:
        names = [stage_name(stage, at) for at, stage in enumerate(stages)]
        return names.index(str(case.scenario.ray))
    if stages:
        return len(stages) - 1
    if case.scenario.paths is not None:
        return PATHS
    message = f"{case.name or 'the scenario'} has no shock: nothing to scale"
    raise ModelError([Problem((), message, "add a stage, or `paths` of prices")])


def _axis(plan: Plan, stage: int) -> Axis:
    """Return what a share of the shock means: dollars, a level, or the size of a move."""
    if stage == PATHS:
        return Axis(path="paths", unit="fraction", start=ZERO, full=ONE)
    part = plan.scenario.stages[stage]
    axes = [_line(plan, *shock) for shock in sized(part)]
    rest = unsized(part)
    if len(axes) == 1:
        return axes[0]
    if axes and all((a.unit, a.start, a.full) == _place(axes[0]) for a in axes):
        path = f"{axes[0].path} and {len(axes) - 1} more"
        return Axis(path=path, unit=axes[0].unit, start=axes[0].start, full=axes[0].full)
    first = axes[0].path if axes else (rest[0][1] if rest else stage_name(part, stage))
    more = len(axes) + len(rest) - 1
    path = f"{first} and {more} more" if more > 0 else first
    return Axis(path=path, unit="fraction", start=ZERO, full=ONE)


def _place(axis: Axis) -> tuple[str, Fraction, Fraction]:
    return axis.unit, axis.start, axis.full


def _line(plan: Plan, verb: str, target: str, size: Value) -> Axis:
    number = size.number
    if verb == "loss" and size.unit != "usd" and target not in plan.system.venues:
        name, _, pile = target.partition("/outside/")
        piles = zip(plan.piles, plan.pile_worth.tolist(), strict=True)
        worth = sum(w for (of, p), w in piles if of == name and pile in {"", p})
        return Axis(path=target, unit="usd", start=ZERO, full=number * Fraction(repr(worth)))
    if verb == "loss":
        unit = unit_of_size(size)
        return Axis(path=target, unit=unit, start=ZERO, full=number)
    if verb == "default":
        return Axis(path=target, unit="fraction", start=ONE, full=number)
    if size.unit == "fraction":
        return Axis(path=target, unit="fraction", start=ZERO, full=abs(number))
    if verb == "misprice":
        return Axis(path=target, unit="fraction", start=ZERO, full=ONE)
    start = plan.start.prices.get(target, plan.start.quotes.get(target))
    if start is None or (size.of is not None and size.unit != "usd"):
        return Axis(path=target, unit="fraction", start=ZERO, full=ONE)
    return Axis(path=target, unit="price", start=Fraction(start), full=number)


def _never(done: Run, found: Found) -> set[Key]:
    """Return what is watched and happens at no size: claims, issuers, accounts that hold out."""
    plan = done.plan
    keys = {(of, event) for event in ("impaired", "insolvent") for of in plan.standing_of[event]}
    keys |= {(book.name, "liquidated") for book in plan.books if book.slots}
    keys |= {(leg, "hedge_closed") for leg, (v, i) in plan.leg_at.items() if _owned(plan, v, i)}
    return keys - found.happens.keys()


def _owned(plan: Plan, venue: int, leg: int) -> bool:
    legs = plan.legs[venue]
    return bool(legs.owner[legs.wallet[leg]] >= 0)


def _row(done: Run, found: Found, axis: Axis, key: Key) -> BreakPoint:
    of, event = key
    stretches = found.stretches(key) if key in found.happens else []
    if not stretches:
        return BreakPoint(
            of=of, event=event_named(event), intervals=(), fraction=None, kind="bracket"
        )
    without, first, _ = stretches[0]
    claim = _claim(done, of)
    before = found.losses.get(without, {}).get(claim)
    return BreakPoint(
        of=of,
        event=event_named(event),
        intervals=tuple((low, high) for _, low, high in stretches),
        fraction=first,
        kind="bracket",
        at=axis.at(first),
        loss_before_usd=before,
        loss_after_usd=found.losses[first].get(claim),
        together_with=_together(found, of, first),
        because=found.because[key],
    )


def _together(found: Found, of: str, share: float) -> tuple[str, ...]:
    """Return what else breaks at the same share."""
    names = {name for name, event in found.happens if _first(found, (name, event)) == share}
    return tuple(sorted(names - {of}))


def _first(found: Found, key: Key) -> float | None:
    stretches = found.stretches(key)
    return stretches[0][1] if stretches else None


def _claim(done: Run, of: str) -> str:
    """Return the claim whose loss stands for a thing: itself, or what an issuer's holders have."""
    firm = done.plan.firm_at.get(of)
    if firm is None or of in done.plan.place:
        return of
    goods = done.plan.goods_of[firm]
    return done.plan.goods[goods[-1]] if goods else f"{of}/equity"


def _shock(case: Case, along: Along) -> Shock:
    axis = along.axis
    struck: tuple[Stage, ...] = case.scenario.stages if along.stage != PATHS else ()
    moves = [
        ShockMove(
            verb=verb,
            target=target,
            size=float(size.number),
            unit=unit_of_size(size),
        )
        for one in struck
        for verb, target, size in sized(one)
    ]
    moves += [ShockMove(verb=verb, target=to) for one in struck for verb, to in unsized(one)]
    return Shock(
        moves=tuple(moves),
        path=axis.path,
        unit=axis.unit,
        start=float(axis.start),
        as_written=float(axis.full),
        searched_to=axis.at(ONE).value,
        loss_usd=along.found.fallen[1.0],
    )


def _certificate(found: Found) -> Certificate:
    gap = max(found.gaps.values())
    return Certificate(residual=gap, conservation_gap=gap, exact_mode=False)


def _curves(done: Run, found: Found) -> tuple[LossCurve, ...]:
    shares = tuple(found.shares)
    start = {claim.id: float(claim.of(done.start)[0]) for claim in claims_of(done)}
    return tuple(
        LossCurve(
            of=claim,
            fractions=shares,
            loss_usd=tuple(found.losses[share][claim] for share in shares),
            start_usd=start[claim],
        )
        for claim in found.losses[1.0]
    )
