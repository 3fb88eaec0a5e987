"""Phase 6: who is unhealthy, who acts, what is sold, and debts that nothing backs (DYNAMICS 5)."""

from dataclasses import dataclass, field

from looprisk.model.check_markets import accepted
from tests.cascade.plain.absorb import absorb, absorbs, offers, sold
from tests.cascade.plain.prices import number, price_of
from tests.cascade.plain.sales import execute, paces, settle
from tests.cascade.plain.start import supply_id, supply_name
from tests.cascade.plain.state import holds, less

MIN_BASE, MIN_LEFT = 2_000.0, 1_000.0


@dataclass
class Slice:
    """One collateral of one account on sale: units, what they repay, the least price."""

    token: str
    units: float
    repays: float
    reservation: float
    pace: float = 0.0
    market: str = ""


@dataclass
class Round:
    account: object
    slices: list = field(default_factory=list)


def act(world):
    """Liquidate, sell and write off, all at the prices before the phase."""
    rounds, before = [], {}
    for account in list(world.accounts.values()):
        if not unhealthy(world, account):
            continue
        if absorbs(world, account.market):
            absorb(world, account, readings(world, account))
        else:
            rounds += _round(world, account)
    stock = [Slice(c, units, 0.0, least, market=m) for m, c, units, least in offers(world)]
    slices = [s for found in rounds for s in found.slices] + stock
    for token in dict.fromkeys(s.token for s in slices):
        before[token] = price_of(world, supply_name(world, token))
        mine = [s for s in slices if s.token == token]
        _paces(world, token, before[token], mine)
    for found in rounds:
        _apply(world, found, before)
    for piece in stock:
        moved = piece.units * piece.pace
        sold(world, piece.market, piece.token, moved, moved * before[piece.token])
    after = {}
    for token, price in before.items():
        quantity = sum(s.units * s.pace for s in slices if s.token == token)
        _, after[token], slippage = execute(world, 6, token, price, quantity)
        world.leak("liquidators", -slippage)
    settle(world, after)
    write_off(world)


def _paces(world, token, price, slices):
    found = paces(world, token, price, [(s.units, s.reservation) for s in slices])
    for piece, pace in zip(slices, found, strict=True):
        piece.pace = pace


def terms_of(world, account):
    """Return the terms of each collateral of an account, its e-mode's where it has one."""
    return accepted(world.system.markets[account.market], account.mode)


def readings(world, account):
    """Return what the oracle says of each collateral of an account."""
    terms = terms_of(world, account)
    return {c: world.readings[str(terms[c].oracle), c] for c, n in account.units.items() if n}


def debt_usd(world, account):
    return sum(d * price_of(world, t) for t, d in account.debts.items() if d)


def unhealthy(world, account):
    """Return whether the collateral at its thresholds is below the debt, and there is some."""
    terms, read = terms_of(world, account), readings(world, account)
    weighted = sum(number(terms[c].lltv) * account.units[c] * o for c, o in read.items())
    debt = debt_usd(world, account)
    return bool(read) and debt > 0 and not holds(weighted, debt)


def incentive(world, account, health, weights):
    """Return phi: what a liquidator gets of collateral for a dollar repaid."""
    market = world.system.markets[account.market]
    if market.rules == "euler-v2":
        return 1 / max(health, 1 - number(market.max_discount, 0.15))
    terms = terms_of(world, account)
    found = {c: 1 + float(market.incentive(terms[c])) for c in weights}
    return sum(w * found[c] for c, w in weights.items())


def repaid(market, health, debt, worth, phi):
    """Return what one round repays, in dollars."""
    factor = 1.0
    dusty = market.rules == "aave-v3.3" and (debt < MIN_BASE or worth < MIN_BASE)
    if market.rules in {"aave-v2", "compound-v2"} or (
        market.rules in {"aave-v3", "aave-v3.3"} and health > 0.95 and not dusty
    ):
        factor = 0.5
    elif market.rules in {"isolated", "pooled"}:
        factor = number(market.close_factor, 1.0)
    amount = min(factor * debt, worth / phi)
    if market.rules != "aave-v3.3":
        return amount
    left_debt, left_worth = less(debt, amount), less(worth, phi * amount)
    both = left_debt > 0 and left_worth > 0
    if both and not (holds(left_debt, MIN_LEFT) and holds(left_worth, MIN_LEFT)):
        amount = min(amount, debt - MIN_LEFT, (worth - MIN_LEFT) / phi)
    return max(0.0, amount)


def _round(world, account):
    """Return the round of an unhealthy account, nothing where nobody comes."""
    market = world.system.markets[account.market]
    who = market.liquidators or "when_paid"
    if who == "absent":
        return []
    terms, read = terms_of(world, account), readings(world, account)
    debt = debt_usd(world, account)
    worth = sum(account.units[c] * o for c, o in read.items())
    health = sum(number(terms[c].lltv) * account.units[c] * o for c, o in read.items()) / debt
    if worth <= 0:
        return []
    weights = {c: account.units[c] * o / worth for c, o in read.items()}
    phi = incentive(world, account, health, weights)
    amount = repaid(market, health, debt, worth, phi)
    found = Round(account)
    gain = 0.0
    for collateral, o in read.items():
        part = weights[collateral]
        units = phi * amount / worth * account.units[collateral]
        least = 0.0 if who == "always" else o / phi
        x = price_of(world, supply_name(world, collateral))
        pays = who == "always" or holds(phi * x, o)
        gain += amount * part * (phi * x / o - 1) if pays and o > 0 else 0.0
        if pays:
            found.slices.append(Slice(collateral, units, amount * part, least))
    cheap = who == "when_paid" and not holds(gain, number(market.gas), amount)
    if not found.slices or cheap or amount <= 0:
        world.log(6, account.name, "not_paid", amount)
        return []
    return [found]


def _apply(world, found, before):
    """Take what was sold from an account, and what it repays."""
    account = found.account
    total = sum(s.repays * s.pace for s in found.slices)
    if total <= 0:
        world.log(6, account.name, "not_paid", 0.0)
        return
    debt = debt_usd(world, account)
    seized = sum(s.units * s.pace * before[s.token] for s in found.slices)
    for piece in found.slices:
        moved = piece.units * piece.pace
        account.units[piece.token] = less(account.units[piece.token], moved)
        if piece.token not in world.system.assets:
            world.leak("token_lenders", -moved * before[piece.token])
    for token, owed in account.debts.items():
        paid = owed * total / debt
        account.debts[token] = less(owed, paid)
        reserve = world.reserves[supply_id(world.system, account.market, token)]
        reserve.cash += paid
        if token not in world.system.assets:
            world.leak("token_lenders", paid * price_of(world, token))
    gas = number(world.system.markets[account.market].gas)
    world.leak("gas", gas)
    world.leak("liquidators", seized - total - gas)
    world.log(6, account.name, "liquidated", total)
    if any(s.pace < 1.0 for s in found.slices):
        world.count("cut")
    if len(account.units) > 1:
        world.count("several collaterals")


def write_off(world):
    """Write off what no collateral backs, as the protocol does; insurance is shared pro rata."""
    found = {}
    for account in world.accounts.values():
        owed = {t: d for t, d in account.debts.items() if d > 0}
        if account.bad or not owed or any(n > 0 for n in account.units.values()):
            continue
        account.bad = True
        worth = sum(d * price_of(world, t) for t, d in owed.items())
        world.log(6, account.name, "bad_debt", worth)
        for token, debt in owed.items():
            supply = supply_id(world.system, account.market, token)
            found.setdefault(supply, []).append((account, debt))
    for supply, debts in found.items():
        reserve = world.reserves[supply]
        total = sum(debt for _, debt in debts)
        covered = min(reserve.insurance / price_of(world, reserve.token), total)
        for account, debt in debts:
            _take_off(world, reserve, account, debt, covered * debt / total)
        if covered:
            world.count("insured")


def _take_off(world, reserve, account, debt, covered):
    market = world.system.markets[account.market]
    reserve.insurance = less(reserve.insurance, covered * price_of(world, reserve.token))
    reserve.cash += covered
    rest = less(debt, covered)
    account.debts[reserve.token] = rest
    if market.rules == "aave-v3.3":
        reserve.deficit += rest
        account.debts[reserve.token] = 0.0
    elif market.realises_bad_debt:
        reserve.supply = max(0.0, reserve.supply - rest)
        account.debts[reserve.token] = 0.0
