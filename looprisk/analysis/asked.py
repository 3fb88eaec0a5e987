"""One number of one solved case: a metric of a thing, or where along the shock its event comes."""

from __future__ import annotations

from fractions import Fraction

from looprisk.analysis.axis import axis_of
from looprisk.analysis.breaking import claim_of
from looprisk.analysis.metrics import METRICS, Ask, measure
from looprisk.analysis.recognising import recognised_along
from looprisk.analysis.solve import Solved, as_written
from looprisk.engine.monitors import Stretch, depegged, lenders_short
from looprisk.engine.point import Point
from looprisk.engine.state import usd
from looprisk.errors import ModelError, NotCarriedError, Problem
from looprisk.model import vocabulary
from looprisk.model.measure import Measure
from looprisk.model.values import Value
from looprisk.model.vocabulary import Unit


def number_of(solved: Solved, asked: Measure, point: Point) -> Fraction | None:
    """Return what is asked, in the unit of :func:`unit_of`; None where it is not defined.

    A break point that never comes within the shock as written is None. ``point`` is the solution
    that other metrics are read at.
    """
    of = claim_named(solved, asked.of)
    if asked.event is None:
        if asked.metric not in METRICS:
            raise NotCarriedError(f"{asked.metric} needs a scenario with `time`")
        return measure(asked.metric, Ask(solved=solved, point=point, of=of))
    found = stretches_of(solved, of, asked.event, asked.below)
    if not found:
        return None
    first = Fraction(found[0].lo)
    axis = axis_of(solved)
    if asked.metric == "break_fraction":
        return first
    return axis.start + first * (axis.full - axis.start)


def unit_of(solved: Solved, asked: Measure) -> Unit:
    """Return the unit of what is asked; a break point is in the unit of the shock."""
    if asked.metric == "break_at":
        return axis_of(solved).unit
    return vocabulary.unit_of(asked.metric)


def claim_named(solved: Solved, of: str) -> str:
    """Return the id of a claim written as a path; raise ModelError where there is no such thing."""
    found = claim_meant(solved, of)
    must_be_known(solved, found)
    return found


def claim_meant(solved: Solved, of: str) -> str:
    """Return the id of a claim written as a path: ``market/token``, ``issuer/issues/token``."""
    claim = solved.catalogue.supply_ids.get(of, of)
    head, _, token = claim.partition("/issues/")
    return token if head in solved.catalogue.system.issuers and token else claim


def must_be_known(solved: Solved, of: str) -> None:
    """Raise ModelError where an id is no claim and no part of the system."""
    index, system = solved.end.compiled.index, solved.catalogue.system
    parts = (system.issuers, system.markets, system.positions, system.assets, system.venues)
    if of not in index.claim and not any(of in section for section in parts):
        raise ModelError([Problem((of,), f"`{of}` is nothing in this system")])


def booked(solved: Solved, of: str) -> str:
    """Return the claim whose book value stands for a thing: of an issuer, that of its shares."""
    claim = claim_of(solved, of)
    return claim.id if claim is not None else ""


def lends(solved: Solved, of: str) -> bool:
    """Return whether a thing is an account, or a market of several reserves."""
    catalogue = solved.catalogue
    several = of in catalogue.system.markets and of not in catalogue.supplies
    return several or (of in catalogue.loans and of not in catalogue.summed)


def stretches_of(
    solved: Solved, of: str, event: str, below: Value | None = None
) -> tuple[Stretch, ...]:
    """Return where along the scaled stage, as written, an event of a thing holds."""
    if event == "recognised":
        return recognised_along(solved, booked(solved, of))
    if event == "impaired" and lends(solved, of):
        found = solved.where(lambda compiled: lenders_short(compiled, of))
        return as_written(found).get((of, event), ())
    if event != "depegged" or below is None:
        return solved.broken_as_written.get((of, event), ())
    level = level_of(solved, below)
    found = solved.where(lambda compiled: (depegged(compiled, of, level),))
    return as_written(found).get((of, event), ())


def level_of(solved: Solved, below: Value) -> Fraction:
    """Return the level of ``depegged`` in USD, at the prices of the start."""
    return usd(solved.catalogue, solved.start.compiled.world.start, below, "below")
