"""What an oracle reads and what a collateral sells for (SEMANTICS 4.1)."""

from __future__ import annotations

from fractions import Fraction

from looprisk.engine.affine import Affine, NotAffineError
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.world import World
from looprisk.errors import NotCarriedError, NotExactError
from looprisk.model.tokens import Oracle, Par, Share
from looprisk.model.values import Value

YEAR = 365 * 24 * 3600


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
    if kind in {"market", "nav"} and target in world.catalogue.supply_ids:
        return _supply_reading(world, kind, target)
    if kind == "market":
        return _market_reading(world, target, collateral)
    if kind == "nav":
        return _nav_reading(world, target, collateral)
    if part is not None and part.kind == "fixed" and part.price is not None:
        return _usd_line(world, part.price, oracle, "price")
    if part is not None and part.kind == "pt_discount":
        return _discounted(world, oracle, part, target)
    if part is not None and part.kind == "capped":
        return _capped(world, oracle, part, collateral)
    raise NotCarriedError(
        f"{oracle}/kind: a {kind} oracle reads prices of the past, which need `time`: write "
        "the price it "
        "reports as `fixed`"
    )


def cap_of(world: World, oracle: str, collateral: str) -> Affine | None:
    """Return the cap of an oracle that reads the lesser of it and the collateral's own price.

    Else None.
    """
    part = world.catalogue.system.oracles.get(oracle)
    if part is None or part.kind != "capped" or world.reading(oracle, collateral) is not None:
        return None
    if reading_of(world, str(part.base or "market"), collateral) is not None or part.cap is None:
        return None
    return _usd_line(world, part.cap, oracle, "cap")


def bends(world: World) -> tuple[Fraction, ...]:
    """Return the shock fractions inside a stretch at which a capped oracle meets its cap."""
    found: set[Fraction] = set()
    for name, part in world.catalogue.system.oracles.items():
        if part.kind != "capped" or part.cap is None:
            continue
        cap = _usd_line(world, part.cap, name, "cap")
        for market in world.catalogue.system.markets.values():
            for collateral, terms in market.collateral.items():
                if terms.oracle == name:
                    base = reading_of(world, str(part.base or "market"), collateral)
                    met = base.crossing(cap) if base is not None and not base.reads else None
                    if met is not None and world.lo < met < world.hi:
                        found.add(met)
    return tuple(found)


def _capped(world: World, oracle: str, part: Oracle, collateral: str) -> Affine | None:
    """Return the lesser of the cap and the base.

    The base alone where that is the collateral's own price.
    """
    base = reading_of(world, str(part.base or "market"), collateral)
    if base is None or part.cap is None:
        return None
    cap = _usd_line(world, part.cap, oracle, "cap")
    if base.reads or cap.reads:
        raise NotExactError(
            f"{oracle}: a cap on a price that a claim decides; write the price as `fixed`"
        )
    return min(base, cap, key=lambda line: line.at(world.middle))


def _discounted(world: World, oracle: str, part: Oracle, target: str) -> Affine:
    """Return par less a discount that falls to zero on a straight line until maturity."""
    receipt = world.catalogue.tokens.get(target)
    as_of = world.catalogue.system.as_of
    if not isinstance(receipt, Par) or part.discount is None or part.matures is None:
        raise NotCarriedError(f"{oracle}/of: a discount to maturity needs a token of kind `par`")
    if as_of is None:
        raise NotCarriedError(f"{oracle}: a discount to maturity needs the day: write `as_of`")
    left = max(Fraction(0), known(part.matures, oracle, "matures") - known(as_of, "as_of"))
    rate = known(part.discount, oracle, "discount")
    par = known(receipt.par, target, "par")
    return _underlying(world, oracle, part, receipt) * (par * (1 - rate * left / YEAR))


def _underlying(world: World, oracle: str, part: Oracle, receipt: Par) -> Affine:
    """Return what the unit of a promise is worth: as the base oracle reads it.

    Without a base what sellers get for the unit, where that is quoted, else its par.
    """
    unit = receipt.par.of
    if part.base is None or unit is None:
        sold = world.quote(unit) if unit in world.catalogue.tokens else None
        return _at_par(world, unit) if sold is None else sold
    read = reading_of(world, part.base, unit)
    if read is not None:
        return read
    if unit in world.catalogue.system.assets:
        return world.price(unit)
    raise NotExactError(
        f"{oracle}/base: `{part.base}` reads a price of {unit} that a claim decides: quote it with "
        "`market_price`, or name a `fixed` oracle"
    )


def _at_par(world: World, unit: str | None) -> Affine:
    """Return what a promise counts in: dollars, an asset, or the par of another promise."""
    receipt = world.catalogue.tokens.get(unit) if unit else None
    if receipt is None:
        return world.price(unit) if unit else Affine(Fraction(1))
    if isinstance(receipt, Par):
        return _at_par(world, receipt.par.of) * known(receipt.par, str(unit), "par")
    raise NotCarriedError(
        f"a discount to maturity of a promise in units of {unit}, which is a share"
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
            f"an oracle reads the price of {target} for {collateral}: reading one token and "
            "selling "
            "another has no exact solution; quote it with `market_price`, or add `time`"
        )
    return quote


def _nav_reading(world: World, target: str, collateral: str) -> Affine | None:
    if target in world.catalogue.system.assets:
        return None if target == collateral else world.price(target)
    target = target.partition("/")[0]  # a copy behind a bridge shows the book of its token
    receipt = world.catalogue.tokens[target]
    if isinstance(receipt, Par):
        return _usd_line(world, receipt.par, target, "par")
    if receipt.book_price is not None:
        if world.recognised(world.catalogue.issuer_of[target]):
            _must_sell_at_book(world, target, collateral)
            return None
        return _usd_line(world, receipt.book_price, target, "book_price")
    if target in world.navs:
        return Affine(world.navs[target])
    # a computed book has bends of its own: it is read point by point
    raise NotAffineError


def computed_navs(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the tokens and supplies whose computed book price a nav oracle reads."""
    found = set()
    for market in catalogue.system.markets.values():
        every = [market.collateral, *(mode.collateral for mode in market.e_modes.values())]
        for collateral, terms in (pair for accepted in every for pair in accepted.items()):
            target = _nav_target(catalogue, str(terms.oracle), collateral)
            if target is None:
                continue
            receipt = catalogue.tokens.get(target)
            is_computed = isinstance(receipt, Share) and receipt.book_price is None
            if is_computed or _realises(catalogue, target):
                found.add(target)
    return tuple(sorted(found))


def _nav_target(catalogue: Catalogue, oracle: str, collateral: str) -> str | None:
    """Return whose book an oracle reads, None where it reads no book."""
    part = catalogue.system.oracles.get(oracle)
    if part is None:
        return _booked(catalogue, collateral) if oracle == "nav" else None
    if part.kind == "capped":
        return _nav_target(catalogue, str(part.base or "market"), collateral)
    return _booked(catalogue, str(part.of or collateral)) if part.kind == "nav" else None


def _booked(catalogue: Catalogue, thing: str) -> str:
    """Return the claim whose book price is that of a collateral: the token of a copy, a supply."""
    return catalogue.supply_ids.get(thing, thing.partition("/")[0])


def _realises(catalogue: Catalogue, target: str) -> bool:
    """Return whether a target is a supply whose book bad debt lowers."""
    market, _ = catalogue.supplies.get(target, ("", ""))
    return bool(market) and catalogue.system.markets[market].realises_bad_debt


def _supply_reading(world: World, kind: str, target: str) -> Affine | None:
    """Return what is read for a supply: the price of what was lent, where bad debt is not realised.

    An aToken counts at the price of its underlying, whatever its reserve has lost.
    """
    market, token = world.catalogue.supplies[world.catalogue.supply_ids[target]]
    part = world.catalogue.system.markets[market]
    if not part.realises_bad_debt:
        underlying = reading_of(world, kind, token)
        return world.price(token) if underlying is None else underlying
    if kind == "market":
        return None
    supply = world.catalogue.supply_ids[target]
    if supply in world.navs:
        return Affine(world.navs[supply])
    raise NotAffineError


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
