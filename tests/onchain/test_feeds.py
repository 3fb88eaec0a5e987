"""Feeds of Chainlink's own proxy and what wraps them, and tokens that wrap another at a rate."""

import pytest

import looprisk as lr
from looprisk.errors import AnswerError
from looprisk.onchain import feed, wrapper
from looprisk.onchain.access import Access
from looprisk.onchain.draft import Draft
from looprisk.onchain.erc20 import tokens
from looprisk.onchain.importing import import_at
from looprisk.onchain.places import Places
from looprisk.onchain.reader import Look
from tests.onchain.morpho_blue import WAD
from tests.onchain.reading import snapshot_of
from tests.onchain.test_import import answers


@pytest.fixture
def imported(town, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))

    def run(address, *look_in):
        return import_at(address, Access(block="latest", rpc=town.url), look_in).system

    return run


def feed_of(town, address):
    with snapshot_of(town) as snapshot:
        (found,) = feed.recognise(Look(snapshot, address, Places()))
        return feed.read(snapshot, found), snapshot.pin


@pytest.mark.parametrize("name", ["USDC", "WETH", "wstETH"])
def test_a_proxy_is_read_as_it_answers(town, name):
    proxy = town.feeds[name]
    for price in (1234.5, 0.00000001, 3000):
        town.set_price(name, price)
        town.node.pass_time(777)
        read, pin = feed_of(town, proxy.address)
        round_, answer, _, updated, _ = proxy.functions.latestRoundData().call()
        assert (read.round, read.answer, read.updated) == (round_, answer, updated)
        assert read.answer == round(price * 10**8)
        assert read.age == pin.timestamp - updated
        assert read.inside == (town.aggregators[name].address,)
        assert read.phase == proxy.functions.phaseId().call() == 1


def test_a_switch_of_the_aggregator_is_another_phase(town, shop):
    proxy, by = town.feeds["WETH"], town.by
    other = by.deploy(shop.own("MockV3Aggregator"), 8, 2_900 * 10**8)
    by.send(proxy.functions.proposeAggregator(other.address))
    by.send(proxy.functions.confirmAggregator(other.address))
    read, _ = feed_of(town, proxy.address)
    assert (read.phase, read.answer) == (2, 2_900 * 10**8)
    assert read.round & (2**64 - 1) == 1
    assert read.inside == (other.address,)


def test_a_wrapper_is_followed_to_the_aggregator(town, shop, imported):
    proxy = town.feeds["WETH"].address
    outer = town.by.deploy(shop.own("NamedFeed"), proxy, "WETH / USD")
    read, _ = feed_of(town, outer.address)
    assert read.inside == (proxy, town.aggregators["WETH"].address)
    (oracle,) = imported(outer.address).oracles.values()
    assert oracle.kind == "market"
    assert oracle.note.startswith("WETH / USD 3000; answered ")
    assert proxy in oracle.note


def test_a_feed_that_does_not_say_when_is_not_old(town, imported):
    """A linear discount oracle answers with no round and no time."""
    odd = town.odd_token.address
    words = (0, 95 * WAD // 100, 0, 0, 0)
    raw = b"".join(word.to_bytes(32, "big") for word in words)
    answers(town, latestRoundData=raw, decimals=(18).to_bytes(32, "big"))
    read, _ = feed_of(town, odd)
    assert (read.age, read.phase, read.inside) == (None, 0, ())
    (oracle,) = imported(odd).oracles.values()
    assert oracle.note == "0.95; does not say when"


def test_an_answer_that_is_no_price_is_said_to_be_none(town, imported):
    town.by.send(town.aggregators["WETH"].functions.updateAnswer(-5))
    (oracle,) = imported(town.feeds["WETH"].address).oracles.values()
    assert "no price" in oracle.note


def test_feeds_that_read_each_other_end(town, shop):
    """A feed that names itself is followed once."""
    odd = town.odd_token.address
    raw = b"".join(word.to_bytes(32, "big") for word in (1, 1, 1, 1, 1))
    itself = bytes.fromhex(odd[2:]).rjust(32, b"\0")
    answers(town, latestRoundData=raw, decimals=(8).to_bytes(32, "big"), aggregator=itself)
    assert feed_of(town, odd)[0].inside == ()


def test_no_token_and_no_pool_is_a_feed(town):
    with snapshot_of(town) as snapshot:
        for one in (*town.tokens.values(), town.morpho, town.pools["3.0"].pool):
            assert feed.recognise(Look(snapshot, one.address, Places())) == ()


# wrappers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [12 * WAD // 10, 1_234_567_890_123_456_789, WAD])
def test_the_rate_is_the_wrappers_own(town, rate):
    token = town.tokens["wstETH"]
    town.by.send(token.functions.setRate(rate))
    with snapshot_of(town) as snapshot:
        (read,) = wrapper.recognise(Look(snapshot, token.address))
        known = tokens(snapshot, [token.address, read.inner])
        draft = Draft(snapshot.pin, known)
    assert read.rate == token.functions.getStETHByWstETH(WAD).call()
    assert read.inner == token.functions.stETH().call()
    wrapper.write(read, draft)
    price = draft.system("test", ["x"]).assets["wstETH"].price
    assert (price.number * WAD, price.of) == (rate, "stETH")


def test_a_price_that_a_market_told_stays(town, imported):
    system = imported(town.who["staker"], town.pools["3.0"].address)
    asset = system.assets["wstETH"]
    assert asset.price.number == 3600
    inner = town.tokens["wstETH"].functions.stETH().call()
    assert asset.note == f"wraps 1.2 of {inner}"
    assert asset.depends_on["wraps"] == inner
    assert "stETH" not in system.assets
    assert lr.run(system, price={"wstETH": "-5%"})


def test_a_wrapper_by_itself_has_no_price_until_one_is_told(town, imported):
    system = imported(town.tokens["wstETH"].address)
    assert system.assets["wstETH"].price.is_unknown
    assert lr.run(system.set({"wstETH/price": "$3600"}), price={"wstETH": "-5%"})


def wrapped(town, address):
    with snapshot_of(town) as snapshot:
        (read,) = wrapper.recognise(Look(snapshot, address, Places()))
        known = tokens(snapshot, [address, *([read.inner] if read.inner else [])])
        draft = Draft(snapshot.pin, known)
    wrapper.write(read, draft)
    return read, draft


def test_a_wrapper_of_restaked_ether(town, shop):
    rate = 1_053_120_001_230_004_567
    inner = town.tokens["WETH"].address
    token = town.by.deploy(shop.own("WrappedRestake"), inner, rate)
    read, draft = wrapped(town, token.address)
    assert (read.rate, read.inner, read.again) == (rate, inner, rate)
    price = draft.system("test", ["x"]).assets["weETH"].price
    assert (price.number * WAD, price.of) == (rate, "WETH")


def test_a_rate_in_the_coin_of_the_chain_is_told_and_prices_nothing(town, shop, imported):
    rate = 1_149_999_999_999_999_999
    token = town.by.deploy(shop.own("PooledStake"), rate)
    read, _ = wrapped(town, token.address)
    assert (read.rate, read.inner) == (rate, None)
    assert read.again == token.functions.getEthValue(WAD).call()
    asset = imported(token.address).assets["rETH"]
    assert asset.note == "its rate is 1.149999999999999999 of what it does not name"
    assert asset.price.is_unknown


def test_any_token_that_provides_a_rate(town):
    """A rate, a supply, and an inner token under one of the names that are in use."""
    inner = bytes.fromhex(town.tokens["WETH"].address[2:]).rjust(32, b"\0")
    amounts = {"getRate": WAD * 11 // 10, "totalSupply": 7, "decimals": 18}
    answers(town, **{name: one.to_bytes(32, "big") for name, one in amounts.items()})
    read, _ = wrapped(town, town.odd_token.address)
    assert (read.rate, read.inner) == (WAD * 11 // 10, None)
    answers(town, underlying=inner)
    read, _ = wrapped(town, town.odd_token.address)
    assert read.inner == town.tokens["WETH"].address


def test_a_provider_of_rates_that_is_no_token_wraps_nothing(town):
    answers(town, getRate=WAD.to_bytes(32, "big"))
    with snapshot_of(town) as snapshot:
        assert wrapper.recognise(Look(snapshot, town.odd_token.address)) == ()


def test_a_rate_that_its_own_conversion_denies_is_refused(town, imported):
    """The two functions of one contract disagree: it is not what it looks like."""
    from eth_utils import keccak

    amounts = {"getRate": WAD * 11 // 10, "totalSupply": 7, "decimals": 18}
    answers(town, **{name: one.to_bytes(32, "big") for name, one in amounts.items()})
    selector = keccak(text="getEETHByWeETH(uint256)")[:4]
    town.by.send(town.odd_token.functions.answer(selector, WAD.to_bytes(32, "big")))
    with pytest.raises(AnswerError, match="rate of"):
        imported(town.odd_token.address)


def test_other_tokens_wrap_nothing(town):
    with snapshot_of(town) as snapshot:
        for name in ("USDC", "WETH", "sUSD"):
            assert wrapper.recognise(Look(snapshot, town.tokens[name].address)) == ()
