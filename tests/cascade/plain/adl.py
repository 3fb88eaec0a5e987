"""Auto-deleveraging: what a fund does not cover is closed against accounts in profit."""

from tests.cascade.plain.margin import equity, leave, maintenance, notional, split
from tests.cascade.plain.prices import mark, number, price_of
from tests.cascade.plain.state import less


def deleverage(world, venue, bankrupt, healthy, share):
    """Close ``share`` of bankrupt accounts against the healthy; return what they lack.

    At the previous mark, or each at its own bankruptcy price and winners at the average of those.
    """
    part = world.system.venues[venue]
    default = "previous_mark" if part.convention == "hyperliquid" else "bankruptcy"
    previous = (part.adl_at or default) == "previous_mark"
    closings = [
        (trader, leg, share * leg.n, _price(world, trader, leg, previous=previous))
        for trader in bankrupt
        for leg in trader.legs
        if leg.n
    ]
    wins = []
    for token, side in dict.fromkeys((leg.token, leg.n > 0) for _, leg, _, _ in closings):
        mine = [c for c in closings if (c[1].token, c[1].n > 0) == (token, side)]
        need = sum(abs(q) for _, _, q, _ in mine)
        at = sum(abs(q) * price for _, _, q, price in mine) / need
        winners = [
            (t, leg)
            for t in healthy
            for leg in t.legs
            if leg.token == token and leg.n * mine[0][2] < 0
        ]
        taken = POLICIES[part.adl or "queue"](world, winners, need)
        wins += [(t, leg, x, at) for (t, leg), x in zip(winners, taken, strict=True) if x > 0]
    parts = [split(trader, share) for trader in bankrupt]
    others = 0.0
    for trader, leg, quantity, price in closings:
        parts[bankrupt.index(trader)].usd += quantity * (price - leg.entry)
        others -= quantity * (price - mark(world, leg))
        leg.n = less(leg.n, quantity)
        world.log(5, leg.name, "hedge_closed", abs(quantity))
    for trader, leg, units, price in wins:
        quantity = units if leg.n > 0 else -units
        trader.usd += quantity * (price - leg.entry)
        others -= quantity * (price - mark(world, leg))
        leg.n = less(leg.n, quantity)
        world.log(5, leg.name, "deleveraged", units)
    world.leak(f"others:{venue}", others)
    keeps = part.convention != "hyperliquid"
    return sum(leave(world, piece, to_fund=keeps) for piece in parts)


def _price(world, trader, leg, *, previous):
    """Return the price at which a leg of a bankrupt account is closed against others."""
    if previous:
        return world.marked[leg.name]
    at = mark(world, leg)
    return at - equity(world, trader) * (abs(leg.n) * at / notional(world, trader)) / leg.n


def index(world, trader, leg):
    """Return the place of a winner in its venue's queue: the highest goes first."""
    convention = world.system.venues[trader.venue].convention
    price, size, e = mark(world, leg), abs(leg.n), equity(world, trader)
    profit = leg.n * (price - leg.entry)
    leverage = size * price / e
    if convention == "hyperliquid":
        return (price / leg.entry if leg.n > 0 else leg.entry / price) * leverage
    if convention == "binance":
        return (
            max(0.0, profit)
            / max(1.0, trader.usd + _tokens(world, trader))
            * maintenance(world, trader)
            / e
        )
    percent = profit / (size * leg.entry)
    return percent * leverage if profit >= 0 else percent / leverage


def _tokens(world, trader):
    """Return what margin tokens count for, after their haircut."""
    haircut = world.system.venues[trader.venue].haircut
    counts = (
        n * price_of(world, t) * (1 - number(haircut.get(t))) for t, n in trader.tokens.items()
    )
    return sum(counts)


def _queue(world, winners, need):
    places = [index(world, trader, leg) for trader, leg in winners]
    taken = [0.0] * len(winners)
    left = need
    while left > 0 and any(place is not None for place in places):
        first = max(place for place in places if place is not None)
        block = [
            i
            for i, p in enumerate(places)
            if p is not None and abs(p - first) <= 1e-12 * abs(first)
        ]
        size = sum(abs(winners[i][1].n) for i in block)
        for i in block:
            taken[i] = abs(winners[i][1].n) * min(1.0, left / size)
            places[i] = None
        left = max(0.0, left - size)
    return taken


def _pro_rata(world, winners, need):
    del world
    total = sum(abs(leg.n) for _, leg in winners)
    return [abs(leg.n) * min(1.0, need / total) for _, leg in winners]


def _water_filling(world, winners, need):
    """Take from everybody above one leverage, such that what is taken is the need."""
    sizes = [abs(leg.n) for _, leg in winners]
    if need >= sum(sizes):
        return sizes
    rooms = [equity(world, t) / mark(world, leg) for t, leg in winners]
    order = sorted(range(len(sizes)), key=lambda i: -sizes[i] / rooms[i])
    for count in range(1, len(order) + 1):
        top = order[:count]
        level = (sum(sizes[i] for i in top) - need) / sum(rooms[i] for i in top)
        below = order[count] if count < len(order) else None
        if below is None or level >= sizes[below] / rooms[below]:
            break
    return [max(0.0, n - level * room) for n, room in zip(sizes, rooms, strict=True)]


POLICIES = {"queue": _queue, "pro_rata": _pro_rata, "water_filling": _water_filling}
