"""Hidden losses, and where a book takes them in: the event ``recognised`` (SEMANTICS 8).

A loss is hidden while a token or a supply stands in the books at more than what backs it. It is
recognised where that is over: the issuer takes it in (verb ``recognise``), a market realises the
bad debt that its books carried, or the backing comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise

from looprisk.analysis.solve import Solved
from looprisk.engine.book import book
from looprisk.engine.curved import WIDTH, scan
from looprisk.engine.monitors import Stretch
from looprisk.engine.point import Point
from looprisk.engine.state import ONE, ZERO

ROUNDING = Fraction(1, 10**9)
"""In floats a hidden loss of this share of a book value is none."""


def hidden_losses(point: Point) -> Mapping[str, Fraction]:
    """Return book less economic value of every token and supply whose book shows too much."""
    booked, index = book(point), point.compiled.index
    values = dict(booked.supplies)
    for token, price in booked.prices.items():
        values[token] = price * index.claim_of[index.claim[token]].units
    least = ZERO if point.compiled.form.exact else ROUNDING
    hidden = {claim: value - Fraction(point.claim(claim)) for claim, value in values.items()}
    return {claim: loss for claim, loss in hidden.items() if loss > least * values[claim]}


def recognised(solved: Solved) -> tuple[Mapping[str, Fraction], ...]:
    """Return for every stage what it recognised: token or supply, and the loss hidden before it."""
    hidden = [hidden_losses(point) for point in (solved.start, *solved.ends)]
    return tuple(
        {claim: loss for claim, loss in before.items() if claim not in after}
        for before, after in pairwise(hidden)
    )


def recognised_along(solved: Solved, claim: str) -> tuple[Stretch, ...]:
    """Return the stretch of the last stage on which a loss that was hidden no longer is.

    From the first shock fraction at which nothing is hidden after something was; () where nothing
    was, or it stays hidden. The fraction is exact where the book and what backs it meet on straight
    lines, else a bracket of the width of a scan.
    """
    run = solved.scaled

    def hidden(s: Fraction) -> Fraction:
        return hidden_losses(run.at(s, solved.selection)).get(claim, ZERO)

    knots = {Fraction(piece.hi) for seg in solved.segments for piece in seg.pieces if piece.hi < 1}
    seen = scan(
        lambda s: (frozenset({claim} if (loss := hidden(s)) else ()), {claim: {"": -loss}}),
        tuple(sorted(knots | set(solved.crossings))),
    ).get(claim, ())
    if not seen or seen[0].hi >= 1:
        return ()
    last = Fraction(seen[0].hi)
    exact = _meeting(hidden, last, max((k for k in knots if k < last), default=ZERO))
    if exact is not None:
        return (Stretch(lo=exact, hi=ONE, attained=True),)
    return (Stretch(lo=last, hi=ONE, attained=False, bracket=last > 0),)


def _meeting(
    hidden: Callable[[Fraction], Fraction], last: Fraction, knot: Fraction
) -> Fraction | None:
    """Return where a hidden loss ends on a straight line, proved by looking there."""
    middle = (knot + last) / 2
    first, second = hidden(middle), hidden(last)
    if first <= second:
        return None
    end = last + (last - middle) * second / (first - second)
    return end if last <= end <= last + WIDTH and not hidden(end) else None
