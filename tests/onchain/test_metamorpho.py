"""Queue vaults over Morpho Blue: book, fee, caps and liquidity equal to the vault's own answers."""

import json
import random

import pytest

import looprisk as lr
from looprisk.cli import run_line
from looprisk.onchain import metamorpho
from looprisk.onchain.access import Access
from looprisk.onchain.importing import import_at
from looprisk.onchain.metamorpho_rules import Book
from looprisk.onchain.reader import Look
from tests.onchain.aave_pool import allow
from tests.onchain.morpho_blue import WAD
from tests.onchain.reading import snapshot_of

UNIT = 10**6
MARKETS = ("sUSD/USDC", "fUSD/USDC")


def read_of(town, contract):
    with snapshot_of(town) as snapshot:
        (found,) = metamorpho.recognise(Look(snapshot, contract.address))
        return metamorpho.read(snapshot, found), snapshot.pin.number


def agrees(town, contract):
    """Compare every figure with the vault's own answer at the block that was read."""
    read, block = read_of(town, contract)

    def said(name, *words):
        return contract.functions[name](*words).call(block_identifier=block)

    assert read.book.total == said("totalAssets")
    assert read.room == said("maxDeposit", town.by.me)
    assert read.book.fee == said("fee")
    for owner in (town.who["lender"], town.fund.address, town.by.me):
        shares = said("balanceOf", owner)
        assert read.max_withdraw(shares) == said("maxWithdraw", owner)
    for shares in (1, 10**18, 123_456_789 * 10**15):
        assert read.book.worth(shares) == said("convertToAssets", shares)
    for one in read.queue:
        cap, _, removable = said("config", bytes.fromhex(one.market.id[2:]))
        assert (one.cap, one.removable_at) == (cap, removable)
    return read


@pytest.fixture
def later(town, shop):
    """A vault of the later release over the same markets, with deposits."""
    words = (town.tokens["USDC"].address, town.morpho.address, "Keeper", "kUSDC")
    vault = town.by.deploy(shop.own("LossKeepingVault"), *words)
    for name in MARKETS:
        town.by.send(vault.functions.addMarket(town.markets[name].id, 2_000_000 * UNIT))
    fill(town, vault, 3_000_000 * UNIT)
    return vault


def fill(town, vault, amount):
    owner, usdc = town.who["lender"], town.tokens["USDC"]
    town.by.send(usdc.functions.mint(owner, amount))
    allow(town.by, usdc, vault.address, owner)
    town.by.send(vault.functions.deposit(amount, owner), owner)


def walk(town, vault, seed, steps):
    """Yield after each step of a random walk over deposits, withdrawals, loans, caps and time."""
    chance = random.Random(seed)
    by, owner, saver = town.by, town.who["lender"], town.who["saver"]
    usdc, morpho = town.tokens["USDC"], town.morpho.functions
    allow(by, usdc, town.morpho.address, saver)
    by.send(usdc.functions.mint(saver, 10**13))
    terms = town.markets["sUSD/USDC"].terms
    by.send(morpho.repay(terms, 10**12, 0, saver, b""), saver)
    for _ in range(steps):
        kind = chance.randrange(6)
        if kind == 0:
            room = vault.functions.maxDeposit(owner).call()
            fill(town, vault, chance.randrange(1, min(room, 10**11)))
        elif kind == 1:
            most = vault.functions.maxWithdraw(owner).call()
            amount = chance.randrange(1, min(most, 10**11))
            by.send(vault.functions.withdraw(amount, owner, owner), owner)
        elif kind == 2:
            supplied, _, borrowed, *_ = morpho.market(town.markets["sUSD/USDC"].id).call()
            amount = min(chance.randrange(1, 10**9), supplied - borrowed)
            by.send(morpho.borrow(terms, amount, 0, saver, saver), saver)
        elif kind == 3:
            by.send(morpho.repay(terms, chance.randrange(1, 10**9), 0, saver, b""), saver)
        elif kind == 4:
            name = chance.choice(MARKETS)
            cap = chance.randrange(10**12, 10**14)
            by.send(vault.functions.setCap(town.markets[name].id, cap))
        town.node.pass_time(chance.randrange(1, 10**6))
        yield


@pytest.mark.parametrize("fee", [0, 10, 50])
def test_a_random_walk_agrees_with_the_vault_to_the_unit(town, fee):
    vault = town.queue_vault
    town.by.send(vault.functions.setFee(fee * WAD // 100, town.by.me))
    for _ in walk(town, vault, seed=fee, steps=12):
        agrees(town, vault)


def test_a_walk_of_the_later_release_agrees(town, later):
    town.by.send(later.functions.setFee(WAD // 5, town.by.me))
    for _ in walk(town, later, seed=5, steps=10):
        agrees(town, later)


def test_queues_are_read_in_their_order(town):
    first, second = (town.markets[name].id for name in MARKETS)
    town.by.send(town.queue_vault.functions.setQueues([second], [second, first]))
    read = agrees(town, town.queue_vault)
    assert [one.market.id for one in read.queue] == ["0x" + second.hex(), "0x" + first.hex()]
    assert [one.market.id for one in read.supplies] == ["0x" + second.hex()]


def test_what_can_be_paid_out_is_paid_out_and_no_more(town):
    read, _ = read_of(town, town.queue_vault)
    owner, withdraw = town.who["lender"], town.queue_vault.functions.withdraw
    shares = town.queue_vault.functions.balanceOf(owner).call()
    assert read.max_withdraw(shares) < read.book.worth(shares)
    at = {"from": owner, "gas": 20_000_000}
    withdraw(read.withdrawable - 5, owner, owner).call(at)
    with pytest.raises(Exception, match="NotEnoughLiquidity"):
        withdraw(read.withdrawable + 5, owner, owner).call(at)


def ruin(town):
    """Take what backs the fund, so that a loan against its shares leaves bad debt."""
    fund, usdc = town.fund.address, town.tokens["USDC"]
    vault, by, node = town.queue_vault, town.by, town.node
    node.rpc("anvil_impersonateAccount", fund)
    node.rpc("anvil_setBalance", fund, hex(10**18))
    idle, shares = usdc.functions.balanceOf(fund).call(), vault.functions.balanceOf(fund).call()
    by.send(usdc.functions.transfer(by.me, idle), fund)
    by.send(vault.functions.transfer(by.me, shares * 95 // 100), fund)
    market = town.markets["fUSD/USDC"]
    seized = town.morpho.functions.position(market.id, by.me).call()[2]
    by.send(usdc.functions.mint(by.me, 10**12))
    by.send(usdc.functions.approve(town.morpho.address, 2**256 - 1))
    by.send(town.morpho.functions.liquidate(market.terms, by.me, seized, 0, b""))


def test_a_loss_lowers_the_book_of_the_first_release_and_not_of_the_later(town, later):
    town.by.send(later.functions.setFee(0, town.by.me))
    first, second = read_of(town, town.queue_vault)[0], read_of(town, later)[0]
    ruin(town)
    after, kept = agrees(town, town.queue_vault), agrees(town, later)
    assert after.book.total < first.book.total
    assert after.book.hidden == 0
    assert kept.book.hidden > 0
    assert kept.book.total >= second.book.total


def test_the_share_of_the_later_release_has_a_posted_price(town, later, tmp_path, monkeypatch):
    ruin(town)
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    made = import_at(later.address, Access(block="latest", rpc=town.url))
    issuer, read = made.system.issuers["kUSDC"], read_of(town, later)[0]
    share = issuer.issues["kUSDC"]
    assert share.book_price.number * read.book.supply == pytest.approx(
        read.book.total * 10**12, rel=1e-12
    )
    owned = sum(value.number for value in issuer.owns.values())
    assert owned * UNIT == read.book.real
    assert issuer.depends_on["curator"] == town.by.me


def test_the_file_is_run_and_broken(town, tmp_path, monkeypatch, capsys):
    """What the vault owns is what its markets owe it, and the other verbs take the file."""
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    monkeypatch.setenv("LOOPRISK_RPC_31337", town.url)
    monkeypatch.chdir(tmp_path)

    def cli(*words):
        code = run_line(list(words))
        out, err = capsys.readouterr()
        assert code == 0, err
        return out, err

    _, err = cli("import", f"local:{town.queue_vault.address}", "--block", "latest", "-o", "q.yaml")
    assert "total assets of qUSDC: equal to the last unit" in err
    system = lr.load(tmp_path / "q.yaml").system
    read, _ = read_of(town, town.queue_vault)
    assert list(system.issuers["qUSDC"].owns) == [f"m-{one.market.id[2:10]}" for one in read.queue]
    shock = ("--shock", "price: {USDC: -20%}", "--set", "USDC/price=$1")
    cli("run", "q.yaml", *shock)
    out, _ = cli("break", "q.yaml", *shock, "--format", "json")
    assert "break_points" in json.loads(out)


def test_the_book_by_hand():
    """1000 grew to 1100, a fifth of the growth is the fee: 20 of 1100 in new shares."""
    book = Book(1100, 1000, None, WAD // 5, 1000 * 10**12, 10**12)
    shares = book.supply - book.stored_supply
    assert book.worth(shares) == 20 - 1
    assert shares == 20 * 1001 * 10**12 // 1081
