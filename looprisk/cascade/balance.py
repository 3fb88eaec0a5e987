"""What every node has: assets, claims on others, and its part of what secures loans.

A :class:`Balance` is one state seen by the valuation: numbers where nothing inside decides, and
functions of what other nodes pay where it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from looprisk.cascade.accounts import Book
from looprisk.cascade.arrays import Bools, Floats, ratio
from looprisk.cascade.network import Network
from looprisk.cascade.parts import Owed
from looprisk.cascade.plan import Plan
from looprisk.cascade.shelves import chosen, levels, looked_at, reached, seen
from looprisk.cascade.state import MarketState, State
from looprisk.cascade.sums import in_order, total
from looprisk.cascade.wallets import equities


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paid:
    """What nodes pay so far, the path axis first, and how that follows what they have."""

    price: Floats
    """[path, good]: USD a unit."""
    claims: Floats
    """[path, claim with a face]: USD."""
    residual: Floats
    """[path, node]: what is left after all claims with a face, USD."""
    node: Floats
    """[path, node]: what a node has, USD."""
    out: Floats
    """[path, node]: what it pays to all its claims together, USD."""
    price_slope: Floats
    """[path, good]: USD a unit, for a dollar more that its node has."""
    claim_slope: Floats
    """[path, claim with a face]."""

    @staticmethod
    def nothing(plan: Plan, state: State) -> Paid:
        """Return what is known before any node is valued: the prices of assets."""
        paths, goods, nodes = state.paths, len(plan.goods), len(plan.firms) + len(plan.supplies)
        price = np.zeros((paths, goods))
        price[:, : plan.assets] = state.price[:, : plan.assets]
        claims = np.zeros((paths, len(plan.owed)))
        return Paid(
            price=price,
            claims=claims,
            residual=np.zeros((paths, nodes)),
            node=np.zeros((paths, nodes)),
            out=np.zeros((paths, nodes)),
            price_slope=np.zeros((paths, goods)),
            claim_slope=claims,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Accounts of a market: what each owes and what its collateral is worth, in USD."""

    collateral: Floats
    """[path, slot, account]: units."""
    owed: Floats
    """[path, account]."""
    parts: Floats
    """[path, loan, account]: the share of each loan token in what is owed."""
    worth: Floats
    """[path, account]."""
    cap: Floats
    """[path, account]: the share of what it owes that it pays at most."""

    @property
    def whole(self) -> Bools:
        """[path, account]: whether the collateral covers what is owed."""
        return self.worth >= self.owed

    @property
    def short(self) -> Floats:
        """[path, account]: USD by which it does not."""
        return np.maximum(self.owed - self.worth, 0.0)

    @property
    def unpaid(self) -> Floats:
        """[path, account]: USD that lenders do not get: what is short, or what a default keeps."""
        return np.maximum(self.short, self.owed * (1 - self.cap))

    @property
    def follows(self) -> Bools:
        """[path, account]: whether lenders get what the collateral is worth."""
        return self.worth < self.owed * self.cap


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Balance:
    """A state as the valuation sees it."""

    plan: Plan
    network: Network
    state: State
    lag: Floats
    fixed: Mapping[int, Split]
    """Of markets whose accounts nothing inside decides: those that may be short."""
    base: Floats
    """[path, issuer]: USD that no claim decides: money outside, cash."""
    last: dict[int, tuple[Floats, Split]] = field(default_factory=dict)
    """Of each market the prices of collateral that it was split at last, and the split.

    Every loan token of a pool asks for the same.
    """
    upper: bool = False
    """Whether lenders count as paid in full, as an upper bound of what nodes have."""

    def bound(self) -> Balance:
        """Return the same as an upper bound."""
        return replace(self, upper=True)

    def unit_price(self, good: int, paid: Paid, *, lagged: bool) -> Floats:
        """Return the price at which a debt in units of a good counts, [path]."""
        return self.lag[:, good] if lagged else paid.price[:, good]

    def loan_price(self, market: int, loan: int, paid: Paid) -> Floats:
        """Return the price of a loan token as debts count it, [path]."""
        lagged = (market, loan) in self.network.lagged_loans
        return self.unit_price(self.plan.books[market].loans[loan], paid, lagged=lagged)

    def face(self, owed: Owed, paid: Paid) -> Floats:
        """Return what a claim with a face amounts to in USD, [path]."""
        amount = owed.amount * self.state.face[:, self.plan.owed_at[owed.id]]
        if owed.good >= 0:
            amount = amount * self.state.units[:, owed.good]
        if owed.unit < 0:
            return amount
        return amount * self.unit_price(
            owed.unit, paid, lagged=owed.id in self.network.lagged_faces
        )

    def supply_face(self, supply: int, paid: Paid) -> Floats:
        """Return what suppliers are owed, in USD, [path]."""
        market, loan = self.plan.supplies[supply]
        units = self.state.units[:, self.plan.supply_good[market, loan]]
        return units * self.supply_unit(supply, paid)

    def supply_unit(self, supply: int, paid: Paid) -> Floats:
        """Return what a unit of a supply is owed, in USD, [path]."""
        market, loan = self.plan.supplies[supply]
        lagged = supply in self.network.lagged_supplies
        price = self.unit_price(self.plan.books[market].loans[loan], paid, lagged=lagged)
        return self.state.index[:, supply] * price

    def split(self, market: int, paid: Paid) -> Split:
        """Return the accounts of a market that may be short at what nodes pay."""
        known = self.fixed.get(market)
        if known is not None:
            return known
        last = self.last.get(market)
        if last is not None and last[0] is paid.price:
            return last[1]
        loans = self._loan_prices(market, paid)
        found = split_of(self.plan.books[market], self.state, market, paid.price, loans)
        self.last[market] = (paid.price, found)
        return found

    def _loan_prices(self, market: int, paid: Paid) -> Floats:
        """Return the price at which debts in each loan token of a market count, [path, loan]."""
        loans = range(len(self.plan.books[market].loans))
        return np.stack([self.loan_price(market, loan, paid) for loan in loans], axis=-1)

    def lent(self, market: int, loan: int, paid: Paid) -> Floats:
        """Return what accounts are good for to one loan token, USD [path]."""
        now = self.state.markets[market]
        owed = now.owed[:, loan] * self.loan_price(market, loan, paid)
        if self.upper:
            return owed
        split = self.split(market, paid)
        return owed - in_order(split.unpaid * split.parts[:, loan])

    def owned(self, firm: int, market: int, paid: Paid) -> Split:
        """Return the accounts of an issuer in a market."""
        book, now = self.plan.books[market], self.state.markets[market]
        mine = np.broadcast_to(book.owned_by[firm], (self.state.paths, len(book.owned_by[firm])))
        prices = self._loan_prices(market, paid)
        return _split(book, chosen(book.shelves, now, mine), paid.price, prices)

    def kept(self, firm: int, market: int, paid: Paid) -> Floats:
        """Return what is left to an issuer of its accounts in a market, USD [path]."""
        split = self.owned(firm, market, paid)
        left = split.worth if self.upper else np.maximum(split.worth - split.owed, 0.0)
        return in_order(left)

    def borrowers(self, market: int, paid: Paid) -> Floats:
        """Return what is left to borrowers outside of their accounts in a market, USD [path]."""
        book, now = self.plan.books[market], self.state.markets[market]
        left = in_order(self.split(market, paid).short)
        for s, slot in enumerate(book.slots):
            left = left + now.units[:, s] * paid.price[:, slot.good]
        left = left - in_order(now.owed * self._loan_prices(market, paid))
        for firm in book.owned_by:
            left = left - self.kept(firm, market, paid)
        return np.maximum(left, 0.0)

    def withheld(self, paid: Paid) -> Floats:
        """Return what accounts in default keep from their lenders, USD [path]."""
        found = np.zeros(self.state.paths)
        for market in range(len(self.plan.books)):
            split = self.split(market, paid)
            found = found + in_order(split.unpaid - split.short)
        return found

    def receives(self, node: int, paid: Paid) -> Floats:
        """Return what a node has, USD [path]."""
        firms = len(self.plan.firms)
        return self._firm(node, paid) if node < firms else self._supply(node - firms, paid)

    def exogenous(self, firm: int, paid: Paid) -> Floats:
        """Return what an issuer has that no claim on another decides, USD [path]."""
        assets = self.plan.assets
        owned = self.state.owned[:, firm, :assets] * paid.price[:, :assets]
        found: Floats = self.base[:, firm] + total(owned)
        for v, legs in enumerate(self.plan.legs):
            mine = legs.owner == firm
            if mine.any():
                venue = self.state.venues[v]
                worth = np.maximum(equities(legs, venue, self.state.price, paid.price), 0.0)[
                    :, mine
                ]
                found = found + total(worth + venue.home[:, mine])
        return found

    def _firm(self, firm: int, paid: Paid) -> Floats:
        found = self.exogenous(firm, paid)
        rest = slice(self.plan.assets, None)
        found = found + total(self.state.owned[:, firm, rest] * paid.price[:, rest])
        for at in self.plan.loans_to[firm]:
            found = found + paid.claims[:, at]
        for market, book in enumerate(self.plan.books):
            if firm in book.owned_by:
                found = found + self.kept(firm, market, paid)
        return found

    def _supply(self, supply: int, paid: Paid) -> Floats:
        market, loan = self.plan.supplies[supply]
        book, state = self.plan.books[market], self.state.markets[market]
        units = state.cash[:, loan] + state.unlisted[:, loan]
        found = units * paid.price[:, book.loans[loan]] + state.insurance[:, loan]
        found = found + self.lent(market, loan, paid)
        if book.absorbs:
            for s, slot in enumerate(book.slots):
                found = found + state.stock[:, s] * paid.price[:, slot.good]
        return found

    def follows(self, to: int, by: int, paid: Paid) -> Floats:
        """Return how much more a node has for a dollar more that another has, [path]."""
        found = np.zeros(self.state.paths)
        for good in self.plan.goods_of[by]:
            found = found + self._held(to, good, paid) * paid.price_slope[:, good]
        if to < len(self.plan.firms):
            for at in self.plan.loans_to[to]:
                if self.plan.owed[at].issuer == by:
                    found = found + paid.claim_slope[:, at]
        return found

    def _held(self, node: int, good: int, paid: Paid) -> Floats:
        """Return the units of a good on whose price a node's assets depend, [path]."""
        firms = len(self.plan.firms)
        if node < firms:
            return self._held_by_firm(node, good, paid)
        market, loan = self.plan.supplies[node - firms]
        book, state = self.plan.books[market], self.state.markets[market]
        units = np.zeros(self.state.paths)
        if book.loans[loan] == good:
            units = units + state.cash[:, loan] + state.unlisted[:, loan]
        for s, slot in enumerate(book.slots):
            if slot.good == good:
                if book.absorbs:
                    units = units + state.stock[:, s]
                if not self.upper:
                    split = self.split(market, paid)
                    short = np.where(split.follows, split.collateral[:, s], 0.0)
                    units = units + in_order(short * split.parts[:, loan])
        return units

    def _held_by_firm(self, firm: int, good: int, paid: Paid) -> Floats:
        units = self.state.owned[:, firm, good]
        for market, book in enumerate(self.plan.books):
            if firm not in book.owned_by or all(slot.good != good for slot in book.slots):
                continue
            split = self.owned(firm, market, paid)
            for s, slot in enumerate(book.slots):
                if slot.good == good:
                    n = split.collateral[:, s]
                    units = units + in_order(n if self.upper else np.where(split.whole, n, 0.0))
        for v, legs in enumerate(self.plan.legs):
            if good in legs.kinds and (legs.owner == firm).any():
                venue = self.state.venues[v]
                alive = equities(legs, venue, self.state.price, paid.price) >= 0
                n = np.where(alive, venue.posted[:, legs.kinds.index(good)], 0.0)
                units = units + total(n[:, legs.owner == firm])
        return units


def split_of(book: Book, state: State, market: int, price: Floats, loan_prices: Floats) -> Split:
    """Return the accounts that may be short at prices of collateral [path, good].

    ``loan_prices`` [path, loan]; all others are covered.
    """
    now = state.markets[market]
    goods = np.array([slot.good for slot in book.slots], dtype=np.intp)
    level = levels(book.shelves, now, np.take(price, goods, axis=-1), loan_prices)
    who = looked_at(book.shelves, now, reached(book.shelves, level))
    return _split(book, seen(book.shelves, now, who), price, loan_prices)


def _split(book: Book, now: MarketState, price: Floats, loan_prices: Floats) -> Split:
    debt = now.debt
    faces = [debt[:, b] * loan_prices[:, b, None] for b in range(len(book.loans))]
    owed = faces[0]
    for face in faces[1:]:
        owed = owed + face
    worth = np.zeros_like(owed)
    for s, slot in enumerate(book.slots):
        worth = worth + now.collateral[:, s] * price[:, slot.good, None]
    if len(faces) == 1:
        parts = np.ones_like(debt)
    else:
        parts = np.stack([ratio(face, owed) for face in faces], axis=1)
    return Split(collateral=now.collateral, owed=owed, parts=parts, worth=worth, cap=now.cap)


def balance_of(plan: Plan, network: Network, state: State, lag: Floats, piles: Floats) -> Balance:
    """Return a state as a valuation sees it.

    ``lag`` [path, good] prices circular debts; ``piles`` [path, pile] is what money outside counts
    as, in USD.
    """
    fixed = {
        market: split_of(
            book, state, market, state.price, np.take(state.price, list(book.loans), axis=-1)
        )
        for market, book in enumerate(plan.books)
        if all(network.issuer_of[g] < 0 for g in (*book.loans, *(s.good for s in book.slots)))
    }
    base = state.cash.copy()
    for firm in range(len(plan.firms)):
        base[:, firm] = base[:, firm] + total(piles[:, plan.pile_firm == firm])
    return Balance(plan=plan, network=network, state=state, lag=lag, fixed=fixed, base=base)
