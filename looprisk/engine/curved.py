"""Break points where the response is no straight line (class N): solve at points, then halve.

Used where two moving numbers are multiplied, for instance the share of collateral that a moving oracle price
sells. Each solve is exact; what lies between two points of the scan and ends before the next is not seen,
and a break point is a bracket (SEMANTICS 8).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from looprisk.engine.affine import Affine, NotAffineError
from looprisk.engine.catalogue import known
from looprisk.engine.monitors import Stretch, join
from looprisk.engine.oracles import reading_of, sells_at_quote
from looprisk.engine.stage import StageRun
from looprisk.engine.state import ONE, ZERO
from looprisk.engine.world import World, knots

SCAN = 64
"""Points of the scan over the whole shock."""
WIDTH = Fraction(1, 10**12)
"""Width of the bracket of a break point, as a share of the shock."""

Key = TypeVar("Key", bound=Hashable)


def crossings(run: StageRun) -> tuple[Fraction, ...]:
    """Return the shock fractions at which a trigger that no claim decides is crossed, exactly.

    The debt of an account against its collateral at a quoted or stated price: over the LLTV, over debt and
    incentive, and the point under which liquidating pays no longer.
    """
    world = run.world(ZERO, ONE)
    found = set(knots(world))
    for name in run.catalogue.loans:
        try:
            found |= {s for s in _triggers(world, name) if s is not None and 0 < s < 1}
        except NotAffineError:
            continue
    return tuple(sorted(found))


def _triggers(world: World, name: str) -> Iterator[Fraction | None]:
    position = world.catalogue.loans[name]
    market = world.catalogue.system.markets[position.market]
    account = world.before.accounts[name]
    collateral, units = next(iter(account.collateral.items()))
    terms = market.collateral[collateral]
    reading = reading_of(world, str(terms.oracle), collateral)
    if reading is None:
        return
    debt: Affine = world.price(world.catalogue.loan_token(position.market)) * account.debt
    incentive = 1 + (market.incentive(terms) or ZERO)
    yield (reading * units * known(terms.lltv, position.market, "lltv") - debt).crossing(ZERO)
    yield (reading * units - debt * incentive).crossing(ZERO)
    sale = sells_at_quote(world, collateral)
    if sale is not None:
        yield (sale * incentive - reading).crossing(ZERO)


def scan(
    broken: Callable[[Fraction], frozenset[Key]], exact: tuple[Fraction, ...] = ()
) -> Mapping[Key, tuple[Stretch, ...]]:
    """Return for everything that breaks anywhere the stretches on which it is broken.

    ``broken(s)`` says what is broken at ``s``; ``exact`` are points at which something is known to change.
    A stretch begins at the last point seen whole; the first seen broken is ``WIDTH`` further.

    >>> found = scan(lambda s: frozenset({"late"} if s > Fraction(1, 3) else ()))
    >>> round(float(found["late"][0].lo), 9)
    0.333333333
    """
    seen: dict[Fraction, frozenset[Key]] = {}

    def at(s: Fraction) -> frozenset[Key]:
        if s not in seen:
            seen[s] = broken(s)
        return seen[s]

    beside = {s + WIDTH for s in exact if s + WIDTH < 1}
    points = sorted({Fraction(k, SCAN) for k in range(SCAN + 1)} | set(exact) | beside)
    edges = [points[0]]
    for lo, hi in pairwise(points):
        edges += _changes(at, lo, hi)
        edges.append(hi)
    stretches: dict[Key, list[Stretch]] = {}
    for key in at(Fraction(0)):
        stretches.setdefault(key, []).append(Stretch(lo=edges[0], hi=edges[0], attained=True))
    for lo, hi in pairwise(edges):
        for key in at(hi):
            stretches.setdefault(key, []).append(Stretch(lo=lo, hi=hi, attained=False))
    return {key: join(found) for key, found in stretches.items()}


def _changes(
    at: Callable[[Fraction], frozenset[Key]], lo: Fraction, hi: Fraction
) -> list[Fraction]:
    """Return points just before and just after every change between two points."""
    if at(lo) == at(hi):
        return []
    if hi - lo <= WIDTH:
        return [lo]
    middle = (lo + hi) / 2
    return [*_changes(at, lo, middle), middle, *_changes(at, middle, hi)]
