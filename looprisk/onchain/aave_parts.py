"""Aave pools and accounts as parts of a system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from looprisk.onchain.aave import AaveAccount, asks, read, recognise
from looprisk.onchain.aave_rules import WHOLE, standing_like
from looprisk.onchain.aave_terms import Mode, Pool, Reserve
from looprisk.onchain.aave_touched import Touched
from looprisk.onchain.adapters import oracle_of
from looprisk.onchain.draft import NO_READER, Draft, Tree, dollars, points, short
from looprisk.onchain.flags import aged
from looprisk.onchain.holdings import Holding
from looprisk.onchain.reader import Reader

NAME = "aave-v3/1"
LEAST_SEEN = 10**7
"""A part of the supply that is smaller than one of so many is what accounts are cut by."""
TOLERANCE = Fraction(1, 10**12)
"""Of a release whose rounding is none of those known."""


def prepare(account: AaveAccount, draft: Draft) -> None:
    """Tell what the account touches, and what it keeps there when its own debts are paid."""
    modes = () if account.mode is None else (account.mode,)
    owed = {one.token: one.owed for one in account.held}
    touch(account.pool, [one.reserve for one in account.held], modes, owed, draft)
    draft.touched[account.pool.address].accounts.append(account.account)
    for one in account.held:
        pledged = one.pledged if _stands_alone(account, draft) else 0
        draft.stands(account.account, one.token, pledged - one.owed)
        left = one.supplied - pledged
        draft.keeps(account.account, Holding(one.reserve.claims, left, one.token, left))


def _stands_alone(account: AaveAccount, draft: Draft) -> bool:
    """Return whether an account is a position: an issuer that owes nothing just has claims."""
    return account.owes or account.account not in draft.issuers


def touch(
    pool: Pool,
    reserves: Sequence[Reserve],
    modes: Sequence[Mode],
    owed: Mapping[str, int],
    draft: Draft,
) -> None:
    """Tell what of a pool is written, and what its claims are called then."""
    draft.touched.setdefault(pool.address, Touched(pool)).add(reserves, modes, owed)
    names = claims(pool, draft)
    for one in draft.touched[pool.address].reserves:
        draft.claims[one.claims] = names[one.token]


def write(account: AaveAccount, draft: Draft) -> None:
    """Write the pool, as far as this import touches it, and the account.

    What an issuer supplied without a debt is its own, and stands there.
    """
    _check(account, draft)
    write_market(account.pool, draft)
    if not _stands_alone(account, draft) or not (account.owes or account.pledges):
        return
    name = short("p", account.account)
    pools = [one for one, touched in draft.touched.items() if account.account in touched.accounts]
    if len(pools) > 1:
        name = f"{name}-{account.pool.address[2:10].lower()}"
    draft.put("positions", name, _position(account, draft))


def _check(account: AaveAccount, draft: Draft) -> None:
    """Compare with the pool's own figures, by the rule that gives its health factor."""
    ours = standing_like(account.legs, account.theirs)
    exact = ours == account.theirs
    for what, mine, theirs in (
        ("collateral", ours.collateral, account.theirs.collateral),
        ("debt", ours.debt, account.theirs.debt),
        ("health factor", ours.health, account.theirs.health),
    ):
        name = f"{what} of {short('p', account.account)} in {short('m', account.pool.address)}"
        draft.check(name, mine, theirs, Fraction(0) if exact else TOLERANCE)


def write_market(pool: Pool, draft: Draft) -> None:
    """Write a pool with those of its reserves that this import touches."""
    touched = draft.touched[pool.address]
    reserves, modes = touched.reserves, touched.modes
    market = short("m", pool.address)
    if pool.in_dollars:
        for one in reserves:
            draft.priced(one.token, dollars(one.price, pool.base))
    lent = [one for one in reserves if one.lent]
    claim = claims(pool, draft)
    oracles = {one.token: oracle_of(one, pool.base, draft) for one in reserves}
    part: Tree = {
        "label": pool.label or "Aave v3",
        "rules": "aave-v3.3" if pool.found.realises else "aave-v3",
        "lends": {draft.name(one.token): _lending(one, touched, draft) for one in lent},
        "collateral": {
            claim[one.token]: _terms(one, one, oracles[one.token], draft)
            for one in reserves
            if one.threshold
        },
    }
    if modes:
        part["e_modes"] = {
            mode_name(mode): {
                "label": mode.label,
                "borrows": [draft.name(one.token) for one in lent if one.token in mode.lent],
                "collateral": {
                    claim[one.token]: _terms(mode, one, oracles[one.token], draft)
                    for one in reserves
                    if one.token in mode.collateral
                },
            }
            for mode in modes
        }
    if draft.put("markets", market, {**part, "address": pool.address}):
        draft.watch(market, [one.source for one in reserves])


def _lending(reserve: Reserve, touched: Touched, draft: Draft) -> Tree:
    """Return one loan token. What belongs to the treasury and is not minted yet is supply too."""
    supplied = max(reserve.total_supplied, reserve.cash + reserve.total_owed)
    lending: Tree = {
        "cash": draft.amount(reserve.token, reserve.cash),
        "supplied": draft.amount(reserve.token, supplied),
    }
    if (supplied - reserve.cash - touched.owed(reserve.token)) * LEAST_SEEN > supplied:
        lending["unlisted_debt"] = f"sound @{NO_READER}"
    return lending


def _terms(by: Reserve | Mode, reserve: Reserve, oracle: str, draft: Draft) -> Tree:
    """Return the terms of an asset, by itself or in an e-mode."""
    terms: Tree = {
        "ltv": points(by.ltv),
        "lltv": points(by.threshold),
        "incentive": points(by.bonus - WHOLE),
        "oracle": oracle,
    }
    if reserve.cap:
        terms["cap"] = draft.amount(reserve.token, reserve.cap * 10**reserve.decimals)
    age = aged(draft.sources.get(reserve.source), draft.pin.timestamp)
    terms["note"] = f"the pool reads {reserve.source}{age}"
    return terms


def claims(pool: Pool, draft: Draft) -> dict[str, str]:
    """Return what is pledged of each token: a claim on what the pool lends, or a kept token."""
    market, reserves = short("m", pool.address), draft.touched[pool.address].reserves
    several = sum(one.lent for one in reserves) > 1
    return {
        one.token: draft.name(one.token)
        if not one.lent
        else f"{market}/{draft.name(one.token)}"
        if several
        else market
        for one in reserves
    }


def mode_name(mode: Mode) -> str:
    """Return the id of an e-mode."""
    return f"e-{mode.number}"


def _position(account: AaveAccount, draft: Draft) -> Tree:
    """Return an account as a part; what it supplied without pledging it is no part of it."""
    claim = claims(account.pool, draft)
    part: Tree = {"market": short("m", account.pool.address), **draft.owner(account.account)}
    if account.mode is not None:
        part["e_mode"] = mode_name(account.mode)
    part["collateral"] = {
        claim[one.token]: draft.amount(one.token, one.pledged)
        for one in account.held
        if one.pledged
    }
    part["debt"] = {
        draft.name(one.token): draft.amount(one.token, one.owed) for one in account.held if one.owed
    }
    return {**part, "address": account.account}


def feeds(account: AaveAccount) -> tuple[str, ...]:
    """Return what the pool's oracle reads for each asset of the account."""
    return tuple(one.reserve.source for one in account.held)


READER = Reader(NAME, recognise, read, write, asks, feeds, prepare)
