"""Nothing is held twice: what is owned, pledged and lent fits into what there is."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from looprisk.errors import Problem
from looprisk.model.checks import Parts
from looprisk.model.markets import Lending
from looprisk.model.positions import LoanPosition, PerpPosition, TablePosition
from looprisk.model.values import Value, decimal_text

SLACK = Fraction(1, 10**6)
"""Relative: balances are read to a few decimals, and chains round their last digit."""


def check_amounts(parts: Parts) -> Iterator[Problem]:
    """Yield what does not add up, where every number of a sum is known."""
    yield from _supplies_of_tokens(parts)
    yield from _supplies_of_markets(parts)


def _supplies_of_tokens(parts: Parts) -> Iterator[Problem]:
    held: dict[str, Fraction] = {}
    shares: dict[str, Fraction] = {}
    for token, amount in _held(parts):
        base = token.split("/")[0]
        if not amount.known:
            continue
        if amount.unit == "tokens":
            held[base] = held.get(base, Fraction(0)) + amount.number
        elif amount.unit == "share":
            shares[base] = shares.get(base, Fraction(0)) + amount.number
    for name, issuer in parts.issuers.items():
        for token, receipt in issuer.issues.items():
            if not receipt.supply.known:
                continue
            supply = receipt.supply.number
            inside = held.get(token, Fraction(0)) + shares.get(token, Fraction(0)) * supply
            if inside > supply * (1 + SLACK):
                message = (
                    f"{token}: {_short(inside)} are held and pledged inside this system, more than "
                    f"the supply of {receipt.supply.text}"
                )
                place = ("issuers", name, "issues", token, "supply")
                yield Problem(place, message, "supply counts what is pledged too", on_key=False)


def _held(parts: Parts) -> Iterator[tuple[str, Value]]:
    for issuer in parts.issuers.values():
        yield from issuer.owns.items()
    for position in parts.positions.values():
        if isinstance(position, PerpPosition):
            yield from position.margin.items()
        elif isinstance(position, TablePosition):
            for column, total in position.totals.items():
                if column.startswith("collateral/"):
                    yield column.removeprefix("collateral/"), total
        else:
            yield from _pledged(position, parts)


def _pledged(position: LoanPosition, parts: Parts) -> Iterator[tuple[str, Value]]:
    yield from position.collateral.items()
    loop = position.loop
    market = parts.markets.get(position.market)
    if loop is None or market is None or not loop.equity.known:
        return
    if loop.ltv is not None and not loop.ltv.known:
        return
    if loop.leverage is not None and not loop.leverage.known:
        return
    token = loop.equity.of or next(iter(market.collateral), None)
    if token is not None:
        yield token, Value(loop.units, loop.units, "tokens", token)


def _supplies_of_markets(parts: Parts) -> Iterator[Problem]:
    for name, market in parts.markets.items():
        for token, lending in market.lends.items():
            listed = _listed_debt(name, token, parts)
            supplied = _check_supplied(name, token, lending, listed)
            yield from supplied
            whole = _supplied(lending, listed)
            if whole is not None:
                yield from _owned_supply(name, token, whole, parts)


def _listed_debt(market: str, token: str, parts: Parts) -> Fraction | None:
    """The debts that stand in the system, or ``None`` where one of them follows from prices."""
    total = Fraction(0)
    for position in parts.positions.values():
        if isinstance(position, PerpPosition) or position.market != market:
            continue
        if isinstance(position, TablePosition):
            amount = position.totals.get(f"debt/{token}")
        elif position.loop is not None:
            return None
        else:
            amount = position.debt.get(token)
        if amount is not None:
            if not amount.known:
                return None
            total += amount.number
    return total


def _check_supplied(
    name: str, token: str, lending: Lending, listed: Fraction | None
) -> Iterator[Problem]:
    supplied, cash = lending.supplied, lending.cash
    if listed is None or supplied is None or not (supplied.known and cash.known):
        return
    place = ("markets", name, "lends", token, "supplied")
    there = cash.number + listed
    off = supplied.number - there
    if abs(off) <= SLACK * supplied.number:
        return
    if off > 0 and lending.unlisted_debt is not None:
        return
    message = (
        f"supplied: `{supplied.text}` is not the cash of {cash.text} and the listed debts of "
        f"{_short(listed)}, together {_short(there)}"
    )
    help_ = "list the debts, or write `unlisted_debt: sound`" if off > 0 else ""
    yield Problem(place, message, help_, on_key=False)


def _supplied(lending: Lending, listed: Fraction | None) -> Fraction | None:
    if lending.supplied is not None:
        return lending.supplied.number if lending.supplied.known else None
    if listed is None or not lending.cash.known:
        return None
    return lending.cash.number + listed


def _owned_supply(name: str, token: str, whole: Fraction, parts: Parts) -> Iterator[Problem]:
    total = Fraction(0)
    for holder, issuer in parts.issuers.items():
        for key in (name, f"{name}/{token}"):
            amount = issuer.owns.get(key)
            if amount is None or not amount.known or amount.unit == "usd":
                continue
            total += amount.number * (whole if amount.unit == "share" else 1)
            if total > whole * (1 + SLACK):
                message = (
                    f"{key}: {_short(total)} of the supply of {name} are owned, "
                    f"more than the {_short(whole)} there are"
                )
                yield Problem(("issuers", holder, "owns", key), message, on_key=False)
                return


def _short(number: Fraction) -> str:
    text = decimal_text(Fraction(round(number * 10**6), 10**6))
    whole, _, part = text.partition(".")
    grouped = f"{int(whole):_}"
    return f"{grouped}.{part}" if part else grouped
