"""Phase 7: hedges put right, and markets fed by those who promised to (DYNAMICS 7)."""

from tests.cascade.plain.interest import utilisation
from tests.cascade.plain.prices import number, price_of
from tests.cascade.plain.sales import execute, settle
from tests.cascade.plain.start import supply_name
from tests.cascade.plain.state import holds, less


def act(world):
    """Rebalance every hedge at the prices of the phase, then feed the markets."""
    sales = {}
    for name, holder in world.holders.items():
        rule = world.system.issuers[name].rebalance
        if rule is not None:
            for asset in world.system.assets:
                _rebalance(world, holder, rule, asset, sales)
    settle(world, {asset: _sell(world, asset, sellers) for asset, sellers in sales.items()})
    _feed(world)


def own_legs(world, name, token):
    """Return (account, leg) of an issuer's live legs in a token."""
    return [
        (t, leg)
        for t in world.traders
        if t.owner == name
        for leg in t.legs
        if leg.token == token and leg.n
    ]


def _rebalance(world, holder, rule, asset, sales):
    held = holder.holds.get(asset, 0.0)
    hedged = -sum(leg.n for _, leg in own_legs(world, holder.name, asset))
    shorts = [pair for pair in own_legs(world, holder.name, asset) if pair[1].n < 0]
    gap = held - hedged
    band = number(rule.band) * held
    if abs(gap) - band <= 1e-12 * (held + abs(hedged) + band) or not (held or hedged):
        return
    if rule.by == "sell":
        if gap > 0 and asset in holder.hedges:
            sales.setdefault(asset, []).append((holder, min(gap, held)))
    elif shorts:
        world.count("rebalanced")
        _open(world, holder, *shorts[0], asset, gap)


def _open(world, holder, trader, leg, asset, gap):
    """Open the gap on a short, with margin and fee from cash; close it where it is negative."""
    venue, price = world.system.venues[trader.venue], world.P[asset]
    fee = number(venue.taker_fee)
    if gap < 0:
        units = min(-gap, -leg.n)
        trader.usd += -units * (price - leg.entry) - fee * units * price
        leg.n = less(leg.n, -units)
        world.leak(f"fees:{trader.venue}", fee * units * price)
        return
    initial = number(venue.initial, 2 * number(venue.maintenance))
    cost = price * (initial + fee)
    units = min(gap, cash(world, holder, holder.hedges) / cost) if cost else gap
    spend(world, holder, units * cost, holder.hedges)
    trader.usd += units * price * initial
    world.leak(f"fees:{trader.venue}", units * price * fee)
    leg.entry = (-leg.n * leg.entry + units * price) / (units - leg.n)
    leg.n -= units


def _sell(world, asset, sellers):
    price = world.P[asset]
    total = sum(units for _, units in sellers)
    average, after, _ = execute(world, 7, asset, price, total)
    for holder, units in sellers:
        holder.holds[asset] = less(holder.holds[asset], units)
        holder.idle += units * average
        world.count("hedge sold")
    return after


def cash(world, holder, without=()):
    """Return what an issuer can pay with at once, in dollars: idle ones, and assets it owns."""
    usable = {a for a in _assets(world) if a not in without}
    return holder.idle + sum(n * world.P[a] for a, n in holder.holds.items() if a in usable)


def _assets(world):
    return world.system.assets


def spend(world, holder, amount, without=()):
    """Take dollars from an issuer: idle ones first, then assets in the order of their section."""
    assets = [a for a in _assets(world) if a in holder.holds and a not in without]
    used = min(amount, holder.idle)
    holder.idle = less(holder.idle, used)
    left = less(amount, used)
    for asset in assets:
        worth = holder.holds[asset] * world.P[asset]
        used = min(left, worth)
        if used and worth:
            holder.holds[asset] = less(holder.holds[asset], holder.holds[asset] * used / worth)
        left = less(left, used)


def _feed(world):
    """Let issuers supply the markets that ran dry, all by the utilisation before any of them."""
    before = {name: utilisation(world, reserve) for name, reserve in world.reserves.items()}
    for name, holder in world.holders.items():
        for market, terms in world.system.issuers[name].feeds.items():
            reserve = world.reserves[supply_name(world, str(market))]
            if not holds(before[reserve.id], number(terms.at_utilisation)):
                continue
            _feed_one(world, holder, reserve, number(terms.up_to))


def _feed_one(world, holder, reserve, most):
    unit = price_of(world, reserve.token)
    held = holder.holds.get(reserve.token, 0.0)
    exogenous = reserve.token in world.system.assets
    room = max(0.0, most - holder.fed.get(reserve.id, 0.0))
    there = held + (holder.idle / unit if exogenous else 0.0)
    tokens = min(room, there)
    if tokens <= 0:
        return
    used = min(tokens, held)
    if used:
        holder.holds[reserve.token] = less(held, used)
    rest = less(tokens, used)
    if rest:
        holder.idle = less(holder.idle, rest * unit)
    units = tokens * reserve.units / reserve.supply if reserve.supply else tokens
    holder.holds[reserve.id] = holder.holds.get(reserve.id, 0.0) + units
    holder.fed[reserve.id] = holder.fed.get(reserve.id, 0.0) + tokens
    reserve.cash += tokens
    reserve.supply += tokens
    reserve.units += units
    world.count("fed")
