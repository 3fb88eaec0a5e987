"""The exogenous side of a system between stages: prices, quotes, losses, hedges, accounts.

A stage turns one state into the next (:mod:`looprisk.engine.strike`); a shock fraction ``s`` stands
between the two. States are frozen: a stage returns a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from looprisk.engine.baskets import Baskets
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.steps import Steps
from looprisk.errors import NotCarriedError
from looprisk.model.check_markets import accepted
from looprisk.model.positions import LoanPosition
from looprisk.model.values import Value

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a leg closed by auto-deleveraging: share of the leg, price in USD."""

    share: Fraction
    price: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a loan position has left: units of each collateral and of each debt."""

    collateral: Mapping[str, Fraction]
    debts: Mapping[str, Fraction]
    credit: Fraction = ZERO
    """Loan tokens that an absorbing market owes the owner after a liquidation."""
    income: Fraction = ZERO
    """Loan tokens that an absorbing market gained by the liquidation, outside its reserves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything that no claim of the system decides. Money in USD, amounts in tokens."""

    prices: Mapping[str, Fraction]
    """Of every asset, in the unit it is priced in."""
    quotes: Mapping[str, Fraction]
    """What a seller gets for a token, in USD, where the scenario says so."""
    quoted_from: Mapping[str, Fraction] = field(default_factory=dict)
    """The quote of a token before its first depeg, which a fall in percent is counted from."""
    lost: Mapping[tuple[str, str], Fraction] = field(default_factory=dict)
    """(issuer, pile): loss so far, in USD."""
    venue_lost: Mapping[str, Fraction] = field(default_factory=dict)
    """The share of every claim on a venue that is gone."""
    caps: Mapping[str, Fraction] = field(default_factory=dict)
    """Claim: the share of its face that it pays at most."""
    recognised: frozenset[str] = frozenset()
    readings: Mapping[tuple[str, str], Fraction] = field(default_factory=dict)
    """(oracle, collateral): a frozen or wrong reading, in USD."""
    closed: frozenset[str] = frozenset()
    """Legs that the venue has closed."""
    cuts: Mapping[str, tuple[Cut, ...]] = field(default_factory=dict)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    crowds: Mapping[str, Steps] = field(default_factory=dict)
    """Crowds of which some were liquidated, as they stand; the others are as written."""
    baskets: Mapping[str, Baskets] = field(default_factory=dict)
    """Tables of accounts of several legs of which some were liquidated, in the same way."""
    cash: Mapping[str, Fraction] = field(default_factory=dict)
    """Supply claim: loan tokens that are not lent."""
    minted: Mapping[str, Fraction] = field(default_factory=dict)
    """Token: units without backing."""
    redeemed: Mapping[str, Fraction] = field(default_factory=dict)
    """Token: units that left in runs."""
    paid: Mapping[str, Fraction] = field(default_factory=dict)
    """Claim: what those who left were paid, in USD."""
    withdrawn: Mapping[str, Fraction] = field(default_factory=dict)
    """Supply claim: loan tokens taken out."""
    owned: Mapping[tuple[str, str], Fraction] = field(default_factory=dict)
    """(issuer, asset or supply claim): units left after paying out."""
    gated: frozenset[str] = frozenset()
    """Tokens, issuers and markets that paid less than was asked."""


def start_state(catalogue: Catalogue) -> State:
    """Return the state of a system before any shock."""
    system = catalogue.system
    prices = {name: known(a.price, name, "price") for name, a in system.assets.items()}
    state = State(prices=prices, quotes={})
    quotes = {
        token: usd(catalogue, state, receipt.market_price, token, "market_price")
        for token, receipt in catalogue.tokens.items()
        if receipt.market_price is not None
    }
    accounts = {name: _account(catalogue, state, name) for name in catalogue.loans}
    cash = {
        supply: known(system.markets[market].lends[token].cash, market, "lends", token, "cash")
        for supply, (market, token) in catalogue.supplies.items()
    }
    return replace(state, quotes=quotes, quoted_from=quotes, accounts=accounts, cash=cash)


def usd(catalogue: Catalogue, state: State, price: Value, *path: str) -> Fraction:
    """Return a price in USD: ``$1.2`` as it is, ``1.2 ETH`` at the state's price of ETH."""
    number = known(price, *path)
    return number * asset_usd(catalogue, state, price.of) if price.of else number


def asset_usd(catalogue: Catalogue, state: State, asset: str) -> Fraction:
    """Return the USD price of an asset that may be priced in another."""
    part = catalogue.system.assets.get(asset)
    if part is None:
        raise NotCarriedError(
            f"a value in units of `{asset}`, which is a token: an endogenous unit "
            "is not carried here; write it in dollars or in an asset"
        )
    price = state.prices[asset]
    return price * asset_usd(catalogue, state, part.price.of) if part.price.of else price


def _account(catalogue: Catalogue, state: State, name: str) -> Account:
    position = catalogue.loans[name]
    if position.loop is None:
        return written(catalogue, name)
    (loan,) = catalogue.debt_tokens(name)
    return looped(catalogue, state, position, loan)


def looped(catalogue: Catalogue, state: State, position: LoanPosition, loan: str) -> Account:
    """Return what a loop holds and owes, set at the prices of the state."""
    assert position.loop is not None  # noqa: S101  (who asks has looked)
    market = catalogue.system.markets[position.market]
    collateral = position.loop.equity.of or next(iter(accepted(market, position.e_mode)))
    units_ = position.loop.units
    debt_usd = position.loop.borrowed * _unit_usd(catalogue, state, collateral)
    debt = debt_usd / asset_usd(catalogue, state, loan)
    return Account(collateral={collateral: units_}, debts={loan: debt})


def written(catalogue: Catalogue, name: str) -> Account:
    """Return an account as its collateral and debt are written."""
    position = catalogue.loans[name]
    units = {c: known(n, name, "collateral", c) for c, n in position.collateral.items()}
    debts = {t: known(n, name, "debt", t) for t, n in position.debt.items()}
    return Account(
        collateral=units, debts=debts or dict.fromkeys(catalogue.debt_tokens(name), ZERO)
    )


def _unit_usd(catalogue: Catalogue, state: State, collateral: str) -> Fraction:
    """Return the start price of a collateral: its quote, its book price, or the asset's price."""
    if collateral in catalogue.system.assets:
        return asset_usd(catalogue, state, collateral)
    if collateral in catalogue.supplies:
        return _unit_usd(catalogue, state, catalogue.supplies[collateral][1])
    receipt = catalogue.tokens[collateral]
    posted = receipt.market_price or getattr(receipt, "book_price", None)
    if posted is None:
        posted = getattr(receipt, "par", None)
    if posted is None:
        raise NotCarriedError(
            f"a loop on {collateral}, whose start price has to be computed: "
            "give the token a `book_price`, or write `collateral` and `debt`"
        )
    if posted.of in catalogue.tokens:
        return known(posted, collateral) * _unit_usd(catalogue, state, posted.of)
    return usd(catalogue, state, posted, collateral)
