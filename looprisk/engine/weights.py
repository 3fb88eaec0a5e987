"""The weights of the one incentive that an account with several collaterals has (SEMANTICS 4.3)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from looprisk.engine.baskets import Baskets, Slot
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.legs import terms_in, terms_of
from looprisk.engine.state import ZERO, State
from looprisk.model.markets import CollateralTerms


def weighed(catalogue: Catalogue, state: State) -> tuple[str, ...]:
    """Return the accounts whose collaterals are not all liquidated on the same terms."""
    return tuple(
        name
        for name in catalogue.loans
        if name not in catalogue.baskets
        and len(collateral := state.accounts[name].collateral) > 1
        and len({_terms(catalogue, name, thing) for thing in collateral}) > 1
    )


def weighed_tables(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the tables of accounts of several legs that are not liquidated on the same terms."""
    return tuple(
        name
        for name, accounts in catalogue.baskets.items()
        if len({_terms_of_slot(catalogue, accounts, slot) for slot in accounts.slots}) > 1
    )


def _terms_of_slot(catalogue: Catalogue, accounts: Baskets, slot: Slot) -> Fraction | None:
    market = catalogue.system.markets[accounts.market]
    terms, _ = terms_in(catalogue, accounts.market, slot.e_mode or None, slot.collateral)
    return market.incentive(terms)


def readings(
    catalogue: Catalogue, name: str, read: Callable[[str, str], Fraction]
) -> tuple[Fraction, ...]:
    """Return what the oracles read for a unit in each slot of a table, by which they weigh."""
    accounts = catalogue.baskets[name]
    found = []
    for slot in accounts.slots:
        mode = slot.e_mode or None
        terms, _ = terms_in(catalogue, accounts.market, mode, slot.collateral)
        found.append(read(str(terms.oracle), slot.collateral))
    return tuple(found)


def _terms(catalogue: Catalogue, name: str, collateral: str) -> tuple[Fraction | None, ...]:
    terms, _ = terms_of(catalogue, name, collateral)
    market = catalogue.system.markets[catalogue.loans[name].market]
    return (market.incentive(terms), *_absorption(terms))


def _absorption(terms: CollateralTerms) -> tuple[Fraction | None, ...]:
    both = (terms.liquidation_factor, terms.storefront)
    return tuple(value.number if value is not None else None for value in both)


def weights(
    catalogue: Catalogue, state: State, name: str, read: Callable[[str, str], Fraction]
) -> tuple[Fraction, ...]:
    """Return the share of each collateral of an account in the whole, as its oracles read it.

    ``read`` says what an oracle reads for a unit of a collateral before the stage, in USD. An
    account that is worth nothing weighs its collaterals alike.
    """
    account = state.accounts[name].collateral
    values = [
        units * read(str(terms_of(catalogue, name, thing)[0].oracle), thing)
        for thing, units in account.items()
    ]
    whole = sum(values, ZERO)
    if not whole:
        return (Fraction(1, len(values)),) * len(values)
    return tuple(value / whole for value in values)
