"""Markets: one node for each loan token, with its suppliers.

Insurance and reserves (SEMANTICS 4.3).
"""

from __future__ import annotations

from fractions import Fraction

from looprisk.engine.affine import affine
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.holdings import unlisted_debt
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


def reserve_node(make: Maker, supply: str) -> Node:
    """Return the node of a loan token.

    Cash, what accounts repay and insurance; suppliers are paid first.

    Bad debt is borne by the reserves, then by the insurance, then by the suppliers. An account in
    an absorbing market leaves its gain outside, so reserves only fall.
    """
    world, catalogue = make.world, make.catalogue
    market, token = catalogue.supplies[supply]
    price = world.price(token)
    cash = world.before.cash[supply] + unlisted_debt(catalogue, world.start, supply)
    face = price * make.held.units[supply]
    claim = Claim(
        id=supply,
        kind="supply",
        face=face,
        units=make.held.units[supply],
        holders=make.held.shares(supply),
    )
    ranked = [Ranked(claim=claim, rank=0, face=face)]
    # cash in a token is a holding of that token, not an exogenous asset
    b = ZERO if price.reads else price * cash
    cover = insurance(catalogue, supply)
    if cover or catalogue.system.markets[market].insurance is not None:
        b = b + cover
        fund = Claim(id=f"{supply}/insurance", kind="reserve", face=affine(cover))
        ranked.append(Ranked(claim=fund, rank=1, face=affine(cover)))
    reserves = Claim(id=f"{supply}/reserves", kind="reserve")
    split = waterfall(f"market {supply}", tuple(ranked), ((reserves, ONE),))
    return Node(id=supply, b=b, claims=split.claims, conditions=split.conditions, cells=split.cells)
