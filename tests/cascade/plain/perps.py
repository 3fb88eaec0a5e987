"""Phase 5: who is under maintenance, the orders, the fund, and holes that all bear (DYNAMICS 6)."""

from tests.cascade.plain.adl import deleverage
from tests.cascade.plain.margin import equity, leave, maintenance, notional, sell_tokens
from tests.cascade.plain.prices import mark, number
from tests.cascade.plain.sales import execute, settle
from tests.cascade.plain.state import holds, less

PARTIAL_ABOVE, PARTIAL_SHARE, COOLDOWN = 100_000.0, 0.2, 30.0


def classify(world, trader):
    """Return healthy, order, backstop or bankrupt."""
    venue = world.system.venues[trader.venue]
    if all(leg.n == 0 for leg in trader.legs):
        return "closed"
    e, mm = equity(world, trader), maintenance(world, trader)
    terms = [abs(trader.usd), notional(world, trader), *(leg.n * leg.entry for leg in trader.legs)]
    if holds(e, mm, *terms):
        return "healthy"
    if not holds(e, 0.0, *terms):
        return "bankrupt"
    if venue.convention == "hyperliquid" and not holds(
        e, number(venue.backstop, 2 / 3) * mm, *terms
    ):
        return "backstop"
    return "order"


def act(world):
    """Class every account of every venue, sell together, settle, and share what is missing."""
    standing = {trader.name: classify(world, trader) for trader in world.traders}
    orders, holes = [], dict.fromkeys(world.funds, 0.0)
    for venue in world.funds:
        mine = [t for t in world.traders if t.venue == venue]
        bankrupt = [t for t in mine if standing[t.name] == "bankrupt"]
        missing = sum(-equity(world, t) for t in bankrupt)
        uncovered = 1 - min(world.funds[venue], missing) / missing if missing else 0.0
        if uncovered:
            healthy = [t for t in mine if standing[t.name] == "healthy"]
            holes[venue] += deleverage(world, venue, bankrupt, healthy, uncovered)
        for trader in bankrupt:
            world.log(5, trader.name, "bankrupt", -equity(world, trader))
            orders += _to_fund(world, trader)
        for trader in mine:
            if standing[trader.name] == "backstop":
                world.count("backstop")
                orders += _to_fund(world, trader)
            elif standing[trader.name] == "order":
                orders += _order(world, trader)
    after = _fill(world, orders)
    for venue in world.funds:
        holes[venue] += _settle(world, venue, standing)
        _socialise(world, venue, holes[venue])
    settle(world, after)


def _to_fund(world, trader):
    """Move what is left of an account to the fund, which closes it: orders of the fund."""
    sell_tokens(world, trader)
    world.funds[trader.venue] += trader.usd
    trader.usd = 0.0
    orders = []
    for leg in trader.legs:
        if leg.n:
            orders.append([trader, leg, leg.n, True])
            world.log(5, leg.name, "hedge_closed", abs(leg.n))
    return orders


def _order(world, trader):
    """Return the market orders of an account: all of each leg, or a part where the venue says so."""
    orders = []
    for leg in trader.legs:
        if leg.n:
            share = _share(world, trader, leg)
            orders.append([trader, leg, leg.n * share, False])
            world.log(5, leg.name, "hedge_closed", abs(leg.n * share))
    return orders


def _share(world, trader, leg):
    """Return how much of a leg is sent: a large one goes in parts, if none went a moment ago."""
    venue = world.system.venues[trader.venue]
    if venue.convention != "hyperliquid":
        return 1.0
    partial = venue.partial
    above = number(partial.above) if partial is not None else PARTIAL_ABOVE
    timed = partial is not None and partial.cooldown is not None
    rest = number(partial.cooldown) if timed else COOLDOWN
    if abs(leg.n) * mark(world, leg) <= above or world.t - leg.last_partial < rest:
        return 1.0
    leg.last_partial = world.t
    world.count("partial")
    return number(partial.share) if partial is not None else PARTIAL_SHARE


def _fill(world, orders):
    """Fill all orders of a token at the average price of the net; return the prices after."""
    prices = {}
    for token in dict.fromkeys(leg.token for _, leg, _, _ in orders):
        mine = [order for order in orders if order[1].token == token]
        price = mark(world, mine[0][1])
        average, prices[token], _ = execute(world, 5, token, price, sum(q for _, _, q, _ in mine))
        for trader, leg, quantity, fund in mine:
            venue = world.system.venues[trader.venue]
            fee = number(venue.taker_fee) * abs(quantity) * average
            result = quantity * (average - leg.entry) - fee
            if fund:
                world.funds[trader.venue] += result
            else:
                trader.usd += result
            world.leak(f"fees:{trader.venue}", fee)
            leg.n = less(leg.n, quantity)
    return prices


def _settle(world, venue, standing):
    """Send home, or to the fund, what closed accounts have left; return what they lack."""
    keeps = world.system.venues[venue].convention != "hyperliquid"
    hole = 0.0
    for trader in world.traders:
        closed = all(leg.n == 0 for leg in trader.legs)
        if trader.venue != venue or not closed or standing[trader.name] == "closed":
            continue
        hole += leave(world, trader, to_fund=keeps and standing[trader.name] == "order")
    if world.funds[venue] < 0:
        hole -= world.funds[venue]
        world.funds[venue] = 0.0
    return hole


def _socialise(world, venue, hole):
    """Share a hole pro rata to positive equity, at the marks of the phase; the rest others pay."""
    if hole <= 0:
        return
    world.count("socialised")
    left = {
        t.name: max(0.0, equity(world, t))
        for t in world.traders
        if t.venue == venue and any(leg.n for leg in t.legs)
    }
    total = sum(left.values())
    borne = min(hole, total)
    for trader in world.traders:
        if left.get(trader.name):
            trader.usd -= borne * left[trader.name] / total
    world.leak(f"others:{venue}", -(hole - borne))
