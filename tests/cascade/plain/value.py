"""Economic values: the greatest clearing of the state with all triggers off (DYNAMICS 9).

Node after node in order of dependence; a loop is iterated down from above. A loop in which a debt
counts in one of its own tokens reads that token's price of the last record instead.
"""

from dataclasses import dataclass, field

from tests.cascade.plain.network import components, dependencies, lagged
from tests.cascade.plain.prices import number, units_inside
from tests.cascade.plain.start import supply_name
from tests.cascade.plain.state import holds

HIGH = 1e6
SWEEPS = 200_000


@dataclass
class Values:
    """``price`` per unit of tokens and supplies, ``claim`` in dollars, ``owed`` its face."""

    price: dict = field(default_factory=dict)
    claim: dict = field(default_factory=dict)
    owed: dict = field(default_factory=dict)
    short: dict = field(default_factory=dict)
    leaks: dict = field(default_factory=dict)
    node: dict = field(default_factory=dict)
    lagged: bool = False
    outside: float = 0.0


def economic(world, previous=None):
    """Return the values of the state; ``previous`` are the prices that a refused loop reads."""
    values = Values()
    graph = dependencies(world)
    for component in components(graph):
        refused = lagged(world, component)
        values.lagged = values.lagged or refused
        unit = _units(world, values, component, previous if refused else None)
        looped = len(component) > 1 or component[0] in graph[component[0]]
        if looped:
            _start_high(world, values, component)
        for sweep in range(SWEEPS if looped else 1):
            before = dict(values.claim)
            for node in component:
                _evaluate(world, values, node, unit)
            if not looped or (sweep > 1 and _settled(values.claim, before)):
                break
        else:
            raise ArithmeticError(f"no fixed point in {component}")
    values.outside = _outside(world, values)
    return values


def _settled(after, before):
    return all(abs(z - before.get(c, 0.0)) <= 1e-14 * abs(z) for c, z in after.items())


def _units(world, values, component, previous):
    """Return the price function of debts: a number for tokens of a refused loop."""
    names = {name for kind, name in component if kind == "issuer"}

    def unit(token):
        if previous is not None and token in world.tokens and world.tokens[token].issuer in names:
            return previous[token]
        return price(world, values, token)

    return unit


def _start_high(world, values, component):
    top = sum(abs(units_inside(world, a)) * world.P[a] for a in world.system.assets)
    top += sum(sum(h.piles.values()) + abs(h.idle) for h in world.holders.values())
    top += sum(abs(trader_equity(world, values, t)) for t in world.traders if not t.tokens)
    top = HIGH * (1 + top + sum(abs(z) for z in values.claim.values()))
    for kind, name in component:
        if kind == "issuer":
            issues = world.system.issuers[name].issues
            values.price.update({t: top / max(world.tokens[t].units, 1e-9) for t in issues})
            values.claim.update({f"{name}/owes/{loan}": top for loan in world.holders[name].loans})
        elif kind == "reserve":
            values.price[name] = top / max(world.reserves[name].units, 1e-9)
        else:
            values.claim[f"{name}/equity"] = top
            for token in world.accounts[name].debts:
                values.claim[f"{name}/debt/{token}"] = top


def price(world, values, thing):
    """Return what a unit of an asset, a token or a supply is worth."""
    if thing in world.system.assets:
        return world.P[thing]
    return values.price[supply_name(world, thing)]


def trader_equity(world, values, trader):
    """Return the equity of a margin account, negative where it is under water."""
    margin = sum(n * price(world, values, token) for token, n in trader.tokens.items() if n)
    legs = sum(
        leg.n * (world.P.get(leg.token, world.marks.get(leg.token)) - leg.entry)
        for leg in trader.legs
    )
    return trader.usd + margin + legs


def _evaluate(world, values, node, unit):
    {"account": _account, "reserve": _reserve, "issuer": _issuer}[node[0]](
        world, values, node[1], unit
    )


def _capped(world, values, claim, paid, face):
    """Pay a claim, at most the share of its face that a default left."""
    most = world.caps.get(claim, 1.0) * face
    values.claim[claim] = min(paid, most)
    values.owed[claim] = face
    values.leaks[f"withheld {claim}"] = max(0.0, paid - most)


def _account(world, values, name, unit):
    account = world.accounts[name]
    worth = sum(n * price(world, values, c) for c, n in account.units.items() if n)
    faces = {token: d * unit(token) for token, d in account.debts.items() if d}
    owed = sum(faces.values())
    paid = min(owed, worth)
    for token in account.debts:
        face = faces.get(token, 0.0)
        share = paid * face / owed if owed else 0.0
        _capped(world, values, f"{name}/debt/{token}", share, face)
    values.node[name] = worth
    values.claim[f"{name}/equity"] = max(0.0, worth - owed)


def reserve_assets(world, values, reserve, unit):
    """Return what stands behind a supply: cash, loans, insurance, absorbed stock; in dollars."""
    at = unit(reserve.token)
    held = reserve.insurance + (reserve.cash + reserve.unlisted) * price(
        world, values, reserve.token
    )
    loans = sum(
        values.claim[f"{a.name}/debt/{reserve.token}"]
        for a in world.accounts.values()
        if a.market == reserve.market and reserve.token in a.debts
    )
    stock = sum(n * price(world, values, c) for c, n in world.stock[reserve.market].items() if n)
    return held + loans + stock, at


def _reserve(world, values, name, unit):
    reserve = world.reserves[name]
    worth, at = reserve_assets(world, values, reserve, unit)
    face, cover = reserve.supply * at, reserve.insurance
    _capped(world, values, name, min(worth, face), face)
    values.claim[f"{name}/insurance"] = max(0.0, min(cover, worth - face))
    values.claim[f"{name}/reserves"] = max(0.0, worth - face - cover)
    values.price[name] = values.claim[name] / reserve.units if reserve.units else 0.0
    values.node[name] = worth


def ranks(world, name):
    """Return the claims on an issuer that have a face, rank by rank."""
    part = world.system.issuers[name]
    loans = [f"{name}/owes/{loan}" for loan in part.owes]
    pars = [str(token) for token, receipt in part.issues.items() if receipt.kind == "par"]
    if part.pays is None:
        return [loans + pars]
    named = {word for rank in part.pays for word in rank}
    rest = [f"{name}/owes/{loan}" for loan in part.owes if loan not in named]
    found = []
    for rank in part.pays:
        here = []
        for word in rank:
            if word == "debts":
                here += rest
            elif word in part.owes:
                here.append(f"{name}/owes/{word}")
            elif word in pars:
                here.append(str(word))
        found.append(here)
    return found


def faces(world, name, unit):
    """Return the face of every ranked claim on an issuer, in dollars."""
    found = {}
    for key, loan in world.holders[name].loans.items():
        found[f"{name}/owes/{key}"] = loan.face * (unit(loan.unit) if loan.unit else 1.0)
    for token, receipt in world.system.issuers[name].issues.items():
        if receipt.kind == "par":
            par = number(receipt.par) * (unit(receipt.par.of) if receipt.par.of else 1.0)
            found[str(token)] = world.tokens[token].units * par
    return found


def outside_of(world, values, name):
    """Return the exogenous part of an issuer: piles, dollars, assets, margin accounts."""
    holder = world.holders[name]
    total = sum(holder.piles.values()) + holder.idle
    total += sum(n * world.P[a] for a, n in holder.holds.items() if a in world.system.assets)
    for trader in world.traders:
        if trader.owner == name:
            total += max(0.0, trader_equity(world, values, trader))
    for owner, _, dollars, tokens in world.released:
        if owner == name:
            total += dollars + sum(n * price(world, values, t) for t, n in tokens.items())
    return total


def _issuer(world, values, name, unit):
    holder, part = world.holders[name], world.system.issuers[name]
    own = outside_of(world, values, name)
    held = sum(
        n * price(world, values, thing)
        for thing, n in holder.holds.items()
        if n and thing not in world.system.assets
    )
    held += sum(
        values.claim[f"{a.name}/equity"] for a in world.accounts.values() if a.owner == name
    )
    held += sum(
        values.claim[f"{other}/owes/{key}"]
        for other, borrower in world.holders.items()
        for key, loan in borrower.loans.items()
        if loan.to == name
    )
    worth, owed = own + held, faces(world, name, unit)
    total = sum(owed.values())
    left = worth
    recovery = part.default_recovery
    if recovery is not None and not holds(worth, total):
        alpha, beta = number(recovery.outside), number(recovery.claims)
        left = beta * worth + (alpha - beta) * own
    values.leaks[f"default_costs {name}"] = worth - left
    values.node[name], values.short[name] = worth, not holds(worth, total)
    for rank in ranks(world, name):
        face = sum(owed[claim] for claim in rank)
        paid = min(face, max(0.0, left))
        for claim in rank:
            _capped(world, values, claim, paid * owed[claim] / face if face else 0.0, owed[claim])
        left -= face
    _residual(world, values, name, max(0.0, left))


def _residual(world, values, name, left):
    issues = world.system.issuers[name].issues
    shares = {str(t): r for t, r in issues.items() if r.kind == "share"}
    weights = {t: world.tokens[t].units * number(r.weight, 1.0) for t, r in shares.items()}
    for token in shares:
        total = sum(weights.values())
        values.claim[token] = left * weights[token] / total if total else 0.0
    if not shares:
        values.claim[f"{name}/equity"] = left
    for token in issues:
        units = world.tokens[token].units
        values.price[token] = values.claim[token] / units if units else 0.0


def _outside(world, values):
    """Return the value of everything that somebody outside holds."""
    total = sum(world.funds.values())
    for token in world.tokens.values():
        free = token.units - units_inside(world, token.name)
        total += free * values.price[token.name]
    for name, reserve in world.reserves.items():
        free = reserve.units - supply_inside(world, name)
        total += free * values.price[name]
        total += values.claim[f"{name}/insurance"] + values.claim[f"{name}/reserves"]
    for account in world.accounts.values():
        if account.owner is None:
            total += values.claim[f"{account.name}/equity"]
    for name, holder in world.holders.items():
        total += values.claim.get(f"{name}/equity", 0.0)
        for key, loan in holder.loans.items():
            if loan.to == "outside":
                total += values.claim[f"{name}/owes/{key}"]
    for trader in world.traders:
        # an account under water is a claim of its venue's fund on nobody
        equity = trader_equity(world, values, trader)
        total += min(0.0, equity) if trader.owner is not None else equity
    for owner, _, dollars, tokens in world.released:
        if owner is None:
            total += dollars + sum(n * price(world, values, t) for t, n in tokens.items())
    return total


def supply_inside(world, supply):
    """Return the units of a supply that issuers hold, accounts have posted, or markets keep."""
    total = sum(holder.holds.get(supply, 0.0) for holder in world.holders.values())
    for account in world.accounts.values():
        total += sum(n for c, n in account.units.items() if supply_name(world, c) == supply)
    for stock in world.stock.values():
        total += sum(n for c, n in stock.items() if supply_name(world, c) == supply)
    return total


def level_leaks(values):
    """Return the names that are levels of the record: default costs, withheld."""
    names = {}
    for leak, amount in values.leaks.items():
        name = leak.split(" ")[0]
        if amount:
            names[name] = names.get(name, 0.0) + amount
    return names
