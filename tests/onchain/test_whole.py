"""Whole markets: all who borrow, listed or in a table, each figure the contract's own."""

import gzip
import hashlib
import os
import resource
import signal
import subprocess
import sys
import threading

import pytest

import looprisk as lr
from looprisk.cli import run_line
from looprisk.onchain import books
from tests.onchain import aave_pool
from tests.onchain.crowd import (
    MANY,
    accounts,
    crowd_on_aave,
    crowded,
    write,
)
from tests.onchain.faulty import FaultyNode, Reply, said
from tests.onchain.misbehaviour import (
    log_cap,
    on,
)

FEW = 20
WAD = 10**18
ETHER = "wstETH/WETH"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(capsys, town, home, monkeypatch):
    monkeypatch.setenv("LOOPRISK_RPC_31337", town.url)

    def run(*words):
        code = run_line([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return run


@pytest.fixture
def proxy(town):
    node = FaultyNode(town.url)
    yield node
    node.stop()


def whole(cli, name, *words):
    code, _, err = cli("import", name, "--borrowers", "--block", "latest", "-o", "m.yaml", *words)
    assert code == 0, err
    return lr.load("m.yaml").system


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".yaml", ".gz"}
    }


def rows_of(home):
    (table,) = (home / "tables").iterdir()
    header, *lines = gzip.decompress(table.read_bytes()).decode().splitlines()
    names = header.split(",")
    return [dict(zip(names, line.split(","), strict=True)) for line in lines]


# a few are positions ----------------------------------------------------------------------


@pytest.mark.parametrize(("version", "names"), [("3.0", 3), ("3.2", 2)])
def test_a_few_borrowers_are_the_positions_that_imports_of_each_give(town, cli, version, names):
    pool = town.pools[version].address
    system = whole(cli, f"local:{pool}")
    assert len(system.positions) == names
    (market,) = system.markets.values()
    assert not any(lending.unlisted_debt for lending in market.lends.values())
    for position in system.positions.values():
        words = (position.address, "--in", pool, "--block", "latest")
        assert cli("import", *words, "-o", "one.yaml")[0] == 0
        (one,) = lr.load("one.yaml").system.positions.values()
        assert dict(one.debt) == dict(position.debt)
        assert one.e_mode == position.e_mode
        # a claim is named after its market alone where that lends one token
        amounts = sorted(amount.number for amount in one.collateral.values())
        assert amounts == sorted(amount.number for amount in position.collateral.values())


def test_borrowers_of_one_reserve_are_those_that_owe_it(town, cli):
    usdc, pool = town.tokens["USDC"].address, town.pools["3.0"]
    system = whole(cli, f"local:{pool.address}/{usdc}")
    owing = {town.who["trader"], town.who["ruined"]}
    named = {position.address.rpartition(":")[2] for position in system.positions.values()}
    assert named == owing
    (market,) = system.markets.values()
    assert market.lends["USDC"].unlisted_debt is None
    assert str(market.lends["WETH"].unlisted_debt) == "sound"


def test_who_owes_and_pledges_nothing_is_a_loss_before_any_shock(town, cli):
    whole(cli, f"local:{town.pools['3.0'].address}")
    code, out, _ = cli("run", "m.yaml", "--shock", "price: {WETH: -30%}")
    assert code == 0
    assert "already broken" in " ".join(out.split())
    assert cli("break", "m.yaml", "--shock", "price: {WETH: -30%}")[0] == 0


# many are a table -------------------------------------------------------------------------


def test_many_borrowers_of_morpho_are_a_table_of_its_own_figures(town, shop, cli, home):
    system = whole(cli, crowded(town, shop))
    (position,) = system.positions.values()
    assert position.rows == MANY + 1
    rows = {row["account"].lower(): row for row in rows_of(home)}
    assert list(rows) == [town.who["stacker"].lower(), *accounts(MANY)]
    market = town.markets[ETHER]
    at = town.by.web3.to_checksum_address
    totals = town.morpho.functions.market(market.id).call()
    now = town.by.web3.eth.get_block("latest").timestamp
    from looprisk.onchain.morpho_rules import Totals

    irm = town.by.at(market.terms[3], shop.own("IrmMock")).functions
    rate = irm.borrowRateView(market.terms, totals).call()
    accrued = Totals(*totals).accrued(rate, now)
    for name, row in rows.items():
        _, shares, collateral = town.morpho.functions.position(market.id, at(name)).call()
        assert exact(row["collateral/wstETH"]) == collateral
        assert exact(row["debt/WETH"]) == accrued.owed(shares)


def exact(cell):
    whole_, _, part = cell.partition(".")
    return int(whole_ + part.ljust(18, "0"))


def test_many_borrowers_of_a_pool_are_a_table_of_its_own_figures(
    town, shop, cli, home, monkeypatch
):
    monkeypatch.setattr(books, "MOST_LISTED", FEW)
    pool, tokens = town.pools["3.2"], town.tokens
    usdc, ether, staked = (tokens[name].address for name in ("USDC", "WETH", "wstETH"))
    crowd_on_aave(
        town,
        shop,
        pool,
        2 * FEW,
        pledges=lambda at: {ether: WAD + at} if at % 20 else {usdc: 10**9, staked: WAD // 7},
        owes=lambda at: {usdc: (at + 1) * 10**6 + at},
    )
    system = whole(cli, f"local:{pool.address}")
    (position,) = system.positions.values()
    assert position.rows == 2 * FEW + 2
    (market,) = system.markets
    read = pool.data.functions.getUserReserveData
    for row in rows_of(home):
        name = town.by.web3.to_checksum_address(row["account"])
        for token, key, unit in (
            (usdc, f"{market}/USDC", 6),
            (ether, f"{market}/WETH", 18),
            (staked, "wstETH", 18),
        ):
            supplied, _, debt, *_ = read(token, name).call()
            assert float(row[f"collateral/{key}"] or 0) * 10**unit == pytest.approx(supplied)
            owed = row.get(f"debt/{key.rpartition('/')[2]}") or 0
            assert float(owed) * 10**unit == pytest.approx(debt)
    assert cli("run", "m.yaml", "--shock", "price: {WETH: -3%}")[0] == 0


def test_the_file_says_of_its_table_what_is_in_it(town, shop, cli, home):
    name = crowded(town, shop)
    system = whole(cli, name)
    (position,) = system.positions.values()
    raw = gzip.decompress((home / position.table).read_bytes())
    assert position.sha256 == f"sha256:{hashlib.sha256(raw).hexdigest()}"
    assert position.accounts.rows == position.rows
    answer = ("--set", "WETH/price=$3000", "--shock", "price: {wstETH: -40%}")
    assert cli("run", "m.yaml", *answer)[0] == 0
    code, out, _ = cli("break", "m.yaml", *answer)
    assert code == 0
    assert "liquidated" in out
    assert lr.import_(name, block="latest", borrowers=home / "again").tree() == system.tree()
    assert files(home / "again") == {
        name: content for name, content in files(home).items() if name == position.table
    }


# what the node or the disk does -----------------------------------------------------------


def test_ranges_of_logs_are_halved_and_grow_again(town, shop, cli, proxy, home):
    name = crowded(town, shop)
    whole(cli, name)
    right = files(home)
    proxy.plan = log_cap
    whole(cli, name, "--rpc", proxy.url)
    assert files(home) == right


def test_a_second_time_and_offline_nothing_is_asked(town, shop, cli, proxy, home):
    name = crowded(town, shop)
    proxy.plan = log_cap
    block = town.by.web3.eth.block_number
    words = ("import", name, "--borrowers", "--block", block, "-o", "m.yaml", "--rpc", proxy.url)
    assert cli(*words)[0] == 0
    right = files(home)
    proxy.asked.clear()
    assert cli(*words)[0] == 0
    assert proxy.asked == []
    assert cli(*words, "--offline")[0] == 0
    assert files(home) == right


def test_a_kill_in_the_middle_is_gone_on_with(town, shop, home, proxy, monkeypatch):
    """The second run reads what is missing, at the block at which the first began."""
    name = crowded(town, shop, 3_000)
    words = ["import", name, "--borrowers", "--block", "latest", "-o", "m.yaml"]
    monkeypatch.setenv("LOOPRISK_RPC_31337", proxy.url)

    def run(cache):
        environment = {**os.environ, "LOOPRISK_CACHE": str(home / cache), "COLUMNS": "80"}
        line = [sys.executable, "-m", "looprisk", *words]
        return subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, text=True)

    straight = run("straight.sqlite")
    assert straight.communicate(timeout=120) is not None
    assert straight.returncode == 0
    right, asked = files(home), len(proxy.asked)
    for path in [home / "m.yaml", *(home / "tables").iterdir()]:
        path.unlink()
    proxy.asked.clear()
    stalled, dead = threading.Event(), threading.Event()

    def stall(one):
        if one.number <= asked * 2 // 3:
            return None
        stalled.set()
        dead.wait(60)
        return Reply(b"", drop=True)

    proxy.plan = stall
    killed = run("cache.sqlite")
    assert stalled.wait(60)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=60)
    dead.set()
    assert files(home) == {}
    town.node.pass_time(3_600)
    proxy.plan = lambda one: None
    proxy.asked.clear()
    again = run("cache.sqlite")
    _, err = again.communicate(timeout=120)
    assert again.returncode == 0
    assert "where it was stopped" in " ".join(err.split())
    assert files(home) == right
    assert len(proxy.asked) < asked * 2 // 3


def test_a_borrower_that_a_node_hides_is_missed(town, shop, cli, proxy):
    name = crowded(town, shop)

    def forgetful(one):
        return said(one, result=one.answer()["result"][:-1])

    proxy.plan = on("eth_getLogs", forgetful)
    code, _, err = cli(
        "import", name, "--borrowers", "--block", "latest", "-o", "m.yaml", "--rpc", proxy.url
    )
    assert code == 3
    assert "shares of the debt" in err


def test_a_pool_whose_sums_are_not_its_totals_is_refused(town, cli):
    """An account with a debt that no event tells of."""
    pool, usdc = town.pools["3.2"], town.tokens["USDC"].address
    debt = pool.data.functions.getReserveTokensAddresses(usdc).call()[2]
    abi = [
        {
            "type": "function",
            "name": "totalSupply",
            "stateMutability": "view",
            "inputs": [],
            "outputs": [{"type": "uint256", "name": ""}],
        }
    ]
    total = town.by.at(debt, {"abi": abi}).functions.totalSupply
    before = total().call()
    for slot in range(50, 60):
        word = int(town.node.rpc("eth_getStorageAt", debt, hex(slot), "latest"), 16)
        write(town, debt, [(slot, word + 10**9)])
        if total().call() > before:
            break
        write(town, debt, [(slot, word)])
    code, _, err = cli(
        "import", f"local:{pool.address}", "--borrowers", "--block", "latest", "-o", "m.yaml"
    )
    assert code == 3
    assert "debt of USDC in" in err


@pytest.mark.parametrize("blocked", ["tables", "m.yaml"])
def test_a_disk_that_refuses_leaves_nothing_half(town, shop, cli, home, blocked):
    name = crowded(town, shop)
    if blocked == "tables":
        (home / "tables").write_text("in the way")
    else:
        (home / "m.yaml").mkdir()
    code, _, err = cli("import", name, "--borrowers", "--block", "latest", "-o", "m.yaml")
    assert code in {2, 3}
    assert blocked in err
    assert not list(home.rglob("*.tmp"))
    assert not (home / "m.yaml").is_file()


def test_a_full_disk_writes_nothing_and_the_next_run_is_right(town, shop, home, monkeypatch):
    """No file may grow beyond what the cache needs in the end."""
    name = crowded(town, shop, 1_500)
    monkeypatch.setenv("LOOPRISK_RPC_31337", town.url)
    words = ["import", name, "--borrowers", "--block", str(town.by.web3.eth.block_number)]

    def run(most):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        line = [sys.executable, "-m", "looprisk", *words, "-o", "m.yaml"]
        return subprocess.run(
            line, preexec_fn=limit, capture_output=True, text=True, timeout=120, check=False
        )

    full = run(40 * 1024)
    assert full.returncode == 3, full.stderr
    assert "is the disk full?" in full.stderr
    assert "Traceback" not in full.stderr
    assert files(home) == {}
    assert run(resource.RLIM_INFINITY).returncode == 0
    right = files(home)
    assert len(right) == 2
    (home / "cache.sqlite").unlink()
    assert run(resource.RLIM_INFINITY).returncode == 0
    assert files(home) == right


def test_who_is_no_market_has_no_borrowers(town, cli):
    words = ("--in", town.pools["3.0"].address, "--borrowers", "--block", "latest", "-o", "m.yaml")
    code, _, err = cli("import", f"local:{town.who['staker']}", *words)
    assert code == 3
    assert "no market whose borrowers can be listed" in err


def test_an_issuer_that_borrows_owns_its_position_beside_the_table(town, shop, cli, home):
    """The vault whose shares the pool takes borrows there itself."""
    pool, vault, by = town.pools["3.2"], town.tokens["sUSD"].address, town.by
    usdc, ether = town.tokens["USDC"], town.tokens["WETH"]
    crowd_on_aave(
        town,
        shop,
        pool,
        MANY,
        pledges=lambda at: {ether.address: WAD},
        owes=lambda at: {usdc.address: 10**6},
    )
    town.node.rpc("anvil_impersonateAccount", vault)
    town.node.rpc("anvil_setBalance", vault, hex(10**20))
    aave_pool.supply(by, pool, ether, WAD, vault)
    aave_pool.borrow(by, pool, usdc, 10**9, vault)
    system = whole(cli, f"local:{pool.address}")
    tabled = next(one for one in system.positions.values() if one.owner is None)
    owned = next(one for one in system.positions.values() if one.owner is not None)
    assert (owned.owner, owned.address.rpartition(":")[2]) == ("sUSD", vault)
    assert vault not in {row["account"] for row in rows_of(home)}
    debts = tabled.accounts.totals["debt/USDC"] + owned.debt["USDC"].number
    total = pool.data.functions.getTotalDebt(usdc.address).call()
    assert abs(debts * 10**6 - total) <= MANY


def test_a_table_needs_a_file_to_stand_beside(town, cli):
    name = f"local:{town.morpho.address}/{town.markets[ETHER].hex}"
    code, _, err = cli("import", name, "--borrowers")
    assert code == 2
    assert "-o FILE" in err
