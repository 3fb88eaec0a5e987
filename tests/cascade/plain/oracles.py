"""Oracles (DYNAMICS 4): a source, then lag, average, cap, pushes, and what stages do to them."""

from math import ceil

from tests.cascade.plain.books import book
from tests.cascade.plain.prices import number, usd
from tests.cascade.plain.start import supply_name
from tests.cascade.plain.state import YEAR, holds


def pairs(world):
    """Return every (oracle, collateral) that a market reads."""
    found = {}
    for market in world.system.markets.values():
        for accepted in (market.collateral, *(m.collateral for m in market.e_modes.values())):
            for collateral, terms in accepted.items():
                found[str(terms.oracle), str(collateral)] = None
    return list(found)


class Feed:
    """What one oracle remembers about one collateral."""

    def __init__(self):
        self.sources = []
        self.pushed = None
        self.at = None


def update(world):
    """Phase 4: every reading of the step."""
    books, done = [], {}
    for oracle, collateral in pairs(world):
        _reading(world, oracle, collateral, books, done)
    world.readings = done


def _reading(world, oracle, collateral, books, done):
    key = (oracle, collateral)
    if key in done:
        return done[key]
    part = world.system.oracles.get(oracle)
    if part is None:
        done[key] = source(world, oracle, collateral, books)
        return done[key]
    target = str(part.of) if part.of else collateral
    raw = _source_of(world, oracle, part, target, books, done)
    pushed = _pipeline(world, key, part, raw)
    wrong = world.wrong.get(oracle)
    if wrong is not None:
        pushed = pushed * (1 + number(wrong)) if wrong.unit == "fraction" else usd(world, wrong)
    if oracle in world.frozen and key in world.readings:
        pushed = world.readings[key]
    done[key] = pushed
    return pushed


def _source_of(world, oracle, part, target, books, done):
    if part.kind == "fixed":
        return usd(world, part.price)
    if part.kind == "pt_discount":
        return _discounted(world, part, target, books, done)
    if part.kind in {"capped", "twap"}:
        base = str(part.base or "market")
        if base in world.system.oracles:
            return _reading(world, base, target, books, done)
        return source(world, base, target, books)
    return source(world, part.kind, target, books)


def source(world, kind, target, books):
    """Return what ``market`` or ``nav`` is for a unit of something, in dollars."""
    supply = supply_name(world, target)
    if supply in world.reserves:
        return _supply_source(world, kind, supply, books)
    if kind == "nav":
        if target in world.system.assets:
            return world.P[target]
        books = books or _filled(world, books)
        return books[0].price[target]
    return world.P[target] if target in world.P else world.last.economic[target]


def _filled(world, books):
    books.append(book(world))
    return books


def _supply_source(world, kind, supply, books):
    reserve = world.reserves[supply]
    if not world.system.markets[reserve.market].realises_bad_debt:
        face = reserve.supply / reserve.units
        return face * source(world, kind, reserve.token, books)
    if kind == "market":
        return world.last.economic[supply]
    books = books or _filled(world, books)
    return books[0].price[supply]


def _discounted(world, part, target, books, done):
    left = max(0.0, number(part.matures) - (world.epoch + max(world.t, 0.0))) / YEAR
    if target in world.tokens:
        receipt = world.system.issuers[world.tokens[target].issuer].issues[target]
        under = usd(world, receipt.par)
        if part.base is not None and receipt.par.of is not None:
            base, unit = str(part.base), str(receipt.par.of)
            known = base in world.system.oracles
            seen = _reading(world, base, unit, books, done) if known else None
            seen = source(world, base, unit, books) if seen is None else seen
            under = number(receipt.par) * seen
    else:
        under = world.P[target]
    return under * max(0.0, 1 - number(part.discount) * left)


def _pipeline(world, key, part, raw):
    if world.k < 0:
        return min(raw, usd(world, part.cap)) if part.kind == "capped" else raw
    feed = world.oracles.setdefault(key, Feed())
    feed.sources.append(raw)
    seen = _behind(feed.sources, world, number(part.lag)) if part.lag is not None else raw
    if part.window is not None:
        window, late = number(part.window), _steps_late(world, part)
        end = world.t - late * world.step
        seen = (_integral(feed, world, end) - _integral(feed, world, end - window)) / window
    if part.kind == "capped":
        seen = min(seen, usd(world, part.cap))
    if _pushes(world, feed, part, seen, key[0]):
        feed.pushed, feed.at = seen, world.t
    return feed.pushed


def _behind(sources, world, lag):
    steps = [k for k in range(len(sources)) if k * world.step <= world.t - lag + 1e-9]
    return sources[steps[-1]] if steps else sources[0]


def _steps_late(world, part):
    return 0 if part.lag is None else ceil(number(part.lag) / world.step - 1e-9)


def _integral(feed, world, t):
    """Return the integral of the source from the start to a time; before, it is the first one."""
    if t <= 0:
        return feed.sources[0] * t
    k = min(int(t / world.step + 1e-9), len(feed.sources) - 1)
    return sum(feed.sources[:k]) * world.step + feed.sources[k] * (t - k * world.step)


def _pushes(world, feed, part, seen, oracle):
    if feed.pushed is None:
        return True
    if oracle in world.frozen:
        return False
    if part.heartbeat is None and part.deviation is None:
        return True
    due = part.heartbeat is not None and holds(world.t - feed.at, number(part.heartbeat))
    far = part.deviation is not None and holds(
        abs(seen - feed.pushed), number(part.deviation) * feed.pushed, seen, feed.pushed
    )
    return due or far
