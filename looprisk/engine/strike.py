"""What a stage does to a state: every verb of a scenario that moves a number of the outside."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.state import ONE, ZERO, Cut, State, asset_usd, usd
from looprisk.engine.world import World
from looprisk.errors import ModelError, NotCarriedError, Problem
from looprisk.model.positions import VenueTable
from looprisk.model.scenario import Adl, Stage
from looprisk.model.tokens import Oracle, Par
from looprisk.model.values import Value


class Prices(Protocol):
    """What a stage may ask of the clearing before it."""

    def token(self, token: str) -> Fraction:
        """Return the economic price of a token, in USD."""

    def reading(self, oracle: str, collateral: str) -> Fraction:
        """Return what an oracle reads for one unit, in USD."""


def ready(catalogue: Catalogue, state: State, stage: Stage, prices: Prices) -> State:
    """Return the state at the start of a stage, with a number for all that the stage will move.

    A token that nobody has quoted yet starts at what backs it, an oracle at what it reads.
    """
    quotes = {token: prices.token(token) for token in stage.depeg if token not in state.quotes}
    readings = {
        (oracle, collateral): prices.reading(oracle, collateral)
        for oracle in (*stage.freeze, *stage.misprice)
        for collateral in _read_by(catalogue, oracle)
    }
    return replace(
        state,
        quotes={**quotes, **state.quotes},
        quoted_from={**quotes, **state.quoted_from},
        readings={**readings, **state.readings},
    )


def strike(catalogue: Catalogue, state: State, stage: Stage) -> State:
    """Return the state after a stage at its full size; ``state`` is :func:`ready` for it."""
    for pool in stage.drain:
        raise NotCarriedError(
            f"drain/{pool}: depth decides what a sale does to a price, and a static clearing sells "
            "at the price as it stands: add `time`, or write what the drain leads to: `depeg` for "
            "the price, `run` on a market for cash that its suppliers withdraw"
        )
    return replace(
        state,
        prices={**state.prices, **_priced(catalogue, state, stage)},
        quotes={**state.quotes, **_depegged(catalogue, state, stage)},
        lost=_lost(catalogue, state, stage),
        venue_lost=_venues_lost(catalogue, state, stage),
        caps=_capped(catalogue, state, stage),
        recognised=state.recognised | set(stage.recognise),
        readings=_readings(catalogue, state, stage),
        closed=state.closed | set(stage.close),
        cuts=_cut(catalogue, state, stage),
    )


def _priced(catalogue: Catalogue, state: State, stage: Stage) -> dict[str, Fraction]:
    """Prices move from the start, never from the stage before: ``0%`` is back.

    A level in another unit than the price is written in counts at what that unit is worth after
    the stage.
    """
    moved: dict[str, Fraction] = {}
    for asset, move in sorted(stage.price.items(), key=lambda item: _depth(catalogue, *item)):
        part = catalogue.system.assets[asset]
        if move.unit == "fraction":
            level = known(part.price, asset, "price") * (1 + known(move, "price", asset))
        else:
            level = known(move, "price", asset)
            if move.of != part.price.of:
                after = replace(state, prices={**state.prices, **moved})
                level = usd(catalogue, after, move, "price", asset)
                if part.price.of:
                    level /= asset_usd(catalogue, after, part.price.of)
        if level < 0:
            raise ModelError(
                [Problem(("price", asset), f"price: {asset} would fall below zero", on_key=False)]
            )
        moved[asset] = level
    return moved


def _depth(catalogue: Catalogue, asset: str, move: Value) -> int:
    """Return how many prices stand between an asset, or the level it moves to, and dollars."""
    part = catalogue.system.assets.get(asset)
    if part is None:
        return 0
    units = {price.of for price in (part.price, move) if price.of and price.of != asset}
    written = {unit: a.price for unit, a in catalogue.system.assets.items() if unit in units}
    return max((1 + _depth(catalogue, unit, price) for unit, price in written.items()), default=0)


def _depegged(catalogue: Catalogue, state: State, stage: Stage) -> dict[str, Fraction]:
    """What sellers get falls from the first quote, never from the stage before."""
    fallen = {}
    for token, fall in stage.depeg.items():
        if fall.unit == "fraction":
            fallen[token] = state.quoted_from[token] * (1 - known(fall, "depeg", token))
        else:
            fallen[token] = usd(catalogue, state, fall, "depeg", token)
    return fallen


def _lost(catalogue: Catalogue, state: State, stage: Stage) -> dict[tuple[str, str], Fraction]:
    lost = dict(state.lost)
    for target, size in stage.loss.items():
        for pile, amount in _loss_of(catalogue, target, size):
            lost[pile] = lost.get(pile, ZERO) + amount
    return lost


def _loss_of(
    catalogue: Catalogue, target: str, size: Value
) -> list[tuple[tuple[str, str], Fraction]]:
    """Return the loss of each pile in USD; a bare issuer loses pro rata over all its piles."""
    name, _, rest = target.partition("/")
    issuer = catalogue.system.issuers.get(name)
    if name in catalogue.system.venues:
        return []
    if issuer is None or (rest and not rest.startswith("outside/")):
        raise NotCarriedError(
            f"a loss at `{target}`: here a loss strikes an issuer, one of its piles "
            "(ISSUER/outside/PILE) or a venue; for an asset write `price`"
        )
    piles = [rest.removeprefix("outside/")] if rest else list(issuer.outside)
    worth = {p: known(issuer.outside[p], name, "outside", p) for p in piles}
    total = sum(worth.values())
    number = known(size, "loss", target)
    if size.unit == "tokens":
        raise ModelError(
            [
                Problem(
                    ("loss", target),
                    f"loss: `{size.text}`: money wears a dollar sign",
                    on_key=False,
                )
            ]
        )
    amount = number * total if size.unit in {"share", "fraction"} else number
    if not total:
        message = f"loss: {target} has nothing outside that could be lost"
        help_ = "name the issuer whose `outside` is gone, or write `price` for what it owns"
        raise ModelError([Problem(("loss", target), message, help_)])
    return [((name, pile), amount * value / total) for pile, value in worth.items()]


def _venues_lost(catalogue: Catalogue, state: State, stage: Stage) -> dict[str, Fraction]:
    """Return the share of every claim on a venue that is gone: of what was left before the stage.

    Dollars are a share of what all claims on the venue are worth before the stage: equities of
    legs, and its fund.
    """
    lost = dict(state.venue_lost)
    for target, size in stage.loss.items():
        if target in catalogue.system.venues:
            gone, number = lost.get(target, ZERO), known(size, "loss", target)
            if size.unit not in {"share", "fraction"}:
                number = number / claims_on(catalogue, state, target)
            lost[target] = gone + (ONE - gone) * min(ONE, number)
    return lost


def claims_on(catalogue: Catalogue, state: State, venue: str) -> Fraction:
    """Return what all claims on a venue are worth, in USD: equities of its legs, and its fund."""
    positions = catalogue.system.positions.items()
    tables = (n for n, p in positions if isinstance(p, VenueTable) and p.venue == venue)
    among = next(tables, None)
    if among is not None:
        raise NotCarriedError(
            f"a loss in dollars at venue `{venue}`, where {among} is a table of traders: write the "
            "share of every claim on it, such as 50%, or add `time`"
        )
    here = World(
        catalogue=catalogue, start=state, before=state, after=state, lo=ZERO, hi=ZERO, still=ZERO
    )
    legs = [name for name, leg in catalogue.legs.items() if leg.venue == venue]
    worth = sum((max(ZERO, here.leg_value(name).at(ZERO)) for name in legs), ZERO)
    fund = catalogue.system.venues[venue].insurance
    if fund is not None:
        worth += known(fund, venue, "insurance") * (ONE - state.venue_lost.get(venue, ZERO))
    if not worth:
        message = f"loss: nobody has anything at {venue} that could be lost"
        raise ModelError([Problem(("loss", venue), message, "name a venue with positions")])
    return worth


def _capped(catalogue: Catalogue, state: State, stage: Stage) -> dict[str, Fraction]:
    caps = dict(state.caps)
    for target, recovery in stage.default.items():
        for claim in defaulting(catalogue, target):
            caps[claim] = min(caps.get(claim, ONE), known(recovery, "default", target))
    return caps


def defaulting(catalogue: Catalogue, target: str) -> tuple[str, ...]:
    """Return the claims that a default names: one claim, or all that an issuer or account owes."""
    if target in catalogue.tables or target in catalogue.summed:
        raise NotCarriedError(
            f"default/{target}: a table of accounts pays as its collateral allows: "
            "list the accounts that default as positions"
        )
    if target in catalogue.loans:
        return tuple(catalogue.debt_claims(target).values())
    if target not in catalogue.system.issuers:
        return (target,)
    claims = catalogue.ranked_claims(target, catalogue.system.issuers[target])
    if not claims:
        message = f"default: {target} owes nothing that it could default on"
        help_ = "what is left of it falls with `loss` or `price`"
        raise ModelError([Problem(("default", target), message, help_)])
    return claims


def _readings(catalogue: Catalogue, state: State, stage: Stage) -> dict[tuple[str, str], Fraction]:
    readings = dict(state.readings)
    for oracle, move in stage.misprice.items():
        for collateral in _read_by(catalogue, oracle):
            if move.unit == "fraction":
                level = readings[oracle, collateral] * (1 + known(move, "misprice", oracle))
            else:
                level = usd(catalogue, state, move, "misprice", oracle)
            readings[oracle, collateral] = level
    return readings


def _read_by(catalogue: Catalogue, oracle: str) -> list[str]:
    """Return what an oracle reads the price of: collaterals, and what oracles on it pass on."""
    found = {
        collateral
        for market in catalogue.system.markets.values()
        for accepted_ in (market.collateral, *(m.collateral for m in market.e_modes.values()))
        for collateral, terms in accepted_.items()
        if terms.oracle == oracle
    }
    for name, part in catalogue.system.oracles.items():
        if part.base == oracle:
            found |= _passed_on(catalogue, name, part)
    return sorted(found)


def _passed_on(catalogue: Catalogue, name: str, part: Oracle) -> set[str]:
    """A discount is taken of the unit that its principal token pays, a cap of the thing itself."""
    if part.kind != "pt_discount":
        return set(_read_by(catalogue, name))
    promised = (catalogue.tokens.get(str(part.of or held)) for held in _read_by(catalogue, name))
    return {token.par.of for token in promised if isinstance(token, Par) and token.par.of}


def _cut(catalogue: Catalogue, state: State, stage: Stage) -> dict[str, tuple[Cut, ...]]:
    cuts = dict(state.cuts)
    for leg, adl in stage.adl.items():
        cuts[leg] = (*cuts.get(leg, ()), _one_cut(catalogue, state, leg, adl))
    return cuts


def _one_cut(catalogue: Catalogue, state: State, leg: str, adl: Adl) -> Cut:
    price = usd(catalogue, state, adl.at, "adl", leg, "at")
    return Cut(share=known(adl.share, "adl", leg, "share"), price=price)
