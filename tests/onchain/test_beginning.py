"""Since when a contract is there: found by few questions, and never too late."""

import json

import pytest

from looprisk.onchain.access import Access
from looprisk.onchain.beginning import begins
from looprisk.onchain.endpoint import Endpoint
from looprisk.onchain.http import HttpNode, Patience
from looprisk.onchain.importing import import_at
from looprisk.onchain.snapshot import Snapshot, pin
from tests.onchain.faulty import FaultyNode, Reply
from tests.onchain.misbehaviour import on, refused


@pytest.fixture
def proxy(town):
    node = FaultyNode(town.url)
    yield node
    node.stop()


def begun(proxy, contract):
    node = HttpNode(Endpoint(proxy.url, "test"), Patience(sleep=lambda _: None))
    try:
        snapshot = Snapshot(node, pin(node, "latest"))
        proxy.asked.clear()
        return begins(snapshot, contract)
    finally:
        node.close()


def deployed(town, contract):
    """Return the block in which the contract was made, by looking at one after the other."""
    eth = town.by.web3.eth
    blocks = range(eth.block_number + 1)
    return next(at for at in blocks if eth.get_code(contract, block_identifier=at))


PRUNED = {"code": -32000, "message": "missing trie node"}


def each(one, **fields):
    """Answer every member of a batch alike."""
    asked = one.body if one.is_batch else [one.body]
    answers = [{"jsonrpc": "2.0", "id": each["id"], **fields} for each in asked]
    return Reply(json.dumps(answers if one.is_batch else answers[0]).encode())


def test_the_first_block_with_code_is_found(town, proxy):
    town.node.rpc("anvil_mine", hex(500))
    for contract in (town.pools["3.0"].address, town.pools["3.2"].address, town.morpho.address):
        assert begun(proxy, contract) == deployed(town, contract)
        # ten questions in each request
        assert len(proxy.asked) <= 4


def test_a_contract_of_the_last_block_and_of_none(town, proxy):
    fresh = town.by.create("0x60016000f3")
    last = town.by.web3.eth.block_number
    assert deployed(town, fresh) == last == begun(proxy, fresh)
    assert begun(proxy, town.who["lender"]) == last


def test_a_node_without_batches_is_asked_one_by_one(town, proxy):
    proxy.plan = lambda one: refused(one, -32600, "batch not supported") if one.is_batch else None
    assert begun(proxy, town.morpho.address) == deployed(town, town.morpho.address)


def test_a_node_without_history_lets_it_begin_at_the_start(town, proxy):
    proxy.plan = on("eth_getCode", lambda one: each(one, error=PRUNED))
    assert begun(proxy, town.morpho.address) == 0


@pytest.mark.parametrize("answer", [None, 7, ["0x"], {}])
def test_an_answer_of_another_form_tells_nothing(town, proxy, answer):
    proxy.plan = on("eth_getCode", lambda one: each(one, result=answer))
    assert begun(proxy, town.morpho.address) == 0


def test_no_logs_are_asked_of_blocks_before_it(town, proxy, tmp_path, monkeypatch):
    """The warm run asks nothing."""
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    pool, block = town.pools["3.2"].address, town.by.web3.eth.block_number
    words = (Access(chain_id=31337, block=block, rpc=proxy.url), (), lambda *_: None)
    made = import_at(pool, *words)
    first = [int(one.params[0]["fromBlock"], 16) for one in proxy.asked if is_logs(one)]
    assert min(first) == deployed(town, pool)
    proxy.asked.clear()
    assert import_at(pool, *words).system.tree() == made.system.tree()
    assert not proxy.asked


def is_logs(one):
    return one.method == "eth_getLogs"
