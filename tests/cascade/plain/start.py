"""The state at the start: the parsed system, read into plain numbers."""

from looprisk.model.check_markets import accepted
from looprisk.model.positions import LoanPosition, PerpPosition
from looprisk.model.tokens import Par
from tests.cascade.plain.draws import generated
from tests.cascade.plain.prices import number, points, start_price, start_usd
from tests.cascade.plain.state import (
    Account,
    Holder,
    Leg,
    Loan,
    Pool,
    Reserve,
    Token,
    Trader,
    World,
)


def build(system, scenario, tables=None, path=0):
    """Return the world before its first step; ``path`` is the number of a generated one."""
    clock = scenario.time
    step = number(clock.step)
    origin = clock.start if clock.start is not None else system.as_of
    world = World(
        system=system,
        scenario=scenario,
        clock=clock,
        step=step,
        steps=round(number(clock.horizon) / step),
        epoch=None if origin is None else float(origin.number),
    )
    world.path = _paths(world, path) if scenario.paths is not None else {}
    _tokens(world)
    for name, position in system.positions.items():
        add_position(world, name, position)
    _reserves(world)
    _holders(world)
    for trader in world.traders:
        if trader.owner is not None:
            world.holders[trader.owner].hedges |= {leg.token for leg in trader.legs}
    _prices(world)
    for name, part in system.liquidity.items():
        world.pools[name] = pool_of(world, name, part, tables or {})
    world.funds = {name: number(venue.insurance) for name, venue in system.venues.items()}
    world.stock = {
        name: dict.fromkeys(market.collateral, 0.0) for name, market in system.markets.items()
    }
    return world


def _paths(world, path):
    rule = world.scenario.paths.generate
    if rule is None:
        return points(world.scenario.paths)
    prices = {name: world.system.assets[name].price for name in world.system.assets}
    start = {name: number(price) for name, price in prices.items()}
    drawn = generated(rule, path, world.step, world.steps, start)
    return {name: [(t, x, prices[name].of) for t, x in line] for name, line in drawn.items()}


def receipts(system):
    """Return (issuer, token, receipt) of every token of the system."""
    return [
        (issuer, token, receipt)
        for issuer, part in system.issuers.items()
        for token, receipt in part.issues.items()
    ]


def _tokens(world):
    for issuer, token, receipt in receipts(world.system):
        world.tokens[token] = Token(token, issuer, number(receipt.supply))
        if receipt.market_price is not None:
            world.quotes[token] = start_usd(world.system, receipt.market_price)
    for token, path in world.path.items():
        if token in world.tokens and token not in world.quotes:
            unit = path[0][2]
            world.quotes[token] = path[0][1] * (start_price(world.system, unit) if unit else 1.0)
    world.start_quotes = dict(world.quotes)


def _prices(world):
    names = [*world.system.assets, *world.quotes]
    for leg in (leg for _, leg in world.legs()):
        if leg.token not in names:
            world.marks[leg.token] = leg.entry
    for name in names:
        asset = name in world.system.assets
        price = start_price(world.system, name) if asset else world.quotes[name]
        world.E[name] = world.before[name] = world.P[name] = price
        world.m[name] = 1.0


def _measured(curve):
    if curve.table is None or curve.table.series is None:
        return []
    columns = curve.table.series.columns
    return [(float(u), float(f)) for u, f in zip(columns["sold"], columns["price"], strict=True)]


def pool_of(world, name, part, tables):
    curve, thins = part.curve, part.thins
    calm = number(thins.calm) if thins is not None else 0.0
    return Pool(
        name=name,
        of=str(part.of),
        kind=curve.kind,
        depth=number(curve.depth, 1.0),
        eta=number(thins.with_price) if thins is not None else 0.0,
        zeta=number(thins.with_volatility) if thins is not None else 0.0,
        calm=calm,
        window=number(thins.window) if thins is not None else 0.0,
        refill=number(thins.refills_in) if thins is not None else 0.0,
        table=sorted(tables.get(str(curve.table)) or _measured(curve)),
        start_price=world.P[str(part.of)],
        sigma=calm,
    )


def supply_id(system, market, token):
    return market if len(system.markets[market].lends) == 1 else f"{market}/{token}"


def supply_name(world, thing):
    """Return the supply claim that ``market`` or ``market/token`` means, else the thing itself."""
    market, _, token = thing.partition("/")
    if market in world.system.markets:
        lends = world.system.markets[market].lends
        return supply_id(world.system, market, token or next(iter(lends)))
    return thing


def add_position(world, name, position):
    """Enter a position: an account, a leg, or the rows of a table."""
    if isinstance(position, PerpPosition):
        _leg(world, name, position)
    elif isinstance(position, LoanPosition):
        units, debts = _amounts(world.system, position)
        world.accounts[name] = Account(
            name, str(position.market), position.owner, position.e_mode, units, debts
        )
    else:
        _rows(world, name, position)


def _rows(world, name, position):
    table = position.accounts
    columns = {
        key: [float(x or 0) for x in raw.decode().split("\n")] for key, raw in table.amounts.items()
    }
    modes = table.modes() or [""] * table.rows
    for row, mode in zip(range(table.rows), modes, strict=True):
        amounts = {key: column[row] for key, column in columns.items()}
        world.accounts[f"{name}/{row}"] = Account(
            f"{name}/{row}",
            str(position.market),
            position.owner,
            mode or None,
            {
                key.removeprefix("collateral/"): x
                for key, x in amounts.items()
                if key.startswith("c")
            },
            {key.removeprefix("debt/"): x for key, x in amounts.items() if key.startswith("d")},
            table=name,
        )


def _amounts(system, position):
    market = system.markets[position.market]
    if position.loop is None:
        units = {str(c): number(x) for c, x in position.collateral.items()}
        debts = {str(t): number(x) for t, x in position.debt.items()}
        return units, debts or {str(next(iter(market.lends))): 0.0}
    mode = market.e_modes.get(position.e_mode) if position.e_mode else None
    collateral = position.loop.equity.of or next(iter(accepted(market, position.e_mode)))
    lent = str(next(iter(mode.borrows if mode is not None and mode.borrows else market.lends)))
    units = float(position.loop.units)
    worth = units * _worth(system, collateral) * float(position.loop.loan_to_value)
    return {str(collateral): units}, {lent: worth / start_price(system, lent)}


def _worth(system, thing):
    if thing in system.assets:
        return start_price(system, thing)
    receipt = next(r for _, token, r in receipts(system) if token == thing)
    if isinstance(receipt, Par):
        return start_usd(system, receipt.par)
    return start_usd(system, receipt.market_price or receipt.book_price)


def _leg(world, name, position):
    amount = position.short if position.short is not None else position.long
    n = number(amount) * (-1.0 if position.short is not None else 1.0)
    leg = Leg(
        name, str(amount.of), n, start_usd(world.system, position.entry), number(position.funding)
    )
    margin = {str(token): number(x) for token, x in position.margin.items()}
    venue, owner = str(position.venue), position.owner
    still = [token for token in margin if _stands_still(world, venue, token)]
    dollars = sum(margin.pop(token) * start_price(world.system, token) for token in still)
    crossed = world.system.venues[venue].mode == "cross" and owner is not None
    for trader in world.traders:
        if crossed and (trader.venue, trader.owner) == (venue, owner):
            trader.legs.append(leg)
            trader.usd += dollars
            for token, units in margin.items():
                trader.tokens[token] = trader.tokens.get(token, 0.0) + units
            return
    account = f"{venue}:{owner}" if crossed else name
    world.traders.append(Trader(account, venue, owner, dollars, margin, [leg]))


def _stands_still(world, venue, token):
    """Return whether a margin asset is as good as dollars: its price never moves, no haircut."""
    scenario, system = world.scenario, world.system
    moves = token in world.path or any(token in stage.price for stage in scenario.stages)
    sold = any(str(part.of) == token for part in system.liquidity.values())
    asset = token in system.assets and system.assets[token].price.of is None
    return asset and not (moves or sold or token in system.venues[venue].haircut)


def _reserves(world):
    for market, part in world.system.markets.items():
        for token, lending in part.lends.items():
            supply = supply_id(world.system, market, token)
            cash = number(lending.cash)
            listed = sum(
                a.debts.get(token, 0.0) for a in world.accounts.values() if a.market == market
            )
            stated = number(lending.supplied, cash + listed)
            unlisted = stated - cash - listed if lending.supplied is not None else 0.0
            if unlisted < 0 and part.protocol.reserves:
                unlisted = 0.0
            cover = lending.insurance if lending.insurance is not None else part.insurance
            insured = number(cover)
            world.reserves[supply] = Reserve(
                supply, market, str(token), cash, stated, stated, insured, unlisted
            )
            world.reserves[supply].target = _target(lending.rate)
            world.supply_queues[supply] = Token(supply, market, 0.0)


def _target(rate):
    return number(rate.base, 0.04) if rate is not None and rate.kind == "adaptive" else 0.0


def _holders(world):
    system = world.system
    for name, issuer in system.issuers.items():
        holds = {}
        for thing, amount in issuer.owns.items():
            claim = supply_name(world, str(thing))
            holds[claim] = holds.get(claim, 0.0) + _units(world, claim, amount)
        loans = {
            key: Loan(str(loan.to), number(loan.amount), loan.amount.of, number(loan.rate))
            for key, loan in issuer.owes.items()
        }
        piles = {pile: number(value) for pile, value in issuer.outside.items()}
        world.holders[name] = Holder(name, dict(piles), piles, holds, loans)


def _units(world, claim, amount):
    if amount.unit == "share":
        all_units = (
            world.tokens[claim].units if claim in world.tokens else world.reserves[claim].units
        )
        return number(amount) * all_units
    if amount.unit == "usd":
        token = world.reserves[claim].token if claim in world.reserves else claim
        return number(amount) / _worth(world.system, token)
    return number(amount)
