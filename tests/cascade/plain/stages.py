"""Phase 2: stages that are due strike, all of them before anything else moves (DYNAMICS 8)."""

from looprisk.model.positions import PerpPosition
from tests.cascade.plain.margin import equity, leave, tier
from tests.cascade.plain.prices import mark, number, price_of, usd
from tests.cascade.plain.queues import join, outside_units
from tests.cascade.plain.start import add_position, supply_id, supply_name
from tests.cascade.plain.state import Running, less


def strike(world):
    """Fire every stage that is due, and let runs under way join the queues."""
    due = [
        (place, stage)
        for place, stage in enumerate(world.scenario.stages)
        if place not in world.fired and _due(world, stage)
    ]
    for place, stage in due:
        world.fired.add(place)
        for verb in stage.shocks:
            VERBS[verb](world, stage)
            world.count(f"stage {verb}")
    for run in world.runs:
        units = min(run.left, run.per_second * world.dt)
        run.left = less(run.left, units)
        if units:
            join(world, run.target, run.who, units)


def _due(world, stage):
    when = stage.when
    if when is None:
        return world.t >= (number(stage.at) if stage.at is not None else 0.0) - 1e-9
    if when.of is not None:
        logged = ((of, event) for _, _, _, of, event, _ in world.events)
        return any(event == when.event and when.of in wholes(world, of) for of, event in logged)
    price = world.last.market[when.price]
    if when.below is not None:
        return price < usd(world, when.below)
    return price > usd(world, when.above)


def wholes(world, of):
    """Return everything that an event of a part is an event of."""
    found = {of}
    if of in world.accounts:
        account = world.accounts[of]
        found |= {account.market, account.table}
        found |= {supply_id(world.system, account.market, token) for token in account.debts}
    if of in world.tokens:
        found.add(world.tokens[of].issuer)
    return found | {t.venue for t, leg in world.legs() if leg.name == of}


def _price(world, stage):
    for asset, move in stage.price.items():
        part = world.system.assets[asset].price
        if move.unit == "fraction":
            world.moved[asset] = (number(part) * (1 + number(move)), part.of)
        else:
            world.moved[asset] = (number(move), move.of)


def _depeg(world, stage):
    for token, fall in stage.depeg.items():
        if fall.unit == "fraction":
            level = world.start_quotes[token] * (1 - number(fall))
        else:
            level = usd(world, fall)
        world.moved[token] = (level, None)


def _loss(world, stage):
    for target, size in stage.loss.items():
        if target in world.system.venues:
            _venue_loss(world, target, size)
            continue
        name, _, rest = target.partition("/")
        holder = world.holders[name]
        piles = [rest.removeprefix("outside/")] if rest else list(holder.piles)
        total = sum(holder.stated[p] for p in piles)
        amount = number(size) * (total if size.unit in {"share", "fraction"} else 1.0)
        for pile in piles:
            lost = min(holder.piles[pile], amount * holder.stated[pile] / total)
            holder.piles[pile] = less(holder.piles[pile], lost)
            world.leak("written_off", lost)


def _venue_loss(world, venue, size):
    """Every claim on a venue is that share smaller: positions, margins and the fund alike."""
    share = number(size)
    if size.unit not in {"share", "fraction"}:
        worth = world.funds[venue] + sum(
            _worth(world, trader) for trader in world.traders if trader.venue == venue
        )
        share = min(1.0, share / worth) if worth > 0 else 0.0
    lost = share * world.funds[venue]
    world.funds[venue] *= 1 - share
    for trader in world.traders:
        if trader.venue == venue:
            lost += share * _worth(world, trader)
            trader.usd *= 1 - share
            trader.tokens = {t: n * (1 - share) for t, n in trader.tokens.items()}
            for leg in trader.legs:
                leg.n *= 1 - share
    world.leak("written_off", lost)


def _worth(world, trader):
    tokens = sum(n * price_of(world, t) for t, n in trader.tokens.items())
    return trader.usd + tokens + sum(n.n * (mark(world, n) - n.entry) for n in trader.legs)


def _recognise(world, stage):
    for name in stage.recognise:
        world.holders[name].recognised = True


def _default(world, stage):
    for target, recovery in stage.default.items():
        for claim in _claims(world, str(target)):
            world.caps[claim] = min(world.caps.get(claim, 1.0), number(recovery))


def _claims(world, target):
    if target in world.accounts:
        return [f"{target}/debt/{token}" for token in world.accounts[target].debts]
    if target in world.holders:
        issues = world.system.issuers[target].issues
        loans = [f"{target}/owes/{loan}" for loan in world.holders[target].loans]
        return loans + [str(t) for t, r in issues.items() if r.kind == "par"]
    return [target]


def _mint(world, stage):
    for token, units in stage.mint.items():
        world.tokens[token.split("/")[0]].units += number(units)


def _open(world, stage):
    for name, position in stage.open.items():
        add_position(world, name, position)
        if isinstance(position, PerpPosition):
            _open_leg(world, name, position)
        else:
            _open_account(world, name)


def _open_leg(world, name, position):
    trader = next(t for t in world.traders if any(leg.name == name for leg in t.legs))
    leg = next(leg for leg in trader.legs if leg.name == name)
    price = world.P[leg.token]
    world.marked[name] = price
    inflow = leg.n * (price - leg.entry)
    for token, units in position.margin.items():
        inflow += number(units) * price_of(world, str(token)) * (str(token) in world.system.assets)
    world.leak("inflow", -inflow)
    if position.owner is not None:
        world.holders[position.owner].hedges.add(leg.token)


def _open_account(world, name):
    """Collateral comes from outside, what is drawn leaves: whoever owns the position."""
    account = world.accounts[name]
    assets = world.system.assets
    for collateral, units in account.units.items():
        if collateral in assets:
            world.leak("inflow", -units * world.P[collateral])
    for token, debt in account.debts.items():
        reserve = world.reserves[supply_id(world.system, account.market, token)]
        reserve.cash = less(reserve.cash, debt)
        if token in assets:
            world.leak("inflow", debt * world.P[token])


def _adl(world, stage):
    for name, cut in stage.adl.items():
        trader, leg = _leg(world, name)
        quantity = leg.n * number(cut.share)
        if not quantity:
            continue
        _close(world, trader, leg, quantity, usd(world, cut.at), 0.0)
        world.log(2, name, "deleveraged", abs(quantity))
        if all(other.n == 0 for other in trader.legs):
            leave(world, trader, to_fund=False)


def _leg(world, name):
    return next((t, leg) for t, leg in world.legs() if leg.name == name)


def _close(world, trader, leg, quantity, price, fee):
    trader.usd += quantity * (price - leg.entry) - fee
    world.leak(f"others:{trader.venue}", -quantity * (price - mark(world, leg)))
    world.leak(f"fees:{trader.venue}", fee)
    leg.n = less(leg.n, quantity)


def _close_all(world, stage):
    for name in stage.close:
        trader, leg = _leg(world, name)
        if not leg.n:
            continue
        venue = world.system.venues[trader.venue]
        price = liquidation_price(world, trader, leg)
        world.log(2, name, "hedge_closed", abs(leg.n))
        fee = number(venue.taker_fee) * abs(leg.n) * price
        _close(world, trader, leg, leg.n, price, fee)
        if all(other.n == 0 for other in trader.legs):
            hole = leave(world, trader, to_fund=venue.convention != "hyperliquid")
            world.leak(f"others:{trader.venue}", -hole)


def liquidation_price(world, trader, leg):
    """Return the price at which equity meets maintenance, the other legs at their mark."""
    venue = world.system.venues[trader.venue]
    others = equity(world, trader) - leg.n * (mark(world, leg) - leg.entry)
    for other in trader.legs:
        if other is not leg and other.n:
            entry = venue.convention == "bybit"
            size = abs(other.n) * (other.entry if entry else mark(world, other))
            rate, constant = tier(venue, size)
            others -= rate * size - constant
    steps = [(s.maintenance, s.constant, s.up_to) for s in venue.tiers]
    for rate, constant, top in steps or [(venue.maintenance, None, None)]:
        mu, cum = number(rate), number(constant)
        if venue.convention == "bybit":
            size = abs(leg.n) * leg.entry
            price = leg.entry + (mu * size - cum - others) / leg.n
        else:
            price = (leg.n * leg.entry - others - cum) / (leg.n - mu * abs(leg.n))
            size = abs(leg.n) * price
        if top is None or size <= number(top):
            return price
    raise ValueError("the last tier has no `up_to`")


def _drain(world, stage):
    for pool, share in stage.drain.items():
        world.pools[pool].left *= 1 - number(share)


def _misprice(world, stage):
    world.wrong.update({str(oracle): move for oracle, move in stage.misprice.items()})


def _freeze(world, stage):
    world.frozen |= {str(oracle) for oracle in stage.freeze}


def _run(world, stage):
    for target, terms in stage.run.items():
        name = supply_name(world, str(target))
        queue = world.tokens.get(name) or world.supply_queues[name]
        queue.order = terms.order or "first_come"
        wants, out = terms.wants_out, outside_units(world, name)
        units = number(wants)
        if wants.unit in {"share", "fraction"}:
            units *= out
        elif wants.unit == "usd":
            price = world.last.book[name]
            units = units / price if price else 0.0
        elif name in world.reserves:
            units *= world.reserves[name].units / world.reserves[name].supply
        units, who = min(units, out), str(terms.by or name)
        if terms.over is None:
            join(world, name, who, units)
        else:
            world.runs.append(Running(name, who, units / number(terms.over), units))


def _change(world, stage):
    world.system = world.system.set(dict(stage.change))
    for path in stage.change:
        oracle = path.split("/")[0]
        world.frozen.discard(oracle)
        world.wrong.pop(oracle, None)


VERBS = {
    "price": _price,
    "depeg": _depeg,
    "loss": _loss,
    "recognise": _recognise,
    "default": _default,
    "mint": _mint,
    "adl": _adl,
    "close": _close_all,
    "drain": _drain,
    "misprice": _misprice,
    "freeze": _freeze,
    "open": _open,
    "run": _run,
    "change": _change,
}
