"""Wallets: what an address has besides its positions is its own, and each thing is there once."""

import pytest

import looprisk as lr
from looprisk.errors import UnreadableError
from looprisk.onchain.access import Access
from looprisk.onchain.draft import short
from looprisk.onchain.importing import import_at
from tests.onchain import aave_pool
from tests.onchain.morpho_blue import WAD
from tests.onchain.test_comet import opened as open_comet

UNIT = 10**6


@pytest.fixture
def imported(town, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))

    def run(address, *look_in):
        return import_at(address, Access(block="latest", rpc=town.url), look_in).system

    return run


def owned(system, address):
    return {n: held.number for n, held in system.issuers[short("a", address)].owns.items()}


def test_what_a_lender_supplied_is_its_claim(town, imported):
    lender, market = town.who["lender"], town.markets["wstETH/WETH"]
    system = imported(lender, town.morpho.address, market.hex)
    (name,) = system.markets
    shares = town.morpho.functions.position(market.id, lender).call()[0]
    total, supplied, *_ = town.morpho.functions.market(market.id).call()
    worth = owned(system, lender)[name] * WAD
    # accrued up to the block, since the month in which nobody came by
    assert worth == pytest.approx(shares * total / supplied, rel=1e-4)
    assert worth > shares * total // supplied
    assert not system.positions


def test_shares_of_a_vault_that_is_named_are_opened(town, imported):
    holder = town.who["trader"]
    vault, usdc = town.tokens["sUSD"], town.tokens["USDC"]
    town.by.send(usdc.functions.mint(holder, 500 * UNIT))
    aave_pool.allow(town.by, usdc, vault.address, holder)
    town.by.send(vault.functions.deposit(500 * UNIT, holder), holder)
    with pytest.raises(UnreadableError, match="no reader finds anything"):
        imported(holder, town.pools["3.2"].address)
    system = imported(holder, vault.address)
    held = vault.functions.balanceOf(holder).call()
    assert {n: one * UNIT for n, one in owned(system, holder).items()} == {"sUSD": held}
    assert list(system.assets) == ["USDC"]
    known = system.set({"USDC/price": "$1"})
    run = lr.run(known, price={"USDC": "-10%"})
    (row,) = [one for one in run.layers.rows if one.kind == "equity"]
    assert row.economic_loss_usd == pytest.approx(50, rel=1e-3)


def test_what_is_supplied_and_no_collateral_is_owned_beside_the_position(town, imported):
    user, pool, tokens = town.who["stacker"], town.pools["3.2"], town.tokens
    aave_pool.supply(town.by, pool, tokens["WETH"], 5 * WAD, user)
    aave_pool.supply(town.by, pool, tokens["USDC"], 700 * UNIT, user)
    use = pool.pool.functions.setUserUseReserveAsCollateral
    town.by.send(use(tokens["USDC"].address, False), user)
    aave_pool.borrow(town.by, pool, tokens["USDC"], 1_000 * UNIT, user)
    system = imported(user, pool.address)
    (market,), (position,) = system.markets, system.positions.values()
    assert list(position.collateral) == [f"{market}/WETH"]
    assert list(owned(system, user)) == [f"{market}/USDC"]
    assert float(owned(system, user)[f"{market}/USDC"]) == pytest.approx(700, abs=1e-3)
    # both are one account: what it has in all is its equity, before and after
    assert position.owner == short("a", user)
    (row,) = [
        one for one in lr.run(system, price={"WETH": "-10%"}).layers.rows if one.id.startswith("a-")
    ]
    assert row.claims_usd == pytest.approx(5 * 3000 + 700 - 1000, rel=1e-6)
    assert row.economic_loss_usd == pytest.approx(1500, rel=1e-6)


def test_base_that_is_supplied_to_compound_is_a_claim(town, shop, imported):
    place, lender = open_comet(town, shop, in_dollars=True), town.who["lender"]
    system = imported(lender, place.contract.address)
    (market,) = system.markets
    held = place.contract.functions.balanceOf(lender).call()
    assert {n: one * UNIT for n, one in owned(system, lender).items()} == {market: held}
    assert not system.positions


def test_a_wallet_of_positions_alone_is_no_issuer(town, imported):
    assert not imported(town.who["staker"], town.pools["3.0"].address).issuers
