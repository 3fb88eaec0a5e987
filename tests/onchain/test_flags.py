"""What an import warns of, each made to happen on the chain: and what it does not warn of."""

import pytest

import looprisk as lr
from looprisk.cli import run_line
from looprisk.errors import DataError, HistoryError
from looprisk.onchain.access import Access
from looprisk.onchain.importing import import_at
from tests.onchain.morpho_blue import WAD
from tests.onchain.reading import snapshot_of

MILLION = 10**12


@pytest.fixture
def imported(town, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))

    def run(address, *look_in, since=None):
        return import_at(address, Access(block="latest", rpc=town.url), look_in, since=since)

    return run


def height(town):
    return int(town.node.rpc("eth_blockNumber"), 16)


def give(town, vault, amount):
    """Send a vault some of its asset, past its door."""
    usdc = town.tokens["USDC"]
    town.by.send(usdc.functions.mint(vault.address, amount))


def test_the_town_has_nothing_to_warn_of(town, imported):
    """Feeds that answer, vaults that are full, interest of a month: no flag."""
    for name, place in (("staker", "3.0"), ("mixed", "3.2")):
        assert imported(town.who[name], town.pools[place].address, since=-10).flags == ()
    assert imported(town.queue_vault.address, since=-2).flags == ()
    assert imported(town.who["stacker"], town.morpho.address, since=-2).flags == ()


# oracles ----------------------------------------------------------------------------------


def test_a_feed_that_nobody_updates(town, imported):
    town.node.pass_time(25 * 3600 - 60)
    assert imported(town.who["staker"], town.pools["3.0"].address).flags == ()
    town.node.pass_time(23 * 3600 + 600)
    town.set_price("WETH", 3000)
    for name, place, feed in (
        ("staker", town.pools["3.0"].address, "wstETH"),
        ("stacker", town.morpho.address, "wstETH"),
    ):
        made = imported(town.who[name], place)
        (market,) = made.system.markets
        said = f"{market}: {town.feeds[feed].address} has not answered for 48 hours (stale-oracle)"
        assert made.flags == (said,)
        assert made.system.markets[market].tags == ("stale-oracle",)
        assert said in made.system.about
    assert lr.run(made.system.set({"WETH/price": "$3000"}), price={"wstETH": "-5%"})


def test_an_age_stands_beside_each_feed(town, imported):
    town.set_price("wstETH", 3600)
    town.node.pass_time(777)
    system = imported(town.who["staker"], town.pools["3.0"].address).system
    notes = [
        terms.note for market in system.markets.values() for terms in market.collateral.values()
    ]
    assert sum("answered 777 s before" in note for note in notes) == 1
    (market,) = imported(town.who["stacker"], town.morpho.address).system.markets.values()
    (terms,) = market.collateral.values()
    assert f"{town.feeds['wstETH'].address}, answered 777 s before" in terms.note


def test_an_answer_that_is_no_price(town, imported):
    """Morpho takes the answer as it comes; the market is flagged."""
    feed = town.aggregators["wstETH"]
    town.by.send(feed.functions.updateAnswer(0))
    made = imported(town.who["stacker"], town.morpho.address)
    assert [flag.partition("(")[2] for flag in made.flags] == ["no-price)"]


def test_an_oracle_that_does_not_say_when_is_not_stale(town, shop, imported):
    """A discount oracle of Pendle answers with no time: it computes, and is never late."""
    from looprisk.onchain.sources import sources

    feed = town.by.deploy(shop.pendle("PendleSparkLinearDiscountOracle"), *principal(town, shop))
    with snapshot_of(town) as snapshot:
        source = sources(snapshot, [feed.address])[feed.address]
    assert (source.updated, source.decimals) == (None, 18)
    assert source.answer == feed.functions.latestRoundData().call()[1]


def principal(town, shop):
    """Anything with an expiry will do as principal here."""
    from tests.onchain.test_import import answers

    answers(town, expiry=(2_000_000_000).to_bytes(32, "big"))
    return town.odd_token.address, WAD // 50


# vaults -----------------------------------------------------------------------------------


def new_vault(town, shop, deposit):
    by, usdc = town.by, town.tokens["USDC"]
    vault = by.deploy(shop.own("Vault"), usdc.address, "New USD", "nUSD")
    if deposit:
        by.send(usdc.functions.mint(by.me, deposit))
        by.send(usdc.functions.approve(vault.address, deposit))
        by.send(vault.functions.deposit(deposit, by.me))
    return vault


@pytest.mark.parametrize("deposit", [0, 10**6 - 1])
def test_an_empty_vault(town, shop, imported, deposit):
    made = imported(new_vault(town, shop, deposit).address)
    (flag,) = made.flags
    assert flag.startswith("nUSD: ")
    assert flag.endswith("(empty-vault)")
    part = made.system.issuers["nUSD"] if deposit else made.system.assets["nUSD"]
    assert part.tags == ("empty-vault",)


def test_a_vault_with_a_share_out_is_not_empty(town, shop, imported):
    assert imported(new_vault(town, shop, 10**6).address).flags == ()


def test_the_first_depositor_is_robbed_and_the_flags_say_so(town, shop, imported):
    """The classical theft: one unit deposited, a million given, and the next deposit is cut."""
    vault = new_vault(town, shop, 1)
    before = height(town)
    give(town, vault, MILLION)
    flags = imported(vault.address, since=before).flags
    assert {flag.rpartition("(")[2] for flag in flags} == {
        "empty-vault)",
        "share-price-jump)",
        "donation)",
    }


def test_a_gift_that_lifts_the_price(town, imported):
    vault, before = town.tokens["sUSD"], height(town)
    held = vault.functions.totalAssets().call()
    give(town, vault, held // 200)
    assert imported(vault.address, since=before).flags == ()
    give(town, vault, held // 50)
    flags = imported(vault.address, since=before).flags
    jump, gift = flags
    assert jump.startswith("sUSD: a share rose by 2.5")
    amount = (held // 200 + held // 50) / 10**6
    assert gift.startswith(f"sUSD: {amount:.6f}".rstrip("0"))
    assert f"since block {before} without a deposit" in gift


def test_a_deposit_is_no_gift(town, imported):
    by, vault, usdc = town.by, town.tokens["sUSD"], town.tokens["USDC"]
    before = height(town)
    by.send(usdc.functions.mint(by.me, 10 * MILLION))
    by.send(usdc.functions.approve(vault.address, 10 * MILLION))
    by.send(vault.functions.deposit(10 * MILLION, by.me))
    assert imported(vault.address, since=before).flags == ()


def test_a_loss_of_any_size_is_a_jump(town, imported):
    vault, usdc, before = town.tokens["sUSD"], town.tokens["USDC"], height(town)
    town.node.rpc("anvil_impersonateAccount", vault.address)
    town.node.rpc("anvil_setBalance", vault.address, hex(10**20))
    taken = vault.functions.totalAssets().call() // 10_000
    town.by.send(usdc.functions.transfer(town.by.me, taken), vault.address)
    (flag,) = imported(vault.address, since=before).flags
    assert flag.startswith("sUSD: a share fell by 0.01")


def test_a_wrapper_whose_rate_jumps(town, imported):
    token, before = town.tokens["wstETH"], height(town)
    town.by.send(token.functions.setRate(WAD * 13 // 10))
    made = imported(town.who["staker"], town.pools["3.0"].address, since=before)
    (flag,) = made.flags
    assert flag.startswith("wstETH: a share rose by 8.3333% in ")
    assert made.system.assets["wstETH"].tags == ("share-price-jump",)


def test_a_slow_rise_is_a_yield(town, imported):
    token, before = town.tokens["wstETH"], height(town)
    town.node.pass_time(180 * 86_400)
    town.by.send(token.functions.setRate(WAD * 13 // 10))
    for name in ("WETH", "wstETH"):
        town.set_price(name, 3000)
    assert imported(town.who["staker"], town.pools["3.0"].address, since=before).flags == ()


def test_what_lies_in_a_queue_vault_past_its_book(town, imported):
    give(town, town.queue_vault, 5_000 * 10**6)
    made = imported(town.queue_vault.address)
    assert made.flags == ("qUSDC: it holds 5000 USDC more than its book counts (donation)",)
    assert made.system.issuers["qUSDC"].tags == ("donation",)


# the earlier block ------------------------------------------------------------------------


def test_a_vault_that_was_not_there_is_not_compared(town, shop, imported):
    before = height(town)
    vault = new_vault(town, shop, 10**9)
    assert imported(vault.address, since=before).flags == ()


@pytest.mark.parametrize("since", [10**9, 0])
def test_a_block_that_cannot_be_compared_with(town, imported, since):
    """One that is not earlier is refused; at the first block there is nothing to compare."""
    vault = town.tokens["sUSD"].address
    if since:
        with pytest.raises(HistoryError, match="is not before"):
            imported(vault, since=since)
    else:
        assert imported(vault, since=since).flags == ()


def test_by_the_verb_again_and_offline(town, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    monkeypatch.chdir(tmp_path)
    vault = town.tokens["sUSD"]
    give(town, vault, vault.functions.totalAssets().call() // 20)
    words = ["import", f"local:{vault.address}", "--block", str(height(town)), "--since", "-1"]
    texts = []
    for more in (["--rpc", town.url], ["--rpc", "http://127.0.0.1:1", "--offline"]):
        assert run_line([*words, *more]) == 0
        out, err = capsys.readouterr()
        assert err.count("flag: sUSD: ") == 2
        texts.append(out)
    assert texts[0] == texts[1]
    assert "tags:" in texts[0]
    with pytest.raises(DataError):
        import_at(vault.address, Access(chain_id=31337, block="latest", offline=True), since=-7)
