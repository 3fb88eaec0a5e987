"""Made-up funds that own each other, lend in markets and are collateral there; the slow way too."""

import hashlib
from dataclasses import dataclass
from itertools import pairwise

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


def write(made, folder):
    """Write made-up funds as a user would: a file, and a table for each market; return the file.

    Token t is the asset ``A{t}`` or the share ``T{t}`` of the fund ``F{t}``.
    """
    count, assets = len(made.supply), len(made.supply) // 4
    names = [f"{'A' if t < assets else 'T'}{t}" for t in range(count)]
    owned, lent = made.owned.tocsr(), made.lent.tocsr()
    lines = ["looprisk: 1", "assets:", "  USDC: {price: $1}"]
    lines += [f"  {name}: {{price: $1}}" for name in names[:assets]]
    lines.append("issuers:")
    for t in range(assets, count):
        own, part = owned[[t]], lent[[t]]
        owns = [f"{names[j]}: {n:.2f}" for j, n in zip(own.indices, own.data, strict=True) if n]
        owns += [f"m{c}: {100 * n:.7f}%" for c, n in zip(part.indices, part.data, strict=True)]
        lines += [f"  F{t}:", f"    outside: {{book: ${made.outside[t]:.2f}}}"]
        lines += [f"    owns: {{{', '.join(owns)}}}"]
        lines += [f"    issues: {{{names[t]}: {{kind: share, supply: {made.supply[t]:.0f}}}}}"]
    lines.append("markets:")
    for c, cash in enumerate(made.cash):
        terms = f"{{lltv: {100 * made.lltv[c]:.1f}%, oracle: market}}"
        lines += [
            f"  m{c}:",
            "    rules: morpho-blue",
            f"    lends: {{USDC: {{cash: {cash:.2f}}}}}",
        ]
        lines += [f"    collateral: {{{names[made.collateral[c]]}: {terms}}}"]
    lines.append("positions:")
    ends = np.searchsorted(made.market, np.arange(len(made.cash) + 1)).tolist()
    for c, (lo, hi) in enumerate(pairwise(ends)):
        lines += _table(made, folder, c, slice(lo, hi), names[made.collateral[c]])
    (folder / "large.yaml").write_text("\n".join(lines) + "\n")
    return folder / "large.yaml"


def _table(made, folder, market, rows, token):
    """Write the accounts of a market; return what the file says of them."""
    cells = zip(made.units[rows].tolist(), made.debts[rows].tolist(), strict=True)
    body = "".join(f"0x{i:08x},{q:.3f},{d:.3f}\n" for i, (q, d) in enumerate(cells))
    text = f"account,collateral/{token},debt/USDC\n{body}"
    (folder / f"m{market}.csv").write_text(text)
    sums = (np.rint(1000 * x[rows]).astype(int).sum() for x in (made.units, made.debts))
    units, debts = (f"{total // 1000}.{total % 1000:03d}" for total in sums)
    return [
        f"  p{market}:",
        f"    market: m{market}",
        f"    table: m{market}.csv",
        f"    rows: {rows.stop - rows.start}",
        f"    sha256: sha256:{hashlib.sha256(text.encode()).hexdigest()}",
        f"    totals: {{collateral/{token}: {units}, debt/USDC: {debts}}}",
    ]
