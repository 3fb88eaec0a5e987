"""Made-up funds that own each other, lend in markets and are collateral there; the slow way too."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import splu

from looprisk.engine.large import large
from looprisk.engine.shelves import shelves

OWNS = 3
"""Tokens that a fund owns."""


@dataclass(frozen=True, kw_only=True)
class Funds:
    """Every token is worth $1 before a loss; a quarter of them are exogenous assets."""

    supply: np.ndarray
    outside: np.ndarray
    owned: csr_array
    lent: csr_array
    cash: np.ndarray
    collateral: np.ndarray
    market: np.ndarray
    units: np.ndarray
    debts: np.ndarray
    lltv: np.ndarray
    incentive: np.ndarray

    def books(self):
        return shelves(self.market, self.units, self.debts, self.lltv, self.incentive)

    def system(self, books):
        return large(
            supply=self.supply,
            owned=self.owned,
            lent=self.lent,
            cash=self.cash,
            collateral=self.collateral,
            books=books,
        )

    def losses(self, count, seed=1):
        """Return outside assets [count, T]: a fall of 10% on average in each, and worse in some."""
        dice = np.random.default_rng(seed)
        left = np.clip(1 - dice.exponential(0.1, (count, len(self.supply))), 0.05, None)
        return self.outside * left

    def fates(self, prices):
        """Return repaid, sold and bad debt [C] of every market, looking at every position."""
        x = prices[self.collateral][self.market]
        phi, lltv = self.incentive[self.market], self.lltv[self.market]
        liquidated = self.units * x * lltv < self.debts
        paid = np.where(liquidated, np.minimum(self.debts, self.units * x / phi), 0.0)
        short = np.where(liquidated, self.debts - paid, 0.0)
        taken = np.where(liquidated, np.minimum(self.units, phi * self.debts / x), 0.0)
        return [np.bincount(self.market, a, len(self.cash)) for a in (paid, taken, short)]

    def bad_debt(self, prices):
        """Return bad debt [C] of every market, looking at every position."""
        line = (prices[self.collateral] / self.incentive)[self.market]
        short = np.maximum(self.debts - self.units * line, 0.0)
        return np.bincount(self.market, short, len(self.cash))

    def one_by_one(self, outside, rest=2.0**-46):
        """Return prices [T]: the greatest solution, every position looked at in every sweep."""
        lu = splu((diags_array(self.supply) - self.owned).tocsc())
        lending = self.cash + np.bincount(self.market, self.debts, len(self.cash))
        prices, fall = lu.solve(outside + self.lent @ lending), 1.0
        while fall > rest:
            lower = lu.solve(outside + self.lent @ (lending - self.bad_debt(prices)))
            fall = np.abs((prices - lower) * self.supply).max() / (lower * self.supply).max()
            prices = lower
        return prices


def funds(tokens, markets, positions, seed=20251104):
    """Return random funds; loops of them run through holdings and through lending."""
    dice = np.random.default_rng(seed)
    assets = tokens // 4
    supply = np.round(dice.lognormal(16, 1.5, tokens))
    fund = np.repeat(np.arange(assets, tokens), OWNS)
    token = dice.integers(0, tokens, len(fund))
    fund, token = fund[fund != token], token[fund != token]
    owners = np.bincount(token, minlength=tokens)
    share = dice.uniform(0.2, 1.0, len(fund))
    amount = np.round(
        share * np.minimum(0.5 * supply[token] / owners[token], 0.15 * supply[fund]), 2
    )
    owned = csr_array((amount, (fund, token)), shape=(tokens, tokens))

    collateral = dice.integers(0, tokens, markets)
    lltv = dice.choice([0.77, 0.86, 0.915], markets)
    market = np.sort(dice.integers(0, markets, positions))
    size = dice.lognormal(0, 1.6, positions)
    posted = 0.4 * supply[collateral] / np.bincount(collateral, minlength=tokens)[collateral]
    each = posted / np.maximum(np.bincount(market, size, markets), 1e-300)
    units = np.round(size * each[market], 3)
    debts = np.round(units * lltv[market] * (0.2 + 0.78 * dice.beta(2.2, 1.4, positions)), 3)
    lending = np.bincount(market, debts, markets)
    cash = np.round(0.1 * lending, 2) + 1

    lender = dice.integers(assets, tokens, markets)
    room = 0.5 * supply[lender] / np.bincount(lender, minlength=tokens)[lender]
    part = np.round(np.minimum(0.9, room / (cash + lending)), 9)
    lent = csr_array((part, (lender, np.arange(markets))), shape=(tokens, markets))
    return Funds(
        supply=supply,
        outside=supply - owned.sum(axis=1) - lent @ (cash + lending),
        owned=owned,
        lent=lent,
        cash=cash,
        collateral=collateral,
        market=market,
        units=units,
        debts=debts,
        lltv=lltv,
        incentive=1 / (0.3 * lltv + 0.7),
    )
