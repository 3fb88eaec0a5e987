"""The chain that all other tests of this folder stand on is what it says it is."""

import pytest

from tests.onchain.morpho_blue import WAD
from tests.onchain.town import MULTICALL3


def health(pool, user):
    return pool.pool.functions.getUserAccountData(user).call()[5]


@pytest.mark.parametrize(
    ("version", "name", "low", "high"),
    [
        ("3.0", "staker", 1.0, 1.3),
        ("3.0", "trader", 1.0, 1.5),
        ("3.2", "modern", 1.0, 1.3),
        ("3.2", "mixed", 1.0, 2.5),
    ],
)
def test_loops_stand_above_water(town, version, name, low, high):
    assert low * WAD < health(town.pools[version], town.who[name]) < high * WAD


def test_the_ruined_owe_without_collateral(town):
    data = town.pools["3.0"].pool.functions.getUserAccountData(town.who["ruined"]).call()
    assert data[0] == 0
    assert data[1] > 0


def test_feeds_are_proxies_with_phases(town):
    round_id, answer, *_ = town.feeds["WETH"].functions.latestRoundData().call()
    assert round_id >> 64 == 1
    assert answer == 3000 * 10**8


def test_multicall_answers_at_its_address(town):
    assert len(town.by.web3.eth.get_code(MULTICALL3)) > 1000


def test_the_tower_leads_back_to_itself(town):
    market = town.markets["fUSD/USDC"]
    shares = town.queue_vault.functions.balanceOf(town.fund.address).call()
    supplied = town.morpho.functions.position(market.id, town.queue_vault.address).call()[0]
    pledged = town.morpho.functions.position(market.id, town.by.me).call()[2]
    assert shares > 0
    assert supplied > 0
    assert pledged > 0


def test_a_price_set_by_one_test_is_gone_in_the_next(town):
    town.set_price("WETH", 1000)
    assert town.feeds["WETH"].functions.latestAnswer().call() == 1000 * 10**8


@pytest.mark.parametrize("name", ["USDC", "WETH", "wstETH", "sUSD"])
def test_prices_are_those_of_the_town(town, name):
    from tests.onchain.town import PRICES

    assert town.feeds[name].functions.latestAnswer().call() == PRICES[name]
