"""Phase 10: what a step leaves on record, and the identity (DYNAMICS 9)."""

from tests.cascade.plain.books import book
from tests.cascade.plain.interest import utilisation
from tests.cascade.plain.state import Record, holds
from tests.cascade.plain.value import level_leaks


def release(world):
    """Bring released margins home; what belongs to outsiders leaves."""
    for owner, venue, dollars, tokens in world.released:
        if owner is None:
            worth = sum(n * world.P[t] for t, n in tokens.items() if t in world.system.assets)
            world.leak(f"traders:{venue}", dollars + worth)
            continue
        holder = world.holders[owner]
        holder.idle += dollars
        for token, n in tokens.items():
            holder.holds[token] = holder.holds.get(token, 0.0) + n
    world.released = []


def record(world, values, local_gain):
    """Write the record of the step and check the identity."""
    books = book(world, values)
    leaks = dict(world.leaks)
    for name, amount in level_leaks(values).items():
        leaks[name] = leaks.get(name, 0.0) + amount
    start = world.records[0] if world.records else None
    begin = start.outside + sum(start.leaks.values()) if start else None
    gap = 0.0
    if start is not None:
        gap = values.outside + sum(leaks.values()) - begin - world.gains
    economic = dict(values.price)
    old = world.records[-1].economic if world.records else economic
    moved = max((abs(p - old[t]) for t, p in economic.items()), default=0.0)
    made = Record(
        k=world.k,
        t=world.t,
        prices=dict(world.P),
        factors=dict(world.m),
        book={**books.price},
        economic=economic,
        market={**economic, **world.P},
        values=dict(values.node),
        claims=dict(values.claim),
        booked=dict(books.assets),
        reserves={n: _reserve(world, r) for n, r in world.reserves.items()},
        accounts={n: (dict(a.units), dict(a.debts)) for n, a in world.accounts.items()},
        legs={leg.name: (leg.n, leg.entry) for _, leg in world.legs()},
        wallets={t.name: (t.usd, dict(t.tokens)) for t in world.traders},
        funds=dict(world.funds),
        issuers={n: (h.idle, dict(h.holds), dict(h.fed)) for n, h in world.holders.items()},
        units={n: t.units for n, t in world.tokens.items()},
        readings=dict(world.readings),
        leaks=leaks,
        gains=world.gains,
        outside=values.outside,
        gap=gap,
        gated=dict(world.gated),
        local_gain=local_gain,
        lagged=values.lagged,
        valuation_gap=moved,
        first_mover=dict(world.first_mover),
    )
    _conditions(world, made, values)
    world.records.append(made)


def _reserve(world, reserve):
    return {
        "cash": reserve.cash,
        "supply": reserve.supply,
        "units": reserve.units,
        "insurance": reserve.insurance,
        "deficit": reserve.deficit,
        "target": reserve.target,
        "utilisation": utilisation(world, reserve),
        "stock": dict(world.stock.get(reserve.market, {})),
    }


def _conditions(world, made, values):
    """Log what is read at records, when it becomes true."""
    for claim, owed in values.owed.items():
        if "/debt/" in claim:
            continue
        _when_new(world, claim, "impaired", not holds(values.claim[claim], owed))
    for name, short in values.short.items():
        _when_new(world, name, "insolvent", short)
    for token, price in made.book.items():
        hidden = price - made.economic[token]
        was = any(of == token and e == "hidden" for *_, of, e, _ in world.hidden)
        if hidden > 1e-9 * abs(price):
            if not was:
                world.hidden.append((made.k, made.t, 10, token, "hidden", hidden))
        elif was:
            world.hidden = [h for h in world.hidden if h[3] != token]
            world.log(10, token, "recognised", 0.0)


def _when_new(world, of, event, now):
    key = (of, event)
    if now and key not in world.standing:
        world.standing.add(key)
        if world.k >= 0:
            world.log(10, of, event, 0.0)
    elif not now:
        world.standing.discard(key)
