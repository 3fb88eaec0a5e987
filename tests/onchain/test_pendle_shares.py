"""Shares of a Pendle market: their rate equal to the protocol's own oracle, to the last unit."""

import random

import pytest

from looprisk.onchain.pendle_rates import share_rate_of, split_of
from looprisk.onchain.pendle_rules import ONE, YEAR, Reserves, in_wrapper, ln, share_rate, solvent
from tests.onchain.pendle import EXPIRES, TWAP, buy, deploy_pendle, lose, split
from tests.onchain.reading import snapshot_of


@pytest.fixture(scope="module")
def split_town(built, shop):
    """The town with one maturity of Pendle in it, for the tests of this file."""
    before = built.node.rpc("evm_snapshot")
    yield deploy_pendle(built, shop)
    built.node.rpc("evm_revert", before)


@pytest.fixture
def made(split_town, town):
    return split_town


def test_the_logarithm_is_the_inverse_of_the_exponential():
    from decimal import Decimal

    for x in (1e-17, 1e-3, 0.5, 0.9, 0.95, 1 - 1e-9, 1.0, 1.05, 1.1, 2.0, 20.0, 1e9, 1e28, 1e56):
        real = (Decimal(int(x * ONE)) / ONE).ln()
        assert ln(int(x * ONE)) / ONE == pytest.approx(float(real), abs=1e-17, rel=2e-15)
    for outside in (0, -1):
        with pytest.raises(ValueError, match="no logarithm"):
            ln(outside)


def share_rates(town, made, seconds):
    """What we say of a share, in the asset and in the wrapper, and the protocol's own answers."""
    with snapshot_of(town) as snapshot:
        of = split_of(snapshot, made.market.address)
        raw = share_rate_of(snapshot, made.market.address, of, seconds)
    functions, words = made.rates.functions, (made.market.address, seconds)
    ours = (solvent(raw, of.index, of.highest), in_wrapper(raw, of.index, of.highest))
    theirs = (functions.getLpToAssetRate(*words).call(), functions.getLpToSyRate(*words).call())
    return ours, theirs


def test_the_rate_of_a_share_is_the_protocols_own_wherever_the_market_stands(town, made):
    """Trades both ways, liquidity and time at random, then losses: to the unit in each state."""
    chance, by, me, market = random.Random(7), town.by, town.by.me, made.market
    seen = set()
    for step in range(30):
        kind = chance.randrange(3) if step < 20 else 3
        if kind == 0:
            buy(town, made, chance.randrange(1, 4 * 10**9))
        elif kind == 1:
            amount = split(town, made, chance.randrange(10**6, 10**9), me)
            by.send(made.pt.functions.transfer(market.address, amount))
            by.send(market.functions.swapExactPtForSy(me, amount, b""))
        elif kind == 2:
            shares = market.functions.balanceOf(me).call() // chance.randrange(20, 200)
            by.send(market.functions.transfer(market.address, shares))
            by.send(market.functions.burn(me, me, shares))
        else:
            lose(town, chance.randrange(1, 5))
        town.node.pass_time(chance.randrange(1, 10**5))
        for seconds in (0, 1, 900, 1800):
            ours, theirs = share_rates(town, made, seconds)
            assert ours == theirs
            seen.add((step, seconds, ours))
    assert len(seen) == 120


def test_the_rate_of_a_share_at_maturity(town, made):
    latest = town.node.rpc("eth_getBlockByNumber", "latest", False)
    for left in (2, 0, -86_400):
        town.node.pass_time(EXPIRES - left - int(latest["timestamp"], 16))
        latest = town.node.rpc("eth_getBlockByNumber", "latest", False)
        ours, theirs = share_rates(town, made, TWAP)
        assert ours == theirs


def test_a_market_that_holds_nothing_has_no_rate():
    for empty in (Reserves(0, 5, 5, ONE, 1), Reserves(5, 0, 5, ONE, 1), Reserves(5, 5, 0, ONE, 1)):
        with pytest.raises(ValueError, match="holds nothing"):
            share_rate(empty, 0, ONE, YEAR)
