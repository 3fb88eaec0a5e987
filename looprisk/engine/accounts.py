"""Accounts: collateral of several kinds against debts of several kinds.

As one node (SEMANTICS 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

from looprisk.engine.absorbing import absorbed, settled
from looprisk.engine.affine import Affine, NotAffineError, affine
from looprisk.engine.catalogue import known, unknown
from looprisk.engine.legs import Leg, legs_of, total
from looprisk.engine.loans import (
    Basket,
    among,
    first_of,
    liquidated,
    only_liquidated,
    unsecured,
    untouched,
)
from looprisk.engine.maker import Maker
from looprisk.engine.skeleton import ZERO, Apart, Claim, Condition, Node, line
from looprisk.engine.waterfall import Split
from looprisk.errors import NotExactError, UnknownValueError
from looprisk.model.markets import Market

ONE = Fraction(1)


@dataclass(frozen=True)
class _Account:
    """One account and what its split is made from."""

    make: Maker
    name: str
    market: Market
    legs: tuple[Leg, ...]
    debts: dict[str, Affine]
    """Loan token: what is owed of it, in USD."""

    @property
    def debt(self) -> Affine:
        return total(list(self.debts.values()))

    @property
    def absorbs(self) -> bool:
        return self.market.protocol.shape == "absorbing"


def account_node(make: Maker, name: str) -> Node:
    """Return an account: what its collateral is worth, and who gets it.

    Raises NotAffineError where the shares of its debts, or of its collateral that is sold, move
    with the shock; NotExactError where no exact solution exists.
    """
    found = _account(make, name)
    split = unsecured(_split(found), found.debt, _cap(found), name)
    split = among(split, _lenders(found))
    balance = _credit(found) + _income(found)
    exogenous = [leg.worth for leg in found.legs if leg.claim in make.catalogue.system.assets]
    return Node(
        id=name,
        b=total(exogenous) + balance,
        claims=split.claims,
        conditions=split.conditions,
        cells=split.cells,
        leak="collateral buyers" if found.absorbs else "liquidators",
        apart=_apart(found, split),
    )


def _apart(account: _Account, split: Split) -> Apart | None:
    """Return what the owner keeps where that is a ratio.

    All but ``phi d`` of what the oracles read.
    """
    if not any("apart" in cell.state for cell in split.cells):
        return None
    basket = _with_incentive(account, _basket(account, account.legs))
    return Apart(
        claim=f"{account.name}/equity", part=basket.debt * basket.incentive, whole=basket.reading
    )


def _account(make: Maker, name: str) -> _Account:
    market = make.catalogue.system.markets[make.catalogue.loans[name].market]
    debts = make.world.before.accounts[name].debts
    faces = {token: make.world.price(token) * units for token, units in debts.items()}
    return _Account(make, name, market, legs_of(make, name), faces)


def _split(account: _Account) -> Split:
    lender = Claim(
        id=f"{account.name}/debt", kind="debt", face=account.debt, holders=_held(account, "debt")
    )
    owner = Claim(id=f"{account.name}/equity", kind="owner", holders=_held(account, "equity"))
    income = Claim(id=f"{account.name}/income", kind="reserve")
    variants = [
        (
            condition,
            _absorbed(account, basket, (lender, owner, income))
            if account.absorbs
            else _of_basket(account, basket, lender, owner),
        )
        for basket, condition in _baskets(account)
    ]
    return first_of(tuple(variants)) if len(variants) > 1 else variants[0][1]


def _of_basket(account: _Account, basket: Basket, lender: Claim, owner: Claim) -> Split:
    stays = account.name in account.make.world.latched
    never = not stays and _never_fires(account, basket)
    if account.market.liquidators == "absent" or never or not account.legs:
        return untouched(basket, lender, owner)
    split = liquidated(_with_incentive(account, basket), lender, owner)
    if stays:
        split = only_liquidated(split)
    if any("apart" in cell.state for cell in split.cells) and any(leg.cap for leg in account.legs):
        raise NotExactError(
            f"{account.name}: an oracle caps a price that the solution decides, beside collateral "
            "whose oracle does not read what it is worth; write the capped price as `fixed`, or "
            "add `time`"
        )
    return split


def _held(account: _Account, claim: str) -> tuple[tuple[str, Fraction], ...]:
    return account.make.held.shares(f"{account.name}/{claim}")


def _cap(account: _Account) -> Affine:
    claim = next(iter(account.make.catalogue.debt_claims(account.name).values()))
    return account.make.world.cap(claim)


def _lenders(account: _Account) -> tuple[tuple[Claim, Fraction], ...]:
    """Return the claim of each debt and its share ``d_b P_b / B`` in what lenders get."""
    found = []
    whole = account.debt
    claims = account.make.catalogue.debt_claims(account.name)
    for token, face in account.debts.items():
        share = affine(ONE) if len(claims) == 1 or whole.is_zero else face / whole
        if share.moves:
            raise NotAffineError
        holders = account.make.held.shares(claims[token])
        found.append(
            (Claim(id=claims[token], kind="debt", face=face, holders=holders), share.const)
        )
    return tuple(found)


def _baskets(account: _Account) -> list[tuple[Basket, Condition | None]]:
    """Return the account's collateral as one basket; one for each set of caps that binds.

    The condition says that exactly the collaterals of the set are worth their cap or more; it is
    None for the last.
    """
    capped = [place for place, leg in enumerate(account.legs) if leg.cap is not None]
    found: list[tuple[Basket, Condition | None]] = []
    for binds in product((True, False), repeat=len(capped)):
        chosen = {place for place, bound in zip(capped, binds, strict=True) if bound}
        legs = tuple(
            replace(leg, reading=leg.cap) if place in chosen and leg.cap is not None else leg
            for place, leg in enumerate(account.legs)
        )
        found.append((_basket(account, legs), _at_cap(account, chosen)))
    return found


def _at_cap(account: _Account, chosen: set[int]) -> Condition | None:
    if not chosen:
        return None
    if len(chosen) > 1 or len([leg for leg in account.legs if leg.cap is not None]) > 1:
        raise NotExactError(
            f"{account.name}: the oracles of several of its collaterals cap a price that the "
            "solution decides; quote all but one of them with `market_price`, or write the price "
            "as `fixed`"
        )
    (place,) = chosen
    leg = account.legs[place]
    assert leg.cap is not None  # noqa: S101  (chosen for its cap)
    return _basket(account, account.legs).needs(
        leg.worth - leg.cap * leg.units,
        f"the collateral of {account.name} is worth its cap",
        f"the collateral of {account.name} is worth less than its cap",
    )


def _basket(account: _Account, legs: tuple[Leg, ...]) -> Basket:
    reading = total([leg.reading * leg.units for leg in legs])
    sale = total([leg.sale * leg.units for leg in legs])
    forced = account.market.liquidators == "always"
    return Basket(
        id=account.name,
        debt=account.debt,
        worth=total([leg.worth for leg in legs]),
        reading=reading,
        weighted=total([leg.reading * leg.units * leg.lltv for leg in legs]),
        sale=reading if forced else sale,
        incentive=ONE,
        owner_inside=bool(_held(account, "equity")),
        forced=forced,
    )


def _never_fires(account: _Account, basket: Basket) -> bool:
    """Return whether no claim decides the trigger and it does not fire on this stretch (4.2b).

    An account that is liquidated at its own price has straight payments anyway.
    """
    if basket.reading == basket.worth and all(leg.incentive is not None for leg in account.legs):
        return False
    room = basket.weighted - basket.debt
    ends = (account.make.world.lo, account.make.world.hi)
    return not room.reads and all(room.at(s) >= 0 for s in ends)


def _with_incentive(account: _Account, basket: Basket) -> Basket:
    """Return a basket with the one incentive of the account.

    The average, weighted by what each is worth.

    Euler v2 has no incentive of its own: a liquidator pays less the less healthy the account is.
    """
    incentives = [leg.incentive for leg in account.legs if leg.incentive is not None]
    if len(incentives) < len(account.legs):
        return replace(basket, incentive=_discounted(account, basket))
    if len(set(incentives)) == 1:
        return replace(basket, incentive=incentives[0])
    shares = account.make.world.weights.get(account.name)
    if shares is None:
        # the weights are what a solution reads in which nobody need be liquidated: the largest does
        return replace(basket, incentive=max(incentives))
    mean = sum((w * phi for w, phi in zip(shares, incentives, strict=True)), Fraction(0))
    return replace(basket, incentive=mean)


def _discounted(account: _Account, basket: Basket) -> Fraction:
    """Return ``1 / max(health, 1 - max_discount)`` of an unhealthy account.

    The product of health and collateral is a square: exact at each point of the shock, where the
    oracles read numbers. Source: Euler v2, Liquidation.sol.
    """
    market = account.make.catalogue.loans[account.name].market
    if basket.weighted.reads or basket.debt.reads:
        raise NotExactError(
            f"{market}/rules: the discount of {account.market.rules} follows the health of "
            f"{account.name}, whose collateral is worth what the solution decides: their product "
            "is a square, and no exact solution exists; write the price that the oracle reports "
            "as `fixed`, or an `incentive`, or add `time`"
        )
    if basket.weighted.moves or basket.debt.moves:
        raise NotAffineError
    if account.market.max_discount is None:
        raise unknown(f"{market}/max_discount")
    least = 1 - known(account.market.max_discount, market, "max_discount")
    health = basket.weighted.const / basket.debt.const if basket.debt.const else ONE
    return 1 / max(min(health, ONE), least)


def _absorbed(account: _Account, basket: Basket, claims: tuple[Claim, Claim, Claim]) -> Split:
    before = account.make.world.before.accounts[account.name]
    if before.credit or before.income:
        return settled(basket, line(_credit(account)), line(_income(account)), claims)
    if account.market.liquidators == "absent":
        split = untouched(basket, claims[0], claims[1])
        cells = tuple(replace(cell, pays=(*cell.pays, line(ZERO))) for cell in split.cells)
        return Split(claims=claims, conditions=split.conditions, cells=cells)
    shares = account.make.world.weights.get(account.name, (ONE,) * len(account.legs))
    whole = sum(shares, Fraction(0))
    kept = (
        sum((w * leg.kept for w, leg in zip(shares, account.legs, strict=True)), Fraction(0))
        / whole
    )
    less = (
        sum((w * leg.discount for w, leg in zip(shares, account.legs, strict=True)), Fraction(0))
        / whole
    )
    split = absorbed(basket, kept, less, claims)
    return only_liquidated(split) if account.name in account.make.world.latched else split


def _credit(account: _Account) -> Affine:
    return _balance(account, account.make.world.before.accounts[account.name].credit)


def _income(account: _Account) -> Affine:
    return _balance(account, account.make.world.before.accounts[account.name].income)


def _balance(account: _Account, units: Fraction) -> Affine:
    if not units:
        return ZERO
    (token,) = account.debts
    return account.make.world.price(token) * units


def borders(make: Maker, name: str) -> Iterator[Fraction]:
    """Yield the shock fractions at which a border of an account is crossed that no claim decides.

    Its trigger, where its collateral no longer covers debt and incentive at the oracles, and where
    liquidating it no longer pays.
    """
    account = _account(make, name)
    for basket, _ in _baskets(account):
        for border in _lines(account, basket):
            if not border.reads and border.slope:
                yield -border.const / border.slope


def _lines(account: _Account, basket: Basket) -> Iterator[Affine]:
    """Yield what is zero at the borders of an account."""
    yield basket.weighted - basket.debt
    if account.absorbs or not account.legs:
        return
    try:
        phi = _with_incentive(account, basket).incentive
    except (NotAffineError, NotExactError, UnknownValueError):
        return
    yield basket.reading - basket.debt * phi
    yield basket.sale * phi - basket.reading
