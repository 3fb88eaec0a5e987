"""The axis of a shock.

What a share of it means in dollars, as a level, or as the size of a move.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from looprisk.analysis.solve import Solved
from looprisk.engine.stage import StageRun
from looprisk.engine.state import ONE, ZERO
from looprisk.model.scenario import Stage
from looprisk.model.values import Value
from looprisk.model.vocabulary import Unit
from looprisk.results.records import At, Shock, ShockMove


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The last stage as a line from nothing to its size: ``start + fraction * (full - start)``."""

    path: str
    unit: Unit
    start: Fraction
    full: Fraction

    def at(self, fraction: Fraction | float) -> At:
        """Return the place on the axis of a share of the shock as written.

        >>> axis = Axis(path="Stream", unit="usd", start=Fraction(0), full=Fraction(93_000_000))
        >>> axis.at(0.5).value
        46500000.0
        """
        value = self.start + Fraction(fraction) * (self.full - self.start)
        return At(path=self.path, value=float(value), unit=self.unit)


def axis_of(solved: Solved) -> Axis:
    """Return the axis of the stage that break points scale.

    A single shock has its own unit; several have one if they share size and unit, else the axis is
    the share of the shock as written. A price that an earlier stage moved goes from dollars to
    dollars: a share of the price at the start would not say where it comes from.
    """
    stage = solved.scaled_stage
    if stage is None:
        return Axis(path="", unit="fraction", start=ZERO, full=ONE)
    axes = [_axis(solved, verb, target, size) for verb, target, size in sized(stage)]
    if not axes:
        shocks = unsized(stage)
        path = shocks[0][1] if len(shocks) == 1 else f"{len(shocks)} shocks"
        return Axis(path=path, unit="fraction", start=ZERO, full=ONE)
    if len(axes) == 1:
        return axes[0]
    first = axes[0]
    together = f"{first.path} and {len(axes) - 1} more"
    if all((a.unit, a.start, a.full) == (first.unit, first.start, first.full) for a in axes):
        return Axis(path=together, unit=first.unit, start=first.start, full=first.full)
    return Axis(path=together, unit="fraction", start=ZERO, full=ONE)


def sized(stage: Stage) -> list[tuple[str, str, Value]]:
    """Return (verb, target, size) of every shock of a stage that has a size."""
    found = []
    for verb, shocks in (
        ("price", stage.price),
        ("depeg", stage.depeg),
        ("loss", stage.loss),
        ("default", stage.default),
        ("misprice", stage.misprice),
    ):
        found += [(verb, target, size) for target, size in shocks.items()]
    return found


def unsized(stage: Stage) -> list[tuple[str, str]]:
    """Return (verb, target) of every shock of a stage that is taken whole or not at all."""
    return [
        *(("recognise", target) for target in stage.recognise),
        *(("close", target) for target in stage.close),
        *(("freeze", target) for target in stage.freeze),
        *(("adl", target) for target in stage.adl),
        *(("mint", target) for target in stage.mint),
        *(("open", target) for target in stage.open),
        *(("run", target) for target in stage.run),
        *(("drain", target) for target in stage.drain),
        *(("change", target) for target in stage.change),
    ]


def _axis(solved: Solved, verb: str, target: str, size: Value) -> Axis:
    catalogue, run, number = solved.catalogue, solved.scaled, size.number
    if verb == "loss":
        if size.unit == "usd":
            return Axis(path=target, unit="usd", start=ZERO, full=number)
        if target in catalogue.system.venues:
            return Axis(path=target, unit="fraction", start=ZERO, full=number)
        issuer, _, pile = target.partition("/outside/")
        gone = sum(
            (
                lost - run.before.lost.get((of, name), ZERO)
                for (of, name), lost in run.after.lost.items()
                if of == issuer and pile in {"", name}
            ),
            ZERO,
        )
        return Axis(path=target, unit="usd", start=ZERO, full=gone)
    if verb == "default":
        return Axis(path=target, unit="fraction", start=ONE, full=number)
    ends, first = _ends(run, verb, target), _ends(solved.runs[0], verb, target)
    if ends is None or first is None:
        if size.unit == "fraction":
            return Axis(path=target, unit="fraction", start=ZERO, full=abs(number))
        return Axis(path=target, unit="price", start=ZERO, full=number)
    start, full = ends
    if size.unit == "fraction" and start == first[0]:
        return Axis(path=target, unit="fraction", start=ZERO, full=abs(number))
    return Axis(path=target, unit="price", start=start, full=full)


def _ends(run: StageRun, verb: str, target: str) -> tuple[Fraction, Fraction] | None:
    """Return a price before a stage and after it; None for what is no price."""
    whole = run.world(ZERO, ONE)
    if verb == "price":
        # it may move together with its unit: known at both ends, and no line between
        before, after = (replace(whole, still=s).price(target).const for s in (ZERO, ONE))
        return before, after
    line = whole.quote(target) if verb == "depeg" else None
    return None if line is None else (line.at(ZERO), line.at(ONE))


def shock_of(solved: Solved, axis: Axis, lost: Fraction) -> Shock:
    """Return what was asked, for the headline and for the axis of pictures and tables."""
    moves = tuple(
        ShockMove(verb=verb, target=target, size=float(size.number), unit=unit_of_size(size))
        for stage in solved.case.scenario.stages
        for verb, target, size in sized(stage)
    ) + tuple(
        ShockMove(verb=verb, target=target)
        for stage in solved.case.scenario.stages
        for verb, target in unsized(stage)
    )
    searched = solved.scaled.reach if solved.segments else ONE
    return Shock(
        moves=moves,
        path=axis.path,
        unit=axis.unit,
        start=float(axis.start),
        as_written=float(axis.full),
        searched_to=axis.at(searched).value if solved.case.scenario.stages else None,
        loss_usd=float(lost),
    )


def unit_of_size(size: Value) -> Unit:
    """Return the unit in which the size of a shock is read."""
    if size.unit in {"fraction", "share"}:
        return "fraction"
    return "usd" if size.unit == "usd" and not size.of else "price"
