"""Lookups over a system: which issuer issues a token, what an id means, what a claim is called.

Claim ids: a token has its own; a loan taken is ``Stream/owes/Elixir``; what is left of an issuer
without shares is ``Stream/equity``; the supply of a market is the market's id (``market/token``
where it lends several); a position's claims are ``position/debt`` (``position/debt/token`` where it
owes several) and ``position/equity``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from looprisk.engine.baskets import Baskets
from looprisk.engine.tables import Crowd, Grouped, grouped
from looprisk.errors import NotCarriedError, UnknownValueError
from looprisk.model.issuers import Issuer
from looprisk.model.markets import Market
from looprisk.model.positions import LoanPosition, PerpPosition, TablePosition
from looprisk.model.system import System
from looprisk.model.tokens import Par, Share
from looprisk.model.values import Value


@dataclass(frozen=True)
class Catalogue:
    """Names of one system, resolved."""

    system: System
    written: System | None = None
    """The same with copies of tokens as they are written; None where there are none."""

    @cached_property
    def issuer_of(self) -> dict[str, str]:
        """The issuer of every token."""
        return {
            token: name for name, issuer in self.system.issuers.items() for token in issuer.issues
        }

    @cached_property
    def tokens(self) -> dict[str, Share | Par]:
        """Every receipt token."""
        return {
            token: receipt
            for issuer in self.system.issuers.values()
            for token, receipt in issuer.issues.items()
        }

    @cached_property
    def loans(self) -> dict[str, LoanPosition]:
        """Positions that are accounts in a market; a crowd of accounts counts as one."""
        listed = {
            name: position
            for name, position in self.system.positions.items()
            if isinstance(position, LoanPosition)
        }
        for table in self.tables.values():
            listed |= {name: crowd.position for name, crowd in table.crowds.items()}
            listed |= table.apart
            if table.baskets is not None:
                listed[table.baskets.id] = table.baskets.position
        return listed

    @cached_property
    def tables(self) -> dict[str, Grouped]:
        """Tables of accounts, each taken apart into crowds and accounts that stand alone."""
        return {
            name: grouped(name, position, self.system.markets[position.market])
            for name, position in self.system.positions.items()
            if isinstance(position, TablePosition)
        }

    @cached_property
    def crowds(self) -> dict[str, Crowd]:
        """Accounts of a table that differ in their amounts alone."""
        return {
            name: crowd for table in self.tables.values() for name, crowd in table.crowds.items()
        }

    @cached_property
    def crowds_of(self) -> dict[str, tuple[str, ...]]:
        """The crowds that owe to every supply that has some."""
        found: dict[str, list[str]] = {}
        for name, crowd in self.crowds.items():
            for token in self.debt_tokens(name):
                found.setdefault(self.supply_of(crowd.position.market, token), []).append(name)
        return {supply: tuple(names) for supply, names in found.items()}

    @cached_property
    def baskets(self) -> dict[str, Baskets]:
        """Tables with many accounts of several collaterals or debts."""
        found = (table.baskets for table in self.tables.values())
        return {whole.id: whole for whole in found if whole is not None}

    @cached_property
    def summed(self) -> frozenset[str]:
        """The ids in :attr:`loans` that stand for many accounts of a table."""
        return frozenset({*self.crowds, *self.baskets})

    @cached_property
    def legs(self) -> dict[str, PerpPosition]:
        """Positions that are legs on a venue."""
        return {
            name: position
            for name, position in self.system.positions.items()
            if isinstance(position, PerpPosition)
        }

    @cached_property
    def accounts_of(self) -> dict[str, tuple[str, ...]]:
        """The accounts in markets of every issuer that owns some."""
        return _by_owner(self.loans)

    @cached_property
    def legs_of(self) -> dict[str, tuple[str, ...]]:
        """The legs on venues of every issuer that owns some."""
        return _by_owner(self.legs)

    @cached_property
    def lent_by(self) -> dict[str, tuple[tuple[str, str, str | None], ...]]:
        """(borrower, loan, unit of the loan) of every loan that an issuer gave."""
        found: dict[str, list[tuple[str, str, str | None]]] = {}
        for name, issuer in self.system.issuers.items():
            for loan, terms in issuer.owes.items():
                found.setdefault(str(terms.to), []).append((name, loan, terms.amount.of))
        return {lender: tuple(loans) for lender, loans in found.items()}

    def loan_token(self, market: str) -> str:
        """Return the one token that a market lends."""
        lends = self.system.markets[market].lends
        if len(lends) != 1:
            raise NotCarriedError(f"markets/{market}/lends: a market that lends several tokens")
        return next(iter(lends))

    @cached_property
    def supplies(self) -> dict[str, tuple[str, str]]:
        """(market, loan token) of every supply claim, by its id."""
        return {
            self.supply_of(name, token): (name, token)
            for name, market in self.system.markets.items()
            for token in market.lends
        }

    @cached_property
    def supply_ids(self) -> dict[str, str]:
        """The supply claim by each way to write it.

        ``market/token``, and ``market`` where it lends one.
        """
        long = {f"{name}/{token}": supply for supply, (name, token) in self.supplies.items()}
        return long | {supply: supply for supply in self.supplies}

    def supply_of(self, market: str, token: str) -> str:
        """Return the supply claim of a loan token.

        The market's id, or ``market/token`` of several.
        """
        return market if len(self.system.markets[market].lends) == 1 else f"{market}/{token}"

    def debt_tokens(self, position: str) -> tuple[str, ...]:
        """Return the loan tokens that an account owes.

        A loop owes the first that its e-mode may borrow, without one the first that the market
        lends.
        """
        part = self.loans[position]
        market = self.system.markets[part.market]
        borrows = market.e_modes[part.e_mode].borrows if part.e_mode is not None else ()
        return tuple(part.debt) or (str(next(iter(borrows or market.lends))),)

    def debt_claims(self, position: str) -> dict[str, str]:
        """Return the claim on an account by each loan token that it owes."""
        tokens = self.debt_tokens(position)
        if len(tokens) == 1:
            return {tokens[0]: f"{position}/debt"}
        return {token: f"{position}/debt/{token}" for token in tokens}

    def positions_in(self, market: str) -> tuple[tuple[str, LoanPosition], ...]:
        """Return the accounts of a market."""
        return self._by_market.get(market, ())

    @cached_property
    def _by_market(self) -> dict[str, tuple[tuple[str, LoanPosition], ...]]:
        found: dict[str, list[tuple[str, LoanPosition]]] = {}
        for name, position in self.loans.items():
            found.setdefault(position.market, []).append((name, position))
        return {market: tuple(accounts) for market, accounts in found.items()}

    def residual_claims(self, name: str, issuer: Issuer) -> tuple[tuple[str, Fraction], ...]:
        """Return (claim, weight of a unit) of what is left: shares, else the equity."""
        shares = {t: r for t, r in issuer.issues.items() if isinstance(r, Share)}
        if not shares:
            return ((f"{name}/equity", Fraction(1)),)
        return tuple(
            (token, Fraction(1) if share.weight is None else known(share.weight, token, "weight"))
            for token, share in shares.items()
        )

    def ranked_claims(self, name: str, issuer: Issuer) -> tuple[str, ...]:
        """Return the claims with a face: loans taken and par tokens."""
        loans = [f"{name}/owes/{loan}" for loan in issuer.owes]
        return (*loans, *(t for t, r in issuer.issues.items() if isinstance(r, Par)))

    def ranks(self, name: str, issuer: Issuer) -> dict[str, int]:
        """Return the place of every ranked claim in ``pays``, first is 0."""
        claims = self.ranked_claims(name, issuer)
        if issuer.pays is None:
            return dict.fromkeys(claims, 0)
        if issuer.pays == "unknown":
            raise unknown(f"{name}/pays")
        place: dict[str, int] = {}
        for rank, names in enumerate(issuer.pays):
            for word in names:
                if word == "debts":
                    continue
                claim = f"{name}/owes/{word}" if word in issuer.owes else str(word)
                place[claim] = rank
        debts = next((r for r, names in enumerate(issuer.pays) if "debts" in names), None)
        if debts is not None:
            for loan in issuer.owes:
                place.setdefault(f"{name}/owes/{loan}", debts)
        return {claim: place[claim] for claim in claims}


def _by_owner(
    positions: Mapping[str, LoanPosition] | Mapping[str, PerpPosition],
) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, position in positions.items():
        if position.owner is not None:
            found.setdefault(str(position.owner), []).append(name)
    return {owner: tuple(names) for owner, names in found.items()}


def known(value: Value, *path: str) -> Fraction:
    """Return the number of a value, or name the path of the one that is missing."""
    if not value.known:
        raise unknown("/".join(path), value)
    return value.number


def unknown(path: str, value: Value | None = None) -> UnknownValueError:
    """Return the error for a value that the answer needs and nobody knows."""
    what = "unknown" if value is None or value.is_unknown else f"an interval, {value.text}"
    return UnknownValueError(
        f"{path} is {what}, and the answer depends on it: "
        f"fill it in a file that includes this one, or try a value with --set {path}=…",
        paths=(path,),
    )


def is_isolated(market: Market) -> bool:
    """Return whether each loan of the market stands on its own collateral."""
    return market.protocol.shape == "isolated"
