"""Compound III: debts, totals, reserves and absorptions equal to the market's own answers."""

import json
import random
from dataclasses import dataclass
from typing import Any

import pytest

import looprisk as lr
from looprisk.cli import run_line
from looprisk.onchain import comet
from looprisk.onchain.access import Access
from looprisk.onchain.comet_rules import FACTOR, PRICE_UNIT, Priced
from looprisk.onchain.importing import import_at
from looprisk.onchain.places import Places
from looprisk.onchain.reader import Look
from tests.onchain.aave_pool import allow
from tests.onchain.morpho_blue import WAD
from tests.onchain.reading import health_by_the_engine, snapshot_of

UNIT = 10**6
TERMS = {
    "WETH": (83, 90, 95),
    "wstETH": (80, 85, 93),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A market in the town with a lender and two borrowers."""

    contract: Any
    borrower: str
    other: str


def opened(town, shop, in_dollars):
    by, tokens = town.by, town.tokens

    def feed(name):
        source = town.feeds[name].address
        if not in_dollars:
            return source
        return by.deploy(shop.own("NamedFeed"), source, f"{name} / USD").address

    words = (tokens["USDC"].address, feed("USDC"), UNIT, 6 * FACTOR // 10)
    market = by.deploy(shop.own("Comet"), *words)
    for name, factors in TERMS.items():
        parts = [part * FACTOR // 100 for part in factors]
        info = (0, tokens[name].address, feed(name), WAD, *parts, 10**6 * WAD)
        by.send(market.functions.addAsset(info))
    place = Place(market, town.who["trader"], town.who["mixed"])
    put(town, place, "USDC", 1_000_000 * UNIT, town.who["lender"])
    by.send(tokens["USDC"].functions.mint(market.address, 20_000 * UNIT))
    put(town, place, "WETH", 100 * WAD, place.borrower)
    put(town, place, "wstETH", 50 * WAD + 12_345, place.borrower)
    take(town, place, "USDC", 350_000 * UNIT, place.borrower)
    put(town, place, "wstETH", 200 * WAD, place.other)
    take(town, place, "USDC", 500_000 * UNIT + 7, place.other)
    town.node.pass_time(30 * 86_400)
    return place


def put(town, place, name, amount, user):
    token = town.tokens[name]
    town.by.send(token.functions.mint(user, amount))
    allow(town.by, token, place.contract.address, user)
    town.by.send(place.contract.functions.supply(token.address, amount), user)


def take(town, place, name, amount, user):
    withdraw = place.contract.functions.withdraw(town.tokens[name].address, amount)
    town.by.send(withdraw, user)


@pytest.fixture
def place(town, shop):
    return opened(town, shop, in_dollars=True)


@pytest.fixture
def cli(capsys, town, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    monkeypatch.setenv("LOOPRISK_RPC_31337", town.url)
    monkeypatch.chdir(tmp_path)

    def run(*words):
        code = run_line(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def account_of(town, place, user):
    with snapshot_of(town) as snapshot:
        look = Look(snapshot, user, Places((place.contract.address,)))
        (found,) = comet.recognise_account(look)
        return comet.read_account(snapshot, found), snapshot.pin.number


def agrees(town, place, user):
    """Compare every figure with the contract's own answer at the block that was read."""
    read, block = account_of(town, place, user)

    def said(name, *words):
        return place.contract.functions[name](*words).call(block_identifier=block)

    assert read.debt == said("borrowBalanceOf", user)
    assert read.absorbable == said("isLiquidatable", user)
    assert read.market.supplied == said("totalSupply")
    assert read.market.borrowed == said("totalBorrow")
    assert read.market.reserves == said("getReserves")
    for one, amount in zip(read.market.collateral, read.held, strict=True):
        assert amount == said("userCollateral", user, one.token)[0]
        assert one.feed.price == said("getPrice", one.feed.source)
    return read


def health(read):
    """What the contract compares, as a ratio."""
    market = read.market
    debt = Priced(read.debt, market.feed.price, market.scale).worth
    return 1 + read.left(read.debt) / debt


@pytest.mark.parametrize("seed", range(3))
def test_a_random_walk_agrees_with_the_market_to_the_unit(town, place, seed):
    """Supply, withdraw, borrow, repay, prices and time; both borrowers after each step."""
    chance = random.Random(seed)
    for _ in range(15):
        user = chance.choice((place.borrower, place.other))
        kind = chance.randrange(4)
        if kind == 0:
            put(town, place, chance.choice(("WETH", "wstETH")), chance.randrange(1, 10 * WAD), user)
        elif kind == 1:
            put(town, place, "USDC", chance.randrange(1, 10**10), user)
        elif kind == 2 and account_of(town, place, user)[0].left(10**12) > 0:
            take(town, place, "USDC", chance.randrange(2 * UNIT, 10**9), user)
        else:
            town.set_price(chance.choice(("WETH", "wstETH")), chance.uniform(2_000, 4_000))
        town.node.pass_time(chance.randrange(1, 10**6))
        agrees(town, place, place.borrower)
        agrees(town, place, place.other)


def test_an_account_that_supplies_owes_nothing(town, place):
    read = agrees(town, place, town.who["lender"])
    assert read.debt == 0
    assert read.principal > 0


def test_who_has_nothing_there_is_not_found(town, place):
    with snapshot_of(town) as snapshot:
        others = (place.contract.address, town.morpho.address, town.by.me)
        assert comet.recognise_account(Look(snapshot, town.who["saver"], Places(others))) == ()
        assert comet.recognise_market(Look(snapshot, town.tokens["USDC"].address)) == ()


@pytest.mark.parametrize("fall", [0, 5, 12, 20, 30, 45])
def test_the_engine_after_a_fall_agrees_with_the_contract(town, place, fall, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    where = Access(block="latest", rpc=town.url)
    system = import_at(place.borrower, where, [place.contract.address]).system
    (position,) = system.positions
    town.set_price("WETH", 30 * (100 - fall))
    town.set_price("wstETH", 36 * (100 - fall))
    after = agrees(town, place, place.borrower)
    ours = health_by_the_engine(system, position, {"WETH": f"-{fall}%", "wstETH": f"-{fall}%"})
    assert ours == pytest.approx(health(after), rel=1e-6)
    # stored, so that the contract compares the interest that our reading has in it
    town.by.send(place.contract.functions.accrueAccount(place.borrower))
    assert place.contract.functions.isLiquidatable(place.borrower).call() is (ours < 1)


def test_the_break_is_where_the_market_absorbs(town, place, cli, tmp_path):
    words = ("--in", place.contract.address, "--block", "latest", "-o", "c.yaml")
    code, _, err = cli("import", f"local:{place.other}", *words)
    assert code == 0, err
    assert err.count("equal to the last unit") == 5
    shock = ("--shock", "price: {wstETH: -60%}")
    assert cli("run", "c.yaml", *shock)[0] == 0
    code, out, _ = cli("break", "c.yaml", *shock, "--format", "json")
    assert code == 0
    events = {row["event"] for row in json.loads(out)["break_points"]}
    assert "liquidated" in events
    points = lr.break_points(lr.load(tmp_path / "c.yaml").system, price={"wstETH": "-60%"})
    (fall,) = [
        row.at.value for row in points.rows if row.event == "liquidated" and row.of.startswith("p-")
    ]
    for offset, absorbable in ((-1e-4, False), (1e-4, True)):
        town.set_price("wstETH", 3600 * (1 - fall - offset))
        town.by.send(place.contract.functions.accrueAccount(place.other))
        assert place.contract.functions.isLiquidatable(place.other).call() is absorbable


def test_an_absorption_is_what_the_model_says(town, place):
    """The owner keeps the collateral at its liquidation factor less the debt, or nothing."""
    for price in (2_550, 1_000):
        before = town.node.rpc("evm_snapshot")
        town.set_price("wstETH", price)
        town.by.send(place.contract.functions.accrueAccount(place.other))
        read = agrees(town, place, place.other)
        assert read.absorbable
        sold = 200 * price * 0.93 * UNIT
        town.by.send(place.contract.functions.absorb(place.other))
        left = place.contract.functions.balanceOf(place.other).call()
        assert left == pytest.approx(max(0, sold - read.debt), rel=1e-6, abs=10)
        ten = place.contract.functions.quoteCollateral(read.market.collateral[1].token, 10 * UNIT)
        discount = 1 - 0.6 * 0.07
        assert ten.call() == pytest.approx(10 / (price * discount) * WAD, rel=1e-9)
        town.node.rpc("evm_revert", before)


def test_the_file_says_the_terms(town, place, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    where = Access(block="latest", rpc=town.url)
    system = import_at(place.borrower, where, [place.contract.address]).system
    (name,) = system.markets
    assert name == "cUSDCv3"
    terms = system.markets[name].collateral["WETH"]
    assert (terms.ltv.number * 100, terms.lltv.number * 100) == (83, 90)
    assert (terms.liquidation_factor.number * 100, terms.storefront.number * 100) == (95, 60)
    read, _ = account_of(town, place, place.borrower)
    others = read.market.borrowed - read.debt
    cover = min(read.market.reserves, others)
    assert system.markets[name].insurance.number * UNIT * PRICE_UNIT == cover * PRICE_UNIT
    assert {token: asset.price.number for token, asset in system.assets.items()} == {
        "USDC": 1,
        "WETH": 3000,
        "wstETH": 3600,
    }


def test_prices_that_are_not_in_dollars_are_in_the_base(town, shop, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    place = opened(town, shop, in_dollars=False)
    where = Access(block="latest", rpc=town.url)
    system = import_at(place.borrower, where, [place.contract.address]).system
    assert system.assets["USDC"].price.is_unknown
    assert str(system.assets["WETH"].price) == "3000 USDC"
    assert system.markets["cUSDCv3"].insurance is None


def test_the_market_by_itself(town, place, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    made = import_at(place.contract.address, Access(block="latest", rpc=town.url))
    assert list(made.system.markets) == ["cUSDCv3"]
    assert not made.system.positions
    assert made.readers == ("compound-iii/1", "wrapper/1")
