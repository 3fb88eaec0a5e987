"""Oracles: what they look at, and what they report of it (DYNAMICS 4)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from looprisk.cascade.arrays import YEAR, Bools, Floats
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import State
from looprisk.engine.catalogue import known
from looprisk.errors import NotCarriedError
from looprisk.model.tokens import Oracle, Par

PLAIN: Mapping[str, Oracle] = {"market": Oracle(kind="market"), "nav": Oracle(kind="nav")}


def read_at_start(plan: Plan, state: State) -> State:
    """Return the state with what every oracle reports before the first step."""
    for at in range(len(plan.readings)):
        name, _ = plan.readings[at]
        oracle = plan.system.oracles.get(name) or PLAIN[name]
        seen = _looked_at(plan, state, at, oracle, 0.0)
        if oracle.kind == "capped" and oracle.cap is not None:
            seen = np.minimum(seen, _usd(plan, state, oracle, name))
        state = replace(state, reading=_put(state.reading, at, seen))
    return replace(state, last=state.reading)


def read(plan: Plan, state: State, book: Floats, now: float) -> State:
    """Return the state after every oracle has reported at time ``now``.

    ``book`` [path, good] are the book prices of the state as it enters the phase.
    """
    dt = plan.steps.dt(state.k)
    source = np.full_like(state.reading, np.nan)
    integral = np.zeros_like(source)
    if state.integrals:
        integral = state.integrals[0] + state.sources[0] * dt
    memory = plan.memory
    state = replace(
        state,
        sources=(source, *state.sources)[:memory],
        integrals=(integral, *state.integrals)[:memory],
        first=source if state.k == 0 else state.first,
    )
    shown = book
    for at, (name, _) in enumerate(plan.readings):
        # one oracle may look at another: that one has reported by then
        terms = terms_of(plan, state, name)
        for oracle, where in terms:
            seen = _looked_at(plan, replace(state, book=shown), at, oracle, now)
            source[:, at] = np.where(where, seen, source[:, at])
        told = state
        for oracle, where in terms:
            told = _where(where, _report(plan, state, at, oracle, now), told)
        state = told
    return state


def terms_of(plan: Plan, state: State, name: str) -> list[tuple[Oracle, Bools]]:
    """Return the terms of an oracle, each with the paths [path] in which they hold."""
    if name not in plan.oracle_at:
        return [(PLAIN[name], np.ones(state.paths, dtype=np.bool_))]
    at = plan.oracle_at[name]
    terms, version = state.terms[at], state.version[:, at]
    return [(terms[v], version == v) for v in np.unique(version).tolist()]


def _where(where: Bools, new: State, old: State) -> State:
    """Return the readings of one state in some paths, of another in the rest."""
    if where.all():
        return new
    here = where[:, None]
    return replace(
        old,
        reading=np.where(here, new.reading, old.reading),
        last=np.where(here, new.last, old.last),
        pushed=np.where(here, new.pushed, old.pushed),
    )


def _report(plan: Plan, state: State, at: int, oracle: Oracle, now: float) -> State:
    """Return the state after one oracle has reported: lag, window, cap, push, in this order."""
    name, _ = plan.readings[at]
    late = steps_late(plan, oracle)
    source = state.first[:, at] if late > state.k else state.sources[late][:, at]
    if oracle.window is not None:
        window = float(known(oracle.window, name, "window"))
        source = _mean(plan, state, at, late, window, now)
    if oracle.kind == "capped" and oracle.cap is not None:
        source = np.minimum(source, _usd(plan, state, oracle, name))
    before = state.last[:, at]
    push = np.ones_like(source, dtype=np.bool_)
    if state.k > 0 and (oracle.heartbeat is not None or oracle.deviation is not None):
        push = np.zeros_like(push)
        if oracle.heartbeat is not None:
            beat = float(known(oracle.heartbeat, name, "heartbeat"))
            push = push | (now - state.pushed[:, at] >= beat)
        if oracle.deviation is not None:
            step = float(known(oracle.deviation, name, "deviation"))
            push = push | (np.abs(source - before) >= step * before)
    push &= ~state.frozen[:, at] | (state.k == 0)
    last = np.where(push, source, before)
    wrong = state.wrong[:, at]
    told = np.where(np.isnan(wrong), last * state.misprice[:, at], wrong)
    told = np.where(state.frozen[:, at], state.reading[:, at], told)
    return replace(
        state,
        reading=_put(state.reading, at, told),
        last=_put(state.last, at, last),
        pushed=_put(state.pushed, at, np.where(push, now, state.pushed[:, at])),
    )


def steps_late(plan: Plan, oracle: Oracle) -> int:
    """Return how many steps an oracle is behind: the latest step at or before its lag."""
    return math.ceil(oracle.lag.number / plan.step_length) if oracle.lag is not None else 0


def _mean(plan: Plan, state: State, at: int, late: int, window: float, now: float) -> Floats:
    """Return the mean over a window of the source as an oracle so late sees it.

    Its integral is linear between steps; before the start the source is the first one.
    """
    seen = now - late * plan.steps.step
    if seen <= 0:
        return state.first[:, at]
    here = state.integrals[late][:, at]
    if window >= seen:
        there = state.first[:, at] * (seen - window)
        return (here - there) / window
    steps = window / plan.steps.step
    back = math.floor(steps)
    part = steps - back
    there = state.integrals[late + back][:, at]
    if part:
        there = there + part * (state.integrals[late + back + 1][:, at] - there)
    return (here - there) / window


def at_prices(plan: Plan, state: State) -> Floats:
    """Return what oracles that follow a market price at once report of a state's own prices.

    All others report what they did, [path, reading].
    """
    reading = state.reading.copy()
    for at, (name, collateral) in enumerate(plan.readings):
        for oracle, where in terms_of(plan, state, name):
            good = plan.good(str(oracle.of or collateral))
            if good >= plan.assets + plan.tokens or not _at_once(oracle):
                continue
            now = state.price[:, good]
            if oracle.kind == "capped":
                now = np.minimum(now, _usd(plan, state, oracle, name))
            live = where & np.isnan(state.wrong[:, at]) & ~state.frozen[:, at]
            reading[:, at] = np.where(live, now * state.misprice[:, at], reading[:, at])
    return reading


def _at_once(oracle: Oracle) -> bool:
    """Say whether an oracle reports a market price as it is."""
    late = (oracle.lag, oracle.window, oracle.heartbeat, oracle.deviation)
    capped = oracle.kind == "capped" and str(oracle.base or "market") == "market"
    return (capped or oracle.kind == "market") and all(v is None for v in late)


def _looked_at(plan: Plan, state: State, at: int, oracle: Oracle, now: float) -> Floats:
    """Return what an oracle on these terms looks at now, USD [path]."""
    name, collateral = plan.readings[at]
    if oracle.kind in {"capped", "twap"}:
        base = str(oracle.base or "market")
        target = str(oracle.of or collateral)
        if (base, target) in plan.readings[:at]:
            return state.reading[:, plan.readings.index((base, target))]
        return _kind(plan, state, PLAIN[base], target, base, now)
    return _kind(plan, state, oracle, str(oracle.of or collateral), name, now)


def _kind(plan: Plan, state: State, oracle: Oracle, target: str, name: str, now: float) -> Floats:
    good = plan.good(target)
    if oracle.kind == "fixed":
        return _usd(plan, state, oracle, name)
    if oracle.kind == "pt_discount":
        return _discounted(plan, state, oracle, target, name, now)
    supply = good - plan.assets - plan.tokens
    if supply >= 0 and not plan.realises[supply]:
        # an aToken counts at the price of its underlying, whatever its reserve has lost
        market, loan = plan.supplies[supply]
        due = state.index[:, supply]
        return due * _of_good(plan, state, oracle.kind, plan.books[market].loans[loan])
    return _of_good(plan, state, oracle.kind, good)


def _of_good(plan: Plan, state: State, kind: str, good: int) -> Floats:
    if kind == "nav" and good >= plan.assets:
        return state.book[:, good]
    return state.price[:, good]


def _usd(plan: Plan, state: State, oracle: Oracle, name: str) -> Floats:
    field = "price" if oracle.kind == "fixed" else "cap"
    number = oracle.price if oracle.kind == "fixed" else oracle.cap
    assert number is not None  # noqa: S101  (the model asks for it)
    amount = np.full(state.paths, float(known(number, name, field)))
    return amount * state.price[:, plan.place[number.of]] if number.of else amount


def _discounted(
    plan: Plan, state: State, oracle: Oracle, target: str, name: str, now: float
) -> Floats:
    """Return par less a discount that falls to zero on a straight line until maturity."""
    assert oracle.discount is not None and oracle.matures is not None  # noqa: S101, PT018
    receipt = plan.catalogue.tokens.get(target)
    start = plan.steps.start
    if start is None and plan.system.as_of is not None:
        start = float(known(plan.system.as_of, "as_of"))
    if start is None:
        raise NotCarriedError(
            f"{name}: a discount to maturity needs a day: write `start` under `time`, or `as_of`"
        )
    left = max(0.0, float(known(oracle.matures, name, "matures")) - start - now)
    factor = max(0.0, 1.0 - float(known(oracle.discount, name, "discount")) * left / YEAR)
    if isinstance(receipt, Par):
        par = np.full(state.paths, float(known(receipt.par, target, "par")))
        unit = receipt.par.of
        return par * factor * (_underlying(plan, state, oracle, unit, now) if unit else 1.0)
    return state.price[:, plan.good(target)] * factor


def _underlying(plan: Plan, state: State, oracle: Oracle, unit: str, now: float) -> Floats:
    """Return what the unit of a promise is worth: as the base oracle reads it, else at market."""
    if oracle.base is None:
        return state.price[:, plan.place[unit]]
    base = str(oracle.base)
    if (base, unit) in plan.readings:
        return state.reading[:, plan.readings.index((base, unit))]
    return _kind(plan, state, PLAIN[base], unit, base, now)


def _put(values: Floats, at: int, column: Floats) -> Floats:
    copy = values.copy()
    copy[:, at] = column
    return copy
