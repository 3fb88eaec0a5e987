"""An Aave account as parts of a system."""

from __future__ import annotations

from fractions import Fraction

from looprisk.onchain.aave import WHOLE, AaveAccount, Reserve, asks, read, recognise
from looprisk.onchain.aave_rules import RULES
from looprisk.onchain.draft import NO_READER, Draft, Tree, dollars, points, short
from looprisk.onchain.reader import Reader

TOLERANCE = Fraction(1, 10**12)
"""Of a release whose rounding is none of those known."""


def write(account: AaveAccount, draft: Draft) -> None:
    """Write the pool, as far as the account touches it, and the account."""
    _check(account, draft)
    market = short("m", account.pool)
    if account.in_dollars:
        for reserve in account.reserves:
            draft.priced(reserve.token, dollars(reserve.price, account.base))
    for reserve in account.reserves:
        draft.stands(account.account, reserve.token, reserve.supplied - reserve.owed)
    draft.put("markets", market, _market(account, draft, market))
    draft.put("positions", short("p", account.account), _position(account, draft, market))


def _check(account: AaveAccount, draft: Draft) -> None:
    """Compare with the pool's own figures, by the rule that gives its health factor."""
    standings = [rule(account.legs) for rule in RULES]
    ours = next((one for one in standings if one == account.theirs), standings[0])
    exact = ours == account.theirs
    for what, mine, theirs in (
        ("collateral", ours.collateral, account.theirs.collateral),
        ("debt", ours.debt, account.theirs.debt),
        ("health factor", ours.health, account.theirs.health),
    ):
        name = f"{what} of {short('p', account.account)} in {short('m', account.pool)}"
        draft.check(name, mine, theirs, Fraction(0) if exact else TOLERANCE)


def _market(account: AaveAccount, draft: Draft, market: str) -> Tree:
    lent = [reserve for reserve in account.reserves if _is_lent(reserve)]
    part: Tree = {
        "label": account.label or "Aave v3",
        "rules": "aave-v3.3" if account.realises else "aave-v3",
        "lends": {draft.name(one.token): _lending(one, draft) for one in lent},
        "collateral": {
            _claim(account, one, draft, market): _terms(
                one.ltv, one.threshold, one.bonus, one, draft
            )
            for one in account.reserves
            if one.threshold
        },
    }
    if account.mode is not None:
        mode = account.mode
        inside = [one for one in account.reserves if one.in_mode]
        part["e_modes"] = {
            _mode_name(account): {
                "label": mode.label,
                "borrows": [draft.name(one.token) for one in lent if one.lent_in_mode],
                "collateral": {
                    _claim(account, one, draft, market): _terms(
                        mode.ltv, mode.threshold, mode.bonus, one, draft
                    )
                    for one in inside
                },
            }
        }
    return {**part, "address": account.pool}


def _is_lent(reserve: Reserve) -> bool:
    return reserve.total_owed > 0


def _lending(reserve: Reserve, draft: Draft) -> Tree:
    """Return one loan token. What belongs to the treasury and is not minted yet is supply too."""
    supplied = max(reserve.total_supplied, reserve.cash + reserve.total_owed)
    lending: Tree = {
        "cash": draft.amount(reserve.token, reserve.cash),
        "supplied": draft.amount(reserve.token, supplied),
    }
    if supplied > reserve.cash + reserve.owed:
        lending["unlisted_debt"] = f"sound @{NO_READER}"
    return lending


def _terms(ltv: int, threshold: int, bonus: int, reserve: Reserve, draft: Draft) -> Tree:
    terms: Tree = {
        "ltv": points(ltv),
        "lltv": points(threshold),
        "incentive": points(bonus - WHOLE),
        "oracle": "market",
    }
    if reserve.cap:
        terms["cap"] = draft.amount(reserve.token, reserve.cap * 10**reserve.decimals)
    terms["note"] = f"the pool reads {reserve.source}"
    return terms


def _claim(account: AaveAccount, reserve: Reserve, draft: Draft, market: str) -> str:
    """Return what is pledged: a claim on what the pool lends, or a token it only keeps."""
    name = draft.name(reserve.token)
    if not _is_lent(reserve):
        return name
    several = sum(map(_is_lent, account.reserves)) > 1
    return f"{market}/{name}" if several else market


def _mode_name(account: AaveAccount) -> str:
    return f"e-{account.mode.number}" if account.mode is not None else ""


def _position(account: AaveAccount, draft: Draft, market: str) -> Tree:
    pledged = [one for one in account.reserves if one.supplied and one.is_collateral]
    part: Tree = {"market": market, **draft.owner(account.account)}
    if account.mode is not None:
        part["e_mode"] = _mode_name(account)
    part["collateral"] = {
        _claim(account, one, draft, market): draft.amount(one.token, one.supplied)
        for one in pledged
        if one.threshold
    }
    part["debt"] = {
        draft.name(one.token): draft.amount(one.token, one.owed)
        for one in account.reserves
        if one.owed
    }
    return {**part, "address": account.account}


READER = Reader("aave-v3/1", recognise, read, write, asks)
