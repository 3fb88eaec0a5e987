"""Markets that take the collateral of an unhealthy account and sell it themselves (Compound III)."""

from tests.cascade.plain.prices import number, price_of


def absorbs(world, market):
    """Return whether a market absorbs."""
    return world.system.markets[market].protocol.shape == "absorbing"


def _reserve(world, market):
    return next(r for r in world.reserves.values() if r.market == market)


def discount(terms):
    """Return the discount of the storefront, ``f (1 - LF)``."""
    return number(terms.storefront) * (1 - number(terms.liquidation_factor))


def absorb(world, account, read):
    """Take an account whole: its debt is gone, its owner is credited supply."""
    market = world.system.markets[account.market]
    if market.liquidators == "absent":
        return
    reserve = _reserve(world, account.market)
    unit = price_of(world, reserve.token)
    debt = account.debts[reserve.token] * unit
    worth = {c: account.units[c] * o for c, o in read.items()}
    kept = sum(number(market.collateral[c].liquidation_factor) * w for c, w in worth.items())
    brings = sum((1 - discount(market.collateral[c])) * w for c, w in worth.items())
    credit = max(0.0, kept - debt)
    if credit:
        _credit(world, account, reserve, credit / unit)
    stock = world.stock[account.market]
    for collateral in read:
        stock[collateral] = stock.get(collateral, 0.0) + account.units[collateral]
        account.units[collateral] = 0.0
    account.debts[reserve.token] = 0.0
    world.log(6, account.name, "liquidated", debt)
    world.count("absorbed")
    if brings < debt:
        world.log(6, account.name, "bad_debt", debt - brings)


def _credit(world, account, reserve, tokens):
    units = tokens * reserve.units / reserve.supply if reserve.supply else tokens
    reserve.supply += tokens
    reserve.units += units
    world.count("credited")
    if account.owner is not None:
        holds = world.holders[account.owner].holds
        holds[reserve.id] = holds.get(reserve.id, 0.0) + units


def offers(world):
    """Return (market, collateral, units, least price) of all stock on sale."""
    found = []
    for market, stock in world.stock.items():
        part = world.system.markets[market]
        if part.liquidators == "absent":
            continue
        for collateral, units in stock.items():
            if units:
                terms = part.collateral[collateral]
                least = world.readings[str(terms.oracle), collateral] * (1 - discount(terms))
                found.append((market, collateral, units, least))
    return found


def sold(world, market, collateral, units, worth):
    """Take sold stock out: buyers pay the storefront's price, the rest of the sale is theirs."""
    if not units:
        return
    part, reserve = world.system.markets[market], _reserve(world, market)
    terms = part.collateral[collateral]
    paid = units * world.readings[str(terms.oracle), collateral] * (1 - discount(terms))
    stock = world.stock[market]
    left = stock[collateral] - units
    stock[collateral] = 0.0 if abs(left) <= 1e-15 * units else left
    reserve.cash += paid / price_of(world, reserve.token)
    world.leak("liquidators", worth - paid)
    world.count("stock sold")
    if collateral not in world.system.assets:
        world.leak("token_lenders", -worth)
    if reserve.token not in world.system.assets:
        world.leak("token_lenders", paid)
    if stock[collateral]:
        world.count("stock unsold")
