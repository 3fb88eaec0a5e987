"""Set-off: two parties that owe each other net their claims before anything is solved.

Only what is explicit, bilateral and constant is netted, and always, not "in default": a set-off
that waits for a default can leave a system without any solution.
"""

from __future__ import annotations

from fractions import Fraction

from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.copies import catalogued
from looprisk.engine.holdings import Holdings, Opening, holdings
from looprisk.engine.state import ONE, ZERO, State, asset_usd, start_state, usd
from looprisk.errors import NotCarriedError
from looprisk.model.system import System
from looprisk.model.tokens import Par
from looprisk.model.values import Value

Changes = dict[str, object]
Fewer = dict[str, Fraction]


def netted(system: System) -> System:
    """Return the system with every set-off done: both claims smaller by the lesser of the two.

    Each ``set_off`` is written on the issuer E whose promises the debtor S holds: what S owes E (a
    loan, or the only debt of a market that E alone supplies) against the par tokens of E that S
    holds. With ``pledged: void`` the tokens S has pledged count too, before those it has free, and
    their lender loses them; ``honoured`` leaves them out.
    """
    for name, issuer in system.issuers.items():
        for debtor, terms in issuer.set_off.items():
            system = _net(system, name, str(debtor), void=terms.pledged == "void")
    return system


def _net(system: System, creditor: str, debtor: str, *, void: bool) -> System:
    catalogue = catalogued(system)
    start = start_state(catalogue)
    held = holdings(Opening(catalogue, start), start)
    token = _promise(catalogue, creditor)
    _no_copies(system, token)
    par = usd(catalogue, start, _par(catalogue, token).par, token, "par")
    owed = _owed(catalogue, start, held, creditor, debtor)
    free = held.claims.get(token, {}).get(debtor, ZERO)
    pledged = _pledged(catalogue, held, token, debtor) if void else {}
    amount = min(owed, par * (free + sum(pledged.values(), ZERO)))
    units = amount / par
    if units == held.units[token]:
        raise NotCarriedError(
            f"{creditor}/set_off/{debtor}: every {token} there is would be set off, and a token "
            f"without supply has no price: leave {token} and the loan out"
        )
    changes: Changes = {f"{token}/supply": held.units[token] - units}
    changes |= _less_owed(catalogue, start, held, creditor, debtor, amount)
    void_units = min(units, sum(pledged.values(), ZERO))
    changes |= _less_pledged(catalogue, held, token, pledged, void_units)
    if units > void_units:
        changes[f"{debtor}/owns/{token}"] = free - (units - void_units)
    changes[f"{creditor}/set_off"] = "absent"
    return system.set(changes)


def _promise(catalogue: Catalogue, creditor: str) -> str:
    issues = catalogue.system.issuers[creditor].issues
    promises = [token for token, receipt in issues.items() if isinstance(receipt, Par)]
    if len(promises) != 1:
        raise NotCarriedError(
            f"{creditor}/set_off: shares cannot be set off, and an issuer with several "
            "promises does "
            "not say which: it needs exactly one token of kind `par`"
        )
    return promises[0]


def _no_copies(system: System, token: str) -> None:
    if any(
        token in issuer.issues and issuer.issues[token].copies for issuer in system.issuers.values()
    ):
        raise NotCarriedError(
            f"{token}/copies: a promise that is set off stands on one chain here: write its whole "
            "`supply`, without `copies`"
        )


def _par(catalogue: Catalogue, token: str) -> Par:
    receipt = catalogue.tokens[token]
    assert isinstance(receipt, Par)  # noqa: S101  (_promise chose it)
    return receipt


def _loans(catalogue: Catalogue, creditor: str, debtor: str) -> list[str]:
    issuer = catalogue.system.issuers.get(debtor)
    owes = issuer.owes if issuer is not None else {}
    return [loan for loan, terms in owes.items() if str(terms.to) == creditor]


def _markets(
    catalogue: Catalogue, held: Holdings, creditor: str, debtor: str
) -> list[tuple[str, str]]:
    """Return (market, position) where the creditor supplies and the debtor is the one borrower."""
    return [
        (market, positions[0][0])
        for market in catalogue.system.markets
        if held.claims.get(market, {}).get(creditor)
        and len(positions := list(catalogue.positions_in(market))) == 1
        and positions[0][1].owner == debtor
    ]


def _owed(
    catalogue: Catalogue, start: State, held: Holdings, creditor: str, debtor: str
) -> Fraction:
    """Return what the debtor owes the creditor, in USD at face."""
    total = ZERO
    for loan in _loans(catalogue, creditor, debtor):
        amount = catalogue.system.issuers[debtor].owes[loan].amount
        unit = asset_usd(catalogue, start, amount.of) if amount.of else ONE
        total += known(amount, debtor, "owes", loan) * unit
    for market, position in _markets(catalogue, held, creditor, debtor):
        token = catalogue.loan_token(market)
        price = asset_usd(catalogue, start, token)
        share = dict(held.shares(market))[creditor]
        total += share * start.accounts[position].debts[token] * price
    if not total:
        raise NotCarriedError(
            f"{creditor}/set_off/{debtor}: {debtor} owes {creditor} nothing that could be set off"
        )
    return total


def _less_owed(
    catalogue: Catalogue, start: State, held: Holdings, creditor: str, debtor: str, amount: Fraction
) -> Changes:
    """Return the changes that lower what the debtor owes, loans first, by ``amount`` in USD."""
    changes: Changes = {}
    for loan in _loans(catalogue, creditor, debtor):
        terms = catalogue.system.issuers[debtor].owes[loan]
        value = terms.amount
        unit = asset_usd(catalogue, start, value.of) if value.of else ONE
        face = value.number * unit
        paid = min(face, amount)
        amount -= paid
        left = (face - paid) / unit
        changes[f"{debtor}/owes/{loan}"] = terms.model_copy(
            update={"amount": _again(left, value.of)}
        )
    for market, position in _markets(catalogue, held, creditor, debtor):
        token = catalogue.loan_token(market)
        price = asset_usd(catalogue, start, token)
        paid = min(amount, start.accounts[position].debts[token] * price) / price
        amount -= paid * price
        changes[f"{position}/debt/{token}"] = start.accounts[position].debts[token] - paid
        if catalogue.system.markets[market].lends[token].supplied is not None:
            changes[f"{market}/lends/{token}/supplied"] = held.units[market] - paid
        changes[f"{creditor}/owns/{market}"] = held.claims[market][creditor] - paid
    return changes


def _again(number: Fraction, unit: str | None) -> Value:
    return Value(number, number, "tokens" if unit else "usd", of=unit)


def _pledged(
    catalogue: Catalogue, held: Holdings, token: str, debtor: str
) -> dict[tuple[str, str], Fraction]:
    """Return (position, collateral): units of the promise behind what the debtor has pledged.

    Pledged as it is, or as the share of a wrapper: an issuer that holds the promise and nothing
    else.
    """
    found = {}
    for name, position in catalogue.loans.items():
        if position.owner != debtor:
            continue
        for collateral in position.collateral:
            units = held.claims.get(collateral, {}).get(name, ZERO)
            if collateral == token:
                found[name, str(collateral)] = units
            elif _wraps(catalogue, str(collateral), token):
                inside = held.claims[token][catalogue.issuer_of[collateral]]
                found[name, str(collateral)] = units / held.units[collateral] * inside
    return found


def _wraps(catalogue: Catalogue, collateral: str, token: str) -> bool:
    if collateral not in catalogue.issuer_of:
        return False
    issuer = catalogue.system.issuers[catalogue.issuer_of[collateral]]
    return set(issuer.owns) == {token} and not (issuer.owes or issuer.outside)


def _less_pledged(
    catalogue: Catalogue,
    held: Holdings,
    token: str,
    pledged: dict[tuple[str, str], Fraction],
    units: Fraction,
) -> Fewer:
    """Return the changes that void pledged promises: their lender loses the collateral.

    Of a wrapper that has nothing else the shares stay, with nothing behind them.
    """
    changes: Fewer = {}
    for (position, collateral), behind in pledged.items():
        gone = min(units, behind)
        if not gone:
            continue
        units -= gone
        posted = held.claims[collateral][position]
        lost = posted * gone / behind
        if collateral != token:
            issuer = catalogue.issuer_of[collateral]
            inside = changes.get(f"{issuer}/owns/{token}", held.claims[token][issuer])
            changes[f"{issuer}/owns/{token}"] = inside - gone
            if inside == gone:
                continue
            out = changes.get(f"{collateral}/supply", held.units[collateral])
            changes[f"{collateral}/supply"] = out - lost
        changes[f"{position}/collateral/{collateral}"] = posted - lost
    return changes
