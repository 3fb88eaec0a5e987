"""Receipts of markets inside vaults: claims on what the market lends, and counted once."""

import pytest

import looprisk as lr
from looprisk.errors import UnreadableError
from looprisk.onchain import euler
from looprisk.onchain.access import Access
from looprisk.onchain.importing import import_at
from tests.onchain import aave_pool
from tests.onchain.morpho_blue import WAD, create_market
from tests.onchain.morpho_blue import borrow as borrow_on_morpho
from tests.onchain.morpho_blue import lend as lend_on_morpho
from tests.onchain.test_comet import opened as open_comet
from tests.onchain.test_euler import SECOND, put

UNIT = 10**6


@pytest.fixture
def imported(town, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))

    def run(address, *look_in):
        return import_at(address, Access(block="latest", rpc=town.url), look_in)

    return run


def keeping(town, shop, asset, symbol, amount):
    """Return a vault with an amount of its asset."""
    vault = town.by.deploy(shop.own("KeepingVault"), asset.address, symbol, symbol)
    town.by.send(asset.functions.mint(town.by.me, amount))
    aave_pool.allow(town.by, asset, vault.address, town.by.me)
    town.by.send(vault.functions.deposit(amount, town.by.me))
    return vault


def act(town, vault, contract, function, *words):
    """Let the vault call a contract."""
    data = contract.encode_abi(function, args=list(words))
    town.by.send(vault.functions.act(contract.address, data))


def claim_on(pool, token):
    return pool.data.functions.getReserveTokensAddresses(token.address).call()[0]


def supplied(town, vault, pool, token, amount, *, tell=False):
    """Let the vault supply a pool and count the claim in its book."""
    claim = claim_on(pool, token)
    act(town, vault, token, "approve", pool.address, 2**256 - 1)
    act(town, vault, pool.pool, "supply", token.address, amount, vault.address, 0)
    town.by.send(vault.functions.keep(claim, False))
    if tell:
        town.by.send(vault.functions.say(claim))
    return town.by.at(claim, {"abi": town.tokens["USDC"].abi})


def worth(system, token):
    """What one is worth by the engine, in dollars."""
    run = lr.run(system, price={next(iter(system.assets)): "0%"})
    assert run.certificate.conservation_gap == pytest.approx(0, abs=1e-6)
    (row,) = [one for one in run.layers.rows if one.id == token]
    return row.price.economic


def test_what_a_vault_supplied_is_its_claim_on_the_pool(town, shop, imported):
    pool, usdc = town.pools["3.2"], town.tokens["USDC"]
    vault = keeping(town, shop, usdc, "kUSD", 1000 * UNIT)
    claim = supplied(town, vault, pool, usdc, 900 * UNIT)
    town.node.pass_time(86_400)
    system = imported(vault.address, pool.address).system
    issuer, (market,) = system.issuers["kUSD"], system.markets
    block = claim.functions.balanceOf(vault.address).call()
    owned = {name: held.number * UNIT for name, held in issuer.owns.items()}
    assert owned == {"USDC": 100 * UNIT, market: block}
    assert not system.positions
    assert not issuer.outside
    assert "aUSDC" not in system.assets
    total, supply = vault.functions.totalAssets().call(), vault.functions.totalSupply().call()
    assert worth(system, "kUSD") == pytest.approx(total / supply, rel=1e-9)


def test_a_claim_that_is_the_asset_of_a_vault_is_opened_without_the_pool(town, shop, imported):
    pool, usdc = town.pools["3.2"], town.tokens["USDC"]
    inner = keeping(town, shop, usdc, "kUSD", 1000 * UNIT)
    claim = supplied(town, inner, pool, usdc, 1000 * UNIT)
    outer = town.by.deploy(shop.own("Vault"), claim.address, "Holds claims", "hUSD")
    act(town, inner, claim, "approve", outer.address, 2**256 - 1)
    act(town, inner, outer, "deposit", 400 * UNIT, inner.address)
    system = imported(outer.address).system
    (market,) = system.markets
    assert system.markets[market].address.endswith(pool.address)
    held = claim.functions.balanceOf(outer.address).call()
    assert {n: h.number * UNIT for n, h in system.issuers["hUSD"].owns.items()} == {market: held}
    assert not system.issuers["hUSD"].outside
    assert not system.positions


def test_a_wrapper_that_names_its_claim_needs_no_place(town, shop, imported):
    pool, usdc = town.pools["3.0"], town.tokens["USDC"]
    vault = keeping(town, shop, usdc, "stataUSD", 500 * UNIT)
    claim = supplied(town, vault, pool, usdc, 500 * UNIT, tell=True)
    system = imported(vault.address).system
    (market,) = system.markets
    held = claim.functions.balanceOf(vault.address).call()
    owned = {n: h.number * UNIT for n, h in system.issuers["stataUSD"].owns.items()}
    assert owned == {market: held}


def test_a_claim_that_lies_is_not_opened(town, shop, imported):
    """It names a pool that never gave it out: it stays a token whose price nobody tells."""
    pool, usdc = town.pools["3.2"], town.tokens["USDC"]
    for name, raw in {
        "POOL": pool.address,
        "UNDERLYING_ASSET_ADDRESS": usdc.address,
    }.items():
        selector = town.by.web3.keccak(text=f"{name}()")[:4]
        word = bytes.fromhex(raw[2:]).rjust(32, b"\0")
        town.by.send(town.odd_token.functions.answer(selector, word))
    for name, number in {"decimals": 6, "totalSupply": 10**9, "balanceOf": 10**8}.items():
        text = f"{name}(address)" if name == "balanceOf" else f"{name}()"
        selector = town.by.web3.keccak(text=text)[:4]
        town.by.send(town.odd_token.functions.answer(selector, number.to_bytes(32, "big")))
    vault = town.by.deploy(shop.own("KeepingVault"), town.odd_token.address, "Liar", "lUSD")
    town.node.rpc("anvil_impersonateAccount", vault.address)
    system = imported(vault.address).system
    assert not system.markets
    assert all(one.price.is_unknown for one in system.assets.values())


def test_what_backs_a_loan_of_the_vault_is_not_its_claim_too(town, shop, imported):
    """Supplied dollars back a loan of ether, supplied stakes are no collateral: nothing twice."""
    pool, tokens = town.pools["3.2"], town.tokens
    vault = keeping(town, shop, tokens["USDC"], "bUSD", 10_000 * UNIT)
    claim = supplied(town, vault, pool, tokens["USDC"], 9_000 * UNIT)
    town.by.send(tokens["WETH"].functions.mint(vault.address, 3 * WAD))
    act(town, vault, tokens["WETH"], "approve", pool.address, 2**256 - 1)
    act(town, vault, pool.pool, "supply", tokens["WETH"].address, 3 * WAD, vault.address, 0)
    use = "setUserUseReserveAsCollateral"
    act(town, vault, pool.pool, use, tokens["WETH"].address, False)
    act(town, vault, pool.pool, "borrow", tokens["WETH"].address, WAD, 2, 0, vault.address)
    system = imported(vault.address, pool.address).system
    (market,), (position,) = system.markets, system.positions.values()
    assert position.owner == "bUSD"
    pledged = claim.functions.balanceOf(vault.address).call()
    assert {n: one.number * UNIT for n, one in position.collateral.items()} == {
        f"{market}/USDC": pledged
    }
    owned = {name: one.number for name, one in system.issuers["bUSD"].owns.items()}
    assert set(owned) == {"USDC", f"{market}/WETH", "WETH"}
    assert float(owned[f"{market}/WETH"]) == pytest.approx(3, abs=1e-9)
    assert owned["WETH"] == 1
    assert owned["USDC"] == 1_000


def test_the_account_of_a_vault_behind_a_vault_is_found(town, shop, imported):
    """The outer vault is imported; the inner one owes on a pool, and one pool serves both."""
    pool, tokens, by = town.pools["3.2"], town.tokens, town.by
    inner = keeping(town, shop, tokens["USDC"], "iUSD", 20_000 * UNIT)
    supplied(town, inner, pool, tokens["USDC"], 20_000 * UNIT)
    act(town, inner, pool.pool, "borrow", tokens["WETH"].address, WAD, 2, 0, inner.address)
    outer = keeping(town, shop, tokens["USDC"], "oUSD", 9_000 * UNIT)
    by.send(outer.functions.keep(inner.address, True))
    act(town, outer, tokens["USDC"], "approve", inner.address, 2**256 - 1)
    act(town, outer, inner, "deposit", 5_000 * UNIT, outer.address)
    supplied(town, outer, pool, tokens["USDC"], 1_000 * UNIT)
    system = imported(outer.address, pool.address, inner.address).system
    (market,), (position,) = system.markets, system.positions.values()
    assert position.owner == "iUSD"
    assert set(system.issuers["oUSD"].owns) == {"USDC", "iUSD", f"{market}/USDC"}
    assert set(system.issuers["iUSD"].owns) == {"USDC", "WETH"}


def test_a_balance_in_a_market_of_compound_is_a_claim_on_it(town, shop, imported):
    place, usdc = open_comet(town, shop, in_dollars=True), town.tokens["USDC"]
    comet = place.contract
    vault = keeping(town, shop, usdc, "cUSD", 1000 * UNIT)
    act(town, vault, usdc, "approve", comet.address, 2**256 - 1)
    act(town, vault, comet, "supply", usdc.address, 700 * UNIT)
    town.by.send(vault.functions.keep(comet.address, False))
    town.node.pass_time(30 * 86_400)
    system = imported(vault.address, comet.address).system
    (market,) = system.markets
    owned = {name: one.number * UNIT for name, one in system.issuers["cUSD"].owns.items()}
    held = comet.functions.balanceOf(vault.address).call()
    assert owned == {"USDC": 300 * UNIT, market: held}
    assert not system.issuers["cUSD"].outside


def test_a_vault_that_borrows_from_compound_owes_it(town, shop, imported):
    place, tokens = open_comet(town, shop, in_dollars=True), town.tokens
    comet = place.contract
    vault = keeping(town, shop, tokens["WETH"], "cETH", 10 * WAD)
    act(town, vault, tokens["WETH"], "approve", comet.address, 2**256 - 1)
    act(town, vault, comet, "supply", tokens["WETH"].address, 8 * WAD)
    act(town, vault, comet, "withdraw", tokens["USDC"].address, 5_000 * UNIT)
    system = imported(vault.address, comet.address).system
    (position,) = system.positions.values()
    assert position.owner == "cETH"
    owned = {name: one.number for name, one in system.issuers["cETH"].owns.items()}
    assert owned == {"WETH": 2, "USDC": 5_000}


def lending_vault(town, shop):
    """Return a vault of Euler's kind whose share is worth more than one."""
    by, usdc, ether = town.by, town.tokens["USDC"], town.tokens["WETH"]
    evc, router = by.deploy(shop.own("Evc")), by.deploy(shop.own("Router"))
    made = {}
    for name, token in (("USDC", usdc), ("WETH", ether)):
        adapter = by.deploy(shop.own("FeedAdapter"), town.feeds[name].address)
        by.send(router.functions.setOracle(token.address, euler.DOLLAR, adapter.address))
        words = (token.address, evc.address, router.address, euler.DOLLAR, f"e{name}")
        made[name] = by.deploy(shop.own("EVault"), *words)
        by.send(router.functions.openVault(made[name].address))
        by.send(made[name].functions.setRate(5 * SECOND))
    return evc, made


def test_shares_of_an_euler_vault_are_a_claim_on_their_worth(town, shop, imported):
    evc, made = lending_vault(town, shop)
    lend, by, other = made["USDC"], town.by, town.who["saver"]
    by.send(lend.functions.setLTV(made["WETH"].address, 8000, 8500, 0))

    class Cluster:
        vaults = made

    put(town, Cluster, "USDC", 100_000 * UNIT, town.who["lender"])
    put(town, Cluster, "WETH", 100 * WAD, other)
    by.send(evc.functions.enable(other, [made["WETH"].address], [lend.address]), other)
    by.send(lend.functions.borrow(60_000 * UNIT, other), other)
    town.node.pass_time(200 * 86_400)
    vault = keeping(town, shop, town.tokens["USDC"], "vUSD", 1_000 * UNIT)
    by.send(vault.functions.keep(lend.address, True))
    act(town, vault, town.tokens["USDC"], "approve", lend.address, 2**256 - 1)
    act(town, vault, lend, "deposit", 600 * UNIT, vault.address)
    town.node.pass_time(86_400)
    shares = lend.functions.balanceOf(vault.address).call()
    held = lend.functions.convertToAssets(shares).call()
    assert held > 1.05 * shares
    system = imported(vault.address, lend.address).system
    owned = {name: one.number * UNIT for name, one in system.issuers["vUSD"].owns.items()}
    assert owned == {"USDC": 400 * UNIT, "eUSDC": held}
    total, supply = vault.functions.totalAssets().call(), vault.functions.totalSupply().call()
    assert worth(system, "vUSD") == pytest.approx(total / supply, rel=1e-6)


@pytest.fixture
def ctoken(town, shop):
    """A market of Compound v2 of which half is lent."""
    by, usdc, lender = town.by, town.tokens["USDC"], town.who["lender"]
    made = by.deploy(shop.own("CToken"), usdc.address, "cUSDC")
    by.send(usdc.functions.mint(lender, 10**11))
    aave_pool.allow(by, usdc, made.address, lender)
    by.send(made.functions.mint(10**11), lender)
    by.send(made.functions.borrow(5 * 10**10), town.who["saver"])
    town.node.rpc("anvil_mine", hex(300))
    return made


def test_tokens_of_compound_v2_are_claims_on_what_it_lends(town, shop, imported, ctoken):
    usdc = town.tokens["USDC"]
    vault = keeping(town, shop, usdc, "vUSD", 1000 * UNIT)
    act(town, vault, usdc, "approve", ctoken.address, 2**256 - 1)
    act(town, vault, ctoken, "mint", 600 * UNIT)
    town.node.rpc("anvil_mine", hex(300))
    system = imported(vault.address, ctoken.address).system
    (market,) = system.markets
    lending = system.markets[market].lends["USDC"]
    stored, rate = (getattr(ctoken.functions, f"exchangeRate{one}")().call() for one in KINDS)
    assert rate > stored
    held = ctoken.functions.balanceOf(vault.address).call()
    owned = {name: one.number * UNIT for name, one in system.issuers["vUSD"].owns.items()}
    assert owned == {"USDC": 400 * UNIT, market: held * rate // WAD}
    assert owned[market] > 600 * UNIT
    assert lending.cash.number * UNIT == ctoken.functions.getCash().call()
    total = ctoken.functions.totalSupply().call() * rate // WAD
    assert float(lending.supplied.number * UNIT) == pytest.approx(total, abs=2)


KINDS = ("Stored", "Current")


def test_a_vault_that_owes_in_compound_v2_is_told(town, shop, imported, ctoken):
    vault = keeping(town, shop, town.tokens["USDC"], "vUSD", 1000 * UNIT)
    act(town, vault, town.tokens["USDC"], "approve", ctoken.address, 2**256 - 1)
    act(town, vault, ctoken, "mint", 600 * UNIT)
    act(town, vault, ctoken, "borrow", UNIT)
    with pytest.raises(UnreadableError, match="whose borrowers are not read"):
        imported(vault.address, ctoken.address)


def test_a_market_of_compound_v2_by_itself(town, imported, ctoken):
    system = imported(ctoken.address).system
    assert list(system.markets) == ["cUSDC"]
    assert system.markets["cUSDC"].rules == "compound-v2"


def test_an_account_in_two_pools_has_a_position_in_each(town, imported):
    user, ether = town.who["trader"], town.tokens["WETH"]
    aave_pool.supply(town.by, town.pools["3.2"], ether, WAD, user)
    aave_pool.borrow(town.by, town.pools["3.2"], town.tokens["USDC"], 10**9, user)
    pools = [town.pools[version].address for version in ("3.0", "3.2")]
    system = imported(user, *pools).system
    assert len(system.markets) == len(system.positions) == 2
    assert {one.market for one in system.positions.values()} == set(system.markets)


def test_a_claim_pledged_on_morpho_is_what_the_pool_lends(town, shop, imported):
    """A loan against claims breaks where the asset falls, since the claim is worth the asset."""
    pool, by, user = town.pools["3.2"], town.by, town.who["stacker"]
    ether, usdc = town.tokens["WETH"], town.tokens["USDC"]
    aave_pool.supply(by, pool, ether, 10 * WAD, user)
    claim = by.at(claim_on(pool, ether), {"abi": ether.abi})
    feeds = [town.feeds[name].address for name in ("WETH", "USDC")]
    oracle = by.deploy(shop.own("FeedOracle"), aave_pool.NOBODY, *feeds, 18, 6)
    irm = by.at(town.markets["sUSD/USDC"].terms[3], shop.own("IrmMock"))
    ends = {"loan": usdc, "collateral": claim, "oracle": oracle, "lltv": 86 * WAD // 100}
    market = create_market(by, town.morpho, irm, **ends)
    lend_on_morpho(by, town.morpho, market, usdc, 10**11, town.who["lender"])
    aave_pool.allow(by, claim, town.morpho.address, user)
    by.send(town.morpho.functions.supplyCollateral(market.terms, 5 * WAD, user, b""), user)
    borrow_on_morpho(by, town.morpho, market, 9_000 * UNIT, user)
    made = imported(user, town.morpho.address, market.hex)
    pools = [one for one in made.system.markets.values() if one.address.endswith(pool.address)]
    assert len(pools) == 1
    # the other half of the claims, which stays in the pool, is no part of the loan
    name, position = next(iter(made.system.positions.items()))
    (held,) = position.collateral
    assert held in made.system.markets
    amounts = [float(one.collateral[held].number) for one in made.system.positions.values()]
    assert amounts == pytest.approx([5, 5], abs=1e-6)
    points = lr.break_points(made.system, price={"WETH": "-60%"})
    (fall,) = [one.fraction for one in points.rows if (one.of, one.event) == (name, "liquidated")]
    owed = float(position.debt["USDC"].number)
    assert 0.6 * fall == pytest.approx(1 - owed / (5 * 3000 * 0.86), rel=1e-6)
