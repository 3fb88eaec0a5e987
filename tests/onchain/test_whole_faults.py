"""What a node may do wrong while all borrowers of a market are read: the right table or an error."""

import pytest

from looprisk.errors import AnswerError, DataError, HistoryError, ReorgError
from looprisk.onchain.access import Access
from looprisk.onchain.http import Patience
from looprisk.onchain.importing import import_at
from tests.onchain.crowd import crowded
from tests.onchain.faulty import FaultyNode, Reply, refused, said
from tests.onchain.misbehaviour import CANARY, SURVIVED, after, on


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    return tmp_path


@pytest.fixture
def proxy(town):
    node = FaultyNode(town.url)
    yield node
    node.stop()


MEGABYTE = 1 << 20
TOLD = [
    (after(8, lambda one: refused(one, -32000, "header not found")), ReorgError),
    (
        on("eth_getLogs", lambda one: refused(one, -32000, "missing trie node")),
        HistoryError,
    ),
    (on("eth_getLogs", lambda one: said(one, result=[{"address": 7}])), AnswerError),
    (after(9, lambda one: Reply(b"", 500)), DataError),
]


@pytest.fixture
def importing(town, shop, home, proxy, caplog, capfd):
    caplog.set_level("DEBUG")
    name = crowded(town, shop)

    def run():
        patience = Patience(
            attempts=4, timeout=0.6, first_pause=0.01, largest_answer=MEGABYTE, sleep=lambda _: None
        )
        url = f"{proxy.url}/v2/{CANARY}?token={CANARY}"
        access = Access(chain_id=31337, block="latest", rpc=url, patience=patience)
        seen: list = []
        shown = ""
        try:
            made = import_at(name, access, (), lambda *told: seen.append(told))
            shown = f"{made!r} {made.system.tree()}"
        except DataError as error:
            shown = f"{error} {error!r} {error.__cause__!r}"
            raise
        finally:
            out, err = capfd.readouterr()
            kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
            assert CANARY not in f"{shown}{caplog.text}{out}{err}{seen}"
            assert CANARY.encode() not in kept
        assert seen[-1][0].endswith("positions")
        return made

    return run


@pytest.mark.parametrize(
    "fault", ["429 without a word", "cut body", "a gas cap", "no batches", "no Multicall3"]
)
def test_it_is_survived_on_the_whole_path(importing, home, proxy, monkeypatch, fault):
    right = importing().system.tree()
    proxy.asked.clear()
    monkeypatch.setenv("LOOPRISK_CACHE", str(home / "other.sqlite"))
    proxy.plan = SURVIVED[fault]
    assert importing().system.tree() == right


@pytest.mark.parametrize(("plan", "kind"), TOLD)
def test_it_is_told_on_the_whole_path(importing, proxy, plan, kind):
    proxy.plan = plan
    with pytest.raises(kind):
        importing()


def test_a_block_that_is_replaced_meanwhile_is_told(importing, proxy):
    seen = []

    def changing(one):
        if one.method != "eth_getBlockByNumber":
            return None
        seen.append(one)
        fields = one.answer()["result"]
        return said(one, result=fields if len(seen) == 1 else {**fields, "hash": "0x" + "12" * 32})

    proxy.plan = changing
    with pytest.raises(ReorgError, match="was replaced"):
        importing()


def test_logs_too_large_to_be_read_at_once_are_asked_in_parts(importing, home, proxy, monkeypatch):
    right = importing().system.tree()
    monkeypatch.setenv("LOOPRISK_CACHE", str(home / "other.sqlite"))

    def endless(one):
        if one.method != "eth_getLogs":
            return None
        blocks = [int(one.params[0][end], 16) for end in ("fromBlock", "toBlock")]
        return Reply(b" " * (2 * MEGABYTE)) if blocks[1] - blocks[0] > 64 else None

    proxy.plan = endless
    assert importing().system.tree() == right
