"""Vaults: what stands behind a share, by the vault's own answers."""

import pytest

from looprisk.errors import AnswerError, UnreadableError
from looprisk.onchain import vault
from looprisk.onchain.access import Access
from looprisk.onchain.draft import Draft
from looprisk.onchain.importing import import_at
from looprisk.onchain.reader import Look
from tests.onchain.reading import snapshot_of
from tests.onchain.test_import import PIN


def vault_of(town, contract):
    with snapshot_of(town) as snapshot:
        (found,) = vault.recognise(Look(snapshot, contract.address))
        return vault.read(snapshot, found)


@pytest.fixture
def imported(town, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))

    def run(address, *look_in):
        return import_at(address, Access(block="latest", rpc=town.url), look_in)

    return run


def test_a_plain_vault_is_its_asset(town):
    read, contract = vault_of(town, town.tokens["sUSD"]), town.tokens["sUSD"]
    assert read.idle == read.total_assets == contract.functions.totalAssets().call()
    assert read.supply == contract.functions.totalSupply().call()


def test_a_token_is_no_vault(town):
    with snapshot_of(town) as snapshot:
        for contract in (town.tokens["USDC"], town.morpho, town.pools["3.0"].pool):
            assert vault.recognise(Look(snapshot, contract.address)) == ()


def test_an_empty_vault_is_no_issuer(town, shop, imported):
    words = (town.tokens["USDC"].address, "Empty", "eUSD")
    empty = town.by.deploy(shop.own("Vault"), *words)
    assert vault_of(town, empty).issues is None
    system = imported(empty.address).system
    assert not system.issuers
    assert system.assets["eUSD"].price.is_unknown


def test_contracts_that_make_no_system_are_told(town, imported):
    """A vault of itself is none; whatever else makes no system is told, and not a traceback."""
    from tests.onchain.test_import import answers

    itself = bytes.fromhex(town.odd_token.address[2:]).rjust(32, b"\0")
    said = {"decimals": 18, "totalSupply": 10**18, "totalAssets": 10**18}
    answers(town, **{name: one.to_bytes(32, "big") for name, one in said.items()})
    answers(town, asset=itself)
    with pytest.raises(UnreadableError):
        imported(town.odd_token.address)
    draft = Draft(PIN, {})
    draft.put("issuers", "A", {"owns": {"nothing": "1"}})
    with pytest.raises(AnswerError, match="makes no system"):
        draft.system("test", ["x"])


def test_a_tower_is_opened_to_its_ground_and_its_loop_closes(town, imported):
    system = imported(town.queue_vault.address).system
    assert list(system.issuers) == ["qUSDC", "sUSD", "fUSD"]
    assert list(system.assets) == ["USDC"]
    assert len(system.markets) == 2
    held = town.queue_vault.functions.balanceOf(town.fund.address).call()
    assert system.issuers["fUSD"].owns["qUSDC"].number * 10**18 == held
    assert "unread" not in system.issuers["fUSD"].outside


def test_what_no_reader_finds_is_unknown(town, imported, shop):
    """The same fund, when the vault it invests in was not met on the way."""
    words = (town.tokens["USDC"].address, "Hidden", "hUSD")
    hidden = town.by.deploy(shop.own("Vault"), *words)
    fund = town.by.deploy(shop.own("NestedVault"), hidden.address, "Outer", "oUSD")
    usdc, me = town.tokens["USDC"], town.by.me
    town.by.send(usdc.functions.mint(me, 10**9))
    town.by.send(usdc.functions.approve(fund.address, 10**9))
    town.by.send(fund.functions.deposit(10**9, me))
    town.by.send(fund.functions.invest(4 * 10**8))
    made = imported(fund.address)
    issuer = made.system.issuers["oUSD"]
    assert issuer.owns["USDC"].number == 600
    assert issuer.outside["unread"].is_unknown
    assert "400 USDC" in issuer.note


def test_a_vault_owns_what_it_has_pledged(town, imported):
    """The vault supplies a pool and borrows there: its loan is its own, and not an outsider's."""
    from tests.onchain import aave_pool

    share, pool = town.tokens["sUSD"].address, town.pools["3.2"]
    town.node.rpc("anvil_impersonateAccount", share)
    town.node.rpc("anvil_setBalance", share, hex(10**20))
    usdc, ether = town.tokens["USDC"], town.tokens["WETH"]
    idle = usdc.functions.balanceOf(share).call()
    aave_pool.allow(town.by, usdc, pool.address, share)
    town.by.send(pool.pool.functions.supply(usdc.address, idle // 2, share, 0), share)
    aave_pool.borrow(town.by, pool, ether, 10**18, share)
    system = imported(share, pool.address).system
    (position,) = system.positions.values()
    assert position.owner == "sUSD"
    assert position.debt["WETH"].number >= 1
    issuer = system.issuers["sUSD"]
    assert issuer.owns["USDC"].number * 10**6 == usdc.functions.balanceOf(share).call()
    assert issuer.owns["WETH"].number == 1


def test_two_tokens_of_one_symbol_get_ids_of_their_addresses(town, imported, shop):
    twin = town.by.deploy(shop.own("Token"), "Another", "USDC", 6)
    outer = town.by.deploy(shop.own("Vault"), twin.address, "Outer", "USDC")
    me = town.by.me
    town.by.send(twin.functions.mint(me, 10**9))
    town.by.send(twin.functions.approve(outer.address, 10**9))
    town.by.send(outer.functions.deposit(10**9, me))
    system = imported(outer.address).system
    assert list(system.issuers) == [f"t-{outer.address[2:10].lower()}"]
    assert list(system.assets) == [f"t-{twin.address[2:10].lower()}"]
