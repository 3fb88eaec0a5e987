"""What an oracle reads and what a collateral sells for (SEMANTICS 4.1)."""

from __future__ import annotations

from looprisk.engine.affine import Affine
from looprisk.engine.catalogue import known
from looprisk.engine.world import World
from looprisk.errors import NotCarriedError, NotExactError
from looprisk.model.tokens import Oracle, Par
from looprisk.model.values import Value


def reading_of(world: World, oracle: str, collateral: str) -> Affine | None:
    """Return what an oracle reads for a unit of collateral, in USD.

    None means the collateral's own price: what backs it for a token, its market for an asset.
    """
    wrong = world.reading(oracle, collateral)
    if wrong is not None:
        return wrong
    part = world.catalogue.system.oracles.get(oracle)
    kind = part.kind if part is not None else oracle
    target = str(part.of) if part is not None and part.of else collateral
    if kind == "market":
        return _market_reading(world, target, collateral)
    if kind == "nav":
        return _nav_reading(world, target, collateral)
    if part is not None and part.kind == "fixed" and part.price is not None:
        return _usd_line(world, part.price, oracle, "price")
    raise _later(oracle, part)


def _later(oracle: str, part: Oracle | None) -> NotCarriedError:
    kind = part.kind if part is not None else oracle
    return NotCarriedError(
        f"{oracle}/kind: a {kind} oracle is in the language and not yet in the static engine: "
        "write the price it reports as `fixed`, or `market` or `nav`"
    )


def _usd_line(world: World, price: Value, *path: str) -> Affine:
    number = known(price, *path)
    return world.price(price.of) * number if price.of else Affine(number)


def _market_reading(world: World, target: str, collateral: str) -> Affine | None:
    if target in world.catalogue.system.assets:
        return None if target == collateral else world.price(target)
    quote = world.quote(target)
    if quote is None and target != collateral:
        raise NotExactError(
            f"an oracle reads the price of {target} for {collateral}: reading one token and selling "
            "another has no exact solution; quote it with `market_price`, or add `time`"
        )
    return quote


def _nav_reading(world: World, target: str, collateral: str) -> Affine | None:
    if target in world.catalogue.system.assets:
        return None if target == collateral else world.price(target)
    receipt = world.catalogue.tokens[target]
    issuer = world.catalogue.issuer_of[target]
    if world.recognised(issuer):
        _must_sell_at_book(world, target, collateral)
        return None
    if isinstance(receipt, Par):
        return _usd_line(world, receipt.par, target, "par")
    if receipt.book_price is not None:
        return _usd_line(world, receipt.book_price, target, "book_price")
    raise NotCarriedError(
        f"{target}: a nav oracle that reads a computed book price is in the language and not yet in "
        f"the static engine: give {target} a `book_price`"
    )


def _must_sell_at_book(world: World, target: str, collateral: str) -> None:
    """After recognition the book is the economic value; it must also be the price of a sale."""
    if target != collateral or world.quote(target) is not None:
        raise NotExactError(
            f"the book of {target} follows its value while {collateral} sells at a quoted price: "
            "there is no exact solution; leave the quote out, or add `time`"
        )


def sells_at_quote(world: World, collateral: str) -> Affine | None:
    """Return what a unit of collateral sells for, None where that is its own price."""
    if collateral in world.catalogue.system.assets:
        return None
    return world.quote(collateral)
