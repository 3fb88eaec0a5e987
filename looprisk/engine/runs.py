"""Shocks that change what is outstanding: holders redeem, tokens are minted without backing.

Shares of a claim are then ratios in the shock fraction, so such a stage is solved at each point
(class N of SEMANTICS 8). A run pays ``min(w * book value, liquid)`` at book; what is paid leaves
with the units that left, and those who stay bear the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from looprisk.engine.book import book
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.changes import changed, opened
from looprisk.engine.holdings import Holdings, holdings
from looprisk.engine.stage import Point
from looprisk.engine.state import ZERO, State
from looprisk.errors import ModelError, NotCarriedError, Problem
from looprisk.model.scenario import Run, Stage


@dataclass(frozen=True, kw_only=True)
class Structure:
    """The part of a stage that changes units, as a function of the shock fraction."""

    before: State
    stage: Stage
    point: Point
    """The solution before the stage: runs are paid at its book."""

    def at(self, s: Fraction) -> tuple[Catalogue, State]:
        """Return the system and its state, all that changes being at the share ``s`` of its way."""
        catalogue = changed(self.point.compiled.world.catalogue, self.stage, s)
        return opened(catalogue, self._units(s), self.stage, s)

    @cached_property
    def _prices(self) -> Mapping[str, Fraction]:
        return book(self.point).prices

    def _units(self, s: Fraction) -> State:
        minted = dict(self.before.minted)
        for token, units in self.stage.mint.items():
            minted[token] = minted.get(token, ZERO) + s * known(units, "mint", token)
        state = replace(self.before, minted=minted)
        if not self.stage.run or not s:
            return state
        catalogue = self.point.compiled.world.catalogue
        for target, terms in self.stage.run.items():
            pay = _leave_market if target in catalogue.supplies else _redeem
            state = pay(catalogue, self.point, state, str(target), _Ask(terms, s, self._prices))
        return state


@dataclass(frozen=True)
class _Ask:
    terms: Run
    s: Fraction
    prices: Mapping[str, Fraction]


def with_units(state: State, moved: State) -> State:
    """Return a state with the units that mints and runs left."""
    return replace(
        state,
        accounts=moved.accounts,
        cash=moved.cash,
        minted=moved.minted,
        redeemed=moved.redeemed,
        paid=moved.paid,
        withdrawn=moved.withdrawn,
        owned=moved.owned,
        gated=moved.gated,
    )


def changes_units(stage: Stage) -> bool:
    """Return whether a stage changes what is outstanding, or the system itself."""
    return bool(stage.mint or stage.run or stage.open or stage.change)


def _redeem(catalogue: Catalogue, point: Point, state: State, target: str, ask: _Ask) -> State:
    """Pay those who leave a vault or a stablecoin, at book, from what is liquid.

    Cash, then supplies.
    """
    token = _token(catalogue, target)
    issuer = catalogue.issuer_of[token]
    held = holdings(catalogue, point.compiled.world.start, state)
    price = ask.prices[token]
    asked = _asked(held, token, price, ask)
    cash, supplies = _liquid(catalogue, point, state, held, issuer, token)
    paid = min(asked, sum(cash.values(), ZERO) + sum(supplies.values(), ZERO))
    state = _take(catalogue, point, state, held, issuer, cash, supplies, paid)
    gated = state.gated | {token, issuer} if paid < asked else state.gated
    return replace(
        state,
        redeemed=_plus(state.redeemed, token, paid / price if price else ZERO),
        paid=_plus(state.paid, token, paid),
        gated=gated,
    )


def _token(catalogue: Catalogue, target: str) -> str:
    if target in catalogue.tokens:
        return target
    issues = list(catalogue.system.issuers[target].issues)
    if len(issues) != 1:
        raise ModelError(
            [Problem(("run", target), f"run: {target} has {len(issues)} tokens: name one of them")]
        )
    return issues[0]


def _asked(held: Holdings, claim: str, price: Fraction, ask: _Ask) -> Fraction:
    """Return what is asked for, in USD at book; only what is held outside can leave."""
    size = ask.terms.wants_out
    number = known(size, "run", claim, "wants_out")
    inside = sum((share for _, share in held.shares(claim)), ZERO)
    outside = held.units[claim] * (1 - inside)
    if size.unit == "usd":
        wanted = number
    else:
        wanted = price * (
            number * held.units[claim] if size.unit in {"share", "fraction"} else number
        )
    if wanted > outside * price * (1 + Fraction(1, 10**9)):
        raise ModelError(
            [
                Problem(
                    ("run", claim, "wants_out"),
                    f"wants_out: {float(wanted):,.0f} dollars of {claim} want out, and "
                    f"{float(outside * price):,.0f} are held outside at book",
                    "those inside the system do not run: write a smaller share",
                    on_key=False,
                )
            ]
        )
    return ask.s * min(wanted, outside * price)


def _liquid(
    catalogue: Catalogue, point: Point, state: State, held: Holdings, issuer: str, token: str
) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    """Return what can be paid out at once, in USD: (asset: cash, market: what it can withdraw)."""
    redeems = catalogue.tokens[token].redeems
    if redeems is not None and redeems.from_ == "nothing":
        return {}, {}
    if redeems is not None and redeems.at == "market":
        raise NotCarriedError(
            f"{token}/redeems/at: redemption at market price; here it is at book or par"
        )
    world = point.compiled.world
    cash = {
        asset: units * world.price(asset).at(point.s)
        for asset, units in held.assets[issuer].items()
    }
    supplies = {}
    for market, (_, token_) in catalogue.supplies.items():
        own = held.claims.get(market, {}).get(issuer, ZERO)
        if own:
            price = point.value(world.price(token_))
            supplies[market] = min(own, state.cash[market]) * price
    return cash, supplies


def _take(
    catalogue: Catalogue,
    point: Point,
    state: State,
    held: Holdings,
    issuer: str,
    cash: Mapping[str, Fraction],
    supplies: Mapping[str, Fraction],
    paid: Fraction,
) -> State:
    """Return the state after paying: cash first, then supplies, each in the order of the file."""
    owned, market_cash = dict(state.owned), dict(state.cash)
    withdrawn = dict(state.withdrawn)
    world, left = point.compiled.world, paid
    for asset, worth in cash.items():
        used = min(left, worth)
        left -= used
        units = held.assets[issuer][asset]
        owned[issuer, asset] = units - (used / worth * units if worth else ZERO)
    for market, worth in supplies.items():
        used = min(left, worth)
        left -= used
        units = used / point.value(world.price(catalogue.supplies[market][1]))
        owned[issuer, market] = held.claims[market][issuer] - units
        market_cash[market] -= units
        withdrawn[market] = withdrawn.get(market, ZERO) + units
    return replace(state, owned=owned, cash=market_cash, withdrawn=withdrawn)


def _leave_market(
    catalogue: Catalogue, point: Point, state: State, market: str, ask: _Ask
) -> State:
    """Pay suppliers who leave a market, from its cash."""
    price = point.value(point.compiled.world.price(catalogue.supplies[market][1]))
    held = holdings(catalogue, point.compiled.world.start, state)
    asked = _asked(held, market, price, ask)
    paid = min(asked, state.cash[market] * price)
    units = paid / price if price else ZERO
    return replace(
        state,
        cash={**state.cash, market: state.cash[market] - units},
        withdrawn=_plus(state.withdrawn, market, units),
        paid=_plus(state.paid, market, paid),
        gated=state.gated | {market} if paid < asked else state.gated,
    )


def _plus(amounts: Mapping[str, Fraction], key: str, more: Fraction) -> dict[str, Fraction]:
    return {**amounts, key: amounts.get(key, ZERO) + more}
