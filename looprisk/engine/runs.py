"""Shocks that change what is outstanding: holders redeem, tokens are minted without backing.

Shares of a claim are then ratios in the shock fraction, so such a stage is solved at each point
(class N of SEMANTICS 8). A run pays ``min(w * book value, liquid)`` at book; what is paid leaves
with the units that left, and those who stay bear the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from looprisk.engine.book import book
from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.changes import changed, opened
from looprisk.engine.holdings import Holdings, holdings
from looprisk.engine.point import Point
from looprisk.engine.queues import Pair, drawn, served_in_turn
from looprisk.engine.state import ONE, ZERO, State
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
        """What is paid for a unit of each token and supply, in USD."""
        world = self.point.compiled.world
        supplies = world.catalogue.supplies.items()
        loans = {s: self.point.value(world.price(token)) for s, (_, token) in supplies}
        return {**book(self.point).prices, **loans}

    def _units(self, s: Fraction) -> State:
        minted = dict(self.before.minted)
        for token, units in self.stage.mint.items():
            minted[token] = minted.get(token, ZERO) + s * known(units, "mint", token)
        state = replace(self.before, minted=minted)
        if not self.stage.run or not s:
            return state
        for group in served_in_turn(self.stage.run):
            asks = [_Ask(target, self.stage.run[target], s) for target in group]
            state = _served(_Desk(self.point, state, self._prices), asks)
        return state


@dataclass(frozen=True)
class _Ask:
    target: str
    terms: Run
    s: Fraction


@dataclass(frozen=True)
class _Desk:
    """What a group of those who ask finds: the system after those served before them."""

    point: Point
    state: State
    prices: Mapping[str, Fraction]
    """What a unit is paid, in USD: the book price of a token, of a supply the price of its loan."""

    @property
    def catalogue(self) -> Catalogue:
        return self.point.compiled.world.catalogue

    @cached_property
    def held(self) -> Holdings:
        return holdings(self.point.compiled.world.opening, self.state)

    def purse(self, issuer: str) -> dict[str, Fraction]:
        """Return what an issuer can pay out by itself: asset, worth in USD."""
        world = self.point.compiled.world
        return {
            asset: units * world.price(asset).at(self.point.s)
            for asset, units in self.held.assets[issuer].items()
        }

    def own(self, issuer: str) -> dict[str, Fraction]:
        """Return what is an issuer's own in markets: supply, worth in USD."""
        found = {}
        for supply in self.catalogue.supplies:
            units = self.held.claims.get(supply, {}).get(issuer, ZERO)
            if units:
                found[supply] = units * self.prices[supply]
        return found


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


def _served(desk: _Desk, asks: Sequence[_Ask]) -> State:
    """Pay those who come together: at book, from what is liquid, all the same share of it.

    An issuer pays from its assets, then from its supplies; suppliers leave with a market's cash.
    """
    asked: dict[str, Fraction] = {}
    for ask in asks:
        claim = _claim(desk.catalogue, ask.target)
        asked[claim] = _asked(desk, claim, ask)
    payers = {claim: _payer(desk.catalogue, claim) for claim in asked}
    open_ = {claim for claim in asked if not _halted(desk.catalogue, claim)}
    due = {claim: min(asked[claim], _most(desk, claim, asked[claim])) for claim in open_}
    owed: dict[str, Fraction] = {}
    for claim in open_:
        owed[payers[claim]] = owed.get(payers[claim], ZERO) + due[claim]
    purses = {who: desk.purse(who) for who in owed if who in desk.catalogue.system.issuers}
    spent = {who: min(owed[who], sum(purse.values(), ZERO)) for who, purse in purses.items()}
    own = {(who, m): worth for who in purses for m, worth in desk.own(who).items()}
    own |= {(claim, claim): amount for claim, amount in owed.items() if claim not in purses}
    cash = {m: desk.state.cash[m] * desk.prices[m] for _, m in own}
    needs = {who: amount - spent.get(who, ZERO) for who, amount in owed.items()}
    taken = drawn(needs, own, cash)
    got = dict(spent)
    for (who, _), amount in taken.items():
        got[who] = got.get(who, ZERO) + amount
    paid = {
        claim: got[who] * due[claim] / owed[who] if claim in open_ and owed[who] else ZERO
        for claim, who in payers.items()
    }
    state = _spent(desk, purses, spent)
    state = _withdrawn(desk, state, taken, set(purses))
    return _left(desk, state, asked, paid, payers)


def _payer(catalogue: Catalogue, claim: str) -> str:
    """Return who pays for a claim: its issuer, or the market itself by the id of its supply."""
    return claim if claim in catalogue.supplies else catalogue.issuer_of[claim]


def _spent(
    desk: _Desk, purses: Mapping[str, Mapping[str, Fraction]], spent: Mapping[str, Fraction]
) -> State:
    """Return the state in which issuers have paid from their assets, of each the same share."""
    owned = dict(desk.state.owned)
    for issuer, purse in purses.items():
        whole = sum(purse.values(), ZERO)
        for asset, worth in purse.items():
            kept = 1 - spent[issuer] / whole if worth else ONE
            owned[issuer, asset] = desk.held.assets[issuer][asset] * kept
    return replace(desk.state, owned=owned)


def _withdrawn(
    desk: _Desk, state: State, taken: Mapping[Pair, Fraction], issuers: set[str]
) -> State:
    """Return the state in which issuers, and suppliers themselves, have left markets."""
    owned, cash, withdrawn = dict(state.owned), dict(state.cash), dict(state.withdrawn)
    for (who, supply), amount in taken.items():
        price = desk.prices[supply]
        units = amount / price if price else ZERO
        cash[supply] -= units
        withdrawn[supply] = withdrawn.get(supply, ZERO) + units
        if who in issuers:
            owned[who, supply] = desk.held.claims[supply][who] - units
    return replace(state, owned=owned, cash=cash, withdrawn=withdrawn)


def _left(
    desk: _Desk,
    state: State,
    asked: Mapping[str, Fraction],
    paid: Mapping[str, Fraction],
    payers: Mapping[str, str],
) -> State:
    """Return the state without the units that were paid for; who got less than asked is gated."""
    redeemed, paid_out, gated = dict(state.redeemed), dict(state.paid), set(state.gated)
    for claim, amount in paid.items():
        price = desk.prices[claim]
        paid_out[claim] = paid_out.get(claim, ZERO) + amount
        if claim in desk.catalogue.tokens:
            redeemed[claim] = redeemed.get(claim, ZERO) + (amount / price if price else ZERO)
        if amount < asked[claim]:
            gated |= {claim, payers[claim]}
    return replace(state, redeemed=redeemed, paid=paid_out, gated=frozenset(gated))


def _claim(catalogue: Catalogue, target: str) -> str:
    return target if target in catalogue.supplies else _token(catalogue, target)


def _halted(catalogue: Catalogue, claim: str) -> bool:
    """Return whether nothing is paid for a token, whatever its issuer has."""
    redeems = catalogue.tokens[claim].redeems if claim in catalogue.tokens else None
    if redeems is None:
        return False
    if redeems.at == "market":
        raise NotCarriedError(
            f"{claim}/redeems/at: redemption at market price; here it is at book or par"
        )
    return redeems.from_ == "nothing"


def _most(desk: _Desk, claim: str, asked: Fraction) -> Fraction:
    """Return what a stage pays for a token at most, in USD: its limit, a share of what is out."""
    receipt = desk.catalogue.tokens.get(claim)
    limit = receipt.redeems.limit if receipt is not None and receipt.redeems is not None else None
    if limit is None or not asked:
        return asked
    if limit.unit == "per_year":
        raise NotCarriedError(
            f"{claim}/redeems/limit: `{limit.text}` caps what leaves in a time, and none passes in "
            f"a clearing: add `time`, or write the share that a stage lets out with --set "
            f"{claim}/redeems/limit=5%"
        )
    first = desk.point.compiled.world.before
    gone = desk.state.redeemed.get(claim, ZERO) - first.redeemed.get(claim, ZERO)
    out = desk.held.units[claim] + gone
    return max(ZERO, known(limit, claim, "redeems", "limit") * out - gone) * desk.prices[claim]


def _token(catalogue: Catalogue, target: str) -> str:
    if target in catalogue.tokens:
        return target
    issues = list(catalogue.system.issuers[target].issues)
    if len(issues) != 1:
        raise ModelError(
            [Problem(("run", target), f"run: {target} has {len(issues)} tokens: name one of them")]
        )
    return issues[0]


def _asked(desk: _Desk, claim: str, ask: _Ask) -> Fraction:
    """Return what is asked for, in USD at book; only what is held outside can leave."""
    size, held, price = ask.terms.wants_out, desk.held, desk.prices[claim]
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
