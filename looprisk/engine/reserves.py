"""Markets: one node for each loan token, with its suppliers.

Insurance and reserves (SEMANTICS 4.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from looprisk.engine.affine import Affine, affine
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.holdings import shares
from looprisk.engine.maker import Maker
from looprisk.engine.skeleton import ZERO, Claim, Node
from looprisk.engine.waterfall import Ranked, waterfall
from looprisk.errors import ModelError, Problem

ONE = Fraction(1)


def insurance(catalogue: Catalogue, supply: str) -> Fraction:
    """Return what covers the bad debt of a supply before its holders lose, in USD.

    Raises ModelError where one sum covers several loan tokens: nobody says whose bad debt comes
    first.
    """
    market, token = catalogue.supplies[supply]
    part = catalogue.system.markets[market]
    cover = part.lends[token].insurance
    if cover is not None:
        return known(cover, market, "lends", token, "insurance")
    if part.insurance is None:
        return Fraction(0)
    if len(part.lends) > 1:
        tokens = f"{len(part.lends)} tokens"
        message = f"insurance: {market} lends {tokens}: whose bad debt does it cover?"
        help_ = "write `insurance` under each token in `lends`"
        raise ModelError([Problem(("markets", market, "insurance"), message, help_)])
    return known(part.insurance, market, "insurance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """The numbers that the node of a loan token is made from."""

    supply: str
    price: Affine
    """Of the loan token, in USD."""
    cash: Fraction
    """Loan tokens, with the debts of borrowers that are not listed."""
    units: Fraction
    """Loan tokens that suppliers are owed."""
    owners: Mapping[str, Fraction]
    """Units of everybody inside who holds some."""
    cover: Fraction | None
    """USD of an insurance; None where there is none."""


def reserve(make: Maker, supply: str) -> Reserve:
    """Return the numbers of a loan token at this moment."""
    world, catalogue = make.world, make.catalogue
    market, token = catalogue.supplies[supply]
    cover = insurance(catalogue, supply)
    covered = bool(cover) or catalogue.system.markets[market].insurance is not None
    return Reserve(
        supply=supply,
        price=world.price(token),
        cash=world.before.cash[supply] + world.opening.unlisted(supply),
        units=make.held.units[supply],
        owners=make.held.claims.get(supply, {}),
        cover=cover if covered else None,
    )


def reserve_node(of: Reserve) -> Node:
    """Return the node of a loan token.

    Cash, what accounts repay and insurance; suppliers are paid first.

    Bad debt is borne by the reserves, then by the insurance, then by the suppliers. An account in
    an absorbing market leaves its gain outside, so reserves only fall.
    """
    supply = of.supply
    face = of.price * of.units
    holders = shares(of.owners, of.units)
    claim = Claim(id=supply, kind="supply", face=face, units=of.units, holders=holders)
    ranked = [Ranked(claim=claim, rank=0, face=face)]
    # cash in a token is a holding of that token, not an exogenous asset
    b = ZERO if of.price.reads else of.price * of.cash
    if of.cover is not None:
        b = b + of.cover
        fund = Claim(id=f"{supply}/insurance", kind="reserve", face=affine(of.cover))
        ranked.append(Ranked(claim=fund, rank=1, face=affine(of.cover)))
    reserves = Claim(id=f"{supply}/reserves", kind="reserve")
    split = waterfall(f"market {supply}", tuple(ranked), ((reserves, ONE),))
    return Node(id=supply, b=b, claims=split.claims, conditions=split.conditions, cells=split.cells)
