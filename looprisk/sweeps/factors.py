"""The shocks of a stage as factors that grow each by itself: a point is a size for each of them.

A factor of size 1 is as the stage has it, 0 is not struck. What an earlier stage did stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from looprisk.analysis.solve import Solved
from looprisk.engine.stage import StageRun
from looprisk.engine.state import ONE, ZERO
from looprisk.engine.strike import strike
from looprisk.errors import ModelError, NotCarriedError, Problem
from looprisk.model.scenario import Stage
from looprisk.model.values import Value
from looprisk.sweeps.limit import text_of

Sizes = tuple[Fraction, ...]
"""One size for each factor, as a share of it as written."""
VERBS = ("price", "depeg", "loss", "default", "misprice")
"""Shocks with a size that can be anything between nothing and what is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One target of one verb: ``none + size * (full - none)``, in the unit of the verb."""

    verb: str
    target: str
    none: Fraction
    full: Fraction
    value: Value
    """As written."""

    def sized(self, size: Fraction) -> Value:
        """Return the shock at a size, with its text as it is typed."""
        number = self.none + size * (self.full - self.none)
        value = replace(self.value, low=number, high=number, text="")
        return replace(value, text=text_of(number, value))


@dataclass(frozen=True, kw_only=True)
class Factors:
    """The factors of the last stage of a solved case, and how far each can go."""

    solved: Solved
    run: StageRun
    stage: Stage
    every: tuple[Factor, ...]
    reach: Sizes

    def struck(self, sizes: Sequence[Fraction]) -> Stage:
        """Return the stage with these sizes of its factors."""
        verbs: dict[str, dict[str, Value]] = {factor.verb: {} for factor in self.every}
        for factor, size in zip(self.every, sizes, strict=True):
            verbs[factor.verb][factor.target] = factor.sized(size)
        return self.stage.model_copy(update=verbs)

    def typed(self, sizes: Sequence[Fraction]) -> dict[str, dict[str, str]]:
        """Return the shock as it is typed, without factors that are not struck."""
        verbs: dict[str, dict[str, str]] = {}
        for factor, size in zip(self.every, sizes, strict=True):
            if size:
                verbs.setdefault(factor.verb, {})[factor.target] = factor.sized(size).text
        return verbs

    def toward(self, sizes: Sequence[Fraction], start: Sequence[Fraction] = ()) -> StageRun:
        """Return the straight way from nothing, or from other sizes, to these sizes."""
        before, catalogue = self.run.before, self.run.catalogue
        after = strike(catalogue, before, self.struck(sizes))
        if any(start):
            before = strike(catalogue, before, self.struck(start))
        return replace(self.run, before=before, after=after)

    def alone(self, place: int, size: Fraction) -> Sizes:
        """Return sizes where one factor is struck and no other."""
        return tuple(size if k == place else ZERO for k in range(len(self.every)))


def factors_of(solved: Solved) -> Factors:
    """Return the factors of the last stage.

    Raises NotCarriedError for stages whose shocks have no size, and for ``mode: latched``.
    """
    stage, run = solved.scaled_stage, solved.scaled
    if stage is None:
        raise ModelError([Problem((), "which shocks? give some: --shock 'price: {ETH: -50%}'")])
    if solved.case.scenario.mode == "latched" or run.then is not None:
        raise NotCarriedError(
            "the smallest of many shocks is asked of the last stage, in `mode: equilibrium`: what "
            "is latched, or struck later, depends on the way there"
        )
    odd = [verb for verb in stage.shocks if verb not in VERBS]
    if odd:
        raise NotCarriedError(
            f"`{odd[0]}` has no size between nothing and all: the factors of a reverse stress are "
            f"{', '.join(VERBS)}; strike the rest in a stage before"
        )
    every = tuple(
        _factor(solved, verb, target, value)
        for verb in VERBS
        if verb in stage.shocks
        for target, value in getattr(stage, verb).items()
    )
    found = Factors(solved=solved, run=run, stage=stage, every=every, reach=(ONE,) * len(every))
    reach = [found.toward(found.alone(k, ONE)).reach for k in range(len(every))]
    return replace(found, reach=tuple(reach))


def _factor(solved: Solved, verb: str, target: str, value: Value) -> Factor:
    before, after = solved.scaled.before, solved.scaled.after
    none, full, unit = ZERO, value.number, value.unit
    if verb == "price":
        start = solved.catalogue.system.assets[target].price.number
        none, full = (state.prices[target] / start - 1 for state in (before, after))
        unit = "fraction"
    elif verb == "depeg":
        start = before.quoted_from[target]
        none, full = (1 - state.quotes[target] / start for state in (before, after))
        unit = "fraction"
    elif verb == "default":
        none = ONE
    elif verb == "misprice" and unit != "fraction":
        raise NotCarriedError(f"misprice/{target}: write how far it is off as a share: +5%")
    plain = replace(
        value, low=full, high=full, unit=unit, of=None if unit != value.unit else value.of
    )
    if none == full:
        message = f"{verb}/{target}: `{value.text}` strikes nothing"
        raise ModelError([Problem((verb, target), message)])
    return Factor(verb=verb, target=target, none=none, full=full, value=plain)
