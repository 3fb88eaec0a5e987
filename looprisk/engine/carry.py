"""What a stage leaves to the next one.

Accounts after their liquidation, markets with more cash (SEMANTICS 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from looprisk.engine.baskets import totals
from looprisk.engine.dual import exactly
from looprisk.engine.point import Point
from looprisk.engine.standing import standing
from looprisk.engine.state import ONE, ZERO, Account, State
from looprisk.engine.steps import Steps

Key = TypeVar("Key")


def carry(point: Point, after: State) -> State:
    """Return the state that a stage leaves: liquidated accounts have less, their markets more cash.

    A liquidated account keeps ``N - z`` units of each collateral and owes ``d - r`` of each debt;
    the market has ``r`` more cash. An absorbed account has no collateral left: what its owner and
    the market's income got are balances in the loan token.
    """
    catalogue = point.compiled.world.catalogue
    accounts: dict[str, Account] = dict(after.accounts)
    cash: dict[str, Fraction] = dict(after.cash)
    crowds, baskets = dict(after.crowds), dict(after.baskets)
    for name, position in catalogue.loans.items():
        if "liquidated" not in point.state_of(name):
            continue
        if name in catalogue.crowds:
            crowd = standing(point, name)
            crowds[name] = crowd.left
            accounts[name] = _sum(accounts[name], crowd.left)
            (token,) = position.debt
            cash[catalogue.supply_of(position.market, token)] += crowd.outcome.repaid
            continue
        if name in catalogue.baskets:
            table = point.table(name)
            baskets[name] = table.left()
            units_left, owed = totals(baskets[name])
            for token, units in accounts[name].debts.items():
                cash[catalogue.supply_of(position.market, token)] += units - owed[token]
            accounts[name] = Account(collateral=units_left, debts=owed)
            continue
        for token, units in accounts[name].debts.items():
            cash[catalogue.supply_of(position.market, token)] += repaid_units(point, name, units)
        accounts[name] = _left(point, name, accounts[name])
    return replace(
        after,
        accounts=accounts,
        crowds=crowds,
        baskets=baskets,
        cash=cash,
        closed=_closed(point, after),
    )


def between(before: State, after: State, size: Fraction) -> State:
    """Return the state that a stage leaves at a share of its size, accounts untouched.

    >>> from looprisk.engine.state import State
    >>> one, two = (State(prices={"ETH": Fraction(p)}, quotes={}) for p in (3000, 2000))
    >>> between(one, two, Fraction(1, 4)).prices["ETH"]
    Fraction(2750, 1)
    """
    if size == ONE:
        return after
    cuts = {
        leg: (*known_cuts, *(replace(cut, share=cut.share * size) for cut in new))
        for leg, every in after.cuts.items()
        for known_cuts in [before.cuts.get(leg, ())]
        for new in [every[len(known_cuts) :]]
    }
    return replace(
        after,
        prices=_mixed(before.prices, after.prices, size),
        quotes=_mixed(before.quotes, after.quotes, size),
        lost=_mixed(before.lost, after.lost, size),
        venue_lost=_mixed(before.venue_lost, after.venue_lost, size),
        caps=_mixed(before.caps, after.caps, size, ONE),
        readings=_mixed(before.readings, after.readings, size),
        cuts=cuts,
        recognised=after.recognised if size else before.recognised,
    )


def _mixed(
    before: Mapping[Key, Fraction],
    after: Mapping[Key, Fraction],
    size: Fraction,
    start: Fraction = ZERO,
) -> dict[Key, Fraction]:
    """Return numbers part of the way; one that is new came from ``start``."""
    return {
        key: old + (end - old) * size
        for key, end in after.items()
        for old in [before.get(key, start)]
    }


def _sum(account: Account, steps: Steps) -> Account:
    """Return all accounts of a crowd as one."""
    (collateral,), (token,) = account.collateral, account.debts
    return replace(account, collateral={collateral: steps.all_units}, debts={token: steps.all_debt})


def _left(point: Point, name: str, account: Account) -> Account:
    debts = {token: n - repaid_units(point, name, n) for token, n in account.debts.items()}
    if "absorbed" in point.state_of(name):
        (token,) = debts
        return Account(
            collateral=dict.fromkeys(account.collateral, ZERO),
            debts=debts,
            credit=_in_tokens(point, token, f"{name}/equity"),
            income=_in_tokens(point, token, f"{name}/income"),
        )
    kept = share_kept(point, name)
    return replace(
        account, collateral={c: n * kept for c, n in account.collateral.items()}, debts=debts
    )


def repaid_units(point: Point, name: str, units: Fraction) -> Fraction:
    """Return how many units of a debt are repaid: of each debt of an account the same part.

    Also of one whose token is worth nothing at the moment.
    """
    claims = point.compiled.world.catalogue.debt_claims(name).values()
    owed = sum((point.face(claim) for claim in claims), ZERO)
    return units * sum((exactly(point.claim(claim)) for claim in claims), ZERO) / owed


def _in_tokens(point: Point, token: str, claim: str) -> Fraction:
    """Return what a claim is worth, in loan tokens."""
    return exactly(point.claim(claim)) / point.value(point.compiled.world.price(token))


def share_kept(point: Point, name: str) -> Fraction:
    """Return the share of its collateral that a liquidated account keeps."""
    if "unpaid" in point.state_of(name):
        return ZERO
    worth = exactly(point.node(name))
    if worth:
        return exactly(point.claim(f"{name}/equity")) / worth
    # sold at a quote with nothing behind it: the owner's share of nothing says how much was seized
    form, index = point.compiled.form, point.compiled.index
    cell = int(point.solution.cells[index.node[name]])
    offset = index.claim[f"{name}/equity"] - int(form.claim_ptr[index.node[name]])
    return exactly(form.pay_rate[form.pay_ptr[cell] + offset])


def _closed(point: Point, after: State) -> frozenset[str]:
    world = point.compiled.world
    return after.closed | {leg for leg in world.catalogue.legs if world.closed(leg)}
