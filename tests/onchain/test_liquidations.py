"""Liquidations executed by the contracts, against the amounts that the model predicts.

An account is imported while it is healthy. The model is asked what liquidators repay and take after
a fall; then the feed falls, somebody liquidates as much as the contract lets him, and its event
says what was repaid and taken. Between import and liquidation a few blocks pass, hence 1e-6.
"""

from fractions import Fraction

import pytest
from eth_utils import keccak

import looprisk as lr
from looprisk.analysis import check
from looprisk.model.case import Case
from looprisk.model.scenario import Scenario
from tests.onchain import aave_pool

NEAR = 1e-6
WAD = 10**18
FOREVER = 2**256 - 1
PRICES = {"WETH": 3000, "wstETH": 3600}
DUST = 1e-12


@pytest.fixture
def imported(town, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    monkeypatch.setenv("LOOPRISK_RPC_31337", town.url)

    def run(name, *places):
        words = {"block": "latest", "look_in": places}
        system = lr.import_(f"local:{town.who[name]}", **words)
        lr.save(system, tmp_path / "system.yaml")
        loaded = lr.load(tmp_path / "system.yaml").system
        assert loaded.tree() == system.tree()
        (position,) = loaded.positions
        return loaded, position

    return run


def metrics(system, position, fall, names, time=None):
    """Return what the model says of a position once the price of its collateral has fallen."""
    expect = [{"of": position, "metric": name, "at_least": 0} for name in names]
    stage = {"price": fall}
    if time is not None:
        stage = {"at": "0s", **stage}
        expect = [{**one, "at": "0s"} for one in expect]
        clock = {"start": "2025-11-04T00:00Z", "step": "1m", "horizon": "1m"}
        scenario = Scenario(stages=[stage], expect=expect, time=clock)
    else:
        scenario = Scenario(stages=[stage], expect=expect)
    return [row.got for row in check(Case(system, scenario, "test")).rows]


def told(receipt, event, names):
    """Return the numbers of an event; libraries emit it, so that no contract's interface has it."""
    topic = keccak(text=event)
    (log,) = [one for one in receipt.logs if bytes(one.topics[0]) == topic]
    words = [int.from_bytes(log.data[at : at + 32]) for at in range(0, len(log.data), 32)]
    return dict(zip(names, words, strict=False))


AAVE = (
    "LiquidationCall(address,address,address,uint256,uint256,address,bool)",
    ("repaid", "seized"),
)
MORPHO = (
    "Liquidate(bytes32,address,address,uint256,uint256,uint256,uint256,uint256)",
    ("repaid", "repaid_shares", "seized", "bad", "bad_shares"),
)


def mined(town, function, sender):
    sent = function.transact({"from": sender, "gas": 5_000_000})
    receipt = town.by.web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.004)
    assert receipt.status == 1
    return receipt


# Aave v3: close factor and bonus ----------------------------------------------------------

CASES = [
    ("3.0", "trader", "WETH", "USDC", 0.999, 0.5),
    ("3.0", "trader", "WETH", "USDC", 0.951, 0.5),
    ("3.0", "trader", "WETH", "USDC", 0.949, 1),
    ("3.0", "trader", "WETH", "USDC", 0.9, 1),
    ("3.0", "trader", "WETH", "USDC", 0.6, None),
    ("3.0", "staker", "wstETH", "WETH", 0.97, 0.5),
    ("3.0", "staker", "wstETH", "WETH", 0.8, None),
    ("3.2", "modern", "wstETH", "WETH", 0.99, 0.5),
    ("3.2", "modern", "wstETH", "WETH", 0.94, None),
]


@pytest.mark.parametrize(("version", "name", "pledged", "owed", "health", "factor"), CASES)
def test_aave_repays_and_seizes_what_the_model_says(
    town, imported, version, name, pledged, owed, health, factor
):
    """Half the debt down to a health of 0.95, all of it below, as far as the collateral reaches."""
    pool, user = town.pools[version], town.who[name]
    system, position = imported(name, pool.address)
    now = pool.pool.functions.getUserAccountData(user).call()[5] / WAD
    fall = 1 - health / now
    ours, seized = metrics(
        system,
        position,
        {pledged: f"-{100 * fall:.10f}%"},
        ("liquidated_usd", "collateral_seized"),
        time="1m",
    )
    town.set_price(pledged, PRICES[pledged] * (1 - fall))
    assert pool.pool.functions.getUserAccountData(user).call()[5] / WAD == pytest.approx(
        health, rel=NEAR
    )
    before = pool.data.functions.getUserReserveData(town.tokens[owed].address, user).call()[2]
    unit = 10 ** town.tokens[owed].functions.decimals().call()
    liquidator = town.by.me
    town.by.send(town.tokens[owed].functions.mint(liquidator, 2 * before))
    aave_pool.allow(town.by, town.tokens[owed], pool.address, liquidator)
    words = [town.tokens[pledged].address, town.tokens[owed].address, user, FOREVER, False]
    receipt = mined(town, pool.pool.functions.liquidationCall(*words), liquidator)
    said = told(receipt, *AAVE)
    price = PRICES.get(owed, 1)
    assert said["repaid"] / unit * price == pytest.approx(ours, rel=NEAR)
    assert said["seized"] / WAD == pytest.approx(seized, rel=NEAR)
    if factor is not None:
        assert said["repaid"] / before == pytest.approx(factor, rel=NEAR)


def test_below_the_close_factor_the_clearing_is_that_of_the_contract(town, imported):
    """A clearing liquidates as a whole: so does the pool once the health is below 0.95."""
    pool, user = town.pools["3.0"], town.who["trader"]
    system, position = imported("trader", pool.address)
    repaid, seized = metrics(
        system, position, {"WETH": "-30%"}, ("debt_repaid", "collateral_seized")
    )
    usdc, ether = town.tokens["USDC"], town.tokens["WETH"]
    town.set_price("WETH", 2100)
    aave_pool.allow(town.by, usdc, pool.address, town.by.me)
    town.by.send(usdc.functions.mint(town.by.me, 10**12))
    words = [ether.address, usdc.address, user, FOREVER, False]
    receipt = mined(town, pool.pool.functions.liquidationCall(*words), town.by.me)
    said = told(receipt, *AAVE)
    assert said["repaid"] / 10**6 == pytest.approx(repaid, rel=NEAR)
    assert said["seized"] / WAD == pytest.approx(seized, rel=NEAR)
    left = pool.data.functions.getUserReserveData(usdc.address, user).call()[2] / 10**6
    (owed,) = system.positions[position].debt.values()
    assert left == pytest.approx(owed.number - repaid, abs=0.01)


# Morpho Blue: the incentive follows from the threshold --------------------------------------


@pytest.mark.parametrize("health", [0.999, 0.97, 0.9, 0.5])
def test_morpho_repays_and_seizes_what_the_model_says(town, imported, shop, health):
    """All the debt while the collateral and the incentive cover it; else all the collateral."""
    market, user = town.markets["wstETH/WETH"], town.who["stacker"]
    ether = town.tokens["WETH"]
    system, position = imported("stacker", town.morpho.address, market.hex)
    system = system.set({"WETH/price": "$3000"})
    now = metrics(system, position, {"wstETH": "0%"}, ("health_factor",))[0]
    fall = 1 - health / now
    repaid, seized = metrics(
        system,
        position,
        {"wstETH": f"-{100 * fall:.10f}%"},
        ("debt_repaid", "collateral_seized"),
    )
    town.set_price("wstETH", 3600 * (1 - fall))
    _, shares, collateral = town.morpho.functions.position(market.id, user).call()
    liquidator = town.by.me
    town.by.send(ether.functions.mint(liquidator, 1000 * WAD))
    aave_pool.allow(town.by, ether, town.morpho.address, liquidator)
    covered = seized < collateral / WAD * (1 - DUST)
    words = (0, shares) if covered else (collateral, 0)
    call = town.morpho.functions.liquidate(market.terms, user, *words, b"")
    receipt = mined(town, call, liquidator)
    said = told(receipt, *MORPHO)
    assert said["repaid"] / WAD == pytest.approx(repaid, rel=NEAR)
    assert said["seized"] / WAD == pytest.approx(seized, rel=NEAR)
    (owed,) = system.positions[position].debt.values()
    lost = float(owed.number) - repaid
    assert said["bad"] / WAD == pytest.approx(lost, rel=NEAR, abs=NEAR)
    # a threshold of 94.5% and an incentive of 1.68%: below 0.961 the collateral is too little
    assert (said["bad_shares"] > 0) is (health < 0.961)
    assert covered is (health >= 0.961)


def test_the_incentive_is_the_contracts_to_the_unit(town, imported, shop):
    """Asked at once, before any interest: what one unit of collateral costs."""
    market, user = town.markets["wstETH/WETH"], town.who["stacker"]
    judge = town.by.deploy(shop.own("Judge"), town.morpho.address)
    town.set_price("wstETH", 3000)
    system, _ = imported("stacker", town.morpho.address, market.hex)
    (terms,) = next(iter(system.markets.values())).collateral.values()
    lltv = terms.lltv.number
    incentive = min(Fraction(115, 100), 1 / (Fraction(3, 10) * lltv + Fraction(7, 10)))
    seized, repaid = judge.functions.liquidated(market.terms, user, 10 * WAD, 0).call()
    assert seized == 10 * WAD
    assert repaid == pytest.approx(10 * WAD / float(incentive), rel=1e-15)
