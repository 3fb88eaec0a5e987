"""An account of Hyperliquid, as the venue's own HTTP interface answers.

There is no block to pin: an account is read at the time that the venue gives with its answer. Only
the first perpetual exchange is read, and no spot balances.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from looprisk.errors import AnswerError
from looprisk.onchain.endpoint import Endpoint, usable
from looprisk.onchain.http import HttpNode, Patience
from looprisk.onchain.hyperliquid_rules import Bracket, brackets, liquidation_price, maintenance
from looprisk.onchain.rpc import Ask, Json, Node, RpcError, canonical, fields_of, text_of

NAME = "hyperliquid/1"
PUBLIC = "https://api.hyperliquid.xyz"
VARIABLE = "LOOPRISK_HYPERLIQUID"
HOURS = 24 * 365
LAST_TIME = 10**14
"""Milliseconds since 1970; what is later is no time."""
_PLAIN = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?")
_HELP = "another address of the venue: --rpc, or LOOPRISK_HYPERLIQUID"
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
    """An account with its legs. ``cash`` is what it has besides the worth of its cross legs."""

    address: str
    time: int
    """Milliseconds since 1970, by the venue."""
    digest: str
    """Of the answers that were read."""
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
    return VenueNode(HttpNode(Endpoint(info.geturl(), name), patience or Patience(), _HELP))


def read(node: Node, address: str) -> Account:
    """Return the account; raise AnswerError where what is answered is no account."""
    state = node.request("clearinghouseState", [{"user": address.lower(), "dex": ""}])
    market = node.request("metaAndAssetCtxs", [{"dex": ""}])
    return _Answers(node.host).account(address, state, market)


@dataclass(frozen=True, slots=True)
class _Answers:
    """Answers of the venue as values of ours; whatever is not what it must be is an error."""

    host: str
    _known: dict[str, tuple[Fraction, Fraction, tuple[Bracket, ...]]] = field(default_factory=dict)

    def account(self, address: str, state: Json, market: Json) -> Account:
        fields = fields_of(state, "the account", self.host)
        time = fields.get("time")
        if not isinstance(time, int) or not 0 < time < LAST_TIME:
            raise AnswerError(f"{self.host}: the account has no time", _HELP)
        summary = fields_of(fields.get("crossMarginSummary"), "the cross account", self.host)
        self._learn(market)
        rows = self._list(fields.get("assetPositions"), "the positions")
        return Account(
            address=address,
            time=time,
            digest=hashlib.sha256(canonical([state, market]).encode()).hexdigest(),
            cash=self._number(summary, "totalRawUsd"),
            value=self._number(summary, "accountValue"),
            kept=self._number(fields, "crossMaintenanceMarginUsed"),
            legs=tuple(map(self._leg, rows)),
        )

    def _leg(self, row: Json) -> Leg:
        outer = fields_of(row, "a position", self.host)
        one = fields_of(outer.get("position"), "a position", self.host)
        coin = text_of(one.get("coin"), "the coin of a position", self.host)
        if coin not in self._known:
            raise AnswerError(f"{self.host}: a position in {coin!r}, which is not traded", _HELP)
        told, funding, table = self._known[coin]
        size, worth = self._number(one, "szi"), self._number(one, "positionValue")
        if size == 0 or worth <= 0:
            raise AnswerError(f"{self.host}: a position in {coin!r} of no size", _HELP)
        leverage = fields_of(one.get("leverage"), "the leverage of a position", self.host)
        isolated = leverage.get("type") == "isolated"
        if not isolated and leverage.get("type") != "cross":
            raise AnswerError(f"{self.host}: a position that is neither cross nor isolated", _HELP)
        return Leg(
            coin=coin,
            size=size,
            entry=self._number(one, "entryPx"),
            worth=worth,
            mark=_mark(worth / abs(size), told, abs(size)),
            funding=funding * HOURS,
            isolated=self._number(leverage, "rawUsd") if isolated else None,
            table=table,
            reported=None
            if one.get("liquidationPx") is None
            else self._number(one, "liquidationPx"),
        )

    def _learn(self, market: Json) -> None:
        """Keep mark, hourly funding and margin table of every coin."""
        both = self._list(market, "the market")
        if len(both) != 2:
            raise AnswerError(f"{self.host}: the market is not two lists", _HELP)
        meta = fields_of(both[0], "the market", self.host)
        coins = self._list(meta.get("universe"), "the coins")
        prices = self._list(both[1], "the prices")
        if len(coins) != len(prices):
            raise AnswerError(f"{self.host}: {len(prices)} prices of {len(coins)} coins", _HELP)
        tables = self._tables(meta.get("marginTables"))
        for row, price in zip(coins, prices, strict=True):
            coin = fields_of(row, "a coin", self.host)
            now = fields_of(price, "a price", self.host)
            most = coin.get("maxLeverage")
            if not isinstance(most, int) or most < 1:
                raise AnswerError(f"{self.host}: a coin without a largest leverage", _HELP)
            named = coin.get("marginTableId")
            table = tables.get(named) if isinstance(named, int) else None
            self._known[text_of(coin.get("name"), "the name of a coin", self.host)] = (
                self._number(now, "markPx"),
                self._number(now, "funding"),
                table or brackets([(Fraction(0), most)]),
            )

    def _tables(self, raw: Json) -> dict[int, tuple[Bracket, ...]]:
        found: dict[int, tuple[Bracket, ...]] = {}
        for row in self._list(raw, "the margin tables") if raw is not None else []:
            number, table = row if isinstance(row, list) and len(row) == 2 else (None, None)
            tiers = fields_of(table, "a margin table", self.host).get("marginTiers")
            steps: list[tuple[Fraction, int]] = []
            for tier in self._list(tiers, "the tiers of a margin table"):
                fields = fields_of(tier, "a margin tier", self.host)
                most = fields.get("maxLeverage")
                if not isinstance(most, int) or most < 1:
                    raise AnswerError(f"{self.host}: a margin tier without leverage", _HELP)
                steps.append((self._number(fields, "lowerBound"), most))
            rises = steps == sorted(steps, key=_lower) and bool(steps) and steps[0][0] == 0
            if not isinstance(number, int) or not rises:
                raise AnswerError(f"{self.host}: a margin table that does not rise", _HELP)
            found[number] = brackets(steps)
        return found

    def _number(self, fields: dict[str, Json], key: str) -> Fraction:
        """Return a number that is written as text, every digit of it."""
        text = text_of(fields.get(key), f"`{key}`", self.host)
        if not _PLAIN.fullmatch(text):
            raise AnswerError(f"{self.host}: `{key}` is not a number", _HELP)
        return Fraction(text)

    def _list(self, value: Json, what: str) -> list[Json]:
        if not isinstance(value, list):
            raise AnswerError(f"{self.host}: {what} are not a list", _HELP)
        return value


def _lower(step: tuple[Fraction, int]) -> Fraction:
    return step[0]


def _mark(quotient: Fraction, told: Fraction, size: Fraction) -> Fraction:
    """Return the mark of a position: as told beside it where that is the same, else its worth."""
    if abs(quotient - told) * size <= CENTS:
        return told
    return Fraction(round(quotient * 10**10), 10**10)
