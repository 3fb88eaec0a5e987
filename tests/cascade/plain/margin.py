"""Margin accounts: what they are worth, what they must keep, and how they end."""

from tests.cascade.plain.prices import mark, number, price_of
from tests.cascade.plain.state import Trader, less


def equity(world, trader):
    """Return margin and profit at the mark; tokens count less their haircut."""
    haircut = world.system.venues[trader.venue].haircut
    tokens = sum(
        n * price_of(world, t) * (1 - number(haircut.get(t))) for t, n in trader.tokens.items() if n
    )
    return trader.usd + tokens + sum(leg.n * (mark(world, leg) - leg.entry) for leg in trader.legs)


def notional(world, trader):
    return sum(abs(leg.n) * mark(world, leg) for leg in trader.legs)


def tier(venue, size):
    """Return (rate, constant) of the bracket that a notional falls in."""
    for step in venue.tiers:
        if step.up_to is None or size <= number(step.up_to):
            return number(step.maintenance), number(step.constant)
    return number(venue.maintenance), 0.0


def maintenance(world, trader):
    """Return the maintenance margin, on mark notional, on Bybit on entry notional."""
    venue = world.system.venues[trader.venue]
    total = 0.0
    for leg in trader.legs:
        entry = venue.convention == "bybit"
        size = abs(leg.n) * (leg.entry if entry else mark(world, leg))
        rate, constant = tier(venue, size)
        total += rate * size - (constant if leg.n else 0.0)
    return total


def sell_tokens(world, trader, need=None):
    """Turn margin tokens into dollars, all or as many as are needed; buyers keep the haircut."""
    haircut = world.system.venues[trader.venue].haircut
    counts = {
        t: n * price_of(world, t) * (1 - number(haircut.get(t))) for t, n in trader.tokens.items()
    }
    worth = sum(counts.values())
    if worth <= 0:
        return
    share = 1.0 if need is None else min(1.0, need / worth)
    for token, n in trader.tokens.items():
        given = share * n * price_of(world, token)
        trader.tokens[token] = less(n, share * n)
        world.leak(f"others:{trader.venue}", given - share * counts[token])
        if token not in world.system.assets:
            world.leak("token_lenders", -given)
    trader.usd += share * worth


def leave(world, trader, *, to_fund):
    """Close the books of an account without legs; return what it lacks."""
    if trader.usd < 0:
        sell_tokens(world, trader, -trader.usd)
    if to_fund:
        sell_tokens(world, trader)
        world.funds[trader.venue] += max(0.0, trader.usd)
    elif trader.usd > 0 or any(trader.tokens.values()):
        world.released.append(
            (trader.owner, trader.venue, max(0.0, trader.usd), dict(trader.tokens))
        )
        trader.tokens = dict.fromkeys(trader.tokens, 0.0)
    lacks = max(0.0, -trader.usd)
    trader.usd = 0.0
    return lacks


def split(trader, share):
    """Take a share of the margin out of an account, as an account of its own without legs."""
    taken = {t: share * n for t, n in trader.tokens.items()}
    piece = Trader(trader.name, trader.venue, trader.owner, share * trader.usd, taken, [])
    trader.usd -= piece.usd
    trader.tokens = {t: less(n, taken[t]) for t, n in trader.tokens.items()}
    return piece
