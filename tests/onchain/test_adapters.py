"""What pools and markets read beside feeds: the price that an adapter makes, and what moves it."""

import random

import pytest

from looprisk.errors import DataError
from looprisk.onchain.access import Access
from looprisk.onchain.importing import import_at
from looprisk.onchain.pendle_parts import READER as PENDLE
from looprisk.onchain.places import Places
from looprisk.onchain.reader import Look
from looprisk.onchain.sources import sources
from looprisk.onchain.wrapper import READER as WRAPPER
from tests.onchain import aave_pool, morpho_blue
from tests.onchain.morpho_blue import WAD, create_market
from tests.onchain.reading import health_by_the_engine, snapshot_of
from tests.onchain.test_import import answers


@pytest.fixture
def imported(town, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))

    def run(name, version):
        access = Access(block="latest", rpc=town.url)
        return import_at(town.who[name], access, [town.pools[version].address])

    return run


def reads(town, version, **adapters):
    """Let the pool read tokens by other contracts."""
    oracle = town.pools[version].oracle
    tokens = [town.tokens[name].address for name in adapters]
    places = [adapter.address for adapter in adapters.values()]
    town.by.send(oracle.functions.setAssetSources(tokens, places))


def theirs(town, version, name):
    functions = town.pools[version].pool.functions
    return functions.getUserAccountData(town.who[name]).call()[5] / WAD


def oracle_of(system, token):
    (market,) = system.markets.values()
    (name,) = {
        terms.oracle for key, terms in market.collateral.items() if key.rpartition("/")[2] == token
    }
    return system.oracles.get(name, name)


def test_a_rate_times_a_base_moves_with_the_base_alone(town, shop, imported):
    """The pool does not see the token trade lower; it sees the base fall."""
    base = town.feeds["WETH"].address
    adapter = town.by.deploy(shop.own("GrowingPrice"), base, WAD * 12 // 10, 2 * WAD)
    reads(town, "3.0", wstETH=adapter)
    made = imported("staker", "3.0")
    oracle = oracle_of(made.system, "wstETH")
    assert (oracle.kind, str(oracle.price)) == ("fixed", "1.2 WETH")
    assert sum("by its adapter: equal to the last unit" in check for check in made.checks) == 1
    (position,) = made.system.positions
    before = theirs(town, "3.0", "staker")
    assert health_by_the_engine(made.system, position) == pytest.approx(before, rel=1e-7)
    # its own market falls by a third: the pool holds on to the rate
    town.set_price("wstETH", 2400)
    # a block later there is a little more interest
    assert theirs(town, "3.0", "staker") == pytest.approx(before, rel=1e-8)
    blind = health_by_the_engine(made.system, position, {"wstETH": "-33%"})
    assert blind == pytest.approx(before, rel=1e-7)


def test_the_base_is_found_in_the_pool_where_the_account_does_not_have_it(town, shop, imported):
    """Who owes USDC against wstETH by such an adapter: ether is named, and its fall breaks it."""
    user, pool = town.who["lender"], town.pools["3.2"]
    base = town.feeds["WETH"].address
    adapter = town.by.deploy(shop.own("GrowingPrice"), base, WAD * 12 // 10, 2 * WAD)
    reads(town, "3.2", wstETH=adapter)
    for name in ("USDC", "WETH"):
        off = pool.pool.functions.setUserUseReserveAsCollateral(town.tokens[name].address, False)
        town.by.send(off, user)
        kept = pool.data.functions.getReserveTokensAddresses(town.tokens[name].address).call()[0]
        claim = town.by.at(kept, {"abi": town.tokens["USDC"].abi})
        held = claim.functions.balanceOf(user).call()
        town.by.send(claim.functions.transfer(town.by.me, held), user)
    aave_pool.supply(town.by, pool, town.tokens["wstETH"], 10 * WAD, user)
    aave_pool.borrow(town.by, pool, town.tokens["USDC"], 20_000 * 10**6, user)
    made = imported("lender", "3.2")
    assert set(made.system.assets) == {"wstETH", "USDC", "WETH"}
    assert made.system.assets["WETH"].price.number == 3000
    (position,) = made.system.positions
    for fall in (0, 10, 30):
        town.set_price("WETH", 3000 * (100 - fall) / 100)
        ours = health_by_the_engine(made.system, position, {"WETH": f"-{fall}%"})
        assert ours == pytest.approx(theirs(town, "3.2", "lender"), rel=1e-6)


def test_a_rate_at_its_cap_is_the_cap(town, shop, imported):
    base = town.feeds["WETH"].address
    adapter = town.by.deploy(shop.own("GrowingPrice"), base, 2 * WAD, WAD * 11 // 10)
    reads(town, "3.2", wstETH=adapter)
    oracle = oracle_of(imported("modern", "3.2").system, "wstETH")
    assert str(oracle.price) == "1.1 WETH"
    assert oracle.note.endswith("the rate is at its cap")


@pytest.mark.parametrize("price", [0.97, 1.02, 1.5])
def test_a_price_below_a_cap(town, shop, imported, price):
    adapter = town.by.deploy(shop.own("CappedPrice"), town.feeds["USDC"].address, 104 * 10**6)
    reads(town, "3.2", USDC=adapter)
    town.set_price("USDC", price)
    made = imported("mixed", "3.2")
    oracle = oracle_of(made.system, "USDC")
    assert (oracle.kind, oracle.base, str(oracle.cap)) == ("capped", "market", "$1.04")
    assert made.system.assets["USDC"].price.number * 100 == round(min(price, 1.04) * 100)
    assert any("price of USDC by its adapter" in check for check in made.checks)


def test_a_stand_in_is_named(town, shop, imported):
    """A stablecoin read at the price of another: its own market moves nothing."""
    adapter = town.by.deploy(shop.own("CappedPrice"), town.feeds["USDC"].address, 104 * 10**6)
    reads(town, "3.2", sUSD=adapter)
    system = imported("mixed", "3.2").system
    oracle = oracle_of(system, "sUSD")
    assert system.oracles[oracle.base].of == "USDC"


def test_an_adapter_of_another_kind_is_unknown(town, shop, imported):
    reads(town, "3.2", wstETH=town.by.deploy(shop.own("FixedPrice"), 3600 * 10**8))
    assert oracle_of(imported("modern", "3.2").system, "wstETH") == "unknown"


def test_an_adapter_is_as_old_as_what_it_reads(town, shop, imported):
    base = town.feeds["WETH"].address
    adapter = town.by.deploy(shop.own("GrowingPrice"), base, WAD * 12 // 10, 2 * WAD)
    reads(town, "3.2", wstETH=adapter)
    town.node.pass_time(3 * 86_400)
    flags = imported("modern", "3.2").flags
    assert sorted(flag.partition(": ")[2][:42] for flag in flags) == sorted([base, adapter.address])


# markets of Morpho ------------------------------------------------------------------------


def stacked(town, shop, base, quote=None):
    """Let somebody pledge wstETH and owe WETH by an oracle of one or two feeds."""
    by, user, nobody = town.by, town.who["modern"], aave_pool.NOBODY
    words = (nobody, base.address, nobody if quote is None else quote.address, 18, 18)
    oracle = by.deploy(shop.own("FeedOracle"), *words)
    irm = by.at(town.markets["sUSD/USDC"].terms[3], {"abi": []})
    ends = {"loan": town.tokens["WETH"], "collateral": town.tokens["wstETH"]}
    market = create_market(by, town.morpho, irm, oracle=oracle, lltv=WAD * 86 // 100, **ends)
    morpho_blue.lend(by, town.morpho, market, town.tokens["WETH"], 100 * WAD, town.who["lender"])
    by.send(town.tokens["wstETH"].functions.mint(user, 10 * WAD))
    morpho_blue.pledge(by, town.morpho, market, town.tokens["wstETH"], 10 * WAD, user)
    morpho_blue.borrow(by, town.morpho, market, 5 * WAD, user)
    return market


def in_market(town, market, *places):
    access = Access(block="latest", rpc=town.url)
    where = [town.morpho.address, market.hex, *places]
    return import_at(town.who["modern"], access, where).system


@pytest.fixture
def cached(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))


def test_the_rate_of_a_wrapper_by_itself_is_no_market(town, shop, cached):
    """What the wrapper trades at moves nothing: as the contract says after its feed has fallen."""
    rate = town.by.deploy(shop.own("RateFeed"), town.tokens["wstETH"].address, 0)
    market = stacked(town, shop, rate)
    system = in_market(town, market)
    oracle = oracle_of(system, "wstETH")
    assert (oracle.kind, str(oracle.price)) == ("fixed", "1.2 WETH")
    town.set_price("wstETH", 1)
    price = town.by.at(market.terms[2], shop.own("FeedOracle")).functions.price()
    assert price.call() == 12 * 10**35


def test_a_rate_that_is_not_the_wrappers_is_unknown(town, shop, cached):
    rate = town.by.deploy(shop.own("RateFeed"), town.tokens["wstETH"].address, 1)
    assert oracle_of(in_market(town, stacked(town, shop, rate)), "wstETH") == "unknown"


def test_a_rate_beside_a_feed_is_unknown(town, shop, cached):
    """A rate times a price of something that the oracle does not name."""
    rate = town.by.deploy(shop.own("RateFeed"), town.tokens["wstETH"].address, 0)
    market = stacked(town, shop, town.feeds["WETH"], rate)
    assert oracle_of(in_market(town, market), "wstETH") == "unknown"


def test_a_vault_beside_feeds_is_read_at_its_book(town, shop, cached):
    """Shares pledged against ether: the rate of the vault, and two feeds that move the rest."""
    by, user, vault = town.by, town.who["saver"], town.tokens["sUSD"]
    pair = (town.feeds["USDC"].address, town.feeds["WETH"].address)
    oracle = by.deploy(shop.own("FeedOracle"), vault.address, *pair, 6, 18)
    irm = by.at(town.markets["sUSD/USDC"].terms[3], {"abi": []})
    ends = {"loan": town.tokens["WETH"], "collateral": vault}
    market = create_market(by, town.morpho, irm, oracle=oracle, lltv=WAD * 86 // 100, **ends)
    morpho_blue.lend(by, town.morpho, market, town.tokens["WETH"], 100 * WAD, town.who["lender"])
    usdc, cash = town.tokens["USDC"], 100_000 * 10**6
    by.send(usdc.functions.mint(user, cash))
    by.send(usdc.functions.approve(vault.address, cash), user)
    by.send(vault.functions.deposit(cash, user), user)
    shares = vault.functions.balanceOf(user).call()
    morpho_blue.pledge(by, town.morpho, market, vault, shares, user)
    morpho_blue.borrow(by, town.morpho, market, 20 * WAD, user)
    access = Access(block="latest", rpc=town.url)
    where = [town.morpho.address, market.hex, town.pools["3.2"].address]
    system = import_at(user, access, where).system
    assert oracle_of(system, "sUSD") == "nav"
    (position,) = system.positions
    owed = float(system.positions[position].debt["WETH"].number)
    for rise in (0, 10, 40):
        town.set_price("WETH", 3000 * (100 + rise) / 100)
        price = oracle.functions.price().call()
        theirs_now = shares * price / 10**36 / WAD * 0.86 / owed
        ours = health_by_the_engine(system, position, {"WETH": f"+{rise}%"})
        assert ours == pytest.approx(theirs_now, rel=1e-6)


def test_a_feed_that_dates_its_answers_without_counting_them_is_a_market(town):
    """Some providers have no rounds; what has neither round nor date of its own works it out."""
    address = town.odd_token.address
    for updated, counts in ((0, False), (1_700_000_000, True)):
        words = (0, WAD, 0, updated, 0)
        raw = b"".join(word.to_bytes(32, "big") for word in words)
        answers(town, latestRoundData=raw, decimals=(18).to_bytes(32, "big"))
        with snapshot_of(town) as snapshot:
            assert sources(snapshot, [address])[address].counts is counts


# contracts that lie -----------------------------------------------------------------------

GETTERS = [
    "SY",
    "PT",
    "YT",
    "expiry",
    "exchangeRate",
    "yieldToken",
    "assetInfo",
    "readTokens",
    "_storage",
    "pyIndexStored",
    "doCacheIndexSameBlock",
    "pyIndexLastUpdatedBlock",
    "totalSupply",
    "decimals",
    "symbol",
    "latestRoundData",
    "maturity",
    "baseDiscountPerYear",
    "innerOracle",
    "market",
    "twapDuration",
    "baseOracleType",
    "fromTokenScale",
    "toTokenScale",
    "quoteOracle",
    "PENDLE_PRINCIPAL_TOKEN",
    "MATURITY",
    "discountRatePerYear",
    "ASSET_TO_USD_AGGREGATOR",
    "BASE_TO_USD_AGGREGATOR",
    "getRatio",
    "RATIO_DECIMALS",
    "getPriceCap",
    "latestAnswer",
    "stEthPerToken",
    "stETH",
    "getRate",
    "eETH",
    "asset",
    "totalAssets",
]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_a_contract_answers_is_a_value_or_a_typed_error(town, cached, seed):
    """Getters of all kinds answer words, texts, addresses of themselves, the largest numbers."""
    chance = random.Random(seed)
    itself = bytes.fromhex(town.odd_token.address[2:]).rjust(32, b"\0")
    words = [itself, bytes(32), b"\xff" * 32, (1).to_bytes(32, "big"), (18).to_bytes(32, "big")]
    raw = {}
    for name in GETTERS:
        count = chance.choice([1, 1, 3, 5, 6])
        raw[name] = b"".join(chance.choice(words) for _ in range(count))
    raw["symbol"] = chance.choice([b"PT-odd", b"SY-odd", b"PLP-odd"]).ljust(32, b"\0")
    answers(town, **raw)
    with snapshot_of(town) as snapshot:
        for look in (
            Look(snapshot, town.odd_token.address, Places()),
            Look(snapshot, town.odd_token.address),
        ):
            for reader in (PENDLE, WRAPPER):
                try:
                    reader.open(look)
                except DataError:
                    continue
        try:
            read = sources(snapshot, [town.odd_token.address])
        except DataError:
            return
    assert read[town.odd_token.address].address == town.odd_token.address
