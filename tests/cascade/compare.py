"""The vectorised engine beside the plain per-account program, record by record."""

from __future__ import annotations

import math

import numpy as np

from looprisk.cascade.run import run
from looprisk.model.scenario import Paths
from tests.cascade.plain.run import run as simulate

LEAST = 1e-2
"""What is smaller counts as this large: sums of large amounts that cancel."""


def differences(system, scenario, *, path=0, drawn=None, share=1e-9):
    """Return every number of every record in which the two programs differ."""
    done = run(system, to_the_end(scenario), drawn=drawn)
    return compared(done, simulate(system, scenario), path, share=share)


def compared(done, world, path, *, share=1e-9):
    """Return every number in which a path of a run differs from the plain program's world.

    A billionth of the number; of what left and what was gained, of all there was, as the identity.
    Once a pool has run dry, at a billionth of the start price, rounding decides: there it ends.
    """
    found = []
    plan = done.plan
    dry = min((k for k, *_, event, _ in world.events if event == "dry"), default=math.inf)
    for record, other in zip((done.start, *done.records), world.records, strict=True):
        k = record.state.k
        if k > dry:
            break
        for what, mine, theirs in pairs(plan, record, other, path):
            flow = what == "gains" or what.startswith("leak ")
            least = 0.2 * world.records[0].outside if flow else LEAST
            scale = max(abs(mine), abs(theirs), least)
            if math.isnan(mine) != math.isnan(theirs) or abs(mine - theirs) > share * scale:
                found.append((k, what, mine, theirs))
    return found


def to_the_end(scenario):
    """Return a scenario whose paths hold their last price to the horizon."""
    if scenario.paths is None or not scenario.paths.points:
        return scenario
    end = int(scenario.time.horizon.number)
    points = {
        name: {**path, f"{end}s": list(path.values())[-1]}
        for name, path in scenario.paths.points.items()
    }
    tree = {"between": scenario.paths.between, "points": points}
    return scenario.model_copy(update={"paths": Paths(**tree)})


def pairs(plan, record, other, path):
    """Yield (what, engine, plain) of one record."""
    state, values = record.state, record.values
    for token in (*plan.catalogue.tokens, *plan.catalogue.supplies):
        at = plan.place[token]
        if token in other.economic:
            yield f"economic {token}", values.price[path, at], other.economic[token]
        if token in other.book:
            yield f"book {token}", state.book[path, at], other.book[token]
    for asset in plan.system.assets:
        yield f"price {asset}", state.price[path, plan.place[asset]], other.prices[asset]
    for name, (collateral, debts) in other.accounts.items():
        m, i = plan.account_at[name]
        book, now = plan.books[m], state.markets[m]
        for token, n in collateral.items():
            mine = sum(now.collateral[path, s, i] for s in book.slots_of(token))
            yield f"collateral {name} {token}", mine, n
        for token, d in debts.items():
            loan = book.loans.index(plan.place[token])
            yield f"debt {name} {token}", now.debt[path, loan, i], d
    for name, (n, entry) in other.legs.items():
        v, i = plan.leg_at[name]
        yield f"size {name}", state.venues[v].size[path, i], n
        if n:
            yield f"entry {name}", state.venues[v].entry[path, i], entry
    for name, fund in other.funds.items():
        v = next(i for i, legs in enumerate(plan.legs) if legs.name == name)
        yield f"fund {name}", state.venues[v].fund[path], fund
    yield from _holdings(plan, state, other, path)
    leaks = {n: float(x[path]) for n, x in state.leaks.items()}
    names = {n for n in (*leaks, *other.leaks) if not n.startswith("underwater:")}
    for name in sorted(names - {"withheld", "default_costs", "written_off"}):
        yield f"leak {name}", leaks.get(name, 0.0), other.leaks.get(name, 0.0)
    lost = other.leaks.get("written_off", 0.0) - leaks.get("written_off", 0.0)
    yield "gains", float(state.gains[path]) + lost, other.gains
    under = sum(v for n, v in other.leaks.items() if n.startswith("underwater:"))
    yield "outside", float(values.outside[path]), other.outside + under


def _holdings(plan, state, other, path):
    """Yield what markets, issuers, wallets and oracles hold or say."""
    for at, key in enumerate(plan.readings):
        if key in other.readings:
            yield f"reading {key}", state.reading[path, at], other.readings[key]
    for at, (name, (m, loan)) in enumerate(
        zip(plan.catalogue.supplies, plan.supplies, strict=True)
    ):
        now, theirs = state.markets[m], other.reserves[name]
        units = state.units[path, plan.place[name]]
        yield f"units {name}", units, theirs["units"]
        yield f"supply {name}", state.index[path, at] * units, theirs["supply"]
        for what in ("cash", "insurance", "deficit"):
            yield f"{what} {name}", getattr(now, what)[path, loan], theirs[what]
        for token, n in theirs["stock"].items():
            stock = sum(now.stock[path, s] for s in plan.books[m].slots_of(token))
            yield f"stock {name} {token}", stock, n
    for token, n in other.units.items():
        yield f"units {token}", state.units[path, plan.place[token]], n
    for name, (idle, holds, _) in other.issuers.items():
        firm = plan.firm_at[name]
        yield f"idle {name}", state.cash[path, firm], idle
        for thing, n in holds.items():
            yield f"held {name} {thing}", state.owned[path, firm, plan.place[thing]], n
    for legs, venue in zip(plan.legs, state.venues, strict=True):
        for leg, wallet in zip(legs.legs, legs.wallet, strict=True):
            mine = next(
                (w for w in other.wallets if w in {leg, f"{legs.name}:{_owner(plan, leg)}"}), None
            )
            if mine is not None:
                yield f"wallet {mine}", venue.margin[path, wallet], other.wallets[mine][0]


def _owner(plan, leg):
    part = plan.system.positions.get(leg)
    return part.owner if part is not None else None


def shown(found, most=25):
    """Return differences in words."""
    return "\n".join(f"k={k} {what}: engine {a!r}, plain {b!r}" for k, what, a, b in found[:most])


def same(left, right):
    """Return whether two arrays have the same bits; zeros of either sign are one number."""
    left, right = np.asarray(left), np.asarray(right)
    return np.array_equal(left, right, equal_nan=left.dtype.kind == "f")


EVENTS = frozenset(
    [
        "liquidated",
        "not_paid",
        "bad_debt",
        "hedge_closed",
        "deleveraged",
        "gated",
        "dry",
        "impaired",
        "insolvent",
        "recognised",
    ]
)


def other_events(done, world, path):
    """Return the events (k, event, of) that only one of the two programs logs."""
    ours = {(k, event, of) for k, _, _, of, event, _ in world.events if event in EVENTS}
    theirs = {
        (record.state.k, one.event, of)
        for record in done.records
        for one in record.happened
        for place, of in enumerate(one.of)
        if one.where[path, place] and one.event in EVENTS
    }
    return sorted(ours ^ theirs)
