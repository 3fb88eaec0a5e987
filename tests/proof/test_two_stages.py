"""What a stage leaves to the next, against plain means: two stages, greatest and least, exactly.

After the first stage the system is written anew: liquidated accounts with what they have left,
markets with what was repaid, assets at the prices they stand at.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from looprisk.analysis.solve import solve
from looprisk.errors import NotExactError
from looprisk.model import System
from looprisk.model.positions import LoanPosition
from looprisk.model.values import Value
from tests.proof.draw import Draw
from tests.proof.moment import F, accounts, debt_ids, start_prices
from tests.proof.plain import Plain
from tests.proof.plain import solve as cleared
from tests.proof.right_side import RightSide
from tests.semantics.build import case

SEEDS = range(90)


def test_what_a_stage_leaves_is_what_the_next_one_finds():
    seen = liquidated = refused = 0
    for seed in SEEDS:
        drawn = Draw(seed)
        if any("venue" in position for position in drawn.positions.values()):
            continue
        stages = two_stages(drawn, seed)
        asked = case(System(**drawn.system), *stages)
        first, second = asked.scenario.stages
        before = Plain(asked.system, first)
        left = carried(before)
        if left is None:
            continue
        try:
            found = solve(asked)
        except NotExactError:
            refused += 1
            continue
        after, acted = left
        levels = {a: level(asked.system, a, move) for a, move in second.price.items()}
        plain = Plain(after, second.model_copy(update={"price": levels}), lost(before))
        s = [F(1), F(1, 2)][seed % 2]
        for selection in ("greatest", "least"):
            point = found.scaled.at(s, selection)
            wanted = plain.solve(s, greatest=selection == "greatest")
            values = {claim: point.claim(claim) for claim in point.compiled.index.claim}
            assert values == {claim: wanted[claim] for claim in values}, (seed, s, selection)
        seen += 1
        liquidated += acted
    assert (seen >= 30, liquidated >= 8, refused <= 8) == (True, True, True)


def two_stages(drawn: Draw, seed: int) -> list[dict]:
    random = Random(f"two {seed}")
    first = {verb: drawn.stage[verb] for verb in ("price", "loss") if verb in drawn.stage}
    second: dict = {"price": {"E": random.choice(["-5%", "-40%", "-75%", "+20%", "0%"])}}
    name = random.choice(list(drawn.issuers))
    if any(pile != "$0" for pile in drawn.issuers[name]["outside"].values()):
        second["loss"] = {name: random.choice(["10%", "60%"])}
    return [first or {"price": {"E": "-30%"}}, second]


def level(system: System, asset: str, move: Value) -> Value:
    """A move counts from the start, whatever the stage before did."""
    number = system.assets[asset].price.number * (1 + move.number)
    return Value(number, number, "usd")


def lost(before: Plain) -> dict[str, F]:
    """What the first stage took of each pile."""
    moment = before.moment(F(1))
    found = {}
    for name, issuer in before.system.issuers.items():
        whole = sum((pile.number for pile in issuer.outside.values()), F(0))
        for pile, worth in issuer.outside.items():
            place = f"{name}/outside/{pile}"
            found[place] = moment.taken(name, place, worth.number, whole)
    return found


def carried(before: Plain) -> tuple[System, bool] | None:
    """The system after the stage, and whether somebody was liquidated; None if absorbed."""
    moment = before.moment(F(1))
    z, side, system = cleared(moment, greatest=True), RightSide(moment), before.system
    positions, cash = dict(system.positions), {}
    for name, account in accounts(system).items():
        split, acted = side.account(z, name)
        if not acted:
            continue
        if system.markets[account.market].protocol.shape == "absorbing":
            return None
        owed = sum((d.number * moment.prices[t] for t, d in account.debt.items()), F(0))
        paid = sum((split[claim] for claim in debt_ids(system, name).values()), F(0))
        part = paid / owed if owed else F(1)
        worth = side.worth_of(z, name)
        kept = split[f"{name}/equity"] / worth if worth else F(0)
        for token, debt in account.debt.items():
            path = f"{account.market}/lends/{token}/cash"
            was = cash.get(path, system.markets[account.market].lends[token].cash.number)
            cash[path] = was + debt.number * part
        positions[name] = LoanPosition(
            market=account.market,
            owner=account.owner,
            e_mode=account.e_mode,
            collateral={t: n.number * kept for t, n in account.collateral.items()},
            debt={t: d.number * (1 - part) for t, d in account.debt.items()},
        )
    changes = cash | prices_after(before) | units_owned(system)
    return system.model_copy(update={"positions": positions}).set(changes), bool(cash)


def prices_after(before: Plain) -> dict[str, Value]:
    found = {}
    for asset, part in before.system.assets.items():
        move = before.stage.price.get(asset)
        number = part.price.number
        if move is not None:
            number = number * (1 + move.number) if move.unit == "fraction" else move.number
        found[f"{asset}/price"] = replace(part.price, low=number, high=number)
    return found


def units_owned(system: System) -> dict[str, F]:
    """Dollars of an asset are units of it, from the start on."""
    first = start_prices(system)
    return {
        f"{name}/owns/{asset}": amount.number / first[asset]
        for name, issuer in system.issuers.items()
        for asset, amount in issuer.owns.items()
        if asset in first and amount.unit == "usd"
    }
