"""Morpho Blue: debts, claims and interest equal to the contract's own, to the last unit."""

import random
from fractions import Fraction

import pytest

from looprisk.onchain import morpho
from looprisk.onchain.draft import Draft
from looprisk.onchain.erc20 import tokens
from looprisk.onchain.morpho_parts import prepare, write
from looprisk.onchain.morpho_rules import NO_DEBT, WAD, Totals, compounded
from looprisk.onchain.places import Places
from looprisk.onchain.reader import Look
from tests.onchain import morpho_blue
from tests.onchain.reading import health_by_the_engine, snapshot_of


def accounts_of(town, name, *contracts, markets=()):
    with snapshot_of(town) as snapshot:
        places = Places(contracts or (town.morpho.address,), markets=markets)
        look = Look(snapshot, town.who[name], places)
        return [morpho.read(snapshot, one) for one in morpho.recognise(look)], snapshot.pin


def stored(town, name):
    return town.morpho.functions.market(town.markets[name].id).call()


def drafted(town, reads, pin):
    named = dict.fromkeys(token for read in reads for token in read.tokens)
    with snapshot_of(town) as snapshot:
        draft = Draft(pin, tokens(snapshot, named))
    for read in reads:
        prepare(read, draft)
        write(read, draft)
    return draft


@pytest.mark.parametrize("seconds", [1, 12, 86_400, 30 * 86_400, 365 * 86_400])
@pytest.mark.parametrize("name", ["sUSD/USDC", "wstETH/WETH"])
def test_interest_up_to_the_block_is_what_the_contract_then_stores(town, name, seconds):
    market = town.markets[name]
    before = town.node.rpc("evm_snapshot")
    town.node.pass_time(seconds)
    with snapshot_of(town) as snapshot:
        (read,) = morpho.markets(snapshot, town.morpho.address, [market.hex])
        at = snapshot.pin.timestamp
    town.node.rpc("evm_revert", before)
    town.node.rpc("evm_setNextBlockTimestamp", at)
    town.by.send(town.morpho.functions.accrueInterest(market.terms))
    totals = read.totals
    assert stored(town, name) == [
        totals.supplied,
        totals.supply_shares,
        totals.borrowed,
        totals.borrow_shares,
        at,
        0,
    ]
    assert totals.borrowed > 0


def test_interest_with_a_fee_gives_shares_to_its_receiver(town):
    market = town.markets["sUSD/USDC"]
    functions = town.morpho.functions
    town.by.send(functions.setFeeRecipient(town.by.me))
    town.by.send(functions.setFee(market.terms, WAD // 10))
    start = town.node.rpc("evm_snapshot")
    town.node.pass_time(86_400)
    with snapshot_of(town) as snapshot:
        (read,) = morpho.markets(snapshot, town.morpho.address, [market.hex])
        at = snapshot.pin.timestamp
    town.node.rpc("evm_revert", start)
    town.node.rpc("evm_setNextBlockTimestamp", at)
    town.by.send(functions.accrueInterest(market.terms))
    assert stored(town, "sUSD/USDC")[:4] == [
        read.totals.supplied,
        read.totals.supply_shares,
        read.totals.borrowed,
        read.totals.borrow_shares,
    ]


@pytest.mark.parametrize(("name", "market"), [("saver", "sUSD/USDC"), ("stacker", "wstETH/WETH")])
def test_a_debt_is_what_repaying_it_takes(town, name, market):
    """Repay all shares in the next second and see what the contract took."""
    params, user = town.markets[market], town.who[name]
    start = town.node.rpc("evm_snapshot")
    town.node.pass_time(86_400)
    (read,), pin = accounts_of(town, name)
    town.node.rpc("evm_revert", start)
    token = town.tokens[market.partition("/")[2]]
    town.by.send(token.functions.mint(user, 2 * read.debt))
    town.by.send(token.functions.approve(town.morpho.address, 2**256 - 1), user)
    before = token.functions.balanceOf(user).call()
    town.node.rpc("evm_setNextBlockTimestamp", pin.timestamp)
    repay = town.morpho.functions.repay(params.terms, 0, read.borrow_shares, user, b"")
    town.by.send(repay, user)
    assert before - token.functions.balanceOf(user).call() == read.debt


@pytest.mark.parametrize(("name", "market"), [("saver", "sUSD/USDC"), ("stacker", "wstETH/WETH")])
def test_all_that_health_allows_can_be_borrowed_and_not_a_unit_more(town, name, market):
    """The contract lends up to the threshold: what is left of it is what our figures leave."""
    params, user = town.markets[market], town.who[name]
    (read,), pin = accounts_of(town, name)
    from looprisk.onchain.morpho_rules import most_debt

    room = most_debt(read.collateral, read.market.price, read.market.lltv) - read.debt
    borrow = town.morpho.functions.borrow
    at = {"from": user, "gas": 5_000_000}
    # a call at the pinned block has its time
    block = pin.number
    borrow(params.terms, room - 2, 0, user, user).call(at, block_identifier=block)
    with pytest.raises(Exception, match="insufficient collateral"):
        borrow(params.terms, room + 2, 0, user, user).call(at, block_identifier=block)


def test_markets_are_found_by_what_an_account_did(town):
    reads, _ = accounts_of(town, "lender")
    assert {read.market.id for read in reads} == {
        town.markets[name].hex for name in ("wstETH/WETH", "sUSD/USDC")
    }
    (one,), _ = accounts_of(town, "lender", markets=(town.markets["sUSD/USDC"].hex,))
    assert one.market.id == town.markets["sUSD/USDC"].hex
    assert one.health == NO_DEBT


def test_who_has_nothing_there_is_not_found(town):
    assert accounts_of(town, "trader")[0] == []
    assert accounts_of(town, "saver", town.pools["3.0"].address, town.by.me)[0] == []


@pytest.mark.parametrize("name", ["saver", "stacker"])
def test_the_system_has_the_contracts_health(town, name):
    (read,), pin = accounts_of(town, name)
    draft = drafted(town, [read], pin)
    if name == "stacker":
        draft.prices[read.market.loan] = "$3000"
        system = draft.system("test", ["morpho-blue/1"])
        (position,) = system.positions
        ours = health_by_the_engine(system, position)
        assert ours == pytest.approx(read.health / WAD, rel=1e-12)
    (check,) = draft.system("test", ["x"]).positions.values()
    (debt,) = check.debt.values()
    assert debt.number == draft.tokens[read.market.loan].units(read.debt)


@pytest.mark.parametrize("fall", [0, 2, 5, 8, 12, 30])
def test_the_engine_after_a_fall_agrees_with_the_contract(town, fall):
    (read,), pin = accounts_of(town, "stacker")
    draft = drafted(town, [read], pin)
    draft.prices[read.market.loan] = "$3000"
    system = draft.system("test", ["morpho-blue/1"])
    (position,) = system.positions
    town.set_price("wstETH", 36 * (100 - fall))
    (after,), later = accounts_of(town, "stacker")
    ours = health_by_the_engine(system, position, {"wstETH": f"-{fall}%"})
    assert ours == pytest.approx(after.health / WAD, rel=1e-6)
    assert later.number > pin.number


def test_oracles_are_what_they_read(town):
    (saver,), pin = accounts_of(town, "saver")
    (stacker,), _ = accounts_of(town, "stacker")
    system = drafted(town, [saver, stacker], pin).system("test", ["x"])
    kinds = {
        token: terms.oracle
        for market in system.markets.values()
        for token, terms in market.collateral.items()
    }
    assert kinds == {"sUSD": "nav", "wstETH": "market"}


def test_an_oracle_of_another_kind_is_unknown(town, shop):
    mock = town.by.deploy(shop.own("OracleMock"))
    town.by.send(mock.functions.setPrice(2 * 10**36 // 10**12))
    irm = town.by.at(town.markets["sUSD/USDC"].terms[3], shop.own("IrmMock"))
    ends = {"loan": town.tokens["USDC"], "collateral": town.tokens["WETH"]}
    words = (town.by, town.morpho, irm)
    market = morpho_blue.create_market(*words, oracle=mock, lltv=86 * WAD // 100, **ends)
    user = town.who["trader"]
    town.by.send(town.tokens["WETH"].functions.mint(user, WAD))
    morpho_blue.pledge(town.by, town.morpho, market, town.tokens["WETH"], WAD, user)
    (read,), pin = accounts_of(town, "trader")
    system = drafted(town, [read], pin).system("test", ["x"])
    (written,) = system.markets.values()
    assert written.collateral["WETH"].oracle == "unknown"
    assert system.assets["WETH"].price.number == 2
    assert system.assets["WETH"].price.of == "USDC"


def test_a_random_walk_of_rates_and_times_is_below_the_exponential():
    """The series is cut at its third term: never above e^x - 1, and close below it while x is small."""
    from math import expm1

    chance = random.Random(7)
    for _ in range(2000):
        rate, seconds = chance.randrange(10**11), chance.randrange(10**7)
        x = rate * seconds / WAD
        ours = compounded(rate, seconds) / WAD
        assert ours <= expm1(x) * (1 + 1e-9)
        assert ours == pytest.approx(x + x**2 / 2 + x**3 / 6, rel=1e-6, abs=1e-17)


def test_shares_and_assets_round_against_the_account():
    chance = random.Random(11)
    for _ in range(2000):
        totals = Totals(*(chance.randrange(1, 10**30) for _ in range(4)), 0, 0)
        shares = chance.randrange(10**30)
        exact = Fraction(shares * (totals.borrowed + 1), totals.borrow_shares + 10**6)
        assert 0 <= totals.owed(shares) - exact < 1
        exact = Fraction(shares * (totals.supplied + 1), totals.supply_shares + 10**6)
        assert 0 <= exact - totals.worth(shares) < 1
