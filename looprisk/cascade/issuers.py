"""What issuers do by themselves: keep their hedge, supply a market that runs dry (DYNAMICS 7)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from looprisk.cascade.accrue import utilisation
from looprisk.cascade.arrays import Floats, ratio
from looprisk.cascade.parts import Fed
from looprisk.cascade.plan import Plan
from looprisk.cascade.prices import repriced
from looprisk.cascade.purse import at_hand, spend
from looprisk.cascade.sales import Offer, sell_all
from looprisk.cascade.settling import average_entry
from looprisk.cascade.state import Happened, State, leaked
from looprisk.cascade.sums import total
from looprisk.engine.catalogue import known
from looprisk.errors import ModelError, Problem


def manage(plan: Plan, state: State) -> tuple[State, tuple[Happened, ...]]:
    """Return the state after every issuer has kept its hedge and fed its markets."""
    state, events = _rebalanced(plan, state)
    used = [utilisation(now) for now in state.markets]
    for at, fed in enumerate(plan.feeds):
        state = _feed(plan, state, at, fed, used)
    return state, events


def hedged(plan: Plan, state: State, firm: int) -> Floats:
    """Return the units of every good that an issuer is short of, net, [path, good]."""
    short = np.zeros((state.paths, len(plan.goods)))
    for legs, venue in zip(plan.legs, state.venues, strict=True):
        mine = np.take(legs.owner, legs.wallet) == firm
        for good in np.unique(legs.good[mine]).tolist():
            short[:, good] -= total(np.where(mine & (legs.good == good), venue.size, 0.0))
    return short


def _rebalanced(plan: Plan, state: State) -> tuple[State, tuple[Happened, ...]]:
    offers: list[tuple[int, Offer]] = []
    for firm, (name, issuer) in enumerate(plan.system.issuers.items()):
        terms = issuer.rebalance
        if terms is None:
            continue
        band = float(known(terms.band, name, "rebalance", "band"))
        short = hedged(plan, state, firm)
        for good in _hedged_goods(plan, firm):
            units = state.owned[:, firm, good]
            gap = units - short[:, good]
            gap = np.where(np.abs(gap) > band * units, gap, 0.0)
            if terms.by == "sell":
                wanted = np.clip(gap, 0.0, units)[:, None]
                offers.append((firm, Offer(good=good, wanted=wanted, reserve=0 * wanted)))
            elif gap.any():
                state = _by_short(plan, state, firm, good, gap)
    if not any(offer.wanted.any() for _, offer in offers):
        return state, ()
    sold, state, events = sell_all(plan, state, tuple(offer for _, offer in offers), "issuers")
    owned, cash = state.owned.copy(), state.cash.copy()
    for (firm, offer), done in zip(offers, sold, strict=True):
        units, proceeds = done.units[:, 0], done.proceeds[:, 0]
        owned[:, firm, offer.good] -= units
        cash[:, firm] += proceeds
        lost = units * state.price[:, offer.good] - proceeds
        if offer.good in plan.pool_of:
            name = plan.pools[plan.pool_of[offer.good]].name
            state = leaked(state, f"slippage:{name}", lost)
    return repriced(plan, replace(state, owned=owned, cash=cash)), events


def _hedged_goods(plan: Plan, firm: int) -> list[int]:
    """Return what an issuer has legs on."""
    return sorted(
        {
            int(good)
            for legs in plan.legs
            for good, wallet in zip(legs.good, legs.wallet, strict=True)
            if legs.owner[wallet] == firm
        }
    )


def _by_short(plan: Plan, state: State, firm: int, good: int, gap: Floats) -> State:
    """Open the gap on the first live short at the mark, as far as cash goes; close what is over.

    Cash is idle dollars, then owned assets on which the issuer has no leg, at their price.
    """
    rest, legged = gap, _hedged_goods(plan, firm)
    for v, legs in enumerate(plan.legs):
        for leg in range(len(legs.legs)):
            if legs.owner[legs.wallet[leg]] != firm or legs.good[leg] != good:
                continue
            initial, fee = legs.terms.initial, legs.terms.fee
            if not initial:
                message = f"`initial` is missing: {plan.firms[firm].name} opens shorts here"
                path = ("venues", legs.name)
                raise ModelError([Problem(path, message, "the margin of a new leg, a share")])
            venue, mark = state.venues[v], state.price[:, good]
            live = venue.size[:, leg] < 0
            able = ratio(at_hand(plan, state, firm, legged), mark * (initial + fee))
            more = np.where(live, np.clip(rest, venue.size[:, leg], able), 0.0)
            rest = np.where(live, 0.0, rest)
            grown = np.maximum(more, 0.0)
            less = np.maximum(-more, 0.0)
            size, entry = venue.size.copy(), venue.entry.copy()
            entry[:, leg] = average_entry(size[:, leg], entry[:, leg], -grown, mark)
            realised = -less * (mark - entry[:, leg])
            size[:, leg] = size[:, leg] - grown + less
            margin = venue.margin.copy()
            wallet = int(legs.wallet[leg])
            margin[:, wallet] += grown * mark * initial + realised
            fees = np.abs(more) * mark * fee
            margin[:, wallet] -= np.where(more < 0, fees, 0.0)
            cost = grown * mark * initial + np.where(more > 0, fees, 0.0)
            state, _ = spend(plan, state, firm, cost, legged)
            changed = replace(venue, size=size, entry=entry, margin=margin)
            state = leaked(state.venue(v, changed), f"fees:{legs.name}", fees)
    return state


def _feed(plan: Plan, state: State, at: int, fed: Fed, used: list[Floats]) -> State:
    """Supply a market from cash: the loan token if there is some, then idle dollars."""
    market, loan = plan.supplies[fed.supply]
    token = plan.books[market].loans[loan]
    good = plan.assets + plan.tokens + fed.supply
    thirsty = used[market][:, loan] >= fed.at
    price = state.price[:, token]
    own = state.owned[:, fed.issuer, token]
    dollars = np.maximum(state.cash[:, fed.issuer], 0.0) if token < plan.assets else 0.0 * price
    wanted = np.minimum(fed.up_to - state.fed[:, at], own + ratio(dollars, price))
    give = np.where(thirsty, np.maximum(wanted, 0.0), 0.0)
    if not give.any():
        return state
    in_kind = np.minimum(give, own)
    owned, cash, units, done = (
        state.owned.copy(),
        state.cash.copy(),
        state.units.copy(),
        state.fed.copy(),
    )
    got = ratio(give, state.index[:, fed.supply])
    owned[:, fed.issuer, token] -= in_kind
    owned[:, fed.issuer, good] += got
    units[:, good] += got
    out = state.paid_out.copy()
    out[:, good] -= give * price
    cash[:, fed.issuer] -= (give - in_kind) * price
    done[:, at] += give
    now = state.markets[market]
    market_cash = now.cash.copy()
    market_cash[:, loan] += give
    state = state.market(market, replace(now, cash=market_cash))
    return replace(state, owned=owned, cash=cash, units=units, fed=done, paid_out=out)
