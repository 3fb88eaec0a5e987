"""An account of Hyperliquid, as the venue's own HTTP interface answers.

There is no block to pin: an account is read at the time that the venue gives with its answer. It
has a part in each perpetual exchange that the venue lists, and balances besides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from looprisk.onchain.endpoint import Endpoint, usable
from looprisk.onchain.http import HttpNode, Patience
from looprisk.onchain.hyperliquid_answers import HELP, Venue
from looprisk.onchain.hyperliquid_rules import Bracket, brackets, liquidation_price, maintenance
from looprisk.onchain.hyperliquid_spot import Balance, Tokens, balances, held, tokens
from looprisk.onchain.rpc import Ask, Json, Node, RpcError, canonical

NAME = "hyperliquid/1"
PUBLIC = "https://api.hyperliquid.xyz"
VARIABLE = "LOOPRISK_HYPERLIQUID"
HOURS = 24 * 365
LAST_TIME = 10**14
"""Milliseconds since 1970; what is later is no time."""
NEAR = Fraction(1, 10**6)
"""Of a reported liquidation price, within which ours must be: they keep few digits."""
CENTS = Fraction(1, 10**5)
"""Dollars within which sums of reported figures must agree: each has six digits."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One perpetual position. Prices and money in dollars, as exact as they were reported."""

    coin: str
    size: Fraction
    """Below 0 for a short."""
    entry: Fraction
    worth: Fraction
    """At the venue's mark: never below 0."""
    mark: Fraction
    funding: Fraction
    """What longs pay a year, of the worth, at the rate of this hour."""
    isolated: Fraction | None
    """Of an isolated position, its own cash; None where the account's stands behind it."""
    table: tuple[Bracket, ...]
    reported: Fraction | None
    """Where the venue says it would be liquidated."""

    @property
    def value(self) -> Fraction:
        """Its worth, below 0 for a short."""
        return self.worth if self.size > 0 else -self.worth

    @property
    def kept(self) -> Fraction:
        """The margin it must keep at the mark."""
        return maintenance(self.worth, self.table)


@dataclass(frozen=True, slots=True)
class Account:
    """The part of an account in one exchange. ``cash`` is what it has besides its cross legs."""

    dex: str
    """The exchange; empty is the first."""
    margin: str
    """The token that stands as margin, one of which counts as a dollar."""
    cash: Fraction
    value: Fraction
    """Of the cross account, as reported."""
    kept: Fraction
    """Margin that the cross legs must keep, as reported."""
    legs: tuple[Leg, ...]

    @property
    def cross(self) -> tuple[Leg, ...]:
        """The legs behind which the whole account stands."""
        return tuple(one for one in self.legs if one.isolated is None)

    def liquidation(self, leg: Leg) -> Fraction | None:
        """Return where a leg is liquidated by the venue's rules, the others at their marks."""
        cash = leg.isolated
        if cash is None:
            others = [one for one in self.cross if one is not leg]
            cash = self.cash + sum((one.value - one.kept for one in others), Fraction(0))
        return liquidation_price(cash, leg.size, leg.table)


@dataclass(frozen=True, slots=True)
class Found:
    """All that an address has on the venue."""

    address: str
    time: int
    """Milliseconds since 1970, by the venue."""
    digest: str
    """Of the answers that were read."""
    accounts: tuple[Account, ...]
    """Those with legs."""
    balances: tuple[Balance, ...]
    """Of tokens, and of margin that no cross leg needs."""


@dataclass(slots=True)
class VenueNode:
    """The venue as a node: a method is the type of a request, its parameter the rest of it."""

    http: HttpNode

    @property
    def host(self) -> str:
        """Host and port of the venue."""
        return self.http.host

    @property
    def requests_sent(self) -> int:
        """Requests that went over the network."""
        return self.http.requests_sent

    def request(self, method: str, params: list[Json]) -> Json:
        """Return the answer to one request."""
        rest = params[0] if params and isinstance(params[0], dict) else {}
        return self.http.post(method, {"type": method, **rest})

    def batch(self, asks: Sequence[Ask]) -> list[Json | RpcError]:
        """Return the answers to several, one after the other."""
        return [self.request(*ask) for ask in asks]

    def close(self) -> None:
        """Let go of the connection."""
        self.http.close()


def venue_node(
    rpc: str | None, environment: Mapping[str, str], patience: Patience | None = None
) -> VenueNode:
    """Return the venue: at ``rpc``, else where the environment says, else the public one."""
    named = [("--rpc", rpc), (VARIABLE, environment.get(VARIABLE))]
    name, url = next(((name, url) for name, url in named if url), ("the venue", PUBLIC))
    found = usable(url.strip(), name)
    path = found.parts.path.rstrip("/")
    info = found.parts._replace(path=path if path.endswith("/info") else f"{path}/info")
    return VenueNode(HttpNode(Endpoint(info.geturl(), name), patience or Patience(), HELP))


def read(node: Node, address: str) -> Found:
    """Return what an address has; raise AnswerError where what is answered is no account."""
    venue, user = Venue(node, []), address.lower()
    states = {"": _state(venue, user, "")}
    states |= {dex: _state(venue, user, dex) for dex in _others(venue)}
    time = states[""].get("time")
    if not isinstance(time, int) or not 0 < time < LAST_TIME:
        raise venue.wrong("the account has no time")
    rows = held(venue, user)
    readings = {
        dex: _Exchange(venue, dex, venue.ask("metaAndAssetCtxs", dex=dex))
        for dex, state in states.items()
        if not dex or state.get("assetPositions") or _value(venue, state)
    }
    plain = all(one.collateral == 0 for one in readings.values())
    known = Tokens() if plain and not any(number for number, *_ in rows) else tokens(venue)
    accounts = [one.account(states[dex], known) for dex, one in readings.items()]
    idle = [one for one in accounts if one.value > 0 and not one.cross]
    return Found(
        address=address,
        time=time,
        digest=hashlib.sha256(canonical(venue.answers).encode()).hexdigest(),
        accounts=tuple(one for one in accounts if one.legs),
        balances=(
            *balances(rows, known),
            *(Balance(one.margin, one.value, Fraction(1)) for one in idle),
        ),
    )


def _state(venue: Venue, user: str, dex: str) -> dict[str, Json]:
    return venue.fields(venue.ask("clearinghouseState", user=user, dex=dex), "the account")


def _others(venue: Venue) -> list[str]:
    """Return the perpetual exchanges beside the first, which has no name and is listed as null."""
    names = []
    for row in venue.rows(venue.ask("perpDexs"), "the exchanges"):
        if row is not None:
            fields = venue.fields(row, "an exchange")
            names.append(venue.text(fields.get("name"), "the name of an exchange"))
    return names


def _value(venue: Venue, state: dict[str, Json]) -> Fraction:
    summary = venue.fields(state.get("crossMarginSummary"), "the cross account")
    return venue.number(summary, "accountValue")


class _Exchange:
    """One exchange: mark, hourly funding and margin table of every coin."""

    def __init__(self, venue: Venue, dex: str, market: Json) -> None:
        self._venue, self._dex = venue, dex
        self._known: dict[str, tuple[Fraction, Fraction, tuple[Bracket, ...]]] = {}
        self.collateral = 0
        self._learn(market)

    def account(self, state: dict[str, Json], known: Tokens) -> Account:
        """Return the part of the account that stands here."""
        venue = self._venue
        summary = venue.fields(state.get("crossMarginSummary"), "the cross account")
        margin = known.names.get(self.collateral)
        if margin is None:
            raise venue.wrong(f"token {self.collateral} is margin, and not listed")
        rows = venue.rows(state.get("assetPositions"), "the positions")
        return Account(
            dex=self._dex,
            margin=margin,
            cash=venue.number(summary, "totalRawUsd"),
            value=venue.number(summary, "accountValue"),
            kept=venue.number(state, "crossMaintenanceMarginUsed"),
            legs=tuple(map(self._leg, rows)),
        )

    def _leg(self, row: Json) -> Leg:
        outer = self._venue.fields(row, "a position")
        one = self._venue.fields(outer.get("position"), "a position")
        coin = self._venue.text(one.get("coin"), "the coin of a position")
        if coin not in self._known:
            raise self._venue.wrong(f"a position in {coin!r}, which is not traded")
        told, funding, table = self._known[coin]
        size, worth = self._venue.number(one, "szi"), self._venue.number(one, "positionValue")
        if size == 0 or worth <= 0:
            raise self._venue.wrong(f"a position in {coin!r} of no size")
        leverage = self._venue.fields(one.get("leverage"), "the leverage of a position")
        isolated = leverage.get("type") == "isolated"
        if not isolated and leverage.get("type") != "cross":
            raise self._venue.wrong("a position that is neither cross nor isolated")
        return Leg(
            coin=coin,
            size=size,
            entry=self._venue.number(one, "entryPx"),
            worth=worth,
            mark=_mark(worth / abs(size), told, abs(size)),
            funding=funding * HOURS,
            isolated=self._venue.number(leverage, "rawUsd") if isolated else None,
            table=table,
            reported=None
            if one.get("liquidationPx") is None
            else self._venue.number(one, "liquidationPx"),
        )

    def _learn(self, market: Json) -> None:
        both = self._venue.rows(market, "the market")
        if len(both) != 2:
            raise self._venue.wrong("the market is not two lists")
        meta = self._venue.fields(both[0], "the market")
        if meta.get("collateralToken") is not None:
            self.collateral = self._venue.whole(meta["collateralToken"], "the token of margin")
        coins = self._venue.rows(meta.get("universe"), "the coins")
        prices = self._venue.rows(both[1], "the prices")
        if len(coins) != len(prices):
            raise self._venue.wrong(f"{len(prices)} prices of {len(coins)} coins")
        tables = self._tables(meta.get("marginTables"))
        for row, price in zip(coins, prices, strict=True):
            coin = self._venue.fields(row, "a coin")
            now = self._venue.fields(price, "a price")
            most = coin.get("maxLeverage")
            if not isinstance(most, int) or most < 1:
                raise self._venue.wrong("a coin without a largest leverage")
            named = coin.get("marginTableId")
            table = tables.get(named) if isinstance(named, int) else None
            self._known[self._venue.text(coin.get("name"), "the name of a coin")] = (
                self._venue.number(now, "markPx"),
                self._venue.number(now, "funding"),
                table or brackets([(Fraction(0), most)]),
            )

    def _tables(self, raw: Json) -> dict[int, tuple[Bracket, ...]]:
        found: dict[int, tuple[Bracket, ...]] = {}
        for row in self._venue.rows(raw, "the margin tables") if raw is not None else []:
            number, table = row if isinstance(row, list) and len(row) == 2 else (None, None)
            tiers = self._venue.fields(table, "a margin table").get("marginTiers")
            steps: list[tuple[Fraction, int]] = []
            for tier in self._venue.rows(tiers, "the tiers of a margin table"):
                fields = self._venue.fields(tier, "a margin tier")
                most = fields.get("maxLeverage")
                if not isinstance(most, int) or most < 1:
                    raise self._venue.wrong("a margin tier without leverage")
                steps.append((self._venue.number(fields, "lowerBound"), most))
            rises = steps == sorted(steps, key=_lower) and bool(steps) and steps[0][0] == 0
            if not isinstance(number, int) or not rises:
                raise self._venue.wrong("a margin table that does not rise")
            found[number] = brackets(steps)
        return found


def _lower(step: tuple[Fraction, int]) -> Fraction:
    return step[0]


def _mark(quotient: Fraction, told: Fraction, size: Fraction) -> Fraction:
    """Return the mark of a position: as told beside it where that is the same, else its worth."""
    if abs(quotient - told) * size <= CENTS:
        return told
    return Fraction(round(quotient * 10**10), 10**10)
