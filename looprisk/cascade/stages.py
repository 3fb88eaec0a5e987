"""Stages: shocks that fall due, each once in every path (DYNAMICS 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade import opening, shocks
from looprisk.cascade.arrays import Bools, Floats
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import Happened, State
from looprisk.errors import ModelError, Problem
from looprisk.model.scenario import Stage, When

Strike = Callable[[Plan, State, int, Stage, Bools], State]
VERBS: Mapping[str, Strike] = {
    "price": shocks.price,
    "depeg": shocks.depeg,
    "loss": shocks.loss,
    "recognise": shocks.recognise,
    "default": shocks.default,
    "mint": shocks.mint,
    "adl": shocks.adl,
    "close": shocks.close,
    "drain": shocks.drain,
    "misprice": shocks.misprice,
    "freeze": shocks.freeze,
    "open": opening.take,
    "run": shocks.ask,
    "change": shocks.change,
}


@dataclass(frozen=True, slots=True)
class _Due:
    place: int
    stage: Stage
    where: Bools


def strike(plan: Plan, state: State, now: float) -> tuple[State, tuple[Happened, ...]]:
    """Return the state after the stages that are due at ``now``, in the order of the file."""
    due = [
        _Due(at, stage, where)
        for at, stage in enumerate(plan.scenario.stages)
        if (where := _where(plan, state, at, stage, now)).any()
    ]
    _check_apart(due)
    events: list[Happened] = []
    for one in due:
        before = state
        for verb in one.stage.shocks:
            state = VERBS[verb](plan, state, one.place, one.stage, one.where)
        moved = one.where & _moved(before, state)
        state = replace(
            state,
            fired=_marked(state.fired, one.place, one.where),
            moved=_marked(state.moved, one.place, moved),
        )
        name = stage_name(one.stage, one.place)
        events.append(
            Happened(
                phase="stages",
                event="stage",
                of=(name,),
                where=one.where[:, None],
                amount=np.zeros((state.paths, 1)),
                because="moves nothing" if not moved.any() else ", ".join(one.stage.shocks),
            )
        )
        events += _closed_legs(plan, before, state, one.stage, name)
    return state, tuple(events)


def _closed_legs(
    plan: Plan, before: State, after: State, stage: Stage, name: str
) -> list[Happened]:
    """Return what a stage did to legs, as the events that a venue would have caused."""
    events = []
    for event, legs in (("hedge_closed", stage.close), ("deleveraged", tuple(stage.adl))):
        if not legs:
            continue
        places = [plan.leg_at[str(leg)] for leg in legs]
        sizes = [
            np.abs(before.venues[v].size[:, leg] - after.venues[v].size[:, leg])
            for v, leg in places
        ]
        marks = [before.price[:, plan.legs[v].good[leg]] for v, leg in places]
        units = np.stack(sizes, axis=-1)
        if units.any():
            events.append(
                Happened(
                    phase="stages",
                    event=event,
                    of=tuple(str(leg) for leg in legs),
                    where=units > 0,
                    amount=units * np.stack(marks, axis=-1),
                    because=name,
                )
            )
    return events


def stage_name(stage: Stage, place: int) -> str:
    """Return what a stage is called in results: its name, else its place counted from 1."""
    return str(stage.name) if stage.name is not None else f"stage {place + 1}"


def _where(plan: Plan, state: State, at: int, stage: Stage, now: float) -> Bools:
    """Return the paths in which a stage is due: at its time, or when the last record says so."""
    fresh: Bools = ~state.fired[:, at]
    if plan.scaled is not None and plan.scaled[0] == at:
        # from nothing: what has no size does not strike there either
        fresh &= plan.scaled[1] > 0
    if stage.when is not None:
        return fresh & _holds(plan, state, stage.when)
    start = float(stage.at.number) if stage.at is not None else 0.0
    return fresh & (now >= start)


def _holds(plan: Plan, state: State, when: When) -> Bools:
    if when.of is not None:
        seen = state.seen.get((str(when.of), str(when.event)))
        return np.zeros(state.paths, dtype=np.bool_) if seen is None else seen
    good = plan.good(str(when.price))
    level = when.below or when.above
    assert level is not None  # noqa: S101  (the model asks for one)
    mark = np.full(state.paths, float(level.number))
    if level.of is not None:
        mark = mark * state.price[:, plan.good(str(level.of))]
    market = state.price[:, good]
    return market < mark if when.below is not None else market > mark


def _check_apart(due: list[_Due]) -> None:
    """Two stages that set one value at one time leave open which of them holds."""
    for place, one in enumerate(due):
        for other in due[:place]:
            if not (one.where & other.where).any():
                continue
            for verb in ("price", "depeg", "misprice", "change", "drain"):
                both = set(getattr(one.stage, verb)) & set(getattr(other.stage, verb))
                if both:
                    name = min(both)
                    message = (
                        f"{verb}: {stage_name(one.stage, one.place)} and "
                        f"{stage_name(other.stage, other.place)} both set `{name}` at one time"
                    )
                    where = ("stages", str(one.place), verb, name)
                    raise ModelError([Problem(where, message, "leave one of the two out")])


def _marked(values: Bools, at: int, where: Bools) -> Bools:
    marked = values.copy()
    marked[:, at] |= where
    return marked


def _moved(before: State, after: State) -> Bools:
    """Return the paths in which anything is not as it was."""
    moved = np.zeros(before.paths, dtype=np.bool_)
    for was, now in _arrays(before, after):
        if was is not now and was.shape == now.shape:
            same = (was == now) | ((was != was) & (now != now))  # noqa: PLR0124  (NaN is itself)
            moved |= ~same.reshape(before.paths, -1).all(axis=-1)
    return moved


def _arrays(before: State, after: State) -> list[tuple[Floats, Floats]]:
    fields = (
        "level quote multiplier share last misprice wrong frozen cash owned units index lost "
        "recognised cap version"
    )
    pairs = [(getattr(before, name), getattr(after, name)) for name in fields.split()]
    names = ["collateral", "principal", "cap", "cash", "lltv", "incentive", "acting"]
    for old, new in zip(before.markets, after.markets, strict=True):
        pairs += [(getattr(old, name), getattr(new, name)) for name in names]
    for was, now in zip(before.venues, after.venues, strict=True):
        pairs += [(was.size, now.size), (was.margin, now.margin)]
    pairs.append((before.queue.asked, after.queue.asked))
    return pairs
