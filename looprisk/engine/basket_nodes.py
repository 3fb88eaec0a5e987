"""Many accounts of several legs as nodes: one for each loan token, one for what is left.

What the lenders of a loan token get is, along straight lines, a sum in dollars and collateral that
is handed over to them. So their node has that sum and holds that collateral, and the node of the
table has the rest, which its owners and liquidators share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from scipy.sparse import csr_array

from looprisk.engine.affine import Affine, NotAffineError
from looprisk.engine.baskets import Baskets, Floats, by_column, by_row
from looprisk.engine.catalogue import known, unknown
from looprisk.engine.clear import Solution
from looprisk.engine.form import Flags, Numbers
from looprisk.engine.legs import Leg, leg_in, total
from looprisk.engine.loans import overpaid
from looprisk.engine.maker import Maker
from looprisk.engine.reckoning import SLACK, TIGHT, Prices, Rules, Together, paid, reckon
from looprisk.engine.skeleton import ZERO as NOTHING
from looprisk.engine.skeleton import Cell, Claim, Index, Node, Pay, Skeleton
from looprisk.errors import NotExactError
from looprisk.model.markets import Market

ONE = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketsNode(Node):
    """What owners and liquidators of the accounts get, and how the accounts are reckoned."""

    baskets: Baskets
    rules: Rules
    legs: tuple[Leg, ...]
    """[K] a unit in each slot."""
    loans: tuple[Affine, ...]
    """[B] the price of each loan token, in USD."""

    @property
    def forced(self) -> bool:
        """Whether liquidators act even where it does not pay."""
        return self.rules.forced


def basket_nodes(make: Maker, name: str) -> tuple[Node, ...]:
    """Return the nodes of a table, before what its accounts pay is drawn in.

    Raises NotAffineError on a stretch of a shock: the share of an account's collateral that is sold
    is a ratio that moves with it. Raises NotExactError where an account sells one collateral at a
    quote and another at a price that the solution decides.
    """
    if make.world.still is None and not make.world.undrawn:
        raise NotAffineError
    accounts = standing_accounts(make, name)
    market = make.catalogue.system.markets[accounts.market]
    legs = unit_legs(make, accounts)
    loans = tuple(make.world.price(loan) for loan in accounts.loans)
    owed = make.world.before.accounts[name].debts
    whole = BasketsNode(
        id=name,
        b=_assets(make, name),
        claims=(Claim(id=f"{name}/equity", kind="owner"),),
        conditions=(),
        cells=(Cell(needs=(), pays=(Pay(),)),),
        leak="liquidators",
        baskets=accounts,
        rules=_rules(make, accounts, market, legs),
        legs=legs,
        loans=loans,
    )
    _check_sales(whole)
    return (
        whole,
        *(
            _lenders(make, accounts.claim_of(loan), price * owed[loan])
            for loan, price in zip(accounts.loans, loans, strict=True)
        ),
    )


def standing_accounts(make: Maker, name: str) -> Baskets:
    """Return the accounts of a table as earlier stages left them."""
    return make.world.before.baskets.get(name, make.catalogue.baskets[name])


def unit_legs(make: Maker, accounts: Baskets) -> tuple[Leg, ...]:
    """Return [K] a unit in each slot, with its prices and terms."""
    return tuple(
        leg_in(make, accounts.market, slot.e_mode or None, slot.collateral, ONE)
        for slot in accounts.slots
    )


def _lenders(make: Maker, claim: str, face: Affine) -> Node:
    owed = Claim(id=claim, kind="debt", face=face, holders=make.held.shares(claim))
    return Node(
        id=claim,
        b=NOTHING,
        claims=(owed,),
        conditions=(),
        cells=(Cell(needs=(), pays=(Pay(rate=ONE),)),),
    )


def _assets(make: Maker, name: str) -> Affine:
    """Return what all collateral that no claim backs is worth, in USD."""
    assets = make.catalogue.system.assets
    held = make.world.before.accounts[name].collateral
    return total([make.world.price(thing) * n for thing, n in held.items() if thing in assets])


def _rules(make: Maker, accounts: Baskets, market: Market, legs: Sequence[Leg]) -> Rules:
    free = np.array([not (leg.reading.reads or leg.cap is not None) for leg in legs], dtype=bool)
    has_free = np.full(accounts.size, free.all())
    if free.any() and not free.all():
        has_free = accounts.pattern @ (~free).astype(np.float64) == 0
    least = np.nan
    if any(leg.incentive is None for leg in legs):
        if market.max_discount is None:
            raise unknown(f"{accounts.market}/max_discount")
        least = float(1 - known(market.max_discount, accounts.market, "max_discount"))
        _check_discount(accounts, legs, has_free)
    return Rules(
        lltv=np.array([float(leg.lltv) for leg in legs]),
        incentive=incentives(make, accounts, legs),
        least=least,
        watched=market.liquidators != "absent",
        forced=market.liquidators == "always",
        slack=np.where(has_free, TIGHT, SLACK),
    )


def incentives(make: Maker, accounts: Baskets, legs: Sequence[Leg]) -> Floats:
    """Return [M] phi of each account: the average, weighted by what each collateral was worth.

    While the weights are still looked for, the largest: then nobody need be liquidated.
    """
    phi = np.array([np.nan if leg.incentive is None else float(leg.incentive) for leg in legs])
    pattern = accounts.pattern
    if np.unique(phi).size <= 1:
        return np.full(accounts.size, phi[0] if len(phi) else 1.0)
    read = make.world.weights.get(accounts.id)
    if read is None:
        largest = by_column(pattern, phi).max(axis=1).toarray().reshape(-1)
        return np.where(accounts.legs > 0, largest, 1.0)
    price = np.array([float(each) for each in read])
    worth, weighed = (accounts.units @ np.stack([price, price * phi], axis=1)).T
    if (worth > 0).all():
        mean: Floats = weighed / worth
        return mean
    some = accounts.legs > 0
    mean = np.divide(pattern @ phi, accounts.legs, out=np.ones(accounts.size), where=some)
    np.divide(weighed, worth, out=mean, where=worth > 0)
    return mean


def _check_discount(accounts: Baskets, legs: Sequence[Leg], has_free: Flags) -> None:
    own = np.array([leg.incentive is None for leg in legs], dtype=np.float64)
    odd = np.flatnonzero((accounts.pattern @ own > 0) & ~has_free)
    if len(odd):
        raise NotExactError(
            f"{accounts.market}/rules: a discount follows the health of "
            f"{accounts.name_of(int(odd[0]))}, whose collateral is worth what the solution "
            "decides: their product is a square, and no exact solution exists; write the price "
            "that the oracle reports as `fixed`, or an `incentive`, or add `time`"
        )


def _check_sales(node: BasketsNode) -> None:
    """Refuse accounts whose lenders might get more as a value inside the system falls."""
    if not node.rules.watched:
        return
    sales = [leg.reading if node.forced else leg.sale for leg in node.legs]
    quoted = [sale != leg.price for sale, leg in zip(sales, node.legs, strict=True)]
    moves = [bool(s.reads or leg.reading.reads) for s, leg in zip(sales, node.legs, strict=True)]
    if not (any(quoted) and any(moves)):
        return
    both = node.baskets.pattern @ np.array([quoted, moves], dtype=np.float64).T > 0
    if both.all(axis=1).any():
        first = node.baskets.name_of(int(np.flatnonzero(both.all(axis=1))[0]))
        raise NotExactError(overpaid(f"{node.id}/{first}", forced=node.forced))


@dataclass(frozen=True, slots=True, eq=False)
class Straight:
    """Numbers that follow the shock and the claims: ``const + slope * s + coef @ z``, in USD."""

    const: Floats
    slope: Floats
    coef: csr_array
    """[numbers, C]."""

    def shocked(self, s: float) -> Straight:
        """Return the numbers at one point of the shock, from where they count as its start."""
        return replace(self, const=self.const + self.slope * s)

    def at(self, z: Numbers) -> Floats:
        """Return the numbers at claim values ``z`` [C], where the shock starts."""
        found: Floats = self.const + self.coef @ z
        return found


def straight(lines: Sequence[Affine], index: Index) -> Straight:
    """Return lines as arrays."""
    reads = [(k, index.claim[c], float(n)) for k, line in enumerate(lines) for c, n in line.reads]
    where = ([k for k, _, _ in reads], [c for _, c, _ in reads])
    shape = (len(lines), len(index.claim))
    coef = csr_array(([n for _, _, n in reads], where), shape=shape, dtype=np.float64)
    const, slope = ends(lines).T
    return Straight(const, slope, coef)


def ends(lines: Sequence[Affine]) -> Floats:
    """Return [lines, 2] const and slope in floats."""
    pairs = [(float(line.const), float(line.slope)) for line in lines]
    return np.array(pairs, dtype=np.float64).reshape(len(pairs), 2)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """How the prices of a table follow the claims of a system."""

    node: BasketsNode
    worth: Straight
    uncapped: Straight
    """What oracles read where no cap binds."""
    cap: Straight
    """Infinite where an oracle has none."""
    sale: Straight
    loans: Straight

    def shocked(self, s: float) -> View:
        """Return the same at one point of the shock."""
        return replace(
            self,
            worth=self.worth.shocked(s),
            uncapped=self.uncapped.shocked(s),
            cap=self.cap.shocked(s),
            sale=self.sale.shocked(s),
            loans=self.loans.shocked(s),
        )

    def prices(self, z: Numbers) -> Prices:
        """Return the prices at claim values ``z`` [C]."""
        reading = np.minimum(self.uncapped.at(z), self.cap.at(z))
        sale = reading if self.node.forced else self.sale.at(z)
        return Prices(worth=self.worth.at(z), reading=reading, sale=sale, loans=self.loans.at(z))

    def reading(self, z: Numbers) -> Straight:
        """Return what oracles read as it follows the claims around ``z``."""
        binds = self.cap.at(z) <= self.uncapped.at(z)
        const = np.where(binds, self.cap.const, self.uncapped.const)
        capped = by_row(self.cap.coef, binds.astype(np.float64))
        free = by_row(self.uncapped.coef, (~binds).astype(np.float64))
        return replace(self.uncapped, const=const, coef=csr_array(capped + free))

    def at(self, z: Numbers) -> Together:
        """Return the accounts at claim values ``z`` [C]."""
        prices, accounts = self.prices(z), self.node.baskets
        return Together(accounts, prices, reckon(accounts, self.node.rules, prices))


def view(node: BasketsNode, index: Index) -> View:
    """Return how the prices of a table follow the claims."""
    cap = straight([leg.cap if leg.cap is not None else NOTHING for leg in node.legs], index)
    none = np.array([leg.cap is None for leg in node.legs], dtype=np.bool_)
    return View(
        node=node,
        worth=straight([leg.price for leg in node.legs], index),
        uncapped=straight([leg.reading for leg in node.legs], index),
        cap=replace(cap, const=np.where(none, np.inf, cap.const)),
        sale=straight([leg.sale for leg in node.legs], index),
        loans=straight(node.loans, index),
    )


def accounts_off(skeleton: Skeleton, index: Index, solution: Solution, s: Fraction) -> float:
    """Return by how much accounts of tables pay other than a solution says, in USD, at most.

    Each account is looked at by itself, at the prices of the solution.
    """
    off = 0.0
    for node in skeleton.nodes:
        if isinstance(node, BasketsNode):
            found = view(node, index).shocked(float(s)).at(solution.z)
            own = paid(found.baskets, found.prices, found.found)
            places = [index.node[node.baskets.claim_of(loan)] for loan in node.baskets.loans]
            off = max(off, float(np.abs(own - solution.y[places]).max(initial=0.0)))
    return off
