"""Euler v2: sub-accounts, thresholds, debts and liquidity equal to the vaults' own answers."""

import json
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

import looprisk as lr
from looprisk.cli import run_line
from looprisk.errors import UnreadableError
from looprisk.onchain import euler
from looprisk.onchain.access import Access
from looprisk.onchain.euler_rules import sub_account
from looprisk.onchain.importing import import_at
from looprisk.onchain.places import Places
from looprisk.onchain.reader import Look
from tests.onchain.aave_pool import allow
from tests.onchain.morpho_blue import WAD
from tests.onchain.reading import health_by_the_engine, snapshot_of

UNIT = 10**6
SECOND = 1_500_000_000 * 10**9
"""Interest by the second in 1e27: some 4.7 % a year."""
NUMBER = 173


@dataclass(slots=True)
class Cluster:
    """Three vaults, what connects them, and who borrows there from a sub-account."""

    evc: Any
    router: Any
    owner: str
    vaults: dict[str, Any] = field(default_factory=dict)

    @property
    def account(self):
        return sub_account(self.owner, NUMBER)


@pytest.fixture
def cluster(town, shop):
    by, own = town.by, shop.own
    made = Cluster(by.deploy(own("Evc")), by.deploy(own("Router")), town.who["mixed"])
    for name in ("USDC", "WETH", "wstETH"):
        token = town.tokens[name].address
        adapter = by.deploy(own("FeedAdapter"), town.feeds[name].address)
        by.send(made.router.functions.setOracle(token, euler.DOLLAR, adapter.address))
        words = (token, made.evc.address, made.router.address, euler.DOLLAR, f"e{name}-1")
        made.vaults[name] = by.deploy(own("EVault"), *words)
        by.send(made.router.functions.openVault(made.vaults[name].address))
        by.send(made.vaults[name].functions.setRate(SECOND))
    lend, ether, staked = (made.vaults[name] for name in ("USDC", "WETH", "wstETH"))
    by.send(lend.functions.setLTV(ether.address, 8000, 8500, 0))
    by.send(lend.functions.setLTV(staked.address, 7500, 8000, 0))
    put(town, made, "USDC", 2_000_000 * UNIT, town.who["lender"])
    put(town, made, "WETH", 100 * WAD, made.account)
    put(town, made, "wstETH", 50 * WAD + 12_345, made.account)
    # somebody borrows ether, so that a share of that vault is worth more than one
    other = town.who["saver"]
    by.send(ether.functions.setLTV(lend.address, 8000, 8500, 0))
    put(town, made, "USDC", 100_000 * UNIT, other)
    by.send(made.evc.functions.enable(other, [lend.address], [ether.address]), other)
    by.send(ether.functions.borrow(20 * WAD, other), other)
    enabled = [one.address for one in (ether, staked)]
    by.send(made.evc.functions.enable(made.account, enabled, [lend.address]), made.owner)
    by.send(lend.functions.borrow(300_000 * UNIT, made.account), made.owner)
    town.node.pass_time(30 * 86_400)
    return made


def put(town, cluster, name, amount, account):
    token, vault = town.tokens[name], cluster.vaults[name]
    town.by.send(token.functions.mint(town.by.me, amount))
    allow(town.by, token, vault.address, town.by.me)
    town.by.send(vault.functions.deposit(amount, account))


def account_of(town, cluster, *places):
    with snapshot_of(town) as snapshot:
        look = Look(snapshot, cluster.owner, Places(places or (cluster.vaults["WETH"].address,)))
        (found,) = euler.recognise_account(look)
        return euler.read_account(snapshot, found), snapshot.pin.number


def agrees(town, cluster):
    """Compare every figure with the vaults' own answers at the block that was read."""
    read, block = account_of(town, cluster)
    lend = cluster.vaults["USDC"].functions

    def said(function, *words):
        return function(*words).call(block_identifier=block)

    assert read.debt == said(lend.debtOf, cluster.account)
    assert [read.collateral, read.liability] == said(lend.accountLiquidity, cluster.account, True)
    for one in read.pledges:
        vault = next(v for v in cluster.vaults.values() if v.address == one.vault).functions
        assert one.shares == said(vault.balanceOf, cluster.account)
        assert one.assets == said(vault.convertToAssets, one.shares)
        assert one.ltv == said(lend.LTVLiquidation, one.vault)
    return read


@pytest.fixture
def imported(town, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))

    def run(address, *look_in):
        return import_at(address, Access(block="latest", rpc=town.url), look_in)

    return run


@pytest.mark.parametrize("seed", range(3))
def test_a_random_walk_agrees_with_the_vaults_to_the_unit(town, cluster, seed):
    chance = random.Random(seed)
    lend, by = cluster.vaults["USDC"].functions, town.by
    for _ in range(12):
        kind = chance.randrange(5)
        if kind == 0:
            name = chance.choice(("WETH", "wstETH"))
            put(town, cluster, name, chance.randrange(1, 10 * WAD), cluster.account)
        elif kind == 1:
            usdc, amount = town.tokens["USDC"], chance.randrange(1, 10**10)
            by.send(usdc.functions.mint(by.me, amount))
            allow(by, usdc, cluster.vaults["USDC"].address, by.me)
            by.send(lend.repay(amount, cluster.account))
        elif kind == 2 and account_of(town, cluster)[0].collateral > 5 * 10**23:
            by.send(lend.borrow(chance.randrange(1, 10**8), cluster.account), cluster.owner)
        elif kind == 3:
            vault = cluster.vaults[chance.choice(("WETH", "wstETH"))].address
            ltv, ramp = chance.randrange(5000, 9000), chance.randrange(1, 10**7)
            by.send(lend.setLTV(vault, 5000, ltv, ramp))
        else:
            town.set_price(chance.choice(("WETH", "wstETH")), chance.uniform(3_000, 4_000))
        town.node.pass_time(chance.randrange(1, 10**6))
        agrees(town, cluster)


def test_every_sub_account_is_looked_at(town, cluster):
    """All 256 differ in the last byte alone, and one's own address is the first."""
    accounts = [sub_account(cluster.owner, number) for number in range(256)]
    assert accounts[0] == cluster.owner
    assert len({one[:-2].lower() for one in accounts}) == 1
    assert len(set(accounts)) == 256
    read, _ = account_of(town, cluster)
    assert (read.number, read.account) == (NUMBER, cluster.account)


def test_every_vault_names_the_one_connector(town, cluster):
    read, _ = account_of(town, cluster, *(one.address for one in cluster.vaults.values()))
    assert read.account == cluster.account


def test_who_has_nothing_there_is_not_found(town, cluster):
    with snapshot_of(town) as snapshot:
        others = Places((cluster.vaults["WETH"].address, town.morpho.address, town.by.me))
        assert euler.recognise_account(Look(snapshot, town.who["trader"], others)) == ()
        assert euler.recognise_vault(Look(snapshot, town.tokens["sUSD"].address)) == ()


@pytest.mark.parametrize("fall", [0, 5, 12, 20, 30, 45])
def test_the_engine_after_a_fall_agrees_with_the_vault(town, cluster, imported, fall):
    system = imported(cluster.owner, cluster.vaults["USDC"].address).system
    (position,) = system.positions
    town.set_price("WETH", 30 * (100 - fall))
    town.set_price("wstETH", 36 * (100 - fall))
    after = agrees(town, cluster)
    ours = health_by_the_engine(system, position, {"WETH": f"-{fall}%", "wstETH": f"-{fall}%"})
    assert ours == pytest.approx(after.collateral / after.liability, rel=1e-6)


def test_the_file_says_what_stands_behind(town, cluster, imported):
    made = imported(cluster.owner, cluster.vaults["USDC"].address)
    system = made.system
    assert list(system.markets) == ["eUSDC-1", "eWETH-1", "ewstETH-1"]
    market = system.markets["eUSDC-1"]
    assert {name: terms.lltv.number * 100 for name, terms in market.collateral.items()} == {
        "WETH": 85,
        "wstETH": 80,
    }
    assert market.max_discount.number * 100 == 15
    assert system.markets["eWETH-1"].lends["WETH"].unlisted_debt == "sound"
    assert system.markets["eWETH-1"].note == "takes 1 collaterals"
    (position,) = system.positions.values()
    read, _ = account_of(town, cluster)
    amounts = {name: value.number * WAD for name, value in position.collateral.items()}
    assert amounts == {"WETH": read.pledges[0].assets, "wstETH": read.pledges[1].assets}
    assert position.note == f"account {NUMBER} of {cluster.owner}"
    assert {name: asset.price.number for name, asset in system.assets.items()} == {
        "USDC": 1,
        "WETH": 3000,
        "wstETH": 3600,
    }


def test_a_threshold_on_its_way_down_is_that_of_the_block(town, cluster, imported):
    lend, staked = cluster.vaults["USDC"], cluster.vaults["wstETH"].address
    town.by.send(lend.functions.setLTV(staked, 5000, 6000, 100_000))
    town.node.pass_time(30_000)
    terms = (
        imported(cluster.owner, cluster.vaults["USDC"].address).system.markets["eUSDC-1"].collateral
    )
    assert 60 < terms["wstETH"].lltv.number * 100 < 80
    assert "falling to 60%" in terms["wstETH"].note
    agrees(town, cluster)


def test_a_fixed_oracle_is_written_as_one_and_prices_nothing(town, cluster, imported, shop):
    staked = town.tokens["wstETH"].address
    adapter = town.by.deploy(shop.own("FixedAdapter"), 4_000 * WAD)
    set_oracle = cluster.router.functions.setOracle(staked, euler.DOLLAR, adapter.address)
    town.by.send(set_oracle)
    system = imported(cluster.owner, cluster.vaults["USDC"].address).system
    (name,) = system.oracles
    assert system.markets["eUSDC-1"].collateral["wstETH"].oracle == name
    assert system.oracles[name].price.number == 4000
    assert system.assets["wstETH"].price.is_unknown
    agrees(town, cluster)


def aged(town, cluster, shop, name, seconds):
    """Let a token be priced by a feed that is refused after so many seconds."""
    words = (town.feeds[name].address, seconds)
    adapter = town.by.deploy(shop.own("AgedAdapter"), *words)
    token = town.tokens[name].address
    town.by.send(cluster.router.functions.setOracle(token, euler.DOLLAR, adapter.address))
    town.set_price(name, 3_000)
    return adapter


def test_a_feed_that_is_too_old_for_its_adapter_is_flagged(town, cluster, shop, imported):
    for name in ("USDC", "WETH", "wstETH"):
        aged(town, cluster, shop, name, 3_600)
    lend = cluster.vaults["USDC"].address
    fresh = imported(cluster.owner, lend)
    assert not fresh.flags
    note = fresh.system.markets["eUSDC-1"].collateral["WETH"].note
    assert f"{town.feeds['WETH'].address}, answered" in note
    town.node.pass_time(3_000)
    town.set_price("USDC", 1)
    town.set_price("wstETH", 3_600)
    town.node.pass_time(1_000)
    stale = imported(lend)
    assert not stale.flags
    with pytest.raises(UnreadableError, match="TooStale"):
        imported(cluster.owner, lend)
    system = imported(cluster.vaults["WETH"].address)
    (flag,) = system.flags
    assert "and is refused after 3600 s (stale-oracle)" in flag
    assert "stale-oracle" in system.system.markets["eWETH-1"].tags


def test_what_two_adapters_multiply_is_as_old_as_both(town, cluster, shop, imported):
    by, ether, staked = town.by, town.tokens["WETH"], town.tokens["wstETH"]
    first = aged(town, cluster, shop, "wstETH", 10**6)
    second = aged(town, cluster, shop, "WETH", 3_600)
    words = (first.address, second.address, ether.address)
    cross = by.deploy(shop.own("CrossAdapter"), *words)
    set_oracle = cluster.router.functions.setOracle(staked.address, euler.DOLLAR, cross.address)
    by.send(set_oracle)
    with snapshot_of(town) as snapshot:
        read = euler.read_vault(snapshot, cluster.vaults["wstETH"].address)
    assert [(one.feed, one.oldest) for one in read.price.feeds] == [
        (town.feeds["wstETH"].address, 10**6),
        (town.feeds["WETH"].address, 3_600),
    ]


def test_the_break_is_where_the_vault_liquidates(town, cluster, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    monkeypatch.setenv("LOOPRISK_RPC_31337", town.url)
    monkeypatch.chdir(tmp_path)

    def cli(*words):
        code = run_line(list(words))
        out, err = capsys.readouterr()
        assert code == 0, err
        return out

    words = ("--in", cluster.vaults["USDC"].address, "--block", "latest", "-o", "e.yaml")
    cli("import", f"local:{cluster.owner}", *words)
    shock = ("--shock", "price: {WETH: -60%, wstETH: -60%}")
    cli("run", "e.yaml", *shock)
    assert json.loads(cli("break", "e.yaml", *shock, "--format", "json"))["break_points"]
    fall_of = {"WETH": "-60%", "wstETH": "-60%"}
    points = lr.break_points(lr.load(tmp_path / "e.yaml").system, price=fall_of)
    (share,) = [
        row.fraction for row in points.rows if row.event == "liquidated" and row.of.startswith("p-")
    ]
    for offset, healthy in ((-1e-4, True), (1e-4, False)):
        fall = 0.6 * share + offset
        town.set_price("WETH", 3000 * (1 - fall))
        town.set_price("wstETH", 3600 * (1 - fall))
        read = agrees(town, cluster)
        assert (read.collateral > read.liability) is healthy


def test_a_vault_by_itself_opens_no_web_of_vaults(town, cluster, imported):
    made = imported(cluster.vaults["USDC"].address)
    assert list(made.system.markets) == ["eUSDC-1"]
    assert made.system.markets["eUSDC-1"].note == "takes 2 collaterals"
    assert made.readers == ("euler-v2/1",)


def test_two_vaults_of_one_asset_keep_their_own_terms(town, cluster, imported, shop):
    """The second is written as the claim it is, since an asset has one set of terms."""
    ether, lend, by = town.tokens["WETH"], cluster.vaults["USDC"], town.by
    words = (ether.address, cluster.evc.address, cluster.router.address, euler.DOLLAR, "eWETH-2")
    second = cluster.vaults["second"] = by.deploy(shop.own("EVault"), *words)
    by.send(cluster.router.functions.openVault(second.address))
    by.send(lend.functions.setLTV(second.address, 6000, 7000, 0))
    by.send(ether.functions.mint(by.me, WAD))
    allow(by, ether, second.address, by.me)
    by.send(second.functions.deposit(WAD, cluster.account))
    enabled = [cluster.vaults["WETH"].address, second.address]
    by.send(cluster.evc.functions.enable(cluster.account, enabled, [lend.address]), cluster.owner)
    agrees(town, cluster)
    system = imported(cluster.owner, cluster.vaults["USDC"].address).system
    terms = system.markets["eUSDC-1"].collateral
    assert {name: one.lltv.number * 100 for name, one in terms.items()} == {
        "WETH": 85,
        "eWETH-2": 70,
    }
