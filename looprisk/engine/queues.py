"""Who is paid when several ask at once: the money of issuers and the cash of markets in a run.

All who ask in one stage have come at one moment, so each gets the same share of a cash that they
compete for (DYNAMICS 7). Amounts are US dollars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from looprisk.model.scenario import Run

ZERO, ONE = Fraction(0), Fraction(1)

Pair = tuple[str, str]
"""(who draws, market)."""


def served_in_turn(run: Mapping[str, Run]) -> tuple[tuple[str, ...], ...]:
    """Return the targets of a run in the order in which they are served; those of a group together.

    With ``order: first_come`` each claimant named under ``by`` has a place of its own, in the order
    written. All others come together, after them: nobody says who of them was first.

    >>> served_in_turn(
    ...     {
    ...         "a": Run(wants_out="10%"),
    ...         "b": Run(wants_out="10%", order="first_come", by="fund"),
    ...         "c": Run(wants_out="10%", order="first_come"),
    ...     }
    ... )
    (('b',), ('a', 'c'))
    """
    named: dict[str, list[str]] = {}
    together = []
    for target, terms in run.items():
        if terms.order == "first_come" and terms.by is not None:
            named.setdefault(terms.by, []).append(target)
        else:
            together.append(target)
    return tuple(tuple(group) for group in (*named.values(), together) if group)


def drawn(
    needs: Mapping[str, Fraction], own: Mapping[Pair, Fraction], cash: Mapping[str, Fraction]
) -> dict[Pair, Fraction]:
    """Return what each draws from each market, in US dollars.

    ``needs`` is what each still has to pay, ``own`` what is its own in a market, ``cash`` what the
    market has. Whoever has supplies in several markets asks of each in proportion to them; a
    market that has less than is asked of it pays all the same share, and what is missing is asked
    of the others.

    >>> from fractions import Fraction as F
    >>> found = drawn(
    ...     {"V": F(30), "W": F(60)}, {("V", "m"): F(50), ("W", "m"): F(60)}, {"m": F(45)}
    ... )
    >>> found["V", "m"], found["W", "m"]
    (Fraction(15, 1), Fraction(30, 1))
    """
    found = dict.fromkeys(own, ZERO)
    left, room, there = dict(needs), dict(own), dict(cash)
    while True:
        open_ = [p for p in room if left[p[0]] > 0 and room[p] > 0 and there[p[1]] > 0]
        if not open_:
            return found
        asked = _asked(left, room, open_)
        total: dict[str, Fraction] = {}
        for (_, market), amount in asked.items():
            total[market] = total.get(market, ZERO) + amount
        for (who, market), amount in asked.items():
            got = amount * share(there[market], total[market])
            found[who, market] += got
            left[who] -= got
            room[who, market] -= got
        for market, amount in total.items():
            there[market] = max(ZERO, there[market] - amount)


def _asked(
    left: Mapping[str, Fraction], room: Mapping[Pair, Fraction], open_: Sequence[Pair]
) -> dict[Pair, Fraction]:
    """Return what each asks of each market, in proportion to what it has there."""
    whole: dict[str, Fraction] = {}
    for who, market in open_:
        whole[who] = whole.get(who, ZERO) + room[who, market]
    return {pair: room[pair] * share(left[pair[0]], whole[pair[0]]) for pair in open_}


def share(part: Fraction, whole: Fraction) -> Fraction:
    """Return what share of a whole above nothing one part is, at most all of it.

    >>> share(Fraction(3), Fraction(4)), share(Fraction(5), Fraction(4))
    (Fraction(3, 4), Fraction(1, 1))
    """
    return ONE if part >= whole else part / whole
