"""The weights of the one incentive that an account with several collaterals has (SEMANTICS 4.3)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from looprisk.engine.catalogue import Catalogue
from looprisk.engine.legs import terms_of
from looprisk.engine.state import ZERO, State
from looprisk.model.markets import CollateralTerms


def weighed(catalogue: Catalogue, state: State) -> tuple[str, ...]:
    """Return the accounts whose collaterals are not all liquidated on the same terms."""
    return tuple(
        name
        for name in catalogue.loans
        if len(collateral := state.accounts[name].collateral) > 1
        and len({_terms(catalogue, name, thing) for thing in collateral}) > 1
    )


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
