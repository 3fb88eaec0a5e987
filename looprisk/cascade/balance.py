"""What every node has: assets, claims on others, and its part of what secures loans.

A :class:`Balance` is one state seen by the valuation: numbers where nothing inside decides, and
functions of what other nodes pay where it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from looprisk.cascade.accounts import Book
from looprisk.cascade.arrays import Bools, Floats, ratio
from looprisk.cascade.network import Network
from looprisk.cascade.parts import Owed
from looprisk.cascade.plan import Plan
from looprisk.cascade.state import State
from looprisk.cascade.sums import total
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
    """The accounts of a market: what each owes and what its collateral is worth, in USD."""

    owed: Floats
    """[path, account]."""
    parts: Floats
    """[path, loan, account]: the share of each loan token in what is owed."""
    worth: Floats
    """[path, account]."""

    @property
    def whole(self) -> Bools:
        """[path, account]: whether the collateral covers what is owed."""
        return self.worth >= self.owed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Balance:
    """A state as the valuation sees it."""

    plan: Plan
    network: Network
    state: State
    lag: Floats
    fixed: Mapping[int, Split]
    """Markets whose accounts nothing inside decides."""
    base: Floats
    """[path, issuer]: USD that no claim decides: money outside, cash."""
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
        """Return the accounts of a market at what nodes pay."""
        known = self.fixed.get(market)
        if known is not None:
            return known
        prices = [
            self.loan_price(market, loan, paid)
            for loan in range(len(self.plan.books[market].loans))
        ]
        return split_of(self.plan.books[market], self.state, market, paid.price, prices)

    def lent(self, market: int, loan: int, paid: Paid) -> Floats:
        """Return what accounts are good for to one loan token, USD [path]."""
        split = self.split(market, paid)
        paying = split.owed if self.upper else np.minimum(split.owed, split.worth)
        return total(paying * split.parts[:, loan])

    def kept(self, firm: int, market: int, paid: Paid) -> Floats:
        """Return what is left to an issuer of its accounts in a market, USD [path]."""
        mine = self.plan.books[market].owned_by[firm]
        split = self.split(market, paid)
        worth, owed = split.worth[:, mine], split.owed[:, mine]
        left = worth if self.upper else np.maximum(worth - owed, 0.0)
        return total(left)

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
                    short = np.where(split.whole, 0.0, state.collateral[:, s])
                    units = units + total(short * split.parts[:, loan])
        return units

    def _held_by_firm(self, firm: int, good: int, paid: Paid) -> Floats:
        units = self.state.owned[:, firm, good]
        for market, book in enumerate(self.plan.books):
            mine = book.owned_by.get(firm)
            if mine is None:
                continue
            for s, slot in enumerate(book.slots):
                if slot.good == good:
                    n = self.state.markets[market].collateral[:, s][:, mine]
                    if not self.upper:
                        n = np.where(self.split(market, paid).whole[:, mine], n, 0.0)
                    units = units + total(n)
        for v, legs in enumerate(self.plan.legs):
            if good in legs.kinds and (legs.owner == firm).any():
                venue = self.state.venues[v]
                alive = equities(legs, venue, self.state.price, paid.price) >= 0
                n = np.where(alive, venue.posted[:, legs.kinds.index(good)], 0.0)
                units = units + total(n[:, legs.owner == firm])
        return units


def split_of(
    book: Book, state: State, market: int, price: Floats, loan_prices: list[Floats]
) -> Split:
    """Return the accounts of a market at prices of collateral [path, good] and of loans [path]."""
    now = state.markets[market]
    faces = [now.debt[:, b] * p[:, None] for b, p in enumerate(loan_prices)]
    owed = faces[0]
    for face in faces[1:]:
        owed = owed + face
    worth = np.zeros_like(owed)
    for s, slot in enumerate(book.slots):
        worth = worth + now.collateral[:, s] * price[:, slot.good, None]
    if len(faces) == 1:
        parts = np.ones_like(now.debt)
    else:
        parts = np.stack([ratio(face, owed) for face in faces], axis=1)
    return Split(owed=owed, parts=parts, worth=worth)


def balance_of(plan: Plan, network: Network, state: State, lag: Floats, piles: Floats) -> Balance:
    """Return a state as a valuation sees it.

    ``lag`` [path, good] prices circular debts; ``piles`` [path, pile] is what money outside counts
    as, in USD.
    """
    fixed = {
        market: split_of(
            book, state, market, state.price, [state.price[:, good] for good in book.loans]
        )
        for market, book in enumerate(plan.books)
        if all(network.issuer_of[g] < 0 for g in (*book.loans, *(s.good for s in book.slots)))
    }
    base = state.cash.copy()
    for firm in range(len(plan.firms)):
        base[:, firm] = base[:, firm] + total(piles[:, plan.pile_firm == firm])
    return Balance(plan=plan, network=network, state=state, lag=lag, fixed=fixed, base=base)
