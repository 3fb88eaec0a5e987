"""What things count at the start: prices as written, units outstanding, accounts.

Nothing is solved here. A number that nobody wrote, or that only a solve would give, is ``None``,
and so is every product with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

from looprisk.model.markets import Lending, Market
from looprisk.model.positions import AnyPosition, Loop, OnVenue, PerpPosition, Tabled
from looprisk.model.system import System
from looprisk.model.tables import COLLATERAL, DEBT, MARGIN
from looprisk.model.tokens import Par, Share
from looprisk.model.values import Value

Number = Fraction | None
ZERO, WHOLE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class Account:
    """Units of collateral and of debt, by token."""

    collateral: Mapping[str, Number]
    debt: Mapping[str, Number]


@dataclass(frozen=True)
class Worth:
    """The start values of one system."""

    system: System

    @cached_property
    def receipts(self) -> dict[str, Share | Par]:
        """Every receipt token."""
        return {t: r for issuer in self.system.issuers.values() for t, r in issuer.issues.items()}

    @cached_property
    def prices(self) -> dict[str, Number]:
        """USD per unit of what can be held: par, else the book price, else the market's.

        The supply of a market counts as the token it lends.
        """
        written = {
            **{asset: part.price for asset, part in self.system.assets.items()},
            **{token: _book(receipt) for token, receipt in self.receipts.items()},
        }
        known: dict[str, Number] = {}
        for name in written:
            self._follow(name, written, known)
        return known | {
            self.claim(f"{name}/{token}"): known[self.claim(token)]
            for name, market in self.system.markets.items()
            for token in market.lends
        }

    def _follow(
        self, start: str, written: Mapping[str, Value | None], known: dict[str, Number]
    ) -> None:
        """Add the USD price of ``start``, and of what it is priced in, to ``known``."""
        chain: dict[str, Number] = {}
        at: str | None = start
        while at is not None and at not in known and at not in chain:
            price = written[at]
            chain[at] = number(price)
            at = self.claim(price.of) if price is not None and price.of else None
        # a chain ends in dollars, at a price known before, or in its own circle
        worth = WHOLE if at is None else known.get(at)
        for name, in_next in reversed(chain.items()):
            worth = times(in_next, worth)
            known[name] = worth

    @cached_property
    def accounts(self) -> dict[str, Account]:
        """Every position; a table of accounts as one, a leg as its margin without a debt."""
        return {name: self._account(part) for name, part in self.system.positions.items()}

    @cached_property
    def debts(self) -> dict[tuple[str, str], Number]:
        """(market, loan token): debts of the listed accounts, in loan tokens."""
        total: dict[tuple[str, str], Number] = {}
        for name, position in self.system.positions.items():
            if isinstance(position, OnVenue):
                continue
            for token, units in self.accounts[name].debt.items():
                key = (position.market, token)
                total[key] = plus((total.get(key, ZERO), units))
        return total

    @cached_property
    def units(self) -> dict[str, Number]:
        """Units outstanding of every token and of every supply of a market."""
        return {
            **{token: number(receipt.supply) for token, receipt in self.receipts.items()},
            **{
                supply_id(name, market, token): self._supplied(name, token, lending)
                for name, market in self.system.markets.items()
                for token, lending in market.lends.items()
            },
        }

    def at_hand(self, market: str, token: str) -> Number:
        """Return what a market has of a token it lends: cash, and unlisted debt taken as sound."""
        lending = self.system.markets[market].lends[token]
        cash, stated = number(lending.cash), number(lending.supplied)
        if lending.supplied is None or lending.unlisted_debt is None:
            return cash
        listed = self.debts.get((market, token), ZERO)
        if lending.unlisted_debt == "unknown" or cash is None or stated is None or listed is None:
            return None
        return stated - listed

    def _supplied(self, market: str, token: str, lending: Lending) -> Number:
        if lending.supplied is not None:
            return number(lending.supplied)
        return plus((number(lending.cash), self.debts.get((market, token), ZERO)))

    def claim(self, thing: str) -> str:
        """Return the node an id stands for: a copy for its token, ``market/token`` for a supply."""
        if "/" not in thing and thing not in self.system.markets:
            return thing
        head, _, token = thing.partition("/")
        if token and head in self.receipts:
            return head
        market = self.system.markets.get(head)
        return supply_id(head, market, token) if market is not None else thing

    def _account(self, position: AnyPosition) -> Account:
        if isinstance(position, Tabled):
            return _table(position)
        if isinstance(position, PerpPosition):
            return Account({token: number(units) for token, units in position.margin.items()}, {})
        if position.loop is None:
            return Account(
                {token: number(units) for token, units in position.collateral.items()},
                {token: number(units) for token, units in position.debt.items()},
            )
        return self._loop(position.loop, self.system.markets[position.market])

    def _loop(self, loop: Loop, market: Market) -> Account:
        token = loop.equity.of or next(iter(market.collateral))
        terms = loop.ltv or loop.leverage
        if not loop.equity.known or terms is None or not terms.known:
            return Account({token: None}, dict.fromkeys(market.lends))
        units, ltv = loop.units, loop.loan_to_value
        if len(market.lends) > 1:  # nothing says which of them it owes
            return Account({token: units}, dict.fromkeys(market.lends))
        lent = next(iter(market.lends))
        worth = times(units * ltv, self._quote(token))
        return Account({token: units}, {lent: over(worth, self.prices[self.claim(lent)])})

    def _quote(self, token: str) -> Number:
        """Return the price that sizes a loop: what a seller gets, where it is written."""
        receipt = self.receipts.get(self.claim(token))
        if receipt is None or receipt.market_price is None:
            return self.prices[self.claim(token)]
        return self.usd(receipt.market_price)

    def usd(self, amount: Value) -> Number:
        """Return an amount of money or of a named token in USD."""
        found = number(amount)
        return times(found, self.prices[self.claim(amount.of)]) if amount.of else found


def supply_id(name: str, market: Market, token: str) -> str:
    """Return the id of a supply claim: the market's, or ``market/token`` where it lends several."""
    return name if len(market.lends) == 1 or not token else f"{name}/{token}"


def number(value: Value | None) -> Number:
    """Return the number of a value, or ``None`` where it is not one."""
    return value.low if value is not None and value.known else None


def times(a: Number, b: Number) -> Number:
    """Return the product, or ``None`` where a factor is missing."""
    return None if a is None or b is None else a * b


def over(a: Number, b: Number) -> Number:
    """Return the quotient, or ``None`` where it has none."""
    return None if a is None or not b else a / b


def plus(terms: Iterable[Number]) -> Number:
    """Return the sum, or ``None`` where a term is missing."""
    found = _summed(terms)
    return None if found is None else Fraction(*found)


def left_of_one(parts: Iterable[Number]) -> Number:
    """Return what parts leave of 1, at least nothing; ``None`` where one is missing."""
    found = _summed(parts)
    if found is None:
        return None
    above, below = found
    return Fraction(below - above, below) if above < below else ZERO


def _summed(terms: Iterable[Number]) -> tuple[int, int] | None:
    """Return a sum as numerator and denominator, which may have a common factor."""
    above, below = 0, 1
    for term in terms:  # over one denominator: a sum of fractions reduces at every step
        if term is None:
            return None
        number, parts = term.as_integer_ratio()
        if parts == below:
            above += number
        else:
            whole = lcm(below, parts)
            above = above * (whole // below) + number * (whole // parts)
            below = whole
    return above, below


def as_float(number: Fraction) -> float:
    """Return a fraction as the nearest float."""
    # the ratio of the two integers is what float() of a fraction gives, in a third of its time
    above, below = number.as_integer_ratio()
    return above / below


def _book(receipt: Share | Par) -> Value | None:
    if isinstance(receipt, Par):
        return receipt.par
    return receipt.book_price or receipt.market_price


def _table(position: Tabled) -> Account:
    held: dict[str, Number] = {}
    owed: dict[str, Number] = {}
    sides = {COLLATERAL: held, MARGIN: held, DEBT: owed}
    for column, total in position.sums.items():
        side, slash, token = column.partition("/")
        if side + slash in sides:
            sides[side + slash][token] = number(total)
    return Account(held, owed)
