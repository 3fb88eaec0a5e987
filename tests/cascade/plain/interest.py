"""Phase 1: interest on loans, funding of legs, and what else passes with time."""

import math

from tests.cascade.plain.prices import accrue_pools, mark, number, price_of, remark


def accrue(world):
    """Let ``dt`` pass since the last record."""
    remark(world)
    if not world.dt:
        return
    for reserve in world.reserves.values():
        _interest(world, reserve)
    for holder in world.holders.values():
        for loan in holder.loans.values():
            loan.face *= math.exp(loan.rate * world.years)
    for trader, leg in world.legs():
        paid = leg.n * world.marked[leg.name] * leg.rate * world.years
        trader.usd -= paid
        world.leak(f"funding:{trader.venue}", paid)
    accrue_pools(world)


def borrowed(world, reserve):
    """Return all debt to a reserve, in tokens."""
    return reserve.unlisted + sum(
        a.debts.get(reserve.token, 0.0)
        for a in world.accounts.values()
        if a.market == reserve.market
    )


def utilisation(world, reserve):
    """Return debts over debts and cash."""
    debts = borrowed(world, reserve)
    return debts / (debts + reserve.cash) if debts + reserve.cash > 0 else 0.0


def _interest(world, reserve):
    model = world.system.markets[reserve.market].lends[reserve.token].rate
    if model is None:
        return
    rate = _rate(world, reserve, model, utilisation(world, reserve))
    growth = math.exp(rate * world.years)
    for account in world.accounts.values():
        if account.market == reserve.market and account.debts.get(reserve.token):
            old = account.debts[reserve.token]
            account.debts[reserve.token] = old * growth
            reserve.supply += account.debts[reserve.token] - old
    if reserve.token in world.system.assets:
        more = reserve.unlisted * (growth - 1)
        reserve.unlisted += more
        reserve.supply += more
        world.gains += more * price_of(world, reserve.token)


def _rate(world, reserve, model, u):
    if model.kind == "adaptive":
        return _adaptive(world, reserve, u)
    kink = number(model.kink, 1.0)
    rate = number(model.base) + number(model.slope_1) * min(u, kink) / kink
    return rate + (number(model.slope_2) * max(0.0, u - kink) / (1 - kink) if kink < 1 else 0.0)


def _adaptive(world, reserve, u):
    error = (u - 0.9) / (0.1 if u > 0.9 else 0.9)
    start = reserve.target
    end = _clip(start * math.exp(50 * error * world.years))
    middle = _clip(start * math.exp(25 * error * world.years))
    reserve.target = end
    return ((0.75 if error < 0 else 3.0) * error + 1) * (start + end + 2 * middle) / 4


def _clip(rate):
    return min(2.0, max(0.001, rate))


def remember_marks(world):
    """Keep the marks of a record: funding and auto-deleveraging read them in the next step."""
    world.marked = {leg.name: mark(world, leg) for _, leg in world.legs()}
