"""Where the accounts of a crowd break, by what the oracle of their collateral reads.

Source: SEMANTICS 4.2.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from looprisk.engine.affine import Affine, NotAffineError
from looprisk.engine.ladder import Change, Ladder, Line, Rung, Taken
from looprisk.engine.legs import Leg
from looprisk.engine.maker import Maker
from looprisk.engine.steps import Steps
from looprisk.engine.tables import Crowd
from looprisk.errors import NotExactError

ZERO, ONE = Fraction(0), Fraction(1)


def ladder_of(make: Maker, crowd: Crowd, leg: Leg) -> Ladder:
    """Return the ladder of a crowd on a stretch of a stage."""
    steps = make.world.before.crowds.get(crowd.id, crowd.steps)
    market = make.catalogue.system.markets[crowd.position.market]
    price = make.world.price(loan_token(make, crowd.id))
    if market.liquidators == "absent":
        return untouched(steps)
    if leg.cap is not None:
        return _at_cap(steps, leg, price, ends_of(make))
    if leg.reading == leg.price == leg.sale:
        return _at_own_price(steps, leg)
    if leg.reading.reads:
        raise NotExactError(
            f"{crowd.table}: the oracle of {leg.claim} reads a price that the solution decides, "
            "and it sells at another; quote it with `market_price`, or list its accounts one by one"
        )
    sale = leg.reading if market.liquidators == "always" else leg.sale
    return _at_reading(steps, leg, sale, price, ends_of(make))


def loan_token(make: Maker, name: str) -> str:
    """Return the one token that a crowd owes."""
    (token,) = make.catalogue.debt_claims(name)
    return token


def ends_of(make: Maker) -> tuple[Fraction, Fraction]:
    """Return the ends of the stretch of the shock that is looked at."""
    return make.world.lo, make.world.hi


def untouched(steps: Steps, first: int = 0) -> Ladder:
    """Nobody is liquidated (4.2b): under water below ``x = r``."""
    tokens, units = _rest(steps, first)
    return Ladder(
        steps=steps,
        lender=Line(tokens),
        owner=Line(-tokens, units),
        changes=(Change(multiple=ONE, word="under water", lender=(-ONE, ONE), owner=(ONE, -ONE)),),
        first=first,
    )


def _rest(steps: Steps, first: int) -> tuple[Fraction, Fraction]:
    return steps.all_debt - steps.debt_before(first), steps.all_units - steps.units_before(first)


def _at_own_price(steps: Steps, leg: Leg) -> Ladder:
    """Oracle and sale are the collateral's own price (4.2a).

    Liquidated below ``x = r / lltv``, and owners lose the incentive; unpaid below ``x = phi r``.
    """
    phi = incentive_of(leg)
    tokens, units = _rest(steps, 0)
    unpaid = Change(multiple=phi, word="unpaid", lender=(-ONE, 1 / phi), owner=(phi, -ONE))
    if not leg.lltv:  # no price is high enough
        return Ladder(
            steps=steps,
            lender=Line(tokens),
            owner=Line(-tokens * phi, units),
            changes=(unpaid,),
            fixed=Taken(liquidated=steps.owing),
            state=frozenset({"liquidated"} if steps.owing else ()),
        )
    taken = Change(
        multiple=1 / leg.lltv, word="liquidated", lender=(ZERO, ZERO), owner=(1 - phi, ZERO)
    )
    return Ladder(
        steps=steps,
        lender=Line(tokens),
        owner=Line(-tokens, units),
        changes=(taken, unpaid),
    )


def incentive_of(leg: Leg) -> Fraction:
    """Return phi, what a liquidator gets per dollar repaid, above 1."""
    assert leg.incentive is not None  # noqa: S101  (refused before)
    return leg.incentive


def _at_reading(
    steps: Steps, leg: Leg, sale: Affine, price: Affine, ends: tuple[Fraction, Fraction]
) -> Ladder:
    """The oracle reads a number (4.2b, c): who is unhealthy is known, and liquidated at it.

    A liquidator acts only if it pays, ``phi x >= o``; where the sale is at the collateral's own
    price that is a border of the ladder, else it is known too.
    """
    phi = incentive_of(leg)
    reading = _in_tokens(steps, leg, price, ends)
    if reading is None:
        return untouched(steps)
    unhealthy = max(steps.above(reading * leg.lltv), steps.bare)
    if sale != leg.price:
        pays = [(sale * phi - leg.reading).at(s) >= 0 for s in ends]
        if len(set(pays)) > 1:
            raise NotAffineError
        ladder = untouched(steps, unhealthy if pays[0] else 0)
        return _with_settled(ladder, steps, unhealthy, reading, phi) if pays[0] else _stuck(ladder)
    settled = _with_settled(untouched(steps, unhealthy), steps, unhealthy, reading, phi)
    above = Rung(
        low=reading / phi,
        lender=settled.lender,
        owner=settled.owner,
        taken=settled.fixed,
        state=settled.state,
    )
    return replace(_stuck(untouched(steps)), ceiling=reading / phi, above=above)


def _stuck(ladder: Ladder) -> Ladder:
    """Return a ladder on which no liquidator acts; an account without collateral is written off."""
    bare = ladder.steps.bare
    words = {"liquidated", "unpaid"} if bare else {"stuck"}
    fixed = Taken(liquidated=bare, unpaid=bare, at=ZERO)
    return replace(ladder, state=frozenset(words), fixed=fixed)


def _at_cap(steps: Steps, leg: Leg, price: Affine, ends: tuple[Fraction, Fraction]) -> Ladder:
    """The oracle reads the lesser of a cap and the collateral's own price.

    From the cap on, those who are unhealthy at it are liquidated at it; below it the reading is the
    price.
    """
    assert leg.cap is not None  # noqa: S101  (the caller asked)
    below = _at_own_price(steps, leg)
    reading = _in_tokens(steps, replace(leg, reading=leg.cap), price, ends)
    if reading is None:
        return below
    unhealthy = max(steps.above(reading * leg.lltv), steps.bare)
    settled = _with_settled(
        untouched(steps, unhealthy), steps, unhealthy, reading, incentive_of(leg)
    )
    above = Rung(
        low=reading,
        lender=settled.lender,
        owner=settled.owner,
        taken=settled.fixed,
        state=settled.state,
    )
    return replace(below, ceiling=reading, above=above)


def _in_tokens(
    steps: Steps, leg: Leg, price: Affine, ends: tuple[Fraction, Fraction]
) -> Fraction | None:
    """Return what the oracle reads in loan tokens; None where all accounts are healthy at it.

    Raises NotAffineError where it moves and somebody is not.
    """
    if price.reads or leg.reading.reads:
        raise NotAffineError
    if steps.size > steps.bare:
        worst = steps.ratio_at(steps.bare)
        room = leg.reading * leg.lltv - price * worst
        if not steps.bare and all(room.at(s) >= 0 for s in ends):
            return None
    if leg.reading.moves or price.moves:
        raise NotAffineError
    return leg.reading.const / price.const if price.const else None


def _with_settled(
    ladder: Ladder, steps: Steps, unhealthy: int, reading: Fraction, phi: Fraction
) -> Ladder:
    """Return a ladder with the first accounts liquidated at a reading.

    Each repays ``min(d, N o / phi)`` and its owner keeps the collateral that is not sold for it.
    """
    unpaid = min(unhealthy, max(steps.above(reading / phi), steps.bare))
    units = steps.units_before(unhealthy) - steps.units_before(unpaid)
    tokens = steps.debt_before(unhealthy) - steps.debt_before(unpaid)
    sold = phi * tokens / reading if reading else ZERO
    words = {"liquidated"} if unhealthy else set()
    return replace(
        ladder,
        lender=ladder.lender + Line(tokens + steps.units_before(unpaid) * reading / phi),
        owner=ladder.owner + Line(rate=units - sold),
        fixed=Taken(liquidated=unhealthy, unpaid=unpaid, at=reading),
        state=frozenset(words | ({"unpaid"} if unpaid else set())),
    )
