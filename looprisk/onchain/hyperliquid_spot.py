"""What an account of Hyperliquid holds besides its positions, and what the venue says of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from looprisk.onchain.hyperliquid_answers import Venue
from looprisk.onchain.rpc import Json

DOLLAR = "USDC"
"""The token that the venue counts as a dollar; the first of its list."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Tokens of an account. ``price`` is in dollars; None where none is told."""

    coin: str
    amount: Fraction
    price: Fraction | None


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of the venue: names by their numbers, and prices against the dollar by both."""

    names: Mapping[int, str] = field(default_factory=lambda: {0: DOLLAR})
    prices: Mapping[int, Fraction] = field(default_factory=lambda: {0: Fraction(1)})


def held(venue: Venue, user: str) -> list[tuple[int, str, Fraction]]:
    """Return the tokens an account holds: number, name and amount, those on hold included."""
    state = venue.fields(venue.ask("spotClearinghouseState", user=user), "the balances")
    found = []
    for row in venue.rows(state.get("balances"), "the balances"):
        fields = venue.fields(row, "a balance")
        amount = venue.number(fields, "total")
        number = venue.whole(fields.get("token"), "the token of a balance")
        if amount < 0:
            raise venue.wrong("a balance below 0")
        if amount:
            found.append((number, venue.text(fields.get("coin"), "the coin of a balance"), amount))
    return found


def balances(rows: list[tuple[int, str, Fraction]], tokens: Tokens) -> tuple[Balance, ...]:
    """Return what is held with its prices."""
    return tuple(Balance(coin, amount, tokens.prices.get(at)) for at, coin, amount in rows)


def tokens(venue: Venue) -> Tokens:
    """Return the tokens with their prices, by the mark of the pair with the dollar.

    A pair stands at its place of the list, or under its name where the prices tell theirs.
    """
    both = venue.rows(venue.ask("spotMetaAndAssetCtxs"), "the tokens")
    if len(both) != 2:
        raise venue.wrong("the tokens are not two lists")
    meta = venue.fields(both[0], "the tokens")
    names = {}
    for row in venue.rows(meta.get("tokens"), "the tokens"):
        fields = venue.fields(row, "a token")
        number = venue.whole(fields.get("index"), "the number of a token")
        names[number] = venue.text(fields.get("name"), "the name of a token")
    marks = _marks(venue, venue.rows(both[1], "the prices"))
    pairs = venue.rows(meta.get("universe"), "the pairs")
    prices = {0: Fraction(1)}
    for at, row in enumerate(pairs):
        fields = venue.fields(row, "a pair")
        ends = venue.rows(fields.get("tokens"), "the tokens of a pair")
        name = venue.text(fields.get("name"), "the name of a pair")
        mark = marks.get(name, marks.get(at) if len(marks) == len(pairs) else None)
        if len(ends) == 2 and ends[1] == 0 and isinstance(ends[0], int) and mark is not None:
            prices.setdefault(ends[0], mark)
    return Tokens(names, prices)


def _marks(venue: Venue, rows: list[Json]) -> dict[str | int, Fraction]:
    marks: dict[str | int, Fraction] = {}
    for at, row in enumerate(rows):
        fields = venue.fields(row, "a price")
        coin = fields.get("coin")
        marks[coin if isinstance(coin, str) else at] = venue.number(fields, "markPx")
    return marks
