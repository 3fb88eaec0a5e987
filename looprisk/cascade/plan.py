"""A system as indices and start amounts: the one place where names become places.

Everything with a unit price is a good: assets first, then receipt tokens, then the supplies of
markets. What does not change in time stands in a :class:`Plan`; what does, in a state.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from looprisk.cascade.accounts import Book
from looprisk.cascade.arrays import Bools, Floats, Ints
from looprisk.cascade.clock import Steps
from looprisk.cascade.legs import Legs
from looprisk.cascade.parts import Fed, Firm, Owed, Pooled, Wanted
from looprisk.cascade.pools import Pool
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.holdings import Holdings, supply_claim, unlisted_debt
from looprisk.engine.reserves import insurance
from looprisk.engine.state import State as Start
from looprisk.engine.state import usd
from looprisk.model.scenario import Scenario, Stage
from looprisk.model.system import System
from looprisk.model.tokens import Oracle, Par, Share


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What of a system and a scenario does not change in time."""

    catalogue: Catalogue
    scenario: Scenario
    steps: Steps
    start: Start
    held: Holdings
    goods: tuple[str, ...]
    firms: tuple[Firm, ...]
    books: tuple[Book, ...]
    """The accounts of every market, one after the other."""
    legs: tuple[Legs, ...]
    """The legs of every venue."""
    pools: tuple[Pooled, ...]
    feeds: tuple[Fed, ...]
    runs: tuple[Wanted, ...]
    scaled: tuple[int, Floats] | None = None
    """A stage, and [path]: the share of its sizes at which it strikes, above 0."""
    liquid: tuple[Pool, ...] = ()
    """The terms of every pool at start prices, known once the start is valued."""

    @property
    def system(self) -> System:
        """The system, set-off and copies worked in."""
        return self.catalogue.system

    @cached_property
    def place(self) -> Mapping[str, int]:
        """The place of every good."""
        return {name: at for at, name in enumerate(self.goods)}

    @cached_property
    def assets(self) -> int:
        """How many goods are assets; they stand first."""
        return len(self.system.assets)

    @cached_property
    def tokens(self) -> int:
        """How many goods are receipt tokens; they stand after the assets."""
        return len(self.catalogue.tokens)

    @cached_property
    def firm_at(self) -> Mapping[str, int]:
        """The place of every issuer."""
        return {firm.name: at for at, firm in enumerate(self.firms)}

    @cached_property
    def piles(self) -> tuple[tuple[str, str], ...]:
        """Every (issuer, pile) of outside money."""
        return tuple((name, pile) for name, i in self.system.issuers.items() for pile in i.outside)

    @cached_property
    def pile_worth(self) -> Floats:
        """[pile]: USD at the start."""
        issuers = self.system.issuers
        return numbers(
            known(issuers[name].outside[pile], name, "outside", pile) for name, pile in self.piles
        )

    @cached_property
    def pile_firm(self) -> Ints:
        """[pile]: whose it is."""
        return np.array([self.firm_at[name] for name, _ in self.piles], dtype=np.intp)

    @cached_property
    def units_of_assets(self) -> tuple[tuple[int, int], ...]:
        """(asset, the asset it is priced in or -1), units before what is priced in them."""
        unit = {
            name: self.place[a.price.of] if a.price.of else -1
            for name, a in self.system.assets.items()
        }
        done: list[tuple[int, int]] = []
        waiting = dict(unit)
        while waiting:
            ready = [n for n, u in waiting.items() if u < 0 or self.goods[u] not in waiting]
            done += [(self.place[name], waiting.pop(name)) for name in ready]
        return tuple(done)

    @cached_property
    def supplies(self) -> tuple[tuple[int, int], ...]:
        """(market, loan slot) of every supply, in the order of the goods."""
        at = {market.name: m for m, market in enumerate(self.books)}
        return tuple(
            (at[market], self.books[at[market]].loans.index(self.place[token]))
            for market, token in self.catalogue.supplies.values()
        )

    @cached_property
    def supply_good(self) -> Mapping[tuple[int, int], int]:
        """The good of the supply of every (market, loan slot)."""
        first = self.assets + self.tokens
        return {key: first + at for at, key in enumerate(self.supplies)}

    @cached_property
    def unlisted(self) -> Floats:
        """[supply]: debt of borrowers that are not listed, in loan tokens, taken to be sound."""
        return numbers(
            unlisted_debt(self.catalogue, self.start, supply) for supply in self.catalogue.supplies
        )

    @cached_property
    def insurance(self) -> Floats:
        """[supply]: what covers bad debt at the start, in USD."""
        return numbers(insurance(self.catalogue, supply) for supply in self.catalogue.supplies)

    @cached_property
    def realises(self) -> Bools:
        """[supply]: whether bad debt lowers what suppliers are owed, in the book."""
        markets = self.system.markets
        return np.array(
            [markets[m].realises_bad_debt for m, _ in self.catalogue.supplies.values()], dtype=bool
        )

    @cached_property
    def owned(self) -> Floats:
        """[issuer, good]: units that issuers hold free at the start."""
        units = np.zeros((len(self.firms), len(self.goods)))
        for firm, owned in self.held.assets.items():
            for asset, n in owned.items():
                units[self.firm_at[firm], self.place[asset]] += float(n)
        for claim, by in self.held.claims.items():
            for node, n in by.items():
                if claim in self.place and node in self.firm_at:
                    units[self.firm_at[node], self.place[claim]] += float(n)
        return units

    @cached_property
    def owed(self) -> tuple[Owed, ...]:
        """Every claim with a face."""
        return tuple(owed for firm in self.firms for owed in firm.owed)

    @cached_property
    def owed_at(self) -> Mapping[str, int]:
        """The place of every claim with a face."""
        return {owed.id: at for at, owed in enumerate(self.owed)}

    @cached_property
    def loans_to(self) -> tuple[tuple[int, ...], ...]:
        """[issuer]: the loans it has made to others."""
        return tuple(
            tuple(at for at, owed in enumerate(self.owed) if owed.creditor == firm)
            for firm in range(len(self.firms))
        )

    @cached_property
    def leg_at(self) -> Mapping[str, tuple[int, int]]:
        """(venue, leg) of every leg."""
        return {
            name: (v, i) for v, legs in enumerate(self.legs) for i, name in enumerate(legs.legs)
        }

    @cached_property
    def account_at(self) -> Mapping[str, tuple[int, int]]:
        """(market, account) of every account."""
        return {
            name: (m, i)
            for m, book in enumerate(self.books)
            for i, name in enumerate(book.accounts)
        }

    @cached_property
    def standing_of(self) -> Mapping[str, tuple[str, ...]]:
        """What each event that is read off a record is said of, in its order."""
        first = self.assets + self.tokens
        return {
            "impaired": (*(owed.id for owed in self.owed), *self.goods[first:]),
            "insolvent": tuple(firm.name for firm in self.firms),
            "hidden": self.goods[self.assets :],
        }

    @cached_property
    def waited_for(self) -> tuple[tuple[str, str], ...]:
        """Every (of, event) that a stage waits for."""
        whens = (stage.when for stage in self.scenario.stages)
        return tuple(
            dict.fromkeys((str(w.of), str(w.event)) for w in whens if w is not None and w.of)
        )

    def names_of(self, name: str) -> tuple[str, ...]:
        """Return a thing and what it is part of: its market, its venue, its table."""
        if name in self.account_at:
            market = self.books[self.account_at[name][0]].name
            return name, market, name.partition("/")[0]
        if name in self.leg_at:
            venue = self.legs[self.leg_at[name][0]].name
            return name, venue, name.partition("/")[0]
        return (name,)

    @cached_property
    def goods_of(self) -> tuple[tuple[int, ...], ...]:
        """[node]: the goods that are claims on it; issuers first, then supplies."""
        issuer = {t: self.firm_at[i] for t, i in self.catalogue.issuer_of.items()}
        firms = tuple(
            tuple(self.place[t] for t, i in issuer.items() if i == firm)
            for firm in range(len(self.firms))
        )
        first = self.assets + self.tokens
        return (*firms, *((first + at,) for at in range(len(self.supplies))))

    @cached_property
    def node_of(self) -> Mapping[int, int]:
        """The node of every token and supply."""
        return {good: node for node, goods in enumerate(self.goods_of) for good in goods}

    @cached_property
    def posted(self) -> Mapping[int, float]:
        """The posted book price of every share that has one, in USD."""
        return {
            self.place[token]: float(
                usd(self.catalogue, self.start, receipt.book_price, token, "book_price")
            )
            for token, receipt in self.catalogue.tokens.items()
            if isinstance(receipt, Share) and receipt.book_price is not None
        }

    @cached_property
    def readings(self) -> tuple[tuple[str, str], ...]:
        """Every (oracle, collateral) that a market reads."""
        found: dict[tuple[str, str], None] = {}
        for book in self.books:
            for slot in book.slots:
                self._add_reading(slot.oracle, slot.collateral, found)
        return tuple(found)

    def _add_reading(
        self, oracle: str, collateral: str, found: dict[tuple[str, str], None]
    ) -> None:
        """Enter a reading after the one it is made from."""
        for part in self.oracles.get(oracle, ()):
            target, base = str(part.of or collateral), str(part.base)
            receipt = self.catalogue.tokens.get(target)
            if part.kind == "pt_discount" and isinstance(receipt, Par):
                target = str(receipt.par.of)
            if base in self.system.oracles and (base, target) not in found:
                self._add_reading(base, target, found)
        found[oracle, collateral] = None

    @cached_property
    def oracle_at(self) -> Mapping[str, int]:
        """The place of every oracle."""
        return {name: at for at, name in enumerate(self.system.oracles)}

    @cached_property
    def oracles(self) -> Mapping[str, tuple[Oracle, ...]]:
        """The terms of every oracle: as written, and with what each stage changes in turn."""
        found = {name: [oracle] for name, oracle in self.system.oracles.items()}
        for stage in self.scenario.stages:
            for name, values in oracles_changed(self.system, stage).items():
                now = found[name][-1]
                found[name] += [changed(self.system, name, now, values)]
        return {name: tuple(several) for name, several in found.items()}

    @cached_property
    def memory(self) -> int:
        """How many steps back oracles look, this one counted."""
        spans = [
            sum(
                max(
                    math.ceil(known(value, name) / self.step_length) if value is not None else 0
                    for value in (getattr(part, field) for part in several)
                )
                for field in ("lag", "window")
            )
            for name, several in self.oracles.items()
        ]
        return min(max(spans, default=0) + 2, self.steps.count + 2)

    @property
    def step_length(self) -> Fraction:
        """The length of a step, in seconds, exactly."""
        assert self.scenario.time is not None  # noqa: S101
        return self.scenario.time.step.number

    @cached_property
    def reads_books(self) -> bool:
        """Whether an oracle reads a book price."""
        named = {oracle for oracle, _ in self.readings}
        parts = [part for name in named for part in self.oracles.get(name, ())]
        return "nav" in named | {str(part.base) for part in parts} | {p.kind for p in parts}

    def good(self, thing: str) -> int:
        """Return the place of a good by any way to write it."""
        return place_of(self.catalogue, self.place, thing)

    @cached_property
    def readings_of(self) -> tuple[Ints, ...]:
        """[market]: the reading of every slot."""
        at = {key: i for i, key in enumerate(self.readings)}
        return tuple(
            np.array([at[s.oracle, s.collateral] for s in b.slots], dtype=np.intp)
            for b in self.books
        )

    def size(self, stage: int, number: float) -> Floats | float:
        """Return the size of a shock of a stage, in each path where they differ."""
        if self.scaled is None or self.scaled[0] != stage:
            return number
        return number * self.scaled[1]

    def towards(self, stage: int, start: Floats | float, level: Floats | float) -> Floats | float:
        """Return a level that a stage sets, or as far towards it as the stage goes in a path."""
        if self.scaled is None or self.scaled[0] != stage:
            return level
        return start + self.scaled[1] * (level - start)

    @cached_property
    def pool_of(self) -> Mapping[int, int]:
        """The pool of every good that has one."""
        return {pooled.good: at for at, pooled in enumerate(self.pools)}

    @cached_property
    def outstanding(self) -> Floats:
        """[good]: units at the start; of assets, nothing."""
        return numbers(self.held.units.get(good, Fraction(0)) for good in self.goods)


def oracles_changed(system: System, stage: Stage) -> Mapping[str, Mapping[str, object]]:
    """Return what a stage changes of each oracle: paths and values, as written."""
    found: dict[str, dict[str, object]] = {}
    for path, new in stage.change.items():
        name = str(path).partition("/")[0]
        if name in system.oracles:
            found.setdefault(name, {})[str(path)] = new
    return found


def changed(system: System, name: str, oracle: Oracle, values: Mapping[str, object]) -> Oracle:
    """Return the terms of an oracle after some of its values moved."""
    now = system.model_copy(update={"oracles": {**system.oracles, name: oracle}})
    return now.set(dict(values)).oracles[name]


def numbers(values: Iterable[float | Fraction]) -> Floats:
    """Return exact numbers as floats."""
    return np.array([float(v) for v in values], dtype=np.float64)


def place_of(catalogue: Catalogue, place: Mapping[str, int], thing: str) -> int:
    """Return the place of a good by any way to write it: an asset, a token, a supply."""
    return place[thing] if thing in place else place[supply_claim(catalogue, thing)]
