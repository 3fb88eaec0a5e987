"""Phase 9: who wants out, what is there, and who is paid (DYNAMICS 7)."""

from tests.cascade.plain.issuers import cash, spend
from tests.cascade.plain.prices import number, price_of, units_inside
from tests.cascade.plain.start import receipts
from tests.cascade.plain.state import Request, holds, less
from tests.cascade.plain.value import supply_inside


def redemption(world, target):
    """Return the terms of redemption of a token; a supply has none."""
    found = {str(token): receipt for _, token, receipt in receipts(world.system)}
    return found[target].redeems if target in found else None


def price_paid(world, books, target):
    """Return what a unit is paid: at book, at par, or at market."""
    terms = redemption(world, target)
    if terms is not None and terms.at == "market":
        return price_of(world, target)
    return books.price[target]


def eligible(world, target, queue, outstanding):
    """Return the units of each request that may be paid now: delay over, limit kept."""
    terms = redemption(world, target)
    delay = number(terms.delay) if terms is not None else 0.0
    units = [r.units if holds(world.t - r.joined, delay) else 0.0 for r in queue.queue]
    wanted = sum(units)
    if terms is None or terms.limit is None or not wanted:
        return units, wanted
    most = number(terms.limit) * outstanding
    most *= world.years if terms.limit.unit == "per_year" else 1.0
    return _shared(queue, units, min(wanted, most)), wanted


def _shared(queue, units, total):
    """Divide units among requests: by time joined, or all alike."""
    given = [0.0] * len(units)
    if queue.order == "pro_rata":
        wanted = sum(units)
        return [u * min(1.0, total / wanted) if wanted else 0.0 for u in units]
    for joined in sorted({r.joined for r in queue.queue}):
        block = [i for i, r in enumerate(queue.queue) if r.joined == joined]
        wanted = sum(units[i] for i in block)
        share = min(1.0, total / wanted) if wanted else 0.0
        for i in block:
            given[i] = units[i] * share
        total = max(0.0, total - wanted)
    return given


def act(world, books, before):
    """Pay the queues; ``before`` are the economic prices on the way in."""
    asks, markets = {}, {}
    for name, token in world.tokens.items():
        _ask(world, books, name, token, token.units, asks)
    for name, queue in world.supply_queues.items():
        _ask(world, books, name, queue, world.reserves[name].units, markets)
    drawn = _withdraw(world, books, asks, markets)
    for target, ask in {**asks, **markets}.items():
        _pay(world, target, ask, drawn.get(target, 0.0), before)


class Ask:
    """What one queue wants at this step, in dollars."""

    def __init__(self, queue, units, wanted, price):
        self.queue, self.units, self.wanted, self.price = queue, units, wanted, price
        self.usd = sum(units) * price


def _ask(world, books, name, queue, outstanding, asks):
    if not queue.queue:
        return
    units, wanted = eligible(world, name, queue, outstanding)
    if wanted:
        asks[name] = Ask(queue, units, wanted, price_paid(world, books, name))


def _withdraw(world, books, asks, markets):
    """Take dollars out of issuers' cash, then out of markets; return them by queue."""
    taken, need, by_issuer = {}, {}, {}
    for name, ask in asks.items():
        by_issuer.setdefault(world.tokens[name].issuer, []).append((name, ask))
    for issuer, mine in by_issuer.items():
        wanted = sum(ask.usd for _, ask in mine)
        holder = world.holders[issuer]
        nothing = _pays_nothing(world, [name for name, _ in mine])
        used = 0.0 if nothing else min(wanted, cash(world, holder))
        spend(world, holder, used)
        taken[issuer], need[issuer] = used, 0.0 if nothing else less(wanted, used)
    direct = {name: ask.usd for name, ask in markets.items()}
    drawn = _from_markets(world, books, need, taken, direct)
    for issuer, mine in by_issuer.items():
        wanted = sum(ask.usd for _, ask in mine)
        for name, ask in mine:
            drawn[name] = taken[issuer] * ask.usd / wanted if wanted else 0.0
    return drawn


def _pays_nothing(world, names):
    terms = [redemption(world, name) for name in names]
    return {t.from_ for t in terms if t is not None} == {"nothing"}


def _from_markets(world, books, need, taken, direct):
    """Let issuers ask market after market, and share each market's cash among all who ask."""
    left = {}
    for name, reserve in world.reserves.items():
        unit = price_of(world, reserve.token)
        asking = {}
        for issuer, wanted in need.items():
            if wanted > 0 and world.holders[issuer].holds.get(name):
                own = world.holders[issuer].holds[name] * _face(reserve) * unit
                asking[issuer] = min(wanted, own)
        leavers = direct.get(name, 0.0)
        total = sum(asking.values()) + leavers
        if total <= 0:
            continue
        share = min(1.0, reserve.cash * unit / total)
        for issuer, wanted in asking.items():
            paid = wanted * share
            units = paid / (_face(reserve) * unit)
            _take_out(world, reserve, paid, unit, units, world.holders[issuer])
            taken[issuer] += paid
            need[issuer] = less(need[issuer], paid)
        if leavers:
            left[name] = leavers * share
            paid = leavers * share
            _take_out(world, reserve, paid, unit, paid / books.price[name], None)
    return left


def _face(reserve):
    """Return the loan tokens that a unit of a supply is owed."""
    return reserve.supply / reserve.units


def _take_out(world, reserve, paid, unit, units, holder):
    """Take dollars worth of loan tokens out of a market, for units of its supply."""
    if not paid:
        return
    tokens = paid / unit
    reserve.supply = less(reserve.supply, units * reserve.supply / reserve.units)
    reserve.units = less(reserve.units, units)
    reserve.cash = less(reserve.cash, tokens)
    if holder is not None:
        holder.holds[reserve.id] = less(holder.holds[reserve.id], units)
    if reserve.token not in world.system.assets:
        world.leak("token_lenders", -paid)


def _pay(world, target, ask, paid, before):
    """Give what was drawn to those in the queue, in its order."""
    price = ask.price
    total = paid / price if price else 0.0
    missing = ask.wanted * price - paid
    if not holds(paid, ask.wanted * price):
        world.gated[target] = missing
        world.log(9, target, "gated", missing)
    given = _shared(ask.queue, ask.units, total)
    for request, units in zip(ask.queue.queue, given, strict=True):
        request.units = less(request.units, units)
        world.leak(f"leavers:{request.who}", units * price)
    ask.queue.queue = [r for r in ask.queue.queue if r.units > 0]
    if target in world.tokens:
        world.tokens[target].units = less(world.tokens[target].units, total)
        world.first_mover[target] = paid - total * before.price[target]
    if total:
        world.count("paid out")


def join(world, target, who, units):
    """Put units in the queue, never more than are outside and not yet in it."""
    queue = world.tokens.get(target) or world.supply_queues[target]
    room = outside_units(world, target) - sum(r.units for r in queue.queue)
    units = min(units, max(0.0, room))
    if units > 0:
        queue.queue.append(Request(who, units, world.t))


def outside_units(world, target):
    """Return the units of a token or supply that nobody inside holds."""
    if target in world.tokens:
        return world.tokens[target].units - units_inside(world, target)
    return world.reserves[target].units - supply_inside(world, target)
