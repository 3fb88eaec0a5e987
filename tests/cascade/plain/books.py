"""Book values of the state (SEMANTICS 5): posted prices stand, computed ones follow the books."""

from tests.cascade.plain.prices import number, start_usd
from tests.cascade.plain.start import receipts, supply_name
from tests.cascade.plain.value import SWEEPS, economic, trader_equity


class Books:
    """Book price of a unit of every token and supply, in dollars."""

    def __init__(self, world):
        self.world = world
        self.price = {}
        self.assets = {}


def book(world, values=None):
    """Return the book of the state; ``values`` are its economic values where they are known."""
    books = Books(world)
    computed = []
    for issuer, token, receipt in receipts(world.system):
        if receipt.kind == "par":
            continue
        if receipt.book_price is None:
            computed.append((issuer, str(token)))
            books.price[str(token)] = _high(world, str(token))
        elif world.holders[issuer].recognised:
            values = values or economic(world, world.records and world.last.economic)
            books.price[str(token)] = values.price[str(token)]
        else:
            books.price[str(token)] = start_usd(world.system, receipt.book_price)
    for _ in range(SWEEPS):
        before = dict(books.price)
        _sweep(world, books, {issuer for issuer, _ in computed})
        if all(abs(b - before.get(t, 0.0)) <= 1e-14 * abs(b) for t, b in books.price.items()):
            break
    else:
        raise ArithmeticError("the books have no fixed point")
    for name in world.holders:
        books.assets[name] = _assets(world, books, name)
    return books


def _high(world, token):
    piles = sum(sum(h.stated.values()) + abs(h.idle) for h in world.holders.values())
    assets = sum(
        world.P[a] * n for h in world.holders.values() for a, n in h.holds.items() if a in world.P
    )
    supplies = sum(r.supply * world.P.get(r.token, 1.0) for r in world.reserves.values())
    posted = sum(
        sum(n * world.P.get(c, 1.0) for c, n in a.units.items()) for a in world.accounts.values()
    )
    top = 1 + piles + assets + supplies + posted
    return 1e6 * top / max(world.tokens[token].units, 1e-9)


def _sweep(world, books, issuers):
    for _ in range(2):
        for _, token, receipt in receipts(world.system):
            if receipt.kind == "par":
                of = receipt.par.of
                books.price[str(token)] = number(receipt.par) * (
                    at(world, books, of) if of else 1.0
                )
    for name in world.reserves:
        books.price[name] = supply_book(world, books, name)
    for issuer in issuers:
        left = max(0.0, _assets(world, books, issuer) - _owed(world, books, issuer))
        shares = {
            str(t): world.tokens[t].units * number(r.weight, 1.0)
            for t, r in world.system.issuers[issuer].issues.items()
            if r.kind == "share"
        }
        for token, weight in shares.items():
            units = world.tokens[token].units
            share = left * weight / sum(shares.values()) if weight else 0.0
            if world.system.issuers[issuer].issues[token].book_price is None:
                books.price[token] = share / units if units else 0.0


def at(world, books, thing):
    """Return the book price of a unit; an asset counts at its market price."""
    if thing in world.system.assets:
        return world.P[thing]
    return books.price.get(supply_name(world, thing), 0.0)


def supply_book(world, books, name):
    """Return the book price of a unit of a supply: its face, less what is realised."""
    reserve = world.reserves[name]
    market = world.system.markets[reserve.market]
    owed = reserve.supply
    if market.realises_bad_debt:
        owed = min(owed, backing(world, books, reserve))
    return owed * at(world, books, reserve.token) / reserve.units if reserve.units else 0.0


def backing(world, books, reserve):
    """Return cash, debts, insurance and absorbed stock of a reserve, in its tokens at book."""
    debts = sum(
        a.debts.get(reserve.token, 0.0)
        for a in world.accounts.values()
        if a.market == reserve.market
    )
    stock = sum(n * at(world, books, c) for c, n in world.stock[reserve.market].items() if n)
    unit = at(world, books, reserve.token)
    stock = (stock + reserve.insurance) / unit if unit else 0.0
    return reserve.cash + reserve.unlisted + debts + stock


def _owed(world, books, name):
    total = sum(
        loan.face * (at(world, books, loan.unit) if loan.unit else 1.0)
        for loan in world.holders[name].loans.values()
    )
    for token, receipt in world.system.issuers[name].issues.items():
        if receipt.kind == "par":
            total += world.tokens[token].units * books.price.get(str(token), 0.0)
    return total


def _assets(world, books, name):
    """Return an issuer's assets at book: a loss counts once it is recognised."""
    holder = world.holders[name]
    total = sum((holder.piles if holder.recognised else holder.stated).values()) + holder.idle
    total += sum(n * at(world, books, thing) for thing, n in holder.holds.items() if n)
    for trader in world.traders:
        if trader.owner == name:
            total += max(0.0, trader_equity(world, books, trader))
    for owner, _, dollars, tokens in world.released:
        if owner == name:
            total += dollars + sum(n * at(world, books, t) for t, n in tokens.items())
    for account in world.accounts.values():
        if account.owner == name:
            worth = sum(n * at(world, books, c) for c, n in account.units.items() if n)
            debt = sum(d * at(world, books, t) for t, d in account.debts.items() if d)
            total += max(0.0, worth - debt)
    for other in world.holders.values():
        for loan in other.loans.values():
            if loan.to == name:
                total += loan.face * (at(world, books, loan.unit) if loan.unit else 1.0)
    return total
