"""Nothing is held twice: what is owned, pledged and lent fits into what there is."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from looprisk.errors import Problem
from looprisk.model.checks import Parts
from looprisk.model.markets import Lending
from looprisk.model.names import Path
from looprisk.model.positions import (
    LoanPosition,
    OnVenue,
    PerpPosition,
    TablePosition,
    VenueTable,
)
from looprisk.model.tables import COLLATERAL, MARGIN
from looprisk.model.values import Value, decimal_text

SLACK = Fraction(1, 10**6)
"""Relative: balances are read to a few decimals, and chains round their last digit."""


def check_amounts(parts: Parts) -> Iterator[Problem]:
    """Yield what does not add up, where every number of a sum is known."""
    yield from _supplies_of_tokens(parts)
    yield from _locked(parts)
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


def _locked(parts: Parts) -> Iterator[Problem]:
    """What bridges hold locked for copies is a part of the supply."""
    for name, issuer in parts.issuers.items():
        for token, receipt in issuer.issues.items():
            copies = receipt.copies.values()
            behind = [copy.supply if copy.locked is None else copy.locked for copy in copies]
            if not receipt.supply.known or not all(amount.known for amount in behind):
                continue
            locked = sum((amount.number for amount in behind), Fraction(0))
            if locked > receipt.supply.number * (1 + SLACK):
                message = (
                    f"{token}: {_short(locked)} are locked for its copies, more than the supply of "
                    f"{receipt.supply.text}"
                )
                place = ("issuers", name, "issues", token, "copies")
                yield Problem(place, message, "what no bridge holds is unbacked: write `locked`")


def _held(parts: Parts) -> Iterator[tuple[str, Value]]:
    for issuer in parts.issuers.values():
        yield from issuer.owns.items()
    for position in parts.positions.values():
        if isinstance(position, PerpPosition):
            yield from position.margin.items()
        elif isinstance(position, TablePosition | VenueTable):
            side = COLLATERAL if isinstance(position, TablePosition) else MARGIN
            for column, total in position.sums.items():
                if column.startswith(side):
                    yield column.removeprefix(side), total
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
    listed = _listed_debts(parts)
    holders = _holders(parts)
    for name, market in parts.markets.items():
        for token, lending in market.lends.items():
            debt = listed.get((name, token), Fraction(0))
            reserves = market.protocol.reserves
            yield from _check_supplied(name, token, lending, debt, reserves=reserves)
            whole = _supplied(lending, debt)
            if whole is not None:
                held = [*holders.get(name, ()), *holders.get(f"{name}/{token}", ())]
                yield from _owned_supply(name, whole, held)


def _listed_debts(parts: Parts) -> dict[tuple[str, str], Fraction | None]:
    """The debts of each market and token, or ``None`` where one of them follows from prices."""
    listed: dict[tuple[str, str], Fraction | None] = {}
    for position in parts.positions.values():
        if isinstance(position, OnVenue):
            continue
        for token, amount in _debts(position, parts):
            before = listed.get((position.market, token), Fraction(0))
            if before is None or amount is None or not amount.known:
                listed[position.market, token] = None
            else:
                listed[position.market, token] = before + amount.number
    return listed


def _debts(
    position: LoanPosition | TablePosition, parts: Parts
) -> Iterator[tuple[str, Value | None]]:
    if isinstance(position, TablePosition):
        for column, total in position.sums.items():
            if column.startswith("debt/"):
                yield column.removeprefix("debt/"), total
    elif position.loop is not None:
        market = parts.markets.get(position.market)
        for token in market.lends if market is not None else ():
            yield token, None
    else:
        yield from position.debt.items()


def _holders(parts: Parts) -> dict[str, list[tuple[Path, Value]]]:
    """Who owns each supply claim, or has pledged it."""
    found: dict[str, list[tuple[Path, Value]]] = {}
    for name, issuer in parts.issuers.items():
        for key, amount in issuer.owns.items():
            if key in parts.names.supplies:
                found.setdefault(key, []).append((("issuers", name, "owns", key), amount))
    for name, position in parts.positions.items():
        if isinstance(position, LoanPosition):
            for key, amount in position.collateral.items():
                if key in parts.names.supplies:
                    path = ("positions", name, "collateral", key)
                    found.setdefault(key, []).append((path, amount))
    return found


def _check_supplied(
    name: str, token: str, lending: Lending, listed: Fraction | None, *, reserves: bool
) -> Iterator[Problem]:
    supplied, cash = lending.supplied, lending.cash
    if listed is None or supplied is None or not (supplied.known and cash.known):
        return
    place = ("markets", name, "lends", token, "supplied")
    there = cash.number + listed
    off = supplied.number - there
    if abs(off) <= SLACK * supplied.number:
        return
    if (off > 0 and lending.unlisted_debt is not None) or (off < 0 and reserves):
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


def _owned_supply(name: str, whole: Fraction, held: list[tuple[Path, Value]]) -> Iterator[Problem]:
    total = Fraction(0)
    for path, amount in held:
        if not amount.known or amount.unit == "usd":
            continue
        total += amount.number * (whole if amount.unit == "share" else 1)
        if total > whole * (1 + SLACK):
            message = (
                f"{path[-1]}: {_short(total)} of the supply of {name} are owned, "
                f"more than the {_short(whole)} there are"
            )
            yield Problem(path, message, on_key=False)
            return


def _short(number: Fraction) -> str:
    text = decimal_text(Fraction(round(number * 10**6), 10**6))
    whole, _, part = text.partition(".")
    grouped = f"{int(whole):_}"
    return f"{grouped}.{part}" if part else grouped
