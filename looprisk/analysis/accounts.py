"""Numbers of loan accounts at one solution.

Health, prices at which things happen, what was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from looprisk.engine.carry import repaid_units, share_kept
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.compile import maker
from looprisk.engine.holdings import unlisted_debt
from looprisk.engine.legs import Leg, legs_of
from looprisk.engine.point import Point
from looprisk.engine.reckoning import Outcome
from looprisk.engine.standing import standing
from looprisk.engine.state import ZERO, written
from looprisk.engine.state import Account as Held

ROOT_DIGITS = 10**18
"""A square root is rounded to so many parts of 1."""


@dataclass(frozen=True)
class Account:
    """One loan account at a solution, in USD; collateral as its oracles read it."""

    point: Point
    name: str
    legs: tuple[Leg, ...]

    @property
    def catalogue(self) -> Catalogue:
        """The names of the system."""
        return self.point.compiled.world.catalogue

    @property
    def debt(self) -> Fraction:
        """What it owes, at face."""
        return sum((self.point.face(c) for c in self.claims), ZERO)

    @property
    def repaid(self) -> Fraction:
        """What its lenders get."""
        return sum((Fraction(self.point.claim(c)) for c in self.claims), ZERO)

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims of its lenders."""
        return tuple(self.catalogue.debt_claims(self.name).values())

    @property
    def is_liquidated(self) -> bool:
        """Whether a liquidator acted."""
        return "liquidated" in self.point.state_of(self.name)

    def reading(self, leg: Leg) -> Fraction:
        """Return what the oracle reads for the units of a collateral."""
        read = self.point.value(leg.reading)
        return leg.units * (read if leg.cap is None else min(read, self.point.value(leg.cap)))

    @property
    def collateral(self) -> Fraction:
        """All collateral as its oracles read it."""
        return sum((self.reading(leg) for leg in self.legs), ZERO)

    @property
    def health(self) -> Fraction | None:
        """Collateral at the oracles, each times its LLTV, over debt; None without a debt."""
        weighted = sum((self.reading(leg) * leg.lltv for leg in self.legs), ZERO)
        return weighted / self.debt if self.debt else None

    @property
    def ltv(self) -> Fraction | None:
        """Debt over collateral at the oracles; None without collateral."""
        return self.debt / self.collateral if self.collateral else None

    @property
    def leverage(self) -> Fraction | None:
        """Collateral over what is left of it after the debt; None where nothing is left."""
        left = self.collateral - self.debt
        return self.collateral / left if left > 0 else None

    def price_at(self, worth: Fraction | None) -> Fraction | None:
        """Return the price of the one collateral at which it is worth this much.

        None with several.
        """
        if len(self.legs) != 1 or not self.legs[0].units or worth is None:
            return None
        return worth / self.legs[0].units

    @property
    def liquidation_price(self) -> Fraction | None:
        """The price of the one collateral at which the debt reaches the LLTV."""
        return self.price_at(self.debt / self.legs[0].lltv) if len(self.legs) == 1 else None

    @property
    def bad_debt_price(self) -> Fraction | None:
        """The price of the one collateral below which a liquidation leaves a debt."""
        rate = self._recovers()
        return self.price_at(self.debt / rate) if rate else None

    def _recovers(self) -> Fraction | None:
        """Return what lenders get of a dollar of collateral that does not repay the debt."""
        if len(self.legs) != 1:
            return None
        leg = self.legs[0]
        market = str(self.catalogue.loans[self.name].market)
        part = self.catalogue.system.markets[market]
        if part.protocol.shape == "absorbing":
            return 1 - leg.discount
        if leg.incentive is not None:
            return 1 / leg.incentive
        if part.max_discount is None:
            return None
        # health times collateral covers the debt down to a health of the root of the LLTV
        root = Fraction(isqrt(leg.lltv * ROOT_DIGITS**2 // 1), ROOT_DIGITS)
        return max(root, 1 - known(part.max_discount, market, "max_discount"))

    @property
    def seized(self) -> Fraction | None:
        """Units taken by liquidators up to here; None with several collaterals."""
        if len(self.legs) != 1:
            return None
        (earlier,) = self._taken_earlier(lambda account: account.collateral).values()
        if not self.is_liquidated:
            return earlier
        absorbed = "absorbed" in self.point.state_of(self.name)
        kept = ZERO if absorbed else share_kept(self.point, self.name)
        return earlier + self.legs[0].units * (1 - kept)

    @property
    def debt_units_repaid(self) -> Fraction | None:
        """Units of debt repaid by liquidators up to here; None with several debts."""
        tokens = self.catalogue.debt_tokens(self.name)
        if len(tokens) != 1:
            return None
        price = self.point.value(self.point.compiled.world.price(tokens[0]))
        now = self.repaid / price if self.is_liquidated and price else ZERO
        return self.repaid_earlier[tokens[0]] + now

    @property
    def repaid_earlier(self) -> Mapping[str, Fraction]:
        """Units of each debt that liquidators repaid at stages before this one."""
        return self._taken_earlier(lambda account: account.debts)

    def _taken_earlier(
        self, read: Callable[[Held], Mapping[str, Fraction]]
    ) -> Mapping[str, Fraction]:
        world = self.point.compiled.world
        now = world.before.accounts[self.name]
        position = self.catalogue.loans[self.name]
        first = world.start.accounts.get(self.name)
        if first is None and position.loop is None:
            first = written(self.catalogue, self.name)
        was = read(now if first is None else first)
        return {token: was[token] - left for token, left in read(now).items()}


def repaid_earlier(point: Point, of: str) -> Fraction:
    """Return what liquidators repaid at stages before this one, in USD at the prices of now."""
    world = point.compiled.world
    catalogue, total = world.catalogue, ZERO
    supply = catalogue.supplies.get(of)
    for found in accounts(point, of):
        for token, units in found.repaid_earlier.items():
            if supply is None or supply[0] == of or supply[1] == token:
                total += units * point.value(world.price(token))
    for name in accounts_of(catalogue, of):
        if name in catalogue.crowds and name in world.before.crowds:
            first, now = catalogue.crowds[name].steps, world.before.crowds[name]
            units = first.debt_before(first.size) - now.debt_before(now.size)
            total += units * point.value(world.price(catalogue.debt_tokens(name)[0]))
        elif name in catalogue.baskets and name in world.before.baskets:
            first_debt, left = catalogue.loans[name].debt, world.before.accounts[name].debts
            for token in catalogue.debt_tokens(name):
                if supply is None or supply[0] == of or supply[1] == token:
                    gone = first_debt[token].number - left[token]
                    total += gone * point.value(world.price(token))
    return total


def account(point: Point, name: str) -> Account:
    """Return one account at a solution."""
    return Account(point, name, legs_of(maker(point.compiled.world), name))


def accounts(point: Point, of: str) -> Iterable[Account]:
    """Yield the accounts that a thing stands for, without those that are many in one."""
    catalogue = point.compiled.world.catalogue
    for name in accounts_of(catalogue, of):
        if name not in catalogue.summed:
            yield account(point, name)


def outcomes(point: Point, of: str) -> Iterable[Outcome]:
    """Yield what has become of the tables of accounts that a thing stands for.

    Of accounts that owe several tokens, where it is one supply, what they owe to that.
    """
    catalogue = point.compiled.world.catalogue
    market, token = catalogue.supplies.get(of, (of, None))
    for name in accounts_of(catalogue, of):
        if name in catalogue.baskets:
            yield point.table(name).outcome(None if market == of else token)
        elif name in catalogue.crowds:
            crowd = standing(point, name)
            yield Outcome(
                liquidated=crowd.outcome.liquidated,
                unpaid=crowd.outcome.unpaid,
                repaid=crowd.outcome.repaid * crowd.price,
                bad_debt=crowd.outcome.bad_debt * crowd.price,
            )


def leverage(point: Point, name: str) -> Fraction | None:
    """Return the collateral of an account over what is left of it after the debt.

    At the oracles; None where nothing is left.
    """
    many = name in point.compiled.world.catalogue.baskets
    return point.table(name).leverage if many else account(point, name).leverage


def accounts_of(catalogue: Catalogue, of: str) -> tuple[str, ...]:
    """Return the accounts that a thing stands for.

    Itself, or those of a table, of a market or of one of its supplies.
    """
    if of in catalogue.loans:
        return (of,)
    if of in catalogue.tables:
        return catalogue.tables[of].loans
    market, token = catalogue.supplies.get(of, (of, ""))
    return tuple(
        name
        for name, _ in catalogue.positions_in(market)
        if of == market or token in catalogue.debt_tokens(name)
    )


def claims_of(found: Account, of: str) -> tuple[str, ...]:
    """Return the debts of an account that a thing stands for: all, or those to one supply."""
    supply = found.catalogue.supplies.get(of)
    if supply is None or supply[0] == of:
        return found.claims
    return (found.catalogue.debt_claims(found.name)[supply[1]],)


def utilisation(point: Point, of: str) -> Fraction | None:
    """Return debts over debts and cash of a supply at a solution, in loan tokens.

    What liquidators have repaid is cash. A debt that nothing is left behind is none where the
    protocol clears it (it is realised, absorbed, or a deficit of Aave v3.3), and stays one where it
    does not. None where nothing was supplied.
    """
    world = point.compiled.world
    if of not in world.catalogue.supplies:
        return None
    market, token = world.catalogue.supplies[of]
    lent, cash = unlisted_debt(world.catalogue, world.start, of), world.before.cash[of]
    for name, _ in world.catalogue.positions_in(market):
        if token in world.catalogue.debt_claims(name):
            left, repaid = _left_and_repaid(point, name, token)
            lent, cash = lent + left, cash + repaid
    return lent / (lent + cash) if lent + cash else None


def _left_and_repaid(point: Point, name: str, token: str) -> tuple[Fraction, Fraction]:
    """Return what an account still owes of a token, and what liquidators have just repaid."""
    world = point.compiled.world
    if name in world.catalogue.crowds:
        crowd = standing(point, name)
        left, repaid = crowd.left.all_debt, crowd.outcome.repaid
        bare = crowd.left.debt_before(crowd.left.bare)
    elif name in world.catalogue.baskets:
        found, price = point.table(name).outcome(token), point.value(world.price(token))
        repaid, bare = (usd / price if price else ZERO for usd in (found.repaid, found.bad_debt))
        left = world.before.accounts[name].debts[token] - repaid
    else:
        account, state = world.before.accounts[name], point.state_of(name)
        owed, acted = account.debts.get(token, ZERO), "liquidated" in state
        repaid = repaid_units(point, name, owed) if acted else ZERO
        left = owed - repaid
        gone = acted and ("absorbed" in state or not share_kept(point, name))
        bare = left if gone or not any(account.collateral.values()) else ZERO
    part = world.catalogue.system.markets[world.catalogue.loans[name].market]
    clears = part.realises_bad_debt or part.protocol.shape == "absorbing"
    return left - bare if clears or part.rules == "aave-v3.3" else left, repaid
