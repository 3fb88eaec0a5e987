"""What a run itself costs: beside the same scenario in which nobody leaves, and the clearing.

Where a record has several clearings, the difference between the greatest and the least is lost if
everybody fears it and nothing else happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.arrays import Floats, Ints
from looprisk.cascade.claims import Claim, claims_of, lost
from looprisk.cascade.network import Network
from looprisk.cascade.plan import Plan
from looprisk.cascade.readings import at_prices
from looprisk.cascade.record import Record
from looprisk.cascade.run import Run
from looprisk.cascade.stages import stage_name
from looprisk.cascade.state import State
from looprisk.cascade.sums import total
from looprisk.cascade.terminal import taken_whole
from looprisk.cascade.valuation import Values, value
from looprisk.errors import NoSolutionError

ROUNDING = 1e-9
"""Two values that differ by no more than this share of the claim are one."""
ROUNDS = 10_000
SETTLED = 1e-13
"""A price that moves by no more than this share of the largest stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feared:
    """What one claim loses with the runs of a scenario and without them, means over paths, USD."""

    claim: Claim
    loss: float
    """All its holders together, those who left included."""
    leavers: float
    """Of it, those who left: what their units were worth at the start less what they were paid."""
    calm: float
    """The loss of all where nobody leaves."""
    greatest: float
    """What it is worth in the greatest clearing of the record at which the first run strikes."""
    least: float
    """The same in the least clearing."""


def run_steps(done: Run) -> Ints:
    """Return the step at which the first run of a scenario strikes, [path]; -1 for none."""
    stages = done.plan.scenario.stages
    names = {stage_name(stages[run.stage], run.stage) for run in done.plan.runs}
    first = np.full(done.paths, -1, dtype=np.intp)
    for k, several in done.log:
        for one in several:
            if one.event == "stage" and one.of[0] in names:
                fresh = one.path[first[one.path] < 0]
                first[fresh] = k
    return first


def feared(done: Run, calm: Run) -> Iterator[Feared]:
    """Yield what every claim loses through the runs themselves.

    ``calm`` is the same scenario without its runs; it has kept the records of :func:`run_steps`.
    Paths in which no run strikes count with what the claim is worth at the end of both.
    """
    steps = run_steps(done)
    both = {
        k: clearings(calm.plan, calm.network, calm.kept[k]) for k in np.unique(steps[steps >= 0])
    }
    for claim in claims_of(done):
        start = claim.of(done.start)
        high = claim.of(calm.end)
        low = high
        for k, (greatest, least) in both.items():
            high = np.where(steps == k, claim.of(greatest), high)
            low = np.where(steps == k, claim.of(least), low)
        loss, calm_loss = lost(done, claim, done.end), lost(calm, claim, calm.end)
        yield Feared(
            claim=claim,
            loss=float(loss.mean()),
            leavers=float(_as(_leavers(done, claim), np.zeros_like(start), start).mean()),
            calm=float(_as(calm_loss, loss, start).mean()),
            greatest=float(high.mean()),
            least=float(_as(low, high, high).mean()),
        )


def _as(values: Floats, others: Floats, whole: Floats) -> Floats:
    """Return values, and the others where they differ by rounding alone."""
    return np.where(np.abs(values - others) <= ROUNDING * np.abs(whole), others, values)


def _leavers(done: Run, claim: Claim) -> Floats:
    """Return what those who left a claim lost by it, USD [path]."""
    mine = [at for at, run in enumerate(done.plan.runs) if run.good == claim.good]
    queue = done.end.state.queue
    return total(queue.gone[:, mine]) * claim.unit(done.start) - total(queue.paid[:, mine])


def clearings(plan: Plan, network: Network, record: Record) -> tuple[Record, Record]:
    """Return a record at the greatest and at the least clearing of its state, all triggers on.

    A position below its threshold is liquidated as a whole at the prices that come out, where
    liquidators are there and it pays; readings that follow a price at once follow it, all others
    stand. Debts in circular units count at the record's own prices, as in its values.
    """
    state = record.state
    full = replace(
        state,
        markets=tuple(
            replace(
                now,
                cash=now.cash + now.owed,
                principal=np.zeros_like(now.principal),
                lent=np.zeros_like(now.lent),
            )
            for now in state.markets
        ),
    )
    top = value(plan, network, full, state.economic).price
    high = _settled(plan, network, record, top, least=False)
    low = _settled(plan, network, record, np.zeros_like(top), least=True)
    return replace(record, values=high), replace(record, values=low)


def _settled(plan: Plan, network: Network, record: Record, price: Floats, *, least: bool) -> Values:
    """Return the clearing that is reached from prices which bound it on one side."""
    state = record.state
    done = np.zeros(state.paths, dtype=np.bool_)
    for _ in range(ROUNDS):
        after = value(plan, network, _liquidated(plan, state, price), state.economic, least=least)
        moved = np.abs(after.price - price).max(axis=-1, initial=0.0)
        done = done | (moved <= SETTLED * np.abs(after.price).max(axis=-1, initial=0.0))
        if done.all():
            return after
        price = np.where(done[:, None], price, after.price)
    raise NoSolutionError(f"step {state.k}: the clearing of its record does not settle")


def _liquidated(plan: Plan, state: State, price: Floats) -> State:
    """Return the state after every position that is below its threshold at prices is gone."""
    seen = replace(state, price=_marked(plan, state, price))
    seen = replace(seen, reading=at_prices(plan, seen))
    for at in range(len(plan.books)):
        state = taken_whole(plan, state, seen, at)
    return state


def _marked(plan: Plan, state: State, price: Floats) -> Floats:
    """Return the market price of every good where unquoted tokens are worth ``price``."""
    first, end = plan.assets, plan.assets + plan.tokens
    marked = price * state.multiplier
    marked[:, :first] = state.price[:, :first]
    quoted = ~np.isnan(state.quote)
    marked[:, first:end] = np.where(quoted, state.price[:, first:end], marked[:, first:end])
    return marked
