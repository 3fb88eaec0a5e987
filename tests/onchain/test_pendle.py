"""Pendle V2: rates, backing and prices of principal equal to the contracts' own, to the last unit."""

import pytest

import looprisk as lr
from looprisk.cli import run_line
from looprisk.onchain import pendle
from looprisk.onchain.access import Access
from looprisk.onchain.importing import import_at
from looprisk.onchain.pendle_rates import rate_of, split_of
from looprisk.onchain.pendle_rules import (
    ONE,
    YEAR,
    exp,
    principal_rate,
    solvent,
)
from looprisk.onchain.places import Places
from looprisk.onchain.reader import Look
from looprisk.onchain.sources import SHARE_TO_ASSET, SHARE_TO_WRAPPER, sources
from tests.onchain import aave_pool, morpho_blue
from tests.onchain.morpho_blue import WAD, create_market
from tests.onchain.pendle import (
    EXPIRES,
    PT_TO_ASSET,
    PT_TO_SY,
    TWAP,
    buy,
    deploy_pendle,
    lose,
    split,
)
from tests.onchain.reading import health_by_the_engine, snapshot_of

FIVE_PERCENT = 55 * WAD // 1000


@pytest.fixture(scope="module")
def split_town(built, shop):
    """The town with one maturity of Pendle in it, for the tests of this file."""
    before = built.node.rpc("evm_snapshot")
    yield deploy_pendle(built, shop)
    built.node.rpc("evm_revert", before)


@pytest.fixture
def made(split_town, town):
    return split_town


@pytest.fixture
def imported(town, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))

    def run(address, *look_in):
        return import_at(address, Access(block="latest", rpc=town.url), look_in)

    return run


def our_rate(town, made, seconds):
    with snapshot_of(town) as snapshot:
        of = split_of(snapshot, made.market.address)
        rate = rate_of(snapshot, made.market.address, of.expiry, seconds)
    return solvent(rate, of.index, of.highest), of


# rates ------------------------------------------------------------------------------------


def test_the_exponential_is_e_to_the_x():
    """Every branch of it, to the seventeen digits that it keeps."""
    from math import exp as real

    for x in (0.0, 1e-9, 0.2, 0.7, 1.5, 3.9, 9.0, 31.0, 63.0, 127.0, 130.0):
        assert exp(int(x * ONE)) / ONE == pytest.approx(real(int(x * ONE) / ONE), rel=2e-16)
    for x in (-1e-9, -0.3, -7.0, -40.9):
        assert exp(int(x * ONE)) / ONE == pytest.approx(real(x), rel=1e-15, abs=2e-18)
    for outside in (-41 * ONE - 1, 130 * ONE + 1):
        with pytest.raises(ValueError, match="no exponent"):
            exp(outside)


@pytest.mark.parametrize("seconds", [1, 900, 3599])
def test_the_mean_rate_is_the_protocols_own(town, made, seconds):
    for pause, amount in ((0, 0), (7, 10**9), (3, 2 * 10**9), (400, 10**8), (86_400, 0)):
        if amount:
            buy(town, made, amount)
        if pause:
            town.node.pass_time(pause)
        rate, _ = our_rate(town, made, seconds)
        functions = made.rates.functions
        assert rate == functions.getPtToAssetRate(made.market.address, seconds).call()
        assert ONE - rate == functions.getYtToAssetRate(made.market.address, seconds).call()
    assert rate < ONE


def test_at_maturity_principal_is_one_asset(town, made):
    latest = town.node.rpc("eth_getBlockByNumber", "latest", False)
    for left in (1, 0, -86_400):
        town.node.pass_time(EXPIRES - left - int(latest["timestamp"], 16))
        latest = town.node.rpc("eth_getBlockByNumber", "latest", False)
        rate, _ = our_rate(town, made, TWAP)
        assert rate == made.rates.functions.getPtToAssetRate(made.market.address, TWAP).call()
    assert rate == ONE


@pytest.mark.parametrize("share", [1, 30, 99])
def test_a_wrapper_that_lost_takes_from_principal(town, made, share):
    before, _ = our_rate(town, made, TWAP)
    lose(town, share)
    rate, of = our_rate(town, made, TWAP)
    assert rate == made.rates.functions.getPtToAssetRate(made.market.address, TWAP).call()
    assert of.index < of.highest
    assert rate == pytest.approx(before * (1 - share / 100), rel=1e-3)


def test_a_mean_that_was_not_observed_is_unknown(town, made, imported):
    with snapshot_of(town) as snapshot:
        assert rate_of(snapshot, made.market.address, EXPIRES, 10**6) is None


# what stands behind -----------------------------------------------------------------------


def part_of(town, contract, *places):
    with snapshot_of(town) as snapshot:
        look = Look(snapshot, contract.address, Places(tuple(one.address for one in places)))
        return [pendle.read(snapshot, one) for one in pendle.recognise(look)]


def test_principal_is_backed_by_what_redeeming_gives(town, made):
    """All principal and yield of one account go back: the wrapper pays what we say, cut."""
    by, user = town.by, town.who["lender"]
    split(town, made, 10**9 + 7, user)
    principal, wrapper = part_of(town, made.pt)
    assert principal.supply == made.pt.functions.totalSupply().call()
    assert principal.wrapped == made.sy.functions.balanceOf(made.yt.address).call()
    assert wrapper.supply == made.sy.functions.totalSupply().call()
    held = made.pt.functions.balanceOf(user).call()
    for token in (made.pt, made.yt):
        by.send(token.functions.transfer(made.yt.address, held), user)
    by.send(made.yt.functions.redeemPY(user), user)
    paid = made.sy.functions.balanceOf(user).call()
    assert paid == held * ONE // principal.split.highest
    after, _ = part_of(town, made.pt)
    assert 0 <= principal.backing - after.backing - paid <= 1


def test_principal_and_yield_name_each_other(town, made):
    for token in (made.pt, made.yt):
        principal, _ = part_of(town, token)
        assert principal.split.principal == made.pt.address
        assert principal.split.yield_ == made.yt.address
        assert principal.split.expiry == EXPIRES


def test_the_market_holds_what_it_says(town, made):
    market, _ = part_of(town, made.market)
    state = made.market.functions.readState(town.by.me).call()
    assert [market.principal, market.wrapped, market.supply] == list(state[:3])


def test_no_other_contract_is_of_pendle(town, made):
    others = [*town.tokens.values(), town.morpho, town.pools["3.2"].pool, town.feeds["USDC"]]
    for one in others:
        assert part_of(town, one) == []


def test_a_token_that_calls_itself_principal_is_a_token(town, made, shop, imported):
    liar = town.by.deploy(shop.own("Token"), "PT nothing", "PT-nothing", 6)
    with snapshot_of(town) as snapshot:
        assert pendle.recognise(Look(snapshot, liar.address)) == ()


def test_principal_is_opened_to_its_ground(town, made, imported):
    system = imported(made.pt.address).system
    name = made.pt.functions.symbol().call()
    assert list(system.issuers) == [name, "SY-sUSD", "sUSD"]
    assert list(system.assets) == ["USDC"]
    promise = system.issuers[name].issues[name]
    assert (str(promise.par), str(promise.matures)) == ("1 USDC", "2026-06-06T00:00:00Z")
    assert promise.market_price is None
    clearing = lr.run(system.set({"USDC/price": "$1"}), price={"USDC": "-5%"})
    assert clearing.at_start == ()
    (row,) = [one for one in clearing.layers.rows if one.id == name]
    assert row.loss_fraction == pytest.approx(0.05)


def test_a_loss_of_the_vault_reaches_principal_through_the_wrapper(town, made, imported):
    """The engine's loss and the protocol's own rate after the same theft."""
    system = imported(made.pt.address).system.set({"USDC/price": "$1"})
    name = made.pt.functions.symbol().call()
    fall = lr.run(system, price={"USDC": "-30%"})
    (row,) = [one for one in fall.layers.rows if one.id == name]
    assert row.loss_fraction == pytest.approx(0.3)
    lose(town, 30)
    after = imported(made.pt.address).system.set({"USDC/price": "$1"})
    start = lr.run(after, price={"USDC": "0%"})
    (row,) = [one for one in start.layers.rows if one.id == name]
    _, of = our_rate(town, made, TWAP)
    assert row.price.economic == pytest.approx(of.index / of.highest, abs=1e-9)


def test_yield_is_priced_by_the_market_named_beside_it(town, made, imported):
    system = imported(made.yt.address, made.market.address).system
    name = made.yt.functions.symbol().call()
    rate, _ = our_rate(town, made, TWAP)
    assert system.assets[name].price.number * ONE == ONE - rate
    assert system.assets[name].price.of == "USDC"
    pt = made.pt.functions.symbol().call()
    assert system.issuers[pt].issues[pt].market_price.number * ONE == rate
    alone = imported(made.yt.address).system
    assert alone.assets[name].price.is_unknown


def test_a_market_is_the_issuer_of_its_share(town, made, imported):
    system = imported(made.market.address).system
    name, pt = (one.functions.symbol().call() for one in (made.market, made.pt))
    owns = system.issuers[name].owns
    assert owns[pt].number * 10**6 == made.market.functions._storage().call()[0]
    assert list(system.issuers) == [name, "SY-sUSD", pt, "sUSD"]
    price = system.issuers[name].issues[name].market_price
    rate = made.rates.functions.getLpToAssetRate(made.market.address, TWAP).call()
    assert (price.number * ONE, price.of) == (rate * 10**12, "USDC")
    assert lr.run(system.set({"USDC/price": "$1"}), price={"USDC": "-5%"})


def test_what_counts_in_no_token_is_unknown(town, made, imported):
    town.by.send(made.sy.functions.setKind(1))
    found = imported(made.pt.address)
    name = made.pt.functions.symbol().call()
    assert found.system.issuers[name].issues[name].par.is_unknown
    for path in found.unknowns:
        known = "1 USDC" if path.endswith("par") else "$1"
        assert path not in str(found.system.set({path: known}).about).split(" Unknown: ")[0]
    assert f"{name}/issues/{name}/par" in found.unknowns


# principal as collateral ------------------------------------------------------------------


def borrower(town, made, oracle, lltv=WAD * 915 // 1000):
    """Let somebody pledge principal and owe USDC on Morpho by an oracle; return the market."""
    by, usdc, user = town.by, town.tokens["USDC"], town.who["trader"]
    irm = by.at(town.markets["sUSD/USDC"].terms[3], {"abi": []})
    ends = {"loan": usdc, "collateral": made.pt}
    market = create_market(by, town.morpho, irm, oracle=oracle, lltv=lltv, **ends)
    morpho_blue.lend(by, town.morpho, market, usdc, 10**12, town.who["lender"])
    amount = split(town, made, 10**10, user)
    morpho_blue.pledge(by, town.morpho, market, made.pt, amount, user)
    morpho_blue.borrow(by, town.morpho, market, amount * 8 // 10, user)
    return market


def feed_oracle(town, shop, feed, quote=None):
    nobody = aave_pool.NOBODY
    second = nobody if quote is None else quote
    return town.by.deploy(shop.own("FeedOracle"), nobody, feed.address, second, 6, 6)


def position_of(system):
    (name,) = system.positions
    (oracle,) = [
        terms.oracle
        for market in system.markets.values()
        for collateral, terms in market.collateral.items()
        if collateral.startswith("PT-")
    ]
    return name, system.oracles[oracle]


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_linear_discount_is_read_as_one(town, made, shop, imported, wrapped):
    feed = town.by.deploy(
        shop.pendle("PendleSparkLinearDiscountOracle"), made.pt.address, FIVE_PERCENT
    )
    if wrapped:
        feed = town.by.deploy(shop.pendle("PendleLinearDiscountOracleWrapper"), feed.address)
    market = borrower(town, made, feed_oracle(town, shop, feed))
    found = imported(town.who["trader"], town.morpho.address, market.hex)
    name, oracle = position_of(found.system)
    assert oracle.kind == "pt_discount"
    assert (str(oracle.discount), str(oracle.matures)) == ("5.5%/y", "2026-06-06T00:00:00Z")
    assert any("price of o-" in check and "last unit" in check for check in found.checks)
    system = found.system.set({"USDC/price": "$1"})
    assert lr.run(system, price={"USDC": "-5%"})
    health = health_by_the_engine(system, name)
    borrowed = town.morpho.functions.position(market.id, town.who["trader"]).call()
    price = town.by.at(market.terms[2], shop.own("FeedOracle")).functions.price().call()
    lent = found.system.positions[name].debt["USDC"].number * 10**6
    assert health == pytest.approx(borrowed[2] * price / 10**36 * 0.915 / float(lent), rel=1e-12)


def test_the_mean_of_a_market_is_the_number_it_is(town, made, shop, imported):
    words = (made.market.address, TWAP, PT_TO_ASSET)
    feed = town.by.deploy(shop.pendle("PendleChainlinkOracle"), *words)
    market = borrower(town, made, feed_oracle(town, shop, feed))
    found = imported(town.who["trader"], town.morpho.address, market.hex)
    name, oracle = position_of(found.system)
    rate = made.rates.functions.getPtToAssetRate(made.market.address, TWAP).call()
    assert (oracle.kind, oracle.price.number * ONE, oracle.price.of) == ("fixed", rate, "USDC")
    pt = made.pt.functions.symbol().call()
    assert found.system.issuers[pt].issues[pt].market_price.number * ONE == rate
    assert sum("mean rate" in check and "last unit" in check for check in found.checks) == 1
    system = found.system.set({"USDC/price": "$1"})
    blind = lr.break_points(system, depeg={pt: "100%"})
    assert [row.fraction for row in blind.rows if row.of == name] == [None] * 3
    (market_id,) = system.markets
    seeing = system.set({f"{market_id}/collateral/{pt}/oracle": "market"})
    (fall,) = [
        row.fraction
        for row in lr.break_points(seeing, depeg={pt: "100%"}).rows
        if (row.of, row.event) == (name, "liquidated")
    ]
    position = system.positions[name]
    owed, pledged = position.debt["USDC"].number, position.collateral[pt].number
    assert fall == pytest.approx(float(1 - owed / (pledged * oracle.price.number * 915 / 1000)))


def test_the_mean_in_the_wrapper_is_checked_too(town, made, shop):
    for kind in (PT_TO_SY, PT_TO_ASSET, SHARE_TO_WRAPPER, SHARE_TO_ASSET):
        words = (made.market.address, TWAP, kind)
        feed = town.by.deploy(shop.pendle("PendleChainlinkOracle"), *words)
        quote = town.feeds["USDC"].address
        quoted = town.by.deploy(shop.pendle("PendleChainlinkOracleWithQuote"), *words, quote)
        town.set_price("USDC", 0.987)
        with snapshot_of(town) as snapshot:
            found = sources(snapshot, [feed.address, quoted.address])
        for one in (feed, quoted):
            source = found[one.address]
            assert (
                source.pricing.answer == source.answer == one.functions.latestRoundData().call()[1]
            )
            assert source.pricing.quoted is (one is quoted)


def test_an_oracle_that_does_more_than_its_feeds_say_is_unknown(town, made, shop, imported):
    """The same feed, read with a scale of its own: the price is not the product of the feeds."""
    feed = town.by.deploy(
        shop.pendle("PendleSparkLinearDiscountOracle"), made.pt.address, FIVE_PERCENT
    )
    nobody = aave_pool.NOBODY
    odd = town.by.deploy(shop.own("FeedOracle"), nobody, feed.address, nobody, 5, 6)
    market = borrower(town, made, odd, lltv=WAD * 86 // 1000)
    system = imported(town.who["trader"], town.morpho.address, market.hex).system
    (terms,) = next(iter(system.markets.values())).collateral.values()
    assert terms.oracle == "unknown"


def test_principal_in_an_aave_pool(town, made, shop, imported):
    """By an adapter with the getters of Aave's own: the price is the asset's less the discount."""
    by, pool, user = town.by, town.pools["3.2"], town.who["saver"]
    adapter = by.deploy(
        shop.own("PrincipalDiscount"), made.pt.address, town.feeds["USDC"].address, FIVE_PERCENT
    )
    aave_pool.list_more(by, pool, shop, {"PT": made.pt}, {"PT": adapter})
    amount = split(town, made, 10**10, user)
    aave_pool.allow(by, made.pt, pool.address, user)
    by.send(pool.pool.functions.supply(made.pt.address, amount, user, 0), user)
    aave_pool.borrow(by, pool, town.tokens["USDC"], 6 * 10**9, user)
    found = imported(user, pool.address)
    name, oracle = position_of(found.system)
    assert oracle.kind == "pt_discount"
    assert found.system.oracles[oracle.base].of == "USDC"
    assert any("by its adapter: equal to the last unit" in check for check in found.checks)
    theirs = pool.pool.functions.getUserAccountData(user).call()[5]
    # the pool keeps eight digits of a price
    assert health_by_the_engine(found.system, name) == pytest.approx(theirs / WAD, rel=2e-8)
    for price in (0.99, 0.9, 0.8):
        town.set_price("USDC", price)
        theirs = pool.pool.functions.getUserAccountData(user).call()[5]
        ours = health_by_the_engine(found.system, name, {"USDC": f"{price - 1:.6%}"})
        assert ours == pytest.approx(theirs / WAD, rel=1e-6)


def test_the_verbs_take_the_file(town, made, shop, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    monkeypatch.chdir(tmp_path)
    feed = town.by.deploy(
        shop.pendle("PendleSparkLinearDiscountOracle"), made.pt.address, FIVE_PERCENT
    )
    market = borrower(town, made, feed_oracle(town, shop, feed))
    pool = town.pools["3.2"].address
    words = (town.who["trader"], "--chain", "31337", "--block", "latest", "--rpc", town.url)
    places = ("--in", town.morpho.address, "--in", market.hex, "--in", pool)
    assert run_line(["import", *words, *places, "-o", "pt.yaml"]) == 0
    for verb in ("run", "break"):
        assert run_line([verb, "pt.yaml", "--shock", "price: {USDC: -20%}"]) == 0
    assert "PT-sUSD" in capsys.readouterr().out


def test_the_rate_of_principal_is_the_closed_form():
    from math import exp as real

    for rate, left in ((ONE // 20, YEAR), (ONE // 3, YEAR // 7), (2 * ONE, 3 * YEAR), (1, 1)):
        expected = real(-rate / ONE * left / YEAR)
        assert principal_rate(rate, left) / ONE == pytest.approx(expected, rel=1e-15)
