"""Runs: who is paid what by whom, while there is something liquid (DYNAMICS 7).

Requests are struck at the book of phase 8 when they are paid. An issuer pays from idle cash, then
from assets, then from its supply in markets; a market from its cash.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.arrays import YEAR, Floats, less, ratio
from looprisk.cascade.network import Network
from looprisk.cascade.plan import Plan
from looprisk.cascade.purse import spend
from looprisk.cascade.state import Happened, State, leaked
from looprisk.cascade.sums import total
from looprisk.cascade.valuation import value
from looprisk.engine.catalogue import known
from looprisk.errors import NotCarriedError
from looprisk.model.tokens import Redemption

TINY = 1e-12
"""The share of a request that counts as paid in full."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """What the leavers of one node want now."""

    node: int
    runs: tuple[int, ...]
    cohorts: tuple[Floats, ...]
    """[path, run]: units that can be asked for, by step of joining, first the earliest."""
    wanted: Floats
    """[path]: USD at book, before any limit."""
    alike: bool


def pay_out(plan: Plan, network: Network, state: State) -> tuple[State, tuple[Happened, ...]]:
    """Return the state after every queue was served, and what was gated."""
    if not plan.runs:
        return state, ()
    state = _joined(plan, state)
    asked = [a for node in _nodes(plan) if (a := _asked(plan, state, node)) is not None]
    state = replace(state, queue=replace(state.queue, missing=np.zeros_like(state.queue.missing)))
    if not any(a.wanted.any() for a in asked):
        return state, ()
    worth = value(plan, network, state, state.economic).price
    state, paid = _paid(plan, state, asked)
    events: list[Happened] = []
    for a in asked:
        state, more = _left(plan, state, a, paid[a.node], worth)
        events += more
    return state, tuple(events)


def _nodes(plan: Plan) -> list[int]:
    return sorted({plan.node_of[wanted.good] for wanted in plan.runs})


def _joined(plan: Plan, state: State) -> State:
    """Return the state after those who ask now have joined: at once, or spread over a time."""
    queue, dt = state.queue, plan.steps.dt(state.k)
    new = np.zeros_like(queue.asked)
    for i, wanted in enumerate(plan.runs):
        spread = wanted.terms.over
        if spread is None:
            new[:, i] = queue.asked[:, i]
        else:
            part = dt / float(known(spread, wanted.name, "over"))
            new[:, i] = np.minimum(queue.asked[:, i], queue.whole[:, i] * part)
    kept = [(k, w) for k, w in zip(queue.joined, queue.waiting, strict=True) if w.any()]
    if new.any():
        kept.append((state.k, new))
    return replace(
        state,
        queue=replace(
            queue,
            asked=less(queue.asked, new),
            joined=tuple(k for k, _ in kept),
            waiting=tuple(w for _, w in kept),
        ),
    )


def _terms(plan: Plan, good: int) -> Redemption | None:
    receipt = plan.catalogue.tokens.get(plan.goods[good])
    return receipt.redeems if receipt is not None else None


def _asked(plan: Plan, state: State, node: int) -> _Asked | None:
    runs = tuple(i for i, wanted in enumerate(plan.runs) if plan.node_of[wanted.good] == node)
    now = float(plan.steps.times[state.k])
    open_ = np.zeros((len(plan.runs),), dtype=np.bool_)
    open_[list(runs)] = True
    cohorts = []
    for k, waiting in zip(state.queue.joined, state.queue.waiting, strict=True):
        eligible = open_.copy()
        for i in runs:
            terms = _terms(plan, plan.runs[i].good)
            if terms is not None and terms.delay is not None:
                delay = float(known(terms.delay, plan.runs[i].name, "delay"))
                eligible[i] = float(plan.steps.times[k]) + delay <= now
        cohorts.append(np.where(eligible, waiting, 0.0))
    alike = all(plan.runs[i].terms.order == "pro_rata" for i in runs)
    wanted = np.zeros(state.paths)
    for cohort in cohorts:
        wanted = wanted + _worth(plan, state, cohort)
    limited = _limited(plan, state, runs, cohorts, alike=alike)
    return _Asked(node=node, runs=runs, cohorts=tuple(limited), wanted=wanted, alike=alike)


def _worth(plan: Plan, state: State, units: Floats) -> Floats:
    """Return what units [path, run] are at book, USD [path]."""
    goods = np.array([wanted.good for wanted in plan.runs], dtype=np.intp)
    return total(units * np.take(state.book, goods, axis=-1))


def _limited(
    plan: Plan, state: State, runs: tuple[int, ...], cohorts: list[Floats], *, alike: bool
) -> list[Floats]:
    """Return what of the requests may be paid in one step: at most a share of what is out."""
    for good in sorted({plan.runs[i].good for i in runs}):
        terms = _terms(plan, good)
        if terms is None or terms.limit is None:
            continue
        mine = np.array([wanted.good == good for wanted in plan.runs])
        share = float(known(terms.limit, plan.goods[good], "redeems", "limit"))
        rate = terms.limit.unit == "per_year"
        span = plan.steps.dt(state.k) / YEAR if rate else 1.0
        most = share * span * state.units[:, good]
        own = [np.where(mine, cohort, 0.0) for cohort in cohorts]
        served = _served(own, most, alike=alike)
        cohorts = [np.where(mine, s, c) for s, c in zip(served, cohorts, strict=True)]
    return cohorts


def _served(wanted: list[Floats], most: Floats, *, alike: bool) -> list[Floats]:
    """Return what of each cohort [path, run] is served: the earliest first, or all alike."""
    if alike:
        whole = np.zeros_like(most)
        for cohort in wanted:
            whole = whole + total(cohort)
        share = np.where(whole <= most, 1.0, ratio(most, whole))
        return [cohort * share[:, None] for cohort in wanted]
    served = []
    left = most
    for cohort in wanted:
        size = total(cohort)
        share = np.where(size <= left, 1.0, ratio(left, size))
        served.append(cohort * share[:, None])
        left = np.maximum(left - size, 0.0)
    return served


def _paid(plan: Plan, state: State, asked: list[_Asked]) -> tuple[State, dict[int, Floats]]:
    """Return the state after all payments, and what each node paid, USD [path]."""
    rest: dict[int, Floats] = {}
    paid: dict[int, Floats] = {}
    for a in asked:
        need = np.zeros(state.paths)
        for cohort in a.cohorts:
            need = need + _worth(plan, state, cohort)
        paid[a.node] = np.zeros(state.paths)
        if a.node < len(plan.firms):
            if _pays_nothing(plan, a):
                need = np.zeros_like(need)
            state, done = spend(plan, state, a.node, need)
            paid[a.node] = done
            need = np.where(done >= need * (1 - TINY), 0.0, need - done)
        rest[a.node] = need
    for supply in range(len(plan.supplies)):
        state = _from_market(plan, state, supply, rest, paid)
    return state, paid


def _pays_nothing(plan: Plan, asked: _Asked) -> bool:
    for i in asked.runs:
        terms = _terms(plan, plan.runs[i].good)
        if terms is not None and terms.at == "market":
            raise NotCarriedError(
                f"{plan.goods[plan.runs[i].good]}/redeems/at: redemption at market price; here it "
                "is at book or par"
            )
        if terms is not None and terms.from_ == "nothing":
            return True
    return False


def _from_market(
    plan: Plan,
    state: State,
    supply: int,
    rest: dict[int, Floats],
    paid: dict[int, Floats],
) -> State:
    """Pay from one market's cash: all who draw on it get the same share of what they need."""
    market, loan = plan.supplies[supply]
    good = plan.assets + plan.tokens + supply
    price = state.price[:, plan.books[market].loans[loan]]
    unit = state.index[:, supply] * price
    needs: dict[int, Floats] = {}
    for node, need in rest.items():
        if node == len(plan.firms) + supply:
            needs[node] = need
        elif node < len(plan.firms):
            needs[node] = np.minimum(need, state.owned[:, node, good] * unit)
    whole = np.zeros(state.paths)
    for need in needs.values():
        whole = whole + need
    if not whole.any():
        return state
    there = state.markets[market].cash[:, loan] * price
    share = np.where(whole <= there, 1.0, ratio(there, whole))
    owned, units, out = state.owned.copy(), state.units.copy(), state.paid_out.copy()
    drawn = np.zeros(state.paths)
    for node, need in needs.items():
        got = need * share
        paid[node] = paid[node] + got
        rest[node] = np.where(got >= rest[node] * (1 - TINY), 0.0, rest[node] - got)
        drawn = drawn + got
        if node < len(plan.firms):
            back = ratio(got, unit)
            owned[:, node, good] = less(owned[:, node, good], back)
            units[:, good] = less(units[:, good], back)
            out[:, good] = out[:, good] + got
    now = state.markets[market]
    cash = now.cash.copy()
    cash[:, loan] = np.where(share < 1, 0.0, less(cash[:, loan], ratio(drawn, price)))
    state = state.market(market, replace(now, cash=cash))
    return replace(state, owned=owned, units=units, paid_out=out)


def _left(
    plan: Plan, state: State, asked: _Asked, paid: Floats, worth: Floats
) -> tuple[State, list[Happened]]:
    """Return the state after those who were paid are gone, and the gate that the others met."""
    queue = state.queue
    goods = np.array([wanted.good for wanted in plan.runs], dtype=np.intp)
    price = np.take(state.book, goods, axis=-1)
    wanted = [cohort * price for cohort in asked.cohorts]
    served = _served(wanted, paid, alike=asked.alike)
    got = np.zeros_like(queue.paid)
    gone = np.zeros_like(queue.paid)
    waiting = []
    for dollars, cohort, full, before in zip(
        served, asked.cohorts, wanted, queue.waiting, strict=True
    ):
        units = np.where(dollars == full, cohort, ratio(dollars, price))
        waiting.append(less(before, units))
        got, gone = got + dollars, gone + units
    units_out, out = state.units.copy(), state.paid_out.copy()
    for i in asked.runs:
        good = plan.runs[i].good
        out[:, good] = out[:, good] + got[:, i]
        units_out[:, good] = less(units_out[:, good], gone[:, i])
        state = leaked(state, f"leavers:{plan.runs[i].name}", got[:, i])
    first = got - gone * np.take(worth, goods, axis=-1)
    short = np.maximum(asked.wanted - paid, 0.0)
    short = np.where(short <= TINY * asked.wanted, 0.0, short)
    missing = queue.missing.copy()
    missing[:, asked.runs[0]] += short
    queue = replace(
        queue,
        waiting=tuple(waiting),
        paid=queue.paid + got,
        gain=queue.gain + first,
        gone=queue.gone + gone,
        missing=missing,
    )
    state = replace(state, queue=queue, units=units_out, paid_out=out)
    if not short.any():
        return state, []
    names = dict.fromkeys(plan.goods[plan.runs[i].good] for i in asked.runs)
    if asked.node < len(plan.firms):
        names[plan.firms[asked.node].name] = None
    of = tuple(names)
    amount = np.repeat(short[:, None], len(of), axis=1)
    return state, [
        Happened(
            phase="queues",
            event="gated",
            of=of,
            where=amount > 0,
            amount=amount,
            because="more is asked for than is liquid",
        )
    ]
