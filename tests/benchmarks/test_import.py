"""What an import asks of a node and how long it takes, against a node on this machine.

``extra_info`` holds requests of a first and of a second run, and the memory of a process that does
nothing else. ``pytest tests/benchmarks/test_import.py --benchmark-only``; a market of a hundred
thousand takes some minutes, most of them to be put on the chain.
"""

import os
import resource
import subprocess
import sys

import pytest

from looprisk.onchain.access import Access
from looprisk.onchain.importing import import_at
from tests.onchain import aave_pool, morpho_blue
from tests.onchain.crowd import crowd_on_aave, crowd_on_morpho
from tests.onchain.faulty import FaultyNode
from tests.onchain.town import build

pytestmark = pytest.mark.timeout(3_600)
WAD = 10**18
MILLION_USDC = 10**12
MARKETS = 10
MANY = 100_000
NOBODY = "0x" + "00" * 20


@pytest.fixture(scope="module")
def town(shop):
    made = build(shop)
    yield made
    made.node.stop()


@pytest.fixture
def proxy(town):
    node = FaultyNode(town.url)
    yield node
    node.stop()


def measured(benchmark, town, proxy, monkeypatch, tmp_path, address, *places):
    """Time first runs, and count what a first and a second one ask."""
    caches = iter(range(1_000))
    block = town.by.web3.eth.block_number

    def fresh():
        monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / f"{next(caches)}.sqlite"))

    def run(url):
        access = Access(chain_id=town_chain(town), block=block, rpc=url)
        return import_at(address, access, places)

    fresh()
    run(proxy.url)
    asked = [len(proxy.asked)]
    run(proxy.url)
    asked.append(len(proxy.asked) - asked[0])
    benchmark.extra_info |= {"requests": asked[0], "requests_again": asked[1]}
    made = benchmark.pedantic(run, (town.url,), setup=fresh, rounds=5)
    return made, asked


def town_chain(town):
    return town.by.web3.eth.chain_id


@pytest.mark.parametrize(("version", "name"), [("3.0", "staker"), ("3.2", "modern")])
def test_one_account_of_aave(benchmark, town, proxy, monkeypatch, tmp_path, version, name):
    pool = town.pools[version].address
    words = (benchmark, town, proxy, monkeypatch, tmp_path, town.who[name], pool)
    made, asked = measured(*words)
    assert len(made.system.positions) == 1
    assert asked[1] == 0


def test_a_vault_with_ten_markets(benchmark, town, shop, proxy, monkeypatch, tmp_path):
    by, usdc, owner = town.by, town.tokens["USDC"], town.who["lender"]
    words = (usdc.address, town.morpho.address, "Ten USDC", "tenUSDC")
    vault = by.deploy(shop.own("QueueVault"), *words)
    irm = by.at(town.markets["sUSD/USDC"].terms[3], shop.own("IrmMock"))
    feeds = [town.feeds[name].address for name in ("WETH", "USDC")]
    by.send(usdc.functions.mint(owner, 20 * MILLION_USDC))
    aave_pool.allow(by, usdc, vault.address, owner)
    for at in range(MARKETS):
        token = by.deploy(shop.own("Token"), f"Collateral {at}", f"C{at}", 18)
        oracle = by.deploy(shop.own("FeedOracle"), NOBODY, *feeds, 18, 6)
        ends = {"loan": usdc, "collateral": token, "oracle": oracle, "lltv": 86 * WAD // 100}
        market = morpho_blue.create_market(by, town.morpho, irm, **ends)
        by.send(vault.functions.addMarket(market.id, MILLION_USDC))
    by.send(vault.functions.deposit(MARKETS * MILLION_USDC, owner), owner)
    words = (benchmark, town, proxy, monkeypatch, tmp_path, vault.address)
    made, asked = measured(*words, town.pools["3.2"].address)
    (issuer,) = [one for one in made.system.issuers.values() if one.owns]
    assert len(issuer.owns) == MARKETS
    assert asked[1] == 0


WHOLE = """
import sys
from pathlib import Path
import looprisk as lr
address, block, url, folder = sys.argv[1:]
system = lr.import_(address, block=int(block), rpc=url, borrowers=Path(folder))
(position,) = system.positions.values()
print(position.rows)
"""


@pytest.fixture(scope="module")
def crowds(town, shop):
    """A hundred thousand on Morpho, and as many in a pool of Aave."""
    usdc, ether, staked = (town.tokens[one].address for one in ("USDC", "WETH", "wstETH"))
    market, pool = town.markets["wstETH/WETH"], town.pools["3.2"]
    crowd_on_morpho(
        town,
        shop,
        market,
        MANY,
        collateral=lambda at: WAD + at,
        shares=lambda at: (5 + at % 50) * 10**22,
    )
    crowd_on_aave(
        town,
        shop,
        pool,
        MANY,
        pledges=lambda at: {ether: 10**16 + at} if at % 5 else {usdc: 10**8, staked: 10**15},
        owes=lambda at: {usdc: (at % 20 + 1) * 10**6},
    )
    return {"morpho": f"{town.morpho.address}/{market.hex}", "aave": pool.address}


@pytest.mark.parametrize("name", ["morpho", "aave"])
def test_a_market_of_a_hundred_thousand(
    benchmark, town, crowds, proxy, monkeypatch, tmp_path, name
):
    """A process of its own: import, check every account, write the table."""
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    address = f"eip155:{town_chain(town)}:{crowds[name]}"
    words = [address, str(town.by.web3.eth.block_number)]

    def run(url):
        line = [sys.executable, "-c", WHOLE, *words, url, str(tmp_path)]
        done = subprocess.run(line, env=os.environ, capture_output=True, text=True, check=True)
        return int(done.stdout)

    rows = benchmark.pedantic(run, (town.url,), rounds=1)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert run(proxy.url) == rows
    again = len(proxy.asked)
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "other.sqlite"))
    assert run(proxy.url) == rows
    benchmark.extra_info |= {
        "borrowers": rows,
        "requests": len(proxy.asked) - again,
        "requests_again": again,
        "cache_mb": (tmp_path / "cache.sqlite").stat().st_size / 1e6,
        "largest_child_mb": peak / 1e3,
    }
    assert rows >= MANY
    assert again == 0
