"""Whose word the price of a token is in a vault of Euler v2, and how old it may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.onchain.abi import NOBODY, call
from looprisk.onchain.snapshot import Snapshot

QUOTE = "getQuote(uint256,address,address)(uint256)"
_RESOLVE = "resolveOracle(uint256,address,address)(uint256,address,address,address)"
_BY_FEED = ("feed()(address)", "maxStaleness()(uint256)")
_BY_TWO = ("oracleBaseCross()(address)", "oracleCrossQuote()(address)")
"""What an adapter says that multiplies two others."""
DEEPEST = 3
"""Adapters of adapters that are followed."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A feed that an adapter reads, and the age in seconds at which it refuses the answer."""

    feed: str
    oldest: int | None
    """None where the adapter does not say."""


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a whole token in the unit of account, and the adapter that says it."""

    token: str
    figure: int | None
    """None where the adapter refuses, as it does when a feed has not answered for too long."""
    adapter: str
    kind: str
    """What the adapter calls itself; empty where it says nothing."""
    feeds: tuple[Dated, ...] = ()
    """What it reads in the end."""


def prices(snapshot: Snapshot, oracle: str, unit: str, tokens: Sequence[str]) -> list[Price | None]:
    """Return the price of what each token is of, and whose word it is."""
    if oracle == NOBODY:
        return [None for _ in tokens]
    routes = snapshot.read_all([call(oracle, _RESOLVE, 10**18, one, unit) for one in tokens])
    ends = dict.fromkeys(
        (route.address(1), route.address(3))
        for route in routes
        if route.ok and route.address(3) != NOBODY
    )
    decimals = snapshot.read_all([call(token, "decimals()(uint256)") for token, _ in ends])
    names = snapshot.read_all([call(adapter, "name()(string)") for _, adapter in ends])
    figures = snapshot.read_all(
        [
            call(oracle, QUOTE, 10 ** one.integer(), token, unit)
            for (token, _), one in zip(ends, decimals, strict=True)
        ]
    )
    read = _feeds(snapshot, [adapter for _, adapter in ends])
    known = {
        end: Price(
            token=end[0],
            figure=figure.integer() if figure.ok else None,
            adapter=end[1],
            kind=name.text() if name.ok else "",
            feeds=read[end[1]],
        )
        for end, figure, name in zip(ends, figures, names, strict=True)
    }
    return [known.get((one.address(1), one.address(3))) if one.ok else None for one in routes]


def _feeds(snapshot: Snapshot, adapters: Sequence[str]) -> dict[str, tuple[Dated, ...]]:
    """Return what adapters read, each followed through those it multiplies."""
    below: dict[str, tuple[str, ...]] = {}
    dated: dict[str, Dated] = {}
    wave = list(dict.fromkeys(adapters))
    for _ in range(DEEPEST):
        signatures = (*_BY_FEED, *_BY_TWO)
        answers = snapshot.read_all([call(one, asked) for one in wave for asked in signatures])
        for at, one in enumerate(wave):
            feed, oldest, first, second = answers[4 * at : 4 * at + 4]
            if feed.ok:
                dated[one] = Dated(feed.address(), oldest.integer() if oldest.ok else None)
            elif first.ok and second.ok:
                below[one] = (first.address(), second.address())
        inside = dict.fromkeys(one for pair in below.values() for one in pair)
        wave = [one for one in inside if one not in dated and one not in below]
    return {one: tuple(_ends(one, below, dated, DEEPEST)) for one in adapters}


def _ends(
    adapter: str, below: dict[str, tuple[str, ...]], dated: dict[str, Dated], deep: int
) -> list[Dated]:
    if adapter in dated:
        return [dated[adapter]]
    inside = below.get(adapter, ()) if deep else ()
    return [end for one in inside for end in _ends(one, below, dated, deep - 1)]
