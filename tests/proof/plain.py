"""A scenario of one stage, solved at a share of it by plain means (see ``right_side`` and ``ends``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

from looprisk.model import System
from looprisk.model.scenario import Stage
from looprisk.model.tokens import Par
from tests.proof.ends import end
from tests.proof.moment import F, Moment, accounts, moved_prices
from tests.proof.right_side import RightSide
from tests.proof.units import NOTHING, moved


class Plain:
    """One system under one stage."""

    def __init__(
        self, system: System, stage: Stage | None, earlier: Mapping[str, Fraction] = NOTHING
    ) -> None:
        self.system, self.stage, self.earlier = netted(system), stage, earlier

    def solve(self, s: Fraction, *, greatest: bool) -> dict[str, Fraction]:
        return solve(self.moment(s), greatest=greatest)

    def changed(self, s: Fraction) -> Plain:
        """The same with the thresholds that the stage moves at the share ``s`` of their way."""
        moved = {}
        for path, level in self.stage.change.items():
            market, _, thing, _ = path.split("/")
            old = self.system.markets[market].collateral[thing].lltv.number
            moved[path] = old + s * (F(str(level)[:-1]) / 100 - old)
        other = Plain(self.system.set(moved), self.stage.model_copy(update={"change": {}}))
        vars(other).update(before=self.before, start=self.start, weights=self.weights)
        return other

    def with_units(self, s: Fraction) -> Plain:
        """The same after the share ``s`` of those who leave, and of positions taken."""
        system = moved(self.system, self.stage, s, self.first, self.start)
        other = Plain(system, self.stage.model_copy(update={"run": {}, "open": {}}))
        weights = {**self.weights, **dict.fromkeys(self.stage.open)}
        vars(other).update(before=self.before, start=self.start, first=self.first, weights=weights)
        return other

    def moment(self, s: Fraction) -> Moment:
        """Everything at ``s`` that no claim decides."""
        if self.stage and self.stage.change:
            return self.changed(s).moment(s)
        if self.stage and (self.stage.run or self.stage.open):
            return self.with_units(s).moment(s)
        return replace(
            self._bare(s, self.quotes(s)),
            stuck=self._stuck(s),
            phis=self._phis(self.weights),
            kept=self._kept(self.weights),
        )

    def _bare(self, s: Fraction, quotes: dict[str, Fraction]) -> Moment:
        moment = Moment(
            system=self.system,
            s=s,
            stage=self.stage,
            prices=moved_prices(self.system, self.stage, s),
            quotes={},
            earlier=self.earlier,
        )
        return replace(moment, quotes=quotes)

    def quotes(self, s: Fraction) -> dict[str, Fraction]:
        found = dict(self.first.quotes)
        for token, fall in self.stage.depeg.items() if self.stage else ():
            first = found[token] if token in found else self.start[token] / self.first.units(token)
            level = first * (1 - fall.number) if fall.unit == "fraction" else fall.number
            found[token] = first + s * (level - first)
        return found

    # before the stage -----------------------------------------------------------------------

    @cached_property
    def first(self) -> Moment:
        """Before the stage, with the largest incentive of every account."""
        bare = self._bare(F(0), {})
        quotes = {
            token: bare.usd(receipt.market_price)
            for token, receipt in bare.tokens.items()
            if receipt.market_price is not None
        }
        none = dict.fromkeys(accounts(self.system))
        return replace(bare, quotes=quotes, phis=self._phis(none), kept=self._kept(none))

    @cached_property
    def before(self) -> dict[str, Fraction]:
        return solve(self.first, greatest=True)

    @cached_property
    def start(self) -> dict[str, Fraction]:
        """The solution before the stage."""
        moment = replace(self.first, phis=self._phis(self.weights), kept=self._kept(self.weights))
        return solve(moment, greatest=True)

    @cached_property
    def weights(self) -> dict[str, list[Fraction] | None]:
        """The share of each collateral of an account at what its oracles read, before the stage."""
        found: dict[str, list[Fraction] | None] = {}
        for name in accounts(self.system):
            terms = self._terms(name)
            if len(terms) < 2 or len({_kind(self.system, name, t) for t in terms.values()}) == 1:
                found[name] = None
                continue
            side = RightSide(self.first)
            units = accounts(self.system)[name].collateral
            worth = [
                units[t].number * side.reading(self.before, str(term.oracle), t)
                for t, term in terms.items()
            ]
            whole = sum(worth, F(0))
            found[name] = [w / whole if whole else F(1, len(worth)) for w in worth]
        return found

    def _terms(self, name):
        account = accounts(self.system)[name]
        market = self.system.markets[account.market]
        terms = dict(market.collateral)
        if account.e_mode:
            terms |= market.e_modes[account.e_mode].collateral
        return {thing: terms[thing] for thing in account.collateral}

    def _phis(self, weights) -> dict[str, Fraction | None]:
        found = {}
        for name, account in accounts(self.system).items():
            market = self.system.markets[account.market]
            phis = [market.incentive(terms) for terms in self._terms(name).values()]
            if market.protocol.shape == "absorbing" or None in phis:
                found[name] = None
            elif weights[name] is None:
                found[name] = 1 + max(phis, default=F(0))
            else:
                found[name] = 1 + sum(w * p for w, p in zip(weights[name], phis, strict=True))
        return found

    def _kept(self, weights) -> dict[str, tuple[Fraction, Fraction]]:
        found = {}
        for name, account in accounts(self.system).items():
            if self.system.markets[account.market].protocol.shape != "absorbing":
                continue
            terms = self._terms(name).values()
            shares = weights[name] or [F(1, len(terms))] * len(terms)
            pairs = [
                (
                    t.liquidation_factor.number,
                    t.storefront.number * (1 - t.liquidation_factor.number),
                )
                for t in terms
            ]
            found[name] = tuple(
                sum((w * p[k] for w, p in zip(shares, pairs, strict=True)), F(0)) for k in (0, 1)
            )
        return found

    def _stuck(self, s: Fraction) -> dict[tuple[str, str], Fraction]:
        """What a frozen or wrong oracle reads: from what it read before the stage."""
        found = {}
        for oracle in (*self.stage.freeze, *self.stage.misprice) if self.stage else ():
            side = RightSide(replace(self.first, quotes=self.quotes(F(0))))
            for name in accounts(self.system):
                for thing, terms in self._terms(name).items():
                    if str(terms.oracle) != oracle:
                        continue
                    was = side.reading(self.start, oracle, thing)
                    move = self.stage.misprice.get(oracle)
                    if move is None:
                        found[oracle, thing] = was
                        continue
                    level = was * (1 + move.number) if move.unit == "fraction" else move.number
                    found[oracle, thing] = was + s * (level - was)
        return found


def netted(system: System) -> System:
    """Every set-off of one loan against free units of one promise in dollars, done."""
    for name, issuer in system.issuers.items():
        for debtor in issuer.set_off:
            (token,) = (t for t, r in issuer.issues.items() if isinstance(r, Par))
            (loan,) = (k for k, d in system.issuers[debtor].owes.items() if d.to == name)
            face = system.issuers[debtor].owes[loan].amount.number
            par = issuer.issues[token].par.number
            held = system.issuers[debtor].owns[token].number
            units = min(face / par, held)
            system = system.set(
                {
                    f"{debtor}/owes/{loan}": {"to": name, "amount": face - units * par},
                    f"{debtor}/owns/{token}": held - units,
                    f"{token}/supply": issuer.issues[token].supply.number - units,
                }
            )
    return system


def _kind(system: System, name: str, terms) -> tuple:
    market = system.markets[accounts(system)[name].market]
    return (
        market.incentive(terms),
        terms.liquidation_factor and terms.liquidation_factor.number,
        terms.storefront and terms.storefront.number,
    )


def solve(moment: Moment, *, greatest: bool) -> dict[str, Fraction]:
    side = RightSide(moment)
    names = tuple(side.claims(_Everything()))
    return end(side.claims, side.sweep, names, greatest=greatest)


class _Everything(dict):
    """Any claim, worth nothing: to learn the names."""

    def __missing__(self, key: str) -> Fraction:
        return F(0)
