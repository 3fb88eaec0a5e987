"""Debts by health, who lends and borrows, bad debt by rule: what pictures of markets show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from looprisk.analysis.accounts import Account, account, accounts_of
from looprisk.analysis.axis import axis_of, shock_of
from looprisk.analysis.bearing import loss_put_in
from looprisk.analysis.clearing import title
from looprisk.analysis.metrics import Ask, measure
from looprisk.analysis.names import chosen, claimant, part_label
from looprisk.analysis.solve import Solved
from looprisk.engine.compile import maker
from looprisk.engine.legs import legs_of
from looprisk.engine.point import Point
from looprisk.engine.standing import standing
from looprisk.errors import ModelError, Problem
from looprisk.model.names import did_you_mean
from looprisk.results.market_records import BadDebt, BadDebts, DebtAt, Debts, Lot, Lots
from looprisk.results.phrases import shock_headline

MOST_OF_A_TABLE = 40
"""Accounts of one table that are shown by name; the rest is one lot."""


def debts_of(solved: Solved, of: str = "") -> Debts:
    """Return every debt to a market, or to all markets, with its health before and after.

    Health after the shock is that of the account as it stands when the shock strikes, before a
    liquidator acts. Raises ModelError where there is no such market.
    """
    catalogue = solved.catalogue
    rows = [row for name in _accounts(solved, of) for row in _debts(solved, name)]
    return Debts(
        scenario=title(solved.case),
        shock=shock_headline(shock_of(solved, axis_of(solved), loss_put_in(solved))),
        of=part_label(catalogue.system, of) if of else "",
        rows=tuple(row for row in rows if row.debt_usd > 0),
    )


def _accounts(solved: Solved, of: str) -> tuple[str, ...]:
    catalogue = solved.catalogue
    if not of:
        return tuple(catalogue.loans)
    known = {*catalogue.system.markets, *catalogue.supplies, *catalogue.loans, *catalogue.tables}
    if of not in known:
        message = f"`{of}` is no market, supply or account"
        raise ModelError([Problem((of,), message, did_you_mean(of, sorted(known)))])
    return accounts_of(catalogue, of)


def _debts(solved: Solved, name: str) -> Iterator[DebtAt]:
    catalogue = solved.catalogue
    before = solved.start.compiled.index.node
    if name in catalogue.crowds:
        yield from _crowd(solved, name)
        return
    late = account(solved.end, name)
    early = account(solved.start, name) if name in before else None
    yield DebtAt(
        account=part_label(catalogue.system, name),
        debt_usd=float(early.debt if early is not None else late.debt),
        before=None if early is None else _float(early.health),
        after=_float(late.health),
    )


def _crowd(solved: Solved, name: str) -> Iterator[DebtAt]:
    """Yield the debts of a table, one for each step of equal health."""
    crowd = solved.catalogue.crowds[name]
    steps = crowd.steps
    reads = [_reading(point, name) for point in (solved.start, solved.end)]
    price = float(standing(solved.start, name).price)
    debts = [d * float(steps.debt_unit) for d in steps.debts.tolist()]
    units = [n * float(steps.unit) for n in steps.units.tolist()]
    for place, (debt, held) in enumerate(zip(debts, units, strict=True)):
        if debt > 0:
            yield DebtAt(
                account=crowd.name_of(int(steps.row[place])),
                debt_usd=debt * price,
                before=held * reads[0] / (debt * price),
                after=held * reads[1] / (debt * price),
            )


def _reading(point: Point, name: str) -> float:
    """Return what a unit of the collateral of a crowd counts for: oracle times LLTV, USD."""
    (leg,) = legs_of(maker(point.compiled.world), name)
    read = point.value(leg.reading)
    return float((read if leg.cap is None else min(read, point.value(leg.cap))) * leg.lltv)


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def lots_of(solved: Solved, of: str) -> Lots:
    """Return who lends to a supply and who borrows of it, before the shock, largest first.

    Raises ModelError where there is no such supply.
    """
    catalogue = solved.catalogue
    of = chosen(of, sorted(catalogue.supplies), "supply of a market")
    market, token = catalogue.supplies[of]
    label = part_label(catalogue.system, market)
    rows = [*_suppliers(solved, of), *_borrowers(solved, of)]
    rows.sort(key=lambda row: (row.side != "supplies", -row.usd, row.name))
    whole = label if of == market else f"{label} {part_label(catalogue.system, token)}"
    return Lots(system=title(solved.case), of=whole, rows=tuple(rows))


def _suppliers(solved: Solved, of: str) -> Iterator[Lot]:
    index = solved.start.compiled.index
    claim = index.claim_of[index.claim[of]]
    worth = Fraction(solved.start.claim(of))
    for holder, share in claim.holders:
        name = part_label(solved.catalogue.system, holder)
        yield Lot(side="supplies", name=name, usd=float(share * worth))
    if claim.outside_share > 0:
        name = f"{claimant(solved, claim)} outside"
        usd = float(claim.outside_share * worth)
        yield Lot(side="supplies", name=name, usd=usd, accounts=None)


def _borrowers(solved: Solved, of: str) -> Iterator[Lot]:
    catalogue = solved.catalogue
    for name in accounts_of(catalogue, of):
        if name in catalogue.crowds:
            found = sorted(_crowd(solved, name), key=lambda row: -row.debt_usd)
            for row in found[:MOST_OF_A_TABLE]:
                yield Lot(side="borrows", name=row.account, usd=row.debt_usd, health=row.before)
            rest = found[MOST_OF_A_TABLE:]
            if rest:
                money = sum(row.debt_usd for row in rest)
                told = f"{len(rest)} more accounts"
                yield Lot(side="borrows", name=told, usd=money, accounts=len(rest))
        else:
            found_ = account(solved.start, name)
            usd = float(found_.debt)
            mix = _mix(found_)
            health = _float(found_.health)
            label = part_label(catalogue.system, name)
            yield Lot(side="borrows", name=label, usd=usd, health=health, mix=mix)


def _mix(found: Account) -> str:
    whole = found.collateral
    tokens = found.point.compiled.world.before.accounts[found.name].collateral
    parts = [(str(t), found.reading(leg)) for t, leg in zip(tokens, found.legs, strict=True)]
    parts.sort(key=lambda part: (-part[1], part[0]))
    if len(parts) == 1:
        return parts[0][0]
    return ", ".join(f"{token} {float(worth / whole):.0%}" for token, worth in parts if whole)


def bad_debts_of(solved: Sequence[Solved]) -> BadDebts:
    """Return the bad debt of every market in each of several cases: rules for who bears a loss."""
    first = solved[0].catalogue.system
    rows = []
    for market in first.markets:
        for one in solved:
            supplies = [s for s, (of, _) in one.catalogue.supplies.items() if of == market]
            bad = measure("bad_debt_usd", Ask(solved=one, point=one.end, of=market))
            supplied = sum((one.start.face(s) for s in supplies), Fraction(0))
            rows.append(
                BadDebt(
                    market=part_label(first, market),
                    rule=one.case.name or "as asked",
                    supplied_usd=float(supplied),
                    bad_usd=float(bad or 0),
                )
            )
    return BadDebts(
        system=first.name or "system",
        rules=tuple(one.case.name or "as asked" for one in solved),
        rows=tuple(rows),
    )
