"""The contract itself is the judge: its own answer at any price, by a feed that says so.

An override of the feed's code in a call, at the pinned block, changes nothing else: no time passes
and no interest accrues, so that our figure and the contract's are of one moment.
"""

import pytest

import looprisk as lr
from looprisk.onchain import aave
from looprisk.onchain.aave_parts import prepare, write
from looprisk.onchain.aave_rules import standing
from looprisk.onchain.abi import call, decoded
from looprisk.onchain.draft import Draft
from looprisk.onchain.erc20 import tokens
from looprisk.onchain.places import Places
from looprisk.onchain.reader import Look
from tests.onchain.reading import health_by_the_engine, snapshot_of

FALLS = [0.02 * step for step in range(45)] + [-0.1, -0.5, -1, 0.97, 0.999]
CASES = [("3.0", "staker", "wstETH"), ("3.0", "trader", "WETH"), ("3.2", "mixed", "WETH")]
_USER = "getUserAccountData(address)(uint256,uint256,uint256,uint256,uint256,uint256)"


def says(price):
    """Return code that answers every question with one number."""
    return f"0x7f{price:064x}5f5260205ff3"


def judged(snapshot, pool, user, feed, price):
    """Return the six figures of the pool for an account, had the feed said ``price``."""
    asked = call(pool, _USER, user)
    sent = {"to": pool, "data": "0x" + asked.data.hex()}
    answer = snapshot.node.request("eth_call", [sent, snapshot.at, {feed: {"code": says(price)}}])
    read = decoded(asked, bytes.fromhex(answer[2:]))
    return [read.integer(place) for place in range(6)]


@pytest.mark.parametrize(("version", "name", "shocked"), CASES)
def test_fifty_prices(town, version, name, shocked):
    pool, user = town.pools[version].address, town.who[name]
    feed, token = town.feeds[shocked].address, town.tokens[shocked].address
    with snapshot_of(town) as snapshot:
        (found,) = aave.recognise(Look(snapshot, user, Places((pool,))))
        account = aave.read(snapshot, found)
        draft = Draft(snapshot.pin, tokens(snapshot, account.tokens))
        prepare(account, draft)
        write(account, draft)
        system = draft.system("test", ["aave-v3/1"])
        (position,) = system.positions
        (now,) = (one.reserve.price for one in account.held if one.token == token)
        for fall in FALLS:
            price = round(now * (1 - fall))
            collateral, debt, _, threshold, _, health = judged(snapshot, pool, user, feed, price)
            ours = standing(shocked_legs(account, token, price))
            assert (ours.collateral, ours.debt, ours.threshold) == (collateral, debt, threshold)
            assert ours.health == health
            exact = f"{(price / now - 1) * 100:.12f}%"
            engine = health_by_the_engine(system, position, {shocked: exact})
            # several collaterals: the pool cuts their mean threshold to a whole basis point
            cut = 1 / threshold if len(account.held) > 2 else 0
            assert -1e-9 <= engine / (health / 10**18) - 1 <= cut + 1e-9, fall


@pytest.fixture
def loaded(town, tmp_path, monkeypatch):
    """Import an account of Morpho into a file, and load that."""
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    monkeypatch.setenv("LOOPRISK_RPC_31337", town.url)
    places = [town.morpho.address, town.markets["wstETH/WETH"].hex]
    made = lr.import_(f"local:{town.who['stacker']}", block="latest", look_in=places)
    lr.save(made, tmp_path / "system.yaml")
    return lr.load(tmp_path / "system.yaml").system.set({"WETH/price": "$3000"})


def test_fifty_prices_of_a_file_on_morpho(town, shop, loaded):
    """The contract says who may be liquidated; its oracle and its debt, how far from it one is."""
    judge = town.by.deploy(shop.own("Judge"), town.morpho.address).functions
    market, user = town.markets["wstETH/WETH"], town.who["stacker"]
    oracle = town.by.at(market.terms[2], shop.own("FeedOracle")).functions
    aggregator = town.aggregators["wstETH"].functions
    (position,) = loaded.positions
    (collateral,) = loaded.positions[position].collateral.values()
    (debt,) = loaded.positions[position].debt.values()
    judged_ = set()
    for fall in FALLS:
        before = town.node.rpc("evm_snapshot")
        price = max(1, round(3600 * 10**8 * (1 - fall)))
        town.by.send(aggregator.updateAnswer(price))
        healthy = judge.refuses(market.terms, user).call() == "position is healthy"
        rate = oracle.price().call()
        town.node.rpc("evm_revert", before)
        most = int(collateral.number * 10**18) * rate // 10**36 * market.terms[4] // 10**18
        exact = f"{(price / 10**8 / 3600 - 1) * 100:.12f}%"
        engine = health_by_the_engine(loaded, position, {"wstETH": exact})
        assert engine == pytest.approx(most / int(debt.number * 10**18), rel=1e-9, abs=1e-15)
        broken = {(one.of, one.event) for one in lr.run(loaded, price={"wstETH": exact}).events}
        assert ((position, "liquidated") in broken) is not healthy, fall
        judged_.add(healthy)
    assert judged_ == {True, False}


def shocked_legs(account, token, price):
    from dataclasses import replace

    return [
        replace(leg, price=price) if one.token == token else leg
        for leg, one in zip(account.legs, account.held, strict=True)
    ]
