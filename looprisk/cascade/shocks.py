"""What each shock of the language does to a state, in the paths where its stage is due."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.cascade.arrays import Bools, Floats, ratio
from looprisk.cascade.outside import held_inside
from looprisk.cascade.parameters import changed, governed
from looprisk.cascade.perps import accounts_of, end_wallets
from looprisk.cascade.plan import Plan, oracles_changed
from looprisk.cascade.settling import close_share
from looprisk.cascade.state import State, leaked
from looprisk.cascade.sums import total
from looprisk.cascade.wallets import equities
from looprisk.engine.catalogue import known
from looprisk.engine.strike import defaulting
from looprisk.errors import ModelError, NotCarriedError, Problem
from looprisk.model.scenario import Stage
from looprisk.model.values import Value


def put(values: Floats, at: int, where: Bools, new: Floats | float) -> Floats:
    """Return values [path, thing] with one thing set in some paths."""
    copy = values.copy()
    copy[:, at] = np.where(where, new, copy[:, at])
    return copy


def price(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """An asset stands at a level from here on: a move is counted from the start."""
    level = state.level
    for name, move in stage.price.items():
        asset = plan.place[str(name)]
        start = float(plan.start.prices[str(name)])
        if move.unit == "fraction":
            new = start * (1 + plan.size(at, float(known(move, "price", name))))
        else:
            new = _in_usd(plan, state, move, "price", str(name))
            unit = dict(plan.units_of_assets)[asset]
            own = plan.system.assets[str(name)].price.of
            if move.of is not None and move.of == own:
                new = np.full(state.paths, float(move.number))
            elif unit >= 0:
                new = new / state.price[:, unit]
            new = plan.towards(at, start, new)
        if np.any(np.asarray(new) < 0):
            message = f"price: {name} would fall below zero"
            raise ModelError([Problem(("price", str(name)), message, on_key=False)])
        level = put(level, asset, where, new)
    return replace(state, level=level)


def depeg(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """What sellers get falls from the first quote, never from the stage before."""
    quote = state.quote
    for name, fall in stage.depeg.items():
        token = plan.good(str(name)) - plan.assets
        first = plan.start.quotes.get(str(name))
        before = state.economic[:, plan.assets + token] if first is None else float(first)
        if fall.unit == "fraction":
            new = before * (1 - plan.size(at, float(known(fall, "depeg", name))))
        else:
            new = plan.towards(at, before, _in_usd(plan, state, fall, "depeg", str(name)))
        quote = put(quote, token, where, new)
    return replace(state, quote=quote)


def loss(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """Backing is gone and no book shows it."""
    for target, size in stage.loss.items():
        name, _, rest = str(target).partition("/")
        if name in plan.system.venues:
            state = _venue_loss(plan, state, name, at, size, where)
            continue
        if name not in plan.firm_at:
            raise NotCarriedError(
                f"a loss at `{target}`: in time a loss strikes an issuer, one of its piles "
                "(ISSUER/outside/PILE) or a venue; for an asset write `price`"
            )
        pile = rest.removeprefix("outside/")
        mine = [i for i, (firm, p) in enumerate(plan.piles) if firm == name and pile in {"", p}]
        whole = float(plan.pile_worth[mine].sum())
        number = plan.size(at, float(known(size, "loss", target)))
        amount = number * whole if size.unit in {"share", "fraction"} else number
        if not whole:
            message = f"loss: {target} has nothing outside that could be lost"
            help_ = "name the issuer whose `outside` is gone, or write `price` for what it owns"
            raise ModelError([Problem(("loss", str(target)), message, help_)])
        for i in mine:
            worth = float(plan.pile_worth[i])
            left = np.maximum(worth - state.lost[:, i], 0.0)
            gone = np.where(where, np.minimum(amount * worth / whole, left), 0.0)
            lost = state.lost.copy()
            lost[:, i] = lost[:, i] + gone
            state = leaked(replace(state, lost=lost), "written_off", gone)
    return state


def _venue_loss(
    plan: Plan, state: State, name: str, stage: int, size: Value, where: Bools
) -> State:
    """Every claim on a venue is worth that share less: size, margin and fund alike."""
    at = next(i for i, legs in enumerate(plan.legs) if legs.name == name)
    legs, venue = plan.legs[at], state.venues[at]
    worth = total(equities(legs, venue, state.price, state.price)) + venue.fund
    gone = np.ones(state.paths) * plan.size(stage, float(known(size, "loss", name)))
    if size.unit not in {"share", "fraction"}:
        gone = np.clip(ratio(gone, worth), 0.0, 1.0)
    share = np.where(where, gone, 0.0)
    left = (1 - share)[:, None]
    changed_ = replace(
        venue,
        size=venue.size * left,
        margin=venue.margin * left,
        posted=venue.posted * left[:, None],
        fund=venue.fund * (1 - share),
    )
    return leaked(state.venue(at, changed_), "written_off", share * worth)


def recognise(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """An issuer's book takes in what it had not shown."""
    del at
    known_ = state.recognised.copy()
    for name in stage.recognise:
        known_[:, plan.firm_at[str(name)]] |= where
    return replace(state, recognised=known_)


def default(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """A claim pays at most that share of its face."""
    cap = state.cap
    for target, recovery in stage.default.items():
        if str(target) in plan.account_at:
            most = plan.towards(at, 1.0, float(known(recovery, "default", target)))
            state = _account_capped(plan, state, str(target), most, where)
            continue
        for claim in defaulting(plan.catalogue, str(target)):
            if claim not in plan.owed_at:
                raise NotCarriedError(
                    f"default/{target}: in time a loan of an issuer, its par tokens or an account "
                    "default as a whole"
                )
            most = plan.towards(at, 1.0, float(known(recovery, "default", target)))
            place = plan.owed_at[claim]
            cap = put(cap, place, where, np.minimum(cap[:, place], most))
    return replace(state, cap=cap)


def _account_capped(
    plan: Plan, state: State, name: str, most: Floats | float, where: Bools
) -> State:
    """An account pays at most that share of what it owes, though it could; the rest is withheld."""
    m, account = plan.account_at[name]
    now = state.markets[m]
    capped = put(now.cap, account, where, np.minimum(now.cap[:, account], most))
    return state.market(m, replace(now, cap=capped))


def mint(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """Units without backing."""
    units = state.units
    for token, amount in stage.mint.items():
        good = plan.good(str(token).partition("/")[0])
        more = plan.size(at, float(known(amount, "mint", token)))
        units = put(units, good, where, units[:, good] + more)
    return replace(state, units=units)


def adl(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """A part of a leg is closed at a stated price; others are on the other side."""
    for name, terms in stage.adl.items():
        share = plan.size(at, float(known(terms.share, "adl", name, "share")))
        level = _in_usd(plan, state, terms.at, "adl", str(name))
        state = _closed(plan, state, str(name), share, level, where, event=True)
    return state


def close(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """A leg is liquidated at its liquidation price, with the bookkeeping of any liquidation."""
    del at
    for name in stage.close:
        state = _closed(plan, state, str(name), 1.0, None, where, event=False)
    return state


def _closed(
    plan: Plan,
    state: State,
    name: str,
    share: Floats | float,
    level: Floats | None,
    where: Bools,
    *,
    event: bool,
) -> State:
    v, leg = plan.leg_at[name]
    legs, venue = plan.legs[v], state.venues[v]
    accounts = accounts_of(legs, venue, state.price)
    mark = np.take(state.price, legs.good, axis=-1)
    part = np.zeros_like(venue.size)
    part[:, leg] = np.where(where, share, 0.0)
    if level is None:
        behind = accounts.margin + accounts.posted
        level = legs.liquidation_prices(venue.size, venue.entry, behind, mark)[:, leg]
        level = np.where(np.isnan(level), mark[:, leg], level)
    at = mark.copy()
    at[:, leg] = level
    done = close_share(legs.terms, accounts, share=part, price=at, fee=not event)
    units = venue.size - done.size
    lost = total(units * (at - mark))
    changed_ = replace(
        venue,
        size=done.size,
        margin=done.margin,
        cut=venue.cut + (np.abs(units) * at if event else 0.0),
    )
    state = leaked(state.venue(v, changed_), f"fees:{legs.name}", total(done.fees))
    state = leaked(state, f"others:{legs.name}", -lost)
    return end_wallets(
        plan, state, v, done.ended, done.left, kept=legs.terms.keeps_rest and not event
    )


def drain(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """Depth leaves; it moves no price by itself."""
    share = state.share
    names = [pooled.name for pooled in plan.pools]
    for name, part in stage.drain.items():
        pool = names.index(str(name))
        left = share[:, pool] * (1 - plan.size(at, float(known(part, "drain", name))))
        share = put(share, pool, where, left)
    return replace(state, share=share)


def misprice(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """An oracle reports wrongly from here on."""
    factor, wrong = state.misprice, state.wrong
    for oracle, move in stage.misprice.items():
        for i, (name, _) in enumerate(plan.readings):
            if name != oracle:
                continue
            if move.unit == "fraction":
                factor = put(
                    factor, i, where, 1 + plan.size(at, float(known(move, "misprice", oracle)))
                )
            else:
                told = _in_usd(plan, state, move, "misprice", str(oracle))
                told_here = plan.towards(at, state.reading[:, i], told)
                wrong = put(wrong, i, where, told_here)
    return replace(state, misprice=factor, wrong=wrong)


def freeze(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """An oracle stays at what it reported before the stage."""
    del at
    frozen = state.frozen.copy()
    for i, (name, _) in enumerate(plan.readings):
        if name in stage.freeze:
            frozen[:, i] |= where
    return replace(state, frozen=frozen)


def ask(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """Holders ask for their money: shares of what is outside, tokens, or dollars at book."""
    del stage
    asked = state.queue.asked
    whole = state.queue.whole
    inside = held_inside(plan, state)
    for i, wanted in enumerate(plan.runs):
        if wanted.stage != at:
            continue
        size = wanted.terms.wants_out
        number = plan.size(at, float(known(size, "run", wanted.name, "wants_out")))
        free = np.maximum(state.units[:, wanted.good] - inside[:, wanted.good], 0.0)
        if size.unit in {"share", "fraction"}:
            units = number * free
        elif size.unit == "usd":
            units = ratio(np.ones(state.paths) * number, state.book[:, wanted.good])
        else:
            supply = wanted.good - plan.assets - plan.tokens
            per_unit = state.index[:, supply] if supply >= 0 else np.ones(state.paths)
            units = ratio(np.ones(state.paths) * number, per_unit)
        asked = put(asked, i, where, np.minimum(units, free))
        whole = put(whole, i, where, np.minimum(units, free))
    return replace(state, queue=replace(state.queue, asked=asked, whole=whole))


def change(plan: Plan, state: State, at: int, stage: Stage, where: Bools) -> State:
    """Parameters move; what a stage writes of one oracle moves together."""
    del at
    for name, values in oracles_changed(plan.system, stage).items():
        state = governed(plan, state, name, values, where)
    for path, new in stage.change.items():
        if str(path).partition("/")[0] not in plan.system.oracles:
            state = changed(plan, state, str(path), new, where)
    return state


def _in_usd(plan: Plan, state: State, value: Value, verb: str, name: str) -> Floats:
    number = np.full(state.paths, float(known(value, verb, name)))
    return number * state.price[:, plan.good(str(value.of))] if value.of is not None else number
