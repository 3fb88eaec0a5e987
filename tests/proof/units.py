"""What moves units in a stage, done to the system by plain means: a run, and positions taken."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from looprisk.model import System
from looprisk.model.positions import LoanPosition
from looprisk.model.scenario import Stage
from looprisk.model.tokens import Par
from tests.proof.moment import F, Moment, start_prices, supply_id
from tests.proof.right_side import RightSide

NOTHING: Mapping[str, Fraction] = {}


def moved(
    system: System, stage: Stage, s: Fraction, first: Moment, z: Mapping[str, Fraction]
) -> System:
    """The system after the share ``s`` of a stage's run and openings; ``z`` clears it before."""
    for target, terms in stage.run.items():
        system = after_run(system, target, s * terms.wants_out.number, first, z)
    return with_positions(system, stage, s)


def supplies(system: System) -> dict[str, tuple[str, str]]:
    return {supply_id(system, m, t): (m, t) for m, p in system.markets.items() for t in p.lends}


def after_run(
    system: System, target: str, units: Fraction, first: Moment, z: Mapping[str, Fraction]
) -> System:
    """Those who ask are paid at book, from what is liquid; they leave with what they were paid for."""
    prices = start_prices(system)
    if target in supplies(system):
        token = supplies(system)[target][1]
        cash = system.markets[supplies(system)[target][0]].lends[token].cash.number
        return _less_cash(system, target, min(units, cash))
    side = RightSide(first)
    receipt = side.tokens[target]
    price = first.par(target) if isinstance(receipt, Par) else side.book_price(z, target)
    asked = units * price
    issuer = next(n for n, i in system.issuers.items() if target in i.issues)
    owns = system.issuers[issuer].owns
    worth = {a: _worth(amount, prices[a]) for a, amount in owns.items() if a in prices}
    purse = sum(worth.values(), F(0))
    spent = min(asked, purse)
    if purse:
        kept = {a: w * (1 - spent / purse) / prices[a] for a, w in worth.items() if prices[a]}
        system = system.set({f"{issuer}/owns/{a}": left for a, left in kept.items()})
    paid = spent
    for supply, amount in _drawn(system, issuer, asked - spent, prices).items():
        paid += amount * prices[supplies(system)[supply][1]]
        left = owns[supply].number - amount
        system = _less_cash(system, supply, amount, {f"{issuer}/owns/{supply}": left})
    gone = paid / price if price else F(0)
    return system.set({f"{target}/supply": receipt.supply.number - gone})


def _worth(amount, price: Fraction) -> Fraction:
    return amount.number if amount.unit == "usd" else amount.number * price


def _less_cash(
    system: System, supply: str, units: Fraction, more: Mapping[str, Fraction] = NOTHING
) -> System:
    """What leaves a market leaves its cash and what it owes its suppliers."""
    market, token = supplies(system)[supply]
    lending = system.markets[market].lends[token]
    changes = {**more, f"{market}/lends/{token}/cash": lending.cash.number - units}
    if lending.supplied is not None:
        changes[f"{market}/lends/{token}/supplied"] = lending.supplied.number - units
    return system.set(changes)


def _drawn(
    system: System, issuer: str, need: Fraction, prices: Mapping[str, Fraction]
) -> dict[str, Fraction]:
    """Units of each own supply: in proportion to what there is, as far as the cash goes."""
    room, cash, found = {}, {}, {}
    for supply, (market, token) in supplies(system).items():
        held = system.issuers[issuer].owns.get(supply)
        if held is not None:
            room[supply] = held.number * prices[token]
            cash[supply] = system.markets[market].lends[token].cash.number * prices[token]
            found[supply] = F(0)
    while need > 0 and any(min(room[m], cash[m]) > 0 for m in room):
        asking = {m: room[m] for m in room if min(room[m], cash[m]) > 0}
        part = min(F(1), need / sum(asking.values(), F(0)))
        for supply, most in asking.items():
            got = min(most * part, cash[supply])
            room[supply] -= got
            cash[supply] -= got
            need -= got
            found[supply] += got
    return {m: got / prices[supplies(system)[m][1]] for m, got in found.items() if got}


def with_positions(system: System, stage: Stage, s: Fraction) -> System:
    """Positions taken, at the share ``s`` of their size: what is drawn leaves the market's cash."""
    for name, position in stage.open.items():
        debts = {t: s * n.number for t, n in position.debt.items()}
        cash = {
            f"{position.market}/lends/{token}/cash": lending.cash.number - debts[token]
            for token, lending in system.markets[position.market].lends.items()
            if token in debts
        }
        taken = LoanPosition(
            market=position.market,
            collateral={c: s * n.number for c, n in position.collateral.items()},
            debt=debts,
        )
        positions = {**system.positions, name: taken}
        system = system.model_copy(update={"positions": positions}).set(cash)
    return system
