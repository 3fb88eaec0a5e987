"""Reading a chain at a block: what is asked, kept, recorded, and what is never told."""

import gzip
import json
import stat
from importlib import resources

import pytest

from looprisk.errors import (
    AddressError,
    DataError,
    EndpointError,
    HistoryError,
    OfflineError,
    ReorgError,
    UnreadableError,
    WrongChainError,
)
from looprisk.onchain.abi import NOBODY, call
from looprisk.onchain.access import Access, opened
from looprisk.onchain.address import CHAINS, account, chain
from looprisk.onchain.cache import Cache
from looprisk.onchain.endpoint import Endpoint, find
from looprisk.onchain.http import HttpNode
from looprisk.onchain.places import known
from looprisk.onchain.snapshot import MULTICALL3, Pin, Snapshot, pin
from looprisk.onchain.tape import Tape

BALANCE = "balanceOf(address)(uint256)"
SYMBOL = "symbol()(string)"


@pytest.fixture
def environment(town, tmp_path):
    return {"LOOPRISK_RPC_31337": town.url, "LOOPRISK_CACHE": str(tmp_path / "chain.sqlite")}


@pytest.fixture
def node(town):
    with_node = HttpNode(Endpoint(town.url, "test"))
    yield with_node
    with_node.close()


@pytest.fixture
def snapshot(node):
    made = Snapshot(node, pin(node, "latest"))
    made.settle()
    return made


def latest(**fields):
    return Access(chain_id=31337, block="latest", **fields)


# the pinned block -------------------------------------------------------------------------


def test_a_read_is_of_the_pinned_block(town, snapshot):
    usdc, user = town.tokens["USDC"], town.who["lender"]
    asked = call(usdc.address, BALANCE, user)
    before = snapshot.read(asked).integer()
    town.by.send(usdc.functions.mint(user, 5))
    assert usdc.functions.balanceOf(user).call() == before + 5
    assert snapshot.read(asked).integer() == before


def test_many_reads_are_one_request(town, node, snapshot):
    calls = [call(token.address, SYMBOL) for token in town.tokens.values()] * 10
    sent = node.requests_sent
    answers = snapshot.read_all(calls)
    assert node.requests_sent == sent + 1
    assert snapshot.read_all(calls) == answers
    assert node.requests_sent == sent + 1
    assert [answer.text() for answer in answers[:4]] == ["USDC", "WETH", "wstETH", "sUSD"]


def test_without_multicall_reads_go_in_small_batches(town, node, snapshot):
    snapshot.multicall = None
    symbols = [call(token.address, SYMBOL) for token in town.tokens.values()]
    balances = [
        call(token.address, BALANCE, user)
        for token in town.tokens.values()
        for user in list(town.who.values())[:4]
    ]
    sent = node.requests_sent
    answers = snapshot.read_all([*balances, *symbols])
    assert node.requests_sent == sent + 2
    assert [answer.text() for answer in answers[-4:]] == ["USDC", "WETH", "wstETH", "sUSD"]


@pytest.mark.parametrize("multicall", [True, False])
def test_what_is_missing_is_named_and_never_zero(town, snapshot, multicall):
    if not multicall:
        snapshot.multicall = None
    usdc = town.tokens["USDC"].address
    good, absent, wrong = snapshot.read_all(
        [
            call(usdc, SYMBOL),
            call(NOBODY, SYMBOL),
            call(usdc, "totalAssets()(uint256)"),
        ]
    )
    assert good.ok
    with pytest.raises(UnreadableError, match="no contract"):
        absent.text()
    with pytest.raises(UnreadableError, match="totalAssets of 0x"):
        wrong.integer()


def test_the_chain_is_checked(node):
    with pytest.raises(WrongChainError, match="serves chain 31337, and chain 1") as told:
        pin(node, "latest", 1)
    assert "LOOPRISK_RPC_1" in told.value.help


def test_a_block_that_is_not_there(node):
    with pytest.raises(HistoryError, match="no block 99999999"):
        pin(node, 99_999_999)


def test_a_block_that_is_replaced_answers_nothing_more(spare):
    node = HttpNode(Endpoint(spare.url, "test"))
    first = spare.rpc("eth_accounts")[0]
    for _ in range(3):
        spare.rpc("evm_mine")
    made = Snapshot(node, pin(node, "latest"))
    made.settle()
    made.verify()
    spare.rpc("anvil_reorg", 2, [[{"from": first, "to": first, "value": "0x1"}, 0]])
    with pytest.raises(ReorgError, match="no longer part of the chain"):
        made.read(call(NOBODY, SYMBOL))
    with pytest.raises(ReorgError, match="was replaced"):
        made.verify()
    node.close()


def test_logs_come_whole_and_in_order_however_small_the_range(town, snapshot):
    pool = town.pools["3.0"].address
    whole = list(snapshot.logs(pool, [], 0))
    snapshot.most_blocks = 7
    assert list(snapshot.logs(pool, [], 0)) == whole
    assert len(whole) > 50
    assert [log.block for log in whole] == sorted(log.block for log in whole)


# cache, offline, recordings ---------------------------------------------------------------


def read_symbols(snapshot, town):
    calls = [call(token.address, SYMBOL) for token in town.tokens.values()]
    optional = call(town.tokens["USDC"].address, "fee()(uint256)")
    return [a.text() for a in snapshot.read_all(calls)], snapshot.read(optional).ok


def test_what_was_read_once_is_read_offline(town, environment):
    with opened(latest(), environment) as snapshot:
        first = read_symbols(snapshot, town)
        number = snapshot.pin.number
    gone = {**environment, "LOOPRISK_RPC_31337": "http://127.0.0.1:1/"}
    for block in ("latest", number):
        access = Access(chain_id=31337, block=block, offline=True)
        with opened(access, gone) as snapshot:
            assert read_symbols(snapshot, town) == first
            with pytest.raises(OfflineError, match="not in the cache"):
                snapshot.read(call(MULTICALL3, "getBlockNumber()(uint256)"))


def test_a_warm_run_makes_no_request(town, environment):
    number = town.by.web3.eth.block_number
    access = Access(chain_id=31337, block=number)
    with opened(access, environment) as snapshot:
        first = read_symbols(snapshot, town)
    gone = {**environment, "LOOPRISK_RPC_31337": "http://127.0.0.1:1/"}
    with opened(access, gone) as snapshot:
        assert read_symbols(snapshot, town) == first


def test_offline_says_what_is_not_there(environment):
    never_read = opened(Access(chain_id=31337, offline=True), environment)
    with pytest.raises(OfflineError, match="block finalized of local"), never_read:
        pass
    of_no_chain = opened(Access(offline=True), environment)
    with pytest.raises(AddressError, match="chain must be named"), of_no_chain:
        pass


@pytest.mark.parametrize("damage", ["cut", "foreign", "shared", "row"])
def test_a_damaged_cache_is_never_trusted(town, environment, tmp_path, damage):
    path = tmp_path / "chain.sqlite"
    with opened(latest(), environment) as snapshot:
        first = read_symbols(snapshot, town)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:3000])
    elif damage == "foreign":
        path.write_bytes(b"no database at all" * 100)
    elif damage == "shared":
        path.chmod(0o666)
    else:
        import sqlite3

        with sqlite3.connect(path) as base:
            base.execute("UPDATE answers SET answer = zeroblob(40)")
        base.close()
    with opened(latest(), environment) as snapshot:
        assert read_symbols(snapshot, town) == first


def test_a_disk_that_refuses_is_told(tmp_path):
    cache = Cache.at(tmp_path / "cache.sqlite")
    cache._base.execute("PRAGMA query_only = ON")
    with pytest.raises(DataError, match="cannot use the cache"):
        cache.keep(Pin(1, 2, "0x", 3), ("eth_call", []), "0x")
    cache.close()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot use the cache"):
        Cache.at(tmp_path / "file" / "cache.sqlite")


def test_two_runs_may_make_one_cache(tmp_path):
    first, second = (Cache.at(tmp_path / "cache.sqlite") for _ in range(2))
    at, ask = Pin(1, 2, "0x", 3), ("eth_call", ["0x"])
    first.keep(at, ask, "0x12")
    assert second.answer(at, ask) == ("0x12",)
    first.close()
    second.close()


def test_a_recording_answers_without_a_node(town, environment, tmp_path):
    tape = tmp_path / "tape.gz"
    with opened(latest(record=tape), environment) as snapshot:
        first = read_symbols(snapshot, town)
        number = snapshot.pin.number
    with opened(latest(replay=tape), {}) as snapshot:
        assert read_symbols(snapshot, town) == first
        assert snapshot.pin.number == number
    before = tape.read_bytes()
    with opened(latest(record=tape), environment) as snapshot:
        read_symbols(snapshot, town)
    assert tape.read_bytes() == before


def test_a_failed_reading_records_nothing(town, environment, tmp_path):
    tape = tmp_path / "tape.gz"
    with pytest.raises(UnreadableError), opened(latest(record=tape), environment) as snapshot:
        snapshot.read(call(NOBODY, SYMBOL)).text()
    assert not tape.exists()


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(b"{}"), gzip.compress(b"[")])
def test_what_is_no_tape_is_refused(tmp_path, content):
    path = tmp_path / "tape.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="no tape"):
        Tape.load(path)


# where the node is ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "environment", "named"),
    [
        ("http://a/", {"LOOPRISK_RPC_1": "http://b/", "ETH_RPC_URL": "http://c/"}, "--rpc"),
        (None, {"LOOPRISK_RPC_1": "http://b/", "ETH_RPC_URL": "http://c/"}, "LOOPRISK_RPC_1"),
        (None, {"ETH_RPC_URL": "http://c/", "WEB3_PROVIDER_URI": "http://d/"}, "ETH_RPC_URL"),
        (None, {"WEB3_PROVIDER_URI": "http://d/"}, "WEB3_PROVIDER_URI"),
        (None, {"LOOPRISK_RPC_10": "http://b/", "ETH_RPC_URL": "http://c/"}, "ETH_RPC_URL"),
        (None, {"LOOPRISK_RPC_1": "", "ETH_RPC_URL": "http://c/"}, "ETH_RPC_URL"),
    ],
)
def test_the_endpoint_is_found_in_order(given, environment, named):
    assert find(1, given, environment).named_by == named


@pytest.mark.parametrize("url", ["ftp://x/", "node:8545", "http://", "http://x:port/", "wss://x"])
def test_an_address_that_is_none_is_refused_without_being_shown(url):
    with pytest.raises(EndpointError, match="ETH_RPC_URL is not the address") as told:
        find(1, None, {"ETH_RPC_URL": url})
    assert url not in told.value.message


def test_no_endpoint_says_what_to_set():
    with pytest.raises(EndpointError, match="LOOPRISK_RPC_8453"):
        find(8453, None, {})


# addresses --------------------------------------------------------------------------------

GOOD = "0xcA11bde05977b3631167028862bE2a173976CA11"


@pytest.mark.parametrize("chain_id", CHAINS)
def test_every_form_of_every_chain(chain_id):
    for prefix in (f"eip155:{chain_id}", *CHAINS[chain_id]):
        for digits in (GOOD, GOOD.lower(), "0x" + GOOD[2:].upper()):
            found = account(f"{prefix}:{digits}")
            assert (found.address, found.chain_id) == (GOOD, chain_id)


def test_names_of_chains_are_unambiguous():
    names = [name for names in CHAINS.values() for name in names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0xcA11bde05977b3631167028862bE2a173976Ca11", GOOD),
        ("0x1234", "40 hexadecimal digits"),
        ("vitalik.eth", "40 hexadecimal digits"),
        (f"etherium:{GOOD}", "did you mean ethereum?"),
        (f"eip155:0:{GOOD}", "no chain known"),
        (f"solana:{GOOD}", "no chain known"),
        ("", "is no address"),
    ],
)
def test_what_is_no_address_is_refused(text, told):
    with pytest.raises(AddressError, match=r"\S") as caught:
        account(text)
    assert told in str(caught.value)


def test_a_chain_by_number_need_not_be_known():
    assert chain("eip155:123456789") == 123456789


def test_tapes_hold_no_endpoint(town, environment, tmp_path):
    tape = tmp_path / "tape.gz"
    with opened(latest(record=tape), environment) as snapshot:
        read_symbols(snapshot, town)
    content = gzip.decompress(tape.read_bytes()).decode()
    assert "127.0.0.1" not in content
    assert json.loads(content)["format"] == "looprisk/tape/1"


# where protocols are ----------------------------------------------------------------------


def test_the_address_book_holds_checksummed_addresses_of_known_chains():
    book = json.loads(resources.files("looprisk.onchain").joinpath("places.json").read_text())
    chains = [int(number) for number in (*book["aave_v3"], *book["morpho_blue"])]
    assert {1, 10, 8453, 42161} <= set(chains)
    for number in chains:
        places = known(number)
        assert places.contracts
        assert [account(one).address for one in places.contracts] == list(places.contracts)
    assert "Permission is hereby granted" in book["notice"]
    assert set(book["sources"]) == book.keys() - {"licence", "notice", "sources"}
    # all markets of the two packages
    assert sum(map(len, book["aave_v3"].values())) == 31
    assert len(book["morpho_blue"]) == 43
