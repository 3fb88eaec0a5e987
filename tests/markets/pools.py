"""Random pooled systems, and what they are worth by repeated evaluation of each account in floats.

The evaluation shares nothing with the engine but the numbers: it starts where everything is whole and
lowers every value until nothing changes, which ends at the greatest solution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from looprisk import System

RULES = ("aave-v2", "aave-v3", "aave-v3.3", "compound-v2", "pooled")


@dataclass(frozen=True)
class Terms:
    lltv: float
    incentive: float
    oracle: str


@dataclass(frozen=True)
class Account:
    collateral: Mapping[str, float]
    debt: Mapping[str, float]
    e_mode: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Pool:
    """One system and one stage. Prices and sizes in USD and tokens, as plain numbers."""

    rules: str
    liquidators: str
    prices: Mapping[str, float]
    falls: Mapping[str, float]
    outside: float
    loss: float
    supply: float
    book: float
    quote: float | None
    depeg: float
    owns: Mapping[str, float]
    cash: Mapping[str, float]
    insurance: Mapping[str, float]
    terms: Mapping[str, Terms]
    mode: Mapping[str, Terms]
    accounts: Mapping[str, Account] = field(default_factory=dict)

    def system(self) -> System:
        """Return the system as its owner would write it."""
        issued: dict[str, object] = {
            "kind": "share",
            "supply": self.supply,
            "book_price": self.book,
        }
        if self.quote is not None:
            issued["market_price"] = self.quote
        modes = {"tight": {"borrows": list(self.cash), "collateral": _terms(self.mode)}}
        return System(
            assets={name: {"price": price} for name, price in self.prices.items()},
            oracles={"one": {"kind": "fixed", "price": "$1"}},
            issuers={
                "I": {"outside": {"c": self.outside}, "owns": self.owns, "issues": {"X": issued}}
            },
            markets={
                "pool": {
                    "rules": self.rules,
                    "liquidators": self.liquidators,
                    "lends": {
                        token: {"cash": cash, "insurance": self.insurance[token]}
                        for token, cash in self.cash.items()
                    },
                    "collateral": _terms(self.terms),
                    "e_modes": modes,
                }
            },
            positions={
                name: {
                    "market": "pool",
                    "collateral": account.collateral,
                    "debt": account.debt,
                    **({"e_mode": account.e_mode} if account.e_mode else {}),
                    **({"owner": account.owner} if account.owner else {}),
                }
                for name, account in self.accounts.items()
            },
        )

    def stage(self) -> dict[str, object]:
        """Return the stage that strikes it."""
        stage: dict[str, object] = {
            "price": {name: f"{-fall:%}" for name, fall in self.falls.items()},
            "loss": {"I": f"{self.loss:%}"},
        }
        if self.quote is not None:
            stage["depeg"] = {"X": f"{self.depeg:%}"}
        return stage


def _terms(terms: Mapping[str, Terms]) -> dict[str, dict[str, object]]:
    return {
        name: {"lltv": t.lltv, "incentive": t.incentive, "oracle": t.oracle}
        for name, t in terms.items()
    }


def random_pool(seed: int, *, quoted: bool = False) -> Pool:
    """Return a pool with one or two reserves, up to four accounts and a token backed by its supply."""
    random = Random(seed)
    tokens = random.choice([["U"], ["U", "T"], ["U", "T"]])
    prices = {"U": 1.0, "T": random.choice([1.0, 2.0]), "A": 4.0, "B": 10.0}
    names = ["A", "B", "X", _supply("U", tokens), _supply(tokens[-1], tokens)]
    terms = {name: _random_terms(random, name) for name in dict.fromkeys(names)}
    mode = {name: _random_terms(random, name) for name in random.sample(sorted(terms), 2)}
    accounts = {
        f"a{k}": _random_account(random, terms, tokens, prices) for k in range(random.randint(1, 4))
    }
    cash = {token: float(random.choice([30, 50, 200])) for token in tokens}
    owns = {_supply(token, tokens): f"{random.choice([5, 10, 20])}%" for token in tokens}
    pledged = sum(account.collateral.get("X", 0.0) for account in accounts.values())
    return Pool(
        rules=random.choice(RULES),
        liquidators=random.choice(["when_paid", "when_paid", "always", "absent"]),
        prices=prices,
        falls={"A": random.choice([0.0, 0.4, 0.9]), "B": random.choice([0.25, 0.75])}
        | ({"T": 0.25} if random.random() < 0.3 else {}),
        outside=float(random.choice([50, 200, 400])),
        loss=random.choice([0.0, 0.5, 0.95]),
        supply=pledged + random.choice([20, 200]),
        book=random.choice([0.5, 1.0]),
        quote=random.choice([0.9, 1.0]) if quoted else None,
        depeg=random.choice([0.2, 0.6]),
        owns=owns,
        cash=cash,
        insurance={token: float(random.choice([0, 0, 5])) for token in tokens},
        terms=terms,
        mode=mode,
        accounts=accounts,
    )


def _supply(token: str, tokens: list[str]) -> str:
    return "pool" if len(tokens) == 1 else f"pool/{token}"


def _random_terms(random: Random, name: str) -> Terms:
    lltv, incentive = random.choice([(0.8, 0.05), (0.9, 0.05), (0.7, 0.1), (0.93, 0.02)])
    oracles = {"A": ["market", "one"], "X": ["market", "market", "nav", "one"]}.get(
        name, ["market"]
    )
    return Terms(lltv, incentive, random.choice(oracles))


def _random_account(
    random: Random, terms: Mapping[str, Terms], tokens: list[str], prices: Mapping[str, float]
) -> Account:
    chosen = random.sample(sorted(terms), random.randint(1, min(3, len(terms))))
    collateral = {}
    for name in chosen:
        # supplies are pledged in part: others own a share of them, and debts are what they have
        size = 3 if name.startswith("pool") else random.randint(10, 80)
        collateral[name] = round(size / prices.get(name, 1.0), 2)
    worth = sum(units * prices.get(name, 1.0) for name, units in collateral.items())
    owes = random.sample(tokens, random.randint(1, len(tokens)))
    debt = {
        token: round(worth * random.choice([0.4, 0.6, 0.75]) / len(owes) / prices[token], 2)
        for token in owes
    }
    owner = "I" if random.random() < 0.15 else None
    return Account(collateral, debt, random.choice([None, None, "tight"]), owner)


@dataclass
class Values:
    """What everything is worth at one point."""

    supply: dict[str, float]
    token: float
    owners: dict[str, float]
    lenders: dict[tuple[str, str], float]
    acted: dict[str, bool]


class Evaluation:
    """A pool at a share of its stage, account by account."""

    def __init__(
        self, pool: Pool, s: float, weights: Mapping[str, Mapping[str, float]] | None = None
    ):
        self.pool = pool
        self.weights = weights
        self.price = {n: p * (1 - s * pool.falls.get(n, 0.0)) for n, p in pool.prices.items()}
        self.outside = pool.outside * (1 - s * pool.loss)
        self.quote = None if pool.quote is None else pool.quote * (1 - s * pool.depeg)
        self.tokens = list(pool.cash)
        self.units = {
            token: cash + sum(a.debt.get(token, 0.0) for a in pool.accounts.values())
            for token, cash in pool.cash.items()
        }

    def claim(self, name: str) -> str | None:
        """Return the loan token if ``name`` is a supply."""
        if not name.startswith("pool"):
            return None
        return name.partition("/")[2] or self.tokens[0]

    def worth(self, name: str, now: Values) -> float:
        token = self.claim(name)
        if token is not None:
            return now.supply[token] / self.units[token]
        return now.token if name == "X" else self.price[name]

    def reading(self, name: str, terms: Terms, now: Values) -> float:
        token = self.claim(name)
        if terms.oracle == "one":
            return 1.0
        if token is not None:
            return self.price[token]
        if name == "X" and terms.oracle == "nav":
            return self.pool.book
        if name == "X" and self.quote is not None:
            return self.quote
        return self.worth(name, now)

    def sale(self, name: str, now: Values) -> float:
        return self.quote if name == "X" and self.quote is not None else self.worth(name, now)

    def terms(self, account: Account, name: str) -> Terms:
        return (
            self.pool.mode.get(name, self.pool.terms[name])
            if account.e_mode
            else self.pool.terms[name]
        )

    def incentive(self, name: str, account: Account) -> float:
        each = {c: 1 + self.terms(account, c).incentive for c in account.collateral}
        if self.weights is None:
            return max(each.values())
        if len(set(each.values())) == 1:
            return next(iter(each.values()))
        shares = self.weights[name]
        return sum(shares[c] * phi for c, phi in each.items()) / sum(shares.values())

    def split(self, name: str, account: Account, now: Values) -> tuple[float, float, bool]:
        """Return what lenders and the owner get, and whether a liquidator acted."""
        d = sum(units * self.price[token] for token, units in account.debt.items())
        read = {
            c: n * self.reading(c, self.terms(account, c), now)
            for c, n in account.collateral.items()
        }
        y = sum(n * self.worth(c, now) for c, n in account.collateral.items())
        sale = sum(n * self.sale(c, now) for c, n in account.collateral.items())
        healthy = sum(v * self.terms(account, c).lltv for c, v in read.items()) >= d * (1 - 1e-13)
        phi, value = self.incentive(name, account), sum(read.values())
        if self.pool.liquidators == "always":
            sale = value
        if healthy or self.pool.liquidators == "absent" or phi * sale < value * (1 - 1e-13):
            return min(d, y), max(0.0, y - d), False
        repaid = min(d, value / phi)
        sold = min(1.0, phi * d / value) if value else 1.0
        return repaid, (1 - sold) * y, True

    def step(self, now: Values) -> Values:
        owners, lenders, acted = {}, {}, {}
        for name, account in self.pool.accounts.items():
            repaid, owners[name], acted[name] = self.split(name, account, now)
            d = sum(units * self.price[token] for token, units in account.debt.items())
            for token, units in account.debt.items():
                lenders[name, token] = repaid * units * self.price[token] / d
        supply = {}
        for token, units in self.units.items():
            got = sum(v for (_, t), v in lenders.items() if t == token)
            has = self.pool.cash[token] * self.price[token] + self.pool.insurance[token] + got
            supply[token] = min(units * self.price[token], has)
        total = self.outside
        for name, share in self.pool.owns.items():
            total += float(share.rstrip("%")) / 100 * now.supply[self.claim(name) or ""]
        total += sum(v for name, v in owners.items() if self.pool.accounts[name].owner == "I")
        return Values(supply, total / self.pool.supply, owners, lenders, acted)

    def greatest(self) -> Values:
        whole = {token: units * self.price[token] for token, units in self.units.items()}
        everything = sum(whole.values()) + self.outside
        everything += sum(
            n * self.price.get(c, 0.0)
            for a in self.pool.accounts.values()
            for c, n in a.collateral.items()
        )
        now = Values(whole, 100 * everything / self.pool.supply, {}, {}, {})
        for _ in range(20_000):
            after = self.step(now)
            still = [abs(after.token - now.token) <= 1e-15 * (1 + now.token)]
            still += [abs(now.supply[t] - v) <= 1e-15 * (1 + v) for t, v in after.supply.items()]
            if now.acted == after.acted and all(still):
                return self.step(after)
            now = after
        raise AssertionError("the evaluation does not settle")

    def shares(self) -> dict[str, dict[str, float]]:
        """Return the share of each collateral at its oracle, which weighs the incentive."""
        now = self.greatest()
        return {
            name: {
                c: n * self.reading(c, self.terms(account, c), now)
                for c, n in account.collateral.items()
            }
            for name, account in self.pool.accounts.items()
        }


def evaluated(pool: Pool, points: tuple[float, ...]) -> Iterator[tuple[float, Values]]:
    """Yield the greatest values at shares of the stage."""
    weights = Evaluation(pool, 0.0).shares()
    for s in points:
        yield s, Evaluation(pool, s, weights).greatest()
