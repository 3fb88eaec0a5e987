"""Aave accounts: every figure equal to the pool's own, at the same block, to the last unit."""

import random
from dataclasses import replace

import pytest

from looprisk.errors import AnswerError
from looprisk.onchain import aave
from looprisk.onchain.aave_parts import prepare, write
from looprisk.onchain.aave_rules import NO_DEBT, WAD, Leg, standing, standing_rounding_up
from looprisk.onchain.draft import Draft
from looprisk.onchain.erc20 import tokens
from looprisk.onchain.places import Places
from looprisk.onchain.reader import Look
from tests.onchain import aave_pool
from tests.onchain.reading import health_by_the_engine, snapshot_of

ACCOUNTS = [
    ("3.0", "staker"),
    ("3.0", "trader"),
    ("3.0", "ruined"),
    ("3.2", "modern"),
    ("3.2", "mixed"),
]


def account_of(town, version, name):
    with snapshot_of(town) as snapshot:
        look = Look(snapshot, town.who[name], Places((town.pools[version].address,)))
        (found,) = aave.recognise(look)
        return aave.read(snapshot, found), snapshot.pin


def drafted(town, read, pin):
    with snapshot_of(town) as snapshot:
        draft = Draft(pin, tokens(snapshot, read.tokens))
    prepare(read, draft)
    write(read, draft)
    return draft


def theirs(town, version, name):
    return town.pools[version].pool.functions.getUserAccountData(town.who[name]).call()


@pytest.mark.parametrize(("version", "name"), ACCOUNTS)
def test_collateral_debt_threshold_and_health_are_the_pools(town, version, name):
    read, _ = account_of(town, version, name)
    ours = standing(read.legs)
    collateral, debt, _, threshold, _, health = theirs(town, version, name)
    assert (ours.collateral, ours.debt, ours.health) == (collateral, debt, health)
    assert ours.threshold == threshold


@pytest.mark.parametrize(("version", "name"), ACCOUNTS)
def test_balances_are_those_of_the_tokens(town, version, name):
    read, _ = account_of(town, version, name)
    data = town.pools[version].data
    for one in read.held:
        user = data.functions.getUserReserveData(one.token, town.who[name]).call()
        assert (one.supplied, one.owed) == (user[0], user[1] + user[2])
        claim = data.functions.getReserveTokensAddresses(one.token).call()[0]
        token = town.by.at(one.token, {"abi": town.tokens["USDC"].abi})
        assert one.reserve.cash == token.functions.balanceOf(claim).call()


@pytest.mark.parametrize(("version", "name"), ACCOUNTS)
def test_the_system_says_what_the_pool_says(town, version, name):
    read, pin = account_of(town, version, name)
    draft = drafted(town, read, pin)
    system = draft.system("test", ["aave-v3/1"])
    (position,) = system.positions
    prices = {token: draft.tokens[token] for token in read.tokens}
    assert len(draft.checks) == 3
    assert all(check.ours == check.theirs for check in draft.checks)
    debt = sum(
        amount.number * system.assets[token].price.number
        for token, amount in system.positions[position].debt.items()
    )
    assert abs(debt - read.theirs.debt / 10**8) <= len(prices) / 10**8


@pytest.mark.parametrize(
    ("version", "name", "shocked"),
    [("3.0", "staker", "wstETH"), ("3.0", "trader", "WETH"), ("3.2", "mixed", "WETH")],
)
@pytest.mark.parametrize("fall", [0, 1, 5, 10, 15, 30, 60])
def test_the_engine_after_a_fall_agrees_with_the_pool(town, version, name, shocked, fall):
    read, pin = account_of(town, version, name)
    system = drafted(town, read, pin).system("test", ["aave-v3/1"])
    (position,) = system.positions
    before = town.feeds[shocked].functions.latestAnswer().call()
    town.set_price(shocked, before * (100 - fall) / 100 / 10**8)
    judged = theirs(town, version, name)[5] / WAD
    ours = health_by_the_engine(system, position, {shocked: f"-{fall}%"})
    # with several collaterals the pool cuts their mean threshold to a whole basis point
    several = len(read.held) > 2
    assert -1e-7 * judged <= ours - judged <= (1.5e-4 if several else 1e-7) * judged


@pytest.mark.parametrize("version", ["3.0", "3.2"])
def test_a_random_walk_never_parts_from_the_pool(town, version):
    """Deposits, loans, repayments, withdrawals, time and prices: each state equal to the unit."""
    chance, pool, user = random.Random(5), town.pools[version], town.who["saver"]
    by, functions = town.by, pool.pool.functions
    aave_pool.supply(by, pool, town.tokens["WETH"], 50 * WAD, user)
    aave_pool.supply(by, pool, town.tokens["USDC"], 40_000 * 10**6, user)
    for name in ("USDC", "WETH"):
        aave_pool.allow(by, town.tokens[name], pool.address, user)
    for step in range(25):
        token = town.tokens[chance.choice(["USDC", "WETH"])]
        unit = 10 ** token.functions.decimals().call()
        amount = chance.randrange(unit // 100, unit if unit == WAD else 3000 * unit)
        match chance.choice(["supply", "borrow", "repay", "price", "time"]):
            case "supply":
                aave_pool.supply(by, pool, token, amount, user)
            case "borrow":
                aave_pool.borrow(by, pool, token, amount // 4, user)
            case "repay":
                owed = pool.data.functions.getUserReserveData(token.address, user).call()[2]
                if owed:
                    by.send(token.functions.mint(user, amount))
                    words = (token.address, min(amount, owed), 2, user)
                    by.send(functions.repay(*words), user)
            case "price":
                town.set_price("WETH", chance.uniform(2000, 4000))
            case "time":
                town.node.pass_time(chance.randrange(1, 10**7))
        read, _ = account_of(town, version, "saver")
        ours = standing(read.legs)
        data = functions.getUserAccountData(user).call()
        assert [ours.collateral, ours.debt, ours.health] == [data[0], data[1], data[5]], step


def test_what_lies_beside_the_pool_is_not_collateral(town):
    pool, user = town.pools["3.2"], town.who["mixed"]
    off = pool.pool.functions.setUserUseReserveAsCollateral(town.tokens["sUSD"].address, False)
    town.by.send(off, user)
    read, _ = account_of(town, "3.2", "mixed")
    assert standing(read.legs).collateral == theirs(town, "3.2", "mixed")[0]
    assert [one.is_collateral for one in read.held] == [True, True, False]


def test_who_has_nothing_there_is_not_found(town):
    with snapshot_of(town) as snapshot:
        places = Places(tuple(pool.address for pool in town.pools.values()))
        assert aave.recognise(Look(snapshot, town.morpho.address, places)) == ()
        elsewhere = Places((town.morpho.address, town.tokens["USDC"].address, town.by.me))
        assert aave.recognise(Look(snapshot, town.who["staker"], elsewhere)) == ()


def test_a_figure_that_is_not_the_pools_writes_nothing(town):
    read, pin = account_of(town, "3.0", "staker")
    wrong = replace(read, theirs=replace(read.theirs, health=read.theirs.health + 10**10))
    with pytest.raises(AnswerError, match="health factor of p-3c44cddd"):
        drafted(town, wrong, pin)


# the two roundings ------------------------------------------------------------------------


def test_the_rounding_of_later_releases_is_found_by_itself(town, shop):
    """Real accounts of v3.2, told by a contract of ours as releases since v3.5 tell them."""
    inner = town.pools["3.2"]
    newer = town.by.deploy(shop.own("NewerPool"), inner.address)
    differ = 0
    for price in (3000, 2999.87654321, 1234.56789012):
        town.set_price("WETH", price)
        for name in ("modern", "mixed"):
            with snapshot_of(town) as snapshot:
                look = Look(snapshot, town.who[name], Places((newer.address,)))
                (found,) = aave.recognise(look)
                read, pin = aave.read(snapshot, found), snapshot.pin
            theirs_now = newer.functions.getUserAccountData(town.who[name]).call()
            ours, old = standing_rounding_up(read.legs), standing(read.legs)
            assert read.pool.found.realises
            assert [ours.collateral, ours.debt, ours.threshold, ours.health] == [
                theirs_now[at] for at in (0, 1, 3, 5)
            ]
            assert all(check.ours == check.theirs for check in drafted(town, read, pin).checks)
            assert old.debt == inner.pool.functions.getUserAccountData(town.who[name]).call()[1]
            differ += old != ours
    assert differ > 3


def test_a_debt_is_cut_in_one_release_and_rounded_up_in_the_other():
    legs = [Leg(10 * WAD, 0, 3 * 10**8, WAD, 8300), Leg(0, 7, 10**8, 10**6, 0)]
    old, new = standing(legs), standing_rounding_up(legs)
    assert (old.debt, new.debt) == (700, 700)
    odd = [*legs, Leg(0, 1, 33, 10**6, 0)]
    assert (standing(odd).debt, standing_rounding_up(odd).debt) == (700, 701)
    assert new.health == pytest.approx(old.health, rel=1e-4)


@pytest.mark.parametrize("rule", [standing, standing_rounding_up])
def test_without_debt_the_health_is_the_largest_number(rule):
    assert rule([Leg(WAD, 0, 10**8, WAD, 8000)]).health == NO_DEBT
    assert rule([]).health == NO_DEBT
